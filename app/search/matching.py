"""Which documents answer a query, and in which order: sets of those that hold every word, and ranked near misses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np

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
from app.search.reader import Generation, Mask, Points
from app.search.words import STOP_WORDS, Words, other_year, pairs

MAX_WORDS = 64
LOOKED_AT = 85
MAX_PAIRS = 48
FEW = 3  # Of a term that fewer documents hold, those that say it in other words are found too.
IS_A_TERM = 2  # A phrase that so many documents hold as it was typed is a term.
PARTIAL_COVERAGE = 0.05
MISSPELT_COVERAGE = 0.4
VERIFIED = 10_000
Phrase = tuple[str, ...]
Uses: TypeAlias = Callable[[list[str]], Mapping[str, int]]


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

    def __init__(
        self, generation: Generation, words: Words, asked: Asked, allowed: Mask, uses: Uses = lambda _: {}
    ) -> None:
        self.generation, self.words, self.asked, self.allowed, self.uses = generation, words, asked, allowed, uses
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
    def full(self) -> Mask:
        """Readable documents that hold everything asked for."""
        if not self.tokens:
            found = self.allowed.copy() if self._filtered else self._none
        else:
            found = self._all_of(self.documents_of(unit) for unit in self.units)
            found = (found | self._verbatim(found)) & self.allowed
        for phrase in self.asked.phrases:
            found = self._with_phrase(phrase, found)
        for word in self.asked.without:
            found = found & ~self._mentioning(word)
        return found

    def documents_of(self, unit: Unit) -> Mask:
        """Documents that say this; in other words too when few say it in these."""
        found = self._all_of(self._word(word) for word in unit.words)
        if unit.others and np.count_nonzero(found & self.allowed) < FEW:
            for other in unit.others:
                found = found | self._phrase(other)
        return found

    def other_ways(self) -> tuple[str, ...]:
        """What else the one thing asked for is called, where that finds more than was found."""
        if len(self.units) != 1 or self._filtered or self.asked.phrases or self.asked.without:
            return ()
        others = self.units[0].others
        return tuple("".join(one) for one in others if np.any(self._phrase(one) & self.allowed & ~self.full))

    @cached_property
    def _none(self) -> Mask:
        return np.zeros(self.generation.size, np.bool_)

    def _all_of(self, masks: Iterable[Mask]) -> Mask:
        found: Mask | None = None
        for one in masks:
            found = one if found is None else found & one
            if not found.any():
                break
        return self._none if found is None else found

    def _word(self, word: str) -> Mask:
        year = other_year(word)
        return self._said(word) | self._said(year) if year else self._said(word)

    def _said(self, word: str) -> Mask:
        """Documents that say a word, by itself or inside a compound."""
        return self.generation.documents(WORDS, word) | self.generation.documents(INSIDE, word)

    def _phrase(self, phrase: Phrase) -> Mask:
        """Documents where the words stand together, nearly always: all their pairs of clusters are there."""
        joined = pairs([cluster for word in phrase for cluster in self.words.clusters(word)])
        if len(phrase) == 1 or not joined:
            return self._all_of(self._said(word) for word in phrase)
        return self._with_pairs(joined)

    def _with_pairs(self, joined: list[str]) -> Mask:
        return self._all_of(self.generation.documents(CLUSTERS, pair) for pair in joined)

    def _verbatim(self, known: Mask) -> Mask:
        """Documents where the query stands letter by letter though its words were cut differently."""
        joined = pairs(self._clusters)
        if len(joined) < 2 or len("".join(self.bare)) < 5:
            return self._none
        return self._holding("".join(self.tokens), self._with_pairs(joined) & ~known)

    def _holding(self, letters: str, likely: Mask) -> Mask:
        found = self._none.copy()
        for number in np.flatnonzero(likely & self.allowed)[:VERIFIED].tolist():
            found[number] = letters in self.generation.look(number).together
        return found

    def _with_phrase(self, phrase: str, among: Mask) -> Mask:
        tokens = self.words.tokens(phrase)
        if not tokens:
            return among
        if len(tokens) == 1:
            return among & self._said(tokens[0])
        joined = pairs([cluster for token in tokens for cluster in self.words.clusters(token)])
        return self._holding("".join(tokens), among & self._with_pairs(joined) if joined else among)

    def _mentioning(self, text: str) -> Mask:
        """Documents to leave out: those that say it, by itself or inside anything."""
        tokens = self.words.tokens(text)
        joined = pairs([cluster for token in tokens for cluster in self.words.clusters(token)])
        inside = self._with_pairs(joined) if len(joined) > 1 else self._none
        return inside | (self._said(tokens[0]) if len(tokens) == 1 else self._phrase(tuple(tokens)))

    # --- order ---

    def matches(self, fits: Mask) -> tuple[list[Match], list[int], list[int]]:
        """Everything found that also fits the filters, best first, and the near misses that do not fit them.

        Returns the documents looked at closely, then those that were not, all with every word, then the misfits. Near
        misses join in when little was found.
        """
        if not self.tokens:
            return [], self._newest(np.flatnonzero(self.full & fits).tolist()), []
        first = self._first_look()
        ordered = _best(first, self.full & fits, self.generation.size)
        best, rest = ordered[:LOOKED_AT], ordered[LOOKED_AT:]
        looked = self._looked(best, self._near_misses(first, max(LOOKED_AT // 2, LOOKED_AT - len(best))))
        shown = [match for match in looked if fits[match.document]]
        return shown, rest, [match.document for match in looked if not fits[match.document]]

    def _newest(self, numbers: Iterable[int]) -> list[int]:
        return sorted(sorted(numbers), key=lambda number: self.generation.facts(number).on, reverse=True)

    @property
    def _wants_near_misses(self) -> bool:
        """Whether documents without every word join in: not when the very term was found."""
        if not self.full.any():
            return True
        if self.asked.phrases or len(self.content) == 1:
            return False
        return " " in self.asked.text or not self._is_a_term()

    def _is_a_term(self) -> bool:
        likely = self.full & self._with_pairs(pairs(self._clusters))
        letters, found = "".join(self.tokens), 0
        for number in np.flatnonzero(likely).tolist():
            found += letters in self.generation.look(number).together
            if found >= IS_A_TERM:
                return True
        return False

    def _near_misses(self, first: Points, limit: int) -> list[int]:
        if not self._wants_near_misses:
            return []
        possible = (first > 0) & self.allowed & ~self.full
        for word in self.asked.without:
            possible &= ~self._mentioning(word)
        return _best(first, possible, limit)

    def _first_look(self) -> Points:
        words = self.generation.scores(WORDS, self._word_terms())
        words += self.generation.scores(INSIDE, self._telling(INSIDE, self._parts()))
        clusters = self.generation.scores(CLUSTERS, self._cluster_terms())
        self._first = (words, clusters)
        return words + np.float32(CLUSTER_SHARE) * clusters

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
        most_words = max((float(words[number]) for number in looked), default=0.0) or 1.0
        most_clusters = max((float(clusters[number]) for number in looked), default=0.0) or 1.0
        full, any_full = set(best), bool(self.full.any())
        least = PARTIAL_COVERAGE if len(self.content) > 1 else MISSPELT_COVERAGE
        found: list[Match] = []
        for number in looked:
            seen = features(self.second_look, self.generation.look(number))
            if number not in full and (seen["coverage"] < least or (any_full and not seen["together"])):
                continue
            seen["words"], seen["clusters"] = float(words[number]) / most_words, float(clusters[number]) / most_clusters
            found.append(Match(number, score(seen) + self._by_name(number, seen), number in full, seen))
        return self._ordered(found)

    def _ordered(self, found: list[Match]) -> list[Match]:
        """Best first; of those that answer equally well the most read, then the newest."""
        order = {number: place for place, number in enumerate(self._newest(match.document for match in found))}
        times = Counter(round(match.score, 3) for match in found)
        equal = [self.generation.facts(one.document).key for one in found if times[round(one.score, 3)] > 1]
        uses = self.uses(equal) if equal else {}

        def key(match: Match) -> tuple[float, int, int]:
            return (
                -round(match.score, 3),
                -uses.get(self.generation.facts(match.document).key, 0),
                order[match.document],
            )

        return sorted(found, key=key)

    def _by_name(self, number: int, seen: dict[str, float]) -> float:
        """Of one or two words a title says more; people come before what is written only when their name is asked for."""
        more = SHORT_TITLE * seen["title"] if len(self.content) <= 2 else 0.0
        person = self.generation.facts(number).kind == "person" and not seen["title"]
        return more - (PERSON_LATER if person else 0.0)


def _best(points: Points, among: Mask, limit: int) -> list[int]:
    """Documents of a mask by falling points, at most so many; of equal ones the earlier comes first."""
    numbers = np.flatnonzero(among)
    if limit < len(numbers):
        own = points[numbers]
        numbers = numbers[own >= np.partition(own, -limit)[-limit]]
    return numbers[np.argsort(-points[numbers], kind="stable")][:limit].tolist()  # type: ignore[no-any-return]


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
