"""Tables of people. A person without a service is an account only (administrator, kiosk): never on the roster."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Instant


class Role(enum.StrEnum):
    """What a person may do beside reading and writing."""

    STAFF = "staff"
    FACILITATOR = "facilitator"
    HEAD = "head"
    SECRETARY = "secretary"
    EXECUTIVE = "executive"
    EVALUATOR = "evaluator"
    NETWORK = "network"
    ADMIN = "admin"
    GUEST = "guest"


ROLE_NAMES = {
    Role.STAFF: "บุคลากร (คุณกิจ)",
    Role.FACILITATOR: "ผู้ดำเนินกลุ่ม (คุณอำนวย)",
    Role.HEAD: "หัวหน้าส่วนราชการ",
    Role.SECRETARY: "เลขานุการคณะทำงาน KM",
    Role.EXECUTIVE: "ผู้บริหาร (คุณเอื้อ)",
    Role.EVALUATOR: "กรรมการติดตามและประเมินผล",
    Role.NETWORK: "ผู้จัดการเครือข่าย (คุณประสาน)",
    Role.ADMIN: "ผู้ดูแลระบบ",
    Role.GUEST: "แขกของกลุ่ม",
}
# Everybody has the first, a group gives the second: nobody is given either by hand.
GIVEN_BY_NOBODY = (Role.STAFF, Role.GUEST)

# Whoever keeps the registers and verifies what another recorded.
CHECKERS = (Role.SECRETARY, Role.HEAD, Role.EVALUATOR, Role.FACILITATOR)

EMPLOYMENTS = ("พนักงานเทศบาล", "ลูกจ้างประจำ", "พนักงานจ้าง", "อื่น ๆ")
OFFICIAL = EMPLOYMENTS[0]

TEAM_KINDS = {
    "data": "ทีมตรวจสอบการให้และเก็บรวบรวมข้อมูล",
    "curate": "ทีมปรับปรุงกลั่นกรองความรู้",
    "channel": "ทีมดูแลช่องทางเผยแพร่",
    "compile": "ทีมรวบรวมจัดทำเอกสาร",
    "evaluation": "คณะกรรมการติดตามและประเมินผล",
}


class Department(Base):
    """ส่วนราชการ."""

    __tablename__ = "department"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))


class Staff(Base):
    """A person who can sign in. `password_hash` empty means no sign-in yet; `session_epoch` ends all sessions."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    position: Mapped[str] = mapped_column(String(200), default="")
    employment: Mapped[str] = mapped_column(String(40), default=OFFICIAL)
    email: Mapped[str | None] = mapped_column(String(200), unique=True)
    about: Mapped[str] = mapped_column(String(1000), default="")
    password_hash: Mapped[str] = mapped_column(String(200), default="")
    must_change_password: Mapped[bool] = mapped_column(default=True)
    session_epoch: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class Service(Base):
    """Days a person serves in a department; both ends are inclusive, an open end is None."""

    __tablename__ = "service"
    __table_args__ = (
        CheckConstraint("end_on is null or end_on >= start_on", name="days"),
        Index("ix_service_staff", "staff_id", "start_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), index=True)
    start_on: Mapped[date]
    end_on: Mapped[date | None]


class StaffRole(Base):
    """One role of one person."""

    __tablename__ = "staff_role"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)


class Team(Base):
    """A team appointed by an order, for days inclusive at both ends."""

    __tablename__ = "team"
    __table_args__ = (CheckConstraint("kind in ('data','curate','channel','compile','evaluation')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    order_no: Mapped[str] = mapped_column(String(100))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class TeamMember(Base):
    """Who is in a team."""

    __tablename__ = "team_member"

    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, index=True)


class SignInTry(Base):
    """A failed sign-in, kept to slow down guessing. `who` is a keyed hash of login or address."""

    __tablename__ = "sign_in_try"
    __table_args__ = (Index("ix_sign_in_try_who_at", "who", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    who: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Instant)


class ApiToken(Base):
    """A token of one person, stored as sha256; shown once when made."""

    __tablename__ = "api_token"
    __table_args__ = (UniqueConstraint("token_sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    token_sha256: Mapped[str] = mapped_column(String(64))
    scope: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


@dataclass(frozen=True)
class Viewer:
    """Who is looking, as every permission rule sees it; `curates` = in a curating team today.

    A visitor has `staff_id` None and no groups. A guest is signed in, sees one group and otherwise what visitors see.
    """

    staff_id: int | None = None
    code: str = ""
    name: str = ""
    roles: frozenset[Role] = field(default_factory=frozenset)
    group_ids: frozenset[int] = field(default_factory=frozenset)
    facilitates: frozenset[int] = field(default_factory=frozenset)
    department_id: int | None = None
    curates: bool = False
    must_change_password: bool = False
    unread: int = 0
    is_guest: bool = False

    def has(self, *roles: Role) -> bool:
        """True when the person has one of these roles."""
        return not self.roles.isdisjoint(roles)

    @property
    def is_staff(self) -> bool:
        """True for the office's own people, signed in."""
        return self.staff_id is not None and not self.is_guest


VISITOR = Viewer()


@dataclass(frozen=True)
class StaffLine:
    """One line of a list of people on a day. `department` is empty off the roster."""

    id: int
    code: str
    name: str
    position: str
    employment: str
    department: str
    department_id: int | None
    about: str
