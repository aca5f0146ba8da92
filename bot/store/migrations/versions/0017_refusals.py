"""What a no covers beyond its character, and whether a question has reached its person."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Existing questions count as sent; the source videos of existing characters are unknown."""
    op.create_table(
        "refusals",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_refusals"),
    )
    op.add_column("person_consents", sa.Column("sent_at", sa.BigInteger))
    op.execute("UPDATE person_consents SET sent_at = asked_at")
    op.add_column("characters", sa.Column("source_hash", sa.String(64)))
