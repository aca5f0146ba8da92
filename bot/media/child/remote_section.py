"""Downloads some seconds of a video on a web server: only the bytes that contain them are fetched.

The packets are copied, not decoded, and keep their timestamps: second 3600 of the video is second 3600 of the resulting
file. So no external program is needed.
"""

from __future__ import annotations

import heapq
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final, Protocol

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream

from bot import limits
from bot.media.child.opening import DECODERS, Refused
from bot.media.file_types import is_matroska
from bot.values.video import Unusable

_BLOCK: Final = 256 * 1024  # bytes per request; doubled for each consecutive request
_LARGEST_BLOCK: Final = 4 * 1024 * 1024
_KEPT: Final = 6  # blocks: pictures and sound may be far apart, and are read in turn
_FORMATS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"


class Response(Protocol):
    """A response to a range request."""

    status: int

    @property
    def headers(self) -> Mapping[str, str]:
        """As they came."""

    def read(self, amount: int | None = None) -> bytes:
        """More of the body; empty at its end."""

    def close(self) -> None:
        """Discard the rest."""


Fetch = Callable[[int, int], Response]
"""Requests the bytes from the first number up to and without the second."""


class RemoteFile(io.RawIOBase):
    """A file on a server that supports range requests; otherwise it is downloaded completely to ``spool``, once.

    Reading raises :class:`OSError` if the server breaks off.
    """

    def __init__(self, fetch: Fetch, spool: Path) -> None:
        self._fetch = fetch
        self._at = 0
        self._blocks: dict[int, bytes] = {}
        self._next, self._length = 0, _BLOCK
        self._local: IO[bytes] | None = None
        first = fetch(0, _BLOCK)
        whole = re.fullmatch(r"bytes 0-\d+/(\d+)", first.headers.get("Content-Range") or "")
        if first.status == 206 and whole:
            self.size = int(whole[1])
            self._keep(0, _at_most(first, _BLOCK))
        else:
            self._local = spool.open("w+b")
            while piece := first.read(_BLOCK):
                self._local.write(piece)
            self.size = self._local.tell()
            self._local.seek(0)

    def head(self) -> bytes:
        """The first bytes."""
        self.seek(0)
        found = self.read(4096)
        self.seek(0)
        return found or b""

    def readable(self) -> bool:
        """Always true."""
        return True

    def seekable(self) -> bool:
        """Always true."""
        return True

    def tell(self) -> int:
        """The position of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Change the position; nothing is fetched yet."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes; empty at the end."""
        if self._local is not None:
            self._local.seek(self._at)
            found = self._local.read(size)
        else:
            found = self._from_block(size if size >= 0 else self.size)
        self._at += len(found)
        return found

    def _from_block(self, size: int) -> bytes:
        if self._at >= self.size:
            return b""
        for start, block in self._blocks.items():
            if start <= self._at < start + len(block):
                return block[self._at - start : self._at - start + size]
        self._length = min(2 * self._length, _LARGEST_BLOCK) if self._at == self._next else _BLOCK
        end = min(self._at + self._length, self.size)
        answer = self._fetch(self._at, end)
        if answer.status != 206:
            raise OSError("no range any more")
        block = _at_most(answer, end - self._at)
        if not block:
            raise OSError("nothing came")
        self._keep(self._at, block)
        return block[:size]

    def _keep(self, start: int, block: bytes) -> None:
        self._blocks[start] = block
        self._next = start + len(block)
        if len(self._blocks) > _KEPT:
            del self._blocks[next(iter(self._blocks))]


def _at_most(answer: Response, size: int) -> bytes:
    """Read at most what was requested, however much the server sends."""
    found = bytearray()
    while len(found) < size and (piece := answer.read(size - len(found))):
        found += piece
    answer.close()
    return bytes(found)


def take_section(files: Sequence[RemoteFile], into: Path, seconds: tuple[float, float] | None) -> None:
    """Copy the picture of the first of ``files`` and the sound of the last into the MP4 ``into``.

    It contains at least ``seconds`` (from, to); ``None``: all of it. Raises :class:`Refused`, :class:`OSError` and
    :class:`av.error.FFmpegError`.
    """
    with ExitStack() as stack:
        opened = [stack.enter_context(_opened(file)) for file in files]
        picture = next((each for each in opened[0].streams.video if _is_picture(each)), None)
        sound = next((each for each in opened[-1].streams.audio if _is_known(each)), None)
        if picture is None:
            raise Refused(Unusable.NO_PICTURES, "no video track")
        tracks: list[list[Stream]] = [[] for _ in opened]
        tracks[0].append(picture)
        if sound is not None:
            tracks[-1].append(sound)
        with av.open(str(into), "w", format="mp4", options={"movflags": "+faststart"}) as output:
            copies = {
                (number, each.index): output.add_stream_from_template(each)
                for number, those in enumerate(tracks)
                for each in those
            }
            parts = [_packets(number, opened[number], those, seconds) for number, those in enumerate(tracks) if those]
            _mux(output, copies, heapq.merge(*parts, key=lambda each: each[0]))


def _mux(
    output: OutputContainer,
    copies: Mapping[tuple[int, int], Stream],
    packets: Iterator[tuple[float, int, Packet[Stream]]],
) -> None:
    for _, number, packet in packets:
        packet.stream = copies[number, packet.stream_index]
        output.mux(packet)


def _packets(
    number: int, container: InputContainer, tracks: Sequence[Stream], seconds: tuple[float, float] | None
) -> Iterator[tuple[float, int, Packet[Stream]]]:
    """Each packet from the key frame before the first second to the last, with its decoding time."""
    start, end = seconds or (0.0, float("inf"))
    if start > 0:
        container.seek(int(start * av.time_base), backward=True)
    going = {track.index for track in tracks}
    for packet in container.demux(*tracks):
        if packet.dts is None or packet.time_base is None:
            continue
        instant = float(packet.dts * packet.time_base)
        if instant > end:
            going.discard(packet.stream_index)
            if not going:
                return
        elif packet.stream_index in going:
            yield instant, number, packet


def _opened(file: RemoteFile) -> InputContainer:
    head = file.head()
    options = {
        "protocol_whitelist": "",  # a video is one file
        "format_whitelist": _FORMATS,
        "codec_whitelist": ",".join(DECODERS),
        "max_streams": str(limits.VIDEO_TRACKS),
        "max_pixels": str(limits.VIDEO_PIXELS),
    }
    kind = "matroska" if is_matroska(head) else "mov"
    try:
        return av.open(file, "r", format=kind, metadata_errors="ignore", options=options)
    except (av.error.FFmpegError, ValueError) as error:
        raise Refused(Unusable.DAMAGED, type(error).__name__) from None


def _is_picture(track: Stream) -> bool:
    return not track.disposition & Disposition.attached_pic and _is_known(track)


def _is_known(track: Stream) -> bool:
    context: object = track.codec_context  # None if ffmpeg has no decoder at all, despite the type annotation
    return context is not None and track.codec_context.codec.name in DECODERS
