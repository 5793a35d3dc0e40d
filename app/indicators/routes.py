"""Pages of the plan, its evidence, years side by side and how counting goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.activity.rules import ACCESS_RULE, SHARE_RULE
from app.core.errors import Invalid
from app.core.files import XLSX
from app.core.fiscal_year import be_fiscal_year
from app.core.paging import Page, page_number
from app.core.thai import ARABIC_DIGITS, parse_date
from app.core.web import base_url, config, db, flash_invalid, now, today, whole
from app.indicators import closing, planning, plans, queries, scoring
from app.indicators.anomalies import anomaly_notes
from app.indicators.evidence_lists import Wanted, every_line, evidence_page, reasons_of, row_of, totals
from app.indicators.few_readers import check_department, hidden_departments, told
from app.indicators.measures import MEASURES
from app.indicators.models import STATE_NAMES, UNIT_NAMES, EvidenceLine, RowState, Scope
from app.indicators.rule_versions import SETTINGS, versions
from app.indicators.scopes import as_known_then, scope_for, within_quarter
from app.indicators.sheets import csv_lines, workbook
from app.people import queries as people
from app.people.current import roles_only, staff_only, viewer
from app.people.models import Role

blueprint = Blueprint("indicators", __name__)
EVIDENCE_PAGE = 50
MOST_XLSX, MOST_CSV = 50_000, 10_000_000
YEARS_BESIDE = 4


def _scope(be_year: int) -> Scope:
    department = queries.department_named(db(), request.args.get("department"))
    as_of = parse_date(request.args.get("as_of", ""))
    day = min(as_of, today()) if as_of else None  # Nothing is known of tomorrow.
    scope = scope_for(db(), config(), be_year, today(), day, department.id if department else None)
    quarter = whole(request.args.get("quarter"))
    return within_quarter(scope, quarter) if quarter else scope


@blueprint.get("/plan")
@staff_only
def current() -> Response:
    """The plan of the running year."""
    return redirect(url_for("indicators.plan", be_year=be_fiscal_year(today())))


@blueprint.get("/plan/<int:be_year>")
@staff_only
def plan(be_year: int) -> str:
    """Twenty rows: figure, target, state, pace, months, departments, what weakens a figure and what to do next."""
    scope = _scope(be_year)
    hidden = hidden_departments(db(), scope, viewer())
    reading = told(queries.read_plan(db(), scope), scope, hidden)
    states = [r.state.value for r in reading.readings]
    running = be_fiscal_year(today())
    # The year before is still being evaluated and closed, with or without a plan of its own.
    years = sorted({*plans.plan_years(db()), running - 1, running, be_year}, reverse=True)
    closed = closing.closing_of(db(), be_year)
    is_closed = closed is not None and closed.closed_at is not None
    whole_office = not (request.args.get("department") or request.args.get("quarter") or request.args.get("as_of"))
    frozen = closing.shown_rows(closing.standing(db(), closed)[0]) if closed and is_closed and whole_office else {}
    short = [one.row for one in reading.readings if one.state is RowState.SHORT]
    return render_template(
        "indicators/plan.html", reading=reading, scope=scope, measures=MEASURES, state_names=STATE_NAMES,
        unit_names=UNIT_NAMES, value_text=scoring.value_text, missing_text=scoring.missing_text,
        count={name: states.count(name) for name in ("met", "short", "no_target", "incomplete")},
        departments=people.departments(db()), chosen=request.args.get("department", ""), years=years,
        access_rule=ACCESS_RULE, share_rule=SHARE_RULE, is_over=today() > scope.as_of, then=_known_then(scope, hidden),
        may_set=viewer().has(Role.SECRETARY), as_of_text=request.args.get("as_of", ""), processes=planning.PROCESSES,
        quarter=whole(request.args.get("quarter")), closed=closed, is_closed=is_closed, frozen=frozen,
        waiting=reasons_of(db(), scope, short), anomalies=anomaly_notes(db(), be_year, viewer()),
        restated=closing.restatements(db(), be_year) if is_closed else [],
    )  # fmt: skip


def _known_then(scope: Scope, hidden: frozenset[int]) -> dict[str, Any]:
    """Readings of a past day by what was known that day, by row; empty for today."""
    if not request.args.get("as_of") or scope.as_of >= today():
        return {}
    then = told(queries.read_plan(db(), as_known_then(scope)), scope, hidden)
    return {one.row.row: one for one in then.readings}


@blueprint.get("/plan/compare")
@staff_only
def compare() -> str:
    """The last years side by side, each by the rule it was counted by."""
    own = plans.plan_years(db())
    running = be_fiscal_year(today())
    years = sorted({*own, running - 1, running})[-YEARS_BESIDE:]
    readings = {year: queries.read_plan(db(), scope_for(db(), config(), year, today())) for year in years}
    names = {row.row: row for year in years for row in plans.plan_for(db(), year)[1]}
    by_row = {
        row: {year: next((r for r in readings[year].readings if r.row.row == row), None) for year in years}
        for row in names
    }
    return render_template(
        "indicators/compare.html", years=years, readings=readings, rows=names, by_row=by_row, value_text=scoring.value_text,
        unit_names=UNIT_NAMES, state_names=STATE_NAMES, closed=set(closing.closed_years(db())),
    )  # fmt: skip


@blueprint.get("/plan/counting")
@staff_only
def counting() -> str:
    """How every row counts, with the rule versions of this office."""
    year = be_fiscal_year(today())
    found, rows = plans.plan_for(db(), year)
    scope = scope_for(db(), config(), year, today())
    return render_template(
        "indicators/counting.html", plan=found, rows=rows, measures=MEASURES, scope=scope, rules=versions(db(), config()),
        settings=SETTINGS, access_rule=ACCESS_RULE, share_rule=SHARE_RULE, unit_names=UNIT_NAMES,
    )  # fmt: skip


@blueprint.post("/plan/<int:be_year>/<row>/target")
@roles_only(Role.SECRETARY)
def set_target(be_year: int, row: str) -> Response:
    """The office's own target where the plan prints none."""
    text = request.form.get("target", "").strip().translate(ARABIC_DIGITS)
    try:
        if text and not (text.isascii() and text.isdigit() and len(text) < 7):
            raise Invalid({"target": "ค่าเป้าหมายต้องเป็นจำนวนเต็ม"})
        target = int(text) if text else None
        reason = request.form.get("reason", "")
        planning.set_local_target(db(), viewer(), be_year, row, target, reason, today(), now())
        flash("บันทึกค่าเป้าหมายของหน่วยงานแล้ว")
    except Invalid as error:
        flash_invalid(error)
        why = request.form.get("reason", "")[:500]
        back = url_for("indicators.evidence", be_year=be_year, row=row, target=text[:20], reason=why)
        return redirect(back + "#own-target")
    return redirect(url_for("indicators.evidence", be_year=be_year, row=row))


def _wanted() -> Wanted:
    month = request.args.get("month", "")
    state = request.args.get("state", "")
    return Wanted(
        text=request.args.get("q", "").strip()[:100],
        month=int(month) if month.isascii() and month.isdigit() and len(month) < 3 and int(month) < 12 else None,
        state=state if state in ("counted", "excluded") else "",
    )


@blueprint.get("/plan/<int:be_year>/<row>")
@staff_only
def evidence(be_year: int, row: str) -> str:
    """Named acts behind a figure: the counted first, then the excluded with reasons; totals beside."""
    scope, wanted = _scope(be_year), _wanted()
    number = page_number(request.args.get("page"))
    start = (number - 1) * EVIDENCE_PAGE
    found = evidence_page(db(), scope, row, viewer(), wanted=wanted, offset=start, limit=EVIDENCE_PAGE)
    hidden = hidden_departments(db(), scope, viewer()) if found.row.measure == "accesses" else frozenset()
    whole_plan = told(queries.read_plan(db(), scope, only=row), scope, hidden)
    reading, departments = whole_plan.readings[0], people.departments(db())
    return render_template(
        "indicators/evidence.html", scope=scope, found=found, reading=reading, measure=MEASURES[found.row.measure],
        page=Page(found.items, number, EVIDENCE_PAGE, found.total), state_names=STATE_NAMES, unit_names=UNIT_NAMES,
        value_text=scoring.value_text, wanted=wanted, filters=_filters(), quarter=whole(request.args.get("quarter")),
        missing_text=scoring.missing_text, chosen=request.args.get("department", ""), departments=departments,
        may_set=viewer().has(Role.SECRETARY), as_of_text=request.args.get("as_of", ""),
        totals=totals(reading, whole_plan.strips[row]), access_rule=ACCESS_RULE, share_rule=SHARE_RULE,
        anomalies=anomaly_notes(db(), be_year, viewer()) if found.row.measure == "accesses" else [],
    )  # fmt: skip


def _filters() -> dict[str, str]:
    names = ("department", "quarter", "as_of", "q", "month", "state")
    return {name: request.args[name] for name in names if request.args.get(name)}


HEADINGS = (
    "วันที่ (พ.ศ.)", "รายการ", "อ้างอิง", "บุคคล", "ส่วนราชการ", "ช่องทาง", "ผู้บันทึก", "ผู้ตรวจ", "sha256 ของไฟล์", "กุญแจนับ",
    "นับในแถวอื่นด้วย", "นับ", "เหตุผลที่ไม่นับ", "ลิงก์",
)  # fmt: skip


def cells_of(line: EvidenceLine, base: str) -> list[Any]:
    """A line of evidence as cells; a link is whole, as a file is opened anywhere."""
    return [
        line.on, line.title, line.reference, line.person, line.department, line.channel, line.recorder,
        line.verifier, line.file_sha256, line.key, " ".join(line.also_in), "ไม่นับ" if not line.counted else "นับรวมกับรายการก่อน" if line.repeats else "นับ",
        line.reason, base + line.url if line.url else "",
    ]  # fmt: skip


def _file_lines(be_year: int, row: str, most: int) -> Iterator[list[Any]]:
    """Headings and lines; read on a connection of their own, which outlives the request that asked."""
    scope, wanted, who, engine, base = _scope(be_year), _wanted(), viewer(), db().get_bind(), base_url()
    if row_of(db(), be_year, row).measure == "accesses":
        check_department(scope, hidden_departments(db(), scope, who))  # Before the first line is on its way.

    def lines() -> Iterator[list[Any]]:
        yield list(HEADINGS)
        with Session(engine) as own:
            yield from (cells_of(line, base) for line in every_line(own, scope, row, who, wanted, most))

    return lines()


@blueprint.get("/plan/<int:be_year>/<row>.csv")
@staff_only
def evidence_csv(be_year: int, row: str) -> Response:
    """All evidence of a row as CSV, the same lines as the page with the same filters, sent as they are read."""
    found = row_of(db(), be_year, row)
    headers = {"Content-Disposition": f"attachment; filename=evidence-{be_year}-{found.row}.csv"}
    lines = csv_lines(_file_lines(be_year, found.row, MOST_CSV))
    return Response(lines, mimetype="text/csv; charset=utf-8", headers=headers)


@blueprint.get("/plan/<int:be_year>/<row>.xlsx")
@staff_only
def evidence_xlsx(be_year: int, row: str) -> Response:
    """The same as a workbook, with a sheet that says what was counted and by which rule; at most 50,000 lines."""
    scope = _scope(be_year)
    found = evidence_page(db(), scope, row, viewer(), limit=1, wanted=_wanted())
    reading = queries.read_plan(db(), scope, only=row).readings[0]
    told: list[tuple[str, Any]] = [
        ("รายการ", "ค่า"), ("แถว", found.row.row), ("ตัวชี้วัด", found.row.indicator), ("วิธีนับ", MEASURES[found.row.measure].rule_text(scope)),
        ("ปีงบประมาณ", be_year), ("ณ วันที่", scope.as_of), ("กติกาการนับรุ่น", scope.rule), ("ผล", scoring.value_text(reading)),
        ("สถานะ", STATE_NAMES[reading.state]), ("หลักฐานที่นับ", found.counted), ("หลักฐานทั้งหมด", found.total),
        ("ตัวกรอง", " ".join(f"{k}={v}" for k, v in _filters().items()) or "ไม่มี"),
    ]  # fmt: skip
    if found.total > MOST_XLSX:
        told.append(("หมายเหตุ", f"แสดง {MOST_XLSX:,} บรรทัดแรก ทั้งหมดอยู่ในไฟล์ CSV"))
    content = workbook([("หลักฐาน", _file_lines(be_year, row, MOST_XLSX)), ("กติกา", told)])
    headers = {"Content-Disposition": f"attachment; filename=evidence-{be_year}-{found.row.row}.xlsx"}
    return Response(content, mimetype=XLSX, headers=headers)
