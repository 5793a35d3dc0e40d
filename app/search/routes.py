"""Search: the page, suggestions while typing, answers set by the secretary, the board of gaps and the dictionary."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.core.errors import Invalid, NotFound
from app.core.guard import attempt
from app.core.paging import Page, page_number
from app.core.web import db, flash_invalid, now, part, today
from app.people.current import roles_only, staff_id, viewer
from app.people.models import Role
from app.people.queries import find_by_login, people_on
from app.search import dictionary, log
from app.search.asking import FILTER_NAMES
from app.search.documents import KINDS, Answer
from app.search.query import SORTS, Search, Window

blueprint = Blueprint("search", __name__)
PAGE_SIZE = 10
SUGGESTIONS = 8
SEARCHED_AGO = timedelta(days=90)
BOARD_DAYS = 365
KEEPERS = (Role.SECRETARY, Role.ADMIN)


def _search() -> Search:
    return cast(Search, part("search"))


@blueprint.get("/search")
def page() -> str:
    """Results of a query, over what this person may read."""
    text, sort = request.args.get("q", ""), request.args.get("sort", "best")
    chosen = {name: request.args[name][:200] for name in FILTER_NAMES if request.args.get(name)}
    number = page_number(request.args.get("page"))
    window = Window(
        (number - 1) * PAGE_SIZE, PAGE_SIZE, sort if sort in SORTS else "best", chosen, "insist" in request.args
    )
    answer = _search().find(db(), text, viewer(), window)
    _note(answer, number, chosen)
    shown = answer.meant if answer.instead else answer.query
    kept = {"q": shown, **chosen, **({"sort": window.sort} if window.sort != "best" else {})}
    if window.insist:
        kept["insist"] = "1"
    return render_template(
        "search/page.html", answer=answer, chosen=chosen, kept=kept, kinds=KINDS, filters=FILTER_NAMES, sorts=SORTS,
        sort=window.sort, page=Page(answer.hits, number, PAGE_SIZE, answer.total),
        shown=shown, counted=bool(log.kept_query(answer.query)), may_pin=viewer().has(*KEEPERS) and not chosen, experts=_experts(answer),
    )  # fmt: skip


def _note(answer: Answer, number: int, chosen: dict[str, str]) -> None:
    """Count the query once, on its first page; a browser that only fetches ahead did not ask."""
    ahead = {"prefetch", "prerender"} & set(request.headers.get("Sec-Purpose", "").replace(";", " ").split())
    again = {"sort", "insist"} & set(request.args)
    if answer.query and answer.ready and number == 1 and not (chosen or ahead or again):
        found = bool(answer.full)
        attempt("search log", lambda: log.note(db(), answer.query, found=found, on=today()), lambda: None)


def _experts(answer: Answer) -> list[Any]:
    """People whose cards speak of it, when nothing was found."""
    if answer.full or not answer.query or not viewer().is_staff:
        return []
    found = _search().find(db(), answer.query, viewer(), Window(0, 3, chosen={"kind": "person"}))
    return found.hits


@blueprint.get("/search/suggest")
def suggest() -> Response:
    """Titles, people, groups and earlier queries for what is being typed."""
    text = request.args.get("q", "")[:100]
    # What colleagues asked is not for visitors.
    before = log.asked_before(db(), text, today() - SEARCHED_AGO, 5) if viewer().is_staff else []
    found = _search().suggestions(db(), text, viewer(), before, SUGGESTIONS)
    names = {**KINDS, "group": "กลุ่ม", "query": "เคยค้น"}
    return jsonify(
        [{"text": title, "kind": names[kind], "url": url or _asking(kind, title)} for title, kind, url in found]
    )


def _asking(kind: str, text: str) -> str:
    return url_for("search.page", group=text) if kind == "group" else url_for("search.page", q=text)


@blueprint.post("/search/pin")
@roles_only(*KEEPERS)
def pin() -> AnyResponse:
    """ตั้ง or take away the answer that comes first for a query."""
    text, key = request.form.get("q", ""), request.form.get("key", "")
    kind, _, number = key.partition(":")
    if key and (kind not in KINDS or not number.isdigit()):
        raise NotFound("ไม่พบสิ่งที่จะตั้งเป็นคำตอบแนะนำ")
    log.pin(db(), text, key, staff_id(), now())
    flash("ตั้งเป็นคำตอบแนะนำของคำค้นนี้แล้ว" if key else "เลิกแนะนำแล้ว")
    return redirect(url_for("search.page", q=text))


@blueprint.get("/search/gaps")
@roles_only(*KEEPERS)
def gaps() -> str:
    """Queries that found nothing, and what was made of them."""
    return render_template(
        "search/gaps.html", gaps=log.gaps(db(), today() - timedelta(days=BOARD_DAYS)), states=log.STATES,
        topics=log.wanted_topics(db()), people=people_on(db(), today()), days=BOARD_DAYS,
    )  # fmt: skip


@blueprint.post("/search/gaps")
@roles_only(*KEEPERS)
def decide() -> AnyResponse:
    """Turn a query that finds nothing into a topic, a request to an expert or a synonym."""
    text, state = request.form.get("q", ""), request.form.get("state", "")
    note = request.form.get("note", "").strip()
    try:
        if state == "synonym":
            dictionary.add_synonym(db(), text, note, staff_id(), now())
        expert = find_by_login(db(), note) if state == "asked" else None
        log.decide(db(), text, state, note, staff_id(), now(), expert.id if expert else None)
    except Invalid as error:
        flash_invalid(error)
        return redirect(url_for("search.gaps"))
    part("worker").wake()
    flash(f"“{text[:60]}”: {log.STATES[state]}แล้ว")
    return redirect(url_for("search.gaps"))


@blueprint.route("/search/dictionary/<name>", methods=["GET", "POST"])
@roles_only(*KEEPERS)
def edit_dictionary(name: str) -> str | AnyResponse | tuple[str, int]:
    """Words or synonyms of the office: look at the effect first, then save."""
    if name not in dictionary.NAMES:
        raise NotFound("ไม่มีพจนานุกรมนี้")
    before = dictionary.current(db())[name]
    text = request.form.get("text", before).replace("\r\n", "\n")
    shown: list[dictionary.Effect] = []
    wrong = ""
    if request.method == "POST":
        try:
            text = dictionary.check(name, text)
            if request.form.get("act") == "save":
                dictionary.save(db(), name, text, staff_id(), now())
                part("worker").wake()
                flash("บันทึกแล้ว " + ("ระบบกำลังสร้างดัชนีใหม่ด้วยคำชุดนี้" if name == "words" else "มีผลกับการค้นทันที"))
                return redirect(url_for("search.edit_dictionary", name=name))
            shown = dictionary.effects(_search().engine, name, before, text)
        except Invalid as error:
            wrong = error.fields["text"]
    page_ = render_template(
        "search/dictionary.html", name=name, names=dictionary.NAMES, text=text, effects=shown, wrong=wrong,
        looked=request.method == "POST" and not wrong,
    )  # fmt: skip
    return (page_, 422) if wrong else page_
