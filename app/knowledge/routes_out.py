"""Articles going out as Markdown, HTML, DOCX and PDF: the text readers see and no other. Counts as opening the page."""

from __future__ import annotations

import io
from datetime import date

from flask import Blueprint, Response, render_template, send_file
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.files import IMAGES, clean_name
from app.core.thai import thai_date
from app.core.web import base_url, config, db, now, part
from app.documents import paper
from app.documents.paper import Paper, Signature
from app.knowledge import queries, review_queries
from app.knowledge.models import Article
from app.knowledge.routes import record_opening
from app.people.current import viewer
from app.people.models import VISITOR
from app.people.rules import short_name

blueprint = Blueprint("out", __name__)
KINDS = {
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}


@blueprint.get("/articles/<code>/export/<kind>")
def export(code: str, kind: str) -> Response:
    """The published text as a file. Raises NotFound for drafts, their authors included: only approved text leaves."""
    article = queries.article_to_read(db(), viewer(), code)
    if kind not in KINDS or article.published_number is None:
        raise NotFound("ส่งออกได้เฉพาะบทความที่เผยแพร่แล้ว เป็น md, html, docx หรือ pdf")
    page = queries.article_page(db(), article, viewer().staff_id)
    sheet = _paper(db(), article, page)
    if kind == "md":
        content = paper.as_markdown(sheet).encode()
    elif kind == "html":
        content = paper.as_html(sheet).encode()
    else:
        content = paper.as_docx(sheet) if kind == "docx" else paper.as_pdf(sheet)
    name = clean_name(page.revision.title, KINDS["pdf"]).removesuffix(".pdf") + "." + kind
    response = send_file(io.BytesIO(content), mimetype=KINDS[kind], as_attachment=True, download_name=name)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    record_opening(article, page.last_edit_at)
    return response


def _paper(session: Session, article: Article, page: queries.ArticlePage) -> Paper:
    def day(value: date | None) -> str:
        return thai_date(value, long=True) if value else ""

    facts = [("ผู้เขียน", short_name(page.author.name))]
    if page.credited:
        facts.append(("ผู้ร่วมเขียน", ", ".join(short_name(name) for _, _, name in page.credited)))
    if page.category:
        facts.append(("หมวดหมู่", page.category))
    facts += [("เผยแพร่", day(article.first_published_on)), ("ฉบับที่", str(article.published_number))]
    if article.retired_on:
        facts.append(("เลิกใช้", f"{day(article.retired_on)} {article.retire_reason}"))
    signatures = [Signature("ผู้จัดทำ", short_name(page.author.name), day(page.revision.on))]
    round_ = review_queries.approval_of(session, article)
    if round_ is not None and article.review_approved_number not in (None, article.published_number):
        older = f"ตรวจรับรองฉบับที่ {round_.review.number} ไม่ใช่ฉบับนี้"
        signatures.append(Signature("ผู้ตรวจ", older, day(round_.review.approved_on)))
    elif round_ is not None:
        signatures.append(Signature("ผู้ตรวจ", short_name(round_.reviewer), day(round_.review.reviewed_on)))
        approver = short_name(round_.head or round_.reviewer)
        signatures.append(Signature("ผู้อนุมัติ", approver, day(round_.review.approved_on)))
    else:
        signatures.append(Signature("ผู้ตรวจ", "ยังไม่มีผู้ตรวจรับรอง", ""))
    store = part("files")
    pictures = {
        one.name: store.read(one.sha256)
        for one in queries.attachments(session, article.id)
        if one.media_type in IMAGES
        and store.path(one.sha256).exists()
        and queries.names_file(page.revision.html, one.name)
    }
    return Paper(
        title=page.revision.title, html=page.revision.html, office=config().office_name, facts=facts,
        signatures=signatures, source=f"{base_url()}/articles/{article.code} พิมพ์เมื่อ {thai_date(now().date(), long=True)}",
        markdown=page.revision.body, pictures=pictures,
    )  # fmt: skip


@blueprint.get("/feed.xml")
def feed() -> Response:
    """Atom feed of public articles, as any visitor sees them."""
    cards = queries.newest(db(), VISITOR, 30)
    body = render_template(
        "knowledge/feed.xml",
        cards=[c for c in cards if c.visibility == "public"],
        base=base_url(),
        at=now(),
        name="",
        path="",
    )
    return Response(body, mimetype="application/atom+xml")
