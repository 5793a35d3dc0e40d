"""Questions to the training register."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import and_, exists, func, or_, select, union_all
from sqlalchemy.orm import Session

from app.core.database import AnySelect, count_rows
from app.core.errors import NotFound
from app.core.paging import Page
from app.people.models import Department, Service, Staff
from app.people.queries import serves_on
from app.training.models import Attendance, AttendeeLine, Obligation, Report, Training, TrainingLine, Waiver

PAGE_SIZE = 25


def training_by_code(db: Session, code: str) -> Training:
    """One training. Raises NotFound."""
    found = db.scalar(select(Training).where(Training.code == code))
    if found is None:
        raise NotFound("ไม่พบหลักสูตรนี้ อาจถูกย้ายหรือพิมพ์รหัสผิด")
    return found


def trainings(db: Session, text: str, kind: str, number: int) -> Page[TrainingLine]:
    """A page of the register, newest first; three statements."""
    attendees = (
        select(func.count())
        .where(Attendance.training_id == Training.id, Attendance.status != "void")
        .correlate(Training)
        .scalar_subquery()
    )
    query = select(Training, attendees).order_by(Training.end_on.desc(), Training.id.desc())
    if text:
        query = query.where(or_(Training.title.like(f"%{text}%"), Training.organizer.like(f"%{text}%")))
    if kind:
        query = query.where(Training.kind == kind)
    total = count_rows(db, query)
    rows = db.execute(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    return Page([_line(training, count) for training, count in rows], number, PAGE_SIZE, total)


def _line(training: Training, attendees: int) -> TrainingLine:
    return TrainingLine(
        training.id, training.code, training.title, training.kind, training.organizer, training.start_on,
        training.end_on, training.inside, attendees,
    )  # fmt: skip


def attendees(db: Session, training_id: int) -> list[AttendeeLine]:
    """Who went, by staff code; a voided line only of people who have no other."""
    query = (
        select(Attendance, Staff.code, Staff.name)
        .join(Staff, Staff.id == Attendance.staff_id)
        .where(Attendance.training_id == training_id)
        .order_by(Staff.code, Attendance.status == "void", Attendance.id.desc())
    )
    found: dict[int, AttendeeLine] = {}
    for a, code, name in db.execute(query):
        line = AttendeeLine(a.id, a.staff_id, code, name, a.result, a.status, a.recorded_by_id)
        found.setdefault(a.staff_id, line)
    return list(found.values())


def obligations(
    db: Session, settled: Sequence[AnySelect], today: date, days: int, *, staff_id: int | None = None,
    department_id: int | None = None, limit: int = 20,
) -> list[Obligation]:  # fmt: skip
    """หลักสูตรที่ต้องเขียน: finished courses nobody settled yet, oldest due first; one statement.

    An attendee owes an article, a report or a presentation within `days` of the last day. `settled` are selects of
    (training_id, staff_id) of what other slices know; reports and waivers are known here. Courses of over a year ago
    are let go.
    """
    done = union_all(
        *settled,
        select(Report.training_id, Report.author_id).where(Report.status != "void"),
        select(Waiver.training_id, Waiver.staff_id),
    ).subquery()
    training_id, person_id = list(done.c)[:2]
    query = (
        select(Training, Staff, Department.name)
        .join(Attendance, Attendance.training_id == Training.id)
        .join(Staff, Staff.id == Attendance.staff_id)
        .join(Service, and_(Service.staff_id == Staff.id, serves_on(today)))
        .join(Department, Department.id == Service.department_id)
        .where(
            Attendance.status != "void",
            Attendance.result == "done",
            Training.end_on <= today,
            Training.end_on > today - timedelta(days=365),
            ~exists().where(training_id == Training.id, person_id == Attendance.staff_id),
        )
        .order_by(Training.end_on, Staff.code)
        .limit(limit)
    )
    if staff_id is not None:
        query = query.where(Attendance.staff_id == staff_id)
    if department_id is not None:
        query = query.where(Service.department_id == department_id)
    return [
        Obligation(
            t.id, t.code, t.title, t.end_on, t.end_on + timedelta(days=days), person.id, person.code, person.name, name
        )
        for t, person, name in db.execute(query)
    ]


def obligation_stage(due_on: date, today: date) -> str:
    """Which reminder is due: "" before seven days, `before`, `due` on the day, then `late-1`, `late-2` … by the week.

    Example: due on the 30th -> on the 22nd "", 23rd to 29th "before", 30th to the 6th "due", 7th "late-1".
    """
    left = (due_on - today).days
    if left > 7:
        return ""
    if left > 0:
        return "before"
    return "due" if left > -7 else f"late-{-left // 7}"
