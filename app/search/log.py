"""What is asked for and not found, and what the secretary made of it. Never who asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.database import count_rows, transaction
from app.core.errors import Invalid
from app.core.thai import fold, is_word_character, one_line
from app.notifications.commands import notify
from app.people.models import Staff
from app.search.asking import take_apart
from app.search.models import MAX_KEPT, PinnedAnswer, SearchGap, SearchLine

STATES = {
    "topic": "ตั้งเป็นหัวข้อที่ต้องการ", "asked": "ขอให้ผู้รู้เขียน", "synonym": "เพิ่มคำที่ใช้แทนกัน", "dismissed": "ไม่ต้องทำอะไร",
}  # fmt: skip
KEPT_DAYS = 400
BOARD_LIMIT = 200
SUGGESTED_FROM = 3
# Numbers this long name a person (citizen, phone): such queries are not kept.
_PERSONAL = re.compile(r"(?:\d[^0-9a-zก-๛]{0,3}){9,}|@|^(?:นาย|นาง|น\.ส\.)")
LINES_A_DAY = 5_000


@dataclass(frozen=True)
class Gap:
    """A query that finds nothing: how often it was asked in vain, since when, and what was decided."""

    query: str
    times: int
    last: date
    decision: SearchGap | None


def kept_query(text: str) -> str:
    """A query as the log keeps it; empty for one with operators, without words, or that may hold personal numbers."""
    query = fold(one_line(text))[:MAX_KEPT].strip()
    asked = take_apart(query)
    plain = not (asked.filters or asked.without) and any(is_word_character(char) for char in query)
    return query if plain and not _PERSONAL.search(query) else ""


def note(db: Session, text: str, *, found: bool, on: date) -> None:
    """Count a query; nothing of the person is kept."""
    query = kept_query(text)
    if not query or _is_a_name(db, query):
        return
    here = (SearchLine.on == on, SearchLine.query == query)
    more = {"asked": SearchLine.asked + 1, "empty": SearchLine.empty + (0 if found else 1)}
    for _ in range(2):
        try:
            with transaction(db):
                counted = db.execute(update(SearchLine).where(*here).values(more)).rowcount  # type: ignore[attr-defined]
                if not counted and count_rows(db, select(SearchLine.query).where(SearchLine.on == on)) < LINES_A_DAY:
                    db.add(SearchLine(on=on, query=query, asked=1, empty=int(not found)))
            return
        except IntegrityError:  # Somebody asked the same at this moment: count on theirs.
            continue


def _is_a_name(db: Session, query: str) -> bool:
    """Whether a query is (part of) the name of somebody on the register: such queries are not kept."""
    return len(query) >= 3 and bool(db.scalar(select(exists().where(Staff.name.contains(query, autoescape=True)))))


def purge(db: Session, today: date) -> None:
    """Forget lines older than 400 days."""
    with transaction(db):
        db.execute(delete(SearchLine).where(SearchLine.on < today - timedelta(days=KEPT_DAYS)))


def gaps(db: Session, since: date) -> list[Gap]:
    """Queries that found nothing, those asked most in vain first, undecided before decided; two statements."""
    query = (
        select(SearchLine.query, func.sum(SearchLine.empty), func.max(SearchLine.on))
        .where(SearchLine.on >= since, SearchLine.empty > 0)
        .group_by(SearchLine.query)
        .order_by(func.sum(SearchLine.empty).desc(), SearchLine.query)
        .limit(BOARD_LIMIT)
    )
    rows = list(db.execute(query))
    wanted = [text for text, _, _ in rows]
    decided = {one.query: one for one in db.scalars(select(SearchGap).where(SearchGap.query.in_(wanted)))}
    found = [Gap(text, int(times), last, decided.get(text)) for text, times, last in rows]
    return sorted(found, key=lambda gap: gap.decision is not None)


def wanted_topics(db: Session) -> list[SearchGap]:
    """Queries made a topic: what the office wants written (step 1 of the plan, การบ่งชี้ความรู้), newest first."""
    query = select(SearchGap).where(SearchGap.state == "topic").order_by(SearchGap.decided_at.desc(), SearchGap.query)
    return list(db.scalars(query.limit(BOARD_LIMIT)))


def decide(
    db: Session, text: str, state: str, remark: str, by_id: int, now: datetime, expert_id: int | None = None
) -> None:
    """Keep what was decided about a query; an expert who is asked to write is told. Raises Invalid."""
    query = kept_query(text)
    if state not in STATES or not query:
        raise Invalid({"state": "โปรดเลือกว่าจะทำอะไรกับคำค้นนี้"})
    if state == "asked" and expert_id is None:
        raise Invalid({"expert": "ไม่พบผู้ที่เลือก โปรดพิมพ์รหัสหรือชื่อให้ตรงกับทะเบียนบุคลากร"})
    with transaction(db):
        db.merge(SearchGap(query=query, state=state, note=one_line(remark)[:300], decided_by_id=by_id, decided_at=now))
        if state == "asked" and expert_id is not None:
            said = f"มีผู้ค้นหา “{query}” แต่ยังไม่มีใครเขียนไว้ ขอให้ท่านช่วยเขียนจากสิ่งที่รู้"
            where = "/articles/new?" + urlencode({"title": query})
            notify(db, "write_asked", [expert_id], said, where, f"write:{query}", now)


def pinned(db: Session, text: str) -> str:
    """Key of the thing that comes first for a query; empty when none was set."""
    return db.scalar(select(PinnedAnswer.key).where(PinnedAnswer.query == kept_query(text))) or ""


def pin(db: Session, text: str, key: str, by_id: int, now: datetime) -> None:
    """Set, or with an empty key take away, what comes first for a query. Raises Invalid."""
    query = kept_query(text)
    if not query:
        raise Invalid({"q": "ตั้งคำตอบแนะนำให้คำค้นนี้ไม่ได้"})
    with transaction(db):
        db.execute(delete(PinnedAnswer).where(PinnedAnswer.query == query))
        if key:
            db.add(PinnedAnswer(query=query, key=key[:40], set_by_id=by_id, set_at=now))


def asked_before(db: Session, beginning: str, since: date, limit: int) -> list[str]:
    """Queries that were asked several times, found something, and begin like this; most asked first."""
    start = kept_query(beginning)
    if not start:
        return []
    total = func.sum(SearchLine.asked)
    query = (
        select(SearchLine.query)
        .where(SearchLine.on >= since, SearchLine.query.startswith(start, autoescape=True))
        .group_by(SearchLine.query)
        .having(total - func.sum(SearchLine.empty) >= SUGGESTED_FROM)
        .order_by(total.desc(), SearchLine.query)
        .limit(limit)
    )
    return list(db.scalars(query))
