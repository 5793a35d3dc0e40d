"""A shy member's question without a name, a useful answer, and the article that comes of it, in three browsers."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from app.demo_office import PASSWORD
from tests.e2e.conftest import Server, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
LONG_TITLE = "ใบเสร็จรับเงินเล่มเก่าที่ยกเลิกแล้วต้องเก็บไว้กี่ปีและใครเป็นผู้อนุมัติให้ทำลาย"


def joined(chromium: Browser, server: Server, code: str, group: str, width: int = 1280) -> Page:
    page = sign_in(chromium, server, code, PASSWORD, width=width)
    page.goto(server.url + group)
    if page.get_by_role("button", name="เข้าร่วมกลุ่ม").count():
        page.get_by_role("button", name="เข้าร่วมกลุ่ม").click()
    return page


def test_a_shy_question_becomes_an_article(demo_server: Server, chromium: Browser):
    group = "/groups/G01"
    shy = joined(chromium, demo_server, "S007", group, width=390)
    name = shy.locator(".top .name").first.inner_text().strip()
    shy.goto(demo_server.url + group)
    shy.get_by_role("link", name="ตั้งกระทู้").click()
    shy.get_by_label("หัวข้อ").fill(LONG_TITLE)
    shy.get_by_label("เล่าเรื่องหรือคำถาม").fill("เจอในตู้เก่า ไม่กล้าถามหัวหน้า")
    shy.get_by_label(re.compile("ไม่บอกชื่อ")).check()
    shy.clock.install()
    shy.get_by_role("button", name="ตั้งกระทู้").click()
    expect(shy.locator("#post-0 header")).to_contain_text("สมาชิกท่านหนึ่ง")
    thread = shy.url

    # A friend reads it without a name and answers; the asker's page shows the answer by itself.
    friend = joined(chromium, demo_server, "S025", group)
    friend.goto(thread)
    expect(friend.locator("h1")).to_have_text(LONG_TITLE)
    expect(friend.locator("main")).not_to_contain_text(name)
    friend.get_by_label("ตอบกระทู้").fill("เก็บ **ห้าปี** แล้วตั้งกรรมการทำลาย")
    friend.get_by_role("button", name="ส่งคำตอบ").click()
    friend.locator("#post-0").get_by_role("button", name="มีประโยชน์").click()
    expect(friend.locator("#post-0 [aria-pressed=true]")).to_have_text("มีประโยชน์ 1")
    expect(shy.locator("#replies .post")).to_have_count(0)
    shy.clock.fast_forward(16_000)
    expect(shy.locator("#replies .post")).to_contain_text("ห้าปี")
    shy.locator("#replies").get_by_role("button", name="ใช้เป็นคำตอบ").click()
    expect(shy.locator("#replies .post.answer")).to_contain_text("คำตอบที่ใช้ได้")
    assert shy.evaluate("document.documentElement.scrollWidth") <= 390
    assert Axe().run(shy).violations_count == 0

    # The facilitator sees who asked and makes an article of it, which credits the friend and hides the asker.
    facilitator = sign_in(chromium, demo_server, "S016", PASSWORD)
    facilitator.goto(thread)
    expect(facilitator.locator(".notice").first).to_contain_text(name)
    facilitator.get_by_role("link", name="สรุปเป็นบทความ").click()
    facilitator.get_by_label("หมวดหมู่").fill("การจัดการความรู้")
    expect(facilitator.get_by_label("เนื้อหาสรุป")).to_have_value(re.compile("ห้าปี"))
    facilitator.get_by_role("button", name="สร้างร่างบทความ").click()
    written = re.sub(r"(?m)^\*.*\*$", "คุยกันแล้วทำตามนี้", facilitator.input_value("#body"))  # In place of the hints.
    facilitator.fill("#body", written)
    facilitator.click("button:has-text('เผยแพร่')")
    expect(facilitator.locator("article")).to_contain_text("ห้าปี")
    friend.goto(thread)
    friend.locator(".notice a", has_text="ใบเสร็จ").click()
    expect(friend.locator("main")).to_contain_text("ห้าปี")
    expect(friend.locator("main")).not_to_contain_text(name)
