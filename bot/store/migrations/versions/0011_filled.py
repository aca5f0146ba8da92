"""How many seconds of a reference clip, or of a voice, have no content from the source."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column. It is unknown for existing files."""
    op.add_column("character_files", sa.Column("filled", sa.Float))
