"""Articles of related words: the search itself, asked with an article's own title and tags, remembered for a while."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.guard import attempt
from app.knowledge.models import Article, ArticleTag
from app.search.query import Search

REMEMBERED = 2_000
SHOWN = 8


class Related:
    """Ids of related articles; whoever shows them checks who may read them."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self._known: OrderedDict[tuple[int, int | None, str], list[int]] = OrderedDict()

    def of(self, db: Session, article: Article, now: datetime) -> list[int]:
        """Ids of at most 8 articles, nearest first, found anew each hour; empty for a draft. Never breaks a page."""
        if article.state == "draft":
            return []
        key = (article.id, article.published_number, f"{now:%Y%m%d%H}")
        if key not in self._known:
            found: list[int] = attempt("finding related articles", lambda: self._find(db, article), lambda: [])
            if not found:  # Perhaps the index is being made: ask again next time.
                return []
            self._known[key] = found
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return self._known[key]

    def _find(self, db: Session, article: Article) -> list[int]:
        tags = db.scalars(select(ArticleTag.tag).where(ArticleTag.article_id == article.id).order_by(ArticleTag.tag))
        answer = self.search.find_all(db, " ".join([article.title, *tags]), limit=SHOWN + 1, kind="article")
        if not answer.ready:
            return []
        return [hit.id for hit in answer.hits if hit.id != article.id][:SHOWN]
