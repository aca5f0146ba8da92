"""Files as people have them: with a lying header, a cover, too many tracks, and the like."""

import struct
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

from tests.media.child.tracks import add_pictures, add_sound

_FPS = 10
_RATE = 48_000
_SAMPLES = 1024


def claim(path: Path, into: Path, seconds: int) -> Path:
    """A copy of an MP4 or WebM whose header claims to be ``seconds`` long: the file, its tracks and their media."""
    content = bytearray(path.read_bytes())
    scale = 1
    # Behind the name of each box (ISO/IEC 14496-12, version 0): where its time scale stands, and where its duration.
    for name, scale_at, duration_at in ((b"mvhd", 16, 20), (b"tkhd", None, 24), (b"mdhd", 16, 20)):
        at = content.find(name)
        while at >= 0:
            if scale_at is not None:
                scale = int.from_bytes(content[at + scale_at : at + scale_at + 4], "big")
            content[at + duration_at : at + duration_at + 4] = (seconds * scale).to_bytes(4, "big")
            at = content.find(name, at + 1)
    at = content.find(b"\x44\x89\x88")  # Duration, in milliseconds (RFC 9559 section 5.1.2.10)
    if at >= 0:
        content[at + 3 : at + 11] = struct.pack(">d", seconds * 1000)
    into.write_bytes(content)
    return into


def flatten_matrix(path: Path, into: Path) -> Path:
    """A copy of an MP4 of one track whose display matrix says nothing sensible."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44
    content[at : at + 36] = bytes(32) + (1 << 30).to_bytes(4, "big")
    into.write_bytes(content)
    return into


def forget_size(path: Path, into: Path) -> Path:
    """A copy of an H.264 MP4 that says nowhere how large its pictures are."""
    content = bytearray(path.read_bytes())
    at = content.index(b"avc1", content.index(b"stsd")) + 28
    content[at : at + 4] = bytes(4)
    at = content.index(b"avcC", at) + 10
    content[at : at + 24] = bytes(24)
    into.write_bytes(content)
    return into


def cut_off(path: Path, into: Path, *, keep: float) -> Path:
    """The first ``keep``, a share of one, of the file."""
    content = path.read_bytes()
    into.write_bytes(content[: int(len(content) * keep)])
    return into


def trim(path: Path, into: Path, *, start: Fraction) -> Path:
    """The video from ``start`` on as a phone trims it: nothing encoded anew, an edit list hides what comes before."""
    with av.open(str(path)) as source, av.open(str(into), "w") as container:
        track = source.streams.video[0]
        copy = container.add_stream_from_template(track)
        for packet in source.demux(track):
            if packet.size:
                assert packet.pts is not None
                assert packet.dts is not None
                packet.pts -= int(start / packet.time_base)
                packet.dts -= int(start / packet.time_base)
                packet.stream = copy
                container.mux(packet)
    return into


def delay_picture(path: Path, into: Path, seconds: Fraction) -> Path:
    """The picture begins ``seconds`` later, and the sound stays: nothing is encoded anew."""
    with av.open(str(path)) as source, av.open(str(into), "w") as container:
        copies = {track.index: container.add_stream_from_template(track) for track in source.streams}
        for packet in source.demux(*source.streams):
            if packet.size:
                assert packet.pts is not None
                assert packet.dts is not None
                if packet.stream.type == "video":
                    packet.pts += int(seconds / packet.time_base)
                    packet.dts += int(seconds / packet.time_base)
                packet.stream = copies[packet.stream_index]
                container.mux(packet)
    return into


def write(
    path: Path,
    *,
    pictures: int = 0,
    codec: str = "mpeg4",
    size: tuple[int, int] = (64, 48),
    options: Mapping[str, str] | None = None,
    noise: bool = False,
    covers: int = 0,
    sounds: int = 0,
    sound_codec: str = "aac",
    sound_packets: bool = True,
    container_options: Mapping[str, str] | None = None,
) -> Path:
    """A video of plain or noisy ``pictures``, ten a second, and as much silence in each of ``sounds`` tracks."""
    with av.open(str(path), "w", options=dict(container_options or {})) as container:
        cover_tracks = [container.add_stream("png", rate=1) for _ in range(covers)]
        for cover in cover_tracks:
            cover.width, cover.height, cover.pix_fmt = 32, 32, "rgb24"
            cover.disposition = Disposition.attached_pic
        picture_tracks = [add_pictures(container, codec, _FPS, options)] if pictures else []
        for track in picture_tracks:
            track.width, track.height = size
            track.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        sound_tracks = [add_sound(container, sound_codec, _RATE) for _ in range(sounds)]
        for cover in cover_tracks:
            container.mux([*cover.encode(av.VideoFrame(32, 32, "rgb24")), *cover.encode(None)])
        for track in picture_tracks:
            for number in range(pictures):
                container.mux(track.encode(_picture(size, number if noise else None)))
            container.mux(track.encode(None))
        for sound in sound_tracks if sound_packets else []:
            kind = sound.format.name
            for _ in range(max(1, pictures * _RATE // _FPS // _SAMPLES)):
                samples = np.zeros((1, _SAMPLES), np.float32 if kind.startswith("flt") else np.int16)
                silence = av.AudioFrame.from_ndarray(samples, kind, "mono")
                silence.sample_rate = _RATE
                container.mux(sound.encode(silence))
            container.mux(sound.encode(None))
    return path


def write_growing(path: Path, *, large: tuple[int, int]) -> Path:
    """Three pictures of 64x48, then one of ``large`` in the same track, which its header does not mention."""
    options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "repeat-headers=1"}
    with av.open(str(path), "w") as container:
        track = container.add_stream("libx264", rate=_FPS, options=options)
        track.width, track.height, track.pix_fmt = 64, 48, "yuv420p"
        for _ in range(3):
            container.mux(track.encode(_picture((64, 48))))
        container.mux(track.encode(None))
        encoder = av.CodecContext.create("libx264", "w")
        encoder.width, encoder.height, encoder.pix_fmt = *large, "yuv420p"
        encoder.time_base, encoder.options = Fraction(1, _FPS), options
        grown = _picture(large)
        grown.pts, grown.time_base = 3, Fraction(1, _FPS)
        for packet in [*encoder.encode(grown), *encoder.encode(None)]:
            packet.stream = track
            container.mux(packet)
    return path


def _picture(size: tuple[int, int], noise: int | None = None) -> av.VideoFrame:
    values = np.full((size[1], size[0], 3), 128, np.uint8)
    if noise is not None:
        values = np.random.default_rng(noise).integers(0, 256, values.shape, np.uint8)
    return av.VideoFrame.from_ndarray(values, "rgb24")
