"""Questions about groups, threads, meetings and lessons."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from app.community import rules
from app.community.models import (
    Group,
    GroupCard,
    Lesson,
    Meeting,
    MeetingAttendee,
    MemberLine,
    Membership,
    Post,
    PostLine,
    Standing,
    Thread,
    ThreadLine,
    ThreadRead,
)
from app.core.database import AnySelect
from app.core.errors import NotAllowed, NotFound
from app.core.paging import Page
from app.people.models import Staff, Viewer

THREADS_A_PAGE = 30
POSTS_A_PAGE = 50
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


def groups(db: Session, viewer: Viewer, *, mine: bool = False) -> list[GroupCard]:
    """Groups this person may know of, own ones first; one statement."""
    members = (
        select(func.count())
        .where(Membership.group_id == Group.id, Membership.standing.in_(IN_GROUP))
        .correlate(Group)
        .scalar_subquery()
    )
    threads = select(func.count()).where(Thread.group_id == Group.id).correlate(Group).scalar_subquery()
    read = and_(ThreadRead.thread_id == Thread.id, ThreadRead.staff_id == viewer.staff_id)
    unread = (
        select(func.count())
        .select_from(Thread)
        .outerjoin(ThreadRead, read)
        .where(Thread.group_id == Group.id, or_(ThreadRead.read_at.is_(None), ThreadRead.read_at < Thread.last_at))
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


def threads(db: Session, viewer: Viewer, group_id: int, number: int) -> Page[ThreadLine]:
    """A page of a group's threads, latest talk first; two statements."""
    total = db.scalar(select(func.count()).select_from(Thread).where(Thread.group_id == group_id)) or 0
    return Page(_thread_lines(db, viewer, Thread.group_id == group_id, number), number, THREADS_A_PAGE, total)


def unread_threads(db: Session, viewer: Viewer, limit: int) -> list[tuple[ThreadLine, str]]:
    """Threads of the person's groups with something new, with the group's name, latest first; one statement."""
    if not viewer.group_ids:
        return []
    read = and_(ThreadRead.thread_id == Thread.id, ThreadRead.staff_id == viewer.staff_id)
    posts = select(func.count()).where(Post.thread_id == Thread.id).correlate(Thread).scalar_subquery()
    query = (
        select(Thread, Staff.name, Group.name, posts)
        .join(Staff, Staff.id == Thread.author_id)
        .join(Group, Group.id == Thread.group_id)
        .outerjoin(ThreadRead, read)
        .where(
            Thread.group_id.in_(viewer.group_ids),
            or_(ThreadRead.read_at.is_(None), ThreadRead.read_at < Thread.last_at),
        )
        .order_by(Thread.last_at.desc(), Thread.id.desc())
        .limit(limit)
    )
    return [
        (ThreadLine(t.id, t.code, t.title, author, t.at, t.last_at, count, True), group)
        for t, author, group, count in db.execute(query)
    ]


def _thread_lines(db: Session, viewer: Viewer, condition: ColumnElement[bool], number: int) -> list[ThreadLine]:
    read = and_(ThreadRead.thread_id == Thread.id, ThreadRead.staff_id == viewer.staff_id)
    posts = select(func.count()).where(Post.thread_id == Thread.id).correlate(Thread).scalar_subquery()
    query = (
        select(Thread, Staff.name, posts, ThreadRead.read_at)
        .join(Staff, Staff.id == Thread.author_id)
        .outerjoin(ThreadRead, read)
        .where(condition)
        .order_by(Thread.last_at.desc(), Thread.id.desc())
        .limit(THREADS_A_PAGE)
        .offset((number - 1) * THREADS_A_PAGE)
    )
    return [
        ThreadLine(t.id, t.code, t.title, author, t.at, t.last_at, count, read_at is None or read_at < t.last_at)
        for t, author, count, read_at in db.execute(query)
    ]


def thread_to_read(db: Session, viewer: Viewer, code: str) -> tuple[Thread, Group]:
    """A thread and its group. Raises NotFound for those who may not read it."""
    row = db.execute(
        select(Thread, Group).join(Group, Group.id == Thread.group_id).where(Thread.code == code)
    ).one_or_none()
    if row is None or not rules.can_read_threads(viewer, row[1]):
        raise NotFound("ไม่พบกระทู้นี้")
    return row[0], row[1]


def posts(db: Session, thread_id: int, read_at: datetime | None, number: int) -> Page[PostLine]:
    """A page of replies, oldest first; two statements."""
    total = db.scalar(select(func.count()).select_from(Post).where(Post.thread_id == thread_id)) or 0
    query = (
        select(Post, Staff.name, Staff.code)
        .join(Staff, Staff.id == Post.author_id)
        .where(Post.thread_id == thread_id)
        .order_by(Post.at, Post.id)
        .limit(POSTS_A_PAGE)
        .offset((number - 1) * POSTS_A_PAGE)
    )
    lines = [
        PostLine(p.id, name, code, p.author_id, p.body, p.html, p.at, read_at is not None and p.at > read_at)
        for p, name, code in db.execute(query)
    ]
    return Page(lines, number, POSTS_A_PAGE, total)


def post_of_thread(db: Session, thread_id: int, post_id: int) -> tuple[Post, str]:
    """A reply of this thread with its author's name. Raises NotFound."""
    query = select(Post, Staff.name).join(Staff, Staff.id == Post.author_id)
    row = db.execute(query.where(Post.thread_id == thread_id, Post.id == post_id)).one_or_none()
    if row is None:
        raise NotFound("ไม่พบข้อความนี้ในกระทู้")
    return row[0], row[1]


def read_at(db: Session, staff_id: int, thread_id: int) -> datetime | None:
    """When a person last read a thread."""
    query = select(ThreadRead.read_at).where(ThreadRead.staff_id == staff_id, ThreadRead.thread_id == thread_id)
    return db.scalar(query)


def participants(db: Session, thread: Thread) -> list[tuple[int, str]]:
    """(staff id, name) of everyone who wrote in a thread, the opener first, then by first reply."""
    query = (
        select(Staff.id, Staff.name, func.min(Post.at))
        .join(Post, Post.author_id == Staff.id)
        .where(Post.thread_id == thread.id)
        .group_by(Staff.id, Staff.name)
        .order_by(func.min(Post.at))
    )
    opener = db.get_one(Staff, thread.author_id)
    others = [(number, name) for number, name, _ in db.execute(query) if number != opener.id]
    return [(opener.id, opener.name), *others]


def members_ids(db: Session, group_id: int) -> set[int]:
    """Ids of the members of a group, those who only asked left out."""
    return set(
        db.scalars(
            select(Membership.staff_id).where(Membership.group_id == group_id, Membership.standing.in_(IN_GROUP))
        )
    )


def people_of_group(db: Session, group_id: int) -> tuple[set[int], set[int]]:
    """(members, facilitators) of a group; facilitators are members too."""
    query = select(Membership.staff_id, Membership.standing).where(
        Membership.group_id == group_id, Membership.standing.in_(IN_GROUP)
    )
    rows = db.execute(query).all()
    return {number for number, _ in rows}, {n for n, standing in rows if standing == Standing.FACILITATOR.value}


def presented_trainings() -> AnySelect:
    """Select of (training_id, staff_id): who told of a training at a meeting held about it."""
    return (
        select(Meeting.training_id, MeetingAttendee.staff_id)
        .join(MeetingAttendee, MeetingAttendee.meeting_id == Meeting.id)
        .where(Meeting.training_id.is_not(None), Meeting.status != "void")
    )


def meeting_by_code(db: Session, viewer: Viewer, code: str) -> Meeting:
    """A meeting; one of a closed group only for those who may read the group. Raises NotFound."""
    meeting = db.scalar(select(Meeting).where(Meeting.code == code))
    if meeting is None:
        raise NotFound("ไม่พบการประชุมนี้")
    if meeting.group_id is not None:
        group = db.get_one(Group, meeting.group_id)
        if not rules.can_read_threads(viewer, group):
            raise NotFound("ไม่พบการประชุมนี้")
    return meeting


def meetings(db: Session, viewer: Viewer, group_id: int | None = None) -> list[tuple[Meeting, int]]:
    """Meetings this person may see with the number signed in, newest first, at most 200."""
    present = select(func.count()).where(MeetingAttendee.meeting_id == Meeting.id).correlate(Meeting).scalar_subquery()
    mine = Group.id.in_(viewer.group_ids) if viewer.group_ids else literal(1) == 0
    query = (
        select(Meeting, present)
        .outerjoin(Group, Group.id == Meeting.group_id)
        .where(or_(Group.id.is_(None), Group.visibility == "open", mine))
        .order_by(Meeting.on.desc(), Meeting.id.desc())
        .limit(200)
    )
    if group_id is not None:
        query = query.where(Meeting.group_id == group_id)
    return [(meeting, count) for meeting, count in db.execute(query)]


def signed_in(db: Session, meeting_id: int) -> list[tuple[int, str]]:
    """(staff id, name) of those who signed in, by staff code."""
    query = (
        select(Staff.id, Staff.name)
        .join(MeetingAttendee, MeetingAttendee.staff_id == Staff.id)
        .where(MeetingAttendee.meeting_id == meeting_id)
        .order_by(Staff.code)
    )
    return [(number, name) for number, name in db.execute(query)]


def lesson_of_thread(db: Session, thread_id: int) -> Lesson | None:
    """The lesson that came out of a thread, void ones left out."""
    query = select(Lesson).where(Lesson.thread_id == thread_id, Lesson.status != "void")
    return db.scalar(query.order_by(Lesson.id).limit(1))
