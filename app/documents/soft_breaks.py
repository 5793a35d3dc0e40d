"""Line breaks that somebody's Word or PDF put inside Thai words: joined where the words say so. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

SOFT_BREAK = "\u2028"


def settle(markdown: str, words: Callable[[str], list[str]]) -> str:
    """Each soft break becomes nothing when it cut a word, else a new line.

    Where one break of a paragraph cut a word, the paragraph was wrapped by a machine: its other full lines are
    joined too. Example: "เทศ⏎บาลตำบล" -> "เทศบาลตำบล"; "บ้านเลขที่ ๑⏎ตำบลหนอง" stays on two lines.
    """
    if SOFT_BREAK not in markdown:
        return markdown
    return "\n".join(_paragraph(line, words) if SOFT_BREAK in line else line for line in markdown.split("\n"))


def _paragraph(text: str, words: Callable[[str], list[str]]) -> str:
    pieces = text.split(SOFT_BREAK)
    cut = [_cuts_a_word(left, right, words) for left, right in itertools.pairwise(pieces)]
    longest = max(len(piece) for piece in pieces)
    wrapped = any(cut)
    done = pieces[0]
    for number, piece in enumerate(pieces[1:]):
        full = wrapped and len(pieces[number]) >= longest * 0.7
        done += ("" if cut[number] or full else "\n") + piece
    return done


def _cuts_a_word(left: str, right: str, words: Callable[[str], list[str]]) -> bool:
    before = re.search(r"([ก-๙]{1,40})[*_]*$", left)
    after = re.match(r"[*_]*([ก-๙]{1,40})", right)
    if before is None or after is None:
        return False
    place, end = len(before[1]), 0
    for word in words(before[1] + after[1]):
        end += len(word)
        if end >= place:
            return end > place
    return False
