"""Makes a small animated WebP of some seconds of a video, without sound."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from io import BytesIO
from pathlib import Path
from typing import Final

import av
import PIL.WebPImagePlugin  # noqa: F401 - registers itself; otherwise Pillow imports all its plugins to find it
from PIL import Image

from bot.media.child.frames import Scaler, picture_index, pictures_at, rotation, shown_size
from bot.media.child.opening import Refused, Video, open_video
from bot.values.time_range import TimeRange
from bot.values.video import Picture, Unusable

LARGEST: Final = 500_000  # bytes
_WIDTH, _HEIGHT = 480, 480  # pixels at most: as large as Discord shows it
_EVERY = 0.1  # seconds between two pictures
_QUALITIES = (70, 50, 30, 10)
_SHRINKING = 0.7
_TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


def moving_picture(source: Path, range: TimeRange, into: Path) -> Picture:
    """Write the seconds of ``range`` as an endless loop to ``into``, in at most :data:`LARGEST` bytes.

    Raises Refused, ``RANGE_OUTSIDE`` if no picture lies in the range.
    """
    with open_video(source) as video:
        try:
            frames = _frames(video, float(range.start), float(range.end))
        except av.error.FFmpegError as error:
            raise Refused(Unusable.DAMAGED, type(error).__name__) from None
    if not frames:
        raise Refused(Unusable.RANGE_OUTSIDE, "no picture lies in it")
    data = _encoded([picture for picture, _ in frames], [round(1000 * lasts) for _, lasts in frames])
    into.write_bytes(data)
    width, height = frames[0][0].size
    return Picture(name=into.name, mime="image/webp", width=width, height=height)


def _frames(video: Video, start: float, end: float) -> list[tuple[Image.Image, float]]:
    """The picture on screen at every tenth of a second, with the seconds for which it is shown."""
    index, tick = picture_index(video), float(video.picture.time_base or 0)
    instants = [shown * tick - video.start for shown in index.shown]
    if not instants or bisect_left(instants, end) == 0:
        return []
    wanted = [start + _EVERY * number for number in _numbers((end - start) / _EVERY)]
    places = [max(0, bisect_right(instants, at + 1e-6) - 1) for at in wanted]
    distinct = sorted(set(places))
    scaler = Scaler()
    return [
        (_upright(video, frame, scaler), _EVERY * places.count(place))
        for place, frame in zip(distinct, pictures_at(video, index, [index.shown[at] for at in distinct]), strict=True)
        if frame is not None
    ]


def _numbers(count: float) -> list[int]:
    return list(range(max(1, round(count))))


def _upright(video: Video, frame: av.VideoFrame, scaler: Scaler) -> Image.Image:
    width, height = shown_size(video, frame)
    factor = min(1.0, _WIDTH / width, _HEIGHT / height)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    turned = rotation(frame)
    if turned in (90, 270):
        size = size[1], size[0]
    picture: Image.Image = scaler.scaled(frame, *size, "rgb24").to_image()  # type: ignore[no-untyped-call]  # PyAV has no types here
    return picture.transpose(_TURNS[turned]) if turned else picture


def _encoded(pictures: list[Image.Image], lasting: list[int]) -> bytes:
    for quality in _QUALITIES:
        file = BytesIO()
        pictures[0].save(
            file, "WEBP", save_all=True, append_images=pictures[1:], duration=lasting, loop=0, quality=quality, method=2
        )
        if file.tell() <= LARGEST:
            return file.getvalue()
    width, height = (max(1, round(side * _SHRINKING)) for side in pictures[0].size)
    return _encoded([picture.resize((width, height)) for picture in pictures], lasting)
