"""Pages of the human registers: typing, importing, verifying, returning, voiding."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import literal, select
from werkzeug.wrappers import Response

from app.community.models import Group, Meeting, Thread
from app.core.clock import bangkok_day
from app.core.errors import Invalid, KhlangError, NotAllowed, NotFound
from app.core.files import EXTENSIONS, IMAGES, PDF, media_type
from app.core.fiscal_year import FiscalYear, be_fiscal_year
from app.core.records import STATUS_NAMES
from app.core.thai import thai_date
from app.core.web import db, flash_invalid, now, part, send_kept, ticked, today
from app.indicators import commands, proposals, registers, sheets
from app.indicators.registers import REGISTERS, Choices, Register
from app.knowledge.models import Article
from app.knowledge.queries import readable
from app.people import queries as people
from app.people.current import roles_only, staff_id, staff_only, viewer
from app.people.models import CHECKERS, Staff
from app.training.models import Attendance, Training

blueprint = Blueprint("records", __name__)


@blueprint.get("/records")
@roles_only(*CHECKERS)
def records() -> str:
    """All registers, with how many records wait."""
    return render_template(
        "indicators/records.html", registers=REGISTERS, waiting=registers.waiting(db()), sheets=sheets.SHEETS,
        proposed=len(_proposals()),
    )  # fmt: skip


def _proposals() -> list[proposals.Proposal]:
    year = FiscalYear(be_fiscal_year(today()))
    return proposals.proposals(db(), viewer(), year.first_day, today())


@blueprint.route("/records/<key>", methods=["GET", "POST"])
@roles_only(*CHECKERS)
def register(key: str) -> str | Response | tuple[str, int]:
    """One register: a short form, and the newest records with what can be done to each."""
    found = registers.register_named(key)
    roster = people.people_on(db(), today())
    form = registers.form_of(found, Choices([(line.id, line.name) for line in roster], people.teams(db())))
    members = ticked("members") & {line.id for line in roster}
    status = 200
    if found.columns and form.validate_on_submit():
        try:
            registers.record(db(), found, _typed(found, form), members, staff_id(), now(), _scan(form))
            flash("บันทึกแล้ว" + (" รอผู้อื่นตรวจยืนยัน" if found.is_human else ""))
            return redirect(url_for("records.register", key=key))
        except Invalid as error:
            status = form.take(error)
    elif request.method == "POST":
        status = 400
    shown = registers.newest(db(), found, request.args.get("status", ""))
    page = render_template(
        "indicators/register.html", register=found, form=form, lines=_lines(found, shown), roster=roster,
        members=members, statuses=STATUS_NAMES, needs_members=any(c.kind == "members" for c in found.columns),
        may_import=bool(found.columns) or key in sheets.SHEETS, mending=None,
    )  # fmt: skip
    return page, status


def _typed(found: Register, form: Any) -> dict[str, Any]:
    return {column.name: form[column.name].data for column in found.columns if column.kind != "members"}


def _scan(form: Any) -> str | None:
    """Keep the scanned sheet of a form; its sha256, None without one. Raises Invalid for another kind of file."""
    sent = form["file"].data if "file" in form else None
    content = sent.read() if sent else b""
    if not content:
        return None
    if media_type(content) not in IMAGES | {PDF}:
        raise Invalid({"file": "ไฟล์หลักฐานเป็นภาพถ่ายหรือ PDF เท่านั้น"})
    return str(part("files").keep(content).sha256)


@blueprint.route("/records/<key>/<int:record_id>/mend", methods=["GET", "POST"])
@staff_only
def mend(key: str, record_id: int) -> str | Response | tuple[str, int]:
    """A record that was sent back: mended and sent in again by who typed it."""
    found = registers.register_named(key)
    kept = db().get(found.model, record_id) if found.is_human and record_id < 2**31 else None
    if kept is None or not found.columns:
        raise NotFound("ไม่พบรายการนี้")
    commands.may_mend(kept, viewer())
    roster = people.people_on(db(), today())
    form = registers.form_of(found, Choices([(line.id, line.name) for line in roster], people.teams(db())), kept)
    status = 200
    if form.validate_on_submit():
        try:
            registers.mend(db(), found, kept, _typed(found, form), _scan(form))
            commands.send_again(db(), viewer(), found.model, record_id, now())
            flash("แก้ไขและส่งตรวจอีกครั้งแล้ว")
            return redirect(url_for("records.mine"))
        except Invalid as error:
            status = form.take(error)
    elif request.method == "POST":
        status = 400
    page = render_template(
        "indicators/register.html", register=found, form=form, lines=[], roster=roster, members=set(), mending=kept,
        statuses=STATUS_NAMES, needs_members=False, may_import=False,
    )  # fmt: skip
    return page, status


@blueprint.post("/records/<key>/<int:record_id>/send")
@staff_only
def send_again(key: str, record_id: int) -> Response:
    """A record typed on a page of its own, sent in again after mending."""
    found = registers.register_named(key)
    if not found.is_human or record_id >= 2**31:
        raise NotFound("ไม่พบรายการนี้")
    try:
        commands.send_again(db(), viewer(), found.model, record_id, now())
        flash("ส่งตรวจอีกครั้งแล้ว")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("records.mine"))


@blueprint.get("/records/mine")
@staff_only
def mine() -> str:
    """What became of everything a person recorded."""
    kept = registers.recorded_by(db(), staff_id())
    shown: dict[str, list[Any]] = {}
    for found, one in kept:
        shown.setdefault(found.key, []).append(one)
    lines = [
        line | {"register": REGISTERS[key]} for key, some in shown.items() for line in _lines(REGISTERS[key], some)
    ]
    lines.sort(key=lambda line: line["record"].recorded_at, reverse=True)
    return render_template("indicators/mine.html", lines=lines, statuses=STATUS_NAMES)


INBOX_LINES = 25


@blueprint.get("/inbox")
@roles_only(*CHECKERS)
def inbox() -> str:
    """Everything that waits for a second person, row by row, with the evidence beside it; and what the system proposes."""
    waiting = registers.waiting(db())
    wanted = request.args.get("register", "")
    parts = []
    for key, number in waiting.items():
        if not wanted or key == wanted:
            found = REGISTERS[key]
            limit = 200 if wanted else INBOX_LINES
            parts.append((found, number, _lines(found, registers.newest(db(), found, "submitted", limit))))
    parts.sort(key=lambda one: one[0].rows)
    return render_template(
        "indicators/inbox.html", parts=parts, waiting=waiting, wanted=wanted, registers=REGISTERS,
        proposals=[] if wanted else _proposals(), statuses=STATUS_NAMES,
    )  # fmt: skip


@blueprint.post("/inbox")
@roles_only(*CHECKERS)
def verify_many() -> Response:
    """Verify all that were ticked; what cannot be verified is named, the others are done."""
    acts = []
    for ticked_one in request.form.getlist("record")[:500]:
        key, _, number = ticked_one.partition(":")
        if key in REGISTERS and REGISTERS[key].is_human and number.isascii() and number.isdigit() and len(number) < 10:
            acts.append((REGISTERS[key].title, lambda key=key, number=number: _verify(key, int(number))))
    done = commands.verify_many(acts)
    if not acts:
        flash("ยังไม่ได้เลือกรายการ ติ๊กหน้ารายการที่ตรวจแล้วก่อน", "error")
    if done.verified:
        flash(f"ตรวจยืนยันแล้ว {done.verified} รายการ")
    for sentence in dict.fromkeys(done.left):
        flash(sentence, "error")
    return redirect(url_for("records.inbox", register=request.form.get("register") or None))


def _verify(key: str, record_id: int) -> None:
    found = registers.register_named(key)
    if not found.is_human:
        raise NotFound("ทะเบียนนี้ไม่ต้องตรวจยืนยัน")
    record = _record_to_check(found, record_id)
    commands.verify_record(db(), viewer(), found.model, record_id, now(), registers.involved(db(), found, record))


@blueprint.post("/proposals")
@roles_only(*CHECKERS)
def decide() -> Response:
    """Take a proposal up as a record of one's own, or put it aside."""
    year = FiscalYear(be_fiscal_year(today()))
    key = request.form.get("key", "")
    if request.form.get("act") == "dismiss":
        proposals.dismiss(db(), viewer(), key, year.first_day, today(), now())
        flash("วางข้อเสนอไว้แล้ว จะไม่เสนออีก")
    else:
        proposals.take_up(db(), viewer(), key, year.first_day, today(), now())
        flash("บันทึกเป็นรายการแล้ว รอผู้อื่นตรวจยืนยัน")
    return redirect(url_for("records.inbox") + "#proposals")


@blueprint.get("/records/<key>/template.xlsx")
@roles_only(*CHECKERS)
def template(key: str) -> Response:
    """The empty sheet of a register."""
    content = sheets.template(key, Choices([], people.teams(db())))
    headers = {"Content-Disposition": f"attachment; filename={key}.xlsx"}
    return Response(
        content, mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", headers=headers
    )


@blueprint.route("/records/<key>/import", methods=["GET", "POST"])
@roles_only(*CHECKERS)
def import_sheet(key: str) -> str | Response | tuple[str, int]:
    """A filled sheet: all of it is kept, or every wrong cell is named and nothing is."""
    title, columns = sheets.columns_of(key)
    errors: list[sheets.CellError] = []
    problem, status = "", 200
    if request.method == "POST":
        sent = request.files.get("file")
        office = sheets.Office(
            people.people_on(db(), today()), Choices([], people.teams(db())), viewer(), today(), now()
        )  # fmt: skip
        try:
            content = sent.read() if sent else b""
            if not content:
                raise Invalid({"file": "โปรดเลือกไฟล์ตารางก่อน"})
            count = sheets.import_sheet(db(), key, content, office)
            flash(f"นำเข้า {count} แถวแล้ว")
            place = url_for("records.register", key=key) if key != "training" else url_for("training.index")
            return redirect(place)
        except sheets.BadSheet as error:
            errors, problem, status = error.errors, error.message, 400
        except KhlangError as error:
            problem = " ".join(error.fields.values()) if isinstance(error, Invalid) else error.message
            status = 400
    page = render_template(
        "indicators/import.html", key=key, title=title, columns=columns, errors=errors, problem=problem
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
        ends = db().execute(select(model.id, model.title, model.end_on).where(model.id.in_(ids)))
        return {number: f"{title} (จบ {thai_date(end)})" for number, title, end in ends}
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
    try:
        _verify(key, record_id)
        flash("ตรวจยืนยันแล้ว")
    except Invalid as error:
        flash_invalid(error)
    if key == "meeting" and request.form.get("back") == "page":
        return redirect(url_for("meetings.show", code=db().get_one(Meeting, record_id).code))
    return redirect(_back(key))


@blueprint.post("/records/<key>/<int:record_id>/return")
@roles_only(*CHECKERS)
def send_back(key: str, record_id: int) -> Response:
    """Send a record back to who typed it, with what is to be mended."""
    found = registers.register_named(key)
    if not found.is_human:
        raise NotFound("ทะเบียนนี้ไม่ต้องตรวจยืนยัน")
    involved = registers.involved(db(), found, _record_to_check(found, record_id))
    try:
        reason = request.form.get("reason", "")
        commands.return_record(db(), viewer(), found.model, record_id, reason, now(), involved)
        flash("ส่งกลับให้ผู้บันทึกแก้แล้ว")
    except Invalid as error:
        flash_invalid(error)
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
@staff_only
def void(key: str, record_id: int) -> Response:
    """Void with a reason, by a checker or by who typed it."""
    found = registers.register_named(key)
    if not found.is_human:
        raise NotFound("ทะเบียนนี้ยกเลิกรายการไม่ได้")
    kept = db().get(found.model, record_id) if record_id < 2**31 else None
    own = kept is not None and kept.recorded_by_id == viewer().staff_id
    if not own and not viewer().has(*CHECKERS):
        raise NotAllowed("ยกเลิกได้เฉพาะผู้ตรวจ หรือผู้บันทึกก่อนการตรวจ")
    if not own:
        _record_to_check(found, record_id)
    try:
        commands.void_record(db(), viewer(), found.model, record_id, request.form.get("reason", ""), now())
        flash("ยกเลิกรายการแล้ว เหตุผลถูกเก็บไว้")
    except Invalid as error:
        flash_invalid(error)
    return redirect(_back(key))


def _back(key: str) -> str:
    if request.form.get("back") == "inbox":
        return url_for("records.inbox", register=request.form.get("register") or None)
    if request.form.get("back") == "mine":
        return url_for("records.mine")
    return url_for("records.register", key=key, status="submitted")
