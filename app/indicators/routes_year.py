"""Pages of a year's end: closing and restatements, evaluation rounds, signed results of many offices."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.errors import Invalid, KhlangError, NotAllowed
from app.core.files import XLSX
from app.core.fiscal_year import FiscalYear, be_fiscal_year
from app.core.signing import fingerprint
from app.core.thai import parse_date
from app.core.web import config, db, flash_invalid, keep_scan, now, part, today, whole
from app.indicators import closing, evaluating, plans, results
from app.indicators.models import STATE_NAMES, UNIT_NAMES, EvaluationRound
from app.indicators.rule_versions import rule_of
from app.indicators.scopes import scope_for
from app.indicators.scoring import figure_text
from app.indicators.sheets import csv_lines, workbook
from app.people.current import roles_only, staff_id, staff_only, viewer
from app.people.models import Role, Staff
from app.people.queries import names_by_id

blueprint = Blueprint("years", __name__)
READERS = (Role.SECRETARY, Role.EVALUATOR, Role.EXECUTIVE, Role.HEAD)


@blueprint.get("/plan/<int:be_year>/closing")
@roles_only(*READERS)
def close_page(be_year: int) -> str:
    """The checklist of a year that is open; the snapshot and what changed since of one that is closed."""
    scope = scope_for(db(), config(), be_year, today())
    found = closing.closing_of(db(), be_year)
    page: dict[str, Any] = {
        "be_year": be_year,
        "closing": found,
        "is_closed": found is not None and found.closed_at is not None,
    }
    if found is not None and found.closed_at is not None:
        later = closing.restatements(db(), be_year)
        changes = closing.changes_since(db(), config(), found, today(), accesses=False)
        told = [
            {"text": c.text, "row": c.row, "key": c.key, "why": why}
            for c, why in closing.explained(db(), scope, changes)
        ]
        people = {found.asked_by_id, found.closed_by_id or 0, *(one.by_id for one in later)}
        page |= {
            "snapshot": closing.standing(db(), found)[0], "restatements": later, "names": names_by_id(db(), people),
            "changes": closing.for_reader(viewer(), told), "told_of": {one.number: closing.for_reader(viewer(), one.changes) for one in later},
            "key": fingerprint(found.signature.partition(":")[0]),
        }  # fmt: skip
    else:
        asked = names_by_id(db(), {found.asked_by_id}) if found else {}
        page |= {"checks": closing.checklist(db(), scope, today()), "names": asked}
    return render_template(
        "indicators/closing.html", scope=scope, state_names=STATE_NAMES, unit_names=UNIT_NAMES, figure_text=figure_text,
        may_ask=viewer().has(Role.SECRETARY), may_close=viewer().has(*closing.CLOSERS),
        may_restate=viewer().has(Role.SECRETARY, Role.EVALUATOR), own=staff_id(), **page,
    )  # fmt: skip


@blueprint.post("/plan/<int:be_year>/closing")
@roles_only(*READERS)
def act_on_closing(be_year: int) -> Response:
    """Ask, take back, close, or let later changes stand."""
    scope = scope_for(db(), config(), be_year, today())
    act, text = request.form.get("act", ""), request.form.get("note", "")
    try:
        if act == "ask":
            closing.ask_to_close(db(), viewer(), scope, text, today(), now())
            flash("ส่งคำขอปิดปีแล้ว ต้องมีผู้บริหาร กรรมการ หรือหัวหน้าอีกคนเป็นผู้ปิด")
        elif act == "take_back":
            closing.take_back(db(), viewer(), be_year)
            flash("ถอนคำขอปิดปีแล้ว")
        elif act == "close":
            if request.form.get("sure") != "1":
                raise Invalid({"close": "ปิดแล้วเปิดใหม่ไม่ได้ โปรดติ๊กยืนยันก่อนปิดปี"})
            closing.close_year(db(), viewer(), scope, part("signer"), today(), now())
            flash(f"ปิดปี {be_year} แล้ว ตัวเลขของปีนี้ถูกเก็บไว้คงเดิม")
        elif act == "restate":
            closing.restate(db(), viewer(), config(), be_year, text, part("signer"), now())
            flash("บันทึกการปรับปรุงตัวเลขแล้ว ภาพนิ่งวันปิดปียังอยู่เหมือนเดิม")
        else:
            raise Invalid({"act": "ไม่รู้จักคำสั่งนี้"})
    except Invalid as error:
        flash_invalid(error)
        return redirect(url_for("years.close_page", be_year=be_year, note=text[:1000] or None))
    return redirect(url_for("years.close_page", be_year=be_year))


@blueprint.get("/plan/<int:be_year>/result.json")
@roles_only(*READERS, Role.NETWORK)
def result_file(be_year: int) -> Response:
    """The signed result of the year."""
    scope = scope_for(db(), config(), be_year, today())
    text = results.result_file(db(), config(), scope, part("signer"), now())
    headers = {"Content-Disposition": f"attachment; filename=khlang-result-{be_year}.json"}
    return Response(text, mimetype="application/json; charset=utf-8", headers=headers)


@blueprint.get("/plan/<int:be_year>/evaluation")
@staff_only
def evaluation(be_year: int) -> str:
    """Rounds of a year, and a new one."""
    FiscalYear(be_year)
    rounds = evaluating.rounds_of(db(), be_year)
    return render_template(
        "indicators/evaluation.html", be_year=be_year, rounds=rounds, committees=evaluating.committees(db(), today()),
        may_open=evaluating.may_evaluate(db(), viewer()), submitted={one.id: _submitted_on(one) for one in rounds},
        names=names_by_id(db(), {one.opened_by_id for one in rounds}), others=evaluating.records_without_round(db(), be_year),
    )  # fmt: skip


def _submitted_on(kept: EvaluationRound) -> date | None:
    record = evaluating.record_of(db(), kept)
    return None if record is None or evaluating.is_open(record) else record.submitted_on


@blueprint.post("/plan/<int:be_year>/evaluation")
@staff_only
def open_round(be_year: int) -> Response:
    """Begin a round."""
    try:
        kept = evaluating.open_round(db(), viewer(), be_year, whole(request.form.get("team_id")), today(), now())
        return redirect(url_for("years.round_page", code=kept.code))
    except Invalid as error:
        flash_invalid(error)
        return redirect(url_for("years.evaluation", be_year=be_year))


@blueprint.get("/evaluations/<code>")
@staff_only
def round_page(code: str) -> str:
    """One round: findings a row, what became of last year's recommendations, submission."""
    return _round_page(code, {})


def _round_page(code: str, errors: dict[str, str]) -> str:
    kept = evaluating.round_by_code(db(), code)
    may_write = evaluating.may_evaluate(db(), viewer(), kept.team_id)
    if not may_write and evaluating.is_open(evaluating.record_of(db(), kept)):
        raise NotAllowed("รอบนี้ยังไม่เสนอนายก อ่านได้เฉพาะกรรมการชุดนี้และเลขานุการ")
    _, rows = plans.plan_for(db(), kept.be_year)
    typed = request.form if request.method == "POST" else {}
    record, year = evaluating.record_of(db(), kept), FiscalYear(kept.be_year)
    days = rule_of(db(), config(), kept.be_year).settings["report_days"]
    on = today() if record is None or evaluating.is_open(record) else record.submitted_on
    return render_template(
        "indicators/round.html", round=kept, rows=rows, findings=evaluating.findings_of(db(), kept.id), errors=errors,
        before=evaluating.recommendations_before(db(), kept.be_year), members=evaluating.members_of(db(), kept.team_id),
        may_write=may_write, record=record, typed=typed, done=not evaluating.is_open(record),
        report_days=days, in_time=year.first_day <= on <= year.last_day + timedelta(days=days),
        frozen={one["row"]: one | {"as_of": date.fromisoformat(one["as_of"])} for one in kept.frozen or []}, unit_names=UNIT_NAMES, state_names=STATE_NAMES, today=today(),
        opener=db().get_one(Staff, kept.opened_by_id).name,
    )  # fmt: skip


@blueprint.post("/evaluations/<code>")
@staff_only
def act_on_round(code: str) -> Response | tuple[str, int]:
    """Save the findings, submit to the mayor, or note the receipt."""
    kept = evaluating.round_by_code(db(), code)
    act = request.form.get("act", "save")
    try:
        if act == "receipt":
            on = _day("received_on")
            evaluating.note_receipt(db(), viewer(), kept, request.form.get("receipt_no", ""), on)
            flash("บันทึกเลขรับแล้ว")
        else:
            _, rows = plans.plan_for(db(), kept.be_year)
            texts = {
                row.row: {name: request.form.get(f"{name}-{row.row}", "") for name in evaluating.TEXTS} for row in rows
            }
            summary, version = request.form.get("summary", ""), whole(request.form.get("version"))
            evaluating.save_findings(db(), viewer(), kept, summary, texts, version)
            flash("บันทึกผลประเมินแล้ว")
            if act == "submit":
                scope = scope_for(db(), config(), kept.be_year, today())
                evaluating.submit_round(
                    db(), viewer(), kept, scope, _day("submitted_on"), keep_scan(request.files.get("file")), now()
                )
                flash("เสนอนายกแล้ว ตัวเลขของวันนี้ถูกเก็บไว้ในรอบ รายการรอผู้อื่นตรวจยืนยัน")
        return redirect(url_for("years.round_page", code=code))
    except Invalid as error:
        return _round_page(code, error.fields), error.status


def _day(name: str) -> date:
    found = parse_date(request.form.get(name, ""))
    if found is None:
        raise Invalid({name: "โปรดใส่วันที่ เช่น 31/1/2558"})
    if found > today():
        raise Invalid({name: "วันที่ต้องไม่เป็นวันในอนาคต"})
    return found


@blueprint.route("/results", methods=["GET", "POST"])
@roles_only(*results.KEEPERS, Role.EXECUTIVE, Role.EVALUATOR)
def merge() -> str | Response:
    """Signed results of many offices in one table."""
    if request.method == "POST":
        return _take_in()
    years = results.kept_years(db())
    year = whole(request.args.get("year")) or (years[0] if years else be_fiscal_year(today()))
    kept = results.kept_results(db(), year)
    rows = results.merged(kept)
    if request.args.get("as") in ("csv", "xlsx"):
        return _merged_file(year, kept, rows)
    return render_template(
        "indicators/results.html", years=years, year=year, results=kept, rows=rows, figure_text=figure_text,
        state_names=STATE_NAMES, unit_names=UNIT_NAMES, may_keep=viewer().has(*results.KEEPERS),
    )  # fmt: skip


def _take_in() -> Response:
    if request.form.get("act") == "remove":
        results.remove_result(db(), viewer(), whole(request.form.get("year")), request.form.get("key", ""))
        flash("นำไฟล์ของหน่วยงานนั้นออกแล้ว")
        return redirect(url_for("years.merge", year=whole(request.form.get("year"))))
    year = None
    for sent in request.files.getlist("files")[:200]:
        name = sent.filename or "ไฟล์"
        try:
            found = results.keep_result(db(), viewer(), sent.read(results.MOST_BYTES + 1).decode("utf-8"), now())
            year = found.year
            flash(f"{found.office} ปี {found.year}: ลายเซ็นถูกต้อง กุญแจ {found.fingerprint}")
        except UnicodeDecodeError:
            flash(f"{name}: ไม่ใช่ไฟล์ผลของปี", "error")
        except Invalid as error:
            flash(f"{name}: {' '.join(error.fields.values())}", "error")
        except KhlangError as error:
            flash(f"{name}: {error.message}", "error")
    return redirect(url_for("years.merge", year=year))


def _merged_file(year: int, kept: list[results.Result], rows: list[Any]) -> Response:
    headings = ["แถว", "ตัวชี้วัด"]
    for one in kept:
        headings += [one.office, f"สถานะ {one.office}"]
    lines: list[list[Any]] = [headings]
    for row, indicator, figures in rows:
        cells: list[Any] = [row, indicator]
        for one in figures:
            cells += [figure_text(one), STATE_NAMES[one["state"]]] if one else ["ไม่มีแถวนี้", ""]
        lines.append(cells)
    if request.args.get("as") == "csv":
        headers = {"Content-Disposition": f"attachment; filename=results-{year}.csv"}
        return Response("".join(csv_lines(lines)), mimetype="text/csv; charset=utf-8", headers=headers)
    headers = {"Content-Disposition": f"attachment; filename=results-{year}.xlsx"}
    return Response(workbook([(f"ปี {year}", lines)]), mimetype=XLSX, headers=headers)
