"""Reads rows of a plan in tests, the way the screen and the command line do."""

from __future__ import annotations

from datetime import date

from app.indicators import queries
from app.indicators.evidence_lists import evidence_page
from app.indicators.models import Reading
from app.indicators.scopes import scope_for
from app.office import Office
from app.people.models import Role, Viewer

SEES_ALL = Viewer(staff_id=0, roles=frozenset({Role.SECRETARY}))


def row(
    office: Office, name: str, year: int = 2558, as_of: str | None = None, department: str | None = None
) -> Reading:
    """One row."""
    with office.session() as db:
        found = queries.department_named(db, department)
        day = date.fromisoformat(as_of) if as_of else None
        scope = scope_for(db, office.config, year, office.clock.today(), day, found.id if found else None)
        return queries.read_plan(db, scope, only=name).readings[0]


def count(office: Office, name: str, year: int = 2558, as_of: str | None = None, department: str | None = None) -> int:
    """Numerator of a row; proves on the way that the evidence page counts the same keys."""
    reading = row(office, name, year, as_of, department)
    with office.session() as db:
        found = queries.department_named(db, department)
        day = date.fromisoformat(as_of) if as_of else None
        scope = scope_for(db, office.config, year, office.clock.today(), day, found.id if found else None)
        page = evidence_page(db, scope, name, SEES_ALL, limit=None)
    assert len({item.key for item in page.items if item.counted}) == reading.numerator == page.keys
    assert sum(item.counted for item in page.items) == reading.lines or department
    return reading.numerator


def reasons(office: Office, name: str, year: int = 2558) -> list[str]:
    """Why lines of a row do not count."""
    with office.session() as db:
        scope = scope_for(db, office.config, year, office.clock.today())
        page = evidence_page(db, scope, name, SEES_ALL, limit=None)
    return [item.reason for item in page.items if not item.counted]
