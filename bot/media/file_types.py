"""Recognises the type of a file by its first bytes, never by its name or a claimed type."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

# ISO/IEC 14496-12 files with a major brand for stills, image sequences or sound (mp4ra.org), not video.
_NOT_VIDEO = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"miaf", b"msf1"}
    | {b"avif", b"avis", b"jxl ", b"jp2 ", b"jpx ", b"jpm ", b"crx ", b"M4A ", b"M4B ", b"M4P ", b"aax ", b"aaxc"}
)
# QuickTime files from before `ftyp` (QuickTime File Format Specification) begin with one of these.
_QUICKTIME = frozenset({b"moov", b"mdat"})
_PADDING = frozenset({b"wide", b"free", b"skip", b"pnot"})
# A box of 512 MiB or more would begin with a printable character: then it is text, not a box.
_LARGEST_BOX = 0x2000_0000

_EBML = b"\x1a\x45\xdf\xa3"
_DOC_TYPE = 0x4282  # RFC 8794 section 11.2.6

_TS_PACKET = 188  # bytes, the first of them 0x47 (ISO/IEC 13818-1); in M2TS a timestamp of four bytes precedes it
_TS_SYNC = 0x47
_DV_HEADER = b"\x1f\x07\x00"  # the first DIF block of a raw DV stream (IEC 61834-2)

PROVIDER_TYPES: Final = frozenset({"video/mp4", "video/quicktime", "video/webm"})
"""What the provider accepts (ToAPIs, "Upload Video")."""

# Formats that we recognise but do not open. An Ogg file may be a film or only sound, which we do not tell apart.
_FOREIGN = (
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media"),
    (b"FLV\x01", "Flash video"),
    (b".RMF", "RealMedia"),
    (b"\x00\x00\x01\xba", "MPEG program stream"),
    (b"\x00\x00\x01\xb3", "raw MPEG video"),
    (b"\x06\x0e\x2b\x34", "MXF"),
)
_SOUNDS = (b"ID3", b"fLaC", b"OggS", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1", b"#!AMR")
_SOUND_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P ", b"aax ", b"aaxc"})
_ANIMATED_WEBP = 0x02  # of the flags of a VP8X chunk (RFC 9649 section 2.7.1)

_PICTURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class NonVideo(StrEnum):
    """Kinds of files that are no videos, or never have sound."""

    EMPTY = "empty"
    ANIMATION = "animation"  # a GIF, an animated WebP
    PICTURE = "picture"
    SOUND = "sound"
    PAGE = "page"  # of the web
    UNKNOWN = "unknown"


def video_type(head: bytes) -> str | None:
    """The type of a video that we open, by its first bytes (4096 are enough); ``None`` for everything else.

    Of types that the provider does not accept (not in :data:`PROVIDER_TYPES`) only the clip is sent:
    ``video/x-matroska`` (OBS recordings), ``video/mp2t`` (camcorders, recorded streams), ``video/x-msvideo`` (AVI of
    older cameras) and ``video/x-dv``.
    """
    if head.startswith(_EBML):
        return {b"webm": "video/webm", b"matroska": "video/x-matroska"}.get(_doc_type(head) or b"")
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "video/x-msvideo"
    if head.startswith(_DV_HEADER):
        return "video/x-dv"
    if _is_transport_stream(head):
        return "video/mp2t"
    padded = False
    for kind, body in _boxes(head):
        if kind == b"ftyp":
            return _by_brand(body[:4])
        if kind in _QUICKTIME:
            return "video/quicktime"
        if kind not in _PADDING:
            return None
        padded = True
    return "video/quicktime" if padded else None


def is_matroska(head: bytes) -> bool:
    """Whether a file is Matroska or WebM, by its first bytes."""
    return head.startswith(_EBML)


def picture_type(head: bytes) -> str | None:
    """``image/jpeg``, ``image/png``, ``image/gif`` or ``image/webp`` by the first 12 bytes, else ``None``."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((mime for magic, mime in _PICTURES if head.startswith(magic)), None)


def foreign_type(head: bytes) -> str | None:
    """The name of a video format that we do not open, as export dialogs call it."""
    return next((name for magic, name in _FOREIGN if head.startswith(magic)), None)


def non_video_type(head: bytes) -> NonVideo:
    """The kind of a file that is no video, as far as it can be told."""
    if not head:
        return NonVideo.EMPTY
    picture = picture_type(head)
    if picture == "image/gif" or (head[12:16] == b"VP8X" and head[20:21] and head[20] & _ANIMATED_WEBP):
        return NonVideo.ANIMATION
    brands = [body[:4] for kind, body in _boxes(head) if kind == b"ftyp"]
    if head.startswith(_SOUNDS) or head[8:12] == b"WAVE" or _SOUND_BRANDS.intersection(brands):
        return NonVideo.SOUND
    if picture is not None or _NOT_VIDEO.intersection(brands):
        return NonVideo.PICTURE
    return NonVideo.PAGE if head.lstrip()[:1] == b"<" else NonVideo.UNKNOWN


def _is_transport_stream(head: bytes) -> bool:
    return any(
        len(head) > before + 2 * length and all(head[before + number * length] == _TS_SYNC for number in range(3))
        for before, length in ((0, _TS_PACKET), (4, _TS_PACKET + 4))
    )


def _by_brand(brand: bytes) -> str | None:
    if brand == b"qt  ":
        return "video/quicktime"
    return None if len(brand) < 4 or brand in _NOT_VIDEO else "video/mp4"


def _boxes(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The type and body (as far as it is in ``head``) of each box."""
    at = 0
    while at + 8 <= len(head):
        size = int.from_bytes(head[at : at + 4], "big")
        # 0: to the end of the file; 1: the real size follows the type. We do not look beyond either.
        if size > 1 and not 8 <= size < _LARGEST_BOX:
            return
        end = at + size if size > 1 else len(head)
        yield head[at + 4 : at + 8], head[at + 8 : end]
        at = end


def _doc_type(head: bytes) -> bytes | None:
    """The DocType of an EBML header (RFC 8794), which may be anywhere in it."""
    end, at = _vint(head, len(_EBML))
    end = min(at + end, len(head))
    while at < end:
        element, at = _vint(head, at, keep_marker=True)
        size, at = _vint(head, at)
        if element == _DOC_TYPE:
            return head[at : at + size].rstrip(b"\0")
        at += size
    return None


def _vint(data: bytes, at: int, *, keep_marker: bool = False) -> tuple[int, int]:
    """A variable-size integer (RFC 8794 section 4) and where it ends; past the end of ``data`` it is 0."""
    first = data[at] if at < len(data) else 0
    length = 9 - first.bit_length()  # 9 for an invalid first byte of 0: this ends the walk
    value = int.from_bytes(data[at : at + length], "big")
    if not keep_marker:
        value &= (1 << 7 * length) - 1
    return value, at + length
