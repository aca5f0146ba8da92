"""Opens other people's videos and pictures in child processes: the bot's own process never decodes anything.

If anything goes wrong in a child, even if it dies, one operation fails, with a sentence for the person.
"""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Generic, Literal, TypeAlias, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bot.errors import BadFile, BadRange, CastbookError
from bot.media import child_process
from bot.media.child_process import ChildFailed, Ending
from bot.media.output_folder import MissingOutput, OutputFolder, output_folder
from bot.media.unusable_sentences import ARCHIVE_FAILED, PICTURE_FAILED, SENTENCES, TOO_SLOW, VIDEO_FAILED
from bot.texts import Text
from bot.values.time_range import TimeRange
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
    WantedFile,
)

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")
_DETAIL_LENGTH: Final = 200  # characters of what a child says about itself that are worth a log line


class MediaFailed(CastbookError):
    """The file could not be looked at: its child died, was too slow, or gave an invalid answer."""


class _Strict(BaseModel):
    # An attacker who took over a decoder writes the answer. The frozen values inside it are validated like this too.
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
    """``cpu``: the CPU seconds of all its threads that a child may use. ``wall``: the seconds after which it is killed.

    The CPU limits are for machines that are some three times as slow as two cores on which 60 s of 1080p took 0.3 s
    (probe), 2 s (filmstrip), 4 s (cut) and 10 s (best seconds), with two threads each. They stop what would never end.
    The limits in real time are longer, because on a busy machine a child mostly waits; several in a row still fit into
    the 15 minutes of an interaction.
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
_REFERENCE = _Operation[Reference]("reference", TypeAdapter(_Answered[Reference] | _NoAnswer), cpu=40, wall=60)
_POSTER = _Operation[Picture]("poster", TypeAdapter(_Answered[Picture] | _NoAnswer), cpu=15, wall=30)
# Two passes over a whole video: 15 s of noisy 1080p took 55 s of two threads.
_FIT = _Operation[Fitted]("fit", TypeAdapter(_Answered[Fitted] | _NoAnswer), cpu=400, wall=400)
_MOVING = _Operation[Picture]("moving", TypeAdapter(_Answered[Picture] | _NoAnswer), cpu=30, wall=45)
_PAGE = _Operation[str | None]("video_on_page", TypeAdapter(_Answered[str | None] | _NoAnswer), cpu=8, wall=20)
# yt-dlp alone takes a second or two to begin; in real time whoever asks says how long.
_SITE_VIDEO = _Operation[SiteVideo]("site_video", TypeAdapter(_Answered[SiteVideo] | _NoAnswer), cpu=60, wall=600)
_PICTURE = _Operation[Picture]("picture", TypeAdapter(_Answered[Picture] | _NoAnswer), cpu=8, wall=20)
_CAST_LINES = _Operation[CastLines]("cast_lines", TypeAdapter(_Answered[CastLines] | _NoAnswer), cpu=20, wall=40)
_CAST_FILES = _Operation[list[CheckedFile]](
    "cast_files", TypeAdapter(_Answered[list[CheckedFile]] | _NoAnswer), cpu=60, wall=90
)
_OF_ARCHIVES = frozenset({_CAST_LINES.name, _CAST_FILES.name})


_FACE_ROWS = _Operation[tuple[Picture, ...]](
    "face_rows", TypeAdapter(_Answered[tuple[Picture, ...]] | _NoAnswer), cpu=15, wall=20
)


class MediaWorker:
    """Opens other people's files, in a new child process for each operation.

    The caller limits how many run at once (:class:`~bot.concurrency.Places`). Files appear under their names only when
    they are complete; a failure leaves nothing behind. Every method raises :class:`~bot.errors.BadFile` if the file
    cannot be used, :class:`MediaFailed` if the child failed, and :class:`OSError` if the folder cannot be written.
    """

    async def probe(self, source: Path) -> VideoFacts:
        """The facts of the video, read from its packets."""
        return await self._ask(_PROBE, source)

    async def filmstrip(
        self, source: Path, into: Path, *, marks: Sequence[TimeRange] = (), alone: bool = False
    ) -> Filmstrip:
        """Frames of the video in one picture, written to ``into`` (.webp or .jpg); ``marks`` are framed and numbered.

        With ``alone`` it shows nothing but them, without numbers.
        """
        async with output_folder(into.parent) as output:
            request = {
                "into": _path(output.folder / into.name),
                "marks": [_seconds(mark) for mark in marks],
                "alone": alone,
            }
            strip = await self._ask(_FILMSTRIP, source, request)
            await _take(_FILMSTRIP, output, [into.name])
        return strip

    async def moving_picture(self, source: Path, range: TimeRange, into: Path) -> Picture:
        """``range`` of the video as an animated WebP without sound, written to ``into``."""
        async with output_folder(into.parent) as output:
            request = {"into": _path(output.folder / into.name), "range": _seconds(range)}
            picture = await self._ask(_MOVING, source, request)
            await _take(_MOVING, output, [into.name])
        return picture

    async def suggest(self, source: Path) -> BestSeconds:
        """The seconds of the video that show the subject best; no two suggestions are of the same ones."""
        best = await self._ask(_SUGGEST, source)
        first = {each.range: each for each in reversed(best.suggestions)}
        return replace(best, suggestions=tuple(each for each in best.suggestions if first[each.range] is each))

    async def examine(self, source: Path, range: TimeRange) -> Findings:
        """What speaks against ``range`` of the video."""
        return await self._ask(_EXAMINE, source, {"range": _seconds(range)})

    async def cut(self, source: Path, range: TimeRange, folder: Path, *, louder: bool = False) -> Cut:
        """Cut ``range`` out as a clip, with stills, written into ``folder`` under the names in the answer."""
        async with output_folder(folder) as output:
            request = {"range": _seconds(range), "folder": _path(output.folder), "louder": louder}
            cut = await self._ask(_CUT, source, request)
            await _take(_CUT, output, [cut.name, *(still.name for still in cut.stills)])
        return cut

    async def reference(self, source: Path, range: TimeRange, folder: Path, *, louder: bool = False) -> Reference:
        """The clip about ``range``, the stills and the voice that other models need, under the names in the answer."""
        async with output_folder(folder) as output:
            request = {"range": _seconds(range), "folder": _path(output.folder), "louder": louder}
            found = await self._ask(_REFERENCE, source, request)
            names = [found.clip, *(still.name for still in found.stills)]
            await _take(_REFERENCE, output, names if found.voice is None else [*names, found.voice])
        return found

    async def picture(self, source: Path, folder: Path) -> Picture:
        """Re-encode the picture in ``source``, written into ``folder`` under the name in the answer."""
        async with output_folder(folder) as output:
            picture = await self._ask(_PICTURE, source, {"folder": _path(output.folder)})
            await _take(_PICTURE, output, [picture.name])
        return picture

    async def face_rows(self, rows: Sequence[Sequence[Path | None]], folder: Path) -> tuple[Picture, ...]:
        """A picture of each row of pictures, in ``folder``: small squares, ``None`` as a grey figure."""
        async with output_folder(folder) as output:
            asked = [[None if each is None else _path(each) for each in row] for row in rows]
            made = await self._answer(_FACE_ROWS, {"rows": asked, "folder": _path(output.folder)})
            if len(made) != len(rows):
                raise _failed(_FACE_ROWS, PICTURE_FAILED, how="nonsense", detail="another number of rows")
            await _take(_FACE_ROWS, output, [each.name for each in made])
        return made

    async def fit(self, source: Path, most_bytes: int, folder: Path) -> Fitted:
        """Make the video smaller, so that it is of at most ``most_bytes``; in ``folder`` under the name in the answer.

        Refused where nothing worth looking at would be left.
        """
        async with output_folder(folder) as output:
            fitted = await self._ask(_FIT, source, {"most_bytes": most_bytes, "folder": _path(output.folder)})
            await _take(_FIT, output, [fitted.name])
        return fitted

    async def poster(self, source: Path, folder: Path) -> Picture:
        """One picture of the video to know it by, written into ``folder`` under the name in the answer."""
        async with output_folder(folder) as output:
            picture = await self._ask(_POSTER, source, {"folder": _path(output.folder)})
            await _take(_POSTER, output, [picture.name])
        return picture

    async def video_on_page(self, page: Path) -> str | None:
        """The address of the video that a web page shows, as it stands there; ``None`` where it shows none."""
        return await self._ask(_PAGE, page)

    async def site_video(
        self, url: str, into: Path, range: TimeRange | None, most_bytes: int, *, network: int
    ) -> SiteVideo:
        """Fetch the video that a site shows at ``url``, or what lies about ``range`` of it, as the MP4 ``into``.

        ``network`` is the descriptor at which the child asks for connections (:mod:`bot.media.site_proxy`).
        """
        async with output_folder(into.parent) as output:
            request = {
                "url": url,
                "into": _path(output.folder / into.name),
                "range": range and _seconds(range),
                "most_bytes": most_bytes,
                "network": network,
            }
            file_mb = most_bytes // (1024 * 1024) + 1
            found = await self._answer(_SITE_VIDEO, request, inherits=[network], file_mb=file_mb)
            await _take(_SITE_VIDEO, output, [into.name])
        return found

    async def cast_lines(self, archive: Path, folder: Path) -> CastLines:
        """What an archive says of the cast in it, written into ``folder`` under the name in the answer."""
        async with output_folder(folder) as output:
            lines = await self._ask(_CAST_LINES, archive, {"folder": _path(output.folder)})
            await _take(_CAST_LINES, output, [lines.name])
        return lines

    async def cast_files(self, archive: Path, wanted: Sequence[WantedFile], folder: Path) -> list[CheckedFile]:
        """Files of an archive, checked as what they should be, in ``folder`` (new) under the names in the answers.

        One answer for each that is ``wanted``, in their order.
        """
        async with output_folder(folder) as output:
            asked = {"folder": _path(output.folder), "wanted": [asdict(each) for each in wanted]}
            found = await self._ask(_CAST_FILES, archive, asked)
            if len(found) != len(wanted):
                raise _failed(_CAST_FILES, how="nonsense", detail="not as many as were asked for")
            await _take(_CAST_FILES, output, [each.name for each in found if each.refused is None])
        return found

    async def _ask(self, operation: _Operation[_T], source: Path, request: Mapping[str, object] | None = None) -> _T:
        return await self._answer(operation, {"source": _path(source), **(request or {})})

    async def _answer(
        self,
        operation: _Operation[_T],
        request: Mapping[str, object],
        *,
        inherits: Sequence[int] = (),
        **limits: int,
    ) -> _T:
        question = {
            "operation": operation.name,
            **request,
            "parent": os.getpid(),
            "limits": {"cpu_seconds": operation.cpu, **limits},
        }
        try:
            said = await child_process.ask(json.dumps(question).encode(), seconds=operation.wall, inherits=inherits)
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


async def _take(operation: _Operation[_T], output: OutputFolder, names: Iterable[str]) -> None:
    try:
        await output.take(names)
    except MissingOutput:
        raise _failed(operation, how="nonsense", detail="a file that is not there") from None


def _refused(operation: _Operation[_T], why: Unusable, detail: str) -> BadFile:
    _log.info("media_refused", operation=operation.name, why=why, detail=_short(detail))
    if why is Unusable.TOO_MUCH_MEMORY and operation.name in _OF_ARCHIVES:
        return BadFile(ARCHIVE_FAILED)
    return BadFile(SENTENCES[why])


def _without_answer(operation: _Operation[_T], failure: ChildFailed) -> MediaFailed:
    ended_by = -failure.status if failure.status is not None and failure.status < 0 else None
    too_slow = failure.ending is Ending.TOO_SLOW or ended_by == signal.SIGXCPU
    return _failed(
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


def _failed(operation: _Operation[_T], sentence: Text | None = None, **known: object) -> MediaFailed:
    _log.warning("media_failed", operation=operation.name, **known)
    return MediaFailed(sentence or _sentence_of(operation))


def _sentence_of(operation: _Operation[_T]) -> Text:
    if operation.name in _OF_ARCHIVES:
        return ARCHIVE_FAILED
    return PICTURE_FAILED if operation.name == _PICTURE.name else VIDEO_FAILED


def _path(path: Path) -> str:
    """As an absolute path: the child runs in another folder."""
    return str(path.absolute())


def _seconds(range: TimeRange) -> tuple[str, str]:
    return str(range.start), str(range.end)


def _short(detail: str) -> str:
    return detail[:_DETAIL_LENGTH]
