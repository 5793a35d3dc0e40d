"""What search may know of threads, minutes and people's cards, and who may find each."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.community import cards, rules
from app.community.models import Group, Meeting, Post, Thread
from app.community.talk_queries import POSTS_A_PAGE
from app.core.fiscal_year import be_fiscal_year
from app.core.rendering import plain_text
from app.people.models import Staff
from app.people.queries import departments_of, is_guest_account, names_by_id
from app.search.documents import Document, joined


def all_ids(db: Session) -> list[int]:
    """All threads."""
    return list(db.scalars(select(Thread.id).where(Thread.merged_into_id.is_(None)).order_by(Thread.id)))


def audiences(db: Session, ids: list[int]) -> dict[int, tuple[str, ...]]:
    """Who may find these threads now; one statement."""
    query = select(Thread.id, Group.visibility, Group.id).join(Group, Group.id == Thread.group_id)
    rows = db.execute(query.where(Thread.id.in_(ids), Thread.merged_into_id.is_(None)))
    return {thread_id: rules.thread_audience(visibility, group_id) for thread_id, visibility, group_id in rows}


def documents(db: Session, ids: list[int]) -> list[Document]:
    """Documents of these threads with all their replies, each a part of its own; four statements."""
    replies: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    query = select(Post.id, Post.thread_id, Post.html).where(Post.thread_id.in_(ids))
    for post_id, thread_id, html in db.execute(query.order_by(Post.at, Post.id)):
        before = len(replies[thread_id])
        page = before // POSTS_A_PAGE + 1
        replies[thread_id].append((f"?page={page}#post-{post_id}", f"คำตอบที่ {before + 1}", plain_text(html)))
    rows = list(
        db.execute(
            select(Thread, Group)
            .join(Group, Group.id == Thread.group_id)
            .where(Thread.id.in_(ids), Thread.merged_into_id.is_(None))
            .order_by(Thread.id)
        )
    )
    starters = {thread.author_id for thread, _ in rows if not thread.hides_asker}
    names, served = names_by_id(db, starters), departments_of(db, starters)
    found = []
    for thread, group in rows:
        text, parts = joined(replies[thread.id], plain_text(thread.html))
        on = thread.at.date()
        found.append(
            Document(
                kind="thread",
                id=thread.id,
                code=thread.code,
                url=f"/threads/{thread.code}",
                title=thread.title,
                text=text,
                parts=parts,
                audience=rules.thread_audience(group.visibility, group.id),
                on=on,
                year=be_fiscal_year(on),
                group=group.name,
                department=served.get(thread.author_id, "") if not thread.hides_asker else "",
                authors=(names[thread.author_id],) if not thread.hides_asker else (),
            )
        )
    return found


# --- minutes ---


def minutes_ids(db: Session) -> list[int]:
    """Meetings that were not withdrawn."""
    return list(db.scalars(select(Meeting.id).where(Meeting.status != "void").order_by(Meeting.id)))


def minutes_audiences(db: Session, ids: list[int]) -> dict[int, tuple[str, ...]]:
    """Who may find these meetings now; one statement."""
    query = select(Meeting.id, Group.visibility, Group.id).outerjoin(Group, Group.id == Meeting.group_id)
    rows = db.execute(query.where(Meeting.id.in_(ids), Meeting.status != "void"))
    return {
        meeting_id: rules.thread_audience(visibility, group_id) if group_id else ("staff",)
        for meeting_id, visibility, group_id in rows
    }


def minutes_documents(db: Session, ids: list[int]) -> list[Document]:
    """Documents of these meetings; two statements."""
    allowed = minutes_audiences(db, ids)
    query = select(Meeting, Group.name).outerjoin(Group, Group.id == Meeting.group_id)
    return [
        Document(
            kind="minutes",
            id=meeting.id,
            code=meeting.code,
            url=f"/meetings/{meeting.code}",
            title=meeting.title,
            text=meeting.minutes,
            audience=allowed[meeting.id],
            on=meeting.on,
            year=be_fiscal_year(meeting.on),
            group=group or "",
        )
        for meeting, group in db.execute(query.where(Meeting.id.in_(list(allowed))).order_by(Meeting.id))
    ]


# --- people ---


def people_ids(db: Session) -> list[int]:
    """People who can sign in."""
    return list(db.scalars(select(Staff.id).where(Staff.active.is_(True), ~is_guest_account()).order_by(Staff.id)))


def people_audiences(db: Session, ids: list[int]) -> dict[int, tuple[str, ...]]:
    """The card catalogue is for staff; one statement."""
    return dict.fromkeys(
        db.scalars(select(Staff.id).where(Staff.id.in_(ids), Staff.active.is_(True), ~is_guest_account())), ("staff",)
    )


def people_documents(db: Session, ids: list[int]) -> list[Document]:
    """Cards of these people as all staff may see them; seven statements."""
    people = list(
        db.scalars(
            select(Staff).where(Staff.id.in_(ids), Staff.active.is_(True), ~is_guest_account()).order_by(Staff.id)
        )
    )
    served = departments_of(db, {one.id for one in people})
    known = cards.subjects(db, {one.id for one in people})
    return [
        Document(
            kind="person",
            id=one.id,
            code=one.code,
            url=f"/people/{one.code}",
            title=one.name,
            text=" · ".join(filter(None, [one.position, served.get(one.id, ""), one.about, *known[one.id]])),
            audience=("staff",),
            on=date.min,
            department=served.get(one.id, ""),
        )
        for one in people
    ]
