"""Which of a job's leases it is: a process that comes back from a long pause writes nothing any more."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the column: every lease so far was the first."""
    op.add_column("jobs", sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"))
