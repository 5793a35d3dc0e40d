"""Questions about an article's life beside its text: links, series, categories as a tree, reviews due, related ones."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import unquote

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.core.thai import fold
from app.knowledge.models import (
    Article,
    ArticleCard,
    ArticleComment,
    ArticleLink,
    Attachment,
    Category,
    ReadRequest,
    Revision,
    State,
)
from app.knowledge.queries import card_rows, readable
from app.people.models import Staff, Viewer


def titles_of(db: Session, article: Article) -> set[str]:
    """Titles an article has or had before readers' eyes, folded for comparing."""
    query = select(Revision.title).where(Revision.article_id == article.id, Revision.approved).distinct()
    return {fold(title)[:300] for title in [article.title, *db.scalars(query)]}


def backlinks(db: Session, viewer: Viewer, article: Article) -> list[ArticleCard]:
    """Published articles this person may read whose text links here; two statements."""
    linking = select(ArticleLink.article_id).where(ArticleLink.title.in_(titles_of(db, article)))
    return card_rows(db, viewer, Article.id.in_(linking), Article.id != article.id, limit=50)


@dataclass(frozen=True)
class Beside:
    """What is shown beside an article: those that link here, and those of related words."""

    backlinks: list[ArticleCard]
    related: list[ArticleCard]


def beside(db: Session, viewer: Viewer, article: Article, related: list[int]) -> Beside:
    """Backlinks, and related articles in the order given, of what this person may read; three statements."""
    found = {card.id: card for card in card_rows(db, viewer, Article.id.in_(related), limit=20)} if related else {}
    return Beside(backlinks(db, viewer, article), [found[number] for number in related if number in found][:5])


@dataclass(frozen=True)
class Missing:
    """A link that leads nowhere: what it says, why, and the articles it stands in."""

    title: str
    why: str
    found_in: list[ArticleCard]


def wanted_pages(db: Session, viewer: Viewer) -> list[Missing]:
    """`[[titles]]` nobody has written yet, most wanted first, from articles this person may read; three statements."""
    cards = {
        card.id: card for card in card_rows(db, viewer, Article.id.in_(select(ArticleLink.article_id)), limit=5000)
    }
    known = _known_titles(db, viewer)
    found: dict[str, list[ArticleCard]] = defaultdict(list)
    for article_id, shown, title in db.execute(select(ArticleLink.article_id, ArticleLink.shown, ArticleLink.title)):
        if article_id in cards and title not in known:
            found[shown].append(cards[article_id])
    missing = [Missing(title, "ยังไม่มีใครเขียน", places) for title, places in found.items()]
    return sorted(missing, key=lambda one: (-len(one.found_in), one.title))[:200]


def _known_titles(db: Session, viewer: Viewer) -> set[str]:
    """Titles, now and before, of what this person may read."""
    now = select(Article.title).where(readable(viewer))
    before = (
        select(Revision.title)
        .join(Article, Article.id == Revision.article_id)
        .where(readable(viewer), Revision.approved)
    )
    return {fold(title)[:300] for title in db.scalars(now.union(before))}


def broken_links(db: Session, viewer: Viewer) -> list[Missing]:
    """Addresses of articles and files in texts this person may read that lead nowhere or to retired ones."""
    query = (
        select(Article.id, Article.code, Revision.html)
        .join(Revision, and_(Revision.article_id == Article.id, Revision.number == Article.published_number))
        .where(readable(viewer), Article.state == State.PUBLISHED.value)
        .order_by(Article.id)
        .limit(20_000)
    )
    addresses: dict[str, list[int]] = defaultdict(list)
    for article_id, _, html in db.execute(query):
        for path in set(re.findall(r'(?:href|src)="/articles/([^"?#]+)', html)):
            addresses[unquote(path)].append(article_id)
    states = {
        code: (number, state)
        for number, code, state in db.execute(select(Article.id, Article.code, Article.state).where(readable(viewer)))
    }
    codes = {number: code for code, (number, _) in states.items()}
    files = {(codes.get(number), name) for number, name in db.execute(select(Attachment.article_id, Attachment.name))}
    found: list[tuple[str, str, list[int]]] = []
    for path, places in addresses.items():
        code, _, rest = path.partition("/")
        if rest.startswith("files/"):
            if (code, rest.removeprefix("files/")) not in files:
                found.append((rest.removeprefix("files/"), "ไม่พบไฟล์แนบ", places))
        elif code not in states:
            found.append((f"/articles/{code}", "ไม่มีบทความนี้ หรือท่านอ่านไม่ได้", places))
        elif states[code][1] == State.RETIRED.value:
            found.append((f"/articles/{code}", "บทความนี้เลิกใช้แล้ว", places))
    ids = {number for _, _, places in found for number in places}
    cards = {card.id: card for card in card_rows(db, viewer, Article.id.in_(ids), limit=2000)} if ids else {}
    return [Missing(title, why, [cards[n] for n in places if n in cards]) for title, why, places in sorted(found)][:300]


@dataclass(frozen=True)
class Neighbours:
    """An article's place in its series."""

    name: str
    parts: list[ArticleCard]
    before: ArticleCard | None
    after: ArticleCard | None


def series_of(db: Session, viewer: Viewer, article: Article) -> Neighbours | None:
    """The series an article belongs to, of what this person may read, in order; one statement."""
    if not article.series:
        return None
    order = (func.coalesce(Article.series_number, 1000), Article.first_published_on, Article.id)
    parts = card_rows(db, viewer, Article.series == article.series, limit=200, order=order)
    place = next((n for n, card in enumerate(parts) if card.id == article.id), None)
    if place is None or len(parts) < 2:
        return None
    return Neighbours(
        article.series, parts, parts[place - 1] if place else None, parts[place + 1] if place + 1 < len(parts) else None
    )


def series_names(db: Session) -> list[str]:
    """Names of series in use among published articles open to staff."""
    query = select(Article.series).where(Article.series != "", Article.visibility != "group", Article.state != "draft")
    return sorted(set(db.scalars(query)))


@dataclass
class Branch:
    """A category in the tree; `articles` counts those filed right here, of any state but deleted."""

    id: int
    name: str
    policy: str
    articles: int
    depth: int
    parent_id: int | None
    children: list[Branch] = field(default_factory=list)


def category_tree(db: Session) -> list[Branch]:
    """All categories, parents before children, each level by name; two statements."""
    filed = (
        select(Article.category_id, func.count())
        .where(Article.category_id.is_not(None), Article.deleted_at.is_(None))
        .group_by(Article.category_id)
    )
    counts = {number: count for number, count in db.execute(filed)}
    rows = list(db.scalars(select(Category).order_by(Category.name)))
    branches = {row.id: Branch(row.id, row.name, row.policy, counts.get(row.id, 0), 0, row.parent_id) for row in rows}
    for branch in branches.values():
        if branch.parent_id in branches:
            branches[branch.parent_id].children.append(branch)
    ordered: list[Branch] = []

    def add(branch: Branch, depth: int) -> None:
        branch.depth = depth
        ordered.append(branch)
        for child in branch.children:
            add(child, depth + 1)

    for branch in branches.values():
        if branch.parent_id not in branches:
            add(branch, 0)
    return ordered


def review_due(db: Session, before: date) -> list[Article]:
    """Published articles whose review day comes at or before a day, oldest first."""
    query = select(Article).where(
        Article.state == State.PUBLISHED.value, Article.deleted_at.is_(None), Article.review_due_on <= before
    )
    return list(db.scalars(query.order_by(Article.review_due_on, Article.id).limit(2000)))


def due_of(db: Session, staff_id: int, before: date) -> list[ArticleCard]:
    """A person's own published articles to read again, oldest due first."""
    author = Viewer(staff_id=staff_id)
    wanted = (Article.author_id == staff_id, Article.state == State.PUBLISHED.value, Article.review_due_on <= before)
    return card_rows(db, author, *wanted, limit=20, order=(Article.review_due_on,))


@dataclass(frozen=True)
class CommentLine:
    """A comment as shown; `html` is "" for one taken back."""

    id: int
    author_id: int
    author: str
    author_code: str
    html: str
    at: datetime
    taken_back: bool
    thread_id: int | None


def comments(db: Session, article_id: int) -> list[CommentLine]:
    """Comments of an article, oldest first; one statement."""
    query = (
        select(ArticleComment, Staff.name, Staff.code)
        .join(Staff, Staff.id == ArticleComment.author_id)
        .where(ArticleComment.article_id == article_id)
        .order_by(ArticleComment.at, ArticleComment.id)
        .limit(500)
    )
    return [
        CommentLine(
            c.id,
            c.author_id,
            name,
            code,
            "" if c.taken_back_at else c.html,
            c.at,
            c.taken_back_at is not None,
            c.thread_id,
        )
        for c, name, code in db.execute(query)
    ]


@dataclass(frozen=True)
class Asked:
    """A person asked to read an article."""

    request: ReadRequest
    name: str
    code: str


def read_requests(db: Session, article_id: int) -> list[Asked]:
    """Who was asked to read an article, by name."""
    query = (
        select(ReadRequest, Staff.name, Staff.code)
        .join(Staff, Staff.id == ReadRequest.staff_id)
        .where(ReadRequest.article_id == article_id)
        .order_by(Staff.name)
    )
    return [Asked(request, name, code) for request, name, code in db.execute(query)]


def asked_to_read(db: Session, viewer: Viewer) -> list[tuple[ArticleCard, date | None]]:
    """Articles this person was asked to read and has not confirmed, that they may read now; two statements."""
    query = select(ReadRequest.article_id, ReadRequest.due_on).where(
        ReadRequest.staff_id == viewer.staff_id, ReadRequest.confirmed_at.is_(None)
    )
    wanted = {number: due for number, due in db.execute(query)}
    if not wanted:
        return []
    published = Article.state == State.PUBLISHED.value
    return [(card, wanted[card.id]) for card in card_rows(db, viewer, Article.id.in_(wanted), published, limit=50)]


@dataclass(frozen=True)
class Written:
    """One line of a text and the revision that brought it."""

    line: str
    number: int
    name: str
    on: date


def who_wrote(
    db: Session, article: Article, matching: Callable[[list[str], list[str]], list[tuple[int, int, int]]]
) -> list[Written]:
    """Each line of the text readers see with who brought it, following it back through every text saved before."""
    query = (
        select(Revision.number, Revision.body, Staff.name, Revision.on)
        .join(Staff, Staff.id == Revision.editor_id)
        .where(Revision.article_id == article.id, Revision.number <= (article.published_number or 0))
        .order_by(Revision.number)
        .limit(1000)
    )
    lines: list[Written] = []
    for number, body, name, on in db.execute(query):
        new = [Written(line, number, name, on) for line in body.split("\n")]
        for old_start, new_start, size in matching([one.line for one in lines], [one.line for one in new]):
            new[new_start : new_start + size] = lines[old_start : old_start + size]
        lines = new
    return [one for one in lines if one.line.strip()]
