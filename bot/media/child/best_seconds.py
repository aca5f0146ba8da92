"""Finds the best one to three seconds of a video, and concerns about seconds that a person chose."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import av

from bot.media.child.candidate_ranges import LENGTHS, Window, best_of, windows
from bot.media.child.frames import seek, shown_ticks
from bot.media.child.opening import Refused, Video, open_video
from bot.media.child.range_comparison import best_in, measures
from bot.media.child.samples import PictureAnalyzer
from bot.media.child.scan import Stretch, scan
from bot.media.child.scoring import Shot, reasons_and_concerns
from bot.media.child.sound_analysis import SoundAnalysis, VoiceDetector, voice_detector
from bot.values.time_range import TimeRange
from bot.values.video import Best, BestSeconds, Concern, Findings, NothingToSuggest, Suggestion, Unusable

# Of a long video, or one with very large pictures, only parts are scanned.
LONGEST = 150.0  # seconds in all
PIECES, SHORTEST_PIECE = 30, 4.0
_MOST_PIXELS = 150 * 30 * 1920 * 1080  # decoded in all: as many as LONGEST seconds of 1080p have
_FASTEST = 120.0  # the highest frame rate that a header is believed
_WALL, _CPU = 45.0, 45.0  # seconds, elapsed and of all cores together, after which scanning stops

_THREADS = 3  # for the decoder: one can wait for comparisons while two decode

_AROUND = 0.6  # seconds scanned on either side, to recognise cuts
# A cut that near to the start or the end does not count as inside.
_JUST_BEGUN, _JUST_OVER = 0.02, 0.005


def best_seconds(source: Path) -> BestSeconds:
    """Three to five ranges of ``source``; fewer if three do not fit between its cuts and its titles.

    Raises Refused.
    """
    in_time = _in_time()
    with open_video(source, threads=_THREADS) as video, ThreadPoolExecutor(max_workers=1) as executor:
        analyzer = executor.submit(_analyzer)
        spans = _spans(video)
        stretches = scan(video, spans, analyzer, executor, in_time=in_time)
        faces = analyzer.result().finds_faces
    if not stretches:
        raise Refused(Unusable.NO_PICTURES, "none can be decoded")
    voices = voice_detector()
    shots = [shot for stretch in stretches for shot in _shots(stretch, voices)]
    best = best_of([window for shot in shots for window in windows(shot)])
    better = best_in([measures(window.shot, window.start, window.end) for window in best])
    return BestSeconds(
        suggestions=tuple(_suggestion(*each, faces=faces) for each in zip(best, better, strict=True)),
        sampled=len(spans) > 1 or stretches[0].end >= spans[0][1] or not in_time(),
        faces=faces,
        voices=voices is not None,
        nothing=None if best else _nothing(shots),
    )


def examine(source: Path, range: TimeRange) -> Findings:
    """Concerns about these seconds of ``source``. Raises Refused, also if they are outside the video."""
    start, end = float(range.start), float(range.end)
    with open_video(source, threads=_THREADS) as video, ThreadPoolExecutor(max_workers=1) as executor:
        analyzer = executor.submit(_analyzer)
        span = max(0.0, start - _AROUND), end + _AROUND
        stretches = scan(video, [span], analyzer, executor, all_pictures=True, in_time=_in_time())
        faces = analyzer.result().finds_faces
    if not stretches or stretches[0].end <= start:
        raise Refused(Unusable.RANGE_OUTSIDE)
    stretch = stretches[0]
    since = max(start, stretch.start)
    shot = Shot(stretch, SoundAnalysis(since, stretch.heard(since, end), None))
    _, concerns = reasons_and_concerns(shot, start, end, faces=faces)
    if _is_cut(stretch, start, end):
        concerns.append(Concern.CUT)
    return Findings(concerns=tuple(concerns), faces=faces)


def _analyzer() -> PictureAnalyzer:
    from bot.media.child.faces import face_detector  # imported while decoding runs

    return PictureAnalyzer(face_detector())


def _in_time() -> Callable[[], bool]:
    wall, cpu = time.monotonic() + _WALL, time.process_time() + _CPU
    return lambda: time.monotonic() < wall and time.process_time() < cpu


def _spans(video: Video) -> list[tuple[float, float]]:
    """The spans to scan, in seconds. Every other one comes first, so that a slow scan still covers the whole video."""
    context = video.picture.codec_context
    rate = min(float(video.picture.average_rate or 0) or 30.0, _FASTEST)
    most = min(LONGEST, _MOST_PIXELS / (context.width * context.height * rate))
    first = max(0.0, video.begins)  # of a section of a long video, that may be after hours
    seconds = (video.container.duration or 0) / av.time_base - first
    if not 0 < seconds <= most:  # an implausible header is ignored
        seconds = _seconds(video) - first
    if seconds <= most:
        return [(first, first + most + 1)]
    count = max(1, min(PIECES, int(most / SHORTEST_PIECE)))
    length = most / count
    starts = [int((seconds - length) * index / max(1, count - 1)) for index in range(count)]
    pieces = [(first + start, first + start + length) for start in starts]
    return pieces[::2] + pieces[1::2]


def _seconds(video: Video) -> float:
    """The length according to its packets, in seconds. Raises Refused."""
    last = max(shown_ticks(video), default=None)
    try:
        seek(video, 0)
    except av.error.FFmpegError:
        raise Refused(Unusable.DAMAGED, "cannot be sought in") from None
    if last is None or video.picture.time_base is None:
        return 0.0
    return float(last * video.picture.time_base) - video.start


def _shots(stretch: Stretch, voices: VoiceDetector | None) -> list[Shot]:
    audio = SoundAnalysis(stretch.start, stretch.sound, voices)
    return [Shot(part, audio) for part in stretch.shots()]


def _is_cut(stretch: Stretch, start: float, end: float) -> bool:
    return any(start + _JUST_BEGUN < cut.first < end - _JUST_OVER for cut in stretch.cuts) or any(
        start + _JUST_BEGUN < soft.first and soft.last < end - _JUST_OVER for soft in stretch.dissolves
    )


def _nothing(shots: Sequence[Shot]) -> NothingToSuggest:
    """Why none of ``shots`` has seconds to suggest."""
    long_enough = [shot for shot in shots if shot.end - shot.start >= LENGTHS[-1]]
    if not long_enough:
        return NothingToSuggest.TOO_SHORT
    return NothingToSuggest.BLACK if all(shot.black for shot in long_enough) else NothingToSuggest.CARD


def _suggestion(window: Window, better: tuple[Best, ...], *, faces: bool) -> Suggestion:
    reasons, concerns = reasons_and_concerns(window.shot, window.start, window.end, faces=faces)
    return Suggestion(
        range=TimeRange(Decimal(f"{window.start:.1f}"), Decimal(f"{window.end:.1f}")),
        score=round(window.score, 3),
        reasons=tuple(reasons),
        concerns=tuple(concerns),
        best=better,
    )
