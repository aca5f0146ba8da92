"""A made-up voice: vowel formants over a gliding pitch, cut into syllables, for clips of our own making.

The synthesis is additive: every harmonic of the pitch gets the loudness that the vowel's formants have at its
frequency. Nothing is random between two runs, so the same length always gives the same samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Curve = NDArray[np.float64]

RATE: Final = 48_000
_CONTROL: Final = 200  # how often a second pitch, loudness and formants are decided; between them we glide
_HARMONICS: Final = 18
_PEAK: Final = 0.5

# The first three formants in Hz (textbook values for a high voice), and how the mouth looks: how far it opens
# (0 to 1) and how wide it is (-1 rounded, +1 spread).
_VOWELS: Final[dict[str, tuple[tuple[float, float, float], float, float]]] = {
    "a": ((850, 1400, 2800), 1.0, 0.1),
    "e": ((560, 2100, 2900), 0.65, 0.7),
    "i": ((330, 2600, 3300), 0.4, 1.0),
    "o": ((520, 950, 2800), 0.75, -0.7),
    "u": ((370, 850, 2700), 0.35, -1.0),
}
# One phrase: vowel, length of the syllable in seconds, pitch against the speaker's middle. A dot is a breath.
_PHRASE: Final[tuple[tuple[str, float, float], ...]] = (
    ("e", 0.17, 1.02), ("o", 0.30, 1.16), (".", 0.16, 1.0),
    ("a", 0.19, 1.06), ("i", 0.17, 1.12), ("a", 0.24, 1.08), ("u", 0.18, 1.0), ("e", 0.20, 0.97), ("o", 0.30, 0.9),
    (".", 0.34, 1.0),
    ("i", 0.16, 1.05), ("a", 0.26, 1.15), ("e", 0.16, 1.04), ("o", 0.22, 0.98), ("a", 0.34, 0.88),
    (".", 0.42, 1.0),
)  # fmt: skip
_MIDDLE_PITCH: Final = 215.0  # Hz
_LEAD_IN: Final = 0.15  # seconds of silence before the first word


@dataclass(frozen=True, slots=True)
class Voice:
    """The sound (mono, -1 to 1, `RATE` per second) and the matching movements of the mouth (`_CONTROL` per second)."""

    samples: Samples
    _opening: Curve
    _width: Curve

    def mouth(self, instant: float) -> tuple[float, float]:
        """How far open (0 to 1) and how wide (-1 rounded to +1 spread) the mouth is at `instant` seconds."""
        at = min(max(int(instant * _CONTROL), 0), len(self._opening) - 1)
        return float(self._opening[at]), float(self._width[at])


def speak(seconds: float) -> Voice:
    """Says the phrase again and again for `seconds`; stops in mid-word where the time is up."""
    steps = max(int(np.ceil(seconds * _CONTROL)) + 1, 2)
    loudness, pitch = np.zeros(steps), np.full(steps, _MIDDLE_PITCH)
    formants = np.tile(np.array(_VOWELS["a"][0]), (steps, 1))
    opening, width = np.zeros(steps), np.zeros(steps)
    at, syllable = _LEAD_IN, 0
    while at < seconds:
        vowel, length, lift = _PHRASE[syllable % len(_PHRASE)]
        first, last = int(at * _CONTROL), min(int((at + length) * _CONTROL), steps)
        if vowel != "." and last > first:
            tones, opens, wide = _VOWELS[vowel]
            swell = np.sin(np.linspace(0.0, np.pi, last - first)) ** 0.6
            loudness[first:last] = swell
            opening[first:last] = swell * opens
            width[first:last] = wide
            pitch[first:last] = _MIDDLE_PITCH * lift * np.linspace(1.04, 0.97, last - first)
            formants[first:last] = tones
        at, syllable = at + length, syllable + 1
    glide = np.stack([_smooth(column, 0.05) for column in formants.T])
    samples = _sing(seconds, loudness, _smooth(pitch, 0.06), glide)
    return Voice(samples, _smooth(opening, 0.04), _smooth(width, 0.09))


def _sing(seconds: float, loudness: Curve, pitch: Curve, formants: Curve) -> Samples:
    """Adds up the harmonics; loudness, pitch and formants (3 rows) come at control rate."""
    count = round(seconds * RATE)
    heard, control = np.arange(count) / RATE, np.arange(len(pitch)) / _CONTROL
    vibrato = 1.0 + 0.008 * np.sin(2 * np.pi * 5.2 * heard)
    phase = (2 * np.pi * np.cumsum(np.interp(heard, control, pitch) * vibrato) / RATE).astype(np.float64)
    sound = np.zeros(count)
    for harmonic in range(1, _HARMONICS + 1):
        frequency = pitch * harmonic
        level = np.zeros_like(pitch)
        for formant, bandwidth, gain in zip(formants, (90.0, 120.0, 190.0), (1.0, 0.6, 0.3), strict=True):
            level += gain / (1.0 + ((frequency - formant) / bandwidth) ** 2)
        level = loudness * (level + 0.02) / harmonic**0.5
        sound += np.interp(heard, control, level) * np.sin(harmonic * phase)
    peak = float(np.abs(sound).max(initial=0.0))
    return (sound * (_PEAK / peak if peak else 0.0)).astype(np.float32)


def _smooth(curve: Curve, seconds: float) -> Curve:
    """A moving average over `seconds`: lips and pitch glide, they do not jump."""
    width = max(int(seconds * _CONTROL), 1) | 1
    padded = np.pad(curve, width // 2, mode="edge")
    return np.convolve(padded, np.ones(width) / width, mode="valid")
