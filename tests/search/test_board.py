"""What was not found and what the secretary makes of it; the dictionary edited on screen."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.notifications.models import Notification
from app.office import Office
from app.search import dictionary, log
from app.search.models import SearchGap, SearchLine
from tests.conftest import Browser, app_of
from tests.personas import MALEE, SECRETARY, SOMCHAI, article, load
from tests.search.test_query import ask, codes


def asked(office: Office) -> dict[str, tuple[int, int]]:
    """Query -> (asked, in vain)."""
    with office.session() as db:
        return {one.query: (one.asked, one.empty) for one in db.scalars(select(SearchLine))}


def test_the_log_counts_queries_and_holds_no_names(office: Office):
    load(office, article("A", body="พัสดุครุภัณฑ์"))
    assert office.indexer.catch_up()
    somchai = Browser(app_of(office), SOMCHAI)
    for query in ("ครุภัณฑ์", "ครุภัณฑ์", "เรือดำน้ำ", "1 2345 67890 12 3", "081-234-5678"):
        somchai.get(f"/search?q={query}")
    somchai.get("/search?q=เรือดำน้ำ&page=2")
    somchai.get("/search?q=เรือดำน้ำ&kind=article")
    somchai.client.get("/search?q=เรือดำน้ำ", headers={"Sec-Purpose": "prefetch"})
    assert asked(office) == {"ครุภัณฑ์": (2, 0), "เรือดำน้ำ": (1, 1)}
    assert set(SearchLine.__table__.columns.keys()) == {"on", "query", "asked", "empty"}


def test_gaps_come_most_asked_first_and_decided_ones_last(office: Office):
    today = office.clock.today()
    with office.session() as db:
        for query, times in (("ก", 1), ("ข", 3), ("ค", 2)):
            for _ in range(times):
                log.note(db, query, found=False, on=today)
        log.note(db, "พบแล้ว", found=True, on=today)
        assert [(gap.query, gap.times) for gap in log.gaps(db, today)] == [("ข", 3), ("ค", 2), ("ก", 1)]
    secretary = Browser(app_of(office), SECRETARY)
    form = {"q": "ข", "state": "topic", "note": "ให้กองคลังรวบรวม"}
    assert Browser(app_of(office), SOMCHAI).post("/search/gaps", form, page="/search?q=x").status_code == 403
    assert secretary.post("/search/gaps", form, page="/search/gaps").status_code == 302
    with office.session() as db:
        assert [gap.query for gap in log.gaps(db, today)] == ["ค", "ก", "ข"]
        assert [topic.query for topic in log.wanted_topics(db)] == ["ข"]
    assert "ให้กองคลังรวบรวม" in secretary.get("/search/gaps").text


def test_an_expert_is_asked_to_write(office: Office):
    secretary = Browser(app_of(office), SECRETARY)
    with office.session() as db:
        log.note(db, "เรือดำน้ำ", found=False, on=office.clock.today())
    secretary.post("/search/gaps", {"q": "เรือดำน้ำ", "state": "asked", "note": "ไม่มีคนนี้"}, page="/search/gaps")
    with office.session() as db:
        assert db.scalar(select(SearchGap)) is None
    secretary.post("/search/gaps", {"q": "เรือดำน้ำ", "state": "asked", "note": MALEE}, page="/search/gaps")
    with office.session() as db:
        told = db.scalars(select(Notification)).one()
        assert "เรือดำน้ำ" in told.text and told.url.startswith("/articles/new?title=")
    assert "เรือดำน้ำ" in Browser(app_of(office), MALEE).get(told.url).text


def test_a_gap_becomes_a_synonym_that_finds_at_once(lite_office: Office):
    load(lite_office, article("A", body="เขียนเรื่องเครื่องสูบน้ำไว้"))
    assert ask(lite_office, "ปั๊มบาดาล").full == 0
    secretary = Browser(app_of(lite_office), SECRETARY)
    secretary.post("/search/gaps", {"q": "ปั๊มบาดาล", "state": "synonym", "note": "เครื่องสูบน้ำ"}, page="/search/gaps")
    answer = ask(lite_office, "ปั๊มบาดาล")
    assert (codes(answer), answer.full) == (["A"], 1)
    assert any("ใช้แทนกันกับ" in reason for reason in answer.hits[0].why)
    with lite_office.session() as db:
        assert "ปั๊มบาดาล = เครื่องสูบน้ำ" in dictionary.current(db)["synonyms"]


def test_words_are_looked_at_first_then_saved_and_the_index_follows(lite_office: Office):
    load(lite_office, article("A", body="ลานกะโตกเปิดทุกวัน"), article("B", body="กะโตกใบใหม่"))
    assert lite_office.indexer.catch_up()
    before = lite_office.engine.build_name()
    secretary = Browser(app_of(lite_office), SECRETARY)
    path = "/search/dictionary/words"
    with lite_office.session() as db:
        text = dictionary.current(db)["words"] + "\nลานกะโตก\n"
    looked = secretary.post(path, {"text": text, "act": "look"})
    assert "ผลของการแก้" in looked.text and "ลานกะโตก" in looked.text
    assert lite_office.indexer.catch_up() and lite_office.engine.build_name() == before
    assert secretary.post(path, {"text": text, "act": "save"}).status_code == 302
    assert ask(lite_office, "กะโตก").full == 2
    assert lite_office.engine.build_name() != before
    assert "ลานกะโตก" in lite_office.engine.words.tokens("เปิดลานกะโตกแล้ว")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("synonyms", "ก = ข\nค", "บรรทัดที่ 2"),
        ("synonyms", "ก = ข\nข = ค", "“ข” อยู่ทั้งบรรทัดที่ 1 และ 2"),
        ("words", "หัวปลา\nก = ข", "บรรทัดที่ 2"),
        ("words", "ก" * 61, "บรรทัดที่ 1"),
    ],
)
def test_what_cannot_be_a_dictionary_is_told_and_kept(lite_office: Office, name: str, text: str, said: str):
    secretary = Browser(app_of(lite_office), SECRETARY)
    answer = secretary.post(f"/search/dictionary/{name}", {"text": text, "act": "save"})
    assert answer.status_code == 422
    assert said in answer.text and text.splitlines()[-1] in answer.text
    with lite_office.session() as db:
        assert dictionary.current(db)[name] == dict(zip(dictionary.NAMES, dictionary.shipped(), strict=True))[name]


def test_the_dictionary_is_for_its_keepers(lite_office: Office):
    for path in ("/search/gaps", "/search/dictionary/words"):
        assert Browser(app_of(lite_office), SOMCHAI).get(path).status_code == 403
    assert Browser(app_of(lite_office), SECRETARY).get("/search/dictionary/other").status_code == 404
