"""The reference clip and the voice: within one shot, of one person, as long as the other models want them."""

from __future__ import annotations

import wave
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from bot.media.child.faces import face_detector
from bot.media.child.opening import Refused
from bot.media.child.reference import reference
from bot.values.time_range import TimeRange
from bot.values.video import Reference, Unusable
from tests.media.child.generated_clips import Shot, face, nobody, silence, talking, two, voice, write
from tests.media.child.numbered import evenly, read_numbered, write_numbered


def seconds(start: float, end: float) -> TimeRange:
    return TimeRange(Decimal(str(start)), Decimal(str(end)))


def spoken(length: float) -> Shot:
    return Shot(talking(length), voice(length))


POSES = {"far": (0.0, 0.8), "near": (1.8, 2.8), "aside": (3.8, 4.9)}
VIEWS = {"far": (0.0, 0.0, 512.0), "near": (140.0, 40.0, 200.0), "aside": (60.0, 60.0, 200.0)}


def poses() -> Shot:
    """One shot of somebody far, then near, then at the edge of the picture; between them the camera moves."""
    instants = [number / 12 for number in range(round(4.9 * 12))]
    knots = [at for span in POSES.values() for at in span]
    views = [VIEWS[name] for name in POSES for _ in range(2)]
    tracks = [np.interp(instants, knots, [view[each] for view in views]) for each in range(3)]
    shots = [face((1280, 720), left=left, top=top, width=width) for left, top, width in zip(*tracks, strict=True)]
    return Shot(shots, voice(4.9))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("library")
    writers: dict[str, Callable[[Path], Path]] = {
        "long.mp4": lambda path: write(path, spoken(12)),
        "shots.mp4": lambda path: write(
            path, Shot(nobody(3), silence(3)), spoken(4), Shot(nobody(3, since=5), silence(3))
        ),
        "joined.mp4": lambda path: write(path, spoken(4), Shot(two(4), silence(4))),
        "short.mp4": lambda path: write(path, spoken(2)),
        "poses.mp4": lambda path: write(path, poses(), fps=12),
        "wide.mp4": lambda path: write(path, Shot(talking(3, (1800, 600), left=170, top=40, width=330), voice(3))),
        "mute.mp4": lambda path: write(path, Shot(talking(8), silence(8))),
        "numbered.mp4": lambda path: write_numbered(path, evenly(60, 4)),
        "large.mp4": lambda path: write(path, Shot(talking(2.5, (810, 1440), width=270), voice(2.5))),
    }

    def find(name: str) -> Path:
        path = folder / name
        return path if path.exists() else writers[name](path)

    return find


def video_of(path: Path) -> tuple[float, Fraction, set[str], int]:
    """Seconds, pictures a second, codecs, and how many pictures there are, by what is decoded."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        instants = [frame.time for frame in container.decode(stream)]
        assert stream.average_rate is not None
        codecs = {each.codec_context.name for each in container.streams}
        gaps = set(np.round(np.diff(instants), 3).tolist())
        assert len(gaps) <= 2, "one picture after the other, evenly"
        return float(stream.duration * stream.time_base), stream.average_rate, codecs, len(instants)  # type: ignore[operator]


def made(source: Path, range: TimeRange, folder: Path) -> Reference:
    found = reference(source, range, folder)
    names = {found.clip, found.voice, *(still.name for still in found.stills)} - {None}
    assert {path.name for path in folder.iterdir()} == names
    return found


def test_five_seconds_about_the_range(library: Callable[[str], Path], tmp_path: Path) -> None:
    found = made(library("long.mp4"), seconds(5, 7), tmp_path)
    assert (found.seconds, found.filled) == (5.0, 0.0)
    length, rate, codecs, pictures = video_of(tmp_path / found.clip)
    assert length == pytest.approx(5, abs=0.05)
    assert (rate, pictures) == (24, 120), "twelve pictures a second are too few for other models"
    assert codecs == {"h264", "aac"}


def test_it_does_not_go_over_a_cut(library: Callable[[str], Path], tmp_path: Path) -> None:
    found = made(library("shots.mp4"), seconds(3.2, 5.2), tmp_path)
    assert found.filled == 0
    assert 3.5 <= found.seconds <= 4.0
    with av.open(str(tmp_path / found.clip)) as container:
        pictures = [frame.to_ndarray(format="rgb24").astype(float) for frame in container.decode(video=0)]
    changes = [np.abs(after - before).mean() for before, after in pairwise(pictures)]
    assert max(changes) < 20, "from one shot to another it is over 40"


def test_it_does_not_go_on_where_a_second_person_comes_in(library: Callable[[str], Path], tmp_path: Path) -> None:
    found = made(library("joined.mp4"), seconds(1, 3), tmp_path)
    assert 3.5 <= found.seconds <= 4.0


def test_what_is_too_short_is_filled_with_its_last_picture(library: Callable[[str], Path], tmp_path: Path) -> None:
    found = made(library("short.mp4"), seconds(0, 2), tmp_path)
    assert found.seconds == 3.0
    assert found.filled == pytest.approx(1.0, abs=0.1)
    assert video_of(tmp_path / found.clip)[0] == pytest.approx(3, abs=0.05)


def test_sixty_pictures_a_second_become_thirty_at_the_right_time(
    library: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pictures that carry their number in their brightness look like one cut after the other.
    monkeypatch.setattr("bot.media.child.reference._shot", lambda stretch, start, end: stretch)
    found = made(library("numbered.mp4"), seconds(1, 3), tmp_path)
    assert (found.seconds, found.voice) == (4.0, None)
    seen = read_numbered(tmp_path / found.clip)
    assert seen.numbers == list(range(0, 240, 2))
    assert seen.sound is None


def test_no_larger_than_720p_lying_or_standing(library: Callable[[str], Path], tmp_path: Path) -> None:
    found = made(library("large.mp4"), seconds(0.5, 2.5), tmp_path)
    assert (found.width, found.height) == (720, 1280)


def test_the_voice_is_three_to_ten_seconds_of_speech(library: Callable[[str], Path], tmp_path: Path) -> None:
    found = made(library("long.mp4"), seconds(5, 7), tmp_path)
    assert found.voice is not None
    assert 3 <= found.voice_seconds <= 10
    with wave.open(str(tmp_path / found.voice)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 48_000)
        assert file.getnframes() == round(found.voice_seconds * 48_000)
        loud = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    assert np.sqrt(np.square(loud).mean()) > 300


def test_little_speech_is_filled_with_silence(library: Callable[[str], Path], tmp_path: Path) -> None:
    found = made(library("short.mp4"), seconds(0, 2), tmp_path)
    assert found.voice_seconds == 3.0


def test_three_stills_show_distinct_poses(library: Callable[[str], Path], tmp_path: Path) -> None:
    found = made(library("poses.mp4"), seconds(1.2, 3.2), tmp_path)
    assert len(found.stills) == 3
    find, faces = face_detector(), []
    assert find is not None
    for each in found.stills:
        with Image.open(tmp_path / each.name) as picture:
            assert picture.size == (each.width, each.height) == (1280, 720)
            faces.append(find(np.asarray(picture.resize((320, 180))))[0])
        assert each.face
    for one, other in combinations(faces, 2):
        moved = abs((one.left + one.right) - (other.left + other.right)) / 2 / min(one.width, other.width)
        grown = max(one.area, other.area) / min(one.area, other.area)
        assert moved > 0.5 or grown > 1.5


def test_stills_are_no_wider_than_models_take_and_as_high_as_they_can_be(
    library: Callable[[str], Path], tmp_path: Path
) -> None:
    found = made(library("wide.mp4"), seconds(0.5, 2.5), tmp_path)
    assert len(found.stills) == 3
    for each in found.stills:
        assert (each.width, each.height) == (1280, 512)
        with Image.open(tmp_path / each.name) as picture:
            [face] = face_detector()(np.asarray(picture.resize((640, 256))))  # type: ignore[misc]
        assert face.left > 20, "the face at the left edge of the source is whole"


def test_a_clip_of_one_picture_gives_stills_that_are_far_apart_in_time(tmp_path: Path) -> None:
    still = write(tmp_path / "still.mp4", Shot(talking(5, left=40), silence(5)))
    (tmp_path / "made").mkdir()
    found = made(still, seconds(1, 3), tmp_path / "made")
    instants = sorted(each.instant for each in found.stills)
    assert len(instants) == 3
    assert min(later - earlier for earlier, later in pairwise(instants)) > 1


def test_where_nobody_speaks_there_is_no_voice(library: Callable[[str], Path], tmp_path: Path) -> None:
    assert made(library("mute.mp4"), seconds(3, 5), tmp_path).voice is None


def test_a_range_behind_the_end_leaves_nothing(library: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        reference(library("short.mp4"), seconds(5, 7), tmp_path)
    assert refused.value.why is Unusable.RANGE_OUTSIDE
    assert list(tmp_path.iterdir()) == []
