"""One office at work: settings, database, files, search and the background worker, made once a process."""

from __future__ import annotations

import os
import secrets
import tempfile
from datetime import date, datetime, timedelta
from functools import cached_property

from sqlalchemy.orm import Session

from app import digest
from app.activity import commands as activity
from app.activity.queries import most_read
from app.activity.recorder import PATIENCE_MS, Recorder
from app.community import meeting_queries
from app.community import queries as community
from app.community import searchable as talk
from app.community.offers import offer_questions
from app.core.clock import Clock
from app.core.config import Config
from app.core.database import AnySelect, make_engine
from app.core.files import FileStore
from app.core.fiscal_year import be_fiscal_year
from app.core.guard import attempt
from app.core.rendering import Renderer
from app.core.signing import Signer
from app.indicators import anomalies, closing
from app.knowledge import life
from app.knowledge import queries as knowledge
from app.knowledge import searchable as articles
from app.knowledge.commands import Desk
from app.knowledge.searchable import FileTexts
from app.network import commands as network
from app.notifications.mailer import Mailer
from app.notifications.models import Frequency
from app.notifications.rules import Line, digest_before
from app.people.models import Staff
from app.people.queries import mention_names
from app.search import log as search_log
from app.search.dictionary import shipped
from app.search.documents import Source
from app.search.engine import Engine
from app.search.indexing import Indexer, Worker
from app.search.query import Search
from app.search.words import Words
from app.training import commands as training_commands
from app.training import queries as training
from app.training import searchable as courses
from app.viewing import load_viewer


class Office:
    """Parts that pages and commands share."""

    def __init__(self, config: Config) -> None:
        self.config = config
        config.data.mkdir(parents=True, exist_ok=True)
        self.clock = Clock(config.today)
        self.database = make_engine(config.database_url)
        self.files = FileStore(config.data / "attachments")
        self.renderer = Renderer()
        self.sources = self._sources()
        self.told_week: datetime | None = None
        self.looked_on: date | None = None

    def _sources(self) -> dict[str, Source]:
        texts = FileTexts(self.files, self.config.data / "file_texts")
        sources = (
            Source("article", articles.all_ids, articles.documents, articles.audiences),
            Source("file", texts.all_ids, texts.documents, texts.audiences),
            Source("thread", talk.all_ids, talk.documents, talk.audiences),
            Source("minutes", talk.minutes_ids, talk.minutes_documents, talk.minutes_audiences),
            Source("course", courses.all_ids, courses.documents, courses.audiences),
            Source("person", talk.people_ids, talk.people_documents, talk.people_audiences),
        )
        return {source.kind: source for source in sources}

    def session(self) -> Session:
        """A new database session; objects stay usable after a commit."""
        return Session(self.database, expire_on_commit=False)

    def desk(self, db: Session) -> Desk:
        """What writing needs, with the names that `@` may mean now."""
        return Desk(self.renderer, self.files, mention_names(db), community.people_of_group)

    @cached_property
    def signer(self) -> Signer:
        """The office's signature on results and closed years."""
        return Signer(self.config.data)

    @cached_property
    def engine(self) -> Engine:
        """The index."""
        return Engine(self.config.index, self.config.data, Words(*shipped()))

    @cached_property
    def search(self) -> Search:
        """Answers queries."""
        return Search(self.engine, self.sources, self.indexer.dictionary.refresh, self._uses)

    def _uses(self, db: Session, keys: list[str]) -> dict[str, int]:
        """Counted accesses of articles (by search key) within a year."""
        ids = [int(key.split(":")[1]) for key in keys if key.startswith("article:")]
        since = self.clock.today() - timedelta(days=365)
        return {f"article:{number}": times for number, times in most_read(db, ids, since, len(ids))}

    @cached_property
    def indexer(self) -> Indexer:
        """Keeps the index true."""
        return Indexer(self.engine, self.database, self.sources, community.glossary_words)

    @cached_property
    def recorder(self) -> Recorder:
        """Fail-open door to the ledger, on connections that do not wait long."""
        return Recorder(make_engine(self.config.database_url, PATIENCE_MS), self.config.data / "spool" / "opened.jsonl")

    @cached_property
    def mailer(self) -> Mailer:
        """Sends notifications by mail when an address is set."""
        c = self.config
        return Mailer(
            self.database, c.smtp_url, c.mail_from, c.office_name, c.base_url, self._may_be_told, self._week_of
        )

    @cached_property
    def worker(self) -> Worker:
        """Background thread; not running until started."""
        return Worker(self.indexer, self.chores, self.send_mail)

    def chores(self) -> None:
        """Now and then: late accesses, seals of past days, traffic too old to keep."""
        today, oldest = self.clock.today(), self.clock.now() - timedelta(days=self.config.traffic_days)
        attempt("draining the spool", lambda: self.recorder.drain_spool(self.clock.today), lambda: 0)
        with self.session() as db:
            for day in (today, today + timedelta(days=1)):
                attempt("salting", lambda day=day: activity.salt_of(db, day), lambda: "")  # type: ignore[misc]
            attempt("sealing", lambda: activity.seal_ledger(db, today), lambda: 0)
            attempt("offering questions", lambda: offer_questions(db, self._who_knows, self.clock.now()), lambda: 0)
            private = self.config.private_feeds
            attempt("reading a feed", lambda: network.read_due(db, self.clock.now(), private=private), lambda: False)
            attempt("the weekly digest", lambda: self._tell_of_week(db), lambda: None)
            attempt("reminding of reviews", lambda: life.remind_of_reviews(db, today, self.clock.now()), lambda: None)
            attempt("reminding of obligations", lambda: self._remind_of_obligations(db), lambda: None)
            attempt("purging the search log", lambda: search_log.purge(db, today), lambda: None)
            attempt("looking for anomalies", lambda: self._look_for_anomalies(db), lambda: None)
            attempt("purging traffic", lambda: activity.purge_traffic(db, oldest), lambda: None)

    def _look_for_anomalies(self, db: Session) -> None:
        """Once a day in this process: the running year, and the one before until it is closed."""
        today = self.clock.today()
        if self.looked_on == today:
            return
        running = be_fiscal_year(today)
        for year in (running, running - 1):
            if not closing.is_closed(db, year):
                anomalies.look_for_anomalies(db, year, today)
        self.looked_on = today

    def _remind_of_obligations(self, db: Session) -> None:
        today = self.clock.today()
        settled = [*knowledge.written_after_trainings(), meeting_queries.presented_trainings()]
        owed = training.obligations(db, settled, today, self.config.obligation_days, limit=5000)
        training_commands.remind(db, owed, today, self.clock.now())

    def _who_knows(self, db: Session, text: str) -> list[int]:
        """Ids of people whose cards match a question, best first."""
        return [hit.id for hit in self.search.find_all(db, text, limit=8, kind="person").hits]

    def _tell_of_week(self, db: Session) -> None:
        """Once a week in this process; the notification's key keeps other processes from telling twice."""
        week = digest_before(Frequency.WEEKLY, self.clock.now())
        if self.told_week != week:
            digest.tell_of_week(db, self.config, self._settled(), self.clock.now())
            self.told_week = week

    def _settled(self) -> list[AnySelect]:
        return [*knowledge.written_after_trainings(), meeting_queries.presented_trainings()]

    def _week_of(self, db: Session, person: Staff) -> list[Line]:
        """Lines of a person's weekly digest, as they are now."""
        viewer = load_viewer(db, person, self.clock.today())
        if viewer.staff_id is None:
            return []
        return digest.as_lines(digest.digest_of(db, viewer, self.config, self._settled(), self.clock.now()))

    def send_mail(self) -> int:
        """Send the mails that are due; returns how many went out."""
        return attempt("sending mail", lambda: self.mailer.send_due(self.clock.now()), lambda: 0)

    def _may_be_told(self, db: Session, staff_id: int, audience: str) -> bool:
        """Whether a person serves now and still belongs to an audience such as "g12"."""
        viewer = load_viewer(db, db.get_one(Staff, staff_id), self.clock.today())
        within = audience in {f"g{number}" for number in viewer.group_ids}
        return within if viewer.is_guest else viewer.is_staff and (not audience or within)

    def secret_key(self) -> str:
        """Key of cookies: from the settings, else made once and kept in the data folder."""
        if self.config.secret_key:
            return self.config.secret_key
        path = self.config.data / "secret_key"
        if not path.exists() or not path.read_text("ascii"):
            handle, temporary = tempfile.mkstemp(dir=self.config.data)
            os.write(handle, secrets.token_hex(32).encode())
            os.close(handle)
            os.replace(temporary, path)
        return path.read_text("ascii")

    def close(self) -> None:
        """End child process and connections."""
        self.renderer.close()
        self.database.dispose()
        if "recorder" in self.__dict__:
            self.recorder.engine.dispose()
