"""Tables of groups (ชุมชนนักปฏิบัติ), threads, meetings, lessons and awards."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, false
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Instant
from app.core.records import HumanRecord, record_constraints

GROUP_VISIBILITIES = {
    "open": "เปิด: บุคลากรทุกคนอ่านและเข้าร่วมได้",
    "request": "ขอเข้าร่วม: อ่านได้เมื่อผู้ดำเนินกลุ่มรับแล้ว",
    "secret": "ปิด: เห็นเฉพาะสมาชิกที่เชิญ",
}
PURPOSES = {"exchange": "ประชุมแลกเปลี่ยนความรู้", "climate": "ประชุมเสริมสร้างบรรยากาศ", "other": "อื่น ๆ"}
WANTED_FACILITATORS = 2


ASKED_AS = {
    "self": "ในชื่อของฉัน",
    "member": "ไม่บอกชื่อ เพื่อนเห็นว่า “สมาชิกท่านหนึ่ง”",
    "facilitator": "ฝากผู้ดำเนินกลุ่มถาม เพื่อนเห็นว่า “ผู้ดำเนินกลุ่มถามแทนสมาชิก”",
}
UNNAMED = {"member": "สมาชิกท่านหนึ่ง", "facilitator": "ผู้ดำเนินกลุ่มถามแทนสมาชิก"}
MARKS = {"useful": "มีประโยชน์", "thanks": "ขอบคุณ"}
DORMANT_DAYS = 90


class Standing(enum.StrEnum):
    """Where a person stands in a group."""

    ASKED = "asked"
    MEMBER = "member"
    FACILITATOR = "facilitator"


class Group(Base):
    """ชุมชนนักปฏิบัติ."""

    __tablename__ = "cop_group"
    __table_args__ = (CheckConstraint("visibility in ('open','request','secret')", name="visibility"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    purpose: Mapped[str] = mapped_column(String(1000))
    visibility: Mapped[str] = mapped_column(String(10))
    founded_on: Mapped[date]
    glossary: Mapped[str] = mapped_column(Text, default="", server_default="")
    archived_on: Mapped[date | None]


class Membership(Base):
    """A person in a group, or asking to be. Leaving removes the row."""

    __tablename__ = "membership"

    group_id: Mapped[int] = mapped_column(ForeignKey("cop_group.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, index=True)
    standing: Mapped[str] = mapped_column(String(12))
    since: Mapped[date]


class Thread(Base):
    """กระทู้. The opening text is the thread's own; replies are posts. `last_at` orders the list.

    `asked_as` other than "self" hides the asker's name, in the opening and in the asker's replies, from all but the
    group's facilitators.
    """

    __tablename__ = "thread"
    __table_args__ = (Index("ix_thread_group_last", "group_id", "last_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("cop_group.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    title: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    last_at: Mapped[datetime] = mapped_column(Instant)
    asked_as: Mapped[str] = mapped_column(String(12), default="self", server_default="self")
    pinned: Mapped[bool] = mapped_column(default=False, server_default=false())
    locked: Mapped[bool] = mapped_column(default=False, server_default=false())
    edited_at: Mapped[datetime | None] = mapped_column(Instant)

    @hybrid_property
    def hides_asker(self) -> bool:
        """Whether the asker's name is kept from readers; a condition in a query, a bool on a thread."""
        return self.asked_as != "self"


class Post(Base):
    """A reply; at most one of a thread is its answer."""

    __tablename__ = "post"
    __table_args__ = (Index("ix_post_thread_at", "thread_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    body: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    is_answer: Mapped[bool] = mapped_column(default=False, server_default=false())
    edited_at: Mapped[datetime | None] = mapped_column(Instant)


class EarlierText(Base):
    """What a post said before it was edited; `post_id` 0 is the opening of the thread."""

    __tablename__ = "earlier_text"
    __table_args__ = (Index("ix_earlier_text_thread", "thread_id", "post_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    post_id: Mapped[int]
    html: Mapped[str] = mapped_column(Text)
    until: Mapped[datetime] = mapped_column(Instant)


class Mark(Base):
    """มีประโยชน์ or ขอบคุณ for a post; `post_id` 0 is the opening. No indicator counts marks."""

    __tablename__ = "talk_mark"
    __table_args__ = (CheckConstraint("kind in ('useful','thanks')", name="kind"),)

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    post_id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)


class ThreadFollow(Base):
    """A person who follows a thread without writing in it, or who wrote and does not want to be told (`muted`)."""

    __tablename__ = "thread_follow"

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    muted: Mapped[bool]


class ThreadRead(Base):
    """How far a person has read a thread."""

    __tablename__ = "thread_read"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    read_at: Mapped[datetime] = mapped_column(Instant)


class Meeting(HumanRecord, Base):
    """A meeting with minutes and sign-in."""

    __tablename__ = "meeting"
    __table_args__ = (
        CheckConstraint("purpose in ('exchange','climate','other')", name="purpose"),
        *record_constraints(),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(300))
    purpose: Mapped[str] = mapped_column(String(10))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("cop_group.id"))
    training_id: Mapped[int | None] = mapped_column(ForeignKey("training.id"))
    on: Mapped[date] = mapped_column(index=True)
    minutes: Mapped[str] = mapped_column(Text, default="")


class MeetingAttendee(Base):
    """A person who signed in."""

    __tablename__ = "meeting_attendee"

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)


class Lesson(HumanRecord, Base):
    """บทเรียน that came out of a thread or a meeting, with its article when there is one."""

    __tablename__ = "lesson"
    __table_args__ = (
        CheckConstraint("article_id is not null or thread_id is not null or meeting_id is not null", name="comes_from"),
        *record_constraints(),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    on: Mapped[date]
    text: Mapped[str] = mapped_column(Text)
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"))
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"))


class Award(Base):
    """รางวัล: who was praised for what."""

    __tablename__ = "award"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(1000))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"))


@dataclass(frozen=True)
class GroupCard:
    """A group in a list. `standing` is the viewer's own, "" for none."""

    id: int
    code: str
    name: str
    purpose: str
    visibility: str
    members: int
    threads: int
    unread: int
    standing: str


@dataclass(frozen=True)
class ThreadLine:
    """A thread in a list. `posts` counts replies; `unread` says something new came since the viewer's visit."""

    id: int
    code: str
    title: str
    author: str
    at: datetime
    last_at: datetime
    posts: int
    unread: bool
    pinned: bool = False
    locked: bool = False
    answered: bool = False


@dataclass(frozen=True)
class PostLine:
    """A reply as shown. `is_new` = came after the viewer's last visit.

    `author_code` is "" for an asker whose name is hidden; `author` says it the way everybody sees it then.
    """

    id: int
    author: str
    author_code: str
    author_id: int
    body: str
    html: str
    at: datetime
    is_new: bool
    is_answer: bool = False
    edited: bool = False


@dataclass(frozen=True)
class MemberLine:
    """A member of a group."""

    staff_id: int
    code: str
    name: str
    position: str
    standing: str
