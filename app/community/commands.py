"""Changes of groups, threads, meetings and lessons."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.community import meeting_queries, queries, rules, talk, talk_queries
from app.community.models import (
    GROUP_VISIBILITIES,
    Group,
    GroupGuest,
    Lesson,
    Meeting,
    Membership,
    Standing,
    Thread,
)
from app.community.talk import Opening
from app.core.clock import bangkok_day
from app.core.database import insert_or_skip, transaction
from app.core.errors import Invalid, NotAllowed
from app.core.records import Status
from app.core.thai import normalise, one_line
from app.knowledge import commands as knowledge
from app.knowledge import rules as knowledge_rules
from app.knowledge.commands import Desk
from app.knowledge.models import Article, ArticleText, Origin
from app.notifications.commands import notify
from app.people import queries as people
from app.people.commands import add_account, reset_password
from app.people.models import Role, Staff, Viewer
from app.people.rules import canonical_login, is_email
from app.search.documents import touch

MAX_GLOSSARY = 200
GUEST_DAYS = 366
MAX_NOTE = 4000
LEAST_WORD, MAX_WORD = 3, 60


@dataclass(frozen=True)
class GroupWords:
    """What a group says of itself, as typed. `goal` is a goal of the plan in its own words, "" for none."""

    name: str
    purpose: str
    glossary: str = ""
    goal: str = ""


def found_group(
    db: Session, viewer: Viewer, words: GroupWords, visibility: str, second: int | None, today: date
) -> Group:
    """A new group; its founder and, when named, a second person facilitate it."""
    assert viewer.staff_id is not None
    name, purpose = one_line(words.name), normalise(words.purpose).strip()
    wrong = _check_words(name, purpose)
    if visibility not in GROUP_VISIBILITIES:
        wrong["visibility"] = "โปรดเลือกว่าใครเข้ากลุ่มได้"
    if wrong:
        raise Invalid(wrong)
    with transaction(db):
        group = Group(
            code="G-" + secrets.token_hex(4), name=name[:200], purpose=purpose[:1000], visibility=visibility,
            founded_on=today, goal=one_line(words.goal)[:500],
        )  # fmt: skip
        db.add(group)
        db.flush()
        for staff_id in {viewer.staff_id, second} - {None}:
            db.add(Membership(group_id=group.id, staff_id=staff_id, standing=Standing.FACILITATOR.value, since=today))
    return group


def edit_group(db: Session, viewer: Viewer, code: str, words: GroupWords) -> Group:
    """A facilitator words the group anew; words of the glossary become words of search. Raises Invalid per field."""
    group = queries.group_to_manage(db, viewer, code)
    name, purpose, glossary = one_line(words.name), normalise(words.purpose).strip(), normalise(words.glossary).strip()
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
        group.name, group.purpose, group.goal = name[:200], purpose[:1000], one_line(words.goal)[:500]
        group.glossary = "\n".join(f"{word}: {meaning}" if meaning else word for word, meaning in pairs)
        if renamed:
            touch(db, "thread", db.scalars(select(Thread.id).where(Thread.group_id == group.id)))
            touch(db, "minutes", db.scalars(select(Meeting.id).where(Meeting.group_id == group.id)))
    return group


def _check_words(name: str, purpose: str) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not name:
        wrong["name"] = "โปรดตั้งชื่อกลุ่ม"
    if len(purpose) > 1000:
        wrong["purpose"] = "หัวปลายาวเกิน 1,000 ตัวอักษร"
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


def hand_over(db: Session, viewer: Viewer, code: str, successor: str, note: str, now: datetime) -> None:
    """A facilitator leaves and somebody goes on: the successor, a member, becomes facilitator and gets the note."""
    group = queries.group_to_see(db, viewer, code)
    if group.id not in viewer.facilitates or viewer.staff_id is None:
        raise NotAllowed("ส่งมอบได้เฉพาะผู้ดำเนินกลุ่ม")
    if len(note) > MAX_NOTE:
        raise Invalid({"note": f"ข้อความยาวเกิน {MAX_NOTE:,} ตัวอักษร"})
    with transaction(db):
        db.refresh(group, with_for_update=True)
        members = {m.code: m for m in queries.members(db, group.id) if m.standing != Standing.ASKED.value}
        others = [m for m in members.values() if m.standing == "facilitator" and m.staff_id != viewer.staff_id]
        chosen = members.get(successor)
        if chosen is not None and chosen.staff_id == viewer.staff_id:
            chosen = None
        if chosen is None and (successor or not others):
            raise Invalid({"successor": "โปรดเลือกสมาชิกที่จะดำเนินกลุ่มต่อ กลุ่มต้องมีผู้ดำเนินกลุ่มอย่างน้อยหนึ่งคน"})
        if chosen is not None and queries.is_guest(db, chosen.staff_id):
            raise Invalid({"successor": "ผู้ดำเนินกลุ่มต้องเป็นบุคลากรของหน่วยงาน ไม่ใช่แขกของกลุ่ม"})
        mine = (Membership.group_id == group.id, Membership.staff_id == viewer.staff_id)
        if chosen is not None:
            theirs = (Membership.group_id == group.id, Membership.staff_id == chosen.staff_id)
            db.execute(update(Membership).where(*theirs).values(standing=Standing.FACILITATOR.value))
        db.execute(delete(Membership).where(*mine))
        to = {m.staff_id for m in others} | ({chosen.staff_id} if chosen else set())
        said = f" ฝากไว้ว่า: {one_line(note)[:200]}" if one_line(note) else ""
        group.handover = f"{viewer.name}: {normalise(note).strip()}" if note.strip() else ""
        text = f"{viewer.name} ส่งมอบการดำเนินกลุ่ม “{group.name}”{said}"
        key = f"handover:{group.id}:{viewer.staff_id}:{now.isoformat()}"
        notify(db, "group", to, text, f"/groups/{group.code}/care", key, now, audience=rules.told_audience(group))


def invite_guest(
    db: Session, viewer: Viewer, code: str, name: str, organization: str, email: str, until: date, today: date
) -> tuple[Staff, str]:
    """A person from outside for this one group, until a day; returns the account and its first password, shown once."""
    assert viewer.staff_id is not None
    group = queries.group_to_manage(db, viewer, code)
    name, organization, email = one_line(name), one_line(organization), canonical_login(email)
    wrong: dict[str, str] = {}
    if group.id not in viewer.facilitates:
        raise NotAllowed("เชิญแขกได้เฉพาะผู้ดำเนินกลุ่ม")
    if not name:
        wrong["name"] = "โปรดใส่ชื่อและนามสกุล"
    if not organization or len(organization) > 200:
        wrong["organization"] = "โปรดบอกว่ามาจากหน่วยงานใด"
    known = people.find_by_login(db, email) if email else None
    again = known is not None and queries.is_guest(db, known.id) and not queries.is_guest(db, known.id, but=group.id)
    if email and (not is_email(email) or (known is not None and not again)):
        wrong["email"] = "อีเมลไม่ถูกต้อง หรือมีผู้ใช้แล้ว"
    if not today < until <= today + timedelta(days=GUEST_DAYS):
        wrong["until"] = "วันสุดท้ายต้องอยู่หลังวันนี้ และไม่เกินหนึ่งปี"
    if wrong:
        raise Invalid(wrong)
    with transaction(db):
        person = known if known is not None else add_account(db, "V" + secrets.token_hex(4), name[:200], (Role.GUEST,))
        person.name, person.email = name[:200], email or None
        person.position = f"แขกจาก {organization}"[:200]
        guest = {"group_id": group.id, "organization": organization, "until": until, "invited_by_id": viewer.staff_id}
        if not insert_or_skip(db, GroupGuest, {"staff_id": person.id, **guest}):
            db.execute(update(GroupGuest).where(GroupGuest.staff_id == person.id).values(guest))
        row = {
            "group_id": group.id,
            "staff_id": person.id,
            "standing": Standing.MEMBER.value,
            "since": today,
            "greeted_on": today,
        }
        insert_or_skip(db, Membership, row)
        password = reset_password(db, person)
    return person, password


def greet(db: Session, viewer: Viewer, code: str, staff_code: str, text: str, today: date, now: datetime) -> None:
    """A facilitator says welcome to a newcomer, who is told."""
    group = queries.group_to_manage(db, viewer, code)
    person = next((m for m in queries.members(db, group.id) if m.code == staff_code and m.standing != "asked"), None)
    if person is None:
        raise Invalid({"staff": "ไม่พบสมาชิกคนนี้"})
    if not one_line(text):
        raise Invalid({"staff": "โปรดเขียนคำทักทายสั้น ๆ"})
    with transaction(db):
        mine = (Membership.group_id == group.id, Membership.staff_id == person.staff_id)
        db.execute(update(Membership).where(*mine).values(greeted_on=today))
        said = f"{viewer.name} ทักทายท่านในกลุ่ม “{group.name}”: {one_line(text)[:300]}"
        key = f"greet:{group.id}:{now.isoformat()}"
        notify(
            db, "group", {person.staff_id} - {viewer.staff_id}, said, f"/groups/{group.code}", key, now,
            audience=rules.told_audience(group),
        )  # fmt: skip


def send_summary(db: Session, viewer: Viewer, desk: Desk, code: str, title: str, text: str, now: datetime) -> Thread:
    """A month's summary as a thread of the group, so that everybody finds it again."""
    group = queries.group_to_manage(db, viewer, code)
    return talk.start_thread(db, desk, viewer, group, Opening(title, text), now)


def set_standing(db: Session, viewer: Viewer, code: str, staff_code: str, standing: str, today: date) -> None:
    """A facilitator accepts, invites, promotes or removes (`standing` "") a person."""
    group = queries.group_to_manage(db, viewer, code)
    person = db.scalar(select(Staff).where(Staff.code == staff_code))
    if person is None or standing not in ("", Standing.MEMBER.value, Standing.FACILITATOR.value):
        raise Invalid({"staff": "ไม่พบบุคลากรหรือบทบาทในกลุ่ม"})
    with transaction(db):
        db.refresh(group, with_for_update=True)
        facilitators = {m.staff_id for m in queries.members(db, group.id) if m.standing == Standing.FACILITATOR.value}
        if standing == Standing.FACILITATOR.value and queries.is_guest(db, person.id):
            raise Invalid({"staff": "ผู้ดำเนินกลุ่มต้องเป็นบุคลากรของหน่วยงาน ไม่ใช่แขกของกลุ่ม"})
        if standing == Standing.MEMBER.value and queries.is_guest(db, person.id, but=group.id):
            raise Invalid({"staff": "แขกเข้าได้เฉพาะกลุ่มที่เชิญ"})
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
    talk.may_post(viewer, group)
    talk.may_summarise(viewer, thread)
    _keep_within(group, text)
    credited = tuple(number for number, _ in talk_queries.participants(db, thread))
    with transaction(db):
        db.refresh(thread, with_for_update=True)
        known = queries.lesson_of(db, Lesson.thread_id == thread.id)
        return _draft_with_lesson(db, desk, viewer, text, Origin(thread_id=thread.id, credited=credited), known, now)


def summarise_meeting(
    db: Session, desk: Desk, viewer: Viewer, meeting: Meeting, group: Group | None, text: ArticleText, now: datetime
) -> Article:
    """A draft article from the minutes or the review of a meeting that credits who was there; one lesson a meeting."""
    may_summarise_meeting(db, viewer, meeting, group)
    if group is not None:
        _keep_within(group, text)
    present = {one.staff_id for one in meeting_queries.signed_in(db, meeting.id)}
    credited = tuple(sorted(present - queries.guest_ids(db, present)))
    with transaction(db):
        db.refresh(meeting, with_for_update=True)
        known = queries.lesson_of(db, Lesson.meeting_id == meeting.id)
        return _draft_with_lesson(db, desk, viewer, text, Origin(meeting_id=meeting.id, credited=credited), known, now)


def may_summarise_meeting(db: Session, viewer: Viewer, meeting: Meeting, group: Group | None) -> None:
    """Raises NotAllowed for those who were not there, are not in its group and do not run it."""
    present = {one.staff_id for one in meeting_queries.signed_in(db, meeting.id)}
    member = group is not None and group.id in viewer.group_ids
    concerned = viewer.staff_id in present or member or rules.can_run_meeting(viewer, meeting, group)
    if not viewer.is_staff or not concerned or meeting.status == Status.VOID.value:
        raise NotAllowed("สรุปได้เฉพาะผู้เข้าประชุม สมาชิกกลุ่ม และผู้จัด และเมื่อการประชุมไม่ถูกยกเลิก")


def _keep_within(group: Group, text: ArticleText) -> None:
    if group.visibility != "open" and text.visibility != "group":
        raise Invalid({"visibility": "เรื่องของกลุ่มปิดสรุปเป็นบทความเฉพาะกลุ่มได้เท่านั้น ขยายภายหลังได้เมื่อกลุ่มตกลง"})


def _draft_with_lesson(
    db: Session, desk: Desk, viewer: Viewer, text: ArticleText, origin: Origin, known: Lesson | None, now: datetime
) -> Article:
    """The draft and the one lesson of its thread or meeting; inside a transaction that holds what it came from."""
    knowledge_rules.check_text(knowledge.clean_text(text), publishing=False)
    article = knowledge.create_article(db, desk, viewer, text, origin, now, publish=False)
    if known is None:
        known = Lesson(
            on=bangkok_day(now), text=article.title, thread_id=origin.thread_id, meeting_id=origin.meeting_id,
            status=Status.SUBMITTED.value, recorded_at=now, recorded_by_id=viewer.staff_id,
        )  # fmt: skip
        db.add(known)
    if known.article_id is None and known.status == Status.SUBMITTED.value:
        known.article_id = article.id
    return article
