"""Opens an untrusted video in one of a few formats and codecs, without opening any other file or connection.

ffmpeg's playlist formats (HLS, concat, SDP) open other files and connections, even behind a Python file object and in
spite of ``protocol_whitelist``. So we name the format, according to the file's first bytes, and ffmpeg never guesses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from bot import limits
from bot.media.child.errors import Refused as Refused
from bot.media.child.errors import is_memory_left as is_memory_left
from bot.media.child.sound_tracks import audible_track
from bot.media.file_types import video_type
from bot.values.video import Unusable

_PROBED_BYTES = 2_000_000
_PROBED_MICROSECONDS = 2_000_000
_HEAD = 4096  # bytes
_FORMATS = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/mp2t": "mpegts",
    "video/x-msvideo": "avi",
    "video/x-dv": "dv",
}
_WITHOUT_A_CLOCK = frozenset({"video/mp2t"})  # they start at any time: broadcasts have no beginning
# Names of decoders. ffmpeg respects them while it opens a file; PyAV accepts any decoder afterwards, so we check again.
DECODERS = frozenset(
    {"h264", "hevc", "vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "mpeg4"}  # phones, browsers, screens
    | {"prores", "mjpeg", "dvvideo", "mpeg2video", "h263"}  # iPhone Pro, old cameras, tapes, camcorders, old phones
    | {"aac", "mp3", "mp3float", "opus", "libopus", "vorbis", "ac3", "eac3", "flac", "alac"}
    | {"mp2", "mp2float", "amrnb", "amrwb"}  # camcorders, old phones
    | {"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le", "pcm_u8", "pcm_bluray"}
)
_MOST_IN_THREADS = 4096 * 4096  # pixels: each thread holds its own pictures, and for 8K the memory does not suffice
_RUN_UP = 2.0  # seconds
_NO_TIMES_IN_AVI = "h264"  # AVI stores only the decoding order: with B-frames nobody can tell when a picture is shown


@dataclass(frozen=True, slots=True)
class Video:
    """An open file with the tracks that are used."""

    container: InputContainer
    picture: VideoStream
    sounds: Sequence[AudioStream]
    mime: str
    start: float
    """What a player shows as 0:00, in the file's own seconds. Subtracted everywhere.

    In MP4, MOV and WebM that is presentation time 0 with edit lists applied, even if the picture begins later than the
    sound, or both begin later (observed in Chromium, and so in Discord). A time before 0 is shown only if the picture
    begins there. A transport stream begins with whatever comes first.
    """

    heard: int = 0
    """Which of ``sounds`` is used."""

    @property
    def sound(self) -> AudioStream | None:
        """The track that is used; ``None`` if none can be decoded."""
        return self.sounds[self.heard] if self.sounds else None

    @property
    def run_up(self) -> float:
        """Seconds to seek further back. A transport stream has no index: a seek may end between key frames."""
        return _RUN_UP if self.mime in _WITHOUT_A_CLOCK else 0.0

    @property
    def begins(self) -> float:
        """When the first picture is shown, in seconds from ``start``."""
        return _start_of(self.picture) - self.start


@contextmanager
def open_video(path: Path, *, threads: int = 2) -> Iterator[Video]:
    """Open ``path`` as one of :func:`~bot.media.file_types.video_type`; ``threads`` decode its picture.

    Raises :class:`Refused`.
    """
    with path.open("rb") as file:
        mime = video_type(file.read(_HEAD))
    if mime is None:
        raise Refused(Unusable.NOT_A_VIDEO)
    with _open(path, _FORMATS[mime]) as container:
        video = _tracks(container, mime, threads)
        if len(video.sounds) > 1:
            with _open(path, _FORMATS[mime]) as again:  # opened twice, so that reading leaves no trace in the first
                found = audible_track(
                    again,
                    [track for track in again.streams.audio if track.index in {each.index for each in video.sounds}],
                )
            video = replace(video, heard=found)
        yield video


def _open(path: Path, kind: str) -> InputContainer:
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,avi,dv",
        "codec_whitelist": ",".join(DECODERS),
        "max_streams": str(limits.VIDEO_TRACKS),
        "probesize": str(_PROBED_BYTES),
        "analyzeduration": str(_PROBED_MICROSECONDS),
        "max_pixels": str(limits.VIDEO_PIXELS),
    }
    try:
        return av.open(
            f"file:{path.absolute()}", format=kind, timeout=(8, 8), metadata_errors="ignore", options=options
        )
    except MemoryError:  # also how ffmpeg reports more than max_streams
        raise Refused(Unusable.TOO_MANY_TRACKS if is_memory_left() else Unusable.TOO_MUCH_MEMORY) from None
    except (av.error.FFmpegError, ValueError) as error:
        raise Refused(Unusable.DAMAGED, type(error).__name__) from None


def _tracks(container: InputContainer, mime: str, threads: int) -> Video:
    # Cover art counts as a video stream.
    pictures = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not pictures:
        raise Refused(Unusable.NO_PICTURES, "no video track")
    picture = pictures[0]
    if not _can_be_decoded(picture):
        raise Refused(Unusable.UNSUPPORTED, _codec_of(picture))
    decoder = picture.codec_context
    if mime == "video/x-msvideo" and decoder.name == _NO_TIMES_IN_AVI and decoder.has_b_frames:
        raise Refused(Unusable.UNTIMED)
    if not decoder.width or not decoder.height:
        raise Refused(Unusable.DAMAGED, "no picture size")
    if (
        max(decoder.width, decoder.height) > limits.VIDEO_LONGEST_SIDE
        or decoder.width * decoder.height > limits.VIDEO_PIXELS
    ):
        raise Refused(Unusable.PICTURE_TOO_LARGE, f"{decoder.width}x{decoder.height}")
    decoder.options = {"max_pixels": str(limits.VIDEO_PIXELS)}  # the picture size may change later
    decoder.thread_type = "AUTO"
    decoder.thread_count = threads if decoder.width * decoder.height <= _MOST_IN_THREADS else 1
    sounds = tuple(stream for stream in container.streams.audio if _can_be_decoded(stream))
    start = min(0.0, _start_of(picture))
    if mime in _WITHOUT_A_CLOCK:
        start = (container.start_time or 0) / av.time_base
    return Video(container, picture, sounds, mime, start)


def _start_of(picture: VideoStream) -> float:
    time_base = picture.time_base
    return float((picture.start_time or 0) * time_base) if time_base is not None else 0.0


def _codec_of(stream: VideoStream) -> str:
    """ffmpeg's name of the codec; empty if there is none."""
    context: object = stream.codec_context
    return "" if context is None else stream.codec_context.codec.name


def _can_be_decoded(stream: VideoStream | AudioStream) -> bool:
    context: object = stream.codec_context  # None if ffmpeg has no decoder at all, despite the type annotation
    return context is not None and stream.codec_context.codec.name in DECODERS
