"""Tables of groups (ชุมชนนักปฏิบัติ), threads, meetings, lessons and awards."""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false
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
# Source: KM plan 2558, KM process, goals 1 and 2, step 6; change management, step 3.
MEETING_KINDS = {
    "exchange": "ประชุมแลกเปลี่ยนเรียนรู้",
    "market": "ตลาดนัดความรู้",
    "fishbowl": "มหกรรมหัวปลา",
    "peer_assist": "เชิญเพื่อนมาช่วย (peer assist)",
    "visit": "ศึกษาดูงาน",
    "dialogue": "สุนทรียสนทนา",
    "other": "อื่น ๆ",
}
SIGN_IN_WAYS = {"roster": "ติ๊กรายชื่อ", "qr": "รหัสบนจอ", "csv": "ไฟล์รายชื่อ", "paper": "ใบลงชื่อกระดาษ"}
THREAD_KINDS = {"talk": "ชวนคุย", "question": "คำถาม", "proposal": "ข้อเสนอ"}

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
    goal: Mapped[str] = mapped_column(String(500), default="", server_default="")
    handover: Mapped[str] = mapped_column(Text, default="", server_default="")
    archived_on: Mapped[date | None]


class Membership(Base):
    """A person in a group, or asking to be. Leaving removes the row. `greeted_on`: a facilitator said welcome."""

    __tablename__ = "membership"

    group_id: Mapped[int] = mapped_column(ForeignKey("cop_group.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, index=True)
    standing: Mapped[str] = mapped_column(String(12))
    since: Mapped[date]
    greeted_on: Mapped[date | None]


class Thread(Base):
    """กระทู้. The opening text is the thread's own; replies are posts. `last_at` orders the list.

    `asked_as` other than "self" hides the asker's name, in the opening and in the asker's replies, from all but the
    group's facilitators. `split_from_post`: the reply that became this thread's opening. `offered_at`: when colleagues
    were asked to help with it.
    """

    __tablename__ = "thread"
    __table_args__ = (
        Index("ix_thread_group_last", "group_id", "last_at"),
        Index("ix_thread_group_listed", "group_id", "pinned", "last_at", "id"),
        Index("ix_thread_author_id", "author_id"),
    )

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
    kind: Mapped[str] = mapped_column(String(10), default="talk", server_default="talk")
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"))
    split_from_post: Mapped[int | None] = mapped_column(index=True)
    offered_at: Mapped[datetime | None] = mapped_column(Instant)

    @hybrid_property
    def hides_asker(self) -> bool:
        """Whether the asker's name is kept from readers; a condition in a query, a bool on a thread."""
        return self.asked_as != "self"


class Post(Base):
    """A reply; at most one of a thread is its answer."""

    __tablename__ = "post"
    __table_args__ = (Index("ix_post_thread_at", "thread_id", "at"), Index("ix_post_author_id", "author_id"))

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


class PostFile(Base):
    """A file beside a post, kept by sha256; `post_id` 0 is the opening. Read by those who may read the thread."""

    __tablename__ = "post_file"
    __table_args__ = (UniqueConstraint("thread_id", "post_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    post_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    media_type: Mapped[str] = mapped_column(String(100))


class Poll(Base):
    """A question with options above a thread's replies. Who voted what is shown to nobody."""

    __tablename__ = "poll"

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    options: Mapped[list[str]] = mapped_column(JSON)
    several: Mapped[bool]
    closes_on: Mapped[date | None]


class PollVote(Base):
    """A person chose an option; `option` counts from 0."""

    __tablename__ = "poll_vote"

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    option: Mapped[int] = mapped_column(primary_key=True)


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
    """A meeting with minutes and sign-in: a draft while it is planned and held, then sent to be verified.

    `door_key` makes the code on the screen by which people sign in; `starts_at` is None for one entered afterwards.
    """

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
    kind: Mapped[str] = mapped_column(String(12), default="exchange", server_default="exchange")
    place: Mapped[str] = mapped_column(String(300), default="", server_default="")
    agenda: Mapped[str] = mapped_column(Text, default="", server_default="")
    starts_at: Mapped[datetime | None] = mapped_column(Instant)
    door_key: Mapped[str] = mapped_column(String(64), default=lambda: secrets.token_hex(32), server_default="")


class MeetingAttendee(Base):
    """A person who signed in, once, whichever way came first. `late` = after the meeting had begun for a while."""

    __tablename__ = "meeting_attendee"

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    how: Mapped[str] = mapped_column(String(8), default="roster", server_default="roster")
    signed_at: Mapped[datetime | None] = mapped_column(Instant)
    late: Mapped[bool] = mapped_column(default=False, server_default=false())


class MinutesWriter(Base):
    """Who wrote in the minutes of a meeting, and when last. A writer does not verify the meeting."""

    __tablename__ = "minutes_writer"

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)


class MeetingHand(Base):
    """Who had a hand in what a meeting's record claims: planned it, ticked or took in who was there. They do not verify."""

    __tablename__ = "meeting_hand"

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)


class MeetingPicture(Base):
    """A photo of a meeting, or of its sign-in sheet on paper."""

    __tablename__ = "meeting_picture"
    __table_args__ = (
        UniqueConstraint("meeting_id", "sha256"),
        CheckConstraint("kind in ('photo','sheet')", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    kind: Mapped[str] = mapped_column(String(8))
    sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(100))
    caption: Mapped[str] = mapped_column(String(200))
    added_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    added_at: Mapped[datetime] = mapped_column(Instant)


class MeetingTask(Base):
    """What somebody took on in a meeting."""

    __tablename__ = "meeting_task"

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    text: Mapped[str] = mapped_column(String(300))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    due_on: Mapped[date | None]
    done_on: Mapped[date | None]


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


class GroupGuest(Base):
    """A person from outside, let into one group until a day; an account of its own, never on the roster."""

    __tablename__ = "group_guest"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("cop_group.id"), index=True)
    organization: Mapped[str] = mapped_column(String(200))
    until: Mapped[date]
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class CardHidden(Base):
    """A line a person keeps off their card: `course:12`, `article:3`, `answer:7`, `applied:4`."""

    __tablename__ = "card_hidden"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    item: Mapped[str] = mapped_column(String(40), primary_key=True)


class Consultation(Base):
    """ขอคำปรึกษา: one person asks another; only the two see it."""

    __tablename__ = "consultation"
    __table_args__ = (CheckConstraint("asker_id <> asked_id", name="two_people"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    asker_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    asked_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    answer: Mapped[str] = mapped_column(Text, default="", server_default="")
    answered_at: Mapped[datetime | None] = mapped_column(Instant)


class Praise(Base):
    """คำขอบคุณ shown at once, or a nomination that becomes an award when decided. No indicator counts it but awards."""

    __tablename__ = "praise"
    __table_args__ = (
        CheckConstraint("kind in ('thanks','nomination')", name="kind"),
        CheckConstraint("state in ('shown','open','awarded','declined')", name="state"),
        CheckConstraint("to_id <> by_id", name="two_people"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    to_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str] = mapped_column(String(1000))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(10))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(String(500), default="", server_default="")
    award_id: Mapped[int | None] = mapped_column(ForeignKey("award.id"))


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
    kind: str = "talk"


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
class PollResult:
    """What a poll got: (option, votes, whether the viewer chose it) in order, and how many people took part."""

    lines: list[tuple[str, int, bool]]
    people: int
    several: bool
    closes_on: date | None


@dataclass(frozen=True)
class MemberLine:
    """A member of a group."""

    staff_id: int
    code: str
    name: str
    position: str
    standing: str
