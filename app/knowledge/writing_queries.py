"""Questions of the editor: what a text was based on, what was typed and not saved, who else is here, what to suggest."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import case, or_, select
from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.thai import one_line
from app.knowledge import queries
from app.knowledge.models import Article, ArticleText, Autosave, Editing, Revision, State, StillValid
from app.people.models import Staff, Viewer
from app.people.rules import short_name


def base_revision(db: Session, article: Article, version: int) -> Revision | None:
    """The text a person began from: the newest one saved at or before a version of the article; None when unknown."""
    query = select(Revision).where(Revision.article_id == article.id, Revision.version <= version, Revision.version > 0)
    return db.scalar(query.order_by(Revision.number.desc()).limit(1))


def text_of(db: Session, article: Article, revision: Revision) -> ArticleText:
    """A saved text as the editor takes it, based on the article as it is now; at most three statements."""
    details = revision.details or queries.details_of(db, article)
    due = details["review_due_on"]
    numbers = details.get("co_authors") or ()
    names = db.scalars(select(Staff.name).where(Staff.id.in_(numbers)).order_by(Staff.code))
    return ArticleText(
        title=revision.title, body=revision.body, category=details["category"], tags=tuple(details["tags"]),
        visibility=details["visibility"], group_id=details["group_id"], version=article.version,
        review_due_on=date.fromisoformat(due) if due else None, co_authors=tuple(names), series=details["series"],
        series_number=details["series_number"], template=article.template,
    )  # fmt: skip


def people_named(db: Session, names: Iterable[str], known: set[int]) -> tuple[set[int], list[str], list[str]]:
    """Ids of people by name, with or without title, or by code; then names that fit nobody, and those that fit several.

    Of several, one of the `known` is meant; people who left count only when known. One statement.
    """
    wanted = [one_line(name) for name in names if one_line(name)]
    if not wanted:
        return set(), [], []
    fits: dict[str, set[int]] = defaultdict(set)
    for number, code, name, active in db.execute(select(Staff.id, Staff.code, Staff.name, Staff.active)):
        if active or number in known:
            for spelling in {code, name, short_name(name)}:
                fits[spelling].add(number)
    chosen = {name: fits[name] & known or fits[name] for name in wanted}
    found = {number for numbers in chosen.values() if len(numbers) == 1 for number in numbers}
    return found, [n for n in wanted if not chosen[n]], [n for n in wanted if len(chosen[n]) > 1]


def confirmed_since(db: Session, article_id: int, version: int) -> date | None:
    """Review date of the newest ยืนยันว่ายังใช้ได้ after a version of the article, if any."""
    query = select(StillValid.until).where(StillValid.article_id == article_id, StillValid.version > version)
    return db.scalar(query.order_by(StillValid.id.desc()).limit(1))


def successor_named(db: Session, viewer: Viewer, text: str) -> Article:
    """The article a person named, by title, code or address, among what they may read. Raises Invalid."""
    text = one_line(text)
    code = re.search(r"/articles/([^/?#]+)", text)
    wanted = or_(Article.code == (code[1] if code else text), Article.title == text)
    found = db.scalar(select(Article).where(queries.readable(viewer), wanted).order_by(Article.id).limit(1))
    if found is None:
        raise Invalid({"successor": "ไม่พบเรื่องที่ใช้แทน โปรดวางที่อยู่ของบทความ หรือพิมพ์ชื่อเรื่องให้ตรง"})
    return found


def autosaved(db: Session, staff_id: int, place: str) -> Autosave | None:
    """What a person typed in a place and did not save."""
    return db.scalar(select(Autosave).where(Autosave.staff_id == staff_id, Autosave.place == place))


def others_editing(db: Session, article_id: int, staff_id: int, since: datetime) -> list[str]:
    """Names of others who have an article open in the editor."""
    query = (
        select(Staff.name)
        .join(Editing, Editing.staff_id == Staff.id)
        .where(Editing.article_id == article_id, Editing.staff_id != staff_id, Editing.seen_at >= since)
        .order_by(Staff.name)
    )
    return list(db.scalars(query))


def titles_like(db: Session, viewer: Viewer, text: str, limit: int = 8) -> list[str]:
    """Titles of published articles this person may read that hold a text; those that begin with it first."""
    text = one_line(text)
    like = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    query = select(Article.title).where(
        queries.readable(viewer), Article.state == State.PUBLISHED.value, Article.title.ilike(f"%{like}%", escape="\\")
    )
    begins = case((Article.title.ilike(f"{like}%", escape="\\"), 0), else_=1)
    return list(db.scalars(query.order_by(begins, Article.title).limit(limit)))
