"""The name of a deleted character whose owner has yet to be told that somebody in it said no."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column: nobody has to be told anything yet."""
    op.add_column("person_consents", sa.Column("untold", sa.Text))
