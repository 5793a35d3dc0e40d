"""What people rightly do after a year was closed leaves its figures as they are, and counts in the year it was done."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from app.core.database import transaction
from app.indicators.models import Acknowledgement, QuizAttempt
from app.knowledge.life import confirm_valid
from app.knowledge.models import Article, Revision
from app.knowledge.publishing import make_public, note_standing
from app.office import Office
from app.people.models import Staff
from tests.conftest import Browser, app_of, on
from tests.indicators.reading import count, reasons
from tests.indicators.test_closing import close, fill, problems, viewer_of
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, article, attended, load, opened, staff, training


def edit(code: str, at: str, approved: bool) -> dict[str, object]:
    return {
        "type": "revision", "article": code, "editor": MALEE, "at": at, "minor": False, "approved": approved, "body": at
    }  # fmt: skip


def test_reading_again_and_filing_anew_change_nothing_of_a_closed_year(office: Office):
    fill(office)
    load(office, article("B", review_approved_on="2015-02-02", review_due_on="2015-09-01"))
    close(office)
    # A counts, B was past its review date on 30 September.
    assert count(office, "A3") == 1
    with office.session() as db:
        confirm_valid(db, viewer_of(office, SOMCHAI), "B", None, office.clock.now())
        with transaction(db):
            kept = db.scalars(select(Article).where(Article.code == "A")).one()
            kept.category_id = None
            note_standing(db, kept, office.clock.today())
    assert count(office, "A3") == 1 and "เลยกำหนดทบทวน" in reasons(office, "A3")
    assert problems(office) == []


def test_a_text_saved_before_and_approved_after_the_closing_is_of_the_next_year(office: Office):
    fill(office)
    load(office, edit("A", "2015-09-28T09:00:00+07:00", approved=False))
    close(office)
    assert count(office, "A4") == 0
    with office.session() as db, transaction(db):
        kept = db.scalars(select(Article).where(Article.code == "A")).one()
        waiting = db.scalars(select(Revision).where(Revision.article_id == kept.id, Revision.number == 2)).one()
        make_public(db, kept, waiting, office.clock.now())
    assert (count(office, "A4"), count(office, "A4", year=2559)) == (0, 1)
    assert problems(office) == []


def test_a_day_in_the_past_asks_what_held_then(office: Office):
    load(
        office, article("A", review_approved_on="2015-01-10", first_published_on="2015-01-05", review_due_on="2015-03-01"),
        {"type": "article_standing", "article": "A", "on": "2015-01-05", "categorised": False},
        {"type": "article_standing", "article": "A", "on": "2015-02-01", "categorised": True, "review_due_on": "2015-02-20"},
        {"type": "article_standing", "article": "A", "on": "2015-03-05", "categorised": True, "review_due_on": "2016-03-05"},
    )  # fmt: skip
    days = ("2015-01-31", "2015-02-01", "2015-02-20", "2015-02-21", "2015-03-05")
    assert [count(office, "A3", as_of=day) for day in days] == [0, 1, 1, 0, 1]


def test_a_paper_counts_when_a_second_person_has_seen_it(office: Office):
    load(office, staff(MALEE, "นางสาวมาลี แก้วใส", roles=["head"]), update=True)
    app = app_of(office)
    typist, checker = Browser(app, SECRETARY), Browser(app, MALEE)
    person = viewer_of(office, SOMCHAI).staff_id
    form = {
        "staff_id": str(person),
        "be_year": "2558",
        "on": "1/2/2558",
        "quiz": "understand",
        "score": "7",
        "max_score": "10",
    }
    for register, row in (("acknowledgement", "C1"), ("quiz_attempt", "C2")):
        assert typist.post(f"/records/{register}", data=form).status_code == 302
        assert (count(office, row), reasons(office, row)) == (0, ["รอตรวจ"])
        typist.post(f"/records/{register}/1/verify")
        assert count(office, row) == 0
        checker.post(f"/records/{register}/1/verify")
        assert count(office, row) == 1
        typist.post(f"/records/{register}/1/void", data={"reason": "ลงชื่อผิดคน"})
        assert (count(office, row), reasons(office, row)) == (0, ["ยกเลิก"])
    with office.session() as db:
        assert db.scalars(select(Acknowledgement.on)).all() == [date(2015, 2, 1)]


def test_what_a_paper_says_of_a_person_is_not_for_every_checker(lite_office: Office):
    on(lite_office, "2015-03-01")
    load(
        lite_office,
        {
            "type": "quiz_attempt",
            "staff": SOMCHAI,
            "set": "understand",
            "on": "2015-02-01",
            "score": 3,
            "max": 10,
            "status": "submitted",
        },
    )
    app = app_of(lite_office)
    # Malee facilitates a group, Wichai heads another department.
    for code in (MALEE, WICHAI):
        other = Browser(app, code)
        assert "สมชาย" not in other.get("/records/quiz_attempt").text.partition("<tbody>")[2]
        assert "สมชาย" not in other.get("/inbox").text
        assert other.post("/records/quiz_attempt/1/verify").status_code == 404
    load(lite_office, staff("S9", "นางหัวหน้า กองคลัง", roles=["head"]), update=True)
    with lite_office.session() as db, transaction(db):
        own_head, other = db.scalars(
            select(Staff).where(Staff.code.in_(("S9", MALEE))).order_by(Staff.code.desc())
        ).all()
        own_head.password_hash, own_head.must_change_password = other.password_hash, False
    Browser(app, "S9").post("/records/quiz_attempt/1/verify")
    with lite_office.session() as db:
        assert db.scalars(select(QuizAttempt.status)).all() == ["verified"]


def test_a_head_reads_that_a_closed_year_changed_but_not_whom_of_others(lite_office: Office):
    fill(lite_office)
    close(lite_office)
    load(lite_office, training("T9", "2015-02-10"), attended("T9", MALEE))
    app = app_of(lite_office)
    secretary, head = (
        Browser(app, SECRETARY).get("/plan/2558/closing").text,
        Browser(app, WICHAI).get("/plan/2558/closing").text,
    )
    assert "staff:S2" in secretary
    assert "staff:S2" not in head and "แถว A1 หลักฐาน" in head


def test_what_a_person_does_on_screen_counts_at_once(office: Office):
    on(office, "2015-02-01")
    Browser(app_of(office), MALEE).post("/acknowledge")
    Browser(app_of(office), MALEE).post("/acknowledge")
    assert count(office, "C1") == 1
    with office.session() as db:
        kept = db.scalars(select(Acknowledgement)).one()
        assert kept.recorded_by_id == kept.staff_id and kept.verified_by_id is None


def test_accesses_of_a_department_with_few_readers_are_told_to_nobody_who_may_not_know_names(office: Office):
    """One reader in D2, three in D1: staff see no D2, however they ask; its head and the secretary do."""
    load(
        office, staff("S8", "นายสาม คลังดี"), staff("S9", "นายสี่ เขียนเก่ง", department="D2"), article("A", author="S9"),
        *[opened("A", code, "2015-03-01T09:00:00+07:00") for code in (SOMCHAI, MALEE, "S8", WICHAI)],
    )  # fmt: skip
    app = app_of(office)
    plain, head, secretary = (Browser(app, code) for code in (SOMCHAI, WICHAI, SECRETARY))
    for path in ("/plan/2558/A5?department=D2", "/plan/2558/A5.csv?department=D2"):
        assert plain.get(path).status_code == 403 and "น้อยกว่า 3 คน" in plain.get(path).text
        assert head.get(path).status_code == secretary.get(path).status_code == 200
    assert "น้อยกว่า 3 คน จึงไม่แสดง" in plain.get("/plan/2558?department=D2").text
    assert "กองช่าง ผู้อ่านน้อยกว่า 3 คน" in plain.get("/plan/2558").text
    assert "กองช่าง ผู้อ่านน้อยกว่า 3 คน" not in secretary.get("/plan/2558").text
    lines = plain.get("/plan/2558/A5.csv").text
    assert lines.count("กองคลัง") == 3 and "กองช่าง" not in lines
    assert "กองช่าง" in secretary.get("/plan/2558/A5.csv").text
    assert plain.get("/plan/2558/A5?department=D1").status_code == 200
