"""Four people in every test: somchai wrote it, malee is in his group, wichai is in another department, the secretary reads."""

from __future__ import annotations

from datetime import date
from typing import Any

from argon2 import PasswordHasher

from app.exchange.formats import check_line
from app.exchange.importing import Imported, import_records
from app.office import Office
from app.people.models import Role, Staff, StaffRole

PASSWORD = "correct horse 2558"
SOMCHAI, MALEE, WICHAI, SECRETARY, ADMIN = "S1", "S2", "S3", "SEC", "admin"


def load(office: Office, *records: dict[str, Any], update: bool = False) -> Imported:
    """Import exchange records: the factory of tests, and the way every office gets its data."""
    checked = [check_line(number, record) for number, record in enumerate(records, 1)]
    with office.session() as db:
        return import_records(db, office.desk(db), checked, office.clock.now(), update=update)


def people(office: Office) -> None:
    """Two departments, four people on the roster since 2010, an administrator off it; all with one password."""
    load(
        office,
        {"type": "department", "code": "D1", "name": "กองคลัง"},
        {"type": "department", "code": "D2", "name": "กองช่าง"},
        staff(SOMCHAI, "นายสมชาย ใจดี"),
        staff(MALEE, "นางสาวมาลี แก้วใส", roles=["facilitator"]),
        staff(WICHAI, "นายวิชัย ทองแท้", department="D2", roles=["head"]),
        staff(SECRETARY, "นางเลขา รอบคอบ", roles=["secretary"]),
    )
    hashed = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    with office.session() as db:
        admin = Staff(code=ADMIN, name="ผู้ดูแลระบบ", password_hash=hashed, must_change_password=False)
        db.add(admin)
        for person in db.query(Staff):
            person.password_hash, person.must_change_password = hashed, False
        db.flush()
        db.add(StaffRole(staff_id=admin.id, role=Role.ADMIN.value))
        db.commit()


def staff(code: str, name: str, department: str = "D1", start: str = "2010-01-01", **more: Any) -> dict[str, Any]:
    """A person of the roster."""
    return {"type": "staff", "code": code, "name": name, "department": department, "start": start, **more}


def article(code: str, author: str = SOMCHAI, on: str | date = "2015-01-10", **more: Any) -> dict[str, Any]:
    """A published, categorised, public article."""
    return {
        "type": "article", "code": code, "title": f"เรื่อง {code}", "body": "เนื้อหาของบทความ", "author": author,
        "category": "การจัดการความรู้", "visibility": "public", "state": "published", "first_published_on": str(on),
        **more,
    }  # fmt: skip


def training(code: str, end: str, **more: Any) -> dict[str, Any]:
    """A one-day outside course."""
    return {
        "type": "training", "code": code, "title": f"หลักสูตร {code}", "kind": "อบรม", "start": end, "end": end,
        "inside": False, **more,
    }  # fmt: skip


def attended(training_code: str, who: str, status: str = "verified", result: str = "done") -> dict[str, Any]:
    """A person at a course."""
    return {"type": "training_attendance", "training": training_code, "staff": who, "result": result, "status": status}


def opened(article_code: str, who: str | None, at: str, **more: Any) -> dict[str, Any]:
    """An access; `who` None is a guest."""
    person = {"staff": who} if who else {"guest": more.pop("guest", "phone-1")}
    return {"type": "access", "article": article_code, "at": at, "channel": "web", **person, **more}


def group(code: str = "G1", visibility: str = "open", **more: Any) -> dict[str, Any]:
    """A group of somchai and malee."""
    return {
        "type": "group", "code": code, "name": f"กลุ่ม {code}", "purpose": "หัวปลาของกลุ่ม", "visibility": visibility,
        "facilitators": [MALEE], "members": [SOMCHAI], "founded_on": "2014-11-01", **more,
    }  # fmt: skip


def thread(code: str = "TH1", group_code: str = "G1", **more: Any) -> dict[str, Any]:
    """A thread of somchai."""
    return {
        "type": "thread", "code": code, "group": group_code, "author": SOMCHAI, "title": "ถามเรื่องใบเสร็จรับเงิน",
        "body": "ใบเสร็จหายต้องทำอย่างไร", "at": "2015-02-01T09:00:00+07:00", **more,
    }  # fmt: skip
