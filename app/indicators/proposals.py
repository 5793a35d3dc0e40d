"""What the system saw and a person may make a record of: rows B1, B5 and C3. Nothing counts before a person confirms
and another verifies.

Candidates of B1 stand in the counting contract, row B1 (a new group's first activity, an executive's endorsement, a
knowledge market); of B5, web entries of the channel team; of C3, a word that search did not find and now does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from app.community.models import Group, Meeting, Post, Praise, Thread
from app.core.clock import bangkok_day
from app.core.database import insert_or_skip, transaction
from app.core.errors import NotFound
from app.core.thai import thai_date
from app.indicators import registers
from app.indicators.models import CareLog, Dismissal, Improvement
from app.indicators.registers import REGISTERS
from app.knowledge.models import Article, Revision
from app.people.models import Role, Staff, StaffRole, Team, TeamMember, Viewer
from app.search.models import SearchGap

MOST = 30


@dataclass(frozen=True)
class Proposal:
    """One candidate: the register it would stand in, the day of the act, its words and the fields of the record."""

    key: str
    register: str
    row: str
    on: date
    text: str
    url: str
    values: dict[str, Any]


def proposals(db: Session, viewer: Viewer, first_day: date, last_day: date) -> list[Proposal]:
    """Candidates of a span of days, newest first, without those taken up or put aside; ten statements at most."""
    found = [
        *_first_activities(db, viewer, first_day, last_day), *_endorsements(db, viewer, first_day, last_day),
        *_markets(db, viewer, first_day, last_day), *_web_care(db, first_day, last_day), *_findable(db, first_day, last_day),
    ]  # fmt: skip
    put_aside = set(db.scalars(select(Dismissal.key)))
    fresh = {one.key: one for one in found if one.key not in put_aside}
    return sorted(fresh.values(), key=lambda one: (one.on, one.key), reverse=True)[:MOST]


def _seen(viewer: Viewer) -> Any:
    return or_(Group.visibility == "open", Group.id.in_(viewer.group_ids))


GONE = "ข้อเสนอนี้ถูกยืนยันหรือวางไว้แล้ว"


def _activity(key: str, on: date, title: str, url: str) -> Proposal:
    values = {"kind": "climate", "on": on, "title": title[:300]}
    return Proposal(key, "activity", "B1", on, title, url, values)


def _first_activities(db: Session, viewer: Viewer, first_day: date, last_day: date) -> Iterator[Proposal]:
    """The first thread or meeting of each group that was founded in the span."""
    founded = and_(Group.founded_on >= first_day, Group.founded_on <= last_day, _seen(viewer))
    firsts: dict[int, tuple[date, str, Group]] = {}
    threads = (
        select(Group, func.min(Thread.at)).join(Thread, Thread.group_id == Group.id).where(founded).group_by(Group.id)
    )
    for group, at in db.execute(threads):
        firsts[group.id] = (bangkok_day(at), f"/groups/{group.code}", group)
    meetings = (
        select(Group, func.min(Meeting.on)).join(Meeting, Meeting.group_id == Group.id)
        .where(founded, Meeting.status.in_(("submitted", "verified"))).group_by(Group.id)
    )  # fmt: skip
    # A first meeting that is a market is proposed as that: one act, one proposal.
    markets = {(one.group_id, one.on) for one in db.scalars(_market_meetings(viewer, first_day, last_day))}
    for group, on in db.execute(meetings):
        if group.id not in firsts or on < firsts[group.id][0]:
            firsts[group.id] = (on, f"/groups/{group.code}", group)
            if (group.id, on) in markets:
                del firsts[group.id]
    for on, url, group in firsts.values():
        if on <= last_day:
            yield _activity(f"first:{group.code}", on, f"กิจกรรมแรกของกลุ่ม{group.name}", url)


def _endorsements(db: Session, viewer: Viewer, first_day: date, last_day: date) -> Iterator[Proposal]:
    """An executive who writes in a group or praises somebody: one a person and day."""
    executives = select(StaffRole.staff_id).where(StaffRole.role == Role.EXECUTIVE.value)
    said = (
        select(Post.at, Staff.code, Staff.name, Thread.code)
        .join(Thread, Thread.id == Post.thread_id)
        .join(Group, Group.id == Thread.group_id)
        .join(Staff, Staff.id == Post.author_id)
        .where(Post.author_id.in_(executives), Post.author_id != Thread.author_id, _seen(viewer))
        .order_by(Post.at.desc())
        .limit(200)
    )
    for at, code, name, thread in db.execute(said):
        on = bangkok_day(at)
        if first_day <= on <= last_day:
            yield _activity(
                f"endorse:{code}:{on}", on, f"ผู้บริหาร ({name}) ร่วมให้กำลังใจในกระทู้ของกลุ่ม", f"/threads/{thread}"
            )
    praised = (
        select(Praise.at, Staff.code, Staff.name)
        .join(Staff, Staff.id == Praise.by_id)
        .where(Praise.by_id.in_(executives))
        .order_by(Praise.at.desc())
        .limit(200)
    )
    for at, code, name in db.execute(praised):
        on = bangkok_day(at)
        if first_day <= on <= last_day:
            yield _activity(f"endorse:{code}:{on}", on, f"ผู้บริหาร ({name}) ยกย่องผู้แบ่งปันความรู้", "/praise")


def _markets(db: Session, viewer: Viewer, first_day: date, last_day: date) -> Iterator[Proposal]:
    """Meetings held as, or named, a knowledge market."""
    for meeting in db.scalars(_market_meetings(viewer, first_day, last_day)):
        yield _activity(f"market:{meeting.code}", meeting.on, meeting.title, f"/meetings/{meeting.code}")


def _market_meetings(viewer: Viewer, first_day: date, last_day: date) -> Select[Meeting]:
    return (
        select(Meeting)
        .outerjoin(Group, Group.id == Meeting.group_id)
        .where(
            Meeting.on >= first_day, Meeting.on <= last_day, or_(Meeting.kind == "market", Meeting.title.like("%ตลาดนัด%")),
            Meeting.status.in_(("submitted", "verified")), or_(Group.id.is_(None), _seen(viewer)),
        )
    )  # fmt: skip


def _web_care(db: Session, first_day: date, last_day: date) -> Iterator[Proposal]:
    """Days on which somebody of an appointed channel team put articles on the web or mended them."""
    query = (
        select(Revision.on, Team.id, Team.code, func.count(Article.id.distinct()), func.min(Article.code))
        .join(Article, Article.id == Revision.article_id)
        .join(TeamMember, TeamMember.staff_id == Revision.editor_id)
        .join(Team, Team.id == TeamMember.team_id)
        .where(
            Team.kind == "channel", Team.valid_from <= Revision.on,
            or_(Team.valid_to.is_(None), Team.valid_to >= Revision.on),
            Revision.on >= first_day, Revision.on <= last_day, Revision.approved, Revision.minor.is_(False),
            Article.visibility == "public", Article.state == "published", Article.deleted_at.is_(None),
        )
        .group_by(Revision.on, Team.id, Team.code)
        .order_by(Revision.on.desc())
        .limit(MOST)
    )  # fmt: skip
    logged = {
        on for (on,) in db.execute(
            select(CareLog.on).where(CareLog.channel == "web", CareLog.status != "void", CareLog.on >= first_day)
        )
    }  # fmt: skip
    for on, team_id, team, count, code in db.execute(query):
        if on not in logged:
            what = f"ปรับข้อมูลบนเว็บไซต์ {count} เรื่อง วันที่ {thai_date(on)}"
            values = {"team_id": team_id, "on": on, "channel": "web", "what": what}
            yield Proposal(f"care:{team}:{on}", "care_log", "B5", on, what, f"/articles/{code}", values)


def _findable(db: Session, first_day: date, last_day: date) -> Iterator[Proposal]:
    """Words that search did not know and the secretary taught it, one proposal a day."""
    days: dict[date, list[str]] = {}
    for gap in db.scalars(select(SearchGap).where(SearchGap.state == "synonym").order_by(SearchGap.query)):
        on = bangkok_day(gap.decided_at)
        if first_day <= on <= last_day:
            days.setdefault(on, []).append(gap.query)
    logged = {
        on for (on,) in db.execute(
            select(Improvement.on).where(Improvement.channel == "web", Improvement.status != "void", Improvement.on >= first_day)
        )
    }  # fmt: skip
    for on, words in days.items():
        if on in logged:
            continue
        named = ", ".join(f"“{word}”" for word in words[:5])
        values: dict[str, Any] = {
            "on": on, "channel": "web", "before": f"ค้นคำว่า {named} ไม่พบเรื่องใด",
            "after": f"ค้นคำว่า {named} พบเรื่องที่ใช้คำอื่น", "why": "มีผู้ค้นแล้วไม่พบ จึงเพิ่มคำพ้องให้ช่องค้นหา",
        }  # fmt: skip
        yield Proposal(f"find:{on}", "improvement", "C3", on, f"ค้นคำว่า {named} พบเรื่องที่ใช้คำอื่น", "/search/gaps", values)


def take_up(db: Session, viewer: Viewer, key: str, first_day: date, last_day: date, now: datetime) -> Any:
    """Make the record of a proposal, waiting to be verified by another person. Raises NotFound."""
    assert viewer.staff_id is not None
    chosen = _chosen(db, viewer, key, first_day, last_day)
    with transaction(db):
        _put_aside(db, viewer.staff_id, key, now)
        kept = registers.record(db, REGISTERS[chosen.register], chosen.values, (), viewer.staff_id, now)
    return kept


def dismiss(db: Session, viewer: Viewer, key: str, first_day: date, last_day: date, now: datetime) -> None:
    """Put a proposal aside for good. Raises NotFound."""
    assert viewer.staff_id is not None
    _chosen(db, viewer, key, first_day, last_day)
    with transaction(db):
        _put_aside(db, viewer.staff_id, key, now)


def _chosen(db: Session, viewer: Viewer, key: str, first_day: date, last_day: date) -> Proposal:
    found = next((one for one in proposals(db, viewer, first_day, last_day) if one.key == key), None)
    if found is None:
        raise NotFound(GONE)
    return found


def _put_aside(db: Session, staff_id: int, key: str, now: datetime) -> None:
    """Raises NotFound when another did so a moment before."""
    if not insert_or_skip(db, Dismissal, {"key": key, "by_id": staff_id, "at": now}):
        raise NotFound(GONE)
