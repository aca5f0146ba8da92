"""Decodes, seeks, rotates and scales frames of an open video, also after damaged packets."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, overload

import av
from av.audio.stream import AudioStream
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from bot import limits
from bot.media.child.opening import Video

if TYPE_CHECKING:  # slow to import: only where an array is made
    import numpy as np
    from numpy.typing import NDArray

Rgb: TypeAlias = "NDArray[np.uint8]"

_FLATTEST_PIXEL = Fraction(1, 4)
_MOST_CONTEXTS = 16  # of a scaler: a file with pictures of one size needs four
_TURNS: Final = (0, 90, 180, 270)
_HDR = frozenset({ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67})  # PQ and HLG
_WIDE = frozenset({ColorPrimaries.BT2020, ColorPrimaries.SMPTE432})  # phones use P3
_UNTOLD: Final = 2  # AVCOL_SPC_UNSPECIFIED
_HD: Final = 720  # lines
# Decoders that can skip, from one packet to the next, pictures that no other picture depends on.
_CAN_SKIP = frozenset({"h264", "hevc"})


@overload
def decoded(video: Video, stream: VideoStream) -> Iterator[av.VideoFrame]: ...
@overload
def decoded(video: Video, stream: AudioStream) -> Iterator[av.AudioFrame]: ...
def decoded(video: Video, stream: VideoStream | AudioStream) -> Iterator[av.VideoFrame | av.AudioFrame]:
    """Each frame of ``stream`` that has a time, from the file's current position.

    Continues after a damaged packet, like the ffmpeg program (PyAV's own ``decode`` stops there).
    """
    return _decoded(packets(video, stream))


def packets(video: Video, *streams: VideoStream | AudioStream) -> Iterator[av.Packet[Any]]:
    """Each packet of ``streams`` from the file's current position, then an empty one for each, to flush the decoder."""
    try:
        yield from video.container.demux(*streams)
    except (av.error.FFmpegError, IndexError):  # the file is truncated; or PyAV fails at a track that started later
        return


def _decoded(packets: Iterator[av.Packet[Any]]) -> Iterator[av.VideoFrame | av.AudioFrame]:
    errors = 0
    for packet in packets:
        if packet.is_corrupt:  # the truncated last packet; its error would discard others
            continue
        try:
            for frame in packet.decode():
                if frame.time is not None:
                    yield frame
        except av.error.FFmpegError as error:
            raise_if_out_of_memory(error)
            errors += 1
            if errors > limits.DAMAGED_PACKETS:
                return


def raise_if_out_of_memory(error: av.error.FFmpegError) -> None:
    """Raise ``error`` again if memory ran out: that must not be skipped like a damaged packet."""
    if isinstance(error, MemoryError):
        raise error


def instant(video: Video, frame: av.VideoFrame | av.AudioFrame) -> float:
    """When a player shows or plays it, in seconds."""
    return (frame.time or 0.0) - video.start


def seek(video: Video, seconds: float) -> None:
    """Seek to the last key frame at or before ``seconds``, or to the next one if that is stored before that instant.

    Raises FFmpegError if the file has no index.
    """
    time_base = video.picture.time_base
    if time_base is not None:
        _seek_to(video, round((seconds + video.start) / time_base))


def _seek_to(video: Video, tick: int) -> None:
    before = round(video.run_up / (video.picture.time_base or 1))
    video.container.seek(tick - before, stream=video.picture)


@dataclass(frozen=True, slots=True)
class PictureIndex:
    """The presentation time of each of a video's pictures, and of its key frames; sorted, in ticks."""

    shown: Sequence[int]
    keys: Sequence[int]

    def key(self, tick: int) -> int:
        """The last key frame at or before ``tick``, or the first of all."""
        return self.keys[max(0, bisect_right(self.keys, tick) - 1)]


def picture_index(video: Video) -> PictureIndex:
    """Read every packet of the picture; the file is at its end then. Both lists are empty if there is no picture."""
    shown, keys = set[int](), set[int]()
    for packet, tick in _timed(video):
        if packet.is_keyframe:
            keys.add(tick)
        if _is_shown(packet):
            shown.add(tick)
    return PictureIndex(sorted(shown), sorted(keys or shown))


def shown_ticks(video: Video) -> Iterator[int]:
    """The presentation time of each picture, in the order of the packets, all of which are read and none kept."""
    return (tick for packet, tick in _timed(video) if _is_shown(packet))


def _timed(video: Video) -> Iterator[tuple[av.Packet[Any], int]]:
    """Each packet of the picture that has a time, and that time."""
    for packet in packets(video, video.picture):
        if packet.pts is not None and packet.size:
            yield packet, packet.pts


def _is_shown(packet: av.Packet[Any]) -> bool:
    """Excludes pictures that an edit list hides, though others depend on them, and those beyond a truncation."""
    return not packet.is_discard and not packet.is_corrupt


def pictures_at(video: Video, index: PictureIndex, ticks: Sequence[int]) -> Iterator[av.VideoFrame | None]:
    """For each of ``ticks``, which are from ``index.shown`` and ascend, exactly the picture shown from then on.

    If that one is damaged, it is another near it, or ``None``. Decodes forward and seeks only if a key frame lies
    between, so that the cost is at most decoding the file once. Raises FFmpegError if a seek fails.
    """
    wanted = frozenset(ticks)
    frames: Iterator[av.VideoFrame] = iter(())
    ahead: av.VideoFrame | None = None
    for tick in ticks:
        key = index.key(tick)
        if ahead is None or key > _tick(ahead):
            _seek_to(video, key)
            frames, ahead = _sparsely(video, wanted), None
        before = None
        while ahead is None or _tick(ahead) < tick:
            before, ahead = ahead, next(frames, None)
            if ahead is None:
                break
        exact = ahead is not None and (_tick(ahead) == tick or before is None)
        yield ahead if exact else before


def _tick(frame: av.VideoFrame) -> int:
    return frame.pts if frame.pts is not None else 0


def _sparsely(video: Video, wanted: frozenset[int]) -> Iterator[av.VideoFrame]:
    """Frames from the file's current position, without some that are neither wanted nor needed by others.

    In 60 s of 1080p this skips half of them.
    """
    stream = video.picture
    can_skip = stream.codec_context.name in _CAN_SKIP

    def marked() -> Iterator[av.Packet[VideoStream]]:
        for packet in packets(video, stream):
            if can_skip:
                stream.codec_context.skip_frame = "DEFAULT" if packet.pts in wanted else "NONREF"
            yield packet

    for frame in _decoded(marked()):
        if isinstance(frame, av.VideoFrame):
            yield frame


def rotation(frame: av.VideoFrame) -> Literal[0, 90, 180, 270]:
    """How far to turn the frame counter-clockwise to make it upright; 0 for a slant or a damaged header."""
    quarters = round(frame.rotation / 90)
    if abs(frame.rotation - 90 * quarters) > 1:  # PyAV truncates decimals
        return 0
    return _TURNS[quarters % 4]


def shown_size(video: Video, frame: av.VideoFrame) -> tuple[int, int]:
    """Width and height of ``frame`` in square pixels, upright."""
    width, height = frame.width, frame.height
    aspect = video.picture.sample_aspect_ratio
    if aspect and _FLATTEST_PIXEL <= aspect <= 1 / _FLATTEST_PIXEL:  # beyond that it is damaged
        width = max(1, round(width * aspect))
    return (height, width) if rotation(frame) in (90, 270) else (width, height)


def is_sdr(frame: av.VideoFrame) -> bool:
    """Whether every player shows ``frame`` correctly: no HLG or PQ, and no colours beyond BT.709."""
    return frame.color_trc not in _HDR and frame.color_primaries not in _WIDE


def told(frame: av.VideoFrame) -> av.VideoFrame:
    """``frame`` itself, with its colour matrix set.

    If its file does not name one, it is what browsers, and so Discord, assume: BT.601 below 720 lines, otherwise
    BT.709. (swscale would assume BT.601 for all.)
    """
    if frame.colorspace == _UNTOLD:
        frame.colorspace = Colorspace.ITU601 if frame.height < _HD else Colorspace.ITU709
    return frame


class Scaler:
    """Scales frames in the calling thread, with a context per size and format, because a new one costs some 6 ms.

    PyAV's default starts a pool of threads for each context: 300 threads, and 3 GB of address space, in the scan of a
    long video. One scaler should serve a whole file.
    """

    def __init__(self) -> None:
        self._contexts: dict[tuple[int, int, str], VideoReformatter] = {}

    def scaled(
        self, frame: av.VideoFrame, width: int, height: int, kind: str, how: Interpolation = Interpolation.AREA
    ) -> av.VideoFrame:
        """``frame`` in this size and pixel format, not rotated; HDR becomes SDR (sdr)."""
        frame = told(frame)
        if not is_sdr(frame):
            from bot.media.child.sdr import DEEP, sdr

            frame = sdr(self._scaled(frame, width, height, DEEP, how, ColorRange.MPEG))
        return self._scaled(frame, width, height, kind, how)

    def _scaled(
        self,
        frame: av.VideoFrame,
        width: int,
        height: int,
        kind: str,
        how: Interpolation,
        into: ColorRange | None = None,
    ) -> av.VideoFrame:
        made = (width, height, kind)
        if made not in self._contexts:
            if len(self._contexts) == _MOST_CONTEXTS:  # a file whose pictures keep changing their size
                self._contexts.clear()
            self._contexts[made] = VideoReformatter()
        return self._contexts[made].reformat(
            frame, width=width, height=height, format=kind, interpolation=how, dst_color_range=into, threads=1
        )

    def upright(self, frame: av.VideoFrame, *, width: int, height: int) -> Rgb:
        """``frame`` upright as RGB, at most ``width`` x ``height`` and never enlarged; its sides are even.

        swscale does the shrinking, so that a 4K frame never becomes a 4K array.
        """
        import numpy as np

        turned = rotation(frame)
        shown = (frame.height, frame.width) if turned in (90, 270) else (frame.width, frame.height)
        factor = min(1.0, width / shown[0], height / shown[1])
        size = (_even(frame.width * factor), _even(frame.height * factor))
        array = np.asarray(self.scaled(frame, *size, "rgb24").to_ndarray(), dtype=np.uint8)
        return np.ascontiguousarray(np.rot90(array, turned // 90)) if turned else array


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)
