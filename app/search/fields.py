"""What a document looks like inside Whoosh: three indexed views of its words, three columns, and a key.

Postings carry a count and no positions: order and nearness are read from the text of the few documents that are
looked at closely. That halves the time of indexing.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from whoosh import columns, fields, formats
from whoosh.analysis import IDAnalyzer
from whoosh.codec.whoosh3 import W3Codec, W3FieldWriter, W3TermInfo
from whoosh.system import pack_ushort
from whoosh.writing import SegmentWriter

from app.core.thai import fold_stored
from app.search.documents import Document
from app.search.ranking import BREAK
from app.search.words import Words, pairs, short_years

VIEWS = WORDS, INSIDE, CLUSTERS = "words", "inside", "clusters"
LOOK_BREAK = "\x1e"
Numbers: TypeAlias = NDArray[np.uint32]
Term: TypeAlias = "tuple[str, bytes, array[int]]"
COUNT_BITS = 16  # A posting is one number: the document's, and how often the term stands there in the lowest bits.
MOST_COUNTED = (1 << COUNT_BITS) - 1


class CountedTerms(fields.FieldType):  # type: ignore[misc]
    """Terms with counts; they reach the index through `Writer`, not one by one through the field."""

    indexed, stored, unique, scorable = True, False, False, False
    vector = column_type = None
    analyzer = IDAnalyzer()
    format = formats.Existence()

    def __init__(self) -> None:  # Whoosh's own __init__ of a field takes an analyzer apart.
        pass


class Codec(W3Codec):  # type: ignore[misc]
    """Whoosh's own file format, but for the posting lists: whole arrays beside their terms, with a checksum."""

    length_stats = False

    def field_writer(self, storage: Any, segment: Any) -> TermWriter:
        """Writer of the terms of all fields."""
        return TermWriter(self, storage, segment)


class TermWriter(W3FieldWriter):  # type: ignore[misc]
    """Writes whole posting lists; Whoosh's own takes them in posting by posting, which costs half the time of indexing."""

    def add_postings(self, schema: fields.Schema, _lengths: None, items: Iterator[Term]) -> None:
        """Write (field, term, postings) in order."""
        field = ""
        for name, term, postings in items:
            if name != field:
                self.start_field(name, schema[name])
                field = name
            info = W3TermInfo()
            info._df = len(postings)
            if name in VIEWS:
                packed = postings.tobytes()
                info._inlined = (packed, crc32(packed))
            else:
                documents = [posting >> COUNT_BITS for posting in postings]
                info.set_inlined(documents, [1.0] * len(documents), [b""] * len(documents))
            self._tindex.add(pack_ushort(self._fieldid) + term, info.to_bytes())


def posting_lists(terms: Any, field: str, term: bytes) -> tuple[Numbers, Numbers]:
    """Documents and counts of a term of one of the views, from Whoosh's reader of terms. Raises ValueError for damage."""
    packed, checksum = terms.term_info(field, term).inlined_postings()
    if crc32(packed) != checksum:
        raise ValueError(f"checksum of {field}:{term!r}")
    postings = np.frombuffer(packed, np.uint64)
    return (postings >> COUNT_BITS).astype(np.uint32), (postings & MOST_COUNTED).astype(np.uint32)


class PostingsInMemory:
    """Stands for Whoosh's sorting pool, which pickles each posting to disk and back. Eight bytes a posting."""

    def __init__(self) -> None:
        self._fields: dict[str, dict[str, array[int]]] = {}

    def add(self, item: tuple[str, bytes, int, float, bytes]) -> None:
        """Add one posting of a field of Whoosh's own."""
        field, term, document, _, _ = item
        self.add_counts(field, document, {term.decode(): 1})

    def add_counts(self, field: str, document: int, counts: Mapping[str, int]) -> None:
        """Add all terms of a document; document numbers come in rising order."""
        terms = self._fields.setdefault(field, {})
        place = document << COUNT_BITS
        for term, count in counts.items():
            posting = place | (count if count < MOST_COUNTED else MOST_COUNTED)
            postings = terms.get(term)
            if postings is None:
                terms[term] = array("Q", (posting,))
            else:
                postings.append(posting)

    def iter_postings(self) -> Iterator[Term]:
        """All posting lists by field and term, which is what `TermWriter` takes."""
        for field, terms in sorted(self._fields.items()):
            for term, name in sorted((name.encode(), name) for name in terms):
                yield field, term, terms[name]

    def cleanup(self) -> None:
        """Forget them."""
        self._fields.clear()


class Writer(SegmentWriter):  # type: ignore[misc]
    """Writer of one new segment, as files of their own: those in one compound file are read into memory as a whole."""

    def __init__(self, files: Any) -> None:
        super().__init__(files, codec=Codec(), compound=False)
        self.pool = PostingsInMemory()

    def add_document(self, **values: Any) -> None:
        """Add what `prepared` made."""
        for view in VIEWS:
            self.pool.add_counts(view, self.docnum, values.pop(view))
        super().add_document(**values)

    def add_postings_to_pool(self, reader: Any, first: int, moved: dict[int, int] | None) -> None:
        """Take over the terms of another segment; `moved` holds new numbers of documents when some were deleted."""
        for field, term in reader.all_terms():
            if field in VIEWS:
                documents, counts = (numbers.tolist() for numbers in posting_lists(reader._terms, field, term))
            else:
                documents, counts = reader._terms.term_info(field, term).inlined_postings()[:2]
            for document, count in zip(documents, counts, strict=True):
                place = first + document if moved is None else moved.get(document)
                if place is not None:
                    self.pool.add_counts(field, place, {term.decode(): int(count)})


def schema() -> fields.Schema:
    """Fields of the index."""
    return fields.Schema(
        key=fields.ID(unique=True),
        facts=fields.COLUMN(columns.VarBytesColumn()),
        look=fields.COLUMN(columns.VarBytesColumn()),
        text=fields.COLUMN(columns.CompressedBytesColumn()),
        **{view: CountedTerms() for view in VIEWS},
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
    for heading in document.parts:  # A word of a heading counts once more, but for the first look only.
        if document.text.startswith(heading.name, heading.start):
            counted.update(words.tokens(heading.name))
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
