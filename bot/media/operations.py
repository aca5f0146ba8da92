"""The operations of a media child: their limits, and how their answers are validated.

Whatever goes wrong in a child, even a crash, fails one operation, with a message for the person.
"""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeAlias, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bot.errors import BadFile, BadRange, CastbookError
from bot.media import child_process
from bot.media.child_process import ChildFailed, EarlyChild, Ending
from bot.media.output_folder import MissingOutput, OutputFolder
from bot.media.unusable_sentences import ARCHIVE_FAILED, PICTURE_FAILED, SENTENCES, TOO_SLOW, VIDEO_FAILED, unsupported
from bot.texts import Text
from bot.values.video import (
    BestSeconds,
    CastLines,
    CheckedFile,
    Cut,
    Filmstrip,
    Findings,
    Fitted,
    Picture,
    Reference,
    SiteVideo,
    Unusable,
    VideoFacts,
)

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")
_DETAIL_LENGTH: Final = 200  # characters of a child's own message that are logged


class MediaFailed(CastbookError):
    """The operation failed: its child crashed, was too slow, or gave an invalid answer."""


class _Strict(BaseModel):
    # If an attacker took over a decoder, they write the answer. So the frozen values inside it are validated too.
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
class Operation(Generic[_T]):
    """``cpu``: the CPU seconds that all threads of a child may use. ``wall``: the seconds after which it is killed.

    The CPU limits are for machines about three times as slow as two cores on which 60 s of 1080p took 0.3 s (probe), 2
    s (filmstrip), 4 s (cut) and 10 s (best seconds), with two threads each. They stop endless work. The limits in real
    time are longer, because on a busy machine a child mostly waits; several in a row still fit into the 15 minutes of
    an interaction.
    """

    name: str
    reply: TypeAdapter[_Answered[_T] | _NoAnswer]
    cpu: int
    wall: float


PROBE = Operation[VideoFacts]("probe", TypeAdapter(_Answered[VideoFacts] | _NoAnswer), cpu=8, wall=20)
FILMSTRIP = Operation[Filmstrip]("filmstrip", TypeAdapter(_Answered[Filmstrip] | _NoAnswer), cpu=30, wall=45)
SUGGEST = Operation[BestSeconds]("suggest", TypeAdapter(_Answered[BestSeconds] | _NoAnswer), cpu=60, wall=90)
EXAMINE = Operation[Findings]("examine", TypeAdapter(_Answered[Findings] | _NoAnswer), cpu=30, wall=45)
CUT = Operation[Cut]("cut", TypeAdapter(_Answered[Cut] | _NoAnswer), cpu=40, wall=60)
REFERENCE = Operation[Reference]("reference", TypeAdapter(_Answered[Reference] | _NoAnswer), cpu=40, wall=60)
POSTER = Operation[Picture]("poster", TypeAdapter(_Answered[Picture] | _NoAnswer), cpu=15, wall=30)
# Two passes over a whole video: 15 s of noisy 1080p took 55 s of two threads.
FIT = Operation[Fitted]("fit", TypeAdapter(_Answered[Fitted] | _NoAnswer), cpu=400, wall=400)
MOVING = Operation[Picture]("moving", TypeAdapter(_Answered[Picture] | _NoAnswer), cpu=30, wall=45)
PAGE = Operation[str | None]("video_on_page", TypeAdapter(_Answered[str | None] | _NoAnswer), cpu=8, wall=20)
# yt-dlp alone takes a second or two to start; the caller sets the real-time limit
SITE_VIDEO = Operation[SiteVideo]("site_video", TypeAdapter(_Answered[SiteVideo] | _NoAnswer), cpu=60, wall=600)
PICTURE = Operation[Picture]("picture", TypeAdapter(_Answered[Picture] | _NoAnswer), cpu=8, wall=20)
CAST_LINES = Operation[CastLines]("cast_lines", TypeAdapter(_Answered[CastLines] | _NoAnswer), cpu=20, wall=40)
CAST_FILES = Operation[list[CheckedFile]](
    "cast_files", TypeAdapter(_Answered[list[CheckedFile]] | _NoAnswer), cpu=60, wall=90
)
OF_ARCHIVES = frozenset({CAST_LINES.name, CAST_FILES.name})


FACE_ROWS = Operation[tuple[Picture, ...]](
    "face_rows", TypeAdapter(_Answered[tuple[Picture, ...]] | _NoAnswer), cpu=15, wall=20
)


async def answer(
    operation: Operation[_T],
    request: Mapping[str, object],
    early: EarlyChild | None = None,
    /,
    *,
    inherits: Sequence[int] = (),
    **limits: int,
) -> _T:
    """Run ``operation`` in a new child, or in the ``early`` one, which inherits nothing.

    ``inherits``: descriptors that it gets; ``limits``: further limits.

    Raises :class:`~bot.errors.BadFile`, :class:`MediaFailed`, and OSError if the disk is full.
    """
    question = {
        "operation": operation.name,
        **request,
        "parent": os.getpid(),
        "limits": {"cpu_seconds": operation.cpu, **limits},
    }
    try:
        asked = json.dumps(question).encode()
        if early is None:
            answer_json = await child_process.ask(asked, seconds=operation.wall, inherits=inherits)
        else:
            answer_json = await early.ask(asked, seconds=operation.wall)
    except ChildFailed as failure:
        if failure.ending is Ending.TOO_MUCH_MEMORY:
            raise _refused(operation, Unusable.TOO_MUCH_MEMORY, "resident") from failure
        raise _without_answer(operation, failure) from failure
    try:
        reply = operation.reply.validate_json(answer_json)
    except (ValidationError, BadRange):  # a range validates itself
        raise failed(operation, how="nonsense") from None
    if isinstance(reply, _Refused):
        raise _refused(operation, reply.refused, reply.detail)
    if isinstance(reply, _NoRoom):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if isinstance(reply, _Failed):
        raise failed(operation, how="error", detail=_short(reply.failed))
    return reply.answer


async def take(operation: Operation[_T], output: OutputFolder, names: Iterable[str]) -> None:
    """Move the files that a child named in its answer to their destination. Raises :class:`MediaFailed`."""
    try:
        await output.take(names)
    except MissingOutput:
        raise failed(operation, how="nonsense", detail="a file that is not there") from None


def _refused(operation: Operation[_T], why: Unusable, detail: str) -> BadFile:
    _log.info("media_refused", operation=operation.name, why=why, detail=_short(detail))
    if why is Unusable.TOO_MUCH_MEMORY and operation.name in OF_ARCHIVES:
        return BadFile(ARCHIVE_FAILED)
    return BadFile(unsupported(detail) if why is Unusable.UNSUPPORTED else SENTENCES[why])


def _without_answer(operation: Operation[_T], failure: ChildFailed) -> MediaFailed:
    ended_by = -failure.status if failure.status is not None and failure.status < 0 else None
    too_slow = failure.ending is Ending.TOO_SLOW or ended_by == signal.SIGXCPU
    return failed(
        operation,
        TOO_SLOW if too_slow else None,
        how=failure.ending,
        exit_code=failure.status if ended_by is None else None,
        signal=_signal_name(ended_by) if ended_by is not None else None,
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the real-time signals
        return str(number)


def failed(operation: Operation[_T], sentence: Text | None = None, **known: object) -> MediaFailed:
    """Log what is ``known`` and return the error; its message is ``sentence``, or that of the operation."""
    _log.warning("media_failed", operation=operation.name, **known)
    return MediaFailed(sentence or _sentence_of(operation))


def _sentence_of(operation: Operation[_T]) -> Text:
    if operation.name in OF_ARCHIVES:
        return ARCHIVE_FAILED
    return PICTURE_FAILED if operation.name == PICTURE.name else VIDEO_FAILED


def _short(detail: str) -> str:
    return detail[:_DETAIL_LENGTH]
