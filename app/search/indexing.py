"""Keeps the index true: drains the outbox in batches, rebuilds what is missing or damaged. One writer at a time."""

from __future__ import annotations

import multiprocessing
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager

from sqlalchemy import Engine as DatabaseEngine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.database import transaction
from app.core.guard import attempt
from app.core.outbox import OutboxLine, count_waiting, keep, waiting
from app.search.dictionary import Dictionary
from app.search.documents import OUTBOX_KIND, Document, Source
from app.search.engine import Engine, Prepared
from app.search.fields import prepared
from app.search.words import Words

BATCH = 200
REBUILD_INSTEAD_OF = 2_000
IDLE_SECONDS = 0.5
HOUSEKEEPING_EVERY = 120
MAIL_EVERY = 10
TIDY_EVERY = 60
LONGEST_REST = 120  # Turns after many failures in a row.


class Indexer:
    """Brings the index up to date with the database."""

    def __init__(
        self, engine: Engine, database: DatabaseEngine, sources: Mapping[str, Source],
        more_words: Callable[[Session], list[str]] = lambda _: [],
    ) -> None:  # fmt: skip
        self.engine, self.database, self.sources = engine, database, sources
        self.dictionary = Dictionary(engine, more_words)

    def catch_up(self, progress: Callable[[int], None] = lambda _: None) -> bool:
        """Do all promised work, or rebuild when the index is missing. False when another process is writing."""
        with self.engine.writing_alone() as alone:
            if not alone:
                return False
            with Session(self.database) as db:
                self.dictionary.refresh(db)
                if self.engine.is_stale() or count_waiting(db, OUTBOX_KIND) > REBUILD_INSTEAD_OF:
                    self._rebuild(db, progress, 1)
                while self._drain(db):
                    pass
        return True

    def reindex(self, progress: Callable[[int], None] = lambda _: None, processes: int = 1) -> bool:
        """Rebuild everything from the database, cutting words on so many cores. False when another process is writing."""
        with self.engine.writing_alone() as alone:
            if alone:
                with Session(self.database) as db:
                    self.dictionary.refresh(db)
                    self._rebuild(db, progress, processes)
            return alone

    def tidy(self) -> bool:
        """Merge what single saves left behind; True when there was something to merge."""
        with self.engine.writing_alone() as alone:
            return alone and self.engine.merge()

    def count_documents(self) -> int:
        """Documents that the database would hand in."""
        with Session(self.database) as db:
            return sum(len(source.all_ids(db)) for source in self.sources.values())

    def missing_keys(self) -> set[str]:
        """Keys that the index should have and has not, or has and should not; outbox not counted."""
        with Session(self.database) as db:
            wanted = {f"{kind}:{number}" for kind, source in self.sources.items() for number in source.all_ids(db)}
        return wanted ^ self.engine.keys()

    def _drain(self, db: Session) -> bool:
        lines = waiting(db, OUTBOX_KIND, BATCH)
        if not lines:
            db.rollback()
            return False
        done = [line.id for line in lines]
        by_kind: dict[str, list[int]] = defaultdict(list)
        for key in dict.fromkeys(line.key for line in lines):
            kind, number = key.split(":")
            by_kind[kind].append(int(number))
        documents: list[Document] = []
        for kind, ids in by_kind.items():
            documents += self._load(db, kind, ids)
        db.rollback()
        present = {document.key for document in documents}
        gone = [f"{kind}:{number}" for kind, ids in by_kind.items() for number in ids]
        self.engine.update(documents, [key for key in gone if key not in present])
        with transaction(db):
            keep(db, done)
        return True

    def _load(self, db: Session, kind: str, ids: list[int]) -> list[Document]:
        """Documents of some ids; one that cannot be loaded is logged and left out, and does not stop the others."""
        load = self.sources[kind].load

        def one_by_one() -> list[Document]:
            db.rollback()
            if len(ids) == 1:
                return []
            return [document for number in ids for document in self._load(db, kind, [number])]

        return attempt(f"loading {kind} {ids[0]}", lambda: load(db, ids), one_by_one)

    def _rebuild(self, db: Session, progress: Callable[[int], None], processes: int) -> None:
        promised = list(db.scalars(select(OutboxLine.id).where(OutboxLine.kind == OUTBOX_KIND)))
        db.rollback()
        words = self.engine.wanted
        with preparing(words, processes) as prepare:
            self.engine.rebuild(prepare(self._batches(db)), words, progress)
        db.rollback()
        with transaction(db):
            for start in range(0, len(promised), 500):
                keep(db, promised[start : start + 500])

    def _batches(self, db: Session) -> Iterator[list[Document]]:
        for source in self.sources.values():
            ids = source.all_ids(db)
            for start in range(0, len(ids), BATCH):
                yield self._load(db, source.kind, ids[start : start + BATCH])
                db.rollback()


Batches = Iterator[list[Document]]


@contextmanager
def preparing(words: Words, processes: int) -> Iterator[Callable[[Batches], Iterator[list[Prepared]]]]:
    """Cuts batches of documents into words: here, or on several cores, a few batches ahead of the writer."""
    if processes < 2:
        yield lambda batches: ([prepared(one, words) for one in batch] for batch in batches)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _learn, words.texts) as pool:

        def ahead(batches: Batches) -> Iterator[list[Prepared]]:
            waiting: deque[Future[list[Prepared]]] = deque()
            for batch in batches:
                waiting.append(pool.submit(_prepare, batch))
                if len(waiting) > 2 * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

        yield ahead


_learned: list[Words] = []


def _learn(words: str, synonyms: str) -> None:
    _learned.append(Words(words, synonyms))


def _prepare(batch: list[Document]) -> list[Prepared]:
    return [prepared(one, _learned[-1]) for one in batch]


class Worker:
    """Background thread of a server process: index, and now and then the house's other chores."""

    def __init__(self, indexer: Indexer, chores: Callable[[], None], mail: Callable[[], int]) -> None:
        self.indexer, self.chores, self.mail = indexer, chores, mail
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="khlang-worker", daemon=True)

    def start(self) -> None:
        """Begin; the first turn comes at once."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do; returns at once."""
        self._wake.set()

    def stop(self) -> None:
        """End after the turn in hand."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        turn = rest = failed = 0
        while not self._stop.is_set():
            if turn >= rest:
                failed = 0 if attempt("indexing", lambda turn=turn: self._index(turn), lambda: False) else failed + 1  # type: ignore[misc]
                rest = turn + min(2**failed, LONGEST_REST) if failed else 0
            if turn % HOUSEKEEPING_EVERY == 0:
                attempt("chores", self.chores, lambda: None)
            if turn % MAIL_EVERY == 0:
                attempt("mailing", self.mail, lambda: 0)
            turn += 1
            self._wake.wait(IDLE_SECONDS)
            self._wake.clear()

    def _index(self, turn: int) -> bool:
        engine = self.indexer.engine
        with Session(self.indexer.database) as db:
            self.indexer.dictionary.refresh(db)
            idle = not engine.is_stale() and count_waiting(db, OUTBOX_KIND) == 0
        if not idle:
            self.indexer.catch_up()
        elif turn and turn % TIDY_EVERY == 0:
            self.indexer.tidy()
        return True
