"""What an auditor would ask about a year's accesses, looked for once a day and kept. Source: counting contract, section 6.

Looking reads every access of the year, which no page may do; a page reads what was found.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import delete, func, null, select
from sqlalchemy.orm import Session

from app.activity.models import AccessCount, AccessDay, Opened
from app.core.database import transaction
from app.core.fiscal_year import FiscalYear
from app.core.thai import percent_text, thai_date
from app.indicators.few_readers import sees_all_names
from app.indicators.models import Anomaly
from app.people.models import Viewer
from app.people.queries import names_by_id

SHARE_PERCENT, AN_HOUR = 30, 20
MOST, LEAST = 20, 10


def look_for_anomalies(db: Session, be_year: int, today: date) -> int:
    """Look through a year and keep what stands out; returns how much did."""
    year = FiscalYear(be_year)
    found = [*_one_person(db, year), *_an_hour(db, year)]
    with transaction(db):
        db.execute(delete(Anomaly).where(Anomaly.be_year == be_year))
        for one in found:
            one.be_year, one.found_on = be_year, today
        db.add_all(found)
    return len(found)


def _one_person(db: Session, year: FiscalYear) -> list[Anomaly]:
    """Whoever made over 30 % of a year's counted accesses, once there are ten; a guest is a device on a day."""
    days = (AccessCount.on >= year.first_day, AccessCount.on <= year.last_day)
    total = db.scalar(select(func.sum(AccessCount.accesses)).where(*days)) or 0
    if total < LEAST:
        return []
    made = func.sum(AccessCount.accesses)
    staff = select(AccessCount.staff_id, made).where(*days, AccessCount.staff_id != 0).group_by(AccessCount.staff_id)
    number = func.count()
    # A device that made so many did so on a day when guests did: no other day need be read.
    busy = select(AccessCount.on).where(
        *days, AccessCount.staff_id == 0, AccessCount.accesses * 100 > total * SHARE_PERCENT
    )
    guests = (
        select(null(), number)
        .where(AccessDay.on.in_(busy), AccessDay.staff_id.is_(None))
        .group_by(AccessDay.on, AccessDay.person)
    )
    found = [
        *db.execute(staff.having(made * 100 > total * SHARE_PERCENT)),
        *db.execute(guests.having(number * 100 > total * SHARE_PERCENT)),
    ]
    return [
        Anomaly(kind="one_person", staff_id=staff_id, on=None, number=int(percent_of(int(many), int(total))))
        for staff_id, many in sorted(found, key=lambda one: -one[1])
    ]


def percent_of(part: int, whole: int) -> float:
    """Whole percent, truncated."""
    return float(percent_text(part, whole)) // 1


def _an_hour(db: Session, year: FiscalYear) -> list[Anomaly]:
    """More than twenty openings that stand, by one person in one hour; the twenty worst.

    Read a month at a time, so that the database groups no more than that.
    """
    number = func.count()
    found: list[Any] = []
    for first, last in (year.month(month) for month in range(12)):
        query = (
            select(Opened.staff_id, Opened.on, number)
            .where(Opened.on >= first, Opened.on <= last, Opened.reason.is_(None))
            .group_by(Opened.person, Opened.staff_id, Opened.on, Opened.hour)
            .having(number > AN_HOUR)
            .order_by(number.desc())
            .limit(MOST)
        )
        found += db.execute(query)
    worst = sorted(found, key=lambda one: -one[2])[:MOST]
    return [Anomaly(kind="an_hour", staff_id=staff_id, on=on, number=many) for staff_id, on, many in worst]


def anomaly_notes(db: Session, be_year: int, viewer: Viewer) -> list[str]:
    """What was found for a year, as sentences; names only for those who may see them. Two statements."""
    found = list(db.scalars(select(Anomaly).where(Anomaly.be_year == be_year).order_by(Anomaly.number.desc())))
    names = names_by_id(db, {one.staff_id for one in found if one.staff_id}) if sees_all_names(viewer) else {}
    notes = []
    for one in found:
        who = names.get(one.staff_id or 0) or ("บุคลากรคนหนึ่ง" if one.staff_id else "บุคคลทั่วไปเครื่องหนึ่ง")
        if one.kind == "one_person":
            notes.append(f"{who}คนเดียวเปิดอ่านเกินร้อยละ {SHARE_PERCENT} ของทั้งปี (ร้อยละ {one.number})")
        else:
            notes.append(f"{who}เปิดอ่าน {one.number:,} ครั้งในหนึ่งชั่วโมง วันที่ {thai_date(one.on or date.min)}")
    return notes
