"""How many videos a server allows itself a day: until now its limit of characters held for both."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the column. Where a limit was set, it goes on holding for videos."""
    op.add_column("server_settings", sa.Column("video_limit", sa.Integer))
    op.execute("UPDATE server_settings SET video_limit = day_limit WHERE day_limit IS NOT NULL")
