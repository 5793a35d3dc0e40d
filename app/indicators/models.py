"""Tables of the plan and of the human registers that only indicators read."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import AnySelect, Base, Instant
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
    """One row of a plan. `target` is None where the plan prints none; a local one carries its reason.

    `start_on` and `end_on` are the period the plan prints; `parameters` are settings of the measure for this row;
    `hand_reason` says why a row of measure `by_hand` cannot be counted from acts.
    """

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
    start_on: Mapped[date | None]
    end_on: Mapped[date | None]
    parameters: Mapped[dict[str, int]] = mapped_column(JSON, default=dict, server_default="{}")
    hand_reason: Mapped[str] = mapped_column(String(500), default="", server_default="")


class PlanVersion(Base):
    """The whole plan as it stood from a day on: `content` has the shape of `content/plans/<year>.toml`."""

    __tablename__ = "plan_version"

    be_year: Mapped[int] = mapped_column(ForeignKey("plan.be_year"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    on: Mapped[date]
    at: Mapped[datetime] = mapped_column(Instant)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str] = mapped_column(String(500))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


class CountingRule(Base):
    """A rule version the office took up: from the first day of `from_year` on, with the settings that differ."""

    __tablename__ = "counting_rule"

    version: Mapped[str] = mapped_column(String(20), primary_key=True)
    from_year: Mapped[int] = mapped_column(unique=True)
    settings: Mapped[dict[str, int]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(String(500))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(Instant)


class YearClosing(Base):
    """The closing of a year: asked for by one, closed by another, never opened again.

    `rule` and `settings` are those it was counted by, for good: the machine's settings may change later.
    `snapshot` is zlib-packed JSON of `closing.snapshot_of`; `sha256` is of the JSON, `signature` of the office's key.
    """

    __tablename__ = "year_closing"
    __table_args__ = (CheckConstraint("closed_by_id is null or closed_by_id <> asked_by_id", name="two_people"),)

    be_year: Mapped[int] = mapped_column(primary_key=True)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    note: Mapped[str] = mapped_column(String(1000), default="", server_default="")
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    rule: Mapped[str] = mapped_column(String(20), default="", server_default="")
    settings: Mapped[dict[str, int] | None] = mapped_column(JSON)
    snapshot: Mapped[bytes | None] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(String(64), default="", server_default="")
    signature: Mapped[str] = mapped_column(String(200), default="", server_default="")


class Restatement(Base):
    """A later change of a closed year: the whole year read again, who let it stand and why. Snapshots never change."""

    __tablename__ = "restatement"

    be_year: Mapped[int] = mapped_column(ForeignKey("year_closing.be_year"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str] = mapped_column(String(1000))
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    snapshot: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(200))


class Dismissal(Base):
    """A proposal of the system that a person did not take up, by its key."""

    __tablename__ = "dismissal"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(Instant)


class Anomaly(Base):
    """Something in a year's accesses that an auditor would ask about, found by the daily look; rebuilt each time.

    `kind`: one_person (over 30 % of a year), an_hour (over 20 in one hour). `staff_id` None = a device of a guest.
    """

    __tablename__ = "anomaly"

    id: Mapped[int] = mapped_column(primary_key=True)
    be_year: Mapped[int] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(20))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    on: Mapped[date | None]
    number: Mapped[int]
    found_on: Mapped[date]


class OfficeResult(Base):
    """A signed result file of an office for a year, as a district or province keeps it; a newer one takes its place."""

    __tablename__ = "office_result"

    be_year: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    office: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime] = mapped_column(Instant)
    content: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(Instant)
    received_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


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


class HandCount(HumanRecord, Base):
    """A count made by hand for a row that the plan's editor marked so. `number` >= 1."""

    __tablename__ = "hand_count"
    __table_args__ = (CheckConstraint("number between 1 and 10000", name="number"), *record_constraints())

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    row: Mapped[str] = mapped_column(String(4))
    on: Mapped[date]
    number: Mapped[int]
    what: Mapped[str] = mapped_column(Text)


class Acknowledgement(HumanRecord, Base):
    """A person acknowledged the goals of a year.

    On screen it is the person's own act and born verified; typed from paper by another it waits for a third.
    """

    __tablename__ = "acknowledgement"
    __table_args__ = (Index("ix_acknowledgement_staff_id_be_year", "staff_id", "be_year"), *record_constraints())

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    be_year: Mapped[int]
    on: Mapped[date]


class QuizAttempt(HumanRecord, Base):
    """One try at a quiz; `score` of `max_score`. `answers` are [question, choice] numbers when done on screen.

    Verified as an acknowledgement is: on screen by itself, from paper by a second person.
    """

    __tablename__ = "quiz_attempt"
    __table_args__ = (
        CheckConstraint("score >= 0 and max_score > 0 and score <= max_score", name="score"),
        Index("ix_quiz_attempt_staff_id", "staff_id"),
        *record_constraints(),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    quiz: Mapped[str] = mapped_column(String(20))
    on: Mapped[date]
    score: Mapped[int]
    max_score: Mapped[int]
    answers: Mapped[list[list[int]] | None] = mapped_column(JSON)


class Evaluation(HumanRecord, Base):
    """An evaluation round of a plan, submitted to the mayor on a day."""

    __tablename__ = "evaluation"
    __table_args__ = record_constraints()

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    be_year: Mapped[int]
    submitted_on: Mapped[date]


class EvaluationRound(Base):
    """The committee's work behind an evaluation: findings a row, last year's recommendations followed up.

    `version` rises with every save. On submitting, `frozen` keeps the figures as they stood and `evaluation_id` the record that row C5 counts.
    """

    __tablename__ = "evaluation_round"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    be_year: Mapped[int]
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    summary: Mapped[str] = mapped_column(Text, default="", server_default="")
    frozen: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    evaluation_id: Mapped[int | None] = mapped_column(ForeignKey("evaluation.id"))
    receipt_no: Mapped[str] = mapped_column(String(100), default="", server_default="")
    received_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=0, server_default="0")


class Finding(Base):
    """What a round found and recommends for one row, and what became of the last round's recommendation."""

    __tablename__ = "finding"

    round_id: Mapped[int] = mapped_column(ForeignKey("evaluation_round.id"), primary_key=True)
    row: Mapped[str] = mapped_column(String(4), primary_key=True)
    finding: Mapped[str] = mapped_column(Text, default="", server_default="")
    recommendation: Mapped[str] = mapped_column(Text, default="", server_default="")
    follow_up: Mapped[str] = mapped_column(Text, default="", server_default="")


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

    `as_of` never exceeds 30 September; `known_on` may (row C5 is submitted after the year ends). `known_by` reads the
    office as it was known at an instant. The numbers at the end are the settings of the rule version `rule`;
    `row` is the row being counted where a measure asks for it.
    """

    be_year: int
    first_day: date
    as_of: date
    known_on: date
    department_id: int | None = None
    official_only: bool = False
    external_shares: bool = False
    pass_percent: int = 60
    exchange_people: int = 2
    climate_people: int = 3
    report_days: int = 120
    rule: str = ""
    known_by: datetime | None = None
    row: str = ""
    whole_until: date | None = None

    @property
    def seen_until(self) -> date:
        """Until when what was done in the span may have borne fruit: the day of the year when only a quarter is read."""
        return self.whole_until or self.as_of


@dataclass(frozen=True)
class Measure:
    """How a row counts. `lines(scope, with_excluded)` is the one select behind every figure and list of the row.

    Its columns are those of `evidence_columns.COLUMNS`; a line counts when its `reason` is "". `of_roster`: keys are staff
    of the roster, and a percent divides by it. `parts` names sub-totals: label -> `part` of a line. `parameters` are
    the settings of the rule that a row of a plan may set for itself. An empty `unit` takes any but percent.
    """

    unit: str
    source: str
    rule: str
    lines: Callable[[Scope, bool], AnySelect]
    of_roster: bool = False
    parts: tuple[tuple[str, str], ...] = ()
    parameters: tuple[str, ...] = ()

    def rule_text(self, scope: Scope) -> str:
        """The counting rule in one sentence, with the numbers of the scope it counts by."""
        return self.rule.format(**vars(scope))


@dataclass(frozen=True)
class Reading:
    """Result of a row. `numerator` = distinct keys, `lines` = pieces of evidence, both >= 0; `denominator` of percent.

    `target` is the one in force on the day read; `months` are new keys of each month, October first; `by_hand` and
    `late` say how many counted lines a person typed, and how many long after the act.
    """

    row: PlanRow
    numerator: int
    denominator: int | None
    lines: int
    state: RowState
    target: int | None = None
    pace: float | None = None
    parts: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    months: list[int] = field(default_factory=list)
    by_hand: int = 0
    late: int = 0

    @property
    def value(self) -> float | int | None:
        """Percent (0-100) for percent rows, None without a roster; else the count."""
        if self.row.unit != "percent":
            return self.numerator
        return self.numerator * 100 / self.denominator if self.denominator else None


@dataclass(frozen=True)
class EvidenceLine:
    """One piece of evidence as shown everywhere: screen, CSV, XLSX, API. `late`: typed long after the act."""

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
    late: bool
    reason: str
    reason_code: str
    also_in: list[str]
    url: str
