"""Waiting for something that must not be left half-done, also when whoever waits is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

_T = TypeVar("_T")


async def uninterrupted(work: Awaitable[_T]) -> _T:
    """The result of ``work``, which goes on to its end even when this is cancelled, however often.

    Then the cancellation is raised, after the end: nothing is under way any more.
    """
    running = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            try:
                await asyncio.wait({running})
            except asyncio.CancelledError:
                continue  # raised below
        if not running.cancelled():
            running.exception()  # looked at: what matters now is that we were cancelled
        raise
