"""A meeting from its invitation to its figure: who may run it, sign in, write, verify, and what it becomes."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.community import rules, signing_in
from app.community.calendar import invitation
from app.community.models import Lesson, Meeting, MeetingAttendee, MeetingPicture, MeetingTask
from app.community.queries import members_ids
from app.knowledge.merging import merge, settle_live
from app.knowledge.models import Article, ArticleCredit
from app.office import Office
from app.people.models import Viewer
from tests.conftest import Browser, app_of, on
from tests.indicators.reading import count, reasons
from tests.knowledge.test_articles import PNG
from tests.personas import ADMIN, MALEE, SECRETARY, SOMCHAI, WICHAI, attended, group, load, training

PLAN = {
    "title": "ถอดบทเรียนน้ำท่วม", "kind": "dialogue", "purpose": "exchange", "on": "2015-09-30", "at": "00:00", "group_id": "1",
    "training_id": "0", "place": "ห้องประชุมเล็ก", "agenda": "เล่าเรื่อง\nสรุป",
}  # fmt: skip


def planned(browser: Browser, **changes: str) -> str:
    """Code of a meeting that a person planned."""
    answer = browser.post("/meetings/plan", {**PLAN, **changes})
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"].rsplit("/", 1)[-1]


def door(browser: Browser, code: str) -> str:
    """Path of the sign-in address on the screen now."""
    page = browser.get(f"/meetings/{code}/door").text
    found = re.search(r'href="[^"]*(/meetings/[^"]+/sign-in\?k=[0-9a-f]+)"', page)
    assert found and "<svg" in page
    return found[1]


def enter(browser: Browser, code: str, path: str) -> str:
    """What the page says after scanning and pressing the button."""
    browser.get(path)
    answer = browser.post(f"/meetings/{code}/sign-in")
    assert answer.status_code == 302
    return browser.get(answer.headers["Location"]).text


def record_id(office: Office, code: str) -> int:
    with office.session() as db:
        return db.scalars(select(Meeting.id).where(Meeting.code == code)).one()


def test_a_meeting_from_invitation_to_one_in_a6(office: Office):
    load(office, group("G1", members=[SOMCHAI, WICHAI]))
    app = app_of(office)
    malee, somchai, wichai, secretary = (Browser(app, who) for who in (MALEE, SOMCHAI, WICHAI, SECRETARY))
    code = planned(malee)
    assert "เชิญประชุม “ถอดบทเรียนน้ำท่วม” 30 ก.ย. 2558 00:00 น." in somchai.get("/notifications").text
    assert "เชิญประชุม" not in malee.get("/notifications").text
    assert "ถอดบทเรียนน้ำท่วม" in somchai.get("/").text and count(office, "A6") == 0

    # Nothing can be sent before it was held, and the page says what is missing.
    early = malee.post(f"/meetings/{code}/send")
    assert early.status_code == 400 and "ยังไม่มีรายงานการประชุม และมีผู้ลงชื่อไม่ถึงสองคน" in early.text

    # Two sign in by the code on the screen, one of them twice; opening the page alone signs nobody in.
    path = door(malee, code)
    somchai.get(path)
    assert "ยังไม่มีใครลงชื่อ" in malee.get(f"/meetings/{code}").text
    assert "ลงชื่อแล้ว" in enter(somchai, code, path)
    assert "ลงชื่อแล้ว" in enter(malee, code, path)
    enter(malee, code, path)
    with office.session() as db:
        rows = db.execute(select(MeetingAttendee.how, MeetingAttendee.late).order_by(MeetingAttendee.staff_id)).all()
    assert [how for how, _ in rows] == ["qr", "qr"]

    # Two write from the same beginning; both words stand.
    malee.post(f"/meetings/{code}/minutes", {"base": "", "text": "น้ำมาเร็ว"})
    somchai.post(f"/meetings/{code}/minutes", {"base": "", "text": "ท่อตัน"})
    page = malee.get(f"/meetings/{code}").text
    assert "น้ำมาเร็ว" in page and "ท่อตัน" in page and "เขียนโดย" in page
    malee.post(f"/meetings/{code}/send")
    assert reasons(office, "A6") == ["รอตรวจ"]
    assert "การประชุม “ถอดบทเรียนน้ำท่วม” รอผู้อื่นตรวจยืนยัน" in secretary.get("/notifications").text
    assert "การประชุมรอตรวจยืนยัน" in wichai.get("/").text and "การประชุมรอตรวจยืนยัน" not in malee.get("/").text

    # Whoever sent it or wrote in it does not verify it; another does, once.
    number = record_id(office, code)
    malee.post(f"/records/meeting/{number}/verify", page="/records/meeting")
    assert count(office, "A6") == 0
    secretary.post(f"/meetings/{code}/minutes", {"base": "น้ำมาเร็ว\n\nท่อตัน", "text": "น้ำมาเร็ว\n\nท่อตัน!"})
    refused = wichai.get(wichai.post(f"/records/meeting/{number}/verify", page="/records/meeting").headers["Location"])
    assert "ตรวจยืนยันแล้ว" in refused.text and count(office, "A6") == 1
    secretary.post(f"/records/meeting/{number}/verify", page="/records/meeting")
    assert count(office, "A6") == 1
    late = somchai.post(f"/meetings/{code}/minutes", {"base": "", "text": "แก้ทีหลัง"})
    assert late.status_code == 403 and "แก้ทีหลัง" in late.text


def test_a_writer_of_the_minutes_does_not_verify(office: Office):
    load(office, group("G1", members=[SOMCHAI, WICHAI]))
    app = app_of(office)
    malee, wichai = Browser(app, MALEE), Browser(app, WICHAI)  # A head may verify.
    code = planned(malee, title="วงเล็ก")
    for one in (malee, wichai):
        enter(one, code, door(malee, code))
    wichai.post(f"/meetings/{code}/minutes", {"base": "", "text": "วิชัยเขียนรายงาน"})
    malee.post(f"/meetings/{code}/send")
    number = record_id(office, code)
    answer = wichai.post(f"/records/meeting/{number}/verify", page="/records/meeting")
    assert "ผู้ตรวจต้องเป็นคนอื่น" in wichai.get(answer.headers["Location"]).text
    assert count(office, "A6") == 0


def test_whoever_planned_or_said_who_was_there_does_not_verify(office: Office):
    """Malee plans, the secretary ticks and sends: neither of them verifies; a head who had no hand in it does."""
    load(office, group())
    app = app_of(office)
    malee, secretary, wichai = (Browser(app, who) for who in (MALEE, SECRETARY, WICHAI))
    code = planned(malee)
    malee.post(f"/meetings/{code}/minutes", {"base": "", "text": "รายงาน"})
    secretary.post(f"/meetings/{code}/present", {"attendee": ["1", "2"], "how": "roster"})
    secretary.post(f"/meetings/{code}/send")
    number = record_id(office, code)
    for one in (malee, secretary):
        one.post(f"/records/meeting/{number}/verify", page="/records/meeting")
        assert count(office, "A6") == 0
        assert "ตรวจยืนยันการประชุมนี้" not in one.get(f"/meetings/{code}").text
    assert "ตรวจยืนยันการประชุมนี้" in wichai.get(f"/meetings/{code}").text
    wichai.post(f"/records/meeting/{number}/verify", page="/records/meeting")
    assert count(office, "A6") == 1


@pytest.mark.parametrize("minutes", ["", "\n\n", " \t\r\n "])
def test_minutes_of_blanks_are_none(office: Office, minutes: str):
    load(
        office, {"type": "meeting", "code": "M1", "title": "วงเปล่า", "purpose": "exchange", "on": "2015-02-01", "minutes": minutes, "attendees": [SOMCHAI, MALEE, WICHAI], "status": "verified", "recorded_by": SOMCHAI, "verified_by": SECRETARY},
        {"type": "meeting", "code": "M2", "title": "วงเปล่า", "purpose": "climate", "on": "2015-02-01", "minutes": minutes, "attendees": [SOMCHAI, MALEE, WICHAI], "status": "verified", "recorded_by": SOMCHAI, "verified_by": SECRETARY},
    )  # fmt: skip
    assert count(office, "A6") == count(office, "B2") == 0


def test_a_save_sent_again_after_a_lost_answer_stands_once(office: Office):
    load(office, group())
    malee = Browser(app_of(office), MALEE)
    path = f"/meetings/{planned(malee)}/minutes"
    asks = {"headers": {"Accept": "application/json"}}
    malee.post(path, {"base": "", "text": "น้ำมา"}, **asks)
    again = malee.post(path, {"base": "", "text": "น้ำมาเร็วมาก"}, **asks).json
    assert again["text"] == "น้ำมาเร็วมาก" and not again["both"]


def test_a_planned_meeting_settles_no_obligation_and_nobody_is_there_before_its_day(office: Office):
    load(office, group(), training("T1", "2015-09-20"), attended("T1", MALEE))
    malee = Browser(app_of(office), MALEE)
    code = planned(malee, on="2015-10-05", training_id="1")
    malee.post(f"/meetings/{code}/present", {"attendee": ["2"], "how": "roster"})
    page = malee.get(f"/meetings/{code}").text
    assert "ยังไม่มีใครลงชื่อ" in page
    assert "หลักสูตร T1" in malee.get("/").text


def test_a_meeting_is_not_sent_before_its_hour(office: Office):
    load(office, group())
    malee = Browser(app_of(office), MALEE)
    code = planned(malee, at="23:59")
    malee.post(f"/meetings/{code}/present", {"attendee": ["1", "2"], "how": "roster"})
    malee.post(f"/meetings/{code}/minutes", {"base": "", "text": "รายงาน"})
    early = malee.post(f"/meetings/{code}/send")
    assert early.status_code == 400 and "ยังไม่ถึงเวลาประชุม" in early.text


def test_two_at_the_end_of_one_line_write_one_line():
    """Both carets stood at the end: neither word is lost and the line does not stand twice."""
    text, doubled = settle_live(merge("หัวข้อ", "หัวข้อขอสูบน้ำ", "หัวข้อลอกท่อ"))
    assert (text, doubled) == ("หัวข้อลอกท่อ ขอสูบน้ำ", False)


def test_door_codes_change_and_last_forty_seconds_at_most():
    at = datetime(2015, 9, 30, 2, 0, 0, tzinfo=UTC)  # The begin of a window: 02:00:00 is a multiple of 20 s.
    code = rules.door_code("k", 1, at)
    assert (
        rules.door_code("k", 1, at + timedelta(seconds=19))
        == code
        != rules.door_code("k", 1, at + timedelta(seconds=20))
    )
    assert rules.opens_door("k", 1, code, at + timedelta(seconds=39))
    assert not rules.opens_door("k", 1, code, at + timedelta(seconds=40))
    assert not rules.opens_door("k", 1, code, at - timedelta(seconds=1))  # Not before it was shown.
    assert not rules.opens_door("other", 1, code, at) and not rules.opens_door("k", 2, code, at)
    assert not rules.opens_door("", 1, code, at) and not rules.opens_door("k", 1, "ก", at)


def test_a_late_sign_in_is_marked_by_itself(office: Office):
    load(office, group())
    code = planned(Browser(app_of(office), MALEE), at="09:00")
    begins = datetime(2015, 9, 30, 2, 0, tzinfo=UTC)  # Nine o'clock in Bangkok.
    with office.session() as db:
        found = db.scalars(select(Meeting).where(Meeting.code == code)).one()
        for staff_id, minutes in ((1, 10), (2, 16)):
            viewer = Viewer(staff_id=staff_id)
            assert signing_in.sign_in(db, viewer, found, "qr", begins + timedelta(minutes=minutes))
            assert not signing_in.sign_in(db, viewer, found, "roster", begins + timedelta(minutes=30))  # Once only.
        rows = db.execute(select(MeetingAttendee.staff_id, MeetingAttendee.how, MeetingAttendee.late)).all()
    assert sorted((who, how, late) for who, how, late in rows) == [(1, "qr", False), (2, "qr", True)]


@pytest.mark.parametrize(("minutes", "late"), [(-5, False), (0, False), (15, False), (16, True)])
def test_late_is_over_a_quarter_of_an_hour(minutes: int, late: bool):
    begins = datetime(2015, 9, 30, 2, 0, tzinfo=UTC)
    assert rules.is_late(begins, begins + timedelta(minutes=minutes)) is late
    assert not rules.is_late(None, begins)


def test_an_old_code_a_missing_code_and_another_day_sign_nobody_in(office: Office):
    load(office, group())
    app = app_of(office)
    malee, somchai = Browser(app, MALEE), Browser(app, SOMCHAI)
    code = planned(malee)
    assert "รหัสนี้หมดเวลาแล้ว" in somchai.get(f"/meetings/{code}/sign-in?k=0000000000000000").text
    assert "รหัสหมดเวลาแล้ว" in enter(somchai, code, f"/meetings/{code}/sign-in")
    tomorrow = planned(malee, on="2015-10-01")
    assert "เฉพาะในวันประชุม" in enter(somchai, tomorrow, door(malee, tomorrow))
    with office.session() as db:
        assert db.scalars(select(MeetingAttendee)).all() == []


def test_scanning_before_signing_in_is_remembered_through_the_password(office: Office):
    load(office, group())
    app = app_of(office)
    malee, phone = Browser(app, MALEE), Browser(app)
    code = planned(malee)
    led = phone.client.get(door(malee, code))
    assert led.status_code == 302 and "/sign-in?next=" in led.headers["Location"]
    on(office, "2015-09-30")
    answer = phone.post("/sign-in", {"login": SOMCHAI, "password": "correct horse 2558"}, page="/sign-in")
    assert answer.status_code == 302
    assert "ลงชื่อแล้ว" in enter(phone, code, f"/meetings/{code}/sign-in")


def test_the_code_of_a_closed_group_lets_no_outsider_in(office: Office):
    load(office, group("G1", "secret"))
    app = app_of(office)
    malee, wichai = Browser(app, MALEE), Browser(app, WICHAI)
    code = planned(malee)
    assert wichai.get(door(malee, code)).status_code == 404
    for path in ("", "/minutes", "/door", "/sheet", "/invitation.ics", "/summarise", "/review", "/sign-in"):
        assert wichai.get(f"/meetings/{code}{path}").status_code == 404, path
    assert "ถอดบทเรียน" not in wichai.get("/meetings").text + wichai.get("/").text


def test_ticks_keep_how_people_signed_in_and_take_out_only_the_unticked(office: Office):
    load(office, group())
    app = app_of(office)
    malee, somchai, wichai = Browser(app, MALEE), Browser(app, SOMCHAI), Browser(app, WICHAI)
    code = planned(malee)
    enter(somchai, code, door(malee, code))
    malee.post(f"/meetings/{code}/present", {"attendee": ["1", "2", "3"], "how": "paper"})
    ways = {"1": "qr", "2": "paper", "3": "paper"}
    with office.session() as db:
        rows = db.execute(select(MeetingAttendee.staff_id, MeetingAttendee.how)).all()
    assert {str(staff): how for staff, how in rows} == ways
    malee.post(f"/meetings/{code}/present", {"attendee": ["1"], "how": "roster"})
    malee.post(f"/meetings/{code}/late", {"staff": "1", "late": "1"})
    page = malee.get(f"/meetings/{code}").text
    assert "ลงชื่อ 1 คน" in page and "มาสาย</span>" in page
    assert wichai.post(f"/meetings/{code}/present", {"attendee": ["3"]}).status_code == 403
    assert wichai.post(f"/meetings/{code}/late", {"staff": "1", "late": "0"}).status_code == 403
    sheet = malee.get(f"/meetings/{code}/sheet").text
    assert "นายสมชาย ใจดี" in sheet and "นางสาวมาลี แก้วใส" in sheet and "(สาย)" in sheet


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("รหัส\nS1\nสมชาย ใจดี\nนางสาวมาลี แก้วใส\n".encode(), "ลงชื่อจากไฟล์แล้ว 2 คน"),
        ("S1\nมาลี แก้วใส\n".encode("cp874"), "ลงชื่อจากไฟล์แล้ว 2 คน"),
        ("S1,มา\nS9,ไม่มา\n".encode(), "บรรทัด 2 “S9” ไม่พบในรายชื่อบุคลากร"),
        (b"S1\rS2\r", "ลงชื่อจากไฟล์แล้ว 2 คน"), (b"'" + b'"x' * 70_000, "ไม่"), (b"", "ไม่พบชื่อในไฟล์"), (b"\x00\xff\xfe" * 40, "ไม่พบในรายชื่อ"), (b"x" * 300_000, "ไฟล์ใหญ่เกินกว่าจะเป็นใบลงชื่อ"),
    ],
)  # fmt: skip
def test_a_file_of_names_signs_in_all_or_nobody(lite_office: Office, content: bytes, said: str):
    load(lite_office, group())
    malee = Browser(app_of(lite_office), MALEE)
    code = planned(malee)
    answer = malee.post(
        f"/meetings/{code}/csv", {"csv": (io.BytesIO(content), "names.csv")}, content_type="multipart/form-data"
    )
    page = malee.get(answer.headers["Location"]).text
    assert said in page
    assert f"ลงชื่อ {2 if 'แล้ว 2 คน' in said else 0} คน" in page


def test_minutes_of_two_hands_lose_nothing_and_say_when_lines_stand_twice(office: Office):
    load(office, group())
    app = app_of(office)
    malee, somchai = Browser(app, MALEE), Browser(app, SOMCHAI)
    code = planned(malee)
    asks = {"headers": {"Accept": "application/json"}}
    path = f"/meetings/{code}/minutes"
    first = malee.post(path, {"base": "", "text": "วาระหนึ่ง\n\nวาระสอง"}, **asks).json
    assert first == {"text": "วาระหนึ่ง\n\nวาระสอง", "both": False, "others": ["นางสาวมาลี แก้วใส"]}
    # Somchai adds a line under the last while Malee goes on typing in it.
    somchai.post(path, {"base": first["text"], "text": "วาระหนึ่ง\n\nวาระสอง\nท่อตัน"}, **asks)
    merged = malee.post(path, {"base": first["text"], "text": "วาระหนึ่ง\n\nวาระสองคุยเรื่องน้ำ"}, **asks).json
    assert merged["text"] == "วาระหนึ่ง\n\nวาระสองคุยเรื่องน้ำ\nท่อตัน" and not merged["both"]
    # Both word the same line anew: both stand.
    somchai.post(path, {"base": merged["text"], "text": merged["text"].replace("ท่อตัน", "ท่อระบายอุดตัน")}, **asks)
    clash = malee.post(path, {"base": merged["text"], "text": merged["text"].replace("ท่อตัน", "คูน้ำเต็ม")}, **asks).json
    assert "ท่อระบายอุดตัน" in clash["text"] and "คูน้ำเต็ม" in clash["text"] and clash["both"]
    # Wiping most of it needs a word.
    long = {"base": clash["text"], "text": "เรื่องยาว " * 60}
    whole = malee.post(path, long, **asks).json["text"]
    wiped = malee.post(path, {"base": whole, "text": "หาย"}, **asks)
    assert wiped.status_code == 400 and "สั้นกว่าเดิมเกิน 90 %" in wiped.json["error"]
    assert malee.post(path, {"base": whole, "text": "หาย", "shorter": "y"}, **asks).json["text"] == "หาย"


def test_tasks_and_pictures(office: Office):
    load(office, group())
    app = app_of(office)
    malee, somchai, wichai = Browser(app, MALEE), Browser(app, SOMCHAI), Browser(app, WICHAI)
    code = planned(malee)
    malee.post(f"/meetings/{code}/tasks", {"task": "สำรวจท่อ", "staff": "1", "due_on": "2015-09-29"})
    assert "สำรวจท่อ" in somchai.get("/").text
    wrong = malee.post(f"/meetings/{code}/tasks", {"task": "ให้คนนอก", "staff": "3", "due_on": "2015-10-09"})
    assert (
        wrong.status_code == 400
        and "ผู้รับงานต้องเป็น" in wrong.text
        and 'value="ให้คนนอก"' in wrong.text
        and 'value="2015-10-09"' in wrong.text
    )
    assert "ให้คนนอก" not in malee.get(f"/meetings/{code}").text
    with office.session() as db:
        task = db.scalars(select(MeetingTask)).one()
    assert wichai.post(f"/meetings/{code}/tasks/{task.id}", {"done": "1"}).status_code == 403
    somchai.post(f"/meetings/{code}/tasks/{task.id}", {"done": "1"})
    assert "สำรวจท่อ" not in somchai.get("/").text and "<del>สำรวจท่อ</del>" in malee.get(f"/meetings/{code}").text

    def upload(person: Browser, kind: str, content: bytes) -> str:
        data = {"picture": (io.BytesIO(content), "x.png"), "kind": kind, "caption": "หน้างาน"}
        answer = person.post(f"/meetings/{code}/pictures", data, content_type="multipart/form-data")
        if answer.status_code == 302:
            return person.get(answer.headers["Location"]).text
        return "403" if answer.status_code == 403 else answer.text

    assert "หน้างาน" in upload(somchai, "photo", PNG)
    assert upload(somchai, "sheet", PNG) == "403" and upload(wichai, "photo", PNG) == "403"
    assert "รับเฉพาะรูปภาพ" in upload(malee, "photo", b"not a picture")
    assert upload(malee, "photo", PNG).count('loading="lazy"') == 1  # The same picture is one.
    assert "ใบลงชื่อ" in upload(malee, "sheet", b"%PDF-1.4 sheet")
    with office.session() as db:
        sheet = db.scalars(select(MeetingPicture).where(MeetingPicture.kind == "sheet")).one()
        assert db.scalars(select(Meeting.file_sha256)).one() == sheet.sha256  # The evidence behind the record.
    shown = wichai.get(f"/meetings/{code}/pictures/1")
    assert shown.status_code == 200 and shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    somchai.post(f"/meetings/{code}/pictures/1/remove")
    assert wichai.get(f"/meetings/{code}/pictures/1").status_code == 404


def test_parts_of_the_minutes_become_one_lesson_that_credits_who_was_there(office: Office):
    load(office, group(members=[SOMCHAI, WICHAI]))
    app = app_of(office)
    malee, wichai, secretary = Browser(app, MALEE), Browser(app, WICHAI), Browser(app, SECRETARY)
    code = planned(malee)
    malee.post(f"/meetings/{code}/present", {"attendee": ["1", "2"], "how": "roster"})
    malee.post(f"/meetings/{code}/minutes", {"base": "", "text": "เรื่องหนึ่ง\n\nเรื่องสอง"})
    page = malee.get(f"/meetings/{code}/summarise?part=2").text
    body = page[page.index('id="body"') : page.index("</textarea>", page.index('id="body"'))]
    assert "เรื่องสอง" in body and "เรื่องหนึ่ง" not in body and f"/meetings/{code}" in body
    given = {"title": "บทเรียนน้ำท่วม", "body": "สรุปสั้น", "category": "", "visibility": "staff"}
    malee.post(f"/meetings/{code}/summarise", given)
    reviewed = {
        "title": "ทบทวน", "expected": "คาดว่าแห้ง", "happened": "ท่วม", "because": "ท่อตัน", "next_time": "ลอกท่อก่อน",
        "visibility": "staff", "category": "",
    }  # fmt: skip
    wrong = wichai.post(f"/meetings/{code}/review", {**reviewed, "because": ""})
    assert wrong.status_code == 400 and "โปรดบอกว่าเพราะอะไร" in wrong.text and "ลอกท่อก่อน" in wrong.text
    assert wichai.post(f"/meetings/{code}/review", reviewed).status_code == 302
    with office.session() as db:
        lessons = db.scalars(select(Lesson)).all()
        articles = db.scalars(select(Article).order_by(Article.id)).all()
        credits = set(db.scalars(select(ArticleCredit.staff_id).where(ArticleCredit.article_id == articles[0].id)))
    assert len(lessons) == 1 and lessons[0].article_id == articles[0].id and len(articles) == 2
    assert credits == {1}  # Malee is the author.
    assert count(office, "B7") == 0
    secretary.post(f"/records/lesson/{lessons[0].id}/verify", page="/records/lesson")
    assert count(office, "B7") == 1


def test_only_those_who_were_there_or_are_in_the_group_make_articles_of_it(office: Office):
    load(office, group())
    app = app_of(office)
    malee, wichai = Browser(app, MALEE), Browser(app, WICHAI)
    code = planned(malee)
    assert wichai.get(f"/meetings/{code}/summarise").status_code == 403
    assert wichai.get(f"/meetings/{code}/review").status_code == 403
    assert wichai.get(f"/meetings/{code}/minutes").status_code == 403


def test_a_meeting_called_off_tells_members_and_counts_nothing(office: Office):
    load(office, group())
    app = app_of(office)
    malee, somchai, wichai = Browser(app, MALEE), Browser(app, SOMCHAI), Browser(app, WICHAI)
    code = planned(malee)
    moved = malee.post(f"/meetings/{code}/edit", {**PLAN, "at": "13.30"})
    assert (
        moved.status_code == 302
        and "เลื่อนการประชุม “ถอดบทเรียนน้ำท่วม” 30 ก.ย. 2558 13:30 น." in somchai.get("/notifications").text
    )
    assert wichai.post(f"/meetings/{code}/cancel", {"reason": "x"}).status_code == 403
    malee.post(f"/meetings/{code}/cancel", {"reason": ""})
    assert "งดประชุม" not in somchai.get("/notifications").text
    malee.post(f"/meetings/{code}/cancel", {"reason": "ฝนตกหนัก"})
    assert "งดประชุม" in somchai.get("/notifications").text
    assert "ฝนตกหนัก" in somchai.get(f"/meetings/{code}").text
    assert somchai.post(f"/meetings/{code}/minutes", {"base": "", "text": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", "", "โปรดใส่ชื่อการประชุม"), ("at", "25:00", "พิมพ์เวลาเช่น 09:30"), ("on", "2015-01-01", "วันที่ผ่านไปแล้ว"),
        ("on", "พรุ่งนี้", "อ่านวันที่นี้ไม่ได้"), ("group_id", "9", "Not a valid choice"), ("title", "ก" * 301, "ไม่เกิน 300 ตัวอักษร"),
    ],
)  # fmt: skip
def test_a_wrong_plan_is_shown_again_with_what_was_typed(lite_office: Office, field: str, value: str, said: str):
    load(lite_office, group())
    malee = Browser(app_of(lite_office), MALEE)
    page = malee.post("/meetings/plan", {**PLAN, field: value})
    assert page.status_code in (200, 400) and "ห้องประชุมเล็ก" in page.text
    assert said in page.text or "โปรดเลือก" in page.text


def test_administrators_and_outsiders_run_no_meeting_of_a_group(office: Office):
    load(office, group())
    app = app_of(office)
    malee, admin = Browser(app, MALEE), Browser(app, ADMIN)
    code = planned(malee)
    for path in ("edit", "door", "door/code"):
        assert admin.get(f"/meetings/{code}/{path}").status_code == 403


def test_the_invitation_is_a_calendar_file(office: Office):
    load(office, group())
    malee = Browser(app_of(office), MALEE)
    code = planned(malee, title="คุย, เรื่อง; น้ำ " + "ท่วม" * 40, at="09:30", agenda="หนึ่ง\nสอง")
    answer = malee.get(f"/meetings/{code}/invitation.ics")
    assert answer.mimetype == "text/calendar"
    raw = answer.get_data()
    assert all(len(line) <= 75 for line in raw.split(b"\r\n")) and b"\n" not in raw.replace(b"\r\n", b"")
    lines = raw.decode().replace("\r\n ", "").split("\r\n")
    assert "DTSTART:20150930T023000Z" in lines and "DTEND:20150930T043000Z" in lines  # 9:30 in Bangkok is 2:30 UTC.
    assert any(line.startswith("SUMMARY:คุย\\, เรื่อง\\; น้ำ ท่วม") for line in lines)
    assert any("หนึ่ง\\nสอง\\n" in line for line in lines if line.startswith("DESCRIPTION"))


def test_a_whole_day_without_an_hour():
    day = datetime(2015, 9, 30, tzinfo=UTC).date()
    text = invitation(
        Meeting(code="M", title="ก", on=day, place="", agenda="", status="draft"),
        "https://x/m",
        "ทม.",
        datetime(2015, 9, 1, tzinfo=UTC),
    )
    assert "DTSTART;VALUE=DATE:20150930" in text and "DTEND;VALUE=DATE:20151001" in text


def test_minutes_of_a_meeting_are_found_by_those_who_may(office: Office):
    load(office, group("G1", "secret"))
    app = app_of(office)
    malee, wichai = Browser(app, MALEE), Browser(app, WICHAI)
    code = planned(malee)
    malee.post(f"/meetings/{code}/minutes", {"base": "", "text": "มติเรื่องประตูระบายน้ำ"})
    office.indexer.catch_up()
    assert "ถอดบทเรียน" in malee.get("/search?q=ประตูระบายน้ำ").text
    assert "ถอดบทเรียน" not in wichai.get("/search?q=ประตูระบายน้ำ").text
    with office.session() as db:
        assert members_ids(db, 1) == {1, 2}
