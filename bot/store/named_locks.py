"""Locks by name within this process; across all processes on a PostgreSQL: bot.store.postgres_locks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

Locks: TypeAlias = Callable[[str], AbstractAsyncContextManager[Any]]
"""Holds the lock of that name inside the block. A task must not take it twice."""


class LocalLocks:
    """The locks of one process."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def __call__(self, name: str) -> asyncio.Lock:
        """The lock of that name, which exists while somebody waits for it or holds it."""
        return self._locks.setdefault(name, asyncio.Lock())
