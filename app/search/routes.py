"""The search page."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, render_template, request

from app.core.paging import Page, page_number
from app.core.web import db, part
from app.people.current import viewer
from app.search.query import Search, Window

blueprint = Blueprint("search", __name__)
PAGE_SIZE = 10
KINDS = {"article": "บทความ", "thread": "กระทู้"}


@blueprint.get("/search")
def page() -> str:
    """Results of a query, over what this person may read."""
    text, kind = request.args.get("q", ""), request.args.get("kind", "")
    kind = kind if kind in KINDS else ""
    number = page_number(request.args.get("page"))
    search = cast(Search, part("search"))
    answer = search.find(db(), text, viewer(), Window((number - 1) * PAGE_SIZE, PAGE_SIZE, chosen={"kind": kind}))
    return render_template(
        "search/page.html", answer=answer, kind=kind, kinds=KINDS,
        page=Page(answer.hits, number, PAGE_SIZE, answer.total),
    )  # fmt: skip
