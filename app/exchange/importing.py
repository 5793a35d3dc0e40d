"""Records in: one transaction, all or nothing; what is there already is skipped; the counting rules apply as live."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from app.activity import recounting
from app.community import searchable as community
from app.core.database import transaction
from app.exchange import builders, plan_records
from app.exchange.builders import Builder
from app.exchange.exporting import EXPORTERS, Codes, as_json
from app.exchange.formats import BadRecord, Record, check_line
from app.knowledge.commands import Desk
from app.knowledge.searchable import touch_articles
from app.search.documents import touch
from app.training import searchable as courses

Progress = Callable[[int], None]
# What an import fills in itself when a file does not say it.
FILLED_IN = {("article", "first_published_on"), ("revision", "body")}

# Types of records that search knows too -> kind and ids of all such documents.
ALSO_SEARCHED = {
    "staff": ("person", community.people_ids), "training": ("course", courses.all_ids),
    "meeting": ("minutes", community.minutes_ids), "group": ("minutes", community.minutes_ids),
}  # fmt: skip
# What stands on people's cards.
ON_CARDS = ("training", "training_attendance", "article", "post", "application")


@dataclass
class Imported:
    """What an import did: counts per type."""

    added: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)


def read_records(lines: Iterable[str]) -> list[Record]:
    """Checked records of a `.jsonl`. Raises BadRecord for the first line that cannot be."""
    records = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line.lstrip("\ufeff"))
        except (json.JSONDecodeError, RecursionError) as error:
            raise BadRecord(number, "", "ไม่ใช่ JSON ที่ถูกต้อง") from error
        records.append(check_line(number, value))
    return records


def import_records(
    db: Session, desk: Desk, records: list[Record], now: datetime, *, folder: Path | None = None,
    update: bool = False, progress: Progress = lambda _: None,
) -> Imported:  # fmt: skip
    """Import checked records in one transaction. Raises BadRecord; nothing is imported then."""
    by_type: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_type[record.type.name].append(record)
    done = Imported()
    with transaction(db):
        builder = Builder(db, desk, now, folder)
        for name in EXPORTERS:
            if by_type[name]:
                _import_type(db, builder, name, by_type[name], update, done, progress)
        _count_again(db, builder, progress)
        touch_articles(db, sorted(builder.touched_articles))
        touch(db, "thread", sorted(builder.touched_threads))
        for name, (kind, all_ids) in ALSO_SEARCHED.items():
            if by_type[name]:
                touch(db, kind, all_ids(db))
        if any(by_type[name] for name in ON_CARDS) and not by_type["staff"]:
            touch(db, "person", community.people_ids(db))
    return done


def _import_type(
    db: Session, builder: Builder, name: str, records: list[Record], update: bool, done: Imported, progress: Progress
) -> None:
    if name == "access":
        records = [builders.canonical_access(builder, record) for record in records]
    if name == "plan_version":
        records = [plan_records.canonical_plan(record) for record in records]
    there: dict[tuple[object, ...], Record] = {}
    for record in _existing(db, name, builder, records):
        there.setdefault(record.key, record)  # The first of several alike, as an export writes it.
    updatable = {_update_key(record): record for record in there.values()} if update else {}
    fresh: list[Record] = []
    for record in _resolved(builder, records):
        before = there.get(record.key)
        if before is None and update and record.type.update_key:
            before = updatable.get(_update_key(record))
        if before is None:
            there[record.key] = record
            fresh.append(record)
        elif _same(before, record):
            done.skipped[name] += 1
        elif not update or before.line:
            reason = "ซ้ำกับบรรทัดอื่นแต่เนื้อหาต่างกัน" if before.line else "มีอยู่แล้วแต่เนื้อหาต่างกัน ใช้ --update เพื่อแก้ไข"
            raise BadRecord(record.line, record.type.key[0] if record.type.key else "", reason)
        else:
            builders.UPDATE[name](builder, record)
            done.updated[name] += 1
    for start in range(0, len(fresh), 1000):
        chunk = fresh[start : start + 1000]
        builders.ADD[name](builder, chunk)
        db.flush()
        progress(len(chunk))
    done.added[name] += len(fresh)
    builder.forget(name)


def _update_key(record: Record) -> tuple[object, ...]:
    return tuple(record.given[name] for name in record.type.update_key)


def _resolved(builder: Builder, records: list[Record]) -> Iterator[Record]:
    """Records whose references all exist. Raises BadRecord for the first broken one."""
    for record in records:
        for one in record.type.fields:
            value = record.given[one.name]
            wanted = (value,) if one.kind == "ref" and value is not None else value if one.kind == "refs" else ()
            for code in wanted or ():
                if code not in builder.ids(one.to):
                    raise BadRecord(record.line, one.name, f"ไม่พบ {one.to} รหัส {code!r}")
        yield record


def _existing(db: Session, name: str, builder: Builder, records: list[Record]) -> Iterator[Record]:
    """What the office holds of a type, as records with line 0; accesses only of the days and items in the file."""
    if name == "access":
        yield from builders.existing_accesses(db, builder, records)
        return
    for value in EXPORTERS[name](db, Codes(db)):
        yield check_line(0, json.loads(as_json(name, value)))


def _same(before: Record, record: Record) -> bool:
    for one in record.type.fields:
        if (one.extra or (record.type.name, one.name) in FILLED_IN) and one.name not in record.said:
            continue
        if before.given[one.name] != record.given[one.name]:
            return False
    return True


def _count_again(db: Session, builder: Builder, progress: Progress) -> None:
    if builder.touched_ledger:
        db.flush()
        recounting.rebuild(db, builder.touched_ledger, progress)
