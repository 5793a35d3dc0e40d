"""Pages of groups, threads, meetings, and a person's card."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.community import commands, queries, rules
from app.community.commands import NewMeeting
from app.community.forms import GroupForm, GroupWordsForm, MeetingForm
from app.community.models import GROUP_VISIBILITIES, PURPOSES, WANTED_FACILITATORS
from app.core.errors import Invalid, NotFound
from app.core.paging import page_number
from app.core.qr import qr_svg
from app.core.records import STATUS_NAMES
from app.core.web import db, flash_invalid, now, offered, part, ticked, today
from app.knowledge import queries as knowledge
from app.people import queries as people
from app.people.current import staff_id, staff_only, viewer
from app.training import queries as training

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
    status = 200
    if form.validate_on_submit():
        given = (form.name.data or "", form.purpose.data or "", form.visibility.data, form.second.data or None)
        try:
            group = commands.found_group(db(), viewer(), *given, today())
            return redirect(url_for("community.group", code=group.code))
        except Invalid as error:
            form.take(error)
            status = 400
    return render_template("community/new_group.html", form=form), status


@blueprint.get("/groups/<code>")
@staff_only
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
        threads=queries.threads(db(), viewer(), found.id, number) if readable else None,
        meetings=queries.meetings(db(), viewer(), found.id) if readable else [],
        facilitators=[m for m in members if m.standing == "facilitator"], wanted=WANTED_FACILITATORS,
        roster=people.people_on(db(), today()) if manages else [], glossary=rules.glossary(found.glossary),
        silent=rules.dormant_days(queries.last_talk(db(), found), today()) if readable else 0,
    )  # fmt: skip


@blueprint.route("/groups/<code>/edit", methods=["GET", "POST"])
@staff_only
def edit_group(code: str) -> str | Response | tuple[str, int]:
    """A facilitator words the group anew and keeps its glossary."""
    found = queries.group_to_manage(db(), viewer(), code)
    form = GroupWordsForm(obj=found)
    status = 200
    if form.validate_on_submit():
        given = (form.name.data or "", form.purpose.data or "", form.glossary.data or "")
        try:
            commands.edit_group(db(), viewer(), code, *given)
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
    address = (part("config").base_url or request.url_root.rstrip("/")) + url_for("community.group", code=code)
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
@staff_only
def leave(code: str) -> Response:
    """Leave, or take back a request."""
    try:
        commands.leave_group(db(), viewer(), code)
        flash("ออกจากกลุ่มแล้ว")
    except Invalid as error:
        flash_invalid(error)
        return redirect(url_for("community.group", code=code))
    return redirect(url_for("community.index"))


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
    return redirect(url_for("community.group", code=code))


@blueprint.get("/meetings")
@staff_only
def meetings() -> str:
    """Meetings, newest first."""
    lines = queries.meetings(db(), viewer())
    return render_template("community/meetings.html", meetings=lines, purposes=PURPOSES, statuses=STATUS_NAMES)


@blueprint.route("/meetings/new", methods=["GET", "POST"])
@staff_only
def new_meeting() -> str | Response | tuple[str, int]:
    """Enter a meeting with sign-in and minutes."""
    form = MeetingForm()
    own = queries.groups(db(), viewer(), mine=True)
    form.group_id.choices = offered([(0, "ทั้งเทศบาล ไม่ใช่ของกลุ่มใด"), *((g.id, g.name) for g in own)])
    courses = training.trainings(db(), "", "", 1).items
    form.training_id.choices = offered([(0, "ไม่ได้นำเสนอจากหลักสูตร"), *((one.id, one.title) for one in courses)])
    roster = people.people_on(db(), today())
    chosen = ticked("attendee") & {line.id for line in roster}
    status = 200
    if form.validate_on_submit():
        try:
            upload = request.files.get("file")
            kept = part("files").keep(upload.read()) if upload and upload.filename else None
            new = NewMeeting(
                title=form.title.data or "", purpose=form.purpose.data, on=form.on.data,
                minutes=form.minutes.data or "", group_id=form.group_id.data or None, attendees=frozenset(chosen),
                training_id=form.training_id.data or None,
                file_sha256=kept.sha256 if kept else None,
            )  # fmt: skip
            meeting_ = commands.record_meeting(db(), viewer(), new, now())
            flash("บันทึกการประชุมแล้ว รอผู้อื่นตรวจยืนยัน")
            return redirect(url_for("community.meeting", code=meeting_.code))
        except Invalid as error:
            form.take(error)
            status = 400
    return render_template("community/new_meeting.html", form=form, roster=roster, chosen=chosen), status


@blueprint.get("/meetings/<code>")
@staff_only
def meeting(code: str) -> str:
    """One meeting."""
    found = queries.meeting_by_code(db(), viewer(), code)
    present = queries.signed_in(db(), found.id)
    names = people.names_by_id(db(), {n for n in (found.recorded_by_id, found.verified_by_id) if n})
    return render_template(
        "community/meeting.html", meeting=found, present=present, names=names, purposes=PURPOSES,
        statuses=STATUS_NAMES,
    )  # fmt: skip


@blueprint.get("/people")
@staff_only
def people_index() -> str:
    """The card catalogue: who is where and knows what."""
    text = request.args.get("q", "").strip()
    lines = people.people_on(db(), today(), text=text)
    return render_template("community/people.html", people=lines, text=text)


@blueprint.get("/people/<code>")
@staff_only
def person(code: str) -> str:
    """A person's card."""
    found = people.staff_by_code(db(), code)
    return render_template(
        "community/person.html", person=found, services=people.service_of(db(), found.id),
        articles=knowledge.articles_by(db(), viewer(), found.id), roles=people.roles_of(db(), found.id),
        applied=knowledge.applied_by(db(), viewer(), found.id),
    )  # fmt: skip
