"""Signing in to a meeting: by the code on the screen, from the roster or paper, from a file of names."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.community import meeting_queries, rules
from app.community.meeting_commands import had_a_hand
from app.community.models import (
    Meeting,
    MeetingAttendee,
)
from app.core.clock import bangkok_day
from app.core.database import insert_new, insert_or_skip, transaction
from app.core.errors import Invalid
from app.core.records import Status
from app.core.thai import one_line
from app.people.models import StaffLine, Viewer
from app.people.rules import short_name

MAX_CSV_BYTES = 200_000
CSV_HEADS = ("รหัส", "ชื่อ", "ชื่อ-สกุล", "ชื่อ นามสกุล", "code", "name")


def sign_in(db: Session, viewer: Viewer, meeting: Meeting, how: str, now: datetime) -> bool:
    """A person is there; True the first time, however they signed in before. Raises Invalid on another day."""
    assert viewer.staff_id is not None
    with transaction(db):
        _may_still_sign(db, meeting)
        if meeting.on != bangkok_day(now):
            raise Invalid({"code": "ลงชื่อด้วย QR ได้เฉพาะในวันประชุม โปรดแจ้งผู้จัดให้ลงชื่อในรายชื่อแทน"})
        late = rules.is_late(meeting.starts_at, now)
        row = {"meeting_id": meeting.id, "staff_id": viewer.staff_id, "how": how, "signed_at": now, "late": late}
        return insert_or_skip(db, MeetingAttendee, row)


def _may_still_sign(db: Session, meeting: Meeting) -> None:
    """Inside the transaction: whoever verifies meanwhile waits, or has done so."""
    db.refresh(meeting, with_for_update=True)
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
    with transaction(db):
        _may_still_sign(db, meeting)
        _has_come(meeting, now)
        had_a_hand(db, meeting, viewer)
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
    with transaction(db):
        _may_still_sign(db, meeting)
        mine = (MeetingAttendee.meeting_id == meeting.id, MeetingAttendee.staff_id == staff_id)
        db.execute(update(MeetingAttendee).where(*mine).values(late=late))


def sign_in_from_csv(
    db: Session, viewer: Viewer, code: str, content: bytes, roster: list[StaffLine], now: datetime
) -> tuple[int, int]:
    """Sign in the people of a CSV file: code or full name in the first column. (new, already there).

    All or nothing; raises Invalid that names every line nobody was found for.
    """
    meeting, _ = meeting_queries.meeting_to_run(db, viewer, code)
    found = _people_of_csv(content, roster)
    with transaction(db):
        _may_still_sign(db, meeting)
        _has_come(meeting, now)
        had_a_hand(db, meeting, viewer)
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
