"""Recording that never slows or breaks a page: it waits 300 ms at most, then writes to a spool drained later."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from whoosh.filedb.filestore import FileStorage

from app.activity.commands import Opening, record_opened, salt_of
from app.activity.models import OpenedFacts
from app.core.database import transaction

PATIENCE_MS = 300
log = logging.getLogger("khlang.activity")


class Recorder:
    """Fail-open door to the ledger. `engine` is one made with PATIENCE_MS."""

    def __init__(self, engine: Engine, spool: Path) -> None:
        self.engine, self.spool = engine, spool

    def record(self, opening: Opening, recorded_on: date) -> None:
        """Record now, or spool when the database is busy or broken. Never raises."""
        try:
            self._write(opening, recorded_on)
        except (SQLAlchemyError, OSError) as error:
            log.error("access not recorded at once: %s", type(error).__name__)
            try:
                self._spool(opening)
            except OSError as lost:
                log.error("access lost: %s", type(lost).__name__)

    def _write(self, opening: Opening, recorded_on: date) -> None:
        with Session(self.engine) as db:
            record_opened(db, opening, recorded_on)

    def _spool(self, opening: Opening) -> None:
        self.spool.parent.mkdir(parents=True, exist_ok=True)
        facts = {**vars(opening.facts), "at": opening.facts.at.isoformat()}
        edited = opening.facts.last_edit_at
        facts["last_edit_at"] = edited.isoformat() if edited else None
        line = json.dumps({**vars(opening), "facts": facts}, ensure_ascii=False) + "\n"
        handle = os.open(self.spool, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)

    def salt(self, day: date) -> str:
        """Salt of a day's guest keys, on the connection that does not wait long. Raises when the database is busy."""
        with Session(self.engine) as db:
            return salt_of(db, day)

    def drain_spool(self, today: Callable[[], date]) -> int:
        """Record what was spooled; one process at a time does. Returns how many lines; torn ones are set aside."""
        lock = FileStorage(str(self.spool.parent)).lock("spool") if self.spool.parent.exists() else None
        if lock is None or not lock.acquire(blocking=False):
            return 0
        try:
            return self._drain(today())
        finally:
            lock.release()

    def _drain(self, today: date) -> int:
        taken = self.spool.with_suffix(".draining")
        if not taken.exists():
            try:
                os.replace(self.spool, taken)
            except (FileNotFoundError, PermissionError):
                return 0
        openings, torn = [], []
        for line in taken.read_text("utf-8", errors="replace").splitlines():
            try:
                openings.append(_opening(json.loads(line)))
            except (ValueError, KeyError, TypeError):
                torn.append(line)
        with Session(self.engine) as db, transaction(db):
            for opening in openings:
                record_opened(db, opening, today)
        if torn:
            with self.spool.with_suffix(".bad").open("a", encoding="utf-8") as bad:
                bad.writelines(line + "\n" for line in torn)
        taken.unlink()
        return len(openings)


def _opening(stored: dict[str, Any]) -> Opening:
    facts = stored.pop("facts")
    for name in ("at", "last_edit_at"):
        facts[name] = datetime.fromisoformat(facts[name]) if facts[name] else None
    return Opening(**stored, facts=OpenedFacts(**facts))
