"""Pages of checking: what waits, one text paragraph by paragraph, and the three answers."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.errors import Invalid, NotFound
from app.core.web import db, flash_invalid, now, part, today
from app.knowledge import queries, review_queries, reviewing, rules
from app.knowledge.forms import NoteForm
from app.knowledge.models import POLICIES
from app.knowledge.templates_folder import templates
from app.people import queries as people
from app.people.current import staff_only, viewer
from app.people.rules import short_name

blueprint = Blueprint("review", __name__)


@blueprint.get("/reviews")
@staff_only
def index() -> str:
    """What waits for this person."""
    return render_template("knowledge/reviews.html", waiting=review_queries.waiting_for(db(), viewer(), today()))


@blueprint.get("/articles/<code>/review")
@staff_only
def show(code: str) -> str:
    """A text in review: changes, checklist, each paragraph with what was said of it."""
    article, review, revision = review_queries.review_to_see(db(), viewer(), code, today())
    facts = review_queries.facts_of(db(), article, review, revision, today())
    earlier = review_queries.round_before(db(), review)
    compared = earlier.number if earlier else article.published_number
    before = queries.revision(db(), article, compared) if compared else None
    said = review_queries.comments_of_round(db(), review.id)
    template = templates(db()).get(article.template)
    turn = review.state == "open" and rules.can_review(viewer(), facts)
    writes = rules.can_edit(viewer(), article, queries.credited_ids(db(), article.id))
    files = [one.name for one in queries.attachments(db(), article.id)] if turn or writes else []
    return render_template(
        "knowledge/review.html", article=article, review=review, revision=revision, turn=turn, policies=POLICIES,
        head_step=facts.head_step, blocks=review_queries.paragraphs_of(revision.html), said=said, note_form=NoteForm(),
        changes=rules.compare(before.body, revision.body, part("search").words.pieces) if before else None,
        author=queries.name_of(db(), article.author_id), round=review_queries.newest_round(db(), article.id),
        sections=rules.checklist(template.body, revision.body) if template else [], before=before, files=files,
        details=revision.details or {}, called=_called(facts) if review.state == "open" and not turn else [],
        earlier=review_queries.comments_of_round(db(), earlier.id) if earlier else [], earlier_round=earlier,
    )  # fmt: skip


def _called(facts: rules.ReviewFacts) -> list[str]:
    """Names of those who were told that the text waits."""
    ids = review_queries.called_for(db(), facts, part("desk").group, today())
    return sorted(short_name(name) for name in people.names_by_id(db(), ids).values())


def _number(name: str, low: int = 0) -> int:
    text = request.form.get(name, "")
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9 or int(text) < low:
        raise NotFound("ไม่พบรอบตรวจนี้ โปรดเปิดหน้านี้ใหม่")
    return int(text)


@blueprint.post("/articles/<code>/review/comments")
@staff_only
def comment(code: str) -> Response:
    """Say something of one paragraph."""
    paragraph = _number("paragraph", -1)
    try:
        reviewing.comment(db(), viewer(), code, _number("review"), paragraph, request.form.get("text", ""), now())
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("review.show", code=code, _anchor=f"p{paragraph}"))


@blueprint.post("/articles/<code>/review/approve")
@staff_only
def approve(code: str) -> Response:
    """Agree."""
    outcome = reviewing.approve(
        db(), part("desk").group, viewer(), code, _number("review"), now(),
        head_step=request.form.get("step") == "head",
    )  # fmt: skip
    part("worker").wake()
    if outcome == "head":
        flash("ตรวจแล้ว รอหัวหน้าส่วนราชการของผู้เขียนอนุมัติ")
        return redirect(url_for("review.index"))
    flash("อนุมัติแล้ว บทความเผยแพร่ให้ผู้อ่านเห็น")
    return redirect(url_for("knowledge.show", code=code))


@blueprint.post("/articles/<code>/review/return")
@staff_only
def send_back(code: str) -> Response | tuple[str, int]:
    """Return with what to mend."""
    try:
        reviewing.send_back(db(), viewer(), code, _number("review"), NoteForm().note.data or "", now())
    except Invalid as error:
        flash_invalid(error)
        return redirect(url_for("review.show", code=code, _anchor="answer"))
    flash("ส่งกลับให้ผู้เขียนแก้แล้ว")
    return redirect(url_for("review.index"))
