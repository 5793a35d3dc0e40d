"""Pages of reading: lists, an article, its files, history and links. The openings counted here are the plan's A5."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, after_this_request, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.activity import queries as activity_queries
from app.activity import rules as activity_rules
from app.activity.commands import Opening
from app.activity.models import OpenedFacts
from app.core.clock import bangkok_day
from app.core.errors import Invalid, NotFound
from app.core.guard import attempt
from app.core.paging import page_number
from app.core.web import config, db, flash_invalid, is_navigation, now, part, send_kept, today
from app.knowledge import commands, life, life_queries, queries, review_queries, reviewing, rules
from app.knowledge.forms import ApplyForm, CommentForm, ReadForm, RetireForm, ValidForm
from app.knowledge.life import Applied
from app.knowledge.models import Article
from app.people.current import staff_id, staff_only, viewer
from app.people.models import Role

blueprint = Blueprint("knowledge", __name__)


@blueprint.get("/articles")
def index() -> str:
    """What this person may read, newest first, by category or tag."""
    category, tag = request.args.get("category", ""), request.args.get("tag", "")
    page = queries.articles(db(), viewer(), category, tag, page_number(request.args.get("page")))
    counts = queries.category_counts(db(), viewer())
    keeper = commands.keeps_categories(viewer())
    return render_template("knowledge/index.html", page=page, category=category, tag=tag, counts=counts, keeper=keeper)


@blueprint.get("/articles/<code>")
@blueprint.get("/articles/<code>/<name>")
def show(code: str, name: str = "") -> str | Response:
    """The article. Opening it is recorded after the page is made, and never breaks it."""
    article = queries.article_to_read(db(), viewer(), code)
    wanted = rules.article_slug(article.title)
    if name != wanted:
        token = request.args.get("s")
        return redirect(url_for("knowledge.show", code=code, name=wanted, s=token))
    page = queries.article_page(db(), article, viewer().staff_id)
    shown = render_template("knowledge/article.html", **_page(article, page))
    record_opening(article, page.last_edit_at)
    return shown


def _page(article: Article, page: queries.ArticlePage, retire_form: RetireForm | None = None) -> dict[str, Any]:
    """Everything an article's page shows to this person."""
    who = viewer()
    credited = frozenset(number for number, _, _ in page.credited)
    can_edit = rules.can_edit(who, article, credited)
    values: dict[str, Any] = {
        "page": page, "article": article, "revision": page.revision, "access_rule": activity_rules.ACCESS_RULE,
        "figures": activity_queries.access_figures(db(), article.id), "can_edit": can_edit,
        "can_approve": rules.can_approve(who, article) and who.staff_id not in credited, "links": config().base_url,
        "names_seen": who.has(Role.SECRETARY, Role.EVALUATOR) or who.staff_id == article.author_id,
        "heir": queries.readable_article(db(), who, article.successor_id) if article.successor_id else None,
        "series": life_queries.series_of(db(), who, article), "today": today(), "keeper": commands.keeps_categories(who),
        "approval": review_queries.approval_of(db(), article) if article.review_approved_on else None,
        "beside": life_queries.beside(db(), who, article, part("related").of(db(), article, now())),
        "applications": [], "comments": [], "asked": None, "requests": [], "newer": False, "waits": False,
        "files": page.attachments if can_edit else _visible_files(article, page),
    }  # fmt: skip
    if not who.is_staff:
        return values
    newer = article.published_number is not None and article.latest_number > article.published_number
    values |= {
        "applications": queries.applications(db(), article.id), "apply_form": ApplyForm(on=today()),
        "comments": life_queries.comments(db(), article.id), "comment_form": CommentForm(),
        "own_groups": [],
        "retire_form": retire_form or RetireForm(), "valid_form": ValidForm(), "read_form": ReadForm(), "newer": newer and can_edit,
        "waits": can_edit and (newer or article.state == "draft") and reviewing.open_review_of(db(), article.id) is not None,
    }  # fmt: skip
    if values["comments"]:
        values["own_groups"] = part("own_groups")(db(), who)
    asks = life.may_ask_to_read(who) and article.state == "published"
    requests = life_queries.read_requests(db(), article.id)
    values["asked"] = next((one.request for one in requests if one.request.staff_id == who.staff_id), None)
    if asks:
        values["requests"] = requests
        values["to_ask"] = life.people_to_ask(db(), who, today())
    return values


def _visible_files(article: Article, page: queries.ArticlePage) -> list[queries.FileLine]:
    if not page.attachments or article.published_number is None:
        return page.attachments
    policy = queries.policy_of(db(), {page.category})
    return [f for f in page.attachments if queries.shows_file(article, page.revision, policy, f.name, f.added_at)]


def record_opening(article: Article, edited: datetime | None) -> None:
    """Record this request as an opening once its answer is a success; `edited`: the reader's last save, if any."""
    if not is_navigation():
        return
    who, at = viewer(), now()
    article_id, author_id, published = article.id, article.author_id, article.state == "published"
    agent = request.headers.get("User-Agent", "")
    address = request.remote_addr or ""
    token = request.args.get("s", "")[:40]

    @after_this_request
    def _after(response: Response) -> Response:
        if response.status_code not in activity_rules.SUCCESSFUL:
            return response

        def record() -> None:
            day = bangkok_day(at)
            guest = (
                "" if who.staff_id is not None else activity_rules.guest_key(part("recorder").salt(day), address, agent)
            )
            facts = OpenedFacts(
                at=at, status_code=response.status_code, robot=activity_rules.is_robot(agent), published=published,
                is_author=who.staff_id == author_id, is_admin=who.has(Role.ADMIN), last_edit_at=edited,
            )  # fmt: skip
            opening = Opening(article_id, who.staff_id, guest, "web", facts, token, address, agent)
            part("recorder").record(opening, today())

        attempt("recording an access", record, lambda: None)
        return response


def _article_of_file(code: str) -> Article:
    """The article when this person reads it, edits it, or has to check it now."""
    try:
        return queries.article_to_read(db(), viewer(), code)
    except NotFound:
        checked = review_queries.checks_now(db(), viewer(), code, today()) if viewer().staff_id else None
        if checked is None:
            raise
        return checked


def _hides(article: Article, name: str, added_at: datetime) -> bool:
    """Whether a file belongs to a text this person may not see yet."""
    if article.published_number is None:
        return False
    shown = queries.revision(db(), article, article.published_number)
    policy = queries.policy_of(db(), {queries.category_name(db(), article.category_id)})
    if queries.shows_file(article, shown, policy, name, added_at):
        return False
    who = viewer()
    if who.staff_id is None:
        return True
    if rules.can_edit(who, article, queries.credited_ids(db(), article.id)):
        return False
    return review_queries.checks_now(db(), who, article.code, today()) is None


@blueprint.get("/articles/<code>/files/<name>")
def file(code: str, name: str) -> Response:
    """A file of an article, under the article's permission of now; opening it counts as the article."""
    article = _article_of_file(code)
    attachment = queries.attachment(db(), article, name)
    if _hides(article, name, attachment.added_at):
        raise NotFound("ไม่พบไฟล์แนบนี้")
    missing = "ไฟล์แนบนี้หายไปจากเครื่อง โปรดแจ้งผู้ดูแลระบบ"
    response = send_kept(attachment.sha256, attachment.media_type, attachment.name, missing)
    response.headers["Cache-Control"] = "private, no-cache"
    if request.headers.get("Sec-Fetch-Dest", "document") == "document":
        reader = viewer().staff_id
        record_opening(article, queries.last_edit_at(db(), article.id, reader, now()) if reader else None)
    return response


def _number(text: str | None) -> int:
    if not text or not text.isascii() or not text.isdigit() or len(text) > 6:
        raise NotFound("ไม่พบฉบับนี้ของบทความ")
    return int(text)


@blueprint.get("/articles/<code>/history")
def history(code: str) -> str:
    """Revisions, newest first. Readers see approved ones only."""
    article = queries.article_to_read(db(), viewer(), code)
    whole = rules.can_edit(viewer(), article, queries.credited_ids(db(), article.id))
    revisions = queries.history(db(), viewer(), article, whole=whole)
    return render_template("knowledge/history.html", article=article, revisions=revisions, can_edit=whole)


@blueprint.get("/articles/<code>/authors")
def authors(code: str) -> str:
    """Who brought which paragraph of the text readers see."""
    article = queries.article_to_read(db(), viewer(), code)
    lines = life_queries.who_wrote(db(), article, rules.matching_lines)
    return render_template("knowledge/authors.html", article=article, lines=lines)


@blueprint.get("/articles/<code>/diff")
def diff(code: str) -> str:
    """Two revisions of the same article, word by word."""
    article = queries.article_to_read(db(), viewer(), code)
    whole = rules.can_edit(viewer(), article, queries.credited_ids(db(), article.id))
    pair = [queries.revision(db(), article, _number(request.args.get(name))) for name in ("from", "to")]
    if not whole and not all(one.approved and rules.may_read_as(viewer(), one.details) for one in pair):
        raise NotFound("ไม่พบฉบับนี้ของบทความ")
    lines = rules.compare(pair[0].body, pair[1].body, part("search").words.pieces)
    return render_template("knowledge/diff.html", article=article, old=pair[0], new=pair[1], lines=lines)


@blueprint.get("/articles/<code>/revisions/<number>")
def revision(code: str, number: str) -> str:
    """An old text, marked as such; not an access."""
    article = queries.article_to_read(db(), viewer(), code)
    whole = rules.can_edit(viewer(), article, queries.credited_ids(db(), article.id))
    found = queries.revision(db(), article, _number(number))
    if not whole and not (found.approved and rules.may_read_as(viewer(), found.details)):
        raise NotFound("ไม่พบฉบับนี้ของบทความ")
    return render_template("knowledge/revision.html", article=article, revision=found)


@blueprint.get("/wiki/<path:title>")
def wiki(title: str) -> Response:
    """Where `[[title]]` leads."""
    article = queries.find_by_title(db(), viewer(), title)
    if article is None:
        raise NotFound(f"ยังไม่มีบทความชื่อ “{title[:120]}” ที่ท่านอ่านได้ ลองค้นหา หรือเขียนเป็นคนแรก")
    return redirect(url_for("knowledge.show", code=article.code))


@blueprint.post("/articles/<code>/apply")
@staff_only
def apply(code: str) -> Response:
    """นำไปใช้แล้ว."""
    form = ApplyForm()
    queries.article_to_read(db(), viewer(), code)
    try:
        if not form.validate_on_submit():
            raise Invalid({name: str(errors[0]) for name, errors in form.errors.items()})
        upload = request.files.get("file")
        kept = part("files").keep(upload.read()) if upload and upload.filename else None
        new = Applied(
            form.on.data, form.note.data or "", form.place.data or "", form.result.data or "",
            kept.sha256 if kept else None,
        )  # fmt: skip
        life.record_application(db(), viewer(), code, new, now())
        flash("บันทึกการนำไปใช้แล้ว รอผู้อื่นตรวจยืนยัน")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("knowledge.show", code=code))


@blueprint.post("/articles/<code>/approve")
@staff_only
def approve(code: str) -> Response:
    """ตรวจรับรอง the version that was read."""
    commands.approve_article(db(), viewer(), code, _number(request.form.get("version")), now())
    flash("ตรวจรับรองแล้ว")
    return redirect(url_for("knowledge.show", code=code))


@blueprint.post("/articles/<code>/retire")
@staff_only
def retire(code: str) -> Response | tuple[str, int]:
    """Take out of use; what was typed is shown again when something is wrong with it."""
    form = RetireForm()
    try:
        given = (form.reason.data or "", today(), form.successor.data or "")
        commands.retire_article(db(), viewer(), code, *given)
        flash("เลิกใช้บทความนี้แล้ว ยังอ่านได้พร้อมป้ายกำกับ")
    except Invalid as error:
        form.validate()
        form.take(error)
        article = queries.article_to_read(db(), viewer(), code)
        page = queries.article_page(db(), article, staff_id())
        return render_template("knowledge/article.html", **_page(article, page, form)), 400
    return redirect(url_for("knowledge.show", code=code))


@blueprint.post("/articles/<code>/delete")
@staff_only
def delete(code: str) -> Response:
    """Into the bin."""
    try:
        commands.delete_article(db(), viewer(), code, now())
        flash("ย้ายร่างลงถังแล้ว กู้คืนได้จากถัง")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("life.deleted"))
