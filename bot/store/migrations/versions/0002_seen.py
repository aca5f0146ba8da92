"""Findings about a job's video; the clip and stills of a character; whether its picture is one of them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("jobs", sa.Column("seen", sa.Text))
    op.add_column("characters", sa.Column("picture_is_still", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "character_files",
        sa.Column("character_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("key", sa.String(160), nullable=False),
        sa.PrimaryKeyConstraint("character_id", "position", name="pk_character_files"),
        sa.ForeignKeyConstraint(
            ["character_id"], ["characters.id"], name="fk_character_files_character_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["key"], ["files.key"], name="fk_character_files_key"),
    )
    op.create_index("ix_character_files_key", "character_files", ["key"])
