"""Registers from spreadsheets: a template to download, every wrong cell named, nothing kept until all are right."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.community.meeting_commands import NewMeeting, record_meeting
from app.community.models import PURPOSES, Meeting
from app.core.database import transaction
from app.core.errors import Invalid, KhlangError
from app.core.files import XLSX, media_type
from app.core.records import HumanRecord, Status
from app.core.thai import ARABIC_DIGITS, fold, normalise, one_line, parse_date, thai_date
from app.indicators import registers
from app.indicators.registers import Choices, Column, Register
from app.people.models import StaffLine, Viewer
from app.people.rules import short_name
from app.training.commands import NewTraining, add_training
from app.training.models import TRAINING_KINDS, Training

MOST_ROWS, MOST_READ, MOST_ERRORS = 2_000, 20_000, 50
MOST_UNPACKED = 20_000_000  # Bytes of an XLSX once unpacked; a packed one may be a thousandth of that.
# What reading a damaged or locked workbook may raise.
BROKEN = (
    InvalidFileException, zipfile.BadZipFile, zlib.error, SyntaxError, KeyError, ValueError, TypeError, IndexError,
    AttributeError, NotImplementedError, RuntimeError,
)  # fmt: skip
YES, NO = "ใช่", "ไม่"
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")

_YES_NO = ((YES, YES), (NO, NO))
# Registers kept on pages of their own, as columns of a sheet.
SHEETS: dict[str, tuple[str, tuple[Column, ...]]] = {
    "training": (
        "หลักสูตรและผู้เข้าอบรม",
        (
            Column("title", "หลักสูตร", "line"),
            Column("kind", "ประเภท", "choice", tuple((kind, kind) for kind in TRAINING_KINDS)),
            Column("organizer", "หน่วยงานที่จัด", "maybe_line"), Column("place", "สถานที่", "maybe_line"),
            Column("start_on", "วันเริ่ม", "day"), Column("end_on", "วันสิ้นสุด", "day"),
            Column("hours", "ชั่วโมง", "maybe_number"), Column("inside", "จัดภายในเทศบาล", "choice", _YES_NO),
            Column("order_no", "เลขที่คำสั่ง", "maybe_line"), Column("members", "ผู้เข้าอบรม (รหัสหรือชื่อ คั่นด้วยจุลภาค)", "members"),
        ),
    ),
    "meeting": (
        "การประชุมและการลงชื่อ",
        (
            Column("title", "การประชุม", "line"),
            Column("purpose", "นับเป็น", "choice", tuple(PURPOSES.items())), Column("on", "วันที่", "day"),
            Column("minutes", "รายงานการประชุม", "maybe_line"),
            Column("members", "ผู้ลงชื่อ (รหัสหรือชื่อ คั่นด้วยจุลภาค)", "members"),
        ),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class CellError:
    """One wrong cell: row of the sheet as the person sees it (1 = headings), column heading, what is wrong."""

    row: int
    column: str
    text: str


class BadSheet(KhlangError):
    """A sheet with wrong cells; nothing of it was kept."""

    status = 400

    def __init__(self, errors: list[CellError]) -> None:
        self.errors = errors
        super().__init__("ตารางนี้มีช่องที่ต้องแก้ ยังไม่มีรายการใดถูกบันทึก")


def columns_of(key: str) -> tuple[str, tuple[Column, ...]]:
    """Title and columns of a register's sheet. Raises NotFound."""
    if key in SHEETS:
        return SHEETS[key]
    found = registers.register_named(key)
    if not found.columns:
        raise Invalid({"file": "ทะเบียนนี้บันทึกจากหน้าของเรื่องนั้นเอง จึงไม่มีตารางให้นำเข้า"})
    return found.title, found.columns


def template(key: str, choices: Choices) -> bytes:
    """An XLSX with headings, one invented line that is passed over on import, and what may stand in each column."""
    title, columns = columns_of(key)
    headings = [column.label for column in columns]
    example = ["ตัวอย่าง: " + _example(columns[0]), *[_example(column) for column in columns[1:]]]
    legend = [(column.label, _legend(column, choices)) for column in columns]
    return workbook([(title, [headings, example]), ("คำอธิบาย", [["ช่อง", "ใส่อะไรได้"], *legend])])


def _example(column: Column) -> str:
    if column.kind in ("day", "maybe_day"):
        return "31/1/2568"
    if column.kind == "choice":
        return column.choices[0][1]
    return {
        "number": "5", "maybe_number": "6", "year": "2568", "staff": "S001", "members": "S001, S002",
    }.get(column.kind, "ข้อความ")  # fmt: skip


def _legend(column: Column, choices: Choices) -> str:
    if column.kind == "choice":
        return " หรือ ".join(label for _, label in column.choices)
    if column.kind.startswith("team:"):
        kind = column.kind.split(":")[1]
        return " หรือ ".join(team.code for team in choices.teams if team.kind == kind) or "ยังไม่มีทีม บันทึกคำสั่งแต่งตั้งก่อน"
    return {
        "day": "วันที่ เช่น 31/1/2568", "maybe_day": "วันที่ หรือเว้นว่าง", "number": "จำนวนเต็ม", "maybe_number": "จำนวน หรือเว้นว่าง",
        "year": "ปี พ.ศ.", "staff": "รหัสหรือชื่อเต็มของบุคลากร", "members": "รหัสหรือชื่อ คั่นด้วยจุลภาค", "maybe_line": "ข้อความ หรือเว้นว่าง",
    }.get(column.kind, "ข้อความ")  # fmt: skip


def workbook(sheets: Sequence[tuple[str, Iterable[Sequence[Any]]]]) -> bytes:
    """An XLSX of named sheets, written row by row; first rows are headings, and no cell can run as a formula."""
    book = Workbook(write_only=True)
    for title, rows in sheets:
        sheet = book.create_sheet(re.sub(r"[\\/*?:\[\]]", " ", title)[:31])
        sheet.freeze_panes = "A2"
        for place in range(1, 20):
            sheet.column_dimensions[get_column_letter(place)].width = 24
        for number, row in enumerate(rows):
            sheet.append([_sheet_cell(sheet, value, heading=number == 0) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet_cell(sheet: Any, value: Any, *, heading: bool) -> Any:
    if value is None or isinstance(value, int | float | date):
        return value
    text = _printable(str(value))
    if not heading and text[:1] not in FORMULA_STARTS:
        return text
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"
    if heading:
        cell.font = Font(bold=True)
    return cell


def _printable(text: str) -> str:
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", text)[:32_000]


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Rows as lines of CSV for spreadsheets: a mark at the start so that Thai is read, and no cell that runs as a formula."""
    yield "\ufeff"
    for row in rows:
        out = io.StringIO()
        cells = [thai_date(v) if isinstance(v, date) else str(v) if v is not None else "" for v in row]
        csv.writer(out).writerow(["'" + cell if cell[:1] in FORMULA_STARTS else cell for cell in cells])
        yield out.getvalue()


def read_cells(content: bytes) -> list[list[Any]]:
    """Cells of the first sheet of an XLSX, or of a CSV in UTF-8 or Thai Windows. Raises Invalid."""
    if content[:4] == b"PK\x03\x04":
        return _cells_of_xlsx(content)
    for encoding in ("utf-8-sig", "cp874"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Invalid({"file": "อ่านไฟล์ไม่ได้ โปรดบันทึกเป็น XLSX หรือ CSV (UTF-8)"})
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    try:
        return [list(row) for row in csv.reader(io.StringIO(text), delimiter=separator)]
    except csv.Error as error:
        raise Invalid({"file": "อ่านตารางไม่ได้ โปรดบันทึกเป็น XLSX แล้วลองใหม่"}) from error


def _cells_of_xlsx(content: bytes) -> list[list[Any]]:
    if media_type(content) != XLSX:
        raise Invalid({"file": "ไฟล์นี้ไม่ใช่ตาราง โปรดบันทึกเป็น XLSX หรือ CSV"})
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(one.file_size for one in packed.infolist()) > MOST_UNPACKED:
                raise Invalid({"file": "ตารางใหญ่เกินไป ลบแถว คอลัมน์ และภาพที่ไม่ใช้ออก หรือบันทึกเป็น CSV แล้วลองใหม่"})
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = [
            list(row) for _, row in zip(range(MOST_READ), sheet.iter_rows(values_only=True, max_col=60), strict=False)
        ]
        book.close()
    except BROKEN as error:
        raise Invalid({"file": "เปิดตารางไม่ได้ ไฟล์อาจเสียหายหรือมีรหัสผ่าน โปรดบันทึกใหม่เป็น XLSX"}) from error
    return rows


class _Reader:
    """Reads cells by the kind of their column; raises ValueError with a Thai sentence."""

    def __init__(self, roster: Sequence[StaffLine], choices: Choices, today: date) -> None:
        self.choices, self.today = choices, today
        self.people: dict[str, int] = {}
        twice: set[str] = set()
        for line in roster:
            self.people[fold(line.code)] = line.id
            for name in {fold(line.name), fold(short_name(line.name))}:
                if name in self.people:
                    twice.add(name)
                self.people[name] = line.id
        self.ambiguous = twice

    def person(self, text: str) -> int:
        """Id of a code or full name, with or without its title."""
        name = fold(one_line(text))
        if name in self.ambiguous:
            raise ValueError(f"มีบุคลากรชื่อ {text} มากกว่าหนึ่งคน โปรดใส่รหัส")
        if name not in self.people:
            raise ValueError(f"ไม่พบบุคลากร {text} ในทะเบียนวันนี้ ใส่รหัสหรือชื่อเต็ม")
        return self.people[name]

    def read(self, column: Column, cell: Any) -> Any:
        """Value of a cell."""
        kind = column.kind
        text = _text(cell)
        if not text:
            if kind.startswith("maybe_"):
                return "" if kind == "maybe_line" else None
            raise ValueError(f"โปรดใส่{column.label}")
        readers: dict[str, Callable[[], Any]] = {
            "day": lambda: self._day(cell, future=False), "maybe_day": lambda: self._day(cell, future=True),
            "number": lambda: _number(text), "maybe_number": lambda: _number(text), "year": lambda: _number(text, 2400, 2700),
            "staff": lambda: self.person(text), "members": lambda: {self.person(name) for name in re.split("[,;\n]", text) if name.strip()},
            "choice": lambda: _choice(column, text), "text": lambda: normalise(text), "line": lambda: one_line(text), "maybe_line": lambda: normalise(text),
        }  # fmt: skip
        return readers[kind]() if kind in readers else self._team(kind.split(":")[1], text)

    def _day(self, cell: Any, *, future: bool) -> date:
        if isinstance(cell, datetime):
            day: date | None = cell.date()
        else:
            day = cell if isinstance(cell, date) else parse_date(_text(cell))
        if day is None:
            raise ValueError("อ่านวันที่นี้ไม่ได้ พิมพ์เช่น 31/1/2558 หรือ 1 ต.ค. 2557")
        if day.year > 2300:  # A spreadsheet took a Buddhist year for a Christian one.
            day = day.replace(year=day.year - 543)
        if day > self.today and not future:
            raise ValueError("วันที่ต้องไม่เป็นวันในอนาคต")
        return day

    def _team(self, kind: str, text: str) -> int:
        for team in self.choices.teams:
            if team.kind == kind and text in (team.code, team.order_no):
                return int(team.id)
        raise ValueError(f"ไม่พบทีม {text} ใส่รหัสทีมหรือเลขที่คำสั่ง")


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return normalise(str(cell)).strip().removeprefix("'")


def _number(text: str, low: int = 0, high: int = 10_000) -> int:
    digits = text.translate(ARABIC_DIGITS).replace(",", "")
    if not re.fullmatch("[0-9]{1,6}", digits) or not low <= int(digits) <= high:
        raise ValueError(f"ต้องเป็นจำนวนเต็ม {low:,} ถึง {high:,}")
    return int(digits)


def _choice(column: Column, text: str) -> str:
    for key, label in column.choices:
        if fold(text) in (fold(key), fold(label)):
            return key
    raise ValueError("ต้องเป็น " + " หรือ ".join(label for _, label in column.choices))


@dataclass(frozen=True)
class Office:
    """What reading a sheet needs of the office: people of today, teams, who imports and when."""

    roster: Sequence[StaffLine]
    choices: Choices
    viewer: Viewer
    today: date
    now: datetime


def import_sheet(db: Session, key: str, content: bytes, office: Office, *, skip_known: bool = False) -> tuple[int, int]:
    """Keep every line of a sheet, in one transaction; returns (lines kept, lines passed over).

    A line that says what a kept record says is wrong, or passed over when asked, as the same sheet is easily sent twice.
    Raises BadSheet with every wrong cell, Invalid.
    """
    _, columns = columns_of(key)
    cells = read_cells(content)
    places = _places(columns, cells[0] if cells else [])
    reader = _Reader(office.roster, office.choices, office.today)
    errors: list[CellError] = []
    values: list[tuple[int, dict[str, Any]]] = []
    for number, row in enumerate(cells[1:], 2):
        if not any(_text(cell) for cell in row) or _text(row[0]).startswith("ตัวอย่าง: "):
            continue
        line: dict[str, Any] = {}
        for column in columns:
            place = places[column.name]
            try:
                line[column.name] = reader.read(column, row[place] if place < len(row) else None)
            except ValueError as error:
                errors.append(CellError(number, column.label, str(error)))
        values.append((number, line))
    if len(values) > MOST_ROWS:
        raise Invalid({"file": f"นำเข้าได้ครั้งละไม่เกิน {MOST_ROWS:,} แถว โปรดแบ่งไฟล์"})
    if not values and not errors:
        raise Invalid({"file": "ตารางยังไม่มีข้อมูล กรอกตั้งแต่แถวที่ 3 เป็นต้นไป แถวตัวอย่างจะไม่ถูกนำเข้า"})
    known = [] if errors else _known(db, key, columns, values)
    known += [] if errors else _twice(values)
    if not skip_known:
        errors += [CellError(number, columns[0].label, KNOWN) for number in known]
    fresh = [(number, line) for number, line in values if number not in known]
    if not errors:
        errors = _keep(db, key, columns, fresh, office)
    if errors:
        raise BadSheet(errors[:MOST_ERRORS])
    return len(fresh), len(known)


KNOWN = "แถวนี้บันทึกไว้แล้วหรือซ้ำกับแถวก่อน ลบแถวออก หรือติ๊กข้ามแถวที่บันทึกไว้แล้ว"


def _known(db: Session, key: str, columns: Sequence[Column], values: list[tuple[int, dict[str, Any]]]) -> list[int]:
    """Numbers of the lines that say what a record that is not void says already; one statement."""
    model: Any = {"training": Training, "meeting": Meeting}.get(key) or registers.register_named(key).model
    told = ("title", "start_on", "end_on", "on") if key in SHEETS else [column.name for column in columns]
    names = [column.name for column in columns if column.name in told and column.kind != "members"]
    day = next(column.name for column in columns if column.kind == "day")
    query = select(*[getattr(model, name) for name in names])
    query = query.where(getattr(model, day).in_({line[day] for _, line in values}))
    if issubclass(model, HumanRecord):
        query = query.where(model.status != Status.VOID.value)
    kept = {tuple(row) for row in db.execute(query)}
    return [number for number, line in values if tuple(line[name] for name in names) in kept]


def _twice(values: list[tuple[int, dict[str, Any]]]) -> list[int]:
    """Numbers of the lines that say the same as one above them in every column."""
    seen: list[dict[str, Any]] = []
    found = []
    for number, line in values:
        if line in seen:
            found.append(number)
        seen.append(line)
    return found


def _places(columns: Sequence[Column], headings: Sequence[Any]) -> dict[str, int]:
    known = {fold(_text(cell)): place for place, cell in enumerate(headings)}
    missing = [column.label for column in columns if fold(column.label) not in known]
    if missing:
        raise Invalid({"file": f"แถวแรกต้องเป็นหัวตารางตามแบบ ขาดช่อง: {', '.join(missing)}"})
    return {column.name: known[fold(column.label)] for column in columns}


def _keep(
    db: Session, key: str, columns: Sequence[Column], values: list[tuple[int, dict[str, Any]]], office: Office
) -> list[CellError]:
    labels = {column.name: column.label for column in columns}
    errors: list[CellError] = []
    try:
        with transaction(db):
            for number, line in values:
                try:
                    _keep_line(db, key, line, office)
                except Invalid as error:
                    errors += [CellError(number, labels.get(name, ""), text) for name, text in error.fields.items()]
            if errors:
                raise BadSheet(errors)
    except BadSheet:
        return errors
    return []


def _keep_line(db: Session, key: str, line: dict[str, Any], office: Office) -> None:
    people = frozenset(line.pop("members", ()))
    recorder = office.viewer.staff_id
    assert recorder is not None
    if key == "training":
        new = NewTraining(**{**line, "inside": line["inside"] == YES})
        add_training(db, new, set(people), recorder, office.now)
    elif key == "meeting":
        record_meeting(db, office.viewer, NewMeeting(**line, attendees=people), office.now)
    else:
        found: Register = registers.register_named(key)
        registers.record(db, found, line, people, recorder, office.now)
