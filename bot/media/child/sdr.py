"""Tone-maps HDR and wide-gamut pictures to SDR BT.709, which every player shows alike.

Phones record HLG (an iPhone's Dolby Vision 8.4 has an HLG base layer), cameras and games PQ. Simply reduced to 8 bits,
such a picture looks washed out. PyAV's build of ffmpeg has neither zscale nor libplacebo, and swscale's own conversion
takes longer to initialise than the rest of a cut. So a picture Y + d, with brightness Y and colour difference d,
becomes f(Y) + f'(Y) M d: f is the brightness curve, M the matrix from its primaries to those of BT.709. That is exact
for grey, close for skin, and slightly off for saturated colours.
"""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

DEEP: Final = "yuv420p10le"  # the pixel format that is converted

_Doubles: TypeAlias = NDArray[np.float64]

_WHITE: Final = 203.0  # nits of a white page in HDR (ITU-R BT.2408 section 2.1)
_BRIGHTEST: Final = 1000.0  # nits of the screen for which HLG is mapped (ITU-R BT.2100 table 5)
_GAMMA: Final = 2.4  # of a screen for BT.709 (ITU-R BT.1886)
_KNEE: Final = 0.8  # of the signal: brighter values are compressed, so that a sky does not become a white area
# From linear light of these primaries to that of BT.709 (ITU-R BT.2087 section 2; SMPTE EG 432-1 for phones' P3).
_TO_BT709: Final[dict[int, tuple[tuple[float, float, float], ...]]] = {
    ColorPrimaries.BT2020: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    ColorPrimaries.SMPTE432: ((1.2249, -0.2249, 0.0), (-0.0420, 1.0420, 0.0), (-0.0197, -0.0786, 1.0983)),
}
_BT2020: Final = (0.2627, 0.6780, 0.0593)  # the shares of red, green and blue in the brightness (ITU-R BT.2020 table 4)
_BT709: Final = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709 item 3.2
_BT2020_SPACES: Final = frozenset({9, 10})  # AVCOL_SPC_BT2020_NCL, AVCOL_SPC_BT2020_CL


def sdr(frame: av.VideoFrame) -> av.VideoFrame:
    """A frame of the same size: yuv420p of BT.709, limited range. ``frame`` is :data:`DEEP`, in limited range."""
    brightness, *colours = (_samples(plane) for plane in frame.planes)
    curve, slope = _curve(int(frame.color_trc))
    blue, red = ((colour.astype(np.float32) - 512) / 896 for colour in colours)
    gain = slope.take(brightness[::2, ::2], mode="clip")
    matrix = _matrix(int(frame.color_primaries), is_bt2020=frame.colorspace in _BT2020_SPACES)
    planes = [curve.take(brightness, mode="clip")]  # whatever a decoder leaves beyond 10 bits
    for by_blue, by_red in matrix:
        planes.append(np.clip(128.5 + 224 * gain * (by_blue * blue + by_red * red), 16, 240).astype(np.uint8))
    made = av.VideoFrame(frame.width, frame.height, "yuv420p")
    for plane, values in zip(made.planes, planes, strict=True):
        padded = np.zeros((plane.height, plane.line_size), np.uint8)
        padded[:, : plane.width] = values
        plane.update(padded.tobytes())
    made.pts, made.time_base = frame.pts, frame.time_base
    made.colorspace, made.color_range = Colorspace.ITU709, ColorRange.MPEG
    made.color_trc, made.color_primaries = ColorTrc.BT709, ColorPrimaries.BT709
    return made


def _samples(plane: av.video.plane.VideoPlane) -> NDArray[np.uint16]:
    return np.frombuffer(memoryview(plane), np.uint16).reshape(plane.height, plane.line_size // 2)[:, : plane.width]


def _hlg(signal: _Doubles) -> _Doubles:
    """Nits on a screen of 1,000 (ITU-R BT.2100 table 5: the inverse OETF, then the OOTF)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return np.asarray(_BRIGHTEST * scene**1.2)


def _pq(signal: _Doubles) -> _Doubles:
    """Nits (ITU-R BT.2100 table 4: the EOTF)."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    power = signal ** (1 / m2)
    return np.asarray(10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1))


_LIGHT: Final = {int(ColorTrc.ARIB_STD_B67): _hlg, int(ColorTrc.SMPTE2084): _pq}


@cache
def _curve(transfer: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """For each of 1,024 brightness codes: that of BT.709 in 8 bits, and the slope of the curve there."""
    signal = np.clip((np.arange(1024) - 64) / 876, 0, 1)
    light = _LIGHT.get(transfer)
    shown = signal if light is None else _compressed((light(signal) / _WHITE) ** (1 / _GAMMA))
    return np.round(16 + 219 * shown).astype(np.uint8), np.gradient(shown, 1 / 876).astype(np.float32)


def _compressed(shown: _Doubles) -> _Doubles:
    """Unchanged up to the knee, compressed above it, never more than 1."""
    above = 1 - _KNEE
    return np.where(shown <= _KNEE, shown, _KNEE + above * np.tanh((shown - _KNEE) / above))


@cache
def _matrix(primaries: int, *, is_bt2020: bool) -> tuple[tuple[float, float], tuple[float, float]]:
    """The factors from the old Cb and Cr to Cb and Cr of BT.709."""
    red, green, blue = _BT2020 if is_bt2020 else _BT709
    # From (Cb, Cr) to (R - Y, G - Y, B - Y), to the primaries of BT.709, and back.
    by_cb, by_cr = 2 * (1 - blue), 2 * (1 - red)
    apart = np.array([(0, by_cr), (-by_cb * blue / green, -by_cr * red / green), (by_cb, 0)])
    to_bt709 = np.array(_TO_BT709[primaries]) if primaries in _TO_BT709 else np.eye(3)
    converted = to_bt709 @ apart
    converted = converted - np.array(_BT709) @ converted
    cb = converted[2] / (2 * (1 - _BT709[2]))
    cr = converted[0] / (2 * (1 - _BT709[0]))
    return (float(cb[0]), float(cb[1])), (float(cr[0]), float(cr[1]))
