"""The passage of a text that answers a query best, cut at word boundaries, with every match marked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.core.thai import fold_stored
from app.search.words import Words, without_marks

LENGTH = 200
BEFORE = 40
LOOKED_BACK = 24
LONG = 4
Pieces = list[tuple[str, bool]]


@dataclass(frozen=True)
class Marks:
    """What to mark: `exact` are words and their variants.

    `stretches` maps folded strings to how much they tell of a passage; `pieces` are for a text that has none of them.
    """

    exact: frozenset[str]
    stretches: Mapping[str, float]
    letters: str
    pieces: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def short(self) -> frozenset[str]:
        """Words of which a part of another word must not be marked."""
        return frozenset(one for one in self.exact if len(one) < LONG)

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """The others, the longest first."""
        long = sorted(self.exact - self.short, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, long))) if long else None


def passage(text: str, marks: Marks, words: Words) -> tuple[Pieces, int]:
    """Best passage of about 200 characters in marked pieces, and the offset in the text where its first match stands."""
    folded = fold_stored(text)
    if any(word in folded for word in marks.stretches):
        start, place = _best_start(folded, marks.stretches)
    else:
        start, place = _best_start(folded, marks.pieces)
    start, end = _at_boundaries(text, start, words)
    shown = " ".join(text[start:end].split())
    pieces = marked(shown, marks, words)
    if start:
        pieces.insert(0, ("…", False))
    if end < len(text):
        pieces.append(("…", False))
    return pieces, place


def _best_start(folded: str, stretches: Mapping[str, float]) -> tuple[int, int]:
    places: list[tuple[int, str]] = []
    for stretch in stretches:
        found = folded.find(stretch)
        times = 0
        while found >= 0 and times < 100:
            places.append((found, stretch))
            found = folded.find(stretch, found + len(stretch))
            times += 1
    places.sort()
    best, start, end = 0.0, 0, 0
    counts: dict[str, int] = {}
    weight = 0.0
    for place, stretch in places:
        while end < len(places) and places[end][0] < place + LENGTH - BEFORE:
            name = places[end][1]
            counts[name] = counts.get(name, 0) + 1
            if counts[name] == 1:
                weight += stretches[name]
            end += 1
        if weight > best + 1e-9:
            best, start = weight, place
        counts[stretch] -= 1
        if not counts[stretch]:
            weight -= stretches[stretch]
    return max(0, start - BEFORE), start


def _at_boundaries(text: str, start: int, words: Words) -> tuple[int, int]:
    """Start and end moved to where a word begins and ends."""
    end = min(len(text), start + LENGTH)
    if start:
        start = _boundary(text, max(0, start - LOOKED_BACK), start, words)
    if end < len(text):
        end = _boundary(text, max(start, end - LOOKED_BACK), end, words)
    return start, end


def _boundary(text: str, low: int, wanted: int, words: Words) -> int:
    """Where a word begins, at `wanted` or a little before it."""
    blank = max(text.rfind(" ", low, wanted), text.rfind("\n", low, wanted))
    if blank >= 0:
        return blank + 1
    found = low
    for piece_start, _, _ in words.spans(fold_stored(text[low : wanted + LOOKED_BACK // 2])):
        if low + piece_start <= wanted:
            found = low + piece_start
    return found


def marked(text: str, marks: Marks, words: Words) -> Pieces:
    """Text in pieces, True for those that match. Joined they give the text again."""
    folded = fold_stored(text)
    spans = _exact_spans(folded, marks, words) or _like_spans(folded, marks.letters, words)
    pieces: Pieces = []
    last = 0
    for start, end in _merged(spans, folded):
        if start > last:
            pieces.append((text[last:start], False))
        pieces.append((text[start:end], True))
        last = end
    if last < len(text) or not pieces:
        pieces.append((text[last:], False))
    return pieces


def _exact_spans(folded: str, marks: Marks, words: Words) -> list[tuple[int, int]]:
    """Long words wherever they stand, also inside compounds; short ones only where a word begins and ends."""
    spans = [found.span() for found in marks.pattern.finditer(folded)] if marks.pattern else []
    for piece in re.finditer(r"\S+", folded):
        if any(short in piece[0] for short in marks.short):
            at = piece.start()
            spans += [(at + start, at + end) for start, end, word in words.spans(piece[0]) if word in marks.short]
    return spans


def _like_spans(folded: str, letters: str, words: Words) -> list[tuple[int, int]]:
    """Whole words of at least three letters that stand in the query, or share most of theirs with it, tones aside."""
    grams = {letters[start : start + 3] for start in range(len(letters) - 2)}
    spans: list[tuple[int, int]] = []
    for start, end, word in words.spans(folded):
        bare = without_marks(word)
        own = [bare[at : at + 3] for at in range(len(bare) - 2)]
        if own and 2 * sum(gram in grams for gram in own) > len(own):
            spans.append((start, end))
    return spans


def _merged(spans: list[tuple[int, int]], folded: str) -> list[tuple[int, int]]:
    """Spans in order, those that touch made one, each with the marks above its last letter."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        while end < len(folded) and folded[end] in "ะัาำิีึืฺุู็่้๊๋์ํ":
            end += 1
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
