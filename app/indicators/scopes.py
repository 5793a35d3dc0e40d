"""What is being counted: a year as of a day, by a rule version, maybe one department, one quarter, or as known then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.core.clock import start_of_day
from app.core.config import Config
from app.core.fiscal_year import FiscalYear, quarter_days
from app.indicators.models import PlanRow, Scope
from app.indicators.rule_versions import rule_of

QUARTERS = 4
SWITCHES = ("official_only", "external_shares")


def scope_for(
    db: Session, config: Config, be_year: int, today: date, as_of: date | None = None,
    department_id: int | None = None, rule: str = "",
) -> Scope:  # fmt: skip
    """Scope of a year as of a day (default today), never later than 30 September, by the year's rule or a named one.

    Raises Invalid for a bad year, NotFound for an unknown rule.
    """
    year = FiscalYear(be_year)
    day = year.as_of(as_of or today)
    counted_by = rule_of(db, config, be_year, rule)
    scope = Scope(
        be_year=be_year,
        first_day=year.first_day,
        as_of=day,
        # Row C5 is submitted after the year: its finished figure is what is known today.
        known_on=max(today, day) if day == year.last_day else day,
        department_id=department_id,
        rule=counted_by.version,
    )
    return set_by(scope, counted_by.settings)


def set_by(scope: Scope, settings: Mapping[str, int]) -> Scope:
    """The scope with settings of a rule or of a row in place."""
    given: dict[str, Any] = {name: bool(v) if name in SWITCHES else v for name, v in settings.items()}
    return replace(scope, **given) if given else scope


def within_quarter(scope: Scope, quarter: int) -> Scope:
    """Only the acts of one fiscal quarter (1-4), up to the day of the scope."""
    first, last = quarter_days(scope.be_year, quarter)
    day = min(last, scope.as_of)
    # What is handed in after the year belongs to its last quarter only.
    known_on = scope.known_on if quarter == QUARTERS and day == last else min(scope.known_on, day)
    return replace(scope, first_day=first, as_of=day, known_on=known_on, whole_until=scope.seen_until)


def as_known_then(scope: Scope) -> Scope:
    """The same scope with only what had been recorded and verified by the end of its day."""
    return replace(scope, known_by=start_of_day(scope.as_of + timedelta(days=1)), known_on=scope.as_of)


def scope_of_row(scope: Scope, row: PlanRow) -> Scope:
    """The scope by which one row counts: with the row's own parameters, named where its measure asks for it."""
    own = set_by(scope, row.parameters)
    return replace(own, row=row.row) if row.measure == "by_hand" else own
