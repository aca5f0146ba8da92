"""The public message of a running job; and whether a server's results are private."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add both; existing jobs have no such message, and results stay public."""
    op.add_column("jobs", sa.Column("announcement", sa.Text))
    private = sa.Column("private_results", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("server_settings", private)
