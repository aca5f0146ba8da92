"""The jobs that wait to be submitted, and those in the queue, are found among thousands that the provider works on."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

_INDEXES = {
    "ix_jobs_unsubmitted_due": ("next_attempt_at", "step != 'done' AND submit_started_at IS NULL"),
    "ix_jobs_queued": ("created_at", "step != 'done' AND admitted_at IS NULL AND outcome IS NULL"),
}


def upgrade() -> None:
    """Add the two partial indexes."""
    for name, (column, where) in _INDEXES.items():
        op.create_index(name, "jobs", [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
