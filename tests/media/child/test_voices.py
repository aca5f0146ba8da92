import importlib.util

import numpy as np
import pytest

from bot.media.child.sound_analysis import RATE, VoiceDetector, levels, quarters, voice_detector
from playground.voice import speak


@pytest.fixture(scope="module")
def detector() -> VoiceDetector:
    detector = voice_detector()
    assert detector is not None
    return detector


def tone(seconds: float, *frequencies: float) -> np.ndarray:
    instants = np.arange(round(seconds * RATE)) / RATE
    waves = [np.sin(2 * np.pi * frequency * instants) for frequency in frequencies]
    return (0.2 * np.sum(waves, axis=0)).astype(np.float32)


def speech(seconds: float) -> np.ndarray:
    return speak(seconds).samples[::3]  # 48 kHz, and nothing above 4 kHz in it


def test_the_level_is_that_of_a_square_wave() -> None:
    full = np.ones(RATE, np.float32)
    full[::2] = -1
    np.testing.assert_allclose(
        levels(np.concatenate([full, 0.1 * full, 0.001 * full])), [0] * 4 + [-20] * 4 + [-60] * 4, atol=0.01
    )


def test_a_sine_is_three_decibels_below_that() -> None:
    np.testing.assert_allclose(levels(5 * tone(1, 440)), -3.01, atol=0.05)


def test_no_sound_has_a_finite_level() -> None:
    assert levels(np.zeros(RATE, np.float32)).tolist() == pytest.approx([-120] * 4)
    assert levels(np.zeros(0, np.float32)).size == 0


@pytest.mark.parametrize(("samples", "expected"), [(0, 0), (1999, 0), (2000, 1), (4000, 1), (6000, 2), (RATE, 4)])
def test_a_last_quarter_counts_from_half_of_it_on(samples: int, expected: int) -> None:
    assert len(quarters(np.zeros(samples, np.float32))) == expected


def test_speech_is_heard_where_it_is(detector: VoiceDetector) -> None:
    pause = np.zeros(2 * RATE, np.float32)
    heard = detector(np.concatenate([pause, speech(3), pause]))
    assert len(heard) == 28
    assert heard[:8].max() < 0.1
    assert heard[8:20].mean() > 0.6
    assert heard[22:].max() < 0.3  # it takes a moment to believe in a pause


def test_neither_noise_nor_tones_are_speech(detector: VoiceDetector) -> None:
    noise = (0.1 * np.random.default_rng(1).standard_normal(3 * RATE)).astype(np.float32)
    assert detector(noise).max() < 0.2
    assert detector(tone(3, 440, 554, 659)).max() < 0.2
    assert detector(np.zeros(RATE, np.float32)).max() < 0.2


def test_speech_in_noise_is_still_heard(detector: VoiceDetector) -> None:
    noise = (0.02 * np.random.default_rng(1).standard_normal(3 * RATE)).astype(np.float32)
    assert detector(speech(3) + noise).mean() > 0.5


@pytest.mark.parametrize("samples", [0, 100, 511, 512, 2000, 4100])
def test_there_is_one_number_for_each_quarter(detector: VoiceDetector, samples: int) -> None:
    sound = np.zeros(samples, np.float32)
    assert len(detector(sound)) == len(quarters(sound))


def test_without_the_model_there_is_no_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert voice_detector() is None
