"""Pages of groups, threads, meetings, and a person's card."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.community import commands, queries, rules
from app.community.commands import NewMeeting
from app.community.forms import GroupForm, MeetingForm, ReplyForm, SummaryForm, ThreadForm
from app.community.models import GROUP_VISIBILITIES, PURPOSES, WANTED_FACILITATORS
from app.core.errors import Invalid, NotAllowed, TooLarge
from app.core.paging import page_number
from app.core.records import STATUS_NAMES
from app.core.web import db, flash_invalid, now, offered, part, today
from app.knowledge import life
from app.knowledge import queries as knowledge
from app.knowledge.models import ArticleText
from app.knowledge.rules import fill_template
from app.knowledge.templates_folder import templates
from app.people import queries as people
from app.people.current import staff_id, staff_only, viewer
from app.training import queries as training
from app.training.routes import ticked

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
        roster=people.people_on(db(), today()) if manages else [],
    )  # fmt: skip


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


@blueprint.route("/groups/<code>/threads/new", methods=["GET", "POST"])
@staff_only
def new_thread(code: str) -> str | Response | tuple[str, int]:
    """Open a thread."""
    found = queries.group_to_see(db(), viewer(), code)
    if not rules.can_post(viewer(), found):
        raise NotAllowed("เข้าร่วมกลุ่มก่อนจึงจะตั้งกระทู้ได้")
    form = ThreadForm()
    status = 200
    if form.validate_on_submit():
        try:
            given = (form.title.data or "", form.body.data or "")
            thread = commands.start_thread(db(), part("desk"), viewer(), found, *given, now())
            part("worker").wake()
            return redirect(url_for("community.thread", code=thread.code))
        except (Invalid, TooLarge) as error:
            form.take(error if isinstance(error, Invalid) else Invalid({"body": error.message}))
            status = 400
    return render_template("community/new_thread.html", form=form, group=found), status


@blueprint.route("/threads/<code>", methods=["GET", "POST"])
@staff_only
def thread(code: str) -> str | Response | tuple[str, int]:
    """Read a thread and answer. Reading is marked by a POST of its own."""
    found, group_ = queries.thread_to_read(db(), viewer(), code)
    form = ReplyForm()
    status = 200
    if form.validate_on_submit():
        try:
            post = commands.reply(db(), part("desk"), viewer(), found, group_, form.body.data or "", now())
            part("worker").wake()
            last = queries.posts(db(), found.id, None, 1).last
            return redirect(url_for("community.thread", code=code, page=last, _anchor=f"post-{post.id}"))
        except (Invalid, TooLarge) as error:
            form.take(error if isinstance(error, Invalid) else Invalid({"body": error.message}))
            status = 400
    read_at = queries.read_at(db(), staff_id(), found.id)
    page = queries.posts(db(), found.id, read_at, page_number(request.args.get("page")))
    if request.method == "GET" and (quoted := request.args.get("quote", "")):
        form.body.data = _quote(found.id, quoted, found.body)
    author = people.names_by_id(db(), {found.author_id})[found.author_id]
    shown = render_template(
        "community/thread.html", thread=found, group=group_, author=author, page=page, form=form, read_at=read_at,
        can_post=rules.can_post(viewer(), group_), article=knowledge.article_of_thread(db(), viewer(), found.id),
    )  # fmt: skip
    return shown, status


def _quote(thread_id: int, quoted: str, opening: str) -> str:
    if not quoted.isascii() or not quoted.isdigit() or len(quoted) > 12:
        return ""
    if quoted == "0":
        return rules.quote("ผู้ตั้งกระทู้", opening)
    post, name = queries.post_of_thread(db(), thread_id, int(quoted))
    return rules.quote(name, post.body)


@blueprint.post("/threads/<code>/read")
@staff_only
def mark_read(code: str) -> Response:
    """The person has read the thread."""
    found, _ = queries.thread_to_read(db(), viewer(), code)
    commands.mark_read(db(), staff_id(), found.id, now())
    return redirect(url_for("community.thread", code=code))


@blueprint.route("/threads/<code>/summarise", methods=["GET", "POST"])
@staff_only
def summarise(code: str) -> str | Response | tuple[str, int]:
    """From talk to knowledge: a draft that credits everyone, and one lesson."""
    found, group_ = queries.thread_to_read(db(), viewer(), code)
    if not rules.can_post(viewer(), group_):
        raise NotAllowed("สรุปกระทู้ได้เฉพาะสมาชิกกลุ่ม")
    participants = queries.participants(db(), found)
    form = SummaryForm()
    allowed = ["public", "staff", "group"] if group_.visibility == "open" else ["group"]
    if request.method == "GET":
        names = ", ".join(name for _, name in participants)
        template = templates(db()).get("lesson-learned")
        values = {"thread_title": found.title, "participants": names, "summary": found.body}
        form.title.data = found.title
        form.body.data = fill_template(template.body, values) if template else found.body
    status = 200
    if form.validate_on_submit():
        visibility = form.visibility.data if form.visibility.data in allowed else allowed[-1]
        text = ArticleText(
            title=form.title.data or "", body=form.body.data or "", category=form.category.data or "",
            visibility=visibility, group_id=group_.id,
        )  # fmt: skip
        try:
            article = commands.summarise(db(), part("desk"), viewer(), found, group_, text, now())
            part("worker").wake()
            flash("สร้างร่างบทความจากกระทู้แล้ว บทเรียนรอผู้อื่นตรวจยืนยัน")
            return redirect(url_for("writing.edit", code=article.code))
        except (Invalid, TooLarge) as error:
            form.take(error if isinstance(error, Invalid) else Invalid({"body": error.message}))
            status = 400
    page = queries.posts(db(), found.id, None, 1)
    shown = render_template(
        "community/summarise.html", form=form, thread=found, group=group_, participants=participants, page=page,
        allowed=allowed, categories=knowledge.categories(db()), lesson=queries.lesson_of_thread(db(), found.id),
    )  # fmt: skip
    return shown, status


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


@blueprint.post("/articles/<code>/comments/<int(max=2147483647):number>/thread")
@staff_only
def thread_from_comment(code: str, number: int) -> Response:
    """เปิดกระทู้ในกลุ่ม from a comment under an article."""
    article, comment = life.comment_to_see(db(), viewer(), code, number)
    try:
        found = queries.group_to_see(db(), viewer(), request.form.get("group", ""))
        opened = commands.thread_from_comment(db(), part("desk"), viewer(), found, article, comment, now())
    except (Invalid, TooLarge) as error:
        flash(error.message, "error")
        return redirect(url_for("knowledge.show", code=code, _anchor="comments"))
    part("worker").wake()
    return redirect(url_for("community.thread", code=opened.code))


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
