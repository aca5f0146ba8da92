"""Receiving an uploaded video."""

from __future__ import annotations

from typing import Final

from aiohttp import BodyPartReader, web

from playground.provider.answers import UploadRefusal
from playground.provider.footage import kind_of

LARGEST: Final = 50 * 1024 * 1024
_SUFFIXES: Final = {"video/mp4": ".mp4", "video/quicktime": ".mov", "video/webm": ".webm"}


async def receive_video(request: web.Request) -> tuple[bytes, str, str]:
    """The uploaded bytes, their MIME type by what they are (not by what was said), and a file suffix.

    Raises `UploadRefusal` (400) for anything that is not one MP4, WebM or MOV file of at most 50 MB.
    """
    if request.content_type != "multipart/form-data":
        raise UploadRefusal(400, "The upload must be multipart/form-data.")
    data: bytes | None = None
    async for part in await request.multipart():
        name = part.name if isinstance(part, BodyPartReader) else None
        if isinstance(part, BodyPartReader) and name == "file" and part.filename:
            data = await _read(part)
        elif name != "purpose":
            raise UploadRefusal(400, f"Unexpected form field: {name!r}.")
    if data is None:
        raise UploadRefusal(400, "The form field 'file' is required.")
    mime = kind_of(data[:64])
    if mime is None:
        raise UploadRefusal(400, "Only MP4, WebM and MOV videos are accepted.")
    return data, mime, _SUFFIXES[mime]


async def _read(part: BodyPartReader) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(256 * 1024):
        if len(data) <= LARGEST:  # what is too much is read and forgotten: the client should hear why
            data += chunk
    if len(data) > LARGEST:
        raise UploadRefusal(400, "The file is larger than 50 MB.")
    return bytes(data)
