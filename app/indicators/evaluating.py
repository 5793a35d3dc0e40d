"""An evaluation round: the appointed committee's findings a row, last year's recommendations followed up, and its
submission to the mayor with the figures as they stood. Source: counting contract, row C5.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.core.database import transaction
from app.core.errors import Invalid, NotAllowed, NotFound
from app.core.records import Status
from app.core.thai import normalise, one_line, thai_date
from app.indicators.models import Evaluation, EvaluationRound, Finding, Scope
from app.indicators.queries import read_plan
from app.indicators.scoring import value_text
from app.people.models import Role, Staff, Team, TeamMember, Viewer

TEXTS = ("finding", "recommendation", "follow_up")
MOST_SUMMARY, MOST_FINDING, MOST_RECEIPT = 10_000, 4_000, 100


def committees(db: Session, day: date) -> list[Team]:
    """Evaluation committees appointed on a day."""
    standing = (Team.kind == "evaluation", Team.valid_from <= day, or_(Team.valid_to.is_(None), Team.valid_to >= day))
    return list(db.scalars(select(Team).where(*standing).order_by(Team.valid_from.desc(), Team.id)))


def members_of(db: Session, team_id: int) -> list[Staff]:
    """People of a committee."""
    query = select(Staff).join(TeamMember, TeamMember.staff_id == Staff.id).where(TeamMember.team_id == team_id)
    return list(db.scalars(query.order_by(Staff.name)))


def rounds_of(db: Session, be_year: int) -> list[EvaluationRound]:
    """Rounds of a year, oldest first."""
    return list(
        db.scalars(select(EvaluationRound).where(EvaluationRound.be_year == be_year).order_by(EvaluationRound.id))
    )


def round_by_code(db: Session, code: str) -> EvaluationRound:
    """One round. Raises NotFound."""
    found = db.scalar(select(EvaluationRound).where(EvaluationRound.code == code))
    if found is None:
        raise NotFound("ไม่พบรอบประเมินนี้")
    return found


def record_of(db: Session, kept: EvaluationRound) -> Evaluation | None:
    """The record a submitted round made."""
    return None if kept.evaluation_id is None else db.get_one(Evaluation, kept.evaluation_id)


def records_without_round(db: Session, be_year: int) -> list[Evaluation]:
    """Evaluations of a year typed or imported without a round here, oldest first."""
    query = select(Evaluation).where(Evaluation.be_year == be_year, Evaluation.status != Status.VOID.value)
    ours = select(EvaluationRound.evaluation_id).where(EvaluationRound.evaluation_id.is_not(None))
    return list(db.scalars(query.where(Evaluation.id.not_in(ours)).order_by(Evaluation.submitted_on)))


def findings_of(db: Session, round_id: int) -> dict[str, Finding]:
    """Findings of a round by row."""
    return {one.row: one for one in db.scalars(select(Finding).where(Finding.round_id == round_id))}


def recommendations_before(db: Session, be_year: int) -> dict[str, str]:
    """What the last submitted round of the year before recommended, by row."""
    query = (
        select(EvaluationRound.id)
        .join(Evaluation, Evaluation.id == EvaluationRound.evaluation_id)
        .where(EvaluationRound.be_year == be_year - 1, Evaluation.status != Status.VOID.value)
        .order_by(EvaluationRound.id.desc())
        .limit(1)
    )
    last = db.scalar(query)
    return (
        {}
        if last is None
        else {row: one.recommendation for row, one in findings_of(db, last).items() if one.recommendation}
    )


def may_evaluate(db: Session, viewer: Viewer, team_id: int | None = None) -> bool:
    """The secretary, evaluators, and members of the round's committee."""
    if viewer.has(Role.SECRETARY, Role.EVALUATOR):
        return True
    return team_id is not None and db.get(TeamMember, (team_id, viewer.staff_id)) is not None


def open_round(db: Session, viewer: Viewer, be_year: int, team_id: int, today: date, now: datetime) -> EvaluationRound:
    """Begin a round with an appointed committee. Raises NotAllowed, Invalid."""
    if not may_evaluate(db, viewer) or viewer.staff_id is None:
        raise NotAllowed("เปิดรอบประเมินได้เฉพาะเลขานุการหรือกรรมการติดตามและประเมินผล")
    if team_id not in {team.id for team in committees(db, today)}:
        raise Invalid({"team_id": "โปรดเลือกคณะกรรมการที่แต่งตั้งแล้วและยังอยู่ในวาระ"})
    with transaction(db):
        kept = EvaluationRound(
            code="EV-" + secrets.token_hex(4),
            be_year=be_year,
            team_id=team_id,
            opened_by_id=viewer.staff_id,
            opened_at=now,
        )
        db.add(kept)
    return kept


def is_open(record: Evaluation | None) -> bool:
    """Whether a round may still be written: not submitted, or its submission was sent back or voided."""
    return record is None or record.status in (Status.DRAFT.value, Status.VOID.value)


def _hold(db: Session, viewer: Viewer, kept: EvaluationRound, act: str) -> Evaluation | None:
    """The record of a round, which nobody else may change until the transaction ends. Raises NotAllowed."""
    db.refresh(kept, with_for_update=True)
    if not may_evaluate(db, viewer, kept.team_id):
        raise NotAllowed(f"{act}ได้เฉพาะกรรมการชุดนี้และเลขานุการ")
    record = record_of(db, kept)
    if record is not None:
        db.refresh(record, with_for_update=True)
    return record


def save_findings(
    db: Session, viewer: Viewer, kept: EvaluationRound, summary: str, texts: dict[str, dict[str, str]], version: int
) -> None:
    """Keep what the committee wrote: row -> the TEXTS of its Finding. Raises NotAllowed, Invalid once submitted.

    `version` is the one the page showed: what another saved meanwhile is not written over.
    """
    with transaction(db):
        if not is_open(_hold(db, viewer, kept, "บันทึกผลประเมิน")):
            raise Invalid({"summary": "รอบนี้เสนอนายกแล้ว แก้ไขไม่ได้ ข้อความที่พิมพ์ไว้ยังอยู่ด้านล่าง คัดลอกเก็บได้"})
        if kept.version != version:
            told = "มีผู้อื่นบันทึกรอบนี้ระหว่างที่ท่านพิมพ์ ข้อความของเขาอยู่ใต้ช่องที่ต่างกัน รวมให้เรียบร้อยแล้วบันทึกอีกครั้ง"
            raise Invalid({"version": told})
        said = {"summary": _text("summary", summary, MOST_SUMMARY)}
        there = findings_of(db, kept.id)
        for row, words in texts.items():
            clean = {name: _text(f"{name}-{row}", words.get(name, ""), MOST_FINDING) for name in TEXTS}
            if row in there:
                for name, text in clean.items():
                    setattr(there[row], name, text)
            elif any(clean.values()):
                db.add(Finding(round_id=kept.id, row=row, **clean))
        kept.summary, kept.version = said["summary"], kept.version + 1


def _text(name: str, text: str, most: int) -> str:
    clean = normalise(text).strip()
    if len(clean) > most:
        raise Invalid({name: f"ข้อความยาว {len(clean):,} ตัวอักษร เกิน {most:,} ย่อลงหรือแนบเป็นไฟล์"})
    return clean


def submit_round(
    db: Session, viewer: Viewer, kept: EvaluationRound, scope: Scope, on: date, file_sha256: str | None, now: datetime
) -> None:
    """Submit to the mayor: the figures are frozen into the round, and a record for row C5 waits for verification.

    A submission that was sent back is sent again as the same record; after a voided one a new record is made.
    """
    with transaction(db):
        record = _hold(db, viewer, kept, "เสนอผลประเมิน")
        if not is_open(record):
            raise Invalid({"submitted_on": "รอบนี้เสนอนายกแล้ว"})
        if not kept.summary and not findings_of(db, kept.id):
            raise Invalid({"summary": "โปรดบันทึกผลประเมินอย่างน้อยหนึ่งแถวหรือสรุปรวม ก่อนเสนอนายก"})
        if record is None or record.status == Status.VOID.value:
            code = kept.code if record is None else f"{kept.code}-{kept.version}"
            record = Evaluation(code=code, be_year=kept.be_year, file_sha256=None)
            db.add(record)
        record.submitted_on, record.status = on, Status.SUBMITTED.value
        record.recorded_at, record.recorded_by_id = now, viewer.staff_id
        record.file_sha256 = file_sha256 or record.file_sha256
        db.flush()
        kept.evaluation_id, kept.receipt_no, kept.received_on = record.id, "", None
        kept.frozen = [
            {
                "row": one.row.row, "name": one.row.name, "indicator": one.row.indicator, "value": value_text(one),
                "unit": one.row.unit, "target": one.target, "state": one.state.value, "numerator": one.numerator,
                "denominator": one.denominator, "as_of": scope.as_of.isoformat(), "rule": scope.rule,
            }
            for one in read_plan(db, scope).readings
        ]  # fmt: skip


def note_receipt(db: Session, viewer: Viewer, kept: EvaluationRound, number: str, on: date) -> None:
    """The mayor's office received it: number and day. Raises NotAllowed, Invalid."""
    with transaction(db):
        record = _hold(db, viewer, kept, "บันทึกเลขรับ")
        if record is None or is_open(record):
            raise Invalid({"receipt_no": "บันทึกเลขรับได้หลังเสนอนายกแล้ว"})
        if not one_line(number) or len(one_line(number)) > MOST_RECEIPT:
            raise Invalid({"receipt_no": f"โปรดใส่เลขรับหนังสือ ไม่เกิน {MOST_RECEIPT} ตัวอักษร"})
        if on < record.submitted_on:
            raise Invalid({"received_on": f"วันที่รับต้องไม่ก่อนวันที่เสนอ ({thai_date(record.submitted_on)})"})
        kept.receipt_no, kept.received_on = one_line(number), on


def hands_in(db: Session, evaluation_id: int) -> set[int]:
    """Who made a round: its committee and who opened it. They do not verify its submission."""
    kept = db.scalar(select(EvaluationRound).where(EvaluationRound.evaluation_id == evaluation_id))
    if kept is None:
        return set()
    return {kept.opened_by_id, *db.scalars(select(TeamMember.staff_id).where(TeamMember.team_id == kept.team_id))}
