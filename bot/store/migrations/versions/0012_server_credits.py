"""The credits that a server allows per day, in total and per member."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns. Until its managers say otherwise, the operator's limit holds in a server."""
    op.add_column("server_settings", sa.Column("credits", sa.Integer))
    op.add_column("server_settings", sa.Column("member_credits", sa.Integer))
