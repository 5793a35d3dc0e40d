"""Questions about notifications."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.core.database import count_rows
from app.core.errors import NotFound
from app.core.paging import Page
from app.notifications.models import KINDS, Frequency, Notification, NotificationChoice
from app.people.models import Viewer

PAGE_SIZE = 30


def mine(viewer: Viewer) -> ColumnElement[bool]:
    """Condition: this person's own, and of groups only those they are still in."""
    groups = [f"g{number}" for number in viewer.group_ids]
    return (Notification.staff_id == viewer.staff_id) & or_(
        Notification.audience == "", Notification.audience.in_(groups)
    )


def notifications(db: Session, viewer: Viewer, number: int) -> Page[Notification]:
    """A page of a person's notifications, newest first; two statements."""
    query = select(Notification).where(mine(viewer))
    total = count_rows(db, query)
    query = query.order_by(Notification.at.desc(), Notification.id.desc())
    return Page(
        list(db.scalars(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))), number, PAGE_SIZE, total
    )  # fmt: skip


def unread(db: Session, viewer: Viewer, limit: int) -> list[Notification]:
    """Newest unread ones of a person."""
    query = select(Notification).where(mine(viewer), Notification.read_at.is_(None))
    return list(db.scalars(query.order_by(Notification.at.desc(), Notification.id.desc()).limit(limit)))


def notification(db: Session, viewer: Viewer, number: int) -> Notification:
    """One of a person's own. Raises NotFound."""
    found = db.scalar(select(Notification).where(mine(viewer), Notification.id == number))
    if found is None:
        raise NotFound("ไม่พบการแจ้งเตือนนี้")
    return found


def choices(db: Session, staff_ids: set[int], kind: str) -> dict[int, Frequency]:
    """How these people want a kind; one statement."""
    query = select(NotificationChoice).where(
        NotificationChoice.staff_id.in_(staff_ids), NotificationChoice.kind == kind
    )
    chosen = {choice.staff_id: Frequency(choice.frequency) for choice in db.scalars(query)}
    return {number: chosen.get(number, KINDS[kind].default) for number in staff_ids}


def choices_of(db: Session, staff_id: int) -> dict[str, Frequency]:
    """How a person wants each kind."""
    query = select(NotificationChoice).where(NotificationChoice.staff_id == staff_id)
    chosen = {choice.kind: Frequency(choice.frequency) for choice in db.scalars(query)}
    return {name: chosen.get(name, kind.default) for name, kind in KINDS.items()}
