"""Checking a text before readers see it: asked for, commented, returned or approved. Source: KM plan 2558, step 4.

A person never checks what they had a hand in; two approvals at once make one.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.clock import bangkok_day
from app.core.database import transaction
from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.thai import normalise, one_line
from app.knowledge import queries, review_queries, rules
from app.knowledge.models import Article, Review, ReviewComment, Revision
from app.knowledge.publishing import make_public
from app.knowledge.review_queries import GroupPeople
from app.notifications.commands import mark_read_by_url, notify
from app.people.models import Viewer

CLOSED = "รอบตรวจนี้จบไปแล้ว อาจมีผู้ตรวจคนอื่นทำก่อน หรือผู้เขียนส่งฉบับใหม่ โปรดเปิดหน้านี้ใหม่"


def submit(
    db: Session, group: GroupPeople, viewer: Viewer, article: Article, revision: Revision, policy: str, now: datetime
) -> Review:  # fmt: skip
    """Open a round for a text; inside a transaction that holds the article."""
    review = Review(
        article_id=article.id, open_article_id=article.id, number=revision.number, policy=policy, state="open",
        submitted_by_id=viewer.staff_id, submitted_at=now,
    )  # fmt: skip
    db.add(review)
    db.flush()
    _call(db, group, article, review, revision, now)
    return review


def _call(
    db: Session, group: GroupPeople, article: Article, review: Review, revision: Revision, now: datetime
) -> None:  # fmt: skip
    """Tell those whose turn it is: few people, not everyone who might."""
    facts = review_queries.facts_of(db, article, review, revision, bangkok_day(now))
    called = review_queries.called_for(db, facts, group, bangkok_day(now))
    audience = f"g{facts.group_id}" if facts.visibility == "group" else ""
    step = "head" if facts.head_step else "review"
    notify(
        db, "review_asked", called, f"บทความ “{revision.title}” รอท่าน{'อนุมัติ' if facts.head_step else 'ตรวจ'}",
        f"/articles/{article.code}/review", f"{step}:{review.id}", now, audience=audience,
    )  # fmt: skip


def withdraw(db: Session, article: Article) -> None:
    """A newer text ends the round of the older one; inside a transaction."""
    db.execute(
        update(Review)
        .where(Review.article_id == article.id, Review.state == "open")
        .values(state="withdrawn", open_article_id=None)
    )


def note_approval(article: Article, number: int, by_id: int | None, on: date) -> None:
    """Keep the newest approval beside the article; every approval is a row of `review`."""
    article.review_approved_on, article.review_approved_by_id, article.review_approved_number = on, by_id, number


def tell_author(db: Session, article: Article, text: str, key: str, now: datetime, url: str = "") -> None:
    """Tell the author what came of a check; inside a transaction."""
    address = url or f"/articles/{article.code}"
    notify(db, "review_done", [article.author_id], text, address, f"review_done:{article.id}:{key}", now)


def _open_round(
    db: Session, viewer: Viewer, code: str, review_id: int, today: date
) -> tuple[Article, Review, Revision]:
    """The round, locked, when it is this person's turn. Raises Conflict when it ended, NotAllowed for others."""
    article, review, revision = review_queries.review_to_see(db, viewer, code, today)
    db.refresh(article, with_for_update=True)
    db.refresh(review)
    if review.id != review_id or review.state != "open":
        raise Conflict(CLOSED)
    if not rules.can_review(viewer, review_queries.facts_of(db, article, review, revision, today)):
        raise NotAllowed("ท่านตรวจบทความนี้ไม่ได้ เพราะเป็นผู้เขียน ผู้แก้ หรือผู้ส่งเอง หรือขั้นนี้เป็นหน้าที่ของผู้อื่น")
    return article, review, revision


def approve(
    db: Session, group: GroupPeople, viewer: Viewer, code: str, review_id: int, now: datetime, *, head_step: bool = False
) -> str:  # fmt: skip
    """Agree with a text, in the step one saw. Returns `published`, or `head` when the head's approval is still wanted."""
    today = bangkok_day(now)
    with transaction(db):
        article, review, revision = _open_round(db, viewer, code, review_id, today)
        if head_step != (review.policy == "two" and review.reviewer_id is not None):
            raise Conflict(CLOSED)
        mark_read_by_url(db, viewer.staff_id or 0, f"/articles/{code}/review", now)
        if review.policy == "two" and review.reviewer_id is None:
            review.reviewer_id, review.reviewed_on = viewer.staff_id, today
            _call(db, group, article, review, revision, now)
            return "head"
        if review.reviewer_id is None:
            review.reviewer_id, review.reviewed_on = viewer.staff_id, today
        else:
            review.head_id = viewer.staff_id
        review.state, review.open_article_id, review.approved_on = "approved", None, today
        make_public(db, article, revision, now)
        article.version += 1
        note_approval(article, revision.number, viewer.staff_id, today)
        tell_author(db, article, f"บทความของท่าน “{revision.title}” ผ่านการตรวจและเผยแพร่แล้ว", f"round:{review.id}", now)
    return "published"


def send_back(db: Session, viewer: Viewer, code: str, review_id: int, note: str, now: datetime) -> None:
    """Return a text to its author with what to mend. Raises Invalid when nothing says what."""
    note = normalise(note).strip()[:2000]
    with transaction(db):
        article, review, revision = _open_round(db, viewer, code, review_id, bangkok_day(now))
        if not note and not review_queries.comments_of_round(db, review.id):
            raise Invalid({"note": "โปรดบอกผู้เขียนว่าควรแก้อะไร หรือให้ความเห็นที่ย่อหน้าใดย่อหน้าหนึ่ง"})
        review.state, review.open_article_id, review.note = "returned", None, note
        review.reviewer_id, review.reviewed_on = viewer.staff_id, bangkok_day(now)
        mark_read_by_url(db, viewer.staff_id or 0, f"/articles/{code}/review", now)
        text = f"บทความของท่าน “{revision.title}” ถูกส่งกลับให้แก้" + (f": {one_line(note)}" if note else "")
        tell_author(db, article, text, f"back:{review.id}", now, f"/articles/{code}/edit")


def comment(db: Session, viewer: Viewer, code: str, review_id: int, paragraph: int, text: str, now: datetime) -> None:
    """Say something of one paragraph (-1: of the whole) of the text in review. Raises Invalid for an empty one."""
    text = normalise(text).strip()[:2000]
    if not text:
        raise Invalid({"text": "ความเห็นยังว่างอยู่"})
    assert viewer.staff_id is not None
    with transaction(db):
        article, review, revision = _open_round(db, viewer, code, review_id, bangkok_day(now))
        paragraphs = review_queries.paragraphs_of(revision.html)
        if not -1 <= paragraph < len(paragraphs):
            raise Invalid({"text": "ไม่พบย่อหน้านี้ โปรดเปิดหน้านี้ใหม่"})
        db.add(
            ReviewComment(
                article_id=article.id, review_id=review.id, number=revision.number, paragraph=paragraph,
                quote=(paragraphs[paragraph].words or "(รูปหรือเส้นคั่น)")[:300] if paragraph >= 0 else "", text=text, by_id=viewer.staff_id, at=now,
            )
        )  # fmt: skip


def settle_comment(db: Session, viewer: Viewer, code: str, comment_id: int, now: datetime) -> None:
    """The author has dealt with a comment."""
    article = queries.article_to_edit(db, viewer, code)
    with transaction(db):
        db.execute(
            update(ReviewComment)
            .where(ReviewComment.id == comment_id, ReviewComment.article_id == article.id)
            .values(settled_at=now)
        )


def open_review_of(db: Session, article_id: int) -> Review | None:
    """The round under way, if any."""
    return db.scalar(select(Review).where(Review.open_article_id == article_id))
