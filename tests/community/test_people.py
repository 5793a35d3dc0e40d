"""The card catalogue: what stands on a card, who sees it, finding a person by subject, advice, praise and what may be lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.community.models import Award, Consultation, Praise
from app.community.offers import offer_questions, waiting_questions
from app.office import Office
from app.people.models import Service
from tests.conftest import Browser, app_of, on
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, article, attended, group, load, staff, thread, training


def knowing(office: Office) -> None:
    """Malee went to a course, wrote, answered in an open and in a secret group."""
    load(
        office, group("G1", members=[SOMCHAI, WICHAI]), group("G2", "secret"), training("T1", "2015-03-01", title="ระบบบำบัดน้ำเสีย"), attended("T1", MALEE),
        article("A", author=MALEE, title="ตรวจรับงานถนนคอนกรีต"), article("D", author=MALEE, title="ร่างลับ", state="draft", first_published_on=None),
        article("S", author=MALEE, title="เรื่องในกลุ่มลับ", visibility="group", group="G2"),
        thread("TH1", title="เบิกค่าเช่าบ้านอย่างไร"), thread("TH2", "G2", title="เรื่องลับของกลุ่ม"),
        {"type": "post", "thread": "TH1", "author": MALEE, "body": "ใช้แบบ 6005", "at": "2015-02-02T09:00:00+07:00", "is_answer": True},
        {"type": "post", "thread": "TH2", "author": MALEE, "body": "คำตอบลับ", "at": "2015-02-02T09:00:00+07:00", "is_answer": True},
    )  # fmt: skip


def test_a_card_shows_courses_articles_and_answers_as_each_may_see_them(office: Office):
    knowing(office)
    app = app_of(office)
    wichai, somchai, malee = Browser(app, WICHAI), Browser(app, SOMCHAI), Browser(app, MALEE)
    for shown in ("ระบบบำบัดน้ำเสีย", "ตรวจรับงานถนนคอนกรีต", "เบิกค่าเช่าบ้านอย่างไร"):
        assert shown in wichai.get("/people/S2").text, shown
    for secret in ("เรื่องลับของกลุ่ม", "เรื่องในกลุ่มลับ", "ร่างลับ"):
        assert secret not in wichai.get("/people/S2").text, secret
    assert "เรื่องลับของกลุ่ม" in somchai.get("/people/S2").text and "เรื่องในกลุ่มลับ" in malee.get("/people/S2").text


def test_people_are_found_by_subject_and_hidden_lines_are_not(office: Office):
    knowing(office)
    app = app_of(office)
    wichai, malee = Browser(app, WICHAI), Browser(app, MALEE)
    office.indexer.catch_up()
    for subject in ("น้ำเสีย", "ถนนคอนกรีต", "ค่าเช่าบ้าน"):
        assert "/people/S2?about=" in wichai.get(f"/people?q={subject}").text, subject
    assert "/people/S2?about=" not in wichai.get("/people?q=เรื่องลับของกลุ่ม").text
    malee.post("/people/card", {"item": "course:1", "hide": "1"})
    office.indexer.catch_up()
    assert "/people/S2?about=" not in wichai.get("/people?q=บำบัดน้ำเสีย").text
    assert "ระบบบำบัดน้ำเสีย" not in wichai.get("/people/S2").text
    assert "ซ่อนอยู่" in malee.get("/people/S2").text
    malee.post("/people/card", {"item": "course:1", "hide": "0"})
    office.indexer.catch_up()
    assert "/people/S2?about=" in wichai.get("/people?q=บำบัดน้ำเสีย").text


@pytest.mark.parametrize("item", ["", "course", "course:x", "secret:1", "course:" + "9" * 40])
def test_hiding_what_is_no_line_changes_nothing(lite_office: Office, item: str):
    malee = Browser(app_of(lite_office), MALEE)
    answer = malee.post("/people/card", {"item": item, "hide": "1"})
    assert "ไม่พบรายการนี้ในบัตร" in malee.get(answer.headers["Location"]).text


def test_an_asker_without_a_name_has_no_answer_on_the_card(office: Office):
    load(
        office, group("G1", members=[SOMCHAI, WICHAI]), thread("TH1", title="เรื่องที่อายจะถาม", asked_as="member"),
        {"type": "post", "thread": "TH1", "author": SOMCHAI, "body": "ได้แล้ว", "at": "2015-02-02T09:00:00+07:00", "is_answer": True},
    )  # fmt: skip
    office.indexer.catch_up()
    wichai = Browser(app_of(office), WICHAI)
    assert "เรื่องที่อายจะถาม" not in wichai.get("/people/S1").text
    assert "/people/S1?about=" not in wichai.get("/people?q=เรื่องที่อายจะถาม").text


def test_advice_is_between_two(office: Office):
    app = app_of(office)
    somchai, malee, wichai = Browser(app, SOMCHAI), Browser(app, MALEE), Browser(app, WICHAI)
    wrong = somchai.post("/people/S2", {"subject": "", "text": "พิมพ์ไว้ยาว"})
    assert wrong.status_code == 400 and "โปรดบอกเรื่องที่อยากปรึกษา" in wrong.text and "พิมพ์ไว้ยาว" in wrong.text
    assert somchai.post("/people/S1", {"subject": "ก", "text": "ข"}).status_code == 400
    somchai.post("/people/S2", {"subject": "ใบสำคัญหาย", "text": "ทำอย่างไรดี"})
    assert "สมชาย ใจดี ขอคำปรึกษาเรื่อง “ใบสำคัญหาย”" in malee.get("/notifications").text
    assert "ใบสำคัญหาย" in malee.get("/").text and "ใบสำคัญหาย" not in wichai.get("/consultations").text
    with office.session() as db:
        number = db.scalars(select(Consultation.id)).one()
    assert wichai.post(f"/consultations/{number}", {"answer": "x"}).status_code == 404
    assert somchai.post(f"/consultations/{number}", {"answer": "x"}).status_code == 404
    empty = malee.post(f"/consultations/{number}", {"answer": " "})
    assert empty.status_code == 400 and "โปรดเขียนคำตอบ" in empty.text
    malee.post(f"/consultations/{number}", {"answer": "ใช้ใบแทนได้"})
    assert "ใช้ใบแทนได้" in somchai.get("/consultations").text
    assert "ตอบเรื่องที่ท่านขอคำปรึกษา" in somchai.get("/notifications").text


def test_thanks_stand_on_the_wall_and_nominations_wait_for_another(office: Office):
    load(office, article("A", author=MALEE), article("D", state="draft", first_published_on=None))
    app = app_of(office)
    somchai, malee, wichai, secretary = (Browser(app, who) for who in (SOMCHAI, MALEE, WICHAI, SECRETARY))
    somchai.post("/praise", {"kind": "thanks", "to": MALEE, "reason": "ช่วยตรวจเอกสารทั้งคืน", "article": ""})
    assert "ช่วยตรวจเอกสารทั้งคืน" in wichai.get("/praise").text and "ช่วยตรวจเอกสารทั้งคืน" in wichai.get("/people/S2").text
    wrong = somchai.post("/praise", {"kind": "nomination", "to": SOMCHAI, "reason": "ชมตัวเอง", "article": "ไม่มี"})
    assert wrong.status_code == 400 and "ชมตัวเอง" in wrong.text
    wichai.post(
        "/praise", {"kind": "nomination", "to": MALEE, "reason": "บทความใช้ได้จริง", "article": "http://x/articles/A/ชื่อ"}
    )
    assert "บทความใช้ได้จริง" not in malee.get("/praise").text and "บทความใช้ได้จริง" not in somchai.get("/praise").text
    assert "เสนอชื่อ นางสาวมาลี แก้วใส รับรางวัล" in secretary.get("/notifications").text
    assert "รับรางวัล" not in malee.get("/notifications").text
    with office.session() as db:
        number = db.scalars(select(Praise.id).where(Praise.kind == "nomination")).one()
    assert somchai.post(f"/praise/{number}", {"accept": "1"}).status_code == 403
    assert wichai.post(f"/praise/{number}", {"accept": "1"}).status_code == 403  # A head, but the nominator.
    secretary.post(f"/praise/{number}", {"accept": "0", "note": ""})
    assert "โปรดบอกเหตุผลถึงผู้เสนอ" in secretary.get("/praise").text
    secretary.post(f"/praise/{number}", {"accept": "1"})
    assert "บทความใช้ได้จริง" in somchai.get("/praise").text and "ท่านได้รับการยกย่อง" in malee.get("/notifications").text
    with office.session() as db:
        award = db.scalars(select(Award)).one()
    assert (award.staff_id, award.article_id) == (2, 1)
    made = malee.get(f"/awards/{award.id}/certificate.pdf")
    assert made.data.startswith(b"%PDF") and len(made.data) > 5_000
    assert somchai.get(f"/awards/{award.id}/certificate.pdf").status_code == 404


def test_what_may_be_lost(office: Office):
    load(
        office, training("T1", "2015-03-01", title="คุมเครื่องสูบน้ำ"), training("T2", "2015-04-01", title="งานสารบรรณ"),
        attended("T1", SOMCHAI), attended("T2", SOMCHAI), attended("T2", MALEE), article("A", author=SOMCHAI, category="ประปา"),
        article("B", author=MALEE, category="พัสดุ"), article("C", author=SOMCHAI, category="พัสดุ"),
        staff("S4", "นายสี่ ใกล้ไป", end="2017-09-30"), staff("S5", "นายห้า ไปอีกนาน", end="2017-10-15"),
    )  # fmt: skip
    with office.session() as db:
        for service in db.scalars(select(Service).where(Service.staff_id == 1)):
            service.end_on = office.clock.today() + timedelta(days=100)
        db.commit()
    app = app_of(office)
    page = Browser(app, SECRETARY).get("/people/risk").text
    leaving = page.split("<h2>เรื่องที่มีคนรู้คนเดียว")[0]
    assert "สมชาย ใจดี" in leaving and "รู้คนเดียว: ประปา · คุมเครื่องสูบน้ำ" in leaving
    assert "สี่ ใกล้ไป" in leaving and "ห้า ไปอีกนาน" not in leaving and "งานสารบรรณ" not in page
    assert "template=expert-interview" in leaving
    assert (
        "สัมภาษณ์ สมชาย ใจดี"
        in Browser(app, SECRETARY).get("/articles/new?template=expert-interview&title=สัมภาษณ์ สมชาย ใจดี").text
    )
    assert "สมชาย" not in Browser(app, WICHAI).get("/people/risk").text  # A head sees their own department.
    assert Browser(app, SOMCHAI).get("/people/risk").status_code == 403


def test_an_unanswered_question_is_offered_once_to_whose_card_matches(office: Office):
    knowing(office)
    load(
        office,
        thread("TH3", title="ระบบบำบัดน้ำเสียกลิ่นแรง", at="2015-09-26T09:00:00+07:00", kind="question"),
        thread("TH4", title="ระบบบำบัดน้ำเสียเพิ่งถาม", at="2015-09-29T09:00:00+07:00", kind="question"),
    )
    office.indexer.catch_up()
    malee = Browser(app_of(office), MALEE)
    with office.session() as db:
        assert [one.code for one, _ in waiting_questions(db, office.clock.now())] == ["TH3"]
        assert offer_questions(db, office._who_knows, office.clock.now()) == 1
        assert offer_questions(db, office._who_knows, office.clock.now()) == 0
    assert "ระบบบำบัดน้ำเสียกลิ่นแรง" in malee.get("/notifications").text
    assert "ระบบบำบัดน้ำเสียกลิ่นแรง" not in Browser(app_of(office), WICHAI).get("/notifications").text


def test_a_closed_groups_question_is_offered_to_members_only(office: Office):
    knowing(office)
    load(office, group("G3", "secret", facilitators=[SOMCHAI], members=[WICHAI]), thread("TH5", "G3", author=WICHAI, title="ระบบบำบัดน้ำเสียรั่ว", at="2015-09-20T09:00:00+07:00", kind="question"))  # fmt: skip
    office.indexer.catch_up()
    with office.session() as db:
        assert offer_questions(db, office._who_knows, office.clock.now()) == 0
    assert "รั่ว" not in Browser(app_of(on(office, "2015-09-30")), MALEE).get("/notifications").text
