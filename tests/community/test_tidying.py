"""Threads joined and parted, polls, files beside posts, proposals with their reason, and drafts."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import func, select

from app.community.models import Mark, PollVote, Post, PostFile, Thread
from app.knowledge.models import Autosave
from app.office import Office
from tests.conftest import Browser, app_of, on
from tests.knowledge.test_articles import PNG
from tests.personas import MALEE, SOMCHAI, WICHAI, group, load, thread

MULTI = {"content_type": "multipart/form-data"}


def post(thread_code: str, author: str, body: str, at: str) -> dict[str, str]:
    return {"type": "post", "thread": thread_code, "author": author, "body": body, "at": f"2015-02-{at}T09:00:00+07:00"}


def two_threads(office: Office, **more: object) -> tuple[Browser, Browser]:
    load(
        office, group(members=[SOMCHAI, WICHAI]), thread("A", at="2015-02-01T09:00:00+07:00", title="หนึ่ง", body="เปิดหนึ่ง"),
        thread("B", at="2015-02-03T09:00:00+07:00", title="สอง", body="เปิดสอง", **more), post("A", WICHAI, "ตอบหนึ่ง", "02"),
        post("B", WICHAI, "ตอบสอง", "04"), post("A", MALEE, "ท้ายหนึ่ง", "05"),
    )  # fmt: skip
    app = app_of(office)
    return Browser(app, MALEE), Browser(app, SOMCHAI)


def test_joined_threads_stand_in_order_and_the_old_address_leads_on(office: Office):
    malee, somchai = two_threads(office)
    wichai = Browser(app_of(office), WICHAI)
    wichai.post("/threads/B/posts/0/mark", {"kind": "useful"})
    assert malee.post("/threads/B/manage", {"action": "merge", "into": "A"}).headers["Location"] == "/threads/A"
    page = somchai.get("/threads/A").text
    order = [page.index(words) for words in ("ตอบหนึ่ง", "เปิดสอง", "ตอบสอง", "ท้ายหนึ่ง")]
    assert order == sorted(order)
    assert somchai.client.get("/threads/B").headers["Location"] == "/threads/A"
    assert "สอง</a>" not in somchai.get("/groups/G1").text.split("<h2>กระทู้</h2>")[1].split("</section>")[0]
    with office.session() as db:
        moved = db.scalars(select(Post).where(Post.body.like("%เปิดสอง"))).one()
        assert db.scalars(select(Mark)).one().post_id == moved.id
    office.indexer.catch_up()
    assert (
        "/threads/A" in somchai.get("/search?q=ตอบสอง").text
        and "/threads/B" not in somchai.get("/search?q=ตอบสอง").text
    )


def test_threads_that_hide_an_asker_are_neither_joined_nor_parted(office: Office):
    malee, _ = two_threads(office, asked_as="member")
    for code, into in (("B", "A"), ("A", "B")):
        answer = malee.post(f"/threads/{code}/manage", {"action": "merge", "into": into})
        assert "เพราะชื่อจะปรากฏ" in malee.get(answer.headers["Location"]).text
    with office.session() as db:
        number = db.scalars(select(Post.id).where(Post.body == "ตอบสอง")).one()
    refused = malee.post("/threads/B/split", {"title": "ใหม่", "post": str(number)})
    assert refused.status_code == 400
    with office.session() as db:
        assert db.scalar(select(func.count()).select_from(Thread)) == 2


def test_chosen_replies_go_on_as_a_thread_of_their_own(office: Office):
    malee, somchai = two_threads(office)
    with office.session() as db:
        ids = {body: number for number, body in db.execute(select(Post.id, Post.body))}
    somchai.post(f"/threads/A/posts/{ids['ตอบหนึ่ง']}/mark", {"kind": "thanks"})
    assert malee.post("/threads/A/split", {"title": "", "post": str(ids["ตอบหนึ่ง"])}).status_code == 400
    given = {"title": "เรื่องที่สาม", "post": [str(ids["ตอบหนึ่ง"]), str(ids["ท้ายหนึ่ง"])]}
    answer = malee.post("/threads/A/split", given)
    assert answer.status_code == 302
    new = somchai.get(answer.headers["Location"]).text
    assert "เรื่องที่สาม" in new and new.index("ตอบหนึ่ง") < new.index("ท้ายหนึ่ง") and "ขอบคุณ 1" in new
    old = somchai.get("/threads/A").text
    assert "ตอบหนึ่ง" not in old and "เปิดหนึ่ง" in old
    assert somchai.get("/threads/A/split").status_code == 403
    assert somchai.post("/threads/A/manage", {"action": "merge", "into": "B"}).status_code == 403


def opening(**changes: object) -> dict[str, object]:
    return {"title": "เลือกวันคุย", "body": "วันไหนดี", "asked_as": "self", "kind": "talk", **changes}


def test_a_poll_counts_people_and_shows_nobody_who_chose_what(office: Office):
    load(office, group())
    app = app_of(office)
    malee, somchai, wichai = Browser(app, MALEE), Browser(app, SOMCHAI), Browser(app, WICHAI)
    wrong = malee.post("/groups/G1/threads/new", opening(options="วันเดียว"))
    assert wrong.status_code == 400 and "ใส่ตัวเลือกบรรทัดละข้อ" in wrong.text and "วันเดียว" in wrong.text
    path = malee.post("/groups/G1/threads/new", opening(options="จันทร์\nอังคาร\n\nจันทร์", closes_on="2015-10-01")).headers[
        "Location"
    ]
    somchai.post(f"{path}/vote", {"option": "1"})
    somchai.post(f"{path}/vote", {"option": "0"})  # Changed their mind.
    malee.post(f"{path}/vote", {"option": "0"})
    page = malee.get(path).text
    assert "2 เสียง" in page and "2 คนลงความเห็นแล้ว" in page
    malee.post(f"{path}/vote", {"option": ["0", "1"]})
    assert "เลือกได้ข้อเดียว" in malee.get(path).text
    malee.post(f"{path}/vote", {"option": "7"})
    assert "โปรดเลือกจากตัวเลือกที่มี" in malee.get(path).text
    assert wichai.post(f"{path}/vote", {"option": "0"}).status_code == 403
    late = Browser(app_of(on(office, "2015-10-02")), SOMCHAI)
    late.post(f"{path}/vote", {"option": "1"})
    assert "ปิดลงความเห็นแล้ว" in late.get(path).text
    with office.session() as db:
        assert db.scalar(select(func.count()).select_from(PollVote)) == 2


def test_a_proposal_says_why(office: Office):
    load(office, group())
    malee = Browser(app_of(office), MALEE)
    wrong = malee.post("/groups/G1/threads/new", opening(kind="proposal"))
    assert wrong.status_code == 400 and "ข้อเสนอต้องบอกว่าเพราะอะไร" in wrong.text and "วันไหนดี" in wrong.text
    path = malee.post("/groups/G1/threads/new", opening(kind="proposal", because="คนมาเยอะวันจันทร์")).headers["Location"]
    page = malee.get(path).text
    assert "ข้อเสนอ</span>" in page and "<strong>เพราะอะไร:</strong> คนมาเยอะวันจันทร์" in page


def test_files_beside_posts_are_read_by_those_who_read_the_thread(office: Office):
    load(office, group("G1", "request"))
    app = app_of(office)
    malee, somchai, wichai = Browser(app, MALEE), Browser(app, SOMCHAI), Browser(app, WICHAI)
    given = opening(files=[(io.BytesIO(PNG), "ภาพ.png"), (io.BytesIO(PNG), "ภาพ.png")])
    path = malee.post("/groups/G1/threads/new", given, **MULTI).headers["Location"]
    assert somchai.get(path).text.count('loading="lazy"') == 2
    somchai.post(path, {"body": "แบบฟอร์มอยู่นี่", "files": (io.BytesIO(b"%PDF-1.4 x"), "แบบ.pdf")}, **MULTI)
    assert "แบบ.pdf" in malee.get(path).text
    refused = somchai.post(path, {"body": "ไฟล์แปลก", "files": (io.BytesIO(b"MZ"), "x.exe")}, **MULTI)
    assert refused.status_code == 400 and "x.exe: รับเฉพาะรูปภาพ" in refused.text and "ไฟล์แปลก" in refused.text
    again = malee.post("/groups/G1/threads/new", opening(kind="proposal", files=(io.BytesIO(PNG), "ภาพ.png")), **MULTI)
    assert again.status_code == 400 and "โปรดเลือกไฟล์อีกครั้งก่อนส่ง" in again.text
    with office.session() as db:
        files = db.scalars(select(PostFile).order_by(PostFile.id)).all()
    assert [one.name for one in files] == ["ภาพ.png", "ภาพ-2.png", "แบบ.pdf"]
    served = somchai.get(f"{path}/files/{files[2].id}")
    assert served.status_code == 200 and "attachment" in served.headers["Content-Disposition"]
    assert wichai.get(f"{path}/files/{files[0].id}").status_code == 404
    other = malee.post("/groups/G1/threads/new", opening()).headers["Location"]
    assert somchai.get(f"{other}/files/{files[0].id}").status_code == 404


def test_what_was_typed_and_not_sent_waits_for_its_writer(office: Office):
    load(office, group("G1", "request"), thread())
    app = app_of(office)
    malee, somchai, wichai = Browser(app, MALEE), Browser(app, SOMCHAI), Browser(app, WICHAI)
    malee.post("/groups/G1/draft", {"title": "ยังไม่ส่ง", "body": "ค้างไว้"})
    malee.post("/groups/G1/draft", {"thread": "TH1", "body": "ตอบค้างไว้"})
    assert "ค้างไว้" in malee.get("/groups/G1/threads/new").text and "ตอบค้างไว้" in malee.get("/threads/TH1").text
    assert "ค้างไว้" not in somchai.get("/groups/G1/threads/new").text + somchai.get("/threads/TH1").text
    assert wichai.post("/groups/G1/draft", {"thread": "TH1", "body": "x"}).status_code == 404
    malee.post("/threads/TH1", {"body": "ตอบจริง"})
    assert "ตอบค้างไว้" not in malee.get("/threads/TH1").text
    malee.post("/groups/G1/draft", {"title": "", "body": ""})
    with office.session() as db:
        assert db.scalars(select(Autosave)).all() == []


@pytest.mark.parametrize("into", ["", "B", "nope", "TH-x'"])
def test_joining_into_nothing_says_so(lite_office: Office, into: str):
    malee, _ = two_threads(lite_office)
    answer = malee.post("/threads/B/manage", {"action": "merge", "into": into})
    assert "โปรดเลือกกระทู้อื่นของกลุ่มนี้" in malee.get(answer.headers["Location"]).text


def test_a_reply_under_the_old_address_goes_where_the_talk_went(office: Office):
    malee, somchai = two_threads(office)
    somchai.post("/groups/G1/draft", {"thread": "B", "body": "ร่างที่ค้าง"})
    somchai.get("/threads/B")  # The page is open while the threads are joined.
    malee.post("/threads/B/manage", {"action": "merge", "into": "A"})
    assert "ร่างที่ค้าง" in somchai.get("/threads/A").text
    answer = somchai.post("/threads/B", {"body": "ตอบหลังรวม"}, page="/threads/A")
    assert "/threads/A" in answer.headers["Location"] and "ตอบหลังรวม" in malee.get("/threads/A").text


def test_addresses_of_parted_replies_lead_on(office: Office):
    malee, somchai = two_threads(office)
    with office.session() as db:
        ids = {body: number for number, body in db.execute(select(Post.id, Post.body))}
    given = {"title": "เรื่องที่สาม", "post": [str(ids["ตอบหนึ่ง"]), str(ids["ท้ายหนึ่ง"])]}
    new = malee.post("/threads/A/split", given).headers["Location"]
    for body in ("ตอบหนึ่ง", "ท้ายหนึ่ง"):
        led = somchai.get(f"/threads/A?post={ids[body]}")
        assert led.status_code == 200 and "เรื่องที่สาม" in led.text
    assert new in somchai.client.get(f"/threads/A?post={ids['ตอบหนึ่ง']}").headers["Location"]


def test_a_thread_moved_to_a_secret_group_leaves_the_cards(office: Office):
    load(
        office, group("G1", members=[SOMCHAI, WICHAI]), group("G2", "secret"), thread("A", title="ปั๊มน้ำเสียงดัง"),
        {**post("A", WICHAI, "เปลี่ยนลูกปืน", "02"), "is_answer": True},
    )  # fmt: skip
    app = app_of(office)
    malee, secretary = Browser(app, MALEE), Browser(app, "SEC")
    office.indexer.catch_up()
    assert "/people/S3?about=" in secretary.get("/people?q=ปั๊มน้ำเสียงดัง").text
    malee.post("/threads/A/manage", {"action": "move", "group": "G2"})
    office.indexer.catch_up()
    assert "ปั๊มน้ำเสียงดัง" not in secretary.get("/people?q=ปั๊มน้ำเสียงดัง").text.replace("?q=ปั๊มน้ำเสียงดัง", "").replace(
        'value="ปั๊มน้ำเสียงดัง"', ""
    )
    assert "ปั๊มน้ำเสียงดัง" not in secretary.get("/people/S3").text


def test_a_vote_that_is_no_number_is_none(lite_office: Office):
    load(lite_office, group())
    malee = Browser(app_of(lite_office), MALEE)
    path = malee.post("/groups/G1/threads/new", opening(options="ก\nข")).headers["Location"]
    malee.post(f"{path}/vote", {"option": "abc"})
    assert "โปรดเลือกจากตัวเลือกที่มี" in malee.get(path).text and "0 คนลงความเห็นแล้ว" in malee.get(path).text
