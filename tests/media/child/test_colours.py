"""A clip leaves as BT.709 in limited range, and its colours are those that people saw, whatever it was stored as."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from bot.media.child.cutting import cut
from bot.media.child.filmstrip import filmstrip
from bot.media.child.frames import Scaler
from bot.media.child.opening import open_video
from bot.values.time_range import TimeRange
from tests.media.child.tracks import add_pictures

RANGE = TimeRange(Decimal("0.5"), Decimal("1.5"))
SIZE = (320, 240)
# Of a face, a lawn, a sky and a shirt.
COLOURS = np.array([(205, 160, 135), (90, 130, 60), (110, 150, 215), (170, 95, 85)]) / 255
UNTOLD = 2
BT601, BT709, BT2020 = (0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593)  # what red and blue have of the brightness
# From linear light of BT.709 to that of other primaries (SMPTE EG 432-1, ITU-R BT.2087).
P3_LIGHT = np.array([(0.8225, 0.1775, 0), (0.0332, 0.9669, 0), (0.0171, 0.0724, 0.9108)])
BT2020_LIGHT = np.array([(0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956)])


@dataclass(frozen=True)
class Stored:
    """How a file stores its colours, and what it ``says`` of that: matrix, primaries, curve, range."""

    says: tuple[int, int, int, int]
    matrix: tuple[float, float]
    light: np.ndarray | None = None
    size: tuple[int, int] = SIZE

    @property
    def is_full(self) -> bool:
        return self.says[3] == ColorRange.JPEG


STORED = {
    "BT.709": Stored((1, 1, 1, 1), BT709),
    "BT.601 (PAL)": Stored((5, 5, 6, 1), BT601),
    "BT.601 (NTSC)": Stored((6, 6, 6, 1), BT601),
    "BT.601 of full range": Stored((5, 5, 6, 2), BT601),
    "BT.709 of full range": Stored((1, 1, 1, 2), BT709),
    "nothing said, small": Stored((UNTOLD, UNTOLD, UNTOLD, 1), BT601),
    "nothing said, HD": Stored((UNTOLD, UNTOLD, UNTOLD, 1), BT709, size=(1280, 720)),
    "P3 (phones)": Stored((1, 12, 1, 1), BT709, P3_LIGHT),
    "BT.2020 in SDR": Stored((9, 9, 14, 1), BT2020, BT2020_LIGHT),
}


def write(path: Path, stored: Stored) -> Path:
    """A second and a half of the four colours, side by side."""
    rgb = COLOURS if stored.light is None else (COLOURS**2.4 @ stored.light.T) ** (1 / 2.4)
    red, blue = stored.matrix
    luma = rgb @ np.array([red, 1 - red - blue, blue])
    apart = [(rgb[:, channel] - luma) / (2 * (1 - weight)) for channel, weight in ((2, blue), (0, red))]
    low, height, chroma = (0, 255, 255) if stored.is_full else (16, 219, 224)
    values = [low + height * luma, *(128 + chroma * each for each in apart)]
    width, lines = stored.size
    with av.open(str(path), "w") as container:
        stream = add_pictures(container, "libx264", 10, {"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = width, lines, "yuv420p"
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = stored.says
        for _ in range(20):
            frame = av.VideoFrame(width, lines, "yuv420p")
            frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range = stored.says
            for plane, each in zip(frame.planes, values, strict=True):
                row = np.zeros(plane.line_size, np.uint8)
                row[: plane.width] = np.round(each).repeat(plane.width // 4)
                plane.update(np.tile(row, plane.height).tobytes())
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def as_bt709(frame: av.VideoFrame) -> np.ndarray:
    """The four colours, from 0 to 1, as a player shows BT.709 in limited range: not by swscale."""
    middle = []
    for plane in frame.planes:
        row = np.frombuffer(memoryview(plane), np.uint8)[plane.line_size * (plane.height // 2) :]
        middle.append(row[plane.width // 8 : plane.width : plane.width // 4].astype(float))
    luma, blue, red = (middle[0] - 16) / 219, (middle[1] - 128) / 224, (middle[2] - 128) / 224
    r, b = luma + red * 2 * (1 - BT709[0]), luma + blue * 2 * (1 - BT709[1])
    return np.stack([r, (luma - BT709[0] * r - BT709[1] * b) / (1 - sum(BT709)), b], axis=1)


@pytest.mark.parametrize("how", STORED)
def test_a_clip_is_bt709_and_looks_as_it_did(how: str, tmp_path: Path) -> None:
    source = write(tmp_path / "a.mp4", STORED[how])
    with av.open(str(source)) as container:
        before = next(container.decode(video=0))
    made = cut(source, RANGE, tmp_path)
    with av.open(str(tmp_path / made.name)) as clip:
        frame = next(clip.decode(video=0))
    assert (frame.colorspace, frame.color_range) == (Colorspace.ITU709, ColorRange.MPEG)
    assert (frame.color_primaries, frame.color_trc) == (ColorPrimaries.BT709, ColorTrc.BT709)
    assert frame.format.name == "yuv420p"
    near = 0.04 if how == "BT.2020 in SDR" else 0.025
    assert np.abs(as_bt709(frame) - COLOURS).max() < near
    if how != "BT.709" and not how.endswith("HD"):  # else this test could not fail
        assert np.abs(as_bt709(before) - COLOURS).max() > near


@pytest.mark.parametrize("how", STORED)
def test_so_is_the_filmstrip(how: str, tmp_path: Path) -> None:
    with open_video(write(tmp_path / "a.mp4", STORED[how])) as video:
        frame = next(video.container.decode(video.picture))
        shown = Scaler().upright(frame, width=320, height=240)[120, 40::80] / 255
    assert np.abs(shown - COLOURS).max() < 0.04
    assert filmstrip(tmp_path / "a.mp4", tmp_path / "strip.webp", marks=[]).instants


def test_a_picture_that_is_bt709_already_is_not_copied(tmp_path: Path) -> None:
    """A conversion of each picture would cost most cuts time."""
    with open_video(write(tmp_path / "a.mp4", STORED["BT.709"])) as video:
        frame = next(video.container.decode(video.picture))
        assert Scaler().scaled(frame, *SIZE, "yuv420p") is frame
