"""Alembic's entry: runs on the connection handed in by app.core.migrating."""

from alembic import context

from app.core.database import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
