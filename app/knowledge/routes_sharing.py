"""The share sheet, links that were shared, and what others shared with me."""

from __future__ import annotations

import urllib.parse

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.activity import queries as activity
from app.activity import rules as activity_rules
from app.activity.models import SHARE_CHANNELS, TARGETED_CHANNELS
from app.core.errors import Invalid, NotFound
from app.core.web import base_url, db, now, part, today
from app.knowledge import queries, sharing
from app.knowledge.forms import ShareForm
from app.knowledge.models import Article
from app.knowledge.sharing import Target
from app.people import queries as people
from app.people.current import staff_id, staff_only, viewer

blueprint = Blueprint("sharing", __name__)
LINE_SHARE = "https://social-plugins.line.me/lineit/share?url="


@blueprint.get("/s/<token>")
def shared(token: str) -> Response:
    """A shared link leads to the real page, which records the opening."""
    share = activity.share_by_token(db(), token)
    article = db().get(Article, share.article_id) if share else None
    if share is None or article is None:
        raise NotFound("ลิงก์ที่แชร์นี้ใช้ไม่ได้แล้ว")
    return redirect(url_for("knowledge.show", code=article.code, s=share.token))


@blueprint.get("/shared")
@staff_only
def received() -> str:
    """แชร์ให้ฉัน: to me, my department and my groups."""
    departments = {one.id: one.code for one in people.departments(db())}
    groups = [one.code for one in part("own_groups")(db(), viewer())]
    lines = sharing.shared_with_me(db(), viewer(), departments.get(viewer().department_id or 0, ""), groups)
    return render_template("knowledge/shared.html", lines=lines, channels=SHARE_CHANNELS)


@blueprint.route("/articles/<code>/share", methods=["GET", "POST"])
@staff_only
def share(code: str) -> str | Response | tuple[str, int]:
    """The share sheet: type to whom, say why, and see which links were opened."""
    article = queries.article_to_read(db(), viewer(), code)
    if article.state != "published":
        raise NotFound("แชร์ได้เฉพาะบทความที่เผยแพร่อยู่")
    form = ShareForm()
    own = part("own_groups")(db(), viewer())
    members = part("members_of_groups")(db(), {g.id for g in own})
    groups = [(g.code, g.name, frozenset(members[g.id])) for g in own]
    departments = [(d.code, d.name) for d in people.departments(db())]
    offered = sharing.targets(groups, departments, people.people_on(db(), today()))
    made = None
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        try:
            target = _target(form, offered)
            channel = target.channel if target else form.channel.data or ""
            readers = part("group_members")(db(), article.group_id) if article.visibility == "group" else None
            made = sharing.share_article(
                db(), viewer(), article, channel, target, form.note.data or "", now(), readers
            )  # fmt: skip
            part("worker").wake()
            form, status = ShareForm(formdata=None), 200
        except Invalid as error:
            status = form.take(error)
    link = f"{base_url()}/s/{made.token}" if made else ""
    page = render_template(
        "knowledge/share.html", article=article, form=form, offered=[one for one in offered if one.members != {staff_id()}],
        shares=sharing.own_shares(db(), article.id, staff_id()), names={(t.channel, t.code): t.name for t in offered},
        channels=SHARE_CHANNELS, made=made, link=link, internal=TARGETED_CHANNELS,
        line_link=LINE_SHARE + urllib.parse.quote(link, safe=""), share_rule=activity_rules.SHARE_RULE,
    )  # fmt: skip
    return page, status


def _target(form: ShareForm, offered: list[Target]) -> Target | None:
    """Whom it is for; None for a link that leaves the office. Raises Invalid."""
    channel = form.channel.data or ""
    if channel in TARGETED_CHANNELS:
        known = [one for one in offered if (one.channel, one.code) == (channel, form.target.data)]
        if not known:
            raise Invalid({"to": "โปรดเลือกว่าจะแชร์ให้ใคร"})
        return known[0]
    if channel and channel != "internal":
        return None
    return sharing.target_named(offered, form.to.data or "")
