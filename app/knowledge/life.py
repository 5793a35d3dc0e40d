"""Changes around an article's text: read again, commented, asked to be read, filed in the tree of categories."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.core.clock import bangkok_day
from app.core.database import insert_new, lock_for_transaction, transaction
from app.core.errors import Invalid, NotAllowed, NotFound
from app.core.records import Status
from app.core.thai import normalise, one_line, thai_date
from app.knowledge import life_queries, queries, rules
from app.knowledge.commands import Desk, keeps_categories
from app.knowledge.models import (
    POLICIES,
    Application,
    Article,
    ArticleComment,
    Category,
    ReadRequest,
    Revision,
    State,
    StillValid,
    TemplateText,
)
from app.knowledge.publishing import audience_of, note_standing
from app.knowledge.searchable import touch_articles
from app.notifications.commands import Telling, mark_read_by_url, notify, notify_codes, notify_each
from app.people.models import Role, Viewer
from app.people.queries import people_on

VALID_DAYS = 365
REMIND_DAYS = 14
MAX_COMMENT = 5_000


def confirm_valid(db: Session, viewer: Viewer, code: str, until: date | None, now: datetime) -> date:
    """ยืนยันว่ายังใช้ได้: moves the review date, a year on unless told. Returns it; raises Invalid for a day not ahead."""
    article = queries.article_to_edit(db, viewer, code)
    today = bangkok_day(now)
    until = until or today + timedelta(days=VALID_DAYS)
    if article.state != State.PUBLISHED.value:
        raise Invalid({"until": "ยืนยันได้เฉพาะบทความที่เผยแพร่อยู่"})
    if not today < until <= today + timedelta(days=5 * 366):
        raise Invalid({"until": "วันทบทวนครั้งต่อไปต้องอยู่ข้างหน้า และไม่เกินห้าปี"})
    with transaction(db):
        db.refresh(article, with_for_update=True)
        article.review_due_on = until
        article.version += 1
        note_standing(db, article, today)
        latest = queries.revision(db, article, article.latest_number)
        if latest.details:
            latest.details = {**latest.details, "review_due_on": until.isoformat()}
        db.add(StillValid(article_id=article.id, by_id=viewer.staff_id, on=today, until=until, version=article.version))
        mark_read_by_url(db, viewer.staff_id or 0, f"/articles/{code}", now)
    return until


def remind_of_reviews(db: Session, today: date, now: datetime) -> None:
    """Tell authors whose articles come up for reading again within 14 days; once for each due day."""
    due = life_queries.review_due(db, today + timedelta(days=REMIND_DAYS))
    if not due:
        return
    told = []
    for article in due:
        late = article.review_due_on is not None and article.review_due_on < today
        state = "เลยกำหนดทบทวนแล้ว จึงไม่นับในแผน" if late else "ใกล้ถึงกำหนดทบทวน"
        text = f"บทความ “{article.title}” {state} โปรดอ่านอีกครั้งว่ายังใช้ได้"
        key = f"review_due:{article.id}:{article.review_due_on}:{late}"
        told.append(Telling(article.author_id, text, f"/articles/{article.code}", key))
    notify_each(db, "review_due", told, now)


def comment(db: Session, desk: Desk, viewer: Viewer, code: str, body: str, now: datetime) -> ArticleComment:
    """Say something under a published article; its author and the people named are told. Raises Invalid."""
    assert viewer.staff_id is not None
    article = queries.article_to_read(db, viewer, code)
    body = normalise(body).strip()
    if article.state == State.DRAFT.value:
        raise Invalid({"body": "ให้ความเห็นได้เมื่อบทความเผยแพร่แล้ว"})
    if not body:
        raise Invalid({"body": "ความเห็นยังว่างอยู่"})
    if len(body) > MAX_COMMENT:
        raise Invalid({"body": f"ความเห็นยาวเกิน {MAX_COMMENT:,} ตัวอักษร เรื่องยาวควรเขียนเป็นบทความ"})
    rendered = desk.renderer.render(body, people=desk.people)
    with transaction(db):
        made = ArticleComment(
            article_id=article.id, author_id=viewer.staff_id, body=body, html=rendered.html, at=now
        )  # fmt: skip
        db.add(made)
        db.flush()
        url, key, audience = f"/articles/{code}", f"comment:{made.id}", audience_of(article)
        notify(
            db, "comment", {article.author_id} - {viewer.staff_id},
            f"{viewer.name} ให้ความเห็นในบทความของท่าน “{article.title}”", url, key, now, audience=audience,
        )  # fmt: skip
        notify_codes(
            db, "mention", rendered.mentioned, f"{viewer.name} เอ่ยถึงท่านใต้บทความ “{article.title}”", url, key, now,
            but=viewer.staff_id, audience=audience,
        )  # fmt: skip
    return made


def comment_to_see(db: Session, viewer: Viewer, code: str, comment_id: int) -> tuple[Article, ArticleComment]:
    """A comment that stands under an article this person may read. Raises NotFound."""
    article = queries.article_to_read(db, viewer, code)
    found = db.scalar(
        select(ArticleComment).where(
            ArticleComment.id == comment_id,
            ArticleComment.article_id == article.id,
            ArticleComment.taken_back_at.is_(None),
        )
    )
    if found is None:
        raise NotFound("ไม่พบความเห็นนี้ อาจถูกถอนไปแล้ว")
    return article, found


def take_back_comment(db: Session, viewer: Viewer, code: str, comment_id: int, now: datetime) -> None:
    """Its writer, the secretary or an administrator takes a comment back; its place stays."""
    _, found = comment_to_see(db, viewer, code, comment_id)
    if found.author_id != viewer.staff_id and not viewer.has(Role.SECRETARY, Role.ADMIN):
        raise NotAllowed("ถอนได้เฉพาะความเห็นของตนเอง")
    with transaction(db):
        found.taken_back_at = now


def may_ask_to_read(viewer: Viewer) -> bool:
    """Heads ask their department; the secretary and executives ask anyone."""
    return viewer.has(Role.HEAD, Role.SECRETARY, Role.EXECUTIVE)


def people_to_ask(db: Session, viewer: Viewer, today: date) -> list[tuple[int, str]]:
    """Whom this person may ask: (id, name) by department and name."""
    everyone = viewer.has(Role.SECRETARY, Role.EXECUTIVE)
    lines = people_on(db, today, None if everyone else viewer.department_id or -1)
    return [(line.id, line.name) for line in lines if line.id != viewer.staff_id]


def ask_to_read(
    db: Session,
    viewer: Viewer,
    code: str,
    staff_ids: set[int],
    due_on: date | None,
    readers: set[int] | None,
    now: datetime,
) -> int:
    """โปรดอ่านและรับทราบ. `readers` limits to those who may read (a group's members). Returns how many were asked anew."""
    assert viewer.staff_id is not None
    article = queries.article_to_read(db, viewer, code)
    if not may_ask_to_read(viewer):
        raise NotAllowed("ขอให้อ่านและรับทราบได้เฉพาะหัวหน้าส่วนราชการ เลขานุการ และผู้บริหาร")
    if article.state != State.PUBLISHED.value:
        raise Invalid({"people": "ขอได้เฉพาะบทความที่เผยแพร่อยู่"})
    if due_on is not None and due_on < bangkok_day(now):
        raise Invalid({"due_on": "กำหนดวันต้องไม่เป็นวันที่ผ่านมาแล้ว"})
    allowed = {number for number, _ in people_to_ask(db, viewer, bangkok_day(now))}
    chosen = staff_ids & allowed & (readers if readers is not None else allowed)
    if not chosen:
        raise Invalid({"people": "โปรดเลือกผู้ที่ขอให้อ่าน (เฉพาะคนในส่วนราชการของท่าน และผู้ที่อ่านบทความนี้ได้)"})
    with transaction(db):
        asked = chosen - set(db.scalars(select(ReadRequest.staff_id).where(ReadRequest.article_id == article.id)))
        given = {"article_id": article.id, "asked_by_id": viewer.staff_id, "asked_at": now, "due_on": due_on}
        insert_new(db, ReadRequest, [given | {"staff_id": number} for number in sorted(asked)])
        by = f" ภายใน {thai_date(due_on)}" if due_on else ""
        notify(
            db, "read_asked", asked, f"{viewer.name} ขอให้ท่านอ่านและรับทราบ “{article.title}”{by}",
            f"/articles/{code}", f"read:{article.id}", now, audience=audience_of(article),
        )  # fmt: skip
    return len(asked)


def confirm_read(db: Session, viewer: Viewer, code: str, now: datetime) -> None:
    """A person confirms having read the text as it is now. Raises NotFound for those not asked."""
    article = queries.article_to_read(db, viewer, code)
    mine = (ReadRequest.article_id == article.id, ReadRequest.staff_id == viewer.staff_id)
    if article.published_number is None or db.scalar(select(ReadRequest.id).where(*mine)) is None:
        raise NotFound("ไม่มีผู้ขอให้ท่านอ่านและรับทราบบทความนี้")
    with transaction(db):
        db.execute(
            update(ReadRequest)
            .where(*mine, ReadRequest.confirmed_at.is_(None))
            .values(confirmed_at=now, confirmed_number=article.published_number)
        )
        mark_read_by_url(db, viewer.staff_id or 0, f"/articles/{code}", now)


@dataclass(frozen=True)
class Applied:
    """นำไปใช้แล้ว as typed: when, where, what changed, what came of it, and the sha256 of a file if any."""

    on: date
    note: str
    place: str = ""
    result: str = ""
    file_sha256: str | None = None


def record_application(db: Session, viewer: Viewer, code: str, new: Applied, now: datetime) -> Application:
    """นำไปใช้แล้ว: waits for another person to verify. Raises Invalid per field."""
    assert viewer.staff_id is not None
    article = queries.article_to_read(db, viewer, code)
    if article.state != State.PUBLISHED.value:
        raise Invalid({"note": "บันทึกการนำไปใช้ได้เฉพาะบทความที่เผยแพร่อยู่"})
    if not new.note.strip():
        raise Invalid({"note": "โปรดเล่าสั้น ๆ ว่านำไปใช้ที่ไหน และเกิดผลอย่างไร"})
    if new.on > bangkok_day(now):
        raise Invalid({"on": "วันที่นำไปใช้ต้องไม่เป็นวันในอนาคต"})
    same = select(Application.id).where(
        Application.article_id == article.id, Application.staff_id == viewer.staff_id, Application.on == new.on
    )
    with transaction(db):
        lock_for_transaction(db, f"application {article.id} {viewer.staff_id}")
        if db.scalar(same) is not None:
            raise Invalid({"on": "ท่านบันทึกการนำไปใช้ของวันนี้แล้ว"})
        application = Application(
            article_id=article.id, staff_id=viewer.staff_id, on=new.on, note=normalise(new.note)[:2000],
            place=one_line(new.place)[:300], result=normalise(new.result)[:2000], file_sha256=new.file_sha256,
            status=Status.SUBMITTED.value, recorded_at=now, recorded_by_id=viewer.staff_id,
        )  # fmt: skip
        db.add(application)
    return application


# --- categories ---


def _keeper(viewer: Viewer) -> None:
    if not keeps_categories(viewer):
        raise NotAllowed("จัดหมวดหมู่ได้เฉพาะเลขานุการ ทีมกลั่นกรอง และผู้ดูแลระบบ")


def save_category(
    db: Session, viewer: Viewer, number: int | None, name: str, parent_id: int | None, policy: str
) -> Category:
    """Add a category, or rename, move and set the policy of one. Raises Invalid per field."""
    _keeper(viewer)
    name = one_line(name)[:200]
    tree = life_queries.category_tree(db)
    by_id = {branch.id: branch for branch in tree}
    wrong: dict[str, str] = {}
    if not name:
        wrong["name"] = "โปรดตั้งชื่อหมวด"
    if any(branch.name == name and branch.id != number for branch in tree):
        wrong["name"] = "มีหมวดชื่อนี้แล้ว ถ้าต้องการรวมกัน ใช้ “รวมเข้ากับหมวดอื่น”"
    if policy not in POLICIES:
        wrong["policy"] = "โปรดเลือกวิธีตรวจ"
    if parent_id is not None and (parent_id not in by_id or _is_below(by_id, parent_id, number)):
        wrong["parent"] = "หมวดแม่ต้องมีอยู่ และไม่ใช่หมวดนี้เองหรือหมวดย่อยของหมวดนี้"
    if number is not None and number not in by_id:
        raise NotFound("ไม่พบหมวดนี้")
    if wrong:
        raise Invalid(wrong)
    with transaction(db):
        lock_for_transaction(db, "categories")
        taken = db.scalar(select(Category.id).where(Category.name == name))
        if taken is not None and taken != number:
            raise Invalid({"name": "มีหมวดชื่อนี้แล้ว"})
        category = db.get_one(Category, number) if number is not None else Category(name=name)
        renamed_from = category.name
        category.name, category.parent_id, category.policy = name, parent_id, policy
        db.add(category)
        db.flush()
        if number is not None and renamed_from != name:
            _rename_in_texts(db, renamed_from, name)
            _reindex_category(db, category.id)
    return category


def load_categories(db: Session, path: Path) -> None:
    """First categories of a new office, from a TOML file; an office that has any keeps its own."""
    if db.scalar(select(Category.id).limit(1)) is not None:
        return
    with transaction(db):
        for given in tomllib.loads(path.read_text("utf-8"))["category"]:
            db.add(Category(name=given["name"], policy=given.get("policy", "none")))


def _is_below(by_id: dict[int, life_queries.Branch], start: int, above: int | None) -> bool:
    current: int | None = start
    seen: set[int] = set()
    while current is not None and current in by_id and current not in seen:
        if current == above:
            return True
        seen.add(current)
        current = by_id[current].parent_id
    return False


def merge_categories(db: Session, viewer: Viewer, number: int, into: int) -> None:
    """Move everything of one category into another and remove it. Raises Invalid."""
    _keeper(viewer)
    by_id = {branch.id: branch for branch in life_queries.category_tree(db)}
    if number not in by_id or into not in by_id or _is_below(by_id, into, number):
        raise Invalid({"into": "โปรดเลือกหมวดปลายทางที่ไม่ใช่หมวดนี้เองหรือหมวดย่อยของหมวดนี้"})
    stricter = rules.strictest([by_id[number].policy, by_id[into].policy])
    with transaction(db):
        _reindex_category(db, number)
        db.execute(update(Article).where(Article.category_id == number).values(category_id=into))
        db.execute(update(Category).where(Category.parent_id == number).values(parent_id=into))
        # Texts filed under a checked category stay checked.
        db.execute(update(Category).where(Category.id == into).values(policy=stricter))
        _rename_in_texts(db, by_id[number].name, by_id[into].name)
        db.delete(db.get_one(Category, number))


def remove_category(db: Session, viewer: Viewer, number: int) -> None:
    """Remove an empty category. Raises Invalid while anything is filed in it or below it."""
    _keeper(viewer)
    by_id = {branch.id: branch for branch in life_queries.category_tree(db)}
    if number not in by_id:
        raise NotFound("ไม่พบหมวดนี้")
    filed = db.scalar(select(func.count()).select_from(Article).where(Article.category_id == number))
    if filed or by_id[number].children or _texts_filed_under(db, by_id[number].name):
        raise Invalid({"into": "ลบได้เฉพาะหมวดที่ว่าง ย้ายหรือรวมบทความไปหมวดอื่นก่อน"})
    with transaction(db):
        db.delete(db.get_one(Category, number))


def _texts_filed_under(db: Session, name: str) -> list[Revision]:
    """The newest texts that name a category, those not yet published too."""
    newest = (Revision.article_id == Article.id) & (Revision.number == Article.latest_number)
    query = select(Revision.id, Revision.details).join(Article, newest).where(Article.deleted_at.is_(None))
    ids = [number for number, details in db.execute(query) if details and details.get("category") == name]
    return list(db.scalars(select(Revision).where(Revision.id.in_(ids))))


def _rename_in_texts(db: Session, old: str, new: str) -> None:
    """Texts name their category: they follow its name."""
    for revision in _texts_filed_under(db, old):
        revision.details = {**(revision.details or {}), "category": new}


def _reindex_category(db: Session, number: int) -> None:
    touch_articles(db, list(db.scalars(select(Article.id).where(Article.category_id == number))))


# --- templates ---


def save_template(db: Session, viewer: Viewer, key: str, text: str, now: datetime) -> None:
    """Change or add a template; an empty text takes a shipped one away. Raises Invalid with what is wrong."""
    assert viewer.staff_id is not None
    if not viewer.has(Role.SECRETARY, Role.ADMIN):
        raise NotAllowed("แก้แบบได้เฉพาะเลขานุการและผู้ดูแลระบบ")
    key = key.strip().lower()
    if not key or len(key) > 40 or any(c not in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in key):
        raise Invalid({"key": "ชื่อแฟ้มใช้ตัวอักษรอังกฤษเล็ก ตัวเลข และขีด ไม่เกิน 40 ตัว เช่น field-visit"})
    text = normalise(text)
    if text.strip():
        rules.read_template(key, text)
    with transaction(db):
        db.merge(TemplateText(key=key, text=text.strip() and text, edited_by_id=viewer.staff_id, edited_at=now))


def reset_template(db: Session, viewer: Viewer, key: str) -> None:
    """Go back to the shipped template."""
    if not viewer.has(Role.SECRETARY, Role.ADMIN):
        raise NotAllowed("แก้แบบได้เฉพาะเลขานุการและผู้ดูแลระบบ")
    with transaction(db):
        changed = db.get(TemplateText, key)
        if changed is not None:
            db.delete(changed)
