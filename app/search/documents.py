"""What search knows of the world: documents handed in by other slices, each with who may find it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from app.core.outbox import promise

OUTBOX_KIND = "search"


@dataclass(frozen=True)
class Document:
    """One thing to find. `audience` holds terms: public, staff, g<group id>, u<staff id>."""

    kind: str
    id: int
    code: str
    url: str
    title: str
    text: str
    audience: tuple[str, ...]
    on: date

    @property
    def key(self) -> str:
        """Key in index and outbox. Example: article:12."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True)
class Source:
    """How search asks a slice: all ids, documents of some ids (missing ones are gone), audiences of now."""

    kind: str
    all_ids: Callable[[Session], list[int]]
    load: Callable[[Session, list[int]], list[Document]]
    audiences: Callable[[Session, list[int]], dict[int, tuple[str, ...]]]


@dataclass(frozen=True)
class Hit:
    """One result. `snippet` is a list of (text, is_match) pieces; `score` >= 0, comparable within one answer."""

    kind: str
    id: int
    code: str
    url: str
    title: list[tuple[str, bool]]
    snippet: list[tuple[str, bool]]
    score: float


@dataclass(frozen=True)
class Answer:
    """Results of a query. `total` counts only what this person may read; `ready` is False while rebuilding."""

    query: str
    total: int
    hits: list[Hit] = field(default_factory=list)
    ready: bool = True


def touch(db: Session, kind: str, ids: Iterable[int]) -> None:
    """Promise that documents will be indexed again; belongs in the transaction that changed them."""
    for number in ids:
        promise(db, OUTBOX_KIND, f"{kind}:{number}")
