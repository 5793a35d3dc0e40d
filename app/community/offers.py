"""Questions nobody answered are offered to colleagues whose cards match them: once, to few, and only to who may read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from app.community import queries, rules
from app.community.models import Group, Post, Thread
from app.core.database import transaction
from app.notifications.commands import Telling, notify_each

WAIT_DAYS, GIVE_UP_DAYS = 3, 30
ASKED_PEOPLE = 3
AT_ONCE = 20

# Ids of the people whose cards match a text, best first.
Matching = Callable[[Session, str], list[int]]


def waiting_questions(db: Session, now: datetime) -> list[tuple[Thread, Group]]:
    """Questions of 3 to 30 days without a chosen answer or any reply by another, not offered yet, oldest first."""
    replied = exists().where(Post.thread_id == Thread.id, Post.author_id != Thread.author_id)
    query = (
        select(Thread, Group)
        .join(Group, Group.id == Thread.group_id)
        .where(
            Thread.kind == "question", Thread.locked.is_(False), Thread.merged_into_id.is_(None),
            Group.archived_on.is_(None), Thread.at <= now - timedelta(days=WAIT_DAYS),
            Thread.at > now - timedelta(days=GIVE_UP_DAYS), ~replied, Thread.offered_at.is_(None),
        )
        .order_by(Thread.at)
        .limit(AT_ONCE)
    )  # fmt: skip
    return [(thread, group) for thread, group in db.execute(query)]


def offer_questions(db: Session, matching: Matching, now: datetime) -> int:
    """Tell up to three people whose cards match each waiting question; returns how many were told."""
    told: list[Telling] = []
    done: list[int] = []
    for thread, group in waiting_questions(db, now):
        members = queries.members_ids(db, group.id)
        fit = [number for number in matching(db, thread.title) if number != thread.author_id]
        if group.visibility != "open":
            fit = [number for number in fit if number in members]
        audience = rules.told_audience(group)
        text = f"มีคำถามที่ท่านน่าจะรู้ และยังไม่มีใครตอบ: “{thread.title}”"
        told += [Telling(n, text, f"/threads/{thread.code}", f"help:{thread.id}", audience) for n in fit[:ASKED_PEOPLE]]
        done.append(thread.id)
    if done:
        with transaction(db):
            db.execute(update(Thread).where(Thread.id.in_(done)).values(offered_at=now))
    notify_each(db, "help_wanted", told, now)
    return len(told)
