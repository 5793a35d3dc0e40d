"""A year closed by two people, edited behind the application's back, restated; signed results of offices."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app.activity.commands import seal_ledger
from app.cli import main
from app.core.database import transaction
from app.core.errors import Invalid, NotAllowed
from app.indicators import closing, results
from app.indicators.commands import void_record
from app.indicators.models import Restatement, Visit, YearClosing
from app.indicators.scopes import scope_for
from app.office import Office
from app.operations import examine
from app.people.models import Role, Viewer
from app.people.queries import staff_by_code
from tests.conftest import Browser, app_of, on
from tests.indicators.reading import count
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, article, attended, load, opened, training

YEAR = 2558


def viewer_of(office: Office, code: str, *roles: Role) -> Viewer:
    with office.session() as db:
        return Viewer(staff_id=staff_by_code(db, code).id, code=code, roles=frozenset({Role.STAFF, *roles}))


def fill(office: Office) -> None:
    load(
        office, training("T1", "2015-01-10"), attended("T1", SOMCHAI), article("A", review_approved_on="2015-02-01"),
        opened("A", MALEE, "2015-03-01T09:00:00+07:00"), opened("A", WICHAI, "2015-03-02T09:00:00+07:00"),
        {"type": "visit", "code": "V1", "channel": "board", "on": "2015-04-01", "persons": 3, "status": "verified"},
        {"type": "activity", "code": "AC1", "kind": "climate", "on": "2015-05-01", "title": "ตลาดนัด", "status": "verified"},
    )  # fmt: skip


def close(office: Office) -> None:
    """Ask as the secretary and close as the head, on 3 November 2558, with the ledger sealed."""
    on(office, "2015-11-03")
    with office.session() as db:
        seal_ledger(db, office.clock.today())
        scope = scope_for(db, office.config, YEAR, office.clock.today())
        secretary, head = viewer_of(office, SECRETARY, Role.SECRETARY), viewer_of(office, WICHAI, Role.HEAD)
        closing.ask_to_close(db, secretary, scope, "ยังไม่มีรอบประเมิน", office.clock.today(), office.clock.now())
        closing.close_year(db, head, scope, office.signer, office.clock.today(), office.clock.now())


def problems(office: Office) -> list[str]:
    with office.session() as db:
        return closing.problems_of(db, office.config, office.signer, YEAR, office.clock.today())


def test_two_people_close_a_year_once_and_for_good(office: Office):
    fill(office)
    secretary = viewer_of(office, SECRETARY, Role.SECRETARY, Role.HEAD)
    with office.session() as db:
        scope = scope_for(db, office.config, YEAR, office.clock.today())
        with pytest.raises(Invalid, match="ยังไม่สิ้นปีงบประมาณ"):
            closing.ask_to_close(db, secretary, scope, "x", office.clock.today(), office.clock.now())
    on(office, "2015-11-03")
    today, now = office.clock.today(), office.clock.now()
    with office.session() as db:
        scope = scope_for(db, office.config, YEAR, today)
        with pytest.raises(NotAllowed):
            closing.ask_to_close(db, viewer_of(office, SOMCHAI), scope, "x", today, now)
        with pytest.raises(Invalid, match="โปรดบอกเหตุผล"):
            closing.ask_to_close(db, secretary, scope, " ", today, now)
        closing.ask_to_close(db, secretary, scope, "ยังไม่มีรอบประเมิน", today, now)
        with pytest.raises(Invalid, match="คนละคน"):
            closing.close_year(db, secretary, scope, office.signer, today, now)
        closing.close_year(db, viewer_of(office, WICHAI, Role.HEAD), scope, office.signer, today, now)
        with pytest.raises(Invalid, match="ปิดไปแล้ว"):
            closing.ask_to_close(db, secretary, scope, "x", today, now)
        kept = closing.shown_rows(closing.standing(db, db.get_one(YearClosing, YEAR))[0])
    # By hand: 1 of 4 trained, 1 usable article, 2 readings and 3 visitors, 1 activity.
    assert (kept["A1"]["numerator"], kept["A1"]["denominator"]) == (1, 4)
    assert [kept[row]["numerator"] for row in ("A3", "A5", "B1")] == [1, 5, 1]
    assert problems(office) == []


# What somebody with the database file might do, and the words that name it.
TAMPERINGS = {
    "a visit made larger": ("update visit set persons = 9 where code = 'V1'", "visit:V1"),
    "a record verified by nobody": ("update activity set status = 'submitted' where code = 'AC1'", "activity:AC1"),
    "a target lowered": ("update plan_row set target = 1 where be_year = 2558 and \"row\" = 'A3'", "A3 ค่าเป้าหมาย"),
    "a day total added": (
        'insert into access_day ("on", person, article_id, channel) select "on", \'g0\', article_id, channel from access_day limit 1',
        "ยอดรายวันเกิน",
    ),
    "a person put on the roster": (
        "update service set end_on = '2014-12-31' where staff_id = (select id from staff where code = 'S2')",
        "ฐานบุคลากร",
    ),
    "an article backdated": ("update article set first_published_on = '2014-09-01' where code = 'A'", "A7"),
    "the snapshot's hash": ("update year_closing set sha256 = '00'", "ภาพนิ่งวันปิดปี 2558"),
    "the signature": ("update year_closing set signature = 'aa:bb'", "ลายเซ็นไม่ถูกต้อง"),
    "a line of the ledger": ("update opened set person = 'g1', staff_id = null where id = 1", "2015-09-30"),
    "another closer": ("update year_closing set closed_by_id = (select id from staff where code = 'S1')", "ผู้ปิด"),
    "another reason": ("update year_closing set note = 'ครบ'", "ลายเซ็นไม่ถูกต้อง"),
    "the closing thrown away": ("delete from year_closing", "การปิดปี 2558: เคยลงนามที่นี่แต่หายไป"),
    "settings of the closing": (
        "update year_closing set settings = json_set(settings, '$.pass_percent', 10)",
        "ลายเซ็นไม่ถูกต้อง",
    ),
    "an opening at another hour": ("update opened set hour = 3 where id = 1", "ไม่ตรงกับเวลาที่บันทึกไว้"),
    "a seal taken away": ("delete from ledger_seal", "ผนึกของบัญชี"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_doctor_and_recount_name_every_tampering(lite_office: Office, name: str, monkeypatch: pytest.MonkeyPatch):
    office = lite_office
    fill(office)
    close(office)
    office.indexer.catch_up()
    assert problems(office) == []
    statement, words = TAMPERINGS[name]
    with office.database.begin() as connection:
        connection.execute(sa.text(statement))
    doctor = "\n".join(finding.text for finding in examine(office) if not finding.good)
    assert words in doctor
    monkeypatch.setattr("app.cli.load_config", lambda: office.config)
    answer = CliRunner().invoke(main, ["recount", "--year", str(YEAR)])
    assert answer.exit_code == 1 and words in answer.output


def test_recount_proves_an_untouched_closed_year(lite_office: Office, monkeypatch: pytest.MonkeyPatch):
    fill(lite_office)
    close(lite_office)
    monkeypatch.setattr("app.cli.load_config", lambda: lite_office.config)
    answer = CliRunner().invoke(main, ["recount", "--year", str(YEAR)])
    assert answer.exit_code == 0 and "ภาพนิ่งวันปิดปี" in answer.output


def test_a_later_change_is_named_with_who_and_why_and_can_be_let_stand(office: Office):
    fill(office)
    close(office)
    secretary = viewer_of(office, SECRETARY, Role.SECRETARY)
    with office.session() as db:
        number = db.scalars(sa.select(Visit.id)).one()
        void_record(db, secretary, Visit, number, "นับซ้ำกับสมุดเยี่ยม", office.clock.now())
    page = Browser(app_of(office), SECRETARY).get(f"/plan/{YEAR}/closing").text
    assert "นับซ้ำกับสมุดเยี่ยม" in page and "เลขา รอบคอบ" in page
    with office.session() as db:
        before = db.get_one(YearClosing, YEAR).snapshot
        closing.restate(db, secretary, office.config, YEAR, "สมุดเยี่ยมนับซ้ำ", office.signer, office.clock.now())
    assert problems(office) == []
    with office.session() as db:
        closed = db.get_one(YearClosing, YEAR)
        assert closed.snapshot == before
        assert closing.shown_rows(closing.standing(db, closed)[0])["A5"]["numerator"] == 2
        kept = db.get_one(Restatement, (YEAR, 1))
        assert kept.reason == "สมุดเยี่ยมนับซ้ำ" and any("V1" in change["text"] for change in kept.changes)
        with pytest.raises(Invalid, match="ไม่มีอะไรต้องปรับปรุง"):
            closing.restate(db, secretary, office.config, YEAR, "อีกครั้ง", office.signer, office.clock.now())


def test_a_restatement_thrown_away_or_reworded_is_named(lite_office: Office):
    office = lite_office
    fill(office)
    close(office)
    secretary = viewer_of(office, SECRETARY, Role.SECRETARY)
    for number, code in enumerate(("V1", "V2"), 1):
        load(
            office,
            {
                "type": "visit",
                "code": code + "x",
                "channel": "board",
                "on": "2015-04-02",
                "persons": number,
                "status": "verified",
            },
        )
        with office.session() as db:
            closing.restate(db, secretary, office.config, YEAR, "นับเพิ่ม", office.signer, office.clock.now())
    assert problems(office) == []
    with office.database.begin() as connection:
        connection.execute(sa.text("update restatement set reason = 'อื่น' where number = 1"))
    assert any("การปรับปรุงครั้งที่ 1" in told and "เหตุผล" in told for told in problems(office))
    with office.database.begin() as connection:
        connection.execute(sa.text("delete from restatement where number = 2"))
    assert any("การปรับปรุงครั้งที่ 2 ของปี 2558: เคยลงนามที่นี่" in told for told in problems(office))


def test_a_year_closed_when_signatures_said_less_is_still_whole(lite_office: Office):
    fill(lite_office)
    close(lite_office)
    with lite_office.session() as db, transaction(db):
        kept = db.get_one(YearClosing, YEAR)
        act = f"khlang {YEAR} 0 {kept.sha256}".encode()
        kept.settings, kept.rule = None, ""
        kept.signature = f"{lite_office.signer.public_key()}:{lite_office.signer.sign(act)}"
    (lite_office.config.data / "signed_acts").unlink()
    assert problems(lite_office) == []


def test_the_machines_settings_do_not_reach_a_closed_year(lite_office: Office):
    office = lite_office
    fill(office)
    load(
        office,
        {"type": "quiz_attempt", "staff": SOMCHAI, "set": "understand", "on": "2015-02-01", "score": 6, "max": 10},
    )
    close(office)
    office.config = replace(office.config, quiz_pass_percent=70)
    assert (count(office, "C2"), problems(office)) == (1, [])
    load(
        office,
        {"type": "quiz_attempt", "staff": SOMCHAI, "set": "understand", "on": "2015-10-02", "score": 6, "max": 10},
    )
    assert count(office, "C2", year=2559) == 0


def test_life_after_the_year_does_not_change_it(office: Office):
    """A leaver, an article retired, thrown away or read later, a course of the next year: the closed year stays."""
    fill(office)
    close(office)
    load(office, training("T2", "2015-10-20"), attended("T2", MALEE), opened("A", SOMCHAI, "2015-10-30T09:00:00+07:00"))
    with office.database.begin() as connection:
        connection.execute(
            sa.text(
                "update service set end_on = '2015-10-15' where staff_id = (select id from staff where code = 'S2')"
            )
        )
        connection.execute(sa.text("update article set state = 'retired', retired_on = '2015-11-01', title = 'ชื่อใหม่'"))
    assert problems(office) == []


def test_a_closed_year_keeps_its_plan(office: Office):
    fill(office)
    close(office)
    secretary = Browser(app_of(office), SECRETARY)
    answer = secretary.post(f"/plan/{YEAR}/A2/target", {"target": "5", "reason": "อยากตั้ง"}, page=f"/plan/{YEAR}/A2")
    assert answer.status_code == 302
    assert "ปิดแล้ว แผนของปีนั้นแก้ไม่ได้" in secretary.get(f"/plan/{YEAR}").text


def test_result_file_is_signed_and_any_change_is_seen(lite_office: Office, tmp_path):
    fill(lite_office)
    close(lite_office)
    with lite_office.session() as db:
        scope = scope_for(db, lite_office.config, YEAR, lite_office.clock.today())
        text = results.result_file(db, lite_office.config, scope, lite_office.signer, lite_office.clock.now())
    (tmp_path / "good.json").write_text(text, "utf-8")
    run = CliRunner()
    good = run.invoke(main, ["verify", str(tmp_path / "good.json")])
    assert good.exit_code == 0 and "ลายเซ็นถูกต้อง" in good.output and "A5" in good.output
    changed = json.loads(text)
    changed["rows"][0]["numerator"] += 1
    (tmp_path / "bad.json").write_text(json.dumps(changed), "utf-8")
    bad = run.invoke(main, ["verify", str(tmp_path / "bad.json")])
    assert bad.exit_code == 1 and "ลายเซ็น" in bad.output
    for broken in ("", "[]", "{}", "[" * 5000, '{"format": "khlang-result/1"}'):
        (tmp_path / "odd.json").write_text(broken, "utf-8")
        assert run.invoke(main, ["verify", str(tmp_path / "odd.json")]).exit_code == 1


def test_results_of_offices_stand_side_by_side(lite_office: Office, tmp_path):
    from io import BytesIO

    fill(lite_office)
    with lite_office.session() as db:
        scope = scope_for(db, lite_office.config, YEAR, lite_office.clock.today())
        text = results.result_file(db, lite_office.config, scope, lite_office.signer, lite_office.clock.now())
    secretary = Browser(app_of(lite_office), SECRETARY)
    files = {"files": (BytesIO(text.encode()), "a.json")}
    secretary.post("/results", files, page="/results", content_type="multipart/form-data")
    page = secretary.get(f"/results?year={YEAR}").text
    assert lite_office.config.office_name in page and "ยังไม่ปิดปี" in page
    broken = {"files": (BytesIO(text.replace('"numerator": 5', '"numerator": 6').encode()), "b.json")}
    secretary.post("/results", broken, page="/results", content_type="multipart/form-data")
    assert "ลายเซ็นไม่ตรง" in secretary.get("/results").text
    sheet = secretary.get(f"/results?year={YEAR}&as=csv").text
    assert "A5" in sheet and lite_office.config.office_name in sheet
    assert Browser(app_of(lite_office), SOMCHAI).get("/results").status_code == 403


def test_a_damaged_snapshot_is_told_not_signed_and_does_not_break_the_page(lite_office: Office):
    fill(lite_office)
    close(lite_office)
    with lite_office.session() as db:
        db.execute(sa.update(YearClosing).values(snapshot=b"x"))
        db.commit()
    secretary = Browser(app_of(lite_office), SECRETARY)
    for path in ("/plan/2558", "/plan/2558/closing", "/plan/2558/result.json"):
        answer = secretary.get(path)
        assert (answer.status_code == 400 and "khlang doctor" in answer.text) or "ถูกแก้หลังปิดปี" in answer.text, path
    with lite_office.session() as db:
        db.execute(sa.update(YearClosing).values(closed_at=None, closed_by_id=None))
        db.commit()
    assert any("ถูกแก้หลังปิดปี" in text for text in problems(lite_office))
