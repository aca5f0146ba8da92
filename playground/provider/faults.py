"""Faults that a test orders in advance: an answer that comes instead of the real one, spoiled, late, or not at all."""

from __future__ import annotations

import asyncio
import json as jsonlib
import socket
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from aiohttp import web

from playground.provider.answers import error

Moment = Literal["before_read", "after_taken"]
Damage = Literal["reset", "truncated", "oversized", "html", "not_utf8"]

_WHEN: Final[Mapping[Moment, str]] = {"before_read": "request not taken", "after_taken": "request taken"}
_OVERSIZED: Final = 3 * 1024 * 1024  # bytes; far beyond what any documented answer needs


@dataclass(slots=True)
class _Fault:
    method: str
    path_prefix: str
    status: int
    body: bytes | None
    headers: Mapping[str, str]
    times: int

    def fits(self, request: web.BaseRequest) -> bool:
        return request.method == self.method and request.path.startswith(self.path_prefix)

    def answer(self) -> web.Response:
        if self.body is None:
            return error(self.status, f"Ordered fault {self.status} (simulated).", headers=self.headers)
        return web.Response(status=self.status, body=self.body, headers=self.headers)


@dataclass(slots=True)
class _Spoiling:
    method: str
    path_prefix: str
    damage: Damage
    times: int

    def fits(self, request: web.BaseRequest) -> bool:
        return request.method == self.method and request.path.startswith(self.path_prefix)


class Faults:
    """What has been ordered and not yet happened, in the order in which it was ordered.

    ``happened`` counts by kind what has.
    """

    def __init__(self) -> None:
        self.happened: Counter[str] = Counter()
        self._answers: list[_Fault] = []
        self._drops: list[Moment] = []
        self._stalls: list[Moment] = []
        self._spoilings: list[_Spoiling] = []
        self._goes_on = asyncio.Event()

    def fail_next(
        self,
        method: str,
        path_prefix: str,
        status: int,
        *,
        body: bytes | str | None,
        json: Any,  # noqa: ANN401 — whatever JSON a test wants to be answered
        headers: Mapping[str, str] | None,
        times: int,
    ) -> None:
        """Orders answers; see `SimulatedProvider.fail_next`."""
        kind = "text/html" if body is not None else "application/json"
        if json is not None:
            body = jsonlib.dumps(json)
        raw = body.encode() if isinstance(body, str) else body
        shown = {**({"Content-Type": kind} if raw is not None else {}), **(headers or {})}
        self._answers.append(_Fault(method.upper(), path_prefix, status, raw, shown, times))

    def drop_next(self, moment: Moment) -> None:
        """Orders a connection that closes without an answer."""
        self._drops.append(moment)

    def stall_next(self, moment: Moment) -> None:
        """Orders a connection on which nothing comes for as long as nobody mends it."""
        self._stalls.append(moment)

    def spoil_next(self, method: str, path_prefix: str, damage: Damage, *, times: int) -> None:
        """Orders answers that are right and arrive damaged."""
        self._spoilings.append(_Spoiling(method.upper(), path_prefix, damage, times))

    def mend(self) -> None:
        """Cancels all planned faults, and releases stalled connections."""
        for orders in (self._answers, self._drops, self._stalls, self._spoilings):
            orders.clear()
        self.go_on()

    def go_on(self) -> None:
        """Releases stalled connections."""
        self._goes_on.set()
        self._goes_on = asyncio.Event()

    def answer_for(self, request: web.BaseRequest) -> web.Response | None:
        """The ordered answer to this request, if there is one; it is used up."""
        for fault in self._answers:
            if fault.fits(request):
                fault.times -= 1
                if fault.times <= 0:
                    self._answers.remove(fault)
                self.happened[f"answer {fault.status}"] += 1
                return fault.answer()
        return None

    def drops(self, moment: Moment) -> bool:
        """Whether the connection is to be closed now; the order is used up."""
        if self._drops and self._drops[0] == moment:
            self._drops.pop(0)
            self.happened[f"connection closed, {_WHEN[moment]}"] += 1
            return True
        return False

    async def stall(self, moment: Moment) -> None:
        """Waits, if that was ordered; the order is used up."""
        if self._stalls and self._stalls[0] == moment:
            self._stalls.pop(0)
            self.happened[f"silence, {_WHEN[moment]}"] += 1
            await self._goes_on.wait()

    async def spoil(self, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
        """The answer as it arrives: damaged where that was ordered; the order is used up."""
        for spoiling in self._spoilings:
            if spoiling.fits(request) and isinstance(answer, web.Response) and isinstance(answer.body, bytes):
                spoiling.times -= 1
                if spoiling.times <= 0:
                    self._spoilings.remove(spoiling)
                self.happened[f"answer damaged: {spoiling.damage}"] += 1
                if spoiling.damage == "reset":
                    return await _cut_off(request, answer)
                return _damaged(answer, answer.body, spoiling.damage)
        return answer


def _damaged(answer: web.Response, body: bytes, damage: Damage) -> web.Response:
    """The same answer with another body; all of that arrives."""
    bodies: dict[str, Callable[[], bytes]] = {
        "truncated": lambda: body[: len(body) // 2],
        "oversized": lambda: body.rstrip().removesuffix(b"}") + b', "x": "' + b"x" * _OVERSIZED + b'"}',
        "html": lambda: b"<html><body><h1>504 Gateway Time-out</h1></body></html>",
        "not_utf8": lambda: body.rstrip().removesuffix(b"}") + b', "x": "\xff\xfe"}',
    }
    kind = "text/html" if damage == "html" else answer.content_type
    return web.Response(status=answer.status, body=bodies[damage](), content_type=kind)


async def _cut_off(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Sends half of it, then resets the connection (RST, which the other side sees as ECONNRESET)."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    begun = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
    begun.content_length = len(body)
    await begun.prepare(request)
    await begun.write(body[: len(body) // 2])
    if request.transport is not None:
        at_once = struct.pack("ii", 1, 0)  # linger for 0 seconds
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        request.transport.abort()
    return begun
