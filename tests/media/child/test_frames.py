import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from subprocess import run

import av
import numpy as np
import pytest

from bot.media.child.frames import (
    Scaler,
    decoded,
    instant,
    picture_index,
    pictures_at,
    rotation,
    seek,
    shown_size,
)
from bot.media.child.opening import Video, open_video
from tests.media.child.numbered import Kind, damage, digit, evenly, write_numbered
from tests.media.child.odd_files import cut_off, flatten_matrix, trim

COUNT = 100
FPS = 25
VP8: Kind = {
    "codec": "libvpx",
    "options": {"deadline": "realtime", "cpu-used": "8", "g": "20", "auto-alt-ref": "0"},
}
VP9: Kind = {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8", "g": "20"}}
X265 = "log-level=none:pools=1:frame-threads=1"
KINDS: dict[str, Kind] = {
    "closed.mp4": {"options": {"g": "20", "bf": "3", "sc_threshold": "0"}},
    "open.mp4": {"options": {"g": "20", "bf": "3", "sc_threshold": "0", "x264-params": "open-gop=1"}},
    "one_key.mp4": {"options": {"g": "500", "sc_threshold": "0"}},
    "all_keys.mp4": {"options": {"g": "1"}},
    "fragments.mp4": {
        "options": {"g": "20", "sc_threshold": "0"},
        "container_options": {"movflags": "frag_keyframe+empty_moov"},
    },
    "hevc.mp4": {"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": f"{X265}:keyint=20:open-gop=1"}},
    "mpeg4.mp4": {"codec": "mpeg4", "options": {"g": "20", "qmax": "3"}, "ticks": Fraction(1, 1000)},
    "vp8.webm": VP8,
    "vp9.webm": VP9,
    "live.webm": {**VP8, "container_options": {"live": "1"}},
}


def number(frame: av.VideoFrame) -> int:
    """Which one it is, as it says itself."""
    luma = np.asarray(frame.to_ndarray(format="gray"), np.float64) * 219 / 255 + 16
    width = luma.shape[1]
    return digit(luma[:, width // 8 : 3 * width // 8].mean()) + 16 * digit(luma[:, 5 * width // 8 : -width // 8].mean())


def numbers(video: Video) -> list[int]:
    return [number(frame) for frame in decoded(video, video.picture)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Videos of 100 pictures that carry their number, 25 a second; each is written once."""
    folder = tmp_path_factory.mktemp("library")

    def path(name: str) -> Path:
        if not (folder / name).exists():
            write_numbered(folder / name, evenly(FPS, COUNT / FPS), **KINDS[name])
        return folder / name

    return path


def seen_at(path: Path, places: Sequence[int]) -> list[int | None]:
    """Which pictures come for those that are at these places."""
    with open_video(path) as video:
        index = picture_index(video)
        found = pictures_at(video, index, [index.shown[place] for place in places])
        return [number(frame) if frame is not None else None for frame in found]


@pytest.mark.parametrize("name", KINDS)
def test_every_picture_with_its_instant(name: str, library: Callable[[str], Path]) -> None:
    with open_video(library(name)) as video:
        seen = [(number(frame), instant(video, frame)) for frame in decoded(video, video.picture)]

    assert [one for one, _ in seen] == list(range(COUNT))
    begins = seen[0][1]
    assert begins == pytest.approx(0, abs=0.001) or name == "fragments.mp4"  # whose sound begins earlier
    assert [at - begins for _, at in seen] == pytest.approx([place / FPS for place in range(COUNT)], abs=0.001)


def test_sound_in_the_same_seconds(clip: Path) -> None:
    with open_video(clip) as video:
        assert video.sound is not None
        samples = sum(frame.samples for frame in decoded(video, video.sound))

    assert samples / video.sound.codec_context.sample_rate == pytest.approx(4, abs=0.05)


def test_it_goes_on_behind_a_damaged_packet(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", evenly(10, 2), options={"g": "1"})
    damage(path, [3, 4, 11])

    with open_video(path) as video:
        assert numbers(video) == [place for place in range(20) if place not in {3, 4, 11}]


def test_it_gives_up_where_nearly_everything_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.limits.DAMAGED_PACKETS", 3)
    path = write_numbered(tmp_path / "a.mp4", evenly(10, 2), options={"g": "1"})
    damage(path, range(5, 15))

    with open_video(path, threads=1) as video:
        assert numbers(video) == [0, 1, 2, 3, 4]


def test_all_that_is_whole_of_a_file_that_is_cut_off(clip: Path, tmp_path: Path) -> None:
    path = cut_off(clip, tmp_path / "a.mp4", keep=0.6)

    with open_video(path) as video:
        packets = video.container.demux(video.picture)
        whole = [packet.pts for packet in packets if packet.pts is not None and not packet.is_corrupt]
    with open_video(path) as video:
        shown = picture_index(video).shown
    with open_video(path) as video:
        seen = [frame.pts for frame in decoded(video, video.picture)]

    assert 40 < len(whole) < 60
    assert seen == shown == sorted(whole)


@pytest.mark.parametrize("name", ["closed.mp4", "vp8.webm", "live.webm"])
@pytest.mark.parametrize(("seconds", "first"), [(0, 0), (0.79, 0), (0.8, 20), (2.2, 40), (3.96, 80), (60, 80)])
def test_seeking_leads_to_the_key_frame_before(
    name: str, seconds: float, first: int, library: Callable[[str], Path]
) -> None:
    with open_video(library(name)) as video:
        picture_index(video)  # a recording without an index has one only once it was read
        seek(video, seconds)
        assert number(next(decoded(video, video.picture))) == first


def test_seeking_in_a_video_that_begins_late(tmp_path: Path) -> None:
    path = write_numbered(
        tmp_path / "a.mp4", [5 + at for at in evenly(10, 4)], options={"g": "10", "sc_threshold": "0"}
    )

    with open_video(path) as video:
        seek(video, 7.5)
        frame = next(decoded(video, video.picture))
        assert number(frame) == 20
        assert instant(video, frame) == pytest.approx(7)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("places", [range(COUNT), range(3, COUNT, 7), [0, 19, 20, 21, 58, 59, 60, 99], [7], [99]])
def test_exactly_the_pictures_that_are_asked_for(
    name: str, places: Sequence[int], library: Callable[[str], Path]
) -> None:
    assert seen_at(library(name), places) == list(places)


def test_the_same_picture_twice(library: Callable[[str], Path]) -> None:
    assert seen_at(library("closed.mp4"), [5, 5, 44, 44]) == [5, 5, 44, 44]


def test_for_a_damaged_picture_one_beside_it(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", evenly(10, 2), options={"g": "1"})
    damage(path, [0, 6, 7, 19])

    first, *middle, last = seen_at(path, [0, 1, 5, 6, 7, 8, 19])

    assert first in {None, 1}
    assert [middle[0], middle[1], middle[4]] == [1, 5, 8]
    assert {middle[2], middle[3]} <= {5, 8}
    assert last in {None, 18}


def test_nothing_where_nothing_can_be_decoded(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", evenly(10, 2))
    damage(path, range(20))

    assert seen_at(path, [0, 10]) == [None, None]


def test_the_index_knows_key_frames(library: Callable[[str], Path]) -> None:
    with open_video(library("closed.mp4")) as video:
        index = picture_index(video)

    assert len(index.shown) == COUNT
    assert index.keys == index.shown[::20]
    assert [index.key(index.shown[place]) for place in (0, 19, 20, 99)] == [index.shown[at] for at in (0, 0, 20, 80)]
    assert index.key(index.shown[0] - 1) == index.shown[0]


def test_what_an_edit_list_hides_is_not_shown_but_decoded(library: Callable[[str], Path], tmp_path: Path) -> None:
    path = trim(library("one_key.mp4"), tmp_path / "a.mp4", start=Fraction(6, 5))

    with open_video(path) as video:
        index = picture_index(video)
        assert index.keys[0] < index.shown[0]
    with open_video(path) as video:
        seen = [(number(frame), instant(video, frame)) for frame in decoded(video, video.picture)]

    assert seen == [(30 + place, pytest.approx(place / FPS)) for place in range(70)]
    assert seen_at(path, [0, 1, 40, 69]) == [30, 31, 70, 99]


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_rotation(turned: int, tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", evenly(10, 0.5), turned=turned)

    with open_video(path) as video:
        frame = next(decoded(video, video.picture))
        assert rotation(frame) == turned
        assert shown_size(video, frame) == ((48, 64) if turned in (90, 270) else (64, 48))
        upright = Scaler().upright(frame, width=1000, height=1000)
    kept = np.rot90(upright, -turned // 90).mean(axis=2)  # as it lies in the file: dark on the left for a low digit
    assert kept.shape == (48, 64)
    assert digit(kept[:, 8:24].mean() * 219 / 255 + 16) == number(frame) % 16


@pytest.mark.parametrize("degrees", [45, 200])
def test_a_slant_is_not_turned(degrees: int, tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", evenly(10, 0.5), turned=degrees)

    with open_video(path) as video:
        frame = next(decoded(video, video.picture))
        assert frame.rotation % 360 == degrees
        assert rotation(frame) == 0


def test_a_matrix_of_nothing_is_not_turned(tmp_path: Path) -> None:
    path = flatten_matrix(write_numbered(tmp_path / "a.mp4", evenly(10, 0.5), turned=90), tmp_path / "b.mp4")

    with open_video(path) as video:
        assert rotation(next(decoded(video, video.picture))) == 0


@pytest.mark.parametrize(
    ("pixel", "size"),
    [(Fraction(4, 3), (85, 48)), (Fraction(1, 2), (32, 48)), (Fraction(1), (64, 48)), (Fraction(5), (64, 48))],
)
def test_pixels_that_are_not_square(pixel: Fraction, size: tuple[int, int], tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", evenly(10, 0.5), pixel=pixel)

    with open_video(path) as video:
        assert video.picture.sample_aspect_ratio == pixel
        assert shown_size(video, next(decoded(video, video.picture))) == size


def test_scaling(clip: Path) -> None:
    with open_video(clip) as video:
        frame = next(decoded(video, video.picture))
        scaler = Scaler()
        small = scaler.scaled(frame, 100, 51, "gray")
        assert (small.width, small.height, small.format.name) == (100, 51, "gray")
        assert scaler.upright(frame, width=1000, height=1000).shape == (180, 320, 3)  # never enlarged
        assert scaler.upright(frame, width=90, height=1000).shape == (50, 90, 3)
        assert scaler.upright(frame, width=1000, height=90).shape == (90, 160, 3)
        assert scaler.upright(frame, width=1, height=1).shape == (2, 2, 3)
        whole = np.asarray(frame.to_ndarray(format="rgb24"), np.float64)
        assert np.abs(scaler.upright(frame, width=160, height=90) - whole[::2, ::2]).mean() < 6


def test_a_probe_needs_no_arrays() -> None:
    """Their library takes longer to import than a probe takes."""
    program = "import sys; import bot.media.child.probing; sys.exit('numpy' in sys.modules)"

    assert run([sys.executable, "-c", program], check=False).returncode == 0
