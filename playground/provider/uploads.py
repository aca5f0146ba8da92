"""Receiving an uploaded video or picture."""

from __future__ import annotations

from typing import Final

from aiohttp import BodyPartReader, web

from playground.provider.answers import UploadRejection
from playground.provider.clip_analysis import kind_of

LARGEST: Final = 50 * 1024 * 1024
LARGEST_PICTURE: Final = 10 * 1024 * 1024
_PICTURES: Final = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/gif": ".gif"}
_SUFFIXES: Final = {"video/mp4": ".mp4", "video/quicktime": ".mov", "video/webm": ".webm"}


async def receive_video(request: web.Request) -> tuple[bytes, str, str]:
    """The uploaded bytes, their MIME type by what they are (not by what was said), and a file suffix.

    Raises `UploadRejection` (400) for anything that is not one MP4, WebM or MOV file of at most 50 MB.
    """
    data = await _file(request, LARGEST, "50 MB")
    mime = kind_of(data[:64])
    if mime is None:
        raise UploadRejection(400, "Only MP4, WebM and MOV videos are accepted.")
    return data, mime, _SUFFIXES[mime]


async def receive_picture(request: web.Request) -> tuple[bytes, str, str]:
    """Like `receive_video`, for one JPEG, PNG, WebP or GIF file of at most 10 MB."""
    data = await _file(request, LARGEST_PICTURE, "10 MB")
    mime = _picture_kind(data[:16])
    if mime is None:
        raise UploadRejection(400, "Only JPEG, PNG, WebP and GIF pictures are accepted.")
    return data, mime, _PICTURES[mime]


def _picture_kind(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    kinds = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"GIF8": "image/gif"}
    return next((mime for magic, mime in kinds.items() if head.startswith(magic)), None)


async def _file(request: web.Request, largest: int, named: str) -> bytes:
    if request.content_type != "multipart/form-data":
        raise UploadRejection(400, "The upload must be multipart/form-data.")
    data: bytes | None = None
    async for part in await request.multipart():
        name = part.name if isinstance(part, BodyPartReader) else None
        if isinstance(part, BodyPartReader) and name == "file" and part.filename:
            data = await _read(part, largest, named)
        elif name != "purpose":
            raise UploadRejection(400, f"Unexpected form field: {name!r}.")
    if data is None:
        raise UploadRejection(400, "The form field 'file' is required.")
    return data


async def _read(part: BodyPartReader, largest: int, named: str) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(256 * 1024):
        if len(data) <= largest:  # what is too much is read and forgotten: the client should hear why
            data += chunk
    if len(data) > largest:
        raise UploadRejection(400, f"The file is larger than {named}.")
    return bytes(data)
