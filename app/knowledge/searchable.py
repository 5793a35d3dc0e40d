"""What search may know of articles and the files attached to them, and who may find each."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import and_, func, select, union
from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.files import FileStore
from app.core.fiscal_year import be_fiscal_year
from app.core.rendering import plain_text
from app.documents import limited
from app.documents.limited import Job
from app.knowledge import queries
from app.knowledge.models import Application, Article, ArticleCredit, ArticleTag, Attachment, Category, Revision, State
from app.people.queries import departments_of, names_by_id
from app.search.documents import Document, joined, touch

_HEADING = re.compile(r'<h[1-6][^>]*\bid="([^"]+)"[^>]*>(.*?)</h[1-6]>', re.DOTALL)
READABLE = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


def touch_articles(db: Session, ids: Iterable[int]) -> None:
    """Promise that articles and their files will be indexed again; belongs in the transaction that changed them."""
    wanted = list(ids)
    touch(db, "article", wanted)
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        touch(db, "file", db.scalars(select(Attachment.id).where(Attachment.article_id.in_(part))))
        # What an article says of people stands on their cards.
        named = union(
            select(Article.author_id).where(Article.id.in_(part)),
            select(ArticleCredit.staff_id).where(ArticleCredit.article_id.in_(part)),
            select(Application.staff_id).where(Application.article_id.in_(part)),
        )
        touch(db, "person", db.scalars(named))


def _audience(article: Article, credited: list[int]) -> tuple[str, ...]:
    own = tuple(f"u{number}" for number in sorted({article.author_id, *credited}))
    if article.state == State.DRAFT.value:
        return own
    return {"public": ("public",), "staff": ("staff", *own), "group": (f"g{article.group_id}", *own)}[
        article.visibility
    ]


def all_ids(db: Session) -> list[int]:
    """Articles that may be found by somebody."""
    return list(db.scalars(select(Article.id).where(Article.deleted_at.is_(None)).order_by(Article.id)))


def _credits(db: Session, ids: Iterable[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    query = select(ArticleCredit.article_id, ArticleCredit.staff_id).where(ArticleCredit.article_id.in_(ids))
    for article_id, staff_id in db.execute(query):
        found[article_id].append(staff_id)
    return found


def audiences(db: Session, ids: list[int]) -> dict[int, tuple[str, ...]]:
    """Who may find these articles now; two statements."""
    credited = _credits(db, ids)
    query = select(Article).where(Article.id.in_(ids), Article.deleted_at.is_(None))
    return {article.id: _audience(article, credited[article.id]) for article in db.scalars(query)}


def documents(db: Session, ids: list[int]) -> list[Document]:
    """Documents of these articles, of the text readers see; five statements."""
    credited = _credits(db, ids)
    number = func.coalesce(Article.published_number, Article.latest_number)
    query = (
        select(Article, Revision.title, Revision.html, Category.name)
        .join(Revision, and_(Revision.article_id == Article.id, Revision.number == number))
        .outerjoin(Category, Category.id == Article.category_id)
        .where(Article.id.in_(ids), Article.deleted_at.is_(None))
        .order_by(Article.id)
    )
    rows = list(db.execute(query))
    tags: dict[int, list[str]] = defaultdict(list)
    for article_id, tag in db.execute(
        select(ArticleTag.article_id, ArticleTag.tag).where(ArticleTag.article_id.in_(ids))
    ):
        tags[article_id].append(tag)
    people = {article.author_id for article, *_ in rows} | {one for ones in credited.values() for one in ones}
    names, served = names_by_id(db, people), departments_of(db, {article.author_id for article, *_ in rows})
    found = []
    for article, title, html, category in rows:
        on = article.first_published_on or article.created_at.date()
        text, parts = joined(_sections(html), _before_headings(html))
        found.append(
            Document(
                kind="article",
                id=article.id,
                code=article.code,
                url=f"/articles/{article.code}",
                title=title,
                text=text,
                parts=parts,
                audience=_audience(article, credited[article.id]),
                on=on,
                year=be_fiscal_year(on),
                category=category or "",
                department=served.get(article.author_id, ""),
                authors=tuple(
                    names[one] for one in dict.fromkeys([article.author_id, *credited[article.id]]) if one in names
                ),
                tags=tuple(sorted(tags[article.id])),
            )
        )
    return found


def _before_headings(html: str) -> str:
    return plain_text(_HEADING.split(html, maxsplit=1)[0])


def _sections(html: str) -> list[tuple[str, str, str]]:
    """Anchor, heading and text (heading included) of each section."""
    pieces = _HEADING.split(html)[1:]
    return [
        (anchor, plain_text(heading), plain_text(f"<p>{heading}</p>{body}"))
        for anchor, heading, body in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True)
    ]


class FileTexts:
    """Texts of attached files, read once in a limited child and kept by sha256; a folder that may vanish at any time."""

    def __init__(self, files: FileStore, folder: Path) -> None:
        self.files, self.folder = files, folder

    def pages(self, sha256: str, media_type: str) -> list[tuple[str, str]]:
        """Name and text of each page or sheet; empty for what cannot be read."""
        kind = READABLE.get(media_type)
        if kind is None:
            return []
        kept = self.folder / f"{sha256}.json"
        with suppress(OSError, ValueError):
            return [(name, text) for name, text in json.loads(kept.read_text("utf-8"))]
        try:
            content = self.files.read(sha256)
            read = limited.run(Job("read_pages", {"kind": kind}, {"in": content})).values["pages"]
        except (Invalid, OSError):
            return []  # Not kept: the machine may only have been busy.
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = kept.with_suffix(f".{os.getpid()}.new")
        temporary.write_text(json.dumps(read, ensure_ascii=False), "utf-8")
        os.replace(temporary, kept)
        return [(name, text) for name, text in read]

    def all_ids(self, db: Session) -> list[int]:
        """Files whose text can be read."""
        query = (
            select(Attachment.id)
            .join(Article, Article.id == Attachment.article_id)
            .where(Attachment.media_type.in_(READABLE), Article.deleted_at.is_(None))
            .order_by(Attachment.id)
        )
        return list(db.scalars(query))

    def audiences(self, db: Session, ids: list[int]) -> dict[int, tuple[str, ...]]:
        """Who may find these files now."""
        return {file.id: audience for file, _, audience in _shown_files(db, ids)}

    def documents(self, db: Session, ids: list[int]) -> list[Document]:
        """Documents of these files; the article they belong to is named and opened."""
        found = []
        for file, article, audience in _shown_files(db, ids):
            if file.media_type not in READABLE:
                continue
            text, parts = joined(("", name, page) for name, page in self.pages(file.sha256, file.media_type))
            on = file.added_at.date()
            url = f"/articles/{article.code}/files/{quote(file.name)}"
            found.append(
                Document(
                    kind="file",
                    id=file.id,
                    code=article.code,
                    url=url,
                    title=file.name,
                    text=text,
                    parts=parts,
                    audience=audience,
                    on=on,
                    year=be_fiscal_year(on),
                    within=article.title,
                )
            )
        return found


def _shown_files(db: Session, ids: list[int]) -> list[tuple[Attachment, Article, tuple[str, ...]]]:
    """Files with their article and who may find them: one that came with a text not yet checked stays with its writers."""
    query = (
        select(Attachment, Article, Revision, Category.name)
        .join(Article, Article.id == Attachment.article_id)
        .outerjoin(Revision, and_(Revision.article_id == Article.id, Revision.number == Article.published_number))
        .outerjoin(Category, Category.id == Article.category_id)
        .where(Attachment.id.in_(ids), Article.deleted_at.is_(None))
        .order_by(Attachment.id)
    )
    rows = list(db.execute(query))
    credited = _credits(db, {article.id for _, article, _, _ in rows})
    policies = {name: queries.policy_of(db, {name}) for name in {name or "" for *_, name in rows}}
    found = []
    for file, article, shown, category in rows:
        audience = _audience(article, credited[article.id])
        if shown and not queries.shows_file(article, shown, policies[category or ""], file.name, file.added_at):
            audience = tuple(term for term in audience if term.startswith("u")) or (f"u{article.author_id}",)
        found.append((file, article, audience))
    return found
