"""Changes of the training register."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.database import insert_or_skip, lock_for_transaction, transaction
from app.core.errors import Invalid
from app.core.records import Status, mark_void
from app.core.thai import one_line, thai_date
from app.notifications.commands import Telling, notify_each
from app.people.models import Role, Viewer
from app.search.documents import touch
from app.training.models import TRAINING_KINDS, Attendance, Obligation, Report, Training, Waiver
from app.training.queries import obligation_stage


@dataclass(frozen=True)
class NewTraining:
    """A course as typed."""

    title: str
    kind: str
    start_on: date
    end_on: date
    inside: bool
    organizer: str = ""
    place: str = ""
    hours: float | None = None
    order_no: str = ""


def check_training(new: NewTraining) -> None:
    """Raise Invalid per field."""
    wrong: dict[str, str] = {}
    if not new.title:
        wrong["title"] = "โปรดใส่ชื่อหลักสูตร"
    if new.kind not in TRAINING_KINDS:
        wrong["kind"] = "ประเภทนี้ไม่อยู่ในรายการ"
    if new.end_on < new.start_on:
        wrong["end_on"] = "วันสิ้นสุดต้องไม่ก่อนวันเริ่ม"
    if new.hours is not None and not 0 < new.hours <= 10_000:
        wrong["hours"] = "จำนวนชั่วโมงต้องมากกว่า 0"
    if wrong:
        raise Invalid(wrong)


def add_training(
    db: Session, new: NewTraining, attended: set[int], recorder_id: int, now: datetime, order: str | None = None
) -> Training:
    """A new course with its attendees, who wait to be verified by another person.

    `order` is the sha256 of the scanned order; it becomes the evidence of every attendance.
    """
    check_training(new)
    with transaction(db):
        training = Training(code="T-" + secrets.token_hex(4), **vars(new))
        db.add(training)
        db.flush()
        touch(db, "course", [training.id])
        _attend(db, training.id, attended, recorder_id, now, order=order)
    return training


def set_attendees(
    db: Session, viewer: Viewer, training_id: int, done: set[int], not_done: set[int], now: datetime
) -> list[int]:
    """Tick the roster: new ones are added, changed results wait for verification again, unticked ones are voided.

    What was verified is changed by secretary and evaluators only, as everywhere; returns the people left as they were.
    """
    recorder_id = viewer.staff_id or 0
    left = []
    with transaction(db):
        lock_for_transaction(db, f"training {training_id}")
        alive = (Attendance.training_id == training_id, Attendance.status != Status.VOID.value)
        found = select(Attendance).where(*alive).order_by(Attendance.id).with_for_update()
        existing = {one.staff_id: one for one in db.scalars(found)}
        wanted = dict.fromkeys(not_done, "not_done") | dict.fromkeys(done, "done")
        order = next((one.file_sha256 for one in existing.values() if one.file_sha256), None)
        anew = {person: result for person, result in wanted.items() if person not in existing}
        for person, record in existing.items():
            result = wanted.get(person)
            if result == record.result and record.status != Status.DRAFT.value:
                continue
            if record.status == Status.VERIFIED.value and not viewer.has(Role.SECRETARY, Role.EVALUATOR):
                left.append(person)
            elif result is None:
                mark_void(record, "นำชื่อออกจากรายชื่อผู้เข้าอบรม", recorder_id, now)
                touch(db, "person", [person])
            elif record.status == Status.VERIFIED.value:
                mark_void(record, "แก้ผลการอบรม บันทึกใหม่แล้ว", recorder_id, now)
                anew[person] = result
            else:
                record.result, record.status = result, Status.SUBMITTED.value
                record.recorded_by_id, record.recorded_at = recorder_id, now
        for result in ("done", "not_done"):
            people = {person for person, one in anew.items() if one == result}
            _attend(db, training_id, people, recorder_id, now, result=result, order=order)
    return left


def _attend(
    db: Session, training_id: int, staff_ids: set[int], recorder_id: int, now: datetime, result: str = "done",
    order: str | None = None,
) -> None:  # fmt: skip
    db.add_all(
        Attendance(
            training_id=training_id, staff_id=staff_id, result=result, status=Status.SUBMITTED.value,
            recorded_by_id=recorder_id, recorded_at=now, file_sha256=order,
        )
        for staff_id in sorted(staff_ids)
    )  # fmt: skip
    touch(db, "person", sorted(staff_ids))


def submit_report(
    db: Session, training_id: int, author_id: int, on: date, recorder_id: int, now: datetime, file: str | None
) -> Report:
    """A report after a training, waiting for verification."""
    with transaction(db):
        report = Report(
            code="R-" + secrets.token_hex(4), training_id=training_id, author_id=author_id, on=on,
            status=Status.SUBMITTED.value, recorded_by_id=recorder_id, recorded_at=now, file_sha256=file,
        )  # fmt: skip
        db.add(report)
    return report


def waive(db: Session, training_id: int, person_id: int, reason: str, by_id: int, now: datetime) -> None:
    """Let a person off writing about a training, with a reason. Raises Invalid without one, or for oneself."""
    reason = one_line(reason)
    if not reason:
        raise Invalid({"reason": "โปรดบอกเหตุผลที่ยกเว้น"})
    if person_id == by_id:
        raise Invalid({"reason": "ยกเว้นให้ตนเองไม่ได้ ขอให้ผู้อื่นยกเว้นให้"})
    row = {"training_id": training_id, "staff_id": person_id, "reason": reason[:500], "by_id": by_id, "at": now}
    with transaction(db):
        insert_or_skip(db, Waiver, row)


def remind(db: Session, owed: list[Obligation], today: date, now: datetime) -> None:
    """Tell people what they owe: seven days before, on the day, then weekly; each reminder once."""
    told = []
    for one in owed:
        stage = obligation_stage(one.due_on, today)
        if stage:
            late = (
                f"เลยกำหนดแล้ว {(today - one.due_on).days} วัน"
                if one.due_on < today
                else f"ภายใน {thai_date(one.due_on)}"
            )
            text = f"เขียนบทความหรือส่งรายงานจาก “{one.title}” {late}"
            told.append(Telling(one.staff_id, text, f"/trainings/{one.code}", f"obligation:{one.training_id}:{stage}"))
    notify_each(db, "obligation", told, now)
