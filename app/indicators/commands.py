"""Changes of human records: verified, returned, sent in again, voided; goals acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.database import lock_for_transaction, transaction
from app.core.errors import Invalid, KhlangError, NotAllowed, NotFound
from app.core.fiscal_year import FiscalYear
from app.core.records import HumanRecord, Status, mark_returned, mark_verified, mark_void, seen_by_itself
from app.indicators.models import Acknowledgement
from app.notifications.commands import notify
from app.people.models import CHECKERS, Role, Viewer


def verify_record(
    db: Session, viewer: Viewer, model: type[Any], record_id: int, now: datetime, involved: Collection[int]
) -> None:
    """A second person verifies. Raises NotAllowed without a checking role, Invalid for one's own record."""
    checker = _checker(viewer)
    with transaction(db):
        mark_verified(_record(db, model, record_id), checker, now, involved)


def return_record(
    db: Session, viewer: Viewer, model: type[Any], record_id: int, reason: str, now: datetime, involved: Collection[int]
) -> None:
    """A checker sends a record back with what is to be mended; who typed it is told. Raises as `verify_record`."""
    checker = _checker(viewer)
    with transaction(db):
        record = _record(db, model, record_id)
        if checker == record.recorded_by_id or checker in involved:
            raise Invalid({"reason": "ส่งกลับได้เฉพาะรายการของผู้อื่น รายการของท่านเองแก้ไขหรือยกเลิกได้เลย"})
        mark_returned(record, reason, checker, now)
        if record.recorded_by_id is not None:
            key = f"returned:{model.__tablename__}:{record_id}:{now.isoformat()}"
            text = f"รายการที่ท่านบันทึกถูกส่งกลับ: {record.return_reason}"
            notify(db, "returned", [record.recorded_by_id], text, "/records/mine", key, now)


def _checker(viewer: Viewer) -> int:
    if not viewer.has(*CHECKERS) or viewer.staff_id is None:
        raise NotAllowed("ผู้ตรวจต้องเป็นเลขานุการ หัวหน้าส่วนราชการ กรรมการ หรือผู้ดำเนินกลุ่ม")
    return viewer.staff_id


def send_again(db: Session, viewer: Viewer, model: type[Any], record_id: int, now: datetime) -> None:
    """Who typed a returned record sends it in once more. Raises NotAllowed, Invalid."""
    mend_record(db, viewer, model, record_id, {}, now)


def mend_record(
    db: Session, viewer: Viewer, model: type[Any], record_id: int, values: dict[str, Any], now: datetime
) -> None:
    """Put what was typed anew into a returned record and send it in again. Raises NotAllowed, Invalid."""
    with transaction(db):
        record = _record(db, model, record_id)
        may_mend(record, viewer)
        for name, value in values.items():
            setattr(record, name, value)
        record.status, record.recorded_at, record.recorded_by_id = Status.SUBMITTED.value, now, viewer.staff_id
        record.verified_by_id = record.verified_at = None


def may_mend(record: HumanRecord, viewer: Viewer) -> None:
    """Raise unless this record was sent back to the viewer; one that came in a file without a name is any checker's."""
    orphan = record.recorded_by_id is None and viewer.has(*CHECKERS)
    if record.recorded_by_id != viewer.staff_id and not orphan:
        raise NotAllowed("แก้ไขได้เฉพาะผู้บันทึก")
    if record.status != Status.DRAFT.value or (record.returned_at is None and not orphan):
        raise Invalid({"status": "แก้ไขได้เฉพาะรายการที่ถูกส่งกลับ รายการที่รอตรวจหรือตรวจแล้วให้ยกเลิกแล้วบันทึกใหม่"})


@dataclass
class Bulk:
    """What became of a bulk verification: how many were verified, and a sentence for each that was not."""

    verified: int = 0
    left: list[str] = field(default_factory=list)


def verify_many(acts: Sequence[tuple[str, Callable[[], None]]]) -> Bulk:
    """Verify each on its own: one that cannot be does not hold up the others. `acts` are (name, verification)."""
    done = Bulk()
    for name, act in acts:
        try:
            act()
            done.verified += 1
        except KhlangError as error:
            done.left.append(f"{name}: {error.message}")
    return done


def void_record(db: Session, viewer: Viewer, model: type[Any], record_id: int, reason: str, now: datetime) -> None:
    """Void with a reason: what waits, by a checker or its recorder; what was verified, by secretary or evaluator.

    A third person, neither recorder nor verifier, is asked of nobody: small offices have no third; the name is kept.
    """
    with transaction(db):
        record = _record(db, model, record_id)
        if record.status == "verified" and not viewer.has(Role.SECRETARY, Role.EVALUATOR):
            raise NotAllowed("รายการที่ตรวจแล้วยกเลิกได้เฉพาะเลขานุการหรือกรรมการติดตามและประเมินผล")
        if record.recorded_by_id != viewer.staff_id and not viewer.has(*CHECKERS):
            raise NotAllowed("ยกเลิกได้เฉพาะผู้ตรวจ หรือผู้บันทึกก่อนการตรวจ")
        mark_void(record, reason, viewer.staff_id, now)
        if record.recorded_by_id is not None and record.recorded_by_id != viewer.staff_id:
            text = f"รายการที่ท่านบันทึกถูกยกเลิก: {record.void_reason}"
            key = f"void:{model.__tablename__}:{record_id}"
            notify(db, "returned", [record.recorded_by_id], text, "/records/mine", key, now)


def _record(db: Session, model: type[Any], record_id: int) -> HumanRecord:
    found = db.scalar(select(model).where(model.id == record_id).with_for_update())
    if found is None:
        raise NotFound("ไม่พบรายการนี้")
    record: HumanRecord = found
    return record


def has_acknowledged(db: Session, staff_id: int, be_year: int) -> bool:
    """Whether a person acknowledged a year's goals, within that year."""
    year = FiscalYear(be_year)
    own = (Acknowledgement.staff_id == staff_id, Acknowledgement.be_year == be_year)
    counts = (Acknowledgement.status == "verified", Acknowledgement.on.between(year.first_day, year.last_day))
    return db.scalar(select(Acknowledgement.id).where(*own, *counts).limit(1)) is not None


def acknowledge(db: Session, staff_id: int, be_year: int, today: date, now: datetime) -> None:
    """A person acknowledges the goals of a year; a second time changes nothing."""
    with transaction(db):
        lock_for_transaction(db, f"acknowledge {staff_id}")
        if not has_acknowledged(db, staff_id, be_year):
            own = seen_by_itself(staff_id, now)
            db.add(Acknowledgement(staff_id=staff_id, be_year=be_year, on=today, **own))
