"""Queries of the loans: an owner's loans, the videos that others made with them, and what is lent to a person."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, RowMapping, Select, and_, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits
from bot.errors import Refusal
from bot.store.character_rows import picture_of
from bot.store.database import Database
from bot.store.job_rows import readable_one, to_columns
from bot.store.loan_reach import USED, begins_with, lenders_of, lent_to
from bot.store.loan_tables import loan_uses, loans
from bot.store.owned_jobs import FREE
from bot.store.tables import UNFINISHED, characters, files, jobs, videos
from bot.store.write_locks import owner_lock
from bot.texts import ntext
from bot.values.job import BEFORE_SUBMISSION, Job, Origin, Outcome, Transition, VideoRequest
from bot.values.loan import Borrowed, Loan, LoanRecipient, LoanUse

_ORIGIN = TypeAdapter(Origin)
_REQUEST = TypeAdapter(VideoRequest)
_SELECT = select(loans, characters.c.name, USED.label("used")).join(characters, loans.c.character_id == characters.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """The result of taking back: how many loans ended, and which jobs were ``stopped`` before they were sent.

    ``going_on``: how many jobs the provider is working on.
    """

    loans: int
    stopped: tuple[Job, ...] = ()
    going_on: int = 0


class LoanStore:
    """The tables loans and loan_uses. Another person's loan counts as unknown (design, rule 7)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- the owner's side ---------------------------------------------------------------------------------------------

    async def lend(
        self,
        owner_id: int,
        character_id: int,
        to: LoanRecipient,
        *,
        uses: int | None,
        until: datetime | None,
        now: datetime,
    ) -> Loan | None:
        """Lend it, or change the terms of the existing loan: its uses start over. ``None``: no such character.

        Raises :class:`~bot.errors.Refusal` if the owner has too many loans, or others have lent too many to the same
        recipient.
        """
        mine = select(characters.c.id).where(characters.c.owner_id == owner_id, characters.c.id == character_id)
        this = and_(loans.c.character_id == character_id, _to(to))
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            if await connection.scalar(mine) is None:
                return None
            await connection.execute(delete(loans).where(loans.c.character_id == character_id, ~this, _forgotten(now)))
            known = await connection.scalar(select(loans.c.id).where(this))
            if known is None:
                await self._check_room(connection, owner_id, character_id, to)
                row = {"owner_id": owner_id, "character_id": character_id, "used_before": 0, "created_at": now}
                row |= {"borrower_id": to.person, "guild_id": to.server, "uses": uses, "until": until}
                known = (await connection.scalars(insert(loans).values(row).returning(loans.c.id))).one()
            else:
                more = None if uses is None else uses + USED
                await connection.execute(update(loans).where(this).values(uses=more, until=until))
            found = await connection.execute(_SELECT.where(loans.c.id == known))
            return _to_loan(found.mappings().one())

    async def _check_room(
        self, connection: AsyncConnection, owner_id: int, character_id: int, to: LoanRecipient
    ) -> None:
        of_it = select(func.count()).select_from(loans).where(loans.c.character_id == character_id)
        if (await connection.scalar(of_it) or 0) >= limits.LOANS_PER_CHARACTER:
            raise Refusal(
                ntext(
                    "You have lent this character {count} time, which is the most. Take it back from somebody first "
                    "with /character take-back, or lend it to a whole server.",
                    "You have lent this character {count} times, which is the most. Take it back from somebody first "
                    "with /character take-back, or lend it to a whole server.",
                    count=limits.LOANS_PER_CHARACTER,
                )
            )
        theirs = select(func.count()).select_from(loans).where(loans.c.owner_id == owner_id, _to(to))
        if (await connection.scalar(theirs) or 0) >= limits.LOANS_TO_ONE:
            raise Refusal(
                ntext(
                    "You have lent {count} character there, which is the most. Take one back first with /character "
                    "take-back.",
                    "You have lent {count} characters there, which is the most. Take one back first with /character "
                    "take-back.",
                    count=limits.LOANS_TO_ONE,
                )
            )

    async def of_character(self, owner_id: int, character_id: int) -> tuple[Loan, ...]:
        """The loans of the owner's character, newest first, up to the most there can be."""
        its = _SELECT.where(loans.c.owner_id == owner_id, loans.c.character_id == character_id)
        return await self._read(its.order_by(loans.c.id.desc()).limit(limits.LOANS_PER_CHARACTER))

    async def get(self, owner_id: int, loan_id: int) -> Loan | None:
        """One loan of the owner's."""
        found = await self._read(_SELECT.where(loans.c.owner_id == owner_id, loans.c.id == loan_id))
        return next(iter(found), None)

    async def lent_names(self, owner_id: int) -> tuple[str, ...]:
        """The names of the characters that the owner has lent."""
        lent = select(characters.c.name).join(loans, loans.c.character_id == characters.c.id)
        async with self._database.read_at_once() as connection:
            found = await connection.scalars(
                lent.where(loans.c.owner_id == owner_id).distinct().order_by(characters.c.name)
            )
            return tuple(found.all())

    async def take_back(
        self,
        owner_id: int,
        stop: Callable[[Job], Transition],
        *,
        now: datetime,
        character_id: int | None = None,
        to: LoanRecipient | None = None,
        loan_id: int | None = None,
    ) -> TakenBack:
        """End all loans of the owner's, or those of a character, to one recipient, or a single one, in one transaction.

        ``stop`` ends a video that was started with such a loan and not sent yet: its step loses its lease, so its next
        write, which precedes the request, fails.
        """
        which: list[ColumnElement[bool]] = [loans.c.owner_id == owner_id]
        which += [loans.c.character_id == character_id] if character_id is not None else []
        which += [_to(to)] if to is not None else []
        which += [loans.c.id == loan_id] if loan_id is not None else []
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            stopped, going_on = await _stop(connection, select(loans.c.id).where(*which), stop, now)
            gone = (await connection.execute(delete(loans).where(*which))).rowcount
            return TakenBack(loans=gone, stopped=stopped, going_on=going_on)

    async def uses(
        self, owner_id: int, character_id: int, *, offset: int, limit: int
    ) -> tuple[tuple[LoanUse, ...], int]:
        """What others have started with the owner's character, newest first, and how many there are in all."""
        its = (loan_uses.c.owner_id == owner_id, loan_uses.c.character_id == character_id)
        shown = (
            select(jobs.c.id, jobs.c.owner_id, jobs.c.origin, jobs.c.request, jobs.c.outcome, jobs.c.created_at)
            .add_columns(jobs.c.token_at, videos.c.id.label("video_id"))
            .select_from(loan_uses.join(jobs, jobs.c.id == loan_uses.c.job_id).outerjoin(videos, _of_job()))
            .where(*its)
            .order_by(jobs.c.created_at.desc(), jobs.c.id)
        )
        count = select(func.count()).select_from(loan_uses).where(*its)
        async with self._database.read() as connection:
            rows = (await connection.execute(shown.offset(offset).limit(limit))).mappings().all()
            return tuple(_to_use(row) for row in rows), await connection.scalar(count) or 0

    async def lenders(self, job_ids: Collection[str], *, asker: int) -> Mapping[str, Mapping[int, int]]:
        """For ``asker``'s jobs: by job and character, the owner of each borrowed character that still exists."""
        used = (
            select(loan_uses.c.job_id, loan_uses.c.character_id, loan_uses.c.owner_id)
            .join(jobs, jobs.c.id == loan_uses.c.job_id)
            .where(loan_uses.c.job_id.in_(job_ids), jobs.c.owner_id == asker)
        )
        found: dict[str, dict[int, int]] = {}
        async with self._database.read_at_once() as connection:
            for job_id, character_id, owner_id in await connection.execute(used):
                found.setdefault(job_id, {})[character_id] = owner_id
        return found

    # -- the borrower's side ------------------------------------------------------------------------------------------

    async def borrowed(self, user_id: int, guild_id: int | None, *, now: datetime) -> tuple[Borrowed, ...]:
        """What that person can borrow in that server: each character once, newest loans first.

        ``called`` is the name its owner gave it: the caller has to make names unique.
        """
        own = characters.alias()
        clash = exists().where(own.c.owner_id == user_id, own.c.name_key == characters.c.name_key)
        reach = (
            select(loans, USED.label("used"), characters.c.name, clash.label("clashes"))
            .add_columns(*(files.c[name].label(f"picture_{name}") for name in ("key", "sha256", "size", "mime")))
            .select_from(
                loans.join(characters, loans.c.character_id == characters.c.id).outerjoin(
                    files, characters.c.picture_key == files.c.key
                )
            )
            .where(lent_to(user_id, guild_id), begins_with(now))
            .order_by(loans.c.borrower_id.is_(None), loans.c.id.desc())
            .limit(limits.LOANS_BORROWED)
        )
        async with self._database.read_at_once() as connection:
            rows = (await connection.execute(reach)).mappings().all()
        return tuple({row["character_id"]: _to_borrowed(row) for row in reversed(rows)}.values())[::-1]

    async def give_back(self, user_id: int, loan_id: int) -> bool:
        """End a loan at the borrower's request; ``False`` if there is none."""
        theirs = delete(loans).where(loans.c.id == loan_id, loans.c.borrower_id == user_id)
        if not (lender := await lenders_of(self._database, {loan_id})):
            return False
        async with self._database.write(locks=set(map(owner_lock, lender))) as connection:
            return (await connection.execute(theirs)).rowcount > 0

    async def _read(self, query: Select[Any]) -> tuple[Loan, ...]:
        async with self._database.read_at_once() as connection:
            return tuple(_to_loan(row) for row in (await connection.execute(query)).mappings())


async def loans_of(connection: AsyncConnection, *, owner_id: int | None = None, borrower_id: int = 0) -> list[Loan]:
    """Everything the owner has lent, or everything lent to that person, within the caller's transaction."""
    theirs = loans.c.owner_id == owner_id if owner_id is not None else loans.c.borrower_id == borrower_id
    rows = await connection.execute(_SELECT.where(theirs).order_by(loans.c.id))
    return [_to_loan(row) for row in rows.mappings()]


async def _stop(
    connection: AsyncConnection, ending: Select[tuple[int]], stop: Callable[[Job], Transition], now: datetime
) -> tuple[tuple[Job, ...], int]:
    """End the jobs that were started with those loans and not sent; returns them, and how many continue."""
    begun = select(loan_uses.c.job_id).where(loan_uses.c.loan_id.in_(ending))
    under_way = select(jobs).where(jobs.c.id.in_(begun), UNFINISHED, jobs.c.outcome.is_(None))
    under_way = under_way.order_by(jobs.c.id).with_for_update()  # their steps and their owners write to them as well
    stopped: list[Job] = []
    going_on = 0
    for row in (await connection.execute(under_way)).mappings().all():
        job = readable_one(row)
        if job is None:
            continue
        if job.submit_started_at is not None or job.step not in BEFORE_SUBMISSION:
            going_on += 1
            continue
        columns = to_columns(stop(job).changes) | FREE | {"updated_at": now}
        changed = update(jobs).where(jobs.c.id == job.id).values(columns).returning(*jobs.c)
        ended = readable_one((await connection.execute(changed)).mappings().one())
        stopped += [ended] if ended is not None else []
    return tuple(stopped), going_on


def _forgotten(now: datetime) -> ColumnElement[bool]:
    """Loans that have ended and have no running job."""
    under_way = (
        select(jobs.c.id)
        .join(loan_uses, jobs.c.id == loan_uses.c.job_id)
        .where(loan_uses.c.loan_id == loans.c.id, jobs.c.outcome.is_(None))
    )
    return and_(~begins_with(now), ~under_way.exists())


def _of_job() -> ColumnElement[bool]:
    return videos.c.job_id == loan_uses.c.job_id


def _to(to: LoanRecipient) -> ColumnElement[bool]:
    return loans.c.guild_id == to.server if to.person is None else loans.c.borrower_id == to.person


def _to_loan(row: RowMapping) -> Loan:
    return Loan(
        **{name: row[name] for name in ("id", "character_id", "name", "uses", "used", "until", "created_at")},
        to=LoanRecipient(person=row["borrower_id"], server=row["guild_id"]),
    )


def _to_use(row: RowMapping) -> LoanUse:
    origin = _ORIGIN.validate_json(row["origin"])
    return LoanUse(
        job_id=row["id"],
        borrower_id=row["owner_id"],
        guild_id=origin.guild_id,
        channel_id=origin.channel_id,
        prompt=_REQUEST.validate_json(row["request"]).prompt,
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        video_id=row["video_id"],
        at=row["created_at"],
    )


def _to_borrowed(row: RowMapping) -> Borrowed:
    return Borrowed(
        loan_id=row["id"],
        character_id=row["character_id"],
        owner_id=row["owner_id"],
        name=row["name"],
        called=row["name"],
        clashes=row["clashes"],
        picture=picture_of(row),
        by_server=row["borrower_id"] is None,
        left=None if row["uses"] is None else max(0, row["uses"] - row["used"]),
        until=row["until"],
    )
