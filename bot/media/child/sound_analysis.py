"""Measures the loudness of a video's sound, and the probability of speech (Silero VAD), per quarter of a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bot.media.child.models import voice_model

RATE = 16_000  # samples per second, mono: required by the model
STEP = 0.25  # seconds
_FEWEST = RATE // 8  # samples that a shorter last quarter must have to count

# One step of the model: 512 new samples after the last 64 of the previous step.
_TURN, _BEFORE = 512, 64
_AT_ONCE = 250  # steps, 8 s: more need more memory, not less time

SILENT = -55.0  # dBFS
SILENT_PEAK = -50.0  # of the largest sample
QUIET = -35.0  # of the loudest quarter of a second; normal speech is at -25 to -10
_LOUD = -30.0
_VOICE = 0.55  # the weight of a voice relative to mere loudness
_ALL_SPEECH = 0.6  # the average probability of speech while somebody speaks with pauses
_NOTHING = -120.0  # dBFS

Values = NDArray[np.float32]


def quarters(samples: Values) -> list[Values]:
    """``samples`` (mono, -1 to 1, :data:`RATE`) split into quarters of a second."""
    step = int(RATE * STEP)
    parts = [samples[at : at + step] for at in range(0, len(samples), step)]
    return [part for part in parts if len(part) >= _FEWEST]


def levels(samples: Values) -> Values:
    """The level of each quarter of a second in dBFS (root mean square; a full-scale square wave is at 0)."""
    powers = np.array([np.square(part).mean() for part in quarters(samples)], np.float32)
    decibels: Values = 10 * np.log10(powers + 1e-12)
    return decibels


def peaks(samples: Values) -> Values:
    """The largest sample of each quarter of a second in dBFS."""
    largest = np.array([np.abs(part).max() for part in quarters(samples)], np.float32)
    decibels: Values = 20 * np.log10(largest + 1e-6)
    return decibels


def voice_detector() -> VoiceDetector | None:
    """A detector, or ``None`` if its model is not installed."""
    model = voice_model()
    return None if model is None else VoiceDetector(model)


class VoiceDetector:
    """Silero VAD. It detects speech in music and noise, and does not mistake these for speech."""

    def __init__(self, model: Path) -> None:
        import onnxruntime  # type: ignore[import-untyped]  # as in FaceDetector

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __call__(self, samples: Values) -> Values:
        """The probability of speech, 0 to 1, in each quarter of a second of ``samples``. Takes some 2 ms per second."""
        heard = self._turns(samples)
        quarter = (np.arange(len(heard)) + 0.5) * _TURN / RATE // STEP
        found = [heard[quarter == number] for number in range(len(quarters(samples)))]
        return np.array([part.mean() if part.size else 0.0 for part in found], np.float32)

    def _turns(self, samples: Values) -> Values:
        """The probability of speech in each 32 ms."""
        if not samples.size:
            return samples
        padded = np.concatenate([np.zeros(_BEFORE, np.float32), samples, np.zeros(-len(samples) % _TURN, np.float32)])
        turns = sliding_window_view(padded, _BEFORE + _TURN)[::_TURN]
        hidden = cell = np.zeros((1, 1, 128), np.float32)
        found = []
        for at in range(0, len(turns), _AT_ONCE):
            some = np.ascontiguousarray(turns[at : at + _AT_ONCE])
            chances, hidden, cell = self._session.run(None, {"input": some, "h": hidden, "c": cell})
            found.append(chances)
        return np.concatenate(found)


class SoundAnalysis:
    """The levels and voices of a stretch that begins at ``start`` seconds; ``sound``: ``None`` without a track."""

    def __init__(self, start: float, sound: Values | None, voices: VoiceDetector | None) -> None:
        self._start = start
        samples = sound if sound is not None else np.zeros(0, np.float32)
        self._levels = levels(samples)
        self._peaks = peaks(samples)
        self._speech = voices(samples) if voices is not None else None

    def level(self, start: float, end: float) -> float:
        """Between two instants, in dBFS."""
        part = self._part(self._levels, start, end)
        return float(10 * np.log10(np.power(10, part / 10).mean())) if part.size else _NOTHING

    def is_silent(self, start: float, end: float) -> bool:
        """Whether it is practically inaudible between them."""
        part = self._part(self._peaks, start, end)
        return self.level(start, end) < SILENT or not part.size or float(part.max()) < SILENT_PEAK

    def is_quiet(self, start: float, end: float) -> bool:
        """Whether it is audible, but quiet even where it is loudest."""
        part = self._part(self._levels, start, end)
        return not self.is_silent(start, end) and float(part.max()) < QUIET

    def speech(self, start: float, end: float) -> float | None:
        """The probability of speech between them, 0 to 1; ``None`` without the voice model."""
        if self._speech is None:
            return None
        part = self._part(self._speech, start, end)
        return float(part.mean()) if part.size else 0.0

    def worth(self, start: float, end: float) -> float:
        """The audible score, 0 to 1."""
        part = self._part(self._levels, start, end)
        loudness = float(np.clip((part - SILENT) / (_LOUD - SILENT), 0, 1).mean()) if part.size else 0.0
        speech = self.speech(start, end)
        if speech is None:
            return loudness
        return (1 - _VOICE) * loudness + _VOICE * min(1.0, speech / _ALL_SPEECH)

    def _part(self, values: Values, start: float, end: float) -> Values:
        first, last = (round((at - self._start) / STEP) for at in (start, end))
        return values[max(0, first) : last]
