"""What leaves the child looks as people saw it: HLG and PQ, each beside the pictures that it was made of."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image

from bot.media.child.animated_preview import moving_picture
from bot.media.child.best_seconds import examine
from bot.media.child.cutting import cut
from bot.media.child.filmstrip import filmstrip
from bot.media.child.frames import Scaler
from bot.media.child.opening import open_video
from bot.media.child.poster import poster
from bot.values.time_range import TimeRange
from bot.values.video import Concern
from tests.media.child.generated_clips import FPS, SIZE, Shot, face, silence, write
from tests.media.child.hdr import Hdr
from tests.media.child.numbered import picture, read_numbered

NEAR = 0.03  # of 1: the error on average. Left as they are, these are 0.09 (HLG) and 0.16 (PQ) off.
RANGE = TimeRange(Decimal("0.5"), Decimal("1.5"))


@pytest.fixture(scope="module", params=Hdr)
def bright(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody who does not move: every picture of it is :func:`face`."""
    kind: Hdr = request.param
    return kind.write(tmp_path_factory.mktemp("hdr") / "a.mp4", [face()] * 2 * FPS, FPS)


def apart(picture: Image.Image, filmed: Image.Image | None = None) -> float:
    """How far off the picture is from what was filmed, on average, from 0 to 1."""
    filmed = (filmed or face()).convert("RGB").resize(picture.size)
    both = (np.asarray(each, np.float64) for each in (picture.convert("RGB"), filmed))
    return float(np.abs(next(both) - next(both)).mean() / 255)


def test_left_as_it_is_it_would_look_washed_out(bright: Path) -> None:
    with av.open(str(bright)) as container:
        assert apart(Image.fromarray(next(container.decode(video=0)).to_ndarray(format="rgb24"))) > 2 * NEAR


@pytest.mark.parametrize(
    ("kind", "side_data"),
    [
        (Hdr.DOLBY_VISION, (Type.DOVI_METADATA, Type.DOVI_RPU_BUFFER)),
        (Hdr.MASTERED_PQ, (Type.MASTERING_DISPLAY_METADATA, Type.CONTENT_LIGHT_LEVEL)),
    ],
)
def test_the_files_have_the_side_data_of_those_of_phones_and_cameras(
    kind: Hdr, side_data: Sequence[Type], tmp_path: Path
) -> None:
    """What ffmpeg parses in each picture. It logs the configuration record of the track, which PyAV does not give."""
    path = kind.write(tmp_path / "a.mp4", [face()] * FPS, FPS)
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert all(each in frame.side_data for each in side_data)
    assert (b"dvvC" in path.read_bytes()) is (kind is Hdr.DOLBY_VISION)


@pytest.mark.parametrize("kind", Hdr)
def test_it_is_cut_to_the_exact_picture(kind: Hdr, tmp_path: Path) -> None:
    numbered = [picture(number, SIZE).to_image() for number in range(2 * FPS)]
    source, folder = kind.write(tmp_path / "a.mp4", numbered, FPS), tmp_path / "made"
    folder.mkdir()
    seen = read_numbered(folder / cut(source, RANGE, folder).name)
    assert seen.numbers == list(range(FPS // 2, FPS // 2 + len(seen.numbers)))
    assert len(seen.numbers) in {FPS, FPS + 1}


def test_the_clip_is_what_people_saw_and_says_so(bright: Path, tmp_path: Path) -> None:
    made = cut(bright, RANGE, tmp_path)
    with av.open(str(tmp_path / made.name)) as clip:
        frame = next(clip.decode(video=0))
        assert frame.format.name == "yuv420p"
        assert (frame.color_trc, frame.color_primaries) == (ColorTrc.BT709, ColorPrimaries.BT709)
        assert (frame.colorspace, frame.color_range) == (Colorspace.ITU709, ColorRange.MPEG)
        assert apart(Image.fromarray(frame.to_ndarray(format="rgb24"))) < NEAR


def test_so_are_its_stills(bright: Path, tmp_path: Path) -> None:
    whole = [each for each in cut(bright, RANGE, tmp_path).stills if (each.width, each.height) == SIZE]
    assert whole
    for each in whole:
        with Image.open(tmp_path / each.name) as still:
            assert apart(still) < NEAR


def test_so_are_the_poster_and_the_moving_picture(bright: Path, tmp_path: Path) -> None:
    poster(bright, tmp_path)
    moving_picture(bright, RANGE, tmp_path / "moving.webp")
    for name in ("poster.jpg", "moving.webp"):
        with Image.open(tmp_path / name) as picture:
            assert apart(picture) < NEAR


def test_so_is_the_filmstrip(bright: Path, tmp_path: Path) -> None:
    """Beside the one of the same pictures in SDR: what is no picture in it is alike."""
    plain = write(tmp_path / "plain.mp4", Shot([face()] * 2 * FPS, silence(2)))
    for source, name in ((bright, "bright.webp"), (plain, "plain.webp")):
        filmstrip(source, tmp_path / name, marks=())
    with Image.open(tmp_path / "bright.webp") as one, Image.open(tmp_path / "plain.webp") as other:
        assert apart(one, other) < NEAR


def test_somebody_is_found_in_it(bright: Path) -> None:
    assert Concern.NO_SUBJECT not in examine(bright, RANGE).concerns


@pytest.mark.parametrize("size", [(320, 180), (33, 19), (2, 2)])
def test_any_size_will_do(bright: Path, size: tuple[int, int]) -> None:
    with open_video(bright) as video:
        frame = next(video.container.decode(video.picture))
        scaled = Scaler().scaled(frame, *size, "yuv420p")
    assert (scaled.width, scaled.height, scaled.color_trc) == (*size, ColorTrc.BT709)
