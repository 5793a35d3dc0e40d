"""Writing, editing, reading, files: who may, what is kept, what two people do to one text."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import func, select

from app.knowledge.models import Article, Attachment, Revision
from app.office import Office
from tests.conftest import Browser, app_of
from tests.indicators.reading import count
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, article, attended, group, load, training

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"
)


def form(**more):
    return {
        "title": "เรื่องใหม่",
        "body": "## หัวข้อ\n\nเนื้อหา",
        "visibility": "public",
        "group_id": "0",
        "act": "publish",
        **more,
    }


def saved(office: Office, title: str) -> Article:
    with office.session() as db:
        return db.scalars(select(Article).where(Article.title == title)).one()


def test_course_to_published_article_counts_in_a6_and_a7(office: Office):
    load(
        office, training("T1", "2015-09-20", organizer="สำนักงานท้องถิ่นจังหวัด"), attended("T1", SOMCHAI),
        article("OTHER", author=MALEE, on="2013-10-01", category="การเงินการคลังและพัสดุ"),
    )  # fmt: skip
    somchai = Browser(app_of(office), SOMCHAI)
    assert "หลักสูตรที่ต้องเขียนบทความ" in somchai.get("/").text
    editor = somchai.get("/articles/new?training=T1").text
    assert "สำนักงานท้องถิ่นจังหวัด" in editor and "สิ่งที่ได้เรียนรู้" in editor and "20 กันยายน 2558" in editor
    answer = somchai.post(
        "/articles/new", form(training="T1", category="การเงินการคลังและพัสดุ"), page="/articles/new?training=T1"
    )
    assert answer.status_code == 302
    assert "หลักสูตรที่ต้องเขียนบทความ" not in somchai.get("/").text
    assert (count(office, "A6"), count(office, "A7")) == (1, 1)


def test_draft_is_its_authors_alone(office: Office):
    somchai = Browser(app_of(office), SOMCHAI)
    somchai.post("/articles/new", form(act="draft", title="ร่างลับ"))
    code = saved(office, "ร่างลับ").code
    assert somchai.get(f"/articles/{code}").status_code == 200
    for who in (MALEE, SECRETARY, None):
        other = Browser(app_of(office), who)
        for path in (
            f"/articles/{code}",
            f"/articles/{code}/history",
            f"/articles/{code}/edit",
            f"/articles/{code}/revisions/1",
        ):
            answer = other.client.get(path)
            assert answer.status_code == 404 or "/sign-in" in answer.headers.get("Location", ""), (who, path)
        assert "ร่างลับ" not in other.get("/articles").text
        assert "ร่างลับ" not in other.get("/").text


def test_markdown_is_rendered_and_cleaned_on_the_page(office: Office):
    body = "**(KM)**คือ <script>alert(1)</script>\n\n| ก | ข |\n|---|---|\n| 1 | 2 |\n\n- [x] เสร็จ\n\n#แท็ก\n\n[x](javascript:alert(1))"
    load(office, article("A", body=body))
    page = app_of(office).test_client().get("/articles/A", follow_redirects=True).text
    assert "<strong>(KM)</strong>คือ" in page
    assert "<td>1</td>" in page and "☑ เสร็จ" in page
    assert "<h1>แท็ก" not in page and "#แท็ก" in page
    assert "javascript:" not in page and "<script>alert" not in page


def test_stale_save_answers_409_and_shows_both_texts(office: Office):
    load(office, article("A", body="บรรทัดแรก\nบรรทัดสอง"))
    app = app_of(office)
    somchai, secretary = Browser(app, SOMCHAI), Browser(app, SECRETARY)
    mine = form(title="เรื่อง A", version="1")
    assert secretary.post("/articles/A/edit", {**mine, "body": "บรรทัดแรก\nเลขาแก้"}).status_code == 302
    answer = somchai.post("/articles/A/edit", {**mine, "body": "สมชายแก้\nบรรทัดสอง"})
    assert answer.status_code == 409
    assert "เลขาแก้" in answer.text and "สมชายแก้" in answer.text
    with office.session() as db:
        assert db.scalars(select(Revision.body).order_by(Revision.number.desc()).limit(1)).one() == "บรรทัดแรก\nเลขาแก้"
    # The page that shows both carries the new version: sending it again keeps both people's work.
    assert 'value="2"' in answer.text
    assert somchai.post("/articles/A/edit", {**mine, "version": "2", "body": "สมชายแก้\nเลขาแก้"}).status_code == 302
    with office.session() as db:
        assert db.scalar(select(func.count()).select_from(Revision)) == 3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"title": " "}, "โปรดใส่ชื่อเรื่อง"),
        ({"body": "  "}, "เนื้อหายังว่างอยู่"),
        ({"visibility": "group"}, "โปรดเลือกกลุ่มที่อ่านได้"),
        ({"review_due_on": "31/2/2558"}, "อ่านวันที่นี้ไม่ได้"),
        ({"tags": ",".join(str(n) for n in range(20))}, "แท็กได้ไม่เกิน"),
    ],
)
def test_bad_input_is_explained_and_nothing_typed_is_lost(office: Office, change: dict, sentence: str):
    somchai = Browser(app_of(office), SOMCHAI)
    answer = somchai.post("/articles/new", form(**{"title": "เรื่องที่พิมพ์ไว้", "body": "ข้อความที่พิมพ์ไว้", **change}))
    assert answer.status_code == 400
    assert sentence in answer.text
    assert ("ข้อความที่พิมพ์ไว้" in answer.text) or "body" in change
    assert ("เรื่องที่พิมพ์ไว้" in answer.text) or "title" in change
    with office.session() as db:
        assert db.scalar(select(func.count()).select_from(Article)) == 0


def test_readers_may_not_edit_and_outsiders_do_not_learn(office: Office):
    load(
        office,
        group("HID", "secret"),
        article("A"),
        article("S", visibility="staff"),
        article("G", visibility="group", group="HID"),
    )
    app = app_of(office)
    wichai, guest = Browser(app, WICHAI), Browser(app)
    assert wichai.get("/articles/A/edit").status_code == 403
    assert wichai.post("/articles/A/edit", form(version="1")).status_code == 403
    assert wichai.get("/articles/G").status_code == 404
    assert guest.get("/articles/S").status_code == 404
    assert guest.get("/articles/A").status_code == 200
    assert Browser(app, SECRETARY).get("/articles/G").status_code == 404


def test_writing_into_a_group_one_is_not_in_is_refused(office: Office):
    load(office, group("HID", "secret"))
    answer = Browser(app_of(office), WICHAI).post("/articles/new", form(visibility="group", group_id="1"))
    assert answer.status_code in (400, 403)
    with office.session() as db:
        assert db.scalar(select(func.count()).select_from(Article)) == 0


def test_diff_and_revisions_of_another_article_are_not_shown(office: Office):
    load(office, article("A"), article("B"))
    somchai = Browser(app_of(office), SOMCHAI)
    for query in ("from=1&to=2", "from=-1&to=1", "from=1e3&to=1", "from=๑&to=1", "from=--output=x&to=1", ""):
        assert somchai.get(f"/articles/A/diff?{query}").status_code == 404, query
    assert somchai.get("/articles/A/diff?from=1&to=1").status_code == 200


def test_history_shows_words_changed(office: Office):
    load(office, article("A", body="ส่งใบเสร็จภายในเจ็ดวัน"))
    somchai = Browser(app_of(office), SOMCHAI)
    somchai.post("/articles/A/edit", form(title="เรื่อง A", version="1", body="ส่งใบเสร็จภายในสิบวัน", summary="แก้จำนวนวัน"))
    assert "แก้จำนวนวัน" in somchai.get("/articles/A/history").text
    page = somchai.get("/articles/A/diff?from=1&to=2").text
    assert "<del>เจ็ด</del>" in page and "<ins>สิบ</ins>" in page


def test_author_cannot_approve_and_a_stale_approval_conflicts(office: Office):
    load(office, article("A", author=WICHAI))
    app = app_of(office)
    assert Browser(app, WICHAI).post("/articles/A/approve", {"version": "1"}).status_code == 403
    secretary = Browser(app, SECRETARY)
    assert secretary.post("/articles/A/approve", {"version": "7"}).status_code == 409
    assert secretary.post("/articles/A/approve", {"version": "1"}).status_code == 302
    assert count(office, "A3") == 1


def test_application_waits_for_another_person(office: Office):
    load(office, article("A"))
    app = app_of(office)
    malee = Browser(app, MALEE)
    assert malee.post("/articles/A/apply", {"on": "2015-09-01", "note": "ใช้กับงานเบิกจ่าย"}).status_code == 302
    assert count(office, "A7") == 1
    malee.post("/records/application/1/verify")
    assert count(office, "A7") == 1
    Browser(app, SECRETARY).post("/records/application/1/verify")
    assert count(office, "A7") == 2
    assert count(office, "A3") == 1


def test_files_are_typed_by_their_bytes_and_follow_the_articles_permission(office: Office):
    load(office, article("A", visibility="staff"))
    app = app_of(office)
    somchai = Browser(app, SOMCHAI)
    answer = somchai.post(
        "/articles/A/files", {"file": (io.BytesIO(PNG), "../../แผนที่ ซอย.exe")}, content_type="multipart/form-data"
    )
    assert answer.status_code == 302
    with office.session() as db:
        kept = db.scalars(select(Attachment)).one()
        assert (kept.name, kept.media_type) == ("แผนที่ ซอย.png", "image/png")
    shown = somchai.get(f"/articles/A/files/{kept.name}")
    assert shown.data.startswith(b"\x89PNG") and shown.mimetype == "image/png"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert Browser(app).get(f"/articles/A/files/{kept.name}").status_code == 404


@pytest.mark.parametrize("content", [b"<svg onload=alert(1)>", b"<html>", b"MZ\x90", b"PK\x03\x04broken", b""])
def test_other_files_are_refused_with_a_sentence(office: Office, content: bytes):
    load(office, article("A"))
    somchai = Browser(app_of(office), SOMCHAI)
    data = {"file": (io.BytesIO(content), "x.png")}
    answer = somchai.post(
        "/articles/A/files", data, content_type="multipart/form-data", headers={"Accept": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json["error"]


def test_opening_a_file_counts_as_its_article(office: Office):
    load(office, article("A"))
    app = app_of(office)
    Browser(app, SOMCHAI).post(
        "/articles/A/files", {"file": (io.BytesIO(PNG), "x.png")}, content_type="multipart/form-data"
    )
    malee = Browser(app, MALEE)
    assert malee.get("/articles/A/files/x.png").status_code == 200
    malee.get("/articles/A")
    assert count(office, "A5") == 1


def test_retired_stays_readable_and_leaves_a3(office: Office):
    load(office, article("A", review_approved_on="2015-02-01"))
    assert count(office, "A3") == 1
    somchai = Browser(app_of(office), SOMCHAI)
    somchai.post("/articles/A/retire", {"reason": "ระเบียบใหม่แล้ว"})
    assert "เลิกใช้แล้ว" in somchai.get("/articles/A").text
    assert count(office, "A3") == 0


def test_wiki_link_finds_by_title_and_hides_what_may_not_be_read(office: Office):
    load(office, article("A", body="ดู [[เรื่อง B]]"), article("B"), article("S", visibility="staff", title="เรื่องลับ"))
    client = app_of(office).test_client()
    assert "/wiki/" in client.get("/articles/A", follow_redirects=True).text
    assert client.get("/wiki/เรื่อง B", follow_redirects=True).status_code == 200
    assert client.get("/wiki/เรื่องลับ").status_code == 404


def test_preview_is_the_servers_own_rendering_and_too_heavy_text_is_refused(office: Office):
    somchai = Browser(app_of(office), SOMCHAI)
    answer = somchai.post(
        "/articles/preview", {"body": "**หนา** #แท็ก", "code": ""}, headers={"Accept": "application/json"}
    )
    assert answer.json["html"] == "<p><strong>หนา</strong> #แท็ก</p>"
    heavy = somchai.post(
        "/articles/preview", {"body": "[" * 12_000, "code": ""}, headers={"Accept": "application/json"}
    )
    assert heavy.status_code == 413
    assert (
        somchai.post(
            "/articles/preview", {"body": "ยังทำงาน", "code": ""}, headers={"Accept": "application/json"}
        ).status_code
        == 200
    )


def test_only_the_author_takes_an_article_out_of_its_group(office: Office):
    load(office, group("HID", "secret"), group("OPEN"), article("G", visibility="group", group="HID"))
    app = app_of(office)
    malee, somchai = Browser(app, MALEE), Browser(app, SOMCHAI)  # She facilitates both groups; he wrote it.
    moved = form(title="เรื่อง G", version="1", visibility="group", group_id="2")
    assert malee.post("/articles/G/edit", moved).status_code == 403
    assert malee.post("/articles/G/edit", {**moved, "visibility": "public"}).status_code == 403
    assert malee.post("/articles/G/edit", {**moved, "group_id": "1"}).status_code == 302
    assert somchai.post("/articles/G/edit", {**moved, "version": "2", "visibility": "staff"}).status_code == 302


def test_credited_people_see_it_everywhere_or_nowhere(office: Office):
    load(office, group("HID", "secret"), article("G", visibility="group", group="HID", credited=[WICHAI]))
    office.indexer.catch_up()
    wichai = Browser(app_of(office), WICHAI)
    assert wichai.get("/articles/G").status_code == 200
    assert "เรื่อง G" in wichai.get("/articles").text
    assert "พบ 1 เรื่อง" in wichai.get("/search?q=เนื้อหา").text
    assert wichai.get("/wiki/เรื่อง G").status_code == 200


def test_published_articles_are_retired_not_deleted(office: Office):
    load(office, article("A"))
    somchai = Browser(app_of(office), SOMCHAI)
    somchai.post("/articles/A/delete")
    assert somchai.get("/articles/A").status_code == 200
    somchai.post("/articles/new", form(act="draft", title="ร่างทิ้ง"))
    code = saved(office, "ร่างทิ้ง").code
    somchai.post(f"/articles/{code}/delete")
    assert somchai.get(f"/articles/{code}").status_code == 404


def test_comparing_very_different_long_texts_is_quick(lite_office: Office):
    load(lite_office, article("A", body="ก\n" * 4_000))
    somchai = Browser(app_of(lite_office), SOMCHAI)
    somchai.post("/articles/A/edit", form(title="เรื่อง A", version="1", body="ข\n" + "ก\n" * 3_999 + "ข\n"))
    assert somchai.get("/articles/A/diff?from=1&to=2").status_code == 200


def test_advice_of_a_template_is_not_published(office: Office):
    from app.knowledge.templates_folder import shipped

    somchai = Browser(app_of(office), SOMCHAI)
    untouched = form(body=shipped()["procedure"].body)
    answer = somchai.post("/articles/new", untouched)
    assert answer.status_code == 400 and "ยังมีคำแนะนำของแบบ" in answer.text
    assert somchai.post("/articles/new", {**untouched, "act": "draft"}).status_code == 302
