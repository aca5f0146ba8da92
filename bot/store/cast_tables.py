"""The tables of people's casts: characters with their files, the groups they are in, and who plays by default."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy import text as sql  # not a text for people, which make messages looks for

from bot.store.schema import Instant, metadata

characters = Table(
    "characters",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("owner_id", BigInteger, nullable=False),
    Column("job_id", String(16)),  # the job that made it; a job makes only one
    Column("name", String(32), nullable=False),
    Column("name_key", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("display_key", Text, nullable=False),  # like name_key: searched
    Column("username", Text, nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("task_id", String(128), nullable=False),
    Column("model", Text, nullable=False),
    Column("range_start", String(32), nullable=False),  # seconds, in decimal digits
    Column("range_end", String(32), nullable=False),
    Column("picture_key", String(160), ForeignKey("files.key")),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("picture_is_still", Boolean, nullable=False, server_default=false()),
    Column("note", Text, nullable=False, server_default=sql("''")),
    Column("tags", Text, nullable=False, server_default="[]"),  # JSON
    Column("uses", Integer, nullable=False, server_default="0"),  # in videos that were requested
    Column("frecency", Float, nullable=False, server_default="0"),  # bot.values.frecency
    Column("search_name", Text, nullable=False, server_default=sql("''")),  # as written by bot.values.folding.indexed
    Column("search_more", Text, nullable=False, server_default=sql("''")),  # the same, for the other searched texts
    Column("source_hash", String(64)),  # of the source video, or of its task's id; NULL: unknown
    Column("search_id", BigInteger),  # its row in "character_search", which SQLite maintains by triggers (0013)
    UniqueConstraint("owner_id", "name_key"),
    UniqueConstraint("job_id"),
    Index(None, "owner_id", "created_at"),
    Index(None, "task_id"),
    Index(None, "picture_key"),
    Index("ix_characters_search_name", "owner_id", "search_name", "frecency"),
    Index("ix_characters_frecency", "owner_id", "frecency"),
    Index("ix_characters_search_id", "owner_id", "search_id", unique=True),
    sqlite_autoincrement=True,  # a button on an old card must never mean a newer character
)

# A character's reference set: with it, models that take references can show it, whatever model made it.
character_files = Table(
    "character_files",
    metadata,
    Column(
        "character_id",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey("characters.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("position", Integer, primary_key=True, autoincrement=False),  # stills: best first
    Column("kind", String(16), nullable=False, server_default="still"),  # a FileKind
    Column("key", String(160), ForeignKey("files.key"), nullable=False),
    Column("width", Integer),  # pixels
    Column("height", Integer),
    Column("seconds", Float),
    Column("filled", Float),  # seconds at the end for which the source had no content
    Index(None, "key"),
)

character_groups = Table(
    "character_groups",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("owner_id", BigInteger, nullable=False),
    Column("name", String(32), nullable=False),
    Column("name_key", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("owner_id", "name_key"),
    sqlite_autoincrement=True,  # as for characters
)

group_members = Table(
    "group_members",
    metadata,
    Column(
        "group_id",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey("character_groups.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column(
        "character_id",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey("characters.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Index(None, "character_id"),
)

# The default character, used if the owner names nobody: in a server, or (guild_id 0) outside all servers.
default_characters = Table(
    "default_characters",
    metadata,
    Column("owner_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column(
        "character_id",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey("characters.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Index(None, "character_id"),
)
