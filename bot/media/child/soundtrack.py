"""Decodes the sound of some seconds of a video to samples, with silence where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from bot.media.child.frames import decoded, instant
from bot.media.child.opening import Video, open_video

Samples = NDArray[np.float32]

RATE = 48_000  # samples a second
LAYOUT = "stereo"
SAMPLE_FORMAT = "fltp"
_CHANNELS = 2
_RUN_UP = 0.2  # seconds that decoders need before they are exact (Opus: 80 ms, RFC 7845 section 4.6)
# Seconds. WebM rounds times to a millisecond, so a frame that is slightly off is appended without a gap; one that is
# further off comes after a gap.
_GAP = 0.02


def soundtrack(source: Path, start: float, seconds: float) -> Samples | None:
    """Two channels at :data:`RATE`, exactly ``seconds`` long, from ``start`` on (in seconds of a player).

    ``None`` if the file has no sound at all. The file is opened a second time, so that reading the sound and reading
    the pictures do not interfere. Raises :class:`~bot.media.child.opening.Refused`.
    """
    with open_video(source) as video:
        track = video.sound
        if track is None:
            return None
        heard = _SampleBuffer(round(seconds * RATE))
        anything = False
        for frame in _from(video, track, start - _RUN_UP):
            anything = True
            at = instant(video, frame) - start
            if at >= seconds:
                break
            heard.add(frame, at)
        heard.finish()
        return heard.samples if anything else None


def _from(video: Video, track: AudioStream, seconds: float) -> Iterator[av.AudioFrame]:
    """The very first frame, then those from ``seconds`` on: the first one shows whether there is any sound."""
    first = next(decoded(video, track), None)
    if first is None:
        return
    yield first
    if track.time_base is not None:
        with suppress(av.error.FFmpegError):  # cannot seek: all of it is read
            video.container.seek(round((seconds + video.start) / track.time_base), stream=track)
    yield from decoded(video, track)


class _SampleBuffer:
    """A fixed number of samples, into which frames are written at their positions."""

    def __init__(self, length: int) -> None:
        self.samples: Samples = np.zeros((_CHANNELS, length), np.float32)
        self._resampler: av.AudioResampler | None = None
        self._kind: tuple[str, str, int] | None = None
        self._written = 0  # position of the next resampled sample
        self._due = 0.0  # position at which the next frame would follow without a gap

    def add(self, frame: av.AudioFrame, at: float) -> None:
        """Write ``frame`` at ``at`` seconds, which may be before or after these samples."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or kind != self._kind or abs(at * RATE - self._due) > _GAP * RATE:
            self.finish()
            self._resampler = av.AudioResampler(format=SAMPLE_FORMAT, layout=LAYOUT, rate=RATE)
            self._kind, self._due, self._written = kind, at * RATE, round(at * RATE)
        self._due += frame.samples * RATE / frame.sample_rate
        for part in self._resampler.resample(frame):
            self._write(part)

    def finish(self) -> None:
        """Write the rest of the resampler's buffer."""
        if self._resampler is not None:
            for part in self._resampler.resample(None):
                self._write(part)
            self._resampler = None

    def _write(self, part: av.AudioFrame) -> None:
        start, self._written = self._written, self._written + part.samples
        first, last = max(start, 0), min(self._written, self.samples.shape[1])
        if first < last:
            self.samples[:, first:last] = part.to_ndarray()[:, first - start : last - start]
