"""Tables of articles. A revision never changes; readers see the last approved one."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Instant
from app.core.records import HumanRecord, record_constraints

POLICIES = {
    "none": "เผยแพร่ได้ทันที",
    "one": "ผู้ตรวจหนึ่งคน",
    "two": "ผู้ตรวจ แล้วหัวหน้าส่วนราชการอนุมัติ",
}
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
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    policy: Mapped[str] = mapped_column(String(10), default="none", server_default="none")


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
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"))
    template: Mapped[str] = mapped_column(String(60), default="", server_default="")
    series: Mapped[str] = mapped_column(String(120), default="", server_default="", index=True)
    series_number: Mapped[int | None]


class Revision(Base):
    """One saved text. `headings` is a list of [level, anchor, text]; `first` marks the first publication.

    `approved` = readers see it or saw it, from `approved_on` on. `version` is the article's own after this save. `details` are the category,
    tags and so on that become the article's with this text (see `ArticleText`).
    """

    __tablename__ = "revision"
    __table_args__ = (
        UniqueConstraint("article_id", "number"),
        Index("ix_revision_editor_at", "editor_id", "at"),
        # All that counting asks of a text: reading the row itself would read through its body.
        Index("ix_revision_counting", "on", "first", "approved", "minor", "article_id", "editor_id"),
        Index("ix_revision_approved", "approved_on", "first", "minor", "article_id", "editor_id", "on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    headings: Mapped[list[list[int | str]]] = mapped_column(JSON)
    editor_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    on: Mapped[date]
    summary: Mapped[str] = mapped_column(String(300), default="")
    minor: Mapped[bool] = mapped_column(default=False)
    approved: Mapped[bool] = mapped_column(default=False)
    approved_on: Mapped[date | None]
    first: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=0, server_default="0")
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class Review(Base):
    """One round of checking one text: asked for, then approved or returned. Source: KM plan 2558, KM process, step 4.

    `policy` says how many must agree; `open_article_id` is the article while the round is open, so that there is one.
    A round made by ตรวจรับรอง of a text already published is born approved. `approved_on` is the event of row A3.
    """

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("state in ('open','approved','returned','withdrawn')", name="state"),
        CheckConstraint("policy in ('none','one','two')", name="policy"),
        CheckConstraint("(state = 'approved') = (approved_on is not null)", name="approved"),
        CheckConstraint("(state = 'open') = (open_article_id is not null)", name="open"),
        Index("ix_review_article_id_number", "article_id", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    open_article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), unique=True)
    number: Mapped[int]
    policy: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reviewed_on: Mapped[date | None]
    head_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    approved_on: Mapped[date | None] = mapped_column(index=True)
    note: Mapped[str] = mapped_column(String(2000), default="")


class ReviewComment(Base):
    """What a reviewer says of one paragraph. `paragraph` counts blocks of the text from 0, -1 is the whole."""

    __tablename__ = "review_comment"
    __table_args__ = (Index("ix_review_comment_article_id", "article_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    review_id: Mapped[int] = mapped_column(ForeignKey("review.id"))
    number: Mapped[int]
    paragraph: Mapped[int]
    quote: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(String(2000))
    by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)


class ArticleStanding(Base):
    """From a day on: whether a published article has a category, and until when it is to be read again.

    What row A3 asks of an article as of a past day; the first line is of the day of first publication.
    """

    __tablename__ = "article_standing"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    on: Mapped[date] = mapped_column(primary_key=True)
    categorised: Mapped[bool]
    review_due_on: Mapped[date | None]


class StillValid(Base):
    """ยืนยันว่ายังใช้ได้: who read an article again on a day and moved its review date; `version` of the article after."""

    __tablename__ = "still_valid"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    on: Mapped[date]
    until: Mapped[date]
    version: Mapped[int]


class Autosave(Base):
    """A person's unsaved text in one place: `article:12`, `new`, `new:T-…`. Seen by that person only."""

    __tablename__ = "autosave"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    place: Mapped[str] = mapped_column(String(80), primary_key=True)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(Instant)


class Editing(Base):
    """Who has an article open in the editor, and when that was last heard of. Not a lock."""

    __tablename__ = "editing"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(Instant)


class ArticleLink(Base):
    """A `[[title]]` in the text readers see. `title` as compared: folded."""

    __tablename__ = "article_link"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    title: Mapped[str] = mapped_column(String(300), primary_key=True, index=True)
    shown: Mapped[str] = mapped_column(String(300))


class ArticleComment(Base):
    """A comment under an article; taken back ones keep their place. `thread_id` when it became a thread."""

    __tablename__ = "article_comment"
    __table_args__ = (Index("ix_article_comment_article_id_at", "article_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    body: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    taken_back_at: Mapped[datetime | None] = mapped_column(Instant)
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"))


class ReadRequest(Base):
    """โปรดอ่านและรับทราบ: one person asked to read an article. `confirmed_number` is the text they confirmed."""

    __tablename__ = "read_request"
    __table_args__ = (UniqueConstraint("article_id", "staff_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    due_on: Mapped[date | None]
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    confirmed_number: Mapped[int | None]


class TemplateText(Base):
    """A template as the secretary changed it: the whole file; an empty text hides the one in `content/templates/`."""

    __tablename__ = "template_text"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    edited_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    edited_at: Mapped[datetime] = mapped_column(Instant)


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
    __table_args__ = (
        Index("ix_application_article_id", "article_id"),
        Index("ix_application_on", "on"),
        *record_constraints(),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    on: Mapped[date]
    note: Mapped[str] = mapped_column(String(2000))
    place: Mapped[str] = mapped_column(String(300), default="", server_default="")
    result: Mapped[str] = mapped_column(String(2000), default="", server_default="")


@dataclass(frozen=True)
class ArticleCard:
    """An article in a list. `on` is the first publication, or the creation day of a draft.

    `review` is the state of the newest round of a draft, "" when there was none or a newer text came after.
    """

    id: int
    code: str
    title: str
    author: str
    category: str
    on: date
    state: str
    visibility: str
    review: str = ""


@dataclass(frozen=True)
class ArticleText:
    """What the editor sends and gets back. `version` is the one the text was based on, 0 for a new article.

    `co_authors` are names as typed, None to leave them; `shorter` says that losing most of the text is meant.
    """

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
    co_authors: tuple[str, ...] | None = None
    series: str = ""
    series_number: int | None = None
    template: str = ""
    shorter: bool = False

    def details(self) -> dict[str, Any]:
        """What belongs to the article beside title and text, as a revision keeps it."""
        return {
            "category": self.category, "tags": list(self.tags), "visibility": self.visibility,
            "group_id": self.group_id, "series": self.series, "series_number": self.series_number,
            "review_due_on": self.review_due_on.isoformat() if self.review_due_on else None,
        }  # fmt: skip


@dataclass(frozen=True)
class Origin:
    """What an article came from; all None for one written on its own."""

    training_id: int | None = None
    thread_id: int | None = None
    meeting_id: int | None = None
    credited: tuple[int, ...] = ()
