"""How many videos a server allows per day; until now its limit for characters applied to both."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the column. An existing limit continues to apply to videos."""
    op.add_column("server_settings", sa.Column("video_limit", sa.Integer))
    op.execute("UPDATE server_settings SET video_limit = day_limit WHERE day_limit IS NOT NULL")
