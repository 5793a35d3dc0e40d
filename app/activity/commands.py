"""Writes to the ledger: an opening, a share, the seal of a day, the judging of a whole ledger again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from app.activity import queries, recounting, rules
from app.activity.models import (
    SHARE_CHANNELS,
    TARGETED_CHANNELS,
    AccessCount,
    AccessDay,
    AccessMonth,
    DailySalt,
    LedgerSeal,
    Opened,
    OpenedFacts,
    Reason,
    Share,
    Traffic,
)
from app.core.clock import bangkok_day
from app.core.database import insert_or_add, insert_or_skip, lock_for_transaction, transaction
from app.core.errors import Invalid
from app.core.thai import BANGKOK


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

    One short transaction, at most ten statements whatever the size of the ledger.
    """
    changes: Changes = {}
    with transaction(db):
        share = queries.share_by_token(db, opening.share_token) if opening.share_token else None
        if share is not None and share.article_id != opening.article_id:
            share = None
        line = new_line(opening, share, recorded_on)
        if line["reason"] is None:
            lock_for_transaction(db, f"opened {line['article_id']} {line['person']}")
            if _replace_double(db, line, changes):
                line["reason"] = Reason.DOUBLE.value
        inserted = db.connection().execute(_NEW_LINE, line).inserted_primary_key
        number = int(inserted[0]) if inserted else 0
        if opening.address:
            agent, address = opening.user_agent[:400], opening.address[:64]
            traffic = {"opened_id": number, "at": line["at"], "address": address, "user_agent": agent}
            db.connection().execute(_NEW_TRAFFIC, traffic)
        if line["reason"] is None:
            row = {name: line[name] for name in ("on", "person", "article_id", "staff_id", "channel")}
            _note(changes, line["on"], accesses=int(insert_or_skip(db, AccessDay, row)))
            _verify(share, opening.staff_id, line["on"])
        else:
            _note(changes, line["on"], excluded=1)
        _add_up(db, line["staff_id"] or 0, changes)
    return number


# What one opening changes in the sums: day -> [accesses, excluded].
Changes = dict[date, list[int]]


def _note(changes: Changes, on: date, accesses: int = 0, excluded: int = 0) -> None:
    day = changes.setdefault(on, [0, 0])
    day[0] += accesses
    day[1] += excluded


def _add_up(db: Session, staff_id: int, changes: Changes) -> None:
    """Days before months, in their order, so that no two writers wait for each other."""
    months: Changes = {}
    for on, (accesses, excluded) in sorted(changes.items()):
        if accesses or excluded:
            insert_or_add(db, AccessCount, {"on": on, "staff_id": staff_id, "accesses": accesses, "excluded": excluded})
            _note(months, on.replace(day=1), accesses, excluded)
    for month, (accesses, excluded) in months.items():
        insert_or_add(
            db, AccessMonth, {"month": month, "staff_id": staff_id, "accesses": accesses, "excluded": excluded}
        )


def _verify(share: Share | None, reader_id: int | None, on: date) -> None:
    if share is None or (share.verified_on is not None and share.verified_on <= on):
        return  # One from the spool may be earlier than what came first.
    if rules.verifies(share.sharer_id, share.on, reader_id, on):
        share.verified_on = on


_NEW_LINE = insert(Opened.__table__)  # type: ignore[arg-type]
_NEW_TRAFFIC = insert(Traffic.__table__)  # type: ignore[arg-type]


def new_line(opening: Opening, share: Share | None, recorded_on: date) -> dict[str, Any]:
    """Ledger line of an opening, judged but for doubles; columns of `Opened`."""
    reason = rules.reason_against(opening.facts)
    local = opening.facts.at.astimezone(BANGKOK)
    channel = opening.channel
    if share is not None and channel == "web":
        channel = "board" if share.channel == "board" else "share"
    return {
        "article_id": opening.article_id, "person": rules.person_key(opening.staff_id, opening.guest),
        "staff_id": opening.staff_id, "at": opening.facts.at, "on": local.date(), "hour": local.hour,
        "channel": channel, "share_id": share.id if share else None, "robot": opening.facts.robot,
        "status_code": opening.facts.status_code, "reason": reason.value if reason else None,
        "recorded_on": recorded_on,
    }  # fmt: skip


_AROUND = (
    select(Opened.id, Opened.at, Opened.on, Opened.share_id, Opened.reason)
    .where(
        Opened.article_id == bindparam("article"),
        Opened.person == bindparam("who"),
        or_(Opened.reason.is_(None), Opened.reason == Reason.DOUBLE.value),
        Opened.at >= bindparam("since"),
        Opened.at <= bindparam("until"),
    )
    .order_by(Opened.at, Opened.id)
)


def _replace_double(db: Session, line: dict[str, Any], changes: Changes) -> bool:
    """The opening that this one follows within 30 s stops counting; a day left empty by it leaves the rollup.

    True when this one itself came late, after an opening that replaces it, as one from the spool may; what replaces it
    may have been replaced too.
    """
    window = timedelta(seconds=rules.DOUBLE_SECONDS)
    given = {
        "article": line["article_id"], "who": line["person"], "since": line["at"] - window, "until": line["at"] + window,
    }  # fmt: skip
    around = db.execute(_AROUND, given).all()
    replaced = any(at > line["at"] for _, at, *_ in around)
    for number, at, day, share_id, reason in around:
        if at > line["at"] or reason is not None:
            continue
        db.execute(update(Opened).where(Opened.id == number).values(reason=Reason.DOUBLE.value))
        dropped = (replaced or day != line["on"]) and _drop_empty_day(db, line, day)
        _note(changes, day, accesses=-int(dropped), excluded=1)
        if share_id is not None:
            recounting.verify_shares(db, {share_id})
    return replaced


def _drop_empty_day(db: Session, line: dict[str, Any], day: date) -> bool:
    article_id, person = line["article_id"], line["person"]
    same = (Opened.article_id == article_id, Opened.person == person, Opened.on == day)
    if db.scalar(select(Opened.id).where(*same, Opened.reason.is_(None)).limit(1)) is not None:
        return False
    row = (AccessDay.article_id == article_id, AccessDay.person == person, AccessDay.on == day)
    db.execute(delete(AccessDay).where(*row))
    return True


def create_share(
    db: Session, article_id: int, sharer_id: int, channel: str, target: str, now: datetime, note: str = ""
) -> Share:
    """A new token link with a word to those it is for. Raises Invalid for an unknown channel or a missing target."""
    if channel not in SHARE_CHANNELS:
        raise Invalid({"channel": "ช่องทางนี้ไม่มีในระบบ"})
    if channel in TARGETED_CHANNELS and not target:
        raise Invalid({"target": "โปรดเลือกว่าจะแชร์ให้ใคร"})
    with transaction(db):
        token = secrets.token_urlsafe(12)
        share = Share(
            code="SH-" + secrets.token_hex(5), token=token, article_id=article_id, sharer_id=sharer_id,
            channel=channel, target=target[:200], at=now, on=bangkok_day(now),
            note=note[:500],
        )  # fmt: skip
        db.add(share)
    return share


def salt_of(db: Session, day: date) -> str:
    """Salt of the day's guest keys; made at the first guest of the day, older ones thrown away."""
    found = db.scalar(select(DailySalt.salt).where(DailySalt.on == day))
    if found is not None:
        return found
    with transaction(db):
        insert_or_skip(db, DailySalt, {"on": day, "salt": secrets.token_hex(32)})
        db.execute(delete(DailySalt).where(DailySalt.on < day - timedelta(days=1)))
    return db.scalars(select(DailySalt.salt).where(DailySalt.on == day)).one()


def seal_ledger(db: Session, today: date) -> int:
    """Seal every day before yesterday not sealed yet, in one transaction; returns how many.

    Yesterday waits: a long import begun before midnight still writes to it.
    """
    yesterday = today - timedelta(days=1)
    days = queries.unsealed_days(db, yesterday)
    if not days:
        return 0
    with transaction(db):
        existing = queries.seals(db)
        previous = existing[-1].sha256 if existing else ""
        for day in queries.unsealed_days(db, yesterday):
            events, previous = queries.seal_of(db, day, previous)
            db.add(LedgerSeal(recorded_on=day, events=events, sha256=previous))
    return len(days)


def purge_traffic(db: Session, before: datetime) -> None:
    """Throw away addresses and programs older than an instant."""
    with transaction(db):
        db.execute(delete(Traffic).where(Traffic.at < before))
