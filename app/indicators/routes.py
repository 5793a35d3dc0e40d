"""Pages of the plan, its evidence and the human registers."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import literal, select
from werkzeug.wrappers import Response

from app.activity.rules import ACCESS_RULE, RULE_VERSION, SHARE_RULE
from app.community.models import Group, Meeting, Thread
from app.core.clock import bangkok_day
from app.core.errors import Invalid, NotFound
from app.core.files import EXTENSIONS, media_type
from app.core.fiscal_year import be_fiscal_year
from app.core.paging import Page, page_number
from app.core.records import STATUS_NAMES
from app.core.thai import ARABIC_DIGITS, parse_date, thai_date
from app.core.web import config, db, flash_invalid, now, part, send_kept, ticked, today
from app.indicators import commands, queries, registers, scoring
from app.indicators.measures import MEASURES
from app.indicators.models import STATE_NAMES, UNIT_NAMES, EvidenceLine, Scope
from app.indicators.registers import REGISTERS, Choices, Register
from app.knowledge.models import Article
from app.knowledge.queries import readable
from app.people import queries as people
from app.people.current import roles_only, staff_id, staff_only, viewer
from app.people.models import CHECKERS, Role, Staff
from app.training.models import Attendance, Training

blueprint = Blueprint("indicators", __name__)
EVIDENCE_PAGE = 50


def _scope(be_year: int) -> Scope:
    department = queries.department_named(db(), request.args.get("department"))
    as_of = parse_date(request.args.get("as_of", ""))
    return queries.scope_for(config(), be_year, today(), as_of, department.id if department else None)


@blueprint.get("/plan")
@staff_only
def current() -> Response:
    """The plan of the running year."""
    return redirect(url_for("indicators.plan", be_year=be_fiscal_year(today())))


@blueprint.get("/plan/<int:be_year>")
@staff_only
def plan(be_year: int) -> str:
    """Twenty rows: figure, target, state, pace, departments."""
    scope = _scope(be_year)
    reading = queries.read_plan(db(), scope)
    states = [r.state.value for r in reading.readings]
    departments = people.departments(db())
    years = sorted({*queries.plan_years(db()), be_fiscal_year(today()), be_year}, reverse=True)
    return render_template(
        "indicators/plan.html", reading=reading, scope=scope, measures=MEASURES, state_names=STATE_NAMES,
        unit_names=UNIT_NAMES, value_text=scoring.value_text, missing_text=scoring.missing_text,
        count={name: states.count(name) for name in ("met", "short", "no_target", "incomplete")},
        departments=departments, chosen=request.args.get("department", ""), years=years, rule_version=RULE_VERSION,
        access_rule=ACCESS_RULE, share_rule=SHARE_RULE, is_over=today() > scope.as_of,
        may_set=viewer().has(Role.SECRETARY), as_of_text=request.args.get("as_of", ""),
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
        commands.set_local_target(db(), viewer(), be_year, row, target, request.form.get("reason", ""))
        flash("บันทึกค่าเป้าหมายของหน่วยงานแล้ว")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("indicators.evidence", be_year=be_year, row=row))


@blueprint.get("/plan/<int:be_year>/<row>")
@staff_only
def evidence(be_year: int, row: str) -> str:
    """Named acts behind a figure: the counted first, then the excluded with reasons."""
    scope = _scope(be_year)
    number = page_number(request.args.get("page"))
    found = queries.evidence_page(db(), scope, row, viewer(), offset=(number - 1) * EVIDENCE_PAGE, limit=EVIDENCE_PAGE)
    reading = queries.read_plan(db(), scope, only=row).readings[0]
    return render_template(
        "indicators/evidence.html", scope=scope, found=found, reading=reading, measure=MEASURES[found.row.measure],
        page=Page(found.items, number, EVIDENCE_PAGE, found.total), state_names=STATE_NAMES, unit_names=UNIT_NAMES,
        value_text=scoring.value_text,
        missing_text=scoring.missing_text, chosen=request.args.get("department", ""), departments=people.departments(db()),
        rule_version=RULE_VERSION, may_set=viewer().has(Role.SECRETARY), as_of_text=request.args.get("as_of", ""),
    )  # fmt: skip


CSV_HEADINGS = (
    "วันที่ (พ.ศ.)", "รายการ", "อ้างอิง", "บุคคล", "ส่วนราชการ", "ช่องทาง", "ผู้บันทึก", "ผู้ตรวจ", "sha256 ของไฟล์", "กุญแจนับ",
    "นับในแถวอื่นด้วย", "นับ", "เหตุผลที่ไม่นับ", "ลิงก์",
)  # fmt: skip


FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")  # fmt: skip


def csv_cells(line: EvidenceLine) -> list[str]:
    """A line of evidence as cells; a cell that a spreadsheet would run as a formula is quoted."""
    cells = [
        thai_date(line.on), line.title, line.reference, line.person, line.department, line.channel, line.recorder,
        line.verifier, line.file_sha256, line.key, " ".join(line.also_in), "ไม่นับ" if not line.counted else "นับรวมกับรายการก่อน" if line.repeats else "นับ",
        line.reason, line.url,
    ]  # fmt: skip
    return ["'" + cell if cell[:1] in FORMULA_STARTS else cell for cell in cells]


@blueprint.get("/plan/<int:be_year>/<row>.csv")
@staff_only
def evidence_csv(be_year: int, row: str) -> Response:
    """All evidence of a row as CSV, the same lines as the page."""
    found = queries.evidence_page(db(), _scope(be_year), row, viewer(), limit=None)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_HEADINGS)
    writer.writerows(csv_cells(line) for line in found.items)
    headers = {"Content-Disposition": f"attachment; filename=evidence-{be_year}-{found.row.row}.csv"}
    return Response("\ufeff" + out.getvalue(), mimetype="text/csv; charset=utf-8", headers=headers)


@blueprint.get("/records")
@roles_only(*CHECKERS)
def records() -> str:
    """All registers, with how many records wait."""
    waiting = {key: len(registers.newest(db(), one, "submitted")) for key, one in REGISTERS.items() if one.is_human}
    return render_template("indicators/records.html", registers=REGISTERS, waiting=waiting)


@blueprint.route("/records/<key>", methods=["GET", "POST"])
@roles_only(*CHECKERS)
def register(key: str) -> str | Response | tuple[str, int]:
    """One register: a short form, and the newest records with what can be done to each."""
    found = registers.register_named(key)
    roster = people.people_on(db(), today())
    choices = Choices([(line.id, line.name) for line in roster], people.teams(db()))
    form = registers.form_of(found, choices)
    members = ticked("members") & {line.id for line in roster}
    status = 200
    if found.columns and form.validate_on_submit():
        values = {column.name: form[column.name].data for column in found.columns if column.kind != "members"}
        try:
            registers.record(db(), found, values, members, staff_id(), now())
            flash("บันทึกแล้ว" + (" รอผู้อื่นตรวจยืนยัน" if found.is_human else ""))
            return redirect(url_for("indicators.register", key=key))
        except Invalid as error:
            form.take(error)
            status = 400
    elif request.method == "POST":
        status = 400
    shown = registers.newest(db(), found, request.args.get("status", ""))
    page = render_template(
        "indicators/register.html", register=found, form=form, lines=_lines(found, shown), roster=roster,
        members=members, statuses=STATUS_NAMES, needs_members=any(c.kind == "members" for c in found.columns),
    )  # fmt: skip
    return page, status


def _lines(found: Register, shown: list[Any]) -> list[dict[str, Any]]:
    """Records as lines of a table; names of people, teams and things come from one statement a kind."""
    wanted: dict[Any, set[int]] = {}
    pointers = {
        "staff_id": Staff, "author_id": Staff, "recorded_by_id": Staff,
        "voided_by_id": Staff, "verified_by_id": Staff,
        "article_id": Article, "training_id": Training, "thread_id": Thread, "meeting_id": Meeting,
    }  # fmt: skip
    for one in shown:
        for name, model in pointers.items():
            if getattr(one, name, None):
                wanted.setdefault(model, set()).add(getattr(one, name))
    closed = _closed_groups()
    names = {model: _names(model, ids, closed) for model, ids in wanted.items()}
    lines = []
    for one in shown:
        about = [
            names[model][getattr(one, name)]
            for name, model in pointers.items()
            if getattr(one, name, None) and name not in ("recorded_by_id", "verified_by_id", "voided_by_id")
        ]
        title = next(
            (getattr(one, n) for n in ("title", "result", "what", "after", "reason", "note") if getattr(one, n, "")), ""
        )
        details = _details(found, one)
        if found.model is Attendance:
            title = {"done": "อบรมครบ", "not_done": "อบรมไม่ครบ"}[one.result]
        lines.append(
            {
                "record": one, "about": " · ".join([*about, *details]),
                "title": "กลุ่มปิด" if getattr(one, "group_id", None) in closed or "กลุ่มปิด" in about else str(title)[:200],
                "on": getattr(one, "on", None) or getattr(one, "submitted_on", None) or getattr(one, "valid_from", None)
                or (bangkok_day(one.recorded_at) if found.is_human else None),
                "recorder": names.get(Staff, {}).get(getattr(one, "recorded_by_id", None) or 0, ""),
                "verifier": names.get(Staff, {}).get(getattr(one, "verified_by_id", None) or 0, ""),
                "voider": names.get(Staff, {}).get(getattr(one, "voided_by_id", None) or 0, ""),
                "own": viewer().staff_id in (
                    getattr(one, "recorded_by_id", None), getattr(one, found.subject, None) if found.subject else None
                ),
            }
        )  # fmt: skip
    return lines


def _details(found: Register, one: Any) -> list[str]:
    """Chosen values and numbers of a record, as words."""
    words = []
    for column in found.columns:
        value = getattr(one, column.name, None)
        if column.kind == "choice" and value:
            words.append(dict(column.choices).get(value, value))
        elif column.kind in ("number", "year") and value is not None:
            words.append(f"{column.label} {value}")
    return words


def _closed_groups() -> set[int]:
    """Groups whose talk the viewer may not read."""
    return set(db().scalars(select(Group.id).where(Group.visibility != "open"))) - viewer().group_ids


def _names(model: Any, ids: set[int], closed: set[int]) -> dict[int, str]:
    """Names of people, titles of things; what belongs to a group the viewer is not in is not named."""
    if model is Staff:
        return people.names_by_id(db(), ids)
    if model is Training:
        return {number: title for number, title in db().execute(select(model.id, model.title).where(model.id.in_(ids)))}
    shown = readable(viewer()) if model is Article else literal(True)
    query = select(model.id, model.title, model.group_id, shown.label("shown")).where(model.id.in_(ids))
    names = {}
    for number, title, group_id, may_read in db().execute(query):
        unread = title if may_read else "บทความที่ยังไม่เผยแพร่"
        names[number] = "กลุ่มปิด" if group_id in closed else unread
    return names


def _record_to_check(found: Register, record_id: int) -> Any:
    """A record of a register, unless it belongs to a group the viewer is not in. Raises NotFound."""
    record = db().get(found.model, record_id) if record_id < 2**31 else None
    if record is None:
        raise NotFound("ไม่พบรายการนี้")
    closed = _closed_groups()
    pointers: dict[str, Any] = {"article_id": Article, "thread_id": Thread, "meeting_id": Meeting}
    groups = {getattr(record, "group_id", None)}
    for name, model in pointers.items():
        if getattr(record, name, None):
            groups.add(db().get_one(model, getattr(record, name)).group_id)
    if groups & closed:
        raise NotFound("ไม่พบรายการนี้")
    return record


@blueprint.post("/records/<key>/<int:record_id>/verify")
@roles_only(*CHECKERS)
def verify(key: str, record_id: int) -> Response:
    """A second person verifies."""
    found = registers.register_named(key)
    if not found.is_human:
        raise NotFound("ทะเบียนนี้ไม่ต้องตรวจยืนยัน")
    record = _record_to_check(found, record_id)
    try:
        commands.verify_record(db(), viewer(), found.model, record_id, now(), registers.involved(db(), found, record))
        flash("ตรวจยืนยันแล้ว")
    except Invalid as error:
        flash_invalid(error)
    if found.model is Meeting and request.form.get("back") == "page":
        return redirect(url_for("meetings.show", code=record.code))
    return redirect(_back(key))


@blueprint.get("/records/<key>/<int:record_id>/file")
@roles_only(*CHECKERS)
def evidence_file(key: str, record_id: int) -> Response:
    """The scanned sheet or report behind a record, for whoever must verify it."""
    record = _record_to_check(registers.register_named(key), record_id)
    digest, missing = getattr(record, "file_sha256", None), "รายการนี้ไม่มีไฟล์หลักฐาน"
    if not digest or not part("files").path(digest).exists():
        raise NotFound(missing)
    kind = media_type(part("files").read(digest))
    return send_kept(digest, kind, f"{key}-{record_id}{EXTENSIONS[kind]}", missing, save=True)


@blueprint.post("/records/<key>/<int:record_id>/void")
@roles_only(*CHECKERS)
def void(key: str, record_id: int) -> Response:
    """Void with a reason."""
    found = registers.register_named(key)
    if not found.is_human:
        raise NotFound("ทะเบียนนี้ยกเลิกรายการไม่ได้")
    _record_to_check(found, record_id)
    try:
        commands.void_record(db(), viewer(), found.model, record_id, request.form.get("reason", ""))
        flash("ยกเลิกรายการแล้ว เหตุผลถูกเก็บไว้")
    except Invalid as error:
        flash_invalid(error)
    return redirect(_back(key))


def _back(key: str) -> str:
    return url_for("indicators.register", key=key, status="submitted")


@blueprint.get("/acknowledge")
@staff_only
def goals() -> str:
    """The year's goals, to be read and acknowledged."""
    year = be_fiscal_year(today())
    found, rows = queries.plan_for(db(), year)
    return render_template(
        "indicators/goals.html", plan=found, year=year, rows=rows,
        done=commands.has_acknowledged(db(), staff_id(), year),
    )  # fmt: skip


@blueprint.post("/acknowledge")
@staff_only
def acknowledge() -> Response:
    """A person acknowledges the running year's goals, once."""
    commands.acknowledge(db(), staff_id(), be_fiscal_year(today()), today())
    flash("บันทึกการรับทราบเป้าหมายแล้ว ขอบคุณครับ/ค่ะ")
    return redirect(url_for("indicators.goals"))
