"""Interactions that came over HTTP, by id, because a proxy may repeat one to another process."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "taken_interactions",
        sa.Column("id", sa.String(20), nullable=False),
        sa.Column("taken_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_taken_interactions"),
    )
    op.create_index("ix_taken_interactions_taken_at", "taken_interactions", ["taken_at"])
