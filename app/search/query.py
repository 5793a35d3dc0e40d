"""From what a person typed to ranked results with marked snippets."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy.orm import Session
from whoosh import query

from app.core.outbox import waiting_keys
from app.core.thai import fold, fold_stored, one_line
from app.people.models import Viewer
from app.search.documents import OUTBOX_KIND, Answer, Hit, Source
from app.search.engine import Candidate, Engine, IndexMissing
from app.search.words import STOP_WORDS, Words

MAX_QUERY = 300
MAX_WORDS = 24
ALL_WORDS_UP_TO = 3
SNIPPET_LENGTH = 180
PENDING_CHECKED = 5_000
# Characters of a long text that the second look and the snippet read: there are a hundred looks and ten snippets.
LOOKED_AT = 20_000
PASSAGES_FROM = 60_000


def audience_of(viewer: Viewer) -> tuple[str, ...]:
    """Terms of the documents a person may find."""
    if viewer.staff_id is None:
        return ("public",)
    return ("public", "staff", f"u{viewer.staff_id}", *(f"g{number}" for number in sorted(viewer.group_ids)))


class Search:
    """Answers queries; `sources` are the slices that hand in documents."""

    def __init__(self, engine: Engine, sources: Mapping[str, Source]) -> None:
        self.engine, self.sources = engine, sources

    @property
    def words(self) -> Words:
        """Segmentation in use."""
        return self.engine.words

    def find(
        self, db: Session, text: str, viewer: Viewer, *, kind: str = "", offset: int = 0, limit: int = 10
    ) -> Answer:
        """Ranked results of what this person may read. Never raises for any text."""
        return self._answer(db, text, kind, audience_of(viewer), offset, limit)

    def find_all(self, db: Session, text: str, *, limit: int, kind: str = "") -> Answer:
        """As an administrator sees it: all but drafts and what is kept to groups."""
        return self._answer(db, text, kind, ("public", "staff"), 0, limit)

    def _answer(
        self, db: Session, text: str, kind: str, audience: tuple[str, ...], offset: int, limit: int
    ) -> Answer:  # fmt: skip
        text = one_line(text)[:MAX_QUERY]
        asked = self._asked_words(text)
        if not asked:
            return Answer(text, 0)
        try:
            total, found = self._candidates(text, asked, kind, audience)
        except IndexMissing:
            return Answer(text, 0, ready=False)
        allowed = self._allowed_now(db, audience, found)
        total -= len(found) - len(allowed)
        ranked = self._second_look(text, asked, allowed)
        marks = self._marks(text, asked)
        hits = [_hit(candidate, marks) for candidate in ranked[offset : offset + limit]]
        return Answer(text, total, hits)

    def _asked_words(self, text: str) -> list[str]:
        words = list(dict.fromkeys(self.words.tokens(text)))[:MAX_WORDS]
        return [word for word in words if word not in STOP_WORDS] or words

    def _candidates(
        self, text: str, asked: list[str], kind: str, audience: tuple[str, ...]
    ) -> tuple[int, list[Candidate]]:
        each = [self._word(word) for word in asked]
        whole = [self._phrase(other) for other in self.words.same_meaning(fold(text))]
        must = [query.Term("kind", kind)] if kind else []

        def look(wanted: query.Query) -> tuple[int, list[Candidate]]:
            return self.engine.candidates(query.And([query.Or([wanted, *whole]), *must]), audience)

        if len(each) <= ALL_WORDS_UP_TO:
            total, found = look(query.And(each))
            if total or len(each) == 1:
                return total, found
        return look(query.Or(each))

    def _word(self, word: str) -> query.Query:
        ways: list[query.Query] = [query.Term("words", word), query.Term("title_words", word)]
        parts = self.words.contained(word)
        if parts:
            ways.append(query.And([query.Term("words", part) for part in parts], boost=0.5))
        ways += [self._phrase(other) for other in self.words.same_meaning(word)]
        return query.Or(ways)

    def _phrase(self, phrase: str) -> query.Query:
        words = self.words.tokens(phrase)
        if len(words) == 1:
            return query.Term("words", words[0], boost=0.8)
        return query.Phrase("words", words, boost=0.8)

    def _allowed_now(self, db: Session, audience: tuple[str, ...], found: list[Candidate]) -> list[Candidate]:
        """What the index says, corrected for changes it has not seen yet."""
        pending = waiting_keys(db, OUTBOX_KIND, PENDING_CHECKED) & {candidate.key for candidate in found}
        if not pending:
            return found
        terms = set(audience)
        readable: set[str] = set()
        for kind, source in self.sources.items():
            ids = [int(key.split(":")[1]) for key in pending if key.startswith(kind + ":")]
            if ids:
                now = source.audiences(db, ids)
                readable |= {f"{kind}:{number}" for number, now_for in now.items() if terms & set(now_for)}
        return [candidate for candidate in found if candidate.key not in pending or candidate.key in readable]

    def _second_look(self, text: str, asked: list[str], found: list[Candidate]) -> list[Candidate]:
        """Order the best again: the whole query verbatim first, then coverage of its words, then neighbours."""
        if not found:
            return []
        best = max(candidate.score for candidate in found) or 1.0
        whole = fold(text).replace(" ", "")
        ordered = [
            replace(candidate, score=candidate.score / best + _bonus(candidate, whole, asked)) for candidate in found
        ]
        return sorted(ordered, key=lambda candidate: (-candidate.score, candidate.key))

    def _marks(self, text: str, asked: list[str]) -> list[str]:
        marks = {fold(text), *asked, *self.words.same_meaning(fold(text))}
        for word in asked:
            marks |= {*self.words.contained(word), *self.words.same_meaning(word)}
        return sorted((mark for mark in marks if mark.strip()), key=len, reverse=True)


def _bonus(candidate: Candidate, whole: str, asked: list[str]) -> float:
    title, body = fold_stored(candidate.title), fold_stored(candidate.text[:LOOKED_AT])
    both = title + "\n" + body
    covered = sum(word in both for word in asked) / len(asked)
    in_title = sum(word in title for word in asked) / len(asked)
    together = "".join(both.split())
    pairs = [a + b for a, b in itertools.pairwise(asked)]
    neighbours = sum(pair in together for pair in pairs) / len(pairs) if pairs else 0.0
    verbatim = 1.0 if whole and whole in together else 0.0
    return 1.0 * verbatim + 0.8 * covered + 0.3 * in_title + 0.6 * neighbours


def _hit(candidate: Candidate, marks: list[str]) -> Hit:
    return Hit(
        kind=candidate.kind,
        id=int(candidate.key.split(":")[1]),
        code=candidate.code,
        url=candidate.url,
        title=marked(candidate.title, marks),
        snippet=marked(best_passage(candidate.text, marks), marks),
        score=round(candidate.score, 4),
    )


def best_passage(text: str, marks: Iterable[str]) -> str:
    """Stretch of a text, about 180 characters, that holds the most different marks; cut at blanks where it can."""
    text = " ".join(text[:PASSAGES_FROM].split())
    if len(text) <= SNIPPET_LENGTH:
        return text
    folded = fold_stored(text)
    places = sorted((m.start(), mark) for mark in marks for m in re.finditer(re.escape(mark), folded))[:2000]
    start, most, end = 0, 0, 0
    for number, (place, _) in enumerate(places):
        end = max(end, number)
        while end < len(places) and places[end][0] < place + SNIPPET_LENGTH - 30:
            end += 1
        # A long mark says more than a short one inside it.
        weight = sum(len(mark) for mark in {mark for _, mark in places[number:end]})
        if weight > most:
            start, most = max(0, place - 30), weight
    return _cut(text, start)


def _cut(text: str, start: int) -> str:
    end = min(len(text), start + SNIPPET_LENGTH)
    if start:
        blank = text.find(" ", start, start + 30)
        start = blank + 1 if blank >= 0 else start
    if end < len(text):
        blank = text.rfind(" ", end - 40, end)
        end = blank if blank > start else end
    return ("…" if start else "") + text[start:end].strip() + ("…" if end < len(text) else "")


def marked(text: str, marks: list[str]) -> list[tuple[str, bool]]:
    """Text in pieces, True for those that match. Joined they give the text again."""
    if not marks:
        return [(text, False)]
    pattern = re.compile("|".join(re.escape(mark) for mark in marks))
    pieces: list[tuple[str, bool]] = []
    last = 0
    for found in pattern.finditer(fold_stored(text)):
        if found.start() > last:
            pieces.append((text[last : found.start()], False))
        pieces.append((text[found.start() : found.end()], True))
        last = found.end()
    if last < len(text):
        pieces.append((text[last:], False))
    return pieces
