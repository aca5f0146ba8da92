"""The locks of writing transactions: what a transaction reads and changes, and so keeps from other writers.

Whoever writes on a shared database holds either all locks (the default of :meth:`~bot.store.database.Database.write`),
or those named here, which are all taken before the first statement. Two transactions with different locks write at the
same time.

Not every writer of a job's row holds its owner's lock: the steps of a job write to their own row under its lease
(``bot.store.jobs``), without any lock. They can only make a job count less: it ends, waits for its owner, or costs
nothing. Whoever reads such a row and writes what follows from it locks the row itself (``with_for_update``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, NewType

Lock = NewType("Lock", str)

NO_LOCK: Final[frozenset[Lock]] = frozenset()
"""For statements that state their own conditions and depend on nothing read before."""

PLACES: Final = Lock("places")
"""The places of all people's jobs, and the queue for them."""
PROVIDER: Final = Lock("provider")
"""Whether submissions are paused, and which models are closed."""
TASK_TIMES: Final = Lock("task times")
ALARMS: Final = Lock("alarms")
KEYS: Final = Lock("keys")
"""This database's own keys."""


def owner_lock(owner_id: int) -> Lock:
    """All that belongs to a person: cast, files, videos, groups, forms, messages; what they lent, its uses, whom they
    asked; how many jobs they have, and what they used today."""
    return Lock(f"owner {owner_id}")


def server_lock(guild_id: int) -> Lock:
    """A server's settings, and what was used there today."""
    return Lock(f"server {guild_id}")


def task_lock(task_id: str) -> Lock:
    """What webhooks said about a task, by the provider's id or ours."""
    return Lock(f"task {task_id}")


def taken_in_turn(locks: Collection[Lock], key_of: Callable[[str], int]) -> list[int]:
    """The keys of these locks in the order in which everybody takes them: people's, servers', then those of all.

    So who waits for one person's lock does not hold one that everybody needs.
    """
    return [key for _, key in sorted({(_concerns(each), key_of(f"write {each}")) for each in locks})]


def _concerns(lock: Lock) -> int:
    return {"owner": 0, "server": 1}.get(lock.partition(" ")[0], 2)
