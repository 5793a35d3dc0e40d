"""Questions about the network."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.core.database import count_rows
from app.core.errors import NotFound
from app.core.paging import Page
from app.network.models import FeedItem, FeedSource

PAGE_SIZE = 30
ASK_HOURS, ASK_AGAIN_HOURS = 6, 24


def sources(db: Session) -> list[FeedSource]:
    """All feeds by name."""
    return list(db.scalars(select(FeedSource).order_by(FeedSource.name, FeedSource.id)))


def source(db: Session, number: int) -> FeedSource:
    """One feed. Raises NotFound."""
    found = db.get(FeedSource, number)
    if found is None:
        raise NotFound("ไม่พบหน่วยงานนี้ในเครือข่าย")
    return found


def items(db: Session, number: int) -> Page[tuple[FeedItem, FeedSource]]:
    """A page of what came in, newest first; two statements."""
    query = select(FeedItem, FeedSource).join(FeedSource, FeedSource.id == FeedItem.source_id)
    total = count_rows(db, query)
    rows = db.execute(
        query.order_by(FeedItem.published_at.desc(), FeedItem.id.desc())
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page([(item, source) for item, source in rows], number, PAGE_SIZE, total)


def due(db: Session, now: datetime) -> FeedSource | None:
    """The feed that was not asked for the longest time, if its time has come: six hours, a day after a failure."""
    ready = or_(
        FeedSource.asked_at.is_(None),
        (FeedSource.trouble == "") & (FeedSource.asked_at <= now - timedelta(hours=ASK_HOURS)),
        FeedSource.asked_at <= now - timedelta(hours=ASK_AGAIN_HOURS),
    )
    return db.scalar(
        select(FeedSource).where(ready).order_by(FeedSource.asked_at.nulls_first(), FeedSource.id).limit(1)
    )
