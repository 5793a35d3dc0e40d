"""kill -9 of the server between a save and the indexing loses nothing."""

from __future__ import annotations

import http.cookiejar
import re
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from app.demo_office import PASSWORD
from tests.e2e.conftest import Server, select_wait

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))


def send(web: urllib.request.OpenerDirector, url: str, page: str, **fields: str) -> str:
    with web.open(page, timeout=30) as answer:
        token = re.search(r'name="csrf_token" value="([^"]+)"', answer.read().decode())
    assert token
    data = urllib.parse.urlencode({"csrf_token": token[1], **fields}).encode()
    with web.open(url, data, timeout=30) as answer:
        return answer.read().decode()


def test_saved_article_is_found_after_kill_and_restart(tmp_path: Path):
    server = Server(tmp_path / "data")
    server.khlang("demo", "--build-only")
    server.start()
    web = opener()
    send(web, server.url + "/sign-in", server.url + "/sign-in", login="S007", password=PASSWORD)
    new = server.url + "/articles/new"
    send(
        web,
        new,
        new,
        title="เรื่องก่อนไฟดับ",
        body="เครื่องสำรองไฟกลางน้ำท่วม",
        visibility="public",
        group_id="0",
        act="publish",
    )
    server.kill()
    server.start()
    for _ in range(200):
        with web.open(server.url + "/search?q=" + urllib.parse.quote("ก่อนไฟดับ"), timeout=30) as answer:
            if "เรื่องก่อนไฟดับ" in re.sub("</?mark>", "", answer.read().decode()):
                break
        select_wait(0.1)
    else:
        raise AssertionError("the article was lost")
    server.khlang("recount", "--year", "2558")
    server.kill()
