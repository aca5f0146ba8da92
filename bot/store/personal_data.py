"""Reads everything that is stored about one person, for their export."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.character_rows import reference_sets, whole_cast
from bot.store.default_characters import DefaultCharacter, defaults_of
from bot.store.drafts import Draft, to_draft
from bot.store.groups import members_of
from bot.store.job_rows import readable
from bot.store.loans import loans_of
from bot.store.person_consents import consents_of
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import day_of, number, used_on
from bot.store.sent_messages import sent_to
from bot.store.tables import consents, drafts, jobs, operator_blocks, server_blocks
from bot.store.videos import videos_of
from bot.values.character import Character, CharacterFile, CharacterGroup
from bot.values.job import Job, JobKind
from bot.values.loan import Loan, PersonConsent
from bot.values.made_video import MadeVideo
from bot.values.sent_message import SentMessage

_AT_ONCE = 250  # jobs per query: some milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """All that is stored about a person. ``reference_sets``: by character id, stills best first.

    ``groups`` come with the ids of their characters. ``messages`` are those in Discord that can still be reached.
    ``unreadable`` jobs and drafts were written by another version. The blocks are those against them: since when by the
    operator, and in which servers (ids). ``lent`` to others, and ``borrowed`` from others; ``asked``: whom they asked
    for consent, and ``answered``: what others asked them.
    """

    characters: tuple[Character, ...]
    videos: tuple[MadeVideo, ...] = ()
    reference_sets: Mapping[int, tuple[CharacterFile, ...]]
    groups: tuple[tuple[CharacterGroup, tuple[int, ...]], ...] = ()
    defaults: tuple[DefaultCharacter, ...] = ()
    jobs: tuple[Job, ...]
    drafts: tuple[Draft, ...]
    messages: tuple[SentMessage, ...]
    unreadable: int
    consent_at: datetime | None
    used_today: int
    videos_today: int = 0
    lent: tuple[Loan, ...] = ()
    borrowed: tuple[Loan, ...] = ()
    asked: tuple[PersonConsent, ...] = ()
    answered: tuple[PersonConsent, ...] = ()
    blocked_since: datetime | None
    blocked_in: tuple[int, ...]

    @property
    def deletable(self) -> bool:
        """Whether there is anything that is not stored under their keyed hash only."""
        things = (self.characters, self.groups, self.videos, self.jobs, self.drafts, self.messages, self.unreadable)
        return any((*things, self.borrowed, self.asked, self.answered)) or self.consent_at is not None

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all."""
        return not (self.deletable or self.used_today or self.videos_today or self.blocked_since or self.blocked_in)


async def personal_data_of(
    connection: AsyncConnection, owner_id: int, people: Pseudonyms, *, now: datetime
) -> PersonalData:
    """Everything of theirs in the snapshot that ``connection`` reads."""
    user_key = people.of(owner_id)
    videos_key = people.for_videos(user_key)
    theirs = select(jobs).where(jobs.c.owner_id == owner_id).order_by(jobs.c.created_at, jobs.c.id)
    forms = select(drafts).where(drafts.c.owner_id == owner_id).order_by(drafts.c.created_at)
    consent = select(consents.c.given_at).where(consents.c.owner_id == owner_id)
    blocked = select(operator_blocks.c.since).where(operator_blocks.c.user_key == user_key)
    blocked_in = select(server_blocks.c.guild_id).where(server_blocks.c.user_key == user_key)
    read_jobs, job_count = await _jobs(connection, theirs)
    form_rows = (await connection.execute(forms)).mappings().all()
    read_drafts = [draft for row in form_rows if (draft := to_draft(row)) is not None]
    asked, answered = await consents_of(connection, owner_id)
    return PersonalData(
        lent=tuple(await loans_of(connection, owner_id=owner_id)),
        borrowed=tuple(await loans_of(connection, borrower_id=owner_id)),
        asked=asked,
        answered=answered,
        characters=tuple(await whole_cast(connection, owner_id)),
        videos=tuple(await videos_of(connection, owner_id)),
        reference_sets=await reference_sets(connection, owner_id),
        groups=tuple(await members_of(connection, owner_id)),
        defaults=tuple(await defaults_of(connection, owner_id)),
        jobs=tuple(read_jobs),
        drafts=tuple(read_drafts),
        messages=tuple(await sent_to(connection, owner_id)),
        unreadable=job_count - len(read_jobs) + len(form_rows) - len(read_drafts),
        consent_at=await connection.scalar(consent),
        used_today=await number(connection, used_on(owner_id, day_of(now), user_key)),
        videos_today=await number(connection, used_on(owner_id, day_of(now), videos_key, JobKind.VIDEO)),
        blocked_since=await connection.scalar(blocked),
        blocked_in=tuple((await connection.scalars(blocked_in)).all()),
    )


async def _jobs(connection: AsyncConnection, theirs: Select[Any]) -> tuple[list[Job], int]:
    """The readable jobs, and how many there are in all.

    Reads them in batches, in a thread: a person may have thousands, and other people's commands must go on.
    """
    found: list[Job] = []
    count = 0
    while rows := (await connection.execute(theirs.limit(_AT_ONCE).offset(count))).mappings().all():
        found += await asyncio.to_thread(readable, rows)
        count += len(rows)
    return found, count
