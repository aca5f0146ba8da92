"""Trouble that the playground can produce on request, which in reality comes when nobody is looking."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from playground.provider import SimulatedProvider

SMALL_FILES: Final = 150_000  # bytes, of a message's files: less than the simulated provider's videos have
_LATE: Final = 16 * 60.0  # seconds for a task: longer than Discord lets the bot edit its answer to a command


class Trouble(StrEnum):
    """What happens, over and over."""

    FACES = "faces"  # seedance takes every character for a real person
    SOUND = "sound"  # the sound that a model makes is refused
    LARGE = "large"  # Discord takes only small files
    LATE = "late"  # each task takes longer than Discord's 15 minutes


def order(trouble: Trouble | None, provider: SimulatedProvider) -> None:
    """From now on ``provider`` makes that trouble. :attr:`Trouble.LARGE` is Discord's, not the provider's."""
    match trouble:
        case Trouble.FACES:
            provider.videos.real_faces = True
        case Trouble.SOUND:
            provider.videos.refuses_sound = "later"
        case Trouble.LATE:
            provider.seconds_per_task = _LATE
        case Trouble.LARGE | None:
            pass
