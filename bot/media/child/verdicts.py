"""What is said for and against seconds of a video, in the words of :mod:`bot.values.video`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bot.media.child.hearing import SILENT, Hearing
from bot.media.child.scoring import Picture, Shot
from bot.values.video import Concern, Reason

_PRESENT = 0.3  # the confidence from which a face counts
_WITH_ONE = 0.6  # the share of the pictures that must show a face
_WITH_SEVERAL = 0.3
_LARGE = 0.2  # see Picture.size
_DARK = 40.0  # grey levels
_BLURRED, _SHARP = 0.33, 0.5
_STEADY = 0.08  # widths a second
_SPEAKING = 0.4
_AUDIBLE = -45.0  # dBFS
_HD = 720  # pixels of the short side: what the provider advises


def verdict(shot: Shot, start: float, end: float, *, faces: bool) -> tuple[list[Reason], list[Concern]]:
    """On seconds of ``shot``. Without ``faces``, who finds them, nothing is said about subjects."""
    pictures = shot.pictures(start, end)
    reasons, concerns = _subjects(pictures) if faces else ([], [])
    sharpness = _mean([picture.sample.sharpness for picture in pictures])
    if _mean([picture.sample.light for picture in pictures]) < _DARK:
        concerns.append(Concern.DARK)
    elif sharpness < _BLURRED:
        concerns.append(Concern.BLURRED)
    elif sharpness >= _SHARP:
        reasons.append(Reason.SHARP)
    if _mean([picture.speed for picture in pictures]) <= _STEADY:
        reasons.append(Reason.STEADY)
    sound = _sound(shot.hearing, start, end)
    if isinstance(sound, Reason):
        reasons.append(sound)
    elif sound is not None:
        concerns.append(sound)
    if min(shot.size) < _HD:
        concerns.append(Concern.LOW_RESOLUTION)
    return reasons, concerns


def _sound(hearing: Hearing, start: float, end: float) -> Reason | Concern | None:
    level, speech = hearing.level(start, end), hearing.speech(start, end)
    if level < SILENT:
        return Concern.SILENT
    if speech is not None and speech >= _SPEAKING:
        return Reason.VOICE
    return Reason.SOUND if level >= _AUDIBLE else None


def _subjects(pictures: Sequence[Picture]) -> tuple[list[Reason], list[Concern]]:
    samples = [picture.sample for picture in pictures]
    present = _mean([sample.face is not None and sample.face.confidence >= _PRESENT for sample in samples])
    if _mean([sample.subjects > 1 for sample in samples]) >= _WITH_SEVERAL:
        return [], [Concern.SEVERAL_SUBJECTS]
    if present < _WITH_ONE:
        return [], [Concern.NO_SUBJECT]
    large = _mean([picture.size for picture in pictures]) >= _LARGE
    return [Reason.ONE_FACE, Reason.LARGE] if large else [Reason.ONE_FACE], []


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
