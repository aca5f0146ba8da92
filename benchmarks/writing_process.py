"""A process that writes as a gateway or a worker does: python -m benchmarks.writing_process ROLE URL SECONDS LOCKS.

LOCKS: ``own`` as it is, or ``one``: whoever holds a lock holds all. A gateway prints the milliseconds that each job
took to be started, a worker how many times it wrote.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.characters import CharacterStore
from bot.store.database import Database
from bot.store.jobs import JobStore
from bot.store.new_characters import NewCharacter
from bot.store.postgres import PostgresDatabase
from bot.store.quotas import Quota
from bot.store.sent_messages import SentMessageStore
from bot.store.write_locks import Lock
from bot.values.job import CharacterRequest, Job, JobNotes, Origin, Outcome, Step, Transition
from bot.values.sent_message import NewMessage, ShownContent
from bot.values.source import Link
from bot.values.time_range import TimeRange

PER_SECOND = 10  # jobs that a gateway starts
PEOPLE = 500
STEPS = 8  # at once, of a worker
COMPUTES = 0.002  # seconds, before and after each write of a step
STORES_EVERY = 10  # steps: each stores a character and notes its card
_QUOTA = Quota(running=1_000_000, day=1_000_000)
_SECONDS = TimeRange(Decimal(1), Decimal(3))


class OneLock(PostgresDatabase):
    """As it was: whoever depends on what was read writes alone."""

    @asynccontextmanager
    async def write(
        self, *, urgent: bool = False, locks: Collection[Lock] | None = None
    ) -> AsyncIterator[AsyncConnection]:
        """All locks instead of some."""
        async with super().write(urgent=urgent, locks=None if locks else locks) as connection:
            yield connection


async def gateway(database: Database, seconds: float) -> None:
    """Start jobs at a steady rate, each due at its own instant."""
    random, store, loop = Random(7), JobStore(database), asyncio.get_running_loop()
    start = loop.time()

    async def create(due: float) -> float:
        await store.add(_job(random.randrange(PEOPLE)), _QUOTA)
        return loop.time() - due

    creating = []
    for number in range(int(seconds * PER_SECOND)):
        due = start + number / PER_SECOND
        await asyncio.sleep(due - loop.time())
        creating.append(asyncio.create_task(create(due)))
    for took in await asyncio.gather(*creating):
        print(took * 1000)


async def worker(database: Database, seconds: float) -> None:
    """Work on some jobs at once, and store a character now and then."""
    holder, loop = secrets.token_hex(4), asyncio.get_running_loop()
    random, store = Random(holder), JobStore(database)
    end, written = loop.time() + seconds, 0

    async def work() -> None:
        nonlocal written
        while loop.time() < end:
            owner = PEOPLE + random.randrange(PEOPLE)
            job = await store.add(_job(owner, step=Step.COLLECT, lease_owner=holder), _QUOTA)
            for progress in range(STORES_EVERY):
                _compute()
                await store.note(job.id, job.lease, JobNotes(progress=progress), now=datetime.now(UTC))
                _compute()
            await _store(database, job, random)
            written += STORES_EVERY + 3

    await asyncio.gather(*(work() for _ in range(STEPS)))
    print(written)


async def _store(database: Database, job: Job, random: Random) -> None:
    new = NewCharacter(
        owner_id=job.owner_id,
        name=job.id,
        display_name="",
        username="",
        provider_id="",
        task_id=job.id,
        model="sora-2",
        range=_SECONDS,
        picture=None,
    )
    made, now = Transition("stored", {"outcome": Outcome.SUCCEEDED}), datetime.now(UTC)
    _, character = await CharacterStore(database).add_for_job(job.id, job.lease, new, lambda _: made, now=now)
    card = NewMessage(
        owner_id=job.owner_id,
        channel_id=1,
        message_id=random.getrandbits(62),
        shows=ShownContent.RESULT,
        locale="en-GB",
        job_id=job.id,
        character_id=character.id,
        name=character.name,
    )
    await SentMessageStore(database).note(card, now=now)


def _job(owner_id: int, **fields: Any) -> Job:  # noqa: ANN401 - fields of it
    now = datetime.now(UTC)
    asked: dict[str, Any] = {"guild_id": 1, "channel_id": 2, "message_id": None, "token": "token", "locale": "en-GB"}
    asked |= {"token_at": now, "private": False, "ephemeral": False, "bot_is_member": True}
    request = CharacterRequest(source=Link(url="https://example.org/clip.mp4"), range=_SECONDS, model="sora-2")
    usual: dict[str, Any] = {"id": secrets.token_hex(8), "step": Step.PREPARE, "next_attempt_at": None}
    usual |= {"origin": Origin(**asked), "request": request, "created_at": now, "updated_at": now}
    return Job(owner_id=owner_id, **usual | fields)


def _compute() -> None:
    end = time.thread_time() + COMPUTES
    while time.thread_time() < end:
        pass


async def main(role: str, url: str, seconds: str, locks: str) -> None:
    """Open the database, and write for so many seconds."""
    kind = OneLock if locks == "one" else PostgresDatabase
    database = kind(make_url(url))
    await database.open()
    try:
        await {"gateway": gateway, "worker": worker}[role](database, float(seconds))
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
