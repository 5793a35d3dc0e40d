"""A folder of Markdown files with YAML front matter becomes articles, with the files that lie beside them."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.database import transaction
from app.core.errors import Invalid, KhlangError
from app.core.files import FileStore
from app.core.thai import one_line, slug
from app.exchange.formats import BadRecord, Record, check_line
from app.exchange.importing import Imported, import_records
from app.knowledge.commands import Desk
from app.knowledge.models import Article, Attachment, Category, Revision
from app.knowledge.queries import names_file
from app.people.queries import staff_by_code

FRONT = ("title", "category", "tags", "visibility", "author", "first_published_on", "code", "training", "group")
ATTACHED = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".docx", ".xlsx"}


class BadFile(KhlangError):
    """A Markdown file that cannot be imported: file, field and reason in one sentence."""

    status = 400

    def __init__(self, path: Path, name: str, reason: str) -> None:
        super().__init__(f"ไฟล์ {path.name}" + (f" ช่อง {name}" if name else "") + f": {reason}")


@dataclass(frozen=True)
class MarkdownFile:
    """A parsed file: front matter and body."""

    path: Path
    front: dict[str, Any]
    body: str


def split_front_matter(path: Path) -> MarkdownFile:
    """Front matter and body. Raises BadFile for text that is not UTF-8 or YAML that cannot be read."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(path, "", "ไม่ใช่ข้อความ UTF-8 โปรดบันทึกใหม่เป็น UTF-8") from error
    found = re.match(r"---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", text, re.DOTALL)
    if not found:
        return MarkdownFile(path, {}, text)
    try:
        front = yaml.safe_load(found[1]) or {}
    except yaml.YAMLError as error:
        raise BadFile(path, "", "ส่วนหัว YAML อ่านไม่ได้") from error
    if not isinstance(front, dict):
        raise BadFile(path, "", "ส่วนหัว YAML ต้องเป็นคู่ชื่อกับค่า")
    return MarkdownFile(path, front, text[found.end() :])


def article_record(file: MarkdownFile, root: Path, author: str | None, publish: bool) -> dict[str, Any]:
    """Exchange record of a file. Without a `code` the path names it; without a title the first heading or the name."""
    unknown = sorted(set(map(str, file.front)) - set(FRONT))
    if unknown:
        raise BadFile(file.path, unknown[0], "ไม่มีช่องนี้ในส่วนหัว")
    path = file.path.relative_to(root).with_suffix("").as_posix()
    heading = re.search(r"^#\s+(.+)$", file.body, re.MULTILINE)
    front = file.front
    title = one_line(str(front.get("title") or (heading[1] if heading else file.path.stem)))
    record: dict[str, Any] = {
        "type": "article",
        "code": str(front.get("code") or "F-" + hashlib.sha256(path.encode()).hexdigest()[:10]),
        "title": title or slug(path),
        "body": file.body.strip() + "\n",
        "author": str(front.get("author") or author or ""),
        "state": "published" if publish else "draft",
        "visibility": "staff",
    }
    if not record["author"]:
        raise BadFile(file.path, "author", "ไม่มีผู้เขียน ใส่ author ในส่วนหัว หรือใช้ --author")
    for name in ("category", "visibility", "training", "group"):
        if front.get(name):
            record[name] = str(front[name])
    tags = front.get("tags") or []
    record["tags"] = [str(tag) for tag in tags] if isinstance(tags, list) else str(tags).split(",")
    published = front.get("first_published_on")
    if published and publish:
        record["first_published_on"] = published.isoformat() if isinstance(published, date) else str(published)
    return record


def _checked(file: MarkdownFile, record: dict[str, Any]) -> Record:
    try:
        return check_line(0, record)
    except BadRecord as error:
        raise BadFile(file.path, error.field, error.message.split(": ", 1)[-1]) from error


def import_folder(
    db: Session, desk: Desk, root: Path, author: str | None, publish: bool, now: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> Imported:  # fmt: skip
    """Import every `*.md` below a folder, all or nothing. Raises BadFile, BadRecord or Invalid."""
    if not root.is_dir():
        raise Invalid({"folder": f"ไม่พบโฟลเดอร์ {root}"})
    paths = sorted(path for path in root.rglob("*.md") if path.is_file())
    if not paths:
        raise Invalid({"folder": f"ไม่มีไฟล์ .md ในโฟลเดอร์ {root}"})
    files = [split_front_matter(path) for path in paths]
    numbered = []
    for number, file in enumerate(files, 1):
        record = _checked(file, article_record(file, root, author, publish))
        numbered.append(Record(number, record.type, record.given, record.said))
    with transaction(db):
        try:
            done = import_records(db, desk, numbered, now, progress=progress)
        except BadRecord as error:
            raise BadFile(files[error.line - 1].path, error.field, error.message.split(": ", 1)[-1]) from error
        for file, record in zip(files, numbered, strict=True):
            _attach_mentioned(db, desk, file, record, now)
    return done


def _attach_mentioned(db: Session, desk: Desk, file: MarkdownFile, record: Record, now: datetime) -> None:
    """Keep the files beside a Markdown file that its text names."""
    from_text = {name for name in re.findall(r"\]\(([^)\s/]+\.[A-Za-z0-9]{2,5})\)", file.body)}
    beside = [p for p in sorted(file.path.parent.iterdir()) if p.name in from_text and p.suffix.lower() in ATTACHED]
    if not beside:
        return
    article = db.scalars(select(Article).where(Article.code == record.given["code"])).one()
    author = staff_by_code(db, record.given["author"])
    taken = set(db.scalars(select(Attachment.name).where(Attachment.article_id == article.id)))
    for path in beside:
        if path.name not in taken:
            stored = desk.files.keep(path.read_bytes())
            db.add(
                Attachment(
                    article_id=article.id, name=path.name, sha256=stored.sha256, size=stored.size,
                    media_type=stored.media_type, added_by_id=author.id, added_at=now,
                )
            )  # fmt: skip


def package(db: Session, files: FileStore, article_ids: list[int], base: str, office: str) -> bytes:
    """A zip of published articles, one folder each with the text readers see and the files it shows.

    Codes and authors are left out: they are the other office's own. Each text ends with where it came from.
    """
    query = (
        select(Article, Revision, Category.name)
        .join(Revision, (Revision.article_id == Article.id) & (Revision.number == Article.published_number))
        .outerjoin(Category, Category.id == Article.category_id)
        .where(Article.id.in_(article_ids))
        .order_by(Article.id)
    )
    beside: dict[int, list[Attachment]] = {}
    for one in db.scalars(select(Attachment).where(Attachment.article_id.in_(article_ids)).order_by(Attachment.id)):
        beside.setdefault(one.article_id, []).append(one)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for article, revision, category in db.execute(query):
            folder = f"{slug(revision.title)[:40]}-{article.code}"
            front: dict[str, Any] = {"title": revision.title, "visibility": "public"}
            if category:
                front["category"] = category
            if article.first_published_on:
                front["first_published_on"] = article.first_published_on
            source = f"\n\n*ที่มา: {office} {base}/articles/{article.code}*\n"
            head = yaml.safe_dump(front, allow_unicode=True, sort_keys=False)
            archive.writestr(f"{folder}/article.md", f"---\n{head}---\n{revision.body.rstrip()}{source}")
            for one in beside.get(article.id, []):
                if names_file(revision.html, one.name) and files.path(one.sha256).exists():
                    archive.writestr(f"{folder}/{one.name}", files.read(one.sha256))
    return made.getvalue()
