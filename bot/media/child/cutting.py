"""Cuts seconds out of a video, exact to the frame, as the MP4 that is sent to the provider."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import av
import numpy as np
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from bot.media.child.faces import face_detector
from bot.media.child.frames import decoded, instant, is_sdr, rotation, seek, shown_size, told
from bot.media.child.loudness import louder as as_loud_as_usual
from bot.media.child.opening import Refused, Video, open_video
from bot.media.child.sdr import DEEP, sdr
from bot.media.child.soundtrack import LAYOUT, RATE, SAMPLE_FORMAT, Samples, soundtrack
from bot.media.child.stills import Candidates, take_stills
from bot.values.time_range import TimeRange
from bot.values.video import Cut, Unusable

CLIP: Final = "clip.mp4"
LONG_SIDE: Final = 1920  # pixels
SHORT_SIDE: Final = 1080
SLIVER: Final = 0.0005  # seconds: ranges are in thousandths, so closer instants are equal
LAST_STAYS: Final = 1.0  # seconds: a last picture is shown for longer only if the sound proves it (as in probing)
# Seconds between two pictures: at 120 fps every other one is dropped, up to 100 fps none, so that slow motion is
# encoded in time without a visible difference.
CLOSEST: Final = 0.0099
_STEPS_BACK: Final = (0.0, 2.0, 10.0)  # seconds before the range, until a picture before it is found
_TIME_BASE: Final = Fraction(1, 90_000)
# Without B-frames each packet lasts as long as its picture is shown, and none comes before instant 0, so readers
# without support for edit lists see the right seconds, too. 62.5 Mbit/s is the limit of level 4.1 of H.264's High
# profile (Rec. ITU-T H.264, tables ). Only noise comes near it, and three seconds of it are 31 MB: the
# provider accepts 50.
_X264: Final = {"preset": "veryfast", "crf": "18", "bf": "0", "maxrate": "62500k", "bufsize": "62500k"}
_THREADS: Final = 2
_AAC_BITS: Final = 160_000  # a second
_AAC_FRAME: Final = 1024  # samples
_QUARTER_TURNS: Final = {90: 1, 180: 2, 270: 3}


def cut(source: Path, range: TimeRange, folder: Path, *, louder: bool = False) -> Cut:
    """Write ``clip.mp4`` and its stills into ``folder``: all of them, or none on failure.

    The clip is ``range`` to within a millisecond, beginning with the picture that is on screen at its start: H.264 and
    AAC, upright, at most 1080p; ``louder``: at the usual loudness of voices. Where the source's sound does not cover
    the range there is silence; without sound in the source there is no sound track. If the source ends within the
    range, its last picture is held. Raises :class:`~bot.media.child.opening.Refused`: ``RANGE_OUTSIDE`` if no picture
    lies in the range.
    """
    start, seconds = float(range.start), float(range.seconds)
    with TemporaryDirectory(dir=folder, prefix="unfinished-") as name:
        draft = Path(name)
        sound = soundtrack(source, start, seconds)
        if louder and sound is not None:
            sound = as_loud_as_usual(sound)
        size, candidates = _write_clip(source, start, seconds, sound, draft / CLIP)
        stills = take_stills(candidates, draft, faces=face_detector())
        for file in draft.iterdir():
            file.replace(folder / file.name)
    return Cut(name=CLIP, seconds=seconds, width=size[0], height=size[1], stills=stills)


def _write_clip(
    source: Path, start: float, seconds: float, sound: Samples | None, into: Path
) -> tuple[tuple[int, int], Candidates]:
    """The clip's size in pixels, and its candidates for stills, so that nothing is decoded twice."""
    candidates = Candidates(seconds)
    with open_video(source, threads=_THREADS) as video, mp4(into) as container:
        shown = shown_in(video, start, seconds, goes_on=sound is not None and bool(sound.any()))
        first = next(shown)
        track = PictureTrack(container, video, first.frame)
        if sound is not None:
            write_sound(container, sound)
        for each in chain([first], shown):
            candidates.offer(track.add(each), each.start)
        track.finish()
    return track.size, candidates


def mp4(into: Path) -> OutputContainer:
    """A new MP4, whose index is moved to the front when it is closed."""
    return av.open(str(into), "w", format="mp4", options={"movflags": "+faststart"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A decoded frame, and when it is shown, in seconds of the clip."""

    frame: av.VideoFrame
    start: float
    end: float


def shown_in(video: Video, start: float, seconds: float, *, goes_on: bool) -> Iterator[Shown]:
    """The pictures of the range without a gap: the first starts at 0, the last ends at ``seconds``.

    ``goes_on``: something is heard in the range. Raises :class:`~bot.media.child.opening.Refused`.
    """
    held: av.VideoFrame | None = None
    held_at = since = 0.0
    for frame in _from(video, start):
        at = instant(video, frame) - start
        if at >= seconds - SLIVER:
            break
        if held is None or held_at < at < SLIVER:
            held, held_at = frame, at
        elif at - held_at >= CLOSEST:
            yield Shown(held, since, at)
            held, held_at, since = frame, at, at
    else:
        if held is not None and held_at + _stays(held, goes_on=goes_on) < SLIVER:
            raise Refused(Unusable.RANGE_OUTSIDE, "the last picture comes before it")
    if held is None:
        raise Refused(Unusable.RANGE_OUTSIDE, "no picture comes before its end")
    yield Shown(held, since, seconds)


def _from(video: Video, seconds: float) -> Iterator[av.VideoFrame]:
    """Frames starting with the one on screen at ``seconds``, or an earlier one.

    A seek may end after the requested instant, if the index is poor or the key frame is damaged. Then this starts
    further back, finally with the first frame.
    """
    frames: Iterator[av.VideoFrame] = iter(())
    for back in (*_STEPS_BACK, seconds):
        with suppress(av.error.FFmpegError):  # no index: the file is at its beginning, or at least not later
            seek(video, max(0.0, seconds - back))
        frames = decoded(video, video.picture)
        first = next(frames, None)
        if first is not None:
            frames = chain([first], frames)
            if instant(video, first) < seconds + SLIVER:
                break
    return frames


def _stays(last: av.VideoFrame, *, goes_on: bool) -> float:
    """How long the last picture of a file is shown, in seconds; a header may claim hours."""
    claimed = float(last.duration * last.time_base) if last.time_base is not None else 0.0
    return claimed if goes_on else min(claimed, LAST_STAYS)


def rate_of(stream: VideoStream) -> Fraction:
    """The frame rate for the encoder, if the file's is plausible; timestamps do not depend on it."""
    rate = stream.average_rate or stream.guessed_rate or Fraction(30)
    return rate.limit_denominator(1001) if 5 <= rate <= 60 else Fraction(30)


class PictureTrack:
    """A clip's pictures: upright, with even sides, at most ``most`` (the longer and the shorter side)."""

    def __init__(
        self,
        container: OutputContainer,
        video: Video,
        first: av.VideoFrame,
        *,
        most: tuple[int, int] = (LONG_SIDE, SHORT_SIDE),
        rate: Fraction | None = None,
        options: Mapping[str, str] = _X264,
        flags: Flags = Flags.frame_duration,
    ) -> None:
        """``rate``: frames per second; ``None``: the video's. ``options`` and ``flags`` are the encoder's."""
        self._container = container
        self._reformatter = VideoReformatter()
        self._turned = rotation(first)
        self.size = _clip_size(*shown_size(video, first), most)
        self._lying = self.size[::-1] if self._turned in (90, 270) else self.size
        self._stream = container.add_stream("libx264", rate=rate or rate_of(video.picture), options=dict(options))
        self._stream.width, self._stream.height = self.size
        self._stream.pix_fmt = "yuv420p"
        encoder = self._stream.codec_context
        encoder.time_base = _TIME_BASE
        encoder.thread_count = _THREADS
        encoder.flags |= (
            flags | Flags.frame_duration
        )  # otherwise x264 drops durations, and the last picture exceeds the end
        encoder.colorspace, encoder.color_range = Colorspace.ITU709, ColorRange.MPEG
        encoder.color_primaries, encoder.color_trc = ColorPrimaries.BT709, ColorTrc.BT709

    def add(self, shown: Shown) -> av.VideoFrame:
        """Encode it. Returns the picture as it is in the clip."""
        picture = self._upright(shown.frame)
        picture.pict_type = PictureType.NONE  # the encoder decides which are key frames
        picture.time_base = _TIME_BASE
        picture.pts = round(shown.start / _TIME_BASE)
        picture.duration = round(shown.end / _TIME_BASE) - picture.pts
        self._container.mux(self._stream.encode(picture))
        return picture

    def _upright(self, frame: av.VideoFrame) -> av.VideoFrame:
        """In the clip's size, as yuv420p of BT.709 in limited range. If it is so already, nothing is copied.

        From BT.601 to BT.709 only the matrix is converted: the difference of the primaries is invisible, and the curves
        are the same.
        """
        width, height = self._lying
        plain = is_sdr(frame)
        picture = self._reformatter.reformat(
            told(frame),
            width,
            height,
            "yuv420p" if plain else DEEP,
            interpolation=Interpolation.BICUBIC,
            dst_color_range=ColorRange.MPEG if frame.color_range == ColorRange.JPEG else None,
            dst_colorspace=Colorspace.ITU709 if plain and frame.colorspace != Colorspace.ITU709 else None,
        )
        if plain:
            picture.color_range, picture.colorspace = ColorRange.MPEG, Colorspace.ITU709
            picture.color_primaries, picture.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        picture = picture if plain else sdr(picture)
        return _turned(picture, self._turned) if self._turned else picture

    def finish(self) -> None:
        """Flush the encoder."""
        self._container.mux(self._stream.encode(None))


def _clip_size(width: int, height: int, most: tuple[int, int]) -> tuple[int, int]:
    """Even sides within ``most``, landscape or portrait, never enlarged."""
    factor = min(1.0, most[0] / max(width, height), most[1] / min(width, height))
    return _even(width * factor), _even(height * factor)


def _even(length: float) -> int:
    return max(2, int(length / 2 + 0.01) * 2)  # rounded down, except for division errors


def _turned(picture: av.VideoFrame, degrees: int) -> av.VideoFrame:
    """``picture`` (yuv420p) rotated counter-clockwise without conversion to RGB."""
    width, height = picture.width, picture.height
    planes = np.split(picture.to_ndarray().ravel(), [width * height, width * height * 5 // 4])
    brightness, *colours = (
        np.rot90(plane.reshape(height // step, width // step), _QUARTER_TURNS[degrees])
        for plane, step in zip(planes, (1, 2, 2), strict=True)
    )
    flat = np.concatenate([plane.ravel() for plane in (brightness, *colours)])
    turned = av.VideoFrame.from_ndarray(flat.reshape(-1, brightness.shape[1]), format="yuv420p")
    turned.colorspace, turned.color_range = picture.colorspace, picture.color_range
    turned.color_primaries, turned.color_trc = picture.color_primaries, picture.color_trc
    return turned


def write_sound(container: OutputContainer, samples: Samples, *, bits: int = _AAC_BITS) -> None:
    """Add a sound track with all of ``samples``, at ``bits`` per second."""
    stream = container.add_stream("aac", rate=RATE, layout=LAYOUT, bit_rate=bits)
    for start in range(0, samples.shape[1], _AAC_FRAME):
        part = np.ascontiguousarray(samples[:, start : start + _AAC_FRAME])
        frame = av.AudioFrame.from_ndarray(part, format=SAMPLE_FORMAT, layout=LAYOUT)
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
