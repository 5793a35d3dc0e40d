"""From the lines of a row to its numbers: distinct keys of the office, of departments, parts and months; one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Date as SqlDate
from sqlalchemy import Integer, String, and_, case, cast, func, literal, null, or_, select, union_all
from sqlalchemy.orm import Session

from app.activity.models import AccessCount, AccessMonth, Opened
from app.core.database import AnySelect
from app.core.fiscal_year import FiscalYear, month_number
from app.indicators import evidence
from app.indicators.measures import MEASURES
from app.indicators.models import PlanRow, Scope
from app.indicators.scopes import scope_of_row, within_quarter
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
    """Distinct keys by month of their first day, by department and by part: rows (what, value, keys, lines, by hand,
    late, before the last week), summed by the database so that their number does not grow with the lines.

    Building it costs more than running it, so it is kept per scope.
    """
    measure = MEASURES[measure_name]
    lines = measure.lines(scope, False).subquery()
    query = in_department(lines, scope, of_roster=measure.of_roster)
    if scope.department_id is not None:
        query = query.where(query.selected_columns.department_id == scope.department_id)
    placed = query.subquery()
    kinds = [placed.c.key, placed.c.department_id, *([placed.c.part] if measure.parts else [])]
    sums = [func.count().label("lines"), func.sum(placed.c.hand).label("hand"), func.sum(placed.c.late).label("late")]
    groups = select(*kinds, func.min(placed.c.day).label("day"), *sums).group_by(*kinds).cte("groups")
    again = [func.sum(groups.c[name]).label(name) for name in ("lines", "hand", "late")]
    firsts = select(groups.c.key, func.min(groups.c.day).label("day"), *again).group_by(groups.c.key).subquery()
    month = func.substr(cast(firsts.c.day, String), 1, 7)
    totals = [func.sum(firsts.c[name]) for name in ("lines", "hand", "late")]
    before = func.sum(case((firsts.c.day < _last_week(scope), 1), else_=0))
    selects = [
        select(literal("month").label("what"), month.label("value"), func.count(), *totals, before).group_by(month)
    ]
    keys, nothing = func.count(groups.c.key.distinct()), [literal(0), literal(0), literal(0)]
    department = groups.c.department_id
    of_department = keys if measure.parts else func.count()
    placed_keys = select(literal("department"), cast(department, String), of_department, *nothing, literal(0))
    selects.append(placed_keys.where(department.is_not(None)).group_by(department))
    if measure.parts:
        part = groups.c.part
        selects.append(select(literal("part"), part, keys, func.sum(groups.c.lines), *nothing).group_by(part))
    return union_all(*selects)


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
    last = FiscalYear(scope.be_year).last_day
    for what, value, keys, lines, by_hand, late, before in db.execute(_count_statement(measure_name, scope)):
        if what == "department":
            counted.keys[int(value)] = keys
        elif what == "part":
            # Row A2 shows person-times beside its heads: each attendance, not each person.
            counted.parts[value] = int(lines) if measure_name == "staff_attended" else keys
        else:
            # A report handed in after 30 September stands in its month.
            day = min(date.fromisoformat(f"{value}-01"), last)
            counted.months[month_number(day)] += keys
            counted.keys[None] += keys
            counted.lines += int(lines)
            counted.by_hand += int(by_hand)
            counted.late += int(late)
            counted.before_last_week += int(before)
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


def _count_days(scope: Scope) -> tuple[Any, Any]:
    return AccessCount.on >= scope.first_day, AccessCount.on <= scope.as_of


def _rollup(scope: Scope, column: str) -> Any:
    """Sums of a scope as few rows (month, staff_id, number): months that are over, and days of the last."""
    begun = scope.as_of.replace(day=1)
    if (scope.as_of + timedelta(days=1)).day == 1:
        begun = scope.as_of + timedelta(days=1)
    months = select(AccessMonth.month, AccessMonth.staff_id, getattr(AccessMonth, column).label("number")).where(
        AccessMonth.month >= scope.first_day, AccessMonth.month < begun
    )
    last = (literal(begun, SqlDate()).label("month"), AccessCount.staff_id, getattr(AccessCount, column))
    days = select(*last).where(AccessCount.on >= max(begun, scope.first_day), AccessCount.on <= scope.as_of)
    return union_all(months, days).subquery() if begun <= scope.as_of else months.subquery()


def accesses_by_month(db: Session, scope: Scope, column: str = "accesses") -> dict[int | None, dict[date, int]]:
    """Accesses (or `excluded` openings) by month, of the office (None) and of each department; one statement.

    Guests are in no department. Who serves in one place all through is summed by month; only the others are looked at day by day.
    """
    rollup, number = _rollup(scope, column), func.sum(getattr(AccessCount, column))
    moved = (
        select(Service.staff_id)
        .group_by(Service.staff_id)
        .having(
            or_(func.count() > 1, func.min(Service.start_on) > scope.first_day, func.max(Service.end_on) < scope.as_of)
        )
    )
    home = select(Service.staff_id, func.max(Service.department_id).label("at")).group_by(Service.staff_id).subquery()
    serves = and_(
        Service.staff_id == AccessCount.staff_id,
        Service.start_on <= AccessCount.on,
        or_(Service.end_on.is_(None), Service.end_on >= AccessCount.on),
    )
    many = func.sum(rollup.c.number)
    selects = (
        select(cast(null(), Integer), rollup.c.month, many).group_by(rollup.c.month),
        select(home.c.at, rollup.c.month, many).join_from(rollup, home, home.c.staff_id == rollup.c.staff_id)
        .where(rollup.c.staff_id.not_in(moved)).group_by(home.c.at, rollup.c.month),
        select(Service.department_id, AccessCount.on, number).join_from(AccessCount, Service, serves)
        .where(*_count_days(scope), AccessCount.staff_id.in_(moved)).group_by(Service.department_id, AccessCount.on),
    )  # fmt: skip
    found: dict[int | None, dict[date, int]] = {None: {}}
    for department_id, day, sums in db.execute(union_all(*selects)):
        months = found.setdefault(department_id, {})
        month = day.replace(day=1)
        months[month] = months.get(month, 0) + int(sums)
    return found


def sum_accesses(db: Session, scope: Scope, column: str = "accesses") -> int:
    """Counted accesses of a scope (or `excluded` openings), from the sums."""
    if scope.department_id is not None:
        return sum(accesses_by_month(db, scope, column).get(scope.department_id, {}).values())
    return int(db.scalar(select(func.sum(_rollup(scope, column).c.number))) or 0)


def _count_accesses(db: Session, scope: Scope) -> Counted:
    """A5 from the rollups: a row of `access_day` is one key, the others sum them; visits are few."""
    found = accesses_by_month(db, replace(scope, known_by=None))
    unknown = _not_known_then(db, scope) if scope.known_by is not None else {}
    counted = Counted()
    opened = 0
    for month, many in found.get(scope.department_id, {}).items():
        number = many - unknown.get(month, 0)
        counted.months[month_number(month)] += number
        opened += number
    if scope.department_id is None and scope.known_by is None:
        counted.keys |= {place: sum(months.values()) for place, months in found.items()}
    counted.before_last_week = sum(counted.months[:-1]) or _before_last_week(db, scope)
    _add_visits(db, scope, counted, opened)
    return counted


def _before_last_week(db: Session, scope: Scope) -> int:
    days = accesses_by_day(db, within_quarter(scope, 4))
    return sum(number for on, number in days.items() if on < _last_week(scope))


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


@lru_cache(maxsize=64)
def _visit_days(scope: Scope) -> AnySelect:
    lines = evidence.visits(scope, False).subquery()
    return select(lines.c.day, func.count(), lines.c.late).group_by(lines.c.day, lines.c.late)


def _not_known_then(db: Session, scope: Scope) -> dict[date, int]:
    """Counted accesses by month that came into the ledger after the day whose knowledge is asked for."""
    late = (
        select(Opened.on, Opened.person, Opened.article_id, func.max(Opened.staff_id).label("staff_id"))
        .where(
            # Lines recorded after their own day are few and have an index of their own; `coalesce` keeps SQLite from
            # reading all lines of the span by their day instead.
            Opened.recorded_on > Opened.on,
            Opened.recorded_on > scope.as_of,
            Opened.reason.is_(None),
            func.coalesce(Opened.on, Opened.on).between(scope.first_day, scope.as_of),
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
    unknown: dict[date, int] = {}
    for on, number in db.execute(query):
        month = on.replace(day=1)
        unknown[month] = unknown.get(month, 0) + number
    return unknown
