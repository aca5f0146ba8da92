"""Decodes seconds of a video once: analyses four pictures per second, compares many more, and keeps all the sound.

This thread decodes and another one analyses. They share the two cores, since both release the GIL while they compute.
If the decoder can tell, pictures that no other depends on are not decoded. A cut is then only known to lie between two
pictures that are further apart, which is enough to avoid it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from bot import limits
from bot.media.child.frames import (
    Rgb,
    Scaler,
    instant,
    packets,
    raise_if_out_of_memory,
    rotation,
    seek,
    shown_size,
)
from bot.media.child.opening import Video
from bot.media.child.samples import PictureAnalyzer, Sample
from bot.media.child.shots import Change, Cut, Thumbnail, between, change, cuts, dissolves
from bot.media.child.sound_analysis import RATE, Values

EVERY = 0.25  # seconds between samples
_PICTURE = 320  # pixels of the longer side for face detection
_GREY = 640  # and for sharpness
_PER_THUMBNAIL = 5  # pixels of the picture per pixel of a thumbnail
_SMALLEST = 35  # pixels of a side: smaller pictures are not reduced
_CLOSEST = 0.06  # seconds between compared pictures
_LONGEST_GAP = 0.3  # seconds between pictures above which one is decoded that could be skipped
_SOUND_LAGS = 1.5  # seconds of picture in the file, beyond the end, in which sound is still awaited
_LAST_STAYS = 1.0  # seconds at most that the last picture counts as shown
_MARGIN = 0.04  # seconds kept away from a cut: players may round an instant to another picture
_MOST_WAITING = 12  # pictures
_CAN_SKIP = frozenset({"h264", "hevc"})  # decoders whose skipping can change with each packet

_Kind = TypeVar("_Kind", bound=np.generic)
Seen: TypeAlias = tuple[float, Rgb, NDArray[np.uint8]]  # the instant, the picture, and the same in grey
Look: TypeAlias = Callable[[Seen], Future[Sample]]


@dataclass(slots=True)
class Stretch:
    """The content from ``start`` to ``end``, in seconds: less than requested if the video ends.

    ``size`` is the width and height of the picture as shown. ``samples`` and ``thumbnails`` belong together. ``sound``
    is mono, ``RATE`` samples per second (sound_analysis), as long as the stretch; ``None`` if there is no sound track.
    """

    start: float
    end: float
    size: tuple[int, int]
    samples: list[Sample] = field(default_factory=list)
    thumbnails: list[Thumbnail] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    sound: Values | None = None

    @property
    def cuts(self) -> list[Cut]:
        """Hard cuts."""
        return cuts(self.changes)

    @property
    def dissolves(self) -> list[Cut]:
        """Dissolves and fades."""
        found = []
        for whole in between(self.start, self.end, self.cuts):
            shot = self._part(*whole)
            found += dissolves([sample.instant for sample in shot.samples], shot.thumbnails)
        return found

    def shots(self) -> list[Stretch]:
        """Its parts between cuts, dissolves and fades; without the sound."""
        # If pictures are further apart than that, the previous one is held until the cut.
        hard = [Cut(max(cut.last, cut.first - _LONGEST_GAP), cut.first + _MARGIN) for cut in self.cuts]
        return [self._part(*whole) for whole in between(self.start, self.end, hard + self.dissolves)]

    def heard(self, start: float, end: float) -> Values | None:
        """The sound between two instants."""
        if self.sound is None:
            return None
        first, last = (max(0, round((at - self.start) * RATE)) for at in (start, end))
        return self.sound[first:last]

    def _part(self, start: float, end: float) -> Stretch:
        inside = [index for index, sample in enumerate(self.samples) if start <= sample.instant <= end]
        return Stretch(
            start=start,
            end=end,
            size=self.size,
            samples=[self.samples[index] for index in inside],
            thumbnails=[self.thumbnails[index] for index in inside],
            changes=[each for each in self.changes if start <= each.start and each.end <= end],
        )


def scan(
    video: Video,
    spans: Iterable[tuple[float, float]],
    analyzer: Future[PictureAnalyzer],
    executor: Executor,
    *,
    all_pictures: bool = False,
    in_time: Callable[[], bool] = lambda: True,
) -> list[Stretch]:
    """Scan ``spans``, in seconds, one after another, as long as ``in_time`` returns true.

    The ``analyzer`` runs in the single thread of ``executor``. With ``all_pictures`` none is skipped. A span in which
    nothing can be decoded is left out.
    """
    passes, scaler = [], Scaler()
    for start, end in spans:
        each = _Pass(video, start, end, scaler, all_pictures=all_pictures)
        each.run(lambda seen: executor.submit(_look, analyzer, seen), in_time)
        passes.append(each)
    return [each.stretch() for each in passes if each.seen]


def _look(analyzer: Future[PictureAnalyzer], seen: Seen) -> Sample:
    instant, picture, grey = seen
    return analyzer.result().look(instant, picture, grey.astype(np.float32))


class _Pass:
    """One span."""

    def __init__(self, video: Video, start: float, end: float, scaler: Scaler, *, all_pictures: bool) -> None:
        self._video = video
        self._start = max(start, video.begins)
        self._end = max(end, self._start)
        self._all_pictures = all_pictures
        self._can_skip = not all_pictures and video.picture.codec_context.name in _CAN_SKIP
        self._scaler = scaler
        self._due = self._start
        self._before: tuple[float, Thumbnail] | None = None
        self._looks: list[Future[Sample]] = []
        self._thumbnails: list[Thumbnail] = []
        self._changes: list[Change] = []
        self._sound = _Sound(self._start) if video.sound is not None else None
        self._heard: Values | None = None
        self._size = (0, 0)
        self._shown_until = self._start
        self._picture_over, self._sound_over = False, video.sound is None

    @property
    def seen(self) -> bool:
        """Whether there was any picture."""
        return bool(self._looks)

    @property
    def _until(self) -> float:
        """The end of the span, or of the picture in it."""
        return min(self._end, self._shown_until)

    def run(self, look: Look, in_time: Callable[[], bool]) -> None:
        """Decode the span. ``look`` is called with each picture to be analysed."""
        video, errors = self._video, 0
        if self._start > video.begins:
            try:
                seek(video, self._start)
            except av.error.FFmpegError:  # there is no index, or it is wrong
                return
        tracks = [video.picture] if video.sound is None else [video.picture, video.sound]
        for packet in packets(video, *tracks):
            try:
                if packet.stream_index == video.picture.index:
                    self._take_picture(packet, look)
                elif not self._sound_over:
                    self._take_sound(packet)
            except av.error.FFmpegError as error:
                raise_if_out_of_memory(error)
                errors += 1
            if errors > limits.DAMAGED_PACKETS or (self._picture_over and self._sound_over) or not in_time():
                break
        if self._sound is not None:  # at once, since a resampler has its own threads
            self._heard, self._sound = self._sound.until(self._until), None

    def stretch(self) -> Stretch:
        """Wait until all pictures are analysed; returns the results."""
        end = self._until
        stretch = Stretch(self._start, end, self._size, changes=self._changes, sound=self._heard)
        samples = [look.result() for look in self._looks]
        ends = [*(sample.instant for sample in samples[1:]), end]
        for sample, thumbnail, until in zip(samples, self._thumbnails, ends, strict=True):
            # A static picture, such as a slide or a screen, is seen again and again.
            for again in range(max(1, round((until - sample.instant) / EVERY))):
                stretch.samples.append(replace(sample, instant=sample.instant + again * EVERY))
                stretch.thumbnails.append(thumbnail)
        return stretch

    def _take_picture(self, packet: av.Packet[VideoStream], look: Look) -> None:
        if packet.pts is not None and packet.size:
            self._plan(packet, float(packet.pts * packet.time_base) - self._video.start)
        if self._picture_over:
            return
        for frame in packet.decode():
            if frame.time is not None:
                self._see(frame, instant(self._video, frame), look)

    def _plan(self, packet: av.Packet[VideoStream], at: float) -> None:
        """Decide from the packet's time, before it is decoded, what its picture is used for."""
        if at >= self._end:
            self._sound_over |= at >= self._end + _SOUND_LAGS
        elif not packet.is_discard:
            lasts = float((packet.duration or 0) * packet.time_base)
            self._shown_until = max(self._shown_until, at + min(lasts, _LAST_STAYS))
        if self._can_skip:
            seen = self._before[0] if self._before is not None else self._start
            self._video.picture.codec_context.skip_frame = "NONREF" if at < seen + _LONGEST_GAP else "DEFAULT"

    def _see(self, frame: av.VideoFrame, at: float, look: Look) -> None:
        self._picture_over |= at >= self._end
        if self._picture_over or at < self._start or not self._is_news(at):
            return
        small = self._scaler.scaled(frame, *_fitted(frame, _PICTURE), "yuv420p")
        thumbnail = _turned(frame, self._array(small, _shrunk(small), "gray").astype(np.float32))
        if self._before is None:
            self._size = shown_size(self._video, frame)
        elif self._before[1].shape == thumbnail.shape:
            self._changes.append(change(*self._before, at, thumbnail))
        else:
            self._changes.append(Change(self._before[0], at, jump=1.0, speed=0.0))
        self._before = at, thumbnail
        if at < self._due - 1e-3:
            return
        self._due = max(self._due + EVERY, at + EVERY / 2)
        self._thumbnails.append(thumbnail)
        picture = self._array(small, (small.width, small.height), "rgb24")
        grey = self._array(frame, _fitted(frame, _GREY), "gray")
        self._looks.append(look((at, _turned(frame, picture), _turned(frame, grey))))
        if len(self._looks) > _MOST_WAITING:
            self._looks[-_MOST_WAITING].result()

    def _is_news(self, at: float) -> bool:
        if self._before is None:
            return True
        since = at - self._before[0]
        return since > 0 and (self._all_pictures or since >= _CLOSEST or at >= self._due - 1e-3)

    def _array(self, frame: av.VideoFrame, size: tuple[int, int], kind: str) -> NDArray[np.uint8]:
        return np.asarray(self._scaler.scaled(frame, *size, kind).to_ndarray(), np.uint8)

    def _take_sound(self, packet: av.Packet[AudioStream]) -> None:
        for frame in packet.decode():
            if self._sound is not None and frame.time is not None:
                at = instant(self._video, frame)
                self._sound_over = at >= self._end
                if not self._sound_over:
                    self._sound.add(frame, at)


class _Sound:
    """Collects decoded sound, and places each part by its timestamp."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        self._parts: list[tuple[int, Values]] = []

    def add(self, frame: av.AudioFrame, at: float) -> None:
        for part in self._resampler.resample(frame):
            self._parts.append((round((at - self._start) * RATE), part.to_ndarray()[0]))

    def until(self, end: float) -> Values:
        samples = np.zeros(round((end - self._start) * RATE), np.float32)
        for at, part in self._parts:
            inside = part[max(0, -at) : max(0, len(samples) - at)]
            samples[max(0, at) : max(0, at) + len(inside)] = inside
        return samples


def _fitted(frame: av.VideoFrame, side: int) -> tuple[int, int]:
    """The size of ``frame`` with neither side longer than ``side``; even, and never enlarged."""
    factor = min(1.0, side / max(frame.width, frame.height))
    width, height = (max(2, round(length * factor / 2) * 2) for length in (frame.width, frame.height))
    return width, height


def _shrunk(small: av.VideoFrame) -> tuple[int, int]:
    """The size of the thumbnail of a small picture."""
    factor = _PER_THUMBNAIL if min(small.width, small.height) >= _SMALLEST else 1
    return small.width // factor, small.height // factor


def _turned(frame: av.VideoFrame, array: NDArray[_Kind]) -> NDArray[_Kind]:
    """``array``, made from ``frame``, upright."""
    return np.ascontiguousarray(np.rot90(array, rotation(frame) // 90))
