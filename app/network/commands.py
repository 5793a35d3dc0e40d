"""Changes of the network: subscribe, take in what is new, unsubscribe."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.core.database import insert_new, transaction
from app.core.errors import Invalid
from app.core.thai import one_line
from app.network import feeds, queries
from app.network.feeds import Feed
from app.network.models import FeedItem, FeedSource
from app.people.models import Viewer
from app.people.rules import is_email

MAX_SOURCES = 200


def subscribe(
    db: Session, viewer: Viewer, url: str, name: str, contact: str, now: datetime, *, private: bool
) -> FeedSource:
    """Read a feed once and keep on reading it. Raises Invalid per field; nothing is kept then."""
    assert viewer.staff_id is not None
    url, name, contact = one_line(url), one_line(name), one_line(contact)
    if contact and not is_email(contact):
        raise Invalid({"contact": "อีเมลไม่ถูกต้อง"})
    if db.scalar(select(FeedSource.id).where(FeedSource.url == url)) is not None:
        raise Invalid({"url": "ติดตามฟีดนี้อยู่แล้ว"})
    if len(queries.sources(db)) >= MAX_SOURCES:
        raise Invalid({"url": f"ติดตามได้ไม่เกิน {MAX_SOURCES} หน่วยงาน"})
    db.rollback()  # Nothing is held while the other office is asked.
    found = feeds.parse(feeds.fetch(url, private=private), url)
    with transaction(db):
        source = FeedSource(
            url=url, name=(name or found.title or url)[:200], contact=contact[:200], added_by_id=viewer.staff_id,
            added_at=now, asked_at=now,
        )  # fmt: skip
        db.add(source)
        db.flush()
        _take_in(db, source.id, found)
    return source


def _take_in(db: Session, source_id: int, found: Feed) -> None:
    insert_new(db, FeedItem, [{"source_id": source_id, **vars(entry)} for entry in found.entries])


def read_due(db: Session, now: datetime, *, private: bool) -> bool:
    """Read the one feed whose time has come; True when there was one. What went wrong is kept beside it."""
    source = queries.due(db, now)
    if source is None:
        return False
    number, url = source.id, source.url
    db.rollback()
    _note(db, number, now, "อ่านค้างไว้")  # Whatever happens next, the other feeds get their turn.
    try:
        found = feeds.parse(feeds.fetch(url, private=private), url)
    except Invalid as error:
        _note(db, number, now, next(iter(error.fields.values())))
        return True
    with transaction(db):
        if db.get(FeedSource, number) is not None:
            _take_in(db, number, found)
    _note(db, number, now, "")
    return True


def _note(db: Session, number: int, now: datetime, trouble: str) -> None:
    with transaction(db):
        db.execute(update(FeedSource).where(FeedSource.id == number).values(asked_at=now, trouble=trouble[:300]))


def unsubscribe(db: Session, number: int) -> None:
    """Forget a feed and what came in it."""
    source = queries.source(db, number)
    with transaction(db):
        db.execute(delete(FeedItem).where(FeedItem.source_id == source.id))
        db.execute(delete(FeedSource).where(FeedSource.id == source.id))
