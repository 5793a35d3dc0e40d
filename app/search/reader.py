"""One generation of the index, opened for reading: postings as arrays, facts of all documents, texts of a few."""

from __future__ import annotations

import json
import math
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from whoosh.index import FileIndex
from whoosh.reading import SegmentReader

from app.core.guard import named
from app.core.thai import fold_stored
from app.search.documents import Part
from app.search.fields import LOOK_BREAK, WORDS, Facts, Numbers, posting_lists
from app.search.ranking import Look
from app.search.words import without_marks

K1, B = 1.2, 0.75
KEPT_POSTINGS = 3_000_000
POSTINGS_BESIDE = 60  # A list costs as much as so many postings beside them.
KEPT_LETTERS = 20_000_000
Mask: TypeAlias = NDArray[np.bool_]  # One element for each document of a generation.
Points: TypeAlias = NDArray[np.float32]
Postings: TypeAlias = tuple[Numbers, Points]
NOTHING: Postings = (np.empty(0, np.uint32), np.empty(0, np.float32))


class Damaged(RuntimeError):
    """A file of the index cannot be read: damaged, or taken away by a writer at this moment."""


class SegmentMemory:
    """What is remembered of a segment for as long as it lives: it never changes but for deletions."""

    def __init__(self, facts: list[Facts]) -> None:
        self.facts = facts
        self.lengths = np.array([one.length for one in facts], np.float32)
        self.postings: OrderedDict[tuple[str, str], Postings] = OrderedDict()
        self.titles = [fold_stored(one.title) for one in facts]
        self.held = 0
        self.spellings: dict[str, list[str]] | None = None


class Segment:
    """A segment within one generation."""

    def __init__(self, reader: Any, memory: SegmentMemory, gone: frozenset[int], first: int) -> None:
        self.reader, self.memory, self.gone, self.first = reader, memory, gone, first
        self.count = len(memory.facts)
        # Opened now: a writer may remove the files of a segment that a reader still uses.
        self._looks, self._texts = reader.column_reader("look"), reader.column_reader("text")
        self._files = threading.RLock()  # Whoosh moves one file position: two threads would read each other's bytes.
        self.norms: Points = np.empty(0, np.float32)

    def postings(self, field: str, term: str) -> Postings:
        """Documents of a term and how often it stands in each; deleted ones included."""
        kept = self.memory.postings.get((field, term))
        if kept is not None:
            return kept
        with self._files, named(Damaged):
            found = self._read(field, term)
        if not len(found[0]):
            return found
        memory = self.memory
        memory.postings[field, term] = found
        memory.held += len(found[0]) + POSTINGS_BESIDE
        while memory.held > KEPT_POSTINGS and memory.postings:
            try:
                _, dropped = memory.postings.popitem(last=False)
            except KeyError:
                break
            memory.held -= len(dropped[0]) + POSTINGS_BESIDE
        return found

    def _read(self, field: str, term: str) -> Postings:
        # Not reader.postings: with deletions that one hides the lists behind a filter.
        terms = self.reader._terms
        if (field, term.encode()) not in terms:
            return NOTHING
        documents, counts = posting_lists(terms, field, term.encode())
        return documents, counts.astype(np.float32)

    @property
    def spellings(self) -> dict[str, list[str]]:
        """Words by their letters without tones; made when first asked for, which takes a moment."""
        kept = self.memory.spellings
        if kept is None:
            kept = {}
            with self._files, named(Damaged):
                terms = list(self.reader.lexicon(WORDS))
            for term in terms:
                word = term.decode()
                kept.setdefault(without_marks(word), []).append(word)
            self.memory.spellings = kept
        return kept

    def look(self, document: int) -> Look:
        """Words and letters of a document."""
        with self._files, named(Damaged):
            return Look(*bytes(self._looks[document]).decode().split(LOOK_BREAK))

    def text(self, document: int) -> tuple[str, tuple[Part, ...]]:
        """Text of a document as it is shown, and its parts."""
        with self._files, named(Damaged):
            text, parts = json.loads(bytes(self._texts[document]))
        return text, tuple(Part(*part) for part in parts)


class Generation:
    """All segments of one state of the index. Documents are numbered through; numbers mean nothing in another one."""

    def __init__(self, index: FileIndex, memories: dict[str, SegmentMemory]) -> None:
        self.segments: list[Segment] = []
        readers: list[Any] = []
        self._finalizer = weakref.finalize(self, _close, readers)
        self.masks: OrderedDict[tuple[str, ...], Mask] = OrderedDict()
        self._looks: OrderedDict[int, Look] = OrderedDict()
        self._held = 0
        first = 0
        with named(Damaged):
            toc = index._read_toc()
        self.number = toc.generation
        self.users = 0
        alive: set[str] = set()
        for info in toc.segments:
            name = info.segment_id()
            alive.add(name)
            with named(Damaged):
                reader = SegmentReader(index.storage, toc.schema, info, generation=toc.generation)
                readers.append(reader)
                if name not in memories:
                    memories[name] = SegmentMemory([Facts.read(bytes(one)) for one in reader.column_reader("facts")])
                gone = frozenset(info.deleted_docs()) if info.has_deletions() else frozenset()
                self.segments.append(Segment(reader, memories[name], gone, first))
            first += len(memories[name].facts)
        for name in set(memories) - alive:
            del memories[name]
        self.size = first
        self.frequency = lru_cache(maxsize=20_000)(self._frequency)
        self.count = sum(one.count - len(one.gone) for one in self.segments)
        self.alive = np.ones(self.size, np.bool_)
        for one in self.segments:
            self.alive[[one.first + number for number in one.gone]] = False
        total = sum(float(one.memory.lengths.sum()) for one in self.segments)
        average = total / max(1, self.size) or 1.0
        for one in self.segments:
            one.norms = np.float32(K1) * (np.float32(1 - B) + np.float32(B / average) * one.memory.lengths)

    def close(self) -> None:
        """Let go of the files."""
        self._finalizer()
        self.frequency.cache_clear()  # It holds this generation: without this only the collector would free both.
        self.masks.clear()
        self._looks.clear()

    def _at(self, document: int) -> tuple[Segment, int]:
        for segment in self.segments:
            if document < segment.first + segment.count:
                return segment, document - segment.first
        raise IndexError(document)

    def facts(self, document: int) -> Facts:
        """Facts of a document."""
        segment, number = self._at(document)
        return segment.memory.facts[number]

    def look(self, document: int) -> Look:
        """Words and letters of a document; the latest ones are remembered."""
        kept = self._looks.get(document)
        if kept is None:
            segment, number = self._at(document)
            kept = self._looks[document] = segment.look(number)
            self._held += kept.size
            while self._held > KEPT_LETTERS and self._looks:
                try:
                    self._held -= self._looks.popitem(last=False)[1].size
                except KeyError:
                    break
        return kept

    def text(self, document: int) -> tuple[str, tuple[Part, ...]]:
        """Text of a document as it is shown, and its parts."""
        segment, number = self._at(document)
        return segment.text(number)

    def all_facts(self) -> Iterator[tuple[int, Facts]]:
        """Every living document."""
        for segment in self.segments:
            for number, facts in enumerate(segment.memory.facts):
                if number not in segment.gone:
                    yield segment.first + number, facts

    def folded_titles(self) -> Iterator[tuple[int, str]]:
        """Number and folded title of every document; deleted ones included, which no mask allows."""
        for segment in self.segments:
            yield from enumerate(segment.memory.titles, segment.first)

    def _frequency(self, field: str, term: str) -> int:
        """In how many documents a term stands; those deleted since the last merge are still counted."""
        return sum(len(segment.postings(field, term)[0]) for segment in self.segments)

    def weight(self, field: str, term: str) -> float:
        """Rarity of a term (BM25's idf); greatest for a term that no document has."""
        found = self.frequency(field, term)
        return math.log(1 + max(0.0, self.count - found + 0.5) / (found + 0.5))

    def documents(self, field: str, term: str) -> Mask:
        """Living documents of a term."""
        found = np.zeros(self.size, np.bool_)
        for segment in self.segments:
            found[segment.first : segment.first + segment.count][segment.postings(field, term)[0]] = True
        found &= self.alive
        return found

    def scores(self, field: str, terms: Iterable[tuple[str, float]]) -> Points:
        """BM25 of every document over weighted terms; zero for most."""
        scores = np.zeros(self.size, np.float32)
        asked = [(term, np.float32(weight * (K1 + 1))) for term, weight in terms]
        for segment in self.segments:
            part = scores[segment.first : segment.first + segment.count]
            for term, boost in asked:
                numbers, times = segment.postings(field, term)
                if len(numbers):
                    part[numbers] += boost * times / (times + segment.norms[numbers])
        scores *= self.alive
        return scores

    def spelled(self, bare: Iterable[str]) -> list[str]:
        """Words of the index whose letters without tones are one of these."""
        asked = set(bare)
        tables = [segment.spellings for segment in self.segments]
        return sorted({word for table in tables for one in table.keys() & asked for word in table[one]})


def _close(readers: list[Any]) -> None:
    for reader in readers:
        reader.close()


def mask_of(generation: Generation, fits: Callable[[Facts], bool]) -> Mask:
    """True for a living document that fits."""
    every = (fits(facts) for segment in generation.segments for facts in segment.memory.facts)
    return np.fromiter(every, np.bool_, generation.size) & generation.alive
