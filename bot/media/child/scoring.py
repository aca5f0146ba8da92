"""Scores ranges of one shot by picture and sound, and gives reasons and concerns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bot.media.child.faces import Face
from bot.media.child.samples import Sample
from bot.media.child.scan import EVERY, Stretch
from bot.media.child.shots import Thumbnail
from bot.media.child.sound_analysis import SoundAnalysis
from bot.media.child.title_cards import are_black, are_cards
from bot.values.video import Concern, Reason

# The weights of the visual and the audible criteria; their sum is 1.
_SUBJECT, _SHARP, _STEADY, _HEARD = 0.55, 0.15, 0.12, 0.18
_AVERAGE, _WORST = 0.65, 0.35  # of the pictures in a window: one bad picture spoils it
_SILENCE = 0.85  # the share of the score that is left if nothing is heard at all
# Longer is better if equally good, because the provider sees more of the subject. Per second under three.
_PER_SECOND_LESS = 0.06
_FEWEST = 0.7  # of the pictures that a window should have
_MOST_CARDS = 0.25  # of them may be title cards

# Values with the lowest and the highest score; linear between them.
_LIGHT = (8.0, 45.0)  # grey levels
_GLARE = (250.0, 230.0)
_CONTRAST = (0.0, 25.0)
_SHARPNESS = (0.28, 0.50)  # logarithmic
_SPEED = (0.3, 0.06)  # widths per second
_SIZE = (0.0, 0.30)  # of a face: the side of a square of its area relative to that of the picture
_CONFIDENCE = (0.0, 0.7)

_NOT_ALONE = 0.15  # the score of a subject that is not alone
_COMPANY = 0.7  # and of everything else: even if nobody was found, somebody may be there
_CUT_OFF = 0.5  # and of one that is not completely in the picture
_EDGE = 0.01  # of the picture: a face that near to its edge is probably cut off
_GAP = 4  # pictures in which a face may be missed between two that show it at the same place
_REMEMBERED = 0.8  # its confidence meanwhile

# Subjects without a face for the model: something moves in the middle while the margins stand still.
_STIRRING = 0.35  # its score relative to a subject
_MARGIN = 0.125  # of the picture's width, at either side
_MOVES = (0.0, 0.05)  # of the contrast, in the middle
_STILL = (0.5, 0.1)  # of the middle's motion, in the margins
# Motion in one margin, far from the face, while the other stands still means that somebody else comes or goes.
_CROSSES = (1.0, 5.0)  # grey levels
_CAMERA_STILL = (1.5, 0.5)
_ELSEWHERE = 0.5  # widths of the face between them
_UPPER = 0.6  # of the picture's height: shoulders are below


@dataclass(frozen=True, slots=True)
class Picture:
    """One of a shot's pictures, combined with its neighbours: ``speed`` is in widths per second."""

    sample: Sample
    speed: float
    stirring: float  # 0 to 1
    crossing: float  # 0 to 1

    @property
    def size(self) -> float:
        """Of the face: the side of a square of its area relative to that of the picture; 0 without one."""
        return self.sample.face.area**0.5 if self.sample.face is not None else 0.0

    @property
    def merit(self) -> float:
        """The visual score, 0 to 1 minus the weight of the sound."""
        sample = self.sample
        light = max(0.02, _worth(sample.light, _LIGHT)) * _worth(sample.light, _GLARE)
        texture = 0.25 + 0.75 * _worth(sample.contrast, _CONTRAST)
        sharp = _worth(np.log(sample.sharpness + 1e-3), np.log(_SHARPNESS))
        steady = _worth(self.speed, _SPEED)
        clear = (0.2 + 0.8 * sharp) * (0.3 + 0.7 * steady)
        company = _COMPANY if sample.subjects > 1 else 1.0
        return light * texture * company * (_SUBJECT * self._subject * clear + _SHARP * sharp + _STEADY * steady)

    @property
    def _subject(self) -> float:
        face = self.sample.face
        alone = _NOT_ALONE if self.sample.subjects > 1 else 1 - (1 - _NOT_ALONE) * self.crossing
        if face is None:
            return _STIRRING * self.stirring * alone
        whole = _CUT_OFF if _touches_edge(face) else 1.0
        size = 0.4 + 0.6 * _worth(self.size, _SIZE)
        return max(whole * size * _worth(face.confidence, _CONFIDENCE), _STIRRING * self.stirring) * alone


class Shot:
    """The pictures of a shot, its sound, and the score of any seconds of it. ``size`` is as shown.

    ``black``: all of its pictures are black.
    """

    def __init__(self, stretch: Stretch, audio: SoundAnalysis) -> None:
        self.start, self.end, self.size = stretch.start, stretch.end, stretch.size
        self.audio = audio
        self.black = all(are_black(stretch.thumbnails))
        self._pictures = _pictures(stretch)
        self._instants = np.array([picture.sample.instant for picture in self._pictures])
        self._merits = np.array([picture.merit for picture in self._pictures])
        self._cards = np.array(
            [
                card and not _is_there(picture.sample)
                for card, picture in zip(are_cards(stretch.thumbnails), self._pictures, strict=True)
            ]
        )

    def pictures(self, start: float, end: float) -> Sequence[Picture]:
        """From ``start`` to ``end``, both included."""
        return self._pictures[self._within(start, end)]

    def score(self, start: float, end: float) -> float | None:
        """0 to 1; ``None`` if these seconds have too few pictures, or show only black, a title or a logo."""
        inside = self._within(start, end)
        merits = self._merits[inside]
        if len(merits) < _FEWEST * (end - start) / EVERY or self._cards[inside].mean() > _MOST_CARDS:
            return None
        seen = _AVERAGE * float(merits.mean()) + _WORST * float(merits.min())
        heard = _HEARD * self.audio.worth(start, end) * min(1.0, 0.2 + 2 * seen)
        audible = _SILENCE if self.audio.is_silent(start, end) else 1.0
        return (seen + heard) * audible * (1 - _PER_SECOND_LESS * (3 - (end - start)))

    def _within(self, start: float, end: float) -> slice:
        first, last = np.searchsorted(self._instants, (start - 1e-3, end + 1e-3))
        return slice(int(first), int(last))


def _pictures(stretch: Stretch) -> list[Picture]:
    samples = _remembered(_alone_or_not(stretch.samples))
    found = []
    for index, sample in enumerate(samples):
        stirring = crossing = 0.0
        if index > 0:
            stirring, crossing = _motion(stretch.thumbnails[index - 1], stretch.thumbnails[index], sample.face)
        found.append(Picture(sample, _speed(stretch, sample.instant), stirring, crossing))
    return found


def _alone_or_not(samples: Sequence[Sample]) -> list[Sample]:
    """Ignore numbers of subjects that last for only one picture."""
    counts = [sample.subjects for sample in samples]
    padded = [*counts[:1], *counts, *counts[-1:]]
    return [replace(each, subjects=sorted(padded[at : at + 3])[1]) for at, each in enumerate(samples)]


def _remembered(samples: Sequence[Sample]) -> list[Sample]:
    """Fill in faces that were missed between two pictures that show one at the same place."""
    found = list(samples)
    seen: int | None = None
    for index, sample in enumerate(samples):
        if sample.face is None:
            continue
        before = samples[seen].face if seen is not None else None
        if seen is not None and before is not None and 1 < index - seen <= _GAP + 1 and before.overlap(sample.face) > 0:
            confidence = _REMEMBERED * min(before.confidence, sample.face.confidence)
            for missed in range(seen + 1, index):
                found[missed] = replace(samples[missed], subjects=1, face=replace(before, confidence=confidence))
        seen = index
    return found


def _speed(stretch: Stretch, instant: float) -> float:
    near = [change.speed for change in stretch.changes if abs(change.end - instant) <= EVERY / 2]
    return float(np.mean(near)) if near else 0.0


def _motion(before: Thumbnail, after: Thumbnail, face: Face | None) -> tuple[float, float]:
    """How much something moves in the middle, and how much somebody crosses a margin: both 0 to 1."""
    if before.shape != after.shape:
        return 0.0, 0.0
    moved = np.abs(after - before)
    left, middle, right = _thirds(moved)
    stirring = _worth(middle, np.multiply(_MOVES, float(after.std()) + 1.0))
    stirring *= _worth(max(left, right), np.multiply(_STILL, middle))
    left, _, right = _thirds(moved[: round(_UPPER * len(moved))])
    near = (face.left, face.right) if face is not None else (0.5, 0.5)
    reach = _ELSEWHERE * face.width if face is not None else 0.0
    crossing = max(
        _worth(left - right, _CROSSES) if near[0] - reach > _MARGIN else 0.0,
        _worth(right - left, _CROSSES) if near[1] + reach < 1 - _MARGIN else 0.0,
    )
    return stirring, crossing * _worth(min(left, right), _CAMERA_STILL)


def _thirds(moved: Thumbnail) -> tuple[float, float, float]:
    """How much moves in the left margin, between the margins, and in the right one."""
    width = moved.shape[1]
    margin = max(1, round(_MARGIN * width))
    left, middle, right = (float(part.mean()) for part in np.split(moved, (margin, width - margin), axis=1))
    return left, middle, right


def _touches_edge(face: Face) -> bool:
    return min(face.left, face.top) < _EDGE or max(face.right, face.bottom) > 1 - _EDGE


def _worth(value: float, scale: Sequence[float] | NDArray[np.float64]) -> float:
    nothing, everything = scale
    return float(np.clip((value - nothing) / (everything - nothing + 1e-9), 0.0, 1.0)) if nothing != everything else 0.0


# -- In words -------------------------------------------------------------------------------------------------------

PRESENT = 0.3  # the confidence above which a face counts
FACING = 0.5  # see Face.facing
_WITH_ONE = 0.6  # the share of pictures that must show a face
_WITH_SEVERAL = 0.3
_LOOKING = 0.7  # the share that must look at the camera
_LARGE_FACE = 0.2  # see Picture.size
_DARK = 40.0  # grey levels
_BLURRED, _SHARP_ENOUGH = 0.33, 0.5
_STEADY_SPEED = 0.08  # widths per second
_SPEAKING = 0.4
_AUDIBLE = -45.0  # dBFS
_HD = 720  # pixels of the short side: recommended by the provider


def reasons_and_concerns(shot: Shot, start: float, end: float, *, faces: bool) -> tuple[list[Reason], list[Concern]]:
    """Reasons and concerns for seconds of ``shot``. ``faces``: whether face detection ran at all."""
    pictures = shot.pictures(start, end)
    reasons, concerns = _subjects(pictures) if faces else ([], [])
    sharpness = _mean([picture.sample.sharpness for picture in pictures])
    if _mean([picture.sample.light for picture in pictures]) < _DARK:
        concerns.append(Concern.DARK)
    elif sharpness < _BLURRED:
        concerns.append(Concern.BLURRED)
    elif sharpness >= _SHARP_ENOUGH:
        reasons.append(Reason.SHARP)
    if _mean([picture.speed for picture in pictures]) <= _STEADY_SPEED:
        reasons.append(Reason.STEADY)
    sound = _sound(shot.audio, start, end)
    if isinstance(sound, Reason):
        reasons.append(sound)
    elif sound is not None:
        concerns.append(sound)
    if shot.audio.is_quiet(start, end):
        concerns.append(Concern.QUIET)
    if min(shot.size) < _HD:
        concerns.append(Concern.LOW_RESOLUTION)
    return reasons, concerns


def _sound(audio: SoundAnalysis, start: float, end: float) -> Reason | Concern | None:
    level, speech = audio.level(start, end), audio.speech(start, end)
    if audio.is_silent(start, end):
        return Concern.SILENT
    if speech is not None and speech >= _SPEAKING:
        return Reason.VOICE
    return Reason.SOUND if level >= _AUDIBLE else None


def _subjects(pictures: Sequence[Picture]) -> tuple[list[Reason], list[Concern]]:
    samples = [picture.sample for picture in pictures]
    present = _mean([_is_there(sample) for sample in samples])
    if _mean([sample.subjects > 1 for sample in samples]) >= _WITH_SEVERAL:
        return [], [Concern.SEVERAL_SUBJECTS]
    if present < _WITH_ONE:
        return [], [Concern.NO_SUBJECT]
    reasons = [Reason.ONE_FACE]
    if _mean([picture.size for picture in pictures]) >= _LARGE_FACE:
        reasons.append(Reason.LARGE)
    if _mean([sample.face is not None and sample.face.facing >= FACING for sample in samples]) >= _LOOKING:
        reasons.append(Reason.FACING)
    return reasons, []


def _is_there(sample: Sample) -> bool:
    return sample.face is not None and sample.face.confidence >= PRESENT


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
