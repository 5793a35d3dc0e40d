"""Records in and out: every type, all or nothing, the same office again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.core.config import ROOT
from app.exchange.exporting import EXPORTERS, export_office
from app.exchange.formats import TYPES, BadRecord, check_line
from app.exchange.importing import import_records, read_records
from app.exchange.markdown_files import import_folder
from app.indicators import queries
from app.indicators.evidence_lists import evidence_page
from app.indicators.scopes import scope_for
from app.knowledge.models import Article, Attachment
from app.office import Office
from app.people.models import Role, Staff, Viewer
from tests.conftest import config_for
from tests.knowledge.test_articles import PNG
from tests.personas import (
    MALEE,
    SECRETARY,
    SOMCHAI,
    WICHAI,
    article,
    attended,
    group,
    load,
    opened,
    staff,
    thread,
    training,
)

# The plan with row B1 counted by hand.
BY_HAND = (
    (ROOT / "content" / "plans" / "2558.toml")
    .read_text("utf-8")
    .replace('measure = "climate_activities"', 'measure = "by_hand"\nhand_reason = "อยู่ในสมุดของสภา"')
)
OFFICE = [
    {"type": "department", "code": "D3", "name": "กองการศึกษา"},
    {"type": "account", "code": "kiosk", "name": "ตู้บริการ", "roles": []},
    staff("S5", "นางใหม่ มาแล้ว", department="D3", employment="ลูกจ้างประจำ", start="2014-12-01", end="2015-08-31", email="new@example.org", roles=["evaluator"], position="ครู", about="เด็กเล็ก"),
    {"type": "team", "code": "TM1", "kind": "data", "order_no": "1/2558", "valid_from": "2015-01-01", "valid_to": "2015-12-31", "members": [SOMCHAI, MALEE]},
    {"type": "team", "code": "TM2", "kind": "curate", "order_no": "2/2558", "valid_from": "2015-01-01", "members": [MALEE]},
    {"type": "team", "code": "TM3", "kind": "channel", "order_no": "3/2558", "valid_from": "2015-01-01", "members": [MALEE]},
    {"type": "team", "code": "TM4", "kind": "compile", "order_no": "4/2558", "valid_from": "2015-01-01", "members": [MALEE]},
    training("T1", "2015-01-05", organizer="จังหวัด", place="ศาลากลาง", hours=6.5, order_no="คำสั่ง 1"),
    {**attended("T1", SOMCHAI), "recorded_by": MALEE, "verified_by": SECRETARY},
    attended("T1", MALEE, status="submitted"),
    {"type": "report", "code": "R1", "training": "T1", "author": SOMCHAI, "on": "2015-01-20", "status": "verified"},
    group("G1", "secret"),
    group("G2", members=[], facilitators=[SOMCHAI]),
    thread(),
    {"type": "post", "thread": "TH1", "author": MALEE, "body": "ตอบ @สมชาย ใจดี", "at": "2015-02-02T09:00:00+07:00"},
    {"type": "meeting", "code": "M0", "title": "ไม่มีใครมา", "purpose": "climate", "on": "2015-03-01", "attendees": []},
    {"type": "meeting", "code": "M1", "title": "ประชุม", "purpose": "exchange", "group": "G1", "on": "2015-03-01", "minutes": "รายงาน", "attendees": [SOMCHAI, MALEE], "training": "T1", "status": "verified"},
    article("A1", training="T1", tags=["พัสดุ", "เบิกจ่าย"], review_approved_on="2015-02-01", review_due_on="2016-01-01"),
    article("A2", author=MALEE, thread="TH1", visibility="group", group="G1", category=""),
    article("A3", state="draft", first_published_on=None, visibility="staff"),
    {"type": "revision", "article": "A3", "editor": SOMCHAI, "at": "2015-02-10T09:00:00+07:00", "minor": False, "approved": False, "body": "ร่างสอง"},
    article("A4", state="retired", visibility="staff"),
    {"type": "revision", "article": "A1", "editor": MALEE, "at": "2015-02-10T09:00:00+07:00", "minor": False, "approved": True, "summary": "แก้", "body": "เนื้อหาใหม่"},
    {"type": "revision", "article": "A1", "editor": MALEE, "at": "2015-02-11T09:00:00+07:00", "minor": True, "approved": False},
    {"type": "share", "code": "SH1", "article": "A1", "sharer": MALEE, "channel": "group", "target": "G1", "at": "2015-03-01T09:00:00+07:00"},
    {"type": "share", "code": "SH2", "article": "A1", "sharer": MALEE, "channel": "line", "at": "2015-03-01T09:00:00+07:00"},
    opened("A1", WICHAI, "2015-03-02T09:00:00+07:00", share="SH1"),
    opened("A1", WICHAI, "2015-03-02T09:00:20+07:00"),
    opened("A1", None, "2015-03-03T09:00:00+07:00", guest="มือถือเครื่องหนึ่ง", channel="board"),
    opened("A1", None, "2015-03-03T09:10:00+07:00", guest="มือถือเครื่องหนึ่ง"),
    opened("A1", None, "2015-03-03T09:00:00+07:00", guest="bot", user_agent="Googlebot/2.1"),
    opened("A1", SOMCHAI, "2015-03-04T09:00:00+07:00", status_code=304),
    {"type": "visit", "code": "V1", "channel": "board", "on": "2015-03-01", "persons": 4, "status": "verified"},
    {"type": "article_standing", "article": "A1", "on": "2015-01-05", "categorised": True, "review_due_on": "2016-01-01"},
    {"type": "article_standing", "article": "A1", "on": "2014-10-20", "categorised": False},
    {"type": "approval", "article": "A1", "on": "2014-12-01", "by": SECRETARY},
    {"type": "application", "article": "A1", "staff": MALEE, "on": "2015-04-01", "note": "ใช้แล้ว", "status": "verified", "recorded_by": MALEE, "verified_by": SECRETARY},
    {"type": "activity", "code": "AC1", "kind": "climate", "on": "2015-03-01", "title": "ตลาดนัด", "status": "void"},
    {"type": "check_round", "team": "TM1", "on": "2015-03-01", "result": "ครบ", "status": "verified"},
    {"type": "care_log", "team": "TM3", "channel": "web", "on": "2015-03-01", "what": "ปรับ", "status": "verified"},
    {"type": "improvement", "channel": "web", "on": "2015-03-01", "before": "ก", "after": "ข", "why": "ค", "status": "verified"},
    {"type": "compilation", "team": "TM4", "edition": "1/2558", "title": "รวม", "on": "2015-03-01", "status": "verified"},
    {"type": "lesson", "on": "2015-03-01", "text": "บทเรียน", "thread": "TH1", "article": "A2", "status": "verified"},
    {"type": "acknowledgement", "staff": SOMCHAI, "year": 2558, "on": "2015-02-01"},
    {"type": "acknowledgement", "staff": MALEE, "year": 2558, "on": "2015-02-01", "status": "submitted", "recorded_by": SECRETARY},
    {"type": "quiz_attempt", "staff": SOMCHAI, "set": "understand", "on": "2015-02-01", "score": 7, "max": 10},
    {"type": "evaluation", "code": "E1", "year": 2558, "submitted_on": "2015-09-30", "status": "verified"},
    {"type": "award", "staff": SOMCHAI, "on": "2015-09-01", "reason": "ขยันเขียน", "article": "A1"},
    {"type": "plan_version", "year": 2558, "number": 2, "on": "2015-01-15", "toml": BY_HAND, "at": "2015-01-15T09:00:00+07:00", "by": SECRETARY, "reason": "นับเอง"},
    {"type": "rule_version", "code": "2558.2", "from_year": 2558, "settings": ["pass_percent=70"], "at": "2014-10-02T09:00:00+07:00", "by": SECRETARY, "reason": "เกณฑ์ใหม่"},
    {"type": "hand_count", "code": "H1", "row": "B1", "on": "2015-03-01", "number": 3, "what": "สมุดสภา", "status": "verified"},
]  # fmt: skip


def numbers(office: Office) -> tuple[list[tuple[str, int, int | None, str, int]], list[list[str]]]:
    """The twenty rows, and the evidence lines of each."""
    sees = Viewer(staff_id=0, roles=frozenset({Role.SECRETARY}), group_ids=frozenset(range(100)))
    with office.session() as db:
        scope = scope_for(db, office.config, 2558, office.clock.today())
        rows = queries.read_plan(db, scope).readings
        evidence = []
        for reading in rows:
            page = evidence_page(db, scope, reading.row.row, sees, limit=None)
            evidence.append(
                sorted(
                    f"{i.key} {i.reference} {i.on} {i.person} {i.department} {i.counted} {i.reason}" for i in page.items
                )
            )
        return [(r.row.row, r.numerator, r.denominator, r.state.value, r.lines) for r in rows], evidence


def test_every_type_is_in_the_sample_and_has_an_exporter():
    assert {record["type"] for record in OFFICE} | {"attachment"} == set(TYPES)
    assert list(EXPORTERS) and set(EXPORTERS) == set(TYPES)


def test_import_of_an_export_gives_the_same_office(office: Office, tmp_path: Path, sqlite_template: Path):
    load(office, *reversed(OFFICE))  # Any order of lines.
    with office.session() as db:
        kept = office.files.keep(PNG)
        db.add(
            Attachment(
                article_id=1,
                name="x.png",
                sha256=kept.sha256,
                size=kept.size,
                media_type=kept.media_type,
                added_by_id=1,
                added_at=office.clock.now(),
            )
        )
        db.commit()
    folder = tmp_path / "out"
    with office.session() as db:
        export_office(db, office.files, folder, lambda _: None)
    assert (folder / "articles" / "A1.md").read_text("utf-8").startswith("---\ntitle: เรื่อง A1")
    other = empty_office(tmp_path / "other")
    records = read_records((folder / "registers.jsonl").read_text("utf-8").splitlines())
    with other.session() as db:
        import_records(db, other.desk(db), records, other.clock.now(), folder=folder)
    assert numbers(other) == numbers(office)
    assert numbers(other)[0][7][:2] == ("B1", 3)  # By hand, as the second version of the plan says.
    assert numbers(other)[0][4][1] == 2 + 4  # A5: wichai's day, one guest's day, four persons at the board.
    assert other.files.read(kept.sha256) == PNG
    again = tmp_path / "again"
    with other.session() as db:
        export_office(db, other.files, again, lambda _: None)
    lines = [sorted((f / "registers.jsonl").read_text("utf-8").splitlines()) for f in (folder, again)]
    assert lines[0] == lines[1]
    with other.session() as db:
        done = import_records(db, other.desk(db), records, other.clock.now(), folder=folder)
    assert done.added.total() == 0 and done.skipped.total() == len(records)
    other.close()


def empty_office(data: Path) -> Office:
    """A fresh office with the plan and nobody in it."""
    from app.cli import load_content
    from app.core.migrating import migrate

    made = Office(config_for(data, f"sqlite:///{data / 'khlang.db'}"))
    migrate(made.database)
    load_content(made)
    return made


def test_a_file_can_be_imported_twice(office: Office):
    load(office, *OFFICE)
    before = numbers(office)
    done = load(office, *OFFICE)
    assert (done.added.total(), done.skipped.total()) == (0, len(OFFICE))
    assert numbers(office) == before


@pytest.mark.parametrize(
    ("record", "line", "field"),
    [
        ({"type": "nothing"}, 2, "type"),
        ({"type": "department", "code": "D9"}, 2, "name"),
        ({"type": "department", "code": "D9", "name": "ก", "colour": "red"}, 2, "colour"),
        (staff("S9", "ก ข", department="D99"), 2, "department"),
        (staff("S9", "ก ข", start="2015-02-30"), 2, "start"),
        (staff("S9", "ก ข", start="2558-01-01"), 2, "start"),
        (staff("S9", "ก ข", end="2009-01-01"), 2, "end"),
        (staff("S9", "ก ข", roles=["king"]), 2, "roles"),
        (training("T9", "2015-01-01", kind="ปาฐกถา"), 2, "kind"),
        (training("T9", "2015-01-01", inside="yes"), 2, "inside"),
        ({**attended("T1", SOMCHAI), "verified_by": SOMCHAI}, 2, "verified_by"),
        ({**attended("T1", SOMCHAI), "recorded_by": MALEE, "verified_by": MALEE}, 2, "verified_by"),
        (article("A9", visibility="group"), 2, "group"),
        (article("A9", author="nobody"), 2, "author"),
        (opened("A1", WICHAI, "2015-03-01T09:00:00"), 2, "at"),
        ({**opened("A1", WICHAI, "2015-03-01T09:00:00Z"), "guest": "x"}, 2, "staff"),
        ({"type": "visit", "code": "V9", "channel": "board", "on": "2015-01-01", "persons": 0}, 2, "persons"),
        (
            {"type": "quiz_attempt", "staff": SOMCHAI, "set": "understand", "on": "2015-01-01", "score": 11, "max": 10},
            2,
            "score",
        ),
        ({"type": "evaluation", "code": "E9", "year": 2015, "submitted_on": "2015-01-01"}, 2, "year"),
        ({"type": "lesson", "on": "2015-01-01", "text": "ก"}, 2, "thread"),
        ({"type": "department", "code": "D1", "name": "ชื่ออื่น"}, 2, "code"),
    ],
)
def test_error_names_line_field_and_nothing_is_imported(office: Office, record: dict, line: int, field: str):
    load(office, article("A1"), training("T1", "2015-01-05"))
    good = staff("GOOD", "นายดี งาม")
    with pytest.raises(BadRecord) as caught:
        load(office, good, record)
    assert (caught.value.line, caught.value.field) == (line, field)
    assert f"บรรทัด {line}" in caught.value.message
    with office.session() as db:
        assert db.scalar(select(func.count()).select_from(Staff).where(Staff.code == "GOOD")) == 0


def test_broken_json_names_its_line():
    with pytest.raises(BadRecord) as caught:
        read_records(['{"type": "department", "code": "D1", "name": "ก"}', "", "{"])
    assert caught.value.line == 3


def test_update_changes_what_has_the_same_code(office: Office):
    load(office, training("T1", "2015-01-05"), attended("T1", SOMCHAI, status="submitted"))
    load(
        office,
        {"type": "meeting", "code": "M9", "title": "ว่าง", "purpose": "other", "on": "2015-01-01", "attendees": []},
    )
    done = load(office, training("T1", "2015-01-05", title="ชื่อใหม่"), attended("T1", SOMCHAI), update=True)
    assert done.updated.total() == 2
    assert numbers(office)[0][0][:2] == ("A1", 1)


def test_irrelevant_records_change_nothing(office: Office):
    load(office, *OFFICE)
    before = numbers(office)
    load(
        office,
        article("Z", on="2013-01-01", category=""),
        training("T9", "2012-01-01"),
        opened("A1", WICHAI, "2013-03-02T09:00:00+07:00"),
    )
    assert numbers(office)[0] == before[0]


def test_markdown_folder_becomes_articles(office: Office, tmp_path: Path):
    folder = tmp_path / "md"
    (folder / "sub").mkdir(parents=True)
    (folder / "one.md").write_text(
        "---\ntitle: เรื่องหนึ่ง\ncategory: พัสดุ\ntags: [ก, ข]\nvisibility: public\nfirst_published_on: 2015-01-10\n---\n![ภาพ](x.png)\n",
        "utf-8",
    )
    (folder / "x.png").write_bytes(PNG)
    (folder / "sub" / "two.md").write_text("# หัวเรื่องสอง\n\nเนื้อหา ก\u0e4d\u0e32ลังใจ", "utf-8")
    with office.session() as db:
        done = import_folder(db, office.desk(db), folder, SOMCHAI, True, office.clock.now())
        assert done.added["article"] == 2
        again = import_folder(db, office.desk(db), folder, SOMCHAI, True, office.clock.now())
        assert again.skipped["article"] == 2
        titles = set(db.scalars(select(Article.title)))
        assert titles == {"เรื่องหนึ่ง", "หัวเรื่องสอง"}
        assert db.scalars(select(Attachment.name)).all() == ["x.png"]


def test_bad_markdown_file_is_named_and_nothing_is_imported(office: Office, tmp_path: Path):
    (tmp_path / "a.md").write_text("---\ntitle: ดี\nauthor: S1\n---\nเนื้อหา", "utf-8")
    (tmp_path / "b.md").write_text("---\ntitle: เสีย\nauthor: nobody\n---\nเนื้อหา", "utf-8")
    with office.session() as db, pytest.raises(Exception, match=r"b\.md.*author"):
        import_folder(db, office.desk(db), tmp_path, None, True, office.clock.now())
    with office.session() as db:
        assert db.scalar(select(func.count()).select_from(Article)) == 0


def test_a_line_of_every_type_survives_its_own_json():
    for record in OFFICE:
        checked = check_line(1, json.loads(json.dumps(record)))
        assert checked.type.name == record["type"]
