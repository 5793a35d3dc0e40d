"""Sharing an article: to whom, with which words, who opened it, and what was shared with me."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from app.activity import commands as activity
from app.activity.models import TARGETED_CHANNELS, Opened, Share
from app.activity.queries import readers_of_shares, shares_of_article
from app.core.database import transaction
from app.core.errors import Invalid
from app.core.thai import fold, one_line
from app.knowledge.models import Article, State
from app.knowledge.queries import readable
from app.notifications.commands import notify
from app.people.models import Staff, StaffLine, Viewer
from app.people.rules import short_name


@dataclass(frozen=True)
class Target:
    """Whom a person may share with. `label` is what the sheet offers and takes; `members` are staff ids."""

    channel: str
    code: str
    name: str
    label: str
    members: frozenset[int]


@dataclass(frozen=True)
class Shared:
    """A share as its receivers see it. `opened`: the viewer read it through this link."""

    token: str
    title: str
    sharer: str
    note: str
    on: date
    channel: str
    opened: bool


@dataclass(frozen=True)
class OwnShare:
    """A share as its maker sees it; names of readers only for shares within the office."""

    share: Share
    readers: list[str]


def targets(
    groups: Sequence[tuple[str, str, frozenset[int]]], departments: Sequence[tuple[str, str]], roster: list[StaffLine]
) -> list[Target]:
    """Groups (code, name, members), departments (code, name) and people, each with a label of its own."""
    served: dict[str, set[int]] = defaultdict(set)
    for line in roster:
        served[line.department].add(line.id)
    found = [Target("group", code, name, f"กลุ่ม {name}", members) for code, name, members in groups]
    found += [Target("department", code, name, name, frozenset(served[name])) for code, name in departments]
    found += [
        Target("person", line.code, line.name, f"{short_name(line.name)} ({line.department})", frozenset({line.id}))
        for line in roster
    ]
    seen: dict[str, int] = defaultdict(int)
    for one in found:
        seen[one.label] += 1
    return [
        one if seen[one.label] == 1 else Target(one.channel, one.code, one.name, f"{one.label} {one.code}", one.members)
        for one in found
    ]


def target_named(offered: list[Target], typed: str) -> Target:
    """The one that was typed or chosen: a label, a whole name, or part of only one. Raises Invalid with the candidates."""
    wanted = fold(one_line(typed))
    if not wanted:
        raise Invalid({"to": "โปรดพิมพ์ชื่อกลุ่ม ส่วนราชการ หรือบุคคล แล้วเลือกจากรายการ"})
    exact = [one for one in offered if wanted in (fold(one.label), fold(one.name), fold(short_name(one.name)))]
    near = exact or [one for one in offered if wanted in fold(one.label)]
    if not near:
        raise Invalid({"to": f"ไม่พบ “{one_line(typed)[:60]}” ในกลุ่มของท่าน ส่วนราชการ หรือบุคลากร"})
    if len(near) > 1:
        some = ", ".join(one.label for one in near[:5])
        raise Invalid({"to": f"ตรงกันหลายรายการ: {some}{' และอื่น ๆ' if len(near) > 5 else ''} โปรดเลือกหนึ่งรายการ"})
    return near[0]


def share_article(
    db: Session, viewer: Viewer, article: Article, channel: str, target: Target | None, note: str, now: datetime,
    readers: set[int] | None = None,
) -> Share:  # fmt: skip
    """A link with a word beside it; those it is for are told.

    `readers` are the people of the article's group when it is kept to one. Raises Invalid where some of those it is
    for could not read it.
    """
    assert viewer.staff_id is not None
    note = one_line(note)
    to = (target.members if target else frozenset()) - {viewer.staff_id}
    if target is not None and readers is not None and not to <= readers:
        raise Invalid({"to": f"บทความนี้อ่านได้เฉพาะในกลุ่ม {target.label} มีคนที่เปิดอ่านไม่ได้ จึงยังไม่แชร์"})
    with transaction(db):
        code = target.code if target else ""
        made = activity.create_share(db, article.id, viewer.staff_id, channel, code, now, note)
        where = f"ใน{target.label}" if target and target.channel == "group" else "ให้ท่าน"
        text = f"{viewer.name} แชร์บทความ “{article.title}” {where}" + (f": {note}" if note else "")
        audience = f"g{article.group_id}" if article.visibility == "group" else ""
        notify(db, "shared", to, text, f"/s/{made.token}", f"shared:{made.id}", now, audience=audience)
    return made


def own_shares(db: Session, article_id: int, sharer_id: int) -> list[OwnShare]:
    """A person's own shares of an article, newest first, with who read through those within the office."""
    shares = shares_of_article(db, article_id, sharer_id)
    internal = [one.id for one in shares if one.channel in TARGETED_CHANNELS]
    pairs = [pair for pair in readers_of_shares(db, internal) if pair[1] != sharer_id] if internal else []
    query = select(Staff.id, Staff.name).where(Staff.id.in_({staff_id for _, staff_id in pairs}))
    names = {number: name for number, name in db.execute(query)} if pairs else {}
    by_share: dict[int, list[str]] = defaultdict(list)
    for share_id, staff_id in pairs:
        by_share[share_id].append(names[staff_id])
    return [OwnShare(one, by_share[one.id]) for one in shares]


def shared_with_me(
    db: Session, viewer: Viewer, department: str, groups: Sequence[str], limit: int = 50
) -> list[Shared]:
    """What others shared with this person, their department (code) or their groups (codes), newest first."""
    mine = [and_(Share.channel == "person", Share.target == viewer.code)]
    if department:
        mine.append(and_(Share.channel == "department", Share.target == department))
    if groups:
        mine.append(and_(Share.channel == "group", Share.target.in_(groups)))
    return _received(db, viewer, or_(*mine), limit)


def shared_with_group(db: Session, viewer: Viewer, code: str) -> list[Shared]:
    """What was last shared with a group, at most five that this person may read."""
    return _received(db, viewer, and_(Share.channel == "group", Share.target == code), 5, own=True)


def _received(
    db: Session, viewer: Viewer, wanted: ColumnElement[bool], limit: int, *, own: bool = False
) -> list[Shared]:
    opened = exists().where(Opened.share_id == Share.id, Opened.staff_id == viewer.staff_id, Opened.reason.is_(None))
    query = (
        select(Share, Article.title, Staff.name, opened)
        .join(Article, Article.id == Share.article_id)
        .join(Staff, Staff.id == Share.sharer_id)
        .where(wanted, readable(viewer), Article.state == State.PUBLISHED.value)
        .order_by(Share.id.desc())
        .limit(limit)
    )
    if not own:
        query = query.where(Share.sharer_id != viewer.staff_id)
    return [
        Shared(share.token, title, name, share.note, share.on, share.channel, bool(read))
        for share, title, name, read in db.execute(query)
    ]
