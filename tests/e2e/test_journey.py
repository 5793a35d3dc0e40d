"""From a training to the plan, as four people do it in a real browser."""

from __future__ import annotations

import json
import re
import urllib.parse

import pytest
from playwright.sync_api import Browser, Page, expect

from app.demo_office import PASSWORD
from tests.e2e.conftest import Server, select_wait, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
AUTHOR, READER, THIRD, SECRETARY = "S016", "S025", "S007", "S002"
TITLE = "ฝากเอกสารคอมพิวเตอร์กราฟิกส์ไว้กับงานสารบรรณอิเล็กทรอนิกส์"
ROWS = ("A5", "A6", "A7", "B7")


def figure(page: Page, server: Server, year: int, row: str) -> int:
    """Number of a row as the secretary reads it."""
    page.goto(f"{server.url}/plan/{year}")
    return int(re.sub(r"\D", "", page.locator(f"#{row} .value").inner_text().split("\n")[0]))


def wait_until_found(page: Page, server: Server, query: str, title: str) -> None:
    """Search until the saved article is in the index: the promise is within seconds, checked against a deadline."""
    for _ in range(100):
        page.goto(f"{server.url}/search?q={urllib.parse.quote(query)}")
        if page.get_by_role("link", name=title).count():
            return
        select_wait(0.1)
    raise AssertionError("not found within ten seconds")


def test_training_article_search_share_thread_indicator(demo_server: Server, chromium: Browser):
    server = demo_server
    secretary = sign_in(chromium, server, SECRETARY, PASSWORD)
    secretary.goto(server.url + "/plan")
    year = int(secretary.url.rsplit("/", 1)[1])
    before = {row: figure(secretary, server, year, row) for row in ROWS}

    # The secretary enters a course that just ended; the author and the reader were there.
    secretary.goto(server.url + "/trainings/new")
    secretary.fill("#title", "การจัดการเอกสารอิเล็กทรอนิกส์")
    today = secretary.evaluate("new Date(Date.now() + 7 * 3600e3).toISOString().slice(0, 10)")
    secretary.fill("#start_on", today)
    secretary.fill("#end_on", today)
    for name in ("ธีรพงษ์", "วิโรจน์"):
        secretary.locator(f"label.check:has-text('{name}') input").first.check()
    secretary.click("text=บันทึกหลักสูตร >> nth=-1")
    expect(secretary.locator("h1")).to_have_text("การจัดการเอกสารอิเล็กทรอนิกส์")

    # The author writes after the training, on a phone, with the live preview, and publishes.
    author = sign_in(chromium, server, AUTHOR, PASSWORD, width=390)
    author.locator("li:has-text('การจัดการเอกสารอิเล็กทรอนิกส์') >> text=เขียนบทความหลังอบรม").click()
    expect(author.locator("#body")).to_have_value(re.compile("สิ่งที่ได้เรียนรู้"))
    author.fill("#title", TITLE)
    author.fill("#body", "## สิ่งที่ได้เรียนรู้\n\nโครงการฝึกอบรมสอนให้ตั้งชื่อแฟ้ม **ก่อน** จัดเก็บ")
    expect(author.locator("#preview strong")).to_have_text("ก่อน")
    author.fill("#category", "สารบรรณและงานธุรการ")
    author.select_option("#visibility", "public")
    author.click("button:has-text('เผยแพร่')")
    expect(author.locator("h1")).to_have_text(TITLE)

    # Another finds it by a word inside a compound, reads it, and shares it to a group.
    reader = sign_in(chromium, server, READER, PASSWORD)
    wait_until_found(reader, server, "อบรม แฟ้ม", TITLE)
    reader.get_by_role("link", name=TITLE).first.click()
    expect(reader.locator(".prose")).to_contain_text("ตั้งชื่อแฟ้ม")
    reader.click("aside >> text=แชร์")
    reader.get_by_label("แชร์ให้ใคร").fill("ชุมชนคนพัสดุ")
    reader.get_by_label("ฝากข้อความ").fill("ตรงกับที่คุยกันเมื่อวาน")
    reader.locator("main").get_by_role("button", name="แชร์", exact=True).click()
    link = reader.input_value("#link")

    # A third opens the share.
    third = sign_in(chromium, server, THIRD, PASSWORD)
    third.goto(link)
    expect(third.locator("h1")).to_have_text(TITLE)

    # A thread about it is opened, answered and summarised.
    reader.goto(server.url + "/groups/G01")
    reader.click("text=ตั้งกระทู้")
    reader.fill("#title", "ตั้งชื่อแฟ้มอย่างไรให้หาเจอ")
    reader.fill("#body", "อ่านบทความแล้วอยากรู้ว่าแต่ละกองตั้งชื่อกันอย่างไร")
    reader.click("main button:has-text('ตั้งกระทู้')")
    thread = reader.url.split("?")[0]
    author.goto(thread)
    author.fill("#body", "ของผมใช้ ปี เดือน เลขหนังสือ ครับ")
    author.click("button:has-text('ส่งคำตอบ')")
    expect(author.locator(".post").last).to_contain_text("เลขหนังสือ")
    reader.goto(thread)
    reader.click("text=สรุปเป็นบทความ")
    reader.fill("#title", "บทเรียน: ชื่อแฟ้มที่หาเจอ")
    reader.fill("#body", "ใช้ปี เดือน และเลขหนังสือ")
    reader.click("button:has-text('สร้างร่างบทความ')")
    expect(reader.locator("h1")).to_contain_text("ชื่อแฟ้มที่หาเจอ")
    reader.click("button:has-text('เผยแพร่')")
    expect(reader.locator("article")).to_contain_text("ร่วมแลกเปลี่ยน")

    # The secretary verifies the lesson, and the numbers have grown by what the contract says.
    secretary.goto(server.url + "/records/lesson?status=submitted")
    secretary.locator("tr:has-text('ชื่อแฟ้ม') button:has-text('ตรวจยืนยัน')").click()
    after = {row: figure(secretary, server, year, row) for row in ROWS}
    grown = {row: after[row] - before[row] for row in ROWS}
    # A5: reader and third read the article, once each. A6: the article of a training, and the verified share to a group.
    # A7: one first publication not born of talk. B7: one lesson.
    assert grown == {"A5": 2, "A6": 2, "A7": 1, "B7": 1}

    # And the evidence names these acts.
    for row, words in {"A5": TITLE, "A6": TITLE, "A7": TITLE, "B7": "ชื่อแฟ้มที่หาเจอ"}.items():
        secretary.goto(f"{server.url}/plan/{year}/{row}")
        assert words in secretary.content(), row
    secretary.goto(f"{server.url}/plan/{year}/A6")
    assert "วิโรจน์" in secretary.content() and "ธีรพงษ์" in secretary.content()


PAGES = ["/", "/articles", "/articles/D01-01", "/articles/new", "/search?q=อบรม", "/search?q=l;ylfuคนใหม่", "/search/gaps", "/search/dictionary/synonyms", "/groups", "/groups/G01", "/threads/TH01",
         "/trainings", "/trainings/T06", "/plan/2558", "/plan/2558/A5", "/records", "/records/visit", "/people", "/help/counting",
         "/plan/2558/A6", "/plan/2558?as_of=2015-03-31", "/plan/2558/edit", "/plan/2558/edit/A3", "/plan/2558/edit-goals", "/plan/rules", "/plan/import",
         "/plan/compare", "/plan/counting", "/plan/2558/closing", "/plan/2558/evaluation", "/results", "/inbox", "/records/mine",
         "/records/training/import", "/trainings/new", "/acknowledge", "/quiz/understand", "/me/activity"]  # fmt: skip


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_no_page_is_wider_than_its_screen_and_none_complains(demo_server: Server, chromium: Browser, width: int):
    page = sign_in(chromium, demo_server, SECRETARY, PASSWORD, width)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    for path in PAGES:
        page.goto(demo_server.url + path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (path, wide)
    assert told == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(demo_server: Server, chromium: Browser, scheme: str):
    from axe_playwright_python.sync_playwright import Axe

    page = sign_in(chromium, demo_server, SECRETARY, PASSWORD)
    page.emulate_media(color_scheme=scheme)
    axe = Axe()
    for path in PAGES:
        page.goto(demo_server.url + path)
        found = axe.run(page)
        wrong = [(v["id"], v["nodes"][0]["html"][:160]) for v in found.response["violations"]]
        assert wrong == [], (path, json.dumps(wrong, ensure_ascii=False))


def test_everything_works_without_scripts(demo_server: Server, chromium: Browser):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(demo_server.url + "/sign-in")
    page.fill("#login", READER)
    page.fill("#password", PASSWORD)
    page.click("main button:has-text('เข้าสู่ระบบ')")
    page.wait_for_url(demo_server.url + "/")
    page.goto(demo_server.url + "/articles/new")
    page.fill("#title", "เขียนโดยไม่มีสคริปต์")
    page.fill("#body", "เนื้อหา")
    page.click("button:has-text('เผยแพร่')")
    expect(page.locator("h1")).to_have_text("เขียนโดยไม่มีสคริปต์")
    page.goto(demo_server.url + "/threads/TH01")
    page.click("text=ทำเครื่องหมายว่าอ่านแล้ว")
    expect(page.locator("h1")).to_contain_text("เขียนสเปก")
