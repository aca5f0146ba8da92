"""Rules for a server's roles, and the channel in which jobs are logged."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the table and add the column. Until managers say otherwise, everybody may make everything."""
    op.create_table(
        "server_roles",
        sa.Column("guild_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("role_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("may_create", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("may_film", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("characters", sa.Integer),
        sa.Column("videos", sa.Integer),
        sa.Column("credits", sa.Integer),
        sa.PrimaryKeyConstraint("guild_id", "role_id", name="pk_server_roles"),
    )
    op.add_column("server_settings", sa.Column("log_channel", sa.BigInteger))
