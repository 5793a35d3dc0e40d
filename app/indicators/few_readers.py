"""Departments of which so few people read that their readings would tell of a person.

Source: counting contract, section 6 (fewer than three readers masked).
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.activity.models import AccessMonth
from app.core.errors import NotAllowed
from app.core.fiscal_year import FiscalYear
from app.indicators.models import Reading, RowState, Scope
from app.indicators.queries import PlanReading
from app.people.models import Role, Service, Viewer

FEW = 3
FEW_TEXT = f"ผู้อ่านของส่วนราชการนี้น้อยกว่า {FEW} คน จึงไม่แสดงการเปิดอ่านแยก"


def sees_all_names(viewer: Viewer) -> bool:
    """Names go to the secretary, evaluators and administrators; beside them to the person and the head of their department."""
    return viewer.has(Role.SECRETARY, Role.EVALUATOR, Role.ADMIN)


def hidden_departments(db: Session, scope: Scope, viewer: Viewer) -> frozenset[int]:
    """Departments whose one or two readers of the year a person may not be told of; one statement.

    Asked of the whole year: who reads a narrower list knows no more than that one of at least three did it.
    """
    if sees_all_names(viewer):
        return frozenset()
    year = FiscalYear(scope.be_year)
    serves = and_(
        Service.staff_id == AccessMonth.staff_id,
        Service.start_on <= year.last_day,
        or_(Service.end_on.is_(None), Service.end_on >= AccessMonth.month),
    )
    read = (AccessMonth.month.between(year.first_day, year.last_day), AccessMonth.accesses + AccessMonth.excluded > 0)
    readers = func.count(AccessMonth.staff_id.distinct())
    query = select(Service.department_id).join(AccessMonth, serves).where(*read).group_by(Service.department_id)
    found = set(db.scalars(query.having(readers < FEW)))
    return frozenset(found - ({viewer.department_id} if viewer.has(Role.HEAD) else set()))


def check_department(scope: Scope, hidden: frozenset[int]) -> None:
    """Raise NotAllowed when accesses are asked for of a department that is hidden."""
    if scope.department_id in hidden:
        raise NotAllowed(FEW_TEXT + " เลือกทั้งเทศบาลแทน")


def told(reading: PlanReading, scope: Scope, hidden: frozenset[int]) -> PlanReading:
    """A plan as a person may read it: of hidden departments no accesses."""
    if not hidden:
        return reading
    rows = [_without(one) if scope.department_id in hidden and _is_a5(one) else one for one in reading.readings]
    strips = dict(reading.strips)
    for one in reading.readings:
        if _is_a5(one):
            strips[one.row.row] = [
                replace(part, numerator=0, few=True) if part.id in hidden else part for part in strips[one.row.row]
            ]
    return replace(reading, readings=rows, strips=strips)


def _is_a5(one: Reading) -> bool:
    return one.row.measure == "accesses"


def _without(one: Reading) -> Reading:
    return replace(
        one, numerator=0, lines=0, state=RowState.INCOMPLETE, pace=None, parts=[], notes=[FEW_TEXT], months=[0] * 12,
        by_hand=0, late=0,
    )  # fmt: skip
