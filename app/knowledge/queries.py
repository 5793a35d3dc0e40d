"""Questions about articles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnElement, String, and_, cast, false, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from app.core.database import AnySelect, count_rows
from app.core.errors import NotAllowed, NotFound
from app.core.paging import Page
from app.knowledge import rules
from app.knowledge.models import (
    Application,
    Article,
    ArticleCard,
    ArticleCredit,
    ArticleTag,
    Attachment,
    Category,
    Review,
    Revision,
    State,
)
from app.people.models import Staff, Viewer

PAGE_SIZE = 20


@dataclass(frozen=True)
class FileLine:
    """A file beside an article; `size` in bytes."""

    name: str
    size: int
    added_at: datetime


@dataclass(frozen=True)
class ArticlePage:
    """An article with everything its page shows. `last_edit_at`: when the reader last saved it, None for never."""

    article: Article
    revision: Revision
    author: Staff
    category: str
    tags: list[str]
    credited: list[tuple[int, str, str]]
    attachments: list[FileLine]
    approver: str
    last_edit_at: datetime | None


def readable(viewer: Viewer) -> ColumnElement[bool]:
    """Condition: published or retired, not deleted, and this person may read it. Drafts are never in lists."""
    audiences: list[ColumnElement[bool]] = [Article.visibility == "public"]
    if viewer.staff_id is not None:
        groups = Article.group_id.in_(viewer.group_ids) if viewer.group_ids else false()
        audiences.append(and_(Article.visibility == "group", groups))
    if viewer.is_staff:
        mine = select(ArticleCredit.article_id).where(ArticleCredit.staff_id == viewer.staff_id)
        audiences += [Article.visibility == "staff", Article.author_id == viewer.staff_id, Article.id.in_(mine)]
    return and_(Article.deleted_at.is_(None), Article.state != State.DRAFT.value, or_(*audiences))


def credited_ids(db: Session, article_id: int) -> frozenset[int]:
    """Staff credited beside the author."""
    return frozenset(db.scalars(select(ArticleCredit.staff_id).where(ArticleCredit.article_id == article_id)))


def article_to_read(db: Session, viewer: Viewer, code: str) -> Article:
    """The article, when the person may read it. Raises NotFound for others: they may not learn that it exists."""
    article = db.scalar(select(Article).where(Article.code == code))
    if article is None:
        raise NotFound("ไม่พบบทความนี้ อาจถูกย้าย หรือท่านไม่มีสิทธิ์อ่าน")
    if not rules.can_read(viewer, article) and (
        viewer.staff_id is None or not rules.can_read(viewer, article, credited_ids(db, article.id))
    ):
        raise NotFound("ไม่พบบทความนี้ อาจถูกย้าย หรือท่านไม่มีสิทธิ์อ่าน")
    return article


def article_to_edit(db: Session, viewer: Viewer, code: str) -> Article:
    """The article, when the person may edit it. Raises NotFound for outsiders, NotAllowed for readers."""
    article = article_to_read(db, viewer, code)
    if not rules.can_edit(viewer, article, credited_ids(db, article.id)):
        raise NotAllowed("ท่านอ่านบทความนี้ได้ แต่แก้ไขไม่ได้ ขอให้ผู้เขียนหรือเลขานุการแก้ให้ได้")
    return article


def revision(db: Session, article: Article, number: int) -> Revision:
    """One revision of this article. Raises NotFound."""
    found = db.scalar(select(Revision).where(Revision.article_id == article.id, Revision.number == number))
    if found is None:
        raise NotFound("ไม่พบฉบับนี้ของบทความ")
    return found


def details_of(db: Session, article: Article) -> dict[str, Any]:
    """An article's details as it is now, in the form a revision keeps them; three statements."""
    return {
        "category": category_name(db, article.category_id), "visibility": article.visibility,
        "tags": sorted(db.scalars(select(ArticleTag.tag).where(ArticleTag.article_id == article.id))),
        "group_id": article.group_id, "series": article.series, "series_number": article.series_number,
        "review_due_on": article.review_due_on.isoformat() if article.review_due_on else None,
        "co_authors": sorted(credited_ids(db, article.id)),
    }  # fmt: skip


def category_name(db: Session, category_id: int | None) -> str:
    """Name of a category, "" for none."""
    return db.scalar(select(Category.name).where(Category.id == category_id)) or "" if category_id else ""


def policy_of(db: Session, names: set[str]) -> str:
    """The strictest policy of some categories and of those above them; one statement."""
    tree = {row.id: row for row in db.execute(select(Category.id, Category.name, Category.parent_id, Category.policy))}
    found = []
    for row in tree.values():
        if row.name not in names:
            continue
        above: Any = row
        seen: set[int] = set()
        while above is not None and above.id not in seen:
            seen.add(above.id)
            found.append(above.policy)
            above = tree.get(above.parent_id)
    return rules.strictest(found)


def name_of(db: Session, staff_id: int) -> str:
    """Full name of a person."""
    return db.scalar(select(Staff.name).where(Staff.id == staff_id)) or ""


def bin_of(db: Session, viewer: Viewer) -> list[ArticleCard]:
    """Drafts in the bin that this person may take out: own ones, newest first."""
    query = _cards().where(Article.deleted_at.is_not(None), Article.author_id == viewer.staff_id)
    return [_card(*row) for row in db.execute(query.order_by(Article.deleted_at.desc()).limit(100))]


def article_in_bin(db: Session, viewer: Viewer, code: str) -> Article:
    """A draft of this person's in the bin. Raises NotFound."""
    query = select(Article).where(
        Article.code == code, Article.deleted_at.is_not(None), Article.author_id == viewer.staff_id
    )
    found = db.scalar(query)
    if found is None:
        raise NotFound("ไม่พบร่างนี้ในถัง")
    return found


def shown_number(article: Article) -> int:
    """Number of the revision readers see; of a draft the latest."""
    return article.published_number if article.published_number is not None else article.latest_number


def article_page(db: Session, article: Article, reader_id: int | None = None) -> ArticlePage:
    """Everything the article's page shows; three statements."""
    edits = aliased(Revision)
    edited = (
        select(func.max(edits.at)).where(edits.article_id == article.id, edits.editor_id == reader_id).scalar_subquery()
    )
    checker = aliased(Staff)
    approver = select(checker.name).where(checker.id == article.review_approved_by_id).scalar_subquery()
    row = db.execute(
        select(Revision, Staff, Category.name, approver, edited)
        .select_from(Revision)
        .join(Staff, Staff.id == article.author_id)
        .outerjoin(Category, Category.id == article.category_id)
        .where(Revision.article_id == article.id, Revision.number == shown_number(article))
    ).one()
    tags, credited = _beside(db, article.id)
    files = [FileLine(one.name, one.size, one.added_at) for one in attachments(db, article.id)]
    return ArticlePage(article, row[0], row[1], row[2] or "", tags, credited, files, row[3] or "", row[4])


def _beside(db: Session, article_id: int) -> tuple[list[str], list[tuple[int, str, str]]]:
    """Tags and credited people of an article, each in order; one statement."""
    blank = cast(literal(""), String)
    rows = db.execute(
        union_all(
            select(literal("tag"), ArticleTag.tag, blank, literal(0)).where(ArticleTag.article_id == article_id),
            select(literal("credit"), Staff.code, Staff.name, Staff.id)
            .join(ArticleCredit, ArticleCredit.staff_id == Staff.id)
            .where(ArticleCredit.article_id == article_id),
        )
    ).all()
    ordered = sorted((what, first, second, number) for what, first, second, number in rows)
    return (
        [first for what, first, _, _ in ordered if what == "tag"],
        [(number, first, second) for what, first, second, number in ordered if what == "credit"],
    )


def names_file(html: str, name: str) -> bool:
    """Whether a rendered text shows or links a file of its article."""
    return f"/files/{quote(name)}" in html or f"/files/{name}" in html


def shows_file(article: Article, shown: Revision, policy: str, name: str, added_at: datetime) -> bool:
    """Whether readers may see a file: one that came with a text not yet checked stays with its writers."""
    waits = policy != "none" or article.latest_number != article.published_number
    return not waits or added_at <= shown.at or names_file(shown.html, name)


def attachments(db: Session, article_id: int) -> list[Attachment]:
    """Files of an article by name."""
    return list(db.scalars(select(Attachment).where(Attachment.article_id == article_id).order_by(Attachment.name)))


def attachment(db: Session, article: Article, name: str) -> Attachment:
    """One file by name. Raises NotFound."""
    found = db.scalar(select(Attachment).where(Attachment.article_id == article.id, Attachment.name == name))
    if found is None:
        raise NotFound("ไม่พบไฟล์แนบนี้")
    return found


def _cards() -> AnySelect:
    return (
        select(Article, Staff.name, Category.name)
        .join(Staff, Staff.id == Article.author_id)
        .outerjoin(Category, Category.id == Article.category_id)
    )


def _card(article: Article, author: str, category: str | None) -> ArticleCard:
    on = article.first_published_on or article.created_at.date()
    return ArticleCard(
        article.id, article.code, article.title, author, category or "", on, article.state, article.visibility
    )


def card_rows(
    db: Session, viewer: Viewer, *wanted: ColumnElement[bool], limit: int, order: tuple[Any, ...] = ()
) -> list[ArticleCard]:
    """Cards of what this person may read under some conditions, newest first unless told; one statement."""
    query = _cards().where(readable(viewer), *wanted)
    order = order or (Article.first_published_on.desc(), Article.id.desc())
    return [_card(*row) for row in db.execute(query.order_by(*order).limit(limit))]


def articles(db: Session, viewer: Viewer, category: str, tag: str, number: int) -> Page[ArticleCard]:
    """A page of what this person may read, newest first; three statements."""
    query = _cards().where(readable(viewer))
    if category:
        query = query.where(Category.name == category)
    if tag:
        query = query.where(Article.id.in_(select(ArticleTag.article_id).where(ArticleTag.tag == tag)))
    total = count_rows(db, query)
    query = query.order_by(Article.first_published_on.desc(), Article.id.desc())
    rows = db.execute(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    return Page([_card(*row) for row in rows], number, PAGE_SIZE, total)


def readable_article(db: Session, viewer: Viewer, article_id: int) -> Article | None:
    """An article by id, when this person may read it."""
    return db.scalar(select(Article).where(readable(viewer), Article.id == article_id))


def newest(db: Session, viewer: Viewer, limit: int) -> list[ArticleCard]:
    """Newest articles this person may read."""
    query = _cards().where(readable(viewer), Article.state == State.PUBLISHED.value)
    rows = db.execute(query.order_by(Article.first_published_on.desc(), Article.id.desc()).limit(limit))
    return [_card(*row) for row in rows]


def drafts_of(db: Session, staff_id: int) -> list[ArticleCard]:
    """A person's own drafts and those that credit them, newest first."""
    credit = select(ArticleCredit.article_id).where(ArticleCredit.staff_id == staff_id)
    query = _cards().where(
        Article.state == State.DRAFT.value,
        Article.deleted_at.is_(None),
        or_(Article.author_id == staff_id, Article.id.in_(credit)),
    )
    cards = [_card(*row) for row in db.execute(query.order_by(Article.updated_at.desc()).limit(20))]
    rounds = (
        select(Review.article_id, Review.state)
        .join(Article, and_(Article.id == Review.article_id, Article.latest_number == Review.number))
        .where(Review.article_id.in_([card.id for card in cards]))
        .order_by(Review.id)
    )
    states = {number: state for number, state in db.execute(rounds)} if cards else {}
    return [replace(card, review=states.get(card.id, "")) for card in cards]


def articles_by(db: Session, viewer: Viewer, author_id: int) -> list[ArticleCard]:
    """Published articles of an author that the viewer may read, newest first."""
    query = _cards().where(readable(viewer), Article.author_id == author_id)
    return [_card(*row) for row in db.execute(query.order_by(Article.first_published_on.desc()).limit(100))]


def articles_of_training(db: Session, viewer: Viewer, training_id: int) -> list[ArticleCard]:
    """Articles written after a training that the viewer may read."""
    query = _cards().where(readable(viewer), Article.training_id == training_id)
    return [_card(*row) for row in db.execute(query.order_by(Article.first_published_on.desc()).limit(100))]


def article_of(db: Session, viewer: Viewer, came_from: ColumnElement[bool]) -> Article | None:
    """The published article that came out of a thread or a meeting, such as `Article.thread_id == 7`, if readable."""
    return db.scalar(select(Article).where(readable(viewer), came_from).order_by(Article.id).limit(1))


def written_after_trainings() -> list[AnySelect]:
    """Selects of (training_id, staff_id): who has published about which training, co-authors too."""
    published = (Article.training_id.is_not(None), Article.state != State.DRAFT.value)
    return [
        select(Article.training_id, Article.author_id).where(*published),
        select(Article.training_id, ArticleCredit.staff_id)
        .join(ArticleCredit, ArticleCredit.article_id == Article.id)
        .where(*published),
    ]


def draft_after(db: Session, staff_id: int, training_id: int) -> Article | None:
    """A person's own draft about a training, if begun."""
    return db.scalar(
        select(Article)
        .where(
            Article.author_id == staff_id,
            Article.training_id == training_id,
            Article.state == State.DRAFT.value,
            Article.deleted_at.is_(None),
        )
        .limit(1)
    )


def categories(db: Session) -> list[str]:
    """Names of all categories in order of code points."""
    return list(db.scalars(select(Category.name).order_by(Category.name)))


def category_counts(db: Session, viewer: Viewer) -> list[tuple[str, int]]:
    """Categories with the number of articles this person may read; empty ones left out."""
    query = (
        select(Category.name, func.count())
        .join(Article, Article.category_id == Category.id)
        .where(readable(viewer))
        .group_by(Category.name)
        .order_by(Category.name)
    )
    return [(name, count) for name, count in db.execute(query)]


def history(db: Session, viewer: Viewer, article: Article, *, whole: bool) -> list[tuple[Revision, str]]:
    """Revisions with editors' names, newest first; readers see only approved ones (`whole` False)."""
    query = (
        select(Revision, Staff.name)
        .join(Staff, Staff.id == Revision.editor_id)
        .where(Revision.article_id == article.id)
        .order_by(Revision.number.desc())
        .limit(500)
    )
    if not whole:
        query = query.where(Revision.approved)
    rows = [(found, name) for found, name in db.execute(query)]
    return rows if whole else [one for one in rows if rules.may_read_as(viewer, one[0].details)]


def last_edit_at(db: Session, article_id: int, staff_id: int, before: datetime) -> datetime | None:
    """When a person last saved this article at or before an instant."""
    return db.scalar(
        select(func.max(Revision.at)).where(
            Revision.editor_id == staff_id, Revision.article_id == article_id, Revision.at <= before
        )
    )


def find_by_title(db: Session, viewer: Viewer, title: str) -> Article | None:
    """The article a `[[title]]` means, among what this person may read: by its title now, else by one it had before."""
    now = db.scalar(select(Article).where(readable(viewer), Article.title == title).order_by(Article.id).limit(1))
    if now is not None:
        return now
    before = select(Revision.article_id).where(Revision.title == title, Revision.approved)
    return db.scalar(select(Article).where(readable(viewer), Article.id.in_(before)).order_by(Article.id).limit(1))


def applications(db: Session, article_id: int) -> list[tuple[Application, str]]:
    """Applications of an article with names, newest first, void left out."""
    query = (
        select(Application, Staff.name)
        .join(Staff, Staff.id == Application.staff_id)
        .where(Application.article_id == article_id, Application.status != "void")
        .order_by(Application.on.desc())
        .limit(100)
    )
    return [(application, name) for application, name in db.execute(query)]


def applied_by(db: Session, viewer: Viewer, staff_id: int) -> list[tuple[Application, str, str]]:
    """Verified applications of a person with code and title, of articles the viewer may read, newest first."""
    query = (
        select(Application, Article.code, Article.title)
        .join(Article, Article.id == Application.article_id)
        .where(readable(viewer), Application.staff_id == staff_id, Application.status == "verified")
        .order_by(Application.on.desc())
        .limit(50)
    )
    return [(one, code, title) for one, code, title in db.execute(query)]
