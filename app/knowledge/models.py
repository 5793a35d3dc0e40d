"""Tables of articles. A revision never changes; readers see the last approved one."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Instant
from app.core.records import HumanRecord, record_constraints

VISIBILITIES = {"public": "สาธารณะ", "staff": "บุคลากร", "group": "เฉพาะกลุ่ม"}


class State(enum.StrEnum):
    """Life of an article."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class Category(Base):
    """หมวดหมู่ความรู้."""

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)


class Article(Base):
    """An article. Title, text and HTML lie in its revisions; `version` rises with every save.

    `published_number` is the revision readers see (None before publication), `latest_number` the newest.
    """

    __tablename__ = "article"
    __table_args__ = (
        CheckConstraint("state in ('draft','published','retired')", name="state"),
        CheckConstraint("visibility in ('public','staff','group')", name="visibility"),
        CheckConstraint("visibility <> 'group' or group_id is not null", name="group"),
        CheckConstraint("state = 'draft' or first_published_on is not null", name="published"),
        Index("ix_article_state_published", "state", "first_published_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(300), index=True)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    visibility: Mapped[str] = mapped_column(String(10))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("cop_group.id"))
    state: Mapped[str] = mapped_column(String(10))
    training_id: Mapped[int | None] = mapped_column(ForeignKey("training.id"), index=True)
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"))
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    first_published_on: Mapped[date | None]
    review_approved_on: Mapped[date | None]
    review_approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    review_approved_number: Mapped[int | None]
    review_due_on: Mapped[date | None]
    retired_on: Mapped[date | None]
    retire_reason: Mapped[str] = mapped_column(String(500), default="")
    published_number: Mapped[int | None]
    latest_number: Mapped[int]
    version: Mapped[int]
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)


class Revision(Base):
    """One saved text. `headings` is a list of [level, anchor, text]; `first` marks the first publication."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("article_id", "number"), Index("ix_revision_editor_at", "editor_id", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    headings: Mapped[list[list[int | str]]] = mapped_column(JSON)
    editor_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    on: Mapped[date] = mapped_column(index=True)
    summary: Mapped[str] = mapped_column(String(300), default="")
    minor: Mapped[bool] = mapped_column(default=False)
    approved: Mapped[bool] = mapped_column(default=False)
    first: Mapped[bool] = mapped_column(default=False)


class ArticleTag(Base):
    """A tag of an article."""

    __tablename__ = "article_tag"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(60), primary_key=True, index=True)


class ArticleCredit(Base):
    """A person credited beside the author: a participant of the thread it came from."""

    __tablename__ = "article_credit"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)


class Attachment(Base):
    """A file of an article, kept by sha256; names are unique within the article."""

    __tablename__ = "attachment"
    __table_args__ = (UniqueConstraint("article_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    media_type: Mapped[str] = mapped_column(String(100))
    added_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    added_at: Mapped[datetime] = mapped_column(Instant)


class Application(HumanRecord, Base):
    """นำไปใช้แล้ว: a person used an article's knowledge on a day."""

    __tablename__ = "application"
    __table_args__ = (Index("ix_application_article_id", "article_id"), *record_constraints())

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    on: Mapped[date]
    note: Mapped[str] = mapped_column(String(2000))


@dataclass(frozen=True)
class ArticleCard:
    """An article in a list. `on` is the first publication, or the creation day of a draft."""

    id: int
    code: str
    title: str
    author: str
    category: str
    on: date
    state: str
    visibility: str


@dataclass(frozen=True)
class ArticleText:
    """What the editor sends and gets back. `version` is the one the text was based on, 0 for a new article."""

    title: str
    body: str
    category: str = ""
    tags: tuple[str, ...] = ()
    visibility: str = "staff"
    group_id: int | None = None
    summary: str = ""
    minor: bool = False
    version: int = 0
    review_due_on: date | None = None


@dataclass(frozen=True)
class Origin:
    """What an article came from; all None for one written on its own."""

    training_id: int | None = None
    thread_id: int | None = None
    meeting_id: int | None = None
    credited: tuple[int, ...] = ()
