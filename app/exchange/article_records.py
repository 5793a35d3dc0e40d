"""What happened to articles beside their texts, in and out: approvals, and what held from day to day."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.exchange.formats import Record
from app.knowledge.models import Article, ArticleStanding, Review


def approvals(db: Session, codes: Any) -> Any:
    """Approvals but the newest of each article, which stands in its own line."""
    query = (
        select(Review, Article.review_approved_on)
        .join(Article, Article.id == Review.article_id)
        .where(Article.deleted_at.is_(None), Review.approved_on.is_not(None))
        .order_by(Review.article_id, Review.approved_on, Review.id)
    )
    seen: set[tuple[int, date | None]] = set()
    for row, newest in db.execute(query):
        if row.approved_on != newest and (row.article_id, row.approved_on) not in seen:
            seen.add((row.article_id, row.approved_on))
            by = row.head_id or row.reviewer_id
            yield {"article": codes.of("article", row.article_id), "on": row.approved_on, "by": codes.of("staff", by)}


def standings(db: Session, codes: Any) -> Any:
    """What held of an article from day to day, where that is more than what its own line says."""
    article = ArticleStanding.article_id == Article.id
    several = select(ArticleStanding.article_id).group_by(ArticleStanding.article_id).having(func.count() > 1)
    query = select(ArticleStanding).join(Article, article).where(ArticleStanding.article_id.in_(several))
    for row in db.scalars(query.order_by(ArticleStanding.article_id, ArticleStanding.on)):
        yield {
            "article": codes.of("article", row.article_id), "on": row.on, "categorised": row.categorised,
            "review_due_on": row.review_due_on,
        }  # fmt: skip


def approve(b: Any, article: Article, on: date, by_id: int | None) -> None:
    """An approval as a row of its own, unless this day's is there already."""
    there = select(Review.id).where(Review.article_id == article.id, Review.approved_on == on)
    if b.db.scalar(there) is None:
        b.db.add(
            Review(
                article_id=article.id, number=article.review_approved_number or 1, policy="none", state="approved",
                reviewer_id=by_id, reviewed_on=on, approved_on=on,
            )
        )  # fmt: skip
        b.db.flush()


def add_standings(b: Any, records: list[Record]) -> None:
    """Keep what held of articles from a day on."""
    for record in records:
        g = record.given
        article_id = b.ids("article")[g["article"]]
        kept = {"on": g["on"], "categorised": g["categorised"], "review_due_on": g["review_due_on"]}
        b.db.merge(ArticleStanding(article_id=article_id, **kept))


def add_approvals(b: Any, records: list[Record]) -> None:
    """Keep earlier approvals of articles."""
    for record in records:
        g = record.given
        approve(b, b.article(g["article"]), g["on"], b.id("staff", g["by"]))
