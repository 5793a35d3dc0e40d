"""Pages of writing: the editor, its preview, files, and what happens when two people save."""

from __future__ import annotations

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.errors import Invalid, TooLarge
from app.core.rendering import MAX_CHARACTERS
from app.core.thai import thai_date
from app.core.web import config, db, flash_invalid, now, offered, part, wants_json
from app.knowledge import commands, queries, rules
from app.knowledge.commands import StaleVersion
from app.knowledge.forms import ArticleForm
from app.knowledge.models import Article, Origin
from app.knowledge.templates_folder import templates
from app.people.current import staff_id, staff_only, viewer
from app.training import queries as training_queries
from app.training.models import ATTENDED_KINDS, Training

blueprint = Blueprint("writing", __name__)


def fill_choices(form: ArticleForm) -> None:
    """Groups the writer is a member of."""
    groups = part("own_groups")(db(), viewer())
    form.group_id.choices = offered([(0, "–"), *((group.id, group.name) for group in groups)])


def _attended(training: Training) -> set[int]:
    lines = training_queries.attendees(db(), training.id)
    return {line.staff_id for line in lines if line.status != "void" and line.result == "done"}


def _from_training(form: ArticleForm, training: Training) -> None:
    names = [line.name for line in training_queries.attendees(db(), training.id) if line.status != "void"]
    days = thai_date(training.start_on, long=True)
    if training.end_on != training.start_on:
        days += " ถึง " + thai_date(training.end_on, long=True)
    values = {
        "course_title": training.title, "course_kind": training.kind, "organizer": training.organizer,
        "place": training.place, "dates": days, "hours": f"{training.hours:g}" if training.hours else "",
        "order_no": training.order_no, "attendees": ", ".join(names),
    }  # fmt: skip
    begun = f"สิ่งที่ได้จากการ{training.kind}" if training.kind in ATTENDED_KINDS else "สิ่งที่ได้จากการเรียน"
    form.title.data = f"{begun}: {training.title}"[: rules.MAX_TITLE]
    form.body.data = rules.fill_template(templates()["post-training"].body, values)
    form.training.data = training.code


@blueprint.route("/articles/new", methods=["GET", "POST"])
@staff_only
def new() -> str | Response | tuple[str, int]:
    """Write an article: blank, from a template, or after a course."""
    form = ArticleForm()
    fill_choices(form)
    asked = request.args.get("training", "") if request.method == "GET" else form.training.data or ""
    training = training_queries.training_by_code(db(), asked) if asked else None
    if request.method == "GET":
        if training is not None:
            begun = queries.draft_after(db(), staff_id(), training.id)
            if begun is not None:
                return redirect(url_for("writing.edit", code=begun.code))
            _from_training(form, training)
        elif (chosen := templates().get(request.args.get("template", ""))) is not None:
            form.body.data, form.category.data = chosen.body, chosen.category
        return _editor(form, None, training)
    try:
        if not form.validate():
            raise Invalid({})
        if training is not None and staff_id() not in _attended(training):
            raise Invalid({"training": "เขียนบทความหลังอบรมได้เฉพาะหลักสูตรที่ท่านเข้าอบรม"})
        origin = Origin(training_id=training.id if training else None)
        publish = request.form.get("act") == "publish"
        article = commands.create_article(db(), part("desk"), viewer(), form.text(), origin, now(), publish=publish)
    except Invalid as error:
        form.take(error)
        return _editor(form, None, training), 400
    except TooLarge as error:
        form.form_errors = [error.message]
        return _editor(form, None, training), 413
    part("worker").wake()
    return _after_save(article, publish)


@blueprint.route("/articles/<code>/edit", methods=["GET", "POST"])
@staff_only
def edit(code: str) -> str | Response | tuple[str, int]:
    """Edit; a save on an outdated version answers 409 with both texts."""
    article = queries.article_to_edit(db(), viewer(), code)
    latest = queries.revision(db(), article, article.latest_number)
    page = queries.article_page(db(), article)
    form = ArticleForm(
        title=article.title, body=latest.body, category=page.category, tags=", ".join(page.tags),
        visibility=article.visibility, group_id=article.group_id or 0, review_due_on=article.review_due_on,
        version=str(article.version),
    )  # fmt: skip
    fill_choices(form)
    if request.method == "GET":
        return _editor(form, article, None)
    publish = request.form.get("act") == "publish"
    try:
        if not form.validate():
            raise Invalid({})
        article = commands.save_article(db(), part("desk"), viewer(), code, form.text(), now(), publish=publish)
    except StaleVersion as stale:
        return _conflict(form, article, stale), 409
    except Invalid as error:
        form.take(error)
        return _editor(form, article, None), 400
    except TooLarge as error:
        form.form_errors = [error.message]
        return _editor(form, article, None), 413
    part("worker").wake()
    return _after_save(article, publish)


def _editor(form: ArticleForm, article: Article | None, training: Training | None) -> str:
    files = queries.attachments(db(), article.id) if article else []
    return render_template(
        "knowledge/editor.html", form=form, article=article, training=training, files=files,
        categories=queries.categories(db()), templates=templates().values(), limit=MAX_CHARACTERS,
        upload_mb=config().max_upload_bytes // 1024 // 1024,
    )  # fmt: skip


def _conflict(form: ArticleForm, article: Article, stale: StaleVersion) -> str:
    lines = rules.compare(stale.theirs.body, form.text().body, part("search").words.pieces)
    theirs = stale.theirs
    form.version.data = str(stale.version)
    form.version.raw_data = [str(stale.version)]
    return render_template(
        "knowledge/conflict.html", form=form, article=article, theirs=theirs, lines=lines, error=stale.message
    )


def _after_save(article: Article, publish: bool) -> Response:
    if article.state == "draft":
        flash("บันทึกร่างแล้ว มีเพียงท่านที่เห็น")
        return redirect(url_for("writing.edit", code=article.code))
    flash("เผยแพร่แล้ว" if publish else "บันทึกแล้ว")
    return redirect(url_for("knowledge.show", code=article.code))


@blueprint.post("/articles/preview")
@staff_only
def preview() -> Response | tuple[Response, int] | str:
    """The server's own rendering of a text being written."""
    code = request.form.get("code", "")
    try:
        rendered = commands.render_article(part("desk"), code, request.form.get("body", ""))
    except TooLarge as error:
        return jsonify(error=error.message), 413
    if wants_json():
        return jsonify(html=rendered.html)
    return render_template("knowledge/preview.html", html=rendered.html)


@blueprint.post("/articles/<code>/files")
@staff_only
def upload(code: str) -> Response | tuple[Response, int]:
    """Attach a file; scripts get JSON with the Markdown to insert."""
    given = request.files.get("file")
    try:
        if given is None or not given.filename:
            raise Invalid({"file": "โปรดเลือกไฟล์"})
        kept = commands.attach(db(), part("desk"), viewer(), code, given.filename, given.read(), now())
    except Invalid as error:
        if wants_json():
            return jsonify(error=" ".join(error.fields.values())), 400
        flash_invalid(error)
        return redirect(url_for("writing.edit", code=code))
    mark = "!" if kept.media_type.startswith("image/") else ""
    if wants_json():
        return jsonify(markdown=f"{mark}[{kept.name}]({kept.name.replace(' ', '%20')})", name=kept.name)
    flash(f"แนบ {kept.name} แล้ว")
    return redirect(url_for("writing.edit", code=code))
