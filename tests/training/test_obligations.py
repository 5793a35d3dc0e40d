"""What attendees owe after a course: when, how it is settled, who sees it, and how they are reminded."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from app.notifications.models import Notification
from app.office import Office
from app.training.queries import obligation_stage
from tests.conftest import Browser, app_of, on
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, article, attended, load, training

OWED = "หลักสูตรที่ต้องเขียนบทความ"


def course(office: Office, end: str = "2015-09-20") -> None:
    load(office, training("T1", end), attended("T1", SOMCHAI), attended("T1", MALEE), attended("T1", WICHAI))


def owes(office: Office, who: str) -> bool:
    return OWED in Browser(app_of(office), who).get("/").text


def test_everyone_who_finished_owes_and_a_co_written_article_settles_it_for_its_authors(office: Office):
    course(office)
    assert all(owes(office, who) for who in (SOMCHAI, MALEE, WICHAI))
    load(office, article("A", training="T1", on="2015-09-25", credited=[MALEE]))
    assert [owes(office, who) for who in (SOMCHAI, MALEE, WICHAI)] == [False, False, True]


def test_a_report_settles_it_and_so_does_telling_of_it_at_a_meeting(office: Office):
    course(office)
    load(
        office,
        {"type": "report", "code": "R1", "training": "T1", "author": SOMCHAI, "on": "2015-09-25", "status": "submitted"},
        {"type": "meeting", "code": "M1", "title": "เล่าให้ฟัง", "purpose": "exchange", "on": "2015-09-26", "training": "T1",
         "attendees": [MALEE], "status": "submitted"},
    )  # fmt: skip
    assert [owes(office, who) for who in (SOMCHAI, MALEE, WICHAI)] == [False, False, True]


def test_who_did_not_finish_and_what_is_older_than_a_year_is_not_owed(office: Office):
    load(office, training("T1", "2015-09-20"), attended("T1", SOMCHAI, result="not_done"))
    load(office, training("T2", "2014-09-01"), attended("T2", MALEE))
    assert not owes(office, SOMCHAI) and not owes(office, MALEE)


def test_a_draft_settles_nothing(office: Office):
    course(office)
    load(office, article("A", training="T1", state="draft", first_published_on=None))
    assert owes(office, SOMCHAI)


def test_a_head_sees_and_waives_in_the_department_with_a_reason(office: Office):
    course(office)
    app = app_of(office)
    wichai, secretary, somchai = Browser(app, WICHAI), Browser(app, SECRETARY), Browser(app, SOMCHAI)
    page = wichai.get("/trainings/owed").text
    assert "วิชัย ทองแท้" in page and "สมชาย" not in page
    assert all(name in secretary.get("/trainings/owed").text for name in ("สมชาย", "มาลี", "วิชัย"))
    own = somchai.get("/trainings/owed").text
    assert "นายสมชาย ใจดี" in own and "นางสาวมาลี" not in own
    assert wichai.post("/trainings/T1/waive", {"staff": SOMCHAI, "reason": "ลาป่วย"}).status_code == 403
    assert somchai.post("/trainings/T1/waive", {"staff": SOMCHAI, "reason": "ไม่ว่าง"}).status_code == 403
    secretary.post("/trainings/T1/waive", {"staff": SOMCHAI, "reason": " "})
    assert "โปรดบอกเหตุผล" in secretary.get("/trainings/owed").text
    secretary.post("/trainings/T1/waive", {"staff": SOMCHAI, "reason": "ย้ายงาน"})
    assert not owes(office, SOMCHAI) and owes(office, MALEE)
    wichai.post("/trainings/T1/waive", {"staff": WICHAI, "reason": "ไม่ว่าง"})
    assert "ยกเว้นให้ตนเองไม่ได้" in wichai.get("/trainings/owed").text


@pytest.mark.parametrize(
    ("today", "stage"),
    [
        # Due on 20 October: seven days before is the 13th.
        ("2015-10-12", ""), ("2015-10-13", "before"), ("2015-10-19", "before"), ("2015-10-20", "due"),
        ("2015-10-26", "due"), ("2015-10-27", "late-1"), ("2015-11-02", "late-1"), ("2015-11-03", "late-2"),
    ],
)  # fmt: skip
def test_reminders_come_seven_days_before_on_the_day_and_then_weekly(today: str, stage: str):
    assert obligation_stage(date(2015, 10, 20), date.fromisoformat(today)) == stage


def test_each_reminder_comes_once_and_ends_when_settled(office: Office):
    load(office, training("T1", "2015-09-20"), attended("T1", SOMCHAI))
    told = []
    for day in ("2015-10-12", "2015-10-13", "2015-10-14", "2015-10-20", "2015-10-27", "2015-10-28"):
        on(office, day).chores()
        with office.session() as db:
            keys = db.scalars(
                select(Notification.key).where(Notification.kind == "obligation").order_by(Notification.id)
            ).all()
        told.append([key.rpartition(":")[2] for key in keys])
    assert told == [
        [],
        ["before"],
        ["before"],
        ["before", "due"],
        ["before", "due", "late-1"],
        ["before", "due", "late-1"],
    ]
    with office.session() as db:
        last = db.scalars(
            select(Notification).where(Notification.kind == "obligation").order_by(Notification.id.desc())
        ).first()
        assert last is not None and "เลยกำหนดแล้ว 7 วัน" in last.text and last.mail == "at_once"
    load(office, article("A", training="T1", on="2015-10-28"))
    on(office, "2015-11-10").chores()
    with office.session() as db:
        assert len(db.scalars(select(Notification).where(Notification.kind == "obligation")).all()) == 3


def test_the_offices_own_number_of_days_is_used(office: Office):
    from dataclasses import replace

    course(office)
    office.config = replace(office.config, obligation_days=5)
    assert "เลยกำหนด 25 ก.ย. 2558" in Browser(app_of(office), SOMCHAI).get("/").text
