"""Questions about threads and replies: who may read, what is new, what was said, marked, chosen and attached."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.community import queries, rules
from app.community.models import (
    UNNAMED,
    EarlierText,
    Group,
    Mark,
    Meeting,
    Poll,
    PollResult,
    PollVote,
    Post,
    PostFile,
    PostLine,
    Thread,
    ThreadFollow,
    ThreadLine,
    ThreadRead,
)
from app.core.clock import bangkok_day
from app.core.errors import NotFound
from app.core.paging import Page
from app.people.models import Staff, Viewer
from app.people.queries import is_guest_account

THREADS_A_PAGE = 30


POSTS_A_PAGE = 50


def threads(db: Session, viewer: Viewer, group_id: int, number: int) -> Page[ThreadLine]:
    """A page of a group's threads, latest talk first; two statements."""
    listed = and_(Thread.group_id == group_id, Thread.merged_into_id.is_(None))
    total = db.scalar(select(func.count()).select_from(Thread).where(listed)) or 0
    return Page(_thread_lines(db, viewer, listed, number), number, THREADS_A_PAGE, total)


def unread_threads(db: Session, viewer: Viewer, limit: int) -> list[tuple[ThreadLine, str]]:
    """Threads of the person's groups with something new, with the group's name, latest first; one statement."""
    if not viewer.group_ids:
        return []
    read = and_(ThreadRead.thread_id == Thread.id, ThreadRead.staff_id == viewer.staff_id)
    posts = select(func.count()).where(Post.thread_id == Thread.id).correlate(Thread).scalar_subquery()
    query = (
        select(Thread, _author(Thread.author_id), Group.name, posts)
        .join(Staff, Staff.id == Thread.author_id)
        .join(Group, Group.id == Thread.group_id)
        .outerjoin(ThreadRead, read)
        .where(
            Thread.group_id.in_(viewer.group_ids),
            Thread.merged_into_id.is_(None),
            or_(ThreadRead.read_at.is_(None), ThreadRead.read_at < Thread.last_at),
        )
        .order_by(Thread.last_at.desc(), Thread.id.desc())
        .limit(limit)
    )
    return [
        (ThreadLine(t.id, t.code, t.title, author, t.at, t.last_at, count, True, t.pinned, t.locked), group)
        for t, author, group, count in db.execute(query)
    ]


def _thread_lines(db: Session, viewer: Viewer, condition: ColumnElement[bool], number: int) -> list[ThreadLine]:
    read = and_(ThreadRead.thread_id == Thread.id, ThreadRead.staff_id == viewer.staff_id)
    answered = exists().where(Post.thread_id == Thread.id, Post.is_answer).correlate(Thread)
    posts = select(func.count()).where(Post.thread_id == Thread.id).correlate(Thread).scalar_subquery()
    query = (
        select(Thread, _author(Thread.author_id), posts, answered, ThreadRead.read_at)
        .join(Staff, Staff.id == Thread.author_id)
        .outerjoin(ThreadRead, read)
        .where(condition)
        .order_by(Thread.pinned.desc(), Thread.last_at.desc(), Thread.id.desc())
        .limit(THREADS_A_PAGE)
        .offset((number - 1) * THREADS_A_PAGE)
    )
    return [
        ThreadLine(
            t.id, t.code, t.title, author, t.at, t.last_at, count, read_at is None or read_at < t.last_at, t.pinned,
            t.locked, bool(has_answer), t.kind,
        )
        for t, author, count, has_answer, read_at in db.execute(query)
    ]  # fmt: skip


def _hidden(author_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    return and_(Thread.hides_asker, author_id == Thread.author_id)


def _author(author_id: InstrumentedAttribute[int]) -> ColumnElement[str]:
    """Name of a writer in a thread as everybody sees it; see `rules.shown_author`."""
    return case((_hidden(author_id), case(UNNAMED, value=Thread.asked_as, else_=UNNAMED["member"])), else_=Staff.name)


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
    query = _posts().where(Post.thread_id == thread_id).limit(POSTS_A_PAGE).offset((number - 1) * POSTS_A_PAGE)
    return Page(_post_lines(db, query, read_at), number, POSTS_A_PAGE, total)


def opening(thread: Thread, author: str) -> PostLine:
    """The opening of a thread as a post with number 0; `author` is the asker's own name."""
    shown = rules.shown_author(thread, thread.author_id, author)
    edited = thread.edited_at is not None
    return PostLine(0, shown, "", thread.author_id, thread.body, thread.html, thread.at, False, False, edited)


def posts_after(db: Session, thread_id: int, post_id: int) -> list[PostLine]:
    """The next replies after one (0: from the first), at most a page; one statement."""
    query = _posts().where(Post.thread_id == thread_id, Post.id > post_id).limit(POSTS_A_PAGE)
    return _post_lines(db, query, datetime.min.replace(tzinfo=UTC))


def _posts() -> Select[Post, str, str]:
    code: ColumnElement[str] = case((_hidden(Post.author_id), literal("")), else_=Staff.code)
    return (
        select(Post, _author(Post.author_id), code)
        .join(Staff, Staff.id == Post.author_id)
        .join(Thread, Thread.id == Post.thread_id)
        .order_by(Post.at, Post.id)
    )


def _post_lines(db: Session, query: Select[Post, str, str], read_at: datetime | None) -> list[PostLine]:
    return [
        PostLine(
            p.id, name, code, p.author_id, p.body, p.html, p.at, read_at is not None and p.at > read_at, p.is_answer,
            p.edited_at is not None,
        )
        for p, name, code in db.execute(query)
    ]  # fmt: skip


def chosen_posts(db: Session, thread_id: int, ids: set[int]) -> list[PostLine]:
    """Replies of a thread that go into its article: those chosen, else the one marked as the answer; one statement."""
    wanted = Post.id.in_(ids) if ids else Post.is_answer
    return _post_lines(db, _posts().where(Post.thread_id == thread_id, wanted), None)


def first_unread(db: Session, thread_id: int, read_at: datetime | None) -> tuple[int, int] | None:
    """(page, id) of the first reply after a person's last visit, None when there is none; two statements."""
    if read_at is None:
        return None
    read = select(func.count()).select_from(Post).where(Post.thread_id == thread_id, Post.at <= read_at)
    newer = select(Post.id).where(Post.thread_id == thread_id, Post.at > read_at).order_by(Post.at, Post.id).limit(1)
    post_id = db.scalar(newer)
    return None if post_id is None else ((db.scalar(read) or 0) // POSTS_A_PAGE + 1, post_id)


def reply_anywhere(db: Session, post_id: int) -> Post | Thread | None:
    """A reply wherever it stands now: in another thread, or as the opening of one."""
    return db.get(Post, post_id) or db.scalar(select(Thread).where(Thread.split_from_post == post_id))


def place_of_post(db: Session, post: Post) -> int:
    """Page on which a reply stands."""
    before = or_(Post.at < post.at, and_(Post.at == post.at, Post.id < post.id))
    count = db.scalar(select(func.count()).select_from(Post).where(Post.thread_id == post.thread_id, before)) or 0
    return count // POSTS_A_PAGE + 1


def marks(db: Session, thread_id: int, viewer: Viewer) -> dict[tuple[int, str], tuple[int, bool]]:
    """(post id, kind) -> (how many, whether the viewer is one of them), for a whole thread; one statement."""
    mine = func.max(case((Mark.staff_id == viewer.staff_id, 1), else_=0))
    query = select(Mark.post_id, Mark.kind, func.count(), mine).where(Mark.thread_id == thread_id)
    rows = db.execute(query.group_by(Mark.post_id, Mark.kind))
    return {(post_id, kind): (count, bool(own)) for post_id, kind, count, own in rows}


def earlier_texts(db: Session, thread_id: int, post_id: int) -> list[EarlierText]:
    """What a post said before, newest first."""
    query = select(EarlierText).where(EarlierText.thread_id == thread_id, EarlierText.post_id == post_id)
    return list(db.scalars(query.order_by(EarlierText.id.desc())))


def follows(db: Session, thread: Thread, staff_id: int) -> bool:
    """Whether a person is told of new replies: those who wrote, unless they muted the thread, and those who follow."""
    own = select(ThreadFollow.muted).where(ThreadFollow.thread_id == thread.id, ThreadFollow.staff_id == staff_id)
    muted = db.scalar(own)
    if muted is not None:
        return not muted
    wrote = select(Post.id).where(Post.thread_id == thread.id, Post.author_id == staff_id).limit(1)
    return thread.author_id == staff_id or db.scalar(wrote) is not None


def followers(db: Session, thread: Thread) -> set[int]:
    """People to tell of a new reply; two statements."""
    chosen = select(ThreadFollow.staff_id, ThreadFollow.muted).where(ThreadFollow.thread_id == thread.id)
    muted = {number: off for number, off in db.execute(chosen)}
    wrote = set(db.scalars(select(Post.author_id).where(Post.thread_id == thread.id).distinct()))
    everyone = wrote | {thread.author_id} | {number for number, off in muted.items() if not off}
    return {number for number in everyone if not muted.get(number, False)}


def poll(db: Session, thread_id: int) -> Poll | None:
    """The poll of a thread, if it has one."""
    return db.get(Poll, thread_id)


def poll_result(db: Session, found: Poll, staff_id: int) -> PollResult:
    """What a poll's options got, and what this person chose; one statement."""
    mine = func.max(case((PollVote.staff_id == staff_id, 1), else_=0))
    query = select(PollVote.option, func.count(), mine).where(PollVote.thread_id == found.thread_id)
    got = {option: (count, bool(own)) for option, count, own in db.execute(query.group_by(PollVote.option))}
    people = db.scalar(select(func.count(PollVote.staff_id.distinct())).where(PollVote.thread_id == found.thread_id))
    lines = [(text, *got.get(number, (0, False))) for number, text in enumerate(found.options)]
    return PollResult(lines, people or 0, found.several, found.closes_on)


def files(db: Session, thread_id: int) -> dict[int, list[PostFile]]:
    """Files of a thread by post, 0 for the opening; one statement."""
    found: dict[int, list[PostFile]] = {}
    for one in db.scalars(select(PostFile).where(PostFile.thread_id == thread_id).order_by(PostFile.id)):
        found.setdefault(one.post_id, []).append(one)
    return found


def file(db: Session, thread_id: int, number: int) -> PostFile:
    """One file of a thread. Raises NotFound."""
    found = db.scalar(select(PostFile).where(PostFile.thread_id == thread_id, PostFile.id == number))
    if found is None:
        raise NotFound("ไม่พบไฟล์แนบนี้")
    return found


def joinable(db: Session, thread: Thread) -> list[tuple[str, str]]:
    """(code, title) of the latest other threads of the same group that one may be joined into, at most 50."""
    query = select(Thread.code, Thread.title).where(
        Thread.group_id == thread.group_id, Thread.id != thread.id, Thread.merged_into_id.is_(None), ~Thread.hides_asker
    )
    return [(code, title) for code, title in db.execute(query.order_by(Thread.last_at.desc()).limit(50))]


def has_written(db: Session, staff_id: int) -> bool:
    """Whether a person ever wrote in a thread; the code of talk is shown before the first time."""
    opened = select(Thread.id).where(Thread.author_id == staff_id).limit(1)
    replied = select(Post.id).where(Post.author_id == staff_id).limit(1)
    return db.scalar(opened) is not None or db.scalar(replied) is not None


def last_talk(db: Session, group: Group) -> date:
    """Day of a group's latest thread, reply or meeting, else of its founding; one statement."""
    latest_talk = select(func.max(Thread.last_at)).where(Thread.group_id == group.id).scalar_subquery()
    latest_meeting = select(func.max(Meeting.on)).where(Meeting.group_id == group.id).scalar_subquery()
    talked, met = db.execute(select(latest_talk, latest_meeting)).one()
    days = [group.founded_on, *([bangkok_day(talked)] if talked else []), *([met] if met else [])]
    return max(days)


def post_of_thread(db: Session, thread_id: int, post_id: int) -> tuple[Post, str]:
    """A reply of this thread with its author's name as everybody sees it. Raises NotFound."""
    query = (
        select(Post, _author(Post.author_id))
        .join(Staff, Staff.id == Post.author_id)
        .join(Thread, Thread.id == Post.thread_id)
    )
    row = db.execute(query.where(Post.thread_id == thread_id, Post.id == post_id)).one_or_none()
    if row is None:
        raise NotFound("ไม่พบข้อความนี้ในกระทู้")
    return row[0], row[1]


def read_at(db: Session, staff_id: int, thread_id: int) -> datetime | None:
    """When a person last read a thread."""
    query = select(ThreadRead.read_at).where(ThreadRead.staff_id == staff_id, ThreadRead.thread_id == thread_id)
    return db.scalar(query)


def participants(db: Session, thread: Thread) -> list[tuple[int, str]]:
    """(staff id, name) of the office's people who wrote in a thread, the opener first, then by first reply.

    An asker who did not want to be named is left out; so are guests: credit lets people read what is for staff.
    """
    query = (
        select(Staff.id, Staff.name, func.min(Post.at))
        .join(Post, Post.author_id == Staff.id)
        .where(Post.thread_id == thread.id, ~is_guest_account())
        .group_by(Staff.id, Staff.name)
        .order_by(func.min(Post.at))
    )
    opener = db.get_one(Staff, thread.author_id)
    others = [(number, name) for number, name, _ in db.execute(query) if number != opener.id]
    return others if thread.hides_asker or queries.is_guest(db, opener.id) else [(opener.id, opener.name), *others]
