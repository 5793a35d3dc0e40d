"""สรุปประจำสัปดาห์: what awaits a person, what they follow, and three good things, gathered over the slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Blueprint, render_template
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.activity.queries import most_read
from app.community import advice, meeting_queries, rules
from app.community.models import Group, Post, Thread, ThreadFollow, ThreadRead
from app.community.queries import readable_groups
from app.core.clock import bangkok_day
from app.core.config import Config
from app.core.database import AnySelect
from app.core.thai import thai_date
from app.core.web import config, db, now, part
from app.knowledge import life_queries, review_queries
from app.knowledge.models import Article, State
from app.knowledge.queries import readable
from app.knowledge.sharing import shared_with_me
from app.notifications.commands import Telling, notify_each
from app.notifications.models import Frequency, Notification
from app.notifications.rules import Line, digest_before
from app.people.current import staff_only, viewer
from app.people.models import Staff, Viewer
from app.people.queries import roster
from app.training import queries as training
from app.viewing import load_viewer

blueprint = Blueprint("digest", __name__)
GOOD_THINGS = 3
LINES_A_PART = 6
# A server that was off over the weekend's end still tells; later it waits for the next week.
LATEST = timedelta(days=2)


@dataclass(frozen=True)
class Digest:
    """Three parts of a week, each a list of lines; empty when nothing happened."""

    awaits: list[Line] = field(default_factory=list)
    follows: list[Line] = field(default_factory=list)
    good: list[Line] = field(default_factory=list)

    @property
    def parts(self) -> list[tuple[str, list[Line]]]:
        """(heading, lines) of the parts that have any."""
        named = (("รอท่าน", self.awaits), ("ที่ท่านติดตาม", self.follows), ("เรื่องดีของสัปดาห์", self.good))
        return [(heading, lines[:LINES_A_PART]) for heading, lines in named if lines]


def digest_of(db: Session, who: Viewer, settings: Config, settled: Sequence[AnySelect], at: datetime) -> Digest:
    """The digest of one person at an instant; a fixed number of statements."""
    assert who.staff_id is not None
    today = bangkok_day(at)
    owed = training.obligations(db, settled, today, settings.obligation_days, staff_id=who.staff_id)
    awaits = [Line(f"เขียนบทความหลังอบรม: {one.title}", f"/trainings/{one.code}", at) for one in owed]
    awaits += [
        Line(f"ตรวจบทความ: {one.title}", f"/articles/{one.code}/review", at)
        for one in review_queries.waiting_for(db, who, today)
    ]
    awaits += [
        Line(f"อ่านและรับทราบ: {card.title}", f"/articles/{card.code}", at)
        for card, _ in life_queries.asked_to_read(db, who)
    ]
    awaits += [
        Line(f"{name} ขอคำปรึกษา: {one.subject}", "/consultations", at)
        for one, name in advice.waiting_consultations(db, who.staff_id)
    ]
    awaits += [
        Line(f"งานที่รับไว้: {task.text}", f"/meetings/{code}", at) for task, code, _ in meeting_queries.open_tasks(db, who)
    ]
    week = today + timedelta(days=7)
    awaits += [
        Line(f"ประชุม {rules.meeting_time(one)}: {one.title}", f"/meetings/{one.code}", at)
        for one in meeting_queries.coming(db, who, today, LINES_A_PART)
        if one.on < week
    ]
    shared = [
        one
        for one in shared_with_me(db, who, "", [], LINES_A_PART)
        if not one.opened and one.on >= today - timedelta(days=7)
    ]
    awaits += [Line(f"{one.sharer} แชร์ให้ท่าน: {one.title}", f"/s/{one.token}", at) for one in shared]
    return Digest(awaits, _followed(db, who, at), _good_things(db, who, at))


def _followed(db: Session, who: Viewer, at: datetime) -> list[Line]:
    """Threads a person wrote in or follows, not muted, with replies they have not read; one statement."""
    wrote = select(Post.thread_id).where(Post.author_id == who.staff_id)
    chosen = select(ThreadFollow.thread_id).where(ThreadFollow.staff_id == who.staff_id, ThreadFollow.muted.is_(False))
    muted = select(ThreadFollow.thread_id).where(ThreadFollow.staff_id == who.staff_id, ThreadFollow.muted)
    new = (
        select(func.count())
        .where(
            Post.thread_id == Thread.id,
            Post.author_id != who.staff_id,
            Post.at > func.coalesce(ThreadRead.read_at, Thread.at),
        )
        .correlate(Thread, ThreadRead)
        .scalar_subquery()
    )
    query = (
        select(Thread.code, Thread.title, new)
        .join(Group, Group.id == Thread.group_id)
        .outerjoin(ThreadRead, (ThreadRead.thread_id == Thread.id) & (ThreadRead.staff_id == who.staff_id))
        .where(
            or_(Thread.author_id == who.staff_id, Thread.id.in_(wrote), Thread.id.in_(chosen)), Thread.id.not_in(muted),
            readable_groups(who), Thread.last_at > at - timedelta(days=60),
            Thread.merged_into_id.is_(None), new > 0,
        )
        .order_by(Thread.last_at.desc())
        .limit(LINES_A_PART)
    )  # fmt: skip
    return [Line(f"{title} ({count} คำตอบใหม่)", f"/threads/{code}", at) for code, title, count in db.execute(query)]


def _good_things(db: Session, who: Viewer, at: datetime) -> list[Line]:
    """The three articles most read within a week that this person may read; two statements."""
    since = bangkok_day(at) - timedelta(days=7)
    wanted = select(Article.id).where(
        readable(who), Article.state == State.PUBLISHED.value, Article.author_id != who.staff_id
    )
    counted = most_read(db, wanted, since, GOOD_THINGS)
    query = select(Article.id, Article.code, Article.title).where(Article.id.in_([number for number, _ in counted]))
    named = {number: (code, title) for number, code, title in db.execute(query)}
    return [Line(named[n][1], f"/articles/{named[n][0]}", at) for n, _ in counted]


def as_lines(found: Digest) -> list[Line]:
    """The digest as lines of a mail, headings without an address."""
    return [line for heading, lines in found.parts for line in (Line(heading, "", lines[0].at), *lines)]


def tell_of_week(db: Session, settings: Config, settled: Sequence[AnySelect], at: datetime) -> int:
    """Promise this week's digest to everybody who has something in it, once; returns how many.

    The promise is dated at the edge of the week, Monday seven o'clock, so that it goes out with the weekly mails.
    """
    edge = digest_before(Frequency.WEEKLY, at)
    if at - edge > LATEST:
        return 0
    key = f"digest:{bangkok_day(edge)}"
    told = set(db.scalars(select(Notification.staff_id).where(Notification.kind == "digest", Notification.key == key)))
    people = select(Staff).where(Staff.id.in_(select(roster(bangkok_day(at)).subquery().c.staff_id)), Staff.active)
    fresh = []
    for person in db.scalars(people.order_by(Staff.id)).all():
        if person.id in told:
            continue
        who = load_viewer(db, person, bangkok_day(at))
        if who.staff_id is not None and digest_of(db, who, settings, settled, at).parts:
            fresh.append(Telling(person.id, f"สรุปประจำสัปดาห์ {thai_date(bangkok_day(edge))}", "/digest", key))
    notify_each(db, "digest", fresh, edge)
    return len(fresh)


@blueprint.get("/digest")
@staff_only
def page() -> str:
    """The digest as it would be now."""
    found = digest_of(db(), viewer(), config(), part("settled_obligations")(), now())
    return render_template("home/digest.html", parts=found.parts)
