"""Which documents answer a query, and in which order: sets of those that hold every word, and ranked near misses."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from app.core.thai import fold
from app.search.asking import Asked, kind_of, years_of
from app.search.fields import CLUSTERS, INSIDE, WORDS, Facts
from app.search.ranking import (
    CLUSTER_SHARE,
    INSIDE_WEIGHT,
    PERSON_LATER,
    SHORT_TITLE,
    STOP_WEIGHT,
    SYNONYM_WEIGHT,
    Wanted,
    features,
    score,
    wanted,
)
from app.search.reader import Generation
from app.search.words import STOP_WORDS, Words, other_year, pairs

MAX_WORDS = 64
LOOKED_AT = 100
MAX_PAIRS = 48
FEW = 10
IS_A_TERM = 2  # A phrase that so many documents hold as it was typed is a term.
PARTIAL_COVERAGE = 0.05
MISSPELT_COVERAGE = 0.4
VERIFIED = 10_000
Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Unit:
    """One thing asked for: a word, or several that the synonym file knows together, and other ways to say it."""

    words: Phrase
    others: tuple[Phrase, ...] = ()


@dataclass
class Match:
    """A document that answers, with its features when it was looked at closely."""

    document: int
    score: float
    full: bool
    features: dict[str, float] = field(default_factory=dict)


class Matching:
    """One query over one generation, for one audience."""

    def __init__(self, generation: Generation, words: Words, asked: Asked, allowed: bytearray) -> None:
        self.generation, self.words, self.asked, self.allowed = generation, words, asked, allowed
        self.tokens = words.tokens(asked.text)[:MAX_WORDS]
        distinct = list(dict.fromkeys(self.tokens))
        self.content = [word for word in distinct if word not in STOP_WORDS] or distinct
        self.units = _units(self.tokens, self.content, words)
        self.bare = ["".join(words.clusters(token)) for token in self.tokens]
        self._clusters = [cluster for token in self.tokens for cluster in words.clusters(token)]

    @cached_property
    def weights(self) -> dict[str, float]:
        """Rarity of each word of the query."""
        generation = self.generation
        return {
            word: generation.weight(WORDS, word) * (STOP_WEIGHT if word in STOP_WORDS else 1.0) for word in self.tokens
        }

    @cached_property
    def second_look(self) -> Wanted:
        """The query for the second look."""
        return wanted(self.tokens, self.content, self.weights, self.bare)

    # --- sets ---

    @property
    def _filtered(self) -> bool:
        return bool(self.asked.filters or self.asked.chosen)

    @cached_property
    def full(self) -> set[int]:
        """Readable documents that hold everything asked for."""
        if not self.tokens:
            found = {number for number, fits in enumerate(self.allowed) if fits} if self._filtered else set()
        else:
            found = self._with_all_units()
            found = {number for number in found | self._verbatim(found) if self.allowed[number]}
        for phrase in self.asked.phrases:
            found = self._with_phrase(phrase, found)
        for word in self.asked.without:
            found -= self._mentioning(word)
        return found

    def documents_of(self, unit: Unit) -> set[int]:
        """Documents that say this; in other words too when few say it in these."""
        found = self._all_of(self._word(word) for word in unit.words)
        if unit.others and sum(self.allowed[number] for number in found) < FEW:
            found = found.union(*(self._phrase(other) for other in unit.others))
        return found

    def _with_all_units(self) -> set[int]:
        return self._all_of(self.documents_of(unit) for unit in self.units)

    def _all_of(self, sets: Iterable[set[int]]) -> set[int]:
        found: set[int] | None = None
        for one in sets:
            found = one if found is None else found & one
            if not found:
                return set()
        return found or set()

    def _word(self, word: str) -> set[int]:
        found = self._said(word)
        year = other_year(word)
        if year:
            found |= self._said(year)
        return found

    def _said(self, word: str) -> set[int]:
        """Documents that say a word, by itself or inside a compound."""
        return self.generation.documents(WORDS, word) | self.generation.documents(INSIDE, word)

    def _phrase(self, phrase: Phrase) -> set[int]:
        """Documents where the words stand together, nearly always: all their pairs of clusters are there."""
        joined = pairs([cluster for word in phrase for cluster in self.words.clusters(word)])
        if len(phrase) == 1 or not joined:
            return self._all_of(self._said(word) for word in phrase)
        return self._all_of(self.generation.documents(CLUSTERS, pair) for pair in joined)

    def _verbatim(self, known: set[int]) -> set[int]:
        """Documents where the query stands letter by letter though its words were cut differently."""
        joined = pairs(self._clusters)
        if len(joined) < 2 or len("".join(self.bare)) < 5:
            return set()
        likely = self._all_of(self.generation.documents(CLUSTERS, pair) for pair in joined) - known
        return self._holding("".join(self.tokens), likely)

    def _holding(self, letters: str, likely: set[int]) -> set[int]:
        readable = [number for number in sorted(likely) if self.allowed[number]][:VERIFIED]
        return {number for number in readable if letters in self.generation.look(number).together}

    def _with_phrase(self, phrase: str, among: set[int]) -> set[int]:
        tokens = self.words.tokens(phrase)
        if not tokens:
            return among
        if len(tokens) == 1:
            return among & self._said(tokens[0])
        joined = pairs([cluster for token in tokens for cluster in self.words.clusters(token)])
        likely = among & self._all_of(self.generation.documents(CLUSTERS, pair) for pair in joined) if joined else among
        return self._holding("".join(tokens), likely)

    def _mentioning(self, text: str) -> set[int]:
        """Documents to leave out: those that say it, by itself or inside anything."""
        tokens = self.words.tokens(text)
        joined = pairs([cluster for token in tokens for cluster in self.words.clusters(token)])
        inside = (
            self._all_of(self.generation.documents(CLUSTERS, pair) for pair in joined) if len(joined) > 1 else set()
        )
        return inside | (self._said(tokens[0]) if len(tokens) == 1 else self._phrase(tuple(tokens)))

    # --- order ---

    def matches(self, fits: bytearray) -> tuple[list[Match], list[int]]:
        """Everything found that also fits the filters, best first, and the near misses that do not fit them.

        Near misses join in when little was found.
        """
        if not self.tokens:
            return [Match(number, 0.0, True) for number in self._newest(self.full) if fits[number]], []
        first = self._first_look()
        among = [number for number in self.full if fits[number]]
        best = heapq.nlargest(LOOKED_AT, among, key=first.__getitem__)
        near = self._near_misses(first, max(LOOKED_AT // 2, LOOKED_AT - len(best)))
        looked = self._looked(best, near)
        seen = set(best)
        rest = sorted((number for number in among if number not in seen), key=lambda n: (-first[n], n))
        shown = [match for match in looked if fits[match.document]]
        others = [match.document for match in looked if not fits[match.document]]
        return shown + [Match(number, 0.0, True) for number in rest], others

    def _newest(self, numbers: Iterable[int]) -> list[int]:
        return sorted(sorted(numbers), key=lambda number: self.generation.facts(number).on, reverse=True)

    @property
    def _wants_near_misses(self) -> bool:
        """Whether documents without every word join in: not when the very term was found."""
        if not self.full:
            return True
        if self.asked.phrases or len(self.content) == 1:
            return False
        return " " in self.asked.text or not self._is_a_term()

    def _is_a_term(self) -> bool:
        likely = self.full & self._all_of(self.generation.documents(CLUSTERS, pair) for pair in pairs(self._clusters))
        letters, found = "".join(self.tokens), 0
        for number in likely:
            found += letters in self.generation.look(number).together
            if found >= IS_A_TERM:
                return True
        return False

    def _near_misses(self, first: list[float], limit: int) -> list[int]:
        if not self._wants_near_misses:
            return []
        left_out: set[int] = set().union(*(self._mentioning(word) for word in self.asked.without))
        allowed, full = self.allowed, self.full
        possible = (
            number
            for number, points in enumerate(first)
            if points > 0 and allowed[number] and number not in full and number not in left_out
        )
        return heapq.nlargest(limit, possible, key=first.__getitem__)

    def _first_look(self) -> list[float]:
        words = self.generation.scores(WORDS, self._word_terms())
        inside = self.generation.scores(INSIDE, self._telling(INSIDE, self._parts()))
        words = [a + b for a, b in zip(words, inside, strict=True)]
        clusters = self.generation.scores(CLUSTERS, self._cluster_terms())
        self._first = (words, clusters)
        return [a + CLUSTER_SHARE * b for a, b in zip(words, clusters, strict=True)]

    def _word_terms(self) -> list[tuple[str, float]]:
        weight = self.generation.weight
        terms = {word: weight(WORDS, word) for word in self.content}
        for word in filter(None, map(other_year, self.content)):
            terms.setdefault(word, weight(WORDS, word))
        for word in (word for unit in self.units for other in unit.others for word in other):
            terms.setdefault(word, SYNONYM_WEIGHT * weight(WORDS, word))
        for word, telling in self._parts().items():
            terms.setdefault(word, telling)
        return self._telling(WORDS, terms)

    def _parts(self) -> dict[str, float]:
        """Words asked for and the words inside them, as they are weighed when they stand inside others."""
        both = [one for word in self.content for one in (word, *self.words.inside(word))]
        return {word: INSIDE_WEIGHT * self.generation.weight(INSIDE, word) for word in both}

    def _cluster_terms(self) -> list[tuple[str, float]]:
        terms = {pair: self.generation.weight(CLUSTERS, pair) for pair in pairs(self._clusters)}
        return self._telling(CLUSTERS, terms)[:MAX_PAIRS]

    def _telling(self, field: str, terms: dict[str, float]) -> list[tuple[str, float]]:
        """Terms that some document has, rarest first, without those of more than half of the documents."""
        half = max(20, self.generation.count // 2)
        frequencies = {term: self.generation.frequency(field, term) for term in terms}
        kept = {term: weight for term, weight in terms.items() if 0 < frequencies[term] <= half}
        kept = kept or {term: weight for term, weight in terms.items() if frequencies[term]}
        return sorted(kept.items(), key=lambda one: (frequencies[one[0]], one[0]))

    def _looked(self, best: list[int], near: list[int]) -> list[Match]:
        words, clusters = self._first
        looked = [*best, *near]
        most_words = max((words[number] for number in looked), default=0.0) or 1.0
        most_clusters = max((clusters[number] for number in looked), default=0.0) or 1.0
        full = set(best)
        least = PARTIAL_COVERAGE if len(self.content) > 1 else MISSPELT_COVERAGE
        found: list[Match] = []
        for number in looked:
            seen = features(self.second_look, self.generation.look(number))
            if number not in full and (seen["coverage"] < least or (self.full and not seen["together"])):
                continue
            seen["words"], seen["clusters"] = words[number] / most_words, clusters[number] / most_clusters
            found.append(Match(number, score(seen) + self._by_name(number, seen), number in full, seen))
        order = {number: place for place, number in enumerate(self._newest(match.document for match in found))}
        return sorted(found, key=lambda match: (-round(match.score, 3), order[match.document]))

    def _by_name(self, number: int, seen: dict[str, float]) -> float:
        """Of one or two words a title says more; people come before what is written only when their name is asked for."""
        more = SHORT_TITLE * seen["title"] if len(self.content) <= 2 else 0.0
        person = self.generation.facts(number).kind == "person" and not seen["title"]
        return more - (PERSON_LATER if person else 0.0)


def _units(tokens: list[str], content: list[str], words: Words) -> list[Unit]:
    """Content words in order; runs of words that the synonym file knows are one unit."""
    units: list[Unit] = []
    longest = max((len(phrase) for phrase in words.synonyms), default=1)
    place = 0
    seen: set[str] = set()
    while place < len(tokens):
        for size in range(min(longest, len(tokens) - place), 0, -1):
            phrase = tuple(tokens[place : place + size])
            if phrase in words.synonyms:
                units.append(Unit(phrase, words.synonyms[phrase]))
                break
        else:
            size = 1
            if tokens[place] in content and tokens[place] not in seen:
                units.append(Unit((tokens[place],)))
        seen.update(tokens[place : place + size])
        place += size
    return units


def fits_filters(asked: Asked, facts: Facts) -> list[str]:
    """Names of the filters that a document does not fit."""
    return [name for name in asked.filters if not _fits(name, asked.filters[name], facts)] + [
        name for name, value in asked.chosen.items() if value not in values_of(name, facts)
    ]


def values_of(name: str, facts: Facts) -> tuple[str, ...]:
    """Values of a filter that a document has. Example: ("year", ...) -> ("2558",)."""
    if name == "author":
        return facts.authors
    if name == "tag":
        return facts.tags
    if name == "year":
        return (str(facts.year),) if facts.year else ()
    value = str(getattr(facts, name))
    return (value,) if value else ()


def _fits(name: str, wanted_values: tuple[str, ...], facts: Facts) -> bool:
    if name == "kind":
        return any(kind_of(value) == facts.kind for value in wanted_values)
    if name == "year":
        return any(years_of(value) == facts.year for value in wanted_values)
    has = [fold(value) for value in values_of(name, facts)]
    return any(value in one for value in wanted_values for one in has)
