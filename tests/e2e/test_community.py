"""A meeting of twelve from the code on the wall to one in A6, and a group that outlives its founder."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from app.core.config import ROOT
from app.core.fiscal_year import be_fiscal_year
from app.core.thai import BANGKOK
from app.demo_office import PASSWORD
from tests.e2e.conftest import Server, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def database(server: Server) -> sqlite3.Connection:
    return sqlite3.connect(server.data / "khlang.db", timeout=30)


def counted(server: Server, row: str) -> int:
    """Numerator of a row of the running year, as the command line prints it."""
    year = be_fiscal_year(datetime.now(BANGKOK).date())
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "app.cli",
        "indicators",
        "--year",
        str(year),
        "--row",
        row,
        "--json",
    ]
    done = subprocess.run(command, cwd=ROOT, env=server.environment, check=True, capture_output=True, timeout=60)
    return int(json.loads(done.stdout)["rows"][0]["numerator"])


def test_twelve_sign_in_by_the_code_and_the_meeting_counts_once(demo_server: Server, chromium: Browser):
    with database(demo_server) as db:  # The demo gives passwords to a few; here everybody of the group has one.
        db.execute(
            "update staff set password_hash = (select password_hash from staff where code = 'S016'), must_change_password = 0 where code like 'S0%'"
        )
        members = "select s.code from membership m join staff s on s.id = m.staff_id join cop_group g on g.id = m.group_id where g.code = 'G01' order by s.code"
        codes = [code for (code,) in db.execute(members)]
    db.close()
    before = counted(demo_server, "A6")
    runs = sign_in(chromium, demo_server, "S016", PASSWORD)
    runs.goto(demo_server.url + "/groups/G01")
    runs.get_by_role("link", name="นัดประชุม").click()
    runs.get_by_label("ชื่อการประชุม").fill("เล่าสู่กันฟังหลังน้ำลด")
    runs.get_by_label("วันที่ประชุม").fill(datetime.now(BANGKOK).date().isoformat())
    runs.get_by_role("button", name="นัดประชุม").click()
    meeting = runs.url
    runs.get_by_role("link", name="เปิดจอลงชื่อ QR").click()
    expect(runs.locator(".door-code svg.qr")).to_be_visible()
    others = [code for code in codes if code != "S016"][:11]
    phones = [(code, sign_in(chromium, demo_server, code, PASSWORD, width=390)) for code in others] + [
        ("S016", runs.context.new_page())
    ]
    for _, phone in phones:
        # What the phone reads off the wall at this moment; the screen changes it every twenty seconds.
        phone.goto(runs.locator(".door-code a").get_attribute("href") or "")
        phone.get_by_role("button", name="ลงชื่อเข้าประชุม").click()
        expect(phone.locator(".notice")).to_contain_text("ลงชื่อแล้ว")
    expect(runs.locator(".door-names h2")).to_have_text("ลงชื่อแล้ว 12 คน", timeout=15_000)
    assert Axe().run(runs).violations_count == 0
    with database(demo_server) as db:
        rows = db.execute(
            "select a.how, a.signed_at from meeting_attendee a join meeting m on m.id = a.meeting_id where m.title = 'เล่าสู่กันฟังหลังน้ำลด'"
        ).fetchall()
    db.close()
    instants = sorted(datetime.fromisoformat(at) for _, at in rows)
    assert len(rows) == 12 and {how for how, _ in rows} == {"qr"} and instants[-1] - instants[0] < timedelta(minutes=1)

    # Two write at once; each sees the other's words without reloading, and neither loses any.
    one, other = runs, next(phone for code, phone in phones if code not in ("S002", "S016"))
    for page in (one, other):
        page.goto(meeting + "/minutes")
    one.get_by_label("รายงานการประชุม").press_sequentially("วาระหนึ่ง ลอกท่อก่อนฝน\n\n")
    expect(other.get_by_label("รายงานการประชุม")).to_have_value(re.compile("ลอกท่อก่อนฝน"), timeout=20_000)
    other.get_by_label("รายงานการประชุม").press("Control+End")
    other.get_by_label("รายงานการประชุม").press_sequentially("วาระสอง ยืมเครื่องสูบน้ำ")
    one.get_by_label("รายงานการประชุม").press_sequentially("มอบกองช่าง")
    for page in (one, other):
        for words in ("ลอกท่อก่อนฝน", "ยืมเครื่องสูบน้ำ", "มอบกองช่าง"):
            expect(page.get_by_label("รายงานการประชุม")).to_have_value(re.compile(words), timeout=20_000)
    assert one.get_by_label("รายงานการประชุม").input_value().count("วาระหนึ่ง") == 1
    one.get_by_role("button", name="บันทึกรายงาน").click()
    expect(one.locator("main")).to_contain_text("เขียนโดย")
    assert one.evaluate("document.documentElement.scrollWidth") <= 1280 and Axe().run(one).violations_count == 0
    one.get_by_role("button", name="ส่งตรวจยืนยัน").click()
    expect(one.locator("main")).to_contain_text("รอตรวจ")
    assert counted(demo_server, "A6") == before

    checker = sign_in(chromium, demo_server, "S002", PASSWORD)
    checker.goto(meeting)
    checker.get_by_role("button", name="ตรวจยืนยันการประชุมนี้").click()
    assert counted(demo_server, "A6") == before + 1
    other.goto(meeting)
    assert other.evaluate("document.documentElement.scrollWidth") <= 390
    expect(other.get_by_role("link", name="เขียนรายงาน")).to_have_count(0)


def test_a_facilitator_leaves_and_the_group_lives(demo_server: Server, chromium: Browser):
    founder = sign_in(chromium, demo_server, "S007", PASSWORD)
    founder.goto(demo_server.url + "/groups/new")
    founder.get_by_label("ชื่อกลุ่ม").fill("คนเขียนแผนที่ชุมชนและทางระบายน้ำ")
    founder.get_by_label(re.compile("หัวปลา")).fill("ทำแผนที่ที่ใช้ได้จริงตอนน้ำมา")
    founder.get_by_role("button", name="ตั้งกลุ่ม").click()
    group = founder.url
    expect(founder.locator("main")).to_contain_text("ควรมีผู้ดำเนินกลุ่มสองคน")
    friend = sign_in(chromium, demo_server, "S025", PASSWORD, width=390)
    friend.goto(group)
    friend.get_by_role("button", name="เข้าร่วมกลุ่ม").click()
    name = friend.locator(".top .name").first.inner_text().strip()

    founder.goto(group)
    founder.get_by_role("button", name="ออกจากกลุ่ม").click()
    founder.get_by_label("ฝากอะไรถึงคนต่อไป").fill("ไฟล์แผนที่อยู่กับงานโยธา")
    founder.get_by_role("button", name="ส่งมอบและออกจากกลุ่ม").click()
    expect(founder.locator(".wrong")).to_contain_text("โปรดเลือกสมาชิกที่จะดำเนินกลุ่มต่อ")
    expect(founder.get_by_label("ฝากอะไรถึงคนต่อไป")).to_have_value("ไฟล์แผนที่อยู่กับงานโยธา")
    choice = founder.locator("#successor option", has_text=name).first.get_attribute("value") or ""
    founder.get_by_label("ผู้ดำเนินกลุ่มคนต่อไป").select_option(choice)
    founder.get_by_role("button", name="ส่งมอบและออกจากกลุ่ม").click()
    founder.goto(group)
    expect(founder.get_by_role("button", name="เข้าร่วมกลุ่ม")).to_be_visible()

    friend.goto(group)
    friend.get_by_role("link", name="ดูแลกลุ่ม").click()
    expect(friend.locator("main")).to_contain_text("ไฟล์แผนที่อยู่กับงานโยธา")
    assert friend.evaluate("document.documentElement.scrollWidth") <= 390 and Axe().run(friend).violations_count == 0
    newcomer = sign_in(chromium, demo_server, "S016", PASSWORD)
    newcomer.goto(group)
    newcomer.get_by_role("button", name="เข้าร่วมกลุ่ม").click()
    friend.reload()
    friend.get_by_role("button", name="ทักทาย").click()
    expect(friend.locator("main")).to_contain_text("ทักครบทุกคนแล้ว")
    newcomer.goto(demo_server.url + "/notifications")
    expect(newcomer.locator("main")).to_contain_text("ยินดีต้อนรับ")
