"""Processes untrusted videos and pictures in child processes; the bot's own process never decodes anything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

from bot.media.child_process import EarlyChild
from bot.media.operations import (
    CAST_FILES,
    CAST_LINES,
    CUT,
    EXAMINE,
    FACE_ROWS,
    FILMSTRIP,
    FIT,
    MOVING,
    PAGE,
    PICTURE,
    POSTER,
    PROBE,
    REFERENCE,
    SITE_VIDEO,
    SUGGEST,
    Operation,
    answer,
    failed,
    take,
)
from bot.media.output_folder import output_folder
from bot.media.unusable_sentences import PICTURE_FAILED
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
    VideoFacts,
    WantedFile,
)

_T = TypeVar("_T")


class MediaWorker:
    """Runs each operation in a new child process.

    The caller limits how many run at once (:class:`~bot.concurrency.Places`). Files appear under their names only when
    they are complete; after a failure there are none. Every method raises :class:`~bot.errors.BadFile` if the file
    cannot be used, :class:`MediaFailed` if the child failed, and :class:`OSError` if the folder cannot be written.
    """

    async def probe(self, source: Path) -> VideoFacts:
        """The facts of the video, read from its packets."""
        return await self._ask(PROBE, source)

    async def filmstrip(
        self, source: Path, into: Path, *, marks: Sequence[TimeRange] = (), alone: bool = False
    ) -> Filmstrip:
        """Frames of the video in one picture, written to ``into`` (.webp or .jpg); ``marks`` are framed and numbered.

        With ``alone`` it shows only them, without numbers.
        """
        async with output_folder(into.parent) as output:
            request = {
                "into": _path(output.folder / into.name),
                "marks": [_seconds(mark) for mark in marks],
                "alone": alone,
            }
            strip = await self._ask(FILMSTRIP, source, request)
            await take(FILMSTRIP, output, [into.name])
        return strip

    async def moving_picture(self, source: Path, range: TimeRange, into: Path) -> Picture:
        """``range`` of the video as an animated WebP without sound, written to ``into``."""
        async with output_folder(into.parent) as output:
            request = {"into": _path(output.folder / into.name), "range": _seconds(range)}
            picture = await self._ask(MOVING, source, request)
            await take(MOVING, output, [into.name])
        return picture

    async def suggest(self, source: Path) -> BestSeconds:
        """The seconds of the video that show the subject best, without overlaps."""
        best = await self._ask(SUGGEST, source)
        first = {each.range: each for each in reversed(best.suggestions)}
        return replace(best, suggestions=tuple(each for each in best.suggestions if first[each.range] is each))

    async def examine(self, source: Path, range: TimeRange) -> Findings:
        """Findings about ``range`` of the video, with concerns."""
        return await self._ask(EXAMINE, source, {"range": _seconds(range)})

    async def cut(self, source: Path, range: TimeRange, folder: Path, *, louder: bool = False) -> Cut:
        """Cut out ``range`` as a clip with stills, written into ``folder`` under the names in the answer."""
        async with output_folder(folder) as output:
            request = {"range": _seconds(range), "folder": _path(output.folder), "louder": louder}
            cut = await self._ask(CUT, source, request)
            await take(CUT, output, [cut.name, *(still.name for still in cut.stills)])
        return cut

    async def reference(self, source: Path, range: TimeRange, folder: Path, *, louder: bool = False) -> Reference:
        """The clip around ``range``, the stills and the voice that other models need, under the names in the answer."""
        async with output_folder(folder) as output:
            request = {"range": _seconds(range), "folder": _path(output.folder), "louder": louder}
            found = await self._ask(REFERENCE, source, request)
            names = [found.clip, *(still.name for still in found.stills)]
            await take(REFERENCE, output, names if found.voice is None else [*names, found.voice])
        return found

    async def picture(self, source: Path, folder: Path) -> Picture:
        """Re-encode the picture in ``source``, written into ``folder`` under the name in the answer."""
        async with output_folder(folder) as output:
            picture = await self._ask(PICTURE, source, {"folder": _path(output.folder)})
            await take(PICTURE, output, [picture.name])
        return picture

    async def face_rows(self, rows: Sequence[Sequence[Path | None]], folder: Path) -> tuple[Picture, ...]:
        """A picture of each row of pictures, in ``folder``: small squares, with ``None`` as a grey figure."""
        async with output_folder(folder) as output:
            asked = [[None if each is None else _path(each) for each in row] for row in rows]
            made = await self._answer(FACE_ROWS, {"rows": asked, "folder": _path(output.folder)})
            if len(made) != len(rows):
                raise failed(FACE_ROWS, PICTURE_FAILED, how="nonsense", detail="another number of rows")
            await take(FACE_ROWS, output, [each.name for each in made])
        return made

    async def fit(self, source: Path, most_bytes: int, folder: Path) -> Fitted:
        """Shrink the video to at most ``most_bytes``, written into ``folder`` under the name in the answer.

        Refused if the result would be unwatchable.
        """
        async with output_folder(folder) as output:
            fitted = await self._ask(FIT, source, {"most_bytes": most_bytes, "folder": _path(output.folder)})
            await take(FIT, output, [fitted.name])
        return fitted

    async def poster(self, source: Path, folder: Path) -> Picture:
        """A poster of the video, written into ``folder`` under the name in the answer."""
        async with output_folder(folder) as output:
            picture = await self._ask(POSTER, source, {"folder": _path(output.folder)})
            await take(POSTER, output, [picture.name])
        return picture

    @asynccontextmanager
    async def page_reader(self) -> AsyncIterator[Callable[[Path], Awaitable[str | None]]]:
        """Start a child at once, so that it is ready when a page arrives; it accepts one page.

        It answers with the URL of the video that the page shows, unchanged; ``None`` if it shows none.
        """
        child = EarlyChild()
        try:
            yield lambda page: answer(PAGE, {"source": _path(page)}, child)
        finally:
            await child.close()

    async def site_video(
        self, url: str, into: Path, range: TimeRange | None, most_bytes: int, *, network: int
    ) -> SiteVideo:
        """Fetch the video that a site shows at ``url``, or the part around ``range``, as the MP4 ``into``.

        ``network`` is the descriptor on which the child requests connections (:mod:`bot.media.site_proxy`).
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
            found = await self._answer(SITE_VIDEO, request, inherits=[network], file_mb=file_mb)
            await take(SITE_VIDEO, output, [into.name])
        return found

    async def cast_lines(self, archive: Path, folder: Path) -> CastLines:
        """The cast in an archive, written into ``folder`` under the name in the answer."""
        async with output_folder(folder) as output:
            lines = await self._ask(CAST_LINES, archive, {"folder": _path(output.folder)})
            await take(CAST_LINES, output, [lines.name])
        return lines

    async def cast_files(self, archive: Path, wanted: Sequence[WantedFile], folder: Path) -> list[CheckedFile]:
        """Files of an archive, checked against their expected types, written into ``folder``, which is new.

        One answer for each of ``wanted``, in order, with the file's name.
        """
        async with output_folder(folder) as output:
            asked = {"folder": _path(output.folder), "wanted": [asdict(each) for each in wanted]}
            found = await self._ask(CAST_FILES, archive, asked)
            if len(found) != len(wanted):
                raise failed(CAST_FILES, how="nonsense", detail="not as many as were asked for")
            await take(CAST_FILES, output, [each.name for each in found if each.refused is None])
        return found

    async def _ask(self, operation: Operation[_T], source: Path, request: Mapping[str, object] | None = None) -> _T:
        return await self._answer(operation, {"source": _path(source), **(request or {})})

    async def _answer(
        self,
        operation: Operation[_T],
        request: Mapping[str, object],
        *,
        inherits: Sequence[int] = (),
        **limits: int,
    ) -> _T:
        return await answer(operation, request, inherits=inherits, **limits)


def _path(path: Path) -> str:
    """As an absolute path, because the child runs in another folder."""
    return str(path.absolute())


def _seconds(range: TimeRange) -> tuple[str, str]:
    return str(range.start), str(range.end)
