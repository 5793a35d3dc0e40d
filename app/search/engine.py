"""Whoosh behind one small interface: one writer, many readers, rebuilt beside the living index and then switched.

`search_index/CURRENT` names the build in use. The folder may vanish at any time: then nothing is found until the
worker has rebuilt it, and no page but the search page notices.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whoosh import fields, index, query
from whoosh.analysis import Analyzer, Token
from whoosh.filedb.filestore import FileStorage
from whoosh.scoring import BM25F

from app.core.guard import attempt
from app.search.documents import Document
from app.search.words import Words

WORD_BREAK, INSIDE = "\x1f", "\x1e"
CANDIDATES = 100
BATCH_MB = 128


class PreparedWords(Analyzer):  # type: ignore[misc]
    """Analyzer of text that Words cut already: words apart by WORD_BREAK, contained words at the same position."""

    def __call__(self, value: str, positions: bool = False, **_options: Any) -> Iterator[Token]:
        """Yield tokens; Whoosh reuses one Token object."""
        token = Token(positions=positions, mode="")
        token.boost, token.stopped = 1.0, False
        for position, together in enumerate(value.split(WORD_BREAK)):
            for word in together.split(INSIDE):
                if word:
                    token.text = word
                    token.pos = position
                    yield token


def schema() -> fields.Schema:
    """Fields of the index."""
    return fields.Schema(
        key=fields.ID(unique=True, stored=True),
        kind=fields.ID(stored=True),
        code=fields.ID(stored=True),
        url=fields.STORED,
        title=fields.STORED,
        text=fields.STORED,
        audience=fields.KEYWORD(commas=True),
        title_words=fields.TEXT(analyzer=PreparedWords(), phrase=True, field_boost=1.6),
        words=fields.TEXT(analyzer=PreparedWords(), phrase=True),
    )


@dataclass(frozen=True)
class Candidate:
    """A stored document with its first score."""

    key: str
    kind: str
    code: str
    url: str
    title: str
    text: str
    score: float


class IndexMissing(RuntimeError):
    """There is no usable index now."""


class Engine:
    """The index folder."""

    def __init__(self, folder: Path, lock_folder: Path, words: Words) -> None:
        self.folder, self.lock_folder, self.words = folder, lock_folder, words
        self._opened: tuple[str, Any] | None = None
        self._opening = threading.Lock()

    # --- reading ---

    def build_name(self) -> str | None:
        """Build in use, or None when there is no index or it was made with another dictionary."""
        try:
            name = (self.folder / "CURRENT").read_text("utf-8").strip()
        except OSError:
            return None
        usable = name.split("-")[0] == self.words.version and (self.folder / name).is_dir()
        return name if usable else None

    def candidates(self, wanted: query.Query, audience: tuple[str, ...]) -> tuple[int, list[Candidate]]:
        """Number of documents that fit and the best of them. Raises IndexMissing when there is no usable index."""
        may_read = query.Or([query.Term("audience", term) for term in audience])

        name = self.build_name()
        if name is None:
            raise IndexMissing

        def look() -> tuple[int, list[Candidate]]:
            with self._open(name).searcher(weighting=BM25F(B=0.75, K1=1.2)) as searcher:
                results = searcher.search(wanted, filter=may_read, limit=CANDIDATES)
                found = [
                    Candidate(h["key"], h["kind"], h["code"], h["url"], h["title"], h["text"], h.score) for h in results
                ]
                return len(results), found

        def damaged() -> tuple[int, list[Candidate]]:
            if self.build_name() not in (name, None):
                return self.candidates(wanted, audience)  # A rebuild switched meanwhile.
            self.mark_damaged(name)
            raise IndexMissing

        return attempt("search", look, damaged)

    def _open(self, name: str) -> Any:
        with self._opening:
            if self._opened is None or self._opened[0] != name:
                self._opened = (name, index.open_dir(str(self.folder / name)))
            return self._opened[1]

    def keys(self) -> set[str]:
        """Keys of all documents in the index. Raises IndexMissing."""
        name = self.build_name()
        if name is None:
            raise IndexMissing
        with self._open(name).searcher() as searcher:
            return {stored["key"] for stored in searcher.all_stored_fields()}

    def mark_damaged(self, name: str) -> None:
        """Take a build out of use, unless another has taken its place; the worker will rebuild it."""
        if self.build_name() == name:
            (self.folder / "CURRENT").unlink(missing_ok=True)
        self._opened = None

    # --- writing ---

    @contextmanager
    def writing_alone(self) -> Iterator[bool]:
        """True inside when this process is the one writer; the lock dies with its process."""
        self.lock_folder.mkdir(parents=True, exist_ok=True)
        lock = FileStorage(str(self.lock_folder)).lock("search-writer")
        held = lock.acquire(blocking=False)
        try:
            yield held
        finally:
            if held:
                lock.release()

    def update(self, documents: list[Document], gone: list[str]) -> None:
        """Put documents in and take keys out; call while writing alone. Raises IndexMissing when it is damaged."""

        name = self.build_name()
        if name is None:
            raise IndexMissing

        def damaged() -> None:
            self.mark_damaged(name)
            raise IndexMissing

        attempt("index write", lambda: self._update(name, documents, gone), damaged)

    def _update(self, name: str, documents: list[Document], gone: list[str]) -> None:
        writer = self._open(name).writer(limitmb=BATCH_MB)
        try:
            for key in gone:
                writer.delete_by_term("key", key)
            for document in documents:
                writer.update_document(**self._prepared(document))
        except BaseException:
            writer.cancel()
            raise
        writer.commit()

    def rebuild(self, batches: Iterator[list[Document]], progress: Callable[[int], None]) -> None:
        """Build anew beside the living index, then switch; call while writing alone."""
        name = f"{self.words.version}-{secrets.token_hex(4)}"
        target = self.folder / name
        target.mkdir(parents=True)
        writer = index.create_in(str(target), schema()).writer(limitmb=BATCH_MB)
        for batch in batches:
            for document in batch:
                writer.add_document(**self._prepared(document))
            progress(len(batch))
        writer.commit(optimize=True)
        temporary = self.folder / "CURRENT.new"
        temporary.write_text(name, "utf-8")
        os.replace(temporary, self.folder / "CURRENT")
        for old in self.folder.iterdir():
            if old.is_dir() and old.name != name:
                shutil.rmtree(old, ignore_errors=True)

    def _prepared(self, document: Document) -> dict[str, Any]:
        return {
            "key": document.key,
            "kind": document.kind,
            "code": document.code,
            "url": document.url,
            "title": document.title,
            "text": document.text,
            "audience": ",".join(document.audience),
            "title_words": self._joined(document.title),
            "words": self._joined(document.title + "\n" + document.text),
        }

    def _joined(self, text: str) -> str:
        return WORD_BREAK.join(INSIDE.join((word, *self.words.contained(word))) for word in self.words.tokens(text))
