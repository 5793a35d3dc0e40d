"""One generation of the index, opened for reading: postings as plain lists, facts of all documents, texts of a few."""

from __future__ import annotations

import json
import math
import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, TypeAlias

from whoosh.index import FileIndex
from whoosh.reading import SegmentReader

from app.core.guard import named
from app.core.thai import fold_stored
from app.search.documents import Part
from app.search.fields import LOOK_BREAK, WORDS, Facts
from app.search.ranking import Look
from app.search.words import without_marks

K1, B = 1.2, 0.75
KEPT_POSTINGS = 3_000_000
KEPT_LETTERS = 20_000_000
Postings: TypeAlias = "tuple[array[int], array[float]]"
NOTHING: Postings = (array("I"), array("f"))


class Damaged(RuntimeError):
    """A file of the index cannot be read: damaged, or taken away by a writer at this moment."""


class SegmentMemory:
    """What is remembered of a segment for as long as it lives: it never changes but for deletions."""

    def __init__(self, facts: list[Facts]) -> None:
        self.facts = facts
        self.lengths = array("f", (one.length for one in facts))
        self.postings: OrderedDict[tuple[str, str], Postings] = OrderedDict()
        self.titles = [fold_stored(one.title) for one in facts]
        self.held = 0
        self.spellings: dict[str, list[str]] | None = None


class Segment:
    """A segment within one generation."""

    def __init__(self, reader: Any, memory: SegmentMemory, gone: frozenset[int], first: int) -> None:
        self.reader, self.memory, self.gone, self.first = reader, memory, gone, first
        self.count = len(memory.facts)
        self._files = threading.RLock()  # Whoosh moves one file position: two threads would read each other's bytes.
        self.norms: array[float] = array("f")

    def postings(self, field: str, term: str) -> Postings:
        """Documents of a term and how often it stands in each; deleted ones included."""
        kept = self.memory.postings.get((field, term))
        if kept is not None:
            return kept
        with self._files, named(Damaged):
            found = self._read(field, term)
        if not found[0]:
            return found
        memory = self.memory
        memory.postings[field, term] = found
        memory.held += len(found[0])
        while memory.held > KEPT_POSTINGS and memory.postings:
            try:
                _, dropped = memory.postings.popitem(last=False)
            except KeyError:
                break
            memory.held -= len(dropped[0])
        return found

    def _read(self, field: str, term: str) -> Postings:
        # Not reader.postings: with deletions that one hides the lists behind a filter.
        terms = self.reader._terms
        if (field, term.encode()) not in terms:
            return NOTHING
        matcher = terms.matcher(field, term.encode(), self.reader.schema[field].format)
        documents, counts = array("I"), array("f")
        while matcher.is_active():
            matcher._read_ids()
            matcher._read_weights()
            documents.extend(matcher._ids)
            counts.extend(matcher._weights)
            matcher._next_block()
        return documents, counts

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

    @cached_property
    def _looks(self) -> Any:
        return self.reader.column_reader("look")

    @cached_property
    def _texts(self) -> Any:
        return self.reader.column_reader("text")

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
        self.masks: OrderedDict[tuple[str, ...], bytearray] = OrderedDict()
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
                if name not in memories:
                    memories[name] = SegmentMemory([Facts.read(bytes(one)) for one in reader.column_reader("facts")])
            gone = frozenset(info.deleted_docs()) if info.has_deletions() else frozenset()
            self.segments.append(Segment(reader, memories[name], gone, first))
            first += len(memories[name].facts)
        for name in set(memories) - alive:
            del memories[name]
        self.count = sum(one.count - len(one.gone) for one in self.segments)
        total = sum(sum(one.memory.lengths) for one in self.segments)
        average = total / max(1, sum(one.count for one in self.segments)) or 1.0
        for one in self.segments:
            one.norms = array("f", (K1 * (1 - B + B * length / average) for length in one.memory.lengths))

    def close(self) -> None:
        """Let go of the files."""
        for one in self.segments:
            one.reader.close()

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

    def frequency(self, field: str, term: str) -> int:
        """In how many documents a term stands; those deleted since the last merge are still counted."""
        return sum(len(segment.postings(field, term)[0]) for segment in self.segments)

    def weight(self, field: str, term: str) -> float:
        """Rarity of a term (BM25's idf); greatest for a term that no document has."""
        found = self.frequency(field, term)
        return math.log(1 + max(0.0, self.count - found + 0.5) / (found + 0.5))

    def documents(self, field: str, term: str) -> set[int]:
        """Living documents of a term."""
        found: set[int] = set()
        for segment in self.segments:
            numbers = segment.postings(field, term)[0]
            if segment.gone:
                found.update(segment.first + number for number in numbers if number not in segment.gone)
            elif segment.first:
                found.update(segment.first + number for number in numbers)
            else:
                found.update(numbers)
        return found

    def scores(self, field: str, terms: Iterable[tuple[str, float]]) -> list[float]:
        """BM25 of every document over weighted terms; zero for most."""
        scores: list[float] = []
        asked = list(terms)
        for segment in self.segments:
            part = [0.0] * segment.count
            norms = segment.norms
            for term, weight in asked:
                boost = weight * (K1 + 1)
                for number, times in zip(*segment.postings(field, term), strict=True):
                    part[number] += boost * times / (times + norms[number])
            for number in segment.gone:
                part[number] = 0.0
            scores += part
        return scores

    def spelled(self, bare: Iterable[str]) -> list[str]:
        """Words of the index whose letters without tones are one of these."""
        tables = [segment.spellings for segment in self.segments]
        return [word for one in bare for table in tables if one in table for word in table[one]]


def mask_of(generation: Generation, fits: Callable[[Facts], bool]) -> bytearray:
    """One byte for each document: 1 for a living one that fits."""
    mask = bytearray()
    for segment in generation.segments:
        part = bytearray(map(fits, segment.memory.facts))
        for number in segment.gone:
            part[number] = 0
        mask += part
    return mask
