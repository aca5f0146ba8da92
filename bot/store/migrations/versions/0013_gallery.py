"""Notes, tags, groups and default characters; how often a character is used; and the searched texts."""

import json
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from bot.values.folding import indexed
from bot.values.frecency import used

revision = "0013"
down_revision = "0012"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    """Add the columns and tables, fill them from existing rows, and index them."""
    columns = (
        sa.Column("note", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("tags", sa.Text, nullable=False, server_default="[]"),
        sa.Column("uses", sa.Integer, nullable=False, server_default="0"),
        sa.Column("frecency", sa.Float, nullable=False, server_default="0"),
        sa.Column("search_name", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("search_more", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("search_id", sa.BigInteger),
    )
    for column in columns:
        op.add_column("characters", column)
    op.create_table(
        "character_groups",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_character_groups"),
        sa.UniqueConstraint("owner_id", "name_key", name="uq_character_groups_owner_id_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("character_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "character_id", name="pk_group_members"),
        sa.ForeignKeyConstraint(
            ["group_id"], ["character_groups.id"], name="fk_group_members_group_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["character_id"], ["characters.id"], name="fk_group_members_character_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_group_members_character_id", "group_members", ["character_id"])
    op.create_table(
        "default_characters",
        sa.Column("owner_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("character_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "guild_id", name="pk_default_characters"),
        sa.ForeignKeyConstraint(
            ["character_id"], ["characters.id"], name="fk_default_characters_character_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_default_characters_character_id", "default_characters", ["character_id"])
    _fill_in(op.get_bind())
    op.create_index("ix_characters_search_name", "characters", ["owner_id", "search_name", "frecency"])
    op.create_index("ix_characters_frecency", "characters", ["owner_id", "frecency"])
    op.create_index("ix_characters_search_id", "characters", ["owner_id", "search_id"], unique=True)
    if op.get_bind().dialect.name == "sqlite":  # PostgreSQL reads the columns themselves (bot.store.cast_search)
        for statement in _SEARCH:
            op.execute(statement)


def _fill_in(connection: sa.Connection) -> None:
    """Write the searched texts where they are indexed (see below), and the uses that existing videos show."""
    uses: dict[int, list[datetime]] = {}
    for roles, made_at in connection.execute(sa.text("SELECT roles, created_at FROM videos ORDER BY created_at")):
        for role in json.loads(roles):
            uses.setdefault(role["character_id"], []).append(_instant(made_at))
    change = sa.text(
        "UPDATE characters SET uses = :uses, frecency = :frecency, last_used_at = coalesce(:last, last_used_at),"
        " search_name = :search_name, search_more = :search_more, search_id = :search_id WHERE id = :id"
    )
    next_ids: dict[int, int] = {}
    rows = connection.execute(
        sa.text("SELECT id, owner_id, name, display_name, created_at FROM characters ORDER BY id")
    )
    for row in rows.all():
        its = uses.get(row.id, [])
        frecency = used(None, _instant(row.created_at))
        for instant in its:
            frecency = used(frecency, instant)
        search_id = next_ids.get(row.owner_id, row.id << 20)
        next_ids[row.owner_id] = search_id + 1
        filled = {
            "id": row.id,
            "uses": len(its),
            "frecency": frecency,
            "last": (its[-1] - _EPOCH) // timedelta(microseconds=1) if its else None,
            "search_name": indexed(row.name),
            "search_more": indexed(row.display_name),
            "search_id": search_id,
        }
        connection.execute(change, filled)


def _instant(microseconds: object) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds if isinstance(microseconds, int) else 0)


# SQLite's full-text index of the searched columns, without their content. It cannot be queried for the rows of one
# person, but for a range of rows: so each person has a range of 2**20, which starts at the id of their first character.
# An id is never reused.
_SEARCH = (
    "CREATE VIRTUAL TABLE character_search USING fts5(search_name, search_more, content='characters',"
    " content_rowid='search_id', tokenize='trigram case_sensitive 1')",
    "INSERT INTO character_search (rowid, search_name, search_more)"
    " SELECT search_id, search_name, search_more FROM characters ORDER BY search_id",
    "CREATE TRIGGER character_search_insert AFTER INSERT ON characters BEGIN"
    " UPDATE characters SET search_id = coalesce("
    "(SELECT max(search_id) + 1 FROM characters WHERE owner_id = new.owner_id), new.id << 20) WHERE id = new.id;"
    " INSERT INTO character_search (rowid, search_name, search_more)"
    " SELECT search_id, search_name, search_more FROM characters WHERE id = new.id; END",
    "CREATE TRIGGER character_search_update AFTER UPDATE OF search_name, search_more ON characters BEGIN"
    " INSERT INTO character_search (character_search, rowid, search_name, search_more)"
    " VALUES ('delete', old.search_id, old.search_name, old.search_more);"
    " INSERT INTO character_search (rowid, search_name, search_more)"
    " VALUES (new.search_id, new.search_name, new.search_more); END",
    "CREATE TRIGGER character_search_delete AFTER DELETE ON characters BEGIN"
    " INSERT INTO character_search (character_search, rowid, search_name, search_more)"
    " VALUES ('delete', old.search_id, old.search_name, old.search_more); END",
)
