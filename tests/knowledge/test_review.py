"""Step 4 of the plan: asked for, commented, returned, approved; one approval however many press; nobody checks their own."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select

from app.core.errors import KhlangError
from app.knowledge import reviewing
from app.knowledge.models import Article, Review, ReviewComment
from app.notifications.models import Notification
from app.office import Office
from app.people.queries import staff_by_code
from app.viewing import load_viewer
from tests.conftest import Browser, app_of
from tests.indicators.reading import count
from tests.knowledge.checked import EVALUATOR, HEAD, OPEN, checked_office, form, review_id, state, submit
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI


def test_draft_review_return_fix_approve_publish(office: Office):
    checked_office(office)
    app = app_of(office)
    somchai, secretary = Browser(app, SOMCHAI), Browser(app, SECRETARY)
    code = submit(somchai)
    assert state(office, code) == ("draft", None, 1)
    assert "รอท่านตรวจ 1" in secretary.get("/").text
    page = secretary.get(f"/articles/{code}/review").text
    assert "เนื้อหาของระเบียบใหม่" in page and "ให้ความเห็นย่อหน้านี้" in page
    secretary.post(
        f"/articles/{code}/review/comments",
        {"review": review_id(office, code), "paragraph": "1", "text": "อ้างเลขมาตราด้วย"},
    )
    secretary.post(f"/articles/{code}/review/return", {"review": review_id(office, code), "note": "ขอแก้อีกนิด"})
    assert "รอท่านตรวจ" not in secretary.get("/").text
    editor = somchai.get(f"/articles/{code}/edit").text
    assert "ขอแก้อีกนิด" in editor and "อ้างเลขมาตราด้วย" in editor and "เนื้อหาของระเบียบใหม่" in editor
    assert "ถูกส่งกลับให้แก้: ขอแก้อีกนิด" in somchai.get("/notifications").text
    assert "ส่งกลับให้แก้</span>" in somchai.get("/").text
    with office.session() as db:
        number = db.scalars(select(ReviewComment.id)).one()
    somchai.post(f"/articles/{code}/comments/{number}/settle")
    assert "อ้างเลขมาตราด้วย" not in somchai.get(f"/articles/{code}/edit").text
    somchai.post(f"/articles/{code}/edit", form(body="## หัวข้อ\n\nตามมาตรา ๑๑", version="1"))
    assert state(office, code) == ("draft", None, 2)
    assert "ส่งแล้ว รอตรวจ" in somchai.get("/").text and "หรือ เลขา รอบคอบ" in somchai.get(f"/articles/{code}/review").text
    again = secretary.get(f"/articles/{code}/review").text
    assert "ความเห็นรอบก่อน: ขอแก้อีกนิด" in again and "ผู้เขียนว่าแก้แล้ว" in again and "สิ่งที่แก้จากรอบก่อน" in again
    secretary.post(f"/articles/{code}/review/approve", {"review": review_id(office, code)})
    assert state(office, code) == ("published", 2, 2)
    shown = Browser(app, WICHAI).get(f"/articles/{code}").text
    assert "ตามมาตรา ๑๑" in shown
    assert "ผู้จัดทำ <strong>สมชาย ใจดี</strong>" in shown and "ผู้ตรวจ <strong>เลขา รอบคอบ</strong>" in shown
    assert "ผู้อนุมัติ <strong>เลขา รอบคอบ</strong> 30 ก.ย. 2558" in shown
    assert "ผ่านการตรวจและเผยแพร่แล้ว" in somchai.get("/notifications").text
    assert count(office, "A3") == 1 and count(office, "A7") == 3  # This one, and the two of the office's beginning.


def test_readers_keep_the_approved_text_while_a_newer_one_waits(office: Office):
    checked_office(office)
    app = app_of(office)
    malee, wichai, secretary = Browser(app, MALEE), Browser(app, WICHAI), Browser(app, SECRETARY)
    malee.post("/articles/OLD/edit", form(title="ชื่อใหม่ลับ", body="ข้อความใหม่ลับ", version="1"))
    assert state(office, "OLD") == ("published", 1, 2)
    page = wichai.get("/articles/OLD").text
    assert "ข้อความเก่า" in page and "ระเบียบเก่า" in page and "ลับ" not in page
    assert "กำลังรอตรวจ</a> ผู้อ่านยังเห็นฉบับนี้" in malee.get("/articles/OLD").text
    changes = secretary.get("/articles/OLD/review").text
    assert "ข้อความใหม่" in changes and "สิ่งที่เปลี่ยนจากฉบับที่ผู้อ่านเห็น" in changes
    secretary.post("/articles/OLD/review/approve", {"review": review_id(office, "OLD")})
    assert "ข้อความใหม่ลับ" in wichai.get("/articles/OLD").text
    assert "ชื่อใหม่ลับ" in wichai.get("/articles").text


@pytest.mark.parametrize("who", [SOMCHAI, MALEE, WICHAI])
def test_writers_and_people_without_the_duty_cannot_approve(office: Office, who: str):
    # Somchai wrote it; malee wrote it with him; wichai is a head, who may.
    checked_office(office)
    app = app_of(office)
    code = submit(Browser(app, SOMCHAI), co_authors="มาลี แก้วใส")
    answer = Browser(app, who).post(f"/articles/{code}/review/approve", {"review": review_id(office, code)})
    assert answer.status_code == (302 if who == WICHAI else 403)
    assert state(office, code)[0] == ("published" if who == WICHAI else "draft")


def test_outsiders_do_not_learn_that_a_round_exists(office: Office):
    checked_office(office)
    app = app_of(office)
    code = submit(Browser(app, SOMCHAI))
    malee = Browser(app, MALEE)
    for path in (f"/articles/{code}/review", f"/articles/{code}", f"/articles/{code}/history"):
        assert malee.get(path).status_code == 404, path
    assert malee.post(f"/articles/{code}/review/approve", {"review": review_id(office, code)}).status_code == 404
    assert Browser(app).get(f"/articles/{code}/review").text.count("เข้าสู่ระบบ") >= 1


def test_the_editor_of_a_text_and_who_submitted_it_cannot_approve_it(office: Office):
    checked_office(office)
    app = app_of(office)
    secretary = Browser(app, SECRETARY)
    secretary.post("/articles/OLD/edit", form(title="ระเบียบเก่า", body="เลขาแก้เอง", version="1"))
    assert state(office, "OLD") == ("published", 1, 2)
    answer = secretary.post("/articles/OLD/review/approve", {"review": review_id(office, "OLD")})
    assert answer.status_code == 403 and state(office, "OLD")[1] == 1
    assert (
        Browser(app, HEAD).post("/articles/OLD/review/approve", {"review": review_id(office, "OLD")}).status_code == 302
    )


def test_two_steps_want_a_reviewer_and_then_the_authors_own_head(office: Office):
    checked_office(office, "two")
    app = app_of(office)
    code = submit(Browser(app, SOMCHAI))
    number = {"review": review_id(office, code)}
    secretary, wichai, head = Browser(app, SECRETARY), Browser(app, WICHAI), Browser(app, HEAD)
    assert "ผ่าน ส่งให้หัวหน้าอนุมัติ" in secretary.get(f"/articles/{code}/review").text
    secretary.post(f"/articles/{code}/review/approve", number)
    assert state(office, code)[0] == "draft"
    # The reviewer is not also the head; a head of another department is not the author's.
    assert secretary.post(f"/articles/{code}/review/approve", number).status_code == 403
    assert wichai.post(f"/articles/{code}/review/approve", number).status_code == 404
    assert "รอท่านอนุมัติ" in head.get("/notifications").text
    # A click on the step that was there when the page was opened is not the second step.
    assert head.post(f"/articles/{code}/review/approve", number).status_code == 409
    assert head.post(f"/articles/{code}/review/approve", {**number, "step": "head"}).status_code == 302
    assert state(office, code)[0] == "published"
    shown = wichai.get(f"/articles/{code}").text
    assert "ผู้ตรวจ <strong>เลขา รอบคอบ</strong>" in shown and "ผู้อนุมัติ <strong>หัวหน้า กองคลัง</strong>" in shown


def test_a_round_that_ended_answers_409_and_a_strange_number_404(office: Office):
    checked_office(office)
    app = app_of(office)
    somchai, secretary, head = Browser(app, SOMCHAI), Browser(app, SECRETARY), Browser(app, HEAD)
    code = submit(somchai)
    first = review_id(office, code)
    somchai.post(f"/articles/{code}/edit", form(body="ฉบับสอง", version="1"))
    answer = secretary.post(f"/articles/{code}/review/approve", {"review": first})
    assert answer.status_code == 409 and "รอบตรวจนี้จบไปแล้ว" in answer.text
    for strange in ("", "๑", "1e3", "--1", "999999999999"):
        assert secretary.post(f"/articles/{code}/review/approve", {"review": strange}).status_code in (404, 409)
    secretary.post(f"/articles/{code}/review/approve", {"review": review_id(office, code)})
    assert head.post(f"/articles/{code}/review/approve", {"review": review_id(office, code)}).status_code in (404, 409)


def test_saving_a_draft_takes_the_text_out_of_review(office: Office):
    checked_office(office)
    app = app_of(office)
    somchai = Browser(app, SOMCHAI)
    code = submit(somchai)
    somchai.post(f"/articles/{code}/edit", form(body="ยังไม่เสร็จ", version="1", act="draft"))
    assert "รอท่านตรวจ" not in Browser(app, SECRETARY).get("/").text
    assert Browser(app, SECRETARY).get(f"/articles/{code}/review").status_code == 404


def test_two_approvals_at_once_make_one(office: Office):
    checked_office(office)
    code = submit(Browser(app_of(office), SOMCHAI))
    number, outcomes = int(review_id(office, code)), []
    barrier = threading.Barrier(4)

    def press(who: str) -> None:
        with office.session() as db:
            viewer = load_viewer(db, staff_by_code(db, who), office.clock.today())
            barrier.wait()
            try:
                outcomes.append(reviewing.approve(db, office.desk(db).group, viewer, code, number, office.clock.now()))
            except KhlangError as error:
                outcomes.append(error.status)

    presses = [threading.Thread(target=press, args=(who,)) for who in (SECRETARY, HEAD, EVALUATOR, WICHAI)]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    assert outcomes.count("published") == 1
    assert set(outcomes) - {"published"} <= {404, 409}
    with office.session() as db:
        assert db.scalar(select(func.count()).select_from(Review).where(Review.state == "approved")) == 1
        assert db.scalar(select(func.count()).where(Notification.kind == "review_done")) == 1
    assert state(office, code) == ("published", 1, 1)


def test_policy_cannot_be_dodged_by_moving_to_an_open_category(office: Office):
    checked_office(office)
    malee = Browser(app_of(office), MALEE)
    malee.post("/articles/OLD/edit", form(title="ระเบียบเก่า", body="แก้แล้ว", category=OPEN, version="1"))
    assert state(office, "OLD") == ("published", 1, 2)
    page = Browser(app_of(office), WICHAI).get(f"/articles?category={OPEN}").text
    assert "ระเบียบเก่า" not in page and "เรื่องทั่วไป" in page


def test_a_subcategory_is_checked_like_the_one_above_it(office: Office):
    from app.knowledge.models import Category

    checked_office(office)
    with office.session() as db:
        above = db.scalars(select(Category.id).where(Category.policy == "one")).one()
        db.add(Category(name="พัสดุ", parent_id=above))
        db.commit()
    code = submit(Browser(app_of(office), SOMCHAI), category="พัสดุ")
    assert state(office, code)[0] == "draft" and review_id(office, code) != "None"


@pytest.mark.parametrize(
    ("body", "published"),
    [
        ("ข้อความเก่ ๆ", 2),  # One letter: a correction.
        ("ข้อความเก่า\n\n## หัวข้อเพิ่ม", 1),  # A heading more is no correction.
        ("ข้อความเก่า ๕ บาท", 1),  # A number neither.
        ("ข้อความเก่า" + " ยาวขึ้นมาก" * 10, 1),
    ],
)
def test_small_edits_of_a_checked_text_need_no_new_round(office: Office, body: str, published: int):
    checked_office(office)
    secretary, malee = Browser(app_of(office), SECRETARY), Browser(app_of(office), MALEE)
    # The text readers see was saved by the editor once, so that its details are known.
    malee.post("/articles/OLD/edit", form(title="ระเบียบเก่า", body="ข้อความเก่า", version="1"))
    secretary.post("/articles/OLD/review/approve", {"review": review_id(office, "OLD")})
    with office.session() as db:
        version = str(db.scalars(select(Article.version).where(Article.code == "OLD")).one())
    malee.post("/articles/OLD/edit", form(title="ระเบียบเก่า", body=body, version=version, minor="y"))
    assert state(office, "OLD") == ("published", published + 1, 3)
    assert "ตรวจรับรอง</span>" in Browser(app_of(office), WICHAI).get("/articles/OLD").text


def test_return_says_what_to_mend(office: Office):
    checked_office(office)
    app = app_of(office)
    secretary = Browser(app, SECRETARY)
    code = submit(Browser(app, SOMCHAI))
    secretary.post(f"/articles/{code}/review/return", {"review": review_id(office, code), "note": "  "})
    assert "โปรดบอกผู้เขียนว่าควรแก้อะไร" in secretary.get(f"/articles/{code}/review").text
    secretary.post(
        f"/articles/{code}/review/comments", {"review": review_id(office, code), "paragraph": "99", "text": "x"}
    )
    assert "ไม่พบย่อหน้านี้" in secretary.get(f"/articles/{code}/review").text


def test_every_approval_stays_a_fact_of_its_year(office: Office):
    from tests.conftest import on

    checked_office(office)
    app = app_of(office)
    Browser(app, SECRETARY).post("/articles/FREE/approve", {"version": "1"})
    assert count(office, "A3", 2558) == 1
    later = on(office, "2016-03-01")
    app = app_of(later)
    malee = Browser(app, MALEE)
    malee.post("/articles/FREE/edit", form(title="เรื่องทั่วไป", category=OPEN, body="ทันสมัยขึ้น", version="1"))
    with later.session() as db:
        version = str(db.scalars(select(Article.version).where(Article.code == "FREE")).one())
    Browser(app, SECRETARY).post("/articles/FREE/approve", {"version": version})
    with later.session() as db:
        days = [str(day) for day in db.scalars(select(Review.approved_on).order_by(Review.id))]
    assert days == ["2015-09-30", "2016-03-01"]
    assert count(office, "A3", 2558) == 1  # The approval of the later year has not moved the earlier one.
