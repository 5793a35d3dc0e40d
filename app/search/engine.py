"""Whoosh behind one small interface: one writer, many readers, rebuilt beside the living index and then switched.

`search_index/CURRENT` names the build in use. The folder may vanish at any time: then nothing is found until the
worker has rebuilt it, and no page but the search page notices.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from whoosh import index
from whoosh.filedb.filestore import FileStorage
from whoosh.reading import SegmentReader

from app.core.guard import attempt, named
from app.search.documents import Document
from app.search.fields import Writer, prepared, schema
from app.search.reader import Damaged, Generation, SegmentMemory
from app.search.words import Words

MERGE_FROM = 6
TRIES = 10
SEGMENT_DOCUMENTS = 5_000
SMALL_DOCUMENTS = 1_000
T = TypeVar("T")
log = logging.getLogger("khlang")
Prepared = dict[str, Any]


class IndexMissing(RuntimeError):
    """There is no usable index now."""


class Engine:
    """The index folder."""

    def __init__(self, folder: Path, lock_folder: Path, words: Words) -> None:
        self.folder, self.lock_folder = folder, lock_folder
        self.wanted = words
        self._known = {words.version: words}
        self._opened: Generation | None = None
        self._opened_name = ""
        self._memories: dict[str, SegmentMemory] = {}
        self._opening = threading.Lock()
        self._building = ""

    def use(self, words: Words) -> None:
        """Take another dictionary into use: at once for synonyms, for words when the index has been built with it."""
        needed = {self._built_with(), self._building}
        kept = {version: known for version, known in self._known.items() if version in needed}
        self._known, self.wanted = kept | {words.version: words}, words

    # --- reading ---

    @property
    def words(self) -> Words:
        """The dictionary that the index in use was built with."""
        return self._known.get(self._built_with(), self.wanted)

    def build_name(self) -> str | None:
        """Build in use, or None when there is no index or it was made with an unknown dictionary."""
        seen = ""
        while True:
            name = self._current()
            if not name:
                return None
            if name.split("-")[0] in self._known and (self.folder / name).is_dir():
                return name
            if name == seen:  # Another name than before means that a rebuild has just switched: look again.
                return None
            seen = name

    def is_stale(self) -> bool:
        """Whether the index must be built anew: missing, or made with another dictionary."""
        return self._built_with() != self.wanted.version

    def _built_with(self) -> str:
        return (self.build_name() or "").split("-")[0]

    def read(self, look: Callable[[Generation, Words], T]) -> T:
        """What `look` makes of the newest state. Raises IndexMissing when there is no usable index."""
        seen: tuple[str | None, int | None] | None = None
        for _ in range(TRIES):
            name = self.build_name()
            if name is None:
                raise IndexMissing
            words = self._known.get(name.split("-")[0])
            if words is None:  # Another dictionary came into use at this moment.
                continue
            try:
                with self._generation(name) as generation:
                    return look(generation, words)
            except Damaged as error:
                with self._opening:
                    self._let_go()
                    self._memories = {}
                now = (self.build_name(), self._newest(name))
                if now == seen:  # The same state failed twice: no writer was at work, it is damage.
                    log.error("index %s cannot be read: %s", name, str(error)[:300])
                    self.mark_damaged(name)
                    break
                seen = now
        raise IndexMissing

    def _newest(self, name: str) -> int | None:
        try:
            with named(Damaged):
                return int(self._index(name).latest_generation())
        except Damaged:
            return None

    @contextmanager
    def _generation(self, name: str) -> Iterator[Generation]:
        with self._opening:
            opened = self._opened
            with named(Damaged):
                files = self._index(name)
                newest = files.latest_generation()
            if opened is None or self._opened_name != name or opened.number != newest:
                if self._opened_name != name:
                    self._memories = {}
                fresh = Generation(files, self._memories)
                self._let_go()
                self._opened = opened = fresh
                self._opened_name = name
            opened.users += 1
        try:
            yield opened
        finally:
            with self._opening:
                opened.users -= 1
                if opened is not self._opened and opened.users == 0:
                    opened.close()

    def _index(self, name: str) -> index.FileIndex:
        return index.FileIndex(FileStorage(str(self.folder / name)))

    def _let_go(self) -> None:
        if self._opened is not None and self._opened.users == 0:
            self._opened.close()
        self._opened = None

    def keys(self) -> set[str]:
        """Keys of all documents in the index. Raises IndexMissing."""
        return self.read(lambda generation, _: {facts.key for _, facts in generation.all_facts()})

    def mark_damaged(self, name: str) -> None:
        """Take a build out of use, unless another has taken its place; the worker will rebuild it."""
        if self.build_name() == name:
            (self.folder / "CURRENT").unlink(missing_ok=True)
        with self._opening:
            self._let_go()

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
        words = self.words
        fresh = [prepared(one, words) for one in documents]
        self._write(lambda writer: _replace(writer, fresh, gone), merge=False)

    def merge(self) -> bool:
        """Merge the pieces that single saves have left, when there are many; call in a quiet hour, writing alone."""
        name = self.build_name()
        if name is None or attempt("counting segments", lambda: self._segments(name), lambda: 0) < MERGE_FROM:
            return False
        self._write(lambda _: None, merge=True)
        return True

    def _segments(self, name: str) -> int:
        return len(self._index(name)._segments())

    def _write(self, work: Callable[[Any], None], *, merge: bool) -> None:
        """Change the index. Raises IndexMissing when its files are damaged; other errors (a full disk) as they are."""
        name = self.build_name()
        if name is None:
            raise IndexMissing
        done = False
        try:
            writer = Writer(self._index(name))
            try:
                work(writer)
                writer.commit(mergetype=_merge_small) if merge else writer.commit(merge=False)
            except BaseException:
                if not writer.is_closed:
                    writer.cancel()
                raise
            done = True
        finally:
            if not done:
                self._check(name)

    def _check(self, name: str) -> None:
        """Read a whole build afresh; when that fails it is taken out of use. Raises IndexMissing then."""
        try:
            with named(Damaged):
                Generation(self._index(name), {}).close()
        except Damaged as error:
            log.error("index %s cannot be written: %s", name, str(error)[:300])
            self.mark_damaged(name)
            raise IndexMissing from error

    def rebuild(self, batches: Iterable[list[Prepared]], words: Words, progress: Callable[[int], None]) -> None:
        """Build anew beside the living index, then switch; call while writing alone."""
        self._sweep(self._current())
        self._known = self._known | {words.version: words}
        self._building = words.version
        name = f"{words.version}-{secrets.token_hex(4)}"
        target = self.folder / name
        target.mkdir(parents=True)
        try:
            _build(target, batches, progress)
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise
        temporary = self.folder / "CURRENT.new"
        temporary.write_text(name, "utf-8")
        os.replace(temporary, self.folder / "CURRENT")
        self._building = ""
        self._sweep(name)

    def _current(self) -> str:
        """What CURRENT says, whether this server knows that dictionary or not: another one may serve it."""
        try:
            return (self.folder / "CURRENT").read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def _sweep(self, name: str) -> None:
        """Remove all builds but one."""
        for old in self.folder.iterdir() if self.folder.is_dir() else ():
            if old.is_dir() and old.name != name:
                shutil.rmtree(old, ignore_errors=True)


def _build(target: Path, batches: Iterable[list[Prepared]], progress: Callable[[int], None]) -> None:
    files = index.create_in(str(target), schema())
    writer = Writer(files)
    try:
        for batch in batches:
            if writer.doc_count() + len(batch) > SEGMENT_DOCUMENTS:  # Bounds the memory of one commit.
                writer.commit(merge=False)
                writer = Writer(files)
            for document in batch:
                writer.add_document(**document)
            progress(len(batch))
        writer.commit(merge=False)
    except BaseException:
        if not writer.is_closed:
            writer.cancel()
        raise


def _merge_small(writer: Any, segments: list[Any]) -> list[Any]:
    """Whoosh merge policy: small pieces, and pieces of which much was deleted, become one; returns those that stay."""
    kept = []
    for segment in segments:
        count, gone = segment.doc_count_all(), segment.deleted_count()
        if count > SMALL_DOCUMENTS and gone * 5 < count:
            kept.append(segment)
            continue
        reader = SegmentReader(writer.storage, writer.schema, segment)
        writer.add_reader(reader)
        reader.close()
    return kept


def _replace(writer: Any, documents: list[Prepared], gone: list[str]) -> None:
    with writer.reader() as reader:
        for key in [*gone, *(one["key"] for one in documents)]:
            if ("key", key.encode()) in reader:
                for number in list(reader.postings("key", key.encode()).all_ids()):
                    writer.delete_document(number)
    for one in documents:
        writer.add_document(**one)
