"""What a group gives to others: its public articles as a feed and as a package of Markdown files."""

from __future__ import annotations

import io

from flask import Blueprint, Response, render_template, send_file
from sqlalchemy import select

from app.community.care import came_from
from app.community.models import Group
from app.community.queries import group_to_see
from app.core.errors import NotFound
from app.core.web import base_url, config, db, now, part
from app.exchange.markdown_files import package
from app.knowledge.models import Article, State
from app.knowledge.queries import card_rows
from app.people.current import staff_only, viewer
from app.people.models import VISITOR

blueprint = Blueprint("exchange", __name__)
MOST = 500


@blueprint.get("/groups/<code>/feed.xml")
def group_feed(code: str) -> Response:
    """Atom feed of an open group's public articles, as any visitor sees them. Other groups have none."""
    group = db().scalar(select(Group).where(Group.code == code, Group.visibility == "open"))
    if group is None:
        raise NotFound("ไม่พบฟีดนี้")
    wanted = (came_from(group.id), Article.visibility == "public", Article.state == State.PUBLISHED.value)
    cards = card_rows(db(), VISITOR, *wanted, limit=30)
    body = render_template(
        "knowledge/feed.xml", cards=cards, base=base_url(), at=now(), name=group.name, path=f"/groups/{group.code}"
    )
    return Response(body, mimetype="application/atom+xml")


@blueprint.get("/groups/<code>/articles.zip")
@staff_only
def group_package(code: str) -> Response:
    """A group's public articles as Markdown with their files: another office takes them in with `import-articles`."""
    group = group_to_see(db(), viewer(), code)
    wanted = (came_from(group.id), Article.visibility == "public", Article.state == State.PUBLISHED.value)
    cards = card_rows(db(), VISITOR, *wanted, limit=MOST)
    if not cards:
        raise NotFound("กลุ่มนี้ยังไม่มีบทความสาธารณะให้ส่งออก")
    made = package(db(), part("files"), [card.id for card in cards], base_url(), config().office_name)
    return send_file(
        io.BytesIO(made), mimetype="application/zip", as_attachment=True, download_name=f"{group.code}.zip"
    )  # fmt: skip
