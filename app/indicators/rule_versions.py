"""Versions of the counting rule. A fiscal year is counted by one version from its first day; older years keep theirs.

The first version comes with the product and the office's settings; later ones are taken up on screen, with a reason.
What an access and a share are is judged when they are recorded (`activity/rules.py`) and no version changes that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.activity.rules import RULE_VERSION
from app.core.config import Config
from app.core.database import transaction
from app.core.errors import Invalid, NotAllowed, NotFound
from app.core.fiscal_year import MIN_BE_YEAR, FiscalYear, be_fiscal_year
from app.indicators.models import CountingRule, YearClosing
from app.people.models import Role, Viewer


@dataclass(frozen=True)
class Setting:
    """One number a rule version may set; `low` and `high` are inclusive."""

    label: str
    low: int
    high: int


SETTINGS: dict[str, Setting] = {
    "pass_percent": Setting("เกณฑ์ผ่านแบบทดสอบ (ร้อยละ)", 1, 100),
    "exchange_people": Setting("ผู้ลงชื่อขั้นต่ำของการประชุมแลกเปลี่ยน (คน)", 1, 100),
    "climate_people": Setting("ผู้ลงชื่อขั้นต่ำของการประชุมเสริมสร้างบรรยากาศ (คน)", 1, 100),
    "report_days": Setting("รับรายงานประเมินผลหลังสิ้นปีได้กี่วัน", 0, 365),
    "external_shares": Setting("การแชร์ภายนอกนับใน A6 (0 ไม่นับ 1 นับ)", 0, 1),
    "official_only": Setting("ฐานบุคลากร (0 ทุกประเภท 1 เฉพาะพนักงานเทศบาล)", 0, 1),
}


@dataclass(frozen=True)
class Rule:
    """One version with every setting it counts by. `own` are the settings it changed."""

    version: str
    from_year: int
    settings: dict[str, int]
    own: dict[str, int]
    reason: str
    at: datetime | None = None


def versions(db: Session, config: Config) -> list[Rule]:
    """All versions, oldest first; a later one starts from the settings of the one before. One statement."""
    settings = {
        "pass_percent": config.quiz_pass_percent, "exchange_people": 2, "climate_people": 3, "report_days": 120,
        "external_shares": int(config.external_shares), "official_only": int(config.roster_base == "official"),
    }  # fmt: skip
    found = [Rule(RULE_VERSION, MIN_BE_YEAR, settings, {}, "กติกาแรกของระบบ ตามแผนปี 2558 และค่าตั้งของหน่วยงาน")]
    for kept in db.scalars(select(CountingRule).order_by(CountingRule.from_year)):
        settings = settings | kept.settings
        found.append(Rule(kept.version, kept.from_year, settings, kept.settings, kept.reason, kept.at))
    return found


def rule_of(db: Session, config: Config, be_year: int, version: str = "") -> Rule:
    """The version a year is counted by, or the one named: a closed year keeps the settings of its closing.

    Raises NotFound for a name that no version has.
    """
    known = versions(db, config)
    if version:
        named = next((rule for rule in known if rule.version == version), None)
        if named is None:
            raise NotFound(f"ไม่มีกติกาการนับรุ่น {version} มี {', '.join(rule.version for rule in known)}")
        return named
    frozen = (YearClosing.be_year == be_year, YearClosing.closed_at.is_not(None), YearClosing.rule != "")
    closed = db.execute(select(YearClosing.rule, YearClosing.settings).where(*frozen)).first()
    if closed is not None and closed.settings is not None:
        return Rule(closed.rule, be_year, closed.settings, {}, "กติกาและค่าตั้งตามวันที่ปิดปี")
    return [rule for rule in known if rule.from_year <= be_year][-1]


def check_settings(settings: dict[str, int]) -> None:
    """Raise Invalid for a setting that is unknown or out of its range."""
    for name, value in settings.items():
        setting = SETTINGS.get(name)
        if setting is None:
            raise Invalid({name: f"ไม่มีค่าตั้งชื่อ {name}"})
        if isinstance(value, bool) or not isinstance(value, int) or not setting.low <= value <= setting.high:
            raise Invalid({name: f"{setting.label} ต้องเป็นจำนวนเต็ม {setting.low} ถึง {setting.high}"})


def adopt_rule(
    db: Session, viewer: Viewer, rule: Rule, today: date, now: datetime
) -> None:  # fmt: skip
    """Take up a new version from the first day of a year on. Raises Invalid per field, NotAllowed without the role.

    It may begin with the running year or later, after every version there is, and never reach a closed year.
    """
    if not viewer.has(Role.SECRETARY):
        raise NotAllowed("เปลี่ยนกติกาการนับได้เฉพาะเลขานุการ")
    FiscalYear(rule.from_year)
    check_settings(rule.own)
    if not re.fullmatch(r"[0-9]{4}\.[0-9]{1,4}", rule.version):
        raise Invalid({"version": "ชื่อรุ่นเขียนเป็นปีและลำดับ เช่น 2570.1"})
    if not rule.reason.strip():
        raise Invalid({"reason": "โปรดบอกเหตุผลที่เปลี่ยนกติกา"})
    if not rule.own:
        raise Invalid({"settings": "โปรดเปลี่ยนอย่างน้อยหนึ่งค่า"})
    if rule.from_year < be_fiscal_year(today):
        raise Invalid({"from_year": "กติกาใหม่ใช้ย้อนหลังไม่ได้ เริ่มได้ตั้งแต่ปีงบประมาณปัจจุบัน"})
    with transaction(db):
        newest = db.scalar(select(func.max(CountingRule.from_year)))
        if newest is not None and rule.from_year <= newest:
            raise Invalid({"from_year": f"มีกติกาที่เริ่มปี {newest} อยู่แล้ว รุ่นใหม่ต้องเริ่มหลังจากนั้น"})
        closed = db.scalar(select(func.max(YearClosing.be_year)).where(YearClosing.closed_at.is_not(None)))
        if closed is not None and rule.from_year <= closed:
            raise Invalid({"from_year": f"ปี {closed} ปิดแล้ว กติกาใหม่ต้องเริ่มหลังจากนั้น"})
        if rule.version == RULE_VERSION or db.get(CountingRule, rule.version) is not None:
            raise Invalid({"version": "ชื่อรุ่นนี้มีแล้ว"})
        db.add(
            CountingRule(
                version=rule.version, from_year=rule.from_year, settings=rule.own, reason=rule.reason.strip()[:500],
                by_id=viewer.staff_id, at=now,
            )
        )  # fmt: skip
