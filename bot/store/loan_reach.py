"""The one condition under which a person may use another's character (design, rule 7)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Refusal
from bot.store.database import Database
from bot.store.loan_tables import loan_uses, loans
from bot.store.tables import characters, jobs
from bot.texts import Text, text
from bot.values.job import CastRole, Job, VideoRequest

USED = (
    loans.c.used_before
    + select(func.count())
    .select_from(loan_uses.join(jobs, jobs.c.id == loan_uses.c.job_id))
    .where(loan_uses.c.loan_id == loans.c.id, jobs.c.counted)
    .correlate(loans)
    .scalar_subquery()
)
"""How many uses of a loan count: those that cost nothing do not."""


def lent_to(user_id: int, guild_id: int | None) -> ColumnElement[bool]:
    """The loans of others that a person in that server, or outside any server, can use."""
    theirs = loans.c.borrower_id == user_id
    if guild_id is not None:
        theirs = or_(theirs, loans.c.guild_id == guild_id)
    return and_(theirs, loans.c.owner_id != user_id)


def begins_with(now: datetime) -> ColumnElement[bool]:
    """The loans with which one more video may be started."""
    in_time = or_(loans.c.until.is_(None), loans.c.until > now)
    return and_(in_time, or_(loans.c.uses.is_(None), loans.c.uses > USED))


def playable(user_id: int, role: CastRole) -> ColumnElement[bool]:
    """Condition on the characters table: the character of ``role``, if it is the person's own, or still lent to them.

    A video that was started in time continues; whether a loan to a server applies was checked when it started
    (:func:`use_loans`).
    """
    this = characters.c.id == role.character_id
    if role.loan_id is None:
        return and_(this, characters.c.owner_id == user_id)
    standing = select(loans.c.id).where(
        loans.c.id == role.loan_id,
        loans.c.character_id == characters.c.id,
        or_(loans.c.borrower_id == user_id, loans.c.guild_id.is_not(None)),
    )
    return and_(this, standing.exists())


def not_lent(name: str | Text) -> Text:
    """The text for a borrower whose loan has ended; nothing was sent."""
    return text("“{name}” is no longer lent to you, so I can't make this video. Nothing was charged.", name=name)


OF_BORROWED = Refusal(
    text(
        "A borrowed character plays in that video, so no character can be made from it. Ask its owner. Nothing was "
        "charged."
    )
)


async def lenders_of(database: Database, loan_ids: Collection[int]) -> set[int]:
    """Who has lent by these loans, as far as they still exist. A loan never gets another owner, nor its id again."""
    if not loan_ids:
        return set()
    async with database.read_at_once() as connection:
        owners = select(loans.c.owner_id).where(loans.c.id.in_(loan_ids))
        return set((await connection.scalars(owners)).all())


async def use_loans(connection: AsyncConnection, job: Job) -> None:
    """Count one use of each loan that ``job`` needs, in the transaction that inserts its row, with its lenders' locks.

    Raises :class:`~bot.errors.Refusal` if one does not apply to its owner there, has ended, or is used up.
    """
    for role in job.request.cast if isinstance(job.request, VideoRequest) else ():
        if role.loan_id is None:
            continue
        reaches = (
            loans.c.id == role.loan_id,
            loans.c.character_id == role.character_id,
            lent_to(job.owner_id, job.origin.guild_id),
            begins_with(job.created_at),
        )
        lender: int | None = await connection.scalar(select(loans.c.owner_id).where(*reaches))
        if lender is None:
            raise Refusal(not_lent(role.name))
        use = {"job_id": job.id, "character_id": role.character_id, "loan_id": role.loan_id, "owner_id": lender}
        await connection.execute(insert(loan_uses).values(use))


async def settle_uses(connection: AsyncConnection, job_ids: Sequence[str] | Select[Any]) -> None:
    """Those jobs are about to be deleted: keep their uses of loans as a number."""
    these = loan_uses.c.job_id.in_(job_ids)
    counted = (
        select(func.count())
        .select_from(loan_uses.join(jobs, jobs.c.id == loan_uses.c.job_id))
        .where(these, loan_uses.c.loan_id == loans.c.id, jobs.c.counted)
        .correlate(loans)
        .scalar_subquery()
    )
    touched = loans.c.id.in_(select(loan_uses.c.loan_id).where(these))
    await connection.execute(update(loans).where(touched).values(used_before=loans.c.used_before + counted))
