"""What each job is expected to cost, so that it can be summed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column. Of jobs that are there already, nothing is counted."""
    op.add_column("jobs", sa.Column("credits", sa.BigInteger))
