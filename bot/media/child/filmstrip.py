"""Makes a filmstrip: some 16 frames of a video in one picture, from which a person can choose seconds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import av
from av.stream import Discard
from av.video.reformatter import Interpolation
from PIL import Image

from bot.media.child.contact_sheet import Cell, Layout, contact_sheet, encoded
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
from bot.media.child.moments import Moment, Timeline
from bot.media.child.opening import Refused, Video, open_video
from bot.values.time_range import TimeRange
from bot.values.video import Filmstrip, Unusable

LARGEST = 200_000  # bytes
MOST_DECODED = 5_000_000_000  # pixels: some ten seconds' work for a small machine
_FORMATS = {".webp": ("WEBP", "image/webp"), ".jpg": ("JPEG", "image/jpeg"), ".jpeg": ("JPEG", "image/jpeg")}
_TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


def filmstrip(source: Path, into: Path, *, marks: Sequence[TimeRange]) -> Filmstrip:
    """Write the picture to ``into``, whose ending says its format: ``.webp`` or ``.jpg``.

    Each cell shows exactly the frame that is on screen at the instant below it. For each of ``marks`` that lies in
    the video, one is framed that shows the middle of those seconds; they are numbered in the order given. Raises
    :class:`Refused`.
    """
    kind, mime = _FORMATS[into.suffix]
    with open_video(source) as video:
        try:
            shown, layout = _look_through(video, marks)
        except av.error.FFmpegError as error:
            raise Refused(Unusable.DAMAGED, type(error).__name__) from None
    if not shown:
        raise Refused(Unusable.NO_PICTURES, "none can be decoded")
    data, (width, height) = encoded(contact_sheet([cell for _, cell in shown], layout), kind, LARGEST)
    into.write_bytes(data)
    instants = tuple(instant for instant, _ in shown)
    return Filmstrip(width=width, height=height, size=len(data), mime=mime, instants=instants)


def _look_through(video: Video, marks: Sequence[TimeRange]) -> tuple[list[tuple[float, Cell]], Layout]:
    """Each cell with its instant."""
    for track in video.container.streams:
        if track.index != video.picture.index:
            track.discard = Discard.all  # its packets are not even read
    index = picture_index(video)
    first = _first(video)
    if first is None or not index.shown:
        raise Refused(Unusable.NO_PICTURES, "none can be decoded")
    width, height = shown_size(video, first)
    layout = Layout.of(width / height, len(index.shown))
    timeline = _timeline(video, index)
    count = min(layout.columns * layout.rows, len(index.shown))
    moments = timeline.moments(count, marks, most_decoded=MOST_DECODED // (first.width * first.height))
    frames = pictures_at(video, index, [index.shown[moment.picture] for moment in moments])
    decimals = timeline.decimals(count)
    scaler = Scaler()
    shown = [
        (moment.instant, Cell(_upright(video, frame, layout, scaler), *_words(moment, decimals)))
        for moment, frame in zip(moments, frames, strict=True)
        if frame is not None
    ]
    return shown, layout


def _first(video: Video) -> av.VideoFrame | None:
    seek(video, 0.0)
    return next(decoded(video, video.picture), None)


def _timeline(video: Video, index: PictureIndex) -> Timeline:
    tick = float(video.picture.time_base or 0)
    return Timeline(
        instants=[picture * tick - video.start for picture in index.shown],
        keys=[bisect_left(index.shown, key) for key in index.keys],
    )


def _upright(video: Video, frame: av.VideoFrame, layout: Layout, scaler: Scaler) -> Image.Image:
    width, height = shown_size(video, frame)
    size = layout.fitted(width / height)
    turned = rotation(frame)
    if turned in (90, 270):
        size = size[1], size[0]
    how = Interpolation.AREA if size[0] < frame.width else Interpolation.BICUBIC
    picture: Image.Image = scaler.scaled(frame, *size, "rgb24", how).to_image()  # type: ignore[no-untyped-call]  # PyAV has no types here
    return picture.transpose(_TURNS[turned]) if turned else picture


def _words(moment: Moment, decimals: int) -> tuple[str, int | None]:
    """What is written below a cell, and its number where it is pointed out."""
    if moment.mark is None:
        return _clock(moment.instant, decimals), None
    number, seconds = moment.mark
    return f"{_short(seconds.start)}-{_short(seconds.end)}", number  # Pillow's own font has no dash


def _short(instant: Decimal) -> str:
    tenths = int(instant * 10)
    return _clock(tenths / 10, 1 if tenths % 10 else 0)


def _clock(instant: float, decimals: int) -> str:
    """``0:07``, ``0:07.5``, ``1:02:03``."""
    parts = int(instant * 10**decimals + 0.001)
    minutes, parts = divmod(parts, 60 * 10**decimals)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{parts / 10**decimals:0{3 + decimals if decimals else 2}.{decimals}f}"
    return f"{hours}:{minutes:02}:{seconds}" if hours else f"{minutes}:{seconds}"
