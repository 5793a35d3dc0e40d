"""SQLAlchemy engine, one session a request, one way to write. SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    Connection,
    Date,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Select,
    String,
    cast,
    create_engine,
    event,
    func,
    make_url,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

BUSY_TIMEOUT_MS = 10_000


# A select of any columns; SQLAlchemy 2.1 spells the row type without tuple[].
AnySelect: TypeAlias = "Select[*tuple[Any, ...]]"


class Base(DeclarativeBase):
    """Base of every table; constraint names are fixed so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Instant(TypeDecorator[datetime]):
    """Aware UTC instant in Python; naive UTC in SQLite, timestamptz in PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive instant: it would mean another moment on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must be aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _on_sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event below says BEGIN itself.
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL", "cache_size=-32000", "temp_store=MEMORY",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    # A deferred transaction that reads and then writes fails at once when another wrote between:
    # writers say so from the start and wait their turn.
    writes = connection.get_execution_options().get("khlang_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def make_engine(url: str, patience_ms: int = BUSY_TIMEOUT_MS) -> Engine:
    """Engine for a database address; a writer waits at most `patience_ms` for another to finish."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        patience = {"options": f"-c lock_timeout={patience_ms}"}
        return create_engine(parsed, pool_size=10, max_overflow=20, pool_pre_ping=True, connect_args=patience)
    engine = create_engine(parsed, connect_args={"check_same_thread": False, "timeout": patience_ms / 1000})
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


@contextlib.contextmanager
def transaction(db: Session) -> Iterator[None]:
    """One change of state. The outermost commits; an error rolls everything back."""
    if db.info.get("writing"):
        yield
        return
    db.rollback()  # Ends the read that came before, so that the write begins with BEGIN IMMEDIATE.
    db.info["writing"] = True
    try:
        db.connection(execution_options={"khlang_write": True})
        yield
        db.commit()
    except BaseException:
        db.rollback()
        raise
    finally:
        db.info["writing"] = False


def _insert(db: Session, model: type[Base]) -> Any:
    """INSERT that knows ON CONFLICT; the one place that knows both dialects."""
    dialect: Any = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(model.__table__)


def insert_or_skip(db: Session, model: type[Base], row: dict[str, Any]) -> bool:
    """Insert a row unless its unique key is already there; True when it is new."""
    table: Any = model.__table__
    statement = _insert(db, model).on_conflict_do_nothing().returning(*table.primary_key)
    return db.connection().execute(statement, row).first() is not None


def insert_new(db: Session, model: type[Base], rows: list[dict[str, Any]]) -> None:
    """Insert rows, leaving out those whose unique key is already there; one statement."""
    if rows:
        db.connection().execute(_insert(db, model).on_conflict_do_nothing(), rows)


def insert_or_add(db: Session, model: type[Base], row: dict[str, Any]) -> None:
    """Insert a row, or add its numbers to those of the row with the same primary key."""
    statement = _insert(db, model)
    table: Any = model.__table__
    keys = [key.name for key in table.primary_key]
    added = {name: table.c[name] + statement.excluded[name] for name in row if name not in keys}
    db.connection().execute(statement.on_conflict_do_update(index_elements=keys, set_=added), row)


def lock_for_transaction(db: Session, name: str) -> None:
    """Let one transaction at a time pass here by this name. SQLite's writers are alone anyway."""
    if db.get_bind().dialect.name == "postgresql":
        db.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": name})


def claim(db: Session, name: str) -> bool:
    """As the first act of a transaction: take a name for it and read all as of one moment; False when another has it.

    SQLite's writers are alone and read so anyway.
    """
    if db.get_bind().dialect.name != "postgresql":
        return True
    db.execute(text("set transaction isolation level repeatable read"))
    return bool(db.scalar(text("select pg_try_advisory_xact_lock(hashtext(:name))"), {"name": name}))


def lock_tables(db: Session, *models: type[Base]) -> None:
    """Keep other writers out of some tables until the transaction ends. SQLite's writers are alone anyway."""
    if db.get_bind().dialect.name == "postgresql":
        names = ", ".join(str(model.__tablename__) for model in models)
        db.execute(text(f"lock table {names} in share row exclusive mode"))


def seconds_between(db: Session, earlier: Any, later: Any) -> Any:
    """Seconds from one instant column to another, as a database number: exact to a millisecond only."""
    if db.get_bind().dialect.name == "postgresql":
        return func.extract("epoch", later - earlier)
    return (func.julianday(later) - func.julianday(earlier)) * 86_400


def month_of(db: Session, day: Any) -> Any:
    """First day of the month of a day column."""
    if db.get_bind().dialect.name == "postgresql":
        return cast(func.date_trunc("month", day), Date)
    return func.date(day, "start of month", type_=Date())


def bangkok_parts(db: Session, at: Any) -> tuple[Any, Any]:
    """Day and hour in Bangkok of an instant column."""
    if db.get_bind().dialect.name == "postgresql":
        local: Any = func.timezone("Asia/Bangkok", at)
        return cast(local, Date), cast(func.extract("hour", local), Integer)
    kept = type_coerce(at, String)
    return func.date(kept, "+7 hours", type_=Date()), cast(func.strftime("%H", kept, "+7 hours"), Integer)


def count_rows(db: Session, query: AnySelect) -> int:
    """Number of rows of a query, in the database."""
    return db.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


def iso(day: date | None) -> str | None:
    """ISO day or None."""
    return day.isoformat() if day else None
