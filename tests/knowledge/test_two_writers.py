"""Two people in one article: what each changed is joined, what both changed is shown, nothing is lost in silence."""

from __future__ import annotations

from sqlalchemy import select

from app.knowledge.models import Article, ArticleCredit, ArticleTag, Revision
from app.office import Office
from tests.conftest import Browser, app_of
from tests.knowledge.checked import OPEN, checked_office, review_id, state, submit
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, article, group, load, staff

BASE = "## หนึ่ง\n\nย่อหน้าแรก\n\n## สอง\n\nย่อหน้าสอง"


def form(**more: str) -> dict[str, str]:
    return {"title": "เรื่อง A", "body": BASE, "visibility": "public", "group_id": "0", "category": "การจัดการความรู้",
            "act": "publish", "version": "1", **more}  # fmt: skip


def body_of(office: Office, code: str = "A") -> str:
    with office.session() as db:
        query = select(Revision.body).join(Article, Article.id == Revision.article_id).where(Article.code == code)
        return db.scalars(query.order_by(Revision.number.desc())).first() or ""


def article_of(office: Office, code: str = "A") -> Article:
    with office.session() as db:
        return db.scalars(select(Article).where(Article.code == code)).one()


def two(office: Office) -> tuple[Browser, Browser]:
    load(office, article("A", body=BASE, tags=["เดิม"]))
    app = app_of(office)
    return Browser(app, SOMCHAI), Browser(app, SECRETARY)


def test_changes_of_different_parts_are_saved_together(office: Office):
    somchai, secretary = two(office)
    secretary.post("/articles/A/edit", form(body=BASE.replace("ย่อหน้าแรก", "เลขาแก้แรก")))
    answer = somchai.post("/articles/A/edit", form(body=BASE.replace("ย่อหน้าสอง", "สมชายแก้สอง")))
    assert answer.status_code == 302
    assert body_of(office) == BASE.replace("ย่อหน้าแรก", "เลขาแก้แรก").replace("ย่อหน้าสอง", "สมชายแก้สอง")
    assert "รวมกับที่ เลขา รอบคอบ แก้ไว้" in somchai.get("/articles/A").text


def test_changes_of_one_line_are_shown_and_saved_as_chosen(office: Office):
    somchai, secretary = two(office)
    secretary.post("/articles/A/edit", form(body=BASE.replace("ย่อหน้าแรก", "ของเลขา") + "\n\nท้ายของเลขา"))
    mine = form(body=BASE.replace("ย่อหน้าแรก", "ของสมชาย"))
    answer = somchai.post("/articles/A/edit", mine)
    assert answer.status_code == 409
    assert (
        "ของเลขา" in answer.text and "ของสมชาย" in answer.text and 'name="choice-0" value="both" checked' in answer.text
    )
    assert "ของเลขา" in body_of(office) and "ของสมชาย" not in body_of(office)
    saved = somchai.post("/articles/A/edit", {**mine, "choice-0": "mine", "against": "2"})
    assert saved.status_code == 302
    assert body_of(office) == BASE.replace("ย่อหน้าแรก", "ของสมชาย") + "\n\nท้ายของเลขา"


def test_choices_made_beside_an_older_text_are_asked_again(office: Office):
    somchai, secretary = two(office)
    secretary.post("/articles/A/edit", form(body=BASE.replace("ย่อหน้าแรก", "ของเลขา")))
    mine = form(body=BASE.replace("ย่อหน้าแรก", "ของสมชาย"))
    assert somchai.post("/articles/A/edit", mine).status_code == 409
    secretary.post("/articles/A/edit", form(body=BASE.replace("ย่อหน้าแรก", "เลขาแก้อีก"), version="2"))
    again = somchai.post("/articles/A/edit", {**mine, "choice-0": "mine", "against": "2"})
    assert again.status_code == 409 and "เลขาแก้อีก" in again.text


def test_two_titles_are_a_conflict_even_when_the_texts_are_not(office: Office):
    somchai, secretary = two(office)
    secretary.post("/articles/A/edit", form(title="ชื่อของเลขา"))
    answer = somchai.post("/articles/A/edit", form(title="ชื่อของสมชาย"))
    assert answer.status_code == 409 and "ชื่อของเลขา" in answer.text and "ชื่อของสมชาย" in answer.text
    somchai.post("/articles/A/edit", form(title="ชื่อที่ตกลงกัน", **{"choice-0": "both", "against": "2"}))
    assert article_of(office).title == "ชื่อที่ตกลงกัน"


def test_category_readers_and_tags_of_the_other_stay(office: Office):
    somchai, secretary = two(office)
    secretary.post("/articles/A/edit", form(visibility="staff", tags="เดิม, ของเลขา", series="ชุดหนึ่ง", series_number="2"))
    somchai.post("/articles/A/edit", form(body=BASE + "\n\nเพิ่ม", tags="เดิม, ของสมชาย"))
    found = article_of(office)
    assert (found.visibility, found.series, found.series_number) == ("staff", "ชุดหนึ่ง", 2)
    with office.session() as db:
        assert set(db.scalars(select(ArticleTag.tag))) == {"เดิม", "ของเลขา", "ของสมชาย"}


def test_co_authors_named_by_two_people_are_both_kept(office: Office):
    somchai, secretary = two(office)
    secretary.post("/articles/A/edit", form(co_authors="มาลี แก้วใส"))
    somchai.post("/articles/A/edit", form(body=BASE + "\n\nเพิ่ม", co_authors="วิชัย ทองแท้"))
    with office.session() as db:
        assert sorted(db.scalars(select(ArticleCredit.staff_id))) == [2, 3]


def test_unknown_and_doubtful_names_of_co_authors_are_said(office: Office):
    somchai, _ = two(office)
    load(office, staff("S9", "นายวิชัย ทองแท้"))
    answer = somchai.post("/articles/A/edit", form(co_authors="ไม่มี คนนี้"))
    assert answer.status_code == 400 and "ไม่พบบุคลากรชื่อ ไม่มี คนนี้" in answer.text
    answer = somchai.post("/articles/A/edit", form(co_authors="วิชัย ทองแท้"))
    assert answer.status_code == 400 and "มากกว่าหนึ่งคน" in answer.text and "S9" not in answer.text
    assert somchai.post("/articles/A/edit", form(co_authors="S3")).status_code == 302


def test_a_review_date_confirmed_meanwhile_is_not_put_back(office: Office):
    load(office, article("A", body=BASE, review_due_on="2015-10-05"))
    app = app_of(office)
    somchai, secretary = Browser(app, SOMCHAI), Browser(app, SECRETARY)
    opened = somchai.get("/articles/A/edit").text
    assert "2015-10-05" in opened
    secretary.post("/articles/A/still-valid", {"until": "2016-09-01"})
    somchai.post("/articles/A/edit", form(body=BASE + "\n\nเพิ่ม", review_due_on="2015-10-05"))
    assert str(article_of(office).review_due_on) == "2016-09-01"


def test_a_save_that_removes_most_of_a_text_asks_first(office: Office):
    load(office, article("A", body="เนื้อหายาว " * 60))
    somchai = Browser(app_of(office), SOMCHAI)
    answer = somchai.post("/articles/A/edit", form(body="สั้น"))
    assert answer.status_code == 400 and "สั้นกว่าเดิมเกิน 90 %" in answer.text and "สั้น</textarea>" in answer.text
    assert somchai.post("/articles/A/edit", form(body="สั้น", shorter="y")).status_code == 302
    assert body_of(office) == "สั้น"


def test_a_refusal_shows_what_was_typed_again(office: Office):
    load(office, group("HID", "secret"), article("G", visibility="group", group="HID"))
    malee = Browser(app_of(office), MALEE)
    answer = malee.post("/articles/G/edit", form(title="เรื่อง G", body="ข้อความที่พิมพ์ไว้นาน", visibility="staff"))
    assert answer.status_code == 403 and "ข้อความที่พิมพ์ไว้นาน" in answer.text and "เฉพาะผู้เขียน" in answer.text


def test_autosave_is_ones_own_offered_with_a_difference_and_gone_once_saved(office: Office):
    somchai, secretary = two(office)
    typed = form(body=BASE + "\n\nยังไม่ได้บันทึก", code="A", changed="1")
    assert somchai.post("/articles/autosave", typed).json == {"others": [], "version": 1}
    assert "ยังไม่ได้บันทึก" not in secretary.get("/articles/A/edit").text
    page = somchai.get("/articles/A/edit").text
    assert "มีข้อความที่พิมพ์ไว้แต่ยังไม่ได้บันทึก" in page and "ดูความต่าง" in page
    assert "ยังไม่ได้บันทึก</textarea>" in somchai.get("/articles/A/edit?restore=1").text
    somchai.post("/articles/A/edit", form(body=BASE + "\n\nบันทึกแล้ว"))
    assert "มีข้อความที่พิมพ์ไว้" not in somchai.get("/articles/A/edit").text
    somchai.post("/articles/autosave", {**typed, "version": "2"})
    somchai.post("/articles/autosave/discard", {"code": "A"})
    assert "มีข้อความที่พิมพ์ไว้" not in somchai.get("/articles/A/edit").text


def test_unsaved_new_article_outlives_a_summary_of_a_thread(office: Office):
    from tests.personas import thread

    load(office, group(), thread())
    malee = Browser(app_of(office), MALEE)
    malee.post("/articles/autosave", {"title": "เรื่องที่คิดไว้", "body": "พิมพ์ค้าง", "changed": "1"})
    malee.post("/threads/TH1/summarise", {"title": "สรุป", "body": "สรุปแล้ว", "category": "", "visibility": "staff"})
    page = malee.get("/articles/new?restore=1").text
    assert "พิมพ์ค้าง" in page and "เรื่องที่คิดไว้" in page


def test_who_else_is_here_is_said_without_a_lock(office: Office):
    somchai, secretary = two(office)
    secretary.post("/articles/autosave", {"code": "A"})
    answer = somchai.post("/articles/autosave", {"code": "A"})
    assert answer.json["others"] == ["เลขา รอบคอบ"]
    assert "กำลังแก้ไขโดย <span>เลขา รอบคอบ</span>" in somchai.get("/articles/A/edit").text
    assert Browser(app_of(office), WICHAI).post("/articles/autosave", {"code": "A"}).status_code == 403


def test_an_old_text_is_restored_with_its_words_only(office: Office):
    somchai, secretary = two(office)
    secretary.post("/articles/A/edit", form(title="ชื่อใหม่", body="ฉบับสอง " * 30, visibility="staff"))
    assert somchai.post("/articles/A/restore/1", page="/articles/A/history").status_code == 302
    assert (body_of(office), article_of(office).title, article_of(office).visibility) == (BASE, "เรื่อง A", "staff")
    assert somchai.post("/articles/A/restore/๑").status_code == 404
    assert "กู้คืนฉบับที่ 1" in somchai.get("/articles/A/history").text


def test_group_texts_of_the_past_stay_in_the_group(office: Office):
    load(office, group("HID", "secret"), article("G", visibility="group", group="HID", body="ความในของกลุ่ม"))
    app = app_of(office)
    somchai, wichai = Browser(app, SOMCHAI), Browser(app, WICHAI)
    somchai.post("/articles/G/edit", form(title="เรื่อง G", body="ฉบับที่เปิดได้", visibility="public"))
    assert "ฉบับที่เปิดได้" in wichai.get("/articles/G").text
    assert wichai.get("/articles/G/revisions/1").status_code == 404
    assert wichai.get("/articles/G/diff?from=1&to=2").status_code == 404
    assert "ฉบับที่ 1" not in wichai.get("/articles/G/history").text
    assert Browser(app, MALEE).get("/articles/G/revisions/1").status_code == 200


# --- ways around review that were tried ---


def test_a_draft_in_an_open_category_does_not_lead_past_review(office: Office):
    checked_office(office)
    malee = Browser(app_of(office), MALEE)
    malee.post("/articles/OLD/edit", form(title="ระเบียบเก่า", body="แอบแก้", category=OPEN, act="draft"))
    malee.post("/articles/OLD/edit", form(title="ระเบียบเก่า", body="แอบแก้", category=OPEN, version="2"))
    assert state(office, "OLD")[:2] == ("published", 1)


def test_who_wrote_an_earlier_draft_of_a_text_cannot_approve_it(office: Office):
    checked_office(office)
    app = app_of(office)
    secretary, malee = Browser(app, SECRETARY), Browser(app, MALEE)
    secretary.post(
        "/articles/OLD/edit", form(title="ระเบียบเก่า", body="เลขาเขียนทั้งหมด", category="กฎหมายและระเบียบ", act="draft")
    )
    malee.post(
        "/articles/OLD/edit", form(title="ระเบียบเก่า", body="เลขาเขียนทั้งหมด.", category="กฎหมายและระเบียบ", version="2")
    )
    assert "รอท่านตรวจ" not in secretary.get("/").text
    assert secretary.post("/articles/OLD/review/approve", {"review": review_id(office, "OLD")}).status_code == 403


def test_small_corrections_do_not_add_up_to_a_new_text(office: Office):
    checked_office(office)
    app = app_of(office)
    malee, secretary = Browser(app, MALEE), Browser(app, SECRETARY)
    kept = form(title="ระเบียบเก่า", category="กฎหมายและระเบียบ", body="ก" * 60)
    malee.post("/articles/OLD/edit", kept)
    secretary.post("/articles/OLD/review/approve", {"review": review_id(office, "OLD")})
    for body in ("ก" * 30 + "ข" * 30, "ข" * 60):
        malee.post(
            "/articles/OLD/edit",
            {**kept, "body": body, "minor": "y", "version": str(article_of(office, "OLD").version)},
        )
    assert state(office, "OLD") == ("published", 3, 4)  # 30 letters off the checked text is small, 60 is not.


def test_a_link_to_elsewhere_is_no_small_correction(office: Office):
    checked_office(office)
    app = app_of(office)
    malee, secretary = Browser(app, MALEE), Browser(app, SECRETARY)
    kept = form(title="ระเบียบเก่า", category="กฎหมายและระเบียบ", body='ดู <a href="https://a.go.th">ที่นี่</a>')
    malee.post("/articles/OLD/edit", kept)
    secretary.post("/articles/OLD/review/approve", {"review": review_id(office, "OLD")})
    moved = {
        **kept,
        "body": kept["body"].replace("a.go.th", "b.com"),
        "minor": "y",
        "version": str(article_of(office, "OLD").version),
    }
    malee.post("/articles/OLD/edit", moved)
    assert state(office, "OLD") == ("published", 2, 3)


def test_a_reviewer_whose_turn_is_over_sees_no_later_file(office: Office):
    import io

    from tests.knowledge.test_articles import PNG

    checked_office(office)
    app = app_of(office)
    somchai, wichai = Browser(app, SOMCHAI), Browser(app, WICHAI)
    code = submit(somchai)
    wichai.post(f"/articles/{code}/review/return", {"review": review_id(office, code), "note": "ขอแก้"})
    somchai.post(
        f"/articles/{code}/files", {"file": (io.BytesIO(PNG), "later.png")}, content_type="multipart/form-data"
    )
    assert "later.png" not in wichai.get(f"/articles/{code}/review").text
    assert wichai.get(f"/articles/{code}/files/later.png").status_code == 404


def test_a_group_text_in_review_is_told_to_its_own_facilitator_only(office: Office):
    load(office, group("HID", "secret"))
    checked_office(office)
    app = app_of(office)
    code = submit(Browser(app, SOMCHAI), visibility="group", group_id="1", title="เรื่องในกลุ่มปิด")
    assert "เรื่องในกลุ่มปิด" in Browser(app, MALEE).get("/notifications").text  # She facilitates it.
    secretary = Browser(app, SECRETARY)
    assert "เรื่องในกลุ่มปิด" not in secretary.get("/notifications").text + secretary.get("/reviews").text
    assert secretary.get(f"/articles/{code}/review").status_code == 404
    malee = Browser(app, MALEE)
    assert malee.post(f"/articles/{code}/review/approve", {"review": review_id(office, code)}).status_code == 302
