"""Life of an article beside its text: read again, retired with an heir, restored, linked, filed, commented, acknowledged."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import date

import pytest
from sqlalchemy import func, select

from app.knowledge.models import Application, Article, ArticleComment, Category, ReadRequest
from app.notifications.models import Notification
from app.office import Office
from tests.conftest import Browser, app_of
from tests.indicators.reading import count
from tests.knowledge.checked import CHECKED, HEAD, OPEN, checked_office, form, state, submit
from tests.knowledge.test_articles import PNG
from tests.personas import ADMIN, MALEE, SECRETARY, SOMCHAI, WICHAI, article, group, load


def test_confirmed_as_valid_it_counts_again_and_reminds_anew(office: Office):
    load(office, article("A", review_approved_on="2015-02-01", review_due_on="2015-09-29"))
    assert count(office, "A3") == 0
    office.chores()
    somchai = Browser(app_of(office), SOMCHAI)
    assert "เลยกำหนดทบทวนแล้ว" in somchai.get("/notifications").text
    assert "ถึงกำหนดทบทวน" in somchai.get("/").text and "เลยกำหนดทบทวน" in somchai.get("/articles/A").text
    office.chores()
    with office.session() as db:
        assert db.scalar(select(func.count()).select_from(Notification)) == 1
    somchai.post("/articles/A/still-valid", {"until": ""})
    assert count(office, "A3") == 1
    with office.session() as db:
        assert db.scalars(select(Article.review_due_on)).one() == date(2016, 9, 29)
    assert "ถึงกำหนดทบทวน" not in somchai.get("/").text
    assert Browser(app_of(office), WICHAI).post("/articles/A/still-valid").status_code == 403


@pytest.mark.parametrize("until", ["2015-09-30", "2031-01-01", "อีกหน่อย"])
def test_a_review_date_that_cannot_be_is_said(office: Office, until: str):
    load(office, article("A"))
    somchai = Browser(app_of(office), SOMCHAI)
    somchai.post("/articles/A/still-valid", {"until": until})
    page = somchai.get("/articles/A").text
    assert "วันทบทวนครั้งต่อไปต้องอยู่ข้างหน้า" in page or "อ่านวันที่นี้ไม่ได้" in page


def test_retired_with_an_heir_that_only_its_readers_see(office: Office):
    load(office, group("HID", "secret"), article("A"), article("B"), article("G", visibility="group", group="HID"))
    app = app_of(office)
    somchai = Browser(app, SOMCHAI)
    wrong = somchai.post("/articles/A/retire", {"reason": "มีระเบียบใหม่", "successor": "ไม่มีเรื่องนี้"})
    assert wrong.status_code == 400 and "ไม่พบเรื่องที่ใช้แทน" in wrong.text and 'value="มีระเบียบใหม่"' in wrong.text
    somchai.post("/articles/A/retire", {"reason": "มีระเบียบใหม่", "successor": "เรื่อง B"})
    assert "อ่านเรื่องที่ใช้แทน" in Browser(app).get("/articles/A").text
    somchai.post("/articles/B/retire", {"reason": "ย้ายไปในกลุ่ม", "successor": "/articles/G"})
    assert "เรื่อง G" in somchai.get("/articles/B").text
    assert "เรื่อง G" not in Browser(app, WICHAI).get("/articles/B").text


def test_bin_is_ones_own_and_gives_back(office: Office):
    app = app_of(office)
    somchai, malee = Browser(app, SOMCHAI), Browser(app, MALEE)
    somchai.post("/articles/new", form(category="", act="draft", title="ร่างที่ทิ้ง"))
    with office.session() as db:
        code = db.scalars(select(Article.code)).one()
    somchai.post(f"/articles/{code}/delete")
    assert somchai.get(f"/articles/{code}").status_code == 404
    assert "ร่างที่ทิ้ง" in somchai.get("/articles/bin").text
    assert "ร่างที่ทิ้ง" not in malee.get("/articles/bin").text
    assert malee.post(f"/articles/{code}/undelete").status_code == 404
    assert somchai.post(f"/articles/{code}/undelete").status_code == 302
    assert "ร่างที่ทิ้ง" in somchai.get(f"/articles/{code}/edit").text


def test_links_lead_on_after_a_new_name_and_wanted_pages_are_listed(office: Office):
    load(office, article("A", title="ชื่อแรก"), article("B", body="ดู [[ชื่อแรก]] และ [[ยังไม่มี]]"))
    app = app_of(office)
    somchai = Browser(app, SOMCHAI)
    somchai.post("/articles/A/edit", form(title="ชื่อหลัง", category=OPEN, body="เนื้อหา", version="1"))
    assert somchai.get("/wiki/ชื่อแรก").request.path.startswith("/articles/A/")
    assert "เรื่อง B" in somchai.get("/articles/A").text  # Linked under its old name.
    wanted = somchai.get("/articles/links").text
    assert "ยังไม่มี" in wanted and "ชื่อแรก" not in wanted
    assert 'value="ยังไม่มี"' in somchai.get("/articles/new?title=ยังไม่มี").text


def test_backlinks_and_wanted_pages_of_a_closed_group_stay_in_it(office: Office):
    load(office, group("HID", "secret"), article("A"))
    load(office, article("G", visibility="group", group="HID", body="[[เรื่อง A]] [[ลับในกลุ่ม]]"))
    app = app_of(office)
    assert "เรื่อง G" in Browser(app, MALEE).get("/articles/A").text
    assert "ลับในกลุ่ม" in Browser(app, MALEE).get("/articles/links").text
    assert "เรื่อง G" not in Browser(app, WICHAI).get("/articles/A").text
    assert "ลับในกลุ่ม" not in Browser(app, WICHAI).get("/articles/links").text


def test_links_that_lead_nowhere_are_listed_with_why(office: Office):
    load(
        office,
        article("OLD", state="retired"),
        article("A", body="[ก](/articles/OLD) [ข](/articles/NONE) ![ค](none.png)"),
    )
    page = Browser(app_of(office), SECRETARY).get("/articles/links").text
    for words in ("บทความนี้เลิกใช้แล้ว", "ไม่มีบทความนี้", "ไม่พบไฟล์แนบ", "none.png"):
        assert words in page


def test_parts_of_a_series_lead_to_each_other_in_order(office: Office):
    load(office, *(article(code) for code in "ABC"))
    somchai = Browser(app_of(office), SOMCHAI)
    for code, number in (("A", "2"), ("B", "1"), ("C", "3")):
        somchai.post(
            f"/articles/{code}/edit",
            form(title=f"เรื่อง {code}", category=OPEN, series="ชุดน้ำ", series_number=number, version="1"),
        )
    page = Browser(app_of(office)).get("/articles/A").text
    assert page.index("ชุด ชุดน้ำ") and "← เรื่อง B" in page and "เรื่อง C →" in page
    bad = somchai.post(
        "/articles/A/edit", form(title="เรื่อง A", category=OPEN, series="ชุดน้ำ", series_number="0", version="2")
    )
    assert bad.status_code == 400 and "ตอนที่ต้องเป็นเลข" in bad.text


def test_related_articles_share_words_and_are_readable(office: Office):
    load(
        office, group("HID", "secret"), article("A", title="การเบิกจ่ายค่าเดินทางไปราชการ", body="เบิกจ่ายค่าเดินทาง"),
        article("B", title="แบบฟอร์มเบิกจ่ายค่าเดินทาง", body="แบบฟอร์มค่าเดินทางไปราชการ"),
        article("C", title="การคัดแยกขยะ", body="ถังขยะสี่สี"),
        article("G", title="ค่าเดินทางในกลุ่มลับ", body="ค่าเดินทางไปราชการ", visibility="group", group="HID"),
    )  # fmt: skip
    office.indexer.catch_up()
    page = Browser(app_of(office), WICHAI).get("/articles/A").text
    assert "เรื่องใกล้เคียง" in page and "แบบฟอร์มเบิกจ่าย" in page and "ในกลุ่มลับ" not in page


# --- categories ---


def test_tree_of_categories_is_kept_by_the_secretary(office: Office):
    load(office, article("A"))
    app = app_of(office)
    secretary = Browser(app, SECRETARY)
    assert Browser(app, WICHAI).get("/categories").status_code == 403
    secretary.post("/categories", {"name": "พัสดุ", "parent": "1", "policy": "one"}, page="/categories")
    with office.session() as db:
        child = db.scalars(select(Category).where(Category.name == "พัสดุ")).one()
        assert (child.parent_id, child.policy) == (1, "one")
    taken = secretary.post("/categories", {"name": "พัสดุ", "parent": "0", "policy": "none"}, page="/categories")
    assert taken.status_code == 400 and "มีหมวดชื่อนี้แล้ว" in taken.text
    secretary.post("/categories/1", {"act": "save", "name": OPEN, "parent": "2", "policy": "none"})
    assert "หมวดแม่ต้อง" in secretary.get("/categories").text  # Its own child cannot be above it.
    secretary.post("/categories/1", {"act": "save", "name": "จัดการความรู้", "parent": "0", "policy": "none"})
    assert "จัดการความรู้" in Browser(app).get("/articles/A").text
    secretary.post("/categories/1", {"act": "remove"})
    assert "ลบได้เฉพาะหมวดที่ว่าง" in secretary.get("/categories").text
    secretary.post("/categories/1", {"act": "merge", "parent": "2"})
    assert "หมวดปลายทางที่ไม่ใช่" in secretary.get("/categories").text


def test_merging_moves_articles_waiting_texts_and_the_stricter_policy(office: Office):
    checked_office(office)
    app = app_of(office)
    secretary = Browser(app, SECRETARY)
    code = submit(Browser(app, SOMCHAI))
    with office.session() as db:
        ids = {name: number for number, name in db.execute(select(Category.id, Category.name))}
    secretary.post(f"/categories/{ids[CHECKED]}", {"act": "merge", "parent": str(ids[OPEN])})
    with office.session() as db:
        left = db.execute(select(Category.name, Category.policy)).all()
    assert [tuple(one) for one in left] == [(OPEN, "one")]
    secretary.post(f"/articles/{code}/review/approve", {"review": "1"})
    assert state(office, code)[0] == "published"
    assert OPEN in Browser(app).get(f"/articles/{code}").text
    assert "ระเบียบเก่า" in Browser(app).get(f"/articles?category={OPEN}").text
    with office.session() as db:
        assert db.scalar(select(func.count()).select_from(Category)) == 1


def test_a_category_named_by_a_waiting_text_is_not_removed(office: Office):
    checked_office(office)
    app = app_of(office)
    secretary = Browser(app, SECRETARY)
    secretary.post("/categories", {"name": "ใหม่เอี่ยม", "parent": "0", "policy": "one"}, page="/categories")
    Browser(app, MALEE).post("/articles/OLD/edit", form(title="ระเบียบเก่า", category="ใหม่เอี่ยม", version="1"))
    with office.session() as db:
        number = db.scalars(select(Category.id).where(Category.name == "ใหม่เอี่ยม")).one()
    secretary.post(f"/categories/{number}", {"act": "remove"})
    assert "ลบได้เฉพาะหมวดที่ว่าง" in secretary.get("/categories").text
    secretary.post(f"/categories/{number}", {"act": "save", "name": "ชื่อใหม่", "parent": "0", "policy": "one"})
    secretary.post("/articles/OLD/review/approve", {"review": "1"})
    assert "ชื่อใหม่" in Browser(app).get("/articles/OLD").text


def test_writers_choose_from_the_tree_and_do_not_add_to_it(office: Office):
    load(office, article("A"))
    answer = Browser(app_of(office), SOMCHAI).post("/articles/new", form(category="หมวดที่คิดเอง"))
    assert answer.status_code == 400 and "ยังไม่มีหมวด “หมวดที่คิดเอง”" in answer.text and "เนื้อหาของระเบียบใหม่" in answer.text


# --- comments, and asking to read ---


def test_comment_tells_the_author_and_those_named_and_becomes_a_thread_once(office: Office):
    load(office, group(), article("A"))
    app = app_of(office)
    malee, somchai = Browser(app, MALEE), Browser(app, SOMCHAI)
    malee.post("/articles/A/comments", {"body": "ใช้กับ @วิชัย ทองแท้ ได้ไหม <script>alert(1)</script>"})
    page = somchai.get("/articles/A").text
    assert "ใช้กับ" in page and "<script>alert" not in page
    assert "ให้ความเห็นในบทความของท่าน" in somchai.get("/notifications").text
    assert "เอ่ยถึงท่านใต้บทความ" in Browser(app, WICHAI).get("/notifications").text
    answer = malee.post("/articles/A/comments/1/thread", {"group": "G1"})
    thread = malee.get(answer.headers["Location"]).text
    assert "ใช้กับ" in thread and "/articles/A" in thread
    malee.post("/articles/A/comments/1/thread", {"group": "G1"})
    assert "เปิดเป็นกระทู้แล้ว" in malee.get("/articles/A").text
    with office.session() as db:
        assert db.scalars(select(ArticleComment.thread_id)).one() == 1


def test_comment_is_taken_back_by_its_writer_and_seen_by_readers_only(office: Office):
    load(office, group("HID", "secret"), article("G", visibility="group", group="HID"))
    app = app_of(office)
    malee, somchai, wichai = Browser(app, MALEE), Browser(app, SOMCHAI), Browser(app, WICHAI)
    malee.post("/articles/G/comments", {"body": "คุยกันในกลุ่ม"})
    assert wichai.post("/articles/G/comments", {"body": "x"}).status_code == 404
    assert somchai.post("/articles/G/comments/1/take-back").status_code == 403
    malee.post("/articles/G/comments/1/take-back")
    page = somchai.get("/articles/G").text
    assert "คุยกันในกลุ่ม" not in page and "ถอนความเห็นนี้แล้ว" in page
    empty = malee.post("/articles/G/comments", {"body": "  "})
    assert "ความเห็นยังว่างอยู่" in malee.get(empty.headers["Location"]).text


def test_comment_of_a_group_article_opens_a_thread_in_that_group_only(office: Office):
    load(office, group("HID", "secret"), group("G1"), article("G", visibility="group", group="HID"))
    malee = Browser(app_of(office), MALEE)
    malee.post("/articles/G/comments", {"body": "ความใน"})
    malee.post("/articles/G/comments/1/thread", {"group": "G1"})
    assert "เปิดกระทู้ได้ในกลุ่มนั้นเท่านั้น" in malee.get("/articles/G").text
    assert malee.post("/articles/G/comments/1/thread", {"group": "HID"}).headers["Location"].startswith("/threads/")


def test_a_head_asks_the_department_to_read_and_sees_who_did(office: Office):
    checked_office(office)
    app = app_of(office)
    head, somchai = Browser(app, HEAD), Browser(app, SOMCHAI)
    # Wichai serves in another department: he is not the head's to ask.
    head.post("/articles/FREE/read-requests", {"people": ["1", "2", "3"], "due_on": "2015-10-10"})
    with office.session() as db:
        assert sorted(db.scalars(select(ReadRequest.staff_id))) == [1, 2]
    assert "โปรดอ่านและรับทราบ" in somchai.get("/").text and "ภายใน 10 ต.ค. 2558" in somchai.get("/articles/FREE").text
    assert "ยังไม่รับทราบ" in head.get("/articles/FREE").text
    somchai.post("/articles/FREE/confirm")
    assert "ท่านรับทราบแล้ว" in somchai.get("/articles/FREE").text and "โปรดอ่านและรับทราบ" not in somchai.get("/").text
    assert head.get("/articles/FREE").text.count("ยังไม่รับทราบ") == 1
    assert Browser(app, WICHAI).post("/articles/FREE/confirm").status_code == 404
    assert somchai.post("/articles/FREE/read-requests", {"people": ["2"]}).status_code == 403
    head.post("/articles/FREE/read-requests", {"people": ["1"]})
    assert "ได้รับคำขอไปแล้ว" in head.get("/articles/FREE").text


def test_only_members_are_asked_to_read_what_is_kept_to_a_group(office: Office):
    load(office, group("HID", "secret", members=[SOMCHAI, SECRETARY]), article("G", visibility="group", group="HID"))
    secretary = Browser(app_of(office), SECRETARY)
    secretary.post("/articles/G/read-requests", {"people": ["1", "3"]})
    with office.session() as db:
        assert db.scalars(select(ReadRequest.staff_id)).all() == [1]


# --- applied, templates, files ---


def test_application_keeps_where_what_result_and_file_and_stands_on_the_card_once_verified(office: Office):
    load(office, article("A", author=MALEE))
    app = app_of(office)
    somchai = Browser(app, SOMCHAI)
    given = {"on": "2015-09-01", "place": "งานพัสดุ", "note": "ใช้แบบฟอร์มใหม่", "result": "เสร็จเร็วขึ้นหนึ่งวัน"}
    somchai.post("/articles/A/apply", {**given, "file": (io.BytesIO(PNG), "x.png")}, content_type="multipart/form-data")
    page = somchai.get("/articles/A").text
    assert all(words in page for words in ("งานพัสดุ", "ใช้แบบฟอร์มใหม่", "เสร็จเร็วขึ้นหนึ่งวัน", "รอตรวจ"))
    assert "นำความรู้ไปใช้" not in somchai.get("/people/S1").text
    with office.session() as db:
        one = db.scalars(select(Application)).one()
        assert len(one.file_sha256 or "") == 64
    wichai = Browser(app, WICHAI)  # A head verifies.
    wichai.post(f"/records/application/{one.id}/verify", page="/records/application")
    assert count(office, "A3") == 1 and count(office, "A7") == 2  # Its publication, and this.
    assert "เสร็จเร็วขึ้นหนึ่งวัน" in wichai.get("/people/S1").text


def test_templates_are_edited_by_the_secretary_and_used_at_once(office: Office):
    app = app_of(office)
    secretary, somchai = Browser(app, SECRETARY), Browser(app, SOMCHAI)
    assert somchai.get("/templates").status_code == 403
    text = "---\nname: รายงานลงพื้นที่\ndescription: หลังออกสำรวจ\n---\n## พบอะไร\n*เล่าสั้น ๆ*\n\n## ทำต่ออย่างไร\n*บอกก้าวแรก*\n"
    secretary.post("/templates", {"key": "field-visit", "text": text}, page="/templates")
    editor = somchai.get("/articles/new?template=field-visit").text
    assert "รายงานลงพื้นที่" in editor and "## พบอะไร" in editor and "ทำต่ออย่างไร" in editor
    kept = somchai.post("/articles/new", form(category="", template="field-visit", body="## พบอะไร\n*เล่าสั้น ๆ*"))
    assert kept.status_code == 400 and "ยังมีคำแนะนำของแบบ" in kept.text
    wrong = secretary.post("/templates/field-visit", {"text": "ไม่มีหัว", "act": "save"}, page="/templates")
    assert wrong.status_code == 400 and "แบบต้องขึ้นต้นด้วยบรรทัด ---" in wrong.text and "ไม่มีหัว" in wrong.text
    for bad in (
        "---\nname: x\ndescription: 2558-13-45\n---\nx",
        "---\n" + "[" * 3000 + "\n---\nx",
        "---\nname:\n---\n",
    ):
        assert (
            secretary.post("/templates/field-visit", {"text": bad, "act": "save"}, page="/templates").status_code == 400
        )
    secretary.post("/templates/procedure", {"act": "hide"}, page="/templates")
    assert "ขั้นตอนการปฏิบัติงาน" not in somchai.get("/articles/new").text
    secretary.post("/templates/procedure", {"act": "reset"}, page="/templates")
    assert "ขั้นตอนการปฏิบัติงาน" in somchai.get("/articles/new").text


def test_checklist_ticks_what_was_written(office: Office):
    somchai = Browser(app_of(office), SOMCHAI)
    answer = somchai.post(
        "/articles/preview", {"body": "## ใช้เมื่อใด\n\nเมื่อประชาชนยื่นคำร้อง\n\n## ขั้นตอน\n\n1. ", "template": "procedure", "code": ""},
        headers={"Accept": "application/json"},
    ).json  # fmt: skip
    filled = {one["name"]: one["filled"] for one in answer["sections"]}
    assert filled["ใช้เมื่อใด"] and not filled["ขั้นตอน"] and not filled["ต้องเตรียมอะไร"]
    assert answer["minutes"] == 1 and answer["words"] >= 6


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        # 1-1017-00230-70-? : 1*13+1*12+0*11+1*10+7*9+0*8+0*7+2*6+3*5+0*4+7*3+0*2 = 146; 146 % 11 = 3; 11 - 3 = 8.
        ("เลข 1-1017-00230-70-8 ของผู้ร้อง", "เลขประจำตัวประชาชน 1 แห่ง"),
        ("เลข ๑๑๐๑๗๐๐๒๓๐๗๐๘", "เลขประจำตัวประชาชน 1 แห่ง"),
        ("เลข 1-1017-00230-70-7", None),
        ("โทร 081-234-5678", "เบอร์โทรศัพท์มือถือ 1 แห่ง"),
        ("โทร 0-2345-6789 และหนังสือ 0808.2/ว 1234", None),
    ],
)
def test_personal_data_is_warned_of_before_publishing(office: Office, text: str, warned: str | None):
    somchai = Browser(app_of(office), SOMCHAI)
    answer = somchai.post("/articles/preview", {"body": text, "code": ""}, headers={"Accept": "application/json"}).json
    assert any(warned in one for one in answer["warnings"]) if warned else answer["warnings"] == []


@pytest.mark.slow
def test_large_pictures_shrink_and_forget_the_camera(office: Office):
    from PIL import Image

    load(office, article("A"))
    somchai = Browser(app_of(office), SOMCHAI)
    picture, exif = Image.new("RGB", (3000, 1500), "green"), Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "กล้องของฉัน"
    raw = io.BytesIO()
    picture.save(raw, "JPEG", exif=exif)
    raw.seek(0)
    somchai.post("/articles/A/files", {"file": (raw, "สวน.jpg"), "alt": "สวน"}, content_type="multipart/form-data")
    with Image.open(io.BytesIO(somchai.get("/articles/A/files/สวน.jpg").data)) as kept:
        assert kept.size == (1000, 2000) and not kept.getexif()  # Turned upright, at most 2,000 a side.
    # A small file whose header speaks of 60,000 x 60,000 points.
    header = b"IHDR" + struct.pack(">II", 60_000, 60_000) + PNG[24:29]
    bomb = io.BytesIO(PNG[:12] + header + struct.pack(">I", zlib.crc32(header)) + PNG[33:])
    answer = somchai.post(
        "/articles/A/files",
        {"file": (bomb, "b.png")},
        content_type="multipart/form-data",
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 400 and "ล้านจุด" in answer.json["error"]


def test_suggestions_name_only_what_one_may_read(office: Office):
    load(
        office, group("HID", "secret"), article("A"), article("G", visibility="group", group="HID", title="เรื่อง กลุ่มลับ")
    )
    app = app_of(office)
    assert [one["value"] for one in Browser(app, WICHAI).get("/articles/suggest?q=เรื่อง").json] == ["เรื่อง A"]
    assert len(Browser(app, MALEE).get("/articles/suggest?q=เรื่อง").json) == 2
    assert Browser(app, WICHAI).get("/articles/suggest?q=%25").json == []
    people = Browser(app, WICHAI).get("/articles/suggest?kind=people&q=มาลี").json
    assert people[0]["value"] == "มาลี แก้วใส"


@pytest.mark.parametrize("who", [SOMCHAI, ADMIN])
def test_numbers_too_large_for_any_database_are_not_found(office: Office, who: str):
    load(office, article("A"))
    browser = Browser(app_of(office), who)
    for path in ("/articles/A/comments/99999999999999999999/settle", "/notifications/99999999999999999999/open",
                 "/articles/A/comments/99999999999999999999/thread", "/categories/99999999999999999999"):  # fmt: skip
        assert browser.post(path).status_code == 404
