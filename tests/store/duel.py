"""Two processes on one PostgreSQL: the first is held right before its commit, and what the second does is watched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs import transitions
from bot.store.characters import CharacterStore
from bot.store.consent_denials import ConsentDenialStore
from bot.store.database import Database
from bot.store.jobs import JobStore
from bot.store.loans import LoanStore, TakenBack
from bot.store.new_characters import NewCharacter
from bot.store.owned_jobs import OwnedJobStore
from bot.store.person_consents import PersonConsentStore
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import Quota
from bot.store.sent_messages import SentMessageStore
from bot.store.videos import NewVideo, VideoStore
from bot.values.character import Character
from bot.values.files import StoredFile
from bot.values.job import CastRole, Job, Outcome, Step, Transition, VideoRequest
from bot.values.loan import LoanRecipient
from bot.values.sent_message import NewMessage, ShownContent
from tests.patience import PATIENCE

OWNER, OTHER, LENDER, PERSON, SERVER = 7, 8, 9, 10, 1
_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
FILM = StoredFile(key=f"{OTHER}/{'a' * 64}", sha256="a" * 64, size=900, mime="video/mp4")

Act = Callable[["Process"], Awaitable[object]]


@dataclass
class Process:
    """What one process does on the database that it shares with the other one."""

    database: Database
    people: Pseudonyms
    new_job: Callable[..., Job]
    cast_fields: dict[str, Any]
    now: datetime

    @property
    def jobs(self) -> JobStore:
        return JobStore(self.database)

    @property
    def asking(self) -> PersonConsentStore:
        return PersonConsentStore(self.database, self.people)

    async def add(self, quota: Quota | None = None, **fields: Any) -> Job:
        return await self.jobs.add(self.new_job(**fields), quota or Quota())

    async def store(self, job: Job, name: str = "Ann", **fields: Any) -> Character:
        """Store the character that ``job`` has made."""
        new = NewCharacter(**self.cast_fields | {"name": name, "owner_id": job.owner_id} | fields)
        made = Transition("test", {"outcome": Outcome.SUCCEEDED})
        _, character = await CharacterStore(self.database).add_for_job(
            job.id, job.lease, new, lambda _: made, now=self.now
        )
        return character

    async def character(self, owner_id: int = OWNER, name: str = "Ann", **fields: Any) -> Character:
        return await self.store(await self.leased(owner_id=owner_id, step=Step.COLLECT), name, **fields)

    async def leased(self, **fields: Any) -> Job:
        return await self.add(lease_owner="runner", **fields)

    async def lend(self, character: Character, to: LoanRecipient, uses: int | None = None) -> int:
        loan = await LoanStore(self.database).lend(LENDER, character.id, to, uses=uses, until=None, now=self.now)
        assert loan is not None
        return loan.id

    async def film(
        self, character: Character, loan_id: int | None = None, quota: Quota | None = None, **fields: Any
    ) -> Job:
        """Start a video with that character."""
        request = VideoRequest(
            prompt="@Ann",
            cast=(CastRole(character_id=character.id, name="Ann", loan_id=loan_id),),
            model="wan2.6",
            duration=5,
            ratio="9:16",
            resolution="720p",
            sound=False,
            price=Decimal(1),
        )
        return await self.add(quota, **{"request": request, "owner_id": OTHER, **fields})

    async def keep_film(self, job: Job, cast: Sequence[Character] = ()) -> object:
        """Store the video that ``job`` has made."""
        denials = ConsentDenialStore(self.database, self.people).of_characters([each.id for each in cast])
        roles = tuple(CastRole(character_id=each.id, name=each.name) for each in cast)
        new = NewVideo(
            owner_id=job.owner_id, prompt="@Ann", model="wan2.6", roles=roles, file=FILM, denial_keys=denials
        )
        made = Transition("test", {"outcome": Outcome.SUCCEEDED})
        return await VideoStore(self.database).add_for_job(job.id, job.lease, new, lambda _: made, now=self.now)

    async def cancel(self, job: Job) -> Job | None:
        return await OwnedJobStore(self.database).decide(
            job.owner_id, job.id, lambda its: transitions.cancelled(its, self.now), now=self.now
        )

    async def take_back(self) -> TakenBack:
        return await LoanStore(self.database).take_back(
            LENDER, lambda its: transitions.cancelled(its, self.now), now=self.now
        )

    async def note(self, character: Character, message_id: int = 5, **fields: Any) -> None:
        """Record a message that shows the character by the name that it had when it was sent."""
        new = NewMessage(
            owner_id=character.owner_id,
            channel_id=2,
            message_id=message_id,
            shows=ShownContent.CARD,
            locale="en",
            character_id=character.id,
            name=character.name,
        )
        await SentMessageStore(self.database).note(replace(new, **fields), now=self.now)

    async def rows(self, query: Any) -> list[Any]:
        async with self.database.read_at_once() as connection:
            return list((await connection.execute(query)).all())


@dataclass
class Held:
    """Holds back the next transaction of a process before its commit."""

    reached: asyncio.Event
    go_on: asyncio.Event

    @classmethod
    def of(cls, database: Database) -> Held:
        held, write = cls(asyncio.Event(), asyncio.Event()), database.write

        @asynccontextmanager
        async def held_write(**options: Any) -> AsyncIterator[AsyncConnection]:
            async with write(**options) as connection:
                yield connection
                held.reached.set()
                await held.go_on.wait()

        database.write = held_write  # type: ignore[method-assign]  # this one database, in this test
        return held


class Duel:
    """A ``first`` that is held before its commit, and a ``second`` that begins meanwhile."""

    def __init__(self, processes: list[Process]) -> None:
        self.one, self.other, self.watch = processes

    async def waits(self, first: Act, second: Act) -> tuple[object, object]:
        """Their results, where the second has to wait for the first; an exception is one, too."""
        held, running = await self.hold(first)
        waiting = asyncio.ensure_future(second(self.other))
        async with asyncio.timeout(PATIENCE):
            while not await self.somebody_waits() and not waiting.done():
                await asyncio.sleep(0.01)
        assert not waiting.done(), f"did not wait: {waiting}"
        held.go_on.set()
        one, other = await asyncio.gather(running, waiting, return_exceptions=True)
        return one, other

    async def passes(self, first: Act, second: Act) -> None:
        """The second ends while the first is held."""
        held, running = await self.hold(first)
        await asyncio.wait_for(second(self.other), PATIENCE)
        assert not running.done()
        held.go_on.set()
        await running

    async def hold(self, first: Act) -> tuple[Held, asyncio.Future[object]]:
        held = Held.of(self.one.database)
        running = asyncio.ensure_future(first(self.one))
        reached = asyncio.ensure_future(held.reached.wait())
        await asyncio.wait({running, reached}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        assert held.reached.is_set(), f"wrote nothing: {running}"
        return held, running

    async def somebody_waits(self) -> bool:
        async with self.watch.database.read_at_once() as connection:
            return bool(await connection.scalar(_WAITING))
