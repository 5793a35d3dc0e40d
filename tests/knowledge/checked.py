"""An office with a checked category and people who may check: what the tests of review and of its exits begin with."""

from __future__ import annotations

from sqlalchemy import select, update

from app.knowledge.models import Article, Category, Review
from app.office import Office
from tests.conftest import Browser
from tests.personas import MALEE, article, load, staff

CHECKED, OPEN = "กฎหมายและระเบียบ", "การจัดการความรู้"
HEAD, EVALUATOR = "H1", "E1"


def checked_office(office: Office, policy: str = "one") -> None:
    """Two categories, one of them checked; a head of somchai's department and an evaluator beside the four people."""
    load(
        office,
        staff(HEAD, "นายหัวหน้า กองคลัง", roles=["head"]),
        staff(EVALUATOR, "นางประเมิน ตรงไป", department="D2", roles=["evaluator"]),
        article("OLD", author=MALEE, on="2014-10-05", category=CHECKED, title="ระเบียบเก่า", body="ข้อความเก่า"),
        article("FREE", author=MALEE, on="2014-10-05", category=OPEN, title="เรื่องทั่วไป"),
    )
    with office.session() as db:
        db.execute(update(Category).where(Category.name == CHECKED).values(policy=policy))
        db.commit()
        # The four people's passwords are one; the two added here get the same.
        from app.people.models import Staff

        hashed = db.scalar(select(Staff.password_hash).where(Staff.code == MALEE))
        db.execute(
            update(Staff)
            .where(Staff.code.in_([HEAD, EVALUATOR]))
            .values(password_hash=hashed, must_change_password=False)
        )
        db.commit()


def form(**more: str) -> dict[str, str]:
    """What the editor sends."""
    return {
        "title": "ระเบียบใหม่", "body": "## หัวข้อ\n\nเนื้อหาของระเบียบใหม่", "visibility": "public", "group_id": "0",
        "category": CHECKED, "act": "publish", **more,
    }  # fmt: skip


def submit(browser: Browser, **more: str) -> str:
    """Write an article and send it; returns its code."""
    answer = browser.post("/articles/new", form(**more))
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"].split("/articles/")[1].split("/")[0]


def review_id(office: Office, code: str) -> str:
    """The newest round of an article."""
    with office.session() as db:
        query = select(Review.id).join(Article, Article.id == Review.article_id).where(Article.code == code)
        return str(db.scalars(query.order_by(Review.id.desc())).first())


def state(office: Office, code: str) -> tuple[str, int | None, int]:
    """(state, published number, latest number) of an article."""
    with office.session() as db:
        found = db.scalars(select(Article).where(Article.code == code)).one()
        return found.state, found.published_number, found.latest_number
