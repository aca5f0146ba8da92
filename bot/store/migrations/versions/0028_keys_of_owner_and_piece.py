"""A search on PostgreSQL reads lists of rows of its owner alone, however many characters others have."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot import limits

revision = "0028"
down_revision = "0027"

# The lists of the index of 0026 are of a trigram in everybody's names: the more others there are, the longer a search
# takes. Here the owner's id is a part of each key, so that the keys of one owner stand side by side.
_KEYS = """
CREATE OR REPLACE FUNCTION search_keys(owner_id bigint, words text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
    SELECT ARRAY(SELECT CAST(owner_id AS text) || substr(words, at, 3) FROM generate_series(1, length(words) - 2) at)
$$
"""
_WAITS = f"SET lock_timeout = {limits.MIGRATION_TRIES_FOR.total_seconds() * 1000:.0f}"
_WAITS_BRIEFLY = f"SET lock_timeout = {limits.MIGRATION_HOLDS_UP.total_seconds() * 1000:.0f}"
# What an attempt leaves that was cut off has the index's name, and is not usable. One whose process was killed has made
# the index: the server goes on, and holds the lock of the migrations meanwhile.
_UNFINISHED = (
    "SELECT EXISTS (SELECT FROM pg_index"
    " WHERE indexrelid = to_regclass('ix_characters_search_keys') AND NOT indisvalid)"
)
_AGAIN = "DROP INDEX CONCURRENTLY IF EXISTS ix_characters_search_keys"
# A million characters take minutes. Others read and write them meanwhile, so these statements may wait for a dump, too.
_INDEX = (
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_characters_search_keys ON characters"
    " USING gin (search_keys(owner_id, search_name), search_keys(owner_id, search_more)) WITH (fastupdate = off)",
    # Statistics of keys would take seconds at each ANALYZE, and say nothing: each key is in few rows.
    "ALTER INDEX ix_characters_search_keys ALTER COLUMN 1 SET STATISTICS 0, ALTER COLUMN 2 SET STATISTICS 0",
    # Processes of the version before search without an index until they are replaced.
    "DROP INDEX CONCURRENTLY IF EXISTS ix_characters_owner_trigrams",
    "DROP INDEX CONCURRENTLY IF EXISTS ix_characters_trigrams",  # where 0026 had to leave it
    _WAITS_BRIEFLY,
)


def upgrade() -> None:
    """SQLite's own index does so already (0013)."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(sa.text(_KEYS))
    with op.get_context().autocommit_block():
        op.execute(sa.text(_WAITS))
        if op.get_bind().scalar(sa.text(_UNFINISHED)):
            op.execute(sa.text(_AGAIN))
        for statement in _INDEX:
            op.execute(sa.text(statement))
