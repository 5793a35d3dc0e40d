"""The rows of a plan read: figure, target, state, pace, departments, months and what weakens the figure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.community.models import Award
from app.core.errors import NotFound
from app.core.fiscal_year import FiscalYear
from app.indicators import scoring
from app.indicators.counting import Counted, count_rows
from app.indicators.measures import MEASURES
from app.indicators.models import Plan, PlanRow, Reading, Scope
from app.indicators.plans import Targets, plan_for, targets_on
from app.people.models import Department
from app.people.queries import roster


@dataclass(frozen=True)
class DepartmentShare:
    """One department's part of a row; `denominator` is its roster for percent rows. `few`: hidden, too few readers."""

    id: int
    code: str
    name: str
    numerator: int
    denominator: int | None
    few: bool = False


@dataclass(frozen=True)
class PlanReading:
    """A plan with its rows read. `borrowed` is the year whose rows stand in when this year has no plan yet."""

    plan: Plan
    be_year: int
    as_of: date
    elapsed: float
    readings: list[Reading]
    strips: dict[str, list[DepartmentShare]]
    roster_size: int
    borrowed: int | None
    rule: str


def roster_sizes(db: Session, scope: Scope) -> dict[int | None, int]:
    """Size of roster R per department, None for the whole office (or the scope's department)."""
    members = roster(scope.as_of, official_only=scope.official_only, department_id=scope.department_id).subquery()
    query = select(members.c.department_id, func.count()).group_by(members.c.department_id)
    sizes: dict[int | None, int] = {number: count for number, count in db.execute(query)}
    sizes[None] = sum(sizes.values())
    return sizes


def read_plan(db: Session, scope: Scope, only: str | None = None) -> PlanReading:
    """All rows of a year, or one. Raises NotFound for an unknown row. Statements: one a row, and six."""
    plan, rows = plan_for(db, scope.be_year)
    if only is not None:
        rows = [row for row in rows if row.row == only]
        if not rows:
            raise NotFound(f"แผนนี้ไม่มีแถว {only}")
    sizes = roster_sizes(db, scope)
    departments = list(db.scalars(select(Department).order_by(Department.code)))
    counted = count_rows(db, scope, rows)
    year = FiscalYear(scope.be_year)
    # A finished year that is not closed may still be given a target of the office's own.
    day = scope.known_on if scope.as_of == year.last_day else scope.as_of
    targets = targets_on(db, plan.be_year, day) if plan.be_year == scope.be_year else Targets({}, {})
    elapsed = year.elapsed(scope.as_of)
    readings, strips = [], {}
    for row in rows:
        target = targets.in_force.get(row.row, row.target if row.target is not None else row.local_target)
        reading = _reading(row, counted[row.row], target, sizes[None], elapsed)
        changed = [targets.changed[row.row]] if row.row in targets.changed else []
        readings.append(replace(reading, notes=[*changed, *reading.notes]))
        keys = counted[row.row].keys
        strips[row.row] = [
            DepartmentShare(
                d.id, d.code, d.name, keys.get(d.id, 0), sizes.get(d.id, 0) if row.unit == "percent" else None
            )
            for d in departments
        ]
    if any(reading.row.row == "C6" for reading in readings):
        _note_awards(db, scope, readings)
    borrowed = plan.be_year if plan.be_year != scope.be_year else None
    return PlanReading(
        plan, scope.be_year, scope.as_of, elapsed, readings, strips, sizes[None], borrowed, scope.rule
    )  # fmt: skip


def _reading(row: PlanRow, counted: Counted, target: int | None, roster_size: int, elapsed: float) -> Reading:
    measure = MEASURES[row.measure]
    denominator = roster_size if row.unit == "percent" else None
    numerator = counted.keys[None]
    state = scoring.state_of(row.unit, numerator, denominator, target)
    pace = scoring.pace(numerator, denominator, target, row.unit, elapsed)
    return Reading(
        row=row, numerator=numerator, denominator=denominator, lines=counted.lines, state=state, target=target, pace=pace,
        parts=[(label, counted.parts.get(part, 0)) for label, part in measure.parts], notes=_notes(row, counted, state.value),
        months=counted.months, by_hand=counted.by_hand, late=counted.late,
    )  # fmt: skip


def _notes(row: PlanRow, counted: Counted, state: str) -> list[str]:
    """What a reader of this figure must know. Source: counting contract, sections 1 and 6."""
    notes = []
    numerator = counted.keys[None]
    if row.measure == "exchanges" and state == "met" and numerator == counted.parts.get("share", 0):
        notes.append("ถึงเป้าด้วยการแชร์เพียงอย่างเดียว")
    if numerator > 1 and counted.before_last_week == 0 and row.measure != "evaluations":
        notes.append("ทุกรายการเกิดในสัปดาห์สุดท้ายของเดือนกันยายน")
    if row.measure == "by_hand":
        notes.append(f"นับด้วยมือ: {row.hand_reason}")
    if row.target is None and row.local_target is not None:
        notes.append(f"ค่าเป้าหมายของหน่วยงานเอง: {row.local_reason}")
    return notes


def _note_awards(db: Session, scope: Scope, readings: list[Reading]) -> None:
    query = select(func.count()).select_from(Award).where(Award.on >= scope.first_day, Award.on <= scope.as_of)
    awards = db.scalar(query) or 0
    for number, reading in enumerate(readings):
        if reading.row.row == "C6":
            notes = [
                f"รางวัลและการยกย่อง {awards} รายการ",
                "กิจกรรมของแถวนี้คือการให้รางวัล แต่ตัวชี้วัดในแผนเป็นข้อเดียวกับ C2 จึงแสดงตัวเลขเดียวกัน",
            ]
            readings[number] = replace(reading, notes=[*reading.notes, *notes])


def department_named(db: Session, code: str | None) -> Department | None:
    """Department by code; None without a code. Raises NotFound for an unknown one."""
    if not code:
        return None
    found = db.scalar(select(Department).where(Department.code == code))
    if found is None:
        raise NotFound(f"ไม่พบส่วนราชการ {code}")
    return found
