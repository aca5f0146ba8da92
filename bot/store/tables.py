"""The schema: every table, column and index. The migrations lead to exactly this (a test compares them)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    false,
    literal_column,
)

from bot.store import loan_tables, provider_tables  # noqa: F401 - their tables belong to the metadata
from bot.store.cast_tables import character_files as character_files
from bot.store.cast_tables import characters as characters
from bot.store.schema import Instant
from bot.store.schema import metadata as metadata  # here, with all tables in it

HEAD = "0028"
"""The newest revision under ``migrations/versions``, repeated here so that the bot need not import alembic."""
MOVING = "moving"
"""Stored instead of a revision during a move (bot.store.move_target); no bot may start on it."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("owner_id", BigInteger, nullable=False),
    Column("origin", Text, nullable=False),  # JSON, without the token
    Column("token", Text),
    Column("token_at", Instant, nullable=False),
    Column("step", String(16), nullable=False),
    Column("outcome", String(16)),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant),
    Column("lease_owner", String(64)),
    Column("lease_until", Instant),
    Column("epoch", BigInteger, nullable=False, server_default="0"),  # counts the leases
    Column("request", Text, nullable=False),  # JSON
    Column("file_key", String(160)),
    Column("file_sha256", String(64)),
    Column("file_size", BigInteger),
    Column("file_mime", String(64)),
    Column("question", String(16)),
    Column("upload", Text),  # JSON
    Column("submit_started_at", Instant),
    Column("lookups", Integer, nullable=False),
    Column("task_id", String(128)),
    Column("maybe_charged", Boolean, nullable=False),
    Column("progress", Integer, nullable=False),
    Column("result", Text),  # JSON
    Column("failure", Text),  # JSON
    Column("deliveries", Text, nullable=False),  # JSON
    Column("delivered_at", Instant),
    Column("counted", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("seen", Text),  # JSON
    Column("guild_id", BigInteger),  # as in "origin": the server whose day it counts towards
    Column("admitted_at", Instant),  # NULL: it waits in the admission queue
    Column("announcement", Text),  # JSON
    Column("uploads", Text),  # JSON
    Column("credits", BigInteger),  # thousandths: the expected price; NULL or 0: free, or unknown
    Column("model", String(128)),  # as in "request"
    Index(None, "owner_id", "created_at"),
    Index(None, "guild_id", "created_at"),
    Index(None, "task_id"),
    Index(None, "finished_at"),  # for pruning
)

# The table keeps growing, so frequent queries have partial indexes without finished jobs. The database uses one only if
# the query repeats its WHERE word for word: :data:`UNFINISHED`, not a bound parameter.
UNFINISHED = jobs.c.step != literal_column("'done'")
QUEUED = and_(UNFINISHED, jobs.c.admitted_at.is_(None), jobs.c.outcome.is_(None))
"""Jobs that wait to be admitted."""


def _partial(name: str, *columns: Column[Any], where: ColumnElement[bool]) -> None:
    # PostgreSQL gets the same from the migrations: to check an argument for it here, SQLAlchemy would load its dialect
    # (2.3 MB).
    Index(name, *columns, sqlite_where=where)


_partial("ix_jobs_unfinished_due", jobs.c.next_attempt_at, where=UNFINISHED)
_partial("ix_jobs_unsubmitted_due", jobs.c.next_attempt_at, where=UNFINISHED & jobs.c.submit_started_at.is_(None))
_partial("ix_jobs_queued", jobs.c.created_at, where=QUEUED)
_partial("ix_jobs_unfinished_owner", jobs.c.owner_id, jobs.c.created_at, where=UNFINISHED)
_partial("ix_jobs_leased", jobs.c.lease_owner, jobs.c.owner_id, where=jobs.c.lease_owner.is_not(None))
_partial("ix_jobs_with_token", jobs.c.token_at, where=jobs.c.token.is_not(None))

files = Table(
    "files",
    metadata,
    Column("key", String(160), primary_key=True),  # <owner id>/<sha256>
    Column("owner_id", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes
    Column("mime", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "owner_id"),
)

videos = Table(
    "videos",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("owner_id", BigInteger, nullable=False),
    Column("job_id", String(16), nullable=False),  # the job that made it; a job makes only one
    Column("prompt", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("roles", Text, nullable=False),  # JSON: who plays in it
    Column("file_key", String(160), ForeignKey("files.key"), nullable=False),
    Column("poster_key", String(160), ForeignKey("files.key")),
    Column("seconds", Float),
    Column("width", Integer),  # pixels, as shown
    Column("height", Integer),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("job_id"),
    Index(None, "owner_id", "created_at"),
    Index(None, "created_at"),  # for the age limit
    Index(None, "file_key"),
    Index(None, "poster_key"),
    sqlite_autoincrement=True,  # as for characters
)

drafts = Table(
    "drafts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner_id", BigInteger, nullable=False),
    Column("attachment", Text, key="content", nullable=False),  # JSON: an attachment, or a requested video
    Column("created_at", Instant, nullable=False),
    Index(None, "owner_id"),
    Index(None, "created_at"),
)

consents = Table(
    "consents",
    metadata,
    Column("owner_id", BigInteger, primary_key=True, autoincrement=False),
    Column("given_at", Instant, nullable=False),
)

command_sync = Table(
    "command_sync",
    metadata,
    Column("what", String(16), primary_key=True),
    Column("hash", String(128), nullable=False),
    Column("ids", Text, nullable=False),  # JSON
)

taken_interactions = Table(  # over HTTP
    "taken_interactions",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("taken_at", Instant, nullable=False),
    Index(None, "taken_at"),
)

told_alarms = Table(  # what operators were told within the hour
    "told_alarms",
    metadata,
    Column("sentence", String(64), primary_key=True),  # its SHA-256
    Column("told_at", Instant, nullable=False),
)

# Messages in Discord that show something of a person, as long as they can be reached. The changes they need ("wanted")
# form a queue, which a loop works through, across restarts.
sent_messages = Table(
    "sent_messages",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("owner_id", BigInteger),  # NULL: the owner had everything deleted
    Column("job_id", String(16)),
    Column("character_id", BigInteger),
    Column("channel_id", BigInteger, nullable=False),
    Column("message_id", BigInteger),
    Column("shows", String(16), nullable=False),
    Column("locale", String(16), nullable=False),
    Column("token", Text),
    Column("token_at", Instant),
    Column("sent_at", Instant, nullable=False),
    Column("wanted", String(16)),
    Column("asked", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant),
    UniqueConstraint("channel_id", "message_id"),
    Index(None, "owner_id", "id"),
    Index(None, "character_id"),
    Index(None, "sent_at"),
    sqlite_autoincrement=True,
)
_partial("ix_sent_messages_wanted", sent_messages.c.next_attempt_at, where=sent_messages.c.wanted.is_not(None))
_partial("ix_sent_messages_with_token", sent_messages.c.token_at, where=sent_messages.c.token.is_not(None))

server_settings = Table(
    "server_settings",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day_limit", Integer),  # characters that a server allows per day; NULL: the operator's limit
    Column("video_limit", Integer),  # videos, likewise
    Column("private_results", Boolean, nullable=False, server_default=false()),
    Column("credits", Integer),  # per day, for the whole server; NULL: as day_limit
    Column("member_credits", Integer),  # per day and member
    Column("log_channel", BigInteger),  # gets a line about each job
)

# Rules for a role. If any role of a server may make something, members without such a role may not.
server_roles = Table(
    "server_roles",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("role_id", BigInteger, primary_key=True, autoincrement=False),
    Column("may_create", Boolean, nullable=False, server_default=false()),  # characters
    Column("may_film", Boolean, nullable=False, server_default=false()),  # videos
    Column("characters", Integer),  # per day and member with the role; NULL: not set
    Column("videos", Integer),
    Column("credits", Integer),
)

server_closed_channels = Table(
    "server_closed_channels",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
)

# A server's own block list, which its managers see: it names people, and outlives their deletion. A person is looked up
# by "user_key", a keyed hash of their id, as in the tables below.
server_blocks = Table(
    "server_blocks",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_key", String(64), primary_key=True),
    Column("user_id", BigInteger),  # NULL: blocked by an earlier version
)

# People are stored here only by their "user_key", which outlives their deletion without naming them.
operator_blocks = Table(
    "operator_blocks",
    metadata,
    Column("user_key", String(64), primary_key=True),
    Column("since", Instant, nullable=False),
)

# What deleted people had used of their day, and of a server's day.
day_counters = Table(
    "day_counters",
    metadata,
    Column("user_key", String(64), primary_key=True),
    Column("day", Instant, primary_key=True),
    Column("used", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Index(None, "day"),
)

keys = Table(
    "keys",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

# Tasks that were running when their owner had everything deleted, by the provider's id or ours, until they end.
ownerless_tasks = Table(
    "ownerless_tasks",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("since", Instant, nullable=False),
)

# Alembic's own table, described here so that the revision can be read without alembic.
alembic_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
