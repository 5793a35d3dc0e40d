"""The second look: how well a document's own words and letters answer a query. Pure functions and one weights table.

The first look (BM25 over words and over clusters) is cheap and sees every document; this one sees the best few.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

GRAM, SHORT_GRAM, SHORT = 4, 3, 12  # Letters of a gram; of one of a query of at most 12 letters.
TIGHT, WIDE = 2, 300  # Widths: times the query's letters; letters (about a paragraph).
BREAK = "\x1f"
# Distances between words are measured in letters of the text with breaks: a word is about six long.
WORD = 6
EARLY = 60 * WORD
NEAR = 5 * WORD
LONG = 30  # Of a query longer than this only every second, third ... gram is looked for.
MOST_PLACES = 8
PART_BITS = 10  # A place and the number of what stands there are kept in one integer.
PART_MASK = (1 << PART_BITS) - 1

# The first look: share of BM25 that a term keeps, against 1 for a word that was asked for.
STOP_WEIGHT = 0.3  # a stop word of the query
SYNONYM_WEIGHT = 0.5  # a word of another way to say it
INSIDE_WEIGHT = 0.2  # a word that stands inside another; 0, .2, .25 and .5 were tried on the development sets
CLUSTER_SHARE = 0.6  # all pairs of clusters together; .6 and 1 were tried
# The second look, beside the table: set by hand for what the development sets do not hold (offices search by title, and
# cards of people are short); iapp-ans-valid keeps .997 with them.
SHORT_TITLE = 1.5  # more for words in the title when one or two are asked for
PERSON_LATER = 2.0  # less for a person whose name was not asked for
# Feature of the second look -> weight; each feature is between 0 and 1. Found by climbing on the four development sets
# (`python -m tests.bench.search_tune FOLDER`); among nearly equal ones those were taken that keep every set's level.
WEIGHTS: dict[str, float] = {
    "words": 2.6,  # BM25 over words, against the best of this query
    "clusters": 2.3,  # BM25 over pairs of clusters without tones, against the best of this query
    "whole": 2.4,  # the query stands there letter by letter, tones aside
    "letters": 2.3,  # share of the query's letters within a stretch twice its length
    "paragraph": 2.7,  # the same within a paragraph
    "near": 1.6,  # share of neighbouring words that stand near one another
    "together": 1.0,  # share of the query's words within a short stretch
    "early": 0.9,  # how early that stretch stands
    "title_in_query": 2.5,  # the title as a whole is part of the query
    "title": 0.5,  # share of the query's words in the title
}


@dataclass(frozen=True)
class Look:
    """What the second look reads of a document: its words in order, its letters without tones, the same of its title.

    `words` and `title` hold each word between two breaks, so that a word is found as a whole and not inside another.
    """

    words: str
    letters: str
    title: str
    title_letters: str

    @property
    def tokens(self) -> list[str]:
        """The words in order."""
        return self.words.strip(BREAK).split(BREAK)

    @property
    def size(self) -> int:
        """Letters held."""
        return len(self.words) + len(self.letters)

    @property
    def together(self) -> str:
        """All words without anything between."""
        return self.words.replace(BREAK, "")


@dataclass(frozen=True)
class Wanted:
    """A query ready for the second look. Weights of grams and words say how much each tells (rare ones more)."""

    words: tuple[str, ...]
    word_weights: tuple[float, ...]
    pairs: tuple[tuple[str, str, float], ...]
    letters: str
    word_ends: frozenset[int]
    places_of: tuple[str, ...]
    grams: tuple[str, ...]
    gram_weights: tuple[float, ...]


def wanted(words: Sequence[str], content: Sequence[str], weights: dict[str, float], bare: Sequence[str]) -> Wanted:
    """Query of all words in order, its content words, the weight of each word, and each word without tones."""
    letters = "".join(bare)
    each: list[float] = []
    ends, place = {0}, 0
    for word, plain in zip(words, bare, strict=True):
        each += [weights[word] / math.sqrt(len(plain) or 1)] * len(plain)
        place += len(plain)
        ends.add(place)
    grams: dict[str, float] = {}
    size = GRAM if len(letters) > SHORT else SHORT_GRAM
    for start in range(0, max(1, len(letters) - size + 1), 1 + len(letters) // LONG):
        gram = letters[start : start + size]
        if gram and gram not in grams:
            grams[gram] = sum(each[start : start + size]) / size
    neighbours = {
        (a, b): min(8.0, weights[a] + weights[b]) for a, b in pairwise(words) if a != b
    }  # fmt: skip
    return Wanted(
        words=tuple(content),
        word_weights=tuple(weights[word] for word in content),
        pairs=tuple((a, b, weight) for (a, b), weight in neighbours.items()),
        letters=letters,
        word_ends=frozenset(ends),
        places_of=tuple(dict.fromkeys([*content, *(word for pair in neighbours for word in pair)])),
        grams=tuple(grams),
        gram_weights=tuple(grams.values()),
    )


def features(query: Wanted, look: Look) -> dict[str, float]:
    """Features of a document, but for the two of the first look; and `coverage`, the share of letters found at all."""
    whole = bool(query.letters) and query.letters in look.letters
    inside = whole and len(query.letters) <= WIDE
    tight, paragraph, coverage = (1.0, 1.0, 1.0) if inside else _stretches(query, look.letters)
    together, early, near = _words(query, look.words)
    heaviest = sum(query.word_weights) or 1.0
    return {
        "whole": float(whole),
        "letters": tight,
        "paragraph": paragraph,
        "near": near,
        "together": together,
        "early": early,
        "title_in_query": float(_holds(query, look.title_letters)),
        "title": sum(
            w for word, w in zip(query.words, query.word_weights, strict=True) if BREAK + word + BREAK in look.title
        )
        / heaviest,
        "coverage": coverage,
    }


def score(found: dict[str, float], weights: dict[str, float] = WEIGHTS) -> float:
    """Weighted sum."""
    return sum(weight * found[name] for name, weight in weights.items())


def _holds(query: Wanted, title: str) -> bool:
    """Whether a title (at least two letters) stands in the query, from word to word."""
    start = query.letters.find(title) if len(title) > 1 else -1
    while start >= 0:
        if start in query.word_ends and start + len(title) in query.word_ends:
            return True
        start = query.letters.find(title, start + 1)
    return False


def _stretches(query: Wanted, letters: str) -> tuple[float, float, float]:
    """Best share of gram weight within a tight stretch, within a paragraph, and anywhere."""
    events: list[int] = []
    anywhere = 0.0
    for number, gram in enumerate(query.grams):
        if _add_places(events, letters, gram, number):
            anywhere += query.gram_weights[number]
    events.sort()
    whole = sum(query.gram_weights) or 1.0
    paragraph = _best(events, query.gram_weights, WIDE, anywhere)[0]
    width = TIGHT * len(query.letters)
    tight = _best(events, query.gram_weights, width, paragraph if width <= WIDE else anywhere)[0]
    return tight / whole, paragraph / whole, anywhere / whole


def _add_places(events: list[int], text: str, wanted_part: str, number: int) -> bool:
    """Add where a part stands, each place with the number of the part; whether it stands anywhere."""
    find = text.find
    place = first = find(wanted_part)
    left = MOST_PLACES
    while place >= 0 and left:
        events.append(place << PART_BITS | number)
        place = find(wanted_part, place + 1)
        left -= 1
    return first >= 0


def _words(query: Wanted, text: str) -> tuple[float, float, float]:
    """Best share of word weight within a short stretch, how early that is, and the share of near neighbours."""
    places: dict[str, list[int]] = {}
    for word in query.places_of:
        found: list[int] = []
        if _add_places(found, text, BREAK + word + BREAK, 0):
            places[word] = [place >> PART_BITS for place in found]
    events, most = [], 0.0
    for number, word in enumerate(query.words):
        if word in places:
            most += query.word_weights[number]
            events += [place << PART_BITS | number for place in places[word]]
    events.sort()
    best, start = _best(events, query.word_weights, 2 * (len(query.pairs) + 2) * WORD, most)
    together = best / (sum(query.word_weights) or 1.0)
    return together, 1 / (1 + start / EARLY), _near(query, places)


def _near(query: Wanted, places: dict[str, list[int]]) -> float:
    whole = found = 0.0
    for a, b, weight in query.pairs:
        whole += weight
        if a in places and b in places and _closest(places[a], places[b]) <= NEAR:
            found += weight
    return found / (whole or 1.0)


def _closest(left: list[int], right: list[int]) -> int:
    """Smallest distance between two rising lists."""
    best, i, j = 1 << 30, 0, 0
    while i < len(left) and j < len(right):
        best = min(best, abs(left[i] - right[j]))
        if left[i] < right[j]:
            i += 1
        else:
            j += 1
    return best


def _best(events: list[int], weights: Sequence[float], width: int, most: float) -> tuple[float, int]:
    """Greatest weight of different parts within a width, and where that stretch begins; it can be `most` at best.

    `events` are places of parts in order, each with its part's number in the lowest bits.
    """
    counts = [0] * len(weights)
    best = current = 0.0
    start = first = 0
    limit = most - 1e-9
    for event in events:
        number = event & PART_MASK
        counts[number] += 1
        if counts[number] == 1:
            current += weights[number]
        while (event >> PART_BITS) - (events[first] >> PART_BITS) > width:
            left = events[first] & PART_MASK
            counts[left] -= 1
            if not counts[left]:
                current -= weights[left]
            first += 1
        if current > best + 1e-9:
            best, start = current, events[first] >> PART_BITS
            if best >= limit:
                break
    return best, start
