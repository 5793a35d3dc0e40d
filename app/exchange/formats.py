"""The record types of the exchange format and the check of one line. Pure: no database.

Names are a public contract. Fields marked `extra` are additions that an export writes so that nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from app.activity.models import CHANNELS, SHARE_CHANNELS, Reason
from app.community.models import ASKED_AS, GROUP_VISIBILITIES, MEETING_KINDS, PURPOSES, THREAD_KINDS
from app.core.errors import KhlangError
from app.core.fiscal_year import MAX_BE_YEAR, MIN_BE_YEAR
from app.core.thai import normalise, one_line
from app.indicators.models import ACTIVITY_KINDS, LOG_CHANNELS, QUIZ_SETS, VISIT_CHANNELS
from app.knowledge.models import VISIBILITIES
from app.people.models import EMPLOYMENTS, TEAM_KINDS, Role
from app.training.models import TRAINING_KINDS

MISSING = object()


class BadRecord(KhlangError):
    """A line that cannot be imported: line number, field and reason in one sentence."""

    status = 400

    def __init__(self, line: int, name: str, reason: str) -> None:
        self.line, self.field = line, name
        where = f"บรรทัด {line}" + (f" ช่อง {name}" if name else "")
        super().__init__(f"{where}: {reason}")


@dataclass(frozen=True)
class Field:
    """One field. `kind`: code, line, text, date, instant, int, number, bool, year, choice, ref, refs, choices, lines."""

    name: str
    kind: str
    required: bool = True
    to: str = ""
    choices: tuple[str, ...] = ()
    default: Any = None
    low: int = 0
    extra: bool = False
    blank: bool = False
    longest: int = 400


@dataclass(frozen=True)
class RecordType:
    """One type: its fields, and the fields that name a record (all of them when the type has no key of its own).

    `update_key` names the record that `--update` changes when the type has no code.
    """

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    update_key: tuple[str, ...] = ()
    human: bool = False
    subject: str = ""
    by_name: dict[str, Field] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self.by_name.update({one.name: one for one in self.fields})


def _code(name: str = "code") -> Field:
    return Field(name, "code")


def _ref(name: str, to: str, *, required: bool = True, extra: bool = False) -> Field:
    return Field(name, "ref", required=required, to=to, extra=extra)


def _refs(name: str, to: str, *, required: bool = True) -> Field:
    return Field(name, "refs", required=required, to=to, default=())


def _choice(name: str, choices: Mapping[str, Any] | tuple[str, ...], *, default: str | None = None) -> Field:
    return Field(name, "choice", required=default is None, choices=tuple(choices), default=default)


def _day(name: str, *, required: bool = True, extra: bool = False) -> Field:
    return Field(name, "date", required=required, extra=extra)


def _line(name: str, *, required: bool = True, longest: int = 400) -> Field:
    return Field(name, "line", required=required, default="", longest=longest)


def _text(name: str, *, required: bool = True) -> Field:
    return Field(name, "text", required=required, default="")


_HUMAN = (
    Field("status", "choice", required=False, choices=("draft", "submitted", "verified", "void"), default="submitted"),
    _ref("recorded_by", "staff", required=False),
    _ref("verified_by", "staff", required=False),
    Field("recorded_at", "instant", required=False, extra=True),
    Field("verified_at", "instant", required=False, extra=True),
    Field("voided_at", "instant", required=False, extra=True),
    Field("void_reason", "line", required=False, default="", extra=True),
    Field("file_sha256", "line", required=False, extra=True),
)


def _type(
    name: str, *fields: Field, key: tuple[str, ...] = ("code",), human: bool = False, subject: str = "",
    update_key: tuple[str, ...] = (),
) -> RecordType:  # fmt: skip
    return RecordType(name, fields + (_HUMAN if human else ()), key, update_key, human, subject)


# What a person does on screen counts as it is; only paper waits for another, and says so.
_OWN_ACT = (
    replace(_HUMAN[0], default="verified"), replace(_HUMAN[1], extra=True), replace(_HUMAN[2], extra=True), *_HUMAN[3:],
)  # fmt: skip


def _own_act(name: str, *fields: Field) -> RecordType:
    return RecordType(name, fields + _OWN_ACT, human=True, subject="staff")


_MADE = (
    Field("at", "instant", required=False, extra=True),
    _ref("by", "staff", required=False, extra=True),
    Field("reason", "line", required=False, default="", extra=True, longest=500),
)
_SERVICES = Field("services", "services", required=False, default=(), extra=True)

TYPES: dict[str, RecordType] = {
    one.name: one
    for one in (
        _type("department", _code(), _line("name")),
        _type(
            "account", _code(), _line("name"),
            Field("roles", "choices", required=False, choices=tuple(Role), default=()),
        ),
        _type(
            "staff", _code(), _line("name"), _ref("department", "department"), _line("position", required=False),
            _choice("employment", EMPLOYMENTS, default=EMPLOYMENTS[0]), _day("start"), _day("end", required=False),
            Field("email", "line", required=False),
            Field("roles", "choices", required=False, choices=tuple(Role), default=()),
            Field("about", "line", required=False, default="", extra=True), _SERVICES,
        ),
        _type(
            "team", _code(), _choice("kind", TEAM_KINDS), _line("order_no"), _day("valid_from"),
            _day("valid_to", required=False), _refs("members", "staff"),
        ),
        _type(
            "training", _code(), _line("title"), _choice("kind", TRAINING_KINDS), _line("organizer", required=False),
            _line("place", required=False), _day("start"), _day("end"), Field("hours", "number", required=False),
            Field("inside", "bool"), _line("order_no", required=False),
        ),
        _type(
            "training_attendance", _ref("training", "training"), _ref("staff", "staff"),
            _choice("result", ("done", "not_done")), key=(), update_key=("training", "staff"), human=True, subject="staff",
        ),
        _type(
            "report", _code(), _ref("training", "training"), _ref("author", "staff"), _day("on"), human=True,
            subject="author",
        ),
        _type(
            "group", _code(), _line("name"), _text("purpose"), _choice("visibility", GROUP_VISIBILITIES),
            _refs("facilitators", "staff"), _refs("members", "staff"), _day("founded_on"),
            Field("glossary", "text", required=False, default="", extra=True),
            _day("archived_on", required=False, extra=True),
            Field("goal", "line", required=False, default="", extra=True),
        ),
        _type(
            "thread", _code(), _ref("group", "group"), _ref("author", "staff"), _line("title"), _text("body"),
            Field("at", "instant"),
            Field("asked_as", "choice", required=False, choices=tuple(ASKED_AS), default="self", extra=True),
            Field("pinned", "bool", required=False, default=False, extra=True),
            Field("locked", "bool", required=False, default=False, extra=True),
            Field("kind", "choice", required=False, choices=tuple(THREAD_KINDS), default="talk", extra=True),
            Field("merged_into", "line", required=False, default="", extra=True),
        ),
        _type(
            "post", _ref("thread", "thread"), _ref("author", "staff"), _text("body"), Field("at", "instant"),
            Field("is_answer", "bool", required=False, default=False, extra=True), key=(),
        ),
        _type(
            "meeting", _code(), _line("title"), _choice("purpose", PURPOSES), _ref("group", "group", required=False),
            _day("on"), _text("minutes", required=False), _refs("attendees", "staff"),
            _ref("training", "training", required=False),
            Field("kind", "choice", required=False, choices=tuple(MEETING_KINDS), default="exchange", extra=True),
            Field("place", "line", required=False, default="", extra=True),
            Field("agenda", "text", required=False, default="", extra=True), human=True,
        ),
        _type(
            "article", _code(), _line("title", longest=300), Field("body", "text", blank=True), _ref("author", "staff"), _line("category", required=False, longest=200),
            Field("tags", "lines", required=False, default=()), _choice("visibility", VISIBILITIES),
            _ref("group", "group", required=False), _choice("state", ("draft", "published", "retired")),
            _day("first_published_on", required=False), _ref("training", "training", required=False),
            _ref("thread", "thread", required=False), _ref("meeting", "meeting", required=False),
            _day("review_approved_on", required=False), _day("review_due_on", required=False),
            _ref("review_approved_by", "staff", required=False, extra=True),
            _day("retired_on", required=False, extra=True),
            Field("retire_reason", "line", required=False, default="", extra=True),
            Field("credited", "refs", required=False, to="staff", default=(), extra=True),
        ),
        _type(
            "revision", _ref("article", "article"), _ref("editor", "staff"), Field("at", "instant"),
            Field("minor", "bool"), Field("approved", "bool"), _line("summary", required=False, longest=300),
            Field("body", "text", required=False), _day("approved_on", required=False, extra=True),
            key=("article", "editor", "at"),
        ),
        _type(
            "article_standing", _ref("article", "article"), _day("on"), Field("categorised", "bool"),
            _day("review_due_on", required=False), key=("article", "on"),
        ),
        _type(
            "approval", _ref("article", "article"), _day("on"), _ref("by", "staff", required=False),
            key=("article", "on"),
        ),
        _type(
            "attachment", _ref("article", "article"), _line("name"), _line("sha256"), _ref("added_by", "staff"),
            Field("at", "instant"), key=("article", "name"),
        ),
        _type(
            "share", _code(), _ref("article", "article"), _ref("sharer", "staff"), _choice("channel", SHARE_CHANNELS),
            _line("target", required=False, longest=200), Field("at", "instant"),
        ),
        _type(
            "access", _ref("article", "article"), _ref("staff", "staff", required=False),
            Field("guest", "line", required=False), Field("at", "instant"), _choice("channel", CHANNELS),
            Field("user_agent", "line", required=False, longest=1_000_000),
            Field("status_code", "int", required=False, default=200, low=100), _ref("share", "share", required=False),
            Field("judged", "choice", required=False, choices=("counted", *Reason), extra=True),
            key=(),
        ),
        _type(
            "visit", _code(), _choice("channel", VISIT_CHANNELS), _day("on"), Field("persons", "int", low=1),
            human=True,
        ),
        _type(
            "application", _ref("article", "article"), _ref("staff", "staff"), _day("on"), _text("note"),
            Field("place", "line", required=False, default="", extra=True),
            Field("result", "text", required=False, default="", extra=True),
            key=(), update_key=("article", "staff", "on"), human=True, subject="staff",
        ),
        _type("activity", _code(), _choice("kind", ACTIVITY_KINDS), _day("on"), _line("title"), human=True),
        _type("check_round", _ref("team", "team"), _day("on"), Field("result", "text", blank=True), key=(), human=True),
        _type(
            "care_log", _ref("team", "team"), _choice("channel", LOG_CHANNELS), _day("on"), _text("what"), key=(),
            human=True,
        ),
        _type(
            "improvement", _choice("channel", LOG_CHANNELS), _day("on"), _text("before"), _text("after"),
            _text("why"), key=(), human=True,
        ),
        _type(
            "compilation", _ref("team", "team"), _line("edition"), _line("title"), _day("on"), key=(), human=True
        ),
        _type(
            "lesson", _day("on"), _text("text"), _ref("thread", "thread", required=False),
            _ref("meeting", "meeting", required=False), _ref("article", "article", required=False), key=(),
            human=True,
        ),
        _own_act("acknowledgement", _ref("staff", "staff"), Field("year", "year"), _day("on")),
        _own_act(
            "quiz_attempt", _ref("staff", "staff"), _choice("set", QUIZ_SETS), _day("on"),
            Field("score", "int", low=0), Field("max", "int", low=1),
        ),
        _type("evaluation", _code(), Field("year", "year"), _day("submitted_on"), human=True),
        _type(
            "award", _ref("staff", "staff"), _day("on"), _text("reason"), _ref("article", "article", required=False),
            key=(),
        ),
        _type(
            "plan_version", Field("year", "year"), Field("number", "int", low=1), _day("on"), _text("toml"), *_MADE,
            key=("year", "number"),
        ),
        _type(
            "rule_version", _code(), Field("from_year", "year"), Field("settings", "lines"),
            *_MADE, key=("code",),
        ),
        _type(
            "hand_count", _code(), Field("row", "line", longest=4), _day("on"), Field("number", "int", low=1),
            _text("what"), human=True,
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Record:
    """One checked line: `given` holds typed values of every field, defaults filled in; `said` the fields it named."""

    line: int
    type: RecordType
    given: dict[str, Any]
    said: frozenset[str]

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes the record itself: its key fields, or everything it says."""
        names = self.type.key or tuple(f.name for f in self.type.fields if not f.extra)
        return (self.type.name, *(self.given[name] for name in names))


def check_line(number: int, value: Any) -> Record:
    """A record from one parsed JSON value. Raises BadRecord."""
    if not isinstance(value, dict):
        raise BadRecord(number, "", "ต้องเป็นวัตถุ JSON หนึ่งรายการต่อบรรทัด")
    kind = value.get("type")
    record_type = TYPES.get(kind) if isinstance(kind, str) else None
    if record_type is None:
        raise BadRecord(number, "type", f"ไม่รู้จักประเภท {kind!r}")
    unknown = sorted(set(value) - set(record_type.by_name) - {"type"})
    if unknown:
        raise BadRecord(number, unknown[0], f"ไม่มีช่องนี้ใน {record_type.name}")
    given: dict[str, Any] = {}
    for one in record_type.fields:
        raw = value.get(one.name, MISSING)
        if raw is MISSING or raw is None or (raw == "" and not one.required):
            if one.required:
                raise BadRecord(number, one.name, "ต้องมีค่า")
            given[one.name] = one.default
        else:
            given[one.name] = _value(number, one, raw)
    said = frozenset(name for name in value if name != "type" and value[name] is not None)
    record = Record(number, record_type, given, said)
    _check_together(record)
    return record


def _value(number: int, one: Field, raw: Any) -> Any:
    def wrong(reason: str) -> BadRecord:
        return BadRecord(number, one.name, reason)

    if one.kind in ("code", "line", "text", "ref", "choice"):
        return _string(one, raw, wrong)
    if one.kind in ("refs", "choices", "lines"):
        if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
            raise wrong("ต้องเป็นรายการของข้อความ")
        return _strings(one, raw, wrong)
    if one.kind == "bool":
        if not isinstance(raw, bool):
            raise wrong("ต้องเป็น true หรือ false")
        return raw
    if one.kind in ("int", "year", "number"):
        return _number(one, raw, wrong)
    if one.kind == "services":
        return _services(raw, wrong)
    if not isinstance(raw, str):
        raise wrong("ต้องเป็นข้อความวันที่")
    return _moment(one, raw, wrong)


def _string(one: Field, raw: Any, wrong: Any) -> str:
    if not isinstance(raw, str):
        raise wrong("ต้องเป็นข้อความ")
    text = normalise(raw) if one.kind == "text" else one_line(raw)
    if one.required and not one.blank and not text.strip():
        raise wrong("ว่างไม่ได้")
    if one.kind == "code" and len(text) > 40:
        raise wrong("รหัสยาวเกิน 40 ตัวอักษร")
    if one.kind == "line" and len(text) > one.longest:
        raise wrong(f"ข้อความยาวเกิน {one.longest} ตัวอักษร")
    if one.kind == "choice" and text not in one.choices:
        raise wrong(f"ค่า {text!r} ไม่อยู่ใน {', '.join(one.choices)}")
    return text


def _strings(one: Field, raw: list[str], wrong: Any) -> tuple[str, ...]:
    items = tuple(dict.fromkeys(one_line(item) for item in raw))
    for item in items:
        if one.kind == "lines" and len(item) > 60:
            raise wrong("คำหนึ่งยาวเกิน 60 ตัวอักษร")
        if one.kind == "choices" and item not in one.choices:
            raise wrong(f"ค่า {item!r} ไม่อยู่ใน {', '.join(one.choices)}")
    return tuple(sorted(items))


def _number(one: Field, raw: Any, wrong: Any) -> int | float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        raise wrong("ต้องเป็นตัวเลข")
    if one.kind == "number":
        if not 0 <= raw <= 100_000:
            raise wrong("ตัวเลขอยู่นอกช่วง")
        return float(raw)
    if isinstance(raw, float):
        raise wrong("ต้องเป็นจำนวนเต็ม")
    if one.kind == "year" and not MIN_BE_YEAR <= raw <= MAX_BE_YEAR:
        raise wrong(f"ปีต้องเป็น พ.ศ. ระหว่าง {MIN_BE_YEAR} ถึง {MAX_BE_YEAR}")
    if raw < one.low or raw > 10_000:
        raise wrong(f"ต้องไม่น้อยกว่า {one.low} และไม่เกิน 10000")
    return raw


def _moment(one: Field, raw: str, wrong: Any) -> date | datetime:
    try:
        if one.kind == "date":
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", raw):
                raise ValueError
            day = date.fromisoformat(raw)
            if not 1900 <= day.year <= 2200:
                raise wrong("วันที่ต้องเป็น ค.ศ. เช่น 2015-01-31")
            return day
        instant = datetime.fromisoformat(raw)
    except ValueError as error:
        raise wrong(f"{raw!r} ไม่ใช่วันเวลาที่มีจริง เขียนแบบ 2015-01-31 หรือ 2015-01-31T09:00:00+07:00") from error
    if instant.tzinfo is None:
        raise wrong("เวลาต้องบอกเขตเวลา เช่น +07:00")
    if not 1900 <= instant.year <= 2200:
        raise wrong("ปีต้องเป็น ค.ศ.")
    return instant.astimezone(UTC)


def _services(raw: Any, wrong: Any) -> tuple[tuple[str, date, date | None], ...]:
    found = []
    items: list[Any] = raw if isinstance(raw, list) else [None]
    for item in items:
        try:
            end = date.fromisoformat(item["end"]) if item.get("end") else None
            found.append((str(item["department"]), date.fromisoformat(item["start"]), end))
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise wrong("ต้องเป็นรายการของ department, start, end") from error
    return tuple(sorted(found, key=lambda service: service[1]))


_ORDERED_DAYS = (("start", "end"), ("valid_from", "valid_to"))


def _check_together(record: Record) -> None:
    given, number = record.given, record.line
    for first, last in _ORDERED_DAYS:
        if given.get(first) and given.get(last) and given[last] < given[first]:
            raise BadRecord(number, last, "ต้องไม่ก่อนวันเริ่ม")
    if record.type.human and given["verified_by"] is not None:
        if given["verified_by"] == given["recorded_by"]:
            raise BadRecord(number, "verified_by", "ผู้ตรวจต้องไม่ใช่ผู้บันทึก")
        if record.type.subject and given["verified_by"] == given[record.type.subject]:
            raise BadRecord(number, "verified_by", "ผู้ตรวจต้องไม่ใช่เจ้าของรายการ")
    special = _SPECIAL.get(record.type.name)
    if special is not None:
        special(record)


def _check_access(record: Record) -> None:
    if (record.given["staff"] is None) == (record.given["guest"] is None):
        raise BadRecord(record.line, "staff", "ต้องมี staff หรือ guest อย่างใดอย่างหนึ่ง")


def _check_article(record: Record) -> None:
    if record.given["visibility"] == "group" and record.given["group"] is None:
        raise BadRecord(record.line, "group", "บทความเฉพาะกลุ่มต้องบอกกลุ่ม")


def _check_lesson(record: Record) -> None:
    if not any(record.given[name] for name in ("thread", "meeting", "article")):
        raise BadRecord(record.line, "thread", "บทเรียนต้องมาจาก thread หรือ meeting")


def _check_quiz(record: Record) -> None:
    if record.given["score"] > record.given["max"]:
        raise BadRecord(record.line, "score", "คะแนนเกินคะแนนเต็ม")


def _check_group(record: Record) -> None:
    # A facilitator is a member anyway: named once.
    facilitators = record.given["facilitators"]
    record.given["members"] = tuple(code for code in record.given["members"] if code not in facilitators)


_SPECIAL = {
    "group": _check_group,
    "access": _check_access,
    "article": _check_article,
    "lesson": _check_lesson,
    "quiz_attempt": _check_quiz,
}
