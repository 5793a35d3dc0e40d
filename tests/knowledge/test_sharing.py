"""Sharing with a word: to whom, who is told, who sees that it was opened."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.activity.models import Share
from app.office import Office
from tests.conftest import Browser, app_of
from tests.indicators.reading import count
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, article, group, load


def share(browser: Browser, to: str, note: str = "", code: str = "A"):
    return browser.post(f"/articles/{code}/share", {"channel": "internal", "to": to, "note": note})


@pytest.mark.parametrize(
    ("typed", "channel", "target"),
    [
        ("กลุ่ม กลุ่ม G1", "group", "G1"), ("กองช่าง", "department", "D2"), ("วิชัย ทองแท้ (กองช่าง)", "person", "S3"),
        ("นายวิชัย ทองแท้", "person", "S3"), ("วิชัย", "person", "S3"),
    ],
)  # fmt: skip
def test_who_it_is_for_is_typed(office: Office, typed: str, channel: str, target: str):
    load(office, group(), article("A", author=MALEE))
    page = share(Browser(app_of(office), SOMCHAI), typed, "น่าจะช่วยงานเดือนนี้")
    assert page.status_code == 200 and "แชร์แล้ว ผู้รับได้รับแจ้ง" in page.text, page.text
    with office.session() as db:
        made = db.scalars(select(Share)).one()
    assert (made.channel, made.target, made.note) == (channel, target, "น่าจะช่วยงานเดือนนี้")


@pytest.mark.parametrize(
    ("typed", "said"), [("", "โปรดพิมพ์ชื่อ"), ("ไม่มีใคร", "ไม่พบ “ไม่มีใคร”"), ("กอง", "ตรงกันหลายรายการ"), ("กลุ่ม G2", "ไม่พบ")]
)
def test_who_cannot_be_found_is_said_beside_the_field(lite_office: Office, typed: str, said: str):
    load(lite_office, group(), group("G2", members=[], facilitators=[MALEE]), article("A", author=MALEE))
    page = share(Browser(app_of(lite_office), SOMCHAI), typed, "ข้อความที่พิมพ์ไว้")
    assert page.status_code == 400 and said in page.text and "ข้อความที่พิมพ์ไว้" in page.text


def test_receivers_are_told_and_the_sharer_sees_who_opened(office: Office):
    load(office, group("G1", members=[SOMCHAI, WICHAI]), article("A", author=MALEE))
    app = app_of(office)
    somchai, wichai, secretary = Browser(app, SOMCHAI), Browser(app, WICHAI), Browser(app, SECRETARY)
    share(somchai, "กลุ่ม กลุ่ม G1", "ข้อสามตรงกับเรา")
    assert "สมชาย ใจดี แชร์บทความ “เรื่อง A” ในกลุ่ม กลุ่ม G1: ข้อสามตรงกับเรา" in wichai.get("/notifications").text
    received = wichai.get("/shared").text
    assert "เรื่อง A" in received and "ข้อสามตรงกับเรา" in received and "ยังไม่ได้เปิด" in received
    assert "เรื่อง A" not in secretary.get("/shared").text and "เรื่อง A" not in somchai.get("/shared").text
    assert "ข้อสามตรงกับเรา" in wichai.get("/groups/G1").text
    sheet = somchai.get("/articles/A/share").text
    assert "ยังไม่มีผู้เปิด" in sheet and count(office, "A6") == 0
    with office.session() as db:
        token = db.scalars(select(Share.token)).one()
    wichai.get(f"/s/{token}")
    sheet = somchai.get("/articles/A/share").text
    assert "มีผู้เปิดอ่าน" in sheet and "เปิดแล้ว: วิชัย ทองแท้" in sheet
    assert "ยังไม่ได้เปิด" not in wichai.get("/shared").text and count(office, "A6") == 1


def test_readers_of_a_link_that_left_the_office_are_not_named(office: Office):
    load(office, article("A", author=MALEE))
    app = app_of(office)
    somchai, wichai = Browser(app, SOMCHAI), Browser(app, WICHAI)
    made = somchai.post("/articles/A/share", {"channel": "line"})
    assert "social-plugins.line.me" in made.text
    with office.session() as db:
        token = db.scalars(select(Share.token)).one()
    wichai.get(f"/s/{token}")
    sheet = somchai.get("/articles/A/share").text
    assert "มีผู้เปิดอ่าน" in sheet and "เปิดแล้ว:" not in sheet


def test_what_is_kept_to_a_group_goes_to_its_people_only(office: Office):
    load(
        office,
        group("G1", "secret"),
        group("G2", members=[SOMCHAI, WICHAI]),
        article("A", author=MALEE, visibility="group", group="G1"),
    )
    app = app_of(office)
    somchai, wichai = Browser(app, SOMCHAI), Browser(app, WICHAI)
    for to in ("วิชัย ทองแท้", "กองช่าง", "กลุ่ม กลุ่ม G2"):
        page = share(somchai, to)
        assert page.status_code == 400 and "มีคนที่เปิดอ่านไม่ได้" in page.text, to
    assert share(somchai, "มาลี แก้วใส").status_code == 200
    assert "เรื่อง A" not in wichai.get("/shared").text + wichai.get("/notifications").text
