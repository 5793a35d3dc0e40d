"""Another office's feed: read with limits, shown as theirs, its author invited; and what we give to others."""

from __future__ import annotations

import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.core.errors import Invalid
from app.exchange.markdown_files import import_folder
from app.network import commands, feeds
from app.network.models import FeedItem, FeedSource
from app.office import Office
from tests.conftest import Browser, app_of
from tests.knowledge.test_articles import PNG
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, article, group, load, thread

ATOM = """<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>คลังความรู้ เทศบาลข้างเคียง</title>
<entry><title>จัดการขยะ &lt;b&gt;ต้นทาง&lt;/b&gt;</title><id>urn:1</id><link href="/articles/A1"/><updated>2015-09-01T00:00:00+07:00</updated><author><name>ครูแดง</name><email>dang@example.go.th</email></author><summary>&lt;p onclick="x"&gt;แยกขยะ&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;</summary></entry>
<entry><title>ลิงก์ร้าย</title><id>urn:2</id><link href="javascript:alert(1)"/><updated>2015-09-02T00:00:00Z</updated></entry>
<entry><title></title><id>urn:3</id><link href="https://x.example/3"/></entry></feed>"""
RSS = """<rss version="2.0"><channel><title>ข่าว KM</title><item><title>น้ำท่วม</title><guid>g1</guid><link>https://b.example/1</link><pubDate>Tue, 01 Sep 2015 08:00:00 +0700</pubDate><author>km@b.example (คุณบี)</author></item></channel></rss>"""
BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><feed xmlns="http://www.w3.org/2005/Atom"><title>&b;</title></feed>'


class Answers:
    """A web server of a test: path -> (status, body, headers)."""

    def __init__(self) -> None:
        pages = self.pages = {}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body, headers = pages.get(self.path, (404, b"", {}))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Silent."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def web() -> Iterator[Answers]:
    answers = Answers()
    answers.pages["/feed.xml"] = (200, ATOM.encode(), {})
    yield answers
    answers.server.shutdown()
    answers.server.server_close()


def within(office: Office) -> Office:
    """An office that may follow feeds of its own network."""
    office.config = replace(office.config, private_feeds=True)
    return office


def test_a_feed_is_followed_and_shown_as_theirs(office: Office, web: Answers):
    app = app_of(within(office))
    secretary, somchai = Browser(app, SECRETARY), Browser(app, SOMCHAI)
    assert somchai.post("/network", {"url": web.url + "/feed.xml"}).status_code == 403
    secretary.post("/network", {"url": web.url + "/feed.xml", "name": "", "contact": ""})
    page = somchai.get("/network").text
    assert "จัดการขยะ ต้นทาง" in page and "คลังความรู้ เทศบาลข้างเคียง" in page and "ครูแดง" in page
    assert f'href="{web.url}/articles/A1"' in page and "mailto:dang@example.go.th?subject=" in page
    assert "ลิงก์ร้าย" not in page and "<script>alert" not in page and "onclick" not in page
    again = secretary.post("/network", {"url": web.url + "/feed.xml"})
    assert again.status_code == 400 and "ติดตามฟีดนี้อยู่แล้ว" in again.text
    with office.session() as db:
        number = db.scalars(select(FeedSource.id)).one()
    secretary.post(f"/network/{number}/remove")
    assert "จัดการขยะ" not in somchai.get("/network").text


def test_it_is_read_again_after_six_hours_and_a_day_after_a_failure(office: Office, web: Answers):
    secretary = Browser(app_of(within(office)), SECRETARY)
    secretary.post("/network", {"url": web.url + "/feed.xml"})
    now = office.clock.now()
    with office.session() as db:
        assert not commands.read_due(db, now + timedelta(hours=5), private=True)
        web.pages["/feed.xml"] = (200, ATOM.replace("urn:1", "urn:9").encode(), {})
        assert commands.read_due(db, now + timedelta(hours=7), private=True)
        assert db.scalar(select(func.count()).select_from(FeedItem)) == 2
        web.pages.clear()
        assert commands.read_due(db, now + timedelta(hours=14), private=True)
        assert db.scalars(select(FeedSource.trouble)).one() == "ปลายทางตอบว่าไม่ให้อ่าน (รหัส 404)"
        assert not commands.read_due(db, now + timedelta(hours=30), private=True)
        assert commands.read_due(db, now + timedelta(hours=39), private=True)
    assert "จะลองใหม่เองวันละครั้ง" in secretary.get("/network").text and "จัดการขยะ" in secretary.get("/network").text


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/feed.xml", "http://localhost/x", "http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest", "http://192.168.1.1/"],
)  # fmt: skip
def test_addresses_within_a_house_are_refused(lite_office: Office, url: str):
    answer = Browser(app_of(lite_office), SECRETARY).post("/network", {"url": url})
    assert answer.status_code == 400 and "เครือข่ายภายใน" in answer.text and url in answer.text


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://x.example/", "https://", "http://user:pw@x.example/", "ไม่ใช่ที่อยู่", "http://[", "https://x.example/" + "a" * 600])  # fmt: skip
def test_what_is_no_address_is_refused(lite_office: Office, url: str):
    answer = Browser(app_of(lite_office), SECRETARY).post("/network", {"url": url})
    assert answer.status_code == 400 and ("ที่อยู่ฟีดต้องขึ้นต้นด้วย" in answer.text or "โปรดใส่ที่อยู่ฟีด" in answer.text)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (BOMB.encode(), "ไม่ใช่ฟีดที่อ่านได้"), (b"<html></html>", "ไม่ใช่ฟีดที่อ่านได้"), (b"", "ไม่ใช่ฟีดที่อ่านได้"),
        (b"\xff\xfe\x00", "ไม่ใช่ฟีดที่อ่านได้"), (b"<feed>" + b"x" * (3 * 1024 * 1024), "ใหญ่หรือช้าเกินไป"),
    ],
)  # fmt: skip
def test_harmful_and_broken_feeds_are_refused(lite_office: Office, web: Answers, body: bytes, said: str):
    web.pages["/x"] = (200, body, {})
    answer = Browser(app_of(within(lite_office)), SECRETARY).post("/network", {"url": web.url + "/x"})
    assert answer.status_code == 400 and said in answer.text
    with lite_office.session() as db:
        assert db.scalars(select(FeedSource)).all() == []


def test_redirects_are_followed_three_times_and_looked_at_each_time(web: Answers):
    web.pages["/a"] = (302, b"", {"Location": "/feed.xml"})
    assert b"<feed" in feeds.fetch(web.url + "/a", private=True)
    web.pages["/round"] = (302, b"", {"Location": "/round"})
    with pytest.raises(Invalid, match="หลายครั้งเกินไป"):
        feeds.fetch(web.url + "/round", private=True)
    web.pages["/file"] = (302, b"", {"Location": "file:///etc/passwd"})
    with pytest.raises(Invalid, match="ต้องขึ้นต้นด้วย"):
        feeds.fetch(web.url + "/file", private=True)


def test_dates_and_links_that_cannot_be_break_nothing(office: Office, web: Answers):
    odd = ATOM.replace("2015-09-01T00:00:00+07:00", "9999-12-31T23:00:00Z").replace(
        "2015-09-02T00:00:00Z", "0001-01-01T00:00:00+07:00"
    )
    web.pages["/odd"] = (200, odd.replace("javascript:alert(1)", "http://[::1").encode(), {})
    secretary = Browser(app_of(within(office)), SECRETARY)
    assert secretary.post("/network", {"url": web.url + "/odd"}).status_code == 302
    assert secretary.get("/network").status_code == 200 and "จัดการขยะ" in secretary.get("/network").text


def test_a_name_that_leads_home_when_connecting_is_refused(web: Answers, monkeypatch: pytest.MonkeyPatch):
    """As a name whose second lookup gives another address: what was checked is public, what answers is not."""
    monkeypatch.setattr(feeds, "check_address", lambda *_, **__: None)
    with pytest.raises(Invalid, match="ติดต่อปลายทางไม่ได้"):
        feeds.fetch(web.url + "/feed.xml", private=False)


def test_rss_is_read_too():
    feed = feeds.parse(RSS.encode(), "https://b.example/rss")
    (one,) = feed.entries
    assert (feed.title, one.title, one.email, one.author) == ("ข่าว KM", "น้ำท่วม", "km@b.example", "คุณบี")
    assert one.published_at.isoformat() == "2015-09-01T08:00:00+07:00"


def given_away(office: Office, visibility: str = "open") -> None:
    load(
        office, group("G1", visibility), thread(), article("PUB", author=MALEE, thread="TH1", body="ดูภาพ ![ภาพ](a.png)"),
        article("STAFF", thread="TH1", visibility="staff"), article("OTHER"),
    )  # fmt: skip
    Browser(app_of(office), MALEE).post(
        "/articles/PUB/files", {"file": (io.BytesIO(PNG), "a.png")}, content_type="multipart/form-data"
    )


def test_a_groups_public_articles_go_out_as_feed_and_package(office: Office, tmp_path):
    given_away(office)
    app = app_of(office)
    feed = app.test_client().get("/groups/G1/feed.xml").get_data()
    assert "เรื่อง PUB" in feed.decode() and "STAFF" not in feed.decode() and "OTHER" not in feed.decode()
    (entry,) = feeds.parse(feed, "http://localhost/groups/G1/feed.xml").entries
    assert entry.title == "เรื่อง PUB" and entry.url == "http://localhost/articles/PUB"
    answer = Browser(app, SOMCHAI).get("/groups/G1/articles.zip")
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as package:
        names = package.namelist()
        package.extractall(tmp_path)
    assert sum(name.endswith("article.md") for name in names) == 1
    text = next(tmp_path.rglob("article.md")).read_text("utf-8")
    assert "ที่มา: " in text and "/articles/PUB" in text and "S2" not in text
    with office.session() as db:
        done = import_folder(db, office.desk(db), tmp_path, SOMCHAI, True, office.clock.now())
    assert sum(done.added.values()) == 1


@pytest.mark.parametrize("visibility", ["request", "secret"])
def test_other_groups_have_no_public_feed(office: Office, visibility: str):
    given_away(office, visibility)
    app = app_of(office)
    assert app.test_client().get("/groups/G1/feed.xml").status_code == 404
    assert Browser(app, WICHAI).get("/groups/G1/articles.zip").status_code == (404 if visibility == "secret" else 200)
