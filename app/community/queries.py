"""Questions about groups, their members and guests, and lessons."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from app.community import rules
from app.community.models import (
    Group,
    GroupCard,
    GroupGuest,
    Lesson,
    MemberLine,
    Membership,
    Standing,
    Thread,
    ThreadRead,
)
from app.core.errors import NotAllowed, NotFound
from app.people.models import Staff, Viewer
from app.people.queries import is_guest_account

IN_GROUP = (Standing.MEMBER.value, Standing.FACILITATOR.value)


def group_to_see(db: Session, viewer: Viewer, code: str) -> Group:
    """A group this person may know of. Raises NotFound."""
    group = db.scalar(select(Group).where(Group.code == code))
    if group is None or not rules.can_see_group(viewer, group):
        raise NotFound("ไม่พบกลุ่มนี้")
    return group


def group_to_manage(db: Session, viewer: Viewer, code: str) -> Group:
    """A group this person facilitates. Raises NotFound for outsiders, NotAllowed for members."""
    group = group_to_see(db, viewer, code)
    if not rules.can_manage(viewer, group):
        raise NotAllowed("รายการนี้ทำได้เฉพาะผู้ดำเนินกลุ่ม")
    return group


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    mine = Group.id.in_(viewer.group_ids) if viewer.group_ids else literal(1) == 0
    return or_(Group.visibility != "secret", mine)


def readable_groups(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on Group: this person may read what is said in it; as `rules.can_read_threads` says of one."""
    mine = Group.id.in_(viewer.group_ids) if viewer.group_ids else literal(1) == 0
    return or_(Group.visibility == "open", mine) if viewer.is_staff else mine


def groups(db: Session, viewer: Viewer, *, mine: bool = False) -> list[GroupCard]:
    """Groups this person may know of, own ones first; one statement."""
    members = (
        select(func.count())
        .where(Membership.group_id == Group.id, Membership.standing.in_(IN_GROUP))
        .correlate(Group)
        .scalar_subquery()
    )
    threads = (
        select(func.count())
        .where(Thread.group_id == Group.id, Thread.merged_into_id.is_(None))
        .correlate(Group)
        .scalar_subquery()
    )
    read = and_(ThreadRead.thread_id == Thread.id, ThreadRead.staff_id == viewer.staff_id)
    unread = (
        select(func.count())
        .select_from(Thread)
        .outerjoin(ThreadRead, read)
        .where(
            Thread.group_id == Group.id,
            Thread.merged_into_id.is_(None),
            or_(ThreadRead.read_at.is_(None), ThreadRead.read_at < Thread.last_at),
        )
        .correlate(Group)
        .scalar_subquery()
    )
    own = and_(Membership.group_id == Group.id, Membership.staff_id == viewer.staff_id)
    query = (
        select(Group, members, threads, unread, func.coalesce(Membership.standing, ""))
        .outerjoin(Membership, own)
        .where(_seen(viewer))
        .order_by(case((Membership.standing.in_(IN_GROUP), 0), else_=1), Group.name)
        .limit(500)
    )
    if mine:
        query = query.where(Membership.standing.in_(IN_GROUP))
    return [
        GroupCard(g.id, g.code, g.name, g.purpose, g.visibility, m, t, u if standing in IN_GROUP else 0, standing)
        for g, m, t, u, standing in db.execute(query)
    ]


def members(db: Session, group_id: int) -> list[MemberLine]:
    """Facilitators first, then members, then those asking."""
    order = case((Membership.standing == "facilitator", 0), (Membership.standing == "member", 1), else_=2)
    query = (
        select(Staff.id, Staff.code, Staff.name, Staff.position, Membership.standing)
        .join(Membership, Membership.staff_id == Staff.id)
        .where(Membership.group_id == group_id)
        .order_by(order, Staff.name)
    )
    return [MemberLine(*row) for row in db.execute(query)]


def members_ids(db: Session, group_id: int) -> set[int]:
    """Ids of the members of a group, those who only asked left out."""
    return set(
        db.scalars(
            select(Membership.staff_id).where(Membership.group_id == group_id, Membership.standing.in_(IN_GROUP))
        )
    )


def members_of_groups(db: Session, group_ids: set[int]) -> dict[int, set[int]]:
    """Ids of the members of some groups, those who only asked and guests left out; one statement."""
    found: dict[int, set[int]] = {number: set() for number in group_ids}
    query = (
        select(Membership.group_id, Membership.staff_id)
        .join(Staff, Staff.id == Membership.staff_id)
        .where(Membership.group_id.in_(group_ids), Membership.standing.in_(IN_GROUP), ~is_guest_account())
    )
    for group_id, staff_id in db.execute(query):
        found[group_id].add(staff_id)
    return found


def is_guest(db: Session, staff_id: int, but: int | None = None) -> bool:
    """Whether a person is somebody's guest; `but` leaves out the guests of one group."""
    query = select(GroupGuest.staff_id).where(GroupGuest.staff_id == staff_id)
    return db.scalar(query if but is None else query.where(GroupGuest.group_id != but)) is not None


def guest_ids(db: Session, staff_ids: set[int]) -> set[int]:
    """Those of some people who are somebody's guests; one statement."""
    return set(db.scalars(select(GroupGuest.staff_id).where(GroupGuest.staff_id.in_(staff_ids))))


def guests(db: Session, group_id: int) -> dict[int, GroupGuest]:
    """Guests of a group by staff id."""
    return {one.staff_id: one for one in db.scalars(select(GroupGuest).where(GroupGuest.group_id == group_id))}


def people_of_group(db: Session, group_id: int) -> tuple[set[int], set[int]]:
    """(members, facilitators) of a group; facilitators are members too."""
    query = select(Membership.staff_id, Membership.standing).where(
        Membership.group_id == group_id, Membership.standing.in_(IN_GROUP)
    )
    rows = db.execute(query).all()
    return {number for number, _ in rows}, {n for n, standing in rows if standing == Standing.FACILITATOR.value}


def lesson_of(db: Session, came_from: ColumnElement[bool]) -> Lesson | None:
    """The lesson that came out of a thread or a meeting, such as `Lesson.thread_id == 7`; void ones left out."""
    return db.scalar(select(Lesson).where(came_from, Lesson.status != "void").order_by(Lesson.id).limit(1))


def glossary_words(db: Session) -> list[str]:
    """Words that groups explain in their glossaries, sorted; search knows them as words."""
    texts = db.scalars(select(Group.glossary).where(Group.glossary != "", Group.archived_on.is_(None)))
    return sorted({word for text in texts for word, _ in rules.glossary(text)})
