"""Changes of threads and replies."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime
from zlib import crc32

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.community import queries, rules, talk_queries
from app.community.models import (
    ASKED_AS,
    MARKS,
    THREAD_KINDS,
    EarlierText,
    Group,
    Mark,
    Poll,
    Post,
    PostFile,
    Thread,
    ThreadFollow,
    ThreadRead,
)
from app.core.clock import bangkok_day
from app.core.database import insert_or_skip, transaction
from app.core.errors import Invalid, NotAllowed
from app.core.files import StoredFile, clean_name
from app.core.rendering import Rendered
from app.core.thai import normalise, one_line
from app.knowledge.commands import Desk, forget_autosave
from app.knowledge.models import Article, ArticleComment
from app.notifications.commands import notify, notify_codes
from app.people.models import Staff, Viewer
from app.search.documents import touch

MAX_OPTIONS, MAX_FILES = 12, 8


@dataclass(frozen=True)
class Opening:
    """A thread as typed: `asked_as` and `kind` are keys of ASKED_AS and THREAD_KINDS, `because` the reason of a proposal.

    `options` make a poll; `files` are (name, content) pairs.
    """

    title: str
    body: str
    asked_as: str = "self"
    kind: str = "talk"
    because: str = ""
    options: tuple[str, ...] = ()
    several: bool = False
    closes_on: date | None = None
    files: tuple[tuple[str, bytes], ...] = ()


def start_thread(db: Session, desk: Desk, viewer: Viewer, group: Group, new: Opening, now: datetime) -> Thread:
    """Open a thread in a group one is a member of. Raises Invalid per field."""
    assert viewer.staff_id is not None
    may_post(viewer, group)
    title, body = one_line(new.title), normalise(new.body)
    options = list(dict.fromkeys(filter(None, map(one_line, new.options))))
    _check_opening(replace(new, title=title, body=body), options, now)
    if new.kind == "proposal" and new.because.strip():
        body = f"{body.rstrip()}\n\n**เพราะอะไร:** {normalise(new.because).strip()}"
    rendered = desk.renderer.render(body, people=desk.people)
    kept = keep_files(desk, new.files)
    with transaction(db):
        thread = Thread(
            code="TH-" + secrets.token_hex(4), group_id=group.id, author_id=viewer.staff_id, title=title,
            body=body, html=rendered.html, at=now, last_at=now, asked_as=new.asked_as, kind=new.kind,
        )  # fmt: skip
        db.add(thread)
        db.flush()
        add_files(db, thread.id, 0, kept)
        if options:
            db.add(Poll(thread_id=thread.id, options=options, several=new.several, closes_on=new.closes_on))
        forget_autosave(db, viewer.staff_id, draft_place(group, None))
        _mention(db, viewer, thread, 0, rendered, now)
        _mark_read(db, viewer.staff_id, thread.id, now)
        touch(db, "thread", [thread.id])
    return thread


def _check_opening(new: Opening, options: list[str], now: datetime) -> None:
    wrong = {}
    if not new.title or len(new.title) > 200:
        wrong["title"] = "โปรดใส่หัวข้อ ไม่เกิน 200 ตัวอักษร"
    if not new.body.strip():
        wrong["body"] = "โปรดเล่าเรื่องหรือคำถาม"
    if new.asked_as not in ASKED_AS:
        wrong["asked_as"] = "โปรดเลือกว่าจะถามในชื่อใคร"
    if new.kind not in THREAD_KINDS:
        wrong["kind"] = "โปรดเลือกว่าเรื่องนี้เป็นคำถาม ข้อเสนอ หรือชวนคุย"
    if new.kind == "proposal" and not new.because.strip():
        wrong["because"] = "ข้อเสนอต้องบอกว่าเพราะอะไร เพื่อนจะได้ช่วยคิดต่อจากเหตุผล ไม่ใช่จากข้อสรุป"
    if options and not 2 <= len(options) <= MAX_OPTIONS:
        wrong["options"] = f"ใส่ตัวเลือกบรรทัดละข้อ 2 ถึง {MAX_OPTIONS} ข้อ"
    if any(len(one) > 200 for one in options):
        wrong["options"] = "ตัวเลือกยาวได้ไม่เกิน 200 ตัวอักษร"
    if options and new.closes_on is not None and new.closes_on < bangkok_day(now):
        wrong["closes_on"] = "วันปิดลงความเห็นผ่านไปแล้ว"
    if wrong:
        raise Invalid(wrong)


def draft_place(group: Group, thread: Thread | None) -> str:
    """Where an unsaved text of a group or a thread belongs; see `knowledge.commands.autosave`."""
    return f"thread:{thread.id}" if thread else f"group:{group.id}"


def keep_files(desk: Desk, files: tuple[tuple[str, bytes], ...]) -> list[tuple[str, StoredFile]]:
    """Keep files that come with a text, named apart. Raises Invalid for a type that is not accepted, or too many."""
    if len(files) > MAX_FILES:
        raise Invalid({"files": f"แนบได้ครั้งละไม่เกิน {MAX_FILES} ไฟล์"})
    kept: list[tuple[str, StoredFile]] = []
    for name, content in files:
        try:
            stored = desk.files.keep(content)
        except Invalid as error:
            raise Invalid({"files": f"{one_line(name)[:80]}: {error.fields['file']}"}) from error
        clean, taken = clean_name(name, stored.media_type), {other for other, _ in kept}
        stem, _, extension = clean.rpartition(".")
        number = 2
        while clean in taken:
            clean, number = f"{stem}-{number}.{extension}", number + 1
        kept.append((clean, stored))
    return kept


def add_files(db: Session, thread_id: int, post_id: int, kept: list[tuple[str, StoredFile]]) -> None:
    """Put kept files beside a post; inside its transaction."""
    db.add_all(
        PostFile(
            thread_id=thread_id, post_id=post_id, name=name, sha256=one.sha256, size=one.size, media_type=one.media_type
        )
        for name, one in kept
    )


def reply(
    db: Session, desk: Desk, viewer: Viewer, thread: Thread, group: Group, body: str, now: datetime,
    files: tuple[tuple[str, bytes], ...] = (),
) -> Post:  # fmt: skip
    """Answer in a thread. Raises Invalid for an empty text, NotAllowed for outsiders and in a locked thread."""
    assert viewer.staff_id is not None
    may_reply(viewer, group, thread)
    body = normalise(body)
    if not body.strip():
        raise Invalid({"body": "ข้อความยังว่างอยู่"})
    rendered = desk.renderer.render(body, people=desk.people)
    kept = keep_files(desk, files)
    with transaction(db):
        db.refresh(thread, with_for_update=True)
        if thread.merged_into_id is not None:
            thread = db.get_one(Thread, thread.merged_into_id)
        post = Post(thread_id=thread.id, author_id=viewer.staff_id, body=body, html=rendered.html, at=now)
        db.add(post)
        db.execute(update(Thread).where(Thread.id == thread.id).values(last_at=now))
        db.flush()
        add_files(db, thread.id, post.id, kept)
        forget_autosave(db, viewer.staff_id, draft_place(group, thread))
        _mention(db, viewer, thread, post.id, rendered, now)
        _tell_followers(db, viewer, group, thread, post, rendered, now)
        _mark_read(db, viewer.staff_id, thread.id, now)
        touch(db, "thread", [thread.id])
    return post


def _tell_followers(
    db: Session, viewer: Viewer, group: Group, thread: Thread, post: Post, rendered: Rendered, now: datetime
) -> None:
    """Tell of a reply; those it names are told of that already."""
    assert viewer.staff_id is not None
    named = set(db.scalars(select(Staff.id).where(Staff.code.in_(rendered.mentioned)))) if rendered.mentioned else set()
    to = talk_queries.followers(db, thread) - {viewer.staff_id} - named
    members = queries.members_ids(db, group.id)
    guests = queries.guest_ids(db, to)
    to = to - guests if group.visibility == "open" else to & members - guests
    name = rules.shown_author(thread, viewer.staff_id, viewer.name)
    text = f"{name} ตอบในกระทู้ “{thread.title}”"
    notify(db, "reply", to, text, _place(thread, post.id), f"reply:{post.id}", now, audience=rules.told_audience(group))
    # A guest is told as a member, and no longer than that.
    notify(
        db, "reply", guests & members, text, _place(thread, post.id), f"reply:{post.id}", now, audience=f"g{group.id}"
    )


def _place(thread: Thread, post_id: int) -> str:
    """Address of a post; 0 is the opening."""
    return f"/threads/{thread.code}?post={post_id}" if post_id else f"/threads/{thread.code}"


def thread_from_comment(
    db: Session, desk: Desk, viewer: Viewer, group: Group, article: Article, comment: ArticleComment, now: datetime
) -> Thread:
    """เปิดกระทู้ในกลุ่ม: a comment under an article goes on as a thread that leads back to it. Once for a comment."""
    if comment.thread_id is not None:
        raise Invalid({"group": "ความเห็นนี้เปิดเป็นกระทู้แล้ว"})
    if article.visibility == "group" and article.group_id != group.id:
        raise Invalid({"group": "บทความนี้อ่านได้เฉพาะในกลุ่ม เปิดกระทู้ได้ในกลุ่มนั้นเท่านั้น"})
    names = db.scalar(select(Staff.name).where(Staff.id == comment.author_id)) or ""
    name = rules.plain_title(article.title)
    body = f"{rules.quote(names, comment.body)}\n\nจากความเห็นใต้บทความ [{name}](/articles/{article.code})"
    with transaction(db):
        thread = start_thread(db, desk, viewer, group, Opening(f"จากบทความ: {article.title}"[:200], body), now)
        db.execute(update(ArticleComment).where(ArticleComment.id == comment.id).values(thread_id=thread.id))
    return thread


def may_post(viewer: Viewer, group: Group) -> None:
    """Raises NotAllowed for those who may not write in a group now."""
    if group.archived_on is not None:
        raise NotAllowed("กลุ่มนี้เก็บเข้าคลังแล้ว อ่านได้อย่างเดียว ผู้ดำเนินกลุ่มเปิดใช้อีกครั้งได้")
    if not rules.can_post(viewer, group):
        raise NotAllowed("เข้าร่วมกลุ่มก่อนจึงจะตั้งกระทู้หรือตอบได้")


def _mention(db: Session, viewer: Viewer, thread: Thread, post_id: int, rendered: Rendered, now: datetime) -> None:
    """Tell those named with `@` who may read the thread: all staff in an open group, else members only."""
    assert viewer.staff_id is not None
    name = rules.shown_author(thread, viewer.staff_id, viewer.name)
    group = db.get_one(Group, thread.group_id)
    closed = group.visibility != "open"
    notify_codes(
        db, "mention", rendered.mentioned, f"{name} เอ่ยถึงท่านในกระทู้ “{thread.title}”", _place(thread, post_id),
        f"mention:thread:{thread.id}:{post_id}", now, but=viewer.staff_id,
        only=queries.members_ids(db, group.id) if closed and rendered.mentioned else None,
        audience=rules.told_audience(group),
    )  # fmt: skip


def _mark_read(db: Session, staff_id: int, thread_id: int, now: datetime) -> None:
    insert_or_skip(db, ThreadRead, {"staff_id": staff_id, "thread_id": thread_id, "read_at": now})
    mine = (ThreadRead.staff_id == staff_id, ThreadRead.thread_id == thread_id)
    db.execute(update(ThreadRead).where(*mine).values(read_at=now))


def mark_read(db: Session, staff_id: int, thread_id: int, now: datetime) -> None:
    """The person has read the thread up to now."""
    with transaction(db):
        _mark_read(db, staff_id, thread_id, now)


# --- what readers and facilitators do with a post; post 0 is the opening ---


def _post(db: Session, thread: Thread, post_id: int) -> Post | None:
    return talk_queries.post_of_thread(db, thread.id, post_id)[0] if post_id else None


def edit_text(
    db: Session, desk: Desk, viewer: Viewer, thread: Thread, group: Group, post_id: int, body: str, now: datetime
) -> None:
    """Change one's own text; what it said before stays readable. Raises Invalid for an empty text."""
    text = _post(db, thread, post_id) or thread
    if text.author_id != viewer.staff_id:
        raise NotAllowed("แก้ได้เฉพาะข้อความของตนเอง")
    may_reply(viewer, group, thread)
    body = normalise(body)
    if not body.strip():
        raise Invalid({"body": "ข้อความยังว่างอยู่"})
    if body == text.body:
        return
    rendered = desk.renderer.render(body, people=desk.people)
    with transaction(db):
        db.add(EarlierText(thread_id=thread.id, post_id=post_id, html=text.html, until=now))
        text.body, text.html, text.edited_at = body, rendered.html, now
        db.flush()
        _mention(db, viewer, thread, post_id, rendered, now)
        touch(db, "thread", [thread.id])


def may_summarise(viewer: Viewer, thread: Thread) -> None:
    """Raises NotAllowed for an asker without a name: the article and the lesson would carry it."""
    if thread.hides_asker and viewer.staff_id == thread.author_id:
        raise NotAllowed("ถ้าท่านสรุปเอง ชื่อท่านจะปรากฏเป็นผู้เขียน โปรดขอให้ผู้ดำเนินกลุ่มหรือเพื่อนสมาชิกสรุปกระทู้นี้")


def may_reply(viewer: Viewer, group: Group, thread: Thread) -> None:
    """Raises NotAllowed for those who may not write in a thread now."""
    may_post(viewer, group)
    if not rules.can_reply(viewer, group, thread):
        raise NotAllowed("กระทู้นี้ปิดรับคำตอบแล้ว ถ้ามีเรื่องต่อ โปรดตั้งกระทู้ใหม่")


def mark(db: Session, viewer: Viewer, thread: Thread, group: Group, post_id: int, kind: str) -> None:
    """Say มีประโยชน์ or ขอบคุณ to another's post, or take it back. Raises NotAllowed, Invalid."""
    may_post(viewer, group)
    text = _post(db, thread, post_id) or thread
    if kind not in MARKS:
        raise Invalid({"kind": "โปรดเลือกจากปุ่มใต้ข้อความ"})
    if text.author_id == viewer.staff_id:
        raise NotAllowed("ข้อความของตนเองกดเองไม่ได้")
    key = {"thread_id": thread.id, "post_id": post_id, "staff_id": viewer.staff_id, "kind": kind}
    mine = [getattr(Mark, name) == value for name, value in key.items()]
    with transaction(db):
        if db.scalar(select(Mark.kind).where(*mine)) is None:
            insert_or_skip(db, Mark, key)
        else:
            db.execute(delete(Mark).where(*mine))


def choose_answer(db: Session, viewer: Viewer, thread: Thread, group: Group, post_id: int) -> None:
    """The asker or a facilitator says which reply answered the question; the same again takes it back."""
    if not rules.can_choose_answer(viewer, group, thread):
        raise NotAllowed("เลือกคำตอบได้เฉพาะผู้ตั้งกระทู้และผู้ดำเนินกลุ่ม")
    post, _ = talk_queries.post_of_thread(db, thread.id, post_id)
    with transaction(db):
        chosen = not post.is_answer
        db.execute(update(Post).where(Post.thread_id == thread.id).values(is_answer=False))
        db.execute(update(Post).where(Post.id == post.id).values(is_answer=chosen))
        touch(db, "person", [post.author_id])


def follow(db: Session, viewer: Viewer, thread: Thread, wanted: bool) -> None:
    """Be told of new replies, or no longer."""
    assert viewer.staff_id is not None
    with transaction(db):
        row = {"thread_id": thread.id, "staff_id": viewer.staff_id, "muted": not wanted}
        insert_or_skip(db, ThreadFollow, row)
        mine = (ThreadFollow.thread_id == thread.id, ThreadFollow.staff_id == viewer.staff_id)
        db.execute(update(ThreadFollow).where(*mine).values(muted=not wanted))


def report(db: Session, viewer: Viewer, thread: Thread, group: Group, post_id: int, reason: str, now: datetime) -> None:
    """Tell the facilitators that a post needs a look. Raises Invalid without a reason."""
    assert viewer.staff_id is not None
    if group.id not in viewer.group_ids:
        raise NotAllowed("แจ้งผู้ดำเนินกลุ่มได้เฉพาะสมาชิก")
    _post(db, thread, post_id)
    reason = one_line(reason)
    if not reason:
        raise Invalid({"reason": "โปรดบอกสั้น ๆ ว่าข้อความนี้ควรดูเรื่องใด"})
    _, facilitators = queries.people_of_group(db, group.id)
    with transaction(db):
        notify(
            db, "reported", facilitators, f"มีสมาชิกขอให้ดูข้อความในกระทู้ “{thread.title}”: {reason[:200]}",
            _place(thread, post_id), f"reported:{thread.id}:{post_id}:{viewer.staff_id}:{crc32(reason.encode())}", now,
            audience=rules.told_audience(group),
        )  # fmt: skip
