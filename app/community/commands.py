"""Changes of groups, threads, meetings and lessons."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.community import queries, rules
from app.community.models import (
    GROUP_VISIBILITIES,
    PURPOSES,
    Group,
    Lesson,
    Meeting,
    MeetingAttendee,
    Membership,
    Post,
    Standing,
    Thread,
    ThreadRead,
)
from app.core.clock import bangkok_day
from app.core.database import insert_or_skip, transaction
from app.core.errors import Invalid, NotAllowed
from app.core.records import Status
from app.core.rendering import Rendered
from app.core.thai import normalise, one_line
from app.knowledge import commands as knowledge
from app.knowledge import rules as knowledge_rules
from app.knowledge.commands import Desk
from app.knowledge.models import Article, ArticleComment, ArticleText, Origin
from app.notifications.commands import notify_codes
from app.people.models import Staff, Viewer
from app.search.documents import touch


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
    wrong: dict[str, str] = {}
    name, purpose = one_line(name), normalise(purpose).strip()
    if not name:
        wrong["name"] = "โปรดตั้งชื่อกลุ่ม"
    if not purpose:
        wrong["purpose"] = "โปรดบอกหัวปลา: กลุ่มนี้รวมกันเพื่อเรื่องอะไร"
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


def join_group(db: Session, viewer: Viewer, code: str, today: date) -> str:
    """Join an open group, or ask to join one by request; returns the standing. A secret group is never found."""
    assert viewer.staff_id is not None
    group = queries.group_to_see(db, viewer, code)
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


def start_thread(db: Session, desk: Desk, viewer: Viewer, group: Group, title: str, body: str, now: datetime) -> Thread:
    """Open a thread in a group one is a member of. Raises Invalid per field."""
    assert viewer.staff_id is not None
    _may_post(viewer, group)
    title, body = one_line(title), normalise(body)
    wrong = {}
    if not title or len(title) > 200:
        wrong["title"] = "โปรดใส่หัวข้อ ไม่เกิน 200 ตัวอักษร"
    if not body.strip():
        wrong["body"] = "โปรดเล่าเรื่องหรือคำถาม"
    if wrong:
        raise Invalid(wrong)
    rendered = desk.renderer.render(body, people=desk.people)
    with transaction(db):
        thread = Thread(
            code="TH-" + secrets.token_hex(4), group_id=group.id, author_id=viewer.staff_id, title=title,
            body=body, html=rendered.html, at=now, last_at=now,
        )  # fmt: skip
        db.add(thread)
        db.flush()
        _mention(db, viewer, thread, 0, rendered, now)
        _mark_read(db, viewer.staff_id, thread.id, now)
        touch(db, "thread", [thread.id])
    return thread


def reply(db: Session, desk: Desk, viewer: Viewer, thread: Thread, group: Group, body: str, now: datetime) -> Post:
    """Answer in a thread. Raises Invalid for an empty text, NotAllowed for those outside the group."""
    assert viewer.staff_id is not None
    _may_post(viewer, group)
    body = normalise(body)
    if not body.strip():
        raise Invalid({"body": "ข้อความยังว่างอยู่"})
    rendered = desk.renderer.render(body, people=desk.people)
    with transaction(db):
        post = Post(thread_id=thread.id, author_id=viewer.staff_id, body=body, html=rendered.html, at=now)
        db.add(post)
        db.execute(update(Thread).where(Thread.id == thread.id).values(last_at=now))
        db.flush()
        _mention(db, viewer, thread, post.id, rendered, now)
        _mark_read(db, viewer.staff_id, thread.id, now)
        touch(db, "thread", [thread.id])
    return post


def thread_from_comment(
    db: Session, desk: Desk, viewer: Viewer, group: Group, article: Article, comment: ArticleComment, now: datetime
) -> Thread:
    """เปิดกระทู้ในกลุ่ม: a comment under an article goes on as a thread that leads back to it. Once for a comment."""
    if comment.thread_id is not None:
        raise Invalid({"group": "ความเห็นนี้เปิดเป็นกระทู้แล้ว"})
    if article.visibility == "group" and article.group_id != group.id:
        raise Invalid({"group": "บทความนี้อ่านได้เฉพาะในกลุ่ม เปิดกระทู้ได้ในกลุ่มนั้นเท่านั้น"})
    names = db.scalar(select(Staff.name).where(Staff.id == comment.author_id)) or ""
    name = article.title.translate(str.maketrans("", "", "[]"))
    body = f"{rules.quote(names, comment.body)}\n\nจากความเห็นใต้บทความ [{name}](/articles/{article.code})"
    with transaction(db):
        thread = start_thread(db, desk, viewer, group, f"จากบทความ: {article.title}"[:200], body, now)
        db.execute(update(ArticleComment).where(ArticleComment.id == comment.id).values(thread_id=thread.id))
    return thread


def _may_post(viewer: Viewer, group: Group) -> None:
    if not rules.can_post(viewer, group):
        raise NotAllowed("เข้าร่วมกลุ่มก่อนจึงจะตั้งกระทู้หรือตอบได้")


def _mention(db: Session, viewer: Viewer, thread: Thread, post_id: int, rendered: Rendered, now: datetime) -> None:
    """Tell those named with `@` who may read the thread: all staff in an open group, else members only."""
    group = db.get_one(Group, thread.group_id)
    closed = group.visibility != "open"
    where = f"/threads/{thread.code}" + (f"#post-{post_id}" if post_id else "")
    notify_codes(
        db, "mention", rendered.mentioned, f"{viewer.name} เอ่ยถึงท่านในกระทู้ “{thread.title}”", where,
        f"mention:thread:{thread.id}:{post_id}", now, but=viewer.staff_id,
        only=queries.members_ids(db, group.id) if closed and rendered.mentioned else None,
        audience=f"g{group.id}" if closed else "",
    )  # fmt: skip


def _mark_read(db: Session, staff_id: int, thread_id: int, now: datetime) -> None:
    insert_or_skip(db, ThreadRead, {"staff_id": staff_id, "thread_id": thread_id, "read_at": now})
    mine = (ThreadRead.staff_id == staff_id, ThreadRead.thread_id == thread_id)
    db.execute(update(ThreadRead).where(*mine).values(read_at=now))


def mark_read(db: Session, staff_id: int, thread_id: int, now: datetime) -> None:
    """The person has read the thread up to now."""
    with transaction(db):
        _mark_read(db, staff_id, thread_id, now)


def summarise(
    db: Session, desk: Desk, viewer: Viewer, thread: Thread, group: Group, text: ArticleText, now: datetime
) -> Article:
    """A draft article from a thread that credits its participants, and the thread's lesson, in one transaction.

    A thread makes one lesson however often it is summarised; it waits for another person to verify.
    """
    assert viewer.staff_id is not None
    _may_post(viewer, group)
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
