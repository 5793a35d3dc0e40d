"""Files of an article: attached as they are, pictures made safe, or read as text with their pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.database import transaction
from app.core.files import IMAGES, clean_name, media_type
from app.documents import limited, soft_breaks
from app.documents.imported import Imported, read_document, refuse_old_office
from app.documents.limited import Job
from app.knowledge import queries
from app.knowledge.commands import Desk
from app.knowledge.models import Article, Attachment
from app.people.models import Viewer
from app.search.documents import touch


def attach(db: Session, desk: Desk, viewer: Viewer, code: str, name: str, content: bytes, now: datetime) -> Attachment:
    """Keep a file with an article; a taken name gets a number. Raises Invalid for a type not accepted."""
    assert viewer.staff_id is not None
    article = queries.article_to_edit(db, viewer, code)
    if media_type(content) in IMAGES:
        content = limited.run(Job("clean_picture", files={"in": content})).files["out"]
    return _keep_file(db, desk, article, viewer.staff_id, name, content, now)


def _keep_file(
    db: Session, desk: Desk, article: Article, staff_id: int, name: str, content: bytes, now: datetime
) -> Attachment:
    stored = desk.files.keep(content)
    wanted = clean_name(name, stored.media_type)
    with transaction(db):
        taken = {found.name for found in queries.attachments(db, article.id)}
        stem, _, extension = wanted.rpartition(".")
        free = next(n for n in (wanted, *(f"{stem}-{i}.{extension}" for i in range(2, 1000))) if n not in taken)
        attachment = Attachment(
            article_id=article.id, name=free, sha256=stored.sha256, size=stored.size, media_type=stored.media_type,
            added_by_id=staff_id, added_at=now,
        )  # fmt: skip
        db.add(attachment)
        db.flush()
        touch(db, "file", [attachment.id])
    return attachment


def import_document(
    db: Session, desk: Desk, viewer: Viewer, code: str, content: bytes, words: Callable[[str], list[str]], now: datetime
) -> Imported:
    """A Word or PDF file as Markdown for an article; its pictures become files of the article. The text is not saved."""
    assert viewer.staff_id is not None
    article = queries.article_to_edit(db, viewer, code)
    refuse_old_office(content)
    read = read_document(content, media_type(content))
    markdown = soft_breaks.settle(read.markdown, words)
    for name, picture in read.pictures.items():
        kept = _keep_file(db, desk, article, viewer.staff_id, name, picture, now)
        markdown = markdown.replace(f"]({name})", f"]({kept.name})")
    return replace(read, markdown=markdown)
