"""Decisions about groups and threads. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import date, datetime, timedelta

from app.community.models import DORMANT_DAYS, UNNAMED, Group, Meeting, Thread
from app.core.thai import BANGKOK, thai_date
from app.people.models import Role, Viewer


def can_see_group(viewer: Viewer, group: Group) -> bool:
    """Secret groups exist only for their members; the others show their name and purpose to all staff."""
    return group.id in viewer.group_ids or (viewer.is_staff and group.visibility != "secret")


def can_read_threads(viewer: Viewer, group: Group) -> bool:
    """Open groups are read by all staff, the others by members."""
    return group.id in viewer.group_ids or (viewer.is_staff and group.visibility == "open")


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
    """Search terms of those who may find a thread: members, guests among them, and all staff where it is open."""
    return ("staff", f"g{group_id}") if visibility == "open" else (f"g{group_id}",)


def told_audience(group: Group) -> str:
    """Who may be told of what is said in a group, as notifications know it: "" or "g12"."""
    return "" if group.visibility == "open" else f"g{group.id}"


def glossary(text: str) -> list[tuple[str, str]]:
    """(word, meaning) of each line "word: meaning"; a meaning may be missing."""
    pairs = (line.partition(":") for line in text.splitlines())
    return [(word.strip(), meaning.strip()) for word, _, meaning in pairs if word.strip()]


# --- meetings ---

DOOR_SECONDS = 20
LATE_MINUTES = 15
WRITING_FOR = timedelta(seconds=20)


def can_run_meeting(viewer: Viewer, meeting: Meeting, group: Group | None) -> bool:
    """Who planned it, facilitators of its group, and the secretary where the group is not closed to her."""
    if viewer.staff_id is None or viewer.is_guest:
        return False
    if group is not None and group.id in viewer.facilitates:
        return True
    seen = group is None or can_read_threads(viewer, group)
    return seen and (viewer.staff_id == meeting.recorded_by_id or viewer.has(Role.SECRETARY))


def can_write_minutes(viewer: Viewer, meeting: Meeting, group: Group | None, present: frozenset[int]) -> bool:
    """Who runs it, who signed in, and members of its group; nobody once it was verified or voided."""
    if meeting.status in ("verified", "void") or viewer.staff_id is None:
        return False
    member = group is not None and group.id in viewer.group_ids
    return member or viewer.staff_id in present or can_run_meeting(viewer, meeting, group)


def meeting_time(meeting: Meeting) -> str:
    """Day and hour of a meeting in words. Example: 24 พ.ย. 2569 09:30 น."""
    hour = f" {meeting.starts_at.astimezone(BANGKOK):%H:%M} น." if meeting.starts_at else ""
    return thai_date(meeting.on) + hour


def door_code(key: str, meeting_id: int, at: datetime) -> str:
    """The code on the screen at an instant; it changes every 20 seconds. 16 hex digits."""
    return _door_code(key, meeting_id, int(at.timestamp()) // DOOR_SECONDS)


def _door_code(key: str, meeting_id: int, window: int) -> str:
    return hmac.new(key.encode(), f"{meeting_id}:{window}".encode(), hashlib.sha256).hexdigest()[:16]


def opens_door(key: str, meeting_id: int, code: str, at: datetime) -> bool:
    """Whether a scanned code is the one on the screen now, or the one before it: a phone needs a moment."""
    if not key or not code.isascii():
        return False
    window = int(at.timestamp()) // DOOR_SECONDS
    return any(hmac.compare_digest(code, _door_code(key, meeting_id, window - ago)) for ago in (0, 1))


def is_late(starts_at: datetime | None, signed_at: datetime) -> bool:
    """Signed in over 15 minutes after the meeting began. Example: begins 9:00, signed 9:15 -> False, 9:16 -> True."""
    return starts_at is not None and signed_at > starts_at + timedelta(minutes=LATE_MINUTES)


def paragraphs(text: str) -> list[str]:
    """Paragraphs of minutes, in order, empty ones left out."""
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def plain_title(title: str) -> str:
    """A title fit for standing in a Markdown link."""
    return title.translate(str.maketrans("", "", "[]"))
