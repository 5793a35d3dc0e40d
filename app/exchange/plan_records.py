"""Plans and rule versions that the office made itself, in and out. What ships with the product is not written out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.thai import normalise
from app.exchange.formats import BadRecord, Record
from app.indicators import planning
from app.indicators.models import CountingRule, PlanVersion, YearClosing
from app.indicators.rule_versions import check_settings


def plan_versions(db: Session, codes: Any) -> Any:
    """Versions of plans, but for the one that every office begins with."""
    own = or_(PlanVersion.by_id.is_not(None), PlanVersion.number > 1)
    for row in db.scalars(select(PlanVersion).where(own).order_by(PlanVersion.be_year, PlanVersion.number)):
        yield {
            "year": row.be_year, "number": row.number, "on": row.on, "toml": planning.toml_of(row.content), "at": row.at,
            "by": codes.of("staff", row.by_id), "reason": row.reason,
        }  # fmt: skip


def rule_versions(db: Session, codes: Any) -> Any:
    """Rule versions the office took up."""
    for row in db.scalars(select(CountingRule).order_by(CountingRule.from_year)):
        yield {
            "code": row.version, "from_year": row.from_year, "reason": row.reason, "at": row.at,
            "settings": [f"{name}={value}" for name, value in sorted(row.settings.items())],
            "by": codes.of("staff", row.by_id),
        }  # fmt: skip


def canonical_plan(record: Record) -> Record:
    """The record with its plan checked, and written as an export writes it. Raises BadRecord."""
    try:
        content = planning.read_toml(record.given["toml"])
    except Invalid as error:
        raise BadRecord(record.line, "toml", " ".join(error.fields.values())) from error
    if content["be_year"] != record.given["year"]:
        raise BadRecord(record.line, "year", f"แผนในช่อง toml เป็นของปี {content['be_year']}")
    return replace(record, given=record.given | {"toml": normalise(planning.toml_of(content))})


def add_plan_versions(b: Any, records: list[Record]) -> None:
    """Keep versions; the newest of a year becomes its plan."""
    for record in sorted(records, key=lambda one: (one.given["year"], one.given["number"])):
        g = record.given
        made = planning.Made(g["on"], g["at"] or b.now, b.id("staff", g["by"]), g["reason"] or "นำเข้า")
        try:
            planning.put_version(b.db, planning.read_toml(g["toml"]), g["number"], made)
        except Invalid as error:
            raise BadRecord(record.line, "year", " ".join(error.fields.values())) from error


def add_rule_versions(b: Any, records: list[Record]) -> None:
    """Keep rule versions as they were taken up elsewhere."""
    for record in records:
        g = record.given
        pairs = [item.partition("=") for item in g["settings"]]
        if not all(value.isascii() and value.isdigit() for _, _, value in pairs):
            raise BadRecord(record.line, "settings", "ค่าตั้งเขียนเช่น pass_percent=70")
        settings = {name: int(value) for name, _, value in pairs}
        try:
            check_settings(settings)
        except Invalid as error:
            raise BadRecord(record.line, "settings", " ".join(error.fields.values())) from error
        closed = b.db.scalar(select(func.max(YearClosing.be_year)).where(YearClosing.closed_at.is_not(None)))
        if closed is not None and g["from_year"] <= closed:
            raise BadRecord(record.line, "from_year", f"ปี {closed} ปิดแล้ว กติกาใหม่ต้องเริ่มหลังจากนั้น")
        taken = select(CountingRule.version).where(CountingRule.from_year == g["from_year"])
        if b.db.scalar(taken) is not None:
            raise BadRecord(record.line, "from_year", f"มีกติกาที่เริ่มปี {g['from_year']} อยู่แล้ว")
        b.db.add(
            CountingRule(
                version=g["code"], from_year=g["from_year"], settings=settings, reason=g["reason"],
                by_id=b.id("staff", g["by"]), at=g["at"] or b.now,
            )
        )  # fmt: skip
        b.db.flush()
