"""Questions to the training register."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.core.database import AnySelect, count_rows
from app.core.errors import NotFound
from app.core.paging import Page
from app.people.models import Staff
from app.training.models import Attendance, AttendeeLine, OwedCourse, Report, Training, TrainingLine

DUE_DAYS = 30
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
    """Who went, by staff code."""
    query = (
        select(Attendance, Staff.code, Staff.name)
        .join(Staff, Staff.id == Attendance.staff_id)
        .where(Attendance.training_id == training_id)
        .order_by(Staff.code)
    )
    return [
        AttendeeLine(a.id, a.staff_id, code, name, a.result, a.status, a.recorded_by_id)
        for a, code, name in db.execute(query)
    ]


def owed_by(db: Session, staff_id: int, written: AnySelect, today: date) -> list[OwedCourse]:
    """หลักสูตรที่ต้องเขียนบทความ: courses a person finished, without an article or report yet; oldest due first.

    `written` selects ids of trainings the person has written an article about; courses older than a year are let go.
    """
    reported = select(Report.training_id).where(Report.author_id == staff_id, Report.status != "void")
    query = (
        select(Training)
        .join(Attendance, Attendance.training_id == Training.id)
        .where(
            Attendance.staff_id == staff_id,
            Attendance.status != "void",
            Attendance.result == "done",
            Training.end_on <= today,
            Training.end_on > today - timedelta(days=365),
            Training.id.not_in(written),
            Training.id.not_in(reported),
        )
        .order_by(Training.end_on)
        .limit(20)
    )
    return [OwedCourse(t.id, t.code, t.title, t.end_on, t.end_on + timedelta(days=DUE_DAYS)) for t in db.scalars(query)]
