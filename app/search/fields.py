"""What a document looks like inside Whoosh: three indexed views of its words, three columns, and a key.

Postings carry a count and no positions: order and nearness are read from the text of the few documents that are
looked at closely. That halves the time of indexing.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from whoosh import columns, fields, formats
from whoosh.analysis import IDAnalyzer
from whoosh.codec.whoosh3 import W3Codec

from app.core.thai import fold_stored
from app.search.documents import Document
from app.search.ranking import BREAK
from app.search.words import Words, pairs, short_years

WORDS, INSIDE, CLUSTERS = "words", "inside", "clusters"
LOOK_BREAK = "\x1e"
BLOCK = 2_048
Counts = dict[str, int]


class CountedTerms(fields.FieldType):  # type: ignore[misc]
    """Terms with counts, made beforehand: {term: times}."""

    indexed, stored, unique, scorable = True, False, False, False
    vector = column_type = None
    analyzer = IDAnalyzer()
    format = formats.Existence()

    def __init__(self) -> None:  # Whoosh's own __init__ of a field takes an analyzer apart.
        pass

    def index(self, value: Counts, **_options: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        """Yield (term, count, weight, value) as Whoosh wants them."""
        for term, count in value.items():
            yield term.encode(), count, float(count), b""


class Codec(W3Codec):  # type: ignore[misc]
    """Whoosh's own file format with long blocks and without lengths in the postings, which nothing here reads."""

    length_stats = False

    def __init__(self) -> None:
        super().__init__(blocklimit=BLOCK, compression=1)


class PostingsInMemory:
    """Stands for Whoosh's sorting pool, which pickles each posting to disk and back: six bytes a posting."""

    def __init__(self) -> None:
        self._fields: dict[str, dict[bytes, tuple[array[int], array[float]]]] = {}

    def add(self, item: tuple[str, bytes, int, float, bytes]) -> None:
        """Add one posting; document numbers come in rising order."""
        field, term, document, weight, _ = item
        terms = self._fields.get(field)
        if terms is None:
            terms = self._fields[field] = {}
        lists = terms.get(term)
        if lists is None:
            lists = terms[term] = (array("I"), array("f"))
        lists[0].append(document)
        lists[1].append(weight)

    def iter_postings(self) -> Iterator[tuple[str, bytes, int, float, bytes]]:
        """All postings by field, term and document."""
        for field, terms in sorted(self._fields.items()):
            for term in sorted(terms):
                for document, weight in zip(*terms[term], strict=True):
                    yield field, term, document, weight, b""

    def cleanup(self) -> None:
        """Forget them."""
        self._fields.clear()


def schema() -> fields.Schema:
    """Fields of the index."""
    return fields.Schema(
        key=fields.ID(unique=True),
        facts=fields.COLUMN(columns.VarBytesColumn()),
        look=fields.COLUMN(columns.VarBytesColumn()),
        text=fields.COLUMN(columns.CompressedBytesColumn()),
        **{view: CountedTerms() for view in (WORDS, INSIDE, CLUSTERS)},
    )


@dataclass(frozen=True)
class Facts:
    """What is held in memory of every document: who may find it, what filters and titles need. `length` is in words."""

    key: str
    kind: str
    code: str
    url: str
    title: str
    audience: tuple[str, ...]
    on: str
    year: int
    category: str
    department: str
    group: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    within: str
    length: int

    @property
    def id(self) -> int:
        """Number of the thing in its slice."""
        return int(self.key.split(":")[1])

    @classmethod
    def read(cls, data: bytes) -> Facts:
        """From the column."""
        values = json.loads(data)
        for name in ("audience", "authors", "tags"):
            values[name] = tuple(values[name])
        return cls(**values)


def prepared(document: Document, words: Words) -> dict[str, Any]:
    """Values of all fields of a document: this is where it is cut into words."""
    title_words = words.tokens(document.title)
    tokens = title_words + words.tokens(document.text)
    clusters = [cluster for token in tokens for cluster in words.clusters(token)]
    counted = Counter(tokens)
    inside: Counter[str] = Counter(short_years(fold_stored(document.text)))
    for token, times in counted.items():
        for part in words.inside(token):
            inside[part] += times
    facts = Facts(
        key=document.key, kind=document.kind, code=document.code, url=document.url, title=document.title,
        audience=document.audience, on=document.on.isoformat(), year=document.year, category=document.category,
        department=document.department, group=document.group, authors=document.authors, tags=document.tags,
        within=document.within, length=len(tokens),
    )  # fmt: skip
    title_letters = "".join(cluster for token in title_words for cluster in words.clusters(token))
    look = LOOK_BREAK.join(
        [_between_breaks(tokens), "".join(clusters), _between_breaks(title_words), title_letters]
    )  # fmt: skip
    parts = [[part.start, part.anchor, part.name] for part in document.parts]
    return {
        "key": document.key,
        "facts": json.dumps(asdict(facts), ensure_ascii=False).encode(),
        "look": look.encode(),
        "text": json.dumps([document.text, parts], ensure_ascii=False).encode(),
        WORDS: counted,
        INSIDE: inside,
        CLUSTERS: Counter(pairs(clusters)),
    }


def _between_breaks(tokens: list[str]) -> str:
    return BREAK + BREAK.join(tokens) + BREAK
