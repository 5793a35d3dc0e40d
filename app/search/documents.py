"""What search knows of the world: documents handed in by other slices, each with who may find it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from app.core.outbox import promise

OUTBOX_KIND = "search"
KINDS = {
    "article": "บทความ", "thread": "กระทู้", "minutes": "บันทึกการประชุม", "course": "การอบรม", "person": "บุคลากร",
    "file": "ไฟล์แนบ",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A place inside a document's text that has an address of its own: a heading, a reply, a page.

    `start` is the offset in the text where it begins, in characters. `anchor` is an id on the page, or begins with `?`
    when the part stands on another page of it.
    """

    start: int
    anchor: str
    name: str


@dataclass(frozen=True)
class Document:
    """One thing to find. `audience` holds terms: public, staff, g<group id>, u<staff id>; `year` is the พ.ศ. fiscal year."""

    kind: str
    id: int
    code: str
    url: str
    title: str
    text: str
    audience: tuple[str, ...]
    on: date
    year: int = 0
    category: str = ""
    department: str = ""
    group: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    # What the thing belongs to, shown beside it: the article of a file.
    within: str = ""

    @property
    def key(self) -> str:
        """Key in index and outbox. Example: article:12."""
        return f"{self.kind}:{self.id}"


def joined(pieces: Iterable[tuple[str, str, str]], before: str = "") -> tuple[str, tuple[Part, ...]]:
    """One text of (anchor, name, text) pieces after a beginning, and where each piece starts."""
    text, parts = before, []
    for anchor, name, piece in pieces:
        if text:
            text += "\n"
        parts.append(Part(len(text), anchor, name))
        text += piece
    return text, tuple(parts)


@dataclass(frozen=True)
class Source:
    """How search asks a slice: all ids, documents of some ids (missing ones are gone), audiences of now."""

    kind: str
    all_ids: Callable[[Session], list[int]]
    load: Callable[[Session, list[int]], list[Document]]
    audiences: Callable[[Session, list[int]], dict[int, tuple[str, ...]]]


@dataclass(frozen=True)
class Hit:
    """One result. Title and snippet are lists of (text, is_match); `score` >= 0, comparable within one answer.

    `url` jumps to the part that matches best, named by `part`; `why` says in Thai what matched; `full` is True when
    everything that was asked for is there.
    """

    kind: str
    id: int
    code: str
    url: str
    title: list[tuple[str, bool]]
    snippet: list[tuple[str, bool]]
    score: float
    full: bool = True
    part: str = ""
    within: str = ""
    why: tuple[str, ...] = ()
    on: date | None = None
    category: str = ""
    department: str = ""
    group: str = ""
    authors: tuple[str, ...] = ()
    pinned: bool = False


@dataclass(frozen=True)
class Answer:
    """Results of a query over what this person may read; `total` counts them all, `full` those with every word, `best` is
    the greatest score.

    `ready` is False while the index is rebuilt. `meant` is another query that finds something; `instead` is True when
    the results shown are its results. `also` are other names of what was asked for that find more. `facets` maps a name (kind, category, year ...) to its values with exact counts.
    """

    query: str
    total: int
    hits: list[Hit] = field(default_factory=list)
    ready: bool = True
    full: int = 0
    best: float = 0.0
    meant: str = ""
    instead: bool = False
    also: tuple[str, ...] = ()
    facets: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


def touch(db: Session, kind: str, ids: Iterable[int]) -> None:
    """Promise that documents will be indexed again; belongs in the transaction that changed them."""
    for number in ids:
        promise(db, OUTBOX_KIND, f"{kind}:{number}")
