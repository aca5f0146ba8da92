"""Whom a server's managers have blocked, by their user ids: until now only their keyed hashes, which name nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the column. It stays empty in the rows that are there, and in those of a process of the version before."""
    op.add_column("server_blocks", sa.Column("user_id", sa.BigInteger))
