"""The human registers as one table: what is typed, where it is kept, which rows it feeds. One form page serves all."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_wtf.file import FileField
from sqlalchemy import ColumnElement, func, literal, select, union_all
from sqlalchemy.orm import Session
from wtforms import IntegerField, SelectField, TextAreaField
from wtforms.validators import NumberRange

from app.community import meeting_queries
from app.community.models import Award, Lesson, Meeting
from app.core.database import lock_for_transaction, transaction
from app.core.errors import Invalid, NotFound
from app.core.fiscal_year import FiscalYear, be_fiscal_year
from app.core.records import HumanRecord, Status
from app.core.thai import thai_date
from app.core.web import House, ThaiDateField, needed, needed_number, not_future, offered, text_field
from app.indicators import evaluating
from app.indicators.models import (
    ACTIVITY_KINDS,
    LOG_CHANNELS,
    QUIZ_SETS,
    VISIT_CHANNELS,
    Acknowledgement,
    Activity,
    CareLog,
    CheckRound,
    Compilation,
    Evaluation,
    HandCount,
    Improvement,
    QuizAttempt,
    Visit,
)
from app.indicators.plans import plan_for
from app.knowledge.models import Application, Article
from app.people.models import Team, TeamMember
from app.training.models import Attendance, Report


@dataclass(frozen=True)
class Column:
    """One typed field. `kind`: day, line, text, number, choice, staff, members, team:<kind>, year."""

    name: str
    label: str
    kind: str
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Register:
    """One register. `subject` names the column of the person it is about, who may not verify it.

    `private`: what it says of a person is for the secretary, evaluators, the person's own head and who typed it.
    """

    key: str
    title: str
    rows: str
    model: Any
    columns: tuple[Column, ...] = ()
    hint: str = ""
    subject: str = ""
    code_prefix: str = ""
    private: bool = False

    @property
    def is_human(self) -> bool:
        """True when its records wait for verification."""
        return issubclass(self.model, HumanRecord)


_ON = Column("on", "วันที่", "day")


def _channel(choices: dict[str, str]) -> Column:
    return Column("channel", "ช่องทาง", "choice", tuple(choices.items()))


REGISTERS: dict[str, Register] = {
    one.key: one
    for one in (
        Register(
            "activity", "กิจกรรมเสริมสร้างบรรยากาศ", "B1", Activity,
            (_ON, Column("kind", "ประเภท", "choice", tuple(ACTIVITY_KINDS.items())), Column("title", "กิจกรรม", "line")),
            "ตลาดนัดความรู้ การเปิดกลุ่มใหม่ ผู้บริหารมาร่วมให้กำลังใจ", code_prefix="AC-",
        ),
        Register(
            "visit", "ผู้มาใช้ศูนย์ข้อมูลและบอร์ด", "A5", Visit,
            (_ON, _channel(VISIT_CHANNELS), Column("persons", "จำนวนคน", "number")),
            "นับจากสมุดเยี่ยมหรือสมุดลงชื่อของวันนั้น", code_prefix="V-",
        ),
        Register(
            "check_round", "รอบตรวจสอบข้อมูล", "B3", CheckRound,
            (Column("team_id", "ทีม", "team:data"), _ON, Column("result", "ผลการตรวจ", "text")),
        ),
        Register(
            "care_log", "บันทึกการดูแลช่องทาง", "B5", CareLog,
            (
                Column("team_id", "ทีม", "team:channel"), _ON, _channel(LOG_CHANNELS),
                Column("what", "ทำอะไร", "text"),
            ),
        ),
        Register(
            "improvement", "บันทึกการปรับปรุงช่องทาง", "C3", Improvement,
            (
                _ON, _channel(LOG_CHANNELS), Column("before", "ก่อนปรับปรุง", "text"),
                Column("after", "หลังปรับปรุง", "text"), Column("why", "เพราะอะไร", "text"),
            ),
        ),
        Register(
            "compilation", "รูปเล่มและฉบับรวบรวม", "B6", Compilation,
            (
                Column("team_id", "ทีม", "team:compile"), _ON, Column("edition", "ฉบับที่", "line"),
                Column("title", "ชื่อเล่ม", "line"),
            ),
        ),
        Register(
            "acknowledgement", "การรับทราบเป้าหมาย KM", "C1", Acknowledgement,
            (Column("staff_id", "บุคลากร", "staff"), Column("be_year", "ปีงบประมาณ (พ.ศ.)", "year"), _ON),
            "จากใบลงชื่อบนกระดาษ แนบภาพถ่ายไว้ให้ผู้ตรวจ", subject="staff_id", private=True,
        ),
        Register(
            "quiz_attempt", "ผลแบบทดสอบ", "C2, C4, C6", QuizAttempt,
            (
                Column("staff_id", "บุคลากร", "staff"), Column("quiz", "ชุด", "choice", tuple(QUIZ_SETS.items())),
                _ON, Column("score", "คะแนนที่ได้", "number"), Column("max_score", "คะแนนเต็ม", "number"),
            ),
            "จากกระดาษคำตอบ แนบภาพถ่ายไว้ให้ผู้ตรวจ", subject="staff_id", private=True,
        ),
        Register(
            "evaluation", "รอบติดตามและประเมินผล", "C5", Evaluation,
            (Column("be_year", "ประเมินปีงบประมาณ (พ.ศ.)", "year"), Column("submitted_on", "วันที่เสนอนายก", "day")),
            code_prefix="EV-",
        ),
        Register(
            "award", "รางวัลและการยกย่อง", "C6", Award,
            (Column("staff_id", "บุคลากร", "staff"), _ON, Column("reason", "ยกย่องเรื่องอะไร", "text")),
        ),
        Register(
            "team", "ทีมและคำสั่งแต่งตั้ง", "B3 B4 B5 B6", Team,
            (
                Column("kind", "ทีม", "choice", (
                    ("data", "ทีมตรวจสอบการให้และเก็บรวบรวมข้อมูล"), ("curate", "ทีมปรับปรุงกลั่นกรองความรู้"),
                    ("channel", "ทีมดูแลช่องทางเผยแพร่"), ("compile", "ทีมรวบรวมจัดทำเอกสาร"),
                    ("evaluation", "คณะกรรมการติดตามและประเมินผล"),
                )),
                Column("order_no", "เลขที่คำสั่ง", "line"), Column("valid_from", "ตั้งแต่วันที่", "day"),
                Column("valid_to", "ถึงวันที่ (ว่างได้)", "maybe_day"), Column("members", "สมาชิกทีม", "members"),
            ),
            code_prefix="TM-",
        ),
        Register(
            "hand_count", "การนับด้วยมือ", "แถวที่แผนกำหนดให้นับด้วยมือ", HandCount,
            (
                Column("row", "แถวของแผน เช่น A5", "line"), _ON, Column("number", "จำนวน", "number"),
                Column("what", "นับอะไร จากหลักฐานใด", "text"),
            ),
            code_prefix="H-",
        ),
        # Typed on pages of their own; here only to be verified and listed.
        Register("meeting", "การประชุม", "A6 B2", Meeting),
        Register("training_attendance", "ผู้เข้าอบรม", "A1 A2", Attendance, subject="staff_id"),
        Register("report", "รายงานหลังอบรม", "A6", Report, subject="author_id"),
        Register("application", "การนำไปใช้", "A3 A7", Application, subject="staff_id"),
        Register("lesson", "บทเรียนจากกลุ่ม", "B7", Lesson),
    )
}  # fmt: skip


# What people do on screen for themselves; here it is typed from paper by another.
_ON_SCREEN = (Acknowledgement, QuizAttempt)


def register_named(key: str) -> Register:
    """One register. Raises NotFound."""
    if key not in REGISTERS:
        raise NotFound("ไม่มีทะเบียนนี้")
    return REGISTERS[key]


@dataclass(frozen=True)
class Choices:
    """What select fields offer: people of the roster, teams by kind."""

    staff: list[tuple[int, str]]
    teams: list[Team]


def form_of(register: Register, choices: Choices, kept: Any = None) -> House:
    """A form with the register's columns, filled from a kept record."""
    fields: dict[str, Any] = {}
    for column in register.columns:
        if column.kind != "members":
            fields[column.name] = _field(column, choices)
    if register.is_human:
        fields["file"] = FileField("ไฟล์หลักฐาน (ภาพถ่ายหรือ PDF ไม่ใส่ก็ได้)")
    form_class: Callable[..., House] = type("RegisterForm", (House,), fields)
    return form_class(obj=kept)


def _field(column: Column, choices: Choices) -> Any:
    required = needed(f"โปรดใส่{column.label}")
    if column.kind == "day":
        return ThaiDateField(column.label, [required, not_future])
    if column.kind == "maybe_day":
        return ThaiDateField(column.label)
    if column.kind == "line":
        return text_field(column.label, required)
    if column.kind == "text":
        return TextAreaField(column.label, [required])
    if column.kind == "number":
        limit = NumberRange(0, 10_000, message="ต้องเป็นจำนวน 0 ถึง 10,000")
        return IntegerField(column.label, [needed_number(f"โปรดใส่{column.label}"), limit])
    if column.kind == "year":
        limit = NumberRange(2400, 2700, message="ปีต้องเป็น พ.ศ. เช่น 2558")
        return IntegerField(column.label, [required, limit])
    if column.kind == "staff":
        return SelectField(column.label, coerce=int, choices=offered(choices.staff))
    if column.kind.startswith("team:"):
        kind = column.kind.split(":")[1]
        named = [
            (team.id, f"คำสั่ง {team.order_no} ตั้งแต่ {thai_date(team.valid_from)}")
            for team in choices.teams
            if team.kind == kind
        ]
        return SelectField(column.label, coerce=int, choices=offered(named))
    return SelectField(column.label, choices=offered(column.choices))


LONGEST, EARLIEST = 20_000, date(1957, 1, 1)


def _check_each(register: Register, values: dict[str, Any]) -> None:
    """What the database cannot hold, or no act of this office can be: told in words, beside its field."""
    wrong = {}
    for name, value in values.items():
        if isinstance(value, str):
            most = getattr(register.model.__table__.c[name].type, "length", None) or LONGEST
            if len(value) > most:
                wrong[name] = f"ข้อความยาว {len(value):,} ตัวอักษร เกิน {most:,} ย่อลงหรือแนบเป็นไฟล์"
        elif isinstance(value, date) and value < EARLIEST:
            wrong[name] = "วันที่เก่าเกินไป โปรดตรวจปี พ.ศ. ที่พิมพ์"
    if wrong:
        raise Invalid(wrong)


def check_values(db: Session, register: Register, values: dict[str, Any], members: Collection[int]) -> None:
    """Raise Invalid per field for values that fit their fields but not the database, each other or the plan."""
    _check_each(register, values)
    if register.key == "quiz_attempt" and not 0 < values["max_score"] >= values["score"]:
        raise Invalid({"score": "คะแนนที่ได้ต้องไม่เกินคะแนนเต็ม"})
    if register.key == "visit" and values["persons"] < 1:
        raise Invalid({"persons": "จำนวนคนต้องอย่างน้อย 1"})
    if values.get("valid_to") and values["valid_to"] < values["valid_from"]:
        raise Invalid({"valid_to": "วันสิ้นสุดต้องไม่ก่อนวันเริ่ม"})
    if register.key == "team" and not members:
        raise Invalid({"members": "โปรดเลือกสมาชิกทีมอย่างน้อยหนึ่งคน"})
    if register.key == "acknowledgement":
        year = FiscalYear(values["be_year"])
        if not year.first_day <= values["on"] <= year.last_day:
            raise Invalid({"on": f"วันที่รับทราบเป้าหมายของปี {year.be_year} ต้องอยู่ในปีงบประมาณนั้น (1 ต.ค. ถึง 30 ก.ย.)"})
    if register.key == "hand_count":
        _check_hand_count(db, values)


def _check_hand_count(db: Session, values: dict[str, Any]) -> None:
    if not values["number"] >= 1:
        raise Invalid({"number": "จำนวนต้องอย่างน้อย 1"})
    year = be_fiscal_year(values["on"])
    by_hand = [row.row for row in plan_for(db, year)[1] if row.measure == "by_hand"]
    if values["row"] not in by_hand:
        told = f"แถวที่นับด้วยมือของแผนปี {year} คือ {', '.join(by_hand)}" if by_hand else f"แผนปี {year} ไม่มีแถวที่นับด้วยมือ"
        raise Invalid({"row": f"แถว {values['row']} ไม่ได้นับด้วยมือ {told} ตั้งได้ที่แก้ไขแผน"})


def record(
    db: Session, register: Register, values: dict[str, Any], members: Collection[int], recorder_id: int, now: datetime,
    file_sha256: str | None = None,
) -> Any:  # fmt: skip
    """Keep what was typed; human records wait for verification. Raises Invalid per field."""
    check_values(db, register, values, members)
    if register.model in _ON_SCREEN and values["staff_id"] == recorder_id:
        raise Invalid({"staff_id": "ผลของท่านเองทำบนหน้าจอ หรือให้ผู้อื่นบันทึกจากกระดาษ"})
    row = dict(values)
    if register.code_prefix:
        row["code"] = register.code_prefix + secrets.token_hex(4)
    if register.is_human:
        row |= {"status": Status.SUBMITTED.value, "file_sha256": file_sha256}
        row |= {"recorded_at": now, "recorded_by_id": recorder_id}
    with transaction(db):
        if register.model is Acknowledgement:
            lock_for_transaction(db, f"acknowledge {values['staff_id']}")
            alive = (Acknowledgement.status != Status.VOID.value,)
            if db.scalar(select(Acknowledgement.id).filter_by(**values).where(*alive)) is not None:
                raise Invalid({"staff_id": "บันทึกการรับทราบของคนนี้ในวันนี้ไว้แล้ว"})
        kept = register.model(**row)
        db.add(kept)
        db.flush()
        if register.key == "team":
            db.add_all([TeamMember(team_id=kept.id, staff_id=number) for number in sorted(members)])
    return kept


def involved(db: Session, register: Register, record: Any) -> set[int]:
    """Staff who may not verify a record beside who typed it: its subject, the article's author, and
    who had a hand in a meeting or an evaluation.
    """
    subject = getattr(record, register.subject) if register.subject else None
    found = {subject} if subject is not None else set()
    if register.model is Meeting:
        found |= meeting_queries.hands(db, record.id)
    if register.model is Evaluation:
        found |= evaluating.hands_in(db, record.id)
    if register.model in (Application, Lesson) and record.article_id is not None:
        found.add(db.get_one(Article, record.article_id).author_id)
    return found


def waiting(db: Session) -> dict[str, int]:
    """How many records of each human register wait to be verified; one statement."""
    selects = [
        select(literal(key).label("key"), func.count()).select_from(one.model).where(one.model.status == "submitted")
        for key, one in REGISTERS.items()
        if one.is_human
    ]
    return {key: number for key, number in db.execute(union_all(*selects)) if number}


def recorded_by(db: Session, staff_id: int, limit: int = 60) -> list[tuple[Register, Any]]:
    """What a person recorded, newest first; one statement for where, one for each register that has any."""
    selects = [
        select(literal(key).label("key"), one.model.id.label("id"), one.model.recorded_at.label("at"))
        .where(one.model.recorded_by_id == staff_id, *_typed_for_another(one))
        for key, one in REGISTERS.items()
        if one.is_human
    ]  # fmt: skip
    found = union_all(*selects).subquery()
    places = db.execute(
        select(found.c.key, found.c.id).order_by(found.c.at.desc(), found.c.id.desc()).limit(limit)
    ).all()
    kept: dict[tuple[str, int], Any] = {}
    for key in {key for key, _ in places}:
        model = REGISTERS[key].model
        ids = [number for name, number in places if name == key]
        kept |= {(key, one.id): one for one in db.scalars(select(model).where(model.id.in_(ids)))}
    return [(REGISTERS[key], kept[key, number]) for key, number in places]


def _typed_for_another(register: Register) -> tuple[ColumnElement[bool], ...]:
    model = register.model
    return (model.recorded_by_id != model.staff_id,) if model in _ON_SCREEN else ()


def newest(db: Session, register: Register, status: str = "", limit: int = 200) -> list[Any]:
    """Records of a register, newest first."""
    query = select(register.model).order_by(register.model.id.desc()).limit(limit)
    if status and register.is_human:
        query = query.where(register.model.status == status)
    return list(db.scalars(query))
