"""Locks by name, held by one at a time in this process; over all that share a PostgreSQL: bot.store.postgres_locks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

Locks: TypeAlias = Callable[[str], AbstractAsyncContextManager[Any]]
"""Waits for the lock of that name; it is free again when this is left. Not to be taken twice by the same task."""


class LocksHere:
    """Those of one process."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def __call__(self, name: str) -> asyncio.Lock:
        """The lock of that name, which is there as long as anybody waits for it or holds it."""
        return self._locks.setdefault(name, asyncio.Lock())
