"""The specification of a video: prompt, cast, length, ratio, resolution and sound; and what a model cannot do of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bot.texts import Text
from bot.values.character import FileKind


@dataclass(frozen=True, slots=True)
class Still:
    """A picture of a character: its size in pixels and in bytes. ``None``: not known, and so not held against it."""

    width: int | None = None
    height: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Clip:
    """The clip by which a character is known: the reference clip, or else the chosen seconds.

    Its seconds, its size in bytes and in pixels; ``None``: not known, and so not held against it.
    """

    seconds: float
    size: int | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CastMember:
    """One character of a spec, and what there is of it. ``stills`` are in the order in which they are kept: best first.

    ``task_id`` and ``username`` are those of a character that the provider made.
    """

    name: str
    task_id: str | None = None
    username: str | None = field(default=None, repr=False)
    stills: tuple[Still, ...] = ()
    clip: Clip | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSpec:
    """The video that somebody requests. ``prompt`` is as typed, with ``@name`` of the cast; ``duration`` is in seconds.

    ``None`` leaves it to the model.
    """

    prompt: str
    cast: tuple[CastMember, ...]
    duration: int | None = None
    ratio: str | None = None
    resolution: str | None = None
    sound: bool | None = None


@dataclass(frozen=True, slots=True)
class Needed:
    """A file that has to be uploaded: of the member at this place of the cast, from 0.

    ``kind`` is ``STILL`` (``number`` says which of its stills, from 0) or ``REFERENCE`` (its clip).
    """

    member: int
    kind: FileKind
    number: int = 0


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
