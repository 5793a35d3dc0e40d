"""สรุปประจำสัปดาห์: one mail with what awaits, what is followed and three good things; none when nothing happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from app import digest
from app.notifications.models import MailState, Notification
from app.office import Office
from app.people.models import Staff
from tests.conftest import Browser, app_of, on
from tests.personas import MALEE, SOMCHAI, WICHAI, article, attended, group, load, opened, thread, training


def filled(office: Office) -> None:
    """Malee owes an article and has a reply in her thread; everybody may read three articles of which one was read."""
    load(
        office, group(members=[SOMCHAI, WICHAI]), training("T1", "2015-09-20"), attended("T1", MALEE), thread("TH1", author=MALEE, title="ถามเรื่องถนน"),
        {"type": "post", "thread": "TH1", "author": SOMCHAI, "body": "ตอบ", "at": "2015-09-25T09:00:00+07:00"},
        article("A", author=SOMCHAI), article("B", author=SOMCHAI), opened("A", WICHAI, "2015-09-25T10:00:00+07:00"),
    )  # fmt: skip


def test_the_page_shows_what_the_mail_would(office: Office):
    filled(office)
    page = Browser(app_of(office), MALEE).get("/digest").text
    for words in ("เขียนบทความหลังอบรม: หลักสูตร T1", "ถามเรื่องถนน (1 คำตอบใหม่)", "เรื่อง A"):
        assert words in page, words
    assert "เรื่อง B" not in page


def test_each_person_is_told_once_a_week_and_only_when_something_happened(office: Office):
    filled(office)
    on(office, "2015-09-28")  # A Monday.
    now = datetime(2015, 9, 28, 1, 0, tzinfo=UTC)  # Eight o'clock in Bangkok.
    settled = office._settled()
    with office.session() as db:
        told = digest.tell_of_week(db, office.config, settled, now)
        assert digest.tell_of_week(db, office.config, settled, now + timedelta(hours=5)) == 0
        rows = db.scalars(
            select(Notification).where(Notification.kind == "digest").order_by(Notification.staff_id)
        ).all()
        names = {number: code for number, code in db.execute(select(Staff.id, Staff.code))}
    assert told == len(rows) and {names[one.staff_id] for one in rows} >= {MALEE}
    assert all(one.at.isoformat() == "2015-09-28T00:00:00+00:00" for one in rows)  # Monday seven o'clock.
    assert all(one.mail_state == MailState.WAITING.value and one.url == "/digest" for one in rows)
    with office.session() as db:
        assert digest.tell_of_week(db, office.config, settled, now + timedelta(days=3)) == 0  # Too late for this week.


def test_nobody_is_told_of_an_empty_week(office: Office):
    with office.session() as db:
        assert digest.tell_of_week(db, office.config, office._settled(), office.clock.now()) == 0
    assert "ไม่มีเรื่องค้าง" in Browser(app_of(office), MALEE).get("/digest").text


def test_a_closed_groups_thread_leaves_the_digest_with_the_member(office: Office):
    load(
        office, group("G1", "secret", members=[SOMCHAI]), thread("TH1", author=SOMCHAI, title="เรื่องในกลุ่มปิด"),
        {"type": "post", "thread": "TH1", "author": MALEE, "body": "ตอบ", "at": "2015-09-25T09:00:00+07:00"},
    )  # fmt: skip
    app = app_of(office)
    somchai = Browser(app, SOMCHAI)
    assert "เรื่องในกลุ่มปิด" in somchai.get("/digest").text
    Browser(app, MALEE).post("/groups/G1/members", {"staff": SOMCHAI, "standing": ""})
    assert "เรื่องในกลุ่มปิด" not in somchai.get("/digest").text
