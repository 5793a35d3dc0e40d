"""Readings of the plan's rows and pages of their evidence."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import String, and_, case, cast, func, literal, null, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from app.activity.models import CHANNELS, REASON_NAMES, SHARE_CHANNELS, AccessCount
from app.community.models import Award, Group
from app.core.config import Config
from app.core.database import AnySelect
from app.core.errors import NotFound
from app.core.fiscal_year import FiscalYear, be_fiscal_year
from app.indicators import scoring
from app.indicators.measures import MEASURES
from app.indicators.models import (
    LOG_CHANNELS,
    EvidenceLine,
    Plan,
    PlanRow,
    Reading,
    Scope,
    Visit,
)
from app.knowledge.models import Article
from app.knowledge.queries import readable
from app.people.models import Department, Service, Staff, Viewer
from app.people.queries import roster


@dataclass(frozen=True)
class DepartmentShare:
    """One department's part of a row; `denominator` is its roster for percent rows."""

    code: str
    name: str
    numerator: int
    denominator: int | None


@dataclass(frozen=True)
class PlanReading:
    """A plan with its rows read. `borrowed` is the year whose rows stand in when this year has no plan yet."""

    plan: Plan
    be_year: int
    as_of: date
    elapsed: float
    readings: list[Reading]
    strips: dict[str, list[DepartmentShare]]
    roster_size: int
    borrowed: int | None


def scope_for(
    config: Config, be_year: int, today: date, as_of: date | None = None, department_id: int | None = None
) -> Scope:
    """Scope of a year as of a day (default today), never later than 30 September. Raises Invalid for a bad year."""
    year = FiscalYear(be_year)
    day = year.as_of(as_of or today)
    return Scope(
        be_year=be_year,
        first_day=year.first_day,
        as_of=day,
        # Row C5 is submitted after the year: its finished figure is what is known today.
        known_on=max(today, day) if day == year.last_day else day,
        department_id=department_id,
        official_only=config.roster_base == "official",
        external_shares=config.external_shares,
        pass_percent=config.quiz_pass_percent,
    )


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


def _in_department(lines: Any, scope: Scope, *, of_roster: bool) -> AnySelect:
    """Lines with the department of their person: that day's, or the roster's for rows that count the roster."""
    if of_roster:
        members = roster(scope.as_of, official_only=scope.official_only).subquery()
        return select(lines, members.c.department_id).outerjoin(members, members.c.staff_id == lines.c.person_id)
    serves = and_(
        Service.staff_id == lines.c.person_id,
        Service.start_on <= lines.c.day,
        or_(Service.end_on.is_(None), Service.end_on >= lines.c.day),
    )
    return select(lines, Service.department_id).outerjoin(Service, serves)


@lru_cache(maxsize=128)
def _count_statement(measure_name: str, scope: Scope) -> Any:
    """One statement: distinct keys and lines of the office, of each department, and of each part.

    Building it costs more than running it, so it is kept per scope; a scope names its day.
    """
    measure = MEASURES[measure_name]
    lines = measure.lines(scope, False).subquery()
    query = _in_department(lines, scope, of_roster=measure.of_roster)
    if scope.department_id is not None:
        query = query.where(query.selected_columns.department_id == scope.department_id)
    placed = query.cte("placed")
    distinct_keys, every_line = func.count(placed.c.key.distinct()), func.count()
    office = select(literal("office").label("what"), null().label("name"), distinct_keys, every_line)
    departments = (
        select(literal("department"), cast(placed.c.department_id, String), distinct_keys, every_line)
        .where(placed.c.department_id.is_not(None))
        .group_by(placed.c.department_id)
    )
    selects = [office.select_from(placed), departments]
    if measure.parts:
        selects.append(select(literal("part"), placed.c.part, distinct_keys, every_line).group_by(placed.c.part))
    return union_all(*[_named(query) for query in selects])


def count_row(db: Session, measure_name: str, scope: Scope) -> tuple[dict[int | None, int], int, dict[str, int]]:
    """(distinct keys per department with None for the whole office, lines, lines per part); one statement."""
    if measure_name == "accesses":
        return _count_accesses(db, scope)
    keys: dict[int | None, int] = {}
    parts: dict[str, int] = {}
    total = 0
    for what, name, count, number in db.execute(_count_statement(measure_name, scope)):
        if what == "office":
            keys[None], total = count, number
        elif what == "department":
            keys[int(name)] = count
        else:
            parts[name] = number if measure_name == "staff_attended" else count
    return keys, total, parts


def _named(query: AnySelect) -> AnySelect:
    found = query.subquery()
    what, name, count, number = found.c
    return select(what, cast(name, String), count, number)


def _count_accesses(db: Session, scope: Scope) -> tuple[dict[int | None, int], int, dict[str, int]]:
    """As count_row for A5, from the rollups alone: a row of `access_day` is one key, and `access_count` sums them."""
    within = (AccessCount.on >= scope.first_day, AccessCount.on <= scope.as_of)
    serves = and_(
        Service.staff_id == AccessCount.staff_id,
        Service.start_on <= AccessCount.on,
        or_(Service.end_on.is_(None), Service.end_on >= AccessCount.on),
    )
    total = func.coalesce(func.sum(AccessCount.accesses), 0)
    departments = (
        select(literal("department"), cast(Service.department_id, String), total)
        .select_from(AccessCount)
        .join(Service, serves)
        .where(*within)
        .group_by(Service.department_id)
    )
    visits = select(literal("visit"), cast(null(), String), func.coalesce(func.sum(Visit.persons), 0)).where(
        Visit.status == "verified", Visit.on >= scope.first_day, Visit.on <= scope.as_of
    )
    opened = select(literal("opened"), cast(null(), String), total).where(*within)
    keys: dict[int | None, int] = {}
    parts = {"opened": 0, "visit": 0}
    for what, name, number in db.execute(union_all(opened, departments, visits)):
        if what == "department":
            keys[int(name)] = int(number)
        else:
            parts[what] = int(number)
    keys[None] = sum(parts.values())
    if scope.department_id is not None:
        number = keys.get(scope.department_id, 0)
        keys, parts = {None: number, scope.department_id: number}, {"opened": number, "visit": 0}
    return keys, keys[None] or 0, parts


def roster_sizes(db: Session, scope: Scope) -> dict[int | None, int]:
    """Size of roster R per department, None for the whole office (or the scope's department)."""
    members = roster(scope.as_of, official_only=scope.official_only, department_id=scope.department_id).subquery()
    query = select(members.c.department_id, func.count()).group_by(members.c.department_id)
    sizes: dict[int | None, int] = {number: count for number, count in db.execute(query)}
    sizes[None] = sum(sizes.values())
    return sizes


def read_plan(db: Session, scope: Scope, only: str | None = None) -> PlanReading:
    """All rows of a year, or one. Raises NotFound for an unknown row. Statements: one a row, and five."""
    plan, rows = plan_for(db, scope.be_year)
    if only is not None:
        rows = [row for row in rows if row.row == only]
        if not rows:
            raise NotFound(f"แผนนี้ไม่มีแถว {only}")
    sizes = roster_sizes(db, scope)
    departments = list(db.scalars(select(Department).order_by(Department.code)))
    counted = {name: count_row(db, name, scope) for name in dict.fromkeys(row.measure for row in rows)}
    elapsed = FiscalYear(scope.be_year).elapsed(scope.as_of)
    readings, strips = [], {}
    for row in rows:
        keys, lines, parts = counted[row.measure]
        readings.append(_reading(row, keys, lines, parts, sizes[None], elapsed))
        strips[row.row] = [
            DepartmentShare(d.code, d.name, keys.get(d.id, 0), sizes.get(d.id, 0) if row.unit == "percent" else None)
            for d in departments
        ]
    if any(reading.row.row == "C6" for reading in readings):
        _note_awards(db, scope, readings)
    borrowed = plan.be_year if plan.be_year != scope.be_year else None
    return PlanReading(plan, scope.be_year, scope.as_of, elapsed, readings, strips, sizes[None], borrowed)


def _reading(
    row: PlanRow, keys: dict[int | None, int], lines: int, parts: dict[str, int], roster_size: int, elapsed: float
) -> Reading:
    measure = MEASURES[row.measure]
    denominator = roster_size if row.unit == "percent" else None
    numerator = keys[None]
    target = row.target if row.target is not None else row.local_target
    state = scoring.state_of(row.unit, numerator, denominator, target)
    named = [(label, parts.get(part, 0)) for label, part in measure.parts]
    notes: list[str] = []
    if row.measure == "exchanges" and state.value == "met" and numerator == parts.get("share", 0):
        notes.append("ถึงเป้าด้วยการแชร์เพียงอย่างเดียว")
    if row.target is None and row.local_target is not None:
        notes.append(f"ค่าเป้าหมายของหน่วยงานเอง: {row.local_reason}")
    pace = scoring.pace(numerator, denominator, target, row.unit, elapsed)
    return Reading(row, numerator, denominator, lines, state, pace, named, notes)


def _note_awards(db: Session, scope: Scope, readings: list[Reading]) -> None:
    query = select(func.count()).select_from(Award).where(Award.on >= scope.first_day, Award.on <= scope.as_of)
    awards = db.scalar(query) or 0
    for number, reading in enumerate(readings):
        if reading.row.row == "C6":
            notes = [
                f"รางวัลและการยกย่อง {awards} รายการ",
                "กิจกรรมของแถวนี้คือการให้รางวัล แต่ตัวชี้วัดในแผนเป็นข้อเดียวกับ C2 จึงแสดงตัวเลขเดียวกัน",
            ]
            readings[number] = replace(reading, notes=[*reading.notes, *notes])


@dataclass(frozen=True)
class EvidencePage:
    """A page of evidence: counted lines first, then the excluded ones with their reason. `total` = all lines."""

    row: PlanRow
    items: list[EvidenceLine]
    total: int
    counted: int
    keys: int


def evidence_page(
    db: Session, scope: Scope, row_id: str, viewer: Viewer, *, offset: int = 0, limit: int | None = 50,
    with_excluded: bool = True,
) -> EvidencePage:  # fmt: skip
    """Evidence of a row, counted first, newest first. Names are masked where the viewer may not see them."""
    _, rows = plan_for(db, scope.be_year)
    row = next((row for row in rows if row.row == row_id), None)
    if row is None:
        raise NotFound(f"แผนนี้ไม่มีแถว {row_id}")
    measure = MEASURES[row.measure]
    lines = measure.lines(scope, with_excluded).subquery()
    placed = _in_department(lines, scope, of_roster=measure.of_roster).subquery()
    counted_key = case((placed.c.reason == "", placed.c.key), else_=null())
    within = placed.c.department_id == scope.department_id if scope.department_id is not None else literal(1) == 1
    total, counted, keys = db.execute(
        select(func.count(), func.count(counted_key), func.count(counted_key.distinct()))
        .select_from(placed)
        .where(within)
    ).one()
    items = _lines(db, placed, within, viewer, offset, limit, unique=row.measure == "accesses")
    also = _also_in(db, scope, rows, row, {str(item.key) for item in items})
    return EvidencePage(row, [_shown(item, viewer, also) for item in items], total, counted, keys)


def _lines(
    db: Session, placed: Any, within: Any, viewer: Viewer, offset: int, limit: int | None, *, unique: bool
) -> Sequence[Any]:
    person, recorder, verifier = aliased(Staff), aliased(Staff), aliased(Staff)
    columns = [column for column in placed.c if column.name != "department_id"]
    # The first line of a key is the one that counts; numbering is left out where every key has one line anyway.
    order = (case((placed.c.reason == "", 0), else_=1), placed.c.day, placed.c.reference)
    nth = literal(1) if unique else func.row_number().over(partition_by=placed.c.key, order_by=order)
    query = (
        select(
            *columns,
            placed.c.department_id,
            func.coalesce(person.name, "").label("person"),
            func.coalesce(Department.name, "").label("department"),
            func.coalesce(recorder.name, "").label("recorder"),
            func.coalesce(verifier.name, "").label("verifier"),
            func.coalesce(Group.visibility, "").label("group_visibility"),
            case((placed.c.article_id.is_(None), True), (readable(viewer), True), else_=False).label("may_read"),
            nth.label("nth"),
        )
        .select_from(placed)
        .outerjoin(person, person.id == placed.c.person_id)
        .outerjoin(Department, Department.id == placed.c.department_id)
        .outerjoin(recorder, recorder.id == placed.c.recorder_id)
        .outerjoin(verifier, verifier.id == placed.c.verifier_id)
        .outerjoin(Group, Group.id == placed.c.group_id)
        .outerjoin(Article, Article.id == placed.c.article_id)
        .where(within)
        .order_by(case((placed.c.reason == "", 0), else_=1), placed.c.day.desc(), placed.c.key, placed.c.reference)
        .offset(offset)
    )
    return db.execute(query.limit(limit) if limit is not None else query).all()


def _also_in(db: Session, scope: Scope, rows: list[PlanRow], row: PlanRow, keys: set[str]) -> dict[str, list[str]]:
    """Other rows that count the same article, meeting or person; one statement for the page shown."""
    same_kind = {key.split(":", 1)[0] for key in keys} & {"article", "meeting", "training", "application"}
    if not same_kind or not keys or len(keys) > 500:
        return {}
    selects = []
    for other in rows:
        if other.row == row.row or MEASURES[other.measure].of_roster or other.measure == "accesses":
            continue
        lines = MEASURES[other.measure].lines(scope, False).subquery()
        selects.append(
            select(literal(other.row).label("row"), lines.c.key.label("key")).where(lines.c.key.in_(keys)).distinct()
        )
    found: dict[str, list[str]] = defaultdict(list)
    for other_row, key in db.execute(union_all(*selects)):
        found[key].append(other_row)
    return {key: sorted(values) for key, values in found.items()}


def _shown(item: Any, viewer: Viewer, also: dict[str, list[str]]) -> EvidenceLine:
    """A line as this person may see it: closed groups and unread articles are not named, nor people one may not name."""
    closed = item.group_visibility not in ("", "open") and item.group_id not in viewer.group_ids
    hidden = closed or not item.may_read
    instead = "กลุ่มปิด" if closed else "บทความที่ยังไม่เปิดให้ท่านอ่าน"
    named = may_see_name(viewer, item)
    names = {**LOG_CHANNELS, **CHANNELS, **(SHARE_CHANNELS if item.part == "share" else {})}
    everyone = "บุคคลทั่วไป" if item.part == "opened" and item.person_id is None else item.person
    return EvidenceLine(
        key=_pseudonym(item.key) if hidden or not named else item.key,
        reference="" if hidden or (not named and not item.article_id) else item.reference or "",
        on=item.day,
        title=instead if hidden else item.title or "",
        person=everyone if named or item.person_id is None else "บุคลากร",
        department=item.department,
        channel="" if hidden else names.get(item.channel, item.channel or ""),
        channel_code="" if hidden else item.channel or "",
        recorder=item.recorder if named else "",
        verifier=item.verifier if named else "",
        file_sha256="" if hidden else item.file_sha256 or "",
        counted=item.reason == "",
        repeats=item.reason == "" and item.nth > 1,
        reason=_reason_text(item.reason),
        reason_code=item.reason,
        also_in=also.get(item.key, []),
        url="" if hidden else item.url,
    )


def _pseudonym(key: str) -> str:
    """A key that still tells same from different without naming anybody; kind kept. Example: staff:S3 -> staff:9f2c…"""
    kind = key.split(":", 1)[0] if ":" in key else "opened"
    return f"{kind}:{hashlib.sha256(('khlang' + key).encode()).hexdigest()[:12]}"


def _reason_text(reason: str) -> str:
    return REASON_TEXTS.get(reason, reason)


REASON_TEXTS = {code.value: text for code, text in REASON_NAMES.items()}


def may_see_name(viewer: Viewer, item: Any) -> bool:
    """Names go to the secretary, evaluators, administrators, the person, and the head of their department."""
    named = {role.value for role in viewer.roles}
    if named & {"secretary", "evaluator", "admin"} or viewer.staff_id == item.person_id:
        return True
    return "head" in named and viewer.department_id is not None and viewer.department_id == item.department_id


def department_named(db: Session, code: str | None) -> Department | None:
    """Department by code; None without a code. Raises NotFound for an unknown one."""
    if not code:
        return None
    found = db.scalar(select(Department).where(Department.code == code))
    if found is None:
        raise NotFound(f"ไม่พบส่วนราชการ {code}")
    return found
