"""Pages of meetings: plan, hold, write down, take on, send to be verified, make into an article."""

from __future__ import annotations

from datetime import date, datetime, time

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.community import commands, meeting_commands, meeting_queries, minutes, queries, rules
from app.community.calendar import invitation
from app.community.forms import MeetingForm, MinutesForm, PlanForm, ReviewForm, SummaryForm
from app.community.meeting_commands import NewMeeting
from app.community.models import MEETING_KINDS, PURPOSES, SIGN_IN_WAYS, Group, Lesson, Meeting
from app.core.errors import Invalid, NotAllowed, TooLarge
from app.core.files import EXTENSIONS
from app.core.records import STATUS_NAMES
from app.core.thai import BANGKOK, parse_date
from app.core.web import (
    base_url,
    config,
    db,
    flash_invalid,
    now,
    offered,
    part,
    send_kept,
    ticked,
    today,
    wants_json,
    whole,
)
from app.knowledge import queries as knowledge
from app.knowledge.models import Article, ArticleText
from app.knowledge.rules import fill_template
from app.knowledge.templates_folder import templates
from app.people import queries as people
from app.people.current import guests_too, staff_only, viewer
from app.people.models import CHECKERS
from app.training import queries as training
from app.training.models import Training

blueprint = Blueprint("meetings", __name__)
REFUSED = (Invalid, TooLarge, NotAllowed)


@blueprint.get("/meetings")
@staff_only
def index() -> str:
    """Meetings, those to come first."""
    lines = meeting_queries.meetings(db(), viewer())
    return render_template(
        "community/meetings.html", meetings=lines, purposes=PURPOSES, kinds=MEETING_KINDS, statuses=STATUS_NAMES,
        coming=meeting_queries.coming(db(), viewer(), today(), 50),
    )  # fmt: skip


def _offer(form: MeetingForm | PlanForm) -> None:
    own = queries.groups(db(), viewer(), mine=True)
    form.group_id.choices = offered([(0, "ทั้งเทศบาล ไม่ใช่ของกลุ่มใด"), *((g.id, g.name) for g in own)])
    courses = training.trainings(db(), "", "", 1).items
    form.training_id.choices = offered([(0, "ไม่ได้นำเสนอจากหลักสูตร"), *((one.id, one.title) for one in courses)])
    asked = request.args.get("group", "")
    if request.method == "GET" and asked:
        form.group_id.data = next((g.id for g in own if g.code == asked), 0)


@blueprint.route("/meetings/plan", methods=["GET", "POST"])
@staff_only
def plan() -> str | AnyResponse | tuple[str, int]:
    """Plan a meeting; members of the group are invited."""
    form = PlanForm()
    _offer(form)
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        try:
            found = meeting_commands.plan_meeting(db(), viewer(), _planned(form), now())
            part("worker").wake()
            flash("นัดประชุมแล้ว สมาชิกกลุ่มได้รับแจ้ง" if found.group_id else "นัดประชุมแล้ว")
            return redirect(url_for("meetings.show", code=found.code))
        except Invalid as error:
            status = form.take(error)
    return render_template("community/plan_meeting.html", form=form, meeting=None), status


def _planned(form: PlanForm) -> NewMeeting:
    typed = (form.at.data or "").replace(".", ":")
    hour, _, minute = typed.partition(":")
    at = datetime.combine(form.on.data, time(int(hour), int(minute)), BANGKOK) if typed else None
    return NewMeeting(
        title=form.title.data or "", purpose=form.purpose.data, kind=form.kind.data, on=form.on.data, starts_at=at,
        place=form.place.data or "", agenda=form.agenda.data or "", group_id=form.group_id.data or None,
        training_id=form.training_id.data or None,
    )  # fmt: skip


@blueprint.route("/meetings/<code>/edit", methods=["GET", "POST"])
@staff_only
def edit(code: str) -> str | AnyResponse | tuple[str, int]:
    """Plan a meeting anew."""
    found, group = meeting_queries.meeting_to_run(db(), viewer(), code)
    form = PlanForm(obj=found)
    _offer(form)
    form.group_id.choices = offered([(group.id, group.name) if group else (0, "ทั้งเทศบาล ไม่ใช่ของกลุ่มใด")])
    if found.training_id is not None and found.training_id not in {one.value for one in form.training_id.choices}:
        course = db().get_one(Training, found.training_id)
        form.training_id.choices = [*form.training_id.choices, *offered([(course.id, course.title)])]
    if request.method == "GET":
        form.group_id.data, form.training_id.data = found.group_id or 0, found.training_id or 0
        form.at.data = f"{found.starts_at.astimezone(BANGKOK):%H:%M}" if found.starts_at else ""
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        try:
            meeting_commands.change_meeting(db(), viewer(), code, _planned(form), now())
            flash("บันทึกแล้ว")
            return redirect(url_for("meetings.show", code=code))
        except Invalid as error:
            status = form.take(error)
    return render_template("community/plan_meeting.html", form=form, meeting=found), status


@blueprint.route("/meetings/new", methods=["GET", "POST"])
@staff_only
def new() -> str | AnyResponse | tuple[str, int]:
    """Enter a meeting that took place, with sign-in and minutes."""
    form = MeetingForm()
    _offer(form)
    roster = people.people_on(db(), today())
    chosen = ticked("attendee") & {line.id for line in roster}
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        try:
            upload = request.files.get("file")
            kept = part("files").keep(upload.read()) if upload and upload.filename else None
            new_ = NewMeeting(
                title=form.title.data or "", purpose=form.purpose.data, kind=form.kind.data, on=form.on.data,
                minutes=form.minutes.data or "", group_id=form.group_id.data or None, attendees=frozenset(chosen),
                training_id=form.training_id.data or None, place=form.place.data or "",
                file_sha256=kept.sha256 if kept else None,
            )  # fmt: skip
            found = meeting_commands.record_meeting(db(), viewer(), new_, now())
            flash("บันทึกการประชุมแล้ว รอผู้อื่นตรวจยืนยัน")
            return redirect(url_for("meetings.show", code=found.code))
        except Invalid as error:
            status = form.take(error)
    return render_template("community/new_meeting.html", form=form, roster=roster, chosen=chosen), status


@blueprint.get("/meetings/<code>")
@guests_too
def show(code: str) -> str:
    """One meeting: what is planned, who was there, what was said and taken on."""
    return _page(code)


def _page(code: str, wrong: Invalid | None = None) -> str:
    """A meeting's page; with what was wrong, what was typed is shown again beside it."""
    found, group = meeting_queries.meeting_by_code(db(), viewer(), code)
    present = meeting_queries.signed_in(db(), found.id)
    names = people.names_by_id(db(), {n for n in (found.recorded_by_id, found.verified_by_id) if n})
    runs = rules.can_run_meeting(viewer(), found, group)
    writes = rules.can_write_minutes(viewer(), found, group, frozenset(one.staff_id for one in present))
    takers = {one.staff_id: one.name for one in present}
    if group is not None and writes:
        takers |= {m.staff_id: m.name for m in queries.members(db(), group.id) if m.standing != "asked"}
    return render_template(
        "community/meeting.html", meeting=found, group=group, present=present, names=names, purposes=PURPOSES,
        kinds=MEETING_KINDS, statuses=STATUS_NAMES, ways=SIGN_IN_WAYS, runs=runs, writes=writes, today=today(),
        open_to_sign=found.status in ("draft", "submitted"), tasks=meeting_queries.tasks(db(), found.id), takers=takers,
        pictures=meeting_queries.pictures(db(), found.id), writers=meeting_queries.writers(db(), found.id),
        article=knowledge.article_of(db(), viewer(), Article.meeting_id == found.id),
        roster=people.people_on(db(), today()) if runs else [], when=rules.meeting_time(found),
        checks=viewer().has(*CHECKERS) and viewer().staff_id not in {found.recorded_by_id, *meeting_queries.hands(db(), found.id)},
        wrong=wrong.fields if wrong else {}, typed=request.form if wrong else {},
    )  # fmt: skip


@blueprint.get("/meetings/<code>/invitation.ics")
@guests_too
def calendar(code: str) -> Response:
    """The invitation for a calendar."""
    found, _ = meeting_queries.meeting_by_code(db(), viewer(), code)
    address = base_url() + url_for("meetings.show", code=code)
    text = invitation(found, address, config().office_name, now())
    disposition = {"Content-Disposition": f'attachment; filename="{found.code}.ics"'}
    return Response(text, mimetype="text/calendar", headers=disposition)


@blueprint.route("/meetings/<code>/minutes", methods=["GET", "POST"])
@guests_too
def write(code: str) -> str | AnyResponse | tuple[str, int] | tuple[AnyResponse, int]:
    """Write the minutes, several people at once; scripts save every few seconds and bring the others' words."""
    found, group = meeting_queries.meeting_by_code(db(), viewer(), code)
    form = MinutesForm()
    status = 400 if request.method == "POST" else 200
    if request.method == "POST":
        given = (form.base.data or "", form.text.data or "")
        try:
            written = minutes.save_minutes(db(), viewer(), code, *given, now(), shorter=bool(form.shorter.data))
            if wants_json():
                others = meeting_queries.writing_now(db(), found.id, now() - rules.WRITING_FOR)
                return jsonify(text=written.text, both=written.both, others=others)
            part("worker").wake()
            both = " มีคนแก้บรรทัดเดียวกัน จึงเก็บไว้ทั้งสองแบบ โปรดอ่านทวน" if written.both else ""
            flash("บันทึกรายงานแล้ว" + both)
            return redirect(url_for("meetings.write" if written.both else "meetings.show", code=code))
        except REFUSED as error:
            if wants_json():
                told = next(iter(error.fields.values())) if isinstance(error, Invalid) else error.message
                return jsonify(error=told), error.status
            status = form.take(error, "text")
    else:
        minutes.may_write(db(), viewer(), found, group)
        form.base.data = form.text.data = found.minutes
    return render_template("community/minutes.html", form=form, meeting=found, group=group), status


@blueprint.post("/meetings/<code>/pictures")
@guests_too
def add_picture(code: str) -> AnyResponse | tuple[str, int]:
    """Keep photos, or a picture of the paper sheet."""
    kind, caption = request.form.get("kind", "photo"), request.form.get("caption", "")
    try:
        for content in [one.read() for one in request.files.getlist("picture")[: minutes.MAX_PICTURES]] or [b""]:
            minutes.add_picture(db(), viewer(), part("files"), code, content, kind, caption, now())
        flash("เก็บภาพแล้ว")
    except Invalid as error:
        return _page(code, error), 400
    return redirect(url_for("meetings.show", code=code, _anchor="pictures"))


@blueprint.get("/meetings/<code>/pictures/<int(max=2147483647):number>")
@guests_too
def picture(code: str, number: int) -> Response:
    """One picture, for those who may see the meeting now."""
    found, _ = meeting_queries.meeting_by_code(db(), viewer(), code)
    kept = meeting_queries.picture(db(), found.id, number)
    name = f"{code}-{number}{EXTENSIONS[kept.media_type]}"
    return send_kept(kept.sha256, kept.media_type, name, "ไฟล์ภาพนี้หายไปจากเครื่อง โปรดแจ้งผู้ดูแลระบบ")


@blueprint.post("/meetings/<code>/pictures/<int(max=2147483647):number>/remove")
@guests_too
def remove_picture(code: str, number: int) -> AnyResponse:
    """Take a picture away."""
    try:
        minutes.remove_picture(db(), viewer(), code, number)
        flash("นำภาพออกแล้ว")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("meetings.show", code=code, _anchor="pictures"))


@blueprint.post("/meetings/<code>/tasks")
@guests_too
def add_task(code: str) -> AnyResponse | tuple[str, int]:
    """Note what somebody takes on."""
    try:
        due = _due(request.form.get("due_on", ""))
        minutes.add_task(
            db(), viewer(), code, request.form.get("task", ""), whole(request.form.get("staff")) or None, due
        )
    except Invalid as error:
        return _page(code, error), 400
    return redirect(url_for("meetings.show", code=code, _anchor="tasks"))


def _due(text: str) -> date | None:
    found = parse_date(text) if text.strip() else None
    if text.strip() and found is None:
        raise Invalid({"task": "อ่านวันที่นี้ไม่ได้ พิมพ์เช่น 31/1/2558 หรือ 1 ต.ค. 2557 งานยังไม่ถูกเพิ่ม"})
    return found


@blueprint.post("/meetings/<code>/tasks/<int(max=2147483647):number>")
@guests_too
def finish_task(code: str, number: int) -> AnyResponse:
    """Done, or not done after all."""
    minutes.finish_task(db(), viewer(), code, number, today() if request.form.get("done") == "1" else None)
    return redirect(url_for("meetings.show", code=code, _anchor="tasks"))


@blueprint.post("/meetings/<code>/<any(send, cancel):act>")
@staff_only
def settle(code: str, act: str) -> AnyResponse | tuple[str, int]:
    """Send to be verified, or say that it will not take place."""
    try:
        if act == "send":
            meeting_commands.send_meeting(db(), viewer(), code, now())
            flash("ส่งตรวจแล้ว ผู้อื่นที่ไม่ได้เขียนรายงานเป็นผู้ตรวจยืนยัน")
        else:
            meeting_commands.cancel_meeting(db(), viewer(), code, request.form.get("reason", ""), now())
            flash("งดประชุมแล้ว สมาชิกได้รับแจ้ง")
            part("worker").wake()
    except Invalid as error:
        return _page(code, error), 400
    return redirect(url_for("meetings.show", code=code))


# --- from minutes to an article ---


def _allowed(group: Group | None) -> list[str]:
    if group is None or (group.visibility == "open" and group.id not in viewer().group_ids):
        return ["public", "staff"]
    return ["public", "staff", "group"] if group.visibility == "open" else ["group"]


def _source(found: Meeting) -> str:
    when = rules.meeting_time(found)
    return f"\n\n*ที่มา: [{rules.plain_title(found.title)}]({url_for('meetings.show', code=found.code)}) {when}*"


def _draft(
    form: SummaryForm | ReviewForm, found: Meeting, group: Group | None, title: str, body: str, beside: str
) -> AnyResponse | int:
    """Make the draft and go to it; else the status to show the form with again."""
    allowed = _allowed(group)
    visibility = form.visibility.data if form.visibility.data in allowed else allowed[-1]
    text = ArticleText(
        title=title, body=body, category=form.category.data or "", visibility=visibility,
        group_id=group.id if group else None,
    )  # fmt: skip
    try:
        article = commands.summarise_meeting(db(), part("desk"), viewer(), found, group, text, now())
    except REFUSED as error:
        return form.take(error, beside)
    part("worker").wake()
    flash("สร้างร่างบทความจากการประชุมแล้ว บทเรียนรอผู้อื่นตรวจยืนยัน")
    return redirect(url_for("writing.edit", code=article.code))


@blueprint.route("/meetings/<code>/summarise", methods=["GET", "POST"])
@staff_only
def summarise(code: str) -> str | AnyResponse | tuple[str, int]:
    """Parts of the minutes as an article draft that credits who was there."""
    found, group = meeting_queries.meeting_by_code(db(), viewer(), code)
    commands.may_summarise_meeting(db(), viewer(), found, group)
    paragraphs = rules.paragraphs(found.minutes)
    wanted = {whole(number) for number in request.args.getlist("part")} - {0}
    chosen = [text for number, text in enumerate(paragraphs, 1) if not wanted or number in wanted]
    present = meeting_queries.signed_in(db(), found.id)
    form = SummaryForm()
    if request.method == "GET":
        template = templates(db()).get("lesson-learned")
        summary = "\n\n".join(chosen) + _source(found)
        names = ", ".join(one.name for one in present)
        values = {"thread_title": found.title, "participants": names, "summary": summary}
        form.title.data = found.title
        form.body.data = fill_template(template.body, values) if template else summary
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        made = _draft(form, found, group, form.title.data or "", form.body.data or "", "body")
        if not isinstance(made, int):
            return made
        status = made
    shown = render_template(
        "community/summarise_meeting.html", form=form, meeting=found, group=group, paragraphs=paragraphs, wanted=wanted,
        present=present, allowed=_allowed(group), categories=knowledge.categories(db()),
        lesson=queries.lesson_of(db(), Lesson.meeting_id == found.id),
    )  # fmt: skip
    return shown, status


@blueprint.route("/meetings/<code>/review", methods=["GET", "POST"])
@staff_only
def review(code: str) -> str | AnyResponse | tuple[str, int]:
    """ทบทวนหลังทำ: what was expected, what happened, why, and what next time."""
    found, group = meeting_queries.meeting_by_code(db(), viewer(), code)
    commands.may_summarise_meeting(db(), viewer(), found, group)
    form = ReviewForm()
    if request.method == "GET":
        form.title.data = f"ทบทวนหลังทำ: {found.title}"
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        parts = [(form[name].label.text, form[name].data) for name in ("expected", "happened", "because", "next_time")]
        body = "\n\n".join(f"## {label}\n\n{text}" for label, text in parts) + _source(found)
        made = _draft(form, found, group, form.title.data or "", body, "expected")
        if not isinstance(made, int):
            return made
        status = made
    shown = render_template(
        "community/review_meeting.html", form=form, meeting=found, group=group, allowed=_allowed(group),
        categories=knowledge.categories(db()), lesson=queries.lesson_of(db(), Lesson.meeting_id == found.id),
    )  # fmt: skip
    return shown, status
