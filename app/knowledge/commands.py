"""Changes of articles: draft, publish, edit, approve, attach, apply. A stale save never overwrites."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.core.clock import bangkok_day
from app.core.database import insert_or_skip, lock_for_transaction, transaction
from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.files import FileStore, clean_name
from app.core.records import Status
from app.core.rendering import Rendered, Renderer
from app.core.thai import normalise, one_line
from app.knowledge import queries, rules
from app.knowledge.models import (
    Application,
    Article,
    ArticleCredit,
    ArticleTag,
    ArticleText,
    Attachment,
    Category,
    Origin,
    Revision,
    State,
)
from app.knowledge.templates_folder import hints
from app.people.models import Viewer
from app.search.documents import touch


@dataclass(frozen=True)
class Desk:
    """What writing needs besides the database."""

    renderer: Renderer
    files: FileStore
    people: dict[str, str]


class StaleVersion(Conflict):
    """Somebody saved this article after the person began; `theirs` is what they saved."""

    def __init__(self, theirs: Revision, version: int) -> None:
        self.theirs, self.version = theirs, version
        super().__init__("มีผู้บันทึกบทความนี้หลังจากท่านเริ่มแก้ไข ข้อความของท่านยังอยู่ครบด้านล่าง")


def clean_text(text: ArticleText) -> ArticleText:
    """The text as it will be stored."""
    tags = tuple(dict.fromkeys(one_line(tag) for tag in text.tags if one_line(tag)))
    return replace(
        text, title=one_line(text.title), body=normalise(text.body), category=one_line(text.category), tags=tags,
        summary=one_line(text.summary)[:300], group_id=text.group_id if text.visibility == "group" else None,
    )  # fmt: skip


def render_article(desk: Desk, code: str, body: str) -> Rendered:
    """HTML of a body, file names pointing at the article's own attachments."""
    return desk.renderer.render(body, f"/articles/{code}/files/", desk.people)


def create_article(
    db: Session, desk: Desk, viewer: Viewer, text: ArticleText, origin: Origin, now: datetime, *, publish: bool
) -> Article:
    """A new draft, or published at once. Raises Invalid per field, NotAllowed for a group one is not in."""
    assert viewer.staff_id is not None
    text = clean_text(text)
    rules.check_text(text, publishing=publish, hints=hints())
    _check_group(viewer, text)
    code = "A-" + secrets.token_hex(4)
    rendered = render_article(desk, code, text.body)
    with transaction(db):
        article = Article(
            code=code, title=text.title, author_id=viewer.staff_id, visibility=text.visibility,
            group_id=text.group_id, state=State.DRAFT.value, training_id=origin.training_id,
            thread_id=origin.thread_id, meeting_id=origin.meeting_id, created_at=now, updated_at=now,
            latest_number=0, version=0, category_id=_category_id(db, text.category),
            review_due_on=text.review_due_on,
        )  # fmt: skip
        db.add(article)
        db.flush()
        others = sorted(set(origin.credited) - {viewer.staff_id})
        db.add_all([ArticleCredit(article_id=article.id, staff_id=number) for number in others])
        _add_revision(db, article, text, rendered, viewer.staff_id, now, publish=publish)
        _set_tags(db, article, text.tags)
        touch(db, "article", [article.id])
    return article


def save_article(
    db: Session, desk: Desk, viewer: Viewer, code: str, text: ArticleText, now: datetime, *, publish: bool
) -> Article:
    """Save an edit. `publish` makes it what readers see; an edit of a published article always does.

    Raises StaleVersion when `text.version` is not the article's own any more; nothing is written then.
    """
    assert viewer.staff_id is not None
    text = clean_text(text)
    article = queries.article_to_edit(db, viewer, code)
    publish = publish or article.state != State.DRAFT.value
    rules.check_text(text, publishing=publish, hints=hints())
    _check_group(viewer, text)
    stays = (text.visibility, text.group_id) == ("group", article.group_id)
    if article.visibility == "group" and not stays and viewer.staff_id != article.author_id:
        raise NotAllowed("เปิดบทความของกลุ่มให้คนนอกอ่านได้เฉพาะผู้เขียน เมื่อกลุ่มตกลงแล้ว")
    rendered = render_article(desk, code, text.body)
    with transaction(db):
        article = db.scalars(select(Article).where(Article.code == code).with_for_update()).one()
        db.refresh(article)
        if article.version != text.version:
            raise StaleVersion(queries.revision(db, article, article.latest_number), article.version)
        article.title, article.visibility, article.group_id = text.title, text.visibility, text.group_id
        article.category_id, article.review_due_on = _category_id(db, text.category), text.review_due_on
        article.updated_at = now
        _add_revision(db, article, text, rendered, viewer.staff_id, now, publish=publish)
        _set_tags(db, article, text.tags)
        touch(db, "article", [article.id])
    return article


def _check_group(viewer: Viewer, text: ArticleText) -> None:
    if text.visibility == "group" and text.group_id not in viewer.group_ids:
        raise NotAllowed("เผยแพร่ได้เฉพาะในกลุ่มที่ท่านเป็นสมาชิก")


def _add_revision(
    db: Session,
    article: Article,
    text: ArticleText,
    rendered: Rendered,
    editor_id: int,
    now: datetime,
    *,
    publish: bool,
) -> None:
    first = publish and article.state == State.DRAFT.value
    article.latest_number += 1
    article.version += 1
    if publish:
        article.published_number = article.latest_number
        if first:
            article.state, article.first_published_on = State.PUBLISHED.value, bangkok_day(now)
    db.add(
        Revision(
            article_id=article.id, number=article.latest_number, title=text.title, body=text.body,
            html=rendered.html, headings=[[h.level, h.anchor, h.text] for h in rendered.headings],
            editor_id=editor_id, at=now, on=bangkok_day(now), summary=text.summary, minor=text.minor,
            approved=publish, first=first,
        )
    )  # fmt: skip


def _category_id(db: Session, name: str) -> int | None:
    name = name[:200]
    if not name:
        return None
    insert_or_skip(db, Category, {"name": name})
    return db.scalars(select(Category.id).where(Category.name == name)).one()


def _set_tags(db: Session, article: Article, tags: tuple[str, ...]) -> None:
    db.execute(delete(ArticleTag).where(ArticleTag.article_id == article.id))
    db.add_all([ArticleTag(article_id=article.id, tag=tag) for tag in tags])


def approve_article(db: Session, viewer: Viewer, code: str, version: int, today: date) -> Article:
    """ตรวจรับรอง the text as it stands. Raises NotAllowed for the author, Conflict for another version than seen."""
    article = queries.article_to_read(db, viewer, code)
    if not rules.can_approve(viewer, article):
        raise NotAllowed("ผู้ตรวจรับรองต้องเป็นเลขานุการ หัวหน้าส่วนราชการ กรรมการ หรือทีมกลั่นกรอง และไม่ใช่ผู้เขียนเอง")
    with transaction(db):
        db.refresh(article, with_for_update=True)
        if article.version != version:
            raise Conflict("บทความเปลี่ยนไปหลังจากท่านเปิดอ่าน โปรดอ่านฉบับล่าสุดก่อนตรวจรับรอง")
        if article.review_approved_number == article.published_number:
            raise Conflict("ฉบับนี้มีผู้ตรวจรับรองแล้ว")
        if queries.revision(db, article, queries.shown_number(article)).editor_id == viewer.staff_id:
            raise NotAllowed("ท่านเป็นผู้แก้ฉบับนี้เอง ขอให้ผู้อื่นตรวจรับรอง")
        article.review_approved_on, article.review_approved_by_id = today, viewer.staff_id
        article.review_approved_number = article.published_number
    return article


def retire_article(db: Session, viewer: Viewer, code: str, reason: str, today: date) -> None:
    """Take an article out of use with a reason; it stays readable and marked."""
    article = queries.article_to_edit(db, viewer, code)
    if not reason.strip():
        raise Invalid({"reason": "โปรดบอกเหตุผลที่เลิกใช้"})
    with transaction(db):
        db.refresh(article, with_for_update=True)
        if article.state != State.PUBLISHED.value:
            raise Invalid({"reason": "เลิกใช้ได้เฉพาะบทความที่เผยแพร่อยู่"})
        article.state, article.retired_on, article.retire_reason = State.RETIRED.value, today, one_line(reason)[:500]
        article.version += 1
        touch(db, "article", [article.id])


def delete_article(db: Session, viewer: Viewer, code: str, now: datetime) -> None:
    """Put a draft in the bin; nothing is destroyed. What was published is retired instead: its counts stay true."""
    article = queries.article_to_edit(db, viewer, code)
    with transaction(db):
        db.refresh(article, with_for_update=True)
        if article.state != State.DRAFT.value:
            raise Invalid({"reason": "บทความที่เผยแพร่แล้วลบไม่ได้ เพราะเป็นหลักฐานของแผน ใช้ “เลิกใช้” แทน"})
        article.deleted_at = now
        article.version += 1
        touch(db, "article", [article.id])


def attach(db: Session, desk: Desk, viewer: Viewer, code: str, name: str, content: bytes, now: datetime) -> Attachment:
    """Keep a file with an article; a taken name gets a number. Raises Invalid for a type not accepted."""
    assert viewer.staff_id is not None
    article = queries.article_to_edit(db, viewer, code)
    stored = desk.files.keep(content)
    wanted = clean_name(name, stored.media_type)
    with transaction(db):
        taken = {found.name for found in queries.attachments(db, article.id)}
        stem, _, extension = wanted.rpartition(".")
        free = next(n for n in (wanted, *(f"{stem}-{i}.{extension}" for i in range(2, 1000))) if n not in taken)
        attachment = Attachment(
            article_id=article.id, name=free, sha256=stored.sha256, size=stored.size, media_type=stored.media_type,
            added_by_id=viewer.staff_id, added_at=now,
        )  # fmt: skip
        db.add(attachment)
    return attachment


def record_application(db: Session, viewer: Viewer, code: str, on: date, note: str, now: datetime) -> Application:
    """นำไปใช้แล้ว: waits for another person to verify. Raises Invalid per field."""
    assert viewer.staff_id is not None
    article = queries.article_to_read(db, viewer, code)
    if article.state != State.PUBLISHED.value:
        raise Invalid({"note": "บันทึกการนำไปใช้ได้เฉพาะบทความที่เผยแพร่อยู่"})
    if not note.strip():
        raise Invalid({"note": "โปรดเล่าสั้น ๆ ว่านำไปใช้ที่ไหน และเกิดผลอย่างไร"})
    if on > bangkok_day(now):
        raise Invalid({"on": "วันที่นำไปใช้ต้องไม่เป็นวันในอนาคต"})
    same = select(Application.id).where(
        Application.article_id == article.id, Application.staff_id == viewer.staff_id, Application.on == on
    )
    with transaction(db):
        lock_for_transaction(db, f"application {article.id} {viewer.staff_id}")
        if db.scalar(same) is not None:
            raise Invalid({"on": "ท่านบันทึกการนำไปใช้ของวันนี้แล้ว"})
        application = Application(
            article_id=article.id, staff_id=viewer.staff_id, on=on, note=normalise(note)[:2000],
            status=Status.SUBMITTED.value, recorded_at=now, recorded_by_id=viewer.staff_id,
        )  # fmt: skip
        db.add(application)
    return application
