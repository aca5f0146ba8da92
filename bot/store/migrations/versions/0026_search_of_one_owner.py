"""A search reads the index entries of one owner on PostgreSQL, and of few segments on SQLite."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

# The index of 0024 finds a word in the names of everybody, so that a search takes longer the more others there are.
# Skipped as that one where the extensions cannot be added. That one is of no use any more, but stays where somebody
# reads the table for longer than a migration may wait (a dump): it only costs time when a character is written.
_INDEX = """
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE EXTENSION IF NOT EXISTS btree_gin;
    CREATE INDEX IF NOT EXISTS ix_characters_owner_trigrams ON characters
        USING gin (owner_id, search_name gin_trgm_ops, search_more gin_trgm_ops) WITH (fastupdate = off);
    BEGIN
        DROP INDEX IF EXISTS ix_characters_trigrams;
    EXCEPTION WHEN lock_not_available THEN
        RAISE NOTICE 'ix_characters_trigrams stays';
    END;
EXCEPTION WHEN undefined_file OR feature_not_supported OR insufficient_privilege OR undefined_object THEN
    RAISE NOTICE 'searching without btree_gin';
END $$
"""

# Two segments of a level can be merged, instead of four. The setting is stored in the database.
_MERGED_BY_TWO = "INSERT INTO character_search (character_search, rank) VALUES ('usermerge', 2)"


def upgrade() -> None:
    """Make the index, and let SQLite's own be merged as :meth:`bot.store.database.Database.merge_search` does."""
    op.execute(sa.text(_INDEX if op.get_bind().dialect.name == "postgresql" else _MERGED_BY_TWO))
