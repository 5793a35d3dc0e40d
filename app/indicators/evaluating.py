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
from app.core.thai import normalise, one_line
from app.indicators.models import Evaluation, EvaluationRound, Finding, Scope
from app.indicators.queries import read_plan
from app.indicators.scoring import value_text
from app.people.models import Role, Staff, Team, TeamMember, Viewer

TEXTS = ("finding", "recommendation", "follow_up")


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
        .where(EvaluationRound.be_year == be_year - 1, EvaluationRound.evaluation_id.is_not(None))
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


def save_findings(
    db: Session, viewer: Viewer, kept: EvaluationRound, summary: str, texts: dict[str, dict[str, str]]
) -> None:
    """Keep what the committee wrote: row -> the TEXTS of its Finding. Raises NotAllowed, Invalid once submitted."""
    if not may_evaluate(db, viewer, kept.team_id):
        raise NotAllowed("บันทึกผลประเมินได้เฉพาะกรรมการชุดนี้และเลขานุการ")
    if kept.evaluation_id is not None:
        raise Invalid({"summary": "รอบนี้เสนอนายกแล้ว แก้ไขไม่ได้"})
    with transaction(db):
        kept.summary = normalise(summary).strip()[:10_000]
        there = findings_of(db, kept.id)
        for row, words in texts.items():
            clean = {name: normalise(words.get(name, "")).strip()[:4_000] for name in TEXTS}
            if row in there:
                for name, text in clean.items():
                    setattr(there[row], name, text)
            elif any(clean.values()):
                db.add(Finding(round_id=kept.id, row=row, **clean))


def submit_round(
    db: Session, viewer: Viewer, kept: EvaluationRound, scope: Scope, on: date, file_sha256: str | None, now: datetime
) -> None:
    """Submit to the mayor: the figures are frozen into the round, and a record for row C5 waits for verification."""
    if not may_evaluate(db, viewer, kept.team_id):
        raise NotAllowed("เสนอผลประเมินได้เฉพาะกรรมการชุดนี้และเลขานุการ")
    if kept.evaluation_id is not None:
        raise Invalid({"submitted_on": "รอบนี้เสนอนายกแล้ว"})
    if not kept.summary and not findings_of(db, kept.id):
        raise Invalid({"summary": "โปรดบันทึกผลประเมินอย่างน้อยหนึ่งแถวหรือสรุปรวม ก่อนเสนอนายก"})
    with transaction(db):
        record = Evaluation(
            code=kept.code, be_year=kept.be_year, submitted_on=on, status=Status.SUBMITTED.value, recorded_at=now,
            recorded_by_id=viewer.staff_id, file_sha256=file_sha256,
        )  # fmt: skip
        db.add(record)
        db.flush()
        kept.evaluation_id = record.id
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
    if not may_evaluate(db, viewer, kept.team_id):
        raise NotAllowed("บันทึกเลขรับได้เฉพาะกรรมการชุดนี้และเลขานุการ")
    if kept.evaluation_id is None:
        raise Invalid({"receipt_no": "บันทึกเลขรับได้หลังเสนอนายกแล้ว"})
    if not one_line(number):
        raise Invalid({"receipt_no": "โปรดใส่เลขรับหนังสือ"})
    with transaction(db):
        kept.receipt_no, kept.received_on = one_line(number)[:100], on
