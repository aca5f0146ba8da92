"""The specification of a video: prompt, cast, length, ratio, resolution, sound; and a model's problems with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bot.texts import Text
from bot.values.character import FileKind


@dataclass(frozen=True, slots=True)
class Still:
    """A picture of a character: its size in pixels and in bytes. ``None``: unknown, and not checked."""

    width: int | None = None
    height: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Clip:
    """The clip of a character: the reference clip, or else the chosen seconds.

    Its seconds, its size in bytes and in pixels; ``None``: unknown, and not checked.
    """

    seconds: float
    size: int | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CastMember:
    """One character of a spec, and its files. ``stills`` are in the stored order: best first.

    ``task_id`` and ``username`` are those of a character made by the provider.
    """

    name: str
    task_id: str | None = None
    username: str | None = field(default=None, repr=False)
    stills: tuple[Still, ...] = ()
    clip: Clip | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSpec:
    """The requested video. ``prompt`` is as typed, with ``@name`` for the cast; ``duration`` is in seconds.

    ``None`` leaves the choice to the model.
    """

    prompt: str
    cast: tuple[CastMember, ...]
    duration: int | None = None
    ratio: str | None = None
    resolution: str | None = None
    sound: bool | None = None


@dataclass(frozen=True, slots=True)
class Needed:
    """A file that has to be uploaded: of the member with this index in the cast, from 0.

    ``kind`` is ``STILL`` (``number`` is the index of the still, from 0) or ``REFERENCE`` (its clip).
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
    """What a model cannot do of a spec. ``nearest`` is the closest it can do, if that can replace it.

    ``member`` is the index in the cast, if it is about one member alone.
    """

    part: SpecField
    text: Text
    nearest: int | str | bool | None = None
    member: int | None = None
