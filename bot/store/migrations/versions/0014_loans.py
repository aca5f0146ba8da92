"""Lent characters, the jobs that use them, and the answers of people in a character."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "loans",
        sa.Column("id", _ID, nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("character_id", _ID, nullable=False),
        sa.Column("borrower_id", sa.BigInteger),
        sa.Column("guild_id", sa.BigInteger),
        sa.Column("uses", sa.Integer),
        sa.Column("used_before", sa.Integer, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_loans"),
        sa.UniqueConstraint("character_id", "borrower_id", name="uq_loans_character_id_borrower_id"),
        sa.UniqueConstraint("character_id", "guild_id", name="uq_loans_character_id_guild_id"),
        sa.ForeignKeyConstraint(["character_id"], ["characters.id"], name="fk_loans_character_id", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "loan_uses",
        sa.Column("job_id", sa.String(16), nullable=False),
        sa.Column("character_id", _ID, nullable=False),
        sa.Column("loan_id", _ID, nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "character_id", name="pk_loan_uses"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_loan_uses_job_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["character_id"], ["characters.id"], name="fk_loan_uses_character_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "person_consents",
        sa.Column("id", _ID, nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("character_id", _ID, nullable=False),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("answer", sa.String(8)),
        sa.Column("answered_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_person_consents"),
        sa.UniqueConstraint("character_id", "person_id", name="uq_person_consents_character_id_person_id"),
        sqlite_autoincrement=True,
    )
    for table, column in (
        *(("loans", each) for each in ("owner_id", "borrower_id", "guild_id")),
        *(("loan_uses", each) for each in ("loan_id", "character_id", "owner_id")),
        *(("person_consents", each) for each in ("owner_id", "person_id")),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column])
