"""Tables of the network: public feeds of other offices, and what came in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Instant


class FeedSource(Base):
    """Another office's public feed. `trouble` is the Thai sentence of the last failure, "" when it went well."""

    __tablename__ = "feed_source"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(500), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    contact: Mapped[str] = mapped_column(String(200), default="", server_default="")
    added_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    added_at: Mapped[datetime] = mapped_column(Instant)
    asked_at: Mapped[datetime | None] = mapped_column(Instant)
    trouble: Mapped[str] = mapped_column(String(300), default="", server_default="")


class FeedItem(Base):
    """One entry of a feed, as plain text; `guid` makes it one however often the feed is read."""

    __tablename__ = "feed_item"
    __table_args__ = (UniqueConstraint("source_id", "guid"), Index("ix_feed_item_published_at", "published_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("feed_source.id"))
    guid: Mapped[str] = mapped_column(String(500))
    title: Mapped[str] = mapped_column(String(300))
    url: Mapped[str] = mapped_column(String(500))
    author: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(Instant)
