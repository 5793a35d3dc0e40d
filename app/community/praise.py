"""Thanks, nominations, and the awards that come of them: what is written, decided and shown on the wall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from app.community.models import Award, Praise
from app.core.clock import bangkok_day
from app.core.database import transaction
from app.core.errors import Invalid, NotAllowed, NotFound
from app.core.thai import one_line
from app.knowledge.models import Article
from app.knowledge.queries import readable
from app.notifications.commands import notify
from app.people.models import Role, Staff, StaffRole, Viewer

DECIDERS = (Role.EXECUTIVE, Role.SECRETARY, Role.HEAD)


@dataclass(frozen=True)
class PraiseLine:
    """A praise with the names around it; the article only when the viewer may read it."""

    praise: Praise
    to: str
    to_code: str
    by: str
    article_code: str
    article_title: str


@dataclass(frozen=True)
class AwardLine:
    """An award on the wall."""

    award: Award
    name: str
    code: str
    article_code: str
    article_title: str


def praise(
    db: Session, viewer: Viewer, kind: str, to_code: str, reason: str, article_code: str, now: datetime
) -> Praise:
    """Thank a colleague, or nominate one for an award, with the reason and what shows it. Raises Invalid per field."""
    assert viewer.staff_id is not None
    reason = one_line(reason)
    wrong = {}
    to = db.scalar(select(Staff).where(Staff.code == to_code, Staff.active))
    if to is None or to.id == viewer.staff_id:
        wrong["to"] = "โปรดเลือกเพื่อนร่วมงานที่อยากขอบคุณหรือเสนอชื่อ"
    if kind not in ("thanks", "nomination"):
        wrong["kind"] = "โปรดเลือกว่าขอบคุณหรือเสนอชื่อ"
    if not reason or len(reason) > 1000:
        wrong["reason"] = "โปรดบอกว่าเขาทำอะไรและช่วยได้อย่างไร ไม่เกิน 1,000 ตัวอักษร"
    article = None
    code = one_line(article_code).rsplit("/articles/", 1)[-1].split("/")[0].split("?")[0]
    if code:
        article = db.scalar(select(Article).where(readable(viewer), Article.code == code))
        if article is None:
            wrong["article"] = "ไม่พบบทความนี้ ใส่ที่อยู่หรือรหัสบทความที่ท่านเปิดอ่านได้ หรือเว้นว่างไว้"
    if wrong or to is None:
        raise Invalid(wrong)
    with transaction(db):
        made = Praise(
            kind=kind, to_id=to.id, by_id=viewer.staff_id, reason=reason, article_id=article.id if article else None,
            at=now, state="shown" if kind == "thanks" else "open",
        )  # fmt: skip
        db.add(made)
        db.flush()
        if kind == "thanks":
            told = f"{viewer.name} ขอบคุณท่าน: {reason[:300]}"
            notify(db, "praise", {to.id}, told, "/praise", f"thanks:{made.id}", now)
        else:
            deciders = select(StaffRole.staff_id).where(
                StaffRole.role.in_((Role.EXECUTIVE.value, Role.SECRETARY.value))
            )
            told = f"{viewer.name} เสนอชื่อ {to.name} รับรางวัล รอผู้พิจารณา"
            others = set(db.scalars(deciders)) - {to.id, viewer.staff_id}
            notify(db, "praise", others, told, "/praise", f"nominated:{made.id}", now)
    return made


def decide(db: Session, viewer: Viewer, number: int, accept: bool, note: str, now: datetime) -> None:
    """An executive, head or the secretary, neither nominator nor nominee, makes an award of a nomination or declines."""
    if not viewer.has(*DECIDERS):
        raise NotAllowed("ตัดสินได้เฉพาะผู้บริหาร หัวหน้าส่วนราชการ และเลขานุการ")
    with transaction(db):
        found = db.scalar(select(Praise).where(Praise.id == number, Praise.kind == "nomination").with_for_update())
        if found is None:
            raise NotFound("ไม่พบการเสนอชื่อนี้")
        if viewer.staff_id in (found.by_id, found.to_id):
            raise NotAllowed("ผู้เสนอชื่อและผู้ถูกเสนอชื่อตัดสินเองไม่ได้ โปรดให้ผู้อื่นพิจารณา")
        if found.state != "open":
            raise Invalid({"note": "การเสนอชื่อนี้พิจารณาแล้ว"})
        if (not accept and not one_line(note)) or len(one_line(note)) > 300:
            raise Invalid({"note": "โปรดบอกเหตุผลถึงผู้เสนอ ไม่เกิน 300 ตัวอักษร"})
        found.note, found.decided_by_id = one_line(note), viewer.staff_id
        if not accept:
            found.state = "declined"
            told = f"การเสนอชื่อของท่านยังไม่ได้รับรางวัล: {found.note}"
            notify(db, "praise", {found.by_id}, told, "/praise", f"declined:{found.id}", now)
            return
        award = Award(staff_id=found.to_id, on=bangkok_day(now), reason=found.reason, article_id=found.article_id)
        db.add(award)
        db.flush()
        found.state, found.award_id = "awarded", award.id
        told = f"ท่านได้รับการยกย่อง: {found.reason[:300]}"
        notify(db, "praise", {found.to_id}, told, "/praise", f"awarded:{found.id}", now)


def wall(db: Session, viewer: Viewer) -> tuple[list[PraiseLine], list[AwardLine]]:
    """(thanks, awards) newest first, at most 60 each; two statements."""
    thanks = _praises(db, viewer, Praise.kind == "thanks")
    seen = aliased(Article)
    query = (
        select(Award, Staff.name, Staff.code, seen.code, seen.title)
        .join(Staff, Staff.id == Award.staff_id)
        .outerjoin(seen, (seen.id == Award.article_id) & exists().where(Article.id == seen.id, readable(viewer)))
        .order_by(Award.on.desc(), Award.id.desc())
        .limit(60)
    )
    return thanks, [AwardLine(award, n, c, code or "", title or "") for award, n, c, code, title in db.execute(query)]


def nominations(db: Session, viewer: Viewer) -> list[PraiseLine]:
    """Open ones for those who decide, and one's own of any state."""
    mine = Praise.by_id == viewer.staff_id
    wanted = (mine | (Praise.state == "open")) if viewer.has(*DECIDERS) else mine
    # A nominee learns of it when it became an award.
    return _praises(db, viewer, Praise.kind == "nomination", wanted, Praise.to_id != viewer.staff_id)


def _praises(db: Session, viewer: Viewer, *wanted: object) -> list[PraiseLine]:
    to, by, seen = aliased(Staff), aliased(Staff), aliased(Article)
    query = (
        select(Praise, to.name, to.code, by.name, seen.code, seen.title)
        .join(to, to.id == Praise.to_id)
        .join(by, by.id == Praise.by_id)
        .outerjoin(seen, (seen.id == Praise.article_id) & exists().where(Article.id == seen.id, readable(viewer)))
        .where(*wanted)  # type: ignore[arg-type]
        .order_by(Praise.at.desc(), Praise.id.desc())
        .limit(60)
    )
    return [PraiseLine(one, n, c, b, code or "", title or "") for one, n, c, b, code, title in db.execute(query)]


def award_of(db: Session, viewer: Viewer, number: int) -> tuple[Award, Staff, Staff | None]:
    """An award, its person and who gave it when that is known, for the person and those who give awards. Raises NotFound."""
    giver = aliased(Staff)
    query = (
        select(Award, Staff, giver)
        .join(Staff, Staff.id == Award.staff_id)
        .outerjoin(Praise, Praise.award_id == Award.id)
        .outerjoin(giver, giver.id == Praise.decided_by_id)
    )
    row = db.execute(query.where(Award.id == number)).first()
    if row is None or (row[0].staff_id != viewer.staff_id and not viewer.has(*DECIDERS)):
        raise NotFound("ไม่พบรางวัลนี้")
    return row[0], row[1], row[2]


def thanks_of(db: Session, viewer: Viewer, staff_id: int, since: date) -> list[PraiseLine]:
    """Thanks a person got since a day, newest first."""
    return [
        one
        for one in _praises(db, viewer, Praise.kind == "thanks", Praise.to_id == staff_id)
        if bangkok_day(one.praise.at) >= since
    ]
