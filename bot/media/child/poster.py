"""Extracts the poster of a video: the first of a few pictures that is not black."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import av
from PIL import Image

from bot.media.child.black_bars import is_black
from bot.media.child.frames import Scaler, picture_index, pictures_at
from bot.media.child.opening import Refused, open_video
from bot.values.video import Picture, Unusable

POSTER: Final = "poster.jpg"
_SIDE: Final = 640  # pixels, the longer one
_AT: Final = (0.1, 0.3, 0.5, 0.7, 0.0)  # of the length, until one is not black
_QUALITY: Final = 88


def poster(source: Path, folder: Path) -> Picture:
    """Write ``poster.jpg`` into ``folder``, upright. Raises :class:`~bot.media.child.opening.Refused`."""
    with open_video(source) as video:
        try:
            index, scaler = picture_index(video), Scaler()
            ticks = [index.shown[int(part * (len(index.shown) - 1))] for part in _AT if index.shown]
            found = None
            for tick in ticks:
                frame = next(pictures_at(video, index, [tick]), None)
                if frame is not None:
                    found = Image.fromarray(scaler.upright(frame, width=_SIDE, height=_SIDE))
                    if not is_black(found):
                        break
        except av.error.FFmpegError as error:
            raise Refused(Unusable.DAMAGED, type(error).__name__) from None
    if found is None:
        raise Refused(Unusable.NO_PICTURES)
    found.save(folder / POSTER, "JPEG", quality=_QUALITY)
    return Picture(name=POSTER, mime="image/jpeg", width=found.width, height=found.height)
