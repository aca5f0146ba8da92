"""Frecency: how often and how recently something was used, as one number that need not be updated over time.

Name and idea are Mozilla's (the address bar of Firefox): each use counts 1 when it happens and half as much after
:data:`bot.limits.USE_HALVES`. That sum would change all the time, so we store the instant, in half-lives since 1970, at
which a single use would count as much as all of them together: an index can contain it.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

from bot.limits import USE_HALVES

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def used(before: float | None, at: datetime) -> float:
    """The number after a use ``at``; ``before`` is the number so far, ``None`` if it was never used."""
    now = (at - _EPOCH) / USE_HALVES
    if before is None:
        return now
    return max(before, now) + math.log2(1 + 2 ** -abs(before - now))
