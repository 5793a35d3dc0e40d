"""What makes a text the one readers see: the article takes its title and details, links are noted, people told."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.core.clock import bangkok_day
from app.core.database import insert_new, insert_or_skip
from app.core.errors import Invalid
from app.core.thai import fold, one_line
from app.knowledge.models import (
    Article,
    ArticleCredit,
    ArticleLink,
    ArticleStanding,
    ArticleTag,
    Category,
    Revision,
    State,
)
from app.knowledge.searchable import touch_articles
from app.notifications.commands import notify, notify_codes


def audience_of(article: Article) -> str:
    """Whom notifications about an article may reach: "" for all staff, "g12" for members of a group."""
    return f"g{article.group_id}" if article.visibility == "group" else ""


def category_id(db: Session, name: str, *, may_add: bool) -> int | None:
    """Id of a category; a new one is added for those who keep the tree. Raises Invalid for others."""
    name = one_line(name)[:200]
    if not name:
        return None
    found = db.scalar(select(Category.id).where(Category.name == name))
    if found is None:
        if not may_add:
            raise Invalid({"category": f"ยังไม่มีหมวด “{name}” โปรดเลือกจากรายการ หรือขอให้เลขานุการเพิ่มหมวดนี้"})
        insert_or_skip(db, Category, {"name": name})
        found = db.scalars(select(Category.id).where(Category.name == name)).one()
    return found


def apply_details(db: Session, article: Article, revision: Revision) -> None:
    """Give an article the title and details that came with a text; inside a transaction."""
    details: dict[str, Any] = revision.details or {}
    article.title = revision.title
    if not details:
        return
    article.category_id = category_id(db, details["category"], may_add=True)
    article.visibility, article.group_id = details["visibility"], details["group_id"]
    due = details["review_due_on"]
    article.review_due_on = date.fromisoformat(due) if due else None
    article.series, article.series_number = details["series"], details["series_number"]
    db.execute(delete(ArticleTag).where(ArticleTag.article_id == article.id))
    db.add_all([ArticleTag(article_id=article.id, tag=tag) for tag in details["tags"]])
    if "co_authors" in details:
        db.execute(delete(ArticleCredit).where(ArticleCredit.article_id == article.id))
        db.add_all([ArticleCredit(article_id=article.id, staff_id=number) for number in details["co_authors"]])


def make_public(db: Session, article: Article, revision: Revision, now: datetime) -> None:
    """From now on readers see this text; inside a transaction that holds the article."""
    first = article.state == State.DRAFT.value
    revision.approved, revision.approved_on = True, bangkok_day(now)
    article.published_number = revision.number
    if first:
        revision.first = True
        article.state, article.first_published_on = State.PUBLISHED.value, bangkok_day(now)
    apply_details(db, article, revision)
    note_standing(db, article, bangkok_day(now))
    note_links(db, article.id, revision.html)
    _tell(db, article, revision, now, first=first)
    touch_articles(db, [article.id])


def note_standing(db: Session, article: Article, on: date) -> None:
    """Keep what holds of a published article from a day on; inside a transaction that holds the article."""
    categorised = article.category_id is not None
    db.merge(
        ArticleStanding(
            article_id=article.id, on=on, categorised=categorised, review_due_on=article.review_due_on
        )
    )  # fmt: skip


def links_in(html: str) -> dict[str, str]:
    """Titles that `[[…]]` of a rendered text means, as compared -> as written."""
    titles = [unquote(found) for found in re.findall(r'href="/wiki/([^"]+)"', html)]
    return {fold(one_line(title))[:300]: one_line(title)[:300] for title in titles}


def note_links(db: Session, article_id: int, html: str) -> None:
    """Keep the `[[links]]` of the text readers see."""
    db.execute(delete(ArticleLink).where(ArticleLink.article_id == article_id))
    rows = [{"article_id": article_id, "title": key, "shown": shown} for key, shown in links_in(html).items()]
    insert_new(db, ArticleLink, rows)


def mentioned_in(html: str) -> list[str]:
    """Codes of the people a rendered text names with `@`."""
    return [unquote(code) for code in re.findall(r'href="/people/([^"]+)" class="mention"', html)] + [
        unquote(code) for code in re.findall(r'class="mention" href="/people/([^"]+)"', html)
    ]


def _tell(db: Session, article: Article, revision: Revision, now: datetime, *, first: bool) -> None:
    url, audience = f"/articles/{article.code}", audience_of(article)
    notify_codes(
        db, "mention", mentioned_in(revision.html), f"ท่านถูกเอ่ยถึงในบทความ “{article.title}”", url,
        f"mention:article:{article.id}", now, but=revision.editor_id, audience=audience,
    )  # fmt: skip
    if not first and revision.editor_id != article.author_id:
        text = f"บทความของท่าน “{article.title}” มีฉบับใหม่" + (f": {revision.summary}" if revision.summary else "")
        notify(db, "edited", [article.author_id], text, url, f"edited:{article.id}:{revision.number}", now)
