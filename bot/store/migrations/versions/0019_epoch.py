"""The number of a job's lease: a process that comes back from a long pause can no longer write."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the column: existing leases count as the first."""
    op.add_column("jobs", sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"))
