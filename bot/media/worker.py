"""Looks into other people's files by way of child processes; the bot's own process never decodes anything.

What goes wrong in a child, up to its death, is one failed piece of work with a sentence for the person.
"""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, Literal, TypeAlias, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bot.errors import BadFile, BadRange, CastbookError
from bot.media import child_process
from bot.media.child_process import ChildFailed, Ending
from bot.media.results import NoSuchResult, Workshop, workshop
from bot.texts import Text, text
from bot.values.time_range import TimeRange
from bot.values.video import BestSeconds, Cut, Filmstrip, Findings, Picture, Unusable, VideoFacts

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")
_DETAIL_LENGTH: Final = 200  # characters of what a child says about itself that are worth a log line


class MediaFailed(CastbookError):
    """Nobody knows what is in the file: its child died, was too slow, or answered nonsense. Nothing was charged."""


class _Strict(BaseModel):
    # Whoever took over a decoder writes the answer. The configuration reaches the frozen values inside it, too.
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class _Answered(_Strict, Generic[_T]):
    answer: _T


class _Refused(_Strict):
    refused: Unusable
    detail: str


class _NoRoom(_Strict):
    no_room: Literal[True]


class _Failed(_Strict):
    failed: str


_NoAnswer: TypeAlias = _Refused | _NoRoom | _Failed


@dataclass(frozen=True)
class _Operation(Generic[_T]):
    """``cpu`` is what a child may compute, in seconds of all its threads; ``wall``, in seconds, is when it is killed.

    The CPU limits are some three times what 60 s of 1080p took on two cores (probe 0.3 s, filmstrip 2, cut 4, best
    seconds 10, each with two threads), for machines that are that much slower: they end what would never end. The
    clock on the wall is kinder, since on a busy machine a child waits more than it computes; several of them in a row
    still lie within the 15 minutes of an interaction.
    """

    name: str
    reply: TypeAdapter[_Answered[_T] | _NoAnswer]
    cpu: int
    wall: float


_PROBE = _Operation[VideoFacts]("probe", TypeAdapter(_Answered[VideoFacts] | _NoAnswer), cpu=8, wall=20)
_FILMSTRIP = _Operation[Filmstrip]("filmstrip", TypeAdapter(_Answered[Filmstrip] | _NoAnswer), cpu=30, wall=45)
_SUGGEST = _Operation[BestSeconds]("suggest", TypeAdapter(_Answered[BestSeconds] | _NoAnswer), cpu=60, wall=90)
_EXAMINE = _Operation[Findings]("examine", TypeAdapter(_Answered[Findings] | _NoAnswer), cpu=30, wall=45)
_CUT = _Operation[Cut]("cut", TypeAdapter(_Answered[Cut] | _NoAnswer), cpu=40, wall=60)
_PICTURE = _Operation[Picture]("picture", TypeAdapter(_Answered[Picture] | _NoAnswer), cpu=8, wall=20)


class MediaWorker:
    """Opens other people's files in child processes, one for each piece of work.

    How many run at once is for the caller to say (:class:`~bot.concurrency.Places`). Files appear under their names
    only when they are whole; a failure leaves nothing behind. Every method raises :class:`~bot.errors.BadFile` where
    the file cannot be used, :class:`MediaFailed` where nobody knows, and :class:`OSError` where the folder cannot be
    written.
    """

    async def probe(self, source: Path) -> VideoFacts:
        """What the packets of the video say."""
        return await self._ask(_PROBE, source)

    async def filmstrip(self, source: Path, into: Path, *, marks: Sequence[TimeRange] = ()) -> Filmstrip:
        """One picture of many, written to ``into``, whose ending says its format; ``marks`` are pointed out on it."""
        async with workshop(into.parent) as shop:
            request = {"into": _path(shop.folder / into.name), "marks": [_seconds(mark) for mark in marks]}
            strip = await self._ask(_FILMSTRIP, source, request)
            await _take(_FILMSTRIP, shop, [into.name])
        return strip

    async def suggest(self, source: Path) -> BestSeconds:
        """The seconds of the video in which somebody is seen best."""
        return await self._ask(_SUGGEST, source)

    async def examine(self, source: Path, range: TimeRange) -> Findings:
        """What speaks against ``range`` of the video."""
        return await self._ask(_EXAMINE, source, {"range": _seconds(range)})

    async def cut(self, source: Path, range: TimeRange, folder: Path) -> Cut:
        """``range`` as a clip of its own with its stills, written into ``folder`` under the names in the answer."""
        async with workshop(folder) as shop:
            request = {"range": _seconds(range), "folder": _path(shop.folder)}
            cut = await self._ask(_CUT, source, request)
            await _take(_CUT, shop, [cut.name, *(still.name for still in cut.stills)])
        return cut

    async def picture(self, source: Path, folder: Path) -> Picture:
        """The picture in ``source`` decoded and encoded anew, written into ``folder`` under the name in the answer."""
        async with workshop(folder) as shop:
            picture = await self._ask(_PICTURE, source, {"folder": _path(shop.folder)})
            await _take(_PICTURE, shop, [picture.name])
        return picture

    async def _ask(self, operation: _Operation[_T], source: Path, request: Mapping[str, object] | None = None) -> _T:
        question = {
            "operation": operation.name,
            "source": _path(source),
            **(request or {}),
            "parent": os.getpid(),
            "limits": {"cpu_seconds": operation.cpu},
        }
        try:
            said = await child_process.ask(json.dumps(question).encode(), seconds=operation.wall)
        except ChildFailed as failure:
            if failure.ending is Ending.TOO_MUCH_MEMORY:
                raise _refused(operation, Unusable.TOO_MUCH_MEMORY, "resident") from failure
            raise _without_answer(operation, failure) from failure
        try:
            reply = operation.reply.validate_json(said)
        except (ValidationError, BadRange):  # a range checks itself
            raise _failed(operation, how="nonsense") from None
        if isinstance(reply, _Refused):
            raise _refused(operation, reply.refused, reply.detail)
        if isinstance(reply, _NoRoom):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if isinstance(reply, _Failed):
            raise _failed(operation, how="error", detail=_short(reply.failed))
        return reply.answer


async def _take(operation: _Operation[_T], shop: Workshop, names: Iterable[str]) -> None:
    try:
        await shop.take(names)
    except NoSuchResult:
        raise _failed(operation, how="nonsense", detail="a file that is not there") from None


def _refused(operation: _Operation[_T], why: Unusable, detail: str) -> BadFile:
    _log.info("media_refused", operation=operation.name, why=why, detail=_short(detail))
    return BadFile(_SENTENCES[why])


def _without_answer(operation: _Operation[_T], failure: ChildFailed) -> MediaFailed:
    ended_by = -failure.status if failure.status is not None and failure.status < 0 else None
    too_slow = failure.ending is Ending.TOO_SLOW or ended_by == signal.SIGXCPU
    return _failed(
        operation,
        _TOO_SLOW if too_slow else None,
        how=failure.ending,
        exit_code=failure.status if ended_by is None else None,
        signal=_signal_name(ended_by) if ended_by is not None else None,
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the real-time signals
        return str(number)


def _failed(operation: _Operation[_T], sentence: Text | None = None, **known: object) -> MediaFailed:
    _log.warning("media_failed", operation=operation.name, **known)
    return MediaFailed(sentence or (_PICTURE_FAILED if operation is _PICTURE else _VIDEO_FAILED))


def _path(path: Path) -> str:
    """As the child finds it, which works in another folder."""
    return str(path.absolute())


def _seconds(range: TimeRange) -> tuple[str, str]:
    return str(range.start), str(range.end)


def _short(detail: str) -> str:
    return detail[:_DETAIL_LENGTH]


_VIDEO_FAILED: Text = text(
    "This video could not be looked at. Try another copy of it, for instance one exported anew as MP4; "
    "nothing was charged."
)
_PICTURE_FAILED: Text = text(
    "This picture could not be opened. Try another copy of it, for instance one saved anew as PNG; nothing was charged."
)
_TOO_SLOW: Text = text("Looking at this file took too long. Try a shorter or smaller one; nothing was charged.")
_SENTENCES: Final[Mapping[Unusable, Text]] = {
    Unusable.NOT_A_VIDEO: text(
        "That file is not a video that I can open. Send an MP4, MOV or WebM; nothing was charged."
    ),
    Unusable.NO_PICTURES: text("There is no picture in that video. Send one that shows somebody; nothing was charged."),
    Unusable.UNSUPPORTED: text(
        "That video is packed in a way that I cannot open. Export it anew as MP4 with H.264; nothing was charged."
    ),
    Unusable.DAMAGED: text("That file is damaged. Try another copy of it; nothing was charged."),
    Unusable.PICTURE_TOO_LARGE: text(
        "The picture is larger than I can take. Export it anew, with 1920x1080 pixels or fewer; nothing was charged."
    ),
    Unusable.TOO_MANY_TRACKS: text(
        "That file holds too many tracks. Export it anew with one for the picture and one for the sound; "
        "nothing was charged."
    ),
    Unusable.RANGE_OUTSIDE: text(
        "There is no picture in those seconds of the video. Choose others, inside of it; nothing was charged."
    ),
    Unusable.NOT_A_PICTURE: text(
        "That file is not a picture that I can open. Send a PNG, JPEG or WebP; nothing was charged."
    ),
    Unusable.TOO_MUCH_MEMORY: text(
        "That file takes more memory to open than I have. Export it anew, with 1920x1080 pixels or fewer; "
        "nothing was charged."
    ),
}
