"""Queries of the sent_messages table: which messages show something of a person, and which changes they need."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits
from bot.store.database import Database
from bot.store.notifications import Topic
from bot.store.row_locks import free
from bot.store.tables import characters, jobs, sent_messages
from bot.store.write_locks import NO_LOCK, owner_lock
from bot.values.sent_message import NewMessage, PendingUpdate, SentMessage, ShownContent

_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # always due


class SentMessageStore:
    """The sent_messages table."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.outage = database.outage

    def tell_others(self) -> None:
        """Tell other processes that messages may need changes, soon."""
        self._database.notifications.send(Topic.MESSAGES)

    async def note(self, new: NewMessage, *, now: datetime) -> None:
        """Record a message, or its new address. If its character has changed since, that change is requested at once.

        A message without a character, of a deleted job, is not recorded: its owner had everything deleted.
        """
        async with self._database.write(locks={owner_lock(new.owner_id)}) as connection:
            if new.character_id is None and new.job_id is not None:
                job = select(jobs.c.id).where(jobs.c.id == new.job_id, jobs.c.owner_id == new.owner_id)
                if await connection.scalar(job) is None:
                    return
            known = await _known(connection, new)
            if known is None:
                known = await _insert(connection, new, now)
                await _forget_oldest(connection, new.owner_id)
            elif new.token is not None:  # the bot can edit its own message without a token
                keyed = update(sent_messages).where(sent_messages.c.id == known, sent_messages.c.token.is_not(None))
                await connection.execute(keyed.values(token=new.token, token_at=new.token_at))
            overtaken = await _overtaken(connection, new)
            if overtaken is not None:
                await want(connection, overtaken, sent_messages.c.id == known)

    async def due(self, now: datetime, limit: int) -> list[SentMessage]:
        """Messages that need a change, those that wait longest first."""
        found = (
            select(sent_messages)
            .where(sent_messages.c.wanted.is_not(None), sent_messages.c.next_attempt_at <= now)
            .order_by(sent_messages.c.next_attempt_at)
            .limit(limit)
        )
        async with self._database.read_at_once() as connection:
            return [_to_message(row) for row in (await connection.execute(found)).mappings()]

    async def next_due(self) -> datetime | None:
        """When the next change is due; ``None``: no message needs one."""
        first = select(func.min(sent_messages.c.next_attempt_at)).where(sent_messages.c.wanted.is_not(None))
        async with self._database.read_at_once() as connection:
            due: datetime | None = await connection.scalar(first)
            return due

    async def done(self, message: SentMessage) -> None:
        """The change is done, or will never be possible. Only a redrawn message still shows anything."""
        this = _as_it_was(message)
        async with self._database.write(locks=NO_LOCK) as connection:  # one row, as it was read
            if message.wanted is PendingUpdate.REDRAWN:
                nothing = {"wanted": None, "next_attempt_at": None, "attempts": 0}
                await connection.execute(update(sent_messages).where(this).values(nothing))
                return
            if (await connection.execute(delete(sent_messages).where(this))).rowcount:
                await self._database.leave_no_trace(connection)

    async def forget(self, message: SentMessage) -> None:
        """The message can no longer be reached: forget it with its changes."""
        async with self._database.write(locks=NO_LOCK) as connection:  # one row
            await connection.execute(delete(sent_messages).where(sent_messages.c.id == message.id))
            await self._database.leave_no_trace(connection)

    async def postpone(self, message: SentMessage, until: datetime) -> None:
        """Try again at ``until``; the attempt counts."""
        later = {"next_attempt_at": until, "attempts": message.attempts + 1}
        async with self._database.write(locks=NO_LOCK) as connection:  # one row, as it was read
            await connection.execute(update(sent_messages).where(_as_it_was(message)).values(later))

    async def count(self, owner_id: int) -> int:
        """How many messages about a person can still be reached."""
        counted = select(func.count()).select_from(sent_messages).where(sent_messages.c.owner_id == owner_id)
        async with self._database.read_at_once() as connection:
            return await connection.scalar(counted) or 0

    async def sweep(self, *, sent_before: datetime, tokens_before: datetime) -> int:
        """Forget messages that are too old, or that only an expired token could reach; returns how many there were."""
        old = (sent_messages.c.sent_at < sent_before, sent_messages.c.wanted.is_(None))
        dead = (sent_messages.c.token.is_not(None), sent_messages.c.token_at < tokens_before)
        gone = 0
        async with self._database.write(locks=NO_LOCK) as connection:
            for each in (old, dead):
                these = await free(connection, sent_messages, *each)
                gone += (await connection.execute(delete(sent_messages).where(these))).rowcount
        return gone


async def want(connection: AsyncConnection, wanted: PendingUpdate, *which: ColumnElement[bool], **also: object) -> int:
    """Request ``wanted`` for the selected messages, within the caller's transaction; returns their number."""
    asked = {"wanted": wanted, "asked": sent_messages.c.asked + 1, "attempts": 0, "next_attempt_at": _AT_ONCE}
    changed = update(sent_messages).where(*which).values(asked | also)
    return (await connection.execute(changed)).rowcount


def about_character(owner_id: int, character_id: int) -> tuple[ColumnElement[bool], ...]:
    """Condition for the messages that show the owner's character."""
    return (sent_messages.c.character_id == character_id, sent_messages.c.owner_id == owner_id)


async def sent_to(connection: AsyncConnection, owner_id: int) -> list[SentMessage]:
    """All messages about a person, oldest first, within the caller's transaction."""
    theirs = select(sent_messages).where(sent_messages.c.owner_id == owner_id).order_by(sent_messages.c.id)
    return [_to_message(row) for row in (await connection.execute(theirs)).mappings()]


async def let_go(connection: AsyncConnection, owner_id: int, *, remove: bool) -> int:
    """Detach the messages from their owner, who has everything deleted; returns how many there were.

    With ``remove`` the messages will be deleted, otherwise the cards among them emptied. Until that is done, only their
    location is kept.
    """
    theirs = sent_messages.c.owner_id == owner_id
    if remove:
        nobodys = {"owner_id": None, "job_id": None, "character_id": None}
        return await want(connection, PendingUpdate.REMOVED, theirs, **nobodys)
    shown = sent_messages.c.shows.in_([ShownContent.RESULT, ShownContent.CARD])
    emptied = await want(
        connection, PendingUpdate.EMPTIED, theirs, shown, owner_id=None, job_id=None, character_id=None
    )
    return emptied + (await connection.execute(delete(sent_messages).where(theirs))).rowcount


async def _known(connection: AsyncConnection, new: NewMessage) -> int | None:
    if new.message_id is None:
        return None
    here = (sent_messages.c.channel_id == new.channel_id, sent_messages.c.message_id == new.message_id)
    known: int | None = await connection.scalar(select(sent_messages.c.id).where(*here))
    return known


async def _insert(connection: AsyncConnection, new: NewMessage, now: datetime) -> int:
    made_by = select(characters.c.job_id).where(
        characters.c.owner_id == new.owner_id, characters.c.id == new.character_id
    )
    inserted = insert(sent_messages).values(
        owner_id=new.owner_id,
        job_id=new.job_id or made_by.scalar_subquery(),
        character_id=new.character_id,
        channel_id=new.channel_id,
        message_id=new.message_id,
        shows=new.shows,
        locale=new.locale[:16],
        token=new.token,
        token_at=new.token_at,
        sent_at=now,
        asked=0,
        attempts=0,
    )
    made: int = (await connection.scalars(inserted.returning(sent_messages.c.id))).one()
    return made


async def _overtaken(connection: AsyncConnection, new: NewMessage) -> PendingUpdate | None:
    """The change that happened to the character while its message was being sent."""
    if new.character_id is None:
        return None
    owned = (characters.c.owner_id == new.owner_id, characters.c.id == new.character_id)
    name = await connection.scalar(select(characters.c.name).where(*owned))
    if name is None:
        return PendingUpdate.EMPTIED
    return PendingUpdate.REDRAWN if new.name and name != new.name else None


async def _forget_oldest(connection: AsyncConnection, owner_id: int) -> None:
    theirs = sent_messages.c.owner_id == owner_id
    last_kept = (
        select(sent_messages.c.id)
        .where(theirs)
        .order_by(sent_messages.c.id.desc())
        .limit(1)
        .offset(limits.MESSAGES_KNOWN)
        .scalar_subquery()
    )
    await connection.execute(
        delete(sent_messages).where(theirs, sent_messages.c.id <= last_kept, sent_messages.c.wanted.is_(None))
    )


def _as_it_was(message: SentMessage) -> ColumnElement[bool]:
    """Still waiting for the same change: one requested meanwhile stays."""
    return (sent_messages.c.id == message.id) & (sent_messages.c.asked == message.asked)


def _to_message(row: RowMapping) -> SentMessage:
    return SentMessage(
        id=row["id"],
        owner_id=row["owner_id"],
        channel_id=row["channel_id"],
        message_id=row["message_id"],
        shows=ShownContent(row["shows"]),
        locale=row["locale"],
        job_id=row["job_id"],
        character_id=row["character_id"],
        token=row["token"],
        token_at=row["token_at"],
        sent_at=row["sent_at"],
        wanted=None if row["wanted"] is None else PendingUpdate(row["wanted"]),
        asked=row["asked"],
        attempts=row["attempts"],
    )
