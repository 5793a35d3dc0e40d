"""Pages of threads: opening, reading, answering, and what readers and facilitators do with a post."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import Response as FlaskResponse
from werkzeug.wrappers import Response

from app.community import commands, queries, rules, talk, talk_queries, tidying
from app.community.forms import EditForm, ReplyForm, SplitForm, SummaryForm, ThreadForm
from app.community.models import MARKS, THREAD_KINDS, Group, GroupCard, Lesson, Thread
from app.core.errors import Invalid, NotAllowed, TooLarge
from app.core.paging import page_number
from app.core.web import db, flash_invalid, now, part, send_kept, ticked, today, whole
from app.knowledge import commands as knowledge_commands
from app.knowledge import life, writing_queries
from app.knowledge import queries as knowledge
from app.knowledge.models import Article, ArticleText
from app.knowledge.rules import fill_template
from app.knowledge.templates_folder import templates
from app.people import queries as people
from app.people.current import guests_too, staff_id, staff_only, viewer

blueprint = Blueprint("talk", __name__)
# A group put away or a thread locked while somebody wrote: the page comes again with the text and the reason.
MAX_DRAFT = 100_000
REFUSED = (Invalid, TooLarge, NotAllowed)


@blueprint.route("/groups/<code>/threads/new", methods=["GET", "POST"])
@guests_too
def new_thread(code: str) -> str | Response | tuple[str, int]:
    """Open a thread."""
    found = queries.group_to_see(db(), viewer(), code)
    if request.method == "GET":
        talk.may_post(viewer(), found)
    form = ThreadForm()
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        try:
            thread = talk.start_thread(db(), part("desk"), viewer(), found, _opening(form), now())
            part("worker").wake()
            return redirect(url_for("talk.thread", code=thread.code))
        except REFUSED as error:
            status = form.take(error, "body")
    _say_files_are_gone(form)
    first = not talk_queries.has_written(db(), staff_id())
    if request.method == "GET":
        form.title.data = request.args.get("title", "")[:200]
    draft = _draft(talk.draft_place(found, None)) if request.method == "GET" else {}
    form.title.data, form.body.data = draft.get("title") or form.title.data, draft.get("body") or form.body.data
    return render_template("community/new_thread.html", form=form, group=found, first=first, kept=bool(draft)), status


def _opening(form: ThreadForm) -> talk.Opening:
    return talk.Opening(
        title=form.title.data or "", body=form.body.data or "", asked_as=form.asked_as.data, kind=form.kind.data,
        because=form.because.data or "", options=tuple((form.options.data or "").splitlines()),
        several=bool(form.several.data), closes_on=form.closes_on.data, files=_uploads(),
    )  # fmt: skip


def _say_files_are_gone(form: ThreadForm | ReplyForm) -> None:
    """A browser sends files once: with a form shown again they must be chosen again."""
    if request.method == "POST" and any(one.filename for one in request.files.getlist("files")):
        form.files.errors = [*form.files.errors, "ข้อความยังอยู่ครบ แต่ไฟล์ยังไม่ถูกเก็บ โปรดเลือกไฟล์อีกครั้งก่อนส่ง"]


def _uploads() -> tuple[tuple[str, bytes], ...]:
    return tuple((one.filename or "", one.read()) for one in request.files.getlist("files") if one.filename)


def _draft(place: str) -> dict[str, str]:
    """What this person typed here and did not send; nothing for a text the page was asked to quote."""
    kept = writing_queries.autosaved(db(), staff_id(), place)
    return {} if kept is None else {name: str(value) for name, value in kept.fields.items()}


@blueprint.post("/groups/<code>/draft")
@guests_too
def keep_draft(code: str) -> Response | tuple[str, int]:
    """Keep what is typed and not sent, for its writer; scripts call this."""
    found = queries.group_to_see(db(), viewer(), code)
    asked = request.form.get("thread", "")
    thread_ = talk_queries.thread_to_read(db(), viewer(), asked)[0] if asked else None
    fields = {name: request.form.get(name, "")[:MAX_DRAFT] for name in ("title", "body")}
    place = talk.draft_place(found, thread_)
    if any(fields.values()):
        knowledge_commands.autosave(db(), staff_id(), place, fields, now())
    else:
        knowledge_commands.discard_autosave(db(), staff_id(), place)
    return "", 204


@blueprint.route("/threads/<code>", methods=["GET", "POST"])
@guests_too
def thread(code: str) -> str | Response | tuple[str, int]:
    """Read a thread and answer. Reading is marked by a POST of its own."""
    found, group_ = talk_queries.thread_to_read(db(), viewer(), code)
    if found.merged_into_id is not None:
        found = db().get_one(Thread, found.merged_into_id)
        if request.method == "GET":
            return redirect(url_for("talk.thread", code=found.code))
        code = found.code  # What was typed under the old address goes where the talk went.
    form = ReplyForm()
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        try:
            given = (form.body.data or "", now(), _uploads())
            post = talk.reply(db(), part("desk"), viewer(), found, group_, *given)
            part("worker").wake()
            last = talk_queries.posts(db(), found.id, None, 1).last
            return redirect(url_for("talk.thread", code=code, page=last, _anchor=f"post-{post.id}"))
        except REFUSED as error:
            status = form.take(error, "body")
    if request.method == "GET" and (wanted := whole(request.args.get("post"))):
        there = talk_queries.reply_anywhere(db(), wanted)
        if isinstance(there, Thread) or (there is not None and there.thread_id != found.id):
            gone = there if isinstance(there, Thread) else db().get_one(Thread, there.thread_id)
            talk_queries.thread_to_read(db(), viewer(), gone.code)
            number = None if isinstance(there, Thread) else wanted
            return redirect(url_for("talk.thread", code=gone.code, post=number))
        there, _ = talk_queries.post_of_thread(db(), found.id, wanted)
        place = talk_queries.place_of_post(db(), there)
        return redirect(url_for("talk.thread", code=code, page=place, _anchor=f"post-{wanted}"))
    _say_files_are_gone(form)
    read_at = talk_queries.read_at(db(), staff_id(), found.id)
    page = talk_queries.posts(db(), found.id, read_at, page_number(request.args.get("page")))
    if request.method == "GET" and (quoted := request.args.get("quote", "")):
        form.body.data = _quote(found.id, quoted, found.body)
    elif request.method == "GET":
        form.body.data = _draft(talk.draft_place(group_, found)).get("body", "")
    poll = talk_queries.poll(db(), found.id)
    names = people.names_by_id(db(), {found.author_id})
    shown = render_template(
        "community/thread.html", thread=found, group=group_, page=page, form=form,
        opening=talk_queries.opening(found, names[found.author_id]),
        asker=names[found.author_id] if found.hides_asker and group_.id in viewer().facilitates else "",
        article=knowledge.article_of(db(), viewer(), Article.thread_id == found.id), follows=talk_queries.follows(db(), found, staff_id()),
        first=rules.can_reply(viewer(), group_, found) and not talk_queries.has_written(db(), staff_id()),
        movable=_movable(group_), kinds=THREAD_KINDS, today=today(),
        poll=talk_queries.poll_result(db(), poll, staff_id()) if poll else None,
        joinable=talk_queries.joinable(db(), found) if group_.id in viewer().facilitates and not found.hides_asker else [],
        unread=talk_queries.first_unread(db(), found.id, read_at), marks=talk_queries.marks(db(), found.id, viewer()),
        may=may_do(found, group_),
    )  # fmt: skip
    return shown, status


@blueprint.get("/threads/<code>/files/<int(max=2147483647):number>")
@guests_too
def file(code: str, number: int) -> FlaskResponse:
    """A file of a post, for those who may read the thread now."""
    found, _ = talk_queries.thread_to_read(db(), viewer(), code)
    kept = talk_queries.file(db(), found.id, number)
    return send_kept(kept.sha256, kept.media_type, kept.name, "ไฟล์แนบนี้หายไปจากเครื่อง โปรดแจ้งผู้ดูแลระบบ")


@blueprint.post("/threads/<code>/vote")
@guests_too
def vote(code: str) -> Response:
    """Choose in a poll, or choose anew."""
    found, group_ = talk_queries.thread_to_read(db(), viewer(), code)
    try:
        typed = request.form.getlist("option")
        chosen = {int(one) if one.isascii() and one.isdigit() and len(one) < 4 else -1 for one in typed}
        tidying.vote(db(), viewer(), found, group_, chosen, today())
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("talk.thread", code=code, _anchor="poll"))


@blueprint.route("/threads/<code>/split", methods=["GET", "POST"])
@staff_only
def split(code: str) -> str | Response | tuple[str, int]:
    """Some replies go on as a thread of their own."""
    found, group_ = talk_queries.thread_to_read(db(), viewer(), code)
    if group_.id not in viewer().facilitates:
        raise NotAllowed("แยกกระทู้ได้เฉพาะผู้ดำเนินกลุ่ม")
    form = SplitForm()
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        try:
            new = tidying.split_thread(db(), viewer(), found, group_, ticked("post"), form.title.data or "")
            part("worker").wake()
            return redirect(url_for("talk.thread", code=new.code))
        except Invalid as error:
            status = form.take(error)
    page = talk_queries.posts(db(), found.id, None, page_number(request.args.get("page")))
    chosen = ticked("post")
    return render_template("community/split.html", form=form, thread=found, page=page, chosen=chosen), status


def _movable(group_: Group) -> list[GroupCard]:
    """Groups to which this person may move a thread of a group."""
    if group_.visibility != "open" or group_.id not in viewer().facilitates or len(viewer().facilitates) < 2:
        return []
    return [one for one in queries.groups(db(), viewer(), mine=True) if one.id in viewer().facilitates - {group_.id}]


def may_do(found: Thread, group_: Group) -> dict[str, Any]:
    """What this person may do with the posts of a thread, and the thread itself: what the template of a post asks for."""
    return {
        "thread": found, "can_post": rules.can_post(viewer(), group_), "manages": rules.can_manage(viewer(), group_),
        "can_reply": rules.can_reply(viewer(), group_, found), "me": staff_id(), "mark_names": MARKS,
        "can_choose": rules.can_choose_answer(viewer(), group_, found), "files": talk_queries.files(db(), found.id),
        "links": viewer().is_staff,
    }  # fmt: skip


def _quote(thread_id: int, quoted: str, opening: str) -> str:
    if quoted == "0":
        return rules.quote("ผู้ตั้งกระทู้", opening)
    if not whole(quoted):
        return ""
    post, name = talk_queries.post_of_thread(db(), thread_id, whole(quoted))
    return rules.quote(name, post.body)


@blueprint.post("/threads/<code>/read")
@guests_too
def mark_read(code: str) -> Response:
    """The person has read the thread."""
    found, _ = talk_queries.thread_to_read(db(), viewer(), code)
    talk.mark_read(db(), staff_id(), found.id, now())
    return redirect(url_for("talk.thread", code=code))


@blueprint.route("/threads/<code>/summarise", methods=["GET", "POST"])
@staff_only
def summarise(code: str) -> str | Response | tuple[str, int]:
    """From talk to knowledge: a draft that credits everyone, and one lesson."""
    found, group_ = talk_queries.thread_to_read(db(), viewer(), code)
    if request.method == "GET":
        talk.may_post(viewer(), group_)
        talk.may_summarise(viewer(), found)
    participants = talk_queries.participants(db(), found)
    form = SummaryForm()
    allowed = ["public", "staff", "group"] if group_.visibility == "open" else ["group"]
    if request.method == "GET":
        names = ", ".join(name for _, name in participants)
        template = templates(db()).get("lesson-learned")
        chosen = talk_queries.chosen_posts(db(), found.id, {whole(one) for one in request.args.getlist("post")[:200]})
        summary = found.body + "".join(
            rules.excerpt(line.author, line.body, url_for("talk.thread", code=code, post=line.id)) for line in chosen
        )
        values = {"thread_title": found.title, "participants": names, "summary": summary}
        form.title.data = found.title
        form.body.data = fill_template(template.body, values) if template else summary
    status = 400 if request.method == "POST" else 200
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
        except REFUSED as error:
            status = form.take(error, "body")
    page = talk_queries.posts(db(), found.id, None, page_number(request.args.get("page")))
    ticked = {line.id for line in chosen} if request.method == "GET" else set()
    shown = render_template(
        "community/summarise.html", form=form, ticked=ticked, thread=found, group=group_, participants=participants, page=page,
        allowed=allowed, categories=knowledge.categories(db()), lesson=queries.lesson_of(db(), Lesson.thread_id == found.id),
    )  # fmt: skip
    return shown, status


@blueprint.post("/articles/<code>/comments/<int(max=2147483647):number>/thread")
@staff_only
def thread_from_comment(code: str, number: int) -> Response:
    """เปิดกระทู้ในกลุ่ม from a comment under an article."""
    article, comment = life.comment_to_see(db(), viewer(), code, number)
    try:
        found = queries.group_to_see(db(), viewer(), request.form.get("group", ""))
        opened = talk.thread_from_comment(db(), part("desk"), viewer(), found, article, comment, now())
    except (Invalid, TooLarge) as error:
        flash(error.message, "error")
        return redirect(url_for("knowledge.show", code=code, _anchor="comments"))
    part("worker").wake()
    return redirect(url_for("talk.thread", code=opened.code))


@blueprint.get("/threads/<code>/since")
@guests_too
def since(code: str) -> str:
    """Replies after one, as a piece of the page: the page asks now and then while somebody looks at it."""
    found, group_ = talk_queries.thread_to_read(db(), viewer(), code)
    fresh = talk_queries.posts_after(db(), found.id, whole(request.args.get("post")))
    marks = talk_queries.marks(db(), found.id, viewer()) if fresh else {}
    return render_template("community/since.html", posts=fresh, marks=marks, may=may_do(found, group_))


@blueprint.route("/threads/<code>/posts/<int(max=2147483647):number>/edit", methods=["GET", "POST"])
@guests_too
def edit(code: str, number: int) -> str | Response | tuple[str, int]:
    """Change one's own text; 0 is the opening."""
    found, group_ = talk_queries.thread_to_read(db(), viewer(), code)
    text = talk_queries.post_of_thread(db(), found.id, number)[0] if number else found
    if text.author_id != staff_id():
        raise NotAllowed("แก้ได้เฉพาะข้อความของตนเอง")
    if request.method == "GET":
        talk.may_reply(viewer(), group_, found)
    form = EditForm(obj=text)
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        try:
            talk.edit_text(db(), part("desk"), viewer(), found, group_, number, form.body.data or "", now())
            part("worker").wake()
            return _back(code, number)
        except REFUSED as error:
            status = form.take(error, "body")
    return render_template("community/edit_post.html", form=form, thread=found, number=number), status


@blueprint.get("/threads/<code>/posts/<int(max=2147483647):number>/earlier")
@guests_too
def earlier(code: str, number: int) -> str:
    """What a text said before it was edited."""
    found, _ = talk_queries.thread_to_read(db(), viewer(), code)
    texts = talk_queries.earlier_texts(db(), found.id, number)
    return render_template("community/earlier.html", thread=found, number=number, texts=texts)


@blueprint.post("/threads/<code>/posts/<int(max=2147483647):number>/<any(mark, answer, report):act>")
@guests_too
def act_on_post(code: str, number: int, act: str) -> Response:
    """มีประโยชน์, ขอบคุณ, this is the answer, or a word to the facilitators."""
    found, group_ = talk_queries.thread_to_read(db(), viewer(), code)
    try:
        if act == "mark":
            talk.mark(db(), viewer(), found, group_, number, request.form.get("kind", ""))
        elif act == "answer":
            talk.choose_answer(db(), viewer(), found, group_, number)
        else:
            talk.report(db(), viewer(), found, group_, number, request.form.get("reason", ""), now())
            flash("แจ้งผู้ดำเนินกลุ่มแล้ว ขอบคุณที่ช่วยดูแลกัน")
    except Invalid as error:
        flash_invalid(error)
    return _back(code, number)


@blueprint.post("/threads/<code>/manage")
@guests_too
def manage(code: str) -> Response:
    """A facilitator pins, locks or moves; anyone follows or mutes."""
    found, group_ = talk_queries.thread_to_read(db(), viewer(), code)
    action = request.form.get("action", "")
    try:
        if action in ("follow", "mute"):
            talk.follow(db(), viewer(), found, action == "follow")
        elif action == "move":
            target = tidying.move_thread(db(), viewer(), found, group_, request.form.get("group", ""))
            part("worker").wake()
            flash(f"ย้ายกระทู้ไปกลุ่ม {target.name} แล้ว")
        elif action == "merge":
            into = tidying.merge_threads(db(), viewer(), found, group_, request.form.get("into", ""))
            part("worker").wake()
            flash("รวมกระทู้แล้ว ที่อยู่เดิมพามาที่นี่")
            return redirect(url_for("talk.thread", code=into.code))
        else:
            tidying.manage_thread(db(), viewer(), found, group_, action)
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("talk.thread", code=code))


def _back(code: str, number: int) -> Response:
    """To the page on which a post stands."""
    return redirect(url_for("talk.thread", code=code, post=number) if number else url_for("talk.thread", code=code))
