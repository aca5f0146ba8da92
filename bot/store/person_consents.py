"""Queries of the person_consents table: who was asked whether a character may be used, and what they answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, RowMapping, and_, case, cast, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits
from bot.errors import Refusal
from bot.store.consent_denials import denied_since, record_denial
from bot.store.database import Database
from bot.store.loan_tables import person_consents
from bot.store.pseudonyms import Pseudonyms
from bot.store.tables import character_files, characters
from bot.store.write_locks import owner_lock
from bot.texts import ntext, text
from bot.values.loan import Answer, PersonConsent

_SELECT = select(person_consents, characters.c.name).outerjoin(
    characters,
    and_(
        person_consents.c.character_id == characters.c.id,
        person_consents.c.owner_id == characters.c.owner_id,
    ),
)


@dataclass(frozen=True, slots=True)
class Untold:
    """Answers that their owner does not know yet, by question id.

    ``refused``: the names of characters that a no has deleted. ``agreed``: who said yes, and to which character.
    """

    refused: Mapping[int, str]
    agreed: Mapping[int, tuple[int, str]]


class PersonConsentStore:
    """The person_consents table. Other people's questions and answers count as unknown (design, rule 7)."""

    def __init__(self, database: Database, people: Pseudonyms) -> None:
        self._database = database
        self._people = people

    async def ask(self, owner_id: int, character_id: int, person_id: int, *, now: datetime) -> PersonConsent | None:
        """Record that the person is being asked about the owner's character; ``None`` if there is no such character.

        The question counts as asked once :meth:`sent` is called; if that was interrupted, it may be repeated after
        :data:`bot.limits.PEOPLE_BEING_ASKED`. Raises :class:`~bot.errors.Refusal` if they have been asked, or are being
        asked, have said no to this owner recently, or this owner waits for too many answers.
        """
        mine = select(characters.c.id).where(characters.c.owner_id == owner_id, characters.c.id == character_id)
        theirs = (person_consents.c.owner_id == owner_id, person_consents.c.person_id == person_id)
        asked = _SELECT.where(*theirs, person_consents.c.character_id == character_id)
        its = person_consents.c
        being_asked = now - limits.PEOPLE_BEING_ASKED
        unanswered = (its.answer.is_(None), or_(its.sent_at.is_not(None), its.asked_at > being_asked))
        waiting = select(func.count()).select_from(person_consents).where(its.owner_id == owner_id, *unanswered)
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            if await connection.scalar(mine) is None:
                return None
            known = (await connection.execute(asked)).mappings().one_or_none()
            cut_off = known is not None and known["sent_at"] is None and known["asked_at"] <= being_asked
            if known is not None and known["answer"] is None and not cut_off:
                raise Refusal(text("You already asked them. I'll tell you when they answer."))
            if known is not None and known["answer"] == Answer.NO:  # a kill prevented its deletion
                raise Refusal(text("The person shown said no when you asked."))
            if known is not None and known["answer"] == Answer.YES:
                raise Refusal(text("They already said yes."))
            lately = now - limits.PEOPLE_ASKED_AGAIN
            if await denied_since(connection, self._people, owner_id, person_id, lately):
                raise Refusal(
                    ntext(
                        "They said no to you within the last {count} day, so I won't ask them again yet.",
                        "They said no to you within the last {count} days, so I won't ask them again yet.",
                        count=limits.PEOPLE_ASKED_AGAIN.days,
                    )
                )
            if (await connection.scalar(waiting) or 0) >= limits.PEOPLE_ASKED:
                raise Refusal(
                    ntext(
                        "You're waiting for {count} answer already. Ask again when one has come.",
                        "You're waiting for {count} answers already. Ask again when one has come.",
                        count=limits.PEOPLE_ASKED,
                    )
                )
            if known is not None:
                await connection.execute(update(person_consents).where(its.id == known["id"]).values(asked_at=now))
                return replace(_to_consent(known), asked_at=now)
            row = {"owner_id": owner_id, "character_id": character_id, "person_id": person_id, "asked_at": now}
            made = (await connection.scalars(insert(person_consents).values(row).returning(person_consents.c.id))).one()
            found = await connection.execute(_SELECT.where(person_consents.c.id == made))
            return _to_consent(found.mappings().one())

    async def sent(self, owner_id: int, consent_id: int, *, now: datetime) -> None:
        """Record that the question was delivered."""
        this = (person_consents.c.id == consent_id, person_consents.c.owner_id == owner_id)
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            await connection.execute(update(person_consents).where(*this).values(sent_at=now))

    async def unask(self, owner_id: int, consent_id: int) -> None:
        """Withdraw the question: neither it nor a later one could be delivered, and there is no answer."""
        this = (person_consents.c.id == consent_id, person_consents.c.owner_id == owner_id)
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            unsent = (person_consents.c.answer.is_(None), person_consents.c.sent_at.is_(None))
            await connection.execute(delete(person_consents).where(*this, *unsent))

    async def asked(self, person_id: int, consent_id: int) -> PersonConsent | None:
        """What that person was asked."""
        this = (person_consents.c.id == consent_id, person_consents.c.person_id == person_id)
        async with self._database.read_at_once() as connection:
            row = (await connection.execute(_SELECT.where(*this))).mappings().one_or_none()
            return None if row is None else _to_consent(row)

    async def answer(self, person_id: int, consent_id: int, answer: Answer, *, now: datetime) -> PersonConsent | None:
        """Record their answer; a no is final. ``None`` if nobody asked them."""
        this = (person_consents.c.id == consent_id, person_consents.c.person_id == person_id)
        changed = update(person_consents).where(
            *this, or_(person_consents.c.answer.is_(None), person_consents.c.answer != Answer.NO)
        )
        named = select(characters.c.name).where(
            characters.c.id == person_consents.c.character_id, characters.c.owner_id == person_consents.c.owner_id
        )
        changes: dict[str, Any] = {"answer": answer, "answered_at": now}
        its = person_consents.c
        changes["untold"] = case((its.answer == answer, its.untold), else_=named.scalar_subquery())  # once is enough
        async with self._database.write() as connection:  # all locks: anybody may be making something of it
            await connection.execute(changed.values(changes))
            row = (await connection.execute(_SELECT.where(*this))).mappings().one_or_none()
            if row is not None and row["answer"] == Answer.NO:
                no = _to_consent(row)
                copies = await _refuse_copies(connection, no, now)
                await record_denial(connection, self._people, no.owner_id, person_id, [no.character_id, *copies], now)
            return None if row is None else _to_consent(row)

    async def refused(self, owner_id: int, person_id: int) -> tuple[int, ...]:
        """The ids of the owner's existing characters that the person has denied."""
        its = person_consents.c
        theirs = (its.owner_id == owner_id, its.person_id == person_id, its.answer == Answer.NO)
        there = select(characters.c.id).join(person_consents, its.character_id == characters.c.id)
        async with self._database.read_at_once() as connection:
            found = await connection.scalars(there.where(*theirs, characters.c.owner_id == owner_id))
            return tuple(found.all())

    async def untold(self, owner_id: int) -> Untold:
        """The answers of which the owner does not know yet."""
        its = person_consents.c
        waiting = select(its.id, its.answer, its.person_id, its.untold).where(
            its.owner_id == owner_id, its.untold.is_not(None), its.answer.is_not(None)
        )
        async with self._database.read_at_once() as connection:
            rows = (await connection.execute(waiting)).all()
        return Untold(
            refused={row.id: row.untold for row in rows if row.answer == Answer.NO},
            agreed={row.id: (row.person_id, row.untold) for row in rows if row.answer == Answer.YES},
        )

    async def told(self, owner_id: int, consent_ids: Collection[int]) -> None:
        """The owner has been told about these."""
        these = (person_consents.c.owner_id == owner_id, person_consents.c.id.in_(consent_ids))
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            await connection.execute(update(person_consents).where(*these).values(untold=None))

    async def of_character(self, owner_id: int, character_id: int) -> tuple[PersonConsent, ...]:
        """Who was asked about the owner's character."""
        its = (person_consents.c.owner_id == owner_id, person_consents.c.character_id == character_id)
        asked = or_(person_consents.c.sent_at.is_not(None), person_consents.c.answer.is_not(None))
        async with self._database.read() as connection:
            return tuple(await _read(connection, and_(*its, asked)))


async def _refuse_copies(connection: AsyncConnection, no: PersonConsent, now: datetime) -> list[int]:
    """Extend their no to each copy: imports make copies from the same files, with the same creation instant.

    Characters from overlapping seconds of the same video count too. Returns the ids of all of them.
    """
    its = characters.alias()
    keys = select(character_files.c.key).where(character_files.c.character_id == no.character_id)
    sharing = select(character_files.c.character_id).where(character_files.c.key.in_(keys))
    overlap = and_(
        cast(characters.c.range_start, Float) < cast(its.c.range_end, Float),
        cast(its.c.range_start, Float) < cast(characters.c.range_end, Float),
    )
    same_files = or_(characters.c.id.in_(sharing), characters.c.picture_key == its.c.picture_key)
    copies = select(characters.c.id, characters.c.name).where(
        characters.c.owner_id == no.owner_id,
        characters.c.id != its.c.id,
        or_(
            and_(characters.c.source_hash == its.c.source_hash, overlap),
            and_(characters.c.created_at == its.c.created_at, same_files),
        ),
        its.c.owner_id == no.owner_id,
        its.c.id == no.character_id,
    )
    found = (await connection.execute(copies)).all()
    for copy in found:
        row = {"owner_id": no.owner_id, "character_id": copy.id, "person_id": no.person_id}
        same = and_(person_consents.c.character_id == copy.id, person_consents.c.person_id == no.person_id)
        if await connection.scalar(select(person_consents.c.id).where(same)) is None:
            await connection.execute(insert(person_consents).values(row | {"asked_at": no.asked_at}))
        changes = {"answer": Answer.NO, "answered_at": now, "untold": copy.name}
        await connection.execute(update(person_consents).where(same).values(changes))
    return [copy.id for copy in found]


async def consents_of(
    connection: AsyncConnection, user_id: int
) -> tuple[tuple[PersonConsent, ...], tuple[PersonConsent, ...]]:
    """What that person has asked others, and what they were asked, within the caller's transaction."""
    asked = await _read(connection, person_consents.c.owner_id == user_id)
    answered = await _read(connection, person_consents.c.person_id == user_id)
    return tuple(asked), tuple(answered)


async def _read(connection: AsyncConnection, which: ColumnElement[bool]) -> list[PersonConsent]:
    rows = await connection.execute(_SELECT.where(which).order_by(person_consents.c.id))
    return [_to_consent(row) for row in rows.mappings()]


def _to_consent(row: RowMapping) -> PersonConsent:
    return PersonConsent(
        **{name: row[name] for name in ("id", "owner_id", "character_id", "person_id", "name")},
        asked_at=row["asked_at"],
        answer=None if row["answer"] is None else Answer(row["answer"]),
        answered_at=row["answered_at"],
    )
