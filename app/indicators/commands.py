"""Changes of plans and human registers: load a plan, set a local target, record, verify, void."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.database import insert_or_skip, transaction
from app.core.errors import Invalid, NotAllowed, NotFound
from app.core.fiscal_year import FiscalYear
from app.core.records import HumanRecord, mark_verified, mark_void
from app.indicators.measures import MEASURES
from app.indicators.models import UNIT_NAMES, Acknowledgement, Plan, PlanRow
from app.people.models import CHECKERS, Role, Viewer


def load_plan(db: Session, path: Path, be_year: int | None = None) -> bool:
    """Store the plan of a TOML file (for `be_year` when given) unless that year has one. Raises Invalid."""
    with path.open("rb") as file:
        data = tomllib.load(file)
    year = be_year or int(data["be_year"])
    if db.get(Plan, year) is not None:
        return False
    check_plan(data, path.name)
    with transaction(db):
        title = str(data["title"]).replace(str(data["be_year"]), str(year))
        db.add(Plan(be_year=year, title=title, focus_areas=data["focus_areas"], desired_states=data["desired_states"]))
        db.flush()
        for position, row in enumerate(data["rows"]):
            db.add(_plan_row(year, position, row))
    return True


def _plan_row(year: int, position: int, row: dict[str, Any]) -> PlanRow:
    names = (
        "row", "process", "goal", "step", "name", "activity", "method", "indicator", "target_text", "unit",
        "responsible", "measure",
    )  # fmt: skip
    return PlanRow(be_year=year, position=position, target=row.get("target"), **{name: row[name] for name in names})


def check_plan(data: dict[str, Any], name: str) -> None:
    """Raise Invalid, in Thai, for a row that names no measure, has another unit, or comes twice."""
    seen: set[str] = set()
    for row in data["rows"]:
        where = f"{name} แถว {row.get('row', '?')}"
        measure = MEASURES.get(row["measure"])
        if measure is None:
            raise Invalid({"measure": f"{where}: ไม่มีวิธีนับชื่อ {row['measure']}"})
        if row["unit"] != measure.unit or row["unit"] not in UNIT_NAMES:
            raise Invalid({"unit": f"{where}: หน่วย {row['unit']} ไม่ตรงกับวิธีนับ {row['measure']}"})
        if row["row"] in seen:
            raise Invalid({"row": f"{where}: ซ้ำ"})
        seen.add(row["row"])


def set_local_target(db: Session, viewer: Viewer, be_year: int, row_id: str, target: int | None, reason: str) -> None:
    """The office's own target for a row where the plan prints none, with its reason."""
    if not viewer.has(Role.SECRETARY):
        raise NotAllowed("ตั้งค่าเป้าหมายได้เฉพาะเลขานุการ")
    FiscalYear(be_year)
    row = db.get(PlanRow, (be_year, row_id))
    if row is None:
        raise NotFound("ไม่พบแถวนี้ในแผน")
    if row.target is not None:
        raise Invalid({"target": "แถวนี้มีค่าเป้าหมายในแผนแล้ว"})
    if target is not None and not (0 < target <= 1_000_000 and reason.strip()):
        raise Invalid({"target": "โปรดใส่ค่าเป้าหมายมากกว่า 0 พร้อมเหตุผล"})
    with transaction(db):
        row.local_target, row.local_reason = target, reason.strip()[:500] if target else ""


def verify_record(
    db: Session, viewer: Viewer, model: type[Any], record_id: int, now: datetime, involved: Collection[int]
) -> None:
    """A second person verifies. Raises NotAllowed without a checking role, Invalid for one's own record."""
    if not viewer.has(*CHECKERS) or viewer.staff_id is None:
        raise NotAllowed("ผู้ตรวจต้องเป็นเลขานุการ หัวหน้าส่วนราชการ กรรมการ หรือผู้ดำเนินกลุ่ม")
    with transaction(db):
        mark_verified(_record(db, model, record_id), viewer.staff_id, now, involved)


def void_record(db: Session, viewer: Viewer, model: type[Any], record_id: int, reason: str) -> None:
    """Void with a reason: what waits, by a checker or its recorder; what was verified, by secretary or evaluator.

    A third person, neither recorder nor verifier, is asked of nobody: small offices have no third; the name is kept.
    """
    with transaction(db):
        record = _record(db, model, record_id)
        if record.status == "verified" and not viewer.has(Role.SECRETARY, Role.EVALUATOR):
            raise NotAllowed("รายการที่ตรวจแล้วยกเลิกได้เฉพาะเลขานุการหรือกรรมการติดตามและประเมินผล")
        if record.recorded_by_id != viewer.staff_id and not viewer.has(*CHECKERS):
            raise NotAllowed("ยกเลิกได้เฉพาะผู้ตรวจ หรือผู้บันทึกก่อนการตรวจ")
        mark_void(record, reason, viewer.staff_id)


def _record(db: Session, model: type[Any], record_id: int) -> HumanRecord:
    found = db.scalar(select(model).where(model.id == record_id).with_for_update())
    if found is None:
        raise NotFound("ไม่พบรายการนี้")
    record: HumanRecord = found
    return record


def has_acknowledged(db: Session, staff_id: int, be_year: int) -> bool:
    """Whether a person acknowledged a year's goals."""
    query = select(Acknowledgement.id).where(Acknowledgement.staff_id == staff_id, Acknowledgement.be_year == be_year)
    return db.scalar(query.limit(1)) is not None


def acknowledge(db: Session, staff_id: int, be_year: int, today: date) -> None:
    """A person acknowledges the goals of a year; a second time changes nothing."""
    with transaction(db):
        if not has_acknowledged(db, staff_id, be_year):
            insert_or_skip(db, Acknowledgement, {"staff_id": staff_id, "be_year": be_year, "on": today})
