"""The whole ledger judged again: proves the stored figures (`khlang recount`) and rebuilds them after an import.

Reads the ledger as a stream in order of item, person and time; memory does not grow with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from app.activity import rules
from app.activity.models import AccessCount, AccessDay, AccessMonth, Opened, Reason, Share
from app.core.database import AnySelect, bangkok_parts, lock_tables, month_of, seconds_between

CHUNK = 5_000


def _judged(
    db: Session, condition: ColumnElement[bool], progress: Callable[[int], None]
) -> Iterator[tuple[Any, str | None]]:
    """Each line with the reason it should carry: doubles anew, the other reasons as recorded."""
    query = (
        select(
            Opened.id, Opened.article_id, Opened.person, Opened.at, Opened.on, Opened.reason, Opened.share_id,
            Opened.staff_id,
        )
        .where(condition)
        .order_by(Opened.article_id, Opened.person, Opened.at, Opened.id)
        .execution_options(yield_per=CHUNK)
    )  # fmt: skip
    waiting: Any = None
    for number, line in enumerate(db.execute(query)):
        if number % CHUNK == 0:
            progress(CHUNK)
        if line.reason not in (None, Reason.DOUBLE.value):
            yield line, line.reason
            continue
        if waiting is not None:
            same = (waiting.article_id, waiting.person) == (line.article_id, line.person)
            yield waiting, Reason.DOUBLE.value if same and rules.is_double(waiting.at, line.at) else None
        waiting = line
    if waiting is not None:
        yield waiting, None


PARTS = 60


def differences(
    db: Session, first_day: date, last_day: date, progress: Callable[[int], None] = lambda _: None
) -> list[str]:
    """What the stored figures of some days say otherwise than the ledger, as sentences; at most 100 are listed.

    `progress` is called PARTS times with 1. Memory does not grow with the ledger.
    """
    found: list[str] = []
    last = db.scalar(select(func.max(Opened.article_id))) or 0
    step = last // PARTS + 1
    for start in range(0, step * PARTS, step):
        if len(found) < 100:
            found += _wrong_doubles(db, first_day, last_day, start, start + step)
        progress(1)
    found += _impossible_verdicts(db, first_day, last_day) + contradictions(db, first_day, last_day)
    found += rollup_differences(db, first_day, last_day)
    found += _share_differences(db, first_day, last_day)
    return found[:100]


def _wrong_doubles(db: Session, first_day: date, last_day: date, low: int, high: int) -> Iterator[str]:
    """Lines of some items that are doubles and stand, or are none and do not; the database finds who to look at."""
    stands = or_(Opened.reason.is_(None), Opened.reason == Reason.DOUBLE.value)
    around = and_(Opened.on >= first_day - timedelta(days=1), Opened.on <= last_day + timedelta(days=1))
    following = type_coerce(
        func.lead(Opened.at).over(partition_by=(Opened.article_id, Opened.person), order_by=(Opened.at, Opened.id)),
        Opened.at.type,
    )
    lines = (
        select(Opened.id, Opened.on, Opened.at, Opened.reason, following.label("following"))
        .where(Opened.article_id > low, Opened.article_id <= high, stands, around)
        .subquery()
    )
    gap, limit = seconds_between(db, lines.c.at, lines.c.following), rules.DOUBLE_SECONDS
    # A database counts seconds as a fraction: what lies within a millisecond of the limit is judged exactly below.
    suspects = or_(
        and_(lines.c.reason.is_(None), gap <= limit + 0.001),
        and_(lines.c.reason.is_not(None), or_(lines.c.following.is_(None), gap > limit - 0.001)),
    )
    query = select(lines).where(suspects, lines.c.on >= first_day, lines.c.on <= last_day).limit(100)
    for line in db.execute(query):
        double = line.following is not None and rules.is_double(line.at, line.following)
        reason = Reason.DOUBLE.value if double else None
        if line.reason != reason:
            yield f"รายการเปิดอ่าน {line.id} วันที่ {line.on}: บันทึกเหตุผล {line.reason} ควรเป็น {reason}"


def _share_differences(db: Session, first_day: date, last_day: date) -> list[str]:
    """Shares whose day of first reading by another is not what the ledger says."""
    first_reads = (
        select(Opened.share_id, Opened.article_id, Opened.staff_id, Opened.on)
        .where(Opened.share_id.is_not(None), Opened.reason.is_(None))
        .distinct()
    )
    shares = {share.id: share for share in db.scalars(select(Share).where(Share.on.between(first_day, last_day)))}
    verified: dict[int, date] = {}
    for share_id, article_id, reader_id, on in db.execute(first_reads.execution_options(yield_per=CHUNK)):
        share = shares.get(share_id or 0)
        if share is not None and _verifies(share, article_id, reader_id, on):
            verified[share.id] = min(on, verified.get(share.id, on))
    return [
        f"การแชร์ {share.code}: บันทึกว่ายืนยัน {share.verified_on} ควรเป็น {verified.get(share.id)}"
        for share in shares.values()
        if share.verified_on != verified.get(share.id)
    ]


def _impossible_verdicts(db: Session, first_day: date, last_day: date) -> list[str]:
    """Lines that stand although a robot or a failure can never count."""
    never = or_(Opened.robot, Opened.status_code.not_in(rules.SUCCESSFUL))
    query = select(Opened.id, Opened.on).where(
        Opened.on >= first_day,
        Opened.on <= last_day,
        never,
        or_(Opened.reason.is_(None), Opened.reason == Reason.DOUBLE.value),
    )
    rows = db.execute(query.limit(50))
    return [f"รายการเปิดอ่าน {number} วันที่ {on}: ถูกนับทั้งที่ไม่ควรนับ" for number, on in rows]


def contradictions(db: Session, first_day: date, last_day: date) -> list[str]:
    """Lines whose day, hour or person is not that of their instant and reader: what the seals cover says otherwise."""
    day, hour = bangkok_parts(db, Opened.at)
    named = literal("s") + cast(Opened.staff_id, String)
    person = or_(
        and_(Opened.staff_id.is_not(None), Opened.person != named),
        and_(Opened.staff_id.is_(None), Opened.person.like("s%")),
    )
    query = select(Opened.id, Opened.on).where(
        Opened.on >= first_day, Opened.on <= last_day, or_(day != Opened.on, hour != Opened.hour, person)
    )
    rows = db.execute(query.limit(50))
    return [f"รายการเปิดอ่าน {number} วันที่ {on}: วัน ชั่วโมง หรือผู้อ่านไม่ตรงกับเวลาที่บันทึกไว้" for number, on in rows]


def rollup_differences(db: Session, first_day: date, last_day: date) -> list[str]:
    """Day totals of a span that the ledger does not bear out, or that it has and they lack, as sentences.

    Compared a month at a time, so that the database sorts no more than that.
    """
    found: list[str] = []
    start = first_day
    while start <= last_day and len(found) < 100:
        end = min((start.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1), last_day)
        found += _rollup_differences(db, start, end)
        start = end + timedelta(days=1)
    return found


def _rollup_differences(db: Session, first_day: date, last_day: date) -> list[str]:
    ledger = select(Opened.on, Opened.person, Opened.article_id).where(
        Opened.reason.is_(None), Opened.on >= first_day, Opened.on <= last_day
    )
    stored = select(AccessDay.on, AccessDay.person, AccessDay.article_id).where(
        AccessDay.on >= first_day, AccessDay.on <= last_day
    )
    lost = db.execute(ledger.except_(stored).limit(50)).all()
    extra = db.execute(stored.except_(ledger).limit(50)).all()
    counted = _counts(first_day, last_day)
    kept = select(AccessCount.on, AccessCount.staff_id, AccessCount.accesses, AccessCount.excluded).where(
        AccessCount.on >= first_day, AccessCount.on <= last_day, _not_empty(AccessCount)
    )
    wrong = {
        (on, who)
        for pair in (counted.except_(kept), kept.except_(counted))
        for on, who, _, _ in db.execute(pair.limit(50))
    }
    sums = [f"ยอดรวมวันที่ {on} ของบุคคล {who} ไม่ตรงกับยอดรายวัน" for on, who in sorted(wrong)]
    sums += _month_differences(db, first_day)
    sentences = sums + [f"ยอดรายวันขาด: {on} {person} บทความ {article}" for on, person, article in lost]
    return sentences + [f"ยอดรายวันเกิน: {on} {person} บทความ {article}" for on, person, article in extra]


def _month_differences(db: Session, day: date) -> list[str]:
    month = day.replace(day=1)
    following = (month + timedelta(days=32)).replace(day=1)
    counted = _months(db, AccessCount.on >= month, AccessCount.on < following, _not_empty(AccessCount))
    kept = select(AccessMonth.month, AccessMonth.staff_id, AccessMonth.accesses, AccessMonth.excluded).where(
        AccessMonth.month == month, _not_empty(AccessMonth)
    )
    pairs = (counted.except_(kept), kept.except_(counted))
    wrong = {who for pair in pairs for _, who, _, _ in db.execute(pair.limit(50))}
    return [f"ยอดรวมเดือนที่เริ่ม {month} ของบุคคล {who} ไม่ตรงกับยอดรายวัน" for who in sorted(wrong)]


def _not_empty(model: type[AccessCount] | type[AccessMonth]) -> ColumnElement[bool]:
    return or_(model.accesses != 0, model.excluded != 0)


def rebuild(db: Session, article_ids: set[int] | None, progress: Callable[[int], None] = lambda _: None) -> None:
    """Set doubles, rollup and verified shares from the ledger, for some articles or all; inside a transaction."""
    lock_tables(db, AccessDay, AccessCount, AccessMonth)
    few = article_ids is not None and len(article_ids) <= 500
    condition = Opened.article_id.in_(article_ids or set()) if few else literal(1) == 1
    changed: dict[str | None, list[int]] = {None: [], Reason.DOUBLE.value: []}
    for line, reason in _judged(db, condition, progress):
        if line.reason != reason:
            changed[reason].append(line.id)
    for reason, ids in changed.items():
        for start in range(0, len(ids), 500):
            chunk = ids[start : start + 500]
            db.execute(update(Opened).where(Opened.id.in_(chunk)).values(reason=reason))
    days = AccessDay.article_id.in_(article_ids or set()) if few else literal(1) == 1
    db.execute(delete(AccessDay).where(days))
    rows = (
        select(Opened.on, Opened.person, Opened.article_id, func.max(Opened.staff_id), func.min(Opened.channel))
        .where(condition, Opened.reason.is_(None))
        .group_by(Opened.on, Opened.person, Opened.article_id)
    )
    db.execute(insert(AccessDay).from_select(["on", "person", "article_id", "staff_id", "channel"], rows))
    db.execute(delete(AccessCount))
    db.execute(insert(AccessCount).from_select(["on", "staff_id", "accesses", "excluded"], _counts()))
    db.execute(delete(AccessMonth))
    db.execute(insert(AccessMonth).from_select(["month", "staff_id", "accesses", "excluded"], _months(db)))
    touched = Share.article_id.in_(article_ids or set()) if few else literal(1) == 1
    verify_shares(db, set(db.scalars(select(Share.id).where(touched))))


def _counts(first_day: date = date.min, last_day: date = date.max) -> AnySelect:
    """Counted accesses and uncounted openings of each person (0 = guests) and day of a span."""
    who, nobody = func.coalesce(AccessDay.staff_id, 0), func.coalesce(Opened.staff_id, 0)
    number = func.count()
    counted = select(
        AccessDay.on, who.label("staff_id"), number.label("accesses"), literal(0).label("excluded")
    ).where(AccessDay.on >= first_day, AccessDay.on <= last_day).group_by(AccessDay.on, who)  # fmt: skip
    excluded = select(Opened.on, nobody, literal(0), number).where(
        Opened.reason.is_not(None), Opened.on >= first_day, Opened.on <= last_day
    ).group_by(Opened.on, nobody)  # fmt: skip
    both = union_all(counted, excluded).subquery()
    sums = (func.sum(both.c.accesses), func.sum(both.c.excluded))
    return select(both.c.on, both.c.staff_id, *sums).group_by(both.c.on, both.c.staff_id)


def _months(db: Session, *conditions: ColumnElement[bool]) -> AnySelect:
    """The same by month."""
    columns = (AccessCount.staff_id, AccessCount.accesses, AccessCount.excluded)
    days = select(month_of(db, AccessCount.on).label("month"), *columns).where(*conditions).subquery()
    what = (days.c.month, days.c.staff_id)
    return select(*what, func.sum(days.c.accesses), func.sum(days.c.excluded)).group_by(*what)


def verify_shares(db: Session, share_ids: set[int]) -> None:
    """Set the day some shares were first read by another, from the ledger as it stands; None when it was not."""
    db.flush()
    for start in range(0, len(share_ids), 500):
        some = sorted(share_ids)[start : start + 500]
        shares = {share.id: share for share in db.scalars(select(Share).where(Share.id.in_(some)))}
        reads = (
            select(Opened.share_id, Opened.article_id, Opened.staff_id, Opened.on)
            .where(Opened.share_id.in_(some), Opened.reason.is_(None))
            .distinct()
        )
        verified: dict[int, date] = {}
        for share_id, article_id, reader_id, on in db.execute(reads):
            if share_id is not None and _verifies(shares[share_id], article_id, reader_id, on):
                verified[share_id] = min(on, verified.get(share_id, on))
        for share in shares.values():
            share.verified_on = verified.get(share.id)
    db.flush()


def _verifies(share: Share, article_id: int, reader_id: int | None, on: date) -> bool:
    """A link leads to its own article only."""
    return share.article_id == article_id and rules.verifies(share.sharer_id, share.on, reader_id, on)
