"""Makes a character's reference set for other models: a longer clip around the chosen seconds, stills, the voice.

The rules come from the provider's documentation of its video models: all that accept clips accept 3 to 5 seconds, up to
720p, at 24 to 30 fps; all that accept voices accept 3 to 10 seconds.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from bot import limits
from bot.media.child.cutting import PictureTrack, Shown, mp4, rate_of, shown_in, write_sound
from bot.media.child.faces import face_detector
from bot.media.child.loudness import louder as as_loud_as_usual
from bot.media.child.opening import Refused, Video, open_video
from bot.media.child.poses import PoseKeeper, distinct
from bot.media.child.samples import PictureAnalyzer
from bot.media.child.scan import Stretch, scan
from bot.media.child.sound_analysis import STEP, voice_detector
from bot.media.child.soundtrack import RATE, Samples, soundtrack
from bot.values.time_range import TimeRange
from bot.values.video import Reference, Still, Unusable

CLIP: Final = "reference.mp4"
VOICE: Final = "voice.wav"
_AROUND: Final = 3.5  # seconds scanned to either side: with three seconds, as many as a voice may have
_SLOWEST, _FASTEST = Fraction(24), Fraction(30)  # pictures a second
_SPEAKS: Final = 0.5  # the probability above which speech counts
_PAUSE: Final = 1.0  # seconds without speech inside a voice sample
_LITTLE: Final = 0.75  # seconds of speech: fewer make no sample of a voice
_LAST: Final = 0.05  # seconds before the end of the clip without stills: they may be in no picture of it
_THREADS: Final = 3


def reference(source: Path, range: TimeRange, folder: Path, *, louder: bool = False) -> Reference:
    """Write ``reference.mp4``, stills and, if somebody speaks, ``voice.wav`` into ``folder``: all of it, or nothing.

    The clip lies within one shot and shows no more people than ``range`` does. If that shot is shorter than three
    seconds, its last picture is held and the sound is silent. The stills are pictures of that clip in distinct poses,
    as large as the source allows up to 1280 pixels. ``louder``: clip and voice get the usual loudness of voices. Raises
    :class:`~bot.media.child.opening.Refused`: ``RANGE_OUTSIDE`` if no picture lies in the range.
    """
    stretch = _scanned(source, float(range.start), float(range.end))
    shot = _shot(stretch, float(range.start), float(range.end))
    span = _span(shot, float(range.start), float(range.end))
    with TemporaryDirectory(dir=folder, prefix="unfinished-") as name:
        draft = Path(name)
        keeper = PoseKeeper(distinct(shot, span.start, span.end - _LAST), span.start)
        (width, height), stills = _write_clip(source, span, draft, keeper, louder=louder)
        spoken = _spoken(stretch, shot)
        if spoken is not None:
            _write_voice(source, spoken, draft / VOICE, louder=louder)
        for file in draft.iterdir():
            file.replace(folder / file.name)
    return Reference(
        clip=CLIP,
        seconds=round(span.seconds, 3),
        filled=round(span.filled, 3),
        width=width,
        height=height,
        voice=VOICE if spoken is not None else None,
        voice_seconds=round(spoken.seconds, 3) if spoken is not None else 0.0,
        voice_filled=round(spoken.filled, 3) if spoken is not None else 0.0,
        stills=stills,
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """Seconds of the source from ``start`` to ``end``, from which a clip of ``seconds`` is made."""

    start: float
    end: float
    seconds: float

    @property
    def filled(self) -> float:
        return max(0.0, self.seconds - (self.end - self.start))


# -- Which seconds -------------------------------------------------------------------------------------------------


def _scanned(source: Path, start: float, end: float) -> Stretch:
    with open_video(source, threads=_THREADS) as video, ThreadPoolExecutor(max_workers=1) as executor:
        analyzer = executor.submit(lambda: PictureAnalyzer(face_detector()))
        stretches = scan(video, [(max(0.0, start - _AROUND), end + _AROUND)], analyzer, executor)
    if not stretches or stretches[0].end <= start:
        raise Refused(Unusable.RANGE_OUTSIDE)
    return stretches[0]


def _shot(stretch: Stretch, start: float, end: float) -> Stretch:
    """The shot with most of the range, up to where more people appear than in the range."""
    shots = stretch.shots() or [stretch]
    shot = max(shots, key=lambda each: min(end, each.end) - max(start, each.start))
    inside = [sample for sample in shot.samples if start <= sample.instant < end]
    most = max(1, max((sample.subjects for sample in inside), default=1))
    crowded = [sample.instant for sample in shot.samples if sample.subjects > most]
    return Stretch(
        start=max([shot.start, *(at + STEP for at in crowded if at < start)]),
        end=min([shot.end, *(at for at in crowded if at >= end)]),
        size=shot.size,
        samples=shot.samples,
        thumbnails=shot.thumbnails,
    )


def _span(shot: Stretch, start: float, end: float) -> _Span:
    """Up to five seconds of the shot, with the range as near to their middle as the shot allows."""
    seconds = min(limits.REFERENCE_LONGEST, shot.end - shot.start)
    middle = (max(start, shot.start) + min(end, shot.end)) / 2
    first = min(max(shot.start, middle - seconds / 2), shot.end - seconds)
    return _Span(first, first + seconds, max(limits.REFERENCE_SHORTEST, seconds))


def _spoken(stretch: Stretch, shot: Stretch) -> _Span | None:
    """The longest speech in the shot, short pauses included; ``None`` if there is none, or no model."""
    voices, sound = voice_detector(), stretch.heard(shot.start, shot.end)
    if voices is None or sound is None:
        return None
    speaks = [shot.start + number * STEP for number in np.flatnonzero(voices(sound) >= _SPEAKS).tolist()]
    runs: list[list[float]] = []
    for at in speaks:
        if runs and at - runs[-1][-1] <= _PAUSE + STEP:
            runs[-1].append(at)
        else:
            runs.append([at])
    best = max(runs, key=len, default=[])
    if len(best) * STEP < _LITTLE:
        return None
    start = best[0]
    end = min(best[-1] + STEP, start + limits.REFERENCE_VOICE_LONGEST, shot.end)
    return _Span(start, end, max(limits.REFERENCE_SHORTEST, end - start))


# -- How they are written ------------------------------------------------------------------------------------------


def _write_clip(
    source: Path, span: _Span, folder: Path, keeper: PoseKeeper, *, louder: bool
) -> tuple[tuple[int, int], tuple[Still, ...]]:
    """The clip's size in pixels, and the stills."""
    sound = _sound(source, span, louder=louder)
    with open_video(source, threads=_THREADS) as video, mp4(folder / CLIP) as container:
        rate = _steady_rate(video)
        heard = sound is not None and bool(sound.any())
        shown = keeper.passing(shown_in(video, span.start, span.end - span.start, goes_on=heard))
        first = next(shown)
        track = PictureTrack(container, video, first.frame, most=limits.REFERENCE_SIZE, rate=rate)
        if sound is not None:
            write_sound(container, sound)
        for each in _at_rate(chain([first], shown), rate, span.seconds):
            track.add(each)
        track.finish()
        return track.size, keeper.write(video, folder)


def _steady_rate(video: Video) -> Fraction:
    return min(max(rate_of(video.picture), _SLOWEST), _FASTEST)


def _at_rate(shown: Iterator[Shown], rate: Fraction, seconds: float) -> Iterator[Shown]:
    """One picture for each tick of ``rate`` until ``seconds``: the one on screen then."""
    ticks = ceil(seconds * rate - 0.5)
    current = next(shown)
    for tick in range(ticks):
        at = float(tick / rate)
        while current.end <= at and (following := next(shown, None)) is not None:
            current = following
        yield Shown(current.frame, at, min(float((tick + 1) / rate), seconds) if tick + 1 < ticks else seconds)


def _sound(source: Path, span: _Span, *, louder: bool) -> Samples | None:
    samples = soundtrack(source, span.start, span.seconds)
    if samples is None:
        return None
    samples[:, round((span.end - span.start) * RATE) :] = 0
    return as_loud_as_usual(samples) if louder else samples


def _write_voice(source: Path, span: _Span, into: Path, *, louder: bool) -> None:
    """Write it as mono, 16 bits."""
    samples = _sound(source, span, louder=louder)
    if samples is None:
        return
    mono = np.clip(samples.mean(axis=0), -1, 1)
    with wave.open(str(into), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((mono * 32767).astype("<i2").tobytes())
