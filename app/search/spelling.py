"""What a person may have meant: a wrong keyboard layout, a lost tone, a wrong, lost, added or swapped letter.

Only words that documents of the index hold are offered, and only when the corrected query finds something that this
person may read.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pythainlp.util import eng_to_thai, thai_to_eng

from app.search.asking import Asked
from app.search.fields import WORDS
from app.search.reader import Generation, Mask
from app.search.words import Words, without_marks

LONGEST = 24
RUN = 4
TRIED = 4
MOST_WORDS = 8
_THAI = "".join(chr(code) for code in range(0x0E01, 0x0E2F)) + "ะัาำิีึืุูเแโใไ"
_LATIN = "abcdefghijklmnopqrstuvwxyz0123456789"


def other_queries(generation: Generation, words: Words, asked: Asked, allowed: Mask) -> Iterator[str]:
    """Other ways the query may have been meant, likeliest first; a handful."""
    if asked.filters or asked.phrases or asked.without:
        return
    tried = 0
    for text in (*_other_layout(asked), *_corrected(generation, words, asked, allowed)):
        if text != asked.text:
            yield text
            tried += 1
            if tried >= TRIED:
                return


def _other_layout(asked: Asked) -> Iterator[str]:
    letters = [char for char in asked.text if char.isalpha() or "ก" <= char <= "๛"]
    if letters and all(char.isascii() for char in letters):
        yield eng_to_thai(asked.typed)
    elif letters and all(not char.isascii() for char in letters):
        yield thai_to_eng(asked.typed).lower()


def _corrected(generation: Generation, words: Words, asked: Asked, allowed: Mask) -> Iterator[str]:
    if len(words.tokens(asked.text)) > MOST_WORDS:
        return
    pieces = asked.text.split()
    changed = [_correct(generation, words, piece, allowed) or piece for piece in pieces]
    if changed != pieces:
        yield " ".join(changed)


def _correct(generation: Generation, words: Words, piece: str, allowed: Mask) -> str | None:
    """A piece without blanks with its likeliest wrong word put right; None when there is nothing better."""
    tokens = words.tokens(piece)
    doubtful = [token not in words.known or not _readable(generation, token, allowed) for token in tokens]
    doubtful = [bad or (len(tokens) > 1 and len(token) < 4) for bad, token in zip(doubtful, tokens, strict=True)]
    for size in range(min(len(tokens), RUN), 0, -1):
        found: list[tuple[int, str]] = []
        for start in range(len(tokens) - size + 1):
            run = "".join(tokens[start : start + size])
            if not 3 <= len(run) <= LONGEST or not any(doubtful[start : start + size]):
                continue
            for word in near_words(generation, words, run):
                readable = _readable(generation, word, allowed)
                if readable:
                    found.append((readable, "".join([*tokens[:start], word, *tokens[start + size :]])))
        if found:
            return max(found)[1]
    return None


def _readable(generation: Generation, word: str, allowed: Mask) -> int:
    return int(np.count_nonzero(allowed & generation.documents(WORDS, word)))


def near_words(generation: Generation, words: Words, wrong: str) -> list[str]:
    """Words of the index that differ in tones only, else in one letter or one swap; known words before others."""
    bare = without_marks(wrong)
    same = [word for word in generation.spelled([bare]) if word != wrong]
    found = same or [word for word in generation.spelled(dict.fromkeys(_one_change(bare))) if len(word) > 2]
    known = [word for word in found if word in words.known]
    return list(dict.fromkeys(known or found))


def _one_change(bare: str) -> Iterator[str]:
    alphabet = _LATIN if bare.isascii() else _THAI
    for place in range(len(bare) + 1):
        head, tail = bare[:place], bare[place:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        if tail and len(bare) > 3:
            yield head + tail[1:]
        for letter in alphabet:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]
