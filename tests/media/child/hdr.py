"""Pictures of high dynamic range, made of ordinary ones as a television standard says: their twins are known.

An iPhone's own files cannot be made here. They are approximated: HEVC of 10 bits with the same tags (BT.2020, HLG), the
configuration record of Dolby Vision 8.4 and its metadata in each picture (:mod:`tests.media.child.dolby_vision`). PQ of
cameras and games is made with and without the mastering display and light levels that say what it was made on.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image

from tests.media.child.dolby_vision import with_dolby_vision
from tests.media.child.tracks import add_pictures

WHITE = 203.0  # nits of a white page (ITU-R BT.2408)
_WEIGHTS = np.array([0.2627, 0.6780, 0.0593])  # ITU-R BT.2020
_FROM_BT709 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])  # BT.2087


def hlg(nits: np.ndarray) -> np.ndarray:
    """The signal that a screen of 1,000 nits shows as ``nits`` of red, green and blue (ITU-R BT.2100 table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    brightness = np.maximum(nits @ _WEIGHTS, 1e-6)[..., None] / 1000
    scene = nits / 1000 * brightness ** ((1 - 1.2) / 1.2)
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)


def pq(nits: np.ndarray) -> np.ndarray:
    """The signal for ``nits`` (ITU-R BT.2100 table 4)."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    power = np.clip(nits / 10_000, 0, 1) ** m1
    return np.asarray(((c1 + c2 * power) / (1 + c3 * power)) ** m2)


# A screen with the primaries of P3, from 0.0001 to 1,000 nits (CTA-861.3; in units of 0.00002 and 0.0001 nits).
_MASTERING = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400"
_X265 = "log-level=none:pools=1:frame-threads=1"


class Hdr(StrEnum):
    """What a file of high dynamic range is like."""

    HLG = "HLG"
    FULL_HLG = "HLG of full range"
    DOLBY_VISION = "HLG with Dolby Vision 8.4"
    PQ = "PQ"
    MASTERED_PQ = "PQ with mastering metadata"

    def write(self, path: Path, pictures: Sequence[Image.Image], fps: int) -> Path:
        """The ``pictures``, whose white is a white page's, at ``path``."""
        if self is Hdr.DOLBY_VISION:
            return with_dolby_vision(
                write_hdr(path.with_suffix(".hlg.mp4"), pictures, fps, ColorTrc.ARIB_STD_B67), path
            )
        if self is Hdr.MASTERED_PQ:
            return write_hdr(path, pictures, fps, ColorTrc.SMPTE2084, x265=f"{_X265}:{_MASTERING}")
        transfer = ColorTrc.SMPTE2084 if self is Hdr.PQ else ColorTrc.ARIB_STD_B67
        return write_hdr(path, pictures, fps, transfer, full=self is Hdr.FULL_HLG)


SIGNALS = {ColorTrc.ARIB_STD_B67: hlg, ColorTrc.SMPTE2084: pq}


def write_hdr(
    path: Path, pictures: Sequence[Image.Image], fps: int, transfer: ColorTrc, *, full: bool = False, x265: str = _X265
) -> Path:
    """The ``pictures``, whose white is a white page's, in HDR; ``full``: of full range."""
    with av.open(str(path), "w") as container:
        stream = add_pictures(container, "libx265", fps, {"preset": "ultrafast", "crf": "12", "x265-params": x265})
        stream.width, stream.height = pictures[0].size
        stream.pix_fmt = "yuv420p10le"
        context = stream.codec_context
        context.color_trc, context.color_primaries = transfer, ColorPrimaries.BT2020
        context.colorspace, context.color_range = Colorspace.BT2020, ColorRange.JPEG if full else ColorRange.MPEG
        for number, each in enumerate(pictures):
            frame = _frame(each, transfer, full=full)
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _frame(picture: Image.Image, transfer: ColorTrc, *, full: bool) -> av.VideoFrame:
    linear = (np.asarray(picture.convert("RGB")) / 255) ** 2.4 @ _FROM_BT709.T
    signal = SIGNALS[transfer](WHITE * np.clip(linear, 0, None))
    brightness = signal @ _WEIGHTS
    blue = (signal[..., 2] - brightness) / (2 * (1 - _WEIGHTS[2]))
    red = (signal[..., 0] - brightness) / (2 * (1 - _WEIGHTS[0]))
    frame = av.VideoFrame(*picture.size, "yuv420p10le")
    low, luma, chroma = (0, 1023, 1023) if full else (64, 876, 896)
    values = low + luma * brightness, 512 + chroma * blue[::2, ::2], 512 + chroma * red[::2, ::2]
    for plane, each in zip(frame.planes, values, strict=True):
        padded = np.zeros((plane.height, plane.line_size // 2), np.uint16)
        padded[:, : each.shape[1]] = np.clip(np.round(each), 0, 1023)
        plane.update(padded.tobytes())
    frame.color_trc, frame.color_primaries = transfer, ColorPrimaries.BT2020
    frame.colorspace, frame.color_range = Colorspace.BT2020, ColorRange.JPEG if full else ColorRange.MPEG
    return frame
