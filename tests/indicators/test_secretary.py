"""The secretary's year on screen: plan edited, records verified and returned, sheets brought in, quizzes, evaluation."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from openpyxl import Workbook, load_workbook

from app.indicators import quizzes
from app.indicators.evidence_lists import evidence_page
from app.indicators.plans import versions_of
from app.indicators.queries import read_plan
from app.indicators.scopes import as_known_then, scope_for, within_quarter
from app.office import Office
from tests.conftest import Browser, app_of, on
from tests.indicators.reading import SEES_ALL, count, row
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, article, attended, group, load, opened, thread, training


def sheet(*rows: list) -> BytesIO:
    book = Workbook()
    for line in rows:
        book.active.append(line)
    out = BytesIO()
    book.save(out)
    out.seek(0)
    return out


def test_a_target_changed_in_the_year_keeps_both_versions(office: Office):
    on(office, "2015-04-01")
    secretary = Browser(app_of(office), SECRETARY)
    page = "/plan/2558/edit/A3"
    html = secretary.get(page).text
    assert 'value="6"' in html
    fields = {
        "process": "KM", "step": "3", "name": "การจัดความรู้ให้เป็นระบบ", "responsible": "หัวหน้าส่วนราชการ", "goal": "เป้าหมาย",
        "indicator": "ตัวชี้วัด", "target_text": "อย่างน้อย ๘", "target": "๘", "unit": "items", "measure": "articles_usable", "act": "save",
    }  # fmt: skip
    wrong = secretary.post(page, {**fields, "reason": ""}, page=page)
    assert wrong.status_code == 400 and "โปรดบอกว่าแก้อะไร" in wrong.text and "อย่างน้อย ๘" in wrong.text
    wrong = secretary.post(page, {**fields, "unit": "percent", "reason": "x"}, page=page)
    assert wrong.status_code == 400 and "หน่วยต้องเป็น" in wrong.text
    assert secretary.post(page, {**fields, "reason": "สภาเพิ่มเป้า"}, page=page).status_code == 302
    assert row(office, "A3", as_of="2015-03-31").target == 6
    assert row(office, "A3", as_of="2015-04-01").target == 8
    assert "ค่าเป้าหมายเปลี่ยนจาก 6 เป็น 8 ตั้งแต่ 1 เม.ย. 2558" in secretary.get("/plan/2558").text
    assert "ค่าเป้าหมายเปลี่ยน" not in secretary.get("/plan/2558?as_of=2015-03-31").text
    shown = secretary.get("/plan/2558/edit").text
    assert "สภาเพิ่มเป้า" in shown and "A3 ค่าเป้าหมาย: 6 → 8" in shown
    with office.session() as db:
        assert [(v.number, v.on) for v in versions_of(db, 2558)] == [(1, date(2014, 10, 1)), (2, date(2015, 4, 1))]
    assert Browser(app_of(office), SOMCHAI).get(page).status_code == 403


def test_toml_out_and_in_is_the_same_plan_and_a_wrong_one_changes_nothing(lite_office: Office):
    secretary = Browser(app_of(lite_office), SECRETARY)
    text = secretary.get("/plan/2558.toml").text
    again = {"toml": text, "reason": "นำกลับ"}
    assert secretary.post("/plan/import", again, page="/plan/import").status_code == 302
    assert secretary.get("/plan/2558.toml").text == text
    for broken, words in (
        (text.replace('measure = "accesses"', 'measure = "views"'), "แถว A5: ไม่มีวิธีนับชื่อ views"),
        (text.replace('row = "A2"', 'row = "A1"'), "แถว A1 ซ้ำ"),
        ("be_year = ", "อ่านไฟล์ไม่ได้"),
    ):
        answer = secretary.post("/plan/import", {"toml": broken, "reason": "x"}, page="/plan/import")
        assert answer.status_code == 400 and words in answer.text
    assert secretary.get("/plan/2558.toml").text == text
    secretary.post("/plan/2558/copy", {"to_year": "2559"}, page="/plan/2558/edit")
    assert "be_year = 2559" in secretary.get("/plan/2559.toml").text


def test_a_row_counted_by_hand_counts_verified_records_and_says_why(office: Office):
    secretary = Browser(app_of(office), SECRETARY)
    page = "/plan/2558/edit/B1"
    fields = {
        "process": "KM", "step": "1", "name": "ชื่อ", "responsible": "หัวหน้า", "goal": "เป้า", "indicator": "ตัวชี้วัด", "target_text": "๓",
        "target": "3", "unit": "items", "measure": "by_hand", "act": "save", "reason": "นับเอง",
    }  # fmt: skip
    assert "ต้องบอกเหตุผล" in secretary.post(page, fields, page=page).text
    secretary.post(page, {**fields, "hand_reason": "กิจกรรมอยู่ในสมุดของสภา"}, page=page)
    record = {"row": "B1", "on": "2015-02-01", "number": "3", "what": "สมุดสภาหน้า ๑๒"}
    secretary.post("/records/hand_count", record, page="/records/hand_count")
    assert count(office, "B1") == 0
    Browser(app_of(office), MALEE).post("/records/hand_count/1/verify")
    assert count(office, "B1") == 3 and row(office, "B1").state.value == "met"
    assert "กิจกรรมอยู่ในสมุดของสภา" in secretary.get("/plan/2558").text


def test_return_mend_and_verify_in_bulk(office: Office):
    app = app_of(office)
    secretary, malee = Browser(app, SECRETARY), Browser(app, MALEE)
    for persons in ("5", "7"):
        form = {"on": "2015-03-01", "channel": "board", "persons": persons}
        secretary.post("/records/visit", form, page="/records/visit")
    assert "กล่องรอตรวจ" in malee.get("/inbox").text
    assert malee.post("/records/visit/1/return", {"reason": "ไม่มีสมุดลงชื่อ", "back": "inbox"}).status_code == 302
    mine = secretary.get("/records/mine").text
    assert "ไม่มีสมุดลงชื่อ" in mine and "/records/visit/1/mend" in mine
    page = "/records/visit/1/mend"
    assert Browser(app, SOMCHAI).get(page).status_code == 403
    secretary.post(page, {"on": "2015-03-02", "channel": "board", "persons": "4"}, page=page)
    assert count(office, "A5") == 0
    own = secretary.post("/inbox", {"record": ["visit:1", "visit:2"]}, page="/inbox")
    assert own.status_code == 302 and count(office, "A5") == 0
    malee.post("/inbox", {"record": ["visit:1", "visit:2", "visit:99", "team:1", "x:1"]}, page="/inbox")
    assert count(office, "A5") == 4 + 7
    assert "ตรวจยืนยันแล้ว 2 รายการ" in malee.get("/inbox").text


def test_what_was_known_then_leaves_out_what_was_recorded_later(office: Office):
    load(office, article("A"), opened("A", MALEE, "2015-03-01T09:00:00+07:00"))
    load(
        office,
        {
            "type": "activity",
            "code": "AC",
            "kind": "climate",
            "on": "2015-02-01",
            "title": "ตลาดนัด",
            "status": "verified",
        },
    )
    with office.session() as db:
        now = scope_for(db, office.config, 2558, office.clock.today(), date(2015, 3, 31))
        known = {one.row.row: one.numerator for one in read_plan(db, now).readings}
        then = {one.row.row: one.numerator for one in read_plan(db, as_known_then(now)).readings}
        today = as_known_then(scope_for(db, office.config, 2558, office.clock.today()))
        all_known = {one.row.row: one.numerator for one in read_plan(db, today).readings}
    # Everything came in by an import on 30 September 2015: on 31 March none of it was known.
    assert (known["A5"], known["B1"]) == (1, 1) and (then["A5"], then["B1"]) == (0, 0)
    assert (all_known["A5"], all_known["B1"]) == (1, 1)
    assert "ที่รู้วันนั้น" in Browser(app_of(office), SECRETARY).get("/plan/2558?as_of=2015-03-31").text


def test_a_share_read_in_a_later_quarter_stands_in_the_quarter_it_was_made(office: Office):
    load(
        office, article("A"),
        group("G1"),
        {"type": "share", "code": "SH1", "article": "A", "sharer": MALEE, "channel": "group", "target": "G1", "at": "2015-03-30T09:00:00+07:00"},
        opened("A", WICHAI, "2015-04-02T09:00:00+07:00", share="SH1"),
    )  # fmt: skip
    with office.session() as db:
        year = scope_for(db, office.config, 2558, office.clock.today())
        found = [read_plan(db, within_quarter(year, number), only="A6").readings[0].numerator for number in (1, 2, 3)]
    assert (found, count(office, "A6")) == ([0, 1, 0], 1)


@pytest.mark.parametrize("most", [500, 1])
def test_a_line_says_where_the_same_act_counts_too(office: Office, monkeypatch: pytest.MonkeyPatch, most: int):
    """A1 and A2 count one course; the goals acknowledged that day are another act. In a file of many lines as well."""
    monkeypatch.setattr("app.indicators.evidence_lists.MOST_KEYS", most)
    load(
        office, training("T1", "2015-02-01"), attended("T1", SOMCHAI), attended("T1", MALEE),
        {"type": "acknowledgement", "staff": SOMCHAI, "year": 2558, "on": "2015-02-01"},
        {"type": "quiz_attempt", "staff": SOMCHAI, "set": "understand", "on": "2015-02-01", "score": 7, "max": 10},
        article("A", author=SOMCHAI), article("B", author=MALEE),
        {"type": "revision", "article": "A", "editor": MALEE, "at": "2015-02-10T09:00:00+07:00", "minor": False, "approved": True, "body": "ข"},
    )  # fmt: skip
    with office.session() as db:
        scope = scope_for(db, office.config, 2558, office.clock.today())
        pages = {name: evidence_page(db, scope, name, SEES_ALL).items for name in ("A1", "C1", "C2", "A4", "A7")}
    also = {name: {item.key: item.also_in for item in items} for name, items in pages.items()}
    assert also == {
        "A1": {"staff:S1": ["A2"], "staff:S2": ["A2"]}, "C1": {"staff:S1": []}, "C2": {"staff:S1": ["C6"]},
        "A4": {"article:A": ["A7"]}, "A7": {"article:A": ["A4"], "article:B": []},
    }  # fmt: skip


def test_a_target_set_after_the_year_and_before_its_closing_holds(office: Office):
    on(office, "2015-10-05")
    secretary = Browser(app_of(office), SECRETARY)
    secretary.post("/plan/2558/A2/target", {"target": "5", "reason": "มติเดือนตุลาคม"}, page="/plan/2558/A2")
    found = row(office, "A2")
    assert found.target == 5 and any("5 ต.ค. 2558" in note for note in found.notes)
    assert row(office, "A2", as_of="2015-09-29").target is None


def test_quarters_add_up_to_the_year(office: Office):
    load(office, article("A"))
    for day in ("2014-10-01", "2014-12-31", "2015-01-01", "2015-06-30", "2015-09-30"):
        load(
            office,
            {"type": "visit", "code": f"V{day}", "channel": "board", "on": day, "persons": 1, "status": "verified"},
        )
    secretary = Browser(app_of(office), SECRETARY)
    found = [
        secretary.get(f"/plan/2558/A5.csv?quarter={quarter}").text.split("\n", 1)[1].count(",นับ,")
        for quarter in (1, 2, 3, 4)
    ]
    assert found == [2, 1, 1, 1] and count(office, "A5") == 5
    assert "ไม่เทียบสถานะรายไตรมาส" in secretary.get("/plan/2558?quarter=2").text


def test_a_sheet_names_every_wrong_cell_and_keeps_nothing(office: Office):
    secretary = Browser(app_of(office), SECRETARY)
    path = "/records/visit/import"
    headings = ["วันที่", "ช่องทาง", "จำนวนคน"]
    wrong = sheet(headings, ["31/2/2558", "บอร์ดประชาสัมพันธ์", 3], ["1/3/2558", "วิทยุ", "สาม"], ["1/3/2558", "board", 4])
    answer = secretary.post(path, {"file": (wrong, "v.xlsx")}, page=path, content_type="multipart/form-data")
    assert answer.status_code == 400
    for words in ("แถวที่ 2", "อ่านวันที่นี้ไม่ได้", "แถวที่ 3", "ต้องเป็น ศูนย์ข้อมูลข่าวสาร หรือ บอร์ดประชาสัมพันธ์", "ต้องเป็นจำนวนเต็ม"):
        assert words in answer.text
    assert "ยังไม่มีรายการ" in secretary.get("/records/visit").text
    right = "วันที่,ช่องทาง,จำนวนคน\n๑ มี.ค. ๕๘,บอร์ดประชาสัมพันธ์,3\n".encode("cp874")
    secretary.post(path, {"file": (BytesIO(right), "v.csv")}, page=path, content_type="multipart/form-data")
    Browser(app_of(office), MALEE).post("/records/visit/1/verify")
    assert count(office, "A5") == 3
    template = load_workbook(BytesIO(secretary.get("/records/visit/template.xlsx").data))
    assert [cell.value for cell in template.worksheets[0][1]] == headings


def test_courses_and_meetings_come_in_by_sheet_with_their_people(office: Office):
    secretary, malee = Browser(app_of(office), SECRETARY), Browser(app_of(office), MALEE)
    course = sheet(
        [
            "หลักสูตร",
            "ประเภท",
            "หน่วยงานที่จัด",
            "สถานที่",
            "วันเริ่ม",
            "วันสิ้นสุด",
            "ชั่วโมง",
            "จัดภายในเทศบาล",
            "เลขที่คำสั่ง",
            "ผู้เข้าอบรม (รหัสหรือชื่อ คั่นด้วยจุลภาค)",
        ],
        ["พัสดุเบื้องต้น", "อบรม", "", "", date(2015, 1, 10), date(2015, 1, 10), 6, "ไม่", "12/2558", "S1, นายวิชัย ทองแท้"],
    )
    path = "/records/training/import"
    assert (
        secretary.post(path, {"file": (course, "t.xlsx")}, page=path, content_type="multipart/form-data").status_code
        == 302
    )
    meeting = sheet(
        ["การประชุม", "นับเป็น", "วันที่", "รายงานการประชุม", "ผู้ลงชื่อ (รหัสหรือชื่อ คั่นด้วยจุลภาค)"],
        ["เล่าสู่กันฟัง", "ประชุมแลกเปลี่ยนความรู้", "1/2/2558", "คุยกันสามเรื่อง", "S1,S3"],
    )
    path = "/records/meeting/import"
    assert (
        secretary.post(path, {"file": (meeting, "m.xlsx")}, page=path, content_type="multipart/form-data").status_code
        == 302
    )
    ticked = ["training_attendance:1", "training_attendance:2", "meeting:1"]
    malee.post("/inbox", {"record": ticked}, page="/inbox")
    assert count(office, "A1") == 2 and count(office, "A6") == 1


def test_a_sheet_sent_twice_is_not_taken_twice(office: Office):
    secretary = Browser(app_of(office), SECRETARY)

    def send(path: str, rows: list[list], **fields: str) -> tuple[int, str]:
        form = {"file": (sheet(*rows), "s.xlsx"), **fields}
        answer = secretary.post(path, form, page=path, content_type="multipart/form-data")
        return answer.status_code, answer.text

    path = "/records/visit/import"
    rows = [["วันที่", "ช่องทาง", "จำนวนคน"], ["1/3/2558", "บอร์ดประชาสัมพันธ์", 3], ["2/3/2558", "บอร์ดประชาสัมพันธ์", 4]]
    assert send(path, rows)[0] == 302
    status, text = send(path, [*rows, ["3/3/2558", "บอร์ดประชาสัมพันธ์", 4]])
    assert status == 400 and text.count("แถวนี้บันทึกไว้แล้ว") == 2
    assert send(path, [*rows, ["3/3/2558", "บอร์ดประชาสัมพันธ์", 4]], skip="1")[0] == 302
    assert "นำเข้า 1 แถวแล้ว ข้าม 2 แถวที่บันทึกไว้แล้ว" in secretary.get("/records/visit").text
    # A record that was voided is no longer there.
    secretary.post("/records/visit/1/void", {"reason": "นับผิด"})
    assert send(path, rows[:2])[0] == 302
    head = ["การประชุม", "นับเป็น", "วันที่", "รายงานการประชุม", "ผู้ลงชื่อ (รหัสหรือชื่อ คั่นด้วยจุลภาค)"]
    meeting = ["เล่าสู่กันฟัง", "ประชุมแลกเปลี่ยนความรู้", "1/2/2558", "คุยกันสามเรื่อง", "S1,S3"]
    assert [send("/records/meeting/import", [head, meeting])[0] for _ in range(2)] == [302, 400]


def test_the_order_of_a_course_lies_beside_each_name_and_records_lead_to_their_pages(lite_office: Office):
    app = app_of(lite_office)
    secretary, malee = Browser(app, SECRETARY), Browser(app, MALEE)
    form = {
        "title": "พัสดุเบื้องต้น", "kind": "อบรม", "start_on": "2015-01-10", "end_on": "2015-01-10", "attendee": ["1", "3"],
        "file": (BytesIO(b"%PDF-1.4 order"), "order.pdf"),
    }  # fmt: skip
    answer = secretary.post("/trainings/new", form, page="/trainings/new", content_type="multipart/form-data")
    course = answer.headers["Location"]
    inbox = malee.get("/inbox").text
    assert inbox.count(f'href="{course}"') == 2
    for number in (1, 2):
        assert malee.get(f"/records/training_attendance/{number}/file").data == b"%PDF-1.4 order"
    malee.post("/records/training_attendance/1/return", {"reason": "ชื่อผิดคน"})
    assert f'href="{course}"' in secretary.get("/records/mine").text
    form |= {"file": (BytesIO(b"not a paper"), "order.txt")}
    wrong = secretary.post("/trainings/new", form, page="/trainings/new", content_type="multipart/form-data")
    assert wrong.status_code == 400 and "แนบเป็นภาพถ่ายหรือ PDF เท่านั้น" in wrong.text and "พัสดุเบื้องต้น" in wrong.text


def test_a_first_meeting_that_is_a_market_is_proposed_once(lite_office: Office):
    meeting = {
        "type": "meeting",
        "code": "M1",
        "title": "ตลาดนัดความรู้",
        "purpose": "exchange",
        "minutes": "มี",
        "status": "submitted",
    }
    load(lite_office, group(), meeting | {"group": "G1", "on": "2015-05-01", "attendees": [SOMCHAI]})
    page = Browser(app_of(lite_office), MALEE).get("/inbox").text
    assert 'value="market:M1"' in page and 'value="first:G1"' not in page


def test_the_system_proposes_and_a_person_confirms(office: Office):
    load(office, group(), thread())
    load(
        office,
        {
            "type": "meeting",
            "code": "M1",
            "title": "ตลาดนัดความรู้ประจำปี",
            "purpose": "exchange",
            "on": "2015-05-01",
            "attendees": [SOMCHAI],
            "minutes": "มี",
            "status": "submitted",
        },
    )
    secretary, malee = Browser(app_of(office), SECRETARY), Browser(app_of(office), MALEE)
    page = secretary.get("/inbox").text
    assert "กิจกรรมแรกของกลุ่ม" in page and "ตลาดนัดความรู้ประจำปี" in page
    secretary.post("/proposals", {"key": "market:M1", "act": "take"}, page="/inbox")
    secretary.post("/proposals", {"key": "first:G1", "act": "dismiss"}, page="/inbox")
    assert (
        'value="market:M1"' not in secretary.get("/inbox").text
        and 'value="first:G1"' not in secretary.get("/inbox").text
    )
    assert count(office, "B1") == 0
    malee.post("/records/activity/1/verify")
    assert count(office, "B1") == 1
    assert secretary.post("/proposals", {"key": "market:M1"}, page="/inbox").status_code == 404


def answers(quiz: str, right: int) -> dict[str, str]:
    return {
        f"q{q.number}": str(q.answer if q.number < right else (q.answer + 1) % len(q.choices))
        for q in quizzes.questions_of(quiz)
    }


@pytest.mark.parametrize("quiz", ["understand", "principles"])
def test_questions_of_a_quiz_are_whole(quiz: str):
    questions = quizzes.questions_of(quiz)
    assert len(questions) == 10
    for question in questions:
        assert len(set(question.choices)) == 4 and 0 <= question.answer < 4 and question.why
    # The right answer does not always stand in the same place.
    orders = {tuple(q.number for q, _ in quizzes.in_random_order(quiz, seed)) for seed in range(5)}
    assert len(orders) > 1


def test_a_quiz_passed_counts_once_and_failed_waits_a_day(office: Office):
    on(office, "2015-06-01")
    browser = Browser(app_of(office), SOMCHAI)
    missing = browser.post("/quiz/understand", {"q0": "1"}, page="/quiz/understand")
    assert missing.status_code == 400 and "เหลือ 9 ข้อ" in missing.text
    answer = browser.post("/quiz/understand", answers("understand", 5), page="/quiz/understand")
    result = browser.get(answer.headers["Location"]).text
    assert "ได้ 5 จาก 10" in result and "ยังไม่ผ่าน" in result and "ความรู้ฝังลึกอยู่ในตัวคน" in result
    again = browser.client.post(
        "/quiz/understand", data={"csrf_token": browser.token("/acknowledge"), **answers("understand", 10)}
    )
    assert again.status_code == 400 and count(office, "C2") == 0
    on(office, "2015-06-02")
    browser = Browser(app_of(office), SOMCHAI)
    browser.post("/quiz/understand", answers("understand", 6), page="/quiz/understand")
    assert (count(office, "C2"), count(office, "C6"), count(office, "C4")) == (1, 1, 0)


def test_an_evaluation_round_freezes_its_figures_and_counts_when_verified(office: Office):
    load(office, training("T1", "2015-01-10"), attended("T1", SOMCHAI))
    load(
        office,
        {
            "type": "team",
            "code": "EV",
            "kind": "evaluation",
            "order_no": "9/2558",
            "valid_from": "2015-01-01",
            "members": [WICHAI],
        },
    )
    on(office, "2015-11-20")
    app = app_of(office)
    secretary, wichai = Browser(app, SECRETARY), Browser(app, WICHAI)
    opened_at = secretary.post("/plan/2558/evaluation", {"team_id": "1"}, page="/plan/2558/evaluation").headers[
        "Location"
    ]
    empty = secretary.post(opened_at, {"act": "submit", "submitted_on": "2015-11-20"}, page=opened_at)
    assert empty.status_code == 400 and "อย่างน้อยหนึ่งแถว" in empty.text
    texts = {
        "finding-A1": "ครบเกือบทุกกอง",
        "recommendation-A1": "จัดอบรมกองช่าง",
        "act": "submit",
        "submitted_on": "๒๐ พ.ย. ๕๘",
        "version": "1",
    }
    assert secretary.post(opened_at, texts, page=opened_at).status_code == 302
    assert count(office, "C5") == 0
    load(office, attended("T1", MALEE))
    page = secretary.get(opened_at).text
    assert "25.00 ร้อยละ" in page and "จัดอบรมกองช่าง" in page  # 1 of 4, as it stood when submitted.
    wichai.post("/records/evaluation/1/verify")
    assert count(office, "C5") == 0  # Wichai sits on the committee whose round it is.
    Browser(app, MALEE).post("/records/evaluation/1/verify")
    assert count(office, "C5") == 1 and "นับใน C5" in secretary.get(opened_at).text
    assert secretary.post(opened_at, {"act": "save", "summary": "แก้"}, page=opened_at).status_code == 400
    secretary.post(
        opened_at, {"act": "receipt", "receipt_no": "รับ 55/2558", "received_on": "2015-11-20"}, page=opened_at
    )
    assert "รับ 55/2558" in secretary.get(opened_at).text
    next_year = secretary.post("/plan/2559/evaluation", {"team_id": "1"}, page="/plan/2559/evaluation").headers[
        "Location"
    ]
    assert "จัดอบรมกองช่าง" in secretary.get(next_year).text


def test_a_new_rule_begins_with_its_year(lite_office: Office, monkeypatch: pytest.MonkeyPatch):
    from click.testing import CliRunner

    from app.cli import main

    office = lite_office
    load(
        office,
        {"type": "quiz_attempt", "staff": SOMCHAI, "set": "understand", "on": "2015-02-01", "score": 6, "max": 10},
    )
    on(office, "2015-10-05")
    load(
        office, {"type": "quiz_attempt", "staff": MALEE, "set": "understand", "on": "2015-10-02", "score": 6, "max": 10}
    )
    secretary = Browser(app_of(office), SECRETARY)
    form = {"version": "2559.1", "from_year": "2559", "pass_percent": "70", "reason": "ที่ประชุมมีมติ"}
    back = secretary.post("/plan/rules", {**form, "from_year": "2558"}, page="/plan/rules")
    assert back.status_code == 400 and "ใช้ย้อนหลังไม่ได้" in back.text
    assert secretary.post("/plan/rules", form, page="/plan/rules").status_code == 302
    assert count(office, "C2") == 1 and count(office, "C2", year=2559) == 0
    monkeypatch.setattr("app.cli.load_config", lambda: office.config)
    told = CliRunner().invoke(main, ["indicators", "--year", "2558", "--row", "C2", "--as-rule", "2559.1", "--json"])
    assert '"value": 25.0' in told.output and '"value_as_rule": 0.0' in told.output
    wrong = CliRunner().invoke(main, ["indicators", "--year", "2558", "--as-rule", "9"])
    assert wrong.exit_code == 1 and "ไม่มีกติกาการนับรุ่น 9" in wrong.output


def test_anomalies_are_noted_and_named_only_to_those_who_may_know(office: Office):
    from app.indicators.anomalies import look_for_anomalies

    load(office, *(article(f"N{n}") for n in range(25)))
    load(office, *(opened(f"N{n}", MALEE, f"2015-03-01T09:{n:02d}:00+07:00") for n in range(25)))
    with office.session() as db:
        assert look_for_anomalies(db, 2558, office.clock.today()) == 2  # Over 30 % of all, and 25 in one hour.
    app = app_of(office)
    told = Browser(app, SECRETARY).get("/plan/2558/A5").text
    assert "มาลี" in told and "25 ครั้งในหนึ่งชั่วโมง" in told
    other = Browser(app, WICHAI).get("/plan/2558/A5").text
    assert "บุคลากรคนหนึ่ง" in other and "มาลี" not in other


def test_a5_windows_hold_every_line_once(office: Office):
    load(office, *(article(f"N{n}") for n in range(6)))
    load(
        office,
        *(
            opened(f"N{n}", who, f"2015-0{m}-01T09:00:00+07:00")
            for n in range(6)
            for who in (MALEE, WICHAI, SOMCHAI)
            for m in (2, 3)
        ),
    )
    visit = {"type": "visit", "channel": "board", "on": "2015-03-01", "persons": 5}
    load(office, {**visit, "code": "V1", "status": "verified"}, {**visit, "code": "V2"})
    secretary = Browser(app_of(office), SECRETARY)

    def keys(query: str) -> list[str]:
        return [line.split(",")[9] for line in secretary.get(f"/plan/2558/A5.csv{query}").text.splitlines()[1:]]

    every = keys("")
    # By hand: 24 readings and 5 visitors count; 12 by the author and 5 unverified visitors do not.
    assert len(every) == len(set(every)) == 24 + 5 + 12 + 5
    assert len(keys("?state=counted")) == 29 and len(keys("?state=excluded")) == 17
    assert len(keys("?month=5&state=counted")) == 12 + 5  # March
    assert len(keys("?department=D2&state=counted")) == 12 and len(keys("?q=นาย")) == 12 + 12


def test_own_activity_shows_ones_own_reading_and_nobody_elses(office: Office):
    load(
        office,
        article("A"),
        article("B"),
        opened("A", MALEE, "2015-03-01T09:00:00+07:00"),
        opened("B", WICHAI, "2015-03-01T09:00:00+07:00"),
    )
    page = Browser(app_of(office), MALEE).get("/me/activity").text
    assert "เรื่อง A" in page and "เรื่อง B" not in page and "คุ้มครองข้อมูลส่วนบุคคล" in page
