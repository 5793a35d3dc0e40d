"""Pages of the training register."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.errors import Invalid, NotAllowed
from app.core.paging import page_number
from app.core.web import config, db, flash_invalid, keep_scan, now, part, ticked, today
from app.people import queries as people
from app.people.current import staff_id, staff_only, viewer
from app.people.models import Role
from app.training import commands, queries
from app.training.commands import NewTraining
from app.training.forms import ReportForm, TrainingForm
from app.training.models import TRAINING_KINDS

blueprint = Blueprint("training", __name__)
KEEPERS = (Role.SECRETARY, Role.HEAD, Role.ADMIN)


def on_roster(ids: set[int]) -> set[int]:
    """Of some ids, those of people on today's roster."""
    return ids & {line.id for line in people.people_on(db(), today())}


@blueprint.get("/trainings")
@staff_only
def index() -> str:
    """The register, newest first."""
    text, kind = request.args.get("q", "").strip(), request.args.get("kind", "")
    page = queries.trainings(db(), text, kind, page_number(request.args.get("page")))
    return render_template("training/index.html", page=page, text=text, kind=kind, kinds=TRAINING_KINDS)


@blueprint.route("/trainings/new", methods=["GET", "POST"])
@staff_only
def new() -> str | Response | tuple[str, int]:
    """Enter a course and tick who went. Anyone may enter their own course; keepers enter everyone's."""
    form = TrainingForm()
    keeper = viewer().has(*KEEPERS)
    chosen = ticked("attendee") if keeper else {staff_id()}
    status = 200
    if form.validate_on_submit():
        fields: dict[str, Any] = {name: value for name, value in form.data.items() if name != "file"}
        try:
            new_training, order = NewTraining(**fields), keep_scan(form.file.data)
            training = commands.add_training(db(), new_training, on_roster(chosen), staff_id(), now(), order)
            flash("บันทึกหลักสูตรแล้ว รอผู้ตรวจยืนยันรายชื่อ")
            return redirect(url_for("training.show", code=training.code))
        except Invalid as error:
            form.take(error)
            status = 400
    elif request.method == "POST":
        status = 400
    roster = people.people_on(db(), today()) if keeper else []
    return render_template("training/new.html", form=form, roster=roster, chosen=chosen, keeper=keeper), status


@blueprint.get("/trainings/owed")
@staff_only
def owed() -> str:
    """Who still owes what: the secretary sees the office, a head the department, others their own."""
    keeper = viewer().has(Role.SECRETARY, Role.ADMIN)
    head = viewer().has(Role.HEAD) and not keeper
    lines = queries.obligations(
        db(), part("settled_obligations")(), today(), config().obligation_days, limit=500,
        staff_id=None if keeper or head else staff_id(), department_id=viewer().department_id if head else None,
    )  # fmt: skip
    return render_template("training/owed.html", lines=lines, today=today(), may_waive=keeper or head)


@blueprint.post("/trainings/<code>/waive")
@staff_only
def waive(code: str) -> Response:
    """Let a person off, with a reason."""
    training = queries.training_by_code(db(), code)
    person = people.staff_by_code(db(), request.form.get("staff", ""))
    own = (
        viewer().department_id is not None and people.department_on(db(), person.id, today()) == viewer().department_id
    )
    if not viewer().has(Role.SECRETARY, Role.ADMIN) and not (viewer().has(Role.HEAD) and own):
        raise NotAllowed("ยกเว้นได้เฉพาะเลขานุการ และหัวหน้าส่วนราชการของผู้นั้น")
    try:
        commands.waive(db(), training.id, person.id, request.form.get("reason", ""), staff_id(), now())
        flash(f"ยกเว้นให้ {person.name} แล้ว")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("training.owed"))


@blueprint.get("/trainings/<code>")
@staff_only
def show(code: str) -> str:
    """One course, who went, what was written about it."""
    training = queries.training_by_code(db(), code)
    attendees = queries.attendees(db(), training.id)
    mine = next((line for line in attendees if line.staff_id == viewer().staff_id), None)
    keeper = viewer().has(*KEEPERS)
    roster = people.people_on(db(), training.end_on) if keeper else []
    return render_template(
        "training/show.html", training=training, attendees=attendees, mine=mine, keeper=keeper, roster=roster,
        report_form=ReportForm(on=today()), articles=part("articles_of_training")(db(), viewer(), training.id),
    )  # fmt: skip


@blueprint.post("/trainings/<code>/attendees")
@staff_only
def set_attendees(code: str) -> Response:
    """Tick the roster again."""
    if not viewer().has(*KEEPERS):
        raise NotAllowed("แก้รายชื่อผู้เข้าอบรมได้เฉพาะเลขานุการและหัวหน้าส่วนราชการ")
    training = queries.training_by_code(db(), code)
    allowed = {line.id for line in people.people_on(db(), training.end_on)}
    allowed |= {line.staff_id for line in queries.attendees(db(), training.id)}
    done = ticked("attendee") & allowed
    left = commands.set_attendees(db(), viewer(), training.id, done, ticked("not_done") & allowed, now())
    flash("บันทึกรายชื่อแล้ว รายการที่เปลี่ยนรอผู้ตรวจยืนยัน")
    if left:
        names = ", ".join(people.names_by_id(db(), set(left)).values())
        flash(f"ไม่ได้เปลี่ยน {names} เพราะตรวจแล้ว ผู้ที่แก้ได้คือเลขานุการหรือกรรมการติดตามและประเมินผล", "error")
    return redirect(url_for("training.show", code=code))


@blueprint.post("/trainings/<code>/report")
@staff_only
def submit_report(code: str) -> Response:
    """Hand in a report instead of an article."""
    training = queries.training_by_code(db(), code)
    form = ReportForm()
    try:
        if not form.validate_on_submit():
            raise Invalid({name: str(errors[0]) for name, errors in form.errors.items()})
        upload = request.files.get("file")
        kept = part("files").keep(upload.read()) if upload and upload.filename else None
        commands.submit_report(
            db(), training.id, staff_id(), form.on.data, staff_id(), now(), kept.sha256 if kept else None
        )
        flash("ส่งรายงานแล้ว รอผู้ตรวจยืนยัน")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("training.show", code=code))
