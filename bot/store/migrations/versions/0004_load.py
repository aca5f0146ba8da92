"""Partial indexes without finished jobs; and the column for where a job was requested is named "origin"."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_UNFINISHED = sa.text("step != 'done'")
_LEASED = sa.text("lease_owner IS NOT NULL")
_KEY = sa.text("token IS NOT NULL")


def upgrade() -> None:
    """Change the indexes and rename the column; its content stays the same."""
    op.alter_column("jobs", "asked", new_column_name="origin")
    for old in ("next_attempt_at", "token_at", "step"):
        op.drop_index(f"ix_jobs_{old}", "jobs")
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"])
    op.create_index(
        "ix_jobs_unfinished_due", "jobs", ["next_attempt_at"], sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED
    )
    op.create_index(
        "ix_jobs_unfinished_owner",
        "jobs",
        ["owner_id", "created_at"],
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    )
    op.create_index(
        "ix_jobs_leased", "jobs", ["lease_owner", "owner_id"], sqlite_where=_LEASED, postgresql_where=_LEASED
    )
    op.create_index("ix_jobs_with_token", "jobs", ["token_at"], sqlite_where=_KEY, postgresql_where=_KEY)
    op.create_index("ix_drafts_owner_id", "drafts", ["owner_id"])
    op.create_index("ix_drafts_created_at", "drafts", ["created_at"])
    op.create_index("ix_day_counters_day", "day_counters", ["day"])
