"""Work promised in the same transaction as a change, done afterwards by one worker. A dead worker loses nothing."""

from __future__ import annotations

from sqlalchemy import Index, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.database import Base


class OutboxLine(Base):
    """One promise: `kind` says who does it (`search`), `key` what it is about (`article:12`)."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_kind_id", "kind", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(120))


def promise(db: Session, kind: str, key: str) -> None:
    """Add a promise; belongs in the transaction of the change it follows from."""
    db.add(OutboxLine(kind=kind, key=key))


def waiting(db: Session, kind: str, limit: int) -> list[OutboxLine]:
    """Oldest promises first."""
    query = select(OutboxLine).where(OutboxLine.kind == kind).order_by(OutboxLine.id).limit(limit)
    return list(db.scalars(query))


def waiting_keys(db: Session, kind: str, limit: int) -> set[str]:
    """Keys of promises not yet kept, at most `limit`."""
    return set(db.scalars(select(OutboxLine.key).where(OutboxLine.kind == kind).limit(limit)))


def count_waiting(db: Session, kind: str) -> int:
    """How many promises wait."""
    return db.scalar(select(func.count()).select_from(OutboxLine).where(OutboxLine.kind == kind)) or 0


def keep(db: Session, lines: list[int]) -> None:
    """Remove promises that were kept."""
    if lines:
        db.execute(delete(OutboxLine).where(OutboxLine.id.in_(lines)))
