"""Alembic's entry point: runs the revisions on the connection opened by :mod:`bot.store.migrate`."""

from alembic import context

from bot.store.tables import metadata

# SQLite can roll back DDL; alembic has to be told, so that a killed migration leaves nothing half done. On PostgreSQL,
# where others use the tables meanwhile, each revision is committed by itself, and so are its locks released; on SQLite
# all are in the transaction that is open here already.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
