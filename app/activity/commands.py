"""Writes to the ledger: an opening, a share, the seal of a day, the judging of a whole ledger again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.activity import queries, recounting, rules
from app.activity.models import (
    SHARE_CHANNELS,
    AccessDay,
    DailySalt,
    LedgerSeal,
    Opened,
    OpenedFacts,
    Reason,
    Share,
    Traffic,
)
from app.core.clock import BANGKOK, bangkok_day
from app.core.database import insert_or_skip, transaction
from app.core.errors import Invalid


@dataclass(frozen=True)
class Opening:
    """One opening of an item by a person, judged by `facts`. `guest` is a key when `staff_id` is None."""

    article_id: int
    staff_id: int | None
    guest: str
    channel: str
    facts: OpenedFacts
    share_token: str = ""
    address: str = ""
    user_agent: str = ""


def record_opened(db: Session, opening: Opening, recorded_on: date) -> int:
    """Store an opening with its reason, the day rollup and the share it verifies; returns the line's id.

    One short transaction, at most eight statements whatever the size of the ledger.
    """
    with transaction(db):
        share = queries.share_by_token(db, opening.share_token) if opening.share_token else None
        if share is not None and share.article_id != opening.article_id:
            share = None
        line = new_line(opening, share, recorded_on)
        if line.reason is None:
            _replace_double(db, line)
        db.add(line)
        db.flush()
        if opening.address:
            agent, address = opening.user_agent[:400], opening.address[:64]
            db.add(Traffic(opened_id=line.id, at=line.at, address=address, user_agent=agent))
        if line.reason is None:
            _count(db, line)
            unverified = share is not None and share.verified_on is None
            if share is not None and unverified and rules.verifies(share.sharer_id, share.on, line.staff_id, line.on):
                share.verified_on = line.on
    return line.id


def new_line(opening: Opening, share: Share | None, recorded_on: date) -> Opened:
    """Ledger line of an opening, judged but for doubles."""
    reason = rules.reason_against(opening.facts)
    local = opening.facts.at.astimezone(BANGKOK)
    channel = opening.channel
    if share is not None and channel == "web":
        channel = "board" if share.channel == "board" else "share"
    return Opened(
        article_id=opening.article_id,
        person=rules.person_key(opening.staff_id, opening.guest),
        staff_id=opening.staff_id,
        at=opening.facts.at,
        on=local.date(),
        hour=local.hour,
        channel=channel,
        share_id=share.id if share else None,
        robot=opening.facts.robot,
        status_code=opening.facts.status_code,
        reason=reason.value if reason else None,
        recorded_on=recorded_on,
    )


def _count(db: Session, line: Opened) -> None:
    row = {
        "on": line.on, "person": line.person, "article_id": line.article_id, "staff_id": line.staff_id,
        "channel": line.channel,
    }  # fmt: skip
    insert_or_skip(db, AccessDay, [row])


def _replace_double(db: Session, line: Opened) -> None:
    """The opening that this one follows within 30 s stops counting; a day left empty by it leaves the rollup."""
    since = line.at - timedelta(seconds=rules.DOUBLE_SECONDS)
    earlier = select(Opened.id, Opened.on, Opened.share_id).where(
        Opened.article_id == line.article_id,
        Opened.person == line.person,
        Opened.reason.is_(None),
        Opened.at >= since,
        Opened.at <= line.at,
    )
    for number, day, share_id in db.execute(earlier).all():
        db.execute(update(Opened).where(Opened.id == number).values(reason=Reason.DOUBLE.value))
        if day != line.on:
            _drop_empty_day(db, line, day)
        if share_id is not None:
            recounting.verify_shares(db, {share_id})


def _drop_empty_day(db: Session, line: Opened, day: date) -> None:
    same = (Opened.article_id == line.article_id, Opened.person == line.person, Opened.on == day)
    if db.scalar(select(Opened.id).where(*same, Opened.reason.is_(None)).limit(1)) is None:
        db.execute(
            delete(AccessDay).where(
                AccessDay.article_id == line.article_id, AccessDay.person == line.person, AccessDay.on == day
            )
        )


def create_share(db: Session, article_id: int, sharer_id: int, channel: str, target: str, now: datetime) -> Share:
    """A new token link. Raises Invalid for an unknown channel or a missing target."""
    if channel not in SHARE_CHANNELS:
        raise Invalid({"channel": "ช่องทางนี้ไม่มีในระบบ"})
    if channel in ("group", "department", "person") and not target:
        raise Invalid({"target": "โปรดเลือกว่าจะแชร์ให้ใคร"})
    with transaction(db):
        token = secrets.token_urlsafe(12)
        share = Share(
            code="SH-" + secrets.token_hex(5), token=token, article_id=article_id, sharer_id=sharer_id,
            channel=channel, target=target[:200], at=now, on=bangkok_day(now),
        )  # fmt: skip
        db.add(share)
    return share


def salt_of(db: Session, day: date) -> str:
    """Salt of the day's guest keys; made at the first guest of the day, older ones thrown away."""
    found = db.scalar(select(DailySalt.salt).where(DailySalt.on == day))
    if found is not None:
        return found
    with transaction(db):
        insert_or_skip(db, DailySalt, [{"on": day, "salt": secrets.token_hex(32)}])
        db.execute(delete(DailySalt).where(DailySalt.on < day))
    return db.scalars(select(DailySalt.salt).where(DailySalt.on == day)).one()


def seal_ledger(db: Session, today: date) -> int:
    """Seal every past day not sealed yet, in one transaction; returns how many."""
    days = queries.unsealed_days(db, today)
    if not days:
        return 0
    with transaction(db):
        existing = queries.seals(db)
        previous = existing[-1].sha256 if existing else ""
        for day in queries.unsealed_days(db, today):
            events, previous = queries.seal_of(db, day, previous)
            db.add(LedgerSeal(recorded_on=day, events=events, sha256=previous))
    return len(days)


def purge_traffic(db: Session, before: datetime) -> None:
    """Throw away addresses and programs older than an instant."""
    with transaction(db):
        db.execute(delete(Traffic).where(Traffic.at < before))
