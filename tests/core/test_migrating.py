"""A database of the first release comes to the newest shape with what it held."""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import app  # noqa: F401 - all tables
from app.core import migrating
from app.core.database import Base, make_engine


def first_release(url: str) -> sa.Engine:
    """The schema of revision 0001 with one approved article that mentions, links and was edited."""
    engine = make_engine(url)
    with engine.execution_options(khlang_write=True).begin() as connection:
        command.upgrade(migrating._config(connection), "0001")

        def run(statement: str) -> None:
            doubled = statement.replace("%", "%%") if engine.dialect.name == "postgresql" else statement
            connection.exec_driver_sql(doubled)

        run("INSERT INTO staff (id, code, name, position, employment, about, password_hash, must_change_password, session_epoch, active)"
            " VALUES (1, 'S1', 'นายสมชาย ใจดี', '', 'พนักงานเทศบาล', '', '', false, 0, true), (2, 'S2', 'นางสาวมาลี แก้วใส', '', 'พนักงานเทศบาล', '', '', false, 0, true)")  # fmt: skip
        run(
            "INSERT INTO cop_group (id, code, name, purpose, visibility, founded_on) VALUES (1, 'G1', 'กลุ่ม', 'x', 'open', '2014-11-01')"
        )
        run("INSERT INTO thread (id, code, group_id, author_id, title, body, html, at, last_at)"
            " VALUES (1, 'TH1', 1, 1, 'ถาม', 'x', 'x', '2015-02-01 02:00:00', '2015-02-01 02:00:00')")  # fmt: skip
        run("INSERT INTO post_mention (thread_id, post_id, staff_id) VALUES (1, 0, 2)")
        run("INSERT INTO article (id, code, title, author_id, visibility, state, created_at, updated_at, first_published_on,"
            " review_approved_on, review_approved_by_id, retire_reason, published_number, latest_number, version)"
            " VALUES (1, 'A', 'เรื่อง', 1, 'public', 'published', '2015-01-01 02:00:00', '2015-01-01 02:00:00', '2015-01-01',"
            " '2015-02-01', 2, '', 2, 2, 2)")  # fmt: skip
        for number in (1, 2):
            run("INSERT INTO revision (article_id, number, title, body, html, headings, editor_id, at, \"on\", summary, minor, approved, first)"
                f" VALUES (1, {number}, 'เรื่อง', '[[หน้าอื่น]]', '<p><a href=\"/wiki/%E0%B8%81\" class=\"wiki\">ก</a></p>', '[]', 1,"
                f" '2015-01-0{number} 02:00:00', '2015-01-0{number}', '', false, true, {str(number == 1).lower()})")  # fmt: skip
        for on, staff_id, accesses in (("2014-10-31", 1, 4), ("2015-01-01", 1, 2), ("2015-01-31", 1, 3), ("2015-01-31", 0, 1)):  # fmt: skip
            run(f"INSERT INTO access_count VALUES ('{on}', {staff_id}, {accesses})")
        for on, staff_id, reason in (("2015-01-31", "1", "'author'"), ("2015-02-01", "null", "'robot'"), ("2015-02-01", "1", "null")):  # fmt: skip
            run("INSERT INTO opened (article_id, person, staff_id, at, \"on\", hour, channel, robot, status_code, reason, recorded_on)"
                f" VALUES (1, 'x', {staff_id}, '{on} 02:00:00', '{on}', 9, 'web', false, 200, {reason}, '{on}')")  # fmt: skip
    return engine


def check(engine: sa.Engine) -> None:
    migrating.migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, Base.metadata) == []
        rows = connection.exec_driver_sql
        assert [tuple(r) for r in rows("SELECT number, version FROM revision ORDER BY number")] == [(1, 1), (2, 2)]
        assert [tuple(map(str, r)) for r in rows("SELECT article_id, state, reviewer_id, approved_on FROM review")] == [
            ("1", "approved", "2", "2015-02-01")
        ]
        assert [tuple(r) for r in rows("SELECT title, shown FROM article_link")] == [("ก", "ก")]
        months = rows("SELECT month, staff_id, accesses, excluded FROM access_month ORDER BY month, staff_id")
        assert [tuple(map(str, r)) for r in months] == [
            ("2014-10-01", "1", "4", "0"), ("2015-01-01", "0", "1", "0"), ("2015-01-01", "1", "5", "1"),
            ("2015-02-01", "0", "0", "1"),
        ]  # fmt: skip
        told = rows("SELECT staff_id, url, audience, mail_state FROM notification").all()
        assert [tuple(r) for r in told] == [(2, "/threads/TH1", "g1", "none")]
    engine.dispose()


def test_first_release_on_sqlite_is_brought_up_with_what_it_held(tmp_path: Path):
    check(first_release(f"sqlite:///{tmp_path / 'old.db'}"))


def test_first_release_on_postgresql_is_brought_up_with_what_it_held(postgres: str):
    url = sa.make_url(postgres)
    name = f"khlang_old_{os.environ.get('PYTEST_XDIST_WORKER', 'one')}"
    admin = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    check(first_release(url.set(database=name).render_as_string(hide_password=False)))
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    admin.dispose()
