"""What is typed wrongly is told in Thai beside its field, on either database, and 0 is a number."""

from __future__ import annotations

import io
import zipfile

import pytest
from sqlalchemy import func, select

from app.indicators import sheets
from app.indicators.models import HandCount, QuizAttempt
from app.indicators.registers import REGISTERS
from app.office import Office
from app.people.queries import staff_by_code
from tests.conftest import Browser, app_of, on
from tests.indicators.reading import count, row
from tests.personas import MALEE, SECRETARY, SOMCHAI


def send(office: Office, register: str, **values: str):
    return Browser(app_of(office), SECRETARY).post(f"/records/{register}", data=values)


@pytest.mark.parametrize(
    ("register", "values", "told"),
    [
        ("activity", {"on": "1/3/2558", "kind": "climate", "title": "ก" * 301}, "เกิน 300"),
        ("activity", {"on": "1/3/2358", "kind": "climate", "title": "ก"}, "วันที่เก่าเกินไป"),
        ("activity", {"on": "1/3/2558", "kind": "อื่น", "title": "ก"}, "โปรดเลือกจากรายการ"),
        ("visit", {"on": "1/3/2558", "channel": "board", "persons": "หลายคน"}, "ต้องเป็นจำนวนเต็ม"),
        ("compilation", {"on": "1/3/2558", "team_id": "1", "edition": "ก" * 101, "title": "ก"}, "เกิน 100"),
        ("team", {"kind": "data", "order_no": "ก" * 101, "valid_from": "1/3/2558", "members": "1"}, "เกิน 100"),
        ("acknowledgement", {"staff_id": "2", "be_year": "2558", "on": "1/9/2557"}, "ต้องอยู่ในปีงบประมาณนั้น"),
        ("hand_count", {"row": "B1", "on": "1/3/2558", "number": "2", "what": "สมุด"}, "ไม่มีแถวที่นับด้วยมือ"),
        ("hand_count", {"row": "B1 และอื่น ๆ", "on": "1/3/2558", "number": "2", "what": "สมุด"}, "เกิน 4"),
    ],
)
def test_what_does_not_fit_is_told_beside_its_field(office: Office, register: str, values: dict[str, str], told: str):
    if register == "compilation":
        send(office, "team", kind="compile", order_no="1", valid_from="1/10/2557", members="1")
    answer = send(office, register, **values)
    assert answer.status_code == 400 and told in answer.text
    with office.session() as db:
        assert db.scalar(select(func.count()).select_from(REGISTERS[register].model)) == 0


def test_a_score_of_nought_is_a_score(office: Office):
    with office.session() as db:
        person = str(staff_by_code(db, MALEE).id)
    sent = {"staff_id": person, "quiz": "understand", "on": "1/2/2558", "score": "0", "max_score": "10"}
    assert send(office, "quiz_attempt", **sent).status_code == 302
    with office.session() as db:
        assert db.scalars(select(QuizAttempt.score)).all() == [0]


def test_a_count_by_hand_is_for_a_row_the_plan_counts_so(lite_office: Office):
    secretary = Browser(app_of(lite_office), SECRETARY)
    change = {
        "process": "KM", "step": "1", "goal": "ก", "name": "ก", "indicator": "ก", "target_text": "3", "target": "3", "unit": "items",
        "responsible": "ก", "measure": "by_hand", "hand_reason": "ไม่มีข้อมูลในระบบ", "reason": "นับเอง",
    }  # fmt: skip
    assert secretary.post("/plan/2558/edit/B1", change).status_code == 302
    assert send(lite_office, "hand_count", row="B1", on="1/3/2558", number="2", what="สมุด").status_code == 302
    refused = send(lite_office, "hand_count", row="B2", on="1/3/2558", number="2", what="สมุด")
    assert refused.status_code == 400 and "คือ B1" in refused.text
    with lite_office.session() as db:
        assert db.scalars(select(HandCount.row)).all() == ["B1"]


def test_a_row_has_its_own_pass_mark_and_the_quiz_asks_for_it(lite_office: Office):
    on(lite_office, "2015-06-01")
    secretary = Browser(app_of(lite_office), SECRETARY)
    text = secretary.get("/plan/2558.toml").text
    for name in ("C2", "C6"):
        before, start, rest = text.partition(f'row = "{name}"')
        block, following, after = rest.partition("[[rows]]")
        text = before + start + block + "\n[rows.parameters]\npass_percent = 80\n\n" + following + after
        files = {"file": (io.BytesIO(text.encode()), "plan.toml"), "reason": "เกณฑ์ใหม่"}
        answer = secretary.post("/plan/import", files, content_type="multipart/form-data")
        if name == "C2":  # C6 is the figure of C2.
            assert answer.status_code == 400 and "เกณฑ์ผ่านต้องเท่ากัน" in answer.text
    assert row(lite_office, "C2").row.parameters == {"pass_percent": 80}
    assert "เกณฑ์ผ่านร้อยละ 80" in Browser(app_of(lite_office), SOMCHAI).get("/acknowledge").text


def test_an_answer_that_is_no_number_is_no_answer(lite_office: Office):
    on(lite_office, "2015-06-01")
    browser = Browser(app_of(lite_office), SOMCHAI)
    answers = {f"q{number}": "ก" for number in range(10)}
    answer = browser.post("/quiz/understand", answers, page="/quiz/understand")
    assert answer.status_code == 400 and "ยังไม่ได้ตอบข้อนี้" in answer.text
    assert count(lite_office, "C2") == 0


def test_a_target_that_was_refused_is_still_in_its_field(lite_office: Office):
    secretary = Browser(app_of(lite_office), SECRETARY)
    sent = {"target": "ห้า", "reason": "ตามมติที่ประชุม"}
    answer = secretary.post("/plan/2558/A2/target", sent, page="/plan/2558/A2")
    page = secretary.get(answer.headers["Location"]).text
    assert 'value="ห้า"' in page and 'value="ตามมติที่ประชุม"' in page and "ต้องเป็นจำนวนเต็ม" in page


def test_a_workbook_that_unpacks_to_a_mountain_is_refused_before_it_is_read(lite_office: Office):
    out = io.BytesIO(sheets.template("activity", sheets.Choices([], [])))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/media/filler.bin", b"0" * (sheets.MOST_UNPACKED + 1))
    out.seek(0)
    assert len(out.getvalue()) < 200_000
    files = {"file": (out, "big.xlsx")}
    answer = Browser(app_of(lite_office), SECRETARY).post(
        "/records/activity/import", files, content_type="multipart/form-data"
    )
    assert answer.status_code == 400 and "ตารางใหญ่เกินไป" in answer.text
