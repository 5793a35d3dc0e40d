"""One office at work: settings, database, files, search and the background worker, made once a process."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from functools import cached_property

from sqlalchemy.orm import Session

from app.activity import commands as activity
from app.activity.recorder import PATIENCE_MS, Recorder
from app.community import queries as community
from app.core.clock import Clock
from app.core.config import CONTENT, Config
from app.core.database import make_engine
from app.core.files import FileStore
from app.core.rendering import Renderer
from app.knowledge import queries as knowledge
from app.knowledge.commands import Desk
from app.people.queries import mention_names
from app.search.documents import Source
from app.search.engine import Engine
from app.search.indexing import Indexer, Worker
from app.search.query import Search
from app.search.words import Words


class Office:
    """Parts that pages and commands share."""

    def __init__(self, config: Config) -> None:
        self.config = config
        config.data.mkdir(parents=True, exist_ok=True)
        self.clock = Clock(config.today)
        self.database = make_engine(config.database_url)
        self.files = FileStore(config.data / "attachments")
        self.renderer = Renderer()
        self.sources = {
            "article": Source("article", knowledge.all_ids, knowledge.documents, knowledge.audiences),
            "thread": Source("thread", community.all_ids, community.documents, community.audiences),
        }

    def session(self) -> Session:
        """A new database session; objects stay usable after a commit."""
        return Session(self.database, expire_on_commit=False)

    def desk(self, db: Session) -> Desk:
        """What writing needs, with the names that `@` may mean now."""
        return Desk(self.renderer, self.files, mention_names(db))

    @cached_property
    def engine(self) -> Engine:
        """The index."""
        return Engine(self.config.index, self.config.data, Words(CONTENT / "dictionary"))

    @cached_property
    def search(self) -> Search:
        """Answers queries."""
        return Search(self.engine, self.sources)

    @cached_property
    def indexer(self) -> Indexer:
        """Keeps the index true."""
        return Indexer(self.engine, self.database, self.sources)

    @cached_property
    def recorder(self) -> Recorder:
        """Fail-open door to the ledger, on connections that do not wait long."""
        return Recorder(make_engine(self.config.database_url, PATIENCE_MS), self.config.data / "spool" / "opened.jsonl")

    @cached_property
    def worker(self) -> Worker:
        """Background thread; not running until started."""
        return Worker(self.indexer, self.chores)

    def chores(self) -> None:
        """Now and then: late accesses, seals of past days, traffic too old to keep."""
        self.recorder.drain_spool(self.clock.today)
        with self.session() as db:
            activity.seal_ledger(db, self.clock.today())
            activity.purge_traffic(db, self.clock.now() - timedelta(days=self.config.traffic_days))

    def secret_key(self) -> str:
        """Key of cookies: from the settings, else made once and kept in the data folder."""
        if self.config.secret_key:
            return self.config.secret_key
        path = self.config.data / "secret_key"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            os.write(handle, secrets.token_hex(32).encode())
            os.close(handle)
        return path.read_text("ascii")

    def close(self) -> None:
        """End child process and connections."""
        self.renderer.close()
        self.database.dispose()
        if "recorder" in self.__dict__:
            self.recorder.engine.dispose()
