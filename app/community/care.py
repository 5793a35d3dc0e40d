"""What a facilitator looks after in a group: who is silent, new or unanswered, and what the month brought.

Only what happened in the group itself; nothing here tells what a member reads or does elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from app.community import queries, rules
from app.community.cards import ALL_STAFF
from app.community.models import Group, Mark, Meeting, MemberLine, Membership, Post, Standing, Thread
from app.core.clock import start_of_day
from app.core.thai import LONG_MONTHS, thai_date
from app.knowledge.models import Article
from app.knowledge.queries import readable
from app.people.models import Staff, Viewer

SILENT_DAYS, NEW_DAYS, UNANSWERED_DAYS = 30, 30, 2


@dataclass(frozen=True)
class Month:
    """What a month brought: counts >= 0, threads with their titles, articles that came out of the group."""

    first: date
    threads: list[tuple[str, str]]
    replies: int
    answered: int
    meetings: list[tuple[str, str, date]]
    articles: list[tuple[str, str]]

    @property
    def is_empty(self) -> bool:
        """Nothing happened."""
        return not (self.threads or self.replies or self.meetings or self.articles)


def silent_members(db: Session, group: Group, today: date) -> list[MemberLine]:
    """Members for over 30 days who never wrote or marked anything in this group; one statement."""
    said = or_(
        exists().where(Thread.group_id == group.id, Thread.author_id == Membership.staff_id),
        exists().where(Post.author_id == Membership.staff_id, Post.thread_id == Thread.id, Thread.group_id == group.id),
        exists().where(Mark.staff_id == Membership.staff_id, Mark.thread_id == Thread.id, Thread.group_id == group.id),
    )
    return _members(db, group, Membership.since <= today - timedelta(days=SILENT_DAYS), ~said)


def newcomers(db: Session, group: Group, today: date) -> list[MemberLine]:
    """Members of the last 30 days whom nobody greeted yet; one statement."""
    new = Membership.since > today - timedelta(days=NEW_DAYS)
    return _members(db, group, new, Membership.greeted_on.is_(None))


def _members(db: Session, group: Group, *wanted: ColumnElement[bool]) -> list[MemberLine]:
    query = (
        select(Staff.id, Staff.code, Staff.name, Staff.position, Membership.standing)
        .join(Membership, Membership.staff_id == Staff.id)
        .where(Membership.group_id == group.id, Membership.standing == Standing.MEMBER.value, *wanted)
        .order_by(Membership.since.desc(), Staff.name)
        .limit(200)
    )
    return [MemberLine(*row) for row in db.execute(query)]


def unanswered(db: Session, group: Group, now: datetime) -> list[Thread]:
    """Threads nobody replied to for two days, and questions without a chosen answer, oldest first, at most 50."""
    replied = exists().where(Post.thread_id == Thread.id)
    answered = exists().where(Post.thread_id == Thread.id, Post.is_answer)
    waits = or_(~replied, (Thread.kind == "question") & ~answered)
    query = select(Thread).where(
        Thread.group_id == group.id, Thread.locked.is_(False), Thread.merged_into_id.is_(None), waits,
        Thread.at <= now - timedelta(days=UNANSWERED_DAYS), Thread.at > now - timedelta(days=365),
    )  # fmt: skip
    return list(db.scalars(query.order_by(Thread.at).limit(50)))


def month_of(db: Session, group: Group, first: date) -> Month:
    """What the month beginning on a day brought to a group, as everybody who reads its threads may know it."""
    viewer = ALL_STAFF if group.visibility == "open" else Viewer(staff_id=0, group_ids=frozenset({group.id}))
    after = (first + timedelta(days=32)).replace(day=1)
    since, until = start_of_day(first), start_of_day(after)
    threads = select(Thread.code, Thread.title).where(
        Thread.group_id == group.id, Thread.at >= since, Thread.at < until, Thread.merged_into_id.is_(None)
    )
    posts = (
        select(func.count(), func.sum(func.coalesce(Post.is_answer, False).cast(Post.id.type)))
        .join(Thread, Thread.id == Post.thread_id)
        .where(Thread.group_id == group.id, Post.at >= since, Post.at < until)
    )
    replies, answered = db.execute(posts).one()
    met = select(Meeting.code, Meeting.title, Meeting.on).where(
        Meeting.group_id == group.id, Meeting.on >= first, Meeting.on < after, Meeting.status != "void"
    )
    articles = select(Article.code, Article.title).where(
        readable(viewer), Article.first_published_on >= first, Article.first_published_on < after, came_from(group.id)
    )
    return Month(
        first=first,
        threads=[(code, title) for code, title in db.execute(threads.order_by(Thread.at).limit(30))],
        replies=replies,
        answered=int(answered or 0),
        meetings=[(code, title, on) for code, title, on in db.execute(met.order_by(Meeting.on).limit(30))],
        articles=[(code, title) for code, title in db.execute(articles.order_by(Article.id).limit(30))],
    )


def came_from(group_id: int) -> ColumnElement[bool]:
    """Condition on Article: born of a group's thread or meeting, or kept within the group."""
    threads = select(Thread.id).where(Thread.group_id == group_id)
    met = select(Meeting.id).where(Meeting.group_id == group_id)
    return or_(Article.thread_id.in_(threads), Article.meeting_id.in_(met), Article.group_id == group_id)


def month_text(group: Group, month: Month) -> tuple[str, str]:
    """(title, Markdown) of a month's summary, ready to be changed and sent."""
    name = f"{LONG_MONTHS[month.first.month - 1]} {month.first.year + 543}"
    lines = [f"สรุปของกลุ่มประจำเดือน{name}", ""]
    lines.append(
        f"เดือนนี้เราคุยกัน {len(month.threads)} กระทู้ {month.replies} คำตอบ ได้คำตอบที่ใช้ได้ {month.answered} เรื่อง"
        f" ประชุม {len(month.meetings)} ครั้ง และมีบทความ {len(month.articles)} เรื่อง"
    )
    sections = (
        ("กระทู้ของเดือนนี้", [f"- [{rules.plain_title(title)}](/threads/{code})" for code, title in month.threads]),
        (
            "การประชุม",
            [f"- [{rules.plain_title(t)}](/meetings/{code}) {thai_date(on)}" for code, t, on in month.meetings],
        ),
        ("บทความที่ออกจากวงคุย", [f"- [{rules.plain_title(title)}](/articles/{code})" for code, title in month.articles]),
    )
    for heading, items in sections:
        if items:
            lines += ["", f"**{heading}**", "", *items]
    return f"สรุปเดือน{name}", "\n".join([*lines, "", "ขอบคุณทุกคนที่แบ่งปัน เดือนหน้าอยากคุยเรื่องอะไรกันดี"])


@dataclass(frozen=True)
class HandOver:
    """What a facilitator settles before leaving; the numbers are what would be left to the next."""

    others: list[MemberLine]
    members: list[MemberLine]
    asking: int
    unanswered: int
    newcomers: int
    meetings: int


def hand_over(db: Session, group: Group, viewer: Viewer, today: date, now: datetime) -> HandOver:
    """The checklist of a facilitator who leaves; four statements."""
    everyone = queries.members(db, group.id)
    guests = queries.guests(db, group.id)
    open_meetings = select(func.count()).where(Meeting.group_id == group.id, Meeting.status == "draft")
    return HandOver(
        others=[m for m in everyone if m.standing == "facilitator" and m.staff_id != viewer.staff_id],
        members=[m for m in everyone if m.standing == "member" and m.staff_id not in guests],
        asking=sum(m.standing == "asked" for m in everyone),
        unanswered=len(unanswered(db, group, now)),
        newcomers=len(newcomers(db, group, today)),
        meetings=db.scalar(open_meetings) or 0,
    )
