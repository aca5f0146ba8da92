"""Makes a filmstrip: frames of a video in one picture, with the suggested seconds framed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import PIL.WebPImagePlugin  # noqa: F401 - registers itself; otherwise Pillow imports all its plugins to find it
from av.stream import Discard
from av.video.reformatter import Interpolation
from PIL import Image

from bot.media.child.black_bars import inside_bars, is_black
from bot.media.child.contact_sheet import (
    Cell,
    Layout,
    Span,
    cells_of,
    contact_sheet,
    encoded,
    pictures_of_span,
)
from bot.media.child.filmstrip_times import Moment, Timeline
from bot.media.child.frames import (
    PictureIndex,
    Scaler,
    decoded,
    picture_index,
    pictures_at,
    rotation,
    seek,
    shown_size,
)
from bot.media.child.opening import Refused, Video, open_video
from bot.values.time_range import TimeRange
from bot.values.video import Filmstrip, Unusable

LARGEST = 200_000  # bytes
MOST_DECODED = 5_000_000_000  # pixels: some ten seconds' work for a small machine
_PICTURE = 640  # pixels of the longer side, before bars are cut off
_FORMATS = {".webp": ("WEBP", "image/webp"), ".jpg": ("JPEG", "image/jpeg"), ".jpeg": ("JPEG", "image/jpeg")}
_TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


@dataclass(frozen=True, slots=True)
class _Shown:
    """A frame, upright, and when it is on screen."""

    moment: Moment
    picture: Image.Image


def filmstrip(
    source: Path, into: Path, *, marks: Sequence[TimeRange], whole: bool = True, numbered: bool = True
) -> Filmstrip:
    """Write the picture to ``into``, whose extension sets the format: ``.webp`` or ``.jpg``.

    The seconds of each of ``marks`` that lies in the video are framed, from their first frame to their last, with their
    number in the given order (if they are ``numbered``). Below them, with ``whole``, is the whole video, each cell with
    exactly the frame on screen at the instant in its caption; black ones are replaced. Black bars of the video are
    cropped. Raises :class:`Refused`.
    """
    kind, mime = _FORMATS[into.suffix]
    with open_video(source) as video:
        try:
            sheet, instants = _Look(video).sheet(marks, whole=whole, numbered=numbered)
        except av.error.FFmpegError as error:
            raise Refused(Unusable.DAMAGED, type(error).__name__) from None
    data, (width, height) = encoded(sheet, kind, LARGEST)
    into.write_bytes(data)
    return Filmstrip(width=width, height=height, size=len(data), mime=mime, instants=instants)


class _Look:
    """One pass over a video. Raises Refused if it has no picture."""

    def __init__(self, video: Video) -> None:
        for track in video.container.streams:
            if track.index != video.picture.index:
                track.discard = Discard.all  # its packets are not even read
        self._video = video
        self._index = picture_index(video)
        first = _first(video)
        if first is None or not self._index.shown:
            raise Refused(Unusable.NO_PICTURES, "none can be decoded")
        width, height = shown_size(video, first)
        self._aspect = width / height
        self._most_decoded = MOST_DECODED // (first.width * first.height)
        self._timeline = _timeline(video, self._index)
        self._scaler = Scaler()

    def sheet(
        self, marks: Sequence[TimeRange], *, whole: bool, numbered: bool
    ) -> tuple[Image.Image, tuple[float, ...]]:
        """The sheet, and the instants of its frames in order."""
        count = cells_of(self._aspect, framed=bool(marks)) if whole else 0
        count = min(count, len(self._index.shown))
        moments = self._timeline.moments(
            count, marks, of_each=pictures_of_span(self._aspect, len(marks)), most_decoded=self._most_decoded
        )
        shown = self._pictures(moments)
        if not shown and not whole:  # the marks are after the end, or out of reach
            return self.sheet((), whole=True, numbered=numbered)
        if not shown:
            raise Refused(Unusable.NO_PICTURES, "none can be decoded")
        cells = self._without_black([each for each in shown if each.moment.mark is None])
        shown = [*(each for each in shown if each.moment.mark is not None), *cells]
        shown = _cropped(shown)
        decimals = self._timeline.decimals(count) if count else 0
        spans = _spans(shown, marks, numbered=numbered)
        plain = [
            Cell(each.picture, _clock(each.moment.instant, decimals)) for each in shown if each.moment.mark is None
        ]
        width, height = shown[0].picture.size
        layout = Layout.of(width / height, len(spans), len(plain))
        plain = plain if spans else _evenly(plain, cells_of(width / height, framed=False))
        return contact_sheet(spans, plain, layout), tuple(sorted(each.moment.instant for each in shown))

    def _pictures(self, moments: Sequence[Moment]) -> list[_Shown]:
        frames = pictures_at(self._video, self._index, [self._index.shown[moment.picture] for moment in moments])
        return [
            _Shown(moment, self._upright(frame))
            for moment, frame in zip(moments, frames, strict=True)
            if frame is not None
        ]

    def _without_black(self, cells: Sequence[_Shown]) -> list[_Shown]:
        """Without the black ones, replaced by as many others from between two that are not; unless all are black."""
        lit = [not is_black(each.picture) for each in cells]
        missing = lit.count(False)
        if missing in {0, len(cells)}:
            return list(cells[:1] if missing else cells)
        gaps = [(earlier, later) for at, (earlier, later) in enumerate(pairwise(cells)) if lit[at] or lit[at + 1]]
        gaps.sort(key=lambda gap: gap[1].moment.picture - gap[0].moment.picture, reverse=True)
        more = [self._timeline.between(earlier.moment, later.moment) for earlier, later in gaps[:missing]]
        others = sorted((each for each in more if each is not None), key=lambda moment: moment.picture)
        found = [each for each in self._pictures(others) if not is_black(each.picture)]
        kept = [each for each, is_lit in zip(cells, lit, strict=True) if is_lit]
        return sorted([*kept, *found], key=lambda each: each.moment.picture)

    def _upright(self, frame: av.VideoFrame) -> Image.Image:
        width, height = shown_size(self._video, frame)
        factor = _PICTURE / max(width, height)
        size = max(1, round(width * factor)), max(1, round(height * factor))
        turned = rotation(frame)
        if turned in (90, 270):
            size = size[1], size[0]
        how = Interpolation.AREA if size[0] < frame.width else Interpolation.BICUBIC
        picture: Image.Image = self._scaler.scaled(frame, *size, "rgb24", how).to_image()  # type: ignore[no-untyped-call]  # PyAV has no types here
        return picture.transpose(_TURNS[turned]) if turned else picture


def _first(video: Video) -> av.VideoFrame | None:
    seek(video, 0.0)
    return next(decoded(video, video.picture), None)


def _timeline(video: Video, index: PictureIndex) -> Timeline:
    tick = float(video.picture.time_base or 0)
    return Timeline(
        instants=[picture * tick - video.start for picture in index.shown],
        keys=[bisect_left(index.shown, key) for key in index.keys],
    )


def _cropped(shown: Sequence[_Shown]) -> list[_Shown]:
    """Crop the black bars that all of them share."""
    box = inside_bars([each.picture for each in shown])
    return list(shown) if box is None else [_Shown(each.moment, each.picture.crop(box)) for each in shown]


def _spans(shown: Sequence[_Shown], marks: Sequence[TimeRange], *, numbered: bool) -> list[Span]:
    """Each of ``marks`` that has pictures; labelled as in the text beside the sheet."""
    spans = []
    for number, mark in enumerate(marks):
        pictures = tuple(each.picture for each in shown if each.moment.mark == number)
        if pictures:
            spans.append(Span(pictures, mark.people, number + 1 if numbered else None))
    return spans


def _evenly(cells: Sequence[Cell], most: int) -> list[Cell]:
    """At most ``most`` of them, evenly spaced from the first to the last."""
    if len(cells) <= most:
        return list(cells)
    return [cells[round(place * (len(cells) - 1) / (most - 1))] for place in range(most)]


def _clock(instant: float, decimals: int) -> str:
    """``0:07``, ``0:07.5``, ``1:02:03``."""
    parts = int(instant * 10**decimals + 0.001)
    minutes, parts = divmod(parts, 60 * 10**decimals)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{parts / 10**decimals:0{3 + decimals if decimals else 2}.{decimals}f}"
    return f"{hours}:{minutes:02}:{seconds}" if hours else f"{minutes}:{seconds}"
