"""Pages of the evidence behind a row: the counted lines, the excluded with their reason, totals, and who may see names."""

from __future__ import annotations

import hmac
import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, case, cast, func, literal, null, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from app.activity.models import CHANNELS, REASON_NAMES, SHARE_CHANNELS
from app.community.models import Group
from app.core.database import AnySelect
from app.core.errors import NotFound
from app.core.fiscal_year import FiscalYear
from app.indicators import access_lists
from app.indicators.counting import in_department
from app.indicators.few_readers import check_department, hidden_departments, sees_all_names
from app.indicators.measures import MEASURES
from app.indicators.models import LOG_CHANNELS, EvidenceLine, Measure, PlanRow, Reading, Scope
from app.indicators.plans import plan_for
from app.indicators.queries import DepartmentShare
from app.indicators.scopes import scope_of_row
from app.knowledge.models import Article
from app.knowledge.queries import readable
from app.people.models import Department, Role, Staff, Viewer

MOST_KEYS = 500
A_TIME = 5_000


@dataclass(frozen=True)
class Wanted:
    """Which lines of a row to list: `text` in title, person or reference, `month` 0 = October, `state` counted or excluded."""

    text: str = ""
    month: int | None = None
    state: str = ""

    @property
    def is_all(self) -> bool:
        """True when nothing is filtered."""
        return not self.text and self.month is None and not self.state


@dataclass(frozen=True)
class EvidencePage:
    """A page of evidence: counted lines first, then the excluded ones with their reason. `total` = all lines."""

    row: PlanRow
    items: list[EvidenceLine]
    total: int
    counted: int
    keys: int


def row_of(db: Session, be_year: int, row_id: str) -> PlanRow:
    """A row of the plan that stands for a year. Raises NotFound."""
    _, rows = plan_for(db, be_year)
    row = next((row for row in rows if row.row == row_id), None)
    if row is None:
        raise NotFound(f"แผนนี้ไม่มีแถว {row_id}")
    return row


def evidence_page(
    db: Session, scope: Scope, row_id: str, viewer: Viewer, *, offset: int = 0, limit: int | None = 50,
    with_excluded: bool = True, wanted: Wanted = Wanted(),
) -> EvidencePage:  # fmt: skip
    """Evidence of a row, counted first, newest first. Names are masked where the viewer may not see them."""
    row = row_of(db, scope.be_year, row_id)
    scope = scope_of_row(scope, row)
    measure = MEASURES[row.measure]
    hidden = hidden_departments(db, scope, viewer) if row.measure == "accesses" else frozenset()
    check_department(scope, hidden)
    fast = row.measure == "accesses" and with_excluded and limit is not None and not wanted.text
    if fast and scope.known_by is None:
        total, counted, window = access_lists.window(db, _in_month(scope, wanted), offset, limit or 50, wanted.state)
        lines = window.subquery()
        placed = in_department(lines, scope, of_roster=False).subquery()
        items = _named_lines(db, placed, viewer)
        return EvidencePage(row, [_shown(item, viewer, [], {}, hidden) for item in items], total, counted, counted)
    lines = measure.lines(scope, with_excluded).subquery()
    placed = in_department(lines, scope, of_roster=measure.of_roster).subquery()
    within = and_(_in_scope(placed, scope), *_conditions(placed, scope, wanted, viewer))
    counted_key = case((placed.c.reason == "", placed.c.key), else_=null())
    numbers = select(func.count(), func.count(counted_key), func.count(counted_key.distinct()))
    total, counted, keys = db.execute(_searched(numbers.select_from(placed), placed, wanted).where(within)).one()
    columns = select(*placed.c).select_from(placed)
    chosen = _searched(columns, placed, wanted).where(within).order_by(*_order(placed)).offset(offset)
    # Names are joined to the lines of the page only, not to every line before they are sorted.
    items = _named_lines(db, (chosen.limit(limit) if limit is not None else chosen).subquery(), viewer)
    shown_keys = {str(item.key) for item in items}
    also = _also_in(db, scope, row, items)
    firsts = {} if row.measure == "accesses" else _firsts(db, measure, scope, shown_keys)
    return EvidencePage(
        row,
        [_shown(item, viewer, also.get(_same(item, measure), []), firsts, hidden) for item in items],
        total,
        counted,
        keys,
    )


def _in_month(scope: Scope, wanted: Wanted) -> Scope:
    """The scope narrowed to the month that is wanted; one that lies outside leaves no day."""
    if wanted.month is None:
        return scope
    first, last = FiscalYear(scope.be_year).month(wanted.month)
    return replace(scope, first_day=max(first, scope.first_day), as_of=min(last, scope.as_of))


def every_line(
    db: Session, scope: Scope, row_id: str, viewer: Viewer, wanted: Wanted, most: int
) -> Iterator[EvidenceLine]:
    """All lines of a row as its page shows them, at most `most`; accesses come in windows, so that memory stays small."""
    offset = 0
    while offset < most:
        page = evidence_page(db, scope, row_id, viewer, offset=offset, limit=min(A_TIME, most - offset), wanted=wanted)
        yield from page.items
        offset += A_TIME
        if offset >= page.total:
            return


def _in_scope(placed: Any, scope: Scope) -> ColumnElement[bool]:
    return placed.c.department_id == scope.department_id if scope.department_id is not None else literal(1) == 1


def _conditions(placed: Any, scope: Scope, wanted: Wanted, viewer: Viewer) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.month is not None:
        first, last = FiscalYear(scope.be_year).month(wanted.month)
        found.append(placed.c.day.between(first, last))
    if wanted.state:
        found.append(placed.c.reason == "" if wanted.state == "counted" else placed.c.reason != "")
    if wanted.text:
        like = f"%{wanted.text}%"
        # Only in what this person is shown: a search must not find a closed group's titles or another's name.
        shown = and_(
            or_(placed.c.article_id.is_(None), readable(viewer)),
            or_(Group.id.is_(None), Group.visibility == "open", Group.id.in_(viewer.group_ids)),
        )
        texts = [and_(shown, or_(placed.c.title.like(like), placed.c.reference.like(like)))]
        named = names_allowed(placed, viewer)
        if named is not None:
            texts.append(and_(named, placed.c.person_id.in_(select(Staff.id).where(Staff.name.like(like)))))
        found.append(or_(*texts))
    return found


def names_allowed(placed: Any, viewer: Viewer) -> ColumnElement[bool] | None:
    """Condition on lines whose names a person may see, as `may_see_name`; None when there are none."""
    if sees_all_names(viewer):
        return literal(1) == 1
    conditions = [placed.c.person_id == viewer.staff_id] if viewer.staff_id is not None else []
    if "head" in {role.value for role in viewer.roles} and viewer.department_id is not None:
        conditions.append(placed.c.department_id == viewer.department_id)
    return or_(*conditions) if conditions else None


def _searched(query: AnySelect, placed: Any, wanted: Wanted) -> AnySelect:
    """A text is looked for in what the viewer may read: only then do article and group matter to which lines there are."""
    if not wanted.text:
        return query
    articles = query.outerjoin(Article, Article.id == placed.c.article_id)
    return articles.outerjoin(Group, Group.id == placed.c.group_id)


def _order(lines: Any) -> tuple[Any, ...]:
    return case((lines.c.reason == "", 0), else_=1), lines.c.day.desc(), lines.c.key, lines.c.reference


def _named_lines(db: Session, lines: Any, viewer: Viewer) -> Sequence[Any]:
    """Lines with the names that belong to them, in order."""
    person, recorder, verifier = aliased(Staff), aliased(Staff), aliased(Staff)
    query = (
        select(
            *lines.c,
            func.coalesce(person.name, "").label("person"),
            func.coalesce(Department.name, "").label("department"),
            func.coalesce(recorder.name, "").label("recorder"),
            func.coalesce(verifier.name, "").label("verifier"),
            func.coalesce(Group.visibility, "").label("group_visibility"),
            case((lines.c.article_id.is_(None), True), (readable(viewer), True), else_=False).label("may_read"),
        )
        .select_from(lines)
        .outerjoin(person, person.id == lines.c.person_id)
        .outerjoin(Department, Department.id == lines.c.department_id)
        .outerjoin(recorder, recorder.id == lines.c.recorder_id)
        .outerjoin(verifier, verifier.id == lines.c.verifier_id)
        .outerjoin(Group, Group.id == lines.c.group_id)
        .outerjoin(Article, Article.id == lines.c.article_id)
        .order_by(*_order(lines))
    )
    return db.execute(query).all()


def _firsts(db: Session, measure: Measure, scope: Scope, keys: set[str]) -> dict[str, tuple[Any, str, int]]:
    """For keys with several counted lines: day and reference of the first, and how many lines; the others repeat it."""
    lines = measure.lines(scope, False).subquery()
    query = select(lines.c.key, lines.c.day, func.coalesce(lines.c.reference, ""))
    if len(keys) <= MOST_KEYS:
        query = query.where(lines.c.key.in_(keys))
    found: dict[str, tuple[Any, str, int]] = {}
    for key, day, reference in db.execute(query):
        first = found.get(key, (day, reference, 0))
        found[key] = (*min(first[:2], (day, reference)), first[2] + 1)
    return {key: first for key, first in found.items() if first[2] > 1}


# A line as two rows may both count it: key, and for people's rows which act of the person it was.
Same = tuple[str, str, Any, str]


def _same(item: Any, measure: Measure) -> Same:
    """A person's key stands for many acts: only the same act is counted in another row too."""
    return (
        (item.key, item.reference or "", item.day, item.title or "") if measure.of_roster else (item.key, "", None, "")
    )


def _also_in(db: Session, scope: Scope, row: PlanRow, items: Sequence[Any]) -> dict[Same, list[str]]:
    """Other rows that count the same article, meeting or act of a person; one statement for the lines shown."""
    of_roster = MEASURES[row.measure].of_roster
    shared = {"staff"} if of_roster else {"article", "meeting", "training", "application"}
    keys = {str(item.key) for item in items if item.key.split(":", 1)[0] in shared}
    selects = []
    for other in plan_for(db, scope.be_year)[1] if keys else []:
        measure = MEASURES[other.measure]
        if other.row == row.row or measure.of_roster != of_roster or other.measure == "accesses":
            continue
        lines = measure.lines(scope_of_row(scope, other), False).subquery()
        act = (lines.c.reference, lines.c.day, lines.c.title) if of_roster else (null(), cast(null(), Date), null())
        query = select(literal(other.row).label("row"), lines.c.key.label("key"), *act).distinct()
        # A file holds thousands: all keys are read then, and looked up here.
        selects.append(query.where(lines.c.key.in_(keys)) if len(keys) <= MOST_KEYS else query)
    found: dict[Same, list[str]] = defaultdict(list)
    for other_row, key, reference, day, title in db.execute(union_all(*selects)) if selects else []:
        if key in keys:
            found[key, reference or "", day, title or ""].append(other_row)
    return {same: sorted(values) for same, values in found.items()}


def _repeats(item: Any, firsts: dict[str, tuple[Any, str, int]]) -> bool:
    """Whether another counted line of the same key came before: the first one is what counts."""
    if item.reason != "" or item.key not in firsts:
        return False
    day, reference, _ = firsts[item.key]
    if (item.day, item.reference or "") != (day, reference):
        return True
    # Lines that agree in day and reference too: the first to be shown stands for all.
    firsts[item.key] = (None, "", 0)
    return False


def _shown(
    item: Any, viewer: Viewer, also: list[str], firsts: dict[str, tuple[Any, str, int]], no_department: frozenset[int]
) -> EvidenceLine:
    """A line as this person may see it: closed groups and unread articles are not named, nor people one may not name."""
    closed = item.group_visibility not in ("", "open") and item.group_id not in viewer.group_ids
    hidden = closed or not item.may_read
    instead = "กลุ่มปิด" if closed else "บทความที่ยังไม่เปิดให้ท่านอ่าน"
    named = may_see_name(viewer, item)
    names = {**LOG_CHANNELS, **CHANNELS, **(SHARE_CHANNELS if item.part == "share" else {})}
    everyone = "บุคคลทั่วไป" if item.part == "opened" and item.person_id is None else item.person
    return EvidenceLine(
        key=pseudonym(item.key) if hidden or not named else item.key,
        reference="" if hidden or (not named and not item.article_id) else item.reference or "",
        on=item.day,
        title=instead if hidden else item.title or "",
        person=everyone if named or item.person_id is None else "บุคลากร",
        department="" if item.department_id in no_department and not named else item.department,
        channel="" if hidden else names.get(item.channel, item.channel or ""),
        channel_code="" if hidden else item.channel or "",
        recorder=item.recorder if named else "",
        verifier=item.verifier if named else "",
        file_sha256="" if hidden else item.file_sha256 or "",
        counted=item.reason == "",
        repeats=_repeats(item, firsts),
        late=bool(item.late),
        reason=_reason_text(item.reason),
        reason_code=item.reason,
        also_in=also,
        url="" if hidden else item.url,
    )


# Staff codes are few: a hash without a secret would be undone by trying them all. Gone when the server stops.
_SALT = secrets.token_bytes(32)


def pseudonym(key: str) -> str:
    """A key that tells same from different within a page or file and names nobody; kind kept: staff:S3 -> staff:9f2c…"""
    kind = key.split(":", 1)[0] if ":" in key else "opened"
    return f"{kind}:{hmac.new(_SALT, key.encode(), 'sha256').hexdigest()[:12]}"


def _reason_text(reason: str) -> str:
    return REASON_TEXTS.get(reason, reason)


REASON_TEXTS = {code.value: text for code, text in REASON_NAMES.items()}


def may_see_name(viewer: Viewer, item: Any) -> bool:
    """Whether this person may see the name on one line."""
    if sees_all_names(viewer) or viewer.staff_id == item.person_id:
        return True
    return viewer.has(Role.HEAD) and viewer.department_id is not None and viewer.department_id == item.department_id


@dataclass(frozen=True)
class Totals:
    """Counted keys of a row by department (name -> number, None when fewer than three people may not be told) and month."""

    departments: list[tuple[str, int | None]]
    months: list[int]
    elsewhere: int


def totals(reading: Reading, strip: Sequence[DepartmentShare]) -> Totals:
    """Totals of a row as read; None for a department of too few readers."""
    departments = [(one.name, None if one.few else one.numerator) for one in strip]
    placed = sum(one.numerator for one in strip)
    # What is hidden must not be had by subtracting: nothing is told of the rest then.
    rest = 0 if any(one.few for one in strip) else max(reading.numerator - placed, 0)
    return Totals(departments, reading.months, rest)


def reasons_of(db: Session, scope: Scope, rows: Sequence[PlanRow]) -> dict[str, list[tuple[str, int]]]:
    """Why lines of some rows do not count yet: row -> (reason, how many keys), most first; one statement for all."""
    asked = tuple((row.row, row.measure, scope_of_row(scope, row)) for row in rows if row.measure != "accesses")
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    if asked:
        for row_id, reason, many in db.execute(_reasons_statement(asked)):
            found[row_id].append((reason, many))
    return {row_id: sorted(pairs, key=lambda pair: (-pair[1], pair[0])) for row_id, pairs in found.items()}


@lru_cache(maxsize=64)
def _reasons_statement(asked: tuple[tuple[str, str, Scope], ...]) -> Any:
    """Kept, as building it costs as much as running it."""
    selects = []
    for row_id, measure, scope in asked:
        lines = MEASURES[measure].lines(scope, True).subquery()
        selects.append(
            select(literal(row_id).label("row"), lines.c.reason, func.count(lines.c.key.distinct()).label("many"))
            .where(lines.c.reason != "")
            .group_by(lines.c.reason)
        )
    return union_all(*selects)
