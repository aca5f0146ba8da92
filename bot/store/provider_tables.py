"""The tables of what is known of the provider: what it refuses, what it keeps for us, and what its webhooks said."""

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

avatar_groups = Table(  # at the provider; there is one, and which
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

# What the provider's webhooks said. An event only wakes a job; one that no job was found for may belong to one whose
# submission is not answered yet.
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
    Column("model", String(128), primary_key=True),  # empty where it is not known
    Column("weights", Text, nullable=False),  # JSON: of the tasks that ended in each of the buckets
)

rates = Table(  # how fast all processes together may ask
    "rates",
    metadata,
    Column("name", String(16), primary_key=True),
    # The first place that nobody has: microseconds, by the database's clock.
    Column("free_at", BigInteger, nullable=False),
)
