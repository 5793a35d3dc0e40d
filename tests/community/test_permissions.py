"""The permission matrix: role x kind of group x every route and exit, worked out by hand below.

A route of groups, threads, meetings, care or cards that the table does not name fails the first test: whoever adds one
says here who may.
"""

from __future__ import annotations

import re
from datetime import date

import pytest
from flask import Flask

from app.community.models import Group, GroupGuest, Meeting, MeetingPicture, MeetingTask, Membership, Poll, PostFile
from app.office import Office
from app.people.models import Role, Staff, StaffRole
from tests.conftest import Browser, app_of
from tests.knowledge.test_articles import PNG
from tests.personas import ADMIN, MALEE, SECRETARY, SOMCHAI, article, group, load, opened, staff, thread

KINDS = ("open", "request", "secret")
ROLES = {
    "visitor": "", "guest": "VG", "staff": "S4", "member": SOMCHAI, "facilitator": MALEE, "secretary": SECRETARY,
    "admin": ADMIN, "removed": "S5",
}  # fmt: skip
IN, OFFICE = {"guest", "member", "facilitator"}, {"staff", "member", "facilitator", "secretary", "admin", "removed"}
ALL = OFFICE | {"guest"}

# What a person may do -> kind of group -> who. Everybody else gets 404 where they may not know of the thing, else 403.
CAN: dict[str, dict[str, set[str]]] = {
    "see": {"open": ALL, "request": ALL, "secret": IN},
    "see_staff": {"open": OFFICE, "request": OFFICE, "secret": IN - {"guest"}},
    "read": {"open": ALL, "request": IN, "secret": IN},
    "read_staff": {"open": OFFICE, "request": IN - {"guest"}, "secret": IN - {"guest"}},
    "begin": {"open": IN, "request": IN, "secret": IN},
    "talk": {"open": IN, "request": IN, "secret": IN},
    "summarise": {kind: IN - {"guest"} for kind in KINDS},
    "facilitate": {kind: {"facilitator"} for kind in KINDS},
    "tidy": {kind: {"facilitator"} for kind in KINDS},
    "manage": {"open": {"facilitator", "admin"}, "request": {"facilitator", "admin"}, "secret": {"facilitator"}},
    "run": {"open": {"facilitator", "secretary"}, "request": {"facilitator"}, "secret": {"facilitator"}},
    "write": {"open": IN | {"secretary"}, "request": IN, "secret": IN},
    "letter": {"open": OFFICE, "request": OFFICE, "secret": set()},
}
# Who may know that the thing exists: a group by "see", what is said in it by "read".
KNOWN_BY = {"begin": "see", "see": "see", "see_staff": "see", "manage": "see", "facilitate": "see", "letter": "letter"}

# endpoint -> (methods) -> capability. "free" routes belong to no group; their own tests say who may.
ROUTES: dict[str, str] = {
    "community.index": "free", "community.new_group": "free", "community.group": "see", "community.edit_group": "manage",
    "community.archive": "manage", "community.letter": "letter", "community.join": "see_staff", "community.leave": "see",
    "community.set_standing": "manage", "community.members": "read_staff",
    "care.page": "facilitate", "care.greet": "facilitate", "care.summary": "facilitate", "care.hand_over": "facilitate",
    "care.guests": "facilitate",
    "talk.new_thread": "begin", "talk.keep_draft": "see", "talk.thread": "read/talk", "talk.file": "read", "talk.vote": "talk",
    "talk.split": "tidy", "talk.mark_read": "read", "talk.summarise": "summarise", "talk.thread_from_comment": "free",
    "talk.since": "read", "talk.edit": "own", "talk.earlier": "read", "talk.act_on_post": "talk", "talk.manage": "read",
    "meetings.index": "free", "meetings.plan": "free", "meetings.new": "free", "meetings.edit": "run",
    "meetings.show": "read", "meetings.calendar": "read", "meetings.write": "write", "meetings.add_picture": "write",
    "meetings.picture": "read", "meetings.remove_picture": "run", "meetings.add_task": "write", "meetings.finish_task": "write",
    "meetings.settle": "run", "meetings.summarise": "summarise_meeting", "meetings.review": "summarise_meeting",
    "door.screen": "run", "door.code_now": "run", "door.sign_in": "read", "door.present": "run", "door.late": "run",
    "door.from_csv": "run", "door.sheet": "read_staff",
    "exchange.group_feed": "free", "exchange.group_package": "see_staff",
    "catalogue.index": "free", "catalogue.person": "card", "catalogue.hide": "free", "catalogue.consultations": "free",
    "catalogue.answer": "free", "catalogue.risk": "free", "catalogue.wall": "free", "catalogue.decide": "free",
    "catalogue.certificate_pdf": "free",
}  # fmt: skip
CAN["summarise_meeting"] = {
    "open": {"member", "facilitator", "secretary"},
    "request": {"member", "facilitator"},
    "secret": {"member", "facilitator"},
}
BLUEPRINTS = {"community", "care", "talk", "meetings", "door", "exchange", "catalogue"}
# Enough for every form to be sent, so that the command decides and not an empty field.
FORM = {
    "text": "มติเฉพาะกลุ่ม", "base": "มติเฉพาะกลุ่ม", "title": "หัวข้อ", "body": "ข้อความ", "expected": "ก", "happened": "ข",
    "because": "ค", "next_time": "ง", "action": "follow", "task": "ทำ", "asked_as": "self",
}  # fmt: skip
LAST = ("meetings.remove_picture", "community.join", "community.leave")


def addresses(app: Flask) -> list[tuple[str, str, str]]:
    """(endpoint, method, path) of every route, the ones that take something away last."""
    codes = {
        "community": "G1",
        "care": "G1",
        "exchange": "G1",
        "talk": "TH1",
        "meetings": "M1",
        "door": "M1",
        "catalogue": SOMCHAI,
    }
    found = []
    for rule in app.url_map.iter_rules():
        name = rule.endpoint.split(".")[0]
        if name not in BLUEPRINTS:
            continue
        code = "G1" if rule.endpoint in ("talk.new_thread", "talk.keep_draft") else codes[name]
        act = "mark" if name == "talk" else "cancel"
        path = re.sub(r"<[^>]*code>", code, rule.rule)
        path = re.sub(r"<[^>]*number>", "1", re.sub(r"<[^>]*:act>", act, path))
        found += [(rule.endpoint, method, path) for method in sorted((rule.methods or set()) & {"GET", "POST"})]
    return sorted(found, key=lambda one: (one[0] in LAST, LAST.index(one[0]) if one[0] in LAST else 0, one[1], one[2]))


def test_every_route_is_in_the_table(lite_app: Flask):
    there = {rule.endpoint for rule in lite_app.url_map.iter_rules() if rule.endpoint.split(".")[0] in BLUEPRINTS}
    assert there == set(ROUTES)


def furnished(office: Office, kind: str) -> None:
    """A group of a kind with a thread, a reply, a file, a poll, a meeting with picture and task, and its people."""
    load(
        office, staff("S4", "นายสี่ คนอื่น", department="D2"), staff("S5", "นายห้า เคยอยู่"),
        group("G1", kind, members=[SOMCHAI]), thread("TH1", title="ประตูระบายน้ำชำรุด", author=MALEE),
        {"type": "post", "thread": "TH1", "author": SOMCHAI, "body": "คำตอบเฉพาะกลุ่ม", "at": "2015-02-02T09:00:00+07:00", "is_answer": True},
        {"type": "meeting", "code": "M1", "title": "ประชุมประตูระบายน้ำ", "purpose": "exchange", "group": "G1", "on": "2015-09-30", "minutes": "มติเฉพาะกลุ่ม", "attendees": [MALEE, SOMCHAI], "status": "draft", "recorded_by": MALEE},
        article("PUB", author=SOMCHAI, thread="TH1"), opened("PUB", MALEE, "2015-02-03T10:00:00+07:00"),
    )  # fmt: skip
    kept = office.files.keep(PNG)
    with office.session() as db:
        ids = {one.code: one.id for one in db.query(Staff)}
        hashed = db.get_one(Staff, ids[SOMCHAI]).password_hash
        guest = Staff(code="VG", name="นางแขก ผู้มาเยือน", must_change_password=False)
        db.add(guest)
        db.flush()
        db.add(StaffRole(staff_id=guest.id, role=Role.GUEST.value))
        for person in db.query(Staff):
            person.password_hash, person.must_change_password = hashed, False
        number = db.query(Group).one().id
        db.add(
            GroupGuest(
                staff_id=guest.id,
                group_id=number,
                organization="ข้างเคียง",
                until=date(2016, 1, 1),
                invited_by_id=ids[MALEE],
            )
        )
        db.add(Membership(group_id=number, staff_id=guest.id, standing="member", since=date(2015, 1, 1)))
        db.add(
            PostFile(
                thread_id=1, post_id=1, name="แผน.png", sha256=kept.sha256, size=kept.size, media_type=kept.media_type
            )
        )
        db.add(Poll(thread_id=1, options=["ก", "ข"], several=False))
        meeting = db.query(Meeting).one()
        db.add(MeetingTask(meeting_id=meeting.id, text="ซ่อม", staff_id=ids[MALEE]))
        db.add(MeetingPicture(meeting_id=meeting.id, kind="photo", sha256=kept.sha256, media_type=kept.media_type, caption="", added_by_id=ids[MALEE], added_at=office.clock.now()))  # fmt: skip
        db.commit()
    # Somebody who was in the group, followed it, and was taken out.
    app = app_of(office)
    malee = Browser(app, MALEE)
    malee.post("/groups/G1/members", {"staff": "S5", "standing": "member"})
    Browser(app, "S5").post("/threads/TH1/manage", {"action": "follow"})
    malee.post("/threads/TH1", {"body": "ฝากถึงทุกคน"})
    malee.post("/groups/G1/members", {"staff": "S5", "standing": ""})


def expected(endpoint: str, method: str, kind: str, role: str) -> set[int]:
    """Statuses a person may get; an allowed POST without its fields may be a page, a redirect or a 400."""
    fine = {200, 204, 302, 400} if method == "POST" else {200, 302}
    capability = ROUTES[endpoint].split("/")[-1 if method == "POST" else 0]
    if role == "visitor":
        return {302, 401}
    if capability == "card":
        return {403} if role == "guest" else fine
    if capability == "own":  # The reply is the member's.
        reader = role in CAN["read"][kind]
        return fine if role == "member" else ({403} if reader else {404})
    if role in CAN[capability][kind]:
        return fine
    if role == "guest" and role in CAN["read"][kind] and capability not in ("talk", "write", "read"):
        return {403, 404}
    known = role in CAN[KNOWN_BY.get(capability, "read")][kind]
    return {403} if known else {404}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_route(lite_office: Office, kind: str, role: str):
    furnished(lite_office, kind)
    app = app_of(lite_office)
    browser = Browser(app, ROLES[role] or None)
    token = browser.token("/groups/G1" if role == "guest" else ("/sign-in" if role == "visitor" else "/account"))
    wrong = []
    for endpoint, method, path in addresses(app):
        if ROUTES[endpoint] == "free":
            continue
        if method == "GET":
            status = browser.client.get(path, buffered=True).status_code
        else:
            status = browser.client.post(path, data={"csrf_token": token, **FORM}).status_code
        if endpoint == "exchange.group_package" and status == 404 and role in CAN["see_staff"][kind]:
            status = 200 if kind == "secret" else status  # Nothing public came of a secret group's talk here.
        if status not in expected(endpoint, method, kind, role):
            wrong.append((endpoint, method, path, status))
    assert wrong == []


SECRETS = ("ประตูระบายน้ำชำรุด", "คำตอบเฉพาะกลุ่ม", "มติเฉพาะกลุ่ม", "ประชุมประตูระบายน้ำ", "ฝากถึงทุกคน", "นางแขก")
EXITS = (
    "/", "/groups", "/meetings", "/people", "/people/S1", "/people?q=ประตูระบายน้ำ", "/search?q=ประตูระบายน้ำ", "/search?q=คำตอบเฉพาะกลุ่ม",
    "/search?q=มติเฉพาะกลุ่ม", "/search/suggest?q=ประตู", "/notifications", "/digest", "/shared", "/praise", "/consultations",
    "/plan/2558", "/plan/2558/A6", "/plan/2558/B7", "/plan/2558/A6.csv", "/records/meeting", "/feed.xml", "/groups/G1/feed.xml", "/network",
    "/articles/PUB", "/articles",
)  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_exit(lite_office: Office, kind: str, role: str):
    """What is said in a group leaves it nowhere for those who may not read it; those who may do find it."""
    furnished(lite_office, kind)
    lite_office.indexer.catch_up()
    browser = Browser(app_of(lite_office), ROLES[role] or None)
    reads = role in CAN["read"].get(kind, set())
    leaks, seen = [], ""
    for path in EXITS:
        page = re.sub(r"</?mark>", "", browser.get(path).text)
        page = page.replace("q=ประตูระบายน้ำ", "").replace('value="ประตูระบายน้ำ"', "")
        seen += page
        if kind == "secret" and not reads and "กลุ่ม G1" in page:
            leaks.append((path, "กลุ่ม G1"))
        shown = [] if reads else [words for words in SECRETS if words in page and not _echo(path, words)]
        leaks += [(path, words) for words in shown]
    assert leaks == []
    if reads:
        assert "ประตูระบายน้ำชำรุด" in seen


def _echo(path: str, words: str) -> bool:
    """The search page repeats what was asked."""
    return path == f"/search?q={words}"
