"""No text leaves before it is approved: one secret in a waiting revision, sought at every exit of the house."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.files import FileStore
from app.exchange.exporting import export_office
from app.knowledge.models import Article, Attachment
from app.notifications.models import Notification
from app.office import Office
from app.people.commands import create_token
from app.people.queries import staff_by_code
from tests.conftest import Browser, app_of
from tests.knowledge.checked import CHECKED, checked_office, form, review_id, state, submit
from tests.knowledge.test_articles import PNG
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, article, group, load

pytestmark = pytest.mark.slow

SECRET = "คำลับมาก"


@pytest.fixture
def waiting(office: Office) -> Office:
    """A published article with a newer text in review, and a new article in review; both full of the secret."""
    load(office, group())
    checked_office(office)
    load(office, article("LINKED", title="ปลายทาง", body="[[ระเบียบเก่า]]"))
    malee = Browser(app_of(office), MALEE)
    body = f"## {SECRET}\n\n{SECRET} [[ปลายทาง]] [[{SECRET} หน้า]] @วิชัย ทองแท้"
    for name in (f"{SECRET}.png",):
        malee.post("/articles/OLD/files", {"file": (io.BytesIO(PNG), name)}, content_type="multipart/form-data")
    changed = {"title": f"{SECRET} ชื่อ", "body": body, "tags": f"{SECRET}แท็ก", "series": f"{SECRET}ชุด", "version": "1",
               "summary": f"{SECRET} สรุป"}  # fmt: skip
    assert malee.post("/articles/OLD/edit", form(**changed)).status_code == 302
    del changed["version"]
    submit(malee, **{**changed, "title": f"{SECRET} เรื่องใหม่"})
    office.indexer.catch_up()
    assert state(office, "OLD") == ("published", 1, 2)
    return office


def code_of_new(office: Office) -> str:
    with office.session() as db:
        return db.scalars(select(Article.code).where(Article.state == "draft")).one()


PAGES = [
    "/", "/articles", f"/articles?category={CHECKED}", f"/articles?tag={SECRET}แท็ก", "/articles/OLD", "/articles/LINKED",
    "/articles/OLD/history", "/articles/OLD/authors", "/articles/OLD/export/md", "/articles/OLD/export/html", "/feed.xml",
    "/articles/links", "/reviews", "/notifications", "/people/S2", "/plan/2558", "/plan/2558/A3", "/plan/2558/A4",
    "/plan/2558/A7", f"/search?q={SECRET}", "/search?q=ระเบียบเก่า", f"/articles/suggest?q={SECRET}", "/articles/bin",
    "/articles/new", "/trainings/owed", "/articles/OLD/share",
]  # fmt: skip


@pytest.mark.parametrize("who", [SOMCHAI, None])
def test_no_page_shows_a_text_that_waits(waiting: Office, who: str | None):
    browser = Browser(app_of(waiting), who)
    for path in PAGES:
        page = browser.get(path)
        assert page.status_code == 200, path
        text = page.text
        if SECRET in path:  # What was asked for stands in the search box, the heading and the window's name.
            for asked in (
                f'value="{SECRET}"',
                f"ค้นหา {SECRET}",
                f"“{SECRET}”",
                f"แท็ก {SECRET}แท็ก",
                f"<title>{SECRET}แท็ก",
            ):
                text = text.replace(asked, "")
        assert SECRET not in text, (path, text[max(0, text.find(SECRET) - 200) : text.find(SECRET) + 100])


def test_the_same_exits_do_show_it_once_it_is_approved(waiting: Office):
    secretary, somchai = Browser(app_of(waiting), SECRETARY), Browser(app_of(waiting), SOMCHAI)
    secretary.post("/articles/OLD/review/approve", {"review": review_id(waiting, "OLD")})
    waiting.indexer.catch_up()
    for path in ("/articles", "/articles/OLD", "/articles/LINKED", "/articles/OLD/history", "/articles/OLD/export/md", "/feed.xml",
                 "/articles/links", f"/articles/suggest?q={SECRET}"):  # fmt: skip
        shown = somchai.get(path)
        text = json.dumps(shown.json, ensure_ascii=False) if shown.is_json else shown.text
        assert SECRET in text, path
    assert "/articles/OLD" in somchai.get(f"/search?q={SECRET}").text  # And its author's card.


ADDRESSES = [
    "/articles/{new}", "/articles/{new}/edit", "/articles/{new}/history", "/articles/{new}/review",
    "/articles/{new}/export/md", "/articles/{new}/export/pdf", "/articles/{new}/revisions/1", "/articles/{new}/authors",
    "/articles/OLD/review", "/articles/OLD/revisions/2", "/articles/OLD/diff?from=1&to=2", "/articles/OLD/diff?from=2&to=2",
    f"/articles/OLD/files/{SECRET}.png", f"/wiki/{SECRET} ชื่อ", f"/wiki/{SECRET} เรื่องใหม่",
]  # fmt: skip


@pytest.mark.parametrize("who", [SOMCHAI, None])
def test_no_address_of_a_text_that_waits_leads_anywhere(waiting: Office, who: str | None):
    browser, new = Browser(app_of(waiting), who), code_of_new(waiting)
    for path in ADDRESSES:
        answer = browser.client.get(path.format(new=new), headers={"User-Agent": "Chrome/126"})
        led = "/sign-in" in answer.headers.get("Location", "")
        assert led or answer.status_code == 404, (path, answer.status_code)


def test_not_even_the_author_takes_a_draft_out(waiting: Office):
    malee = Browser(app_of(waiting), MALEE)
    for kind in ("md", "html", "docx", "pdf"):
        assert malee.get(f"/articles/{code_of_new(waiting)}/export/{kind}").status_code == 404
    for kind in ("md", "html"):
        assert SECRET not in malee.get(f"/articles/OLD/export/{kind}").text
    document = (
        zipfile.ZipFile(io.BytesIO(malee.get("/articles/OLD/export/docx").data)).read("word/document.xml").decode()
    )
    assert "ข้อความเก่า" in document and SECRET not in document


def test_api_does_not_answer_with_a_text_that_waits(waiting: Office):
    with waiting.session() as db:
        token = create_token(db, staff_by_code(db, SOMCHAI), "read", waiting.clock.now())
    client = app_of(waiting).test_client()
    ways = ["/api/v1/articles", "/api/v1/articles/OLD", f"/api/v1/search?q={SECRET}", "/api/v1/indicators/2558/A7/evidence",
            "/api/v1/indicators/2558/A4/evidence", "/api/v1/indicators/2558/A3/evidence"]  # fmt: skip
    for way in ways:
        answer = client.get(way, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, way
        found = {name: value for name, value in answer.json.items() if name != "query"}
        assert SECRET not in json.dumps(found, ensure_ascii=False), way
    new = f"/api/v1/articles/{code_of_new(waiting)}"
    assert client.get(new, headers={"Authorization": f"Bearer {token}"}).status_code == 404


def test_nobody_but_reviewers_is_told_and_nobody_named_in_it(waiting: Office):
    with waiting.session() as db:
        told = {(one.staff_id, one.kind) for one in db.scalars(select(Notification)) if SECRET in one.text}
        staff = {code: staff_by_code(db, code).id for code in (SOMCHAI, MALEE, WICHAI, SECRETARY, "H1")}
    # The secretary and malee's own head are asked to check; wichai, named with @, learns nothing yet.
    assert told == {(staff[SECRETARY], "review_asked"), (staff["H1"], "review_asked")}
    secretary = Browser(app_of(waiting), SECRETARY)
    secretary.post("/articles/OLD/review/approve", {"review": review_id(waiting, "OLD")})
    assert "ท่านถูกเอ่ยถึงในบทความ" in Browser(app_of(waiting), WICHAI).get("/notifications").text


def test_export_of_the_office_publishes_only_approved_texts(waiting: Office, tmp_path: Path):
    with waiting.session() as db:
        export_office(db, FileStore(waiting.config.data / "attachments"), tmp_path / "out", lambda _: None)
    old = next((tmp_path / "out" / "articles").glob("*OLD*"))
    assert "ข้อความเก่า" in old.read_text("utf-8") and SECRET not in old.read_text("utf-8")
    records = [json.loads(line) for line in (tmp_path / "out" / "registers.jsonl").read_text("utf-8").splitlines()]
    texts = [r for r in records if r["type"] == "revision" and SECRET in json.dumps(r, ensure_ascii=False)]
    assert all(not record["approved"] for record in texts)
    articles = {r["code"]: r for r in records if r["type"] == "article"}
    assert SECRET not in json.dumps(articles["OLD"], ensure_ascii=False)
    assert articles[code_of_new(waiting)]["state"] == "draft"


def test_a_file_that_came_with_a_waiting_text_stays_with_its_writers(waiting: Office):
    with waiting.session() as db:
        assert db.scalars(select(Attachment.name)).one() == f"{SECRET}.png"
    malee, secretary = Browser(app_of(waiting), MALEE), Browser(app_of(waiting), SECRETARY)
    assert malee.get(f"/articles/OLD/files/{SECRET}.png").status_code == 200
    assert secretary.get(f"/articles/OLD/files/{SECRET}.png").status_code == 200
