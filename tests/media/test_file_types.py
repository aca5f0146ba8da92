import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.media.file_types import (
    PROVIDER_TYPES,
    NonVideo,
    foreign_type,
    non_video_type,
    picture_type,
    video_type,
)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect


def box(kind: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I", 8 + len(body) if size is None else size) + kind + body


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    return box(b"ftyp", major + bytes(4) + b"".join(compatible))


def vint(value: int, length: int) -> bytes:
    return (value | 1 << 7 * length).to_bytes(length, "big")


def ebml(*elements: bytes, size_length: int = 1) -> bytes:
    body = b"".join(elements)
    return b"\x1a\x45\xdf\xa3" + vint(len(body), size_length) + body + b"\x18\x53\x80\x67"


VERSION = b"\x42\x86\x81\x01"
WEBM = b"\x42\x82\x84webm"
MATROSKA = b"\x42\x82\x88matroska"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (ftyp(b"isom", b"iso2", b"avc1", b"mp41"), "video/mp4"),
        (ftyp(b"mp42", b"isom"), "video/mp4"),
        (ftyp(b"M4V ", b"M4A ", b"mp42"), "video/mp4"),
        (ftyp(b"dash"), "video/mp4"),
        (ftyp(b"3gp5", b"isom"), "video/mp4"),
        (box(b"ftyp", b"isom", size=0), "video/mp4"),
        (ftyp(b"qt  "), "video/quicktime"),
        (box(b"wide") + ftyp(b"qt  "), "video/quicktime"),
        (box(b"free", bytes(100)) + ftyp(b"mp42"), "video/mp4"),
        (box(b"moov", b"..."), "video/quicktime"),
        (box(b"mdat", b"...", size=0), "video/quicktime"),
        (box(b"mdat", b"...", size=1), "video/quicktime"),
        (box(b"mdat", b"...", size=0x1FFFFFFF), "video/quicktime"),
        (box(b"wide") + box(b"mdat", size=500), "video/quicktime"),
        (box(b"skip", size=10_000) + bytes(2000), "video/quicktime"),
        (box(b"pnot", bytes(12)) + box(b"moov"), "video/quicktime"),
        (ebml(WEBM), "video/webm"),
        (ebml(VERSION, WEBM, VERSION), "video/webm"),
        (ebml(VERSION, WEBM, size_length=8), "video/webm"),
        (ebml(b"\x42\x82\x40\x06webm\0\0"), "video/webm"),
    ],
)
def test_videos_that_the_provider_takes(head: bytes, expected: str) -> None:
    assert video_type(head) == expected
    assert video_type(head.ljust(4096, b"\0")) == expected
    assert picture_type(head) is None


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0",
        ftyp(b"heic", b"mif1", b"heic"),
        ftyp(b"mif1", b"heic"),
        ftyp(b"msf1", b"hevc"),
        ftyp(b"avif", b"mif1", b"miaf"),
        ftyp(b"avis", b"msf1"),
        ftyp(b"M4A ", b"mp42", b"isom"),
        ftyp(b"M4B ", b"mp42"),
        ftyp(b"jp2 "),
        ftyp(b"crx ", b"isom"),
        box(b"wide") + ftyp(b"avif"),
        box(b"ftyp", b"is"),
        box(b"free") + box(b"what", bytes(20)),
        box(b"moof", bytes(20)),
        box(b"mdat", size=7),
        b"Iam free as the wind and so are you",
        b"all moov on",
        ebml(VERSION),
        ebml(),
        ebml(b"\x42\x82\x84"),
        b"\x1a\x45\xdf\xa3",
        b"\x1a\x45\xdf\xa3\0\0\0\0\0\0\0\0\0\0\x42\x82\x84webm",
        b"\x1a\x45\xdf\xa3" + vint(3, 1) + VERSION + WEBM,
        b"<!doctype html><title>a video</title>",
        b"OggS\0\x02",
        b"\0\0\x01\xba\x44",
        b"G@\x11\x10",
        b"FLV\x01\x05",
        b"ID3\x04",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"PK\x03\x04",
    ],
)
def test_everything_else_is_no_video(head: bytes) -> None:
    assert video_type(head) is None


TS = b"".join(b"\x47" + bytes(187) for _ in range(4))
M2TS = b"".join(bytes(4) + b"\x47" + bytes(187) for _ in range(4))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (ebml(MATROSKA), "video/x-matroska"),
        (b"RIFF\x10\0\0\0AVI LIST", "video/x-msvideo"),
        (TS, "video/mp2t"),
        (M2TS, "video/mp2t"),
        (b"\x1f\x07\x00\xbf", "video/x-dv"),
    ],
)
def test_videos_of_which_only_a_cut_is_taken(head: bytes, expected: str) -> None:
    assert video_type(head) == expected
    assert expected not in PROVIDER_TYPES


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", NonVideo.EMPTY),
        (b"GIF89a\x01\0", NonVideo.ANIMATION),
        (b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x02", NonVideo.ANIMATION),
        (b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x10", NonVideo.PICTURE),
        (b"\xff\xd8\xff\xe0", NonVideo.PICTURE),
        (ftyp(b"heic"), NonVideo.PICTURE),
        (ftyp(b"M4A "), NonVideo.SOUND),
        (b"OggS\0\x02", NonVideo.SOUND),  # a voice message
        (b"ID3\x04", NonVideo.SOUND),
        (b"RIFF\x24\0\0\0WAVEfmt ", NonVideo.SOUND),
        (b"\r\n<!doctype html>", NonVideo.PAGE),
        (b"PK\x03\x04", NonVideo.UNKNOWN),
    ],
)
def test_what_is_no_video_is_named(head: bytes, expected: NonVideo) -> None:
    assert video_type(head) is None
    assert foreign_type(head) is None
    assert non_video_type(head) is expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6", "Windows Media"),
        (b"FLV\x01\x05", "Flash video"),
        (b".RMF\0", "RealMedia"),
        (b"\0\0\x01\xba\x44", "MPEG program stream"),
    ],
)
def test_so_is_a_format_that_is_not_opened(head: bytes, expected: str) -> None:
    assert video_type(head) is None
    assert foreign_type(head) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"\xff\xd8\xff\xe1", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        (b"GIF89a\x01\0", "image/gif"),
        (b"GIF87a\x01\0", "image/gif"),
        (b"", None),
        (b"\xff\xd8", None),
        (b"\x89PNG\n\x1a\n", None),
        (b"RIFF\x24\0\0\0WAVEfmt ", None),
        (b"....\x24\0\0\0WEBP", None),
        (b"GIF88a", None),
        (b"BM\x36", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
        (ftyp(b"avif"), None),
    ],
)
def test_pictures(head: bytes, expected: str | None) -> None:
    assert picture_type(head) == expected
    assert video_type(head) is None


@unhurried
@given(
    st.sampled_from([b"", b"\x1a\x45\xdf\xa3", b"\0\0\0\x08free", b"\0\0\0\x14ftyp", b"\0\0\0\0mdat"]),
    st.binary(max_size=200),
)
def test_no_bytes_break_it(start: bytes, rest: bytes) -> None:
    assert video_type(start + rest) in {None, "video/x-matroska", *PROVIDER_TYPES}
    picture_type(start + rest)
    non_video_type(start + rest)
