"""Sound that is made as loud as voices usually are, measured as it is delivered."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bot.media.child.cutting import cut
from bot.media.child.loudness import TARGET, louder, loudness
from bot.media.child.soundtrack import RATE
from bot.values.time_range import TimeRange
from playground.voice import RATE as SPOKEN
from playground.voice import speak
from tests.media.child.numbered import evenly, read_sound, write_numbered


def spoken(seconds: float) -> np.ndarray:
    """In two channels at RATE."""
    voice = speak(seconds).samples
    at = np.arange(round(seconds * RATE)) * SPOKEN / RATE
    mono = np.interp(at, np.arange(len(voice)), voice)
    return np.stack([mono, mono]).astype(np.float32)


def tone(decibels: float, seconds: float = 3.0) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    mono = 10 ** (decibels / 20) * np.sin(2 * np.pi * 997 * at)
    return np.stack([mono, mono]).astype(np.float32)


def test_it_is_measured_as_the_standard_says() -> None:
    """A tone of 997 Hz whose peaks are at -23 dB, in both channels, is at -23 LUFS (EBU Tech 3341, case 1)."""
    assert loudness(tone(-23)) == pytest.approx(-23, abs=0.1)
    assert loudness(np.zeros((2, RATE), np.float32)) == -70


@pytest.mark.parametrize("quiet", [-20, -30, -40])
def test_a_quiet_voice_is_made_as_loud_as_others(quiet: float) -> None:
    voice = spoken(3)
    voice *= 10 ** ((quiet - loudness(voice)) / 20)
    made = louder(voice)
    assert made.shape == voice.shape
    assert loudness(made) == pytest.approx(TARGET, abs=1)
    assert np.abs(made).max() <= 0.85
    # Nothing moved: it is where it was, to the sample.
    around = np.correlate(made[0, RATE : RATE + 4800], voice[0, RATE - 480 : RATE + 5280], "valid")
    assert np.abs(around).argmax() == 480


def test_what_is_loud_or_silent_stays_as_it_is() -> None:
    for sound in (tone(-10), np.zeros((2, RATE), np.float32)):
        assert np.array_equal(louder(sound), sound)


@pytest.mark.parametrize("as_asked", [True, False])
def test_the_clip_that_is_delivered_is_that_loud(as_asked: bool, tmp_path: Path) -> None:
    voice = spoken(4)
    voice *= 10 ** ((-40 - loudness(voice)) / 20)
    source = write_numbered(tmp_path / "a.mp4", evenly(10, 4), ends=Fraction(4), sound=voice, sound_codec="aac")
    made = tmp_path / "made"
    made.mkdir()
    clip = cut(source, TimeRange(Decimal(1), Decimal(3)), made, louder=as_asked)
    heard = read_sound(made / clip.name)
    assert heard is not None
    assert loudness(heard.astype(np.float32)) == pytest.approx(TARGET if as_asked else -40, abs=1.5)
