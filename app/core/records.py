"""What every act recorded by hand carries: when, by whom, verified by whom, and the rule that the two differ."""

from __future__ import annotations

import enum
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.core.database import Instant
from app.core.errors import Invalid


class Status(enum.StrEnum):
    """Only `verified` counts; `submitted` shows as รอตรวจ; `void` keeps the record with its reason."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    VERIFIED = "verified"
    VOID = "void"


STATUS_NAMES = {
    Status.DRAFT: "ร่าง",
    Status.SUBMITTED: "รอตรวจ",
    Status.VERIFIED: "ตรวจแล้ว",
    Status.VOID: "ยกเลิก",
}


class HumanRecord:
    """Columns of a human record. Source: counting contract, section 2. `file_sha256` is the scanned evidence, if any."""

    status: Mapped[str] = mapped_column(String(12), default=Status.SUBMITTED.value)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    verified_at: Mapped[datetime | None] = mapped_column(Instant)
    void_reason: Mapped[str] = mapped_column(String(500), default="")
    file_sha256: Mapped[str | None] = mapped_column(String(64))

    @declared_attr
    def recorded_by_id(cls) -> Mapped[int | None]:
        """Who typed it; None when it came in a file that did not say."""
        return mapped_column(ForeignKey("staff.id"))

    @declared_attr
    def voided_by_id(cls) -> Mapped[int | None]:
        """Who voided it."""
        return mapped_column(ForeignKey("staff.id"))

    @declared_attr
    def verified_by_id(cls) -> Mapped[int | None]:
        """Who checked it, never the one who typed it."""
        return mapped_column(ForeignKey("staff.id"))


def record_constraints() -> tuple[CheckConstraint, CheckConstraint]:
    """Schema's share of the rule: known status, and maker is not checker."""
    return (
        CheckConstraint("status in ('draft','submitted','verified','void')", name="status"),
        CheckConstraint("verified_by_id is null or verified_by_id <> recorded_by_id", name="two_people"),
    )


def mark_verified(record: HumanRecord, checker_id: int, at: datetime, involved: Collection[int] = ()) -> None:
    """Verify a submitted record. Raises Invalid when the checker typed it, is involved in it, or it is not submitted."""
    if record.status != Status.SUBMITTED.value:
        raise Invalid({"status": "รายการนี้ไม่ได้อยู่ในสถานะรอตรวจ"})
    if checker_id == record.recorded_by_id or checker_id in involved:
        raise Invalid({"verified_by": "ผู้ตรวจต้องเป็นคนอื่น ไม่ใช่ผู้บันทึก ผู้เขียน หรือเจ้าของรายการเอง"})
    record.status, record.verified_by_id, record.verified_at = Status.VERIFIED.value, checker_id, at


def mark_void(record: HumanRecord, reason: str, voider_id: int | None) -> None:
    """Void a record; who and why stay. Raises Invalid without a reason."""
    if not reason.strip():
        raise Invalid({"reason": "โปรดบอกเหตุผลที่ยกเลิก"})
    record.status, record.void_reason, record.voided_by_id = Status.VOID.value, reason.strip(), voider_id
