"""Decisions about groups and threads. Pure."""

from __future__ import annotations

from datetime import date

from app.community.models import DORMANT_DAYS, UNNAMED, Group, Thread
from app.people.models import Role, Viewer


def can_see_group(viewer: Viewer, group: Group) -> bool:
    """Secret groups exist only for their members; the others show their name and purpose to all staff."""
    return viewer.is_staff and (group.visibility != "secret" or group.id in viewer.group_ids)


def can_read_threads(viewer: Viewer, group: Group) -> bool:
    """Open groups are read by all staff, the others by members."""
    return viewer.is_staff and (group.visibility == "open" or group.id in viewer.group_ids)


def can_post(viewer: Viewer, group: Group) -> bool:
    """Only members talk, and not in a group that was put away."""
    return group.id in viewer.group_ids and group.archived_on is None


def can_manage(viewer: Viewer, group: Group) -> bool:
    """Facilitators; an administrator may help a group that is not secret."""
    return group.id in viewer.facilitates or (viewer.has(Role.ADMIN) and group.visibility != "secret")


def can_reply(viewer: Viewer, group: Group, thread: Thread) -> bool:
    """Members, while the thread is not locked."""
    return can_post(viewer, group) and not thread.locked


def can_choose_answer(viewer: Viewer, group: Group, thread: Thread) -> bool:
    """Whoever asked, and the group's facilitators."""
    return can_post(viewer, group) and (viewer.staff_id == thread.author_id or group.id in viewer.facilitates)


def shown_author(thread: Thread, author_id: int, name: str) -> str:
    """The name everybody sees above a text; that of an asker who did not want to be named is hidden."""
    hidden = thread.hides_asker and author_id == thread.author_id
    return UNNAMED[thread.asked_as] if hidden else name


def dormant_days(last_talk: date, today: date) -> int:
    """Days of silence of a group that has been silent for long, else 0."""
    days = (today - last_talk).days
    return days if days >= DORMANT_DAYS else 0


def quote(author: str, body: str) -> str:
    """Markdown quote of a post, at most 12 lines."""
    lines = body.strip().splitlines()[:12]
    return f"> **{author}:**\n" + "\n".join("> " + line for line in lines) + "\n\n"


def excerpt(author: str, body: str, address: str) -> str:
    """Markdown of a post as it goes into an article: whose words, and a way back to them."""
    return f"\n\n**{author}** ([ในกระทู้]({address})):\n\n{body.strip()}"


def thread_audience(visibility: str, group_id: int) -> tuple[str, ...]:
    """Search terms of those who may find a thread."""
    return ("staff",) if visibility == "open" else (f"g{group_id}",)


def glossary(text: str) -> list[tuple[str, str]]:
    """(word, meaning) of each line "word: meaning"; a meaning may be missing."""
    pairs = (line.partition(":") for line in text.splitlines())
    return [(word.strip(), meaning.strip()) for word, _, meaning in pairs if word.strip()]
