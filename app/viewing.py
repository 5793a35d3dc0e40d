"""Who is looking, gathered over the slices in two statements. Part of the wiring: it sees every slice."""

from __future__ import annotations

from datetime import date

from sqlalchemy import String, cast, literal, null, select, union_all
from sqlalchemy.orm import Session

from app.community.models import Membership
from app.people.models import VISITOR, Role, Service, Staff, StaffRole, Team, TeamMember, Viewer
from app.people.queries import serves_on


def load_viewer(db: Session, staff: Staff, today: date) -> Viewer:
    """Roles, groups, department and appointments of a person on a day; one statement.

    A person whose service has ended, or has not begun, is a visitor.
    """
    curating = (
        select(literal("curates"), literal(""), TeamMember.team_id)
        .join(Team, Team.id == TeamMember.team_id)
        .where(
            TeamMember.staff_id == staff.id,
            Team.kind == "curate",
            Team.valid_from <= today,
            (Team.valid_to.is_(None)) | (Team.valid_to >= today),
        )
    )
    rows = db.execute(
        union_all(
            select(literal("role"), StaffRole.role, cast(null(), Staff.id.type)).where(StaffRole.staff_id == staff.id),
            select(literal("group"), Membership.standing, Membership.group_id).where(Membership.staff_id == staff.id),
            select(literal("department"), cast(literal(""), String), Service.department_id).where(
                Service.staff_id == staff.id, serves_on(today)
            ),
            curating,
            select(literal("served"), cast(literal(""), String), Service.department_id).where(
                Service.staff_id == staff.id
            ),
        )
    ).all()
    serves = any(what == "department" for what, _, _ in rows)
    if not serves and any(what == "served" for what, _, _ in rows):
        return VISITOR
    groups = {number for what, standing, number in rows if what == "group" and standing != "asked"}
    return Viewer(
        staff_id=staff.id,
        code=staff.code,
        name=staff.name,
        roles=frozenset({Role(name) for what, name, _ in rows if what == "role"} | {Role.STAFF}),
        group_ids=frozenset(groups),
        facilitates=frozenset(number for what, name, number in rows if what == "group" and name == "facilitator"),
        department_id=next((number for what, _, number in rows if what == "department"), None),
        curates=any(what == "curates" for what, _, _ in rows),
        must_change_password=staff.must_change_password,
    )
