"""Videos; what is uploaded for them; and the size and length of the files in a character's reference set."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the table and the columns. They are empty for existing files."""
    op.add_column("jobs", sa.Column("uploads", sa.Text))
    for name, kind in (("width", sa.Integer), ("height", sa.Integer), ("seconds", sa.Float)):
        op.add_column("character_files", sa.Column(name, kind))
    op.create_table(
        "videos",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("job_id", sa.String(16), nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("file_key", sa.String(160), nullable=False),
        sa.Column("poster_key", sa.String(160)),
        sa.Column("seconds", sa.Float),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_videos"),
        sa.UniqueConstraint("job_id", name="uq_videos_job_id"),
        sa.ForeignKeyConstraint(["file_key"], ["files.key"], name="fk_videos_file_key"),
        sa.ForeignKeyConstraint(["poster_key"], ["files.key"], name="fk_videos_poster_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_videos_owner_id_created_at", "videos", ["owner_id", "created_at"])
    op.create_index("ix_videos_created_at", "videos", ["created_at"])
    op.create_index("ix_videos_file_key", "videos", ["file_key"])
    op.create_index("ix_videos_poster_key", "videos", ["poster_key"])
