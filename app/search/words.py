"""Thai words: PyThaiNLP's newmm with the office's dictionary, the words inside compounds, and synonyms."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path

from pythainlp.corpus import thai_words
from pythainlp.tokenize import word_tokenize
from pythainlp.util import Trie

from app.core.thai import fold, is_word_character

MAX_RUN = 240
RULES = "1"
# Words too common to ask for; dropped from a query that has others.
STOP_WORDS = frozenset(
    "ที่ ของ และ ใน การ เป็น ให้ ได้ มี จะ กับ ความ โดย จาก ว่า หรือ ซึ่ง แล้ว ไม่ ไป มา ก็ นี้ นั้น เพื่อ ต้อง อยู่ ต่อ ๆ ฯ"
    " ด้วย คือ ถ้า เมื่อ แต่ ทั้ง อย่าง ยัง อะไร อย่างไร ไหน the of and a in to".split()
)


def read_lines(path: Path) -> list[str]:
    """Lines of a dictionary file without comments and blanks."""
    if not path.exists():
        return []
    stripped = (line.split("#", 1)[0].strip() for line in path.read_text("utf-8").splitlines())
    return [line for line in stripped if line]


class Words:
    """Segmentation with one dictionary. `version` changes with the dictionary, and the index is rebuilt with it."""

    def __init__(self, dictionary: Path) -> None:
        office = [fold(word) for word in read_lines(dictionary / "words.txt")]
        self.synonyms = _synonyms(read_lines(dictionary / "synonyms.txt"))
        self._office = frozenset(office)
        self.version = hashlib.sha256("\n".join([RULES, version("pythainlp"), *sorted(office)]).encode()).hexdigest()[
            :16
        ]
        self.contained = lru_cache(maxsize=50_000)(self._contained)
        self._cut = lru_cache(maxsize=4_096)(self._cut_piece)

    @cached_property
    def known(self) -> frozenset[str]:
        """All words: PyThaiNLP's and the office's. Costs most of a second once."""
        return frozenset(thai_words()) | self._office

    @cached_property
    def _trie(self) -> Trie:
        return Trie(self.known)

    def tokens(self, text: str) -> list[str]:
        """Words of a text in order, folded; marks and punctuation alone are not words."""
        found: list[str] = []
        for piece in fold(text).split():
            for start in range(0, len(piece), MAX_RUN):
                found.extend(self._cut(piece[start : start + MAX_RUN]))
        return found

    def pieces(self, text: str) -> list[str]:
        """A line cut into words without losing a character, for comparing texts."""
        return word_tokenize(text[:5000], custom_dict=self._trie, engine="newmm") + (
            [text[5000:]] if text[5000:] else []
        )

    def _cut_piece(self, piece: str) -> tuple[str, ...]:
        words = word_tokenize(piece, custom_dict=self._trie, engine="newmm", keep_whitespace=False)
        stripped = (word.strip(".,;:!?()[]{}<>\"'“”‘’/\\|*_-–—=+~`@#") for word in words)
        return tuple(word for word in stripped if any(is_word_character(c) and c not in "็่้๊๋์ํ" for c in word))

    def _contained(self, word: str) -> tuple[str, ...]:
        """Dictionary words that tile a compound, the compound itself left out; pieces of two letters are not listed.

        Example: ฝึกอบรม -> (ฝึก, อบรม); พัฒนา -> () because พัฒ is no word.
        """
        if len(word) < 5 or not re.fullmatch("[ก-๎]+", word):
            return ()
        fits = [False] * (len(word) + 1)
        fits[-1] = True
        pieces: list[list[int]] = [[] for _ in word]
        for start in range(len(word) - 2, -1, -1):
            for end in range(start + 2, len(word) + 1):
                if fits[end] and end - start < len(word) and word[start:end] in self.known:
                    fits[start] = True
                    pieces[start].append(end)
        found: dict[str, None] = {}
        reachable = {0} if fits[0] else set()
        for start in range(len(word)):
            if start in reachable:
                for end in pieces[start]:
                    reachable.add(end)
                    if end - start >= 3:
                        found[word[start:end]] = None
        return tuple(found)

    def same_meaning(self, phrase: str) -> tuple[str, ...]:
        """Other ways the office says a folded phrase."""
        return self.synonyms.get(phrase, ())


def _synonyms(lines: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        phrases = [fold(part).strip() for part in line.split("=") if part.strip()]
        for phrase in phrases:
            found[phrase] = tuple(other for other in phrases if other != phrase)
    return found
