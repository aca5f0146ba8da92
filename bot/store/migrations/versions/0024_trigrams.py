"""PostgreSQL finds words and typos among many characters with the extension pg_trgm, if the server has it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

# Skipped if the server has no such extension, or does not let this user add it. docs/postgres.md explains how to add it
# later, or beforehand.
_INDEX = """
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX IF NOT EXISTS ix_characters_trigrams ON characters
        USING gin (search_name gin_trgm_ops, search_more gin_trgm_ops);
EXCEPTION WHEN undefined_file OR feature_not_supported OR insufficient_privilege OR undefined_object THEN
    RAISE NOTICE 'searching without pg_trgm';
END $$
"""


def upgrade() -> None:
    """SQLite has its own index for this (0013)."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text(_INDEX))
