"""The golden cases of the counting contract; every number worked out by hand. The roster holds 4 people."""

from __future__ import annotations

import pytest

from app.indicators.evidence_lists import evidence_page
from app.indicators.models import RowState
from app.indicators.scopes import scope_for
from app.office import Office
from tests.conftest import on
from tests.indicators.reading import SEES_ALL, count, reasons, row
from tests.personas import (
    MALEE,
    SECRETARY,
    SOMCHAI,
    WICHAI,
    article,
    attended,
    group,
    load,
    opened,
    staff,
    thread,
    training,
)


def test_same_person_same_course_twice_is_one(office: Office):
    load(office, training("T1", "2015-01-10"), training("T2", "2015-03-10"), attended("T1", SOMCHAI))
    load(office, attended("T2", SOMCHAI), attended("T1", SOMCHAI))
    assert count(office, "A1") == 1
    assert row(office, "A1").denominator == 4  # 1 of 4 -> 25 %
    assert row(office, "A1").value == 25.0


def test_training_ended_30_sep_2557_is_of_2557(office: Office):
    load(office, training("T1", "2014-09-30", start="2014-09-29"), attended("T1", SOMCHAI))
    load(office, training("T2", "2014-10-01", start="2014-09-30"), attended("T2", MALEE))
    assert count(office, "A1") == 1
    assert count(office, "A1", year=2557) == 1


def test_e_learning_counts_in_a1_not_a2(office: Office):
    load(office, training("T1", "2015-01-10", kind="e-learning"), attended("T1", SOMCHAI))
    load(office, training("T2", "2015-01-11", kind="ศึกษาต่อ"), attended("T2", MALEE))
    assert count(office, "A1") == 2
    assert count(office, "A2") == 1


def test_leaver_is_in_neither_numerator_nor_denominator(office: Office):
    load(office, staff("S9", "นายเก่า ลาออก", end="2015-06-30"), training("T1", "2015-01-10"), attended("T1", "S9"))
    load(office, attended("T1", SOMCHAI))
    assert (count(office, "A1"), row(office, "A1").denominator) == (1, 4)
    # On his last day he still serves: 2 of 5.
    assert (count(office, "A1", as_of="2015-06-30"), row(office, "A1", as_of="2015-06-30").denominator) == (2, 5)
    assert "ไม่อยู่ในฐานบุคลากร ณ วันที่คิด" in reasons(office, "A1")


def test_submitted_or_unfinished_is_zero(office: Office):
    load(office, training("T1", "2015-01-10"), attended("T1", SOMCHAI, status="submitted"))
    load(office, attended("T1", MALEE, result="not_done"), attended("T1", WICHAI, status="void"))
    assert count(office, "A1") == 0
    assert sorted(reasons(office, "A1")) == ["ยกเลิก", "รอตรวจ", "อบรมไม่ครบหลักสูตร"]


def test_a3_needs_category_and_approval_or_use_by_another(office: Office):
    load(
        office,
        article("OK", review_approved_on="2015-02-01"),
        article("NOCAT", category="", review_approved_on="2015-02-01"),
        article("LASTYEAR", on="2014-01-01", review_approved_on="2014-02-01"),
        article("OLD-APPLIED", on="2013-01-01"),
        article("OVERDUE", review_approved_on="2015-02-01", review_due_on="2015-09-29"),
        article("OWN-USE"),
        article("RETIRED", state="retired", review_approved_on="2015-02-01"),
        article("DRAFT", state="draft", first_published_on=None, review_approved_on="2015-02-01"),
        used("OLD-APPLIED", MALEE, "2015-03-01"),
        used("OWN-USE", SOMCHAI, "2015-03-01"),
    )
    # OK and OLD-APPLIED; approved twice or applied twice is still one each.
    load(office, used("OK", MALEE, "2015-05-01"), used("OLD-APPLIED", WICHAI, "2015-05-01"))
    assert count(office, "A3") == 2
    assert "ผู้เขียนนำไปใช้เอง" in reasons(office, "A3")


def used(code: str, who: str, on: str, status: str = "verified"):
    return {"type": "application", "article": code, "staff": who, "on": on, "note": "ใช้แล้วดี", "status": status}


def revision(code: str, editor: str, at: str, minor: bool = False, approved: bool = True):
    return {"type": "revision", "article": code, "editor": editor, "at": at, "minor": minor, "approved": approved}


def test_a4_same_day_fix_by_author_is_not_an_improvement(office: Office):
    load(office, article("A"), article("B"), article("C"), article("D"), article("E"))
    load(
        office,
        revision("A", SOMCHAI, "2015-01-10T16:00:00+07:00"),  # same day, author: no
        revision("B", MALEE, "2015-01-10T16:00:00+07:00"),  # same day, another: yes
        revision("C", SOMCHAI, "2015-01-11T00:00:00+07:00"),  # next Bangkok day: yes
        revision("D", SOMCHAI, "2015-02-01T09:00:00+07:00", minor=True),  # minor: no
        revision("E", SOMCHAI, "2015-02-01T09:00:00+07:00", approved=False),  # not approved: no
    )
    assert count(office, "A4") == 2


def test_three_edits_of_one_article_are_one(office: Office):
    load(office, article("A"))
    load(office, *(revision("A", MALEE, f"2015-02-0{day}T09:00:00+07:00") for day in (1, 2, 3)))
    assert count(office, "A4") == 1
    assert row(office, "A4").lines == 3


def test_five_opens_on_one_day_are_one_and_the_next_day_adds_one(office: Office):
    load(office, article("A"))
    load(office, *(opened("A", MALEE, f"2015-03-01T09:{minute:02d}:00+07:00") for minute in (0, 5, 10, 15, 20)))
    assert count(office, "A5") == 1
    load(office, opened("A", MALEE, "2015-03-02T09:00:00+07:00"))
    assert count(office, "A5") == 2


def test_author_and_robots_do_not_count(office: Office):
    load(office, article("A"))
    load(
        office,
        opened("A", SOMCHAI, "2015-03-01T09:00:00+07:00"),
        opened("A", None, "2015-03-01T10:00:00+07:00", user_agent="Mozilla/5.0 (compatible; GOOGLEBOT/2.1)"),
        opened("A", None, "2015-03-01T11:00:00+07:00", user_agent="facebookexternalhit/1.1;line-poker/1.0"),
        opened("A", "admin", "2015-03-01T12:00:00+07:00"),
        opened("A", None, "2015-03-01T13:00:00+07:00", status_code=404),
    )
    assert count(office, "A5") == 0
    told = sorted(reasons(office, "A5"))
    assert told == ["บัญชีผู้ดูแลระบบ", "ผู้เขียนเปิดเอง", "หุ่นยนต์", "หุ่นยนต์", "เปิดไม่สำเร็จ"]


def test_line_in_app_browser_is_a_person(office: Office):
    load(
        office,
        article("A"),
        opened("A", None, "2015-03-01T09:00:00+07:00", user_agent="Mozilla/5.0 Safari Line/13.4.1/IAB"),
    )
    assert count(office, "A5") == 1


def test_bangkok_midnight_divides_years_and_days(office: Office):
    load(office, article("A"))
    load(office, opened("A", MALEE, "2015-09-30T16:59:59Z"), opened("A", WICHAI, "2015-09-30T17:00:00Z"))
    assert count(office, "A5") == 1
    assert count(office, "A5", year=2559, as_of="2015-10-01") == 1


def test_verified_visits_count_persons(office: Office):
    visit = {"type": "visit", "channel": "info_center", "on": "2015-03-01", "persons": 3}
    load(office, {**visit, "code": "V1", "status": "verified"}, {**visit, "code": "V2"})
    assert count(office, "A5") == 3
    assert reasons(office, "A5") == ["รอตรวจ"] * 3


def meeting(code: str, attendees: list[str], minutes: str = "รายงาน", purpose: str = "exchange", **more):
    return {
        "type": "meeting", "code": code, "title": "ประชุม", "purpose": purpose, "on": "2015-03-01",
        "attendees": attendees, "minutes": minutes, "status": "verified", **more,
    }  # fmt: skip


def test_meeting_needs_minutes_and_two_signed_in(office: Office):
    load(
        office,
        meeting("M1", [SOMCHAI, MALEE]),
        meeting("M2", [SOMCHAI, MALEE], minutes=" "),
        meeting("M3", [SOMCHAI]),
        meeting("M4", [SOMCHAI, MALEE], status="submitted"),
        meeting("M5", [SOMCHAI, MALEE], purpose="other"),
    )
    assert count(office, "A6") == 1
    assert sorted(reasons(office, "A6")) == ["รอตรวจ", "ลงชื่อไม่ถึง 2 คน", "ไม่มีรายงานการประชุม"]


def test_report_and_article_of_one_training_by_one_author_are_one(office: Office):
    load(office, training("T1", "2015-01-05"), article("A", training="T1"), article("B", training="T1", author=MALEE))
    load(office, report("R1", SOMCHAI))
    # somchai's report and article are one, malee's article is another.
    assert count(office, "A6") == 2
    with office.session() as db:
        page = evidence_page(db, scope_for(db, office.config, 2558, office.clock.today()), "A6", SEES_ALL)
    assert sorted((item.reference, item.repeats) for item in page.items) == [("A", False), ("B", False), ("R1", True)]


def report(code: str, author: str, status: str = "verified"):
    return {"type": "report", "code": code, "training": "T1", "author": author, "on": "2015-01-20", "status": status}


def share(code: str, channel: str, target: str = "", sharer: str = SOMCHAI, at: str = "2015-03-01T09:00:00+07:00"):
    return {
        "type": "share",
        "code": code,
        "article": "A",
        "sharer": sharer,
        "channel": channel,
        "target": target,
        "at": at,
    }


def test_one_article_shared_twice_to_one_group_is_one_and_external_is_none(office: Office):
    load(office, article("A", author=MALEE), group())
    load(
        office,
        share("X1", "group", "G1"),
        share("X2", "group", "G1"),
        share("X3", "line"),
        share("X4", "department", "D2"),
    )
    assert count(office, "A6") == 0
    reads = [
        opened("A", WICHAI, f"2015-03-0{2 + n}T09:00:00+07:00", share=code) for n, code in enumerate(("X1", "X2", "X3"))
    ]
    load(office, *reads)
    assert count(office, "A6") == 1
    assert "แชร์ภายนอก แสดงแต่ไม่นับ" in reasons(office, "A6")


def test_own_click_robot_and_next_year_never_verify_a_share(office: Office):
    load(office, article("A", author=MALEE), share("X1", "department", "D2"))
    load(
        office,
        opened("A", SOMCHAI, "2015-03-02T09:00:00+07:00", share="X1"),
        opened("A", None, "2015-03-02T10:00:00+07:00", share="X1", user_agent="Googlebot/2.1"),
        opened("A", WICHAI, "2015-10-01T09:00:00+07:00", share="X1"),
    )
    assert count(office, "A6") == 0
    assert count(office, "A6", year=2559, as_of="2015-10-02") == 0
    load(office, opened("A", WICHAI, "2015-09-30T09:00:00+07:00", share="X1"))
    assert count(office, "A6") == 1


def test_met_by_shares_alone_is_flagged(office: Office):
    load(office, article("A", author=MALEE), *(group(f"G{n}") for n in range(6)))
    load(office, *(share(f"X{n}", "group", f"G{n}") for n in range(6)))
    load(office, *(opened("A", WICHAI, f"2015-03-1{n}T09:00:00+07:00", share=f"X{n}") for n in range(6)))
    reading = row(office, "A6")
    assert (reading.numerator, reading.state) == (6, RowState.MET)
    assert reading.notes == ["ถึงเป้าด้วยการแชร์เพียงอย่างเดียว"]


def test_a7_leaves_what_came_from_talk_to_b7(office: Office):
    load(office, group(), thread(), article("A"), article("B", thread="TH1"), used("A", MALEE, "2015-03-01"))
    lesson = {"type": "lesson", "on": "2015-03-01", "text": "บทเรียน", "thread": "TH1", "status": "verified"}
    load(office, {**lesson, "article": "B"}, {**lesson, "article": "B", "text": "เล่าอีกครั้ง"})
    # A7: first publication of A, and malee's use of A. B7: one article, however many lessons.
    assert count(office, "A7") == 2
    assert count(office, "B7") == 1


def test_lesson_is_keyed_by_article_else_thread_else_meeting(office: Office):
    load(office, group(), thread(), thread("TH2"), meeting("M1", [SOMCHAI, MALEE]))
    lesson = {"type": "lesson", "on": "2015-03-01", "text": "บทเรียน", "status": "verified"}
    load(office, {**lesson, "thread": "TH1"}, {**lesson, "thread": "TH1", "text": "ข"}, {**lesson, "meeting": "M1"})
    load(office, {**lesson, "thread": "TH2", "status": "submitted"})
    assert count(office, "B7") == 2


def test_climate_activities_and_meetings(office: Office):
    activity = {"type": "activity", "on": "2015-03-01", "title": "ตลาดนัดความรู้", "status": "verified"}
    load(office, {**activity, "code": "AC1", "kind": "climate"}, {**activity, "code": "AC2", "kind": "announcement"})
    load(
        office,
        meeting("M1", [SOMCHAI, MALEE, WICHAI], purpose="climate"),
        meeting("M2", [SOMCHAI, MALEE], purpose="climate"),
    )
    assert count(office, "B1") == 1
    assert count(office, "B2") == 1


def team(code: str, kind: str, valid_from: str = "2015-01-01", valid_to: str | None = None, members=(SOMCHAI,)):
    return {
        "type": "team", "code": code, "kind": kind, "order_no": "1/2558", "valid_from": valid_from,
        "valid_to": valid_to, "members": list(members),
    }  # fmt: skip


def test_check_round_before_appointment_is_zero_and_two_on_one_day_are_one(office: Office):
    load(office, team("DATA", "data"), team("OTHER", "curate"))
    check = {"type": "check_round", "team": "DATA", "result": "ครบ", "status": "verified"}
    load(
        office,
        {**check, "on": "2014-12-31"},
        {**check, "on": "2015-01-01"},
        {**check, "on": "2015-01-01", "result": "รอบบ่าย"},
        {**check, "on": "2015-01-02", "result": ""},
        {**check, "on": "2015-01-03", "team": "OTHER"},
    )
    assert count(office, "B3") == 1


def test_b4_counts_revisions_by_appointed_curators(office: Office):
    load(
        office, team("CUR", "curate", valid_to="2015-06-30", members=[MALEE]), article("A"), article("B"), article("C")
    )
    load(
        office,
        revision("A", MALEE, "2015-02-01T09:00:00+07:00"),
        revision("A", MALEE, "2015-02-02T09:00:00+07:00"),
        revision("B", WICHAI, "2015-02-01T09:00:00+07:00"),
        revision("C", MALEE, "2015-07-01T09:00:00+07:00"),
    )
    assert count(office, "B4") == 1
    assert count(office, "A4") == 3


def test_care_and_improvement_are_one_per_day_and_channel(office: Office):
    load(office, team("CH", "channel"))
    care = {"type": "care_log", "team": "CH", "on": "2015-02-01", "status": "verified"}
    load(
        office,
        {**care, "channel": "web", "what": "ก"},
        {**care, "channel": "web", "what": "ข"},
        {**care, "channel": "board", "what": "ค"},
    )
    better = {
        "type": "improvement",
        "on": "2015-02-01",
        "before": "ช้า",
        "after": "เร็ว",
        "why": "ถามบ่อย",
        "status": "verified",
    }
    load(
        office,
        {**better, "channel": "web"},
        {**better, "channel": "web", "after": "เร็วมาก"},
        {**better, "channel": "board"},
    )
    assert count(office, "B5") == 2
    assert count(office, "C3") == 2


def test_editions_count_once(office: Office):
    load(office, team("COM", "compile"))
    edition = {"type": "compilation", "team": "COM", "title": "รวมเรื่อง", "status": "verified"}
    load(
        office,
        {**edition, "edition": "1/2558", "on": "2015-02-01"},
        {**edition, "edition": "1/2558", "on": "2015-02-02"},
    )
    load(office, {**edition, "edition": "2/2558", "on": "2015-03-01"})
    assert count(office, "B6") == 2


@pytest.mark.parametrize(("score", "most", "passes"), [(6, 10, True), (5, 10, False), (3, 5, True), (59, 100, False)])
def test_quiz_pass_mark_is_sixty_percent(lite_office: Office, score: int, most: int, passes: bool):
    attempt = {
        "type": "quiz_attempt",
        "staff": SOMCHAI,
        "set": "understand",
        "on": "2015-02-01",
        "score": score,
        "max": most,
    }
    load(lite_office, attempt, {**attempt, "set": "principles"})
    assert count(lite_office, "C2") == int(passes)
    assert count(lite_office, "C4") == int(passes)
    assert count(lite_office, "C6") == int(passes)


def test_acknowledgement_is_of_its_year_and_within_it(office: Office):
    know = {"type": "acknowledgement", "staff": SOMCHAI, "year": 2558, "on": "2015-02-01"}
    load(office, know, {**know, "on": "2015-03-01"}, {**know, "staff": MALEE, "year": 2557})
    load(office, {**know, "staff": WICHAI, "on": "2014-09-30"})
    assert count(office, "C1") == 1


def test_five_of_ten_meets_fifty_percent_and_four_of_nine_does_not(office: Office):
    load(office, *(staff(f"X{n}", f"นายที่ {n}") for n in range(6)))  # 4 + 6 = 10 people
    know = {"type": "acknowledgement", "year": 2558, "on": "2015-02-01"}
    load(office, *({**know, "staff": f"X{n}"} for n in range(5)))
    assert row(office, "C1").state is RowState.MET
    load(office, {**staff("X0", "นายที่ 0"), "end": "2015-02-02"}, update=True)  # 4 of 9 remain
    reading = row(office, "C1")
    assert (reading.numerator, reading.denominator, reading.state) == (4, 9, RowState.SHORT)


def test_evaluation_submitted_in_november_counts_and_in_april_does_not(office: Office):
    round_ = {"type": "evaluation", "year": 2558, "status": "verified"}
    load(
        office,
        {**round_, "code": "E1", "submitted_on": "2015-11-20"},
        {**round_, "code": "E2", "submitted_on": "2016-04-05"},
    )
    assert count(on(office, "2015-11-19"), "C5") == 0
    assert count(on(office, "2016-05-01"), "C5") == 1
    assert row(office, "C5").state is RowState.NO_TARGET


def test_department_of_an_act_is_the_persons_department_on_that_day(office: Office):
    services = [
        {"department": "D1", "start": "2010-01-01", "end": "2015-02-28"},
        {"department": "D2", "start": "2015-03-01"},
    ]
    load(
        office,
        {**staff("MOVER", "นายย้าย กอง", department="D2"), "start": "2015-03-01", "services": services},
        article("A"),
    )
    load(office, opened("A", "MOVER", "2015-02-28T09:00:00+07:00"), opened("A", "MOVER", "2015-03-01T09:00:00+07:00"))
    assert count(office, "A5", department="D1") == 1
    assert count(office, "A5", department="D2") == 1
    assert count(office, "A5") == 2


def test_secretary_and_roster_base_of_officials_only(office: Office):
    from dataclasses import replace

    load(office, staff("HIRED", "นายจ้าง รายวัน", employment="พนักงานจ้าง"), training("T1", "2015-01-10"))
    load(office, attended("T1", "HIRED"), attended("T1", SECRETARY))
    assert (count(office, "A1"), row(office, "A1").denominator) == (2, 5)
    office.config = replace(office.config, roster_base="official")
    assert (count(office, "A1"), row(office, "A1").denominator) == (1, 4)
