"""What facilitators do with threads: pin, lock, move, join two, part one; and polls, which members answer."""

from __future__ import annotations

import secrets
from datetime import date

from markupsafe import escape
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.community import queries, rules, talk_queries
from app.community.models import (
    EarlierText,
    Group,
    Mark,
    Poll,
    PollVote,
    Post,
    PostFile,
    Thread,
    ThreadFollow,
    ThreadRead,
)
from app.core.database import insert_new, transaction
from app.core.errors import Invalid, NotAllowed
from app.core.thai import one_line
from app.knowledge.commands import move_drafts
from app.people.models import Viewer
from app.search.documents import touch

MANAGED = {
    "pin": ("pinned", True), "unpin": ("pinned", False), "lock": ("locked", True), "unlock": ("locked", False),
}  # fmt: skip


def manage_thread(db: Session, viewer: Viewer, thread: Thread, group: Group, action: str) -> None:
    """A facilitator pins, unpins, locks or unlocks a thread."""
    if not rules.can_manage(viewer, group) or group.archived_on is not None:
        raise NotAllowed("รายการนี้ทำได้เฉพาะผู้ดำเนินกลุ่ม และเมื่อกลุ่มยังเปิดใช้อยู่")
    if action not in MANAGED:
        raise Invalid({"action": "โปรดเลือกจากปุ่มของผู้ดำเนินกลุ่ม"})
    name, value = MANAGED[action]
    with transaction(db):
        setattr(thread, name, value)


def move_thread(db: Session, viewer: Viewer, thread: Thread, group: Group, target_code: str) -> Group:
    """A facilitator of both moves a thread to another group. Raises Invalid where more people would read it."""
    target = queries.group_to_manage(db, viewer, target_code)
    if not {group.id, target.id} <= viewer.facilitates or group.id == target.id:
        raise NotAllowed("ย้ายกระทู้ได้เฉพาะระหว่างกลุ่มที่ท่านเป็นผู้ดำเนินทั้งสองกลุ่ม")
    if group.archived_on is not None or target.archived_on is not None:
        raise Invalid({"group": "กลุ่มที่เก็บเข้าคลังแล้วย้ายกระทู้เข้าออกไม่ได้"})
    if thread.hides_asker:
        raise Invalid({"group": "ผู้ถามฝากชื่อไว้กับผู้ดำเนินกลุ่มนี้เท่านั้น กระทู้ที่ไม่บอกชื่อจึงย้ายไม่ได้"})
    if group.visibility != "open":
        raise Invalid({"group": "คนในกลุ่มนี้เขียนไว้ให้กันอ่านเท่านั้น จึงย้ายกระทู้ออกไปไม่ได้"})
    with transaction(db):
        thread.group_id = target.id
        _touch(db, thread)
    return target


def _touch(db: Session, *threads: Thread) -> None:
    """Search learns of threads, and of the cards on which their answers stand."""
    ids = [thread.id for thread in threads]
    db.flush()
    touch(db, "thread", ids)
    touch(db, "person", db.scalars(select(Post.author_id).where(Post.thread_id.in_(ids), Post.is_answer).distinct()))


def _may_tidy(viewer: Viewer, group: Group) -> None:
    if group.id not in viewer.facilitates or group.archived_on is not None:
        raise NotAllowed("รายการนี้ทำได้เฉพาะผู้ดำเนินกลุ่ม และเมื่อกลุ่มยังเปิดใช้อยู่")


def merge_threads(db: Session, viewer: Viewer, thread: Thread, group: Group, into_code: str) -> Thread:
    """Join a thread into another of the same group: its opening and replies stand there in order of time.

    Its address leads to the other from now on. Raises Invalid for askers without a name: what hides them is the thread.
    """
    _may_tidy(viewer, group)
    into = db.scalar(select(Thread).where(Thread.code == one_line(into_code), Thread.group_id == group.id))
    if into is None or into.id == thread.id or into.merged_into_id is not None:
        raise Invalid({"into": "โปรดเลือกกระทู้อื่นของกลุ่มนี้ที่จะรวมเข้า"})
    if thread.merged_into_id is not None:
        raise Invalid({"into": "กระทู้นี้รวมเข้ากับกระทู้อื่นแล้ว"})
    if thread.hides_asker or into.hides_asker:
        raise Invalid({"into": "กระทู้ที่ไม่บอกชื่อผู้ถามรวมกับกระทู้อื่นไม่ได้ เพราะชื่อจะปรากฏ"})
    if db.get(Poll, thread.id) is not None:
        raise Invalid({"into": "กระทู้ที่มีการลงความเห็นรวมเข้ากับกระทู้อื่นไม่ได้ ให้รวมอีกกระทู้เข้ามาแทน"})
    with transaction(db):
        for one in sorted((thread, into), key=lambda one: one.id):
            db.refresh(one, with_for_update=True)
        if thread.merged_into_id is not None or into.merged_into_id is not None:
            raise Invalid({"into": "กระทู้นี้รวมเข้ากับกระทู้อื่นแล้ว โปรดเปิดหน้าใหม่อีกครั้ง"})
        touch(db, "person", db.scalars(select(Post.author_id).where(Post.thread_id == thread.id, Post.is_answer)))
        db.execute(update(Post).where(Post.thread_id == thread.id).values(is_answer=False))
        first = Post(
            thread_id=into.id, author_id=thread.author_id, at=thread.at, edited_at=thread.edited_at,
            body=f"**{thread.title}**\n\n{thread.body}", html=f"<p><strong>{escape(thread.title)}</strong></p>{thread.html}",
        )  # fmt: skip
        db.add(first)
        db.flush()
        _carry(db, thread, 0, into, first.id)
        moved = set(db.scalars(select(Post.id).where(Post.thread_id == thread.id)))
        _move_posts(db, thread, into, moved)
        _join_readers(db, thread, into)
        move_drafts(db, f"thread:{thread.id}", f"thread:{into.id}")
        thread.merged_into_id, thread.locked = into.id, True
        into.last_at = max(into.last_at, thread.last_at)
        _touch(db, thread, into)
    return into


def _join_readers(db: Session, thread: Thread, into: Thread) -> None:
    """Followers of the thread that went away follow the one it went to; what they chose there stays."""
    rows = db.execute(select(ThreadFollow.staff_id, ThreadFollow.muted).where(ThreadFollow.thread_id == thread.id))
    insert_new(db, ThreadFollow, [{"thread_id": into.id, "staff_id": number, "muted": muted} for number, muted in rows])


def _carry(db: Session, source: Thread, from_post: int, target: Thread, to_post: int) -> None:
    """Marks, files and earlier texts of a post go with it."""
    for model in (Mark, PostFile, EarlierText):
        where = (model.thread_id == source.id, model.post_id == from_post)
        db.execute(update(model).where(*where).values(thread_id=target.id, post_id=to_post))


def _move_posts(db: Session, source: Thread, target: Thread, ids: set[int]) -> None:
    db.execute(update(Post).where(Post.id.in_(ids)).values(thread_id=target.id))
    for model in (Mark, PostFile, EarlierText):
        where = (model.thread_id == source.id, model.post_id.in_(ids))
        db.execute(update(model).where(*where).values(thread_id=target.id))


def split_thread(db: Session, viewer: Viewer, thread: Thread, group: Group, ids: set[int], title: str) -> Thread:
    """Chosen replies go on as a thread of their own, the earliest of them as its opening. Raises Invalid."""
    _may_tidy(viewer, group)
    title = one_line(title)
    wrong = {}
    if not title or len(title) > 200:
        wrong["title"] = "โปรดใส่หัวข้อของกระทู้ใหม่ ไม่เกิน 200 ตัวอักษร"
    if thread.hides_asker:
        wrong["post"] = "กระทู้ที่ไม่บอกชื่อผู้ถามแยกไม่ได้ เพราะคำตอบของผู้ถามจะปรากฏชื่อ"
    posts = list(
        db.scalars(select(Post).where(Post.thread_id == thread.id, Post.id.in_(ids)).order_by(Post.at, Post.id))
    )
    if not posts:
        wrong["post"] = "โปรดเลือกคำตอบอย่างน้อยหนึ่งข้อที่จะแยกออกไป"
    if wrong:
        raise Invalid(wrong)
    first, others = posts[0], {post.id for post in posts[1:]}
    with transaction(db):
        db.refresh(thread, with_for_update=True)
        if thread.merged_into_id is not None:
            raise Invalid({"post": "กระทู้นี้รวมเข้ากับกระทู้อื่นแล้ว โปรดเปิดหน้าใหม่อีกครั้ง"})
        touch(db, "person", [first.author_id])
        new = Thread(
            code="TH-" + secrets.token_hex(4), group_id=group.id, author_id=first.author_id, title=title,
            body=first.body, html=first.html, at=first.at, last_at=posts[-1].at, edited_at=first.edited_at,
            split_from_post=first.id,
        )  # fmt: skip
        db.add(new)
        db.flush()
        _carry(db, thread, first.id, new, 0)
        _move_posts(db, thread, new, others)
        db.execute(delete(Post).where(Post.id == first.id))
        # Whoever had read the replies where they stood has read them here.
        seen = select(ThreadRead.staff_id, ThreadRead.read_at).where(ThreadRead.thread_id == thread.id)
        rows = [{"thread_id": new.id, "staff_id": number, "read_at": at} for number, at in db.execute(seen)]
        insert_new(db, ThreadRead, rows)
        latest = db.scalar(select(func.max(Post.at)).where(Post.thread_id == thread.id))
        thread.last_at = latest or thread.at
        _touch(db, thread, new)
    return new


# --- polls ---


def vote(db: Session, viewer: Viewer, thread: Thread, group: Group, chosen: set[int], today: date) -> None:
    """A member's choice, in the place of the one before; none takes it back. Raises Invalid, NotAllowed."""
    assert viewer.staff_id is not None
    if not rules.can_post(viewer, group):
        raise NotAllowed("ลงความเห็นได้เฉพาะสมาชิกกลุ่ม")
    poll = talk_queries.poll(db, thread.id)
    if poll is None or not chosen <= set(range(len(poll.options))):
        raise Invalid({"option": "โปรดเลือกจากตัวเลือกที่มี"})
    if len(chosen) > 1 and not poll.several:
        raise Invalid({"option": "เลือกได้ข้อเดียว"})
    if poll.closes_on is not None and poll.closes_on < today:
        raise Invalid({"option": "ปิดลงความเห็นแล้ว"})
    with transaction(db):
        db.refresh(poll, with_for_update=True)
        mine = (PollVote.thread_id == thread.id, PollVote.staff_id == viewer.staff_id)
        db.execute(delete(PollVote).where(*mine))
        if chosen:
            rows = [{"thread_id": thread.id, "staff_id": viewer.staff_id, "option": number} for number in chosen]
            insert_new(db, PollVote, rows)
