"""The files of messages and commands, served under signed addresses that die."""

from __future__ import annotations

import hashlib
import hmac
import mimetypes
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from aiohttp import web

from tests.loopback_discord.clock import MovableClock

LIFE = timedelta(hours=24)
_KEY = b"loopback"


@dataclass(frozen=True)
class Upload:
    """A file before Discord has it. `claims` is what the uploader's program says about it (width, duration, …)."""

    name: str
    data: bytes = field(repr=False)
    content_type: str | None = None
    claims: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class StoredFile:
    """A file on the CDN."""

    cdn: Cdn = field(repr=False)
    id: int
    path: str
    upload: Upload
    alive: bool = True
    fetches: int = 0

    @property
    def name(self) -> str:
        return self.upload.name

    @property
    def data(self) -> bytes:
        return self.upload.data

    @property
    def url(self) -> str:
        """A fresh signed address; it dies 24 hours of Discord's clock from now, or with `die`."""
        return self.cdn.sign(self.path)

    def die(self) -> None:
        self.alive = False

    def payload(self) -> dict[str, Any]:
        guessed = self.upload.content_type or mimetypes.guess_type(self.name)[0]
        return {
            "id": str(self.id),
            "filename": self.name,
            "size": len(self.data),
            "url": self.url,
            "proxy_url": self.url,
            **({"content_type": guessed} if guessed else {}),
            **self.upload.claims,
        }


class Cdn:
    """Stores files by path and serves them to whoever holds a available address."""

    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock
        self._files: dict[str, StoredFile] = {}
        self.origin = ""

    def store(self, folder: str, file_id: int, upload: Upload) -> StoredFile:
        path = f"/{folder}/{file_id}/{quote(upload.name)}"
        self._files[path] = StoredFile(self, file_id, path, upload)
        return self._files[path]

    def sign(self, path: str) -> str:
        now = self._clock.now()
        expires, issued = (format(int(at.timestamp()), "x") for at in (now + LIFE, now))
        return f"{self.origin}{path}?ex={expires}&is={issued}&hm={_signature(path, expires)}&"

    def renew(self, url: str) -> str:
        """A available address of the same file, whatever the age and the signature of ``url``."""
        path = url.removeprefix(self.origin).partition("?")[0]
        return self.sign(path) if path in self._files else url

    async def serve(self, request: web.Request) -> web.Response:
        file = self._files.get(request.rel_url.raw_path)
        expires = request.query.get("ex", "")
        if file is None or not file.alive or not self._good(request, file.path, expires):
            return web.Response(status=404, text="This content is no longer available.")
        file.fetches += 1
        kind = file.upload.content_type or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return web.Response(body=file.data, headers={"Content-Type": kind})

    def _good(self, request: web.Request, path: str, expires: str) -> bool:
        if not hmac.compare_digest(request.query.get("hm", ""), _signature(path, expires)):
            return False
        return datetime.fromtimestamp(int(expires, 16), self._clock.now().tzinfo) > self._clock.now()


def _signature(path: str, expires: str) -> str:
    return hmac.new(_KEY, f"{path}?{expires}".encode(), hashlib.sha256).hexdigest()
