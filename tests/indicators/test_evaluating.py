"""A committee writes a round together: nobody's words are lost, and a submission that came back is sent again."""

from __future__ import annotations

import re

from app.office import Office
from tests.conftest import Browser, app_of, on
from tests.indicators.reading import count
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, load


def begun(office: Office) -> tuple[Browser, Browser, str]:
    """The secretary and a member of the committee, at a round opened on 20 November 2558."""
    members = {"members": [WICHAI]}
    load(
        office,
        {"type": "team", "code": "EV", "kind": "evaluation", "order_no": "9", "valid_from": "2015-01-01", **members},
    )
    on(office, "2015-11-20")
    app = app_of(office)
    secretary, member = Browser(app, SECRETARY), Browser(app, WICHAI)
    answer = secretary.post("/plan/2558/evaluation", {"team_id": "1"}, page="/plan/2558/evaluation")
    return secretary, member, answer.headers["Location"]


def version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def submit(browser: Browser, place: str, day: str = "2015-11-20", **more: str):
    sent = {"act": "submit", "submitted_on": day, "summary": "ครบ", "version": version(browser.get(place).text), **more}
    return browser.post(place, sent, page=place)


def test_two_who_write_at_once_see_each_others_words(office: Office):
    secretary, member, place = begun(office)
    old = version(member.get(place).text)
    secretary.post(place, {"act": "save", "finding-A1": "ของเลขา", "version": old}, page=place)
    late = member.post(place, {"act": "save", "finding-A1": "ของวิชัย", "version": old}, page=place)
    assert late.status_code == 400 and "มีผู้อื่นบันทึกรอบนี้" in late.text
    assert "ของวิชัย</textarea>" in late.text and 'ผู้อื่นบันทึกไว้:</strong> <span class="said">ของเลขา' in late.text
    both = {"act": "save", "finding-A1": "ของทั้งสอง", "version": version(late.text)}
    assert member.post(place, both, page=place).status_code == 302
    assert "ของทั้งสอง" in secretary.get(place).text


def test_a_text_too_long_is_told_and_stays(office: Office):
    secretary, _, place = begun(office)
    long = "ก" * 4_001
    answer = secretary.post(place, {"act": "save", "finding-A1": long, "version": "0"}, page=place)
    assert answer.status_code == 400 and "เกิน 4,000" in answer.text and long in answer.text


def test_only_the_committee_reads_what_is_not_submitted(office: Office):
    secretary, _, place = begun(office)
    other = Browser(app_of(office), SOMCHAI)
    assert other.get(place).status_code == 403
    submit(secretary, place)
    assert other.get(place).status_code == 200


def test_a_submission_that_came_back_or_was_voided_is_sent_again(office: Office):
    secretary, _, place = begun(office)
    checker = Browser(app_of(office), MALEE)
    submit(secretary, place)
    checker.post("/records/evaluation/1/return", data={"reason": "ไม่มีหนังสือนำส่ง"})
    assert "ผู้ตรวจส่งกลับ: ไม่มีหนังสือนำส่ง" in secretary.get(place).text
    # The register's own form would let the year be changed.
    assert secretary.client.get("/records/evaluation/1/mend").headers["Location"] == place
    assert submit(secretary, place).status_code == 302
    checker.post("/records/evaluation/1/verify")
    assert count(office, "C5") == 1
    secretary.post("/records/evaluation/1/void", data={"reason": "ส่งผิดฉบับ"})
    early = {"act": "receipt", "receipt_no": "1", "received_on": "2015-11-20"}
    assert secretary.post(place, early, page=place).status_code == 400
    assert submit(secretary, place).status_code == 302
    checker.post("/records/evaluation/2/verify")
    assert count(office, "C5") == 1


def test_the_mayor_receives_nothing_before_it_is_sent(office: Office):
    secretary, _, place = begun(office)
    submit(secretary, place)
    answer = secretary.post(place, {"act": "receipt", "receipt_no": "1", "received_on": "2015-11-19"}, page=place)
    assert answer.status_code == 400 and "ไม่ก่อนวันที่เสนอ" in answer.text
