"""Reads length, size and codecs from a video's packets, because a header can lie, and a file can be truncated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av

from bot import limits
from bot.media.child.frames import packets, raise_if_out_of_memory, shown_size
from bot.media.child.opening import Refused, Video, open_video
from bot.values.files import ending
from bot.values.video import Unusable, VideoFacts

_LAST_STAYS = 1.0  # seconds: a last picture is shown for longer only if the sound or the pace of the others proves it
_HEAD = 4096  # bytes
_MANY = 20_000  # pictures, of some ten minutes: in longer videos only the first and the last are read
_EDGE = 15.0  # seconds
_SEGMENT = b"\x18\x53\x80\x67"  # contains everything in a WebM file but its first few bytes (RFC 9559 section 5.1)


def probe(path: Path) -> VideoFacts:
    """Read every packet (in a long MP4 only those at both ends), and decode one picture. Raises :class:`Refused`."""
    with open_video(path, threads=1) as video:
        found = _read(video, path)
        if found.first is None or not found.pictures.count:
            raise Refused(Unusable.NO_PICTURES, "none can be decoded")
        width, height = shown_size(video, found.first)
        begins, seconds = found.pictures.first - video.start, found.pictures.end(witness=found.sound.last) - video.start
        between = found.pictures.pace or seconds - begins
        sound = video.sound if found.sound.count else None
        return VideoFacts(
            container=ending(video.mime),
            begins=round(begins, 3),
            seconds=round(seconds, 3),
            width=width,
            height=height,
            frame_rate=round(1 / between, 3) if between > 0 else 0.0,
            video_codec=video.picture.codec_context.codec.canonical_name,
            audio_codec=sound.codec_context.codec.canonical_name if sound is not None else None,
            sound_tracks=len(video.sounds),
            sound_track=video.heard + 1,
            audio_seconds=round(found.sound.end() - found.sound.first, 3),
            cut_off=found.cut_off or (video.mime in {"video/webm", "video/x-matroska"} and _lacks_bytes(path)),
        )


@dataclass(slots=True)
class _Extent:
    """The time span of a track's packets, in seconds of the file's own time."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0  # the start of the last one
    claimed: float = 0.0  # its duration according to the header: sometimes hours

    def add(self, start: float, seconds: float) -> None:
        if not self.count or start < self.first:
            self.first = start
        if not self.count or start >= self.last:
            self.last, self.claimed = start, seconds
        self.count += 1

    @property
    def pace(self) -> float:
        """Seconds between packets."""
        return (self.last - self.first) / (self.count - 1) if self.count > 1 else 0.0

    def end(self, witness: float = 0.0) -> float:
        """The end of the last packet, in seconds; ``witness`` is when another track provably still plays."""
        believed = max(_LAST_STAYS, self.pace, witness - self.last)
        return self.last + min(self.claimed or self.pace, believed)


@dataclass(slots=True)
class _Found:
    pictures: _Extent = field(default_factory=_Extent)
    sound: _Extent = field(default_factory=_Extent)
    first: av.VideoFrame | None = None  # the first that can be decoded
    errors: int = 0
    read: int = 0  # pictures
    ticks: dict[int, float] = field(default_factory=dict)  # seconds per tick, by track
    cut_off: bool = False


def _read(video: Video, path: Path) -> _Found:
    found = _Found()
    counted = _pictures_by_index(video, path)
    for packet in _worth_reading(video, found, skip=bool(counted)):
        of_picture = packet.stream_index == video.picture.index
        if of_picture and found.first is None and found.errors < limits.DAMAGED_PACKETS:
            try:
                found.first = next(iter(packet.decode()), None)
            except av.error.FFmpegError as error:
                raise_if_out_of_memory(error)
                found.errors += 1
        if packet.pts is None:
            continue
        found.read += of_picture
        if packet.is_corrupt:  # its end is missing
            found.cut_off = True
        elif packet.size and not packet.is_discard:
            tick = found.ticks[packet.stream_index]
            extent = found.pictures if of_picture else found.sound
            extent.add(packet.pts * tick, (packet.duration or 0) * tick)
    if counted:
        found.pictures.count = counted
    elif len(video.picture.index_entries) > found.read:
        found.cut_off = True
    return found


def _pictures_by_index(video: Video, path: Path) -> int:
    """How many pictures there are according to the index; 0 if it is not credible, or reading them all takes no time.

    The index of an MP4 or MOV gives the position of each. If the last one lies inside the file, the index is complete;
    the presentation times are read anyway.
    """
    entries = video.picture.index_entries
    if video.mime not in {"video/mp4", "video/quicktime"} or len(entries) < _MANY:
        return 0
    size = path.stat().st_size
    ends = [track.index_entries[-1] for track in (video.picture, video.sound) if track and len(track.index_entries)]
    return len(entries) if all(0 <= entry.pos <= entry.pos + entry.size <= size for entry in ends) else 0


def _worth_reading(video: Video, found: _Found, *, skip: bool) -> Iterator[av.Packet[Any]]:
    """All packets of picture and sound; with ``skip`` only those of the first and the last seconds."""
    tracks = [video.picture] if video.sound is None else [video.picture, video.sound]
    found.ticks = {track.index: float(track.time_base or 0) for track in tracks}  # a Fraction per packet is slow
    for packet in packets(video, *tracks):
        yield packet
        if skip and found.pictures.last - found.pictures.first > _EDGE and found.first is not None:
            break
    else:
        return
    entries = video.picture.index_entries
    back = round(_EDGE / found.ticks[video.picture.index])
    with suppress(av.error.FFmpegError):  # then it reads on from its position
        video.container.seek(entries[-1].timestamp - back, stream=video.picture, backward=True)
    yield from packets(video, *tracks)


def _lacks_bytes(path: Path) -> bool:
    """Whether a WebM file is shorter than it says. One that was recorded live does not say."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        size = file.seek(0, os.SEEK_END)
    length, at = _length(head, 4)
    at += length
    if not head.startswith(_SEGMENT, at):
        return False
    length, at = _length(head, at + len(_SEGMENT))
    return at + length > size


def _length(head: bytes, at: int) -> tuple[int, int]:
    """The length of an element's body, 0 if unknown, and where the body begins (RFC 8794 section 4)."""
    octets = 9 - head[at].bit_length()
    most = (1 << 7 * octets) - 1
    length = int.from_bytes(head[at : at + octets], "big") & most
    return length if length != most else 0, at + octets
