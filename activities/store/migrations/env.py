"""Runs the revisions on the connection that ``migrating.migrate`` holds; Alembic finds it by its name."""

from alembic import context

from activities.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite changes a column by copying its table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
