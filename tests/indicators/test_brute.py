"""Random offices, imported as `khlang import` does, against the brute-force model of the counting contract."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.activity import recounting
from app.exchange.exporting import export_office
from app.exchange.importing import import_records, read_records
from app.indicators import queries
from app.indicators.evidence_lists import evidence_page
from app.indicators.scopes import scope_for
from app.office import Office
from tests.conftest import _office
from tests.indicators.brute import accesses_of_department, count_rows
from tests.indicators.reading import SEES_ALL

YEAR, TODAY = 2558, date(2015, 12, 20)
PEOPLE = [f"P{n}" for n in range(5)]
ARTICLES = [f"X{n}" for n in range(4)]
TEAMS = ["TD", "TU", "TC", "TP"]
# Days about the edges of the year and of quarters, where mistakes live, and any other.
EDGES = ["2014-09-30", "2014-10-01", "2014-12-31", "2015-01-01", "2015-03-31", "2015-09-29", "2015-09-30", "2015-10-01"]
days = st.one_of(
    st.sampled_from(EDGES),
    st.dates(date(2014, 9, 1), date(2015, 10, 31)).map(date.isoformat),
)
statuses = st.sampled_from(["verified", "verified", "verified", "submitted", "draft", "void"])
people = st.sampled_from(PEOPLE)
articles = st.sampled_from(ARTICLES)
numbers = st.integers(0, 9)


@st.composite
def instants(draw: st.DrawFn) -> str:
    """An instant in one of several zones; often just before or after a Bangkok midnight, or close to another."""
    day = draw(days)
    clock = draw(
        st.sampled_from(
            [
                "00:00:00",
                "00:00:15",
                "00:00:45",
                "09:00:00",
                "09:00:20",
                "09:00:30",
                "09:00:31",
                "09:09:59",
                "16:59:59",
                "17:00:00",
                "23:59:50",
            ]
        )
    )
    return f"{day}T{clock}{draw(st.sampled_from(['Z', '+07:00', '+09:00', '-05:00']))}"


def record(kind: str, /, **fields: st.SearchStrategy) -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


def coded(kind: str, many: int, /, **fields: st.SearchStrategy) -> st.SearchStrategy[list[dict]]:
    """Some records of a type with codes of their own."""
    one = st.fixed_dictionaries({"type": st.just(kind), **fields})
    return st.lists(one, max_size=many).map(
        lambda found: [{**value, "code": f"{kind}-{number}"} for number, value in enumerate(found)]
    )


maybe = lambda strategy: st.one_of(st.none(), strategy)


@st.composite
def offices(draw: st.DrawFn) -> list[dict]:
    """Departments, people, teams, courses, articles, and everything that may be counted."""
    found: list[dict] = [{"type": "department", "code": code, "name": code} for code in ("E1", "E2")]
    for code in PEOPLE:
        start = draw(st.sampled_from(["2010-01-01", "2014-10-01", "2015-06-01"]))
        end = draw(st.sampled_from([None, None, None, "2015-06-30", "2015-09-30", "2015-09-29"]))
        found.append(
            {
                "type": "staff",
                "code": code,
                "name": f"นาย{code}",
                "department": draw(st.sampled_from(["E1", "E2"])),
                "start": start,
                "end": end,
            }
        )
    for code, kind in zip(TEAMS, ("data", "curate", "channel", "compile"), strict=True):
        since = draw(st.sampled_from(["2014-01-01", "2014-10-01", "2015-03-31"]))
        until = draw(st.sampled_from([None, None, "2015-06-30", "2015-09-29"]))
        members = draw(st.lists(people, min_size=1, max_size=3, unique=True))
        found.append(
            {
                "type": "team",
                "code": code,
                "kind": kind,
                "order_no": "1",
                "valid_from": since,
                "valid_to": until,
                "members": members,
            }
        )
    courses = draw(
        coded(
            "training",
            4,
            title=st.just("หลักสูตร"),
            kind=st.sampled_from(["อบรม", "e-learning", "ศึกษาต่อ", "อื่น ๆ"]),
            end=days,
            inside=st.booleans(),
        )
    )
    for course in courses:
        course["start"] = course["end"]
    found += courses
    found.append(
        {
            "type": "group",
            "code": "GG",
            "name": "กลุ่ม",
            "purpose": "คุย",
            "visibility": "open",
            "facilitators": ["P0"],
            "members": PEOPLE[1:],
            "founded_on": "2014-01-01",
        }
    )
    found += [
        {
            "type": "thread",
            "code": f"H{n}",
            "group": "GG",
            "author": "P1",
            "title": "ถาม",
            "body": "ถาม",
            "at": "2014-10-05T09:00:00Z",
        }
        for n in range(2)
    ]
    found += draw(
        coded(
            "meeting",
            4,
            title=st.just("ประชุม"),
            purpose=st.sampled_from(["exchange", "climate", "other"]),
            on=days,
            minutes=st.sampled_from(["รายงาน", "รายงาน", " ", "\n"]),
            attendees=st.lists(people, max_size=4, unique=True),
            status=statuses,
        )
    )
    meetings = [one["code"] for one in found if one["type"] == "meeting"]
    found += _articles(draw, [one["code"] for one in courses], meetings)
    found += _acts(draw, [one["code"] for one in courses], meetings)
    return [{name: value for name, value in one.items() if value is not None} for one in found]


def _articles(draw: st.DrawFn, courses: list[str], meetings: list[str]) -> list[dict]:
    found = []
    for code in ARTICLES:
        state = draw(st.sampled_from(["published", "published", "published", "draft", "retired"]))
        found.append({
            "type": "article", "code": code, "title": code, "body": "เนื้อหา", "author": draw(people), "state": state,
            "visibility": draw(st.sampled_from(["public", "public", "staff"])),
            "category": draw(st.sampled_from(["การจัดการความรู้", "การจัดการความรู้", None])),
            "first_published_on": None if state == "draft" else draw(st.sampled_from(["2014-09-30", "2014-10-01", "2015-01-10", "2015-09-30"])),
            "training": draw(st.sampled_from([None, *courses])),
            "thread": draw(st.sampled_from([None, None, None, "H0"])),
            "review_approved_on": draw(maybe(days)), "review_due_on": draw(st.sampled_from([None, None, "2015-09-29", "2015-09-30", "2016-01-01"])),
        })  # fmt: skip
    return found


def _acts(draw: st.DrawFn, courses: list[str], meetings: list[str]) -> list[dict]:
    def some(strategy: st.SearchStrategy[dict], many: int) -> list[dict]:
        return draw(st.lists(strategy, max_size=many))

    readable = articles
    shares = draw(
        coded(
            "share",
            3,
            article=articles,
            sharer=people,
            channel=st.sampled_from(["group", "department", "line"]),
            target=st.sampled_from(["GG", "E1"]),
            at=instants(),
        )
    )
    found = [*shares]
    found += _unique(
        some(
            record(
                "revision",
                article=articles,
                editor=people,
                at=instants(),
                minor=st.booleans(),
                approved=st.sampled_from([True, True, False]),
            ),
            5,
        ),
        ("article", "editor", "at"),
    )
    for access in some(
        record(
            "access",
            article=readable,
            staff=maybe(people),
            guest=st.sampled_from(["phone-1", "phone-2"]),
            at=instants(),
            channel=st.just("web"),
            user_agent=st.sampled_from(
                [
                    "Mozilla/5.0 Chrome/126",
                    "Mozilla/5.0 Line/13.4/IAB",
                    "Googlebot/2.1",
                    "facebookexternalhit/1.1;line-poker/1.0",
                ]
            ),
            status_code=st.sampled_from([200, 200, 200, 304, 404]),
        ),
        14,
    ):
        own = [share["code"] for share in shares if share["article"] == access["article"]]
        share = draw(st.sampled_from([None, *own]))
        person = {"staff": access["staff"]} if access["staff"] else {"guest": access["guest"]}
        found.append({**{k: v for k, v in access.items() if k not in ("staff", "guest")}, **person, "share": share})
    if courses:
        course = st.sampled_from(courses)
        found += _unique(
            some(
                record(
                    "training_attendance",
                    training=course,
                    staff=people,
                    result=st.sampled_from(["done", "done", "not_done"]),
                    status=statuses,
                ),
                6,
            ),
            ("training", "staff"),
        )
        found += draw(coded("report", 3, training=course, author=people, on=days, status=statuses))
    found += _unique(
        some(record("application", article=articles, staff=people, on=days, note=st.just("ใช้แล้ว"), status=statuses), 4),
        ("article", "staff", "on"),
    )
    found += draw(coded("visit", 2, channel=st.just("board"), on=days, persons=st.integers(1, 4), status=statuses))
    found += draw(
        coded(
            "activity",
            3,
            kind=st.sampled_from(["climate", "announcement"]),
            on=days,
            title=st.just("กิจกรรม"),
            status=statuses,
        )
    )
    teams = st.sampled_from(TEAMS)
    found += some(
        record("check_round", team=teams, on=days, result=st.sampled_from(["ครบ", "", " "]), status=statuses), 3
    )
    found += some(
        record(
            "care_log",
            team=teams,
            channel=st.sampled_from(["web", "board"]),
            on=days,
            what=st.just("ดูแล"),
            status=statuses,
        ),
        3,
    )
    found += some(
        record(
            "improvement",
            channel=st.sampled_from(["web", "board"]),
            on=days,
            before=st.just("ก"),
            after=st.just("ข"),
            why=st.just("ค"),
            status=statuses,
        ),
        3,
    )
    found += some(
        record(
            "compilation",
            team=teams,
            edition=st.sampled_from(["1", "2"]),
            title=st.just("เล่ม"),
            on=days,
            status=statuses,
        ),
        3,
    )
    about = [
        {"thread": "H0"},
        {"thread": "H1"},
        {"thread": "H0", "article": "X0"},
        *({"meeting": code} for code in meetings),
    ]
    found += [
        {**one, **draw(st.sampled_from(about))}
        for one in some(record("lesson", on=days, text=st.just("บทเรียน"), status=statuses), 3)
    ]
    found += some(record("acknowledgement", staff=people, year=st.sampled_from([2557, 2558, 2559]), on=days), 4)
    found += some(
        record(
            "quiz_attempt",
            staff=people,
            set=st.sampled_from(["understand", "principles"]),
            on=days,
            score=st.integers(0, 10),
            max=st.just(10),
        ),
        5,
    )
    found += draw(
        coded(
            "evaluation",
            2,
            year=st.sampled_from([2557, 2558]),
            submitted_on=st.one_of(days, st.sampled_from(["2015-11-20", "2015-12-20"])),
            status=statuses,
        )
    )
    return _unique(found, ())


def _unique(found: list[dict], names: tuple[str, ...]) -> list[dict]:
    """Without records that the format would call the same: by key, or whole."""
    kept: dict[str, dict] = {}
    for one in found:
        kept.setdefault(json.dumps([one[name] for name in names] if names else one, sort_keys=True), one)
    return list(kept.values())


@pytest.fixture(scope="module")
def empty(sqlite_template: Path) -> Path:
    """A migrated database with a plan and the people of every test; what it holds counts nothing in any row but R."""
    return sqlite_template


@contextmanager
def opened_office(template: Path) -> Iterator[Office]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "khlang.db"
        shutil.copy(template, path)
        for office in _office(f"sqlite:///{path}", Path(folder)):
            office.clock = type(office.clock)(TODAY.isoformat())
            yield office


def bring_in(office: Office, records: list[dict]) -> int:
    """Import as the command does: from lines of text; returns how many were new."""
    lines = [json.dumps(one, ensure_ascii=False) for one in records]
    with office.session() as db:
        done = import_records(db, office.desk(db), read_records(lines), office.clock.now())
    return sum(done.added.values())


def figures(office: Office, as_of: date | None = None, year: int = YEAR) -> dict[str, tuple[int, int]]:
    """Row -> (numerator, roster); proves that evidence counts the same keys."""
    with office.session() as db:
        scope = scope_for(db, office.config, year, TODAY, as_of)
        reading = queries.read_plan(db, scope)
        found = {one.row.row: (one.numerator, reading.roster_size) for one in reading.readings}
        for row, (number, _) in found.items():
            page = evidence_page(db, scope, row, SEES_ALL, limit=10_000)
            assert len({item.key for item in page.items if item.counted}) == number == page.keys, row
            assert len(page.items) == page.total, row
    return found


# The template holds four people on the roster since 2010 who do nothing.
STANDING = [
    {"type": "staff", "code": code, "name": code, "department": "D1", "start": "2010-01-01"}
    for code in ("S1", "S2", "S3", "SEC")
]
CHECK = settings(
    phases=(Phase.explicit, Phase.generate),  # Shrinking an office takes minutes and tells little.
    max_examples=16,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
)


@pytest.mark.slow
@CHECK
@given(records=offices(), as_of=st.one_of(st.none(), days.map(date.fromisoformat)), seed=st.integers(0, 2**16))
def test_random_offices_give_the_numbers_of_the_brute_force_model(
    empty: Path, records: list[dict], as_of: date | None, seed: int
):
    with opened_office(empty) as office:
        shuffled = random.Random(seed).sample(records, len(records))
        bring_in(office, shuffled)
        whole = [*STANDING, *records]
        for year in (YEAR, YEAR + 1):
            day = as_of if as_of and year == YEAR else None
            expected = count_rows(whole, year, day or TODAY, TODAY)
            assert figures(office, day, year) == expected
        with office.session() as db:
            for code in ("E1", "E2"):
                department = queries.department_named(db, code)
                scope = scope_for(db, office.config, YEAR, TODAY, as_of, department.id)
                number = queries.read_plan(db, scope, only="A5").readings[0].numerator
                assert number == accesses_of_department(whole, YEAR, as_of or TODAY, TODAY, code)
        assert bring_in(office, records) == 0  # A second time changes nothing.
        with office.session() as db:
            assert recounting.differences(db, date(2014, 9, 1), date(2015, 11, 30)) == []
        assert figures(office, as_of) == count_rows(whole, YEAR, as_of or TODAY, TODAY)


@pytest.mark.slow
@settings(CHECK, max_examples=5)
@given(records=offices(), seed=st.integers(0, 2**16))
def test_irrelevant_records_and_void_ones_change_nothing(empty: Path, records: list[dict], seed: int):
    chance = random.Random(seed)
    voided = [
        {**one, "status": "void"} if one.get("status") == "verified" and chance.random() < 0.5 else one
        for one in records
    ]
    never = [
        {**one, "status": "submitted"} if one != other else one for one, other in zip(voided, records, strict=True)
    ]
    irrelevant = [
        {"type": "activity", "code": "other", "kind": "other", "on": "2015-01-01", "title": "อื่น", "status": "verified"},
        {"type": "award", "staff": "P0", "on": "2015-01-01", "reason": "ช่วยเพื่อน"},
        {"type": "meeting", "code": "other", "title": "อื่น", "purpose": "other", "on": "2015-01-01", "minutes": "มี", "attendees": PEOPLE, "status": "verified"},
        {"type": "training", "code": "later", "title": "ปีหน้า", "kind": "อบรม", "start": "2016-01-01", "end": "2016-01-01", "inside": True},
        {"type": "post", "thread": "H0", "author": "P1", "body": "คุย", "at": "2015-01-01T09:00:00Z"},
    ]  # fmt: skip
    with opened_office(empty) as one, opened_office(empty) as other:
        bring_in(one, voided)
        bring_in(other, [*irrelevant, *never])
        assert figures(one) == figures(other)


@pytest.mark.slow
@settings(CHECK, max_examples=4)
@given(records=offices())
def test_an_export_brought_in_gives_the_same_rows_and_evidence(empty: Path, records: list[dict]):
    with opened_office(empty) as one, opened_office(empty) as other, tempfile.TemporaryDirectory() as folder:
        bring_in(one, records)
        with one.session() as db:
            export_office(db, one.files, Path(folder) / "out", lambda _: None)
        lines = (Path(folder) / "out" / "registers.jsonl").read_text("utf-8").splitlines()
        with other.session() as db:
            import_records(db, other.desk(db), read_records(lines), other.clock.now(), folder=Path(folder) / "out")
        assert figures(one) == figures(other)
        assert every_key(one) == every_key(other)


def every_key(office: Office) -> dict[str, list[tuple]]:
    """All evidence of all rows."""
    with office.session() as db:
        scope = scope_for(db, office.config, YEAR, TODAY)
        rows = [one.row.row for one in queries.read_plan(db, scope).readings]
        return {
            row: sorted(
                (item.key, item.reference, item.on, item.title, item.person, item.counted, item.reason)
                for item in evidence_page(db, scope, row, SEES_ALL, limit=10_000).items
            )
            for row in rows
        }


def test_the_model_agrees_with_the_golden_edges():
    """The model itself, on days worked out by hand."""
    person = {"type": "staff", "code": "P", "name": "P", "department": "E", "start": "2010-01-01"}
    course = {
        "type": "training",
        "code": "T",
        "title": "T",
        "kind": "อบรม",
        "start": "2014-09-30",
        "end": "2014-09-30",
        "inside": True,
    }
    done = {"type": "training_attendance", "training": "T", "staff": "P", "result": "done", "status": "verified"}
    assert count_rows([person, course, done], 2557, TODAY, TODAY)["A1"] == (1, 1)
    assert count_rows([person, course, done], 2558, TODAY, TODAY)["A1"] == (0, 1)
    late = {"type": "evaluation", "code": "E", "year": 2558, "submitted_on": "2015-11-20", "status": "verified"}
    assert count_rows([late], 2558, TODAY, TODAY)["C5"] == (1, 0)
    assert count_rows([{**late, "submitted_on": "2016-04-01"}], 2558, TODAY, TODAY + timedelta(days=200))["C5"] == (
        0,
        0,
    )
