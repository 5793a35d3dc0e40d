"""The facilitator's page: who is silent or new, what waits, the month's summary; and a group's goal."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select, update

from app.community import care
from app.community.models import Group, Membership
from app.office import Office
from app.people.models import Viewer
from tests.conftest import Browser, app_of
from tests.personas import ADMIN, MALEE, SECRETARY, SOMCHAI, WICHAI, article, group, load, staff, thread


def post(author: str, at: str, thread_code: str = "TH1", **more: object) -> dict[str, object]:
    return {"type": "post", "thread": thread_code, "author": author, "body": "ตอบ", "at": at, **more}


def names(lines: list) -> list[str]:
    return [one.code for one in lines]


def test_silent_are_those_who_never_wrote_or_marked_here(office: Office):
    """Of four members one opened a thread, one replied, one marked; S4 did none, S5 is too new to be called silent."""
    load(
        office, staff("S4", "นายสี่ เงียบ"), staff("S5", "นายห้า มาใหม่"),
        group("G1", members=[SOMCHAI, WICHAI, SECRETARY, "S4", "S5"]), group("G2", members=["S4"]),
        thread("TH1"), post(WICHAI, "2015-02-02T09:00:00+07:00"), thread("TH2", "G2", author="S4"),
    )  # fmt: skip
    Browser(app_of(office), SECRETARY).post("/threads/TH1/posts/0/mark", {"kind": "useful"})
    with office.session() as db:
        new = db.execute(select(Membership).join(Group).where(Group.code == "G1")).scalars()
        youngest = max(new, key=lambda one: one.staff_id)
        db.execute(
            update(Membership)
            .where(Membership.group_id == 1, Membership.staff_id == youngest.staff_id)
            .values(since=date(2015, 9, 20))
        )
        db.commit()
        found = db.scalars(select(Group).where(Group.code == "G1")).one()
        # 1 November 2014 to 30 September 2015 is more than 30 days; 20 September is not.
        assert names(care.silent_members(db, found, date(2015, 9, 30))) == ["S4"]
        assert names(care.newcomers(db, found, date(2015, 9, 30))) == ["S5"]
        assert names(care.silent_members(db, found, date(2015, 10, 20))) == ["S5", "S4"]
    malee = Browser(app_of(office), MALEE)
    assert "สี่ เงียบ" in malee.get("/groups/G1/care").text
    malee.post("/groups/G1/greet", {"staff": "S5", "text": "ยินดีต้อนรับ"})
    assert "ทักครบทุกคนแล้ว" in malee.get("/groups/G1/care").text


def test_what_waits_is_without_a_reply_or_a_question_without_an_answer(office: Office):
    load(
        office, group(members=[SOMCHAI]), thread("A", at="2015-09-01T09:00:00+07:00", title="ไม่มีใครตอบ"),
        thread("B", at="2015-09-02T09:00:00+07:00", title="ตอบแล้วไม่ใช่คำถาม"), post(MALEE, "2015-09-03T09:00:00+07:00", "B"),
        thread("C", at="2015-09-04T09:00:00+07:00", kind="question"), post(MALEE, "2015-09-05T09:00:00+07:00", "C"),
        thread("D", at="2015-09-06T09:00:00+07:00", kind="question"), post(MALEE, "2015-09-07T09:00:00+07:00", "D", is_answer=True),
        thread("E", at="2015-09-29T09:00:00+07:00", title="เพิ่งถาม"), thread("F", at="2015-09-01T10:00:00+07:00", locked=True),
    )  # fmt: skip
    with office.session() as db:
        found = db.scalars(select(Group)).one()
        assert names(care.unanswered(db, found, office.clock.now())) == ["A", "C"]


def test_the_months_summary_holds_what_all_readers_may_know(office: Office):
    load(
        office, group("G1"), group("G2", "secret"), thread("TH1", at="2015-09-05T09:00:00+07:00", title="เรื่องของเดือน"),
        post(MALEE, "2015-09-06T09:00:00+07:00", is_answer=True), thread("OLD", at="2015-08-05T09:00:00+07:00", title="เดือนก่อน"),
        {"type": "meeting", "code": "M1", "title": "วงกันยา", "purpose": "exchange", "group": "G1", "on": "2015-09-10", "attendees": [MALEE]},
        article("A", on="2015-09-20", thread="TH1", title="จากวงคุย"),
        article("S", on="2015-09-21", thread="TH1", title="เฉพาะกลุ่มลับ", visibility="group", group="G2"),
    )  # fmt: skip
    with office.session() as db:
        found = db.scalars(select(Group).where(Group.code == "G1")).one()
        month = care.month_of(db, found, date(2015, 9, 1))
    assert [title for _, title in month.threads] == ["เรื่องของเดือน"]
    assert (month.replies, month.answered, [t for _, t, _ in month.meetings], [t for _, t in month.articles]) == (
        1,
        1,
        ["วงกันยา"],
        ["จากวงคุย"],
    )
    malee, wichai = Browser(app_of(office), MALEE), Browser(app_of(office), WICHAI)
    page = malee.get("/groups/G1/care").text
    assert "สรุปเดือนกันยายน 2558" in page and "1 กระทู้ 1 คำตอบ ได้คำตอบที่ใช้ได้ 1 เรื่อง ประชุม 1 ครั้ง และมีบทความ 1 เรื่อง" in page
    empty = malee.post("/groups/G1/summary", {"title": "", "text": "ข้อความที่แก้ไว้"})
    assert empty.status_code == 400 and "ข้อความที่แก้ไว้" in empty.text and "โปรดใส่หัวข้อ" in empty.text
    sent = malee.post("/groups/G1/summary", {"title": "สรุปเดือนกันยายน", "text": "- [เรื่องของเดือน](/threads/TH1)"})
    assert 'href="/threads/TH1"' in wichai.get(sent.headers["Location"]).text


def test_a_summary_of_a_closed_group_keeps_to_it(office: Office):
    load(office, group("G1", "secret"), article("A", on="2015-09-20", title="ของกลุ่มนี้", visibility="group", group="G1"))
    with office.session() as db:
        found = db.scalars(select(Group)).one()
        assert [title for _, title in care.month_of(db, found, date(2015, 9, 1)).articles] == ["ของกลุ่มนี้"]
        checklist = care.hand_over(db, found, Viewer(staff_id=2), date(2015, 9, 30), office.clock.now())
    assert [one.code for one in checklist.members] == [SOMCHAI] and checklist.others == []


def test_only_facilitators_open_the_page(office: Office):
    load(office, group())
    for who, status in ((MALEE, 200), (SOMCHAI, 403), (WICHAI, 403), (SECRETARY, 403), (ADMIN, 403)):
        assert Browser(app_of(office), who).get("/groups/G1/care").status_code == status, who


def test_a_group_may_say_which_goal_of_the_plan_it_helps(office: Office):
    app = app_of(office)
    somchai = Browser(app, SOMCHAI)
    form = somchai.get("/groups/new").text
    goals = form[form.index('id="goal"') : form.index("</select>", form.index('id="goal"'))]
    goal = goals.split('<option value="')[2].split('"')[0]
    given = {"name": "คนพัสดุ", "purpose": "ซื้อให้ถูก", "visibility": "open", "second": "0", "goal": goal}
    path = somchai.post("/groups/new", given).headers["Location"]
    assert "ช่วยเป้าหมาย: " + goal in somchai.get(path).text.replace("&#34;", '"')
    assert somchai.post("/groups/new", {**given, "goal": "เป้าหมายที่ไม่มี"}).status_code == 400
    somchai.post(path + "/edit", {"name": "คนพัสดุ", "purpose": "ซื้อให้ถูก", "glossary": "", "goal": ""})
    assert "ช่วยเป้าหมาย" not in somchai.get(path).text
