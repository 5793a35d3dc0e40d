"""From the lines of a row to its numbers: distinct keys of the office, of departments, parts and months; one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, func, or_, select, union_all
from sqlalchemy.orm import Session

from app.activity.models import AccessCount, Opened
from app.core.database import AnySelect
from app.core.fiscal_year import FiscalYear, month_number
from app.indicators import evidence
from app.indicators.measures import MEASURES
from app.indicators.models import PlanRow, Scope
from app.indicators.scopes import scope_of_row
from app.people.models import Service
from app.people.queries import roster

LAST_WEEK = timedelta(days=6)


@dataclass
class Counted:
    """Numbers of one row, all >= 0. `keys`: distinct keys per department, None for all; `months`: keys by the month of
    their first day, October first; `by_hand` and `late`: counted lines a person typed, and typed late;
    `before_last_week`: keys whose first day lies before 24 September.
    """

    keys: dict[int | None, int] = field(default_factory=lambda: {None: 0})
    lines: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    months: list[int] = field(default_factory=lambda: [0] * 12)
    by_hand: int = 0
    late: int = 0
    before_last_week: int = 0


def in_department(lines: Any, scope: Scope, *, of_roster: bool) -> AnySelect:
    """Lines with the department of their person: that day's, or the roster's for rows that count the roster."""
    if of_roster:
        members = roster(scope.as_of, official_only=scope.official_only).subquery()
        return select(lines, members.c.department_id).outerjoin(members, members.c.staff_id == lines.c.person_id)
    serves = and_(
        Service.staff_id == lines.c.person_id,
        Service.start_on <= lines.c.day,
        or_(Service.end_on.is_(None), Service.end_on >= lines.c.day),
    )
    return select(lines, Service.department_id).outerjoin(Service, serves)


@lru_cache(maxsize=256)
def _count_statement(measure_name: str, scope: Scope) -> Any:
    """Counted lines summed by key, part and department. Building it costs more than running it, so it is kept per scope."""
    measure = MEASURES[measure_name]
    lines = measure.lines(scope, False).subquery()
    query = in_department(lines, scope, of_roster=measure.of_roster)
    if scope.department_id is not None:
        query = query.where(query.selected_columns.department_id == scope.department_id)
    placed = query.subquery()
    what = (placed.c.key, placed.c.part, placed.c.department_id)
    numbers = (func.min(placed.c.day), func.count(), func.sum(placed.c.hand), func.sum(placed.c.late))
    return select(*what, *numbers).group_by(*what)


def _last_week(scope: Scope) -> date:
    return FiscalYear(scope.be_year).last_day - LAST_WEEK


def count_rows(db: Session, scope: Scope, rows: Sequence[PlanRow]) -> dict[str, Counted]:
    """Numbers of some rows by row; rows of one measure and one scope share a statement."""
    found: dict[tuple[str, Scope], Counted] = {}
    by_row: dict[str, Counted] = {}
    for row in rows:
        key = (row.measure, scope_of_row(scope, row))
        if key not in found:
            found[key] = count(db, *key)
        by_row[row.row] = found[key]
    return by_row


def count(db: Session, measure_name: str, scope: Scope) -> Counted:
    """Numbers of one measure in a scope; one statement, two for accesses."""
    if measure_name == "accesses":
        return _count_accesses(db, scope)
    counted = Counted()
    firsts: dict[str, date] = {}
    of_department: dict[int, set[str]] = {}
    of_part: dict[str, set[str]] = {}
    for key, part, department_id, day, lines, by_hand, late in db.execute(_count_statement(measure_name, scope)):
        firsts[key] = min(day, firsts.get(key, day))
        if department_id is not None:
            of_department.setdefault(department_id, set()).add(key)
        if part:
            of_part.setdefault(part, set()).add(key)
            # Row A2 shows person-times beside its heads: each attendance, not each person.
            counted.parts[part] = counted.parts.get(part, 0) + lines
        counted.lines += lines
        counted.by_hand += by_hand
        counted.late += late
    counted.keys = {None: len(firsts)} | {number: len(keys) for number, keys in of_department.items()}
    if measure_name != "staff_attended":
        counted.parts = {part: len(keys) for part, keys in of_part.items()}
    last_day = FiscalYear(scope.be_year).last_day
    for day in firsts.values():
        # A report handed in after 30 September stands in its month.
        counted.months[month_number(min(day, last_day))] += 1
        counted.before_last_week += day < _last_week(scope)
    return counted


def belongs(staff_id: Any, day: Any, scope: Scope) -> Any:
    """Condition: a person served in the scope's department on a day. Most serve there all through, which is cheap to see."""
    service = select(Service.staff_id).where(Service.department_id == scope.department_id)
    all_through = service.where(
        Service.start_on <= scope.first_day, or_(Service.end_on.is_(None), Service.end_on >= scope.as_of)
    )
    that_day = (Service.start_on <= day, or_(Service.end_on.is_(None), Service.end_on >= day))
    sometimes = service.where(Service.staff_id == staff_id, *that_day).exists()
    return or_(staff_id.in_(all_through), and_(staff_id.in_(service), sometimes))


def accesses_by_day(db: Session, scope: Scope) -> dict[date, int]:
    """Counted accesses of each day of a scope, from the rollup."""
    query = select(AccessCount.on, func.sum(AccessCount.accesses)).where(*_count_days(scope)).group_by(AccessCount.on)
    if scope.department_id is not None:
        query = query.where(belongs(AccessCount.staff_id, AccessCount.on, scope))
    return {on: int(number) for on, number in db.execute(query) if number}


def count_accesses(db: Session, scope: Scope) -> int:
    """Counted accesses of a scope, from the rollup."""
    query = select(func.coalesce(func.sum(AccessCount.accesses), 0)).where(*_count_days(scope))
    if scope.department_id is not None:
        query = query.where(belongs(AccessCount.staff_id, AccessCount.on, scope))
    return int(db.scalar(query) or 0)


def _count_days(scope: Scope) -> tuple[Any, Any]:
    return AccessCount.on >= scope.first_day, AccessCount.on <= scope.as_of


def _count_accesses(db: Session, scope: Scope) -> Counted:
    """A5 from the rollups: a row of `access_day` is one key, and `access_count` sums them; visits are few."""
    if scope.known_by is not None:
        return _count_accesses_then(db, scope)
    counted = Counted()
    days = accesses_by_day(db, scope)
    for on, number in days.items():
        counted.months[month_number(on)] += number
    if scope.department_id is None:
        counted.keys |= _accesses_of_departments(db, scope)
    opened = sum(days.values())
    _add_visits(db, scope, counted, opened)
    counted.before_last_week += sum(number for on, number in days.items() if on < _last_week(scope))
    return counted


def _add_visits(db: Session, scope: Scope, counted: Counted, opened: int) -> None:
    persons = 0
    if scope.department_id is None:
        for on, number, late in db.execute(_visit_days(scope)):
            persons += number
            counted.months[month_number(on)] += number
            counted.by_hand += number
            counted.late += number * late
            counted.before_last_week += number if on < _last_week(scope) else 0
    counted.keys[None] = counted.lines = opened + persons
    if scope.department_id is not None:
        counted.keys[scope.department_id] = opened
    counted.parts = {"opened": opened, "visit": persons}


def _visit_days(scope: Scope) -> AnySelect:
    lines = evidence.visits(scope, False).subquery()
    return select(lines.c.day, func.count(), lines.c.late).group_by(lines.c.day, lines.c.late)


def _accesses_of_departments(db: Session, scope: Scope) -> dict[int | None, int]:
    """Sum of each department on the days its people served there.

    Who serves in one place all through is summed as a whole; only the others are looked at day by day.
    """
    number = func.sum(AccessCount.accesses)
    moved = (
        select(Service.staff_id)
        .group_by(Service.staff_id)
        .having(
            or_(func.count() > 1, func.min(Service.start_on) > scope.first_day, func.max(Service.end_on) < scope.as_of)
        )
    )
    home = select(Service.staff_id, func.max(Service.department_id).label("at")).group_by(Service.staff_id).subquery()
    stayed = (
        select(AccessCount.staff_id, number.label("number"))
        .where(*_count_days(scope), AccessCount.staff_id.not_in(moved))
        .group_by(AccessCount.staff_id)
        .subquery()
    )
    serves = and_(
        Service.staff_id == AccessCount.staff_id,
        Service.start_on <= AccessCount.on,
        or_(Service.end_on.is_(None), Service.end_on >= AccessCount.on),
    )
    selects = (
        select(home.c.at, func.sum(stayed.c.number)).join_from(stayed, home, home.c.staff_id == stayed.c.staff_id)
        .group_by(home.c.at),
        select(Service.department_id, number).join_from(AccessCount, Service, serves)
        .where(*_count_days(scope), AccessCount.staff_id.in_(moved)).group_by(Service.department_id),
    )  # fmt: skip
    found: dict[int | None, int] = {}
    for department_id, accesses in db.execute(union_all(*selects)):
        found[int(department_id)] = found.get(int(department_id), 0) + int(accesses)
    return found


def _count_accesses_then(db: Session, scope: Scope) -> Counted:
    """As known then: what is known now without the accesses that came into the ledger later."""
    now = replace(scope, known_by=None)
    late = (
        select(Opened.on, Opened.person, Opened.article_id, func.max(Opened.staff_id).label("staff_id"))
        .where(
            Opened.recorded_on > scope.as_of, Opened.reason.is_(None), Opened.on.between(scope.first_day, scope.as_of)
        )
        .group_by(Opened.on, Opened.person, Opened.article_id)
        .subquery()
    )
    known = (
        select(Opened.id)
        .where(
            Opened.article_id == late.c.article_id, Opened.person == late.c.person, Opened.on == late.c.on,
            Opened.reason.is_(None), Opened.recorded_on <= scope.as_of,
        )
        .correlate(late)
    )  # fmt: skip
    query = select(late.c.on, func.count()).where(~known.exists()).group_by(late.c.on)
    if scope.department_id is not None:
        query = query.where(belongs(late.c.staff_id, late.c.on, scope))
    unknown = {on: number for on, number in db.execute(query)}
    days = {on: number - unknown.get(on, 0) for on, number in accesses_by_day(db, now).items()}
    counted = Counted()
    for on, number in days.items():
        counted.months[month_number(on)] += number
    _add_visits(db, scope, counted, sum(days.values()))
    return counted
