"""What is heard in seconds of a video: how loud it is and, where the model is there, whether somebody speaks."""

from __future__ import annotations

import numpy as np

from bot.media.child.voices import STEP, Values, VoiceDetector, levels

SILENT = -55.0  # dBFS
_LOUD = -30.0
_VOICE = 0.55  # the weight of a voice against that of mere loudness
_ALL_SPEECH = 0.6  # how likely speech is, on average, while somebody speaks with pauses
_NOTHING = -120.0  # dBFS


class Hearing:
    """The sound of a stretch from ``start`` seconds on; ``sound`` is ``None`` where there is no track."""

    def __init__(self, start: float, sound: Values | None, voices: VoiceDetector | None) -> None:
        self._start = start
        samples = sound if sound is not None else np.zeros(0, np.float32)
        self._levels = levels(samples)
        self._speech = voices(samples) if voices is not None else None

    def level(self, start: float, end: float) -> float:
        """Between two instants, in dBFS."""
        part = self._part(self._levels, start, end)
        return float(10 * np.log10(np.power(10, part / 10).mean())) if part.size else _NOTHING

    def speech(self, start: float, end: float) -> float | None:
        """How likely there is speech between them, 0 to 1; ``None`` where nobody knows."""
        if self._speech is None:
            return None
        part = self._part(self._speech, start, end)
        return float(part.mean()) if part.size else 0.0

    def worth(self, start: float, end: float) -> float:
        """How good it is to be heard, 0 to 1."""
        part = self._part(self._levels, start, end)
        loudness = float(np.clip((part - SILENT) / (_LOUD - SILENT), 0, 1).mean()) if part.size else 0.0
        speech = self.speech(start, end)
        if speech is None:
            return loudness
        return (1 - _VOICE) * loudness + _VOICE * min(1.0, speech / _ALL_SPEECH)

    def _part(self, values: Values, start: float, end: float) -> Values:
        first, last = (round((at - self._start) / STEP) for at in (start, end))
        return values[max(0, first) : last]
