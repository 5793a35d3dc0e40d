"""Pages of the network (คุณประสาน): what other offices published, and which offices we follow."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.errors import Invalid
from app.core.paging import page_number
from app.core.web import config, db, now
from app.network import commands, queries
from app.network.forms import SourceForm
from app.network.models import FeedItem, FeedSource
from app.people.current import roles_only, staff_only, viewer
from app.people.models import Role

blueprint = Blueprint("network", __name__)
KEEPERS = (Role.NETWORK, Role.SECRETARY, Role.ADMIN)


def invitation(item: FeedItem, source: FeedSource, name: str, office: str) -> str:
    """`mailto:` with a letter to the author, or to the office's contact; "" when neither left an address."""
    address = item.email or source.contact
    if not address:
        return ""
    subject = f"ขอเชิญแลกเปลี่ยนเรียนรู้เรื่อง {item.title}"
    body = (
        f"เรียน {item.author or source.name}\n\nได้อ่าน “{item.title}” ({item.url}) แล้วเห็นว่าเป็นประโยชน์กับงานของเรา"
        f" จึงขอเชิญมาเล่าให้เพื่อนที่{office}ฟัง จะมาด้วยตนเองหรือผ่านทางออนไลน์ก็ได้ โปรดแจ้งวันเวลาที่สะดวก\n\n{name}\n{office}"
    )
    return f"mailto:{quote(address, safe='@')}?subject={quote(subject)}&body={quote(body)}"


@blueprint.get("/network")
@staff_only
def index() -> str:
    """What other offices published, newest first, shown as theirs."""
    return _page(SourceForm())


def _page(form: SourceForm) -> str:
    page = queries.items(db(), page_number(request.args.get("page")))
    office, name = config().office_name, viewer().name
    lines = [(item, source, invitation(item, source, name, office)) for item, source in page.items]
    return render_template(
        "network/index.html", page=page, lines=lines, sources=queries.sources(db()), form=form,
        keeps=viewer().has(*KEEPERS),
    )  # fmt: skip


@blueprint.post("/network")
@roles_only(*KEEPERS)
def subscribe() -> Response | tuple[str, int]:
    """Follow another office's feed."""
    form = SourceForm()
    if not form.validate_on_submit():
        return _page(form), 400
    try:
        given = (form.url.data or "", form.name.data or "", form.contact.data or "")
        source = commands.subscribe(db(), viewer(), *given, now(), private=config().private_feeds)
    except Invalid as error:
        status = form.take(error)
        return _page(form), status
    flash(f"ติดตาม {source.name} แล้ว จะอ่านให้ใหม่ทุกหกชั่วโมง")
    return redirect(url_for("network.index"))


@blueprint.post("/network/<int(max=2147483647):number>/remove")
@roles_only(*KEEPERS)
def unsubscribe(number: int) -> Response:
    """Follow no longer."""
    commands.unsubscribe(db(), number)
    flash("เลิกติดตามแล้ว")
    return redirect(url_for("network.index"))
