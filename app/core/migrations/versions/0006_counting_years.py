"""Plans with versions, human records returned, counts by hand, closed years, evaluation rounds, results of offices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.core.database

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


HUMAN = (
    "activity",
    "application",
    "care_log",
    "check_round",
    "compilation",
    "evaluation",
    "improvement",
    "lesson",
    "meeting",
    "report",
    "training_attendance",
    "visit",
)


def _add_person(table: str, column: str) -> None:
    # Both databases take this form; a batch would copy the table on SQLite and lose its checks.
    name = f"fk_{table}_{column}"
    op.execute(f"alter table {table} add column {column} integer constraint {name} references staff (id)")


def upgrade() -> None:
    """Forward only."""
    op.create_table(
        "anomaly",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("be_year", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("on", sa.Date(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_anomaly_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anomaly")),
    )
    with op.batch_alter_table("anomaly", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_anomaly_be_year"), ["be_year"], unique=False)

    op.create_table(
        "counting_rule",
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("from_year", sa.Integer(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", app.core.database.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_counting_rule_by_id")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_counting_rule")),
        sa.UniqueConstraint("from_year", name=op.f("uq_counting_rule_from_year")),
    )
    op.create_table(
        "dismissal",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", app.core.database.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_dismissal_by_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_dismissal")),
    )
    op.create_table(
        "hand_count",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("row", sa.String(length=4), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("recorded_at", app.core.database.Instant(timezone=True), nullable=False),
        sa.Column("verified_at", app.core.database.Instant(timezone=True), nullable=True),
        sa.Column("void_reason", sa.String(length=500), nullable=False),
        sa.Column("voided_at", app.core.database.Instant(timezone=True), nullable=True),
        sa.Column("return_reason", sa.String(length=500), server_default="", nullable=False),
        sa.Column("returned_at", app.core.database.Instant(timezone=True), nullable=True),
        sa.Column("file_sha256", sa.String(length=64), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("voided_by_id", sa.Integer(), nullable=True),
        sa.Column("returned_by_id", sa.Integer(), nullable=True),
        sa.Column("verified_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("status in ('draft','submitted','verified','void')", name=op.f("ck_hand_count_status")),
        sa.CheckConstraint("number between 1 and 10000", name=op.f("ck_hand_count_number")),
        sa.CheckConstraint(
            "verified_by_id is null or verified_by_id <> recorded_by_id", name=op.f("ck_hand_count_two_people")
        ),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["staff.id"], name=op.f("fk_hand_count_recorded_by_id")),
        sa.ForeignKeyConstraint(["returned_by_id"], ["staff.id"], name=op.f("fk_hand_count_returned_by_id")),
        sa.ForeignKeyConstraint(["verified_by_id"], ["staff.id"], name=op.f("fk_hand_count_verified_by_id")),
        sa.ForeignKeyConstraint(["voided_by_id"], ["staff.id"], name=op.f("fk_hand_count_voided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_count")),
        sa.UniqueConstraint("code", name=op.f("uq_hand_count_code")),
    )
    op.create_table(
        "office_result",
        sa.Column("be_year", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("office", sa.String(length=200), nullable=False),
        sa.Column("made_at", app.core.database.Instant(timezone=True), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("received_at", app.core.database.Instant(timezone=True), nullable=False),
        sa.Column("received_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["received_by_id"], ["staff.id"], name=op.f("fk_office_result_received_by_id")),
        sa.PrimaryKeyConstraint("be_year", "key", name=op.f("pk_office_result")),
    )
    op.create_table(
        "plan_version",
        sa.Column("be_year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", app.core.database.Instant(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["be_year"], ["plan.be_year"], name=op.f("fk_plan_version_be_year")),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_plan_version_by_id")),
        sa.PrimaryKeyConstraint("be_year", "number", name=op.f("pk_plan_version")),
    )
    op.create_table(
        "year_closing",
        sa.Column("be_year", sa.Integer(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", app.core.database.Instant(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=1000), server_default="", nullable=False),
        sa.Column("closed_by_id", sa.Integer(), nullable=True),
        sa.Column("closed_at", app.core.database.Instant(timezone=True), nullable=True),
        sa.Column("snapshot", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.String(length=64), server_default="", nullable=False),
        sa.Column("signature", sa.String(length=200), server_default="", nullable=False),
        sa.CheckConstraint(
            "closed_by_id is null or closed_by_id <> asked_by_id", name=op.f("ck_year_closing_two_people")
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["staff.id"], name=op.f("fk_year_closing_asked_by_id")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["staff.id"], name=op.f("fk_year_closing_closed_by_id")),
        sa.PrimaryKeyConstraint("be_year", name=op.f("pk_year_closing")),
    )
    op.create_table(
        "evaluation_round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("be_year", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", app.core.database.Instant(timezone=True), nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("frozen", sa.JSON(), nullable=True),
        sa.Column("evaluation_id", sa.Integer(), nullable=True),
        sa.Column("receipt_no", sa.String(length=100), server_default="", nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["evaluation_id"], ["evaluation.id"], name=op.f("fk_evaluation_round_evaluation_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["staff.id"], name=op.f("fk_evaluation_round_opened_by_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_evaluation_round_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_round")),
        sa.UniqueConstraint("code", name=op.f("uq_evaluation_round_code")),
    )
    op.create_table(
        "restatement",
        sa.Column("be_year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", app.core.database.Instant(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["be_year"], ["year_closing.be_year"], name=op.f("fk_restatement_be_year")),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_restatement_by_id")),
        sa.PrimaryKeyConstraint("be_year", "number", name=op.f("pk_restatement")),
    )
    op.create_table(
        "finding",
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("row", sa.String(length=4), nullable=False),
        sa.Column("finding", sa.Text(), server_default="", nullable=False),
        sa.Column("recommendation", sa.Text(), server_default="", nullable=False),
        sa.Column("follow_up", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["evaluation_round.id"], name=op.f("fk_finding_round_id")),
        sa.PrimaryKeyConstraint("round_id", "row", name=op.f("pk_finding")),
    )
    instant = app.core.database.Instant(timezone=True)
    for table in HUMAN:
        op.add_column(table, sa.Column("voided_at", instant, nullable=True))
        op.add_column(table, sa.Column("return_reason", sa.String(length=500), server_default="", nullable=False))
        op.add_column(table, sa.Column("returned_at", instant, nullable=True))
        _add_person(table, "returned_by_id")
    for table in ("acknowledgement", "quiz_attempt"):
        op.add_column(table, sa.Column("recorded_at", instant, nullable=True))
        _add_person(table, "recorded_by_id")
    op.add_column("quiz_attempt", sa.Column("answers", sa.JSON(), nullable=True))
    op.add_column("plan_row", sa.Column("start_on", sa.Date(), nullable=True))
    op.add_column("plan_row", sa.Column("end_on", sa.Date(), nullable=True))
    op.add_column("plan_row", sa.Column("parameters", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("plan_row", sa.Column("hand_reason", sa.String(length=500), server_default="", nullable=False))
    excluded = sa.text("reason is not null")
    op.create_index(
        "ix_opened_excluded", "opened", ["on", "staff_id"], sqlite_where=excluded, postgresql_where=excluded
    )
    of_staff = sa.text("staff_id is not null")
    op.create_index(
        "ix_opened_staff_at", "opened", ["staff_id", "at"], sqlite_where=of_staff, postgresql_where=of_staff
    )
    op.create_index("ix_access_count_staff", "access_count", ["staff_id", "on", "accesses"])
    op.create_index("ix_share_verified_on", "share", ["verified_on"])
