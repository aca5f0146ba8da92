"""The kind of each file of a character: its clip, a still, the reference clip or the voice."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column. Existing files are a clip, followed by stills."""
    op.add_column("character_files", sa.Column("kind", sa.String(16), nullable=False, server_default="still"))
    op.execute(
        "UPDATE character_files SET kind = 'clip' WHERE key IN (SELECT key FROM files WHERE mime LIKE 'video/%')"
    )
