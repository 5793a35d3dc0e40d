"""The office's words and synonyms: shipped in content/dictionary, edited on screen, one version in use at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.config import CONTENT
from app.core.database import transaction
from app.core.errors import Invalid
from app.core.thai import fold, normalise
from app.search.asking import take_apart
from app.search.engine import Engine, IndexMissing
from app.search.matching import Matching
from app.search.models import DictionaryText
from app.search.reader import Generation, mask_of
from app.search.words import Words, lines_of

NAMES = {"words": "คำของหน่วยงาน", "synonyms": "คำที่ใช้แทนกัน"}
MAX_TEXT = 200_000
MAX_WORD = 60
SHOWN_EFFECTS = 20


def shipped() -> tuple[str, str]:
    """Texts of the two files that come with the project: words, synonyms."""
    folder = CONTENT / "dictionary"
    return (folder / "words.txt").read_text("utf-8"), (folder / "synonyms.txt").read_text("utf-8")


def current(db: Session) -> dict[str, str]:
    """Texts in use by name: the edited ones, else the shipped ones."""
    texts = dict(zip(NAMES, shipped(), strict=True))
    return texts | {one.name: one.text for one in db.scalars(select(DictionaryText))}


class Dictionary:
    """Keeps the engine's words those of the database, in every process; two small statements each time.

    `more_words` are those that others keep beside the office's (groups their glossaries).
    """

    def __init__(self, engine: Engine, more_words: Callable[[Session], list[str]] = lambda _: []) -> None:
        self.engine, self.more_words = engine, more_words
        self._seen: tuple[list[tuple[str, datetime]], list[str]] = ([], [])

    def refresh(self, db: Session) -> None:
        """Take edited texts into use when they changed since the last look."""
        query = select(DictionaryText.name, DictionaryText.edited_at).order_by(DictionaryText.name)
        seen = ([(name, at) for name, at in db.execute(query)], self.more_words(db))
        if seen != self._seen:
            texts = current(db)
            words = "\n".join([texts["words"], *seen[1]])
            self.engine.use(self.engine.wanted.changed(words, texts["synonyms"]))
            self._seen = seen


def check(name: str, text: str) -> str:
    """A text as it will be kept. Raises Invalid naming the line that cannot be."""
    text = normalise(text)
    if len(text) > MAX_TEXT:
        raise Invalid({"text": f"ยาวเกินไป เก็บได้ไม่เกิน {MAX_TEXT:,} ตัวอักษร"})
    if not lines_of(text):
        raise Invalid({"text": "ช่องนี้ว่างเปล่า ถ้าบันทึกจะไม่เหลือคำใดเลย โปรดใส่อย่างน้อยหนึ่งบรรทัด"})
    known: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        content = line.split("#", 1)[0].strip()
        if not content:
            continue
        parts = [fold(part).strip() for part in content.split("=")]
        if name == "synonyms" and (len(parts) < 2 or not all(parts)):
            raise Invalid({"text": f"บรรทัดที่ {number} ต้องมีอย่างน้อยสองคำคั่นด้วย = เช่น KM = การจัดการความรู้"})
        if name == "words" and len(parts) > 1:
            raise Invalid({"text": f"บรรทัดที่ {number} มีเครื่องหมาย = ถ้าต้องการบอกคำที่ใช้แทนกัน ให้ใส่ในช่องคำที่ใช้แทนกัน"})
        if any(len(part) > MAX_WORD for part in parts):
            raise Invalid({"text": f"บรรทัดที่ {number} มีคำยาวเกิน {MAX_WORD} ตัวอักษร"})
        for part in parts:
            if name == "synonyms" and known.setdefault(part, number) != number:
                raise Invalid({"text": f"“{part}” อยู่ทั้งบรรทัดที่ {known[part]} และ {number} คำหนึ่งอยู่ได้ชุดเดียว"})
    return text


def save(db: Session, name: str, text: str, by_id: int, now: datetime) -> None:
    """Keep an edited text; searches follow at once for synonyms, for words when the index has been rebuilt."""
    text = check(name, text)
    with transaction(db):
        db.merge(DictionaryText(name=name, text=text, edited_by_id=by_id, edited_at=now))


def add_synonym(db: Session, left: str, right: str, by_id: int, now: datetime) -> None:
    """Add a pair to the synonyms, to the line that knows one of them if there is one. Raises Invalid."""
    text = current(db)["synonyms"]
    left, right = " ".join(left.split()), " ".join(right.split())
    if not left or not right or "=" in left + right or "#" in left + right:
        raise Invalid({"other": "โปรดใส่คำที่ใช้แทนกันหนึ่งคำ ไม่มีเครื่องหมาย = และ #"})
    if fold(left) == fold(right):
        raise Invalid({"other": "คำที่ใช้แทนกันต้องเป็นคนละคำ"})
    lines = text.splitlines()
    for number, line in enumerate(lines):
        parts = [fold(part).strip() for part in line.split("#", 1)[0].split("=")]
        if fold(right) in parts or fold(left) in parts:
            missing = right if fold(left) in parts else left
            lines[number] = f"{line.split('#', 1)[0].rstrip()} = {missing}"
            break
    else:
        lines.append(f"{left} = {right}")
    save(db, "synonyms", "\n".join(lines) + "\n", by_id, now)


@dataclass(frozen=True)
class Effect:
    """What an edited line changes: for a word how it was cut, for synonyms how many things each phrase finds."""

    line: str
    before: str
    after: str


def effects(engine: Engine, name: str, before: str, after: str) -> list[Effect]:
    """Effects of an edit, at most 20 lines, before anything is saved."""
    old, new = set(lines_of(before)), set(lines_of(after))
    changed = [line for line in lines_of(after) if line not in old] + [
        line for line in lines_of(before) if line not in new
    ]
    words = engine.words
    others = words.texts[0].removeprefix(before)  # Groups' glossaries follow the office's own words.
    edited = words.changed(after + others, "") if name == "words" else words.changed(None, after)
    found = []
    for line in changed[:SHOWN_EFFECTS]:
        if name == "words":
            found.append(Effect(line, " | ".join(words.tokens(line)), " | ".join(edited.tokens(line))))
            continue
        counts = [(part.strip(), _count(engine, words, part), _count(engine, edited, part)) for part in line.split("=")]
        said = (" · ".join(f"{part} {count:,}" for part, *both in counts for count in [both[at]]) for at in (0, 1))
        found.append(Effect(line, *said))
    return found


def _count(engine: Engine, words: Words, text: str) -> int:
    """Documents that staff would find."""

    def look(generation: Generation, _: Words) -> int:
        mask = mask_of(generation, lambda facts: not {"public", "staff"}.isdisjoint(facts.audience))
        return int(np.count_nonzero(Matching(generation, words, take_apart(text), mask).full))

    try:
        return engine.read(look)
    except IndexMissing:
        return 0
