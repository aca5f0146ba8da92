"""What a no is about beyond its character, and whether a question has reached whom it is for."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Questions that are there have been sent; of characters that are there nobody knows which video they are of."""
    op.create_table(
        "refusals",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_refusals"),
    )
    op.add_column("person_consents", sa.Column("sent_at", sa.BigInteger))
    op.execute("UPDATE person_consents SET sent_at = asked_at")
    op.add_column("characters", sa.Column("source_hash", sa.String(64)))
