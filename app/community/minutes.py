"""What comes out of a meeting: words written by several, pictures, tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.community import meeting_queries, queries, rules
from app.community.models import (
    Group,
    Meeting,
    MeetingPicture,
    MeetingTask,
    MinutesWriter,
)
from app.core.database import insert_new, insert_or_skip, transaction
from app.core.errors import Invalid, NotAllowed
from app.core.files import IMAGES, FileStore
from app.core.records import Status
from app.core.thai import normalise, one_line
from app.knowledge import merging
from app.knowledge.rules import loses_most
from app.people.models import Viewer
from app.search.documents import touch

MAX_MINUTES, MAX_PICTURES, MAX_CAPTION, MAX_TASK = 200_000, 60, 200, 300


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
            meeting.minutes = said(merged)
            touch(db, "minutes", [meeting.id])
        if base != text:
            insert_or_skip(
                db, MinutesWriter, {"meeting_id": meeting.id, "staff_id": viewer.staff_id, "at": now}
            )  # fmt: skip
            mine = (MinutesWriter.meeting_id == meeting.id, MinutesWriter.staff_id == viewer.staff_id)
            db.execute(update(MinutesWriter).where(*mine).values(at=now))
    return Written(merged, both)


def said(minutes: str) -> str:
    """Minutes as stored: blank ones are none."""
    minutes = normalise(minutes)
    return minutes if minutes.strip() else ""


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
    with transaction(db):
        db.refresh(meeting, with_for_update=True)
        if meeting.status != Status.DRAFT.value:
            raise Invalid({"picture": "การประชุมนี้ส่งตรวจแล้ว ภาพเป็นหลักฐานจึงลบไม่ได้"})
        if meeting.file_sha256 == found.sha256:
            meeting.file_sha256 = None
        db.delete(found)


def add_task(db: Session, viewer: Viewer, code: str, text: str, staff_id: int | None, due_on: date | None) -> None:
    """Note what somebody takes on. Raises Invalid per field."""
    meeting, group = meeting_queries.meeting_by_code(db, viewer, code)
    may_write(db, viewer, meeting, group)
    text = one_line(text)
    if not text or len(text) > MAX_TASK:
        raise Invalid({"task": f"โปรดบอกว่าต้องทำอะไร ไม่เกิน {MAX_TASK} ตัวอักษร"})
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
