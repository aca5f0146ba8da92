"""PostgreSQL's trigram index takes new names at once, instead of a list that every search has to read beside it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

# A character is written far less often than casts are searched. The list grows up to 4 MB before it is merged.
_STATEMENTS = (
    "ALTER INDEX IF EXISTS ix_characters_trigrams SET (fastupdate = off)",
    "SELECT gin_clean_pending_list(found) FROM to_regclass('ix_characters_trigrams') found WHERE found IS NOT NULL",
)


def upgrade() -> None:
    """A server without the extension has no such index; SQLite has one of its own (0013)."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in _STATEMENTS:
            op.execute(sa.text(statement))
