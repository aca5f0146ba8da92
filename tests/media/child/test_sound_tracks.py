"""Several sound tracks: the default one is used, unless it is silent where another one is heard."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from bot.media.child.cutting import cut
from bot.media.child.probing import probe
from bot.media.child.sound_tracks import _loudest
from bot.values.time_range import TimeRange
from tests.media.child.numbered import RATE, evenly, picture, read_sound
from tests.media.child.tracks import add_pictures, add_sound

SECONDS = 4
QUIET, MUSIC, VOICE = 0.001, 0.3, 0.6  # the loudest of each; the first is at -60 dB


def write(path: Path, *tracks: float, default: int = 0) -> Path:
    """A tone as loud as that on each of ``tracks``, of which one is the default."""
    with av.open(str(path), "w") as container:
        pictures = add_pictures(container, "libx264", 10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        sounds = [add_sound(container, "aac", RATE) for _ in tracks]
        for number, sound in enumerate(sounds):
            sound.disposition = Disposition.default if number == default else Disposition(0)
        for number, at in enumerate(evenly(10, SECONDS)):
            frame = picture(number, (64, 48))
            frame.pts, frame.time_base = round(at * 10), Fraction(1, 10)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        wave = np.sin(2 * np.pi * 440 * np.arange(SECONDS * RATE) / RATE)
        for sound, loud in zip(sounds, tracks, strict=True):
            for first in range(0, len(wave), 1024):
                samples = (loud * wave[None, first : first + 1024]).astype(np.float32)
                heard = av.AudioFrame.from_ndarray(samples, "fltp", "mono")
                heard.sample_rate, heard.time_base, heard.pts = RATE, Fraction(1, RATE), first
                container.mux(sound.encode(heard))
            container.mux(sound.encode(None))
    return path


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
@pytest.mark.parametrize(
    ("tracks", "default", "used"),
    [
        ((MUSIC,), 0, 1),
        ((MUSIC, VOICE), 0, 1),
        ((MUSIC, VOICE), 1, 2),
        ((QUIET, VOICE), 0, 2),
        ((0.0, QUIET, MUSIC), 0, 3),
        ((0.0, QUIET), 0, 1),
    ],
)
def test_the_track_that_people_hear(
    tracks: tuple[float, ...], default: int, used: int, ending: str, tmp_path: Path
) -> None:
    source = write(tmp_path / f"a.{ending}", *tracks, default=default)
    facts = probe(source)
    assert (facts.sound_tracks, facts.sound_track) == (len(tracks), used)
    made = cut(source, TimeRange(Decimal(1), Decimal(3)), tmp_path)
    sound = read_sound(tmp_path / made.name)
    assert sound is not None
    # On average a sine is 2 / pi of its loudest; and one channel becomes two, each with half the power.
    assert np.abs(sound).mean() == pytest.approx(tracks[used - 1] * 2 / np.pi / 2**0.5, rel=0.1, abs=0.0005)


@pytest.mark.parametrize(
    ("kind", "loud"), [("u8", 192), ("s16", -(2**14)), ("s32p", 2**30), ("flt", 0.5), ("dblp", -0.5)]
)
def test_how_loud_a_frame_is_whatever_its_samples_are(kind: str, loud: float) -> None:
    silent = 128 if kind == "u8" else 0
    dtype = {"u8": np.uint8, "s16": np.int16, "s32p": np.int32, "flt": np.float32, "dblp": np.float64}[kind]
    samples = np.full((1, 480), silent, dtype)
    frame = av.AudioFrame.from_ndarray(samples, kind, "mono")
    assert _loudest(frame) == 0
    samples[0, 100] = loud
    assert _loudest(av.AudioFrame.from_ndarray(samples, kind, "mono")) == pytest.approx(0.5, abs=0.001)
