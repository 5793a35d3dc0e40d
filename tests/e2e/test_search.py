"""Searching as a member of staff and tending it as the secretary, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from app.demo_office import PASSWORD
from tests.e2e.conftest import Server, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_suggestions_filters_more_and_keys(demo_server: Server, chromium: Browser):
    page = sign_in(chromium, demo_server, "S007", PASSWORD)
    page.goto(demo_server.url + "/articles")
    page.locator("#top-q").press_sequentially("อบรม")
    expect(page.locator(".suggestions li").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".suggestions li[aria-selected=true]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".suggestions").first).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/search"))

    # The count beside a filter is what one gets.
    link = page.locator(".facets section").first.locator("li").first
    promised = int(re.sub(r"\D", "", link.locator(".soft").inner_text()))
    link.get_by_role("link").click()
    expect(page.get_by_role("status").filter(has_text="พบ")).to_contain_text(f"พบ {promised:,} เรื่อง")
    page.locator(".facets .chip").first.click()

    # More results join the list, and the keyboard walks through them.
    expect(page.locator(".hit")).to_have_count(10)
    page.get_by_text("แสดงเพิ่ม").click()
    expect(page.locator(".hit").nth(10)).to_be_visible()
    page.locator("h1").click()
    page.keyboard.press("j")
    expect(page.locator(".hit .title").first).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(".hit .title").nth(1)).to_be_focused()
    page.locator(".hit .why summary").nth(1).click()
    expect(page.locator(".hit .why li").first).not_to_be_empty()


def test_a_gap_becomes_a_synonym(demo_server: Server, chromium: Browser):
    page = sign_in(chromium, demo_server, "S002", PASSWORD, width=390)
    page.goto(demo_server.url + "/search?q=ปั๊มหอยโข่งไดโว่")
    page.goto(demo_server.url + "/search/gaps")
    row = page.locator("li", has_text="ปั๊มหอยโข่งไดโว่").first
    row.locator("summary").click()
    row.get_by_label("คำที่หน่วยงานใช้").fill("น้ำประปา")
    row.get_by_role("button", name="เพิ่มคำที่ใช้แทนกัน").click()
    expect(page.locator("main")).to_contain_text("เพิ่มคำที่ใช้แทนกันแล้ว")
    page.goto(demo_server.url + "/search?q=ปั๊มหอยโข่งไดโว่")
    expect(page.locator(".hit").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
