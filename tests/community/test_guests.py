"""A person from outside sees one group until a day, and of the rest what any visitor sees."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.community.models import GroupGuest
from app.exchange.exporting import export_office
from app.knowledge.models import Article, ArticleCredit
from app.notifications.models import Notification
from app.office import Office
from app.people.models import Staff, StaffRole
from tests.conftest import Browser, app_of, on
from tests.personas import ADMIN, MALEE, PASSWORD, SOMCHAI, WICHAI, article, group, load, thread

GUEST = {
    "name": "นางอรุณ เพื่อนบ้าน",
    "organization": "เทศบาลข้างเคียง",
    "email": "arun@example.go.th",
    "until": "2015-12-31",
}


def invited(office: Office, code: str = "G1") -> Browser:
    """The guest at a browser, after setting a password of their own."""
    app = app_of(office)
    page = Browser(app, MALEE).post(f"/groups/{code}/guests", GUEST)
    assert page.status_code == 200, page.text
    login, password = re.findall(r"<code>([^<]+)</code>", page.text)
    guest = Browser(app)
    guest.post("/sign-in", {"login": login, "password": password}, page="/sign-in")
    changed = {"current_password": password, "new_password": PASSWORD, "again": PASSWORD}
    guest.post("/account/password", changed, page="/account/password")
    return guest


def office_with(office: Office, visibility: str = "request") -> Browser:
    load(
        office, group("G1", visibility), group("G2", "open", members=[SOMCHAI]), thread("TH1"), thread("TH2", "G2"),
        article("PUB"), article("STAFF", visibility="staff"), article("OWN", visibility="group", group="G1"),
    )  # fmt: skip
    return invited(office)


@pytest.mark.parametrize("visibility", ["open", "request", "secret"])
def test_a_guest_reads_and_writes_in_one_group_only(office: Office, visibility: str):
    guest = office_with(office, visibility)
    for path in ("/groups/G1", "/threads/TH1", "/articles/PUB", "/articles/OWN", "/", "/help"):
        assert guest.get(path).status_code == 200, path
    for path in ("/groups/G2", "/threads/TH2", "/articles/STAFF"):
        assert guest.get(path).status_code == 404, path
    for path in ("/groups", "/people", "/people/S1", "/plan", "/trainings", "/articles/new", "/notifications", "/meetings", "/shared", "/praise", "/network", "/groups/G1/care", "/groups/new", "/digest"):  # fmt: skip
        assert guest.get(path).status_code == 403, path
    assert guest.post("/threads/TH1", {"body": "เพื่อนบ้านขอตอบ"}, page="/threads/TH1").status_code == 302
    assert "เพื่อนบ้านขอตอบ" in Browser(app_of(office), SOMCHAI).get("/threads/TH1").text
    assert guest.post("/threads/TH2", {"body": "x"}, page="/threads/TH1").status_code == 404


def test_search_shows_a_guest_no_more(office: Office):
    guest = office_with(office, "secret")
    office.indexer.catch_up()
    page = guest.get("/search?q=เรื่อง").text
    assert "/articles/PUB" in page and "/articles/OWN" in page and "/articles/STAFF" not in page
    assert "ใบเสร็จรับเงิน" in guest.get("/search?q=ใบเสร็จ").text
    assert "/threads/TH2" not in guest.get("/search?q=ใบเสร็จ").text


def test_nobody_outside_the_group_learns_of_its_guests(office: Office):
    guest = office_with(office, "secret")
    code = guest_code(office)
    office.indexer.catch_up()
    wichai, somchai = Browser(app_of(office), WICHAI), Browser(app_of(office), SOMCHAI)
    for path in ("/people?q=อรุณ", "/people", "/search?q=อรุณ", "/search?q=เพื่อนบ้าน", "/notifications", "/groups"):
        page = wichai.get(path).text
        assert "นางอรุณ" not in page and "อรุณ เพื่อนบ้าน" not in page and code not in page, path
    assert wichai.get(f"/people/{code}").status_code == 404
    assert "อรุณ" in somchai.get("/groups/G1").text and "เทศบาลข้างเคียง" in somchai.get("/groups/G1").text
    assert guest.get("/groups/G1").status_code == 200


def guest_code(office: Office) -> str:
    with office.session() as db:
        return db.scalars(select(Staff.code).join(GroupGuest, GroupGuest.staff_id == Staff.id)).one()


def test_a_guest_ends_with_the_day_or_when_taken_out(office: Office):
    guest = office_with(office)
    code = guest_code(office)
    malee = Browser(app_of(office), MALEE)
    malee.post("/groups/G1/members", {"staff": code, "standing": "facilitator"})
    assert guest.get("/groups/G1/edit").status_code == 403  # A guest never facilitates.
    malee.post("/groups/G2/members", {"staff": code, "standing": "member"})
    assert guest.get("/threads/TH2").status_code == 404  # Nor goes on to another group.
    malee.post("/groups/G1/members", {"staff": code, "standing": ""})
    assert guest.get("/threads/TH1").status_code == 404
    malee.post("/groups/G1/members", {"staff": code, "standing": "member"})
    assert guest.get("/threads/TH1").status_code == 200
    late = app_of(on(office, "2016-01-01"))
    assert "/sign-in" in late.test_client().get("/threads/TH1").headers["Location"]
    again = Browser(late)
    again.post("/sign-in", {"login": code, "password": PASSWORD}, page="/sign-in")
    assert again.get("/threads/TH1").text.count("เข้าสู่ระบบ") > 0


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "โปรดใส่ชื่อและนามสกุล"), ("organization", "", "โปรดบอกว่ามาจากหน่วยงานใด"),
        ("until", "2015-09-30", "วันสุดท้ายต้องอยู่หลังวันนี้"), ("until", "2017-09-30", "ไม่เกินหนึ่งปี"),
        ("email", "ไม่ใช่อีเมล", "อีเมลไม่ถูกต้อง"),
    ],
)  # fmt: skip
def test_a_wrong_invitation_makes_no_account(lite_office: Office, field: str, value: str, said: str):
    load(lite_office, group())
    page = Browser(app_of(lite_office), MALEE).post("/groups/G1/guests", {**GUEST, field: value})
    assert page.status_code == 400 and said in page.text
    with lite_office.session() as db:
        assert db.scalars(select(GroupGuest)).all() == []


def test_only_facilitators_invite(office: Office):
    load(office, group())
    for who, status in ((SOMCHAI, 403), (ADMIN, 403), (WICHAI, 403)):
        assert Browser(app_of(office), who).post("/groups/G1/guests", GUEST).status_code == status


def test_a_guest_moved_to_another_office_is_nobody_there(office: Office, tmp_path):
    """The account goes along, since posts name it; without a group it may see nothing but what visitors see."""
    office_with(office)
    code = guest_code(office)
    with office.session() as db:
        export_office(db, office.files, tmp_path, lambda _: None)
        lines = (tmp_path / "registers.jsonl").read_text("utf-8").splitlines()
        assert any(code in line and '"guest"' in line for line in lines)
        db.query(GroupGuest).delete()
        db.commit()
    visitor = Browser(app_of(office))
    visitor.post("/sign-in", {"login": code, "password": PASSWORD}, page="/sign-in")
    assert visitor.client.get("/threads/TH1").status_code == 302
    with office.session() as db:
        assert (
            db.scalars(
                select(StaffRole.role).join(Staff, Staff.id == StaffRole.staff_id).where(Staff.code == code)
            ).one()
            == "guest"
        )


def test_credit_and_notifications_give_a_guest_nothing_of_the_office(office: Office):
    load(office, group("G1", "open"), thread("TH1"), article("S", author=MALEE, visibility="staff", title="เรื่องภายใน"))
    guest = invited(office)
    guest.post("/threads/TH1", {"body": "แขกตอบ"}, page="/threads/TH1")
    malee = Browser(app_of(office), MALEE)
    malee.post("/threads/TH1/summarise", {"title": "สรุป", "body": "เนื้อหา", "category": "", "visibility": "staff"})
    with office.session() as db:
        drafted = db.scalars(select(Article).where(Article.thread_id.is_not(None))).one()
        credited = set(db.scalars(select(ArticleCredit.staff_id)))
        number = db.scalars(select(GroupGuest.staff_id)).one()
    assert number not in credited and guest.get(f"/articles/{drafted.code}").status_code == 404
    malee.post("/articles/S/share", {"channel": "internal", "to": "กลุ่ม กลุ่ม G1", "note": "ดูหน่อย"})
    Browser(app_of(office), SOMCHAI).post("/threads/TH1", {"body": "ตอบต่อ"})
    told = told_to(office, number)
    assert [kind for kind, _ in told] == ["reply"] and told[0][1] == "g1"
    malee.post("/groups/G1/members", {"staff": guest_code(office), "standing": ""})
    malee.post("/threads/TH1", {"body": "หลังแขกออก"})
    assert len(told_to(office, number)) == 1
    assert not office._may_be_told(office.session(), number, "") and not office._may_be_told(
        office.session(), number, "g1"
    )


def told_to(office: Office, number: int) -> list[tuple[str, str]]:
    with office.session() as db:
        rows = db.execute(select(Notification.kind, Notification.audience).where(Notification.staff_id == number))
        return [(kind, audience) for kind, audience in rows]


def test_a_guest_is_invited_again_with_the_same_address(office: Office):
    load(office, group())
    invited(office)
    malee = Browser(app_of(office), MALEE)
    malee.post("/groups/G1/members", {"staff": guest_code(office), "standing": ""})
    again = malee.post("/groups/G1/guests", {**GUEST, "until": "2016-03-31"})
    assert again.status_code == 200 and "31 มี.ค. 2559" in again.text
    with office.session() as db:
        assert len(db.scalars(select(GroupGuest)).all()) == 1
