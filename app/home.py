"""The first page, help pages and the health of the process: what belongs to no slice."""

from __future__ import annotations

import shutil
from datetime import timedelta
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, send_from_directory
from fontpkg_sarabun import ROOT as FONT_ROOT
from sqlalchemy import text

from app.activity.queries import most_read
from app.community import advice, meeting_queries, talk_queries
from app.community import queries as community
from app.core.config import CONTENT
from app.core.errors import NotFound
from app.core.fiscal_year import be_fiscal_year
from app.core.guard import attempt
from app.core.rendering import Rendered, render_now
from app.core.web import config, db, part, today
from app.indicators import queries as indicators
from app.indicators.scopes import scope_for
from app.knowledge import life_queries, review_queries
from app.knowledge import queries as knowledge
from app.knowledge.life import REMIND_DAYS
from app.knowledge.models import Article
from app.people.current import viewer
from app.people.models import CHECKERS
from app.training import queries as training

blueprint = Blueprint("home", __name__)
HELP_PAGES = {"manual": "คู่มือใช้งาน", "counting": "นับอย่างไร", "changes": "มีอะไรใหม่"}


@blueprint.get("/")
def index() -> str:
    """Search first, then what I owe, what is new, my groups, and the plan as one strip."""
    who = viewer()
    page: dict[str, Any] = {
        "today": today(),
        "newest": knowledge.newest(db(), who, 6),
        "counts": knowledge.category_counts(db(), who),
    }
    if who.is_staff and who.staff_id is not None:
        scope = scope_for(db(), config(), be_fiscal_year(today()), today())
        page |= {
            "owed": training.obligations(
                db(), part("settled_obligations")(), today(), config().obligation_days, staff_id=who.staff_id
            ),
            "to_review": review_queries.waiting_for(db(), who, today()),
            "to_read": life_queries.asked_to_read(db(), who),
            "due": life_queries.due_of(db(), who.staff_id, today() + timedelta(days=REMIND_DAYS)),
            "drafts": knowledge.drafts_of(db(), who.staff_id),
            "unread": talk_queries.unread_threads(db(), who, 5),
            "coming": meeting_queries.coming(db(), who, today(), 3),
            "meetings": meeting_queries.to_verify(db(), who, 5) if who.has(*CHECKERS) else [],
            "tasks": meeting_queries.open_tasks(db(), who, 5),
            "asked_advice": advice.waiting_consultations(db(), who.staff_id),
            "plan": indicators.read_plan(db(), scope),
        }
    else:
        page["popular"] = _popular()
        page["groups"] = community.groups(db(), who, mine=True) if who.is_guest else []
    return render_template("home/index.html", **page)


def _popular() -> list[tuple[Article, int]]:
    readable = Article.__table__.select().with_only_columns(Article.id).where(knowledge.readable(viewer()))
    counted = most_read(db(), readable, today() - timedelta(days=365), 5)
    articles = {a.id: a for a in db().query(Article).where(Article.id.in_([number for number, _ in counted]))}
    return [(articles[number], count) for number, count in counted]


@lru_cache(maxsize=8)
def _help(name: str) -> Rendered:
    _, _, body = (CONTENT / "help" / f"{name}.md").read_text("utf-8").split("---\n", 2)
    return render_now(body)


@blueprint.get("/help")
@blueprint.get("/help/<name>")
def help_page(name: str = "manual") -> str:
    """The manual, how counting works, and what changed."""
    if name not in HELP_PAGES:
        raise NotFound("ไม่มีหน้าคู่มือนี้")
    return render_template("home/help.html", title=HELP_PAGES[name], shown=_help(name), pages=HELP_PAGES, name=name)


@blueprint.get("/fonts/<name>")
def font(name: str) -> Response:
    """Sarabun from its package."""
    if name not in ("Sarabun-Regular.ttf", "Sarabun-Bold.ttf", "Sarabun-SemiBold.ttf", "Sarabun-Italic.ttf"):
        raise NotFound
    response = send_from_directory(FONT_ROOT / "files", name, max_age=31_536_000)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@blueprint.get("/healthz")
def healthz() -> tuple[Response, int]:
    """Process, database, index and disk; no secrets. 503 when the database does not answer or the disk is full."""
    database = attempt("health", lambda: bool(db().execute(text("select 1")).scalar()), lambda: False)
    free = shutil.disk_usage(config().data).free
    index = part("search").engine.build_name() is not None
    healthy = database and free > 100 * 1024 * 1024
    answer = {
        "status": "ok" if healthy else "failing", "process": "ok", "database": "ok" if database else "failing",
        "index": "ok" if index else "rebuilding", "disk_free_mb": free // 1024 // 1024,
    }  # fmt: skip
    return jsonify(answer), 200 if healthy else 503
