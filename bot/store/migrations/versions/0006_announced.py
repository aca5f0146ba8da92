"""The public message of a running job; and whether the results of a server are for their owners alone."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add both; the jobs that there are have none, and results stay public."""
    op.add_column("jobs", sa.Column("announcement", sa.Text))
    private = sa.Column("private_results", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("server_settings", private)
