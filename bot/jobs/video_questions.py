"""What the owner is asked before a video is started: why it cannot be made as requested, and the alternatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self

from bot.errors import CastbookError
from bot.provider.models.video_spec import Problem, SpecField
from bot.store.drafts import UnsentVideo
from bot.texts import Text
from bot.values.job import VideoRequest


class Part(StrEnum):
    """The part of a request that can be changed with one button."""

    MODEL = "model"
    DURATION = "duration"
    RATIO = "ratio"
    RESOLUTION = "resolution"
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class Change:
    """What is used instead of what was requested: ``value`` is empty if the choice is left to the model.

    For a duration it is a number of seconds, for the sound ``1`` or ``0``.
    """

    part: Part
    value: str

    def __str__(self) -> str:
        return f"{self.part.value}-{self.value}"

    @classmethod
    def parse(cls, written: str) -> Self:
        """Parse what ``str`` wrote. Raises :class:`ValueError` if it is not a change."""
        part, _, value = written.partition("-")
        return cls(Part(part), value)

    def made_to(self, request: VideoRequest) -> VideoRequest:
        """``request`` with this change, and nothing else changed."""
        value = self.value or None
        match self.part:
            case Part.MODEL:
                return replace(request, model=value)
            case Part.DURATION:
                return replace(request, duration=None if value is None else int(value))
            case Part.RATIO:
                return replace(request, ratio=value)
            case Part.RESOLUTION:
                return replace(request, resolution=value)
            case Part.SOUND:
                return replace(request, sound=None if value is None else value == "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoQuestion:
    """Why a video was not started, and the alternatives. The request is stored as the draft ``draft_id``.

    ``prices``: the expected price of the video with one of ``changes``, in credits, if it is known.
    """

    draft_id: str
    owner_id: int
    unsent: UnsentVideo
    reasons: tuple[Text, ...]
    changes: tuple[Change, ...] = ()
    prices: Mapping[Change, Decimal] = field(default_factory=dict)


class VideoNotPossible(CastbookError):
    """A video that cannot be made as requested. Its owner is asked :attr:`question`; nothing was started."""

    def __init__(self, question: VideoQuestion) -> None:
        super().__init__(question.reasons[0])
        self.question = question


_PARTS: Final = {
    SpecField.DURATION: Part.DURATION,
    SpecField.RATIO: Part.RATIO,
    SpecField.RESOLUTION: Part.RESOLUTION,
    SpecField.SOUND: Part.SOUND,
}


def instead(problem: Problem) -> Change | None:
    """What the model of ``problem`` offers instead; ``None`` if nothing can replace it."""
    part = _PARTS.get(problem.part)
    if part is None:
        return None
    if problem.nearest is None:
        return Change(part, "")
    nearest = problem.nearest
    return Change(part, str(int(nearest)) if isinstance(nearest, bool) else str(nearest))
