"""ขอคำปรึกษา: one person asks another; only the two see it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.community.models import Consultation
from app.core.database import transaction
from app.core.errors import Invalid, NotFound
from app.core.thai import normalise, one_line
from app.notifications.commands import notify
from app.people.models import Staff, Viewer

MAX_ADVICE = 10_000


def ask_advice(db: Session, viewer: Viewer, person: Staff, subject: str, text: str, now: datetime) -> Consultation:
    """ขอคำปรึกษา: only the two see it. Raises Invalid per field."""
    assert viewer.staff_id is not None
    subject, text = one_line(subject), normalise(text).strip()
    wrong = {}
    if person.id == viewer.staff_id or not person.active:
        wrong["subject"] = "ขอคำปรึกษาจากคนนี้ไม่ได้"
    if not subject or len(subject) > 200:
        wrong["subject"] = "โปรดบอกเรื่องที่อยากปรึกษา ไม่เกิน 200 ตัวอักษร"
    if not text:
        wrong["text"] = "เล่าสั้น ๆ ว่าติดตรงไหน เพื่อนจะตอบได้ตรง"
    if len(text) > MAX_ADVICE:
        wrong["text"] = f"ข้อความยาวเกิน {MAX_ADVICE:,} ตัวอักษร"
    if wrong:
        raise Invalid(wrong)
    with transaction(db):
        asked = Consultation(asker_id=viewer.staff_id, asked_id=person.id, subject=subject, text=text, at=now)
        db.add(asked)
        db.flush()
        told = f"{viewer.name} ขอคำปรึกษาเรื่อง “{subject}”"
        notify(db, "consult", {person.id}, told, "/consultations", f"consult:{asked.id}", now)
    return asked


def give_advice(db: Session, viewer: Viewer, number: int, answer: str, now: datetime) -> None:
    """Answer what one was asked. Raises NotFound for others', Invalid for an empty answer."""
    found = db.scalar(select(Consultation).where(Consultation.id == number, Consultation.asked_id == viewer.staff_id))
    if found is None:
        raise NotFound("ไม่พบเรื่องที่ขอคำปรึกษานี้")
    answer = normalise(answer).strip()
    if not answer or len(answer) > MAX_ADVICE:
        raise Invalid({"answer": f"โปรดเขียนคำตอบ ไม่เกิน {MAX_ADVICE:,} ตัวอักษร"})
    with transaction(db):
        found.answer, found.answered_at = answer, now
        told = f"{viewer.name} ตอบเรื่องที่ท่านขอคำปรึกษา “{found.subject}”"
        notify(db, "consult", {found.asker_id}, told, "/consultations", f"advice:{found.id}:{now.isoformat()}", now)


def consultations(db: Session, staff_id: int) -> list[tuple[Consultation, str, str]]:
    """(consultation, asker, asked) of one person, open ones asked of them first, newest first, at most 100."""
    asker, asked = Staff.__table__.alias("asker"), Staff.__table__.alias("asked")
    waits = and_(Consultation.asked_id == staff_id, Consultation.answered_at.is_(None))
    query = (
        select(Consultation, asker.c.name, asked.c.name)
        .join(asker, asker.c.id == Consultation.asker_id)
        .join(asked, asked.c.id == Consultation.asked_id)
        .where(or_(Consultation.asker_id == staff_id, Consultation.asked_id == staff_id))
        .order_by(waits.desc(), Consultation.at.desc())
        .limit(100)
    )
    return [(one, asking, answering) for one, asking, answering in db.execute(query)]


def waiting_consultations(db: Session, staff_id: int) -> list[tuple[Consultation, str]]:
    """What others asked of a person and still wait for, oldest first, with the asker's name."""
    query = (
        select(Consultation, Staff.name)
        .join(Staff, Staff.id == Consultation.asker_id)
        .where(Consultation.asked_id == staff_id, Consultation.answered_at.is_(None))
    )
    return [(one, name) for one, name in db.execute(query.order_by(Consultation.at).limit(20))]
