"""Settings of servers' managers: blocked members, closed channels, daily limits, roles.

They are checked on every command before any I/O, so all of them are cached in memory and written through.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from sqlalchemy import Delete, RowMapping, Table, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.concurrency import shielded
from bot.store.database import Database
from bot.store.notifications import Topic
from bot.store.pseudonyms import Pseudonyms
from bot.store.tables import jobs, server_blocks, server_closed_channels, server_roles, server_settings
from bot.store.write_locks import server_lock
from bot.values.job import JobKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRules:
    """``may_create`` characters, ``may_film`` videos: if any role of a server may, members without such a role may not.

    ``characters``, ``videos`` and ``credits``: how many each member with the role may use there per day; ``None``: not
    set.
    """

    may_create: bool = False
    may_film: bool = False
    characters: int | None = None
    videos: int | None = None
    credits: int | None = None

    def allows(self, kind: JobKind) -> bool:
        """Whether the role permits that kind of job."""
        return self.may_film if kind is JobKind.VIDEO else self.may_create


@dataclass(frozen=True, slots=True)
class ServerRules:
    """``day_limit``: characters per day in this server, ``video_limit``: videos; ``None``: the operator's limit.

    ``credits``: the expected costs of all jobs in this server per day, and ``member_credits`` of each member; ``None``
    as for ``day_limit``. ``blocked`` holds people's keys. ``roles``: rules by role id. ``log_channel``: the channel
    that gets a line about each job. ``private_results``: whether results are private unless the command says otherwise.
    """

    day_limit: int | None = None
    video_limit: int | None = None
    credits: int | None = None
    member_credits: int | None = None
    private_results: bool = False
    closed_channels: frozenset[int] = frozenset()
    blocked: frozenset[str] = frozenset()
    roles: Mapping[int, RoleRules] = field(default_factory=dict)
    log_channel: int | None = None


_NONE = ServerRules()
_SETTINGS = (
    "day_limit",
    "video_limit",
    "credits",
    "member_credits",
    "private_results",
    "log_channel",
)  # of one row
_AT_ONCE = 500  # rows: some milliseconds


class ServerStore:
    """The tables of server settings, cached in memory; :meth:`reload` picks up other processes' changes."""

    def __init__(self, database: Database, people: Pseudonyms) -> None:
        self._database = database
        self._people = people
        self._rules: dict[int, ServerRules] = {}
        # The cache changes only after the data is on disk, and in the order of the writes.
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Load everything, before the first command."""
        async with self._changing, self._database.read() as connection:
            self._rules = await _read(connection)

    async def reload(self, guild_id: int) -> None:
        """Read a server's settings again, because another process has changed them."""
        async with self._changing:
            async with self._database.read() as connection:
                found = await _read(connection, guild_id)
            self._know(guild_id, found)

    def rules(self, guild_id: int | None) -> ServerRules:
        """The rules of a server; in a direct message there are none."""
        return self._rules.get(guild_id, _NONE) if guild_id is not None else _NONE

    def is_blocked(self, guild_id: int | None, user_id: int) -> bool:
        """Whether this person may not use the bot there."""
        blocked = self.rules(guild_id).blocked
        return bool(blocked) and self._people.of(user_id) in blocked

    async def known_blocked(self, guild_id: int) -> tuple[int, ...]:
        """The user ids of those blocked there, for its managers.

        For blocks by an earlier version only the key is stored, so of those people only the ones that used the bot
        there are known.
        """
        if not self.rules(guild_id).blocked:
            return ()
        theirs = select(server_blocks.c.user_key, server_blocks.c.user_id).where(server_blocks.c.guild_id == guild_id)
        seen = select(jobs.c.owner_id).where(jobs.c.guild_id == guild_id).distinct()
        async with self._database.read() as connection:
            rows = (await connection.execute(theirs)).all()
            unnamed = {row.user_key for row in rows if row.user_id is None}
            owners = (await connection.scalars(seen)).all() if unnamed else ()
        known = {row.user_id for row in rows if row.user_id is not None}
        return tuple(sorted(known.union(owner for owner in owners if self._people.of(owner) in unnamed)))

    async def set_day_limit(self, guild_id: int, limit: int | None) -> None:
        """Set the characters per day; ``None``: the operator's limit."""
        await self._set(guild_id, day_limit=limit)

    async def set_video_limit(self, guild_id: int, limit: int | None) -> None:
        """Set the videos per day; ``None``: the operator's limit."""
        await self._set(guild_id, video_limit=limit)

    async def set_credits(self, guild_id: int, *, everybody: int | None, each: int | None) -> None:
        """Set the credits per day, for the whole server and per member; ``None``: the operator's limit."""
        await self._set(guild_id, credits=everybody, member_credits=each)

    async def set_private_results(self, guild_id: int, private: bool) -> None:
        """Set whether results are private unless the command says otherwise."""
        await self._set(guild_id, private_results=private)

    async def set_log_channel(self, guild_id: int, channel_id: int | None) -> None:
        """Set the channel that gets a line about each job; ``None``: no channel."""
        await self._set(guild_id, log_channel=channel_id)

    async def set_makers(self, guild_id: int, kind: JobKind, role_ids: Collection[int]) -> None:
        """Set the roles whose members may make characters, or videos; empty: everybody may."""
        name = "may_film" if kind is JobKind.VIDEO else "may_create"
        async with self._change(guild_id) as connection:
            roles = await _roles(connection, guild_id)
            changed = {
                role_id: replace(roles.get(role_id, RoleRules()), **{name: role_id in role_ids})
                for role_id in {*roles, *role_ids}
            }
            await _set_roles(connection, guild_id, changed)

    async def set_role_limits(
        self, guild_id: int, role_id: int, *, characters: int | None, videos: int | None, credits: int | None
    ) -> None:
        """Set what each member with that role may use per day; ``None``: not set."""
        async with self._change(guild_id) as connection:
            before = (await _roles(connection, guild_id)).get(role_id, RoleRules())
            limited = replace(before, characters=characters, videos=videos, credits=credits)
            await _set_roles(connection, guild_id, {role_id: limited})

    async def _set(self, guild_id: int, **changes: object) -> None:
        changed = update(server_settings).where(server_settings.c.guild_id == guild_id).values(**changes)
        async with self._change(guild_id) as connection:
            if not (await connection.execute(changed)).rowcount:
                await connection.execute(insert(server_settings).values(guild_id=guild_id, **changes))

    async def close_channel(self, guild_id: int, channel_id: int) -> None:
        """Allow no commands in that channel. Two managers may do so at once."""
        async with self._change(guild_id) as connection:
            await connection.execute(_without_channel(guild_id, channel_id))
            await connection.execute(insert(server_closed_channels).values(guild_id=guild_id, channel_id=channel_id))

    async def open_channel(self, guild_id: int, channel_id: int) -> None:
        """Undo :meth:`close_channel`."""
        async with self._change(guild_id) as connection:
            await connection.execute(_without_channel(guild_id, channel_id))

    async def block(self, guild_id: int, user_id: int) -> bool:
        """Block them there; returns whether they were not blocked before."""
        user_key = self._people.of(user_id)
        async with self._change(guild_id) as connection:
            known = (await connection.execute(_without_block(guild_id, user_key))).rowcount > 0
            await connection.execute(
                insert(server_blocks).values(guild_id=guild_id, user_key=user_key, user_id=user_id)
            )
        return not known

    async def unblock(self, guild_id: int, user_id: int) -> bool:
        """Unblock them there; returns whether they were blocked."""
        user_key = self._people.of(user_id)
        async with self._change(guild_id) as connection:
            return (await connection.execute(_without_block(guild_id, user_key))).rowcount > 0

    @asynccontextmanager
    async def _change(self, guild_id: int) -> AsyncIterator[AsyncConnection]:
        """A transaction that changes a server's settings; the cache is updated after the commit."""
        async with self._changing:
            found = None
            try:
                async with self._database.write(locks={server_lock(guild_id)}) as connection:
                    yield connection
                    found = await _read(connection, guild_id)
                    await self._database.notifications.send_with(connection, Topic.SERVER, str(guild_id))
            except BaseException:
                if found is not None:  # a cancellation waits for the commit, so the change may have been made
                    with suppress(SQLAlchemyError):
                        await shielded(self._look_again(guild_id))
                raise
            self._know(guild_id, found)

    async def _look_again(self, guild_id: int) -> None:
        async with self._database.read() as connection:
            found = await _read(connection, guild_id)
        self._know(guild_id, found)

    def _know(self, guild_id: int, found: Mapping[int, ServerRules]) -> None:
        self._rules.pop(guild_id, None)
        self._rules.update(found)


async def _read(connection: AsyncConnection, guild_id: int | None = None) -> dict[int, ServerRules]:
    """The settings of that server, or of all; servers without any are left out."""
    found: dict[int, ServerRules] = {}

    def change(guild_id: int, **changes: Any) -> None:  # noqa: ANN401 - fields of it
        found[guild_id] = replace(found.get(guild_id, _NONE), **changes)

    async for row in _rows(connection, server_settings, guild_id):
        change(row["guild_id"], **{name: row[name] for name in _SETTINGS})
    async for row in _rows(connection, server_closed_channels, guild_id):
        closed = found.get(row["guild_id"], _NONE).closed_channels
        change(row["guild_id"], closed_channels=closed | {row["channel_id"]})
    async for row in _rows(connection, server_roles, guild_id):
        change(row["guild_id"], roles={**found.get(row["guild_id"], _NONE).roles, row["role_id"]: _to_rules(row)})
    async for row in _rows(connection, server_blocks, guild_id):
        blocked = found.get(row["guild_id"], _NONE).blocked
        change(row["guild_id"], blocked=blocked | {row["user_key"]})
    return found


async def _rows(connection: AsyncConnection, table: Table, guild_id: int | None) -> AsyncIterator[RowMapping]:
    """The rows of that server; or all, in batches with pauses for commands, because there can be a hundred thousand."""
    if guild_id is not None:
        for row in (await connection.execute(select(table).where(table.c.guild_id == guild_id))).mappings():
            yield row
        return
    streamed = await connection.stream(select(table), execution_options={"yield_per": _AT_ONCE})
    async for piece in streamed.mappings().partitions():
        for row in piece:
            yield row
        await asyncio.sleep(0)


async def _roles(connection: AsyncConnection, guild_id: int) -> dict[int, RoleRules]:
    rows = await connection.execute(select(server_roles).where(server_roles.c.guild_id == guild_id))
    return {row["role_id"]: _to_rules(row) for row in rows.mappings()}


def _to_rules(row: RowMapping) -> RoleRules:
    return RoleRules(**{each.name: row[each.name] for each in fields(RoleRules)})


async def _set_roles(connection: AsyncConnection, guild_id: int, changed: Mapping[int, RoleRules]) -> None:
    these = (server_roles.c.guild_id == guild_id, server_roles.c.role_id.in_(changed))
    await connection.execute(delete(server_roles).where(*these))
    for role_id, rules in changed.items():
        if rules != RoleRules():
            row = {"guild_id": guild_id, "role_id": role_id} | asdict(rules)
            await connection.execute(insert(server_roles).values(row))


def _without_channel(guild_id: int, channel_id: int) -> Delete:
    table = server_closed_channels
    return delete(table).where(table.c.guild_id == guild_id, table.c.channel_id == channel_id)


def _without_block(guild_id: int, user_key: str) -> Delete:
    return delete(server_blocks).where(server_blocks.c.guild_id == guild_id, server_blocks.c.user_key == user_key)
