"""Telling people, and what they do with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.core.database import insert_new, transaction
from app.core.errors import Invalid
from app.core.thai import one_line
from app.notifications import queries
from app.notifications.models import KINDS, Frequency, MailState, Notification, NotificationChoice
from app.people.models import Staff, Viewer

MAILED = (Frequency.AT_ONCE, Frequency.DAILY, Frequency.WEEKLY)


def notify(
    db: Session, kind: str, to: Iterable[int], text: str, url: str, key: str, now: datetime, *, audience: str = ""
) -> None:
    """Tell people one thing, in the transaction of the act; the same `key` reaches a person once. Two statements."""
    assert db.info.get("writing"), "a notification belongs in the transaction of its act"
    people = set(to)
    if not people:
        return
    tellings = [Telling(number, text, url, key, audience) for number in sorted(people)]
    insert_new(db, Notification, _rows(db, kind, tellings, now))


def _rows(db: Session, kind: str, tellings: list[Telling], now: datetime) -> list[dict[str, Any]]:
    """Rows for those who want to be told of a kind, each as they chose; one statement."""
    wanted = queries.choices(db, {one.staff_id for one in tellings}, kind)
    return [
        {
            "staff_id": one.staff_id, "kind": kind, "key": one.key[:160], "text": one_line(one.text)[:600],
            "url": one.url[:300], "audience": one.audience, "at": now, "mail": wanted[one.staff_id].value, "tries": 0,
            "mail_state": (MailState.WAITING if wanted[one.staff_id] in MAILED else MailState.NONE).value,
        }
        for one in tellings
        if wanted[one.staff_id] is not Frequency.OFF
    ]  # fmt: skip


@dataclass(frozen=True)
class Telling:
    """One thing one person is to be told."""

    staff_id: int
    text: str
    url: str
    key: str
    audience: str = ""


def notify_each(db: Session, kind: str, tellings: list[Telling], now: datetime) -> None:
    """Tell many people things of their own, each once; its own transaction, and none when all were told before."""
    keys = {one.key for one in tellings}
    known = select(Notification.staff_id, Notification.key).where(Notification.kind == kind, Notification.key.in_(keys))
    told = {(staff_id, key) for staff_id, key in db.execute(known)}
    fresh = [one for one in tellings if (one.staff_id, one.key) not in told]
    if not fresh:
        return
    rows = _rows(db, kind, fresh, now)
    with transaction(db):
        insert_new(db, Notification, rows)


def notify_codes(
    db: Session, kind: str, codes: Iterable[str], text: str, url: str, key: str, now: datetime, *, but: int | None,
    only: set[int] | None = None, audience: str = "",
) -> None:  # fmt: skip
    """As `notify`, for staff codes, leaving out `but`; with `only`, none but these."""
    named = list(codes)
    if not named:
        return
    found = set(db.scalars(select(Staff.id).where(Staff.code.in_(named), Staff.active))) - {but}
    notify(db, kind, found & only if only is not None else found, text, url, key, now, audience=audience)


def mark_read(db: Session, viewer: Viewer, number: int, now: datetime) -> str:
    """A person opened one; returns where it leads."""
    found = queries.notification(db, viewer, number)
    with transaction(db):
        db.execute(
            update(Notification).where(Notification.id == found.id, Notification.read_at.is_(None)).values(read_at=now)
        )
    return found.url


def mark_all_read(db: Session, viewer: Viewer, now: datetime) -> None:
    """A person has seen them all."""
    with transaction(db):
        db.execute(update(Notification).where(queries.mine(viewer), Notification.read_at.is_(None)).values(read_at=now))


def mark_read_by_url(db: Session, staff_id: int, url: str, now: datetime) -> None:
    """What an act settled needs no reading any more; inside the act's transaction."""
    db.execute(
        update(Notification)
        .where(Notification.staff_id == staff_id, Notification.url == url, Notification.read_at.is_(None))
        .values(read_at=now)
    )


def choose(db: Session, staff_id: int, wanted: dict[str, str]) -> None:
    """Store how a person wants each kind. Raises Invalid for a frequency that does not exist."""
    for kind, frequency in wanted.items():
        if kind not in KINDS or frequency not in {one.value for one in Frequency}:
            raise Invalid({kind: "โปรดเลือกความถี่จากรายการ"})
    with transaction(db):
        db.execute(delete(NotificationChoice).where(NotificationChoice.staff_id == staff_id))
        db.add_all(
            NotificationChoice(staff_id=staff_id, kind=kind, frequency=frequency)
            for kind, frequency in wanted.items()
            if KINDS[kind].default.value != frequency
        )
