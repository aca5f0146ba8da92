"""What speaks against a wish for a video, and what is nearest to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.texts import Text


class Wished(StrEnum):
    """The part of a wish that a problem is about."""

    PROMPT = "prompt"
    CAST = "cast"
    DURATION = "duration"
    RATIO = "ratio"
    RESOLUTION = "resolution"
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class Problem:
    """What a model cannot do about a wish. ``nearest`` is what it can, where that can be put in its place.

    ``member`` is the place in the cast of whom it is about, where it is about one alone.
    """

    part: Wished
    text: Text
    nearest: int | str | bool | None = None
    member: int | None = None
