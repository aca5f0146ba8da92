"""How many seconds of a reference clip, or of a voice, the source had nothing for."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column. Of files that are there already, nobody knows it."""
    op.add_column("character_files", sa.Column("filled", sa.Float))
