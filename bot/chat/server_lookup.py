"""Looks up servers, channels and people beyond what an interaction says: in the gateway's cache, or by REST."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar, cast

import discord

from bot import limits
from bot.chat.rest_errors import RouteClosed, understood
from bot.jobs.ports import DiscordUnavailable
from bot.values.clock import Clock

_Found = TypeVar("_Found")


class _Server(NamedTuple):
    name: str
    locale: str


class ServerLookup:
    """Names and languages of servers, permissions and categories of channels, names of people.

    REST answers are cached for ten minutes, except permissions, which are requested each time.
    """

    def __init__(self, client: discord.Client, clock: Clock) -> None:
        self._client = client
        self._servers: _Remembered[_Server | None] = _Remembered(clock)
        self._categories: _Remembered[int | None] = _Remembered(clock)
        self._people: _Remembered[str | None] = _Remembered(clock)

    async def names(self, guild_ids: Iterable[int | None]) -> dict[int, str]:
        """The names of those servers that the bot is in, as far as they can be found out."""
        wanted = {each for each in guild_ids if each is not None}
        found = await asyncio.gather(*(self._server(each) for each in wanted))
        return {guild_id: server.name for guild_id, server in zip(wanted, found, strict=True) if server is not None}

    async def locale(self, guild_id: int) -> str:
        """The language of a server; English if it cannot be found out."""
        server = await self._server(guild_id)
        return server.locale if server is not None else "en"

    async def permissions(self, channel_id: int) -> discord.Permissions:
        """What the bot may do in that channel. Raises RouteClosed if the channel is inaccessible, and
        DiscordUnavailable.
        """
        async with understood(limits.MESSAGE_PATIENCE):
            channel = await self._client.fetch_channel(channel_id)
            if isinstance(channel, discord.abc.PrivateChannel):
                return discord.Permissions.all()
            guild = await self._client.fetch_guild(channel.guild.id, with_counts=False)
            me = await guild.fetch_member(self._client.user.id if self._client.user else 0)
            # A thread has the permissions of its channel; and a channel fetched through its server knows the roles
            # there.
            its = channel.parent_id if isinstance(channel, discord.Thread) else channel_id
            return (await guild.fetch_channel(its)).permissions_for(me)

    async def category(self, channel_id: int) -> int | None:
        """The category of a channel; ``None`` if it has none. Raises RouteClosed and DiscordUnavailable."""
        known = self._categories.get(channel_id)
        if known is not None:
            return known[0]
        async with understood(limits.PARENT_KNOWN_WITHIN):
            channel = await self._client.fetch_channel(channel_id)
        return self._categories.keep(channel_id, getattr(channel, "category_id", None))

    async def people(self, user_ids: Iterable[int], within: float) -> dict[int, str]:
        """What these people call themselves on Discord, as far as that is found out in ``within`` seconds."""
        wanted = set(user_ids)
        found = await asyncio.gather(*(self._person(each, within) for each in wanted))
        return {user_id: name for user_id, name in zip(wanted, found, strict=True) if name}

    async def _person(self, user_id: int, patience: float) -> str | None:
        known = self._people.get(user_id)
        if known is not None:
            return known[0]
        try:
            async with understood(patience):
                return self._people.keep(user_id, (await self._client.fetch_user(user_id)).display_name)
        except RouteClosed:  # there is no such person any more
            return self._people.keep(user_id, None)
        except DiscordUnavailable:
            return None

    async def _server(self, guild_id: int) -> _Server | None:
        shown = self._client.get_guild(guild_id)
        if shown is not None:
            return _Server(shown.name, str(shown.preferred_locale))
        known = self._servers.get(guild_id)
        if known is not None:
            return known[0]
        try:
            async with understood(limits.MESSAGE_PATIENCE):
                guild = await self._client.fetch_guild(guild_id, with_counts=False)
        except RouteClosed:  # the bot is not in it
            return self._servers.keep(guild_id, None)
        except DiscordUnavailable:
            return None
        return self._servers.keep(guild_id, _Server(guild.name, str(guild.preferred_locale)))


class _Client(Protocol):
    server_lookup: ServerLookup


def server_lookup_of(client: discord.Client) -> ServerLookup:
    """The client's :class:`ServerLookup`."""
    return cast("_Client", client).server_lookup


class _Remembered(Generic[_Found]):
    """A cache by id with a time limit; beyond a thousand entries, the oldest is dropped."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._found: dict[int, tuple[datetime, _Found]] = {}

    def get(self, about: int) -> tuple[_Found] | None:
        """The cached value in a 1-tuple, because ``None`` is a valid value."""
        if about not in self._found:
            return None
        at, found = self._found[about]
        return (found,) if self._clock() - at <= limits.SERVERS_REMEMBERED_FOR else None

    def keep(self, about: int, found: _Found) -> _Found:
        self._found.pop(about, None)
        self._found[about] = (self._clock(), found)
        if len(self._found) > limits.SERVERS_REMEMBERED:
            del self._found[next(iter(self._found))]
        return found
