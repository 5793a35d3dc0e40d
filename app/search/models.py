"""Tables of search: what was asked for (never by whom), answers set by the secretary, and the edited dictionary."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Instant

MAX_KEPT = 120


class SearchLine(Base):
    """How often a query was asked on a day, and how often it found nothing. Holds no names: who asked is not kept."""

    __tablename__ = "search_line"

    on: Mapped[date] = mapped_column(primary_key=True)
    query: Mapped[str] = mapped_column(String(MAX_KEPT), primary_key=True)
    asked: Mapped[int]
    empty: Mapped[int]


class SearchGap(Base):
    """What the secretary decided about a query that finds nothing."""

    __tablename__ = "search_gap"
    __table_args__ = (CheckConstraint("state in ('topic','asked','synonym','dismissed')", name="state"),)

    query: Mapped[str] = mapped_column(String(MAX_KEPT), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(String(300), default="")
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime] = mapped_column(Instant)


class PinnedAnswer(Base):
    """The thing that comes first for a query."""

    __tablename__ = "pinned_answer"

    query: Mapped[str] = mapped_column(String(MAX_KEPT), primary_key=True)
    key: Mapped[str] = mapped_column(String(40))
    set_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    set_at: Mapped[datetime] = mapped_column(Instant)


class DictionaryText(Base):
    """The office's words or synonyms as edited on screen: the whole file."""

    __tablename__ = "dictionary_text"

    name: Mapped[str] = mapped_column(String(10), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    edited_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    edited_at: Mapped[datetime] = mapped_column(Instant)
