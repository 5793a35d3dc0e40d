"""Tables of notifications. The row itself is the promise to send a mail: it is written in the act's own transaction."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, Instant


class Frequency(enum.StrEnum):
    """How a kind reaches a person. All but `off` show on screen; `screen` sends no mail."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    WEEKLY = "weekly"
    SCREEN = "screen"
    OFF = "off"


FREQUENCY_NAMES = {
    Frequency.AT_ONCE: "ในเว็บและอีเมลทันที",
    Frequency.DAILY: "ในเว็บ และสรุปทางอีเมลวันละครั้ง",
    Frequency.WEEKLY: "ในเว็บ และสรุปทางอีเมลสัปดาห์ละครั้ง",
    Frequency.SCREEN: "ในเว็บเท่านั้น",
    Frequency.OFF: "ไม่ต้องแจ้ง",
}


@dataclass(frozen=True)
class Kind:
    """A kind of notification: its Thai name and how it comes to people who chose nothing."""

    name: str
    default: Frequency


# Quiet by default: only what waits for this very person comes at once.
KINDS: dict[str, Kind] = {
    "obligation": Kind("บทความหรือรายงานหลังอบรมที่ต้องส่ง", Frequency.AT_ONCE),
    "review_done": Kind("ผลการตรวจบทความของฉัน", Frequency.AT_ONCE),
    "read_asked": Kind("มีผู้ขอให้อ่านและรับทราบ", Frequency.AT_ONCE),
    "write_asked": Kind("มีผู้ขอให้ฉันเขียนเรื่องที่รู้", Frequency.AT_ONCE),
    "review_asked": Kind("บทความหรือการประชุมรอฉันตรวจ", Frequency.DAILY),
    "mention": Kind("มีผู้เอ่ยถึงฉัน", Frequency.DAILY),
    "reply": Kind("คำตอบใหม่ในกระทู้ที่ฉันเขียนหรือติดตาม", Frequency.SCREEN),
    "reported": Kind("มีสมาชิกขอให้ผู้ดำเนินกลุ่มดูข้อความ", Frequency.AT_ONCE),
    "comment": Kind("ความเห็นในบทความของฉัน", Frequency.DAILY),
    "edited": Kind("มีผู้แก้บทความของฉัน", Frequency.DAILY),
    "meeting": Kind("การประชุมของกลุ่มที่ฉันเป็นสมาชิก", Frequency.AT_ONCE),
    "group": Kind("เรื่องของกลุ่มที่ฉันเป็นสมาชิกหรือดูแล", Frequency.AT_ONCE),
    "consult": Kind("มีผู้ขอคำปรึกษาจากฉัน หรือตอบที่ฉันขอ", Frequency.AT_ONCE),
    "praise": Kind("มีผู้ขอบคุณหรือเสนอชื่อฉัน", Frequency.DAILY),
    "shared": Kind("มีผู้แชร์บทความให้ฉัน", Frequency.DAILY),
    "returned": Kind("รายการที่ฉันบันทึกถูกส่งกลับหรือยกเลิก", Frequency.AT_ONCE),
    "help_wanted": Kind("คำถามที่ยังไม่มีใครตอบ ตรงกับเรื่องที่ฉันรู้", Frequency.DAILY),
    "digest": Kind("สรุปประจำสัปดาห์", Frequency.WEEKLY),
    "review_due": Kind("บทความของฉันถึงกำหนดทบทวน", Frequency.WEEKLY),
}


class MailState(enum.StrEnum):
    """Life of the mail of a notification. `sending` is never taken up again: no mail goes out twice."""

    NONE = "none"
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class Notification(Base):
    """One thing one person is told. `key` makes it one; `audience` "g12" keeps it to members of that group."""

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("staff_id", "key"),
        CheckConstraint("mail_state in ('none','waiting','sending','sent','failed')", name="mail_state"),
        Index("ix_notification_staff_id_at", "staff_id", "at"),
        Index("ix_notification_mail_state_mail", "mail_state", "mail"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    kind: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(160))
    text: Mapped[str] = mapped_column(String(600))
    url: Mapped[str] = mapped_column(String(300))
    audience: Mapped[str] = mapped_column(String(20), default="")
    at: Mapped[datetime] = mapped_column(Instant)
    read_at: Mapped[datetime | None] = mapped_column(Instant)
    mail: Mapped[str] = mapped_column(String(10))
    mail_state: Mapped[str] = mapped_column(String(10))
    tries: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None] = mapped_column(Instant)


class NotificationChoice(Base):
    """How a person wants one kind; no row means the default of the kind."""

    __tablename__ = "notification_choice"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    frequency: Mapped[str] = mapped_column(String(10))
