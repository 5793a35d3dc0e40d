"""Tables of the training register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Instant
from app.core.records import HumanRecord, record_constraints

TRAINING_KINDS = ("อบรม", "สัมมนา", "ศึกษาดูงาน", "ศึกษาต่อ", "e-learning", "อื่น ๆ")
# Row A2 names these four only. Source: KM plan 2558, KM process, goal 1, step 2.
ATTENDED_KINDS = TRAINING_KINDS[:4]


class Training(Base):
    """A course, seminar, visit or study. `hours` of the whole course; days inclusive."""

    __tablename__ = "training"
    __table_args__ = (CheckConstraint("end_on >= start_on", name="days"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(400))
    kind: Mapped[str] = mapped_column(String(20))
    organizer: Mapped[str] = mapped_column(String(300), default="")
    place: Mapped[str] = mapped_column(String(300), default="")
    start_on: Mapped[date]
    end_on: Mapped[date] = mapped_column(index=True)
    hours: Mapped[float | None]
    inside: Mapped[bool]
    order_no: Mapped[str] = mapped_column(String(100), default="")


class Attendance(HumanRecord, Base):
    """A person at a training. Completed when `result` is `done` and the record is verified."""

    __tablename__ = "training_attendance"
    __table_args__ = (
        Index("ix_training_attendance_training_id", "training_id"),
        CheckConstraint("result in ('done','not_done')", name="result"),
        *record_constraints(),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int] = mapped_column(ForeignKey("training.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    result: Mapped[str] = mapped_column(String(10))


class Report(HumanRecord, Base):
    """A report after a training by one author."""

    __tablename__ = "report"
    __table_args__ = record_constraints()

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    training_id: Mapped[int] = mapped_column(ForeignKey("training.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    on: Mapped[date]


class Waiver(Base):
    """Somebody need not write about a training, and why."""

    __tablename__ = "obligation_waiver"

    training_id: Mapped[int] = mapped_column(ForeignKey("training.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
    by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True)
class TrainingLine:
    """One line of the register. `attendees` >= 0 are those not void."""

    id: int
    code: str
    title: str
    kind: str
    organizer: str
    start_on: date
    end_on: date
    inside: bool
    attendees: int


@dataclass(frozen=True)
class AttendeeLine:
    """One attendee of a training."""

    id: int
    staff_id: int
    staff_code: str
    name: str
    result: str
    status: str
    recorded_by_id: int | None


@dataclass(frozen=True)
class Obligation:
    """A course a person finished and has written nothing about yet; `due_on` by the office's rule."""

    training_id: int
    code: str
    title: str
    end_on: date
    due_on: date
    staff_id: int
    staff_code: str
    name: str
    department: str
