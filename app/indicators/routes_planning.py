"""Pages of the plan's editor: rows, goals, TOML in and out, versions, copying to another year, rule versions."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.errors import Invalid, NotFound
from app.core.thai import ARABIC_DIGITS, parse_date
from app.core.web import config, db, flash_invalid, now, today
from app.indicators import planning, plans
from app.indicators.measures import MEASURES
from app.indicators.models import UNIT_NAMES
from app.indicators.rule_versions import SETTINGS, Rule, adopt_rule, versions
from app.indicators.scopes import scope_for, scope_of_row
from app.people.current import roles_only, viewer
from app.people.models import Role
from app.people.queries import names_by_id

blueprint = Blueprint("planning", __name__)
WHOLE = ("step", "target", "local_target")
MOST_TOML = 512 * 1024


@blueprint.get("/plan/<int:be_year>/edit")
@roles_only(Role.SECRETARY)
def edit(be_year: int) -> str:
    """The plan of a year to be edited, with its versions."""
    found, rows = plans.plan_for(db(), be_year)
    scope = scope_for(db(), config(), be_year, today())
    kept = plans.versions_of(db(), be_year)
    names = names_by_id(db(), {one.by_id for one in kept if one.by_id})
    told = [
        (
            one,
            names.get(one.by_id or 0, "ระบบ"),
            planning.changes_between(before.content, one.content) if before else [],
        )
        for before, one in zip([None, *kept], kept, strict=False)
    ]
    return render_template(
        "indicators/edit_plan.html", plan=found, rows=rows, be_year=be_year, measures=MEASURES, unit_names=UNIT_NAMES,
        settings=SETTINGS, scopes={row.row: scope_of_row(scope, row) for row in rows},
        versions=told[::-1], borrowed=found.be_year != be_year,
    )  # fmt: skip


def _given(values: Any) -> dict[str, Any]:
    """A row as typed: numbers and days read, parameters gathered, what is empty left out. Raises Invalid per field."""
    row: dict[str, Any] = {
        name: values.get(name, "") for name in ("row", *planning.TEXTS, "local_reason", "hand_reason")
    }
    for name in WHOLE:
        text = values.get(name, "").strip().translate(ARABIC_DIGITS)
        if text:
            if not (text.isascii() and text.isdigit() and len(text) < 8):
                raise Invalid({name: f"{planning.LABELS[name]}ต้องเป็นจำนวนเต็ม"})
            row[name] = int(text)
    for name in ("start_on", "end_on"):
        if values.get(name, "").strip():
            row[name] = parse_date(values[name])
            if row[name] is None:
                raise Invalid({name: "อ่านวันที่นี้ไม่ได้ พิมพ์เช่น 1/10/2557"})
    own: dict[str, int] = {}
    for name in SETTINGS:
        text = values.get(f"parameter-{name}", "").strip().translate(ARABIC_DIGITS)
        if text:
            own[name] = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
    if own:
        row["parameters"] = own
    return row


@blueprint.route("/plan/<int:be_year>/edit/<row>", methods=["GET", "POST"])
@roles_only(Role.SECRETARY)
def edit_row(be_year: int, row: str) -> str | Response | tuple[str, int]:
    """One row of the plan; `new` is a row to be added."""
    content = planning.own_content(db(), be_year)
    kept = next((one for one in content["rows"] if one["row"] == row), None)
    if kept is None and row != "new":
        raise NotFound(f"แผนนี้ไม่มีแถว {row}")
    values: Any = dict(
        kept or {"step": len(content["rows"]) + 1, "process": "KM", "responsible": "หัวหน้าส่วนราชการ แต่ละส่วน"}
    )
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        values = request.form.to_dict()
        try:
            reason = values.get("reason", "")
            if values.get("act") == "remove":
                planning.set_row(db(), viewer(), be_year, row, None, reason, today(), now())
                flash(f"ตัดแถว {row} ออกจากแผนแล้ว ฉบับก่อนยังอยู่ในประวัติ")
            else:
                given = _given(values) | ({"row": row} if kept else {})
                if kept is None and any(one["row"] == given["row"] for one in content["rows"]):
                    raise Invalid({"row": f"มีแถว {given['row']} แล้ว"})
                number = planning.set_row(db(), viewer(), be_year, given["row"], given, reason, today(), now())
                flash(f"บันทึกแผนฉบับที่ {number} แล้ว")
            return redirect(url_for("planning.edit", be_year=be_year))
        except Invalid as error:
            errors, status = error.fields, error.status
    page = render_template(
        "indicators/edit_row.html", be_year=be_year, row=row, values=values, errors=errors, measures=MEASURES,
        unit_names=UNIT_NAMES, scope=scope_for(db(), config(), be_year, today()), labels=planning.LABELS, settings=SETTINGS, processes=planning.PROCESSES, is_new=kept is None,
        row_settings={name for measure in MEASURES.values() for name in measure.parameters},
    )  # fmt: skip
    return page, status


@blueprint.route("/plan/<int:be_year>/edit-goals", methods=["GET", "POST"])
@roles_only(Role.SECRETARY)
def edit_goals(be_year: int) -> str | Response | tuple[str, int]:
    """Title, focus areas and desired states; a line each, rows that serve a state behind a bar."""
    content = planning.own_content(db(), be_year)
    values: Any = {
        "title": content["title"], "focus_areas": "\n".join(content["focus_areas"]),
        "desired_states": "\n".join(f"{s['text']} | {' '.join(s['rows'])}".rstrip(" |") for s in content["desired_states"]),
    }  # fmt: skip
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        values = values | request.form.to_dict()
        states = []
        for line in values.get("desired_states", "").splitlines():
            text, _, serving = line.partition("|")
            if text.strip():
                states.append({"text": text, "rows": serving.split()})
        given = {
            **content, "title": values.get("title", ""), "focus_areas": values.get("focus_areas", "").splitlines(),
            "desired_states": states,
        }  # fmt: skip
        try:
            number = planning.store_plan(db(), viewer(), given, values.get("reason", ""), today(), now())
            flash(f"บันทึกแผนฉบับที่ {number} แล้ว")
            return redirect(url_for("planning.edit", be_year=be_year))
        except Invalid as error:
            errors, status = error.fields, error.status
    page = render_template("indicators/edit_goals.html", be_year=be_year, values=values, errors=errors)
    return page, status


@blueprint.get("/plan/<int:be_year>.toml")
@roles_only(Role.SECRETARY)
def as_toml(be_year: int) -> Response:
    """The plan as TOML."""
    headers = {"Content-Disposition": f"attachment; filename={be_year}.toml"}
    return Response(planning.as_toml(db(), be_year), mimetype="application/toml; charset=utf-8", headers=headers)


@blueprint.route("/plan/import", methods=["GET", "POST"])
@roles_only(Role.SECRETARY)
def from_toml() -> str | Response | tuple[str, int]:
    """A plan from TOML, uploaded or pasted; nothing changes unless all of it is right."""
    text, reason = request.form.get("toml", ""), request.form.get("reason", "")
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        sent = request.files.get("file")
        try:
            content = sent.read(MOST_TOML + 1) if sent else b""
            if len(content) > MOST_TOML:
                raise Invalid({"toml": "ไฟล์ใหญ่เกินกว่าจะเป็นแผน"})
            text = content.decode("utf-8-sig") if content else text
            plan = planning.read_toml(text)
            planning.store_plan(db(), viewer(), plan, reason, today(), now())
            flash(f"นำเข้าแผนปี {plan['be_year']} แล้ว")
            return redirect(url_for("planning.edit", be_year=plan["be_year"]))
        except UnicodeDecodeError:
            errors, status = {"toml": "ไฟล์ต้องเป็นข้อความ UTF-8"}, 400
        except Invalid as error:
            errors, status = error.fields, error.status
    return render_template("indicators/import_plan.html", text=text, reason=reason, errors=errors), status


@blueprint.post("/plan/<int:be_year>/copy")
@roles_only(Role.SECRETARY)
def copy(be_year: int) -> Response:
    """Start another year's plan from this one."""
    text = request.form.get("to_year", "").strip().translate(ARABIC_DIGITS)
    try:
        if not (text.isascii() and text.isdigit() and len(text) == 4):
            raise Invalid({"to_year": "ใส่ปีงบประมาณ พ.ศ. สี่หลัก"})
        planning.copy_plan(db(), viewer(), be_year, int(text), today(), now())
        flash(f"คัดลอกแผนเป็นปี {text} แล้ว ตรวจค่าเป้าหมายของปีใหม่ก่อนใช้")
        return redirect(url_for("planning.edit", be_year=int(text)))
    except Invalid as error:
        flash_invalid(error)
        return redirect(url_for("planning.edit", be_year=be_year))


@blueprint.route("/plan/rules", methods=["GET", "POST"])
@roles_only(Role.SECRETARY)
def rules() -> str | Response | tuple[str, int]:
    """Versions of the counting rule; a new one begins with a fiscal year and leaves older years as they are."""
    known = versions(db(), config())
    values = request.form.to_dict()
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        own: dict[str, int] = {}
        for name in SETTINGS:
            text = values.get(name, "").strip().translate(ARABIC_DIGITS)
            if text:
                number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
                if number != known[-1].settings[name]:
                    own[name] = number
        year = values.get("from_year", "").strip().translate(ARABIC_DIGITS)
        try:
            from_year = int(year) if year.isascii() and year.isdigit() and len(year) == 4 else 0
            rule = Rule(values.get("version", "").strip(), from_year, {}, own, values.get("reason", ""))
            adopt_rule(db(), viewer(), rule, today(), now())
            flash(f"กติการุ่น {rule.version} เริ่มใช้ตั้งแต่ปีงบประมาณ {rule.from_year} ปีก่อนหน้าใช้รุ่นเดิม")
            return redirect(url_for("planning.rules"))
        except Invalid as error:
            errors, status = error.fields, error.status
    page = render_template("indicators/rules.html", rules=known, settings=SETTINGS, values=values, errors=errors)
    return page, status
