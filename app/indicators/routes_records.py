"""Pages of the human registers: typing, importing, verifying, returning, voiding."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.community.models import Meeting
from app.core.errors import Invalid, KhlangError, NotAllowed, NotFound
from app.core.files import EXTENSIONS, XLSX, media_type
from app.core.fiscal_year import FiscalYear, be_fiscal_year
from app.core.records import STATUS_NAMES
from app.core.web import db, flash_invalid, keep_scan, now, part, send_kept, ticked, today
from app.indicators import commands, proposals, registers, sheets
from app.indicators.record_lines import lines_of, own_page, record_to_check
from app.indicators.registers import REGISTERS, Choices, Register
from app.people import queries as people
from app.people.current import roles_only, staff_id, staff_only, viewer
from app.people.models import CHECKERS

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
            registers.record(
                db(),
                found,
                _typed(found, form),
                members,
                staff_id(),
                now(),
                keep_scan(form["file"].data if "file" in form else None),
            )
            flash("บันทึกแล้ว" + (" รอผู้อื่นตรวจยืนยัน" if found.is_human else ""))
            return redirect(url_for("records.register", key=key))
        except Invalid as error:
            status = form.take(error)
    elif request.method == "POST":
        status = 400
    shown = registers.newest(db(), found, request.args.get("status", ""))
    page = render_template(
        "indicators/register.html", register=found, form=form, lines=lines_of(db(), viewer(), found, shown), roster=roster,
        members=members, statuses=STATUS_NAMES, needs_members=any(c.kind == "members" for c in found.columns),
        may_import=bool(found.columns) or key in sheets.SHEETS, mending=None,
    )  # fmt: skip
    return page, status


def _typed(found: Register, form: Any) -> dict[str, Any]:
    return {column.name: form[column.name].data for column in found.columns if column.kind != "members"}


@blueprint.route("/records/<key>/<int:record_id>/mend", methods=["GET", "POST"])
@staff_only
def mend(key: str, record_id: int) -> str | Response | tuple[str, int]:
    """A record that was sent back: mended and sent in again by who typed it."""
    found = registers.register_named(key)
    kept = db().get(found.model, record_id) if found.is_human and record_id < 2**31 else None
    if kept is None or not found.columns:
        raise NotFound("ไม่พบรายการนี้")
    commands.may_mend(kept, viewer())
    page = own_page(db(), found, kept)
    if page:
        flash("รายการนี้มีหน้าของตนเอง แก้ไขและเสนออีกครั้งได้ที่นี่")
        return redirect(page)
    roster = people.people_on(db(), today())
    form = registers.form_of(found, Choices([(line.id, line.name) for line in roster], people.teams(db())), kept)
    status = 200
    if form.validate_on_submit():
        try:
            typed = _typed(found, form)
            registers.check_values(db(), found, typed, ())
            scan = keep_scan(form["file"].data)
            changed = typed | ({"file_sha256": scan} if scan else {})
            commands.mend_record(db(), viewer(), found.model, record_id, changed, now())
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
    lines = [line for key, some in shown.items() for line in lines_of(db(), viewer(), REGISTERS[key], some)]
    lines.sort(key=lambda line: line.record.recorded_at, reverse=True)
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
            lines = lines_of(db(), viewer(), found, registers.newest(db(), found, "submitted", limit))
            if lines:
                parts.append((found, number, lines))
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
    record = record_to_check(db(), viewer(), found, record_id)
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
    return Response(content, mimetype=XLSX, headers=headers)


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
            skip = request.form.get("skip") == "1"
            kept, known = sheets.import_sheet(db(), key, content, office, skip_known=skip)
            flash(f"นำเข้า {kept} แถวแล้ว" + (f" ข้าม {known} แถวที่บันทึกไว้แล้ว" if known else ""))
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
    involved = registers.involved(db(), found, record_to_check(db(), viewer(), found, record_id))
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
    record = record_to_check(db(), viewer(), registers.register_named(key), record_id)
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
        record_to_check(db(), viewer(), found, record_id)
    try:
        commands.void_record(db(), viewer(), found.model, record_id, request.form.get("reason", ""), now())
        flash("ยกเลิกรายการแล้ว เหตุผลถูกเก็บไว้")
    except Invalid as error:
        flash_invalid(error)
    return redirect(_back(key))


def _back(key: str) -> str:
    """Where the button was pressed."""
    if request.form.get("back") == "inbox":
        return url_for("records.inbox", register=request.form.get("register") or None)
    if request.form.get("back") == "mine":
        return url_for("records.mine")
    status = request.form.get("status", "")
    return url_for("records.register", key=key, status=status if status in STATUS_NAMES else None)
