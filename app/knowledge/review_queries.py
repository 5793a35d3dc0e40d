"""Questions about checking: whose turn it is, what waits, what was said of which paragraph."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from typing import TypeAlias

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.core.clock import bangkok_day
from app.core.errors import NotFound
from app.core.rendering import plain_text
from app.core.thai import one_line
from app.knowledge import queries, rules
from app.knowledge.models import Article, ArticleCredit, Review, ReviewComment, Revision
from app.knowledge.rules import ReviewFacts
from app.people.models import Role, Service, Staff, StaffRole, Team, TeamMember, Viewer
from app.people.queries import department_on, serves_on

# (members, facilitators) of a group: known to the slice above.
GroupPeople: TypeAlias = Callable[[Session, int], tuple[set[int], set[int]]]


@dataclass(frozen=True)
class Waiting:
    """A round that waits for this person."""

    code: str
    title: str
    author: str
    since: date
    head_step: bool


@dataclass(frozen=True)
class Said:
    """A comment with its writer's name."""

    comment: ReviewComment
    name: str


@dataclass(frozen=True)
class Block:
    """One paragraph of a rendered text: its clean HTML and its words."""

    html: str
    words: str


def _facts(
    article: Article, review: Review, revision: Revision, hands: set[int], department: int | None
) -> ReviewFacts:
    details = revision.details or {}
    submitted = {review.submitted_by_id} if review.submitted_by_id is not None else set()
    return ReviewFacts(
        involved=frozenset({article.author_id, revision.editor_id} | hands | submitted),
        visibility=details.get("visibility", article.visibility),
        group_id=details.get("group_id", article.group_id),
        author_department=department,
        head_step=review.policy == "two" and review.reviewer_id is not None,
        reviewer_id=review.reviewer_id,
    )


def hands_in(db: Session, article: Article, upto: int, since: int = 0) -> set[int]:
    """Everyone who had a hand in the texts after `since` up to `upto`: author, editors, co-authors then and now."""
    query = select(Revision.editor_id, Revision.details).where(
        Revision.article_id == article.id, Revision.number > since, Revision.number <= upto
    )
    hands = {article.author_id, *queries.credited_ids(db, article.id)}
    for editor_id, details in db.execute(query):
        hands |= {editor_id, *((details or {}).get("co_authors") or ())}
    return hands


def checked_number(db: Session, article: Article) -> int | None:
    """Number of the newest text a person checked; None when nobody ever did."""
    return db.scalar(select(func.max(Review.number)).where(Review.article_id == article.id, Review.state == "approved"))


def facts_of(db: Session, article: Article, review: Review, revision: Revision, today: date) -> ReviewFacts:
    """What decides who may take the round's next step; three statements."""
    hands = hands_in(db, article, review.number, article.published_number or 0)
    return _facts(article, review, revision, hands, department_on(db, article.author_id, today))


def review_to_see(db: Session, viewer: Viewer, code: str, today: date) -> tuple[Article, Review, Revision]:
    """An article, its newest round and the text, for those who edit it or whose turn it is. Raises NotFound."""
    found = db.execute(
        select(Article, Review, Revision)
        .join(Review, Review.article_id == Article.id)
        .join(Revision, and_(Revision.article_id == Article.id, Revision.number == Review.number))
        .where(Article.code == code, Article.deleted_at.is_(None), Review.policy != "none")
        .order_by(Review.id.desc())
        .limit(1)
    ).first()
    if found is not None:
        article, review, revision = found
        credited = queries.credited_ids(db, article.id)
        if rules.can_edit(viewer, article, credited):
            return article, review, revision
        if turn_of(db, viewer, article, review, revision, today):
            return article, review, revision
        took_part = viewer.staff_id is not None and viewer.staff_id in (review.reviewer_id, review.head_id)
        if took_part and rules.may_read_as(viewer, revision.details):
            return article, review, revision
    raise NotFound("ไม่พบบทความที่รอท่านตรวจ อาจมีผู้ตรวจแล้ว หรือผู้เขียนกำลังแก้ฉบับใหม่")


def turn_of(
    db: Session, viewer: Viewer, article: Article, review: Review, revision: Revision, today: date
) -> bool:  # fmt: skip
    """Whether the round is open and waits for this person."""
    return review.state == "open" and rules.can_review(viewer, facts_of(db, article, review, revision, today))


def checks_now(db: Session, viewer: Viewer, code: str, today: date) -> Article | None:
    """The article when a round of it waits for this person now; None otherwise."""
    try:
        article, review, revision = review_to_see(db, viewer, code, today)
    except NotFound:
        return None
    return article if turn_of(db, viewer, article, review, revision, today) else None


def waiting_for(db: Session, viewer: Viewer, today: date) -> list[Waiting]:
    """Open rounds whose next step this person may take, oldest first; three statements, none for most people."""
    able = viewer.curates or viewer.facilitates
    if not able and not viewer.has(Role.SECRETARY, Role.HEAD, Role.EVALUATOR, Role.EXECUTIVE):
        return []
    rows = db.execute(
        select(Article, Review, Revision, Staff.name, Service.department_id)
        .join(Review, Review.open_article_id == Article.id)
        .join(Revision, and_(Revision.article_id == Article.id, Revision.number == Review.number))
        .join(Staff, Staff.id == Article.author_id)
        .outerjoin(Service, and_(Service.staff_id == Staff.id, serves_on(today)))
        .where(Article.deleted_at.is_(None))
        .order_by(Review.id)
        .limit(300)
    ).all()
    hands: dict[int, set[int]] = defaultdict(set)
    ids = [row[0].id for row in rows]
    edits = (
        select(Revision.article_id, Revision.editor_id, Revision.details)
        .join(Article, Article.id == Revision.article_id)
        .join(Review, Review.open_article_id == Article.id)
        .where(
            Article.id.in_(ids),
            Revision.number > func.coalesce(Article.published_number, 0),
            Revision.number <= Review.number,
        )
    )
    for article_id, editor_id, details in db.execute(edits):
        hands[article_id] |= {editor_id, *((details or {}).get("co_authors") or ())}
    credits = select(ArticleCredit.article_id, ArticleCredit.staff_id).where(ArticleCredit.article_id.in_(ids))
    for article_id, number in db.execute(credits):
        hands[article_id].add(number)
    found = []
    for article, review, revision, name, department in rows:
        facts = _facts(article, review, revision, hands[article.id], department)
        if rules.can_review(viewer, facts):
            since = review.submitted_at or revision.at
            found.append(Waiting(article.code, revision.title, name, bangkok_day(since), facts.head_step))
    return found


def called_for(db: Session, facts: ReviewFacts, group: GroupPeople, today: date) -> set[int]:
    """People told that a round waits: secretaries, the author's head and curators; executives when there is no head.

    Of a group's text its facilitators, and of the others only `members`.
    """
    head_here = and_(StaffRole.role == Role.HEAD.value, Service.department_id == facts.author_department)
    query = select(StaffRole.staff_id).join(Staff, Staff.id == StaffRole.staff_id).where(Staff.active)
    query = query.outerjoin(Service, and_(Service.staff_id == Staff.id, serves_on(today)))
    not_these = set(facts.involved) | {facts.reviewer_id or 0}
    heads = set(db.scalars(query.where(head_here))) - not_these
    inside = facts.visibility == "group" and facts.group_id is not None
    members, facilitators = group(db, facts.group_id) if inside and facts.group_id is not None else (None, set())
    if facts.head_step:
        called = heads or set(db.scalars(query.where(StaffRole.role == Role.EXECUTIVE.value))) - not_these
        return called if members is None else called & members
    secretaries = set(db.scalars(query.where(StaffRole.role == Role.SECRETARY.value)))
    appointed = and_(
        Team.kind == "curate", Team.valid_from <= today, or_(Team.valid_to.is_(None), Team.valid_to >= today)
    )
    curators = set(db.scalars(select(TeamMember.staff_id).join(Team, Team.id == TeamMember.team_id).where(appointed)))
    called = (heads | secretaries | curators) - not_these
    return called if members is None else (called & members) | (facilitators - not_these)


def comments_of_round(db: Session, review_id: int) -> list[Said]:
    """What was said in a round, by paragraph."""
    query = (
        select(ReviewComment, Staff.name)
        .join(Staff, Staff.id == ReviewComment.by_id)
        .where(ReviewComment.review_id == review_id)
        .order_by(ReviewComment.paragraph, ReviewComment.id)
    )
    return [Said(comment, name) for comment, name in db.execute(query)]


def round_before(db: Session, review: Review) -> Review | None:
    """The newest round of the same article that was returned before this one, while nothing was published since."""
    query = select(Review).where(Review.article_id == review.article_id, Review.id < review.id)
    found = db.scalar(query.where(Review.state.in_(("returned", "approved"))).order_by(Review.id.desc()).limit(1))
    return found if found is not None and found.state == "returned" else None


def comments_to_settle(db: Session, article_id: int) -> list[Said]:
    """Comments the author has not dealt with, oldest first."""
    query = (
        select(ReviewComment, Staff.name)
        .join(Staff, Staff.id == ReviewComment.by_id)
        .where(ReviewComment.article_id == article_id, ReviewComment.settled_at.is_(None))
        .order_by(ReviewComment.id)
        .limit(100)
    )
    return [Said(comment, name) for comment, name in db.execute(query)]


@dataclass(frozen=True)
class Round:
    """A round with the names of those in it."""

    review: Review
    reviewer: str
    head: str


def newest_round(db: Session, article_id: int) -> Round | None:
    """The newest round of an article, whatever became of it."""
    reviewer, head = aliased(Staff), aliased(Staff)
    row = db.execute(
        select(Review, reviewer.name, head.name)
        .outerjoin(reviewer, reviewer.id == Review.reviewer_id)
        .outerjoin(head, head.id == Review.head_id)
        .where(Review.article_id == article_id)
        .order_by(Review.id.desc())
        .limit(1)
    ).first()
    return Round(row[0], row[1] or "", row[2] or "") if row else None


def approval_of(db: Session, article: Article) -> Round | None:
    """The approved round of the text readers see, the newest when there are several."""
    reviewer, head = aliased(Staff), aliased(Staff)
    number = article.review_approved_number or article.published_number or 0
    row = db.execute(
        select(Review, reviewer.name, head.name)
        .outerjoin(reviewer, reviewer.id == Review.reviewer_id)
        .outerjoin(head, head.id == Review.head_id)
        .where(Review.article_id == article.id, Review.state == "approved", Review.number <= number)
        .order_by(Review.number.desc(), Review.id.desc())
        .limit(1)
    ).first()
    return Round(row[0], row[1] or "", row[2] or "") if row else None


class _Splitter(HTMLParser):
    """Cuts clean HTML at its outermost elements."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.html, self.depth, self.ends = html, 0, [0]
        self.starts = [0]
        for line in html.split("\n")[:-1]:
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.feed(html)
        self.close()

    def place(self) -> int:
        line, column = self.getpos()
        return self.starts[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "hr", "img"):
            if self.depth == 0 and tag == "hr":
                self.ends.append(self.place() + len(self.get_starttag_text() or ""))
            return
        self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1
        if self.depth == 0:
            self.ends.append(self.place() + len(f"</{tag}>"))


def paragraphs_of(html: str) -> list[Block]:
    """A rendered text cut at its outermost elements, in order; nothing is lost."""
    cuts = sorted({*_Splitter(html).ends, len(html)})
    pieces = [html[a:b].strip("\n") for a, b in itertools.pairwise(cuts)]
    return [Block(piece, one_line(plain_text(piece))) for piece in pieces if piece.strip()]
