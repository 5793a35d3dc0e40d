"""Changes of a plan: from and to TOML, row by row, copied to the next year. Every change keeps the whole plan as a version."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import tomli_w
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.core.database import transaction
from app.core.errors import Invalid, NotAllowed, NotFound
from app.core.fiscal_year import FiscalYear
from app.core.thai import normalise, one_line
from app.indicators.measures import MEASURES
from app.indicators.models import UNIT_NAMES, Plan, PlanRow, PlanVersion, YearClosing
from app.indicators.plans import plan_for
from app.indicators.rule_versions import check_settings
from app.people.models import Role, Viewer

PROCESSES = {"KM": "กระบวนการจัดการความรู้", "CM": "กระบวนการบริหารจัดการการเปลี่ยนแปลง"}
MOST_ROWS, MOST_TITLE, MOST_TEXT = 60, 300, 2_000
TEXTS = ("process", "goal", "name", "activity", "method", "indicator", "target_text", "unit", "responsible", "measure")
NEEDED = ("process", "goal", "name", "indicator", "target_text", "unit", "responsible", "measure")
LABELS = {
    "row": "รหัสแถว", "process": "กระบวนการ", "goal": "เป้าหมาย KM", "step": "ขั้นที่", "name": "ขั้นตอน", "activity": "กิจกรรม",
    "method": "วิธีการ", "indicator": "ตัวชี้วัด", "target_text": "เป้าหมาย (ตามแผน)", "target": "ค่าเป้าหมาย", "unit": "หน่วย",
    "responsible": "ผู้รับผิดชอบ", "measure": "วิธีนับ", "local_target": "ค่าเป้าหมายของหน่วยงาน", "local_reason": "เหตุผล",
    "hand_reason": "เหตุผลที่นับด้วยมือ", "start_on": "เริ่ม", "end_on": "สิ้นสุด", "parameters": "ค่าตั้งของวิธีนับ",
}  # fmt: skip
DAYS = ("start_on", "end_on")
Content = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """When a version of a plan came into force, when and by whom it was made, and why."""

    on: date
    at: datetime
    by_id: int | None
    reason: str


def may_plan(viewer: Viewer) -> None:
    """Raise NotAllowed for anybody but the secretary."""
    if not viewer.has(Role.SECRETARY):
        raise NotAllowed("แก้ไขแผนได้เฉพาะเลขานุการ")


def content_of(plan: Plan, rows: list[PlanRow]) -> Content:
    """A plan in the shape of its TOML file; what is empty is left out of rows."""
    named = []
    for row in rows:
        one: Content = {"row": row.row, "step": row.step} | {name: getattr(row, name) for name in TEXTS}
        for name in ("target", "start_on", "end_on", "local_target", "local_reason", "hand_reason", "parameters"):
            value = getattr(row, name)
            if value not in (None, "", {}):
                one[name] = value
        named.append(one)
    return {
        "be_year": plan.be_year, "title": plan.title, "focus_areas": list(plan.focus_areas),
        "desired_states": [{"text": s["text"], "rows": list(s["rows"])} for s in plan.desired_states], "rows": named,
    }  # fmt: skip


def as_toml(db: Session, be_year: int) -> str:
    """The plan of a year as TOML. Raises NotFound for a year without a plan of its own."""
    plan, rows = plan_for(db, be_year)
    if plan.be_year != be_year:
        raise NotFound(f"ปี {be_year} ยังไม่มีแผนของตนเอง")
    return toml_of(content_of(plan, rows))


def toml_of(content: Mapping[str, Any]) -> str:
    """A plan as TOML; days that a version keeps as text are days again."""
    rows = [
        {name: date.fromisoformat(v) if name in DAYS and isinstance(v, str) else v for name, v in row.items()}
        for row in content["rows"]
    ]
    return tomli_w.dumps({**content, "rows": rows})


def read_toml(text: str) -> Content:
    """A plan from TOML, checked. Raises Invalid, in plain Thai, with the place that is wrong."""
    try:
        return check_plan(tomllib.loads(text))
    except RecursionError as error:
        raise Invalid({"toml": "ไฟล์ซ้อนกันลึกเกินกว่าจะเป็นแผน"}) from error
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        where = f" ที่บรรทัด {found[1]}" if found else ""
        raise Invalid({"toml": f"อ่านไฟล์ไม่ได้{where}: โปรดตรวจเครื่องหมายคำพูดและเครื่องหมาย = ให้ครบ"}) from error


def check_plan(data: Mapping[str, Any]) -> Content:
    """A whole plan in its shape, texts cleaned. Raises Invalid for the first thing that cannot be."""
    _whole("be_year", data.get("be_year"), 2400, 2700)
    rows = data.get("rows")
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_ROWS:
        raise Invalid({"rows": f"แผนต้องมี 1 ถึง {MOST_ROWS} แถว"})
    checked = [check_row(row if isinstance(row, dict) else {}) for row in rows]
    names = [row["row"] for row in checked]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise Invalid({"row": f"แถว {twice} ซ้ำ แต่ละแถวต้องมีรหัสของตนเอง"})
    for name, label in (("focus_areas", "ขอบเขต KM"), ("desired_states", "เป้าหมาย KM ที่พึงประสงค์")):
        if not isinstance(data.get(name) or [], list):
            raise Invalid({name: f"{label}ต้องเป็นรายการในวงเล็บ [ ]"})
    states = []
    for state in data.get("desired_states") or []:
        text = one_line(str(state.get("text", ""))) if isinstance(state, dict) else ""
        serving = (
            [str(name) for name in state.get("rows", [])]
            if isinstance(state, dict) and isinstance(state.get("rows", []), list)
            else []
        )
        unknown = [name for name in serving if name not in names]
        if not text or unknown:
            raise Invalid({"desired_states": f"เป้าหมาย KM ที่พึงประสงค์อ้างแถวที่ไม่มี: {', '.join(unknown) or 'ไม่มีข้อความ'}"})
        states.append({"text": text, "rows": serving})
    title = one_line(str(data.get("title", "")))
    if not title:
        raise Invalid({"title": "โปรดใส่ชื่อแผน"})
    areas = [one_line(str(area)) for area in data.get("focus_areas") or [] if str(area).strip()]
    if len(title) > MOST_TITLE:
        raise Invalid({"title": f"ชื่อแผนยาวเกิน {MOST_TITLE} อักษร"})
    _check_few("focus_areas", areas)
    _check_few("desired_states", [str(state["text"]) for state in states])
    _check_one_mark(checked)
    return {
        "be_year": data["be_year"], "title": title, "focus_areas": areas, "desired_states": states, "rows": checked,
    }  # fmt: skip


def _check_few(name: str, texts: list[str]) -> None:
    if len(texts) > MOST_ROWS or any(len(text) > MOST_TEXT for text in texts):
        raise Invalid({name: f"ใส่ได้ไม่เกิน {MOST_ROWS} ข้อ ข้อละไม่เกิน {MOST_TEXT:,} อักษร"})


def _check_one_mark(rows: list[Content]) -> None:
    """A quiz is passed or not: rows that count the same quiz cannot have marks of their own."""
    marks: dict[str, set[int | None]] = {}
    for row in rows:
        marks.setdefault(row["measure"], set()).add(row.get("parameters", {}).get("pass_percent"))
    torn = next((measure for measure, found in marks.items() if len(found) > 1), None)
    if torn:
        names = ", ".join(row["row"] for row in rows if row["measure"] == torn)
        raise Invalid({"parameters": f"แถว {names} นับจากแบบทดสอบชุดเดียวกัน เกณฑ์ผ่านต้องเท่ากัน"})


def check_row(row: Mapping[str, Any]) -> Content:
    """One row, cleaned. Raises Invalid with the row and field that is wrong."""
    name = str(row.get("row", "")).strip()
    where = f"แถว {name or '?'}: "
    if not re.fullmatch("[A-Z][0-9]{1,2}", name):
        raise Invalid({"row": where + "รหัสแถวเป็นอักษร A-Z ตามด้วยเลข เช่น A1"})
    unknown = set(row) - {
        "row",
        "step",
        "target",
        "local_target",
        "local_reason",
        "hand_reason",
        "parameters",
        "start_on",
        "end_on",
        *TEXTS,
    }
    if unknown:
        raise Invalid({"row": where + f"ไม่รู้จักช่อง {', '.join(sorted(unknown))}"})
    clean: Content = {"row": name, "step": _whole("step", row.get("step"), 1, 99, where)}
    for field in TEXTS:
        clean[field] = normalise(str(row.get(field, ""))).strip()
        if field in NEEDED and not clean[field]:
            raise Invalid({field: where + f"โปรดใส่{LABELS[field]}"})
        most = getattr(PlanRow.__table__.c[field].type, "length", None) or MOST_TEXT
        if len(clean[field]) > most:
            raise Invalid({field: where + f"{LABELS[field]}ยาวเกิน {most:,} อักษร"})
    if clean["process"] not in PROCESSES:
        raise Invalid({"process": where + "กระบวนการเป็น KM หรือ CM"})
    _check_measure(clean, where)
    clean |= _targets(row, clean, where)
    clean |= _period(row, where)
    clean |= _parameters(row, clean, where)
    return clean


def _check_measure(clean: Content, where: str) -> None:
    measure = MEASURES.get(clean["measure"])
    if measure is None:
        raise Invalid({"measure": where + f"ไม่มีวิธีนับชื่อ {clean['measure']} มี {', '.join(MEASURES)}"})
    if clean["unit"] not in UNIT_NAMES:
        raise Invalid({"unit": where + f"ไม่มีหน่วย {clean['unit']} มี {', '.join(UNIT_NAMES)}"})
    fits = clean["unit"] != "percent" if measure.unit == "" else clean["unit"] == measure.unit
    if not fits:
        wanted = UNIT_NAMES.get(measure.unit, "ที่ไม่ใช่ร้อยละ")
        raise Invalid({"unit": where + f"หน่วยต้องเป็น{wanted} ตามวิธีนับ {clean['measure']}"})


def _targets(row: Mapping[str, Any], clean: Content, where: str) -> Content:
    most = 100 if clean["unit"] == "percent" else 1_000_000
    found: Content = {}
    for field in ("target", "local_target"):
        if row.get(field) is not None:
            found[field] = _whole(field, row[field], 1, most, where)
    if "target" in found and "local_target" in found:
        raise Invalid({"local_target": where + "แผนพิมพ์ค่าเป้าหมายไว้แล้ว จึงไม่ตั้งของหน่วยงานซ้ำ"})
    reason = one_line(str(row.get("local_reason", "")))[:500]
    if "local_target" in found and not reason:
        raise Invalid({"local_reason": where + "ตั้งค่าเป้าหมายของหน่วยงานต้องบอกเหตุผล"})
    if "local_target" in found:
        found["local_reason"] = reason
    by_hand = one_line(str(row.get("hand_reason", "")))[:500]
    if clean["measure"] == "by_hand":
        if not by_hand:
            raise Invalid({"hand_reason": where + "แถวที่นับด้วยมือต้องบอกเหตุผลว่าทำไมนับเองไม่ได้"})
        found["hand_reason"] = by_hand
    return found


def _period(row: Mapping[str, Any], where: str) -> Content:
    found: Content = {}
    for field in DAYS:
        value = row.get(field)
        if value in (None, ""):
            continue
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value)
            except ValueError:
                value = None
        if not isinstance(value, date) or isinstance(value, datetime):
            raise Invalid({field: where + f"{LABELS[field]} ต้องเป็นวันที่ เช่น 2014-10-01"})
        if not 1957 <= value.year <= 2157:
            raise Invalid({field: where + f"{LABELS[field]} ต้องอยู่ระหว่าง พ.ศ. 2500 ถึง 2700"})
        found[field] = value
    if len(found) == 2 and found["end_on"] < found["start_on"]:
        raise Invalid({"end_on": where + "วันสิ้นสุดต้องไม่ก่อนวันเริ่ม"})
    return found


def _parameters(row: Mapping[str, Any], clean: Content, where: str) -> Content:
    given = row.get("parameters") or {}
    allowed = MEASURES[clean["measure"]].parameters
    if not isinstance(given, dict) or set(given) - set(allowed):
        told = ", ".join(allowed) or "ไม่มี"
        raise Invalid({"parameters": where + f"ค่าตั้งที่วิธีนับนี้รับ: {told}"})
    try:
        check_settings(given)
    except Invalid as error:
        raise Invalid({"parameters": where + " ".join(error.fields.values())}) from error
    return {"parameters": dict(given)} if given else {}


def _whole(name: str, value: Any, low: int, high: int, where: str = "") -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Invalid({name: where + f"{LABELS.get(name, 'ปีของแผน')} ต้องเป็นจำนวนเต็ม {low:,} ถึง {high:,}"})
    return value


def load_plan(db: Session, path: Path, be_year: int | None = None, on: date | None = None) -> bool:
    """Store the plan of a TOML file (for `be_year` when given) unless that year has one. Raises Invalid."""
    content = read_toml(path.read_text("utf-8"))
    year = be_year or content["be_year"]
    if db.get(Plan, year) is not None:
        return False
    if year != content["be_year"]:
        content = _moved(content, year)
    with transaction(db):
        _write(db, content)
        first = FiscalYear(year).first_day
        db.add(_version(content, 1, _first_made(on or first)))
    return True


def store_plan(
    db: Session, viewer: Viewer, content: Mapping[str, Any], reason: str, today: date, now: datetime
) -> int:  # fmt: skip
    """Put a checked plan in place of what its year had, and keep it as the next version; returns its number.

    Raises NotAllowed, Invalid; a closed year's plan never changes.
    """
    may_plan(viewer)
    if not reason.strip():
        raise Invalid({"reason": "โปรดบอกว่าแก้อะไร เพราะอะไร"})
    checked = check_plan(content)
    year = checked["be_year"]
    with transaction(db):
        _keep_first(db, year)
        number = _newest(db, year) + 1
        put_version(db, checked, number, Made(today, now, viewer.staff_id, one_line(reason)[:500]))
    return number


def _newest(db: Session, year: int) -> int:
    return db.scalar(select(func.max(PlanVersion.number)).where(PlanVersion.be_year == year)) or 0


def put_version(db: Session, content: Content, number: int, made: Made) -> None:
    """Keep a checked plan as a version of its year; the newest is the plan that stands. Raises Invalid for a closed year."""
    year = content["be_year"]
    closing = db.get(YearClosing, year)
    if closing is not None and closing.closed_at is not None:
        raise Invalid({"reason": f"ปี {year} ปิดแล้ว แผนของปีนั้นแก้ไม่ได้"})
    if number > _newest(db, year):
        _write(db, content)
    db.add(_version(content, number, made))
    db.flush()


def _keep_first(db: Session, year: int) -> None:
    """An office older than versions: what stood before the first change is its version 1."""
    if db.get(Plan, year) is None or db.scalar(select(func.count()).where(PlanVersion.be_year == year)):
        return
    first = FiscalYear(year).first_day
    content = own_content(db, year)
    db.add(_version(content, 1, _first_made(first)))
    db.flush()


def _first_made(day: date) -> Made:
    return Made(day, datetime.combine(day, datetime.min.time(), UTC), None, "แผนตั้งต้น")


def _write(db: Session, content: Content) -> None:
    year = content["be_year"]
    plan = db.get(Plan, year)
    if plan is None:
        plan = Plan(be_year=year, title="", focus_areas=[], desired_states=[])
        db.add(plan)
    plan.title, plan.focus_areas, plan.desired_states = (
        content["title"], content["focus_areas"], content["desired_states"],
    )  # fmt: skip
    db.flush()
    db.execute(delete(PlanRow).where(PlanRow.be_year == year))
    db.expire_all()
    blank: Content = {
        "target": None,
        "local_target": None,
        "local_reason": "",
        "hand_reason": "",
        "parameters": {},
        "start_on": None,
        "end_on": None,
    }
    db.add_all(
        PlanRow(be_year=year, position=position, **(blank | row)) for position, row in enumerate(content["rows"])
    )
    db.flush()


def _version(content: Content, number: int, made: Made) -> PlanVersion:
    kept = {
        **content,
        "rows": [{k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()} for row in content["rows"]],
    }
    return PlanVersion(
        be_year=content["be_year"], number=number, on=made.on, at=made.at, by_id=made.by_id, reason=made.reason,
        content=kept,
    )  # fmt: skip


def _moved(content: Content, year: int) -> Content:
    """The same plan for another year: title and periods move along, targets of the office stay behind."""
    by = year - content["be_year"]
    rows = []
    for row in content["rows"]:
        kept = {k: v for k, v in row.items() if k not in ("local_target", "local_reason")}
        for name in DAYS:
            if name in kept:
                day: date = kept[name]
                leap = day.month == 2 and day.day == 29
                kept[name] = day.replace(year=day.year + by, day=28 if leap else day.day)
        rows.append(kept)
    title = str(content["title"]).replace(str(content["be_year"]), str(year))
    return {**content, "be_year": year, "title": title, "rows": rows}


def copy_plan(db: Session, viewer: Viewer, be_year: int, to_year: int, today: date, now: datetime) -> int:
    """A year's plan as the start of another's. Raises Invalid when that year has one already."""
    may_plan(viewer)
    FiscalYear(to_year)
    if db.get(Plan, to_year) is not None:
        raise Invalid({"to_year": f"ปี {to_year} มีแผนแล้ว"})
    plan, rows = plan_for(db, be_year)
    return store_plan(db, viewer, _moved(content_of(plan, rows), to_year), f"คัดลอกจากปี {plan.be_year}", today, now)


def own_content(db: Session, be_year: int) -> Content:
    """The plan of a year to be edited. Raises NotFound for a year that borrows another's."""
    plan, rows = plan_for(db, be_year)
    if plan.be_year != be_year:
        raise NotFound(f"ปี {be_year} ยังไม่มีแผนของตนเอง คัดลอกจากปี {plan.be_year} ก่อน")
    return content_of(plan, rows)


def set_row(
    db: Session, viewer: Viewer, be_year: int, row_id: str, row: Mapping[str, Any] | None, reason: str, today: date,
    now: datetime,
) -> int:  # fmt: skip
    """Change a row, add it when the plan has none of that name, or take it out with None. Returns the version."""
    may_plan(viewer)
    content = own_content(db, be_year)
    rows: list[Content] = content["rows"]
    place = next((number for number, one in enumerate(rows) if one["row"] == row_id), len(rows))
    rows[place : place + 1] = [] if row is None else [check_row(row)]
    if row is None:
        for state in content["desired_states"]:
            state["rows"] = [name for name in state["rows"] if name != row_id]
    return store_plan(db, viewer, content, reason, today, now)


def set_local_target(
    db: Session, viewer: Viewer, be_year: int, row_id: str, target: int | None, reason: str, today: date, now: datetime
) -> None:
    """The office's own target for a row where the plan prints none, with its reason; None takes it away."""
    may_plan(viewer)
    row = next((row for row in own_content(db, be_year)["rows"] if row["row"] == row_id), None)
    if row is None:
        raise NotFound("ไม่พบแถวนี้ในแผน")
    kept = {name: value for name, value in row.items() if name not in ("local_target", "local_reason")}
    if target is not None:
        kept |= {"local_target": target, "local_reason": reason}
    told = reason if target is not None else reason or "เลิกใช้ค่าเป้าหมายของหน่วยงาน"
    set_row(db, viewer, be_year, row_id, kept, told, today, now)


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs between two versions, as sentences."""
    old, new = ({row["row"]: row for row in content["rows"]} for content in (before, after))
    found = [f"เพิ่มแถว {name}" for name in new if name not in old] + [f"ตัดแถว {name}" for name in old if name not in new]
    for name in (name for name in new if name in old):
        for field, label in LABELS.items():
            a, b = old[name].get(field), new[name].get(field)
            if a != b:
                found.append(f"{name} {label}: {_short(a)} → {_short(b)}")
    found += [
        f"แก้{label}"
        for field, label in (
            ("title", "ชื่อแผน"),
            ("focus_areas", "ขอบเขต KM"),
            ("desired_states", "เป้าหมาย KM ที่พึงประสงค์"),
        )
        if before[field] != after[field]
    ]
    return found


def _short(value: Any) -> str:
    return "ไม่มี" if value in (None, "", {}) else str(value)[:80]
