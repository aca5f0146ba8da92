"""Chooses the sound track that people hear: the default one, unless it is silent and another is not.

Screen recorders put the game, the microphone and a call into separate tracks, and phones a commentary; players play the
file's default track.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

_AUDIBLE = 10 ** (-50 / 20)  # of full scale: a track whose loudest sample is below it is silent
_PLACES = (0.0, 0.25, 0.5, 0.75)  # of the length: where samples are taken
_SECONDS = 10.0  # at each of them


def audible_track(container: InputContainer, tracks: Sequence[AudioStream]) -> int:
    """The index in ``tracks``, all of which can be decoded, of the one to use. Changes the file's position."""
    order = sorted(range(len(tracks)), key=lambda place: not tracks[place].disposition & Disposition.default)
    return next((place for place in order if _is_audible(container, tracks[place])), order[0])


def _is_audible(container: InputContainer, track: AudioStream) -> bool:
    return any(_loudest(frame) > _AUDIBLE for place in _PLACES for frame in _heard(container, track, place))


def _loudest(frame: av.AudioFrame) -> float:
    """The largest sample, from 0 to 1; the sample format may change from one frame to the next."""
    import numpy as np  # most files have one track, and probing them needs no arrays

    samples = frame.to_ndarray()
    if samples.dtype.kind == "f":
        return float(np.abs(samples).max(initial=0.0))
    values, full = samples.astype(np.float64), 2.0 ** (8 * samples.dtype.itemsize - 1)
    return float(np.abs(values - full if samples.dtype.kind == "u" else values).max(initial=0.0)) / full


def _heard(container: InputContainer, track: AudioStream, place: float) -> Iterator[av.AudioFrame]:
    """Some seconds from there on; if the file cannot be sought in, from its current position."""
    with suppress(av.error.FFmpegError):
        container.seek(round((container.start_time or 0) + place * (container.duration or 0)))
    most = round(_SECONDS * (track.sample_rate or 48_000) / (track.codec_context.frame_size or 1024))
    with suppress(av.error.FFmpegError):  # a damaged packet: the rest is not needed
        yield from islice(container.decode(track), most)
