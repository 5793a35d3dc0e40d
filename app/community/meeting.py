"""Changes of meetings: planned, held, signed in to, written down, sent to be verified."""

from __future__ import annotations

import csv
import io
import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.community import meeting_queries, queries, rules
from app.community.models import (
    MEETING_KINDS,
    PURPOSES,
    Group,
    Meeting,
    MeetingAttendee,
    MeetingHand,
    MeetingPicture,
    MeetingTask,
    MinutesWriter,
)
from app.core.clock import bangkok_day
from app.core.database import insert_new, insert_or_skip, transaction
from app.core.errors import Invalid, NotAllowed
from app.core.files import IMAGES, FileStore
from app.core.records import Status
from app.core.thai import normalise, one_line
from app.knowledge import merging
from app.knowledge.rules import loses_most
from app.notifications.commands import notify
from app.people.models import Role, StaffLine, StaffRole, Viewer
from app.people.rules import short_name
from app.search.documents import touch

MAX_TITLE, MAX_PLACE, MAX_REASON, MAX_CAPTION = 300, 300, 300, 200
CSV_HEADS = ("รหัส", "ชื่อ", "ชื่อ-สกุล", "ชื่อ นามสกุล", "code", "name")
MAX_MINUTES, MAX_PICTURES, MAX_CSV_BYTES = 200_000, 60, 200_000


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
        training_id=new.training_id, on=new.on, minutes=_said(new.minutes), status=status.value, recorded_at=now,
        recorded_by_id=viewer.staff_id, file_sha256=new.file_sha256, kind=new.kind, place=one_line(new.place),
        agenda=normalise(new.agenda).strip(), starts_at=new.starts_at,
    )  # fmt: skip
    db.add(meeting)
    db.flush()
    _had_a_hand(db, meeting, viewer)
    touch(db, "minutes", [meeting.id])
    return meeting


def _had_a_hand(db: Session, meeting: Meeting, viewer: Viewer) -> None:
    insert_or_skip(db, MeetingHand, {"meeting_id": meeting.id, "staff_id": viewer.staff_id})


def _said(minutes: str) -> str:
    """Minutes as stored: blank ones are none."""
    minutes = normalise(minutes)
    return minutes if minutes.strip() else ""


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
    if meeting.status != Status.DRAFT.value:
        raise Invalid({"title": "การประชุมนี้ส่งตรวจแล้ว แก้กำหนดการไม่ได้"})
    with transaction(db):
        moved = (meeting.on, meeting.starts_at) != (new.on, new.starts_at)
        meeting.title, meeting.purpose, meeting.on = one_line(new.title), new.purpose, new.on
        meeting.kind, meeting.place, meeting.agenda = new.kind, one_line(new.place), normalise(new.agenda).strip()
        meeting.starts_at, meeting.training_id = new.starts_at, new.training_id
        _had_a_hand(db, meeting, viewer)
        touch(db, "minutes", [meeting.id])
        if moved:
            _invite(db, viewer, meeting, now, "เลื่อนการประชุม")
    return meeting


def cancel_meeting(db: Session, viewer: Viewer, code: str, reason: str, now: datetime) -> None:
    """A planned meeting will not take place: it is voided with its reason, and members are told."""
    meeting, _ = meeting_queries.meeting_to_run(db, viewer, code)
    if meeting.status != Status.DRAFT.value:
        raise Invalid({"reason": "การประชุมนี้ส่งตรวจแล้ว ยกเลิกได้ที่ทะเบียนการประชุม"})
    if not one_line(reason) or len(one_line(reason)) > MAX_REASON:
        raise Invalid({"reason": f"โปรดบอกเหตุผลที่งดประชุม ไม่เกิน {MAX_REASON} ตัวอักษร"})
    with transaction(db):
        meeting.status, meeting.void_reason = Status.VOID.value, one_line(reason)
        meeting.voided_by_id = viewer.staff_id
        touch(db, "minutes", [meeting.id])
        _invite(db, viewer, meeting, now, "งดประชุม")


# --- signing in ---


def sign_in(db: Session, viewer: Viewer, meeting: Meeting, how: str, now: datetime) -> bool:
    """A person is there; True the first time, however they signed in before. Raises Invalid on another day."""
    assert viewer.staff_id is not None
    _may_still_sign(meeting)
    if meeting.on != bangkok_day(now):
        raise Invalid({"code": "ลงชื่อด้วย QR ได้เฉพาะในวันประชุม โปรดแจ้งผู้จัดให้ลงชื่อในรายชื่อแทน"})
    with transaction(db):
        late = rules.is_late(meeting.starts_at, now)
        row = {"meeting_id": meeting.id, "staff_id": viewer.staff_id, "how": how, "signed_at": now, "late": late}
        return insert_or_skip(db, MeetingAttendee, row)


def _may_still_sign(meeting: Meeting) -> None:
    if meeting.status in (Status.VERIFIED.value, Status.VOID.value):
        raise Invalid({"code": "การประชุมนี้ตรวจยืนยันหรือยกเลิกแล้ว จึงลงชื่อเพิ่มไม่ได้"})


def _has_come(meeting: Meeting, now: datetime) -> None:
    if meeting.on > bangkok_day(now):
        raise Invalid({"code": "ยังไม่ถึงวันประชุม จึงบอกว่าใครมาไม่ได้"})


def set_present(
    db: Session, viewer: Viewer, code: str, present: set[int], listed: set[int], how: str, now: datetime
) -> None:
    """Who runs the meeting ticks who was there, of those `listed`; whoever signed in before keeps how they did."""
    meeting, _ = meeting_queries.meeting_to_run(db, viewer, code)
    _may_still_sign(meeting)
    _has_come(meeting, now)
    with transaction(db):
        _had_a_hand(db, meeting, viewer)
        before = {one.staff_id for one in meeting_queries.signed_in(db, meeting.id)}
        gone = (before & listed) - present
        db.execute(
            delete(MeetingAttendee).where(MeetingAttendee.meeting_id == meeting.id, MeetingAttendee.staff_id.in_(gone))
        )
        at = now if meeting.on == bangkok_day(now) else None
        new = sorted((present & listed) - before)
        rows = [{"meeting_id": meeting.id, "staff_id": number, "how": how, "signed_at": at} for number in new]
        insert_new(db, MeetingAttendee, rows)


def set_late(db: Session, viewer: Viewer, code: str, staff_id: int, late: bool) -> None:
    """Who runs the meeting marks somebody as late, or not."""
    meeting, _ = meeting_queries.meeting_to_run(db, viewer, code)
    _may_still_sign(meeting)
    with transaction(db):
        mine = (MeetingAttendee.meeting_id == meeting.id, MeetingAttendee.staff_id == staff_id)
        db.execute(update(MeetingAttendee).where(*mine).values(late=late))


def sign_in_from_csv(
    db: Session, viewer: Viewer, code: str, content: bytes, roster: list[StaffLine], now: datetime
) -> tuple[int, int]:
    """Sign in the people of a CSV file: code or full name in the first column. (new, already there).

    All or nothing; raises Invalid that names every line nobody was found for.
    """
    meeting, _ = meeting_queries.meeting_to_run(db, viewer, code)
    _may_still_sign(meeting)
    _has_come(meeting, now)
    found = _people_of_csv(content, roster)
    with transaction(db):
        _had_a_hand(db, meeting, viewer)
        before = {one.staff_id for one in meeting_queries.signed_in(db, meeting.id)}
        at = now if meeting.on == bangkok_day(now) else None
        new = sorted(found - before)
        rows = [{"meeting_id": meeting.id, "staff_id": number, "how": "csv", "signed_at": at} for number in new]
        insert_new(db, MeetingAttendee, rows)
    return len(new), len(found) - len(new)


def _people_of_csv(content: bytes, roster: list[StaffLine]) -> set[int]:
    known: dict[str, int | None] = {}
    for line in roster:
        for name in {line.code.lower(), one_line(line.name), short_name(line.name)}:
            known[name] = None if name in known else line.id
    found, wrong = set(), []
    for number, who in enumerate(_first_cells(content), 1):
        match = known.get(who.lower(), known.get(who, known.get(short_name(who), 0)))
        if match:
            found.add(match)
        elif who and not (number == 1 and who in CSV_HEADS):
            why = "มีหลายคนชื่อนี้ โปรดใส่รหัสบุคลากร" if match is None else "ไม่พบในรายชื่อบุคลากร"
            wrong.append(f"บรรทัด {number} “{who[:60]}” {why}")
    if wrong:
        more = f" และอีก {len(wrong) - 8} บรรทัด" if len(wrong) > 8 else ""
        raise Invalid({"csv": "ยังไม่ลงชื่อใคร: " + " · ".join(wrong[:8]) + more})
    if not found:
        raise Invalid({"csv": "ไม่พบชื่อในไฟล์ ใส่รหัสหรือชื่อบุคลากรบรรทัดละหนึ่งคนในช่องแรก"})
    return found


def _first_cells(content: bytes) -> list[str]:
    """First cell of every line of a CSV file, UTF-8 or as Excel writes it on Thai Windows."""
    if len(content) > MAX_CSV_BYTES:
        raise Invalid({"csv": "ไฟล์ใหญ่เกินกว่าจะเป็นใบลงชื่อ โปรดใช้ไฟล์ที่มีเฉพาะรายชื่อผู้เข้าประชุม"})
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp874", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    dialect = "excel-tab" if "\t" in text and "," not in text else "excel"
    try:
        return [one_line(row[0]) if row else "" for row in csv.reader(io.StringIO(text), dialect)]
    except csv.Error as error:
        raise Invalid({"csv": "อ่านไฟล์นี้เป็น CSV ไม่ได้ โปรดบันทึกใหม่จาก Excel เป็น CSV (UTF-8)"}) from error


# --- what was said ---


@dataclass(frozen=True)
class Written:
    """The minutes after a save; `both` says that two people changed the same lines and both were kept."""

    text: str
    both: bool


def save_minutes(
    db: Session, viewer: Viewer, code: str, base: str, text: str, now: datetime, *, shorter: bool = False
) -> Written:
    """Take a person's words into the minutes. `base` is the text they began with; others' words since then stay.

    Where two changed the same lines both are kept, one under the other: nobody's words are lost while a meeting goes on.
    Raises Invalid for a save that takes most of the text away without `shorter`, NotAllowed for outsiders.
    """
    assert viewer.staff_id is not None
    meeting, group = meeting_queries.meeting_by_code(db, viewer, code)
    base, text = normalise(base), normalise(text)
    if len(text) > MAX_MINUTES:
        raise Invalid({"text": f"รายงานยาวเกิน {MAX_MINUTES:,} ตัวอักษร โปรดแยกเป็นเอกสารแนบ"})
    may_write(db, viewer, meeting, group)
    with transaction(db):
        db.refresh(meeting, with_for_update=True)
        may_write(db, viewer, meeting, group)
        merged, both = merging.settle_live(merging.merge(base, meeting.minutes, text))
        if loses_most(meeting.minutes, merged) and not shorter:
            raise Invalid({"text": "ข้อความที่จะบันทึกสั้นกว่าเดิมเกิน 90 % ถ้าตั้งใจ ให้ติ๊กยืนยันแล้วบันทึกอีกครั้ง"})
        if merged != meeting.minutes:
            meeting.minutes = _said(merged)
            touch(db, "minutes", [meeting.id])
        if base != text:
            insert_or_skip(
                db, MinutesWriter, {"meeting_id": meeting.id, "staff_id": viewer.staff_id, "at": now}
            )  # fmt: skip
            mine = (MinutesWriter.meeting_id == meeting.id, MinutesWriter.staff_id == viewer.staff_id)
            db.execute(update(MinutesWriter).where(*mine).values(at=now))
    return Written(merged, both)


def may_write(db: Session, viewer: Viewer, meeting: Meeting, group: Group | None) -> None:
    """Raises NotAllowed for those who may not write in the minutes now."""
    if meeting.status in (Status.VERIFIED.value, Status.VOID.value):
        raise NotAllowed("การประชุมนี้ตรวจยืนยันหรือยกเลิกแล้ว รายงานจึงแก้ไม่ได้")
    present = frozenset(one.staff_id for one in meeting_queries.signed_in(db, meeting.id))
    if not rules.can_write_minutes(viewer, meeting, group, present):
        raise NotAllowed("เขียนรายงานได้เฉพาะผู้เข้าประชุม สมาชิกกลุ่ม และผู้จัด")


def add_picture(
    db: Session, viewer: Viewer, files: FileStore, code: str, content: bytes, kind: str, caption: str, now: datetime
) -> None:
    """Keep a photo, or a picture of the paper sheet; the sheet is the evidence behind the record."""
    assert viewer.staff_id is not None
    meeting, group = meeting_queries.meeting_by_code(db, viewer, code)
    may_write(db, viewer, meeting, group)
    if kind not in ("photo", "sheet"):
        raise Invalid({"kind": "โปรดเลือกว่าเป็นภาพบรรยากาศหรือใบลงชื่อ"})
    if kind == "sheet" and not rules.can_run_meeting(viewer, meeting, group):
        raise NotAllowed("ใส่ใบลงชื่อได้เฉพาะผู้จัดประชุมและผู้ดำเนินกลุ่ม")
    if not content:
        raise Invalid({"picture": "โปรดเลือกไฟล์ภาพ"})
    if len(one_line(caption)) > MAX_CAPTION:
        raise Invalid({"picture": f"คำบรรยายยาวเกิน {MAX_CAPTION} ตัวอักษร"})
    kept = files.keep(content)
    if kept.media_type not in IMAGES and not (kind == "sheet" and kept.media_type == "application/pdf"):
        raise Invalid({"picture": "รับเฉพาะรูปภาพ ใบลงชื่อเป็น PDF ได้"})
    if len(meeting_queries.pictures(db, meeting.id)) >= MAX_PICTURES:
        raise Invalid({"picture": f"ใส่ได้ไม่เกิน {MAX_PICTURES} ภาพ"})
    with transaction(db):
        row = {
            "meeting_id": meeting.id, "kind": kind, "sha256": kept.sha256, "media_type": kept.media_type,
            "caption": one_line(caption), "added_by_id": viewer.staff_id, "added_at": now,
        }  # fmt: skip
        insert_new(db, MeetingPicture, [row])
        if kind == "sheet" and meeting.file_sha256 is None:
            meeting.file_sha256 = kept.sha256


def remove_picture(db: Session, viewer: Viewer, code: str, number: int) -> None:
    """Take a photo away: its owner or who runs the meeting; never the sheet that is the evidence of a sent record."""
    meeting, group = meeting_queries.meeting_by_code(db, viewer, code)
    found = meeting_queries.picture(db, meeting.id, number)
    if found.added_by_id != viewer.staff_id and not rules.can_run_meeting(viewer, meeting, group):
        raise NotAllowed("ลบได้เฉพาะผู้ใส่ภาพและผู้จัดประชุม")
    if meeting.status != Status.DRAFT.value:
        raise Invalid({"picture": "การประชุมนี้ส่งตรวจแล้ว ภาพเป็นหลักฐานจึงลบไม่ได้"})
    with transaction(db):
        db.delete(found)
        if meeting.file_sha256 == found.sha256:
            meeting.file_sha256 = None


def add_task(db: Session, viewer: Viewer, code: str, text: str, staff_id: int | None, due_on: date | None) -> None:
    """Note what somebody takes on. Raises Invalid per field."""
    meeting, group = meeting_queries.meeting_by_code(db, viewer, code)
    may_write(db, viewer, meeting, group)
    text = one_line(text)
    if not text or len(text) > 300:
        raise Invalid({"task": "โปรดบอกว่าต้องทำอะไร ไม่เกิน 300 ตัวอักษร"})
    if staff_id is not None and not can_take_task(db, meeting, group, staff_id):
        raise Invalid({"task": "ผู้รับงานต้องเป็นผู้เข้าประชุมหรือสมาชิกกลุ่ม"})
    with transaction(db):
        db.add(MeetingTask(meeting_id=meeting.id, text=text, staff_id=staff_id, due_on=due_on))


def can_take_task(db: Session, meeting: Meeting, group: Group | None, staff_id: int) -> bool:
    """Those who signed in and members of the group."""
    present = {one.staff_id for one in meeting_queries.signed_in(db, meeting.id)}
    return staff_id in present or (group is not None and staff_id in queries.members_ids(db, group.id))


def finish_task(db: Session, viewer: Viewer, code: str, number: int, today: date | None) -> None:
    """Done on a day, or not done after all (None): by who took it, or who may write in the minutes."""
    meeting, group = meeting_queries.meeting_by_code(db, viewer, code)
    found = meeting_queries.task(db, meeting.id, number)
    member = group is not None and group.id in viewer.group_ids
    if found.staff_id != viewer.staff_id and not member and not rules.can_run_meeting(viewer, meeting, group):
        raise NotAllowed("ปิดงานได้เฉพาะผู้รับงาน สมาชิกกลุ่ม และผู้จัดประชุม")
    with transaction(db):
        found.done_on = today


def send_meeting(db: Session, viewer: Viewer, code: str, now: datetime) -> None:
    """Send a held meeting to be verified by another person. Raises Invalid that names what is missing."""
    meeting, _ = meeting_queries.meeting_to_run(db, viewer, code)
    if meeting.status != Status.DRAFT.value:
        raise Invalid({"send": "การประชุมนี้ส่งตรวจแล้ว"})
    missing = []
    if meeting.on > bangkok_day(now) or (meeting.starts_at is not None and meeting.starts_at > now):
        missing.append("ยังไม่ถึงเวลาประชุม")
    if not meeting.minutes.strip():
        missing.append("ยังไม่มีรายงานการประชุม")
    if len(meeting_queries.signed_in(db, meeting.id)) < 2:
        missing.append("มีผู้ลงชื่อไม่ถึงสองคน")
    if missing:
        raise Invalid({"send": "ยังส่งตรวจไม่ได้: " + " และ".join(missing)})
    with transaction(db):
        meeting.status, meeting.recorded_at = Status.SUBMITTED.value, now
        meeting.recorded_by_id = viewer.staff_id
        _tell_checkers(db, viewer, meeting, now)


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
