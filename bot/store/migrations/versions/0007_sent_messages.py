"""Messages in Discord that show something of a person: new ones, and the cards of existing characters."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_BY_RIGHT = {"announced", "channel", "dm"}


def upgrade() -> None:
    """Create the table, and fill in the cards that the jobs' deliveries name."""
    table = op.create_table(
        "sent_messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("owner_id", sa.BigInteger),
        sa.Column("job_id", sa.String(16)),
        sa.Column("character_id", sa.BigInteger),
        sa.Column("channel_id", sa.BigInteger, nullable=False),
        sa.Column("message_id", sa.BigInteger),
        sa.Column("shows", sa.String(16), nullable=False),
        sa.Column("locale", sa.String(16), nullable=False),
        sa.Column("token", sa.Text),
        sa.Column("token_at", sa.BigInteger),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.Column("wanted", sa.String(16)),
        sa.Column("asked", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger),
        sa.UniqueConstraint("channel_id", "message_id", name="uq_sent_messages_channel_id_message_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sent_messages_owner_id_id", "sent_messages", ["owner_id", "id"])
    op.create_index("ix_sent_messages_character_id", "sent_messages", ["character_id"])
    op.create_index("ix_sent_messages_sent_at", "sent_messages", ["sent_at"])
    wanted, keyed = sa.text("wanted IS NOT NULL"), sa.text("token IS NOT NULL")
    for name, column, where in (("wanted", "next_attempt_at", wanted), ("with_token", "token_at", keyed)):
        index = f"ix_sent_messages_{name}"
        op.create_index(index, "sent_messages", [column], sqlite_where=where, postgresql_where=where)
    made = sa.text(
        "SELECT characters.id, characters.owner_id, jobs.id AS job_id, jobs.origin, jobs.deliveries, "
        "coalesce(jobs.finished_at, jobs.updated_at) AS at FROM characters JOIN jobs ON jobs.id = characters.job_id"
    )
    for row in op.get_bind().execute(made).all():
        found = _standing(row.origin, row.deliveries)
        if found is None:
            continue
        known = {"owner_id": row.owner_id, "job_id": row.job_id, "character_id": row.id, "sent_at": row.at}
        op.bulk_insert(table, [found | known | {"shows": "result", "asked": 0, "attempts": 0}])


def _standing(origin: str, deliveries: str) -> dict[str, object] | None:
    """The location of a job's card that the bot may edit; ``None`` if there is none, or the row cannot be read."""
    try:
        sent = [each for each in json.loads(deliveries) if each["message_id"] is not None and each["path"] in _BY_RIGHT]
        return {**_place(sent[-1]), "locale": str(json.loads(origin)["locale"])[:16]} if sent else None
    except (ValueError, TypeError, KeyError):
        return None


def _place(sent: dict[str, int]) -> dict[str, int]:
    return {"channel_id": sent["channel_id"], "message_id": sent["message_id"]}
