"""What a server lets its members spend on a day, together and each."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns. Until its managers say otherwise, a server allows what the operator does."""
    op.add_column("server_settings", sa.Column("credits", sa.Integer))
    op.add_column("server_settings", sa.Column("member_credits", sa.Integer))
