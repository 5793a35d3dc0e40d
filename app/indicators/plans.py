"""Which plan stands for a year, its rows, and its targets as they were on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.fiscal_year import FiscalYear, be_fiscal_year
from app.core.thai import thai_date
from app.indicators.models import Plan, PlanRow, PlanVersion


def plan_for(db: Session, be_year: int) -> tuple[Plan, list[PlanRow]]:
    """Plan of a year with its rows, or the nearest earlier one, else the nearest later. Raises NotFound without any."""
    FiscalYear(be_year)
    years = sorted(db.scalars(select(Plan.be_year)))
    if not years:
        raise NotFound("ยังไม่มีแผนในระบบ โปรดรัน khlang init")
    earlier = [year for year in years if year <= be_year]
    plan = db.get_one(Plan, earlier[-1] if earlier else years[0])
    rows = select(PlanRow).where(PlanRow.be_year == plan.be_year).order_by(PlanRow.position)
    return plan, list(db.scalars(rows))


def goals_of(db: Session, today: date) -> list[str]:
    """Goals and desired states of the running plan in their own words, each once; empty without a plan."""
    if not plan_years(db):
        return []
    plan, rows = plan_for(db, be_fiscal_year(today))
    stated = [str(state["text"]) for state in plan.desired_states]
    return list(dict.fromkeys([*(row.goal for row in rows), *stated]))


def plan_years(db: Session) -> list[int]:
    """Years with a plan, newest first."""
    return list(db.scalars(select(Plan.be_year).order_by(Plan.be_year.desc())))


def versions_of(db: Session, be_year: int) -> list[PlanVersion]:
    """Versions of a year's plan, oldest first."""
    return list(db.scalars(select(PlanVersion).where(PlanVersion.be_year == be_year).order_by(PlanVersion.number)))


@dataclass(frozen=True)
class Targets:
    """Targets by row: `in_force` where a later version changed them, `changed` = what to tell of a change made by then."""

    in_force: dict[str, int | None]
    changed: dict[str, str]


def targets_on(db: Session, be_year: int, day: date) -> Targets:
    """Targets of a year's plan as they were on a day, by its versions."""
    versions = versions_of(db, be_year)
    standing = [version for version in versions if version.on <= day] or versions[:1]
    changed: dict[str, str] = {}
    for before, after in pairwise(standing):
        old, new = _targets_of(before), _targets_of(after)
        for row in old.keys() & new.keys():
            if old[row] != new[row]:
                was, now = ("ไม่กำหนด" if number is None else f"{number:,}" for number in (old[row], new[row]))
                changed[row] = f"ค่าเป้าหมายเปลี่ยนจาก {was} เป็น {now} ตั้งแต่ {thai_date(after.on)}"
    if not standing or standing[-1] is versions[-1]:
        return Targets({}, changed)
    return Targets(_targets_of(standing[-1]), changed)


def _targets_of(version: PlanVersion) -> dict[str, int | None]:
    return {row["row"]: row.get("target", row.get("local_target")) for row in version.content["rows"]}
