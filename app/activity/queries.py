"""Questions to the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

from sqlalchemy import BindParameter, String, bindparam, func, select, type_coerce
from sqlalchemy.orm import Session

from app.activity.models import AccessDay, AccessFigures, LedgerSeal, Opened, Reason, Share
from app.core.database import AnySelect


def _figures() -> AnySelect:
    article: BindParameter[int] = bindparam("article")
    stands = select(Opened.person, Opened.on, Opened.hour).where(Opened.article_id == article, Opened.reason.is_(None))
    hours = stands.distinct().subquery()
    days = select(AccessDay.person, AccessDay.on).where(AccessDay.article_id == article).subquery()
    return select(
        select(func.count()).select_from(stands.subquery()).scalar_subquery(),
        select(func.count()).select_from(hours).scalar_subquery(),
        select(func.count()).select_from(days).scalar_subquery(),
        select(func.count(days.c.person.distinct())).scalar_subquery(),
    )


_FIGURES = _figures()


def access_figures(db: Session, article_id: int) -> AccessFigures:
    """The four figures of an article since it was published; one query, cost grows with its own openings."""
    return AccessFigures(*db.execute(_FIGURES, {"article": article_id}).one())


def share_by_token(db: Session, token: str) -> Share | None:
    """The share behind a link, or None."""
    return db.scalar(select(Share).where(Share.token == token))


def shares_of_article(db: Session, article_id: int, sharer_id: int) -> list[Share]:
    """A person's own shares of an article, newest first, at most 50."""
    query = select(Share).where(Share.article_id == article_id, Share.sharer_id == sharer_id)
    return list(db.scalars(query.order_by(Share.id.desc()).limit(50)))


def readers_of_shares(db: Session, share_ids: Collection[int]) -> list[tuple[int, int]]:
    """(share id, staff id) of people whose counted openings came through some links; guests are left out."""
    query = select(Opened.share_id, Opened.staff_id).where(
        Opened.share_id.in_(share_ids), Opened.reason.is_(None), Opened.staff_id.is_not(None)
    )
    rows = db.execute(query.distinct().order_by(Opened.share_id, Opened.staff_id))
    return [(share_id, staff_id) for share_id, staff_id in rows if share_id and staff_id]


def most_read(db: Session, article_ids: AnySelect | Collection[int], since: date, limit: int) -> list[tuple[int, int]]:
    """(article id, counted accesses) of the most read among some articles since a day, most first."""
    count = func.count()
    query = (
        select(AccessDay.article_id, count)
        .where(AccessDay.on >= since, AccessDay.article_id.in_(article_ids))
        .group_by(AccessDay.article_id)
        .order_by(count.desc(), AccessDay.article_id)
        .limit(limit)
    )
    return [(article, number) for article, number in db.execute(query)]


def seal_of(db: Session, day: date, previous: str) -> tuple[int, str]:
    """Number of lines recorded on a day and their hash chained to `previous`; reads that day's lines."""
    digest = hashlib.sha256(previous.encode())
    events = 0
    # SQLite keeps instants as text: making moments of millions of them only to write them out again takes a minute.
    as_text = db.get_bind().dialect.name == "sqlite"
    table: Any = Opened.__table__
    at_column = type_coerce(table.c.at, String) if as_text else table.c.at
    columns = [table.c[name] for name in ("channel", "share_id", "robot", "status_code", "reason")]
    query = select(table.c.id, table.c.article_id, table.c.person, at_column, *columns).order_by(table.c.id)
    of_day = query.where(table.c.recorded_on == day).execution_options(yield_per=5000)
    for some in db.connection().execute(of_day).partitions():
        lines = []
        for number, article, person, at, channel, share, robot, status, reason in some:
            # A double is found out later, when the next opening comes: the only verdict that may change.
            verdict = "" if reason is None or reason == Reason.DOUBLE.value else reason
            moment = _as_iso(at) if as_text else at.isoformat()
            lines.append(f"{number}|{article}|{person}|{moment}|{channel}|{share}|{int(robot)}|{status}|{verdict}\n")
        digest.update("".join(lines).encode())
        events += len(lines)
    return events, digest.hexdigest()


def _as_iso(kept: str) -> str:
    """An instant as SQLite keeps it, as ISO: `2015-03-01 02:00:00.000000` -> `2015-03-01T02:00:00+00:00`."""
    whole, _, part = kept.partition(".")
    return f"{whole[:10]}T{whole[11:]}{'' if part == '000000' or not part else '.' + part}+00:00"


def seals(db: Session) -> list[LedgerSeal]:
    """All seals, oldest first."""
    return list(db.scalars(select(LedgerSeal).order_by(LedgerSeal.recorded_on)))


def broken_seals(db: Session) -> Iterator[date]:
    """Days whose lines no longer give the hash that was sealed; reads the whole sealed ledger."""
    previous = ""
    for seal in seals(db):
        events, digest = seal_of(db, seal.recorded_on, previous)
        if (events, digest) != (seal.events, seal.sha256):
            yield seal.recorded_on
        previous = seal.sha256


def unsealed_days(db: Session, before: date) -> list[date]:
    """Days before `before` with lines and no seal, oldest first."""
    last = db.scalar(select(func.max(LedgerSeal.recorded_on)))
    query = select(Opened.recorded_on).where(Opened.recorded_on < before).distinct().order_by(Opened.recorded_on)
    if last is not None:
        query = query.where(Opened.recorded_on > last)
    return list(db.scalars(query))


def openings_of(db: Session, staff_id: int, limit: int = 200) -> list[Opened]:
    """A person's own openings, newest first, the excluded with their reason."""
    query = select(Opened).where(Opened.staff_id == staff_id).order_by(Opened.at.desc(), Opened.id.desc())
    return list(db.scalars(query.limit(limit)))


def shares_of(db: Session, staff_id: int, limit: int = 100) -> list[Share]:
    """A person's own shares, newest first."""
    return list(db.scalars(select(Share).where(Share.sharer_id == staff_id).order_by(Share.id.desc()).limit(limit)))
