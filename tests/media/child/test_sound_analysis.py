import numpy as np
import pytest

from bot.media.child.sound_analysis import RATE, SILENT, SoundAnalysis, VoiceDetector, voice_detector
from playground.voice import speak


@pytest.fixture(scope="module")
def voices() -> VoiceDetector:
    voices = voice_detector()
    assert voices is not None
    return voices


def noise(seconds: float, level: float) -> np.ndarray:
    return np.random.default_rng(2).normal(0, 10 ** (level / 20), round(seconds * RATE)).astype(np.float32)


def test_levels_belong_to_the_seconds_they_are_asked_for() -> None:
    audio = SoundAnalysis(10.0, np.concatenate([noise(2, -60), noise(2, -20)]), None)
    assert audio.level(10.0, 12.0) == pytest.approx(-60, abs=0.3)
    assert audio.level(12.0, 14.0) == pytest.approx(-20, abs=0.3)
    assert audio.level(11.0, 13.0) == pytest.approx(-23, abs=0.3)


def test_speech_is_worth_more_than_noise_as_loud(voices: VoiceDetector) -> None:
    spoken = speak(3).samples[::3]
    level = 10 * np.log10(np.square(spoken).mean())
    audio = SoundAnalysis(0.0, np.concatenate([noise(3, level), spoken]), voices)
    assert audio.worth(3, 6) > 1.5 * audio.worth(0, 3) > 0
    spoken_share, noise_share = audio.speech(3, 6), audio.speech(0, 3)
    assert spoken_share is not None
    assert noise_share is not None
    assert spoken_share > 0.5 > 0.1 > noise_share


def test_without_the_model_loudness_decides() -> None:
    audio = SoundAnalysis(0.0, np.concatenate([noise(2, -80), noise(2, -45), noise(2, -25)]), None)
    assert audio.speech(0, 2) is None
    assert audio.worth(0, 2) == 0.0
    assert 0.0 < audio.worth(2, 4) < audio.worth(4, 6) == 1.0


def test_no_sound_track_is_silence(voices: VoiceDetector) -> None:
    audio = SoundAnalysis(0.0, None, voices)
    assert audio.level(0, 3) < SILENT
    assert audio.worth(0, 3) == audio.speech(0, 3) == 0.0


def test_where_the_sound_ends_there_is_silence() -> None:
    audio = SoundAnalysis(5.0, noise(2, -20), None)
    assert audio.level(8.0, 10.0) < SILENT
    assert audio.worth(8.0, 10.0) == 0.0
