"""Private avatars: which pictures of which characters the provider has as assets."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "avatar_groups",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_avatar_groups"),
    )
    op.create_table(
        "avatars",
        sa.Column("asset_id", sa.String(128), nullable=False),
        sa.Column("character_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("last_used_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("asset_id", name="pk_avatars"),
        sa.UniqueConstraint("character_id", "sha256", name="uq_avatars_character_id_sha256"),
        sa.ForeignKeyConstraint(
            ["character_id"], ["characters.id"], name="fk_avatars_character_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_avatars_last_used_at", "avatars", ["last_used_at"])
