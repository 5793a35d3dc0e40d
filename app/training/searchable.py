"""What search may know of courses: staff may find each."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.fiscal_year import be_fiscal_year
from app.search.documents import Document
from app.training.models import Training


def all_ids(db: Session) -> list[int]:
    """All courses."""
    return list(db.scalars(select(Training.id).order_by(Training.id)))


def audiences(db: Session, ids: list[int]) -> dict[int, tuple[str, ...]]:
    """Who may find these courses now; one statement."""
    return dict.fromkeys(db.scalars(select(Training.id).where(Training.id.in_(ids))), ("staff",))


def documents(db: Session, ids: list[int]) -> list[Document]:
    """Documents of these courses; one statement."""
    return [
        Document(
            kind="course",
            id=one.id,
            code=one.code,
            url=f"/trainings/{one.code}",
            title=one.title,
            text="\n".join(filter(None, [one.organizer, one.place, one.order_no])),
            audience=("staff",),
            on=one.end_on,
            year=be_fiscal_year(one.end_on),
        )
        for one in db.scalars(select(Training).where(Training.id.in_(ids)).order_by(Training.id))
    ]
