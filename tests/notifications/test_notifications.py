"""Telling people: once, as each chose, on screen with a count, and never about a group they are not in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.core.database import transaction
from app.notifications.commands import notify
from app.notifications.models import KINDS, Frequency, Notification
from app.notifications.rules import digest_before
from app.office import Office
from tests.conftest import Browser, app_of
from tests.personas import MALEE, SOMCHAI, WICHAI, group, load, thread

NOW = datetime(2015, 9, 30, 3, 0, tzinfo=UTC)


def tell(office: Office, *people: int, kind: str = "mention", key: str = "k", audience: str = "") -> None:
    with office.session() as db, transaction(db):
        notify(db, kind, people, "มีเรื่องใหม่ถึงท่าน", "/articles", key, NOW, audience=audience)


def stored(office: Office) -> list[Notification]:
    with office.session() as db:
        return list(db.scalars(select(Notification).order_by(Notification.id)))


def test_same_key_reaches_a_person_once(office: Office):
    tell(office, 1, 2)
    tell(office, 1, 3)
    assert [(one.staff_id, one.key) for one in stored(office)] == [(1, "k"), (2, "k"), (3, "k")]


def test_unread_count_falls_when_one_is_opened_and_when_all_are_read(office: Office):
    tell(office, 1)
    tell(office, 1, key="other")
    somchai = Browser(app_of(office), SOMCHAI)
    page = somchai.get("/").text
    assert 'aria-label="แจ้งเตือน 2 เรื่องใหม่"' in page
    answer = somchai.post("/notifications/1/open", page="/notifications")
    assert answer.status_code == 303 and answer.headers["Location"] == "/articles"
    assert "แจ้งเตือน 1 เรื่องใหม่" in somchai.get("/").text
    somchai.post("/notifications/read")
    assert 'aria-label="แจ้งเตือน"' in somchai.get("/").text
    assert somchai.get("/notifications").text.count("มีเรื่องใหม่ถึงท่าน") == 2


def test_nobody_opens_anothers(office: Office):
    tell(office, 1)
    malee = Browser(app_of(office), MALEE)
    assert malee.post("/notifications/1/open").status_code == 404
    assert "มีเรื่องใหม่ถึงท่าน" not in malee.get("/notifications").text
    assert "ยังไม่มีเรื่องถึงท่าน" in malee.get("/notifications").text


def test_a_kind_switched_off_is_not_told_and_screen_only_sends_no_mail(office: Office):
    somchai = Browser(app_of(office), SOMCHAI)
    choices = dict.fromkeys(KINDS, "at_once") | {"mention": "off", "comment": "screen"}
    assert somchai.post("/notifications/settings", choices, page="/notifications/settings").status_code == 302
    tell(office, 1, kind="mention")
    tell(office, 1, kind="comment", key="c")
    tell(office, 1, kind="edited", key="e")
    assert [(one.kind, one.mail_state) for one in stored(office)] == [("comment", "none"), ("edited", "waiting")]
    page = somchai.get("/notifications/settings").text
    assert '<option value="off" selected>' in page


def test_unknown_frequency_is_refused(office: Office):
    somchai = Browser(app_of(office), SOMCHAI)
    somchai.post("/notifications/settings", dict.fromkeys(KINDS, "hourly"), page="/notifications/settings")
    assert "โปรดเลือกความถี่" in somchai.get("/notifications/settings").text


def test_who_left_a_closed_group_sees_nothing_of_it_any_more(office: Office):
    load(office, group("HID", "secret"), thread(group_code="HID"))
    app = app_of(office)
    Browser(app, MALEE).post("/threads/TH1", {"body": "ถาม @สมชาย ใจดี และ @วิชัย ทองแท้"})
    assert [one.staff_id for one in stored(office)] == [1]  # Wichai is not in the group.
    somchai = Browser(app, SOMCHAI)
    assert "1 เรื่องใหม่" in somchai.get("/").text
    somchai.post("/groups/HID/leave")
    page = somchai.get("/notifications").text
    assert "เอ่ยถึงท่าน" not in page and 'aria-label="แจ้งเตือน"' in page
    assert somchai.post("/notifications/1/open").status_code == 404


def test_mention_in_an_open_group_reaches_those_outside_it(office: Office):
    load(office, group(), thread())
    Browser(app_of(office), MALEE).post("/threads/TH1", {"body": "@วิชัย ทองแท้ ช่วยดูด้วยค่ะ"})
    wichai = Browser(app_of(office), WICHAI)
    assert "เอ่ยถึงท่านในกระทู้" in wichai.get("/notifications").text


def test_a_failed_act_tells_nobody(office: Office):
    with pytest.raises(RuntimeError), office.session() as db, transaction(db):
        notify(db, "mention", [1], "x", "/", "k", NOW)
        raise RuntimeError
    assert stored(office) == []
    with pytest.raises(AssertionError), office.session() as db:
        notify(db, "mention", [1], "x", "/", "k", NOW)


@pytest.mark.parametrize(
    ("frequency", "now", "edge"),
    [
        # Bangkok is UTC+7: 07:00 there is 00:00 UTC. 30 Sep 2015 is a Wednesday.
        (Frequency.AT_ONCE, datetime(2015, 9, 30, 3, tzinfo=UTC), datetime(2015, 9, 30, 3, tzinfo=UTC)),
        (Frequency.DAILY, datetime(2015, 9, 30, 0, 0, tzinfo=UTC), datetime(2015, 9, 30, 0, tzinfo=UTC)),
        (Frequency.DAILY, datetime(2015, 9, 29, 23, 59, tzinfo=UTC), datetime(2015, 9, 29, 0, tzinfo=UTC)),
        (Frequency.WEEKLY, datetime(2015, 9, 30, 12, tzinfo=UTC), datetime(2015, 9, 28, 0, tzinfo=UTC)),
        (Frequency.WEEKLY, datetime(2015, 9, 27, 23, 59, tzinfo=UTC), datetime(2015, 9, 21, 0, tzinfo=UTC)),
        (Frequency.WEEKLY, datetime(2015, 9, 28, 0, 0, tzinfo=UTC), datetime(2015, 9, 28, 0, tzinfo=UTC)),
    ],
)
def test_digests_are_due_at_seven_in_bangkok(frequency: Frequency, now: datetime, edge: datetime):
    assert digest_before(frequency, now) == edge
