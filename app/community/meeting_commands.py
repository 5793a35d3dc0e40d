"""Changes of meetings: planned, recorded, planned anew, called off, sent to be verified."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.community import meeting_queries, queries, rules
from app.community.minutes import MAX_MINUTES, said
from app.community.models import (
    MEETING_KINDS,
    PURPOSES,
    Group,
    Meeting,
    MeetingAttendee,
    MeetingHand,
    MinutesWriter,
)
from app.core.clock import bangkok_day
from app.core.database import insert_or_skip, transaction
from app.core.errors import Invalid
from app.core.records import Status, mark_void
from app.core.thai import normalise, one_line
from app.notifications.commands import notify
from app.people.models import Role, StaffRole, Viewer
from app.search.documents import touch

MAX_TITLE, MAX_PLACE, MAX_REASON = 300, 300, 300


@dataclass(frozen=True)
class NewMeeting:
    """A meeting as typed. `starts_at` and `agenda` of one that is planned; `attendees` of one entered afterwards."""

    title: str
    purpose: str
    on: date
    minutes: str = ""
    group_id: int | None = None
    training_id: int | None = None
    attendees: frozenset[int] = frozenset()
    file_sha256: str | None = None
    kind: str = "exchange"
    place: str = ""
    agenda: str = ""
    starts_at: datetime | None = None


def plan_meeting(db: Session, viewer: Viewer, new: NewMeeting, now: datetime) -> Meeting:
    """A meeting that is to come; members of its group are told. Raises Invalid per field."""
    assert viewer.staff_id is not None
    _check(viewer, new)
    if new.on < bangkok_day(now):
        raise Invalid({"on": "วันที่ผ่านไปแล้ว ถ้าประชุมแล้ว ให้เลือก “บันทึกการประชุมที่ผ่านมาแล้ว”"})
    with transaction(db):
        meeting = _add(db, viewer, new, now, Status.DRAFT)
        _invite(db, viewer, meeting, now, "เชิญประชุม")
    return meeting


def record_meeting(db: Session, viewer: Viewer, new: NewMeeting, now: datetime) -> Meeting:
    """A meeting that took place, with sign-in, waiting for verification. Raises Invalid per field."""
    _check(viewer, new)
    if new.on > bangkok_day(now):
        raise Invalid({"on": "บันทึกได้หลังจากประชุมแล้ว วันที่ต้องไม่เป็นวันในอนาคต"})
    with transaction(db):
        meeting = _add(db, viewer, new, now, Status.SUBMITTED)
        db.add_all([MeetingAttendee(meeting_id=meeting.id, staff_id=number) for number in sorted(new.attendees)])
        if meeting.minutes.strip() and viewer.staff_id is not None:
            db.add(MinutesWriter(meeting_id=meeting.id, staff_id=viewer.staff_id, at=now))
    return meeting


def _add(db: Session, viewer: Viewer, new: NewMeeting, now: datetime, status: Status) -> Meeting:
    meeting = Meeting(
        code="M-" + secrets.token_hex(4), title=one_line(new.title), purpose=new.purpose, group_id=new.group_id,
        training_id=new.training_id, on=new.on, minutes=said(new.minutes), status=status.value, recorded_at=now,
        recorded_by_id=viewer.staff_id, file_sha256=new.file_sha256, kind=new.kind, place=one_line(new.place),
        agenda=normalise(new.agenda).strip(), starts_at=new.starts_at,
    )  # fmt: skip
    db.add(meeting)
    db.flush()
    had_a_hand(db, meeting, viewer)
    touch(db, "minutes", [meeting.id])
    return meeting


def had_a_hand(db: Session, meeting: Meeting, viewer: Viewer) -> None:
    """Whoever planned a meeting or said who was there does not verify it; inside the transaction of the act."""
    insert_or_skip(db, MeetingHand, {"meeting_id": meeting.id, "staff_id": viewer.staff_id})


def _check(viewer: Viewer, new: NewMeeting) -> None:
    wrong: dict[str, str] = {}
    if not one_line(new.title) or len(one_line(new.title)) > MAX_TITLE:
        wrong["title"] = f"โปรดใส่ชื่อการประชุม ไม่เกิน {MAX_TITLE} ตัวอักษร"
    if new.purpose not in PURPOSES:
        wrong["purpose"] = "โปรดเลือกว่านับเป็นการประชุมประเภทใด"
    if new.kind not in MEETING_KINDS:
        wrong["kind"] = "โปรดเลือกรูปแบบจากรายการ"
    if new.group_id is not None and new.group_id not in viewer.group_ids:
        wrong["group_id"] = "เลือกได้เฉพาะกลุ่มที่ท่านเป็นสมาชิก"
    if len(one_line(new.place)) > MAX_PLACE:
        wrong["place"] = f"สถานที่ยาวเกิน {MAX_PLACE} ตัวอักษร"
    if len(new.minutes) > MAX_MINUTES:
        wrong["minutes"] = f"รายงานยาวเกิน {MAX_MINUTES:,} ตัวอักษร"
    if wrong:
        raise Invalid(wrong)


def _invite(db: Session, viewer: Viewer, meeting: Meeting, now: datetime, verb: str) -> None:
    if meeting.group_id is None:
        return
    group = db.get_one(Group, meeting.group_id)
    text = f"{verb} “{meeting.title}” {rules.meeting_time(meeting)}"
    key = f"meeting:{meeting.id}:{now.isoformat()}"
    to = queries.members_ids(db, group.id) - {viewer.staff_id}
    notify(db, "meeting", to, text, f"/meetings/{meeting.code}", key, now, audience=rules.told_audience(group))


def change_meeting(db: Session, viewer: Viewer, code: str, new: NewMeeting, now: datetime) -> Meeting:
    """Plan a meeting anew while it is not sent to be verified; members are told of another day or hour."""
    meeting, _ = meeting_queries.meeting_to_run(db, viewer, code)
    _check(viewer, replace(new, group_id=None))
    with transaction(db):
        _must_be_planned(db, meeting, "title", "การประชุมนี้ส่งตรวจแล้ว แก้กำหนดการไม่ได้")
        moved = (meeting.on, meeting.starts_at) != (new.on, new.starts_at)
        meeting.title, meeting.purpose, meeting.on = one_line(new.title), new.purpose, new.on
        meeting.kind, meeting.place, meeting.agenda = new.kind, one_line(new.place), normalise(new.agenda).strip()
        meeting.starts_at, meeting.training_id = new.starts_at, new.training_id
        had_a_hand(db, meeting, viewer)
        touch(db, "minutes", [meeting.id])
        if moved:
            _invite(db, viewer, meeting, now, "เลื่อนการประชุม")
    return meeting


def cancel_meeting(db: Session, viewer: Viewer, code: str, reason: str, now: datetime) -> None:
    """A planned meeting will not take place: it is voided with its reason, and members are told."""
    meeting, _ = meeting_queries.meeting_to_run(db, viewer, code)
    if not one_line(reason) or len(one_line(reason)) > MAX_REASON:
        raise Invalid({"reason": f"โปรดบอกเหตุผลที่งดประชุม ไม่เกิน {MAX_REASON} ตัวอักษร"})
    with transaction(db):
        _must_be_planned(db, meeting, "reason", "การประชุมนี้ส่งตรวจแล้ว ยกเลิกได้ที่ทะเบียนการประชุม")
        mark_void(meeting, one_line(reason), viewer.staff_id, now)
        touch(db, "minutes", [meeting.id])
        _invite(db, viewer, meeting, now, "งดประชุม")


def _must_be_planned(db: Session, meeting: Meeting, name: str, sentence: str) -> None:
    """Inside the transaction of the act, so that nobody sends or verifies it meanwhile."""
    db.refresh(meeting, with_for_update=True)
    if meeting.status != Status.DRAFT.value:
        raise Invalid({name: sentence})


def send_meeting(db: Session, viewer: Viewer, code: str, now: datetime) -> None:
    """Send a held meeting to be verified by another person. Raises Invalid that names what is missing."""
    meeting, _ = meeting_queries.meeting_to_run(db, viewer, code)
    with transaction(db):
        _must_be_planned(db, meeting, "send", "การประชุมนี้ส่งตรวจแล้ว")
        _must_be_complete(db, meeting, now)
        meeting.status, meeting.recorded_at = Status.SUBMITTED.value, now
        meeting.recorded_by_id = viewer.staff_id
        _tell_checkers(db, viewer, meeting, now)


def _must_be_complete(db: Session, meeting: Meeting, now: datetime) -> None:
    missing = []
    if meeting.on > bangkok_day(now) or (meeting.starts_at is not None and meeting.starts_at > now):
        missing.append("ยังไม่ถึงเวลาประชุม")
    if not meeting.minutes.strip():
        missing.append("ยังไม่มีรายงานการประชุม")
    if len(meeting_queries.signed_in(db, meeting.id)) < 2:
        missing.append("มีผู้ลงชื่อไม่ถึงสองคน")
    if missing:
        raise Invalid({"send": "ยังส่งตรวจไม่ได้: " + " และ".join(missing)})


def _tell_checkers(db: Session, viewer: Viewer, meeting: Meeting, now: datetime) -> None:
    """Tell the secretary and the evaluators that a meeting waits; of a closed group's only those who are in it."""
    checkers = select(StaffRole.staff_id).where(StaffRole.role.in_((Role.SECRETARY.value, Role.EVALUATOR.value)))
    to = set(db.scalars(checkers)) - meeting_queries.hands(db, meeting.id) - {viewer.staff_id}
    audience = ""
    if meeting.group_id is not None:
        group = db.get_one(Group, meeting.group_id)
        audience = rules.told_audience(group)
        to = to if audience == "" else to & queries.members_ids(db, group.id)
    text = f"การประชุม “{meeting.title}” รอผู้อื่นตรวจยืนยัน"
    notify(
        db,
        "review_asked",
        to,
        text,
        f"/meetings/{meeting.code}",
        f"meeting_sent:{meeting.id}:{now.isoformat()}",
        now,
        audience=audience,
    )
