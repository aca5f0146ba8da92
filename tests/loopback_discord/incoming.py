"""What arrives at the REST side: the log of requests, and the answers that a test forces."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import BodyPartReader, web

from tests.loopback_discord.api_errors import bad_json, json_response
from tests.loopback_discord.cdn import Upload
from tests.loopback_discord.composing import Body


@dataclass(eq=False)
class Call:
    """One request as it came, and how it was answered."""

    method: str
    path: str  # without /api/v10
    query: dict[str, str]
    at: datetime
    headers: Mapping[str, str] = field(repr=False)
    body: Body = field(default_factory=Body)
    status: int | None = None  # None: the connection was reset
    code: int | None = None  # Discord's error code

    @property
    def payload(self) -> Any:
        return self.body.json


@dataclass(eq=False)
class Forced:
    """An answer that a test ordered for the next requests of a kind."""

    method: str
    path: re.Pattern[str]
    status: int | None = None  # None: no answer of its own
    code: int = 0
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    drop: bool = False  # reset the connection instead of an answer
    processed: bool = False  # the request is carried out first: only its answer is lost
    until: asyncio.Event | None = None  # hold the request back until this is set
    done: int = 0

    def matches(self, call: Call) -> bool:
        if self.done >= self.times or self.method not in (call.method, "*"):
            return False
        return self.path.search(call.path) is not None

    @property
    def kind(self) -> str:
        """What is wrong with it, in words."""
        taken = ", request taken" if self.processed else ""
        if self.drop:
            return f"connection reset{taken}"
        return f"answer held back{taken}" if self.status is None else f"answer {self.status} (code {self.code}){taken}"

    @property
    def replaces(self) -> bool:
        """Whether it answers in Discord's place, and does not merely hold the request back."""
        return self.drop or self.status is not None

    def response(self, call: Call) -> web.Response | None:
        """The answer; None for a connection that is to be reset."""
        if self.status is None:
            return None
        call.code = self.code
        body = self.body
        if isinstance(body, str):
            return web.Response(status=self.status, text=body, content_type="text/html", headers=self.headers)
        if body is None:
            body = {"message": f"{self.status}: forced by the test", "code": self.code}
            if self.status == 429:
                body |= {"retry_after": float(self.headers.get("Retry-After", 1)), "global": False}
        return json_response(body, status=self.status, headers=self.headers)


def reset(request: web.Request) -> None:
    """Cut the connection, so that the other side sees ECONNRESET."""
    if request.transport is None:
        return
    at_once = struct.pack("ii", 1, 0)  # linger for 0 seconds: RST instead of FIN
    request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    request.transport.abort()


async def read_body(request: web.Request) -> Body:
    """The JSON and files of a request; raises ApiError when the JSON is none."""
    if request.content_type != "multipart/form-data":
        return Body(_json(await request.read()))
    body = Body()
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        name = part.name or ""
        data = bytes(await part.read())
        if name == "payload_json":
            body.json = _json(data)
        elif found := re.fullmatch(r"files\[(\d+)\]", name):
            kind = part.headers.get("Content-Type")
            body.uploads[int(found[1])] = Upload(part.filename or "unknown", data, _known(kind))
    return body


def _known(content_type: str | None) -> str | None:
    return None if content_type in (None, "application/octet-stream") else content_type


def _json(data: bytes) -> Any:
    if not data:
        return None
    try:
        return json.loads(data)
    except ValueError:
        raise bad_json() from None
