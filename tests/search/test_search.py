"""Thai search: what must be found, what must not, and what happens when the index is gone."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.core.outbox import OutboxLine
from app.office import Office
from app.people.models import VISITOR, Staff, Viewer
from app.search.query import Window
from app.viewing import load_viewer
from tests.conftest import Browser, app_of
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, article, group, load, thread


def viewer(office: Office, code: str) -> Viewer:
    with office.session() as db:
        return load_viewer(db, db.scalars(select(Staff).where(Staff.code == code)).one(), office.clock.today())


def found(office: Office, query: str, who: Viewer = VISITOR, *, indexed: bool = True) -> list[str]:
    """Codes of what a person finds, best first."""
    if indexed:
        assert office.indexer.catch_up()
    with office.session() as db:
        answer = office.search.find(db, query, who, Window(limit=50))
    assert answer.ready
    assert answer.total == len(answer.hits)
    return [hit.code for hit in answer.hits if hit.kind != "person"]


CASES = [
    ("อบรม", "โครงการฝึกอบรมพนักงานใหม่", True),
    ("ฝึกอบรม", "ได้ไปฝึกแล้วอบรมต่อ", True),
    ("2546", "พระราชกฤษฎีกา พ.ศ. ๒๕๔๖", True),
    ("๒๕๔๖", "พระราชกฤษฎีกา พ.ศ. 2546", True),
    ("กำลังใจ", "ขวัญและก\u0e4d\u0e32ลังใจ", True),
    ("ก\u0e4d\u0e32ลังใจ", "ขวัญและกำลังใจ", True),
    ("กำลังใจ", "ขวัญและก\u200bำลังใจ", True),
    ("น้ำท่วม", "น\uf70bำท่วมซอยวัด", True),
    ("ทะเบียน", "ย้ายทะเบียนบ้านปลายทาง", True),
    ("จัดจ้าง", "งานจัดซื้อจัดจ้างของกองคลัง", True),
    ("จัดซื้อจัดจ้าง", "จัดซื้อ จัดจ้าง", True),
    ("นา", "พัฒนางานและสัมมนา", False),
    ("นา", "ทำ นา ปีละครั้ง", True),
    ("ใบเสร็จ", "ใบเสร็จรับเงินหาย", True),
    ("km", "แผน KM ของเทศบาล", True),
    ("มาตรา 11", "ตามมาตรา ๑๑ กำหนดให้ส่วนราชการ", True),
    ("หัวปลา", "กำหนดหัวปลาของกลุ่ม", True),
    ("ศูนย์เด็กเล็ก น้ำท่วม", "น้ำท่วมหน้าศูนย์เด็กเล็ก", True),
    ("ไฟไหม้", "น้ำท่วมหน้าศูนย์เด็กเล็ก", False),
    ("ราคากลาง", "คำนวณราคากลางงานถนน", True),
    ("เว็บไซต์", "ประกาศบนเว็ปไซค์เทศบาล", True),
]


@pytest.mark.parametrize(("query", "body", "expected"), CASES)
def test_thai_words(lite_office: Office, query: str, body: str, expected: bool):
    load(
        lite_office, article("HIT", body=body, title="เรื่องหนึ่ง"), article("OTHER", body="ปลูกต้นไม้ริมคลอง", title="เรื่องสอง")
    )
    assert found(lite_office, query) == (["HIT"] if expected else [])


def test_title_and_exact_words_come_first(lite_office: Office):
    load(
        lite_office,
        article("BODY", title="งานคลัง", body="กล่าวถึงการเบิกจ่ายและค่าเดินทางไว้สั้น ๆ"),
        article("TITLE", title="ค่าเดินทางไปราชการ", body="วิธีเบิกค่าเดินทาง"),
    )
    assert found(lite_office, "ค่าเดินทาง")[0] == "TITLE"


def test_snippet_marks_matches_and_escapes(lite_office: Office):
    load(lite_office, article("A", body="ก่อนหน้า " * 60 + "ฝึกอบรม <script>alert(1)</script> จบ"))
    lite_office.indexer.catch_up()
    page = app_of(lite_office).test_client().get("/search?q=อบรม").text
    assert "<mark>อบรม</mark>" in page or "<mark>ฝึกอบรม</mark>" in page
    assert "<script>alert" not in page
    assert "พบ 1 เรื่อง" in page


def test_what_a_person_may_not_read_is_neither_found_nor_counted(office: Office):
    load(office, group("OPEN"), group("ASK", "request"), group("HID", "secret"))
    load(
        office,
        article("PUB", body="พัสดุครุภัณฑ์"),
        article("STAFF", body="พัสดุครุภัณฑ์", visibility="staff"),
        article("GROUP", body="พัสดุครุภัณฑ์", visibility="group", group="HID"),
        article("DRAFT", body="พัสดุครุภัณฑ์", state="draft", first_published_on=None, author=MALEE),
        *(thread(f"T-{code}", code, body="พัสดุครุภัณฑ์") for code in ("OPEN", "ASK", "HID")),
    )
    assert set(found(office, "ครุภัณฑ์")) == {"PUB"}
    assert set(found(office, "ครุภัณฑ์", viewer(office, WICHAI))) == {"PUB", "STAFF", "T-OPEN"}
    assert set(found(office, "ครุภัณฑ์", viewer(office, SECRETARY))) == {"PUB", "STAFF", "T-OPEN"}
    assert set(found(office, "ครุภัณฑ์", viewer(office, SOMCHAI))) == {"PUB", "STAFF", "GROUP", "T-OPEN", "T-ASK", "T-HID"}
    assert set(found(office, "ครุภัณฑ์", viewer(office, MALEE))) == {
        "PUB", "STAFF", "GROUP", "DRAFT", "T-OPEN", "T-ASK", "T-HID",
    }  # fmt: skip


def test_a_narrowed_article_is_hidden_before_the_index_knows(lite_office: Office):
    load(lite_office, article("A", body="พัสดุครุภัณฑ์"))
    assert found(lite_office, "ครุภัณฑ์") == ["A"]
    load(lite_office, article("A", body="พัสดุครุภัณฑ์", visibility="staff"), update=True)
    assert found(lite_office, "ครุภัณฑ์", indexed=False) == []
    assert found(lite_office, "ครุภัณฑ์", viewer(lite_office, WICHAI), indexed=False) == ["A"]


def test_deleted_index_says_it_is_rebuilding_and_rebuilds(lite_office: Office):
    load(lite_office, article("A", body="พัสดุครุภัณฑ์"))
    assert found(lite_office, "ครุภัณฑ์") == ["A"]
    shutil.rmtree(lite_office.config.index)
    client = app_of(lite_office).test_client()
    answer = client.get("/search?q=ครุภัณฑ์")
    assert answer.status_code == 200
    assert "กำลังสร้างดัชนีค้นหาใหม่" in answer.text
    assert client.get("/articles/A", follow_redirects=True).status_code == 200
    assert found(lite_office, "ครุภัณฑ์") == ["A"]


# Whoosh leaves the damaged file open when reading it fails.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_damaged_index_is_taken_out_of_use_and_rebuilt(lite_office: Office):
    load(lite_office, article("A", body="พัสดุครุภัณฑ์"))
    assert found(lite_office, "ครุภัณฑ์") == ["A"]
    for path in lite_office.config.index.rglob("*"):
        if path.is_file() and path.name != "CURRENT":
            path.write_bytes(b"\x00" * 64)
    lite_office.engine._let_go()
    client = app_of(lite_office).test_client()
    assert "กำลังสร้างดัชนีค้นหาใหม่" in client.get("/search?q=ครุภัณฑ์").text
    assert found(lite_office, "ครุภัณฑ์") == ["A"]


def test_saving_neither_waits_for_nor_fails_with_the_index(lite_office: Office):
    lite_office.config.index.parent.mkdir(parents=True, exist_ok=True)
    lite_office.config.index.write_text("a file where the folder should be")
    somchai = Browser(app_of(lite_office), SOMCHAI)
    form = {"title": "บันทึกได้", "body": "เนื้อหา", "visibility": "public", "group_id": "0", "act": "publish"}
    assert somchai.post("/articles/new", form).status_code == 302
    with lite_office.session() as db:
        articles = select(func.count()).select_from(OutboxLine).where(OutboxLine.key.startswith("article:"))
        assert db.scalar(articles) == 1
    lite_office.config.index.unlink()
    assert len(found(lite_office, "บันทึก")) == 1


def test_a_dead_writer_loses_nothing(office: Office):
    load(office, article("A", body="พัสดุครุภัณฑ์"))
    office.indexer.catch_up()
    load(office, article("B", body="พัสดุครุภัณฑ์"))

    def dies(_documents, _gone):
        raise KeyboardInterrupt

    kept, office.engine.update = office.engine.update, dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        office.indexer.catch_up()
    office.engine.update = kept  # type: ignore[method-assign]
    assert set(found(office, "ครุภัณฑ์")) == {"A", "B"}
    with office.session() as db:
        assert db.scalar(select(func.count()).select_from(OutboxLine)) == 0


def test_second_writer_stands_back(lite_office: Office):
    with lite_office.engine.writing_alone() as first, lite_office.engine.writing_alone() as second:
        assert (first, second) == (True, False)
        assert lite_office.indexer.catch_up() is False


def test_reindex_equals_what_was_indexed_step_by_step(lite_office: Office):
    load(lite_office, group(), thread(), article("A"))
    lite_office.indexer.catch_up()
    load(lite_office, article("B"))
    lite_office.indexer.catch_up()
    assert lite_office.indexer.missing_keys() == set()
    before = lite_office.engine.keys()
    assert lite_office.indexer.reindex()
    assert lite_office.engine.keys() == before


@pytest.mark.parametrize(
    "query", ["*", "a*", 'r"[]"', "ก" * 10_000, '"', "((", "่้๊๋", "\x00", "ๆฯ", "AND OR NOT", "   ", "-", "[[", "คำ:คำ"]
)
def test_odd_queries_answer(lite_office: Office, query: str):
    load(lite_office, article("A"))
    lite_office.indexer.catch_up()
    with lite_office.session() as db:
        assert lite_office.search.find(db, query, VISITOR).ready


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_any_text_answers(lite_office: Office, query: str):
    lite_office.indexer.catch_up()
    with lite_office.session() as db:
        assert lite_office.search.find(db, query, VISITOR).ready


def test_contained_words_tile_their_compound(lite_office: Office):
    words = lite_office.engine.words
    assert words.inside("ฝึกอบรม") == ("ฝึก", "อบรม")
    assert words.inside("ไฟฟ้า") == ("ไฟ", "ฟ้า")
    assert words.inside("พัฒนา") == ()
    assert words.inside("ส่งเสริม") == ("ส่ง", "เสริม")
    assert words.inside("1,234") == ("1234",)
    assert "หัวปลา" in words.tokens("ตกลงหัวปลาก่อน")


def test_index_of_another_dictionary_is_not_used(lite_office: Office):
    load(lite_office, article("A", body="พัสดุครุภัณฑ์"))
    lite_office.indexer.catch_up()
    current = lite_office.config.index / "CURRENT"
    name = current.read_text()
    (lite_office.config.index / name).rename(lite_office.config.index / "0000-old")
    current.write_text("0000-old")
    assert lite_office.engine.build_name() is None
    assert found(lite_office, "ครุภัณฑ์") == ["A"]
