"""What provider and Discord do wrong while people make videos, each once: nothing of it may be seen in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from playground.provider.faults import Damage
from tests.loopback_discord.server import LoopbackDiscord
from tests.wire.scene import Provider

_Order: TypeAlias = Callable[[LoopbackDiscord, Provider], None]

_AT_ONCE = {"Retry-After": "0.2", "Via": "1.1 google"}  # without Via the library takes a 429 for a ban
_SLOW = 1.5  # seconds until an answer comes
_UPLOADS, _VIDEOS, _FILES = "/v1/uploads/", "/v1/videos/generations", "/videos/"
_POSTS, _EDITS = r"/channels/\d+/messages$", r"/webhooks/"


def _fails(method: str, path: str, status: int) -> _Order:
    def order(_discord: LoopbackDiscord, provider: Provider) -> None:
        provider.fail_next(method, path, status, headers=_AT_ONCE)

    return order


def _spoils(path: str, damage: Damage) -> _Order:
    return lambda _discord, provider: provider.spoil_next("GET", path, damage)


def _forces(method: str, path: str, **answer: Any) -> _Order:
    def order(discord: LoopbackDiscord, _provider: Provider) -> None:
        discord.inject(method, path, **answer)

    return order


def _slows(method: str, path: str) -> _Order:
    def order(discord: LoopbackDiscord, _provider: Provider) -> None:
        late = asyncio.Event()
        forced = discord.inject(method, path, until=late)

        async def let_go() -> None:
            await discord.wait_for(lambda: forced.done, timeout=3600)
            await asyncio.sleep(_SLOW)
            late.set()

        _waiting.add(task := asyncio.ensure_future(let_go()))
        task.add_done_callback(_waiting.discard)

    return order


_waiting: set[asyncio.Task[None]] = set()

TROUBLES: Mapping[str, _Order] = {
    "429 to an upload": _fails("POST", _UPLOADS, 429),
    "500 to an upload": _fails("POST", _UPLOADS, 500),
    "429 to a request": _fails("POST", _VIDEOS, 429),
    "429 to a look": _fails("GET", _VIDEOS, 429),
    "500 to a look": _fails("GET", _VIDEOS, 500),
    "a look cut off": _spoils(_VIDEOS, "reset"),
    "half a look": _spoils(_VIDEOS, "truncated"),
    "a page for a look": _spoils(_VIDEOS, "html"),
    "500 to a fetch": _fails("GET", _FILES, 500),
    "429 to a fetch": _fails("GET", _FILES, 429),
    "404 to a fetch": _fails("GET", _FILES, 404),  # as if it had expired; the provider is asked where it is now
    "500 to a post": _forces("POST", _POSTS, status=500),
    "500 to a post that was taken": _forces("POST", _POSTS, status=500, processed=True),
    "429 to a post": _forces("POST", _POSTS, status=429, headers=_AT_ONCE),
    "a post cut off": _forces("POST", _POSTS, drop=True),
    "a post cut off that was taken": _forces("POST", _POSTS, drop=True, processed=True),
    "a slow post": _slows("POST", _POSTS),
    "500 to an edit": _forces("PATCH", _EDITS, status=500),
    "an edit cut off": _forces("PATCH", _EDITS, drop=True),
}


def order(names: tuple[str, ...], discord: LoopbackDiscord, provider: Provider) -> None:
    """Have them happen."""
    for name in names:
        TROUBLES[name](discord, provider)


def happened(discord: LoopbackDiscord, provider: Provider) -> int:
    """How many of those that were ordered have happened."""
    return sum(provider.faults_happened.values()) + sum(forced.done for forced in discord.rest.forced)
