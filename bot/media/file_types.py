"""Recognises the type of a file by its first bytes, never by its name or by what somebody claims."""

from __future__ import annotations

from collections.abc import Iterator

# ISO/IEC 14496-12 files whose major brand says that they are no video: stills, image sequences, sound (mp4ra.org).
_NOT_VIDEO = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"miaf", b"msf1"}
    | {b"avif", b"avis", b"jxl ", b"jp2 ", b"jpx ", b"jpm ", b"crx ", b"M4A ", b"M4B ", b"M4P ", b"aax ", b"aaxc"}
)
# QuickTime files from before `ftyp` (QuickTime File Format Specification) begin with one of these.
_QUICKTIME = frozenset({b"moov", b"mdat"})
_PADDING = frozenset({b"wide", b"free", b"skip", b"pnot"})
# The first byte of a box of 512 MiB or more is a printable character: then it is some text, not a box.
_LARGEST_BOX = 0x2000_0000

_EBML = b"\x1a\x45\xdf\xa3"
_DOC_TYPE = 0x4282  # RFC 8794 section 11.2.6

_PICTURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def video_type(head: bytes) -> str | None:
    """``video/mp4``, ``video/quicktime`` or ``video/webm`` for the first bytes (4096 will do) of such a file.

    These are what the provider takes; ``None`` for everything else, Matroska among it.
    """
    if head.startswith(_EBML):
        return "video/webm" if _doc_type(head) == b"webm" else None
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


def picture_type(head: bytes) -> str | None:
    """``image/jpeg``, ``image/png``, ``image/gif`` or ``image/webp`` by the first 12 bytes, else ``None``."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((mime for magic, mime in _PICTURES if head.startswith(magic)), None)


def _by_brand(brand: bytes) -> str | None:
    if brand == b"qt  ":
        return "video/quicktime"
    return None if len(brand) < 4 or brand in _NOT_VIDEO else "video/mp4"


def _boxes(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The type and body (as far as it is there) of each box that begins in ``head``."""
    at = 0
    while at + 8 <= len(head):
        size = int.from_bytes(head[at : at + 4], "big")
        # 0: to the end of the file; 1: the real size follows the type. Nothing is looked for behind either.
        if size > 1 and not 8 <= size < _LARGEST_BOX:
            return
        end = at + size if size > 1 else len(head)
        yield head[at + 4 : at + 8], head[at + 8 : end]
        at = end


def _doc_type(head: bytes) -> bytes | None:
    """The DocType of an EBML header (RFC 8794), which stands anywhere in it."""
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
    length = 9 - first.bit_length()  # 9 for an invalid first byte of 0: ends the walk beyond everything sensible
    value = int.from_bytes(data[at : at + length], "big")
    if not keep_marker:
        value &= (1 << 7 * length) - 1
    return value, at + length
