"""Server time and statements of the pages of a big group: `python -m tests.bench.community [FOLDER]`.

Two offices, of 100 and of 10,000 threads (3,000 and 300,000 replies, 500 members, one thread of 2,000 replies), asked in
this process without a network: read the figures as ratios; the number of statements must not grow. Built once into FOLDER.
"""

from __future__ import annotations

import itertools
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from argon2 import PasswordHasher
from pythainlp.corpus import tnc
from sqlalchemy import event, insert, select

from app.community import talk_queries
from app.community.models import Group, Membership, Post, Thread, ThreadRead
from app.core.config import CONTENT, load_config
from app.core.database import insert_new, transaction
from app.core.migrating import migrate
from app.indicators.planning import load_plan
from app.office import Office
from app.people.models import Department, Service, Staff
from app.search.documents import touch
from app.viewing import load_viewer
from tests.conftest import Browser, app_of
from tests.personas import PASSWORD

MEMBERS, LONG = 500, 2_000
TIMES = 60
# The commonest words of Thai by Zipf's law: the word of rank n stands 1/n as often as the first.
WORDS = [word for word, _ in sorted(tnc.word_freqs(), key=lambda one: -one[1]) if len(word) > 1][:20_000]
WEIGHTS = list(itertools.accumulate(1 / rank for rank in range(1, len(WORDS) + 1)))
BEGAN = datetime(2015, 1, 1, 2, tzinfo=UTC)


def text(chance: random.Random, length: int) -> str:
    """Words as often as they are in Thai."""
    return "".join(chance.choices(WORDS, cum_weights=WEIGHTS, k=length))


def build(office: Office, threads: int, posts: int) -> None:
    """One group of 500 members with all threads, read by half of them, and the index."""
    chance = random.Random(7)
    migrate(office.database)
    hashed = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    with office.session() as db:
        load_plan(db, CONTENT / "plans" / "2558.toml")
        with transaction(db):
            db.add(Department(id=1, code="D1", name="กองกลาง"))
            db.add(Group(id=1, code="G1", name="กลุ่มใหญ่", purpose="ทุกเรื่อง", visibility="open", founded_on=BEGAN.date()))
            db.flush()
            people = range(1, MEMBERS + 1)
            db.execute(insert(Staff), [{"id": n, "code": f"S{n}", "name": f"นายคนที่ {n}", "password_hash": hashed, "must_change_password": False} for n in people])  # fmt: skip
            db.execute(insert(Service), [{"staff_id": n, "department_id": 1, "start_on": BEGAN.date()} for n in people])
            db.execute(insert(Membership), [{"group_id": 1, "staff_id": n, "standing": "facilitator" if n < 3 else "member", "since": BEGAN.date()} for n in people])  # fmt: skip
        for start in range(0, threads, 1000):
            _talk(office, chance, range(start + 1, min(start + 1000, threads) + 1), (posts - LONG) // (threads - 1))
    office.indexer.catch_up()


def _talk(office: Office, chance: random.Random, numbers: range, each: int) -> None:
    rows, replies, reads = [], [], []
    for number in numbers:
        at = BEGAN + timedelta(minutes=number * 30)
        count = LONG if number == 1 else each
        last = at + timedelta(minutes=count)
        title, body = text(chance, 6), text(chance, 25)
        rows.append({"id": number, "code": f"T{number}", "group_id": 1, "author_id": chance.randint(1, MEMBERS), "title": title, "body": body, "html": f"<p>{body}</p>", "at": at, "last_at": last, "kind": "question"})  # fmt: skip
        for minute in range(count):
            said = text(chance, 12)
            replies.append({"thread_id": number, "author_id": chance.randint(1, MEMBERS), "body": said, "html": f"<p>{said}</p>", "at": at + timedelta(minutes=minute), "is_answer": minute == 0})  # fmt: skip
        reads += [
            {"staff_id": who, "thread_id": number, "read_at": last} for who in range(1, 6) if chance.random() < 0.5
        ]
    with office.session() as db, transaction(db):
        insert_new(db, Thread, rows)
        for start in range(0, len(replies), 5000):
            insert_new(db, Post, replies[start : start + 5000])
        insert_new(db, ThreadRead, reads)
        touch(db, "thread", numbers)


def measure(office: Office) -> dict[str, tuple[float, float, int]]:
    """Page -> (p50 ms, p95 ms, statements)."""
    browser = Browser(app_of(office), "S2")
    seen: list[str] = []
    event.listen(office.database, "before_cursor_execute", lambda _c, _k, statement, *_: seen.append(statement))
    pages = {
        "group page": "/groups/G1", "group, page 50": "/groups/G1?page=50", "list of groups": "/groups",
        "thread of 2,000": "/threads/T1", "thread, page 40": "/threads/T1?page=40",
        "search, 2 words": "/search?q=" + quote(f"{WORDS[400]} {WORDS[900]}"), "search, commonest": "/search?q=" + quote(f"{WORDS[30]} {WORDS[40]}"), "search, a title": "/search?q=" + quote(title_of(office)),
        "people by subject": "/people?q=" + quote(WORDS[600]),
    }  # fmt: skip
    found = {
        name: _timed(lambda path=path: browser.client.get(path, buffered=True).status_code, seen)
        for name, path in pages.items()
    }
    with office.session() as db:
        viewer = load_viewer(db, db.get_one(Staff, 2), office.clock.today())

        def unread() -> int:
            with office.session() as fresh:
                return 200 if len(talk_queries.unread_threads(fresh, viewer, 30)) == 30 else 500

        found["unread list of 30"] = _timed(unread, seen)
    return found


def title_of(office: Office) -> str:
    """A title, as somebody would look for it."""
    with office.session() as db:
        return db.scalars(select(Thread.title).where(Thread.id == 42)).one()


def _timed(ask, seen: list[str]) -> tuple[float, float, int]:
    for _ in range(5):
        assert ask() == 200
    times, counts = [], set()
    for _ in range(TIMES):
        seen.clear()
        began = time.perf_counter()
        assert ask() == 200
        times.append(time.perf_counter() - began)
        counts.add(len(seen))
    cuts = statistics.quantiles(times, n=20)
    return cuts[9] * 1e3, cuts[18] * 1e3, max(counts)


def main() -> None:
    """Entry point."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(tempfile.gettempdir()) / "khlang-bench-community")
    results = []
    for threads, posts in ((100, 5_000), (10_000, 300_000)):
        data = folder / str(threads)
        settings = {
            "KHLANG_DATA": str(data),
            "KHLANG_SECRET_KEY": "bench",
            "KHLANG_TESTING": "1",
            "KHLANG_TODAY": "2015-09-30",
        }
        office = Office(load_config(settings))
        if not (data / "khlang.db").exists():
            began = time.perf_counter()
            build(office, threads, posts)
            print(f"{threads} threads built and indexed in {time.perf_counter() - began:.0f} s")
        results.append(measure(office))
        office.close()
    print(f"{'page':<20} {'100 threads':>24} {'10,000 threads':>24}   statements")
    for name, small in results[0].items():
        big = results[1][name]
        print(
            f"{name:<20} {small[0]:>11.1f} /{small[1]:>7.1f} ms {big[0]:>11.1f} /{big[1]:>7.1f} ms   {small[2]} -> {big[2]}"
        )


if __name__ == "__main__":
    main()
