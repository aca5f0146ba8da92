"""The user ids of people blocked by a server's managers; until now only their keyed hashes, which name nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the column. It stays empty in existing rows, and in those written by a process of the previous version."""
    op.add_column("server_blocks", sa.Column("user_id", sa.BigInteger))
