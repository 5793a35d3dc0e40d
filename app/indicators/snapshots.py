"""A year's result whole: numbers, rule, roster and every piece of evidence, as one value that can be compared and hashed."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from app.activity.models import AccessDay, LedgerSeal
from app.activity.rules import person_key
from app.core.database import AnySelect
from app.core.signing import canonical
from app.indicators import evidence
from app.indicators.measures import MEASURES
from app.indicators.models import PlanRow, Scope
from app.indicators.queries import read_plan
from app.indicators.scopes import scope_of_row
from app.knowledge.models import Article
from app.people.models import Staff
from app.people.queries import roster

FORMAT = "khlang-year/1"
FACTS = ("reference", "on", "person", "recorder", "verifier", "file")
NAMES = {
    "reference": "อ้างอิง", "on": "วันที่", "person": "บุคคล", "recorder": "ผู้บันทึก", "verifier": "ผู้ตรวจ", "file": "ไฟล์หลักฐาน",
    "numerator": "ผลที่นับได้", "denominator": "ฐานบุคลากร", "target": "ค่าเป้าหมาย", "state": "สถานะ", "measure": "วิธีนับ",
    "parameters": "ค่าตั้งของวิธีนับ", "unit": "หน่วย", "lines": "จำนวนหลักฐาน",
}  # fmt: skip
Snapshot = dict[str, Any]


def snapshot_of(db: Session, scope: Scope, sealed: list[str] | None = None, *, accesses: bool = True) -> Snapshot:
    """A year read in full: JSON values only. Accesses stand as a number and a hash a day; the ledger itself is sealed.

    `sealed` is the seal an earlier snapshot named: the same day's is read again. Without `accesses` their days are left
    empty: a page may not read millions of lines.
    """
    reading = read_plan(db, scope)
    rows = [
        {
            "row": one.row.row, "name": one.row.name, "indicator": one.row.indicator, "unit": one.row.unit,
            "measure": one.row.measure, "parameters": one.row.parameters, "target": one.target,
            "local": one.row.target is None and one.target is not None, "numerator": one.numerator,
            "denominator": one.denominator, "lines": one.lines, "state": one.state.value,
        }
        for one in reading.readings
    ]  # fmt: skip
    settings = {
        "pass_percent": scope.pass_percent, "exchange_people": scope.exchange_people, "climate_people": scope.climate_people,
        "report_days": scope.report_days, "external_shares": scope.external_shares, "official_only": scope.official_only,
    }  # fmt: skip
    return {
        "format": FORMAT, "be_year": scope.be_year, "as_of": scope.as_of.isoformat(), "known_on": scope.known_on.isoformat(),
        "rule": scope.rule, "settings": settings, "roster": _roster(db, scope), "rows": rows,
        "evidence": {one.row.row: list(_facts(db, scope, one.row)) for one in reading.readings},
        "accesses": _access_days(db, scope) if accesses else {}, "seal": _seal(db, scope, sealed),
    }  # fmt: skip


def _roster(db: Session, scope: Scope) -> list[str]:
    members = roster(scope.as_of, official_only=scope.official_only).subquery()
    return sorted(db.scalars(select(Staff.code).join(members, members.c.staff_id == Staff.id)))


def _facts(db: Session, scope: Scope, row: PlanRow) -> Iterator[list[str]]:
    """Key and FACTS of every counted line of a row, in a fixed order; of accesses only the visits."""
    own = scope_of_row(scope, row)
    lines = evidence.visits(own, False) if row.measure == "accesses" else MEASURES[row.measure].lines(own, False)
    return iter(sorted(_as_facts(db, lines)))


def _as_facts(db: Session, lines: AnySelect) -> Iterator[list[str]]:
    found = lines.subquery()
    person, recorder, verifier = aliased(Staff), aliased(Staff), aliased(Staff)
    query = (
        select(
            found.c.key, func.coalesce(found.c.reference, ""), found.c.day, func.coalesce(person.code, ""),
            func.coalesce(recorder.code, ""), func.coalesce(verifier.code, ""), func.coalesce(found.c.file_sha256, ""),
        )
        .select_from(found)
        .outerjoin(person, person.id == found.c.person_id)
        .outerjoin(recorder, recorder.id == found.c.recorder_id)
        .outerjoin(verifier, verifier.id == found.c.verifier_id)
    )  # fmt: skip
    for key, reference, day, *people in db.execute(query):
        yield [key, reference, day.isoformat(), *people]


def _access_days(db: Session, scope: Scope) -> dict[str, list[Any]]:
    """Day -> [number of counted accesses, sha256 of their keys]; read as a stream."""
    # Codes are few beside the accesses: read once, they need not be joined to every one.
    articles = {number: code for number, code in db.execute(select(Article.id, Article.code))}
    people = {person_key(number, ""): code for number, code in db.execute(select(Staff.id, Staff.code))}
    day: Any = AccessDay.__table__.c
    query = (
        select(day.on, day.person, day.article_id)
        .where(day.on >= scope.first_day, day.on <= scope.as_of)
        .order_by(day.on)
        .execution_options(yield_per=5_000)
    )
    found: dict[str, list[Any]] = {}
    sha256, from_bytes = hashlib.sha256, int.from_bytes
    for on, lines in groupby(db.connection().execute(query), key=itemgetter(0)):
        number = total = 0
        # Keys of a day are summed, not chained: another order of ids after a restore gives the same hash.
        for _, person, article_id in lines:
            number += 1
            total += from_bytes(sha256(f"{people.get(person, person)}|{articles[article_id]}".encode()).digest())
        found[on.isoformat()] = [number, f"{total % 2**256:064x}"]
    return found


def _seal(db: Session, scope: Scope, sealed: list[str] | None) -> list[str]:
    """A seal of the ledger as its day and hash: that of the day named, else the last one of the year; empty without."""
    if sealed == []:
        return []
    query = select(LedgerSeal).where(LedgerSeal.recorded_on <= scope.as_of).order_by(LedgerSeal.recorded_on.desc())
    if sealed:
        query = select(LedgerSeal).where(LedgerSeal.recorded_on == date.fromisoformat(sealed[0]))
    seal = db.scalars(query.limit(1)).first()
    return [seal.recorded_on.isoformat(), seal.sha256] if seal else []


def pack(snapshot: Snapshot) -> tuple[bytes, str]:
    """(compressed canonical JSON, sha256 of the JSON)."""
    content = canonical(snapshot)
    return zlib.compress(content, 6), hashlib.sha256(content).hexdigest()


def unpack(packed: bytes) -> tuple[Snapshot, str]:
    """(snapshot, sha256 of its JSON). Raises ValueError for bytes that are no snapshot."""
    try:
        content = zlib.decompress(packed)
        return json.loads(content), hashlib.sha256(content).hexdigest()
    except zlib.error as error:
        raise ValueError("not a snapshot") from error


@dataclass(frozen=True)
class Difference:
    """One thing that two snapshots of a year say otherwise. `key` names a piece of evidence, "" for other things."""

    row: str
    kind: str
    key: str
    text: str


def differences(before: Snapshot, after: Snapshot) -> list[Difference]:
    """What changed between two snapshots of a year: figures and settings first, then evidence, then days of accesses."""
    found = [*_frame(before, after), *_figures(before, after)]
    for row in sorted(set(before["evidence"]) | set(after["evidence"])):
        found += _evidence(row, before["evidence"].get(row, []), after["evidence"].get(row, []))
    days = sorted(set(before["accesses"]) | set(after["accesses"]))
    for day in days:
        old, new = before["accesses"].get(day, [0, ""]), after["accesses"].get(day, [0, ""])
        if old != new:
            told = f"{old[0]:,} เป็น {new[0]:,}" if old[0] != new[0] else "จำนวนเท่าเดิมแต่คนหรือเรื่องไม่ใช่ชุดเดิม"
            found.append(Difference("A5", "accesses", day, f"การเปิดอ่านวันที่ {day}: {told}"))
    return found


def _frame(before: Snapshot, after: Snapshot) -> Iterator[Difference]:
    for name, label in (("rule", "กติกาการนับ"), ("settings", "ค่าตั้งของกติกา"), ("as_of", "วันที่คิด")):
        if before[name] != after[name]:
            yield Difference("", name, "", f"{label}: {before[name]} เป็น {after[name]}")
    old, new = set(before["roster"]), set(after["roster"])
    if old != new:
        told = [f"หายไป {', '.join(sorted(old - new)[:10])}"] if old - new else []
        told += [f"เพิ่ม {', '.join(sorted(new - old)[:10])}"] if new - old else []
        yield Difference("", "roster", "", "ฐานบุคลากรของปี: " + " ".join(told))
    if before["seal"] != after["seal"]:
        yield Difference("", "seal", "", "ผนึกของบัญชีการเปิดอ่านไม่ใช่ผนึกเดียวกับวันที่ปิดปี")


def _figures(before: Snapshot, after: Snapshot) -> Iterator[Difference]:
    old, new = ({row["row"]: row for row in one["rows"]} for one in (before, after))
    for row in [*old, *(name for name in new if name not in old)]:
        if row not in old or row not in new:
            yield Difference(row, "row", "", f"แถว {row}: {'ถูกตัดออกจากแผน' if row in old else 'ถูกเพิ่มในแผน'}")
            continue
        for name in ("numerator", "denominator", "target", "state", "measure", "parameters", "unit", "lines"):
            if old[row][name] != new[row][name]:
                yield Difference(row, name, "", f"แถว {row} {NAMES[name]}: {old[row][name]} เป็น {new[row][name]}")


def _evidence(row: str, before: list[list[str]], after: list[list[str]]) -> list[Difference]:
    old, new = {tuple(line) for line in before}, {tuple(line) for line in after}
    gone, come = sorted(old - new), sorted(new - old)
    found = []
    for line in gone:
        same = next((other for other in come if other[:2] == line[:2]), None)
        if same is not None:
            come.remove(same)
            changed = [
                f"{NAMES[name]} {a or 'ไม่มี'} เป็น {b or 'ไม่มี'}"
                for name, a, b in zip(FACTS, line[1:], same[1:], strict=True)
                if a != b
            ]
            found.append(Difference(row, "changed", line[0], f"แถว {row} หลักฐาน {line[0]}: {', '.join(changed)}"))
        else:
            found.append(
                Difference(row, "removed", line[0], f"แถว {row} หลักฐาน {line[0]} ({line[2]}): ไม่อยู่ในรายการที่นับแล้ว")
            )
    return found + [
        Difference(row, "added", line[0], f"แถว {row} หลักฐาน {line[0]} ({line[2]}): เพิ่มเข้ามาหลังปิดปี") for line in come
    ]
