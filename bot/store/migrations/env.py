"""Alembic's entry: runs the revisions on the connection that :mod:`bot.store.migrate` has begun."""

from alembic import context

from bot.store.tables import metadata

# SQLite does take back DDL; alembic need only be told, and a killed migration then leaves nothing half done.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
