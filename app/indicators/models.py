"""Tables of the plan and of the human registers that only indicators read."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import AnySelect, Base
from app.core.records import HumanRecord, record_constraints

LOG_CHANNELS = {"web": "เว็บไซต์", "board": "บอร์ดประชาสัมพันธ์", "info_center": "ศูนย์ข้อมูลข่าวสาร"}
VISIT_CHANNELS = {key: LOG_CHANNELS[key] for key in ("info_center", "board")}
ACTIVITY_KINDS = {"climate": "เสริมสร้างบรรยากาศ", "announcement": "ประกาศ", "other": "อื่น ๆ"}
QUIZ_SETS = {"understand": "เข้าใจการจัดการความรู้", "principles": "หลักการและความสำคัญ"}


class Plan(Base):
    """A year's KM Action Plan. `desired_states` are tables of `text` and the `rows` that serve it, maybe none."""

    __tablename__ = "plan"

    be_year: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(300))
    focus_areas: Mapped[list[str]] = mapped_column(JSON)
    desired_states: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class PlanRow(Base):
    """One row of a plan. `target` is None where the plan prints none; a local one carries its reason."""

    __tablename__ = "plan_row"

    be_year: Mapped[int] = mapped_column(ForeignKey("plan.be_year"), primary_key=True)
    row: Mapped[str] = mapped_column(String(4), primary_key=True)
    position: Mapped[int]
    process: Mapped[str] = mapped_column(String(40))
    goal: Mapped[str] = mapped_column(Text)
    step: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    activity: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text)
    indicator: Mapped[str] = mapped_column(Text)
    target_text: Mapped[str] = mapped_column(Text)
    target: Mapped[int | None]
    unit: Mapped[str] = mapped_column(String(20))
    responsible: Mapped[str] = mapped_column(String(200))
    measure: Mapped[str] = mapped_column(String(60))
    local_target: Mapped[int | None]
    local_reason: Mapped[str] = mapped_column(String(500), default="")


class Activity(HumanRecord, Base):
    """กิจกรรมเสริมสร้างบรรยากาศ and others."""

    __tablename__ = "activity"
    __table_args__ = record_constraints()

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    on: Mapped[date]
    title: Mapped[str] = mapped_column(String(300))


class CheckRound(HumanRecord, Base):
    """A round of checking the office's data by a data team."""

    __tablename__ = "check_round"
    __table_args__ = record_constraints()

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    on: Mapped[date]
    result: Mapped[str] = mapped_column(Text)


class CareLog(HumanRecord, Base):
    """A line of care for a channel by a channel team."""

    __tablename__ = "care_log"
    __table_args__ = record_constraints()

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    channel: Mapped[str] = mapped_column(String(20))
    on: Mapped[date]
    what: Mapped[str] = mapped_column(Text)


class Improvement(HumanRecord, Base):
    """An improvement of a channel: before, after, why."""

    __tablename__ = "improvement"
    __table_args__ = record_constraints()

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    on: Mapped[date]
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)


class Compilation(HumanRecord, Base):
    """An edition issued by a compiling team."""

    __tablename__ = "compilation"
    __table_args__ = record_constraints()

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    edition: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(300))
    on: Mapped[date]


class Visit(HumanRecord, Base):
    """Readers counted by hand at the information centre or the notice board. `persons` >= 1."""

    __tablename__ = "visit"
    __table_args__ = (CheckConstraint("persons between 1 and 10000", name="persons"), *record_constraints())

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    channel: Mapped[str] = mapped_column(String(20))
    on: Mapped[date]
    persons: Mapped[int]


class Acknowledgement(Base):
    """A person acknowledged the goals of a year."""

    __tablename__ = "acknowledgement"
    __table_args__ = (UniqueConstraint("staff_id", "be_year", "on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    be_year: Mapped[int]
    on: Mapped[date]


class QuizAttempt(Base):
    """One try at a quiz; `score` of `max_score`."""

    __tablename__ = "quiz_attempt"
    __table_args__ = (CheckConstraint("score >= 0 and max_score > 0 and score <= max_score", name="score"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    quiz: Mapped[str] = mapped_column(String(20))
    on: Mapped[date]
    score: Mapped[int]
    max_score: Mapped[int]


class Evaluation(HumanRecord, Base):
    """An evaluation round of a plan, submitted to the mayor on a day."""

    __tablename__ = "evaluation"
    __table_args__ = record_constraints()

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    be_year: Mapped[int]
    submitted_on: Mapped[date]


class RowState(enum.StrEnum):
    """State of a row. Source: INDICATORS section 2."""

    MET = "met"
    SHORT = "short"
    NO_TARGET = "no_target"
    INCOMPLETE = "incomplete"


STATE_NAMES = {
    RowState.MET: "ถึงเป้า",
    RowState.SHORT: "ยังไม่ถึง",
    RowState.NO_TARGET: "ไม่มีค่าเป้าหมายเป็นตัวเลข",
    RowState.INCOMPLETE: "ข้อมูลไม่ครบ",
}
UNIT_NAMES = {
    "percent": "ร้อยละ", "persons": "คน", "items": "รายการ", "times": "ครั้ง", "activities": "กิจกรรม",
    "reports": "รอบ",
}  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """What is being counted: a fiscal year as of a day, the whole office or one department.

    `as_of` never exceeds 30 September; `known_on` may (row C5 is submitted after the year ends).
    """

    be_year: int
    first_day: date
    as_of: date
    known_on: date
    department_id: int | None = None
    official_only: bool = False
    external_shares: bool = False
    pass_percent: int = 60


@dataclass(frozen=True)
class Measure:
    """How a row counts. `lines(scope, with_excluded)` is the one select behind every figure and list of the row.

    Its columns are those of `evidence.COLUMNS`; a line counts when its `reason` is "". `of_roster`: keys are staff
    of the roster, and a percent divides by it. `parts` names sub-totals: label -> `part` of a line.
    """

    unit: str
    source: str
    rule: str
    lines: Callable[[Scope, bool], AnySelect]
    of_roster: bool = False
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Reading:
    """Result of a row. `numerator` = distinct keys, `lines` = pieces of evidence, both >= 0; `denominator` of percent."""

    row: PlanRow
    numerator: int
    denominator: int | None
    lines: int
    state: RowState
    pace: float | None = None
    parts: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def target(self) -> int | None:
        """Target in force: the plan's own, else the local one."""
        return self.row.target if self.row.target is not None else self.row.local_target

    @property
    def value(self) -> float | int | None:
        """Percent (0-100) for percent rows, None without a roster; else the count."""
        if self.row.unit != "percent":
            return self.numerator
        return self.numerator * 100 / self.denominator if self.denominator else None


@dataclass(frozen=True)
class EvidenceLine:
    """One piece of evidence as shown everywhere: screen, CSV, API."""

    key: str
    reference: str
    on: date
    title: str
    person: str
    department: str
    channel: str
    channel_code: str
    recorder: str
    verifier: str
    file_sha256: str
    counted: bool
    repeats: bool
    reason: str
    reason_code: str
    also_in: list[str]
    url: str
