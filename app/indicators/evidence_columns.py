"""What every line of evidence is made of: its columns, and the conditions that several rows share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, func, literal, null, or_, select, union_all
from sqlalchemy import Date as SqlDate
from sqlalchemy.sql.elements import Null

from app.core.clock import start_of_day
from app.core.database import AnySelect
from app.core.fiscal_year import FiscalYear
from app.core.records import HumanRecord
from app.indicators.models import Scope
from app.knowledge.models import Article
from app.people.models import Staff, Team
from app.people.queries import roster

COLUMNS = (
    "key", "reference", "day", "title", "person_id", "channel", "recorder_id", "verifier_id", "file_sha256",
    "group_id", "article_id", "url", "part", "hand", "late", "why", "voider_id", "reason",
)  # fmt: skip
Columns = dict[str, Any]

NOT_VERIFIED = {"draft": "ร่าง ยังไม่ส่ง", "submitted": "รอตรวจ", "void": "ยกเลิก"}


def line_of(columns: Columns) -> AnySelect:
    """Select with exactly COLUMNS; the missing ones are empty."""
    empty: Columns = {
        "person_id": null(), "channel": literal(""), "recorder_id": null(), "verifier_id": null(),
        "file_sha256": null(), "group_id": null(), "article_id": null(), "url": literal(""), "part": literal(""),
        "hand": literal(0), "late": literal(0), "why": literal(""), "voider_id": null(), "reason": literal(""),
    }  # fmt: skip
    filled = empty | columns
    return select(*[_typed(name, filled[name]).label(name) for name in COLUMNS])


def _typed(name: str, value: Any) -> ColumnElement[Any]:
    # A bare NULL has no type in PostgreSQL's unions.
    if value is None or isinstance(value, Null):
        kind = Staff.id.type if name.endswith("_id") else (SqlDate() if name == "day" else String())
        return cast(null(), kind)
    element: ColumnElement[Any] = value
    return element


def of_record(model: type[HumanRecord], scope: Scope, day: Any) -> Columns:
    """Columns of a human record: who typed and verified it, its file, whether late, why not."""
    return {
        "day": day,
        "recorder_id": model.recorded_by_id,
        "verifier_id": model.verified_by_id,
        "file_sha256": model.file_sha256,
        "hand": literal(1),
        "late": case((_late(day, model.recorded_at, scope), 1), else_=0),
        "why": model.void_reason,
        "voider_id": model.voided_by_id,
        "reason": status_reason(model, scope),
    }


def _late(day: Any, recorded_at: Any, scope: Scope) -> ColumnElement[bool]:
    """Typed after the end of the month that follows the month of the act."""
    year = FiscalYear(scope.be_year)
    months = [year.month(number) for number in range(12)]
    ends = [last for _, last in months[1:]] + [year.last_day + timedelta(days=31)]
    limits = [start_of_day(end + timedelta(days=1)) for end in ends]

    def limit(low: int, high: int) -> Any:
        # Halves, not twelve questions in a row: this is asked of every line.
        if low == high:
            return literal(limits[low], recorded_at.type)
        middle = (low + high) // 2
        return case((day <= months[middle][1], limit(low, middle)), else_=limit(middle + 1, high))

    return and_(day.between(year.first_day, year.last_day), recorded_at >= limit(0, 11))


def status_reason(
    model: type[HumanRecord], scope: Scope, *others: tuple[ColumnElement[bool], str]
) -> ColumnElement[str]:
    """Why a record does not count: not verified, then the others in order, else ""."""
    statuses = [*_statuses(model, scope), *others]
    return case(*[(condition, literal(text)) for condition, text in statuses], else_=literal(""))


def _statuses(model: type[HumanRecord], scope: Scope) -> list[tuple[ColumnElement[bool], str]]:
    then = scope.known_by
    if then is None:
        return [(model.status == status, text) for status, text in NOT_VERIFIED.items()]
    void = and_(model.status == "void", or_(model.voided_at.is_(None), model.voided_at < then))
    return [
        (model.recorded_at >= then, "ยังไม่ได้บันทึกในวันนั้น"),
        (void, NOT_VERIFIED["void"]),
        (or_(model.verified_at.is_(None), model.verified_at >= then), NOT_VERIFIED["submitted"]),
    ]


def unknown_then(recorded_at: Any, scope: Scope) -> tuple[tuple[ColumnElement[bool], str], ...]:
    """Fault of what was recorded after the day whose knowledge is asked for; none when all that is known counts."""
    return () if scope.known_by is None else ((recorded_at >= scope.known_by, "ยังไม่ได้บันทึกในวันนั้น"),)


def blank(column: Any) -> ColumnElement[bool]:
    """Nothing but blanks and line ends; `trim` alone takes only blanks away."""
    for char in ("\n", "\r", "\t"):
        column = func.replace(column, char, "")
    empty: ColumnElement[bool] = func.trim(column) == ""
    return empty


def within(column: Any, scope: Scope) -> ColumnElement[bool]:
    """Condition: a day lies in the scope."""
    return and_(column >= scope.first_day, column <= scope.as_of)


def deleted(scope: Scope) -> ColumnElement[bool]:
    """Thrown away by the day that is asked for; what goes later was still there then."""
    return and_(Article.deleted_at.is_not(None), Article.deleted_at < start_of_day(scope.as_of + timedelta(days=1)))


def day_text(column: Any) -> ColumnElement[str]:
    """A day as it stands in keys, `2015-03-01`."""
    return cast(column, String)


def on_roster(staff_id: Any, scope: Scope) -> ColumnElement[bool]:
    """Condition: a person is in roster R of the scope."""
    members = roster(scope.as_of, official_only=scope.official_only, department_id=scope.department_id)
    listed: ColumnElement[bool] = staff_id.in_(select(members.subquery().c.staff_id))
    return listed


def only_counted(query: AnySelect, with_excluded: bool, reason: ColumnElement[str] | None) -> AnySelect:
    """The lines without a reason against them, unless the others are wanted too."""
    return query if with_excluded or reason is None else query.where(reason == "")


def together(selects: Sequence[AnySelect]) -> AnySelect:
    """Several selects of lines as one."""
    joined = union_all(*selects).subquery()
    return select(*[joined.c[name] for name in COLUMNS])


def appointed(day: Any, kind: str) -> ColumnElement[bool]:
    """Condition on Team: of this kind, and appointed on a day."""
    return and_(Team.kind == kind, Team.valid_from <= day, or_(Team.valid_to.is_(None), Team.valid_to >= day))


def of_article(columns: Columns) -> Columns:
    """Columns of an article, with others over them."""
    return {
        "key": literal("article:") + Article.code,
        "reference": Article.code,
        "title": Article.title,
        "group_id": Article.group_id,
        "article_id": Article.id,
        "url": literal("/articles/") + Article.code,
    } | columns
