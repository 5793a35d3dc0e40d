"""The list of a course is ticked again: what was verified stays, and nothing that was voided is rewritten."""

from __future__ import annotations

import json

from sqlalchemy import select

from app.exchange.exporting import export_office
from app.exchange.formats import check_line
from app.exchange.importing import import_records
from app.office import Office
from app.people.queries import staff_by_code
from app.training.models import Attendance
from tests.conftest import Browser, app_of
from tests.indicators.reading import count
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, attended, load, training


def ids_of(office: Office, *codes: str) -> list[str]:
    with office.session() as db:
        return [str(staff_by_code(db, code).id) for code in codes]


def kept(office: Office) -> list[tuple[str, str, str]]:
    with office.session() as db:
        rows = db.scalars(select(Attendance).order_by(Attendance.id))
        return [(row.status, row.result, row.void_reason) for row in rows]


def test_a_head_cannot_take_a_verified_name_off_and_says_whose_it_is(office: Office):
    load(office, training("T1", "2015-01-10"), attended("T1", SOMCHAI), attended("T1", MALEE, status="submitted"))
    head = Browser(app_of(office), WICHAI)
    head.post("/trainings/T1/attendees", data={"attendee": ids_of(office, WICHAI)})
    assert "ไม่ได้เปลี่ยน นายสมชาย ใจดี เพราะตรวจแล้ว" in head.get("/trainings/T1").text
    assert count(office, "A1") == 1
    assert [status for status, _, _ in kept(office)] == ["verified", "void", "submitted"]


def test_a_name_taken_off_and_put_on_again_keeps_both_lines(office: Office):
    load(office, training("T1", "2015-01-10"), attended("T1", SOMCHAI))
    secretary = Browser(app_of(office), SECRETARY)
    for wanted in ([], [SOMCHAI], [], [SOMCHAI]):
        secretary.post("/trainings/T1/attendees", data={"attendee": ids_of(office, *wanted)})
    off = "นำชื่อออกจากรายชื่อผู้เข้าอบรม"
    assert kept(office) == [("void", "done", off), ("void", "done", off), ("submitted", "done", "")]
    page = secretary.get("/trainings/T1").text
    assert "ผู้เข้าอบรม 1 คน" in page


def test_a_list_ticked_many_times_goes_out_and_in(lite_office: Office, tmp_path):
    office = lite_office
    load(office, training("T1", "2015-01-10"), attended("T1", SOMCHAI))
    secretary = Browser(app_of(office), SECRETARY)
    for wanted in ([], [SOMCHAI], [], [SOMCHAI], []):
        secretary.post("/trainings/T1/attendees", data={"attendee": ids_of(office, *wanted)})
    with office.session() as db:
        export_office(db, office.desk(db).files, tmp_path, lambda _: None)
        lines = (tmp_path / "registers.jsonl").read_text("utf-8").splitlines()
        records = [check_line(number, json.loads(line)) for number, line in enumerate(lines, 1)]
        done = import_records(db, office.desk(db), records, office.clock.now())
    assert not +done.added and not +done.updated
