"""Why a model cannot make a video that is specified, and what comes closest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.texts import Text


class SpecField(StrEnum):
    """The part of a spec that a problem is about."""

    PROMPT = "prompt"
    CAST = "cast"
    DURATION = "duration"
    RATIO = "ratio"
    RESOLUTION = "resolution"
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class Problem:
    """What a model cannot do of a spec. ``nearest`` is what it can, where that can be put in its place.

    ``member`` is the place in the cast of whom it is about, where it is about one alone.
    """

    part: SpecField
    text: Text
    nearest: int | str | bool | None = None
    member: int | None = None
