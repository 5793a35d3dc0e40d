"""From typing to results: operators, filters with exact counts, what was meant, reasons, jumps, suggestions."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.office import Office
from app.people.models import VISITOR, Viewer
from app.search import log
from app.search.asking import take_apart, years_of
from app.search.documents import Answer
from app.search.passages import Marks, passage
from app.search.query import Window
from tests.conftest import Browser, app_of
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, article, group, load, opened, thread
from tests.search.test_search import viewer


def ask(office: Office, query: str, who: Viewer = VISITOR, **window: object) -> Answer:
    """The answer of a fresh index."""
    assert office.indexer.catch_up()
    with office.session() as db:
        return office.search.find(db, query, who, Window(**{"limit": 50, **window}))  # type: ignore[arg-type]


def codes(answer: Answer) -> list[str]:
    """Codes found, best first."""
    return [hit.code for hit in answer.hits]


@pytest.mark.parametrize(
    ("typed", "text", "phrases", "without", "filters"),
    [
        ("งาน พัสดุ", "งาน พัสดุ", (), (), {}),
        ('"งาน พัสดุ" ใหม่', "งาน พัสดุ ใหม่", ("งาน พัสดุ",), (), {}),
        ("อบรม -ออนไลน์", "อบรม", (), ("ออนไลน์",), {}),
        ('อบรม -"เรียน ทางไกล"', "อบรม", (), ("เรียน ทางไกล",), {}),
        ("พัสดุ ปี:๒๕๕๘ หมวด:การเงิน", "พัสดุ", (), (), {"year": ("2558",), "category": ("การเงิน",)}),
        ('ผู้เขียน:"มาลี ใจดี"', "", (), (), {"author": ("มาลี ใจดี",)}),
        ("kind:thread ชนิด:บทความ", "", (), (), {"kind": ("thread", "บทความ")}),
        ("author: พัสดุ", "author: พัสดุ", (), (), {}),
        ("author:", "author:", (), (), {}),
        ("เวลา 10:30 น.", "เวลา 10:30 น.", (), (), {}),
        ("ไม่รู้จัก:คำ", "ไม่รู้จัก คำ", (), (), {}),
        ("โควิด -19", "โควิด -19", (), (), {}),
        ("e-mail", "e-mail", (), (), {}),
        ("-", "-", (), (), {}),
        ('"', "", (), (), {}),
        ("คำ " * 30 + "-ยาว", "คำ " * 30 + "-ยาว", (), (), {}),
        ("“พัสดุ”", "พัสดุ", ("พัสดุ",), (), {}),
    ],
)
def test_taking_apart(typed: str, text: str, phrases: tuple, without: tuple, filters: dict):
    asked = take_apart(typed)
    assert (asked.text, asked.phrases, asked.without, dict(asked.filters)) == (text, phrases, without, filters)


def test_years():
    assert [years_of(text) for text in ("2558", "58", "2015", "5", "กก", "")] == [2558, 2558, 2558, 0, 0, 0]


def test_operators(lite_office: Office):
    load(
        lite_office,
        article("A", title="เรื่องหนึ่ง", body="อบรมออนไลน์ เรื่องจัดซื้อวัสดุสำนักงาน", first_published_on="2014-11-01"),
        article(
            "B", title="เรื่องสอง", body="อบรมในห้องประชุม เรื่องวัสดุที่ต้องจัดซื้อ", first_published_on="2015-11-01", author=MALEE
        ),
    )
    assert set(codes(ask(lite_office, "อบรม"))) == {"A", "B"}
    assert codes(ask(lite_office, "อบรม -ออนไลน์")) == ["B"]
    assert codes(ask(lite_office, '"จัดซื้อวัสดุ"')) == ["A"]
    assert codes(ask(lite_office, "อบรม ปี:2558")) == ["A"]
    assert codes(ask(lite_office, "อบรม ปี:59")) == ["B"]
    assert codes(ask(lite_office, "ผู้เขียน:มาลี")) == ["B"]
    assert codes(ask(lite_office, "ผู้เขียน:ไม่มีคนนี้")) == []
    assert codes(ask(lite_office, "ชนิด:กระทู้ อบรม")) == []


def test_filters_count_exactly_what_they_give(lite_office: Office):
    load(lite_office, group("G"), *(thread(f"T{n}", "G", body="พัสดุครุภัณฑ์") for n in range(3)))
    load(
        lite_office,
        *(
            article(
                f"A{n}", body="พัสดุครุภัณฑ์", title=f"เรื่องที่ {n}", first_published_on=f"201{4 + n % 2}-11-01",
                author=MALEE if n % 3 else SOMCHAI, tags=["พัสดุ"] if n % 2 else ["ครุภัณฑ์", "พัสดุ"],
            )
            for n in range(14)
        ),
    )  # fmt: skip
    who = viewer(lite_office, WICHAI)
    everything = ask(lite_office, "ครุภัณฑ์", who)
    assert everything.total == 17
    assert dict(everything.facets["kind"]) == {"article": 14, "thread": 3}
    for name, values in everything.facets.items():
        for value, count in values:
            narrowed = ask(lite_office, "ครุภัณฑ์", who, chosen={name: value})
            assert (narrowed.total, len(narrowed.hits)) == (count, count), (name, value)
            assert dict(narrowed.facets[name]) == dict(values)  # The others of its kind stay in sight.


def test_sorting(lite_office: Office):
    load(
        lite_office,
        *(article(f"A{n}", title=f"เรื่องที่ {n}", body="พัสดุ", first_published_on=f"2014-1{n}-01") for n in range(3)),
    )
    assert codes(ask(lite_office, "พัสดุ", sort="newest")) == ["A2", "A1", "A0"]
    assert codes(ask(lite_office, "พัสดุ", sort="oldest")) == ["A0", "A1", "A2"]
    assert codes(ask(lite_office, "พัสดุ", sort="title")) == ["A0", "A1", "A2"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("l;ylfu", "สวัสดี"), ("สัมนา", "สัมมนา"), ("ครุภัณท์", "ครุภัณฑ์"), ("ไกลเกลี่ย", "ไกล่เกลี่ย"), ("เทศบัญญติ", "เทศบัญญัติ")],
)
def test_what_was_meant(lite_office: Office, typed: str, meant: str):
    load(lite_office, article("A", body=f"เขียนถึง {meant} ไว้ที่นี่"), article("B", body="เรื่องอื่น"))
    answer = ask(lite_office, typed)
    assert answer.meant == meant
    assert codes(answer)[:1] == ["A"]
    insisted = ask(lite_office, typed, insist=True)
    assert (insisted.meant, insisted.full) == ("", 0)


def test_nothing_is_meant_from_what_a_person_may_not_read(lite_office: Office):
    load(lite_office, group("HID", "secret"), thread("T", "HID", body="เรื่องครุภัณฑ์ลับ"))
    assert ask(lite_office, "ครุภัณท์").meant == ""
    assert ask(lite_office, "ครุภัณท์", viewer(lite_office, SOMCHAI)).meant == "ครุภัณฑ์"


def test_result_jumps_to_the_part_and_says_why(lite_office: Office):
    body = "บทนำยาวพอควร\n\n## เตรียมเอกสาร\n\nใช้สำเนา\n\n## ขั้นตอนตรวจรับ\n\nกรรมการตรวจรับพัสดุ ปี ๒๐๑๕"
    load(lite_office, article("A", body=body), article("B", body="อื่น"))
    hit = ask(lite_office, "ตรวจรับพัสดุ").hits[0]
    assert hit.url.startswith("/articles/A#") and hit.part == "ขั้นตอนตรวจรับ"
    assert any("ตรวจรับ" in reason for reason in hit.why)
    assert "2558 คือปี 2015" in ask(lite_office, "ตรวจรับ 2558").hits[0].why
    page = app_of(lite_office).test_client()
    assert 'id="' + hit.url.split("#")[1] + '"' in page.get("/articles/A", follow_redirects=True).text


def test_snippet_is_cut_between_words_and_marks_whole_clusters(lite_office: Office):
    words = lite_office.engine.words
    text = "แผนพัฒนาเทศบาลสี่ปี" * 40 + "การจัดซื้อครุภัณฑ์คอมพิวเตอร์ตามระเบียบ" + "แผนพัฒนาเทศบาลสี่ปี" * 40
    marks = Marks(frozenset({"ครุภัณฑ์"}), {"ครุภัณฑ์": 1.0}, "ครุภณฑ")
    pieces, place = passage(text, marks, words)
    shown = "".join(piece for piece, _ in pieces).strip("…")
    assert [piece for piece, hit in pieces if hit] == ["ครุภัณฑ์"]
    assert text[place:].startswith("ครุภัณฑ์")
    start = text.index(shown)
    ends = {0} | {end for _, end, _ in words.spans(text)}
    assert start in ends and start + len(shown) in ends
    assert len(shown) <= 260


def test_the_passage_of_a_long_text_is_found_wherever_it_stands(lite_office: Office):
    text = "แผนพัฒนาเทศบาล\n" * 20_000 + "เครื่องวัดความขุ่น\n" + "แผนพัฒนาเทศบาล\n" * 20_000
    marks = Marks(frozenset({"เครื่องวัดความขุ่น"}), {"เครื่องวัดความขุ่น": 1.0}, "")
    pieces, place = passage(text, marks, lite_office.engine.words)
    assert place == text.index("เครื่องวัด")
    assert [piece for piece, hit in pieces if hit] == ["เครื่องวัดความขุ่น"]


def test_a_pinned_answer_does_not_disturb_a_window_of_nothing(lite_office: Office):
    load(lite_office, article("A", body="เบิกค่าเช่าบ้าน"))
    key = next(f"{hit.kind}:{hit.id}" for hit in ask(lite_office, "ค่าเช่าบ้าน").hits)
    with lite_office.session() as db:
        staff = viewer(lite_office, SECRETARY).staff_id
        assert staff is not None
        log.pin(db, "ค่าเช่าบ้าน", key, staff, lite_office.clock.now())
    answer = ask(lite_office, "ค่าเช่าบ้าน", limit=0)
    assert (answer.total, answer.hits) == (1, [])


def test_kinds_beside_articles_and_threads(lite_office: Office):
    meeting = {"type": "meeting", "code": "M1", "title": "ประชุมกลุ่ม", "purpose": "exchange", "on": "2014-12-01",
               "minutes": "ตกลงเรื่องกล้องวงจรปิด", "attendees": [SOMCHAI], "recorded_by": SOMCHAI, "status": "submitted"}  # fmt: skip
    course = {"type": "training", "code": "C1", "title": "หลักสูตรกล้องวงจรปิด", "kind": "อบรม", "start": "2014-11-01",
              "end": "2014-11-02", "inside": True}  # fmt: skip
    load(lite_office, meeting, course)
    who = viewer(lite_office, WICHAI)
    assert {(hit.kind, hit.code) for hit in ask(lite_office, "กล้องวงจรปิด", who).hits} == {
        ("minutes", "M1"),
        ("course", "C1"),
    }
    assert ask(lite_office, "กล้องวงจรปิด").total == 0
    assert [hit.kind for hit in ask(lite_office, "มาลี", who).hits] == ["person"]
    assert ask(lite_office, "มาลี").total == 0


def test_suggestions_hold_only_what_a_person_may_read(lite_office: Office):
    load(
        lite_office,
        group("HID", "secret", name="กลุ่มพัสดุลับ"),
        thread("T", "HID", title="พัสดุลับสุดยอด"),
        article("A", title="พัสดุสำหรับมือใหม่"),
    )
    assert lite_office.indexer.catch_up()

    def suggested(code: str | None) -> set[str]:
        browser = Browser(app_of(lite_office), code) if code else app_of(lite_office).test_client()
        answer = browser.get("/search/suggest?q=พัสดุ")
        return {one["text"] for one in answer.json}

    assert suggested(None) == suggested(WICHAI) == {"พัสดุสำหรับมือใหม่"}
    assert suggested(SOMCHAI) == {"พัสดุสำหรับมือใหม่", "พัสดุลับสุดยอด", "กลุ่มพัสดุลับ"}


def test_earlier_queries_are_suggested_once_several_asked_and_found(lite_office: Office):
    load(lite_office, article("A", body="ครุภัณฑ์คอมพิวเตอร์", visibility="staff"))
    assert lite_office.indexer.catch_up()
    somchai = Browser(app_of(lite_office), SOMCHAI)
    for _ in range(2):
        somchai.get("/search?q=ครุภัณฑ์คอม")
        somchai.get("/search?q=ครุภัณฑ์คอมพิวเตอร์")
    assert somchai.get("/search/suggest?q=ครุภัณ").json == []
    somchai.get("/search?q=ครุภัณฑ์คอมพิวเตอร์")
    assert [one["text"] for one in somchai.get("/search/suggest?q=ครุภัณ").json] == ["ครุภัณฑ์คอมพิวเตอร์"]
    assert app_of(lite_office).test_client().get("/search/suggest?q=ครุภัณ").json == []  # Finds nothing for a visitor.


def test_pinned_answer_comes_first_for_those_who_may_read_it(lite_office: Office):
    load(lite_office, article("A", body="เบิกค่าเช่าบ้าน"), article("B", body="เรื่องอื่น", visibility="staff"))
    assert lite_office.indexer.catch_up()
    secretary = Browser(app_of(lite_office), SECRETARY)
    with lite_office.session() as db:
        key = next(
            f"{hit.kind}:{hit.id}"
            for hit in lite_office.search.find(db, "เรื่องอื่น", viewer(lite_office, SECRETARY)).hits
            if hit.code == "B"
        )
    form = {"q": "ค่าเช่าบ้าน", "key": key}
    assert Browser(app_of(lite_office), WICHAI).post("/search/pin", form, page="/search?q=x").status_code == 403
    assert secretary.post("/search/pin", form, page="/search?q=ค่าเช่าบ้าน").status_code == 302
    assert codes(ask(lite_office, "ค่าเช่าบ้าน", viewer(lite_office, WICHAI))) == ["B", "A"]
    assert codes(ask(lite_office, "ค่าเช่าบ้าน")) == ["A"]
    assert "คำตอบแนะนำ" in secretary.get("/search?q=ค่าเช่าบ้าน").text
    secretary.post("/search/pin", {"q": "ค่าเช่าบ้าน", "key": ""}, page="/search?q=ค่าเช่าบ้าน")
    assert codes(ask(lite_office, "ค่าเช่าบ้าน", viewer(lite_office, WICHAI))) == ["A"]


def test_two_hundred_strange_queries_answer_and_log_nothing(lite_office: Office, caplog: pytest.LogCaptureFixture):
    load(lite_office, *(article(f"A{n}", body="พัสดุครุภัณฑ์ของเทศบาล") for n in range(20)))
    assert lite_office.indexer.catch_up()
    spent: list[float] = []

    @settings(max_examples=200, deadline=None, database=None)
    @given(st.text(max_size=80))
    def answers(query: str) -> None:
        with lite_office.session() as db:
            began = time.perf_counter()
            assert lite_office.search.find(db, query, VISITOR).ready
            spent.append(time.perf_counter() - began)

    answers()
    assert len(spent) >= 200
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


@pytest.mark.parametrize("text", ["ก" * 10_000, "น้ำ" * 4_000, "ทดสอบระบบ" * 2_000, "a" * 10_000, "1" * 10_000])
def test_long_runs_are_cut_within_bounds(lite_office: Office, text: str):
    began = time.perf_counter()
    assert "".join(lite_office.engine.words.tokens(text)) == text
    assert time.perf_counter() - began < 20  # A guard against the exponential case, not a measurement.


def test_other_names_join_rare_terms_and_are_offered_beside_common_ones(lite_office: Office):
    load(lite_office, article("A", body="เล่าเรื่องชุมชนนักปฏิบัติของเรา"), article("B", body="นัดพบ CoP ทุกเดือน"))
    assert set(codes(ask(lite_office, "ชุมชนนักปฏิบัติ"))) == {"A", "B"}
    load(lite_office, *(article(code, body=f"ชุมชนนักปฏิบัติกลุ่ม {code}") for code in "CD"))
    answer = ask(lite_office, "ชุมชนนักปฏิบัติ")
    assert (set(codes(answer)), answer.also) == ({"A", "C", "D"}, ("cop",))


def test_a_word_of_a_heading_says_more_than_one_of_the_text(lite_office: Office):
    filler = "ระเบียบและขั้นตอนของงานธุรการ " * 30
    load(
        lite_office,
        article("T", title="ก", body=f"{filler}\n\nเขียนถึงครุภัณฑ์ไว้ตรงนี้\n\n{filler}"),
        article("H", title="ข", body=f"{filler}\n\n## ครุภัณฑ์\n\nเขียนไว้ตรงนี้\n\n{filler}"),
    )
    lite_office.indexer.catch_up()
    found = lite_office.engine.read(
        lambda generation, _: {
            generation.facts(n).code: float(points)
            for n, points in enumerate(generation.scores("words", [("ครุภัณฑ์", 1.0)]))
        }
    )
    assert found["H"] > 1.2 * found["T"] > 0


def test_of_equal_answers_the_most_read_comes_first_then_the_newest(lite_office: Office):
    same = {"title": "คู่มือพัสดุ", "body": "อ่านก่อนซื้อของทุกครั้ง"}
    load(
        lite_office,
        article("OLD", on="2015-01-10", **same), article("NEW", on="2015-02-10", **same),
    )  # fmt: skip
    assert codes(ask(lite_office, "พัสดุ")) == ["NEW", "OLD"]
    load(lite_office, opened("OLD", WICHAI, "2015-02-20T10:00:00+07:00"))
    assert codes(ask(lite_office, "พัสดุ")) == ["OLD", "NEW"]


def test_an_english_word_that_is_not_there_is_not_turned_into_gibberish(lite_office: Office):
    load(lite_office, *(article(f"A{n}", body="แนวปฏิบัติเรื่องแรงงานและอาคารในเขตเทศบาล") for n in range(20)))
    for query in ("invoice", "covid vaccine", "gfmis"):
        assert not ask(lite_office, query).instead
