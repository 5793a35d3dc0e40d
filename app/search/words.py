"""Thai words: PyThaiNLP's newmm with the office's dictionary, the words inside compounds, clusters and synonyms."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator
from copy import copy
from functools import cached_property, lru_cache
from importlib.metadata import version

from pythainlp.corpus import thai_words
from pythainlp.tokenize import word_tokenize
from pythainlp.tokenize.tcc_p import segment
from pythainlp.util import Trie

from app.core.thai import fold, is_word_character

# newmm slows down on long runs without a space: they are cut in pieces, the last words of a piece are cut again.
MAX_RUN = 240
CUT_AGAIN = 40
RULES = "2"
# Words too common to ask for; dropped from a query that has others.
STOP_WORDS = frozenset(
    "ที่ ของ และ ใน การ เป็น ให้ ได้ มี จะ กับ ความ โดย จาก ว่า หรือ ซึ่ง แล้ว ไม่ ไป มา ก็ นี้ นั้น เพื่อ ต้อง อยู่ ต่อ"
    " ด้วย คือ ถ้า เมื่อ แต่ ทั้ง อย่าง ยัง อะไร อย่างไร ไหน ทำ ทำอย่างไร ยังไง วิธี ขอ"
    " ไหม ใคร ใด กี่ เท่าไร เท่าไหร่ เมื่อไร เมื่อไหร่ ทำไม บ้าง อยาก ช่วย หน่อย ครับ ค่ะ คะ the of and a in to".split()
)
# Words of two letters that make compounds; others of that length (เส, กา) only seem to stand inside words.
SHORT_PARTS = frozenset("ไฟ รถ ปี งบ ยา ใบ ใจ ศพ ฝน กฎ คน ผล นม ปู นก ลม".split())
PUNCTUATION = ".,;:!?()[]{}<>\"'“”‘’/\\|*_-–—=+~`@#ฯๆ"
_MARKS = "็่้๊๋์ํ๎ฺ"
_WITHOUT_MARKS = {ord(mark): None for mark in _MARKS}
_ABBREVIATION = re.compile(r"(?<![ก-๎])(?:[ก-ฮ]{1,2}\.){2,}")
_MONTH = (
    r"ม\.?ค|ก\.?พ|มี\.?ค|เม\.?ย|พ\.?ค|มิ\.?ย|ก\.?ค|ส\.?ค|ก\.?ย|ต\.?ค|พ\.?ย|ธ\.?ค|มกราคม|กุมภาพันธ์|มีนาคม|เมษายน|พฤษภาคม|มิถุนายน"
    r"|กรกฎาคม|สิงหาคม|กันยายน|ตุลาคม|พฤศจิกายน|ธันวาคม"
)
_SHORT_YEAR = re.compile(
    rf"(?:\b\d{{1,2}}[/.-]\d{{1,2}}[/.-]|(?:{_MONTH})\.?\s?|(?:ปีงบประมาณ|ปี|พศ|พ\.ศ\.)\s?)(\d{{2}})(?![\d,./])"
)


def lines_of(text: str) -> list[str]:
    """Lines of a dictionary file without comments and blanks."""
    stripped = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return [line for line in stripped if line]


class Words:
    """Segmentation with one dictionary. `version` changes with it, and then the index is built anew."""

    def __init__(self, words: str, synonyms: str) -> None:
        self.texts = (words, synonyms)
        office = [fold(word) for word in lines_of(words)]
        self._synonym_lines = lines_of(synonyms)
        self._office = frozenset(office)
        parts = [RULES, version("pythainlp"), *sorted(self._office)]
        self.version = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
        self.inside = lru_cache(maxsize=100_000)(self._inside)
        self.clusters = lru_cache(maxsize=100_000)(_clusters)
        self._raw = lru_cache(maxsize=20_000)(self._cut_raw)
        self._cut = lru_cache(maxsize=20_000)(self._cut_piece)

    def changed(self, words: str | None, synonyms: str) -> Words:
        """The same with other texts; when the words stay (None or the same) what was learned of them stays too."""
        if words is not None and words != self.texts[0]:
            return Words(words, synonyms)
        fresh = copy(self)
        fresh.__dict__.pop("synonyms", None)
        fresh.texts = (self.texts[0], synonyms)
        fresh._synonym_lines = lines_of(synonyms)
        return fresh

    @cached_property
    def known(self) -> frozenset[str]:
        """All words: PyThaiNLP's and the office's. Costs most of a second once."""
        return frozenset(thai_words()) | self._office

    @cached_property
    def _trie(self) -> Trie:
        return Trie(self.known)

    @cached_property
    def synonyms(self) -> dict[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """Each phrase of the synonym file, as words, with the other phrases of its line."""
        found: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {}
        for line in self._synonym_lines:
            phrases = list(dict.fromkeys(tuple(self.tokens(part)) for part in line.split("=")))
            phrases = [phrase for phrase in phrases if phrase]
            for phrase in phrases:
                found[phrase] = tuple(other for other in phrases if other != phrase)
        return found

    def tokens(self, text: str) -> list[str]:
        """Words of a text in order, folded; marks and punctuation alone are not words; พ.ร.บ. is พรบ."""
        found: list[str] = []
        for piece in _ABBREVIATION.sub(lambda m: m[0].replace(".", ""), fold(text)).split():
            for run in self._runs(piece):
                found.extend(self._cut(run))
        return found

    def spans(self, folded: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and word of each word of a folded text; for marking and for cutting at word boundaries."""
        for piece in re.finditer(r"\S+", folded):
            place = piece.start()
            for run in self._runs(piece[0]):
                for raw in self._raw(run):
                    word = raw.strip(PUNCTUATION)
                    if word:
                        start = place + raw.index(word)
                        yield start, start + len(word), word
                    place += len(raw)

    def pieces(self, text: str) -> list[str]:
        """A line cut into words without losing a character, for comparing texts."""
        return word_tokenize(text[:5000], custom_dict=self._trie, engine="newmm") + (
            [text[5000:]] if text[5000:] else []
        )

    def _runs(self, piece: str) -> Iterator[str]:
        """Pieces of a long run, ending where a word ends."""
        while len(piece) > MAX_RUN:
            words = list(self._raw(piece[:MAX_RUN]))
            end = MAX_RUN
            while len(words) > 1 and end > MAX_RUN - CUT_AGAIN:
                end -= len(words.pop())
            end = end if end > MAX_RUN // 2 else MAX_RUN
            yield piece[:end]
            piece = piece[end:]
        if piece:
            yield piece

    def _cut_raw(self, piece: str) -> tuple[str, ...]:
        return tuple(word_tokenize(piece, custom_dict=self._trie, engine="newmm"))

    def _cut_piece(self, piece: str) -> tuple[str, ...]:
        stripped = (word.strip(PUNCTUATION) for word in self._raw(piece))
        return tuple(word for word in stripped if _is_word(word))

    def _inside(self, word: str) -> tuple[str, ...]:
        """What a word holds that may be asked for by itself: words that tile a compound, a number without commas.

        Examples: ฝึกอบรม -> (ฝึก, อบรม); ไฟฟ้า -> (ไฟ, ฟ้า); พัฒนา -> () because พัฒ is no word; 1,234 -> (1234,).
        """
        if re.fullmatch("[ก-๎]+", word):
            return self._tiles(word) if len(word) >= 5 else ()
        if "," in word and word.replace(",", "").replace(".", "").isdigit():
            return (word.replace(",", ""),)
        if "-" in word:
            return tuple(part for part in word.split("-") if len(part) >= 2)
        return ()

    def _tiles(self, word: str) -> tuple[str, ...]:
        fits = [False] * (len(word) + 1)
        fits[-1] = True
        pieces: list[list[int]] = [[] for _ in word]
        for start in range(len(word) - 2, -1, -1):
            for end in range(start + 2, len(word) + 1):
                piece = word[start:end]
                if fits[end] and len(piece) < len(word) and piece in (self.known if len(piece) > 2 else SHORT_PARTS):
                    fits[start] = True
                    pieces[start].append(end)
        found: dict[str, None] = {}
        reachable = {0} if fits[0] else set()
        for start in range(len(word)):
            if start in reachable:
                for end in pieces[start]:
                    reachable.add(end)
                    found[word[start:end]] = None
        return tuple(found)


@lru_cache(maxsize=50_000)
def _is_word(word: str) -> bool:
    """Whether there is more to it than marks and punctuation."""
    return any(is_word_character(char) and char not in _MARKS for char in word)


def short_years(folded: str) -> list[str]:
    """Full years of two-digit ones in dates. Example: "1 ต.ค. 57 และ 3/2/58" -> ["2557", "2558"]."""
    return ["25" + year for year in _SHORT_YEAR.findall(folded)]


def other_year(word: str) -> str | None:
    """The same year in the other era: 2558 <-> 2015; None for what is no year."""
    if not re.fullmatch(r"\d{4}", word):
        return None
    year = int(word)
    if 2400 <= year <= 2600:
        return str(year - 543)
    return str(year + 543) if 1900 <= year <= 2057 else None


def without_marks(folded: str) -> str:
    """Skeleton of a folded text: letters and vowels without tones and signs, no blanks or punctuation."""
    return "".join(c for c in folded.translate(_WITHOUT_MARKS) if "ก" <= c <= "๙" or (c.isascii() and c.isalnum()))


def _clusters(word: str) -> tuple[str, ...]:
    """Character clusters of a word, without tones and signs; a Latin word or a number is one cluster."""
    found: list[str] = []
    for piece in re.findall(r"[ก-๎]+|[^ก-๎]+", word):
        for cluster in segment(piece) if "ก" <= piece[0] <= "๎" else [piece]:
            bare = without_marks(cluster)
            if bare:
                found.append(bare)
    return tuple(found)


def pairs(clusters: list[str]) -> list[str]:
    """Neighbouring clusters joined, in order; a single cluster has none."""
    return [a + b for a, b in itertools.pairwise(clusters)]
