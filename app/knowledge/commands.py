"""Changes of articles: draft, publish, edit, approve, attach, apply. A stale save never overwrites."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.core.clock import bangkok_day
from app.core.database import insert_or_skip, transaction
from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.files import FileStore
from app.core.rendering import Rendered, Renderer
from app.core.thai import normalise, one_line
from app.knowledge import merging, queries, review_queries, reviewing, rules, writing_queries
from app.knowledge.models import (
    Article,
    ArticleText,
    Autosave,
    Editing,
    Origin,
    Review,
    Revision,
    State,
)
from app.knowledge.publishing import apply_details, category_id, make_public
from app.knowledge.review_queries import GroupPeople
from app.knowledge.searchable import touch_articles
from app.knowledge.templates_folder import hints
from app.people.models import Role, Viewer


@dataclass(frozen=True)
class Desk:
    """What writing needs besides the database."""

    renderer: Renderer
    files: FileStore
    people: dict[str, str]
    group: GroupPeople


class StaleVersion(Conflict):
    """Two people changed the same lines: `pieces` holds both, `title` is theirs when both changed that too."""

    def __init__(self, theirs: Revision, version: int, based_on: int, pieces: list[merging.Piece], title: str) -> None:
        self.theirs, self.version, self.based_on, self.pieces, self.title = theirs, version, based_on, pieces, title
        super().__init__("มีผู้บันทึกบทความนี้หลังจากท่านเริ่มแก้ไข และแก้ตรงเดียวกัน ข้อความของท่านยังอยู่ครบ")


def clean_text(text: ArticleText) -> ArticleText:
    """The text as it will be stored."""
    tags = tuple(dict.fromkeys(one_line(tag) for tag in text.tags if one_line(tag)))
    return replace(
        text, title=one_line(text.title), body=normalise(text.body), category=one_line(text.category), tags=tags,
        summary=one_line(text.summary)[:300], group_id=text.group_id if text.visibility == "group" else None,
        series=one_line(text.series)[:120],
        series_number=text.series_number if one_line(text.series) else None,
    )  # fmt: skip


def render_article(desk: Desk, code: str, body: str) -> Rendered:
    """HTML of a body, file names pointing at the article's own attachments."""
    return desk.renderer.render(body, f"/articles/{code}/files/", desk.people)


def create_article(
    db: Session, desk: Desk, viewer: Viewer, text: ArticleText, origin: Origin, now: datetime, *, publish: bool
) -> Article:
    """A new draft, published at once, or sent to be checked where its category asks for it.

    Raises Invalid per field, NotAllowed for a group one is not in.
    """
    assert viewer.staff_id is not None
    text = clean_text(text)
    rules.check_text(text, publishing=publish, hints=hints(db))
    _check_group(viewer, text)
    code = "A-" + secrets.token_hex(4)
    rendered = render_article(desk, code, text.body)
    with transaction(db):
        article = Article(
            code=code, title=text.title, author_id=viewer.staff_id, visibility=text.visibility,
            group_id=text.group_id, state=State.DRAFT.value, training_id=origin.training_id,
            thread_id=origin.thread_id, meeting_id=origin.meeting_id, created_at=now, updated_at=now,
            latest_number=0, version=0, template=text.template[:60],
        )  # fmt: skip
        db.add(article)
        db.flush()
        others = (set(origin.credited) | _co_authors(db, text, set())) - {viewer.staff_id}
        category_id(db, text.category, may_add=keeps_categories(viewer))
        revision = _add_revision(db, article, text, rendered, viewer.staff_id, others, now)
        policy = queries.policy_of(db, {text.category})
        outcome = rules.outcome("publish" if publish else "draft", policy, small=False)
        _come_out(db, desk, viewer, article, revision, outcome, policy, now)
        if origin.thread_id is None and origin.meeting_id is None:
            forget_autosave(db, viewer.staff_id, place_of(None, origin.training_id))
    return article


@dataclass(frozen=True)
class Saved:
    """What became of a save: `outcome` is draft, review or publish; `merged_with` names whose work was joined in."""

    article: Article
    outcome: str
    merged_with: str = ""


def save_article(
    db: Session, desk: Desk, viewer: Viewer, code: str, text: ArticleText, now: datetime, *, publish: bool,
    choices: tuple[str, ...] = (), against: int = 0,
) -> Saved:  # fmt: skip
    """Save an edit. `publish` asks that readers see it: at once, or after the check its category wants.

    Another's save since `text.version` is merged in when both changed different parts; `choices` settles what both
    changed, as seen beside revision `against`. Raises StaleVersion when a person must decide; nothing is written then.
    """
    assert viewer.staff_id is not None
    article = queries.article_to_edit(db, viewer, code)
    for _ in range(5):
        merged = _merged(db, article, clean_text(text), choices, against)
        rules.check_text(merged.text, publishing=publish, hints=hints(db))
        _check_widening(viewer, article, merged.text)
        _check_group(viewer, merged.text)
        _check_loss(merged)
        rendered = render_article(desk, code, merged.text.body)
        with transaction(db):
            article = db.scalars(select(Article).where(Article.code == code).with_for_update()).one()
            db.refresh(article)
            if article.version == merged.version:
                outcome = _save(db, desk, viewer, article, merged, rendered, now, publish=publish)
                return Saved(article, outcome, merged.whose)
    raise Conflict("มีผู้บันทึกบทความนี้พร้อมกันหลายคน โปรดลองอีกครั้ง")


@dataclass(frozen=True)
class _Merged:
    """A text ready to be saved on top of `latest`, at `version` of the article."""

    text: ArticleText
    version: int
    latest: Revision
    base: Revision | None
    whose: str = ""


def _merged(db: Session, article: Article, text: ArticleText, choices: tuple[str, ...], against: int) -> _Merged:
    db.refresh(article)
    latest = queries.revision(db, article, article.latest_number)
    base = writing_queries.base_revision(db, article, text.version)
    confirmed = writing_queries.confirmed_since(db, article.id, text.version)
    if confirmed is not None:
        text = replace(text, review_due_on=max(confirmed, text.review_due_on or confirmed))
    if base is not None and base.number == latest.number:
        return _Merged(text, article.version, latest, base)
    if latest.number != against:
        choices = ()
    pieces = merging.merge(base.body if base else "", latest.body, text.body)
    both = merging.conflicts(pieces)
    title = _either(base.title if base else None, latest.title, text.title)
    wanted = len(both) or (1 if title is None else 0)
    if wanted and len(choices) != wanted:
        raise StaleVersion(latest, article.version, text.version, pieces, latest.title if title is None else "")
    text = replace(text, body=merging.settle(pieces, choices), title=text.title if title is None else title)
    text = rules.merge_details(text, (base.details if base else None) or {}, latest.details or {})
    return _Merged(text, article.version, latest, base, queries.name_of(db, latest.editor_id))


def _either(base: str | None, theirs: str, mine: str) -> str | None:
    """The title only one changed; None when both did, each differently."""
    if theirs == mine or mine == base:
        return theirs
    return mine if theirs == base else None


def _check_loss(merged: _Merged) -> None:
    if rules.loses_most(merged.latest.body, merged.text.body) and not merged.text.shorter:
        raise Invalid(
            {
                "shorter": "ฉบับที่จะบันทึกสั้นกว่าเดิมเกิน 90 % ถ้าตั้งใจ ให้ติ๊กยืนยันแล้วบันทึกอีกครั้ง ถ้าไม่ตั้งใจ กด “กลับไปหน้าบทความ” แล้วเปิดแก้ไขใหม่"
            }
        )


def _check_widening(viewer: Viewer, article: Article, text: ArticleText) -> None:
    stays = (text.visibility, text.group_id) == ("group", article.group_id)
    if article.visibility == "group" and not stays and viewer.staff_id != article.author_id:
        raise NotAllowed("เปิดบทความของกลุ่มให้คนนอกอ่านได้เฉพาะผู้เขียน เมื่อกลุ่มตกลงแล้ว")


def _save(
    db: Session,
    desk: Desk,
    viewer: Viewer,
    article: Article,
    merged: _Merged,
    rendered: Rendered,
    now: datetime,
    *,
    publish: bool,
) -> str:
    """Write a merged text; inside a transaction that holds the article. Returns the outcome."""
    assert viewer.staff_id is not None
    text, latest = merged.text, merged.latest
    if latest.details is None:  # From before details were kept, or imported: what the article says now.
        latest.details = queries.details_of(db, article)
    named = {text.category, str(latest.details["category"]), queries.category_name(db, article.category_id)}
    policy = queries.policy_of(db, named)
    credits = _credits_after(db, viewer, article, merged)
    small = policy != "none" and text.minor and _is_small(db, article, merged, credits)
    outcome = rules.outcome("publish" if publish else "draft", policy, small=small)
    category_id(db, text.category, may_add=keeps_categories(viewer))
    reviewing.withdraw(db, article)
    revision = _add_revision(db, article, text, rendered, viewer.staff_id, credits, now)
    article.updated_at = now
    _come_out(db, desk, viewer, article, revision, outcome, policy, now)
    if small and outcome == "publish":
        article.review_approved_number = article.published_number
    forget_autosave(db, viewer.staff_id, place_of(article.id, None))
    return outcome


def _is_small(db: Session, article: Article, merged: _Merged, credits: set[int]) -> bool:
    """A correction of the text that was checked, however many corrections came between; no new file, nothing else."""
    number = review_queries.checked_number(db, article)
    shown = article.published_number == article.latest_number == merged.latest.number
    if article.state != State.PUBLISHED.value or not shown or number is None:
        return False
    checked = queries.revision(db, article, number)
    same = merged.text.details() | {"co_authors": sorted(credits)} == merged.latest.details
    files = all(one.added_at <= checked.at for one in queries.attachments(db, article.id))
    text = merged.text
    return same and files and text.title == checked.title and rules.is_small_change(checked.body, text.body)


def _credits_after(db: Session, viewer: Viewer, article: Article, merged: _Merged) -> set[int]:
    """Co-authors after a save: what this person added and took away, on top of what others did meanwhile."""
    current = set(queries.credited_ids(db, article.id))
    latest = set((merged.latest.details or {}).get("co_authors", current))
    if merged.text.co_authors is None or not _may_name_authors(viewer, article):
        return latest
    base = set(((merged.base.details if merged.base else None) or {}).get("co_authors", current))
    mine = _co_authors(db, merged.text, base | latest) - {article.author_id}
    return (latest | (mine - base)) - (base - mine)


def _come_out(
    db: Session,
    desk: Desk,
    viewer: Viewer,
    article: Article,
    revision: Revision,
    outcome: str,
    policy: str,
    now: datetime,
) -> None:
    if outcome == "publish":
        make_public(db, article, revision, now)
    elif article.state == State.DRAFT.value:
        apply_details(db, article, revision)
    if outcome != "publish":  # Which files of it readers see may have changed too.
        touch_articles(db, [article.id])
    if outcome == "review":
        reviewing.submit(db, desk.group, viewer, article, revision, policy, now)


def keeps_categories(viewer: Viewer) -> bool:
    """Secretary, administrator and the curating team keep the tree of categories."""
    return viewer.curates or viewer.has(Role.SECRETARY, Role.ADMIN)


def _may_name_authors(viewer: Viewer, article: Article) -> bool:
    return viewer.staff_id == article.author_id or keeps_categories(viewer)


def _co_authors(db: Session, text: ArticleText, known: set[int]) -> set[int]:
    """Ids of the people named as co-authors. Raises Invalid with the names that fit nobody, or more than one."""
    found, unknown, unclear = writing_queries.people_named(db, text.co_authors or (), known)
    if unknown:
        raise Invalid({"co_authors": f"ไม่พบบุคลากรชื่อ {', '.join(unknown)} โปรดพิมพ์ชื่อและนามสกุล หรือรหัสบุคลากร"})
    if unclear:
        raise Invalid({"co_authors": f"มีบุคลากรชื่อ {', '.join(unclear)} มากกว่าหนึ่งคน โปรดพิมพ์รหัสบุคลากรแทน"})
    return found


def _check_group(viewer: Viewer, text: ArticleText) -> None:
    if text.visibility == "group" and text.group_id not in viewer.group_ids:
        raise NotAllowed("เผยแพร่ได้เฉพาะในกลุ่มที่ท่านเป็นสมาชิก")


def _add_revision(
    db: Session, article: Article, text: ArticleText, rendered: Rendered, editor_id: int, credits: set[int], now: datetime
) -> Revision:  # fmt: skip
    article.latest_number += 1
    article.version += 1
    revision = Revision(
        article_id=article.id, number=article.latest_number, title=text.title, body=text.body, html=rendered.html,
        headings=[[h.level, h.anchor, h.text] for h in rendered.headings], editor_id=editor_id, at=now,
        on=bangkok_day(now), summary=text.summary, minor=text.minor, approved=False, first=False,
        version=article.version, details=text.details() | {"co_authors": sorted(credits)},
    )  # fmt: skip
    db.add(revision)
    return revision


def place_of(article_id: int | None, training_id: int | None) -> str:
    """Where an unsaved text belongs: an article, a course, or a new one."""
    if article_id is not None:
        return f"article:{article_id}"
    return f"new:{training_id}" if training_id is not None else "new"


def autosave(db: Session, staff_id: int, place: str, fields: dict[str, str], now: datetime) -> None:
    """Keep what a person typed, unsaved, for that person only."""
    with transaction(db):
        insert_or_skip(db, Autosave, {"staff_id": staff_id, "place": place, "fields": fields, "at": now})
        mine = (Autosave.staff_id == staff_id, Autosave.place == place)
        db.execute(update(Autosave).where(*mine).values(fields=fields, at=now))


def forget_autosave(db: Session, staff_id: int, place: str) -> None:
    """What was saved, or thrown away, needs no copy; inside a transaction."""
    db.execute(delete(Autosave).where(Autosave.staff_id == staff_id, Autosave.place == place))


def move_drafts(db: Session, place: str, to: str) -> None:
    """Unsaved texts of one place go to another, but for people who have one there; inside a transaction."""
    there = select(Autosave.staff_id).where(Autosave.place == to)
    db.execute(update(Autosave).where(Autosave.place == place, Autosave.staff_id.not_in(there)).values(place=to))


def discard_autosave(db: Session, staff_id: int, place: str) -> None:
    """Throw an unsaved text away."""
    with transaction(db):
        forget_autosave(db, staff_id, place)


def note_presence(db: Session, article_id: int, staff_id: int, now: datetime) -> None:
    """A person has the article open in the editor now."""
    with transaction(db):
        insert_or_skip(db, Editing, {"article_id": article_id, "staff_id": staff_id, "seen_at": now})
        mine = (Editing.article_id == article_id, Editing.staff_id == staff_id)
        db.execute(update(Editing).where(*mine).values(seen_at=now))
        db.execute(delete(Editing).where(Editing.seen_at < now - timedelta(days=1)))


def restore_revision(db: Session, desk: Desk, viewer: Viewer, code: str, number: int, now: datetime) -> Saved:
    """Save an old text again as the newest one; it takes the same way to readers as any edit."""
    article = queries.article_to_edit(db, viewer, code)
    old = queries.revision(db, article, number)
    # Category, readers and so on stay what they are: an old text brings nothing but its words.
    latest = queries.revision(db, article, queries.shown_number(article))
    text = writing_queries.text_of(db, article, latest)
    text = replace(
        text, title=old.title, body=old.body, version=article.version, shorter=True, summary=f"กู้คืนฉบับที่ {number}",
        co_authors=None,
    )  # fmt: skip
    return save_article(db, desk, viewer, code, text, now, publish=article.state != State.DRAFT.value)


def approve_article(db: Session, viewer: Viewer, code: str, version: int, now: datetime) -> Article:
    """ตรวจรับรอง the text as it stands. Raises NotAllowed for the author, Conflict for another version than seen."""
    article = queries.article_to_read(db, viewer, code)
    involved = review_queries.hands_in(db, article, article.published_number or 0)
    if not rules.can_approve(viewer, article) or viewer.staff_id in involved:
        raise NotAllowed("ผู้ตรวจรับรองต้องเป็นเลขานุการ หัวหน้าส่วนราชการ กรรมการ หรือทีมกลั่นกรอง และไม่ใช่ผู้เขียนเอง")
    with transaction(db):
        db.refresh(article, with_for_update=True)
        if article.version != version:
            raise Conflict("บทความเปลี่ยนไปหลังจากท่านเปิดอ่าน โปรดอ่านฉบับล่าสุดก่อนตรวจรับรอง")
        if article.review_approved_number == article.published_number:
            raise Conflict("ฉบับนี้มีผู้ตรวจรับรองแล้ว")
        shown = queries.revision(db, article, queries.shown_number(article))
        today = bangkok_day(now)
        db.add(
            Review(
                article_id=article.id, number=shown.number, policy="none", state="approved", reviewer_id=viewer.staff_id,
                reviewed_on=today, approved_on=today,
            )
        )  # fmt: skip
        reviewing.note_approval(article, shown.number, viewer.staff_id, today)
        reviewing.tell_author(
            db, article, f"บทความของท่าน “{article.title}” ได้รับการตรวจรับรองแล้ว", f"{shown.number}", now
        )
    return article


def retire_article(db: Session, viewer: Viewer, code: str, reason: str, today: date, successor: str = "") -> None:
    """Take an article out of use with a reason, and name the one to read instead; it stays readable and marked."""
    article = queries.article_to_edit(db, viewer, code)
    if not reason.strip():
        raise Invalid({"reason": "โปรดบอกเหตุผลที่เลิกใช้"})
    heir = writing_queries.successor_named(db, viewer, successor) if successor.strip() else None
    if heir is not None and heir.id == article.id:
        raise Invalid({"successor": "เรื่องที่ใช้แทนต้องเป็นคนละเรื่อง"})
    with transaction(db):
        db.refresh(article, with_for_update=True)
        if article.state != State.PUBLISHED.value:
            raise Invalid({"reason": "เลิกใช้ได้เฉพาะบทความที่เผยแพร่อยู่"})
        article.state, article.retired_on, article.retire_reason = State.RETIRED.value, today, one_line(reason)[:500]
        article.successor_id = heir.id if heir else None
        article.version += 1
        reviewing.withdraw(db, article)
        touch_articles(db, [article.id])


def delete_article(db: Session, viewer: Viewer, code: str, now: datetime) -> None:
    """Put a draft in the bin; nothing is destroyed. What was published is retired instead: its counts stay true."""
    article = queries.article_to_edit(db, viewer, code)
    with transaction(db):
        db.refresh(article, with_for_update=True)
        if article.state != State.DRAFT.value:
            raise Invalid({"reason": "บทความที่เผยแพร่แล้วลบไม่ได้ เพราะเป็นหลักฐานของแผน ใช้ “เลิกใช้” แทน"})
        article.deleted_at = now
        article.version += 1
        reviewing.withdraw(db, article)
        touch_articles(db, [article.id])


def undelete_article(db: Session, viewer: Viewer, code: str) -> Article:
    """Take a draft out of the bin again. Raises NotFound for drafts of others."""
    article = queries.article_in_bin(db, viewer, code)
    with transaction(db):
        db.refresh(article, with_for_update=True)
        article.deleted_at = None
        article.version += 1
        touch_articles(db, [article.id])
    return article
