"""A year's result as a signed file, and many offices' files side by side."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.config import Config
from app.core.database import transaction
from app.core.errors import Invalid, NotAllowed
from app.core.signing import Signer, canonical, fingerprint, is_signed
from app.indicators.closing import closing_of, standing, touched
from app.indicators.models import OfficeResult, Scope
from app.indicators.snapshots import pack, snapshot_of
from app.people.models import Role, Viewer

FORMAT = "khlang-result/1"
MOST_BYTES = 1024 * 1024
KEEPERS = (Role.SECRETARY, Role.NETWORK, Role.ADMIN)
ROW_FIELDS = ("row", "name", "indicator", "unit", "target", "numerator", "denominator", "state")
STATES = ("met", "short", "no_target", "incomplete")


def result_file(db: Session, config: Config, scope: Scope, signer: Signer, now: datetime) -> str:
    """The signed result of a year as JSON text: the closed figures of a closed year, else the figures of now, said so."""
    closing = closing_of(db, scope.be_year)
    closed_at = closing.closed_at if closing is not None else None
    if closing is not None and closed_at is not None:
        wrong = touched(db, closing, signer)
        if wrong:
            raise Invalid({"file": " ".join(wrong)})
        snapshot, restated = standing(db, closing)
        sha256 = pack(snapshot)[1]
    else:
        snapshot, restated, sha256 = snapshot_of(db, scope, accesses=False), 0, None
    content = {
        "format": FORMAT, "office": config.office_name, "year": scope.be_year, "as_of": snapshot["as_of"],
        "made_at": now.isoformat(timespec="seconds"), "closed_at": closed_at.isoformat(timespec="seconds") if closed_at else None,
        "restated": restated, "rule": snapshot["rule"], "settings": snapshot["settings"], "roster": len(snapshot["roster"]),
        "rows": [{name: row[name] for name in ROW_FIELDS} for row in snapshot["rows"]],
        "snapshot_sha256": sha256,
        "key": signer.public_key(),
    }  # fmt: skip
    return json.dumps({**content, "signature": signer.sign(canonical(content))}, ensure_ascii=False, indent=1)


@dataclass(frozen=True)
class Result:
    """A verified result file. `key` is the office's public key; `rows` have ROW_FIELDS."""

    office: str
    year: int
    key: str
    made_at: datetime
    content: dict[str, Any]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Rows of the plan."""
        rows: list[dict[str, Any]] = self.content["rows"]
        return rows

    @property
    def fingerprint(self) -> str:
        """The key as people compare it."""
        return fingerprint(self.key)


def read_result(text: str) -> Result:
    """A result file, its signature and shape checked. Raises Invalid with what is wrong."""
    if len(text.encode()) > MOST_BYTES:
        raise Invalid({"file": "ไฟล์ใหญ่เกินกว่าจะเป็นไฟล์ผลของปี"})
    try:
        whole = json.loads(text)
        canonical(whole)  # What cannot be written again was signed by nobody.
    except (ValueError, RecursionError) as error:
        raise Invalid({"file": "ไม่ใช่ไฟล์ผลของปี (JSON ไม่ถูกต้อง)"}) from error
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise Invalid({"file": f"ไม่ใช่ไฟล์ผลของปีแบบ {FORMAT}"})
    signature = whole.pop("signature", "")
    key = whole.get("key", "")
    if not isinstance(key, str) or not re.fullmatch("[0-9a-f]{64}", key):
        raise Invalid({"file": "ไฟล์นี้ไม่มีกุญแจของหน่วยงานที่อ่านได้"})
    if not isinstance(signature, str) or not isinstance(key, str) or not is_signed(canonical(whole), key, signature):
        raise Invalid({"file": "ลายเซ็นไม่ตรงกับเนื้อหา ไฟล์ถูกแก้หลังจากหน่วยงานลงนาม"})
    if not _is_result(whole):
        raise Invalid({"file": "ไฟล์ลงนามถูกต้องแต่เนื้อหาไม่ครบตามแบบ"})
    return Result(whole["office"], whole["year"], key, datetime.fromisoformat(whole["made_at"]), whole)


def _is_result(whole: dict[str, Any]) -> bool:
    """Whether a signed value has the shape of a result; a key of one's own signs anything."""
    rows = whole.get("rows")
    try:
        made = datetime.fromisoformat(whole["made_at"])
    except (KeyError, TypeError, ValueError):
        return False
    if not 2000 <= made.year <= 2200 or "closed_at" not in whole or "restated" not in whole or "as_of" not in whole:
        return False
    office = whole.get("office")
    named = isinstance(office, str) and 0 < len(office) <= 200 and office.isprintable() and made.tzinfo is not None
    year = whole.get("year")
    dated = isinstance(year, int) and not isinstance(year, bool) and 2400 <= year <= 2700
    return named and dated and isinstance(rows, list) and len(rows) <= 100 and all(_is_row(row) for row in rows)


def _is_row(row: Any) -> bool:
    if not isinstance(row, dict) or set(row) != set(ROW_FIELDS) or row["state"] not in STATES:
        return False
    texts = all(isinstance(row[name], str) and len(row[name]) <= 2000 for name in ("row", "name", "indicator", "unit"))
    counts = (row["numerator"], *(row[name] or 0 for name in ("target", "denominator")))
    return texts and all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 10**9 for n in counts)


def keep_result(db: Session, viewer: Viewer, text: str, now: datetime) -> Result:
    """Take in an office's file; a newer file of the same key and year takes the older one's place. Raises Invalid."""
    if not viewer.has(*KEEPERS) or viewer.staff_id is None:
        raise NotAllowed("รวบรวมผลของหน่วยงานได้เฉพาะเลขานุการ ผู้จัดการเครือข่าย หรือผู้ดูแลระบบ")
    found = read_result(text)
    with transaction(db):
        kept = db.get(OfficeResult, (found.year, found.key))
        if kept is not None and kept.made_at > found.made_at:
            raise Invalid({"file": f"มีไฟล์ของ {found.office} ที่ใหม่กว่านี้อยู่แล้ว"})
        if kept is None:
            kept = OfficeResult(be_year=found.year, key=found.key)
            db.add(kept)
        kept.office, kept.made_at, kept.content = found.office, found.made_at, text
        kept.received_at, kept.received_by_id = now, viewer.staff_id
    return found


def remove_result(db: Session, viewer: Viewer, be_year: int, key: str) -> None:
    """Take an office's file out of the table."""
    if not viewer.has(*KEEPERS):
        raise NotAllowed("รวบรวมผลของหน่วยงานได้เฉพาะเลขานุการ ผู้จัดการเครือข่าย หรือผู้ดูแลระบบ")
    with transaction(db):
        kept = db.get(OfficeResult, (be_year, key))
        if kept is not None:
            db.delete(kept)


def kept_years(db: Session) -> list[int]:
    """Years for which there are files, newest first."""
    return list(db.scalars(select(OfficeResult.be_year).distinct().order_by(OfficeResult.be_year.desc())))


def kept_results(db: Session, be_year: int) -> list[Result]:
    """Files of a year by name of office, each verified anew; what was changed in the database is left out."""
    found = []
    for kept in db.scalars(select(OfficeResult).where(OfficeResult.be_year == be_year).order_by(OfficeResult.office)):
        try:
            found.append(read_result(kept.content))
        except Invalid:
            continue
    return found


def merged(results: Sequence[Result]) -> list[tuple[str, str, list[dict[str, Any] | None]]]:
    """Rows of all offices side by side: (row, indicator, the row of each office or None)."""
    names: dict[str, str] = {}
    for result in results:
        for row in result.rows:
            names.setdefault(row["row"], row["indicator"])
    by_office = [{row["row"]: row for row in result.rows} for result in results]
    return [(row, names[row], [rows.get(row) for rows in by_office]) for row in sorted(names)]
