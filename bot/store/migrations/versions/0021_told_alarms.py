"""What operators were told recently, by any process."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "told_alarms",
        sa.Column("sentence", sa.String(64), nullable=False),
        sa.Column("told_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("sentence", name="pk_told_alarms"),
    )
