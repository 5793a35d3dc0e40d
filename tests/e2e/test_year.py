"""A course from a paper order to a closed year, as the secretary and two others do it in a real browser."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, expect

from app.demo_office import PASSWORD
from tests.e2e.conftest import Server, sign_in
from tests.e2e.test_journey import figure

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SECRETARY, EVALUATOR, MEMBER = "S002", "S014", "S007"
COURSE = "การบริหารความเสี่ยงของหน่วยงาน"


def test_a_paper_order_is_verified_counted_closed_and_restated(demo_server: Server, chromium: Browser, tmp_path: Path):
    server = demo_server
    secretary = sign_in(chromium, server, SECRETARY, PASSWORD, width=390)
    before = figure(secretary, server, 2558, "A1")
    secretary.goto(f"{server.url}/plan/2558/A2")
    assert COURSE not in secretary.content()

    # The order is a photo; two people went.
    order = secretary.screenshot()
    secretary.goto(server.url + "/trainings/new")
    secretary.fill("#title", COURSE)
    secretary.fill("#start_on", "2015-08-03")
    secretary.fill("#end_on", "2015-08-04")
    secretary.set_input_files("#file", {"name": "order.png", "mimeType": "image/png", "buffer": order})
    for name in ("ธีรพงษ์", "วิโรจน์"):
        secretary.locator(f"label.check:has-text('{name}') input").first.check()
    secretary.click("text=บันทึกหลักสูตร >> nth=-1")
    expect(secretary.locator("h1")).to_have_text(COURSE)
    secretary.goto(f"{server.url}/plan/2558/A2?state=excluded")
    expect(secretary.locator(f"tr.excluded:has-text('{COURSE}')").first).to_contain_text("ไม่นับ: รอตรวจ")

    # Another sees the order beside each name, ticks both, and verifies them together; the recorder could not.
    secretary.goto(server.url + "/inbox?register=training_attendance")
    expect(secretary.locator(f"tr:has-text('{COURSE}')").first).to_contain_text("รอผู้อื่นตรวจ")
    checker = sign_in(chromium, server, EVALUATOR, PASSWORD)
    checker.goto(server.url + "/inbox?register=training_attendance")
    lines = checker.locator(f"tr:has-text('{COURSE}')")
    expect(lines).to_have_count(2)
    with checker.expect_download() as download:
        lines.first.get_by_text("เปิดไฟล์หลักฐาน").click()
    assert Path(download.value.path()).read_bytes() == order
    for number in range(2):
        lines.nth(number).locator("input[type=checkbox]").check()
    checker.click("text=ตรวจยืนยันที่ติ๊กไว้")
    expect(checker.locator("main")).to_contain_text("ตรวจยืนยันแล้ว 2 รายการ")

    # It counts, and the file handed to an auditor says what the page says.
    secretary.goto(f"{server.url}/plan/2558/A2?q={COURSE}")
    expect(secretary.locator(f"tr:has-text('{COURSE}') .chip.good, tr:has-text('{COURSE}') .chip")).to_have_count(2)
    with secretary.expect_download() as download:
        secretary.get_by_role("link", name="XLSX").click()
    rows = list(
        load_workbook(BytesIO(Path(download.value.path()).read_bytes())).worksheets[0].iter_rows(values_only=True)
    )
    assert [row[1] for row in rows[1:]] == [COURSE, COURSE]
    assert {str(row[11]) for row in rows[1:]} <= {"นับ", "นับรวมกับรายการก่อน"}

    # Two people close the year; what is voided later is a restatement, and the figure of the closing day stays.
    secretary.goto(f"{server.url}/plan/2558/closing")
    secretary.fill("#note", "รายการที่เหลือไม่มีหลักฐาน")
    secretary.click("text=ขอปิดปี 2558")
    expect(secretary.locator("main")).to_contain_text("รอผู้อื่นเป็นผู้ปิด")
    checker.goto(f"{server.url}/plan/2558/closing")
    checker.check("input[name=sure]")
    checker.get_by_role("button", name="ปิดปี 2558").click()
    expect(checker.locator("main")).to_contain_text("คำนวณใหม่จากหลักฐานวันนี้ได้ตรงกับที่เก็บไว้ทุกแถว")
    closed = figure(secretary, server, 2558, "A1")
    assert closed >= before
    secretary.goto(server.url + "/records/training_attendance?status=verified")
    line = secretary.locator(f"tr:has-text('{COURSE}')").first
    line.locator("details summary:has-text('ยกเลิก')").click()
    line.get_by_label("เหตุผลที่ยกเลิก").fill("ลงชื่อแทนกัน")
    line.get_by_role("button", name="ยกเลิกรายการ").click()
    secretary.goto(f"{server.url}/plan/2558/closing")
    expect(secretary.locator("main")).to_contain_text("ข้อมูลตอนนี้ไม่ตรงกับที่เก็บไว้")
    secretary.fill("#note", "ผู้เข้าอบรมหนึ่งคนไม่ได้ไปจริง")
    secretary.click("text=บันทึกเป็นการปรับปรุงตัวเลข")
    expect(secretary.locator("main")).to_contain_text("ครั้งที่ 1")
    expect(secretary.locator("main")).to_contain_text("ผู้เข้าอบรมหนึ่งคนไม่ได้ไปจริง")
