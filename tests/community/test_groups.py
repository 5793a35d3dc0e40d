"""Groups of three kinds, threads, mentions, unread marks, and a thread that becomes an article."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.community.models import Group, Lesson, Membership, Post
from app.knowledge.models import Article, ArticleCredit
from app.notifications.models import Notification
from app.office import Office
from tests.conftest import Browser, app_of
from tests.indicators.reading import count, reasons
from tests.personas import ADMIN, MALEE, SECRETARY, SOMCHAI, WICHAI, article, group, load, thread


@pytest.mark.parametrize(
    ("visibility", "who", "group_page", "thread_page"),
    [
        ("open", WICHAI, 200, 200), ("request", WICHAI, 200, 404), ("secret", WICHAI, 404, 404),
        ("open", SOMCHAI, 200, 200), ("request", SOMCHAI, 200, 200), ("secret", SOMCHAI, 200, 200),
        ("secret", SECRETARY, 404, 404), ("secret", ADMIN, 404, 404), ("request", ADMIN, 200, 404),
    ],
)  # fmt: skip
def test_who_may_see_groups_and_threads(office: Office, visibility: str, who: str, group_page: int, thread_page: int):
    load(office, group("G1", visibility), thread())
    person = Browser(app_of(office), who)
    assert person.get("/groups/G1").status_code == group_page
    assert person.get("/threads/TH1").status_code == thread_page
    assert person.get("/threads/TH1/summarise").status_code == (
        200 if who == SOMCHAI else (403 if thread_page == 200 else 404)
    )
    shown = person.get("/groups").text
    assert ("กลุ่ม G1" in shown) == (group_page == 200)


def test_visitors_are_led_to_sign_in(office: Office):
    load(office, group(), thread())
    for path in ("/groups", "/groups/G1", "/threads/TH1", "/people", "/plan"):
        assert "/sign-in" in Browser(app_of(office)).client.get(path).headers["Location"]


def test_open_groups_are_joined_and_others_are_asked(office: Office):
    load(office, group("O"), group("R", "request"))
    app = app_of(office)
    wichai, malee = Browser(app, WICHAI), Browser(app, MALEE)
    wichai.post("/groups/O/join")
    wichai.post("/groups/R/join")
    with office.session() as db:
        standing = dict(
            db.execute(
                select(Group.code, Membership.standing)
                .join(Membership, Membership.group_id == Group.id)
                .where(Membership.staff_id == 3)
            ).all()
        )
    assert standing == {"O": "member", "R": "asked"}
    assert wichai.post("/groups/R/members", {"staff": WICHAI, "standing": "member"}).status_code == 403
    malee.post("/groups/R/members", {"staff": WICHAI, "standing": "member"})
    assert "กระทู้ของกลุ่มนี้อ่านได้เฉพาะสมาชิก" not in wichai.get("/groups/R").text
    malee.post("/groups/R/members", {"staff": WICHAI, "standing": ""})
    assert "กระทู้ของกลุ่มนี้อ่านได้เฉพาะสมาชิก" in wichai.get("/groups/R").text


def test_last_facilitator_hands_over_first(office: Office):
    load(office, group())
    malee = Browser(app_of(office), MALEE)
    assert malee.post("/groups/G1/leave").headers["Location"] == "/groups/G1/handover"
    refused = malee.post("/groups/G1/handover", {"successor": "", "note": "ฝากนัดประชุมเดือนหน้า"})
    assert refused.status_code == 400 and "โปรดเลือกสมาชิกที่จะดำเนินกลุ่มต่อ" in refused.text and "ฝากนัดประชุม" in refused.text
    given = {"successor": SOMCHAI, "note": "ฝากนัดประชุมเดือนหน้า"}
    assert malee.post("/groups/G1/handover", given).headers["Location"] == "/groups"
    assert malee.get("/groups/G1/care").status_code == 403
    somchai = Browser(malee.client.application, SOMCHAI)
    assert "ฝากนัดประชุมเดือนหน้า" in somchai.get("/notifications").text
    assert somchai.get("/groups/G1/care").status_code == 200


def test_founding_with_two_facilitators(office: Office):
    somchai = Browser(app_of(office), SOMCHAI)
    form = {"name": "คนพัสดุ", "purpose": "ซื้อให้ถูกระเบียบ", "visibility": "open", "second": "2"}
    page = somchai.post("/groups/new", form)
    assert page.status_code == 302
    assert "ควรมีผู้ดำเนินกลุ่มสองคน" not in somchai.get(page.headers["Location"]).text
    alone = somchai.post("/groups/new", {**form, "second": "0"})
    assert "ควรมีผู้ดำเนินกลุ่มสองคน" in somchai.get(alone.headers["Location"]).text


def test_reply_with_quote_and_thai_mention(office: Office):
    load(office, group(), thread())
    app = app_of(office)
    malee = Browser(app, MALEE)
    quoted = malee.get("/threads/TH1?quote=0").text
    assert "&gt; **ผู้ตั้งกระทู้:**" in quoted
    answer = malee.post("/threads/TH1", {"body": "> **สมชาย:**\n> ใบเสร็จหาย\n\nถาม @สมชาย ใจดี ครับ และ @วิชัย ทองแท้"})
    assert answer.status_code == 302
    page = malee.get("/threads/TH1").text
    assert 'href="/people/S1"' in page and 'href="/people/S3"' in page
    assert "<blockquote>" in page
    with office.session() as db:
        told = db.execute(select(Notification.staff_id, Notification.url).order_by(Notification.staff_id)).all()
        assert [tuple(one) for one in told] == [(1, "/threads/TH1?post=1"), (3, "/threads/TH1?post=1")]


def test_unread_until_marked_by_a_post(office: Office):
    load(office, group(), thread())
    app = app_of(office)
    malee = Browser(app, MALEE)
    assert "กระทู้ที่ยังไม่ได้อ่าน" in malee.get("/").text
    malee.get("/threads/TH1")
    assert "กระทู้ที่ยังไม่ได้อ่าน" in malee.get("/").text  # A GET changes nothing.
    malee.post("/threads/TH1/read")
    assert "กระทู้ที่ยังไม่ได้อ่าน" not in malee.get("/").text
    Browser(app, SOMCHAI).post("/threads/TH1", {"body": "มีคำตอบใหม่"})
    assert "กระทู้ที่ยังไม่ได้อ่าน" in malee.get("/").text


def test_only_members_answer(office: Office):
    load(office, group(), thread())
    wichai = Browser(app_of(office), WICHAI)
    assert wichai.post("/threads/TH1", {"body": "ขอตอบ"}).status_code == 403
    with office.session() as db:
        assert db.scalar(select(func.count()).select_from(Post)) == 0


def test_empty_reply_is_explained(office: Office):
    load(office, group(), thread())
    answer = Browser(app_of(office), MALEE).post("/threads/TH1", {"body": "   "})
    assert "ข้อความยังว่างอยู่" in answer.text


def test_thread_becomes_an_article_that_credits_everyone_and_one_lesson(office: Office):
    load(
        office,
        group(),
        thread(),
        {"type": "post", "thread": "TH1", "author": MALEE, "body": "ขอใบแทน", "at": "2015-02-02T09:00:00+07:00"},
    )
    app = app_of(office)
    malee = Browser(app, MALEE)
    draft = {
        "title": "ใบเสร็จหายทำอย่างไร",
        "body": "ขอใบแทนใบเสร็จ",
        "category": "",
        "visibility": "staff",
    }
    assert malee.post("/threads/TH1/summarise", draft).status_code == 302
    assert malee.post("/threads/TH1/summarise", {**draft, "title": "สรุปอีกครั้ง"}).status_code == 302
    with office.session() as db:
        lessons = db.scalars(select(Lesson)).all()
        assert len(lessons) == 1 and lessons[0].article_id == 1
        assert db.scalars(select(ArticleCredit.staff_id).where(ArticleCredit.article_id == 1)).all() == [1]
        first = db.get_one(Article, 1)
        assert (first.state, first.thread_id) == ("draft", 1)
    assert count(office, "B7") == 0
    assert malee.post("/records/lesson/1/verify").status_code == 302
    assert count(office, "B7") == 0  # She wrote it down; another must verify.
    Browser(app, SECRETARY).post("/records/lesson/1/verify")
    assert count(office, "B7") == 1
    assert count(office, "A7") == 0


def test_summary_of_a_closed_group_stays_in_the_group(office: Office):
    load(office, group("G1", "secret"), thread())
    malee = Browser(app_of(office), MALEE)
    malee.post("/threads/TH1/summarise", {"title": "บทเรียน", "body": "เนื้อหา", "visibility": "public"})
    with office.session() as db:
        assert db.scalars(select(Article.visibility)).one() == "group"


def test_secret_group_is_named_closed_in_evidence(office: Office):
    load(office, group("G1", "secret"), thread(title="ความลับของกลุ่ม"))
    load(office, {"type": "lesson", "on": "2015-03-01", "text": "x", "thread": "TH1", "status": "verified"})
    load(office, article("SEC", visibility="group", group="G1", title="บทความลับ"))
    load(office, {"type": "lesson", "on": "2015-03-01", "text": "y", "thread": "TH1", "status": "submitted"})
    secretary = Browser(app_of(office), SECRETARY)
    for path in ("/plan/2558/B7", "/plan/2558/A7", "/plan/2558/B7.csv", "/records/lesson"):
        page = secretary.get(path).text
        assert "ความลับของกลุ่ม" not in page and "บทความลับ" not in page and "TH1" not in page, path
        assert "กลุ่มปิด" in page, path
    assert reasons(office, "B7") == ["รอตรวจ"]
