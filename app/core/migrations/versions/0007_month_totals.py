"""Counted accesses by month, and indexes by which rows A3, A4, A6 and A7 count without reading whole tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what does not count to the days, make the months from them, and replace two indexes by narrower ones."""
    op.add_column("access_count", sa.Column("excluded", sa.Integer(), server_default="0", nullable=False))
    op.execute(
        'insert into access_count ("on", staff_id, accesses, excluded) select "on", coalesce(staff_id, 0), 0, count(*)'
        ' from opened where reason is not null group by "on", coalesce(staff_id, 0)'
        ' on conflict ("on", staff_id) do update set excluded = excluded.excluded'
    )
    op.create_table(
        "access_month",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("accesses", sa.Integer(), nullable=False),
        sa.Column("excluded", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("month", "staff_id", name=op.f("pk_access_month")),
    )
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    month = "cast(date_trunc('month', \"on\") as date)" if on_postgresql else "date(\"on\", 'start of month')"
    op.execute(
        f"insert into access_month (month, staff_id, accesses, excluded) select {month}, staff_id, sum(accesses),"
        f" sum(excluded) from access_count group by {month}, staff_id"
    )
    op.drop_index("ix_revision_on", "revision")
    op.create_index("ix_revision_counting", "revision", ["on", "first", "approved", "minor", "article_id", "editor_id"])
    op.create_index("ix_application_on", "application", ["on"])
    late = sa.text('recorded_on > "on"')
    op.create_index("ix_opened_late", "opened", ["recorded_on"], sqlite_where=late, postgresql_where=late)
    verified = sa.text("verified_on is not null")
    op.drop_index("ix_share_verified_on", "share")
    op.create_index("ix_share_verified", "share", ["on"], sqlite_where=verified, postgresql_where=verified)
