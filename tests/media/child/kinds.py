"""Kinds of video that people have, each made here: docs/clips.md lists them, and the tests try every one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from tests.media.child.numbered import RATE, evenly, write_numbered

FPS = 25
SECONDS = 4
CLICK = 2.0  # seconds, at which something is heard


@dataclass(frozen=True)
class Kind:
    """``what`` it is for people, and how `write_numbered` makes it; its ending is that of ``file``."""

    what: str
    file: str
    pictures: dict[str, Any] = field(default_factory=dict)
    sound: str = "aac"
    late: int = 0  # pictures by which the container's own clock is off

    def write(self, folder: Path) -> Path:
        """Picture n is shown from n / FPS on; the click comes at CLICK. Returns its path."""
        how = {"sound": click(), "sound_codec": self.sound, **self.pictures}
        return write_numbered(folder / self.file, evenly(FPS, SECONDS), ends=Fraction(SECONDS), **how)


def click() -> np.ndarray:
    """Silence but for a millisecond, in two channels."""
    sound = np.zeros((2, SECONDS * RATE))
    sound[:, round(CLICK * RATE) :][:, : RATE // 1000] = 0.9
    return sound


# Of codecs and containers that know pictures only, not their times: one tick is one picture.
_STEADY: dict[str, Any] = {"ticks": Fraction(1, FPS), "options": {}}
KINDS: Sequence[Kind] = (
    Kind("MP4: H.264, AAC", "a.mp4"),
    Kind("MP4: H.264 of 10 bits, 4:2:2 (cameras)", "a.mp4", {"pixels": "yuv422p10le"}),
    Kind("MP4: H.264, 4:4:4 (screen recorders)", "a.mp4", {"pixels": "yuv444p"}),
    Kind("MOV: ProRes (iPhone Pro)", "a.mov", {"codec": "prores_ks", "pixels": "yuv422p10le", **_STEADY}, "pcm_s16le"),
    Kind("MOV: Motion JPEG (old cameras)", "a.mov", {"codec": "mjpeg", "pixels": "yuvj420p", **_STEADY}, "pcm_s16le"),
    Kind("WebM: VP9, Opus", "a.webm", {"codec": "libvpx-vp9", "options": {"deadline": "realtime"}}, "libopus"),
    Kind("Matroska: H.264, AAC (OBS)", "a.mkv"),
    Kind("Matroska: H.264, FLAC", "a.mkv", {"options": {"g": "25", "bf": "2"}}, "flac"),
    Kind("Transport stream: H.264, AAC (recorded streams)", "a.ts", {"options": {"g": "250", "bf": "2"}}),
    Kind("Transport stream: H.264, AC-3 (AVCHD of camcorders)", "a.m2ts", {}, "ac3"),
    Kind("Transport stream: MPEG-2, MP2", "a.ts", {"codec": "mpeg2video", **_STEADY}, "mp2"),
    Kind(
        "AVI: Motion JPEG, PCM (old cameras)", "a.avi", {"codec": "mjpeg", "pixels": "yuvj420p", **_STEADY}, "pcm_s16le"
    ),
    Kind("AVI: MPEG-4, MP3 (Xvid, DivX)", "a.avi", {"codec": "mpeg4", **_STEADY}, "libmp3lame", late=1),
    Kind("3GP: H.263 (old phones)", "a.3gp", {"codec": "h263", "size": (176, 144), **_STEADY}),
    Kind("DV (tapes)", "a.dv", {"codec": "dvvideo", "size": (720, 576), **_STEADY}, "pcm_s16le"),
)

NO_VIDEOS: dict[str, bytes] = {
    "an empty file, sent before it was uploaded": b"",
    "a GIF, an animated WebP": b"GIF89a\x01\0",
    "a picture, a Live Photo's still (HEIC)": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "a voice message, a song": b"OggS\0\x02",
    "a page instead of a file": b"<!doctype html>",
    "WMV": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6",
    "FLV": b"FLV\x01\x05",
    "RealMedia": b".RMF\0",
    "MPG, VOB": b"\0\0\x01\xba\x44",
    "MXF": b"\x06\x0e\x2b\x34\x02",
    "anything else": b"PK\x03\x04",
}
"""The first bytes of what people send that is no video, or none that is opened."""
