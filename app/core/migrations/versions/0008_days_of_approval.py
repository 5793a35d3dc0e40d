"""The day a text was approved, what held of an article from day to day, and papers that wait for a second person."""

from __future__ import annotations

from datetime import date, datetime, time

import sqlalchemy as sa
from alembic import op

from app.core.database import Instant
from app.core.thai import BANGKOK

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Texts approved before this are taken as approved on the day they were saved; articles as standing as today."""
    op.add_column("revision", sa.Column("approved_on", sa.Date(), nullable=True))
    op.execute('update revision set approved_on = "on" where approved')
    op.create_index(
        "ix_revision_approved", "revision", ["approved_on", "first", "minor", "article_id", "editor_id", "on"]
    )
    op.create_table(
        "article_standing",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("categorised", sa.Boolean(), nullable=False),
        sa.Column("review_due_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_standing_article_id")),
        sa.PrimaryKeyConstraint("article_id", "on", name=op.f("pk_article_standing")),
    )
    op.execute(
        'insert into article_standing (article_id, "on", categorised, review_due_on)'
        " select id, first_published_on, category_id is not null, review_due_on from article"
        " where first_published_on is not null"
    )
    op.add_column("year_closing", sa.Column("rule", sa.String(length=20), server_default="", nullable=False))
    op.add_column("year_closing", sa.Column("settings", sa.JSON(), nullable=True))
    op.add_column("evaluation_round", sa.Column("version", sa.Integer(), server_default="0", nullable=False))
    for name in ("acknowledgement", "quiz_attempt"):
        _as_human_record(name)


def _as_human_record(name: str) -> None:
    """What was there counted and goes on counting; what is typed from paper from now on waits."""
    instant, person = Instant(timezone=True), sa.Integer()
    with op.batch_alter_table(name) as table:
        table.add_column(sa.Column("status", sa.String(length=12), server_default="verified", nullable=False))
        table.add_column(sa.Column("verified_at", instant, nullable=True))
        table.add_column(sa.Column("void_reason", sa.String(length=500), server_default="", nullable=False))
        table.add_column(sa.Column("voided_at", instant, nullable=True))
        table.add_column(sa.Column("return_reason", sa.String(length=500), server_default="", nullable=False))
        table.add_column(sa.Column("returned_at", instant, nullable=True))
        table.add_column(sa.Column("file_sha256", sa.String(length=64), nullable=True))
        for column in ("voided_by_id", "returned_by_id", "verified_by_id"):
            table.add_column(sa.Column(column, person, nullable=True))
    rows = sa.table(
        name, sa.column("on", sa.Date()), sa.column("recorded_at", instant), sa.column("verified_at", instant)
    )
    db = op.get_bind()
    unknown: list[date] = list(db.scalars(sa.select(rows.c.on).where(rows.c.recorded_at.is_(None)).distinct()))
    for day in unknown:
        morning = datetime.combine(day, time(9), BANGKOK)
        db.execute(rows.update().where(rows.c.on == day, rows.c.recorded_at.is_(None)).values(recorded_at=morning))
    db.execute(rows.update().values(verified_at=rows.c.recorded_at))
    with op.batch_alter_table(name) as table:
        table.alter_column("recorded_at", existing_type=instant, nullable=False)
        table.alter_column("status", existing_type=sa.String(length=12), server_default=None)
        table.alter_column("void_reason", existing_type=sa.String(length=500), server_default=None)
        if name == "acknowledgement":
            table.drop_constraint(op.f("uq_acknowledgement_staff_id_be_year_on"), type_="unique")
        for column in ("voided_by_id", "returned_by_id", "verified_by_id"):
            table.create_foreign_key(op.f(f"fk_{name}_{column}"), "staff", [column], ["id"])
        table.create_check_constraint(op.f(f"ck_{name}_status"), "status in ('draft','submitted','verified','void')")
        table.create_check_constraint(
            op.f(f"ck_{name}_two_people"), "verified_by_id is null or verified_by_id <> recorded_by_id"
        )
    columns = ["staff_id", "be_year"] if name == "acknowledgement" else ["staff_id"]
    op.create_index(f"ix_{name}_{'_'.join(columns)}", name, columns)
