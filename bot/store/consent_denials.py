"""Denials of people who are shown in videos, stored as keyed hashes, so that a no outlives every deletion."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.dialects import insert_missing
from bot.store.loan_tables import refusals
from bot.store.pseudonyms import Pseudonyms
from bot.store.tables import character_files, characters, files, jobs
from bot.values.character import CLIPS
from bot.values.job import JobKind

_BORROWED = re.compile(r'"loan_id": ?\d')  # in a request's JSON; inside strings these quotes are escaped


class ConsentDenied(Exception):
    """Somebody in it has said no: it must not be kept. ``orphans``: keys of its files that nothing refers to."""

    def __init__(self, orphans: Collection[str]) -> None:
        super().__init__("somebody who is in it has said no")
        self.orphans = orphans


class ConsentDenialStore:
    """The refusals table: what people in clips said no to, and videos in which a borrowed character plays."""

    def __init__(self, database: Database, people: Pseudonyms) -> None:
        self._database = database
        self._people = people

    async def denied_hashes(self, owner_id: int, hashes: Collection[str]) -> set[str]:
        """Which of these videos, clips and pictures (SHA-256) somebody shown in them has denied to that owner."""
        async with self._database.read() as connection:
            return await denied_hashes(connection, self._people, owner_id, hashes)

    def of_videos(self, owner_id: int, hashes: Collection[str]) -> frozenset[str]:
        """The keys under which a no to that owner about one of these videos would be stored, for :func:`check`."""
        return frozenset(self._people.denial_to_key(owner_id, each) for each in hashes)

    def of_characters(self, character_ids: Collection[int]) -> frozenset[str]:
        """The keys under which a no to one of these characters would be stored, for any owner, for :func:`check`."""
        return frozenset(self._people.denial_about_key(each) for each in character_ids)

    async def any_denied(self, character_ids: Collection[int]) -> bool:
        """Whether anybody said no to one of these characters, for any owner."""
        query = select(refusals.c.key).where(refusals.c.key.in_(self.of_characters(character_ids))).limit(1)
        async with self._database.read_at_once() as connection:
            return await connection.scalar(query) is not None

    async def borrowed_played_in(self, task_id: str) -> bool:
        """Whether that task, by the provider's id or ours, made a video with a borrowed character.

        Only knows jobs that were deleted; for the others, read their rows.
        """
        query = select(refusals.c.key).where(refusals.c.key == _of_task(task_id))
        async with self._database.read_at_once() as connection:
            return await connection.scalar(query) is not None

    async def borrowed_played_in_file(self, sha256: str) -> bool:
        """Whether that is the file of a video with a borrowed character, whoever sends it."""
        query = select(refusals.c.key).where(refusals.c.key == _of_file(sha256))
        async with self._database.read_at_once() as connection:
            return await connection.scalar(query) is not None


def task_hash(task_id: str) -> str:
    """What identifies the video of a task whose bytes we do not have."""
    return hashlib.sha256(f"task {task_id}".encode()).hexdigest()


async def denied_hashes(
    connection: AsyncConnection, people: Pseudonyms, owner_id: int, hashes: Collection[str]
) -> set[str]:
    """As :meth:`ConsentDenialStore.denied_hashes`, within the caller's transaction."""
    keys = {people.denial_to_key(owner_id, each): each for each in hashes}
    found = await connection.scalars(select(refusals.c.key).where(refusals.c.key.in_(keys)))
    return {keys[key] for key in found}


async def check(connection: AsyncConnection, keys: Collection[str], its_files: Collection[str]) -> None:
    """For the transaction that stores something. Raises :class:`ConsentDenied` if one of ``keys`` is on record."""
    if keys and await connection.scalar(select(refusals.c.key).where(refusals.c.key.in_(keys)).limit(1)):
        known = await connection.scalars(select(files.c.key).where(files.c.key.in_(its_files)))
        raise ConsentDenied(set(its_files) - set(known.all()))


async def record_denial(
    connection: AsyncConnection,
    people: Pseudonyms,
    owner_id: int,
    person_id: int,
    character_ids: Sequence[int],
    now: datetime,
) -> None:
    """Record that person's no to the owner: about what these characters show, and about being asked again soon."""
    its = select(files.c.sha256).join(character_files, character_files.c.key == files.c.key)
    its = its.where(character_files.c.kind.in_(CLIPS))
    of = characters.c.id.in_(character_ids)
    hashes = set((await connection.scalars(its.where(character_files.c.character_id.in_(character_ids)))).all())
    hashes |= set((await connection.scalars(select(characters.c.source_hash).where(of))).all()) - {None}
    keys = {people.denial_to_key(owner_id, each) for each in (*hashes, _from(person_id))}
    keys |= {people.denial_about_key(each) for each in character_ids}  # videos with them may be in progress
    await _keep(connection, keys, now)


async def denied_since(
    connection: AsyncConnection, people: Pseudonyms, owner_id: int, person_id: int, since: datetime
) -> bool:
    """Whether that person has said no to the owner after ``since``."""
    key = people.denial_to_key(owner_id, _from(person_id))
    found = await connection.scalar(select(refusals.c.key).where(refusals.c.key == key, refusals.c.since > since))
    return found is not None


async def keep_borrowed_tasks(connection: AsyncConnection, job_ids: Sequence[str] | Select[Any], now: datetime) -> None:
    """Before those jobs are deleted: remember whose video shows a borrowed character; none may be made from it."""
    theirs = select(jobs.c.id, jobs.c.task_id, jobs.c.request).where(
        jobs.c.id.in_(job_ids), jobs.c.kind == JobKind.VIDEO, jobs.c.submit_started_at.is_not(None)
    )
    rows = (await connection.execute(theirs)).all()
    borrowed = [row for row in rows if _BORROWED.search(row.request)]  # its lender may have deleted it since
    await _keep(connection, {_of_task(each) for row in borrowed for each in (row.id, row.task_id) if each}, now)


async def keep_borrowed_file(connection: AsyncConnection, sha256: str, now: datetime) -> None:
    """That is the file of a video with a borrowed character, of which no character is made, also by its address."""
    await _keep(connection, {_of_file(sha256)}, now)


async def _keep(connection: AsyncConnection, keys: Iterable[str], now: datetime) -> None:
    for key in sorted(set(keys)):  # in the same order as others, who may keep the same at the same time
        await connection.execute(insert_missing(refusals, {"key": key, "since": now}))


def _from(person_id: int) -> str:
    return f"person {person_id}"


def _of_task(task_id: str) -> str:
    """No person is in it, and nobody can guess the id, because the provider chooses it at random."""
    return hashlib.sha256(f"borrowed {task_id}".encode()).hexdigest()


def _of_file(sha256: str) -> str:
    return hashlib.sha256(f"borrowed file {sha256}".encode()).hexdigest()
