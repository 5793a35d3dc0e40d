"""Decisions about groups and threads. Pure."""

from __future__ import annotations

from app.community.models import Group
from app.people.models import Role, Viewer


def can_see_group(viewer: Viewer, group: Group) -> bool:
    """Secret groups exist only for their members; the others show their name and purpose to all staff."""
    return viewer.is_staff and (group.visibility != "secret" or group.id in viewer.group_ids)


def can_read_threads(viewer: Viewer, group: Group) -> bool:
    """Open groups are read by all staff, the others by members."""
    return viewer.is_staff and (group.visibility == "open" or group.id in viewer.group_ids)


def can_post(viewer: Viewer, group: Group) -> bool:
    """Only members talk."""
    return group.id in viewer.group_ids


def can_manage(viewer: Viewer, group: Group) -> bool:
    """Facilitators; an administrator may help a group that is not secret."""
    return group.id in viewer.facilitates or (viewer.has(Role.ADMIN) and group.visibility != "secret")


def quote(author: str, body: str) -> str:
    """Markdown quote of a post, at most 12 lines."""
    lines = body.strip().splitlines()[:12]
    return f"> **{author}:**\n" + "\n".join("> " + line for line in lines) + "\n\n"


def thread_audience(visibility: str, group_id: int) -> tuple[str, ...]:
    """Search terms of those who may find a thread."""
    return ("staff",) if visibility == "open" else (f"g{group_id}",)
