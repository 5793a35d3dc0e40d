"""The plan, its evidence, recording and recounting in a large office: `python -m tests.bench.indicators FOLDER [ACCESSES ...]`.

Builds an office of 500 staff, 20,000 articles, 50,000 shares and 10,000 human records with 50,000 and 5,000,000
accesses in one fiscal year (or as many as named), and prints server time, statements and memory of the pages a
secretary opens. A built office is kept in FOLDER and used again.
"""

from __future__ import annotations

import gc
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, insert, select

from app.activity import commands as activity
from app.activity.models import Opened, OpenedFacts, Share
from app.cli import load_content
from app.community.models import Meeting, MeetingAttendee
from app.core.database import transaction
from app.core.fiscal_year import FiscalYear
from app.core.migrating import migrate
from app.indicators.models import Acknowledgement, Activity, CareLog, Improvement, QuizAttempt, Visit
from app.knowledge.models import Article, Category, Review, Revision
from app.office import Office
from app.people import commands as people
from app.people.models import Department, Role, Service, Staff, StaffRole, Team
from app.training.models import Attendance, Report, Training
from tests.conftest import Browser, app_of, config_for
from tests.personas import PASSWORD

YEAR = FiscalYear(2558)
TODAY = "2015-09-30"
STAFF, ARTICLES, SHARES, HUMAN = 500, 20_000, 50_000, 10_000
REASONS = ("robot", "author", "dup30")


def build(office: Office, accesses: int) -> None:
    """Fill an empty office by plain inserts; chance is seeded."""
    chance = random.Random(2558)
    migrate(office.database)
    load_content(office)
    with office.session() as db, transaction(db):
        _people(db, chance)
        _articles(db, chance)
        _records(db, chance)
        _accesses(db, chance, accesses)
    with office.session() as db:
        activity.seal_ledger(db, date(2015, 10, 3))
        db.connection().exec_driver_sql("analyze")
        db.commit()


def _at(chance: random.Random) -> datetime:
    return datetime(2014, 10, 1, 1, tzinfo=UTC) + timedelta(
        days=chance.randrange(365), seconds=chance.randrange(36_000)
    )


def _add(db: Any, model: Any, rows: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> None:
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == 20_000:
            db.connection().execute(insert(model.__table__), waiting)
            waiting.clear()
    if waiting:
        db.connection().execute(insert(model.__table__), waiting)


def _people(db: Any, chance: random.Random) -> None:
    _add(db, Department, [{"id": n, "code": f"D{n}", "name": f"กองที่ {n}"} for n in range(1, 9)])
    _add(db, Staff, [
        {"id": n, "code": f"S{n:03d}", "name": f"นางสาวบุคลากร คนที่{n}", "employment": "พนักงานเทศบาล"}
        for n in range(1, STAFF + 1)
    ])  # fmt: skip
    _add(db, Service, [
        {"staff_id": n, "department_id": n % 8 + 1, "start_on": date(2010, 1, 1), "end_on": None}
        for n in range(1, STAFF + 1)
    ])  # fmt: skip
    _add(db, StaffRole, [{"staff_id": 1, "role": Role.SECRETARY.value}, {"staff_id": 2, "role": Role.EVALUATOR.value}])
    people.set_password(db, db.get_one(Staff, 1), PASSWORD, must_change=False)
    _add(db, Team, [
        {"id": n, "code": f"TM{n}", "kind": kind, "order_no": str(n), "valid_from": YEAR.first_day, "valid_to": None}
        for n, kind in enumerate(("data", "curate", "channel", "compile", "evaluation"), 1)
    ])  # fmt: skip


def _articles(db: Any, chance: random.Random) -> None:
    category = db.scalar(select(func.min(Category.id)))
    trainings = [
        {"id": n, "code": f"T{n}", "title": f"หลักสูตรที่ {n}", "kind": "อบรม", "organizer": "", "place": "", "hours": 6,
         "start_on": YEAR.day(n % 360), "end_on": YEAR.day(n % 360), "inside": n % 2 == 0, "order_no": ""}
        for n in range(1, 301)
    ]  # fmt: skip
    _add(db, Training, trainings)

    def rows() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        for n in range(1, ARTICLES + 1):
            on = YEAR.first_day - timedelta(days=1500) + timedelta(days=chance.randrange(1860))
            at = datetime(on.year, on.month, on.day, 3, tzinfo=UTC)
            author = chance.randrange(1, STAFF + 1)
            article = {
                "id": n, "code": f"B-{n}", "title": f"ความรู้เรื่องที่ {n}", "category_id": category, "author_id": author,
                "visibility": "public", "state": "published", "created_at": at, "updated_at": at,
                "first_published_on": on, "published_number": 1, "latest_number": 1, "version": 1,
                "training_id": chance.randrange(1, 301) if n % 40 == 0 else None, "retire_reason": "",
            }  # fmt: skip
            revision = {
                "article_id": n, "number": 1, "title": article["title"], "body": "เนื้อหา", "html": "<p>เนื้อหา</p>",
                "headings": [], "editor_id": author, "at": at, "on": on, "summary": "", "minor": False,
                "approved": True, "first": True,
            }  # fmt: skip
            yield article, revision

    made = list(rows())
    _add(db, Article, [article for article, _ in made])
    _add(db, Revision, [revision for _, revision in made])
    again = [{**revision, "number": 2, "on": YEAR.day(n % 360), "at": _at(chance), "first": False, "editor_id": 3}
             for n, (_, revision) in enumerate(made[:4000])]  # fmt: skip
    _add(db, Revision, again)
    _add(db, Review, [
        {"article_id": n, "number": 1, "policy": "one", "state": "approved", "approved_on": YEAR.day(n % 360),
         "reviewer_id": 2, "note": ""}
        for n in range(1, 3001)
    ])  # fmt: skip


def _records(db: Any, chance: random.Random) -> None:
    def human(n: int, on: date) -> dict[str, Any]:
        status = "submitted" if n % 9 == 0 else "verified"
        return {
            "status": status, "recorded_at": datetime(on.year, on.month, on.day, 9, tzinfo=UTC), "recorded_by_id": 1,
            "verified_by_id": 2 if status == "verified" else None, "void_reason": "", "return_reason": "",
        }  # fmt: skip

    def day() -> date:
        return YEAR.day(chance.randrange(365))

    seen = {(chance.randrange(1, 301), chance.randrange(1, STAFF + 1)) for _ in range(HUMAN - 4_500)}
    _add(db, Attendance, [
        {"training_id": t, "staff_id": s, "result": "done", **human(n, day())} for n, (t, s) in enumerate(sorted(seen))
    ])  # fmt: skip
    _add(db, Report, [
        {"code": f"R{n}", "training_id": n % 300 + 1, "author_id": n % STAFF + 1, "on": (d := day()), **human(n, d)}
        for n in range(1_000)
    ])  # fmt: skip
    _add(db, Meeting, [
        {"id": n, "code": f"M{n}", "title": f"ประชุมครั้งที่ {n}", "purpose": "exchange" if n % 3 else "climate", "kind": "exchange",
         "on": (d := day()), "minutes": "รายงาน", "place": "", "agenda": "", "door_key": "", **human(n, d)}
        for n in range(1, 501)
    ])  # fmt: skip
    _add(db, MeetingAttendee, [
        {"meeting_id": n, "staff_id": s, "how": "roster", "late": False} for n in range(1, 501) for s in range(1, 9)
    ])  # fmt: skip
    _add(
        db,
        CareLog,
        [{"team_id": 3, "channel": "web", "on": (d := day()), "what": "ดูแล", **human(n, d)} for n in range(800)],
    )
    _add(db, Improvement, [
        {"channel": "web", "on": (d := day()), "before": "ก", "after": "ข", "why": "ค", **human(n, d)} for n in range(400)
    ])  # fmt: skip
    _add(db, Activity, [
        {"code": f"AC{n}", "kind": "climate", "on": (d := day()), "title": "ตลาดนัดความรู้", **human(n, d)} for n in range(300)
    ])  # fmt: skip
    _add(db, Visit, [
        {"code": f"V{n}", "channel": "board", "on": (d := day()), "persons": n % 9 + 1, **human(n, d)} for n in range(500)
    ])  # fmt: skip
    _add(db, Acknowledgement, [{"staff_id": n, "be_year": 2558, "on": day()} for n in range(1, 400)])
    _add(db, QuizAttempt, [
        {"staff_id": n % STAFF + 1, "quiz": "understand", "on": day(), "score": n % 11, "max_score": 10} for n in range(800)
    ])  # fmt: skip
    _add(db, Share, [
        {"id": n, "code": f"SH{n}", "token": f"token-{n}", "article_id": chance.randrange(1, ARTICLES + 1),
         "sharer_id": chance.randrange(1, STAFF + 1), "channel": ("group", "department", "line", "link")[n % 4],
         "target": f"G{n % 30}" if n % 4 < 2 else "", "at": (at := _at(chance)), "on": at.date(),
         "verified_on": None, "note": ""}
        for n in range(1, SHARES + 1)
    ])  # fmt: skip


def _accesses(db: Any, chance: random.Random, accesses: int) -> None:
    """Two thirds by staff, a third by guests; one in ten excluded; about one a day and item and person."""

    def lines() -> Iterator[dict[str, Any]]:
        for day in range(365):
            on = YEAR.day(day)
            midnight = datetime(on.year, on.month, on.day, tzinfo=UTC)
            for _ in range(accesses // 365 + (1 if day < accesses % 365 else 0)):
                staff = chance.randrange(1, STAFF + 1) if chance.random() < 0.67 else None
                person = f"s{staff}" if staff else f"g{day:03d}{chance.randrange(3000):021d}"
                hour = chance.randrange(1, 12)
                yield {
                    "article_id": min(int(chance.paretovariate(0.6)), ARTICLES), "person": person, "staff_id": staff,
                    "at": midnight + timedelta(seconds=hour * 3600 + chance.randrange(3600)), "on": on,
                    "hour": hour + 7, "channel": "web", "share_id": None, "robot": False, "status_code": 200,
                    "reason": chance.choice(REASONS[1:2]) if chance.random() < 0.1 else None, "recorded_on": on,
                }  # fmt: skip

    _add(db, Opened, lines())
    run = db.connection().exec_driver_sql
    # Doubles as the recorder would have found them, so that the ledger agrees with itself.
    run(
        "update opened set reason = 'dup30' where id in (select id from (select id, reason, (julianday(lead(at) over w)"
        " - julianday(at)) * 86400 as gap from opened where reason is null"
        " window w as (partition by article_id, person order by at, id)) where gap <= 30.0005)"
    )
    run(
        'insert into access_day ("on", person, article_id, staff_id, channel) select "on", person, article_id,'
        " max(staff_id), min(channel) from opened where reason is null group by 1, 2, 3"
    )
    run(
        'insert into access_count ("on", staff_id, accesses, excluded) select "on", staff_id, sum(counted), sum(other)'
        ' from (select "on", coalesce(staff_id, 0) as staff_id, count(*) as counted, 0 as other from access_day'
        ' group by 1, 2 union all select "on", coalesce(staff_id, 0), 0, count(*) from opened'
        " where reason is not null group by 1, 2) group by 1, 2"
    )
    run(
        "insert into access_month (month, staff_id, accesses, excluded) select date(\"on\", 'start of month'),"
        " staff_id, sum(accesses), sum(excluded) from access_count group by 1, 2"
    )


def _milliseconds(times: list[float]) -> str:
    ordered = sorted(times)
    return f"{ordered[len(ordered) // 2] * 1000:.1f}/{ordered[int(len(ordered) * 0.95)] * 1000:.1f}"


def _timed(what: str, act: Callable[[], Any], office: Office, times: int = 20) -> None:
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            seen.append(statement)

    act()
    event.listen(office.database, "before_cursor_execute", note)
    act()
    event.remove(office.database, "before_cursor_execute", note)
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    print(f"| {what} | {_milliseconds(taken)} | {len(seen)} |", flush=True)


def _pages(office: Office) -> None:
    browser = Browser(app_of(office), "S001")
    browser.get("/plan/2558")
    gc.collect()
    gc.freeze()  # As the server does after warming up.

    def page(path: str) -> Callable[[], Any]:
        def act() -> None:
            answer = browser.client.get(path, headers={"User-Agent": "Chrome/126"})
            assert answer.status_code == 200, (path, answer.status_code)

        return act

    print("| page | p50/p95 ms | statements |\n|---|---|---|")
    for what, path in (
        ("plan", "/plan/2558"), ("plan of a department", "/plan/2558?department=D3"),
        ("plan as of a day, known then too", "/plan/2558?as_of=2015-03-31"), ("evidence A5", "/plan/2558/A5"),
        ("evidence A5, page 1,000", "/plan/2558/A5?page=1000"), ("evidence A5 of a department", "/plan/2558/A5?department=D3"),
        ("evidence A6", "/plan/2558/A6"), ("evidence A1", "/plan/2558/A1"), ("inbox", "/inbox"), ("first page", "/"),
    ):  # fmt: skip
        _timed(what, page(path), office)


def _record(office: Office) -> None:
    """One access at a time, as the page does it."""
    at = datetime(2015, 9, 30, 1, tzinfo=UTC)
    taken = []
    for n in range(2_000):
        facts = OpenedFacts(at=at + timedelta(seconds=n * 7))
        opening = activity.Opening(
            n % ARTICLES + 1, n % STAFF + 1, "", "web", facts, address="10.0.0.1", user_agent="Chrome"
        )
        start = time.perf_counter()
        with office.session() as db:
            activity.record_opened(db, opening, at.date())
        taken.append(time.perf_counter() - start)
    print(f"recording one access: p50/p95 {_milliseconds(taken)} ms")


WRITER = """
import sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from app.activity.commands import Opening
from app.activity.models import OpenedFacts
from app.activity.recorder import PATIENCE_MS, Recorder
from app.core.database import make_engine
data, first, many = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
recorder = Recorder(make_engine(f"sqlite:///{data / 'khlang.db'}", PATIENCE_MS), data / f"spool-{first}.jsonl")
at = datetime(2015, 9, 30, 2, tzinfo=UTC)
taken = []
for number in range(many):
    opening = Opening(1, None, "g%024x" % (time.time_ns() + first), "web", OpenedFacts(at=at), "", "10.0.0.1", "Chrome")
    start = time.perf_counter()
    recorder.record(opening, at.date())
    taken.append(time.perf_counter() - start)
print(*taken)
"""


def _writers(office: Office, data: Path, writers: int = 8, many: int = 250) -> None:
    """Some processes at once, each with readers of its own: how long one waits, and whether every one is there."""
    count = select(func.count()).select_from(Opened)
    with office.session() as db:
        before = db.scalar(count) or 0
    command = [sys.executable, "-c", WRITER, str(data)]
    running = [
        subprocess.Popen([*command, str(n), str(many)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for n in range(writers)
    ]
    taken = [float(t) for one in running for t in one.communicate()[0].split()]
    later = 0
    for n in range(writers):
        office.recorder.spool = data / f"spool-{n}.jsonl"
        later += office.recorder.drain_spool(lambda: date(2015, 9, 30))
    with office.session() as db:
        there = (db.scalar(count) or 0) - before
    print(
        f"{writers} processes at once: p50/p95 {_milliseconds(taken)} ms, {there} of {writers * many} there, {later} by the spool"
    )


def _recount(data: Path) -> None:
    start = time.perf_counter()
    environment = {"KHLANG_DATA": str(data), "KHLANG_TESTING": "1", "KHLANG_TODAY": TODAY, "PATH": ""}
    command = [sys.executable, "-m", "app.cli", "recount", "--year", "2558"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"recount: {time.perf_counter() - start:.1f} s, exit {answer.returncode}, peak {peak:.0f} MB")
    print(answer.stdout[-600:])


def main() -> None:
    """Every size in turn."""
    folder = Path(sys.argv[1])
    for accesses in [int(n) for n in sys.argv[2:]] or [50_000, 5_000_000]:
        data = folder / str(accesses)
        made = data / "khlang.db"
        office = Office(config_for(data, f"sqlite:///{made}", today=TODAY))
        if not (data / "built").exists():
            start = time.perf_counter()
            build(office, accesses)
            (data / "built").touch()
            print(f"built {accesses:,} accesses in {time.perf_counter() - start:.0f} s")
        print(f"\n## {accesses:,} accesses")
        _pages(office)
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"memory of this process at its peak: {rss:.0f} MB")
        _recount(data)
        _record(office)
        _writers(office, data)
        office.close()


if __name__ == "__main__":
    main()
