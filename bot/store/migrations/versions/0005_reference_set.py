"""What each file of a character is: its clip, a still of it, the reference clip or the voice."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column. What is there already is a clip, and stills behind it."""
    op.add_column("character_files", sa.Column("kind", sa.String(16), nullable=False, server_default="still"))
    op.execute(
        "UPDATE character_files SET kind = 'clip' WHERE key IN (SELECT key FROM files WHERE mime LIKE 'video/%')"
    )
