"""The tables of lending and consent: loans, jobs that use them, answers of the people in a character, and denials."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from bot.store.schema import Instant, metadata

_ID = BigInteger().with_variant(Integer, "sqlite")

# A loan is to a person or to a server, exactly one of them.
loans = Table(
    "loans",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("owner_id", BigInteger, nullable=False),
    Column("character_id", _ID, ForeignKey("characters.id", ondelete="CASCADE"), nullable=False),
    Column("borrower_id", BigInteger),
    Column("guild_id", BigInteger),
    Column("uses", Integer),  # NULL: any number
    Column("used_before", Integer, nullable=False),  # uses by jobs that have been deleted
    Column("until", Instant),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("character_id", "borrower_id"),
    UniqueConstraint("character_id", "guild_id"),
    Index(None, "owner_id"),
    Index(None, "borrower_id"),
    Index(None, "guild_id"),
    sqlite_autoincrement=True,  # a job names its loan, whose id must never be reused
)

# Whether a use counts is read from its job ("counted"), so a job that cost nothing gives its use back.
loan_uses = Table(
    "loan_uses",
    metadata,
    Column("job_id", String(16), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("character_id", _ID, ForeignKey("characters.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("loan_id", _ID, nullable=False),
    Column("owner_id", BigInteger, nullable=False),  # of the character
    Index(None, "loan_id"),
    Index(None, "character_id"),
    Index(None, "owner_id"),
)

person_consents = Table(
    "person_consents",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("owner_id", BigInteger, nullable=False),
    Column("character_id", _ID, nullable=False),  # a no outlives the character
    Column("person_id", BigInteger, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("sent_at", Instant),  # NULL: it may not have reached them
    Column("answer", String(8)),
    Column("answered_at", Instant),
    Column("untold", Text),  # the name of the character that was answered about, until its owner is told
    UniqueConstraint("character_id", "person_id"),
    Index(None, "owner_id"),
    Index(None, "person_id"),
    sqlite_autoincrement=True,
)

# What must not be made again, as hashes that name nobody (bot.store.consent_denials): they outlive every deletion.
refusals = Table(
    "refusals",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("since", Instant, nullable=False),
)
