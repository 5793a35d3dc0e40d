"""What a person typed, taken apart: words, phrases in quotes, words to leave out, and filters such as ปี:2558.

Nothing here is ever an error: an operator without its operand, an unknown name or a lone quote is text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.core.thai import fold, one_line
from app.search.documents import KINDS

MAX_QUERY = 300
SENTENCE = 80  # Longer ones are sentences: a dash or a quote in them is no operator.
# Filter -> names people may write before the colon.
FILTERS: dict[str, tuple[str, ...]] = {
    "kind": ("kind", "ชนิด", "ประเภท"),
    "category": ("category", "หมวด", "หมวดหมู่"),
    "department": ("department", "หน่วยงาน", "กอง", "สำนัก"),
    "year": ("year", "ปี", "ปีงบ", "ปีงบประมาณ"),
    "group": ("group", "กลุ่ม"),
    "author": ("author", "ผู้เขียน", "โดย"),
    "tag": ("tag", "แท็ก", "ป้าย"),
}
FILTER_NAMES = {
    "kind": "ชนิด", "category": "หมวด", "department": "หน่วยงาน", "year": "ปีงบประมาณ", "group": "กลุ่ม",
    "author": "ผู้เขียน", "tag": "แท็ก",
}  # fmt: skip
_NAMES = {name: key for key, names in FILTERS.items() for name in names}
_KIND_WORDS = {fold(word): kind for kind, word in KINDS.items()} | {kind: kind for kind in KINDS} | {
    "ไฟล์": "file", "คน": "person", "อบรม": "course", "หลักสูตร": "course", "ประชุม": "minutes",
}  # fmt: skip
_PIECE = re.compile(
    r'(?P<minus>(?<!\S)-(?=\D|\d{4}))?(?:(?<!\S)(?P<name>[a-zก-๎]{2,20}):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+))'
)
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"'})


@dataclass(frozen=True)
class Asked:
    """A query taken apart; everything folded but `typed` and `chosen`.

    `filters` maps a filter to typed values, of which one must be part of a document's; `chosen` to one exact value.
    """

    typed: str
    text: str
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    chosen: Mapping[str, str] = field(default_factory=dict)


def take_apart(text: str, chosen: Mapping[str, str] | None = None) -> Asked:
    """Query of a text of at most 300 characters, with the filters chosen on the page."""
    typed = one_line(text.encode("utf-8", "ignore").decode())[:MAX_QUERY]
    plain: list[str] = []
    phrases: list[str] = []
    without: list[str] = []
    filters: dict[str, list[str]] = {}
    folded = fold(typed).translate(_QUOTES)
    if len(folded) > SENTENCE:
        return Asked(typed, " ".join(folded.replace('"', " ").split()), chosen=_chosen(chosen))
    for found in _PIECE.finditer(folded):
        quoted, bare = found["quoted"], found["plain"]
        value = (quoted if quoted is not None else bare).strip()
        key = _NAMES.get(found["name"] or "")
        if key and value and not found["minus"]:
            filters.setdefault(key, []).append(value)
        elif not value or (found["name"] and found["minus"]):
            plain.append(found[0].replace('"', " "))
        elif found["minus"]:
            without.append(value)
        elif found["name"]:
            plain.append(f"{found['name']} {value}")
        elif quoted is not None:
            phrases.append(value)
            plain.append(value)
        else:
            plain.append(value)
    if not (plain or filters):  # Nothing but words to leave out: a dash that belongs to the word.
        return Asked(typed, folded.strip(' "'), chosen=_chosen(chosen))
    return Asked(
        typed=typed,
        text=" ".join(" ".join(plain).split()),
        phrases=tuple(phrases),
        without=tuple(without),
        filters={key: tuple(values) for key, values in filters.items()},
        chosen=_chosen(chosen),
    )


def _chosen(chosen: Mapping[str, str] | None) -> dict[str, str]:
    return {key: value for key, value in (chosen or {}).items() if value and key in FILTERS}


def kind_of(value: str) -> str:
    """Kind that a person means by a word; the word itself when there is none."""
    return _KIND_WORDS.get(value, value)


def years_of(value: str) -> int:
    """พ.ศ. year meant by 2558, 58 or 2015; 0 when it is no year."""
    if not value.isascii() or not value.isdigit() or len(value) not in (2, 4):
        return 0
    year = int(value)
    if year < 100:
        return 2500 + year
    return year + 543 if year < 2300 else year
