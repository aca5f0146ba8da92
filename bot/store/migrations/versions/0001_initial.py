"""The first schema: jobs, files, characters, drafts, consents, provider state and commands."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table. Instants are microseconds since 1970 in UTC."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("token", sa.Text),
        sa.Column("token_at", sa.BigInteger, nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("file_key", sa.String(160)),
        sa.Column("file_sha256", sa.String(64)),
        sa.Column("file_size", sa.BigInteger),
        sa.Column("file_mime", sa.String(64)),
        sa.Column("question", sa.String(16)),
        sa.Column("upload", sa.Text),
        sa.Column("submit_started_at", sa.BigInteger),
        sa.Column("lookups", sa.Integer, nullable=False),
        sa.Column("task_id", sa.String(128)),
        sa.Column("maybe_charged", sa.Boolean, nullable=False),
        sa.Column("progress", sa.Integer, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("failure", sa.Text),
        sa.Column("deliveries", sa.Text, nullable=False),
        sa.Column("delivered_at", sa.BigInteger),
        sa.Column("counted", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_next_attempt_at", "jobs", ["next_attempt_at"])
    op.create_index("ix_jobs_owner_id_created_at", "jobs", ["owner_id", "created_at"])
    op.create_index("ix_jobs_task_id", "jobs", ["task_id"])
    op.create_index("ix_jobs_token_at", "jobs", ["token_at"])
    op.create_table(
        "files",
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mime", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_files"),
    )
    op.create_index("ix_files_owner_id", "files", ["owner_id"])
    op.create_table(
        "characters",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("job_id", sa.String(16)),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("display_key", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("provider_id", sa.Text, nullable=False),
        sa.Column("task_id", sa.String(128), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("range_start", sa.String(32), nullable=False),
        sa.Column("range_end", sa.String(32), nullable=False),
        sa.Column("picture_key", sa.String(160)),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_used_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_characters"),
        sa.ForeignKeyConstraint(["picture_key"], ["files.key"], name="fk_characters_picture_key"),
        sa.UniqueConstraint("owner_id", "name_key", name="uq_characters_owner_id_name_key"),
        sa.UniqueConstraint("job_id", name="uq_characters_job_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_characters_owner_id_created_at", "characters", ["owner_id", "created_at"])
    op.create_index("ix_characters_task_id", "characters", ["task_id"])
    op.create_index("ix_characters_picture_key", "characters", ["picture_key"])
    op.create_table(
        "drafts",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("attachment", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
    )
    op.create_table(
        "consents",
        sa.Column("owner_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("given_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", name="pk_consents"),
    )
    op.create_table(
        "pauses",
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("what", name="pk_pauses"),
    )
    op.create_table(
        "closed_models",
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("model", name="pk_closed_models"),
    )
    op.create_table(
        "command_sync",
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("hash", sa.String(128), nullable=False),
        sa.Column("ids", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("what", name="pk_command_sync"),
    )
