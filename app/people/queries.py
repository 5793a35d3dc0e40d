"""Questions about people."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from app.core.database import AnySelect
from app.core.errors import NotFound
from app.core.thai import sort_key
from app.people.models import (
    OFFICIAL,
    Department,
    Role,
    Service,
    SignInTry,
    Staff,
    StaffLine,
    StaffRole,
    Team,
)
from app.people.rules import canonical_login, short_name


def staff_by_code(db: Session, code: str) -> Staff:
    """One person. Raises NotFound."""
    found = db.scalar(select(Staff).where(Staff.code == code))
    if found is None:
        raise NotFound("ไม่พบบุคลากรนี้")
    return found


def find_by_login(db: Session, login: str) -> Staff | None:
    """Person whose code or e-mail is this login, or None."""
    login = canonical_login(login)
    query = select(Staff).where(or_(func.lower(Staff.code) == login, func.lower(Staff.email) == login))
    return db.scalar(query.order_by(Staff.id).limit(1))


def roles_of(db: Session, staff_id: int) -> frozenset[Role]:
    """Roles of a person; everyone has STAFF."""
    stored = db.scalars(select(StaffRole.role).where(StaffRole.staff_id == staff_id))
    return frozenset({Role(role) for role in stored} | {Role.STAFF})


def department_on(db: Session, staff_id: int, day: date) -> int | None:
    """Department a person serves in on a day."""
    query = select(Service.department_id).where(Service.staff_id == staff_id, serves_on(day))
    return db.scalar(query.order_by(Service.start_on.desc()).limit(1))


def serves_on(day: date) -> ColumnElement[bool]:
    """Condition: the service covers the day (both ends inclusive)."""
    return and_(Service.start_on <= day, or_(Service.end_on.is_(None), Service.end_on >= day))


def roster(day: date, *, official_only: bool = False, department_id: int | None = None) -> AnySelect:
    """Roster R as a select of (staff_id, department_id): staff whose service covers the day."""
    query = select(Service.staff_id.label("staff_id"), func.max(Service.department_id).label("department_id")).where(
        serves_on(day)
    )
    if official_only:
        query = query.join(Staff, Staff.id == Service.staff_id).where(Staff.employment == OFFICIAL)
    if department_id is not None:
        query = query.where(Service.department_id == department_id)
    return query.group_by(Service.staff_id)


def departments(db: Session) -> list[Department]:
    """All departments by code."""
    return list(db.scalars(select(Department).order_by(Department.code)))


def people_on(db: Session, day: date, department_id: int | None = None, text: str = "") -> list[StaffLine]:
    """People on the roster of a day, in Thai order of names; one query."""
    query = (
        select(Staff, Department.name, Department.id)
        .join(Service, and_(Service.staff_id == Staff.id, serves_on(day)))
        .join(Department, Department.id == Service.department_id)
        .order_by(Department.code, Staff.name)
    )
    if department_id is not None:
        query = query.where(Department.id == department_id)
    if text:
        like = f"%{text}%"
        query = query.where(or_(Staff.name.like(like), Staff.about.like(like), Staff.position.like(like)))
    lines = {
        staff.id: StaffLine(
            staff.id, staff.code, staff.name, staff.position, staff.employment, name, number, staff.about
        )
        for staff, name, number in db.execute(query.limit(5000))
    }
    return sorted(lines.values(), key=lambda line: (line.department_id or 0, sort_key(short_name(line.name))))


def service_of(db: Session, staff_id: int) -> list[tuple[Service, str]]:
    """Services of a person with department names, newest first."""
    query = (
        select(Service, Department.name)
        .join(Department, Department.id == Service.department_id)
        .where(Service.staff_id == staff_id)
        .order_by(Service.start_on.desc())
    )
    return [(service, name) for service, name in db.execute(query)]


def names_by_id(db: Session, ids: set[int]) -> dict[int, str]:
    """Full names of some people."""
    if not ids:
        return {}
    return {number: name for number, name in db.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))}


def mention_names(db: Session) -> dict[str, str]:
    """Names without title -> staff code, for `@` mentions, without guests; one query."""
    query = select(Staff.name, Staff.code).where(Staff.active, ~is_guest_account())
    return {short_name(name): code for name, code in db.execute(query)}


def is_guest_account() -> ColumnElement[bool]:
    """Condition on Staff: the account of somebody's guest, kept out of every list of the office's people."""
    return exists().where(StaffRole.staff_id == Staff.id, StaffRole.role == Role.GUEST.value)


def tries_since(db: Session, who: str, since: datetime) -> int:
    """Failed sign-ins of a login or address since an instant."""
    query = select(func.count()).select_from(SignInTry).where(SignInTry.who == who, SignInTry.at >= since)
    return db.scalar(query) or 0


def teams(db: Session) -> list[Team]:
    """All teams by kind and start."""
    return list(db.scalars(select(Team).order_by(Team.kind, Team.valid_from, Team.id)))


def departments_of(db: Session, ids: set[int]) -> dict[int, str]:
    """Name of the department each of these people serves in, or served in last; one statement."""
    query = (
        select(Service.staff_id, Department.name)
        .join(Department, Department.id == Service.department_id)
        .where(Service.staff_id.in_(ids))
        .order_by(Service.start_on)
    )
    return {staff_id: name for staff_id, name in db.execute(query)}
