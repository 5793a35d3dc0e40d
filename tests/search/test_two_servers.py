"""Two servers on one folder while the index is deleted under load: no error page, no wrong answer stays, saves go on."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator

import pytest

from app.core.guard import attempt
from app.office import Office
from tests.conftest import Browser, app_of
from tests.personas import SOMCHAI, WICHAI, article, group, load


@pytest.fixture
def second(lite_office: Office) -> Iterator[Office]:
    """Another server on the same data."""
    other = Office(lite_office.config)
    other.renderer.close()
    other.renderer = lite_office.renderer
    other.engine.use(lite_office.engine.words)
    yield other
    other.database.dispose()
    if "recorder" in other.__dict__:
        other.recorder.engine.dispose()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_two_servers_while_the_index_is_deleted_under_load(lite_office: Office, second: Office):
    load(lite_office, group(), *(article(f"A{n}", body="เล่าเรื่องพัสดุของเทศบาล") for n in range(20)))
    lite_office.indexer.catch_up()
    done = threading.Event()
    statuses: set[int] = set()
    wrong: list[object] = []

    def read(office: Office) -> None:
        browser = Browser(app_of(office), WICHAI)
        while not done.is_set():
            answer = browser.get("/search?q=พัสดุ")
            statuses.add(answer.status_code)
            with office.session() as db:
                found = office.search.find_all(db, "พัสดุ", limit=100)
            if found.ready and not {f"A{n}" for n in range(20)} <= {hit.code for hit in found.hits}:
                wrong.append([hit.code for hit in found.hits])

    def index(office: Office) -> None:
        while not done.is_set():
            attempt("indexing", office.indexer.catch_up, lambda: False)  # As the server's worker does.

    turns = [threading.Thread(target=work, args=[office]) for work in (read, index) for office in (lite_office, second)]
    for one in turns:
        one.start()
    writer = Browser(app_of(second), SOMCHAI)
    for number in range(5):
        given = {"title": f"พัสดุข้อที่ {number}", "body": "ถามเรื่องพัสดุ", "asked_as": "self"}
        assert writer.post("/groups/G1/threads/new", given).status_code == 302
        shutil.rmtree(lite_office.engine.folder, ignore_errors=True)
    done.set()
    for one in turns:
        one.join()
    assert (statuses, wrong) == ({200}, [])
    second.indexer.catch_up()
    for office in (lite_office, second):
        with office.session() as db:
            hits = office.search.find_all(db, "พัสดุ", limit=100).hits
        assert len({hit.code for hit in hits}) == 25
