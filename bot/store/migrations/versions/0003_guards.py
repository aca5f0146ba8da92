"""Webhook events, the admission queue, decisions of servers and operators, and what outlives a person's deletion."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns and tables. Existing jobs count as admitted."""
    op.add_column("jobs", sa.Column("guild_id", sa.BigInteger))
    op.add_column("jobs", sa.Column("admitted_at", sa.BigInteger))
    if op.get_bind().dialect.name == "sqlite":  # no PostgreSQL of ours is that old
        op.execute("UPDATE jobs SET admitted_at = created_at, guild_id = json_extract(asked, '$.guild_id')")
    op.create_index("ix_jobs_guild_id_created_at", "jobs", ["guild_id", "created_at"])
    op.create_index("ix_jobs_step", "jobs", ["step"])
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("task_id", sa.String(128)),
        sa.Column("business_id", sa.String(128)),
        sa.Column("matched", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_events"),
    )
    op.create_index("ix_webhook_events_received_at", "webhook_events", ["received_at"])
    op.create_index("ix_webhook_events_task_id", "webhook_events", ["task_id"])
    op.create_index("ix_webhook_events_business_id", "webhook_events", ["business_id"])
    op.create_table(
        "server_settings",
        sa.Column("guild_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("day_limit", sa.Integer),
        sa.PrimaryKeyConstraint("guild_id", name="pk_server_settings"),
    )
    op.create_table(
        "server_closed_channels",
        sa.Column("guild_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "channel_id", name="pk_server_closed_channels"),
    )
    op.create_table(
        "server_blocks",
        sa.Column("guild_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("user_key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "user_key", name="pk_server_blocks"),
    )
    op.create_table(
        "operator_blocks",
        sa.Column("user_key", sa.String(64), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_key", name="pk_operator_blocks"),
    )
    op.create_table(
        "day_counters",
        sa.Column("user_key", sa.String(64), nullable=False),
        sa.Column("day", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("user_key", "day", name="pk_day_counters"),
    )
    op.create_table(
        "keys",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_keys"),
    )
    op.create_table(
        "ownerless_tasks",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ownerless_tasks"),
    )
