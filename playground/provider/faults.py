"""Faults that a test orders in advance: an answer that comes instead of the real one, or none at all."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from playground.provider.answers import error

Moment = Literal["before_read", "after_taken"]


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


class Faults:
    """What has been ordered and not yet happened, in the order in which it was ordered."""

    def __init__(self) -> None:
        self._answers: list[_Fault] = []
        self._drops: list[Moment] = []

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

    def answer_for(self, request: web.BaseRequest) -> web.Response | None:
        """The ordered answer to this request, if there is one; it is used up."""
        for fault in self._answers:
            if fault.fits(request):
                fault.times -= 1
                if fault.times <= 0:
                    self._answers.remove(fault)
                return fault.answer()
        return None

    def drops(self, moment: Moment) -> bool:
        """Whether the connection is to be closed now; the order is used up."""
        if self._drops and self._drops[0] == moment:
            self._drops.pop(0)
            return True
        return False
