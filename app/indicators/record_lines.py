"""Records of a register as lines of a table: what each says, whom it names, and where it can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from app.community.models import Group, Meeting, MeetingPicture, Thread
from app.core.clock import bangkok_day
from app.core.errors import NotFound
from app.core.thai import thai_date
from app.indicators.few_readers import sees_all_names
from app.indicators.models import Evaluation, EvaluationRound
from app.indicators.registers import Register
from app.knowledge.models import Article
from app.knowledge.queries import readable
from app.people.models import Role, Service, Staff, Viewer
from app.people.queries import names_by_id
from app.training.models import Attendance, Training

# Columns that point at a person or a thing, in the order in which a line names them.
_POINTERS: dict[str, Any] = {
    "staff_id": Staff, "author_id": Staff, "article_id": Article, "training_id": Training, "thread_id": Thread,
    "meeting_id": Meeting,
}  # fmt: skip
_HANDS = ("recorded_by_id", "verified_by_id", "voided_by_id")
_PLACES = {Article: "/articles/", Training: "/trainings/", Thread: "/threads/", Meeting: "/meetings/"}
_TITLES = ("title", "result", "what", "after", "reason", "note")


@dataclass(frozen=True)
class RecordLine:
    """A record as shown. `about` names people and things, `url` is a page of its own ("" without one), `pictures` how
    many photos that page has; `own` tells that the viewer typed it or is its subject.
    """

    record: Any
    about: str
    title: str
    on: date | None
    recorder: str
    verifier: str
    voider: str
    own: bool
    url: str
    pictures: int
    register: Register


def lines_of(db: Session, viewer: Viewer, register: Register, shown: Sequence[Any]) -> list[RecordLine]:
    """Records as lines; names of people, teams and things come from one statement a kind."""
    shown = _told(db, viewer, register, shown)
    wanted: dict[Any, set[int]] = {}
    for one in shown:
        for name, model in {**_POINTERS, **dict.fromkeys(_HANDS, Staff)}.items():
            if getattr(one, name, None):
                wanted.setdefault(model, set()).add(getattr(one, name))
    closed = closed_groups(db, viewer)
    named = {model: _named(db, viewer, model, ids, closed) for model, ids in wanted.items()}
    pages = _own_pages(db, register, shown)
    return [_line(viewer, register, one, named, pages, closed) for one in shown]


def _told(db: Session, viewer: Viewer, register: Register, shown: Sequence[Any]) -> list[Any]:
    """Those of some records that a person may read: all, but for private registers."""
    if not register.private or sees_all_names(viewer):
        return list(shown)
    own: Sequence[Any] = []
    if viewer.has(Role.HEAD) and viewer.department_id is not None:
        people = {one.staff_id for one in shown}
        here = (Service.department_id == viewer.department_id, Service.staff_id.in_(people))
        own = db.execute(select(Service.staff_id, Service.start_on, Service.end_on).where(*here)).all()
    return [
        one for one in shown
        if viewer.staff_id in (one.recorded_by_id, one.staff_id)
        or any(who == one.staff_id and start <= one.on <= (end or one.on) for who, start, end in own)
    ]  # fmt: skip


def _line(
    viewer: Viewer, register: Register, one: Any, named: dict[Any, dict[int, tuple[str, str]]],
    pages: dict[int, tuple[str, int]], closed: set[int],
) -> RecordLine:  # fmt: skip
    things = [named[model][getattr(one, name)] for name, model in _POINTERS.items() if getattr(one, name, None)]
    about = [text for text, _ in things]
    hidden = getattr(one, "group_id", None) in closed or "กลุ่มปิด" in about
    title = next((getattr(one, name) for name in _TITLES if getattr(one, name, "")), "")
    if register.model is Attendance:
        title = {"done": "อบรมครบ", "not_done": "อบรมไม่ครบ"}[one.result]
    page, pictures = pages.get(one.id, (next((url for _, url in things if url), ""), 0))
    hands = [named.get(Staff, {}).get(getattr(one, name, None) or 0, ("", ""))[0] for name in _HANDS]
    subject = getattr(one, register.subject, None) if register.subject else None
    days = (getattr(one, name, None) for name in ("on", "submitted_on", "valid_from"))
    typed_on = bangkok_day(one.recorded_at) if register.is_human else None
    return RecordLine(
        record=one, about=" · ".join([*about, *_details(register, one)]), title="กลุ่มปิด" if hidden else str(title)[:200],
        on=next((day for day in days if day), typed_on), recorder=hands[0], verifier=hands[1], voider=hands[2],
        own=viewer.staff_id in (getattr(one, "recorded_by_id", None), subject), url="" if hidden else page,
        pictures=0 if hidden else pictures, register=register,
    )  # fmt: skip


def _own_pages(db: Session, register: Register, shown: Sequence[Any]) -> dict[int, tuple[str, int]]:
    """Page and number of pictures of records that have a page themselves, by record id."""
    ids = {one.id for one in shown}
    if register.model is Meeting and ids:
        query = select(MeetingPicture.meeting_id, func.count()).where(MeetingPicture.meeting_id.in_(ids))
        pictures = {number: many for number, many in db.execute(query.group_by(MeetingPicture.meeting_id))}
        return {one.id: (f"/meetings/{one.code}", pictures.get(one.id, 0)) for one in shown}
    if register.model is Evaluation and ids:
        rounds = select(EvaluationRound.evaluation_id, EvaluationRound.code).where(
            EvaluationRound.evaluation_id.in_(ids)
        )
        return {number: (f"/evaluations/{code}", 0) for number, code in db.execute(rounds) if number is not None}
    return {}


def own_page(db: Session, register: Register, one: Any) -> str:
    """Where a record was made and is mended, "" for what is typed into its register."""
    return _own_pages(db, register, [one]).get(one.id, ("", 0))[0]


def _details(register: Register, one: Any) -> list[str]:
    """Chosen values and numbers of a record, as words."""
    words = []
    for column in register.columns:
        value = getattr(one, column.name, None)
        if column.kind == "choice" and value:
            words.append(dict(column.choices).get(value, value))
        elif column.kind == "number" and value is not None:
            words.append(f"{column.label} {value:,}")
        elif column.kind == "year" and value is not None:
            words.append(f"{column.label} {value}")
    return words


def closed_groups(db: Session, viewer: Viewer) -> set[int]:
    """Groups whose talk the viewer may not read."""
    return set(db.scalars(select(Group.id).where(Group.visibility != "open"))) - viewer.group_ids


def _named(db: Session, viewer: Viewer, model: Any, ids: set[int], closed: set[int]) -> dict[int, tuple[str, str]]:
    """(name, page) of people and things; what belongs to a group the viewer is not in has neither."""
    if model is Staff:
        return {number: (name, "") for number, name in names_by_id(db, ids).items()}
    place = _PLACES[model]
    if model is Training:
        ends = db.execute(select(model.id, model.code, model.title, model.end_on).where(model.id.in_(ids)))
        return {number: (f"{title} (จบ {thai_date(end)})", place + code) for number, code, title, end in ends}
    shown = readable(viewer) if model is Article else literal(True)
    query = select(model.id, model.code, model.title, model.group_id, shown.label("shown")).where(model.id.in_(ids))
    found = {}
    for number, code, title, group_id, may_read in db.execute(query):
        text, page = (title, place + code) if may_read else ("บทความที่ยังไม่เผยแพร่", "")
        found[number] = ("กลุ่มปิด", "") if group_id in closed else (text, page)
    return found


def record_to_check(db: Session, viewer: Viewer, register: Register, record_id: int) -> Any:
    """A record of a register, unless the viewer may not read it. Raises NotFound."""
    record = db.get(register.model, record_id) if record_id < 2**31 else None
    if record is None:
        raise NotFound("ไม่พบรายการนี้")
    groups = {getattr(record, "group_id", None)}
    for name, model in _POINTERS.items():
        if model in (Article, Thread, Meeting) and getattr(record, name, None):
            groups.add(db.get_one(model, getattr(record, name)).group_id)
    if groups & closed_groups(db, viewer) or not _told(db, viewer, register, [record]):
        raise NotFound("ไม่พบรายการนี้")
    return record
