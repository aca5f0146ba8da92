"""The tables about the provider: paused and closed, stored assets, webhook events, and statistics."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from bot.store.schema import Instant, metadata

pauses = Table(
    "pauses",
    metadata,
    Column("what", String(16), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", Instant, nullable=False),
)

closed_models = Table(
    "closed_models",
    metadata,
    Column("model", String(128), primary_key=True),
    Column("since", Instant, nullable=False),
)

avatar_groups = Table(  # the group at the provider; there is only one
    "avatar_groups",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("created_at", Instant, nullable=False),
)

avatars = Table(  # pictures of characters who do not exist, as the provider's assets
    "avatars",
    metadata,
    Column("asset_id", String(128), primary_key=True),
    Column(
        "character_id",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey("characters.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("sha256", String(64), nullable=False),  # of the picture
    Column("last_used_at", Instant, nullable=False),
    UniqueConstraint("character_id", "sha256"),
    Index(None, "last_used_at"),
)

# Events from the provider's webhooks. An event only wakes a job; one without a job may belong to a submission that is
# not answered yet.
webhook_events = Table(
    "webhook_events",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("received_at", Instant, nullable=False),
    Column("task_id", String(128)),
    Column("business_id", String(128)),
    Column("matched", Boolean, nullable=False),
    Index(None, "received_at"),
    Index(None, "task_id"),
    Index(None, "business_id"),
)

task_times = Table(  # how long tasks took
    "task_times",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("model", String(128), primary_key=True),  # empty if unknown
    Column("weights", Text, nullable=False),  # JSON: of the tasks that ended in each bucket
)

rates = Table(  # the rates of all processes together
    "rates",
    metadata,
    Column("name", String(16), primary_key=True),
    # the first free slot: microseconds, by the database's clock
    Column("free_at", BigInteger, nullable=False),
)
