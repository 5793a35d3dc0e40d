"""Changes of groups, threads, meetings and lessons."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.community import queries, rules, talk
from app.community.models import (
    GROUP_VISIBILITIES,
    PURPOSES,
    Group,
    Lesson,
    Meeting,
    MeetingAttendee,
    Membership,
    Standing,
    Thread,
)
from app.core.clock import bangkok_day
from app.core.database import insert_or_skip, transaction
from app.core.errors import Invalid
from app.core.records import Status
from app.core.thai import normalise, one_line
from app.knowledge import commands as knowledge
from app.knowledge import rules as knowledge_rules
from app.knowledge.commands import Desk
from app.knowledge.models import Article, ArticleText, Origin
from app.people.models import Staff, Viewer
from app.search.documents import touch

MAX_GLOSSARY = 200
LEAST_WORD, MAX_WORD = 3, 60


@dataclass(frozen=True)
class NewMeeting:
    """A meeting as typed."""

    title: str
    purpose: str
    on: date
    minutes: str = ""
    group_id: int | None = None
    training_id: int | None = None
    attendees: frozenset[int] = frozenset()
    file_sha256: str | None = None


def found_group(
    db: Session, viewer: Viewer, name: str, purpose: str, visibility: str, second: int | None, today: date
) -> Group:
    """A new group; its founder and, when named, a second person facilitate it."""
    assert viewer.staff_id is not None
    name, purpose = one_line(name), normalise(purpose).strip()
    wrong = _check_words(name, purpose)
    if visibility not in GROUP_VISIBILITIES:
        wrong["visibility"] = "โปรดเลือกว่าใครเข้ากลุ่มได้"
    if wrong:
        raise Invalid(wrong)
    with transaction(db):
        group = Group(
            code="G-" + secrets.token_hex(4), name=name[:200], purpose=purpose[:1000], visibility=visibility,
            founded_on=today,
        )  # fmt: skip
        db.add(group)
        db.flush()
        for staff_id in {viewer.staff_id, second} - {None}:
            db.add(Membership(group_id=group.id, staff_id=staff_id, standing=Standing.FACILITATOR.value, since=today))
    return group


def edit_group(db: Session, viewer: Viewer, code: str, name: str, purpose: str, glossary: str) -> Group:
    """A facilitator words the group anew; words of the glossary become words of search. Raises Invalid per field."""
    group = queries.group_to_manage(db, viewer, code)
    name, purpose, glossary = one_line(name), normalise(purpose).strip(), normalise(glossary).strip()
    wrong = _check_words(name, purpose)
    pairs = rules.glossary(glossary)
    if len(pairs) > MAX_GLOSSARY:
        wrong["glossary"] = f"ใส่ได้ไม่เกิน {MAX_GLOSSARY} คำ"
    long = next((word for word, _ in pairs if len(word) > MAX_WORD), None)
    odd = next((word for word, _ in pairs if len(word) < LEAST_WORD or "#" in word or "=" in word), None)
    if odd:
        wrong["glossary"] = f"คำว่า “{odd[:30]}” ใช้ไม่ได้ คำต้องยาวอย่างน้อย {LEAST_WORD} ตัวอักษร และไม่มี # หรือ ="
    if long:
        wrong["glossary"] = f"คำว่า “{long[:30]}…” ยาวเกิน {MAX_WORD} ตัวอักษร ใส่คำแล้วตามด้วย : และความหมาย"
    if wrong:
        raise Invalid(wrong)
    with transaction(db):
        renamed = group.name != name[:200]
        group.name, group.purpose = name[:200], purpose[:1000]
        group.glossary = "\n".join(f"{word}: {meaning}" if meaning else word for word, meaning in pairs)
        if renamed:
            touch(db, "thread", db.scalars(select(Thread.id).where(Thread.group_id == group.id)))
            touch(db, "minutes", db.scalars(select(Meeting.id).where(Meeting.group_id == group.id)))
    return group


def _check_words(name: str, purpose: str) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not name:
        wrong["name"] = "โปรดตั้งชื่อกลุ่ม"
    if not purpose:
        wrong["purpose"] = "โปรดบอกหัวปลา: กลุ่มนี้รวมกันเพื่อเรื่องอะไร"
    return wrong


def archive_group(db: Session, viewer: Viewer, code: str, today: date | None) -> None:
    """A facilitator puts a group away (read only), or takes it up again with None."""
    group = queries.group_to_manage(db, viewer, code)
    if (today is None) == (group.archived_on is None):
        return
    with transaction(db):
        group.archived_on = today


def join_group(db: Session, viewer: Viewer, code: str, today: date) -> str:
    """Join an open group, or ask to join one by request; returns the standing. A secret group is never found."""
    assert viewer.staff_id is not None
    group = queries.group_to_see(db, viewer, code)
    if group.archived_on is not None:
        raise Invalid({"group": "กลุ่มนี้เก็บเข้าคลังแล้ว อ่านได้อย่างเดียว"})
    if group.id in viewer.group_ids:
        raise Invalid({"group": "ท่านเป็นสมาชิกกลุ่มนี้อยู่แล้ว"})
    standing = Standing.MEMBER.value if group.visibility == "open" else Standing.ASKED.value
    with transaction(db):
        row = {"group_id": group.id, "staff_id": viewer.staff_id, "standing": standing, "since": today}
        insert_or_skip(db, Membership, row)
    return standing


def leave_group(db: Session, viewer: Viewer, code: str) -> None:
    """Leave, or take back the request. The last facilitator must first hand over. Raises Invalid."""
    group = queries.group_to_see(db, viewer, code)
    with transaction(db):
        db.refresh(group, with_for_update=True)
        facilitators = [m for m in queries.members(db, group.id) if m.standing == Standing.FACILITATOR.value]
        if [m.staff_id for m in facilitators] == [viewer.staff_id]:
            raise Invalid({"group": "ท่านเป็นผู้ดำเนินกลุ่มคนเดียว โปรดตั้งผู้ดำเนินกลุ่มอีกคนก่อนออกจากกลุ่ม"})
        db.execute(delete(Membership).where(Membership.group_id == group.id, Membership.staff_id == viewer.staff_id))


def set_standing(db: Session, viewer: Viewer, code: str, staff_code: str, standing: str, today: date) -> None:
    """A facilitator accepts, invites, promotes or removes (`standing` "") a person."""
    group = queries.group_to_manage(db, viewer, code)
    person = db.scalar(select(Staff).where(Staff.code == staff_code))
    if person is None or standing not in ("", Standing.MEMBER.value, Standing.FACILITATOR.value):
        raise Invalid({"staff": "ไม่พบบุคลากรหรือบทบาทในกลุ่ม"})
    with transaction(db):
        db.refresh(group, with_for_update=True)
        facilitators = {m.staff_id for m in queries.members(db, group.id) if m.standing == Standing.FACILITATOR.value}
        if standing != Standing.FACILITATOR.value and not facilitators - {person.id}:
            raise Invalid({"staff": "กลุ่มต้องมีผู้ดำเนินกลุ่มอย่างน้อยหนึ่งคน"})
        mine = (Membership.group_id == group.id, Membership.staff_id == person.id)
        if standing == "":
            db.execute(delete(Membership).where(*mine))
        elif db.scalar(select(Membership.standing).where(*mine)) is None:
            db.add(Membership(group_id=group.id, staff_id=person.id, standing=standing, since=today))
        else:
            db.execute(update(Membership).where(*mine).values(standing=standing))


def summarise(
    db: Session, desk: Desk, viewer: Viewer, thread: Thread, group: Group, text: ArticleText, now: datetime
) -> Article:
    """A draft article from a thread that credits its participants, and the thread's lesson, in one transaction.

    A thread makes one lesson however often it is summarised; it waits for another person to verify.
    """
    assert viewer.staff_id is not None
    talk.may_post(viewer, group)
    talk.may_summarise(viewer, thread)
    if group.visibility != "open" and text.visibility != "group":
        raise Invalid({"visibility": "กระทู้ของกลุ่มปิดสรุปเป็นบทความเฉพาะกลุ่มได้เท่านั้น ขยายภายหลังได้เมื่อกลุ่มตกลง"})
    credited = tuple(number for number, _ in queries.participants(db, thread))
    origin = Origin(thread_id=thread.id, credited=credited)
    knowledge_rules.check_text(knowledge.clean_text(text), publishing=False)
    with transaction(db):
        db.refresh(thread, with_for_update=True)
        article = knowledge.create_article(db, desk, viewer, text, origin, now, publish=False)
        lesson = queries.lesson_of_thread(db, thread.id)
        if lesson is None:
            lesson = Lesson(
                on=bangkok_day(now), text=article.title, thread_id=thread.id, status=Status.SUBMITTED.value,
                recorded_at=now, recorded_by_id=viewer.staff_id,
            )  # fmt: skip
            db.add(lesson)
        if lesson.article_id is None and lesson.status == Status.SUBMITTED.value:
            lesson.article_id = article.id
    return article


def record_meeting(db: Session, viewer: Viewer, new: NewMeeting, now: datetime) -> Meeting:
    """A meeting with sign-in, waiting for verification. Raises Invalid per field."""
    assert viewer.staff_id is not None
    _check_meeting(viewer, new, now)
    with transaction(db):
        meeting = Meeting(
            code="M-" + secrets.token_hex(4), title=one_line(new.title), purpose=new.purpose, group_id=new.group_id,
            training_id=new.training_id, on=new.on, minutes=normalise(new.minutes), status=Status.SUBMITTED.value, recorded_at=now,
            recorded_by_id=viewer.staff_id, file_sha256=new.file_sha256,
        )  # fmt: skip
        db.add(meeting)
        db.flush()
        touch(db, "minutes", [meeting.id])
        db.add_all([MeetingAttendee(meeting_id=meeting.id, staff_id=number) for number in sorted(new.attendees)])
    return meeting


def _check_meeting(viewer: Viewer, new: NewMeeting, now: datetime) -> None:
    wrong: dict[str, str] = {}
    if not one_line(new.title):
        wrong["title"] = "โปรดใส่ชื่อการประชุม"
    if new.purpose not in PURPOSES:
        wrong["purpose"] = "โปรดเลือกประเภทการประชุม"
    if new.on > bangkok_day(now):
        wrong["on"] = "บันทึกได้หลังจากประชุมแล้ว วันที่ต้องไม่เป็นวันในอนาคต"
    if new.group_id is not None and new.group_id not in viewer.group_ids:
        wrong["group_id"] = "เลือกได้เฉพาะกลุ่มที่ท่านเป็นสมาชิก"
    if wrong:
        raise Invalid(wrong)
