"""The append-only ledger of accesses and shares, its day rollup and its seals."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Instant


class Reason(enum.StrEnum):
    """Why an event does not count. Source: INDICATORS section 4."""

    NOT_SUCCESSFUL = "not_successful"
    NO_PERMISSION = "no_permission"
    NOT_PUBLISHED = "not_published"
    ROBOT = "robot"
    ADMIN = "admin"
    AUTHOR = "author"
    EDITING = "editing"
    DOUBLE = "dup30"


REASON_NAMES = {
    Reason.NOT_SUCCESSFUL: "เปิดไม่สำเร็จ",
    Reason.NO_PERMISSION: "ไม่มีสิทธิ์อ่าน",
    Reason.NOT_PUBLISHED: "ยังไม่เผยแพร่หรือเลิกใช้แล้ว",
    Reason.ROBOT: "หุ่นยนต์",
    Reason.ADMIN: "บัญชีผู้ดูแลระบบ",
    Reason.AUTHOR: "ผู้เขียนเปิดเอง",
    Reason.EDITING: "เปิดระหว่างแก้ไข",
    Reason.DOUBLE: "เปิดซ้ำภายใน 30 วินาที",
}

CHANNELS = {
    "web": "เว็บ",
    "board": "บอร์ดประชาสัมพันธ์",
    "info_center": "ศูนย์ข้อมูลข่าวสาร",
    "share": "ลิงก์ที่แชร์",
    "feed": "ฟีด",
    "print": "พิมพ์หรือรูปเล่ม",
}

SHARE_CHANNELS = {
    "group": "กลุ่ม",
    "department": "ส่วนราชการ",
    "person": "บุคคล",
    "line": "LINE",
    "email": "อีเมล",
    "link": "คัดลอกลิงก์",
    "board": "QR บอร์ดประชาสัมพันธ์",
}
INTERNAL_CHANNELS = ("group", "department")
# For somebody of the office: a target is named, and the sharer sees who opened it.
TARGETED_CHANNELS = (*INTERNAL_CHANNELS, "person")


_EXCLUDED = text("reason is not null")
_OF_STAFF = text("staff_id is not null")
_LATE = text('recorded_on > "on"')
_VERIFIED = text("verified_on is not null")


class Opened(Base):
    """One opening of an article's full body, attachment or print. Facts never change; `reason` follows from them.

    `person` is `s<staff id>` or a guest's keyed hash; `on` and `hour` are Bangkok time of `at`;
    `recorded_on` is the day the line was written, which is the day whose seal covers it.
    """

    __tablename__ = "opened"
    __table_args__ = (
        Index("ix_opened_article_person_at", "article_id", "person", "at"),
        Index("ix_opened_on_reason", "on", "reason"),
        Index("ix_opened_share", "share_id"),
        Index("ix_opened_recorded_on", "recorded_on"),
        Index("ix_opened_staff_at", "staff_id", "at", sqlite_where=_OF_STAFF, postgresql_where=_OF_STAFF),
        Index("ix_opened_late", "recorded_on", sqlite_where=_LATE, postgresql_where=_LATE),
        Index("ix_opened_excluded", "on", "staff_id", sqlite_where=_EXCLUDED, postgresql_where=_EXCLUDED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    person: Mapped[str] = mapped_column(String(40))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    on: Mapped[date]
    hour: Mapped[int]
    channel: Mapped[str] = mapped_column(String(20))
    share_id: Mapped[int | None] = mapped_column(ForeignKey("share.id"))
    robot: Mapped[bool] = mapped_column(default=False)
    status_code: Mapped[int] = mapped_column(default=200)
    reason: Mapped[str | None] = mapped_column(String(20))
    recorded_on: Mapped[date]


class AccessDay(Base):
    """Rollup: one row is one counted access. `khlang recount` rebuilds and compares it."""

    __tablename__ = "access_day"
    __table_args__ = (Index("ix_access_day_article", "article_id"),)

    on: Mapped[date] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(String(40), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    channel: Mapped[str] = mapped_column(String(20))


class AccessCount(Base):
    """Rollup of the rollup: counted accesses of a person (0 = all guests) on a day, and openings that do not count,
    so that a plan page need not read every line. Kept with the ledger in one transaction; `khlang recount` compares
    and rebuilds it.
    """

    __tablename__ = "access_count"
    __table_args__ = (Index("ix_access_count_staff", "staff_id", "on", "accesses"),)

    on: Mapped[date] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(primary_key=True)
    accesses: Mapped[int]
    excluded: Mapped[int] = mapped_column(default=0, server_default="0")


class AccessMonth(Base):
    """The same by month, so that the figures of a year are read from a few thousand rows. `month` is its first day."""

    __tablename__ = "access_month"

    month: Mapped[date] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(primary_key=True)
    accesses: Mapped[int]
    excluded: Mapped[int] = mapped_column(default=0, server_default="0")


class Traffic(Base):
    """Address and program of an opening, apart from the ledger and purged after KHLANG_TRAFFIC_DAYS."""

    __tablename__ = "traffic"

    opened_id: Mapped[int] = mapped_column(ForeignKey("opened.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    address: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(400))


class DailySalt(Base):
    """Salt of one day's guest keys; yesterday's is thrown away, so a guest cannot be followed."""

    __tablename__ = "daily_salt"

    on: Mapped[date] = mapped_column(primary_key=True)
    salt: Mapped[str] = mapped_column(String(64))


class Share(Base):
    """A token link somebody made. `verified_on` is the day another person first read through it."""

    __tablename__ = "share"
    __table_args__ = (
        Index("ix_share_article", "article_id"),
        Index("ix_share_on", "on"),
        Index("ix_share_verified", "on", sqlite_where=_VERIFIED, postgresql_where=_VERIFIED),
        Index("ix_share_target", "channel", "target"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    token: Mapped[str] = mapped_column(String(40), unique=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    sharer_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    channel: Mapped[str] = mapped_column(String(20))
    target: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime] = mapped_column(Instant)
    on: Mapped[date]
    verified_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(String(500), default="", server_default="")


class LedgerSeal(Base):
    """Hash of all lines recorded on a day, chained to the day before."""

    __tablename__ = "ledger_seal"

    recorded_on: Mapped[date] = mapped_column(primary_key=True)
    events: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True)
class OpenedFacts:
    """What is known of an opening when it is judged. `last_edit_at`: when the same person last saved the article."""

    at: datetime
    status_code: int = 200
    robot: bool = False
    permitted: bool = True
    published: bool = True
    is_author: bool = False
    is_admin: bool = False
    last_edit_at: datetime | None = None


@dataclass(frozen=True)
class AccessFigures:
    """Four figures of one article, each labelled on screen. All counts >= 0, without excluded events."""

    requests: int
    per_hour: int
    per_day: int
    readers: int
