"""Kinds of video that people have, each made here: docs/clips.md lists them, and the tests try every one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
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
        if self.sound == AMR_WB:
            how.update(sound=None, sound_codec="")
        path = write_numbered(folder / self.file, evenly(FPS, SECONDS), ends=Fraction(SECONDS), **how)
        return with_amr_wb(path) if self.sound == AMR_WB else path


def click(rate: int = RATE, channels: int = 2) -> np.ndarray:
    """Silence but for a millisecond."""
    sound = np.zeros((channels, SECONDS * rate))
    sound[:, round(CLICK * rate) :][:, : rate // 1000] = 0.9
    return sound


AMR_WB = "amrwb"  # for which there is no encoder: see with_amr_wb


def with_amr_wb(path: Path) -> Path:
    """The same file with sound of frames that say "no data", but for one of noise (3GPP TS 26.201)."""
    noise = random.Random(1).randbytes(60)  # of 23.85 kbit/s, the highest mode
    frames = [b"\x44" + noise if number == round(CLICK * 50) else b"\x7c" for number in range(SECONDS * 50)]
    raw, silent = path.with_suffix(".awb"), path.with_suffix(f".silent{path.suffix}")
    raw.write_bytes(b"#!AMR-WB\n" + b"".join(frames))
    path.rename(silent)
    with av.open(str(silent)) as pictures, av.open(str(raw), format="amr") as sound, av.open(str(path), "w") as both:
        tracks = [both.add_stream_from_template(source.streams[0]) for source in (pictures, sound)]
        for source, track in zip((pictures, sound), tracks, strict=True):
            for packet in source.demux(source.streams[0]):
                if packet.dts is not None:
                    packet.stream = track
                    both.mux(packet)
    return path


# Of codecs and containers that know pictures only, not their times: one tick is one picture.
_STEADY: dict[str, Any] = {"ticks": Fraction(1, FPS), "options": {}}
_AV1: dict[str, Any] = {
    "size": (128, 96),
    "options": {"preset": "10", "crf": "1", "g": "25", "svtav1-params": "lp=1:pred-struct=1"},
}
KINDS: Sequence[Kind] = (
    Kind("MP4: H.264, AAC", "a.mp4"),
    Kind("MP4: H.264 of 10 bits, 4:2:2 (cameras)", "a.mp4", {"pixels": "yuv422p10le"}),
    Kind("MP4: H.264, 4:4:4 (screen recorders)", "a.mp4", {"pixels": "yuv444p"}),
    Kind(
        "MP4: HEVC, AAC (phones)",
        "a.mp4",
        {"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": "log-level=none:pools=1"}},
    ),
    Kind("MP4: AV1, AAC (screen recorders)", "a.mp4", {"codec": "libsvtav1", **_AV1}),
    Kind("WebM: AV1, Opus", "a.webm", {"codec": "libsvtav1", **_AV1}, "libopus"),
    Kind("WebM: VP8, Opus (older browsers)", "a.webm", {"codec": "libvpx", "options": {}}, "libopus"),
    Kind("MOV: ProRes (iPhone Pro)", "a.mov", {"codec": "prores_ks", "pixels": "yuv422p10le", **_STEADY}, "pcm_s16le"),
    Kind("MOV: Motion JPEG (old cameras)", "a.mov", {"codec": "mjpeg", "pixels": "yuvj420p", **_STEADY}, "pcm_s16le"),
    Kind("WebM: VP9, Opus", "a.webm", {"codec": "libvpx-vp9", "options": {"deadline": "realtime"}}, "libopus"),
    Kind("Matroska: H.264, AAC (OBS)", "a.mkv"),
    Kind("Matroska: H.264, FLAC", "a.mkv", {"options": {"g": "25", "bf": "2"}}, "flac"),
    Kind("Transport stream: H.264, AAC (recorded streams)", "a.ts", {"options": {"g": "250", "bf": "2"}}),
    Kind("Transport stream: H.264, AC-3 (AVCHD of camcorders)", "a.m2ts", {}, "ac3"),
    Kind("Transport stream: H.264, PCM (Blu-ray, some camcorders)", "a.m2ts", {}, "pcm_bluray"),
    Kind("Transport stream: MPEG-2, MP2", "a.ts", {"codec": "mpeg2video", **_STEADY}, "mp2"),
    Kind(
        "AVI: Motion JPEG, PCM (old cameras)", "a.avi", {"codec": "mjpeg", "pixels": "yuvj420p", **_STEADY}, "pcm_s16le"
    ),
    Kind("AVI: MPEG-4, MP3 (Xvid, DivX)", "a.avi", {"codec": "mpeg4", **_STEADY}, "libmp3lame", late=1),
    Kind("3GP: H.263 (old phones)", "a.3gp", {"codec": "h263", "size": (176, 144), **_STEADY}),
    Kind(
        "3GP: H.263, AMR (old phones)",
        "a.3gp",
        {"codec": "h263", "size": (176, 144), **_STEADY, "sound": click(8000, 1), "sound_rate": 8000},
        "libopencore_amrnb",
    ),
    Kind("3GP: H.263, AMR-WB", "a.3gp", {"codec": "h263", "size": (176, 144), **_STEADY}, AMR_WB),
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
