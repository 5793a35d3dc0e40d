"""Pages of writing: the editor, its helpers for scripts, files and documents, and what happens when two people save."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.core.errors import Conflict, Invalid, KhlangError, NotAllowed, NotFound, TooLarge
from app.core.rendering import MAX_CHARACTERS
from app.core.thai import normalise, one_line, thai_date
from app.core.web import config, db, flash_invalid, now, offered, part, today, wants_json, whole
from app.documents import soft_breaks
from app.documents.imported import Imported, read_paste
from app.knowledge import (
    attaching,
    commands,
    life_queries,
    merging,
    queries,
    review_queries,
    reviewing,
    rules,
    writing_queries,
)
from app.knowledge.commands import Saved, StaleVersion
from app.knowledge.forms import ArticleForm
from app.knowledge.models import Article, Autosave, Origin
from app.knowledge.templates_folder import templates
from app.people import queries as people
from app.people.current import staff_id, staff_only, viewer
from app.people.rules import short_name
from app.training import queries as training_queries
from app.training.models import ATTENDED_KINDS, Training

blueprint = Blueprint("writing", __name__)
PRESENT_FOR = timedelta(seconds=75)
MAX_AUTOSAVE = 400_000
MAX_PASTE = 2_000_000
KEPT_FIELDS = (
    "title", "body", "category", "tags", "visibility", "group_id", "summary", "minor", "review_due_on", "co_authors",
    "series", "series_number", "version", "template",
)  # fmt: skip


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
    form.template.data = "post-training"
    template = templates(db()).get("post-training")
    form.body.data = rules.fill_template(template.body, values) if template else ""
    form.training.data = training.code


@blueprint.route("/articles/new", methods=["GET", "POST"])
@staff_only
def new() -> str | Response | tuple[str, int] | tuple[Response, int]:
    """Write an article: blank, from a template, or after a course."""
    asked = request.values.get("training", "")
    training = training_queries.training_by_code(db(), asked) if asked else None
    place = commands.place_of(None, training.id if training else None)
    kept = writing_queries.autosaved(db(), staff_id(), place)
    form = _form_with(kept) if kept and request.method == "GET" and "restore" in request.args else ArticleForm()
    fill_choices(form)
    if request.method == "GET":
        if training is not None:
            begun = queries.draft_after(db(), staff_id(), training.id)
            if begun is not None:
                return redirect(url_for("writing.edit", code=begun.code))
        if "restore" not in request.args:
            _begin(form, training)
        return _editor(form, None, training, None if "restore" in request.args else kept)
    try:
        if not form.validate():
            raise Invalid({})
        if training is not None and staff_id() not in _attended(training):
            raise Invalid({"training": "เขียนบทความหลังอบรมได้เฉพาะหลักสูตรที่ท่านเข้าอบรม"})
        origin = Origin(training_id=training.id if training else None)
        publish = request.form.get("act") == "publish"
        article = commands.create_article(db(), part("desk"), viewer(), form.text(), origin, now(), publish=publish)
    except (Invalid, TooLarge, NotAllowed) as error:
        return _wrong(form, None, training, error)
    part("worker").wake()
    return _after_save(article, _outcome_of_new(article))


def _begin(form: ArticleForm, training: Training | None) -> None:
    if training is not None:
        _from_training(form, training)
    elif (chosen := templates(db()).get(request.args.get("template", ""))) is not None:
        form.body.data, form.category.data, form.template.data = chosen.body, chosen.category, chosen.key
    if training is None and (title := request.args.get("title", "")):
        form.title.data = one_line(title)[: rules.MAX_TITLE]


def _outcome_of_new(article: Article) -> str:
    if article.state != "draft":
        return "publish"
    return "review" if reviewing.open_review_of(db(), article.id) else "draft"


def _form_with(kept: Autosave) -> ArticleForm:
    """The editor's form filled with what was typed and not saved."""
    return ArticleForm(formdata=MultiDict(kept.fields))


def _form_of(article: Article) -> ArticleForm:
    text = writing_queries.text_of(db(), article, queries.revision(db(), article, article.latest_number))
    return ArticleForm(
        title=text.title, body=text.body, category=text.category, tags=", ".join(text.tags),
        visibility=text.visibility, group_id=text.group_id or 0, review_due_on=text.review_due_on,
        version=str(text.version), co_authors=", ".join(short_name(name) for name in text.co_authors or ()),
        series=text.series, series_number=text.series_number, template=text.template,
    )  # fmt: skip


@blueprint.route("/articles/<code>/edit", methods=["GET", "POST"])
@staff_only
def edit(code: str) -> str | Response | tuple[str, int] | tuple[Response, int]:
    """Edit. Another's save meanwhile is merged in; where both changed the same lines the answer is 409 with both."""
    article = queries.article_to_edit(db(), viewer(), code)
    kept = writing_queries.autosaved(db(), staff_id(), commands.place_of(article.id, None))
    if request.method == "GET":
        restoring = kept is not None and "restore" in request.args
        form = _form_with(kept) if kept and restoring else _form_of(article)
        fill_choices(form)
        return _editor(form, article, None, None if restoring else kept)
    form = ArticleForm()
    fill_choices(form)
    publish = request.form.get("act") == "publish"
    choices = tuple(_numbered("choice-"))
    try:
        if not form.validate():
            raise Invalid({})
        saved = commands.save_article(
            db(), part("desk"), viewer(), code, form.text(), now(), publish=publish, choices=choices,
            against=whole(request.form.get("against", "")),
        )  # fmt: skip
    except StaleVersion as stale:
        return _conflict(form, article, stale), 409
    except (Invalid, TooLarge, NotAllowed, Conflict) as error:
        return _wrong(form, article, None, error)
    part("worker").wake()
    return _after_save(saved.article, saved.outcome, saved)


def _numbered(prefix: str) -> list[str]:
    """Values of choice-0, choice-1 … in order."""
    found: list[str] = []
    while (value := request.form.get(f"{prefix}{len(found)}")) is not None and len(found) < 1000:
        found.append(value)
    return found


def _wrong(
    form: ArticleForm, article: Article | None, training: Training | None, error: KhlangError
) -> tuple[str, int] | tuple[Response, int]:
    if isinstance(error, Invalid):
        form.take(error)
    else:
        form.form_errors = [error.message]
    if wants_json():
        said = [error.message] if error.message else [str(texts[0]) for texts in form.errors.values()]
        return jsonify(error=" ".join(said)), error.status
    return _editor(form, article, training, None), error.status


def _editor(form: ArticleForm, article: Article | None, training: Training | None, kept: Autosave | None) -> str:
    who, body = viewer(), form.body.data or ""
    files = queries.attachments(db(), article.id) if article else []
    chosen = templates(db()).get(form.template.data or "")
    review = review_queries.newest_round(db(), article.id) if article else None
    tree = life_queries.category_tree(db())
    saved_body = _form_of(article).body.data or "" if article and kept else ""
    return render_template(
        "knowledge/editor.html", form=form, article=article, training=training, files=files, tree=tree,
        templates=templates(db()).values(), limit=MAX_CHARACTERS, upload_mb=config().max_upload_bytes // 1024 // 1024,
        sections=rules.checklist(chosen.body, body) if chosen else [], kept=_lost(kept, saved_body, article.title if article else ""),
        others=writing_queries.others_editing(db(), article.id, staff_id(), now() - PRESENT_FOR) if article else [],
        review=review, series=life_queries.series_names(db()), may_add_category=commands.keeps_categories(who),
        comments=review_queries.comments_to_settle(db(), article.id) if article else [],
        roster=[short_name(line.name) for line in people.people_on(db(), today())],
        asked_to_shorten=bool(form.shorter.errors), checked=[one.name for one in tree if one.policy != "none"],
    )  # fmt: skip


def _lost(kept: Autosave | None, saved: str, title: str) -> dict[str, Any] | None:
    """What was typed and not saved, beside what is saved; None when there is no difference."""
    if kept is None or (normalise(str(kept.fields.get("body", ""))) == saved and kept.fields.get("title") == title):
        return None
    lines = rules.compare(saved, normalise(str(kept.fields.get("body", ""))), part("search").words.pieces)
    return {"at": kept.at, "lines": lines}


def _conflict(form: ArticleForm, article: Article, stale: StaleVersion) -> str:
    words = part("search").words.pieces
    pieces = [
        (piece, rules.compare("\n".join(piece.theirs), "\n".join(piece.mine), words))
        for piece in merging.conflicts(stale.pieces)
    ]
    name = queries.name_of(db(), stale.theirs.editor_id)
    return render_template(
        "knowledge/conflict.html", form=form, article=article, theirs=stale.theirs, pieces=pieces, error=stale.message,
        name=name, their_title=stale.title, choices=merging.CHOICES, act=request.form.get("act", "publish"),
    )  # fmt: skip


OUTCOMES = {
    "draft": "บันทึกร่างแล้ว มีเพียงผู้เขียนและผู้ร่วมเขียนที่เห็น",
    "publish": "เผยแพร่แล้ว",
    "review": "ส่งตรวจแล้ว ผู้อ่านจะเห็นเมื่อผู้ตรวจอนุมัติ ระบบจะแจ้งท่าน",
}


def _after_save(article: Article, outcome: str, saved: Saved | None = None) -> Response:
    said = OUTCOMES[outcome]
    if outcome == "draft" and article.state != "draft":
        said = "บันทึกร่างของฉบับใหม่แล้ว ผู้อ่านยังเห็นฉบับเดิม"
    if saved and saved.merged_with:
        said += f" รวมกับที่ {short_name(saved.merged_with)} แก้ไว้ในส่วนอื่นให้แล้ว ดูได้ที่ประวัติ"
    if wants_json():
        edit_url = url_for("writing.edit", code=article.code)
        return jsonify(code=article.code, version=article.version, edit=edit_url)
    flash(said)
    if outcome == "draft":
        # `saved` lets the script throw away its own copy: only a page after a save carries it.
        return redirect(url_for("writing.edit", code=article.code, saved=article.version))
    return redirect(url_for("knowledge.show" if article.state != "draft" else "review.show", code=article.code))


@blueprint.post("/articles/preview")
@staff_only
def preview() -> Response | tuple[Response, int] | str:
    """The server's own rendering of a text being written, with checklist, length and warnings for scripts."""
    code, body = request.form.get("code", ""), request.form.get("body", "")
    try:
        rendered = commands.render_article(part("desk"), code, body)
    except TooLarge as error:
        return jsonify(error=error.message), 413
    if not wants_json():
        return render_template("knowledge/preview.html", html=rendered.html)
    chosen = templates(db()).get(request.form.get("template", ""))
    sections = rules.checklist(chosen.body, normalise(body)) if chosen else []
    words = sum(1 for word in part("search").words.pieces(normalise(body)) if any(c.isalnum() for c in word))
    return jsonify(
        html=rendered.html, words=words, minutes=rules.reading_minutes(words), warnings=_personal(body),
        sections=[{"name": one.name, "filled": one.filled} for one in sections],
    )  # fmt: skip


def _personal(body: str) -> list[str]:
    """What should not stand in an article under the law on personal data."""
    found = []
    if ids := rules.citizen_ids(body):
        found.append(f"พบเลขประจำตัวประชาชน {ids} แห่ง โปรดลบหรือปิดบางส่วนก่อนเผยแพร่")
    if phones := rules.phone_numbers(body):
        found.append(f"พบเบอร์โทรศัพท์มือถือ {phones} แห่ง ถ้าเป็นเบอร์ส่วนตัว โปรดลบก่อนเผยแพร่")
    return found


@blueprint.post("/articles/autosave")
@staff_only
def autosave() -> Response | tuple[Response, int]:
    """Keep what is typed for its writer, and note who has the article open; scripts call this every few seconds."""
    article = queries.article_to_edit(db(), viewer(), request.form["code"]) if request.form.get("code") else None
    asked = request.form.get("training", "")
    training = training_queries.training_by_code(db(), asked) if asked and article is None else None
    others: list[str] = []
    if request.form.get("changed"):
        fields = {name: request.form.get(name, "") for name in KEPT_FIELDS}
        if sum(map(len, fields.values())) > MAX_AUTOSAVE:
            return jsonify(error="ข้อความยาวเกินกว่าจะสำรองอัตโนมัติ โปรดกดบันทึก"), 413
        place = commands.place_of(article.id if article else None, training.id if training else None)
        commands.autosave(db(), staff_id(), place, fields, now())
    if article is not None:
        commands.note_presence(db(), article.id, staff_id(), now())
        others = writing_queries.others_editing(db(), article.id, staff_id(), now() - PRESENT_FOR)
    version = article.version if article else 0
    return jsonify(others=[short_name(name) for name in others], version=version)


@blueprint.post("/articles/autosave/discard")
@staff_only
def discard() -> Response:
    """Throw away what was typed and not saved."""
    code, asked = request.form.get("code", ""), request.form.get("training", "")
    article = queries.article_to_edit(db(), viewer(), code) if code else None
    training = training_queries.training_by_code(db(), asked) if asked else None
    commands.discard_autosave(
        db(), staff_id(), commands.place_of(article.id if article else None, training.id if training else None)
    )
    if article is not None:
        return redirect(url_for("writing.edit", code=article.code))
    return redirect(url_for("writing.new", training=asked or None))


@blueprint.get("/articles/suggest")
@staff_only
def suggest() -> Response:
    """What `[[` and `@` may go on with: titles this person may read, or names."""
    text = one_line(request.args.get("q", ""))[:100]
    if request.args.get("kind") == "people":
        lines = people.people_on(db(), today(), text=text)[:8] if text else []
        return jsonify([{"value": short_name(line.name), "about": line.position} for line in lines])
    titles = writing_queries.titles_like(db(), viewer(), text) if text else []
    return jsonify([{"value": title, "about": ""} for title in titles])


@blueprint.post("/articles/<code>/files")
@staff_only
def upload(code: str) -> Response | tuple[Response, int]:
    """Attach a file; scripts get JSON with the Markdown to insert."""
    given = request.files.get("file")
    try:
        if given is None or not given.filename:
            raise Invalid({"file": "โปรดเลือกไฟล์"})
        kept = attaching.attach(db(), part("desk"), viewer(), code, given.filename, given.read(), now())
    except Invalid as error:
        if wants_json():
            return jsonify(error=" ".join(error.fields.values())), 400
        flash_invalid(error)
        return redirect(url_for("writing.edit", code=code))
    picture = kept.media_type.startswith("image/")
    alt = one_line(request.form.get("alt", ""))[:200].translate(str.maketrans("", "", "[]")) if picture else ""
    text = f"{'!' if picture else ''}[{alt or kept.name}]({kept.name.replace(' ', '%20')})"
    if wants_json():
        return jsonify(markdown=text, name=kept.name, picture=picture)
    flash(f"แนบ {kept.name} แล้ว")
    return redirect(url_for("writing.edit", code=code))


@blueprint.post("/articles/import")
@staff_only
def import_document() -> str | Response | tuple[Response, int] | tuple[str, int]:
    """A Word or PDF file to look over before it is used; a new article begins as a draft to hold its pictures."""
    given, code = request.files.get("document"), request.form.get("code", "")
    try:
        if given is None or not given.filename:
            raise Invalid({"file": "โปรดเลือกไฟล์ Word (.docx) หรือ PDF"})
        content = given.read()
        begun = not code
        article = queries.article_to_edit(db(), viewer(), code) if code else _draft_for_import(given.filename)
        try:
            read = attaching.import_document(
                db(), part("desk"), viewer(), article.code, content, part("search").words.pieces, now()
            )
        except Invalid:
            if begun:
                commands.delete_article(db(), viewer(), article.code, now())
            raise
    except Invalid as error:
        message = " ".join(error.fields.values())
        if wants_json():
            return jsonify(error=message), 400
        flash(message, "error")
        return redirect(url_for("writing.edit", code=code) if code else url_for("writing.new"))
    if wants_json():
        return jsonify(
            code=article.code, markdown=read.markdown, title=read.title, report=read.report, check=read.check_text
        )
    return _imported(article, read)


def _draft_for_import(filename: str) -> Article:
    """A draft of one's own for a file's text and pictures."""
    asked = request.form.get("training", "")
    training = training_queries.training_by_code(db(), asked) if asked else None
    if training is not None and staff_id() not in _attended(training):
        raise Invalid({"file": "เขียนบทความหลังอบรมได้เฉพาะหลักสูตรที่ท่านเข้าอบรม"})
    form = ArticleForm()
    fill_choices(form)
    text = form.text()
    title = text.title or one_line(filename.rsplit(".", 1)[0])[: rules.MAX_TITLE] or "เอกสารนำเข้า"
    draft = rules.draft_of(text, title)
    origin = Origin(training_id=training.id if training else None)
    return commands.create_article(db(), part("desk"), viewer(), draft, origin, now(), publish=False)


def _imported(article: Article, read: Imported, *, preview: bool = True) -> str:
    html = commands.render_article(part("desk"), article.code, read.markdown).html if preview else ""
    text = writing_queries.text_of(db(), article, queries.revision(db(), article, article.latest_number))
    return render_template(
        "knowledge/imported.html", article=article, read=read, html=html, has_text=bool(text.body.strip())
    )


@blueprint.post("/articles/<code>/import")
@staff_only
def use_import(code: str) -> Response | tuple[str, int]:
    """The looked-over text of a file becomes, or joins, the article's draft."""
    article = queries.article_to_edit(db(), viewer(), code)
    body, title = normalise(request.form.get("body", "")), one_line(request.form.get("title", ""))
    how = request.form.get("how", "after")
    text = writing_queries.text_of(db(), article, queries.revision(db(), article, article.latest_number))
    text = rules.with_imported(text, title, body, replace_all=how == "replace")
    try:
        commands.save_article(db(), part("desk"), viewer(), code, text, now(), publish=False)
    except (Invalid, TooLarge, NotAllowed, Conflict) as error:
        flash(error.message, "error")
        read = Imported(body, title)
        return _imported(article, read, preview=False), error.status
    return redirect(url_for("writing.edit", code=code))


@blueprint.post("/articles/paste")
@staff_only
def paste() -> Response | tuple[Response, int]:
    """HTML of the clipboard as Markdown."""
    html = request.form.get("html", "")
    if len(html) > MAX_PASTE:
        return jsonify(error="ข้อความที่วางยาวเกินไป โปรดนำเข้าเป็นไฟล์ Word แทน"), 413
    try:
        read = read_paste(html)
    except Invalid as error:
        return jsonify(error=error.message), 400
    markdown = soft_breaks.settle(read.markdown, part("search").words.pieces)
    if len(markdown) > MAX_CHARACTERS:
        return jsonify(error=f"ข้อความที่วางยาวเกิน {MAX_CHARACTERS:,} ตัวอักษร"), 413
    return jsonify(markdown=markdown, report=read.report)


@blueprint.post("/articles/<code>/restore/<number>")
@staff_only
def restore(code: str, number: str) -> Response:
    """Save an old text again; it goes the same way to readers as any edit."""
    if not number.isascii() or not number.isdigit() or len(number) > 6:
        raise NotFound("ไม่พบฉบับนี้ของบทความ")
    try:
        saved = commands.restore_revision(db(), part("desk"), viewer(), code, int(number), now())
    except Invalid as error:
        flash_invalid(error)
        return redirect(url_for("knowledge.history", code=code))
    part("worker").wake()
    return _after_save(saved.article, saved.outcome)


@blueprint.post("/articles/<code>/comments/<int(max=2147483647):number>/settle")
@staff_only
def settle_comment(code: str, number: int) -> Response:
    """The author has dealt with a reviewer's comment."""
    reviewing.settle_comment(db(), viewer(), code, number, now())
    return redirect(url_for("writing.edit", code=code))
