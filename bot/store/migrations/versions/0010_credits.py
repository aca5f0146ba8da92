"""The expected price of each job, so that prices can be summed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column. Existing jobs count nothing."""
    op.add_column("jobs", sa.Column("credits", sa.BigInteger))
