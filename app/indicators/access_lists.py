"""A window of the evidence of row A5 out of millions of lines: found by the rollups and indexes, never by sorting all.

Order: counted accesses, counted visits, openings that do not count, visits that do not; each newest first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import and_, func, select, union_all
from sqlalchemy.orm import Session

from app.activity.models import AccessDay, Opened
from app.core.database import AnySelect
from app.indicators import evidence
from app.indicators.counting import accesses_by_day, belongs, sum_accesses
from app.indicators.models import Scope

FAR = 2_000


def window(db: Session, scope: Scope, offset: int, limit: int, state: str = "") -> tuple[int, int, AnySelect]:
    """(number of lines, of counted ones, select of the lines from `offset` on, at most `limit`).

    `state`: counted or excluded only, or "" for both.
    """
    days = accesses_by_day(db, scope) if offset > FAR else {}
    counted = sum(days.values()) if days else sum_accesses(db, scope)
    excluded = sum_accesses(db, scope, "excluded")
    visits = dict.fromkeys((True, False), 0)
    if scope.department_id is None:
        lines = evidence.visits(scope, True).subquery()
        stands = (lines.c.reason == "").label("stands")
        visits |= {bool(which): number for which, number in db.execute(select(stands, func.count()).group_by(stands))}
    segments: list[tuple[int, Callable[[int, int], AnySelect]]] = [
        (counted, lambda start, many: _counted_lines(scope, days, start, many)),
        (visits[True], lambda start, many: _visit_lines(scope, True, start, many)),
        (excluded, lambda start, many: _excluded_lines(db, scope, start, many)),
        (visits[False], lambda start, many: _visit_lines(scope, False, start, many)),
    ]
    if state:
        segments = segments[:2] if state == "counted" else segments[2:]
    chosen, start = [], offset
    for size, lines_of in segments:
        if start < size and limit > 0:
            chosen.append(lines_of(start, limit))
            limit -= min(size - start, limit)
        start = max(start - size, 0)
    nothing = evidence.visits(scope, True).limit(0)
    parts = [select(*one.subquery().c) for one in chosen or [nothing]]
    joined = union_all(*parts).subquery()
    shown = 0 if state == "excluded" else counted + visits[True]
    return sum(size for size, _ in segments), shown, select(*joined.c)


def _not_counted(scope: Scope) -> list[Any]:
    days = [Opened.reason.is_not(None), Opened.on >= scope.first_day, Opened.on <= scope.as_of]
    return days if scope.department_id is None else [*days, belongs(Opened.staff_id, Opened.on, scope)]


def _counted_lines(scope: Scope, days: dict[Any, int], start: int, many: int) -> AnySelect:
    """Whole days before the window are skipped by their sums, not by reading their lines."""
    last = scope.as_of
    if start > FAR:
        for day in sorted(days, reverse=True):
            last = day
            if start < days[day]:
                break
            start -= days[day]
    picked = select(AccessDay.on, AccessDay.person, AccessDay.article_id).where(
        AccessDay.on >= scope.first_day, AccessDay.on <= last
    )
    if scope.department_id is not None:
        picked = picked.where(belongs(AccessDay.staff_id, AccessDay.on, scope))
    order = (AccessDay.on.desc(), AccessDay.person.desc(), AccessDay.article_id.desc())
    found = picked.order_by(*order).offset(start).limit(many).cte("picked_accesses")
    same = and_(
        AccessDay.on == found.c.on, AccessDay.person == found.c.person, AccessDay.article_id == found.c.article_id
    )
    return evidence.counted_accesses(scope).join(found, same)


def _excluded_lines(db: Session, scope: Scope, start: int, many: int) -> AnySelect:
    query = select(Opened.id).where(*_not_counted(scope)).order_by(Opened.on.desc(), Opened.id.desc())
    ids = list(db.scalars(query.offset(start).limit(many)))
    return evidence.excluded_openings(scope).where(Opened.id.in_(ids))


def _visit_lines(scope: Scope, counted: bool, start: int, many: int) -> AnySelect:
    lines = evidence.visits(scope, True).subquery()
    query = select(*lines.c).where(lines.c.reason == "" if counted else lines.c.reason != "")
    return query.order_by(lines.c.day.desc(), lines.c.key).offset(start).limit(many)
