"""Brings a database to the newest shape with Alembic, forward only."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

FOLDER = Path(__file__).resolve().parent / "migrations"


def _config(connection: Connection | None = None) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def migrate(engine: Engine) -> None:
    """Upgrade to the newest revision, in one transaction; safe to repeat."""
    with engine.execution_options(khlang_write=True).begin() as connection:
        command.upgrade(_config(connection), "head")


def revision_of(engine: Engine) -> str | None:
    """Revision a database is at; None when it was never migrated."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """Revision this code expects."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def generate(engine: Engine, message: str, number: str) -> None:
    """Write the next migration from the difference between models and database; for developers."""
    with engine.connect() as connection:
        command.revision(_config(connection), message=message, autogenerate=True, rev_id=number)
