"""Pages of notifications: the list, and how often which kind comes."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.errors import Invalid
from app.core.paging import page_number
from app.core.web import config, db, flash_invalid, now
from app.notifications import commands, queries
from app.notifications.models import FREQUENCY_NAMES, KINDS
from app.people.current import staff_id, staff_only, viewer

blueprint = Blueprint("notifications", __name__)


@blueprint.get("/notifications")
@staff_only
def index() -> str:
    """What this person was told, newest first."""
    page = queries.notifications(db(), viewer(), page_number(request.args.get("page")))
    return render_template("notifications/index.html", page=page, kinds=KINDS)


@blueprint.post("/notifications/<int(max=2147483647):number>/open")
@staff_only
def open_one(number: int) -> Response:
    """Mark one as read and go where it leads."""
    return redirect(commands.mark_read(db(), viewer(), number, now()), 303)


@blueprint.post("/notifications/read")
@staff_only
def read_all() -> Response:
    """Mark all as read."""
    commands.mark_all_read(db(), viewer(), now())
    return redirect(url_for("notifications.index"))


@blueprint.route("/notifications/settings", methods=["GET", "POST"])
@staff_only
def settings() -> str | Response:
    """Per kind: at once, in a digest, on screen only, or not at all."""
    if request.method == "POST":
        try:
            commands.choose(db(), staff_id(), {kind: request.form.get(kind, "") for kind in KINDS})
            flash("บันทึกการแจ้งเตือนแล้ว")
        except Invalid as error:
            flash_invalid(error)
        return redirect(url_for("notifications.settings"))
    chosen = queries.choices_of(db(), staff_id())
    return render_template(
        "notifications/settings.html", kinds=KINDS, chosen=chosen, frequencies=FREQUENCY_NAMES,
        mailing=bool(config().smtp_url),
    )  # fmt: skip
