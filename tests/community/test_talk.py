"""What people do with posts: hidden names, the answer, marks, edits, follow and mute, lock, pin, move, the glossary."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from app.community import talk_queries
from app.community.models import Group, Mark, Post, Thread
from app.exchange.exporting import export_office
from app.knowledge.models import ArticleCredit
from app.notifications.models import Notification
from app.office import Office
from app.people.models import Staff
from tests.conftest import Browser, app_of
from tests.personas import MALEE, SOMCHAI, WICHAI, article, group, load, thread


def asked(office: Office, as_: str) -> tuple[Browser, Browser, str]:
    """Somchai, Malee (facilitator), and the code of a thread that Somchai opened."""
    load(office, group())
    app = app_of(office)
    somchai, malee = Browser(app, SOMCHAI), Browser(app, MALEE)
    page = somchai.post("/groups/G1/threads/new", {"title": "ถามเรื่องพัสดุ", "body": "ไม่กล้าถามต่อหน้า", "asked_as": as_})
    return somchai, malee, page.headers["Location"].rsplit("/", 1)[1]


@pytest.mark.parametrize(("as_", "label"), [("member", "สมาชิกท่านหนึ่ง"), ("facilitator", "ผู้ดำเนินกลุ่มถามแทนสมาชิก")])
def test_a_hidden_asker_is_named_to_facilitators_only(office: Office, as_: str, label: str):
    somchai, malee, code = asked(office, as_)
    malee.post(f"/threads/{code}", {"body": "ลองดูแบบฟอร์มนี้"})
    somchai.post(f"/threads/{code}", {"body": "ขอบคุณครับ @วิชัย ทองแท้"})
    wichai = Browser(app_of(office), WICHAI)
    wichai.post("/groups/G1/join")
    name = "สมชาย"
    office.indexer.catch_up()
    body = main_part(wichai.get(f"/threads/{code}").text)
    assert (label in body, name in body, SOMCHAI in body) == (True, False, False)
    pages = ("/groups/G1", "/", f"/threads/{code}?quote=2", f"/threads/{code}/since?post=0", f"/threads/{code}/summarise",
             "/search?q=ไม่กล้าถาม", "/notifications")  # fmt: skip
    for path in pages:
        shown = wichai.get(path)
        assert shown.status_code == 200, path
        if path != "/groups/G1":  # The list of members names all of them.
            assert name not in main_part(shown.text), path
    threads = re.search(r"<h2>กระทู้</h2>(.*?)</section>", wichai.get("/groups/G1").text, re.S)
    assert threads is not None and label in threads[1] and name not in threads[1]
    assert "เฉพาะผู้ดำเนินกลุ่มเห็นว่าคือ" in malee.get(f"/threads/{code}").text
    assert name in malee.get(f"/threads/{code}").text
    with office.session() as db:
        told = list(db.scalars(select(Notification.text)))
        assert told and not [text for text in told if name in text]
        hit = office.search.find_all(db, "ไม่กล้าถามต่อหน้า", limit=5).hits[0]
        assert (hit.authors, hit.department) == ((), "")
        assert office.search.find_all(db, f"author:{name}", limit=5).total == 0


def main_part(page: str) -> str:
    """A page without what the frame says to the viewer about the viewer."""
    found = re.search(r"<main.*</main>", page, re.S)
    return found[0] if found else page


def test_a_hidden_asker_is_not_credited_and_the_backup_keeps_it_hidden(office: Office, tmp_path: Path):
    _, malee, code = asked(office, "member")
    wichai = Browser(app_of(office), WICHAI)
    wichai.post("/groups/G1/join")
    wichai.post(f"/threads/{code}", {"body": "ตอบแบบละเอียด"})
    malee.post(f"/threads/{code}/summarise", {"title": "สรุปเรื่องพัสดุ", "body": "ข้อสรุป " * 20, "visibility": "staff"})
    with office.session() as db:
        assert db.scalars(select(ArticleCredit.staff_id)).all() == [id_of(office, WICHAI)]
        export_office(db, office.files, tmp_path / "out", lambda _: None)
    lines = [json.loads(line) for line in (tmp_path / "out" / "registers.jsonl").read_text("utf-8").splitlines()]
    kept = next(one for one in lines if one["type"] == "thread")
    assert (kept["asked_as"], kept["author"]) == ("member", SOMCHAI)


def id_of(office: Office, code: str) -> int:
    with office.session() as db:
        return db.scalars(select(Staff.id).where(Staff.code == code)).one()


def test_one_answer_chosen_by_asker_or_facilitator(office: Office):
    somchai, malee, code = asked(office, "self")
    for body in ("ข้อแรก", "ข้อสอง"):
        malee.post(f"/threads/{code}", {"body": body})
    first, second = post_ids(office)
    outsider = Browser(app_of(office), WICHAI)
    outsider.post("/groups/G1/join")
    assert outsider.post(f"/threads/{code}/posts/{first}/answer").status_code == 403
    somchai.post(f"/threads/{code}/posts/{first}/answer")
    somchai.post(f"/threads/{code}/posts/{second}/answer")
    assert answers(office) == [second]
    assert "มีคำตอบ" in somchai.get("/groups/G1").text
    malee.post(f"/threads/{code}/posts/{second}/answer")
    assert answers(office) == []


def post_ids(office: Office) -> list[int]:
    with office.session() as db:
        return list(db.scalars(select(Post.id).order_by(Post.id)))


def answers(office: Office) -> list[int]:
    with office.session() as db:
        return list(db.scalars(select(Post.id).where(Post.is_answer)))


def test_marks_are_given_once_to_others_and_taken_back(office: Office):
    somchai, malee, code = asked(office, "self")
    path = f"/threads/{code}/posts/0/mark"
    assert somchai.post(path, {"kind": "useful"}).status_code == 403
    malee.post(path, {"kind": "useful"})
    malee.post(path, {"kind": "thanks"})
    assert re.search(r"มีประโยชน์ 1", somchai.get(f"/threads/{code}").text)
    malee.post(path, {"kind": "useful"})
    with office.session() as db:
        assert [(m.post_id, m.kind) for m in db.scalars(select(Mark))] == [(0, "thanks")]
    malee.post(path, {"kind": "down"})
    with office.session() as db:
        assert len(list(db.scalars(select(Mark)))) == 1


def test_an_edited_text_keeps_what_it_said_and_only_its_writer_edits(office: Office):
    somchai, malee, code = asked(office, "self")
    path = f"/threads/{code}/posts/0/edit"
    assert malee.get(path).status_code == 403
    assert malee.post(path, {"body": "แก้แทน"}, page="/groups/G1").status_code == 403
    assert "ข้อความยังว่างอยู่" in somchai.post(path, {"body": "  "}).text
    somchai.post(path, {"body": "ถามใหม่ให้ชัด"})
    shown = malee.get(f"/threads/{code}").text
    assert "ถามใหม่ให้ชัด" in shown and "ไม่กล้าถามต่อหน้า" not in shown and "แก้ไขแล้ว" in shown
    assert "ไม่กล้าถามต่อหน้า" in malee.get(f"/threads/{code}/posts/0/earlier").text


def test_writers_and_followers_are_told_of_replies_unless_they_mute(office: Office):
    somchai, malee, code = asked(office, "self")
    wichai = Browser(app_of(office), WICHAI)
    wichai.post(f"/threads/{code}/manage", {"action": "follow"}, page=f"/threads/{code}")
    malee.post(f"/threads/{code}", {"body": "หนึ่ง"})
    assert told(office, "reply") == [SOMCHAI, WICHAI]
    somchai.post(f"/threads/{code}/manage", {"action": "mute"}, page=f"/threads/{code}")
    wichai.post(f"/threads/{code}/manage", {"action": "mute"}, page=f"/threads/{code}")
    malee.post(f"/threads/{code}", {"body": "สอง"})
    assert told(office, "reply") == [SOMCHAI, WICHAI]


def told(office: Office, kind: str) -> list[str]:
    with office.session() as db:
        query = select(Staff.code).join(Notification, Notification.staff_id == Staff.id)
        return sorted(db.scalars(query.where(Notification.kind == kind)))


def test_a_locked_thread_and_an_archived_group_are_read_only(office: Office):
    somchai, malee, code = asked(office, "self")
    assert somchai.post(f"/threads/{code}/manage", {"action": "lock"}, page=f"/threads/{code}").status_code == 403
    malee.post(f"/threads/{code}/manage", {"action": "lock"}, page=f"/threads/{code}")
    assert somchai.post(f"/threads/{code}", {"body": "ตอบ"}).status_code == 403
    assert somchai.post(f"/threads/{code}/posts/0/edit", {"body": "แก้"}, page="/groups/G1").status_code == 403
    malee.post(f"/threads/{code}/manage", {"action": "unlock"}, page=f"/threads/{code}")
    assert somchai.post(f"/threads/{code}", {"body": "ตอบ"}).status_code == 302
    assert somchai.post("/groups/G1/archive", {"action": "archive"}, page="/groups/G1").status_code == 403
    malee.post("/groups/G1/archive", {"action": "archive"}, page="/groups/G1")
    assert somchai.post(f"/threads/{code}", {"body": "อีก"}, page="/groups/G1").status_code == 403
    assert somchai.get("/groups/G1/threads/new").status_code == 403
    assert "เก็บเข้าคลังเมื่อ" in somchai.get("/groups/G1").text
    malee.post("/groups/G1/archive", {"action": "revive"}, page="/groups/G1")
    assert somchai.post(f"/threads/{code}", {"body": "คุยต่อ"}).status_code == 302


def test_a_pinned_thread_stands_first(office: Office):
    load(
        office, group(), thread("TH1", title="กระทู้แรก"), thread("TH2", title="กระทู้หลัง", at="2015-03-01T09:00:00+07:00")
    )
    malee = Browser(app_of(office), MALEE)
    assert malee.get("/groups/G1").text.index("กระทู้หลัง") < malee.get("/groups/G1").text.index("กระทู้แรก")
    malee.post("/threads/TH1/manage", {"action": "pin"}, page="/threads/TH1")
    assert malee.get("/groups/G1").text.index("กระทู้แรก") < malee.get("/groups/G1").text.index("กระทู้หลัง")


def test_threads_move_only_where_nobody_reads_more_than_was_meant(office: Office):
    load(office, group("G1"), group("G2"), group("S", "secret"), thread("TH1", "G1"), thread("TH2", "S"))
    malee, somchai = Browser(app_of(office), MALEE), Browser(app_of(office), SOMCHAI)
    assert (
        somchai.post("/threads/TH1/manage", {"action": "move", "group": "G2"}, page="/threads/TH1").status_code == 403
    )
    malee.post("/threads/TH2/manage", {"action": "move", "group": "G2"}, page="/threads/TH2")
    malee.post("/threads/TH1/manage", {"action": "move", "group": "G2"}, page="/threads/TH1")
    with office.session() as db:
        query = select(Thread.code, Group.code).join(Group, Group.id == Thread.group_id)
        assert dict(db.execute(query).all()) == {"TH1": "G2", "TH2": "S"}


def test_a_report_reaches_the_facilitators_with_its_reason(office: Office):
    somchai, malee, code = asked(office, "self")
    malee.post(f"/threads/{code}", {"body": "ข้อความ"})
    (post,) = post_ids(office)
    somchai.post(f"/threads/{code}/posts/{post}/report", {"reason": ""})
    assert told(office, "reported") == []
    somchai.post(f"/threads/{code}/posts/{post}/report", {"reason": "มีเลขบัตรประชาชน"})
    assert told(office, "reported") == [MALEE]
    with office.session() as db:
        note = db.scalars(select(Notification).where(Notification.kind == "reported")).one()
    assert "มีเลขบัตรประชาชน" in note.text
    assert malee.client.get(note.url).headers["Location"].endswith(f"#post-{post}")


def test_reading_goes_on_where_it_stopped(office: Office):
    _, malee, code = asked(office, "self")
    for number in range(60):
        malee.post(f"/threads/{code}", {"body": f"ข้อ {number}"})
    with office.session() as db:
        thread_id = db.scalars(select(Thread.id)).one()
        posts = db.scalars(select(Post).order_by(Post.at, Post.id)).all()
        assert talk_queries.first_unread(db, thread_id, posts[52].at) == (2, posts[53].id)
        assert talk_queries.first_unread(db, thread_id, posts[-1].at) is None
        assert talk_queries.first_unread(db, thread_id, None) is None


def test_new_replies_come_as_a_piece_of_the_page_and_only_to_readers(office: Office):
    load(office, group("S", "secret"), thread("TH1", "S"))
    malee, somchai = Browser(app_of(office), MALEE), Browser(app_of(office), SOMCHAI)
    assert "data-post" not in somchai.get("/threads/TH1/since?post=0").text
    malee.post("/threads/TH1", {"body": "มาใหม่"})
    fresh = somchai.get("/threads/TH1/since?post=0").text
    assert "มาใหม่" in fresh and "<html" not in fresh
    assert "มาใหม่" not in somchai.get(f"/threads/TH1/since?post={post_ids(office)[-1]}").text
    assert Browser(app_of(office), WICHAI).get("/threads/TH1/since?post=0").status_code == 404


def test_the_code_of_talk_is_shown_before_the_first_thread_only(office: Office):
    load(office, group())
    somchai = Browser(app_of(office), SOMCHAI)
    load(office, thread(author=MALEE))
    assert "สุนทรียสนทนา" in somchai.get("/groups/G1/threads/new").text
    assert "สุนทรียสนทนา" in somchai.get("/threads/TH1").text
    somchai.post("/groups/G1/threads/new", {"title": "ก", "body": "ข", "asked_as": "self"})
    assert "สุนทรียสนทนา" not in somchai.get("/groups/G1/threads/new").text
    assert "สุนทรียสนทนา" not in somchai.get("/threads/TH1").text


def test_words_of_a_glossary_become_words_of_search(office: Office):
    load(office, group(), article("A", body="ระบบมรรคาวิถีใช้กับงานพัสดุ"))
    malee = Browser(app_of(office), MALEE)
    office.indexer.catch_up()
    assert "มรรคาวิถี" not in office.engine.words.tokens("ระบบมรรคาวิถีใช้")
    given = {"name": "กลุ่มพัสดุ", "purpose": "พัสดุ", "glossary": "มรรคาวิถี: ทางเดินของเอกสาร\n\nอีกคำ"}
    malee.post("/groups/G1/edit", given)
    office.indexer.catch_up()
    assert "มรรคาวิถี" in office.engine.words.tokens("ระบบมรรคาวิถีใช้")
    assert "ทางเดินของเอกสาร" in malee.get("/groups/G1").text
    answer = malee.post("/groups/G1/edit", given | {"glossary": "ก" * 61})
    assert answer.status_code == 400 and "ยาวเกิน 60" in answer.text and "ก" * 61 in answer.text
    assert Browser(app_of(office), SOMCHAI).get("/groups/G1/edit").status_code == 403


def test_the_invitation_letter_holds_a_code_and_a_secret_group_has_none(office: Office):
    load(office, group(), group("S", "secret"))
    somchai = Browser(app_of(office), SOMCHAI)
    shown = somchai.get("/groups/G1/letter").text
    assert "ขอเชิญเข้าร่วม" in shown and "<svg" in shown and "http://localhost/groups/G1" in shown
    assert somchai.get("/groups/S/letter").status_code == 404


def test_chosen_posts_go_into_the_article_with_ways_back(office: Office):
    somchai, malee, code = asked(office, "self")
    for body in ("ข้อแรก", "ข้อสอง", "ข้อสาม"):
        malee.post(f"/threads/{code}", {"body": body})
    first, second, third = post_ids(office)
    assert "ข้อแรก" not in text_area(malee.get(f"/threads/{code}/summarise").text)
    somchai.post(f"/threads/{code}/posts/{second}/answer")
    assert "ข้อสอง" in text_area(malee.get(f"/threads/{code}/summarise").text)
    chosen = text_area(malee.get(f"/threads/{code}/summarise?post={first}&post={third}&post=x&post=999").text)
    assert ("ข้อแรก" in chosen, "ข้อสอง" in chosen, "ข้อสาม" in chosen) == (True, False, True)
    assert f"/threads/{code}?post={third}" in chosen


def text_area(page: str) -> str:
    found = re.search(r'<textarea[^>]*name="body"[^>]*>(.*?)</textarea>', page, re.S)
    assert found is not None
    return found[1]


def test_an_update_that_does_not_speak_of_it_keeps_the_asker_hidden_and_the_glossary(office: Office):
    load(office, group(glossary="มรรคาวิถี: ทาง", archived_on="2015-03-01"), thread(asked_as="member", locked=True))
    load(office, group(purpose="หัวปลาใหม่"), thread(title="ชื่อใหม่"), update=True)
    with office.session() as db:
        found, kept = db.scalars(select(Thread)).one(), db.scalars(select(Group)).one()
    assert (found.title, found.asked_as, found.locked) == ("ชื่อใหม่", "member", True)
    assert (kept.purpose, kept.glossary, str(kept.archived_on)) == ("หัวปลาใหม่", "มรรคาวิถี: ทาง", "2015-03-01")


def test_a_hidden_asker_does_not_sign_the_summary_and_the_thread_stays(office: Office):
    load(office, group("G2"))
    somchai, malee, code = asked(office, "member")
    assert somchai.get(f"/threads/{code}/summarise").status_code == 403
    malee.post(f"/threads/{code}/manage", {"action": "move", "group": "G2"}, page=f"/threads/{code}")
    with office.session() as db:
        assert db.scalars(select(Group.code).join(Thread, Thread.group_id == Group.id)).one() == "G1"


def test_a_reply_written_while_the_thread_was_locked_is_not_lost(office: Office):
    somchai, malee, code = asked(office, "self")
    malee.post(f"/threads/{code}/manage", {"action": "lock"}, page=f"/threads/{code}")
    answer = somchai.post(f"/threads/{code}", {"body": "เขียนไว้ยาวมาก"}, page="/groups/G1")
    assert answer.status_code == 403 and "เขียนไว้ยาวมาก" in answer.text and "ปิดรับคำตอบแล้ว" in answer.text


def test_no_text_is_lost_when_the_group_is_put_away_meanwhile(office: Office):
    somchai, malee, code = asked(office, "self")
    malee.post("/groups/G1/archive", {"action": "archive"}, page="/groups/G1")
    for path in (f"/threads/{code}/posts/0/edit", "/groups/G1/threads/new", f"/threads/{code}/summarise"):
        given = {"title": "หัวข้อที่พิมพ์ไว้", "body": "ข้อความที่พิมพ์ไว้", "asked_as": "self"}
        answer = somchai.post(path, given, page="/groups/G1")
        assert answer.status_code == 403 and "ข้อความที่พิมพ์ไว้" in answer.text and "เก็บเข้าคลังแล้ว" in answer.text, path
