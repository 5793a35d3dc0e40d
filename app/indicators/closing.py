"""Closing a year: a checklist, two people, a signed snapshot that never changes, and restatements of what came later.

Source: counting contract, sections 2 (close of the year) and 6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from app.activity import recounting
from app.community.models import Meeting, MeetingAttendee
from app.core.clock import bangkok_day
from app.core.config import Config
from app.core.database import claim, transaction
from app.core.errors import Invalid, NotAllowed, NotFound
from app.core.fiscal_year import FiscalYear
from app.core.signing import Signer, canonical, is_signed
from app.core.thai import thai_date
from app.indicators import evidence, snapshots
from app.indicators.anomalies import look_for_anomalies
from app.indicators.evidence_columns import NOT_VERIFIED
from app.indicators.evidence_lists import pseudonym, reasons_of
from app.indicators.few_readers import sees_all_names
from app.indicators.measures import MEASURES
from app.indicators.models import Evaluation, Restatement, Scope, YearClosing
from app.indicators.plans import plan_for
from app.indicators.queries import roster_sizes
from app.indicators.scopes import scope_for, scope_of_row
from app.indicators.snapshots import Difference, Snapshot
from app.knowledge.models import Review
from app.people.models import Role, Staff, Viewer

CLOSERS = (Role.EXECUTIVE, Role.EVALUATOR, Role.HEAD)


@dataclass(frozen=True)
class Check:
    """One line of the checklist. `stops`: the year cannot be closed while this is so; `url` leads to the mending."""

    good: bool
    stops: bool
    text: str
    url: str = ""


def closing_of(db: Session, be_year: int) -> YearClosing | None:
    """The closing of a year, asked for or done."""
    return db.get(YearClosing, be_year)


def is_closed(db: Session, be_year: int) -> bool:
    """Whether a year was closed."""
    found = closing_of(db, be_year)
    return found is not None and found.closed_at is not None


def closed_years(db: Session) -> list[int]:
    """Closed years, oldest first."""
    return list(
        db.scalars(select(YearClosing.be_year).where(YearClosing.closed_at.is_not(None)).order_by(YearClosing.be_year))
    )


def checklist(db: Session, scope: Scope, today: date) -> list[Check]:
    """What to look at before closing; a fixed number of statements."""
    year = FiscalYear(scope.be_year)
    plan, rows = plan_for(db, scope.be_year)
    own = plan.be_year == scope.be_year
    size = roster_sizes(db, scope)[None]
    waiting = ", ".join(
        f"{row} {number:,}" for row, pairs in reasons_of(db, scope, rows).items() for reason, number in pairs
        if reason == NOT_VERIFIED["submitted"]
    )  # fmt: skip
    within = (Meeting.on >= year.first_day, Meeting.on <= year.last_day, Meeting.status.in_(("submitted", "verified")))
    present = select(func.count()).where(MeetingAttendee.meeting_id == Meeting.id).correlate(Meeting).scalar_subquery()
    counts = dict(
        db.execute(
            union_all(
                select(literal("unsigned"), func.count()).select_from(Meeting).where(*within, present < scope.exchange_people),
                select(literal("minutes"), func.count()).select_from(Meeting).where(*within, func.trim(Meeting.minutes) == ""),
                select(literal("reviews"), func.count()).select_from(Review).where(Review.state == "open"),
                select(literal("evaluated"), func.count()).select_from(Evaluation)
                .where(Evaluation.be_year == scope.be_year, Evaluation.status == "verified"),
            )
        ).all()
    )  # fmt: skip
    return [
        Check(today > year.last_day, True, "สิ้นปีงบประมาณแล้ว" if today > year.last_day else "ยังไม่สิ้นปีงบประมาณ ปิดได้ตั้งแต่ 1 ตุลาคม"),
        Check(own, True, "ปีนี้มีแผนของตนเอง" if own else f"ปีนี้ยังใช้แผนของปี {plan.be_year} คัดลอกเป็นแผนของปีก่อน", f"/plan/{scope.be_year}/edit"),
        Check(size > 0, True, f"ฐานบุคลากร {size:,} คน" if size else "ไม่มีบุคลากรในฐาน ร้อยละทุกแถวคิดไม่ได้", "/admin/people"),
        Check(not waiting, False, "ไม่มีรายการรอตรวจ" if not waiting else f"มีรายการรอตรวจซึ่งจะไม่นับในปีที่ปิด: {waiting}", "/inbox"),
        Check(not counts["unsigned"], False, "ทุกการประชุมมีผู้ลงชื่อครบ" if not counts["unsigned"] else f"การประชุม {counts['unsigned']} ครั้งลงชื่อไม่ครบ {scope.exchange_people} คน", "/records/meeting"),
        Check(not counts["minutes"], False, "ทุกการประชุมมีรายงาน" if not counts["minutes"] else f"การประชุม {counts['minutes']} ครั้งยังไม่มีรายงาน", "/records/meeting"),
        Check(not counts["reviews"], False, "ไม่มีบทความรอตรวจรับรอง" if not counts["reviews"] else f"บทความรอตรวจรับรอง {counts['reviews']} เรื่อง", "/reviews"),
        Check(bool(counts["evaluated"]), False, "มีรอบประเมินผลที่ตรวจแล้ว" if counts["evaluated"] else _not_evaluated(scope, today), f"/plan/{scope.be_year}/evaluation"),
    ]  # fmt: skip


def _not_evaluated(scope: Scope, today: date) -> str:
    last = FiscalYear(scope.be_year).last_day + timedelta(days=scope.report_days)
    told = f"ส่งได้ถึง {thai_date(last)}" if today <= last else f"พ้นกำหนด {thai_date(last)} แล้ว C5 จะเป็น 0"
    return f"ยังไม่มีรอบประเมินผลของปีนี้ที่ตรวจแล้ว {told}"


def _alone(db: Session, be_year: int) -> None:
    """One at a time may change the closing of a year, and reads the office as of one moment. First in its transaction."""
    if not claim(db, f"closing {be_year}"):
        raise Invalid({"note": "มีผู้อื่นกำลังปิดปีหรือปรับปรุงตัวเลขของปีนี้ รอสักครู่แล้วลองใหม่"})
    db.expire_all()


def ask_to_close(db: Session, viewer: Viewer, scope: Scope, note: str, today: date, now: datetime) -> None:
    """The secretary asks for the closing. What the checklist warns of needs a note. Raises NotAllowed, Invalid."""
    if not viewer.has(Role.SECRETARY) or viewer.staff_id is None:
        raise NotAllowed("ขอปิดปีได้เฉพาะเลขานุการ")
    checks = checklist(db, scope, today)
    stopping = [check.text for check in checks if check.stops and not check.good]
    if stopping:
        raise Invalid({"note": "ยังปิดปีไม่ได้: " + " ".join(stopping)})
    if not note.strip() and any(not check.good for check in checks):
        raise Invalid({"note": "รายการตรวจสอบยังมีข้อที่ไม่ครบ โปรดบอกเหตุผลที่ปิดทั้งที่ยังไม่ครบ"})
    with transaction(db):
        _alone(db, scope.be_year)
        found = closing_of(db, scope.be_year)
        if found is not None and found.closed_at is not None:
            raise Invalid({"note": f"ปี {scope.be_year} ปิดไปแล้ว"})
        if found is None:
            found = YearClosing(be_year=scope.be_year, asked_by_id=viewer.staff_id, asked_at=now)
            db.add(found)
        found.asked_by_id, found.asked_at, found.note = viewer.staff_id, now, note.strip()[:1000]


def take_back(db: Session, viewer: Viewer, be_year: int) -> None:
    """A request to close that nobody answered yet is taken back. Raises NotAllowed, NotFound."""
    if not viewer.has(Role.SECRETARY, *CLOSERS):
        raise NotAllowed("ถอนคำขอปิดปีได้เฉพาะเลขานุการหรือผู้มีสิทธิ์ปิดปี")
    with transaction(db):
        _alone(db, be_year)
        found = closing_of(db, be_year)
        if found is None or found.closed_at is not None:
            raise NotFound("ไม่มีคำขอปิดปีที่รออยู่")
        db.delete(found)


def close_year(db: Session, viewer: Viewer, scope: Scope, signer: Signer, today: date, now: datetime) -> YearClosing:
    """Another person than the one who asked closes the year, for good. Raises NotAllowed, Invalid."""
    if not viewer.has(*CLOSERS) or viewer.staff_id is None:
        raise NotAllowed("ปิดปีได้เฉพาะผู้บริหาร กรรมการติดตามและประเมินผล หรือหัวหน้าส่วนราชการ")
    with transaction(db):
        _alone(db, scope.be_year)
        found = closing_of(db, scope.be_year)
        if found is None:
            raise Invalid({"close": "ยังไม่มีคำขอปิดปีจากเลขานุการ"})
        if found.closed_at is not None:
            raise Invalid({"close": f"ปี {scope.be_year} ปิดไปแล้ว"})
        if found.asked_by_id == viewer.staff_id:
            raise Invalid({"close": "ผู้ปิดปีต้องเป็นคนละคนกับผู้ขอ"})
        stopping = [check.text for check in checklist(db, scope, today) if check.stops and not check.good]
        if stopping:
            raise Invalid({"close": "ยังปิดปีไม่ได้: " + " ".join(stopping)})
        snapshot = snapshots.snapshot_of(db, scope)
        found.snapshot, found.sha256 = snapshots.pack(snapshot)
        found.closed_by_id, found.closed_at = viewer.staff_id, now
        found.rule, found.settings = scope.rule, snapshot["settings"]
        found.signature = _signed(signer, _act_of_closing(found))
    signer.note(f"{scope.be_year} 0 {found.signature}")
    look_for_anomalies(db, scope.be_year, today)
    return found


def _signed(signer: Signer, act: bytes) -> str:
    return f"{signer.public_key()}:{signer.sign(act)}"


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at is not None else ""


def _act_of_closing(found: YearClosing) -> bytes:
    """What is signed when a year is closed: the snapshot's hash, and who asked and closed, when and why."""
    return canonical(
        {
            "act": "close", "be_year": found.be_year, "sha256": found.sha256, "asked_by": found.asked_by_id,
            "asked_at": _moment(found.asked_at), "note": found.note, "closed_by": found.closed_by_id,
            "closed_at": _moment(found.closed_at), "rule": found.rule, "settings": found.settings,
        }
    )  # fmt: skip


def _act_of_restating(kept: Restatement, before: str) -> bytes:
    """What is signed when later changes are let stand; `before` is the signature it follows."""
    return canonical(
        {
            "act": "restate", "be_year": kept.be_year, "number": kept.number, "sha256": kept.sha256, "by": kept.by_id,
            "at": _moment(kept.at), "reason": kept.reason, "changes": kept.changes, "before": before,
        }
    )  # fmt: skip


def restatements(db: Session, be_year: int) -> list[Restatement]:
    """Later changes that were let stand, oldest first."""
    return list(db.scalars(select(Restatement).where(Restatement.be_year == be_year).order_by(Restatement.number)))


def standing(db: Session, closing: YearClosing) -> tuple[Snapshot, int]:
    """The snapshot in force, the closing's own or the last restatement's, and its number. Raises Invalid when damaged."""
    later = restatements(db, closing.be_year)
    packed = later[-1].snapshot if later else closing.snapshot
    try:
        return snapshots.unpack(packed or b"")[0], later[-1].number if later else 0
    except ValueError as error:
        told = f"ภาพนิ่งของปี {closing.be_year} ถูกแก้หรือเสียหาย เทียบกับไฟล์สำรอง แล้วรัน khlang doctor"
        raise Invalid({"snapshot": told}) from error


def changes_since(
    db: Session, config: Config, closing: YearClosing, today: date, *, accesses: bool = True
) -> list[Difference]:
    """What the office says now otherwise than the snapshot in force; without `accesses` their days are not compared."""
    before, _ = standing(db, closing)
    scope = scope_for(db, config, closing.be_year, today)
    after = snapshots.snapshot_of(db, scope, before["seal"], accesses=accesses)
    return snapshots.differences(before if accesses else {**before, "accesses": {}}, after)


def explained(db: Session, scope: Scope, changes: list[Difference]) -> list[tuple[Difference, str]]:
    """Each change with who made it and why, as far as the records say."""
    wanted: dict[str, set[str]] = {}
    for change in changes:
        if change.key and change.kind in ("added", "removed", "changed"):
            wanted.setdefault(change.row, set()).add(change.key)
    # Several lines may share a key: each is told by itself, those that count no more first.
    told: dict[tuple[str, str], list[str]] = {}
    for row in plan_for(db, scope.be_year)[1]:
        if row.row not in wanted:
            continue
        lines_of = evidence.visits if row.measure == "accesses" else MEASURES[row.measure].lines
        lines = lines_of(scope_of_row(scope, row), True).subquery()
        query = (
            select(
                lines.c.key, lines.c.reason, lines.c.why, lines.c.voider_id, lines.c.recorder_id, lines.c.verifier_id
            )
            .where(lines.c.key.in_(sorted(wanted[row.row])[:500]))
            .order_by(lines.c.reason.desc())
        )
        for key, *facts in db.execute(query):
            said = _why(db, *facts)
            if said and said not in told.setdefault((row.row, key), []):
                told[row.row, key].append(said)
    return [(change, " · ".join(told.get((change.row, change.key), [])[:3])) for change in changes]


def for_reader(viewer: Viewer, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Changes as a person may read them: keys and names only for those who see all names."""
    if sees_all_names(viewer):
        return changes
    told = []
    for one in changes:
        key = one.get("key", "")
        text = one["text"].replace(key, pseudonym(key)) if key else one["text"]
        named = not key and not one["row"]  # The roster names people.
        told.append({**one, "text": text.partition(":")[0] if named else text, "why": ""})
    return told


def _why(
    db: Session, reason: str, why: str, voider_id: int | None, recorder_id: int | None, verifier_id: int | None
) -> str:
    def name(number: int | None) -> str:
        return db.get_one(Staff, number).name if number else ""

    if why:
        return f"{reason}โดย {name(voider_id) or 'ไม่ระบุ'}: {why}"
    by = [f"บันทึกโดย {name(recorder_id)}"] if recorder_id else []
    by += [f"ตรวจโดย {name(verifier_id)}"] if verifier_id else []
    return " ".join([reason, *by]).strip()


def restate(
    db: Session, viewer: Viewer, config: Config, be_year: int, reason: str, signer: Signer, now: datetime
) -> Restatement:
    """Let what changed since stand beside the snapshot, with who and why. Raises NotAllowed, NotFound, Invalid."""
    if not viewer.has(Role.SECRETARY, Role.EVALUATOR) or viewer.staff_id is None:
        raise NotAllowed("ออกประกาศปรับปรุงตัวเลขได้เฉพาะเลขานุการหรือกรรมการติดตามและประเมินผล")
    if not reason.strip():
        raise Invalid({"reason": "โปรดบอกเหตุผลที่ตัวเลขของปีที่ปิดแล้วเปลี่ยน"})
    with transaction(db):
        _alone(db, be_year)
        closing = closing_of(db, be_year)
        if closing is None or closing.closed_at is None:
            raise NotFound("ปีนี้ยังไม่ปิด")
        before, number = standing(db, closing)
        scope = scope_for(db, config, be_year, bangkok_day(now))
        after = snapshots.snapshot_of(db, scope, before["seal"])
        changes = snapshots.differences(before, after)
        if not changes:
            raise Invalid({"reason": "ตัวเลขของปีนี้ยังตรงกับวันที่ปิด ไม่มีอะไรต้องปรับปรุง"})
        packed, sha256 = snapshots.pack(after)
        kept = Restatement(
            be_year=be_year, number=number + 1, at=now, by_id=viewer.staff_id, reason=reason.strip()[:1000],
            changes=[{"text": c.text, "row": c.row, "key": c.key, "why": why} for c, why in explained(db, scope, changes)[:500]],
            snapshot=packed, sha256=sha256,
        )  # fmt: skip
        earlier = restatements(db, be_year)
        last = earlier[-1].signature if earlier else closing.signature
        kept.signature = _signed(signer, _act_of_restating(kept, last))
        db.add(kept)
    signer.note(f"{be_year} {kept.number} {kept.signature}")
    return kept


def problems_of(
    db: Session,
    config: Config,
    signer: Signer,
    be_year: int,
    today: date,
    progress: Callable[[int], None] = lambda _: None,
    *,
    totals: bool = True,
) -> list[str]:
    """Everything wrong with a closed year, as sentences: snapshot touched, evidence changed since, and the day totals
    unless the caller has compared them already.
    """
    closing = closing_of(db, be_year)
    if closing is None or (closing.closed_at is None and not closing.sha256):
        return lost(db, be_year, signer)
    found = touched(db, closing, signer)
    if closing.closed_at is None:
        found.append(f"ปี {be_year}: มีลายเซ็นของภาพนิ่งแต่ไม่มีวันปิดปี ถูกแก้หลังปิดปี")
    if found:
        return found
    year = FiscalYear(be_year)
    if totals:
        found = recounting.contradictions(db, year.first_day, year.last_day)
        found += recounting.rollup_differences(db, year.first_day, year.last_day)
    progress(1)
    return found + [change.text for change in changes_since(db, config, closing, today)]


def touched(db: Session, closing: YearClosing, signer: Signer) -> list[str]:
    """Whether the snapshot and every restatement are still what was signed."""
    kept: list[tuple[int, bytes | None, str, str, bytes]] = [
        (0, closing.snapshot, closing.sha256, closing.signature, _act_of_closing(closing))
    ]
    for one in restatements(db, closing.be_year):
        act = _act_of_restating(one, kept[-1][3])
        kept.append((one.number, one.snapshot, one.sha256, one.signature, act))
    found = lost(db, closing.be_year, signer)
    for place, (number, packed, sha256, signature, act) in enumerate(kept):
        named = f"ภาพนิ่งวันปิดปี {closing.be_year}" if number == 0 else f"การปรับปรุงครั้งที่ {number} ของปี {closing.be_year}"
        if number != place:
            found.append(f"{named}: ลำดับขาดหาย")
        try:
            actual = snapshots.unpack(packed or b"")[1]
        except ValueError:
            actual = ""
        key, _, signed = signature.partition(":")
        if actual != sha256:
            found.append(f"{named}: เนื้อหาไม่ตรงกับลายนิ้วมือที่เก็บไว้ ถูกแก้หลังปิดปี")
        elif not is_signed(act, key, signed) and not (
            # Years closed before signatures said who and why.
            closing.settings is None and is_signed(f"khlang {closing.be_year} {number} {sha256}".encode(), key, signed)
        ):
            found.append(f"{named}: ลายเซ็นไม่ถูกต้อง ตัวเลข ผู้ปิด วันเวลา หรือเหตุผลถูกแก้หลังปิดปี")
        elif key != signer.public_key():
            found.append(f"{named}: ลงนามด้วยกุญแจอื่นที่ไม่ใช่ของหน่วยงานนี้ ถ้าเพิ่งย้ายเครื่องให้คืนไฟล์ office_key")
    return found


def lost(db: Session, be_year: int, signer: Signer) -> list[str]:
    """Closings and restatements that were signed here, as the file beside the key says, and are gone or replaced."""
    closing = closing_of(db, be_year)
    there = {} if closing is None else {0: closing.signature}
    there |= {one.number: one.signature for one in restatements(db, be_year)}
    found = []
    for line in signer.noted():
        year, number, signature = line.split(" ")
        if int(year) == be_year and there.get(int(number)) != signature:
            what = f"การปิดปี {year}" if number == "0" else f"การปรับปรุงครั้งที่ {number} ของปี {year}"
            found.append(f"{what}: เคยลงนามที่นี่แต่หายไปหรือถูกแทนที่ในฐานข้อมูล เทียบกับไฟล์สำรอง")
    return found


def shown_rows(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Rows of a snapshot by name."""
    return {row["row"]: row for row in snapshot["rows"]}
