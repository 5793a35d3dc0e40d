"""The card catalogue of people: what each knows, from courses, articles, answers and applications; hiding a line of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import and_, case, delete, func, literal, select
from sqlalchemy.orm import Session

from app.community.models import CardHidden, Group, Post, Thread
from app.community.queries import readable_groups
from app.core.clock import bangkok_day
from app.core.database import AnySelect, insert_or_skip, transaction
from app.core.errors import Invalid
from app.knowledge.models import Application, Article, ArticleCredit, Category, State
from app.knowledge.queries import readable
from app.people.models import Department, Service, Staff, Viewer
from app.people.queries import roster
from app.search.documents import touch
from app.training.models import Attendance, Training

CARD_KINDS = {"course": "ผ่านการอบรม", "article": "เขียนบทความ", "answer": "ตอบคำถามเพื่อน", "applied": "นำความรู้ไปใช้"}
RETIRING_YEARS = 2
LINES_A_KIND = 60


@dataclass(frozen=True)
class CardLine:
    """One thing on a card. `item` names it for hiding, such as `course:12`; `hidden` lines only their owner sees."""

    item: str
    kind: str
    text: str
    url: str
    on: date
    detail: str = ""
    hidden: bool = False


def card(db: Session, viewer: Viewer, person_id: int) -> dict[str, list[CardLine]]:
    """Lines of a person's card by kind, newest first, as this viewer may see them; five statements."""
    hidden = hidden_items(db, {person_id})
    mine = viewer.staff_id == person_id
    found = {kind: _lines(db, kind, {person_id}, viewer)[person_id] for kind in CARD_KINDS}
    return {
        kind: [
            replace(one, hidden=one.item in hidden[person_id])
            for one in lines
            if mine or one.item not in hidden[person_id]
        ]
        for kind, lines in found.items()
    }


def hidden_items(db: Session, person_ids: Collection[int]) -> dict[int, set[str]]:
    """Items that people keep off their cards; one statement."""
    found: dict[int, set[str]] = defaultdict(set)
    query = select(CardHidden.staff_id, CardHidden.item).where(CardHidden.staff_id.in_(person_ids))
    for staff_id, item in db.execute(query):
        found[staff_id].add(item)
    return found


# What all staff may see: the catalogue that search holds shows no more to anybody.
ALL_STAFF = Viewer(staff_id=0)


def subjects(db: Session, person_ids: Collection[int]) -> dict[int, list[str]]:
    """Words of the cards of some people as all staff may see them; five statements."""
    hidden = hidden_items(db, person_ids)
    found: dict[int, list[str]] = defaultdict(list)
    for kind in CARD_KINDS:
        for staff_id, lines in _lines(db, kind, person_ids, ALL_STAFF).items():
            found[staff_id] += [one.text for one in lines if one.item not in hidden[staff_id]]
    return found


def _lines(db: Session, kind: str, person_ids: Collection[int], viewer: Viewer) -> dict[int, list[CardLine]]:
    """Lines of a kind by person, newest first; one statement, at most 60 lines are kept of each person."""
    found: dict[int, list[CardLine]] = defaultdict(list)
    for staff_id, number, text, code, on, detail in db.execute(_QUERIES[kind](person_ids, viewer)):
        lines = found[staff_id]
        item = f"{kind}:{number}"
        if len(lines) < LINES_A_KIND and all(item != other.item for other in lines[-1:]):
            day = on if type(on) is date else bangkok_day(on)
            lines.append(CardLine(item, kind, text, _URLS[kind].format(code=code, number=number), day, detail))
    return found


_URLS = {
    "course": "/trainings/{code}", "article": "/articles/{code}", "answer": "/threads/{code}?post={number}",
    "applied": "/articles/{code}",
}  # fmt: skip


def _courses(person_ids: Collection[int], _viewer: Viewer) -> AnySelect:
    return (
        select(Attendance.staff_id, Training.id, Training.title, Training.code, Training.end_on, literal(""))
        .join(Training, Training.id == Attendance.training_id)
        .where(Attendance.staff_id.in_(person_ids), Attendance.result == "done", Attendance.status != "void")
        .order_by(Training.end_on.desc(), Training.id.desc())
    )


def _articles(person_ids: Collection[int], viewer: Viewer) -> AnySelect:
    written = (
        select(Article.author_id.label("person"), Article.id.label("article"))
        .where(Article.author_id.in_(person_ids))
        .union(
            select(ArticleCredit.staff_id, ArticleCredit.article_id).where(ArticleCredit.staff_id.in_(person_ids)),
        )
        .subquery()
    )
    return (
        select(written.c.person, Article.id, Article.title, Article.code, Article.first_published_on, literal(""))
        .join(written, written.c.article == Article.id)
        .where(readable(viewer), Article.state == State.PUBLISHED.value)
        .order_by(Article.first_published_on.desc(), Article.id.desc())
    )


def _answers(person_ids: Collection[int], viewer: Viewer) -> AnySelect:
    unnamed = and_(Thread.hides_asker, Thread.author_id == Post.author_id)
    return (
        select(Post.author_id, Post.id, Thread.title, Thread.code, Post.at, literal(""))
        .join(Thread, Thread.id == Post.thread_id)
        .join(Group, Group.id == Thread.group_id)
        .where(
            Post.author_id.in_(person_ids), Post.is_answer, ~unnamed,
            readable_groups(viewer),
        )
        .order_by(Post.at.desc(), Post.id.desc())
    )  # fmt: skip


def _applied(person_ids: Collection[int], viewer: Viewer) -> AnySelect:
    said = Application.note + case((Application.result != "", literal(" · ผล: ") + Application.result), else_="")
    return (
        select(Application.staff_id, Application.id, Article.title, Article.code, Application.on, said)
        .join(Article, Article.id == Application.article_id)
        .where(Application.staff_id.in_(person_ids), Application.status == "verified", readable(viewer))
        .order_by(Application.on.desc(), Application.id.desc())
    )


_QUERIES = {"course": _courses, "article": _articles, "answer": _answers, "applied": _applied}


# --- knowledge at risk ---


@dataclass(frozen=True)
class Leaving:
    """A person whose service ends soon, with what nobody else on the roster knows."""

    code: str
    name: str
    position: str
    department: str
    last_day: date
    only: list[str]


@dataclass(frozen=True)
class Only:
    """A subject that one person of the roster alone knows, and from what: a course or a category of articles."""

    subject: str
    source: str
    code: str
    name: str
    department: str


def known_to_one(db: Session, today: date, department_id: int | None = None) -> list[Only]:
    """Courses and categories of published articles that only one person of today's roster stands for; three statements.

    Courses of one title are one subject, whenever they were held.
    """
    serving = roster(today).subquery()
    courses = (
        select(Training.title, func.min(Attendance.staff_id))
        .join(Attendance, Attendance.training_id == Training.id)
        .join(serving, serving.c.staff_id == Attendance.staff_id)
        .where(Attendance.result == "done", Attendance.status != "void")
        .group_by(Training.title)
        .having(func.count(Attendance.staff_id.distinct()) == 1)
    )
    categories = (
        select(Category.name, func.min(Article.author_id))
        .join(Article, Article.category_id == Category.id)
        .join(serving, serving.c.staff_id == Article.author_id)
        .where(Article.state == State.PUBLISHED.value, Article.visibility != "group", Article.deleted_at.is_(None))
        .group_by(Category.name)
        .having(func.count(Article.author_id.distinct()) == 1)
    )
    pairs = [(subject, "course", staff_id) for subject, staff_id in db.execute(courses)]
    pairs += [(subject, "article", staff_id) for subject, staff_id in db.execute(categories)]
    people = (
        select(Staff.id, Staff.code, Staff.name, Department.id, Department.name)
        .join(serving, serving.c.staff_id == Staff.id)
        .join(Department, Department.id == serving.c.department_id)
    )
    known = {number: (code, name, dep_id, dep) for number, code, name, dep_id, dep in db.execute(people)}
    found = [
        Only(subject, source, known[staff_id][0], known[staff_id][1], known[staff_id][3])
        for subject, source, staff_id in pairs
        if staff_id in known and department_id in (None, known[staff_id][2])
    ]
    return sorted(found, key=lambda one: (one.department, one.name, one.source, one.subject))


def leaving(db: Session, today: date, only: list[Only], department_id: int | None = None) -> list[Leaving]:
    """People of the roster whose service ends within 24 months and does not go on elsewhere, soonest first.

    `only` is what `known_to_one` found; one statement.
    """
    until = date(today.year + RETIRING_YEARS, today.month, min(today.day, 28)) + timedelta(days=max(0, today.day - 28))
    last = select(Service.staff_id, func.max(func.coalesce(Service.end_on, date.max)).label("last"))
    ends = last.group_by(Service.staff_id).subquery()
    query = (
        select(Staff.code, Staff.name, Staff.position, Department.name, Service.end_on)
        .join(Service, Service.staff_id == Staff.id)
        .join(Department, Department.id == Service.department_id)
        .join(ends, and_(ends.c.staff_id == Staff.id, ends.c.last == Service.end_on))
        .where(Service.end_on >= today, Service.end_on <= until)
        .order_by(Service.end_on, Staff.code)
    )
    if department_id is not None:
        query = query.where(Service.department_id == department_id)
    alone: dict[str, list[str]] = defaultdict(list)
    for one in only:
        alone[one.code].append(one.subject)
    return [
        Leaving(code, name, position, dep, end or today, alone[code])
        for code, name, position, dep, end in db.execute(query)
    ]


def set_hidden(db: Session, viewer: Viewer, item: str, hidden: bool) -> None:
    """Keep a line off one's own card, or show it again. Raises Invalid for something that is no line."""
    kind, _, number = item.partition(":")
    if kind not in CARD_KINDS or not number.isascii() or not number.isdigit() or len(item) > 30:
        raise Invalid({"item": "ไม่พบรายการนี้ในบัตร"})
    assert viewer.staff_id is not None
    with transaction(db):
        if hidden:
            insert_or_skip(db, CardHidden, {"staff_id": viewer.staff_id, "item": item})
        else:
            db.execute(delete(CardHidden).where(CardHidden.staff_id == viewer.staff_id, CardHidden.item == item))
        touch(db, "person", [viewer.staff_id])
