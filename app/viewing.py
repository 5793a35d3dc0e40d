"""Who is looking, gathered over the slices in one statement. Part of the wiring: it sees every slice."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    BindParameter,
    Date,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app.community.models import GroupGuest, Membership
from app.notifications.models import Notification
from app.people.models import VISITOR, Role, Service, Staff, StaffRole, Team, TeamMember, Viewer


def _audiences(who: BindParameter[int]) -> Any:
    """ "" and "g12" for each group a person is in."""
    groups = select(literal("g") + cast(Membership.group_id, String)).where(
        Membership.staff_id == who, Membership.standing != "asked"
    )
    return union_all(select(cast(literal(""), String)), groups).subquery().select()


def _gathering() -> Any:
    who: BindParameter[int] = bindparam("who")
    day = bindparam("day", type_=Date())
    nothing = cast(null(), Staff.id.type)
    serves = and_(Service.start_on <= day, or_(Service.end_on.is_(None), Service.end_on >= day))
    appointed = and_(Team.kind == "curate", Team.valid_from <= day, or_(Team.valid_to.is_(None), Team.valid_to >= day))
    blank = cast(literal(""), String)
    return union_all(
        select(literal("role"), StaffRole.role, nothing).where(StaffRole.staff_id == who),
        select(literal("group"), Membership.standing, Membership.group_id).where(Membership.staff_id == who),
        select(literal("department"), blank, Service.department_id).where(Service.staff_id == who, serves),
        select(literal("curates"), blank, TeamMember.team_id)
        .join(Team, Team.id == TeamMember.team_id)
        .where(TeamMember.staff_id == who, appointed),
        select(literal("unread"), blank, func.count(Notification.id)).where(
            Notification.staff_id == who, Notification.read_at.is_(None), Notification.audience.in_(_audiences(who))
        ),
        select(literal("guest"), case((GroupGuest.until >= day, "open"), else_="over"), GroupGuest.group_id).where(
            GroupGuest.staff_id == who
        ),
        select(literal("served"), blank, Service.department_id).where(Service.staff_id == who),
    )


_GATHERING = _gathering()


def load_viewer(db: Session, staff: Staff, today: date) -> Viewer:
    """Roles, groups, department and appointments of a person on a day; one statement.

    A person whose service has ended, or has not begun, is a visitor; so is a guest whose time is over.
    """
    rows = db.execute(_GATHERING, {"who": staff.id, "day": today}).all()
    serves = any(what == "department" for what, _, _ in rows)
    if not serves and any(what == "served" for what, _, _ in rows):
        return VISITOR
    roles = {Role(name) for what, name, _ in rows if what == "role"} | {Role.STAFF}
    guest = [(state, number) for what, state, number in rows if what == "guest"]
    if any(state == "over" for state, _ in guest) or (Role.GUEST in roles and not guest):
        return VISITOR
    groups = {number for what, standing, number in rows if what == "group" and standing != "asked"}
    if guest:
        groups &= {number for _, number in guest}
    return Viewer(
        staff_id=staff.id,
        code=staff.code,
        name=staff.name,
        roles=frozenset(roles if not guest else {Role.GUEST}),
        group_ids=frozenset(groups),
        facilitates=frozenset(
            number for what, name, number in rows if what == "group" and name == "facilitator" and not guest
        ),
        department_id=next((number for what, _, number in rows if what == "department"), None),
        curates=any(what == "curates" for what, _, _ in rows),
        must_change_password=staff.must_change_password,
        is_guest=bool(guest),
        unread=next((int(number) for what, _, number in rows if what == "unread"), 0),
    )
