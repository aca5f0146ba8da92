"""Names: where a job was asked for is its origin."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Rename the column; what is in it stays as it is."""
    op.alter_column("jobs", "asked", new_column_name="origin")
