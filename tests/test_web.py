"""Every route: CSRF, headers, statements per page, odd addresses, error pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event

from app.demo_office import PASSWORD as DEMO_PASSWORD
from app.demo_office import build_demo
from app.office import Office
from tests.conftest import Browser, app_of
from tests.personas import ADMIN, MALEE, SECRETARY, SOMCHAI, article, attended, group, load, opened, thread, training

VALUES = {
    "code": "A",
    "name": "x",
    "number": "1",
    "token": "t",
    "title": "t",
    "be_year": 2558,
    "row": "A5",
    "key": "visit",
    "quiz": "understand",
    "record_id": 1,
    "filename": "style.css",
    "kind": "md",
}
ACTS = {"talk.act_on_post": {"act": "mark"}, "meetings.settle": {"act": "send"}}


def address(app: Flask, rule) -> str:
    """An address of a route with plausible values."""
    with app.test_request_context():
        from flask import url_for

        values = VALUES | ACTS.get(rule.endpoint, {})
        return url_for(rule.endpoint, **{name: values[name] for name in rule.arguments})


def test_every_post_without_a_token_is_refused(office: Office):
    load(office, article("A"))
    app = app_of(office)
    browser = Browser(app, ADMIN)
    posts = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    assert len(posts) > 30
    for rule in posts:
        answer = browser.client.post(address(app, rule), data={"x": "1"})
        assert answer.status_code == 400 and "หน้านี้เปิดไว้นานเกินไป" in answer.text, rule


def test_get_requests_change_nothing(office: Office):
    load(office, article("A"), group(), thread())
    app = app_of(office)
    browser = Browser(app, SECRETARY)
    writes: list[str] = []

    def note(_conn, _cursor, statement, *_rest):
        if re.match(r"(insert|update|delete)", statement, re.IGNORECASE):
            writes.append(statement)

    event.listen(office.database, "before_cursor_execute", note)
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint != "static":
            assert browser.client.get(address(app, rule)).status_code < 500, rule
    assert writes == []


def test_visitors_reach_only_public_pages(office: Office):
    load(office, article("A"), group(), thread())
    app = app_of(office)
    public = {
        "static", "home.index", "home.help_page", "home.font", "home.healthz", "people.sign_in", "search.page", "search.suggest",
        "knowledge.index", "knowledge.show", "knowledge.history", "knowledge.diff", "knowledge.revision",
        "knowledge.file", "knowledge.wiki", "sharing.shared", "knowledge.authors", "api.openapi", "exchange.group_feed", "out.export", "out.feed",
    }  # fmt: skip
    for rule in app.url_map.iter_rules():
        if rule.endpoint in public:
            continue
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        answer = app.test_client().open(address(app, rule), method=method)
        led = "/sign-in" in answer.headers.get("Location", "")
        assert led or answer.status_code in (400, 401), (rule, answer.status_code)


def test_headers_of_every_answer(app: Flask):
    for path in ("/", "/search", "/nope", "/sign-in", "/healthz", "/api/v1/openapi.json"):
        headers = app.test_client().get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy and "style-src 'self';" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"].startswith("private")


def test_cookie_is_guarded(app: Flask):
    answer = Browser(app).post("/sign-in", {"login": SOMCHAI, "password": "correct horse 2558"}, page="/sign-in")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/articles/nope",
        "/plan/2558/Z9",
        "/groups/nope",
        "/plan/99999999999",
        "/s/nope",
        "/articles/A/revisions/๑",
    ],
)
def test_not_found_speaks_thai(app: Flask, path: str):
    answer = Browser(app, SECRETARY).get(path)
    assert answer.status_code in (400, 404)
    assert "กลับหน้าแรก" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/plan/0",
        "/plan/99999",
        "/plan/2558?as_of=xx",
        "/plan/2558/A5?page=999999",
        "/articles?page=-1",
        "/articles?category=%00",
        "/trainings?q=%25%27",
    ],
)
def test_odd_values_never_break(app: Flask, path: str):
    assert Browser(app, SECRETARY).get(path).status_code in (200, 400, 404)


@contextmanager
def counting(office: Office) -> Iterator[list[str]]:
    """Statements sent to the database meanwhile, pragmas and BEGIN left out."""
    seen: list[str] = []

    def note(_conn, _cursor, statement, *_rest):
        if not statement.startswith(("PRAGMA", "BEGIN", "SET")):
            seen.append(statement)

    engines = [office.database, office.recorder.engine]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield seen
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The demo office as `khlang demo` makes it."""
    from app.cli import load_content
    from app.core.migrating import migrate
    from tests.conftest import config_for

    data = tmp_path_factory.mktemp("demo")
    office = Office(config_for(data, f"sqlite:///{data / 'khlang.db'}", today="2026-11-23"))
    migrate(office.database)
    load_content(office)
    build_demo(office, lambda _: None)
    office.indexer.catch_up()
    yield office
    office.close()


def demo_browser(office: Office, code: str) -> Browser:
    browser = Browser(app_of(office))
    answer = browser.post("/sign-in", {"login": code, "password": DEMO_PASSWORD}, page="/sign-in")
    assert answer.status_code == 302
    return browser


# Statements of a page on the demo office; a query in a loop would break these at once.
BUDGETS = [
    ("/", 46), ("/articles", 8), ("/articles/D01-01", 17), ("/articles/D01-01/history", 6), ("/search?q=อบรม", 11),
    ("/groups", 4), ("/groups/G01", 11), ("/threads/TH01", 19), ("/trainings", 6), ("/trainings/T06", 8),
    ("/plan/2558", 46), ("/plan/2558/A5", 22), ("/plan/2558/A6", 22), ("/plan/compare", 140), ("/inbox", 70), ("/people", 4), ("/people/S016", 11),
    ("/records", 20), ("/records/training_attendance", 9), ("/articles/D01-01/share", 12),
]  # fmt: skip


@pytest.mark.parametrize(("path", "most"), BUDGETS)
def test_statements_per_page(demo: Office, path: str, most: int):
    browser = demo_browser(demo, "S002")
    browser.get(path)
    with counting(demo) as seen:
        assert browser.client.get(path, headers={"User-Agent": "Chrome/126"}, follow_redirects=False).status_code in (
            200,
            302,
        )
    assert len(seen) <= most, "\n".join(seen)


def test_article_page_takes_a_bounded_number_of_statements_with_its_recording(demo: Office):
    browser = demo_browser(demo, "S007")
    path = browser.client.get("/articles/D01-02").headers["Location"]
    for _ in range(2):  # A first opening of the day, and a double.
        with counting(demo) as seen:
            assert browser.client.get(path, headers={"User-Agent": "Chrome/126"}).status_code == 200
        assert any("INSERT INTO opened" in statement for statement in seen)
        assert len(seen) <= 25, "\n".join(seen)


def test_demo_has_what_was_promised(demo: Office):
    from sqlalchemy import func, select

    from app.community.models import Group, Thread
    from app.indicators import queries
    from app.indicators.scopes import scope_for
    from app.knowledge.models import Article
    from app.people.models import Department, Service
    from app.training.models import Training

    with demo.session() as db:
        many = {
            model: db.scalar(select(func.count()).select_from(model))
            for model in (Department, Service, Training, Article, Group, Thread)
        }
        assert (many[Department], many[Service], many[Training], many[Group], many[Thread]) == (5, 60, 25, 6, 41)
        assert many[Article] >= 80
        states = [
            r.state.value for r in queries.read_plan(db, scope_for(db, demo.config, 2558, demo.clock.today())).readings
        ]
    assert states.count("met") >= 6 and states.count("short") >= 6 and states.count("no_target") == 3


def test_demo_opens_for_every_role(demo: Office):
    from app.demo_office import demo_sign_ins

    for _, code, _ in demo_sign_ins():
        browser = demo_browser(demo, code)
        for path in ("/", "/plan", "/articles", "/groups", "/trainings"):
            assert browser.get(path).status_code == 200, (code, path)


def test_healthz_says_no_secrets(app: Flask):
    answer = app.test_client().get("/healthz")
    assert answer.status_code == 200
    assert set(answer.json) == {"status", "process", "database", "index", "disk_free_mb"}


def test_api_needs_a_token_and_sees_what_its_owner_sees(office: Office):
    from app.people.commands import create_token
    from app.people.queries import staff_by_code

    load(
        office,
        article("A"),
        article("S", visibility="staff"),
        group("G1", "secret"),
        thread(),
        training("T1", "2015-01-05"),
        attended("T1", MALEE),
    )
    load(office, opened("A", MALEE, "2015-03-01T09:00:00+07:00"))
    office.indexer.catch_up()
    client = app_of(office).test_client()
    refused = client.get("/api/v1/articles")
    assert (refused.status_code, refused.content_type) == (401, "application/problem+json")
    assert set(refused.json) == {"type", "title", "status", "detail"}
    with office.session() as db:
        token = create_token(db, staff_by_code(db, SECRETARY), "read", office.clock.now())
    headers = {"Authorization": f"Bearer {token}"}

    def get(path: str):
        return client.get("/api/v1" + path, headers=headers)

    assert {item["code"] for item in get("/articles").json["items"]} == {"A", "S"}
    assert get("/articles/A").json["body"].strip() == "เนื้อหาของบทความ"
    assert get("/groups").json["items"] == []
    assert get("/groups/G1/threads").status_code == 404
    assert get("/trainings").json["items"][0]["code"] == "T1"
    found = get("/search?q=เนื้อหา").json
    assert set(found) == {"query", "total", "results"} and found["total"] == 2
    assert set(found["results"][0]) == {"kind", "code", "title", "url", "snippet", "score"}
    plan = get("/indicators/2558").json
    assert set(plan) == {"year", "as_of", "rule_version", "rows"} and len(plan["rows"]) == 20
    names = {
        "row",
        "process",
        "step",
        "name",
        "indicator",
        "target",
        "unit",
        "value",
        "numerator",
        "denominator",
        "state",
        "evidence_count",
        "measure",
    }
    assert all(set(row) == names for row in plan["rows"])
    rows = {row["row"]: row for row in plan["rows"]}
    assert (rows["A1"]["value"], rows["A1"]["state"], rows["A2"]["target"], rows["A5"]["value"]) == (
        25.0,
        "short",
        None,
        1,
    )
    evidence = get("/indicators/2558/A5/evidence").json
    assert evidence["total"] == 1
    assert evidence["items"][0]["person"] == "นางสาวมาลี แก้วใส"
    assert set(evidence["items"][0]) == {
        "key",
        "reference",
        "on",
        "title",
        "person",
        "department",
        "channel",
        "counted",
        "reason",
    }
    assert get("/indicators/2558/Z1/evidence").status_code == 404
    assert get("/articles?limit=x").status_code == 400
    assert client.get("/api/v1/openapi.json").json["openapi"].startswith("3.")
    with office.session() as db:
        from sqlalchemy import func, select

        from app.activity.models import Opened

        assert db.scalar(select(func.count()).select_from(Opened)) == 1  # Reading by API is no access.


def test_names_are_masked_for_those_who_may_not_see_them(office: Office):
    load(office, article("A"), opened("A", MALEE, "2015-03-01T09:00:00+07:00"))
    app = app_of(office)
    assert "มาลี แก้วใส" in Browser(app, SECRETARY).get("/plan/2558/A5").text
    assert "มาลี แก้วใส" in Browser(app, MALEE).get("/plan/2558/A5").text
    other = Browser(app, SOMCHAI).get("/plan/2558/A5").text
    assert "มาลี แก้วใส" not in other and "บุคลากร" in other and "S2" not in other


def test_csv_has_the_pages_lines_and_no_formula(office: Office):
    load(office, article("A", title='=HYPERLINK("x")'), opened("A", MALEE, "2015-03-01T09:00:00+07:00"))
    text = Browser(app_of(office), SECRETARY).get("/plan/2558/A5.csv").text
    assert text.startswith("\ufeffวันที่")
    assert "'=HYPERLINK" in text and ",=HYPERLINK" not in text


def test_registers_take_a_record_and_a_second_person_verifies_it(office: Office):
    from tests.indicators.reading import count

    app = app_of(office)
    secretary, malee = Browser(app, SECRETARY), Browser(app, MALEE)
    form = {"on": "2015-03-01", "channel": "board", "persons": "5"}
    assert secretary.post("/records/visit", form, page="/records/visit").status_code == 302
    assert count(office, "A5") == 0
    secretary.post("/records/visit/1/verify")
    assert count(office, "A5") == 0
    malee.post("/records/visit/1/verify")
    assert count(office, "A5") == 5
    assert malee.post("/records/visit/1/void", {"reason": "นับผิด"}).status_code == 403
    secretary.post("/records/visit/1/void", {"reason": "นับผิด"})
    assert count(office, "A5") == 0
    assert "นับผิด (เลขา รอบคอบ)" in " ".join(secretary.get("/records/visit").text.split())
    wrong = secretary.post("/records/visit", {**form, "persons": "0"}, page="/records/visit")
    assert wrong.status_code == 400 and "จำนวนคน" in wrong.text
    assert Browser(app, SOMCHAI).get("/records/visit").status_code == 403


@pytest.mark.parametrize(
    "key",
    [
        "activity",
        "check_round",
        "care_log",
        "improvement",
        "compilation",
        "acknowledgement",
        "quiz_attempt",
        "evaluation",
        "award",
        "team",
    ],
)
def test_every_register_keeps_what_is_typed(office: Office, key: str):
    load(
        office,
        *(
            {
                "type": "team",
                "code": f"T{kind}",
                "kind": kind,
                "order_no": "1",
                "valid_from": "2015-01-01",
                "members": [MALEE],
            }
            for kind in ("data", "channel", "compile")
        ),
    )
    secretary = Browser(app_of(office), SECRETARY)
    teams = {"check_round": "1", "care_log": "2", "compilation": "3"}
    form = {
        "on": "2015-03-01", "kind": "curate" if key == "team" else "climate", "title": "ชื่อ", "team_id": teams.get(key, "1"),
        "result": "ผล", "channel": "web", "what": "ทำ", "before": "ก", "after": "ข", "why": "ค", "edition": "1", "staff_id": "1",
        "be_year": "2558", "quiz": "understand", "score": "5", "max_score": "10", "submitted_on": "2015-09-01",
        "reason": "ดี", "order_no": "9", "valid_from": "2015-01-01", "members": "2",
    }  # fmt: skip
    assert secretary.post(f"/records/{key}", form, page=f"/records/{key}").status_code == 302
    assert "ยังไม่มีรายการ" not in secretary.get(f"/records/{key}").text
    empty = secretary.post(f"/records/{key}", {}, page=f"/records/{key}")
    assert empty.status_code == 400 and "ยังบันทึกไม่ได้" in empty.text


def test_scanned_sheet_is_there_for_whoever_verifies(office: Office):
    import io

    from tests.knowledge.test_articles import PNG

    app = app_of(office)
    malee, secretary = Browser(app, MALEE), Browser(app, SECRETARY)
    data = {
        "title": "ประชุม",
        "purpose": "exchange",
        "on": "2015-09-01",
        "group_id": "0",
        "minutes": "รายงาน",
        "attendee": ["1", "2"],
        "file": (io.BytesIO(PNG), "ใบลงชื่อ.png"),
    }
    assert malee.post("/meetings/new", data, content_type="multipart/form-data").status_code == 302
    assert "ไฟล์หลักฐาน" in secretary.get("/records/meeting").text
    assert secretary.get("/records/meeting/1/file").data == PNG
    assert Browser(app, SOMCHAI).get("/records/meeting/1/file").status_code == 403


def test_a_nul_in_an_address_is_not_found(app: Flask):
    for path in ("/articles/a%00b", "/s/a%00b", "/articles?tag=%00"):
        assert app.test_client().get(path).status_code == 404
