"""Pages of groups, threads, meetings, and a person's card."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from app.community import commands, meeting_queries, queries, rules, talk_queries
from app.community.commands import GroupWords
from app.community.forms import GroupForm, GroupWordsForm
from app.community.models import GROUP_VISIBILITIES, THREAD_KINDS, WANTED_FACILITATORS
from app.core.errors import Invalid, NotFound
from app.core.paging import page_number
from app.core.qr import qr_svg
from app.core.web import base_url, db, flash_invalid, offered, part, today
from app.people import queries as people
from app.people.current import guests_too, staff_id, staff_only, viewer

blueprint = Blueprint("community", __name__)


@blueprint.get("/groups")
@staff_only
def index() -> str:
    """Groups this person may know of."""
    groups = queries.groups(db(), viewer())
    return render_template("community/index.html", groups=groups, visibilities=GROUP_VISIBILITIES)


@blueprint.route("/groups/new", methods=["GET", "POST"])
@staff_only
def new_group() -> str | Response | tuple[str, int]:
    """Anyone can start a group."""
    form = GroupForm()
    others = [line for line in people.people_on(db(), today()) if line.id != staff_id()]
    form.second.choices = offered([(0, "ยังไม่มี"), *((line.id, line.name) for line in others)])
    form.goal.choices = _goals()
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        try:
            words = GroupWords(form.name.data or "", form.purpose.data or "", goal=form.goal.data or "")
            second = form.second.data or None
            group = commands.found_group(db(), viewer(), words, form.visibility.data, second, today())
            return redirect(url_for("community.group", code=group.code))
        except Invalid as error:
            form.take(error)
            status = 400
    return render_template("community/new_group.html", form=form), status


def _goals(kept: str = "") -> list[SelectChoice]:
    """Goals of the running year's plan to choose from, with one chosen before that the plan no longer has."""
    goals = part("plan_goals")(db(), today())
    return offered(
        [("", "ไม่ผูกกับเป้าหมายใด"), *((goal, goal) for goal in dict.fromkeys([*goals, *filter(None, [kept])]))]
    )


@blueprint.get("/groups/<code>")
@guests_too
def group(code: str) -> str:
    """A group: purpose, facilitators, threads, meetings, members."""
    found = queries.group_to_see(db(), viewer(), code)
    readable = rules.can_read_threads(viewer(), found)
    number = page_number(request.args.get("page"))
    members = queries.members(db(), found.id)
    manages = rules.can_manage(viewer(), found)
    mine = next((m.standing for m in members if m.staff_id == viewer().staff_id), "")
    return render_template(
        "community/group.html", group=found, readable=readable, members=members, mine=mine, manages=manages,
        threads=talk_queries.threads(db(), viewer(), found.id, number) if readable else None,
        meetings=meeting_queries.meetings(db(), viewer(), found.id) if readable else [],
        facilitators=[m for m in members if m.standing == "facilitator"], wanted=WANTED_FACILITATORS,
        glossary=rules.glossary(found.glossary), kinds=THREAD_KINDS,
        guests=queries.guests(db(), found.id) if readable else {}, shared=part("shared_with_group")(db(), viewer(), found.code) if readable else [],
        silent=rules.dormant_days(talk_queries.last_talk(db(), found), today()) if readable else 0,
    )  # fmt: skip


@blueprint.get("/groups/<code>/members")
@staff_only
def members(code: str) -> str:
    """Everybody in a group; facilitators accept, invite, promote and remove here."""
    found = queries.group_to_see(db(), viewer(), code)
    if not rules.can_read_threads(viewer(), found):
        raise NotFound("รายชื่อสมาชิกของกลุ่มนี้เห็นได้เฉพาะสมาชิก")
    manages = rules.can_manage(viewer(), found)
    return render_template(
        "community/members.html", group=found, members=queries.members(db(), found.id), manages=manages,
        roster=people.people_on(db(), today()) if manages else [], guests=queries.guests(db(), found.id),
    )  # fmt: skip


@blueprint.route("/groups/<code>/edit", methods=["GET", "POST"])
@staff_only
def edit_group(code: str) -> str | Response | tuple[str, int]:
    """A facilitator words the group anew and keeps its glossary."""
    found = queries.group_to_manage(db(), viewer(), code)
    form = GroupWordsForm(obj=found)
    form.goal.choices = _goals(found.goal)
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        words = GroupWords(
            form.name.data or "", form.purpose.data or "", form.glossary.data or "", form.goal.data or ""
        )  # fmt: skip
        try:
            commands.edit_group(db(), viewer(), code, words)
            part("worker").wake()
            flash("บันทึกแล้ว คำในอภิธานจะเป็นคำที่ค้นหารู้จักภายในไม่กี่นาที")
            return redirect(url_for("community.group", code=code))
        except Invalid as error:
            form.take(error)
            status = 400
    return render_template("community/edit_group.html", form=form, group=found), status


@blueprint.post("/groups/<code>/archive")
@staff_only
def archive(code: str) -> Response:
    """Put a group away, or take it up again."""
    queries.group_to_manage(db(), viewer(), code)
    action = request.form.get("action")
    if action not in ("archive", "revive"):
        return redirect(url_for("community.group", code=code))
    away = action == "archive"
    commands.archive_group(db(), viewer(), code, today() if away else None)
    flash("เก็บกลุ่มเข้าคลังแล้ว อ่านได้อย่างเดียว" if away else "เปิดใช้กลุ่มอีกครั้งแล้ว")
    return redirect(url_for("community.group", code=code))


@blueprint.get("/groups/<code>/letter")
@staff_only
def letter(code: str) -> str:
    """หนังสือเวียน: an invitation to print, with a QR that leads to the group."""
    found = queries.group_to_see(db(), viewer(), code)
    if found.visibility == "secret":
        raise NotFound("ไม่พบกลุ่มนี้")
    address = base_url() + url_for("community.group", code=code)
    people_ = [m.name for m in queries.members(db(), found.id) if m.standing == "facilitator"]
    return render_template("community/letter.html", group=found, address=address, code=qr_svg(address), people=people_)


@blueprint.post("/groups/<code>/join")
@staff_only
def join(code: str) -> Response:
    """Join or ask to."""
    try:
        standing = commands.join_group(db(), viewer(), code, today())
        flash("เข้าร่วมกลุ่มแล้ว" if standing == "member" else "ส่งคำขอแล้ว ผู้ดำเนินกลุ่มจะรับเข้ากลุ่ม")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("community.group", code=code))


@blueprint.post("/groups/<code>/leave")
@guests_too
def leave(code: str) -> Response:
    """Leave, or take back a request; a facilitator hands over first."""
    found = queries.group_to_see(db(), viewer(), code)
    if found.id in viewer().facilitates:
        return redirect(url_for("care.hand_over", code=code))
    try:
        commands.leave_group(db(), viewer(), code)
        flash("ออกจากกลุ่มแล้ว")
    except Invalid as error:
        flash_invalid(error)
        return redirect(url_for("community.group", code=code))
    return redirect(url_for("home.index" if viewer().is_guest else "community.index"))


@blueprint.post("/groups/<code>/members")
@staff_only
def set_standing(code: str) -> Response:
    """A facilitator accepts, invites, promotes or removes."""
    try:
        given = (request.form.get("staff", ""), request.form.get("standing", ""))
        commands.set_standing(db(), viewer(), code, *given, today())
        flash("บันทึกสมาชิกแล้ว")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("community.members", code=code))
