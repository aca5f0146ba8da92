"""Analyses a submitted clip with PyAV: whether it has sound, whether the range is inside, the sharpest frame."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.container import InputContainer
from PIL import Image

# What a file may be, by its first bytes. ffmpeg is never left to guess: its playlist formats open other files.
DEMUXERS: Final = {"video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm"}
_SLACK: Final = 0.05  # seconds the range may reach beyond the last picture: time stamps are rounded
_LOOKED_AT: Final = 9  # how many frames of the range are compared
_TURNS: Final = (-180, -90, 90, 180)  # degrees, anticlockwise
_SIDE: Final = 512  # pixels of the picture's side at most


class Unusable(Exception):
    """A clip that no character can be made of; the message says why."""


@dataclass(frozen=True, slots=True)
class _Clip:
    """A file by what is in it: one clip is submitted many times, and looked into once for each range."""

    digest: bytes
    path: Path = field(compare=False)


def kind_of(head: bytes) -> str | None:
    """The MIME type of a video by its first 64 bytes: MP4, QuickTime or WebM; None for everything else."""
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else None
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    return "video/quicktime" if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip") else None


def portrait(path: Path, start: Decimal, end: Decimal) -> bytes:
    """A square JPEG, at most 512 pixels wide, of the sharpest frame between `start` and `end` seconds.

    Raises `Unusable` where the file cannot be read, has no audio track, or is shorter than `end`. Blocks: meant for
    a thread.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return _looked_into(_Clip(digest, path), start, end)


@lru_cache(maxsize=128)
def _looked_into(clip: _Clip, start: Decimal, end: Decimal) -> bytes:
    with clip.path.open("rb") as file:
        kind = kind_of(file.read(64))
    if kind is None:
        raise Unusable("the file is not an MP4, WebM or MOV video")
    try:
        with av.open(str(clip.path), format=DEMUXERS[kind]) as container:
            begin = _check(container, float(end))
            return _portrait(container, begin, float(start), float(end))
    except (av.FFmpegError, MemoryError):  # MemoryError: what PyAV raises for a file with absurd sizes in it
        raise Unusable("the video file cannot be read") from None


def _check(container: InputContainer, end: float) -> float:
    """Returns when the first picture is shown (seconds of the file's own time)."""
    if not container.streams.video:
        raise Unusable("the file has no video track")
    if not container.streams.audio:
        raise Unusable("the video has no audio track; a character needs one")
    spans: list[tuple[float, float]] = []
    for packet in container.demux(video=0):
        if packet.pts is not None and packet.time_base is not None:
            shown = float(packet.pts * packet.time_base)
            spans.append((shown, shown + float((packet.duration or 0) * packet.time_base)))
    if not spans:
        raise Unusable("the video track is empty")
    begin = min(first for first, _ in spans)
    length = max(last for _, last in spans) - begin
    if end > length + _SLACK:
        raise Unusable(f"the range ends at {end:g} s but the video is only {length:.2f} s long")
    return begin


def _portrait(container: InputContainer, begin: float, start: float, end: float) -> bytes:
    squares = [_square(frame) for frame in _candidates(container, begin, start, end)]
    if not squares:
        raise Unusable("there is no picture in the range")
    written = io.BytesIO()
    max(squares, key=_sharpness).save(written, "JPEG", quality=90)
    return written.getvalue()


def _candidates(container: InputContainer, begin: float, start: float, end: float) -> list[av.VideoFrame]:
    """Frames spread evenly over the range; where none begins in it, the one that is shown all the time."""
    times = np.linspace(start, end, _LOOKED_AT + 2)[1:-1]
    before: list[av.VideoFrame] = []
    chosen: list[av.VideoFrame] = []
    container.seek(int((begin + start) * av.time_base))  # to the key frame before
    for frame in container.decode(video=0):
        if frame.time is None:
            continue
        shown = frame.time - begin
        if shown > end or len(chosen) == len(times):
            break
        if shown <= start:
            before = [frame]
        if shown >= times[len(chosen)]:
            chosen.append(frame)
    return chosen or before


def _square(frame: av.VideoFrame) -> Image.Image:
    """The middle of the frame, upright; of a tall one the part above it, where heads are."""
    picture = Image.fromarray(frame.to_ndarray(format="rgb24"))
    if frame.rotation in _TURNS:  # a damaged header gives any number
        picture = picture.rotate(frame.rotation, expand=True)
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 4
    square = picture.crop((left, top, left + side, top + side))
    square.thumbnail((_SIDE, _SIDE))
    return square


def _sharpness(picture: Image.Image) -> float:
    """The variance of the Laplacian: the more edges, the higher."""
    grey = np.asarray(picture.convert("L"), dtype=np.float32)
    edges = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    return float(edges.var())
