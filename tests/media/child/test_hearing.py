import numpy as np
import pytest

from bot.media.child.hearing import SILENT, Hearing
from bot.media.child.voices import RATE, VoiceDetector, voice_detector
from playground.voice import speak


@pytest.fixture(scope="module")
def voices() -> VoiceDetector:
    voices = voice_detector()
    assert voices is not None
    return voices


def noise(seconds: float, level: float) -> np.ndarray:
    return np.random.default_rng(2).normal(0, 10 ** (level / 20), round(seconds * RATE)).astype(np.float32)


def test_levels_belong_to_the_seconds_they_are_asked_for() -> None:
    hearing = Hearing(10.0, np.concatenate([noise(2, -60), noise(2, -20)]), None)
    assert hearing.level(10.0, 12.0) == pytest.approx(-60, abs=0.3)
    assert hearing.level(12.0, 14.0) == pytest.approx(-20, abs=0.3)
    assert hearing.level(11.0, 13.0) == pytest.approx(-23, abs=0.3)


def test_speech_is_worth_more_than_noise_as_loud(voices: VoiceDetector) -> None:
    spoken = speak(3).samples[::3]
    level = 10 * np.log10(np.square(spoken).mean())
    hearing = Hearing(0.0, np.concatenate([noise(3, level), spoken]), voices)
    assert hearing.worth(3, 6) > 1.5 * hearing.worth(0, 3) > 0
    assert hearing.speech(3, 6) > 0.5 > 0.1 > hearing.speech(0, 3)


def test_without_the_model_loudness_decides() -> None:
    hearing = Hearing(0.0, np.concatenate([noise(2, -80), noise(2, -45), noise(2, -25)]), None)
    assert hearing.speech(0, 2) is None
    assert hearing.worth(0, 2) == 0.0
    assert 0.0 < hearing.worth(2, 4) < hearing.worth(4, 6) == 1.0


def test_no_sound_track_is_silence(voices: VoiceDetector) -> None:
    hearing = Hearing(0.0, None, voices)
    assert hearing.level(0, 3) < SILENT
    assert hearing.worth(0, 3) == hearing.speech(0, 3) == 0.0


def test_where_the_sound_ends_there_is_silence() -> None:
    hearing = Hearing(5.0, noise(2, -20), None)
    assert hearing.level(8.0, 10.0) < SILENT
    assert hearing.worth(8.0, 10.0) == 0.0
