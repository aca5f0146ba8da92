"""How long tasks took, by model, and the shared rates of all processes at the provider."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Nothing is known yet; existing jobs count as those of an unknown model."""
    op.add_column("jobs", sa.Column("model", sa.String(128)))
    op.create_table(
        "task_times",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("weights", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("kind", "model", name="pk_task_times"),
    )
    op.create_table(
        "rates",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("free_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_rates"),
    )
