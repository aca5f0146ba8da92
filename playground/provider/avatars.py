"""Private avatars: somebody who does not exist, shown once, and named by `asset://…` from then on. Places are few."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from playground.provider.answers import ErrorResponse
from playground.provider.names import Namer
from playground.provider.rules import ASSET

_ASSETS: Final = "/v1/videos/doubao-seedance-2-0/private-avatar/assets"
_GROUPS: Final = "/v1/videos/doubao-seedance-2-0/private-avatar/groups"
_KINDS: Final = ("image", "video", "audio")


@dataclass(frozen=True, slots=True)
class Avatar:
    """One asset: what it shows, and from when it can be used."""

    id: str
    group_id: str
    kind: str
    path: Path
    ready_at: datetime


class Avatars:
    """`places` is how many assets the account may have, `takes` how long one is looked at before it is active.

    `refuses`: they are rejected instead.
    """

    def __init__(self, names: Namer, clock: Callable[[], datetime]) -> None:
        self.places = 50
        self.takes = timedelta()
        self.refuses = False
        self.assets: dict[str, Avatar] = {}
        self._names = names
        self._clock = clock
        self._groups: set[str] = set()

    def routes(self, fetch: Callable[[str], Path | None]) -> list[web.RouteDef]:
        """Its part of the HTTP API. `fetch` finds the file behind a URL."""

        async def groups(request: web.Request) -> web.StreamResponse:
            return web.json_response(self._add_group(await _json(request)))

        async def assets(request: web.Request) -> web.StreamResponse:
            return web.json_response(self._add(await _json(request), fetch))

        async def asset(request: web.Request) -> web.StreamResponse:
            return web.json_response(self._answer(request.match_info["id"]))

        return [web.post(_GROUPS, groups), web.post(_ASSETS, assets), web.get(_ASSETS + "/{id}", asset)]

    def _add_group(self, body: object) -> dict[str, Any]:
        """Raises `ErrorResponse` (400) where a name or description is missing."""
        fields = _texts(body, "name", "description")
        group = self._names.hex_id("pg").replace("pg_", "pg_01", 1)
        self._groups.add(group)
        return {"success": True, "data": {"group_id": group, **fields}}

    def _add(self, body: object, fetch: Callable[[str], Path | None]) -> dict[str, Any]:
        """Raises `ErrorResponse`: 400 and 404 for what is wrong, 429 where every place is taken."""
        fields = _texts(body, "group_id", "asset_type", "source_url", "name")
        if fields["group_id"] not in self._groups:
            raise ErrorResponse(404, "The group was not found. (simulated)", code="group_not_found")
        if fields["asset_type"] not in _KINDS:
            raise ErrorResponse(400, f"'asset_type' must be one of {', '.join(_KINDS)}.")
        path = fetch(fields["source_url"])
        if path is None:
            raise ErrorResponse(400, "'source_url' could not be fetched. (simulated)")
        if len(self.assets) >= self.places:
            raise ErrorResponse(
                429, "The asset quota of this account is used up. (simulated)", code="asset_quota_exceeded"
            )
        asset = self._names.hex_id("pa").replace("pa_", "pa_01", 1)
        ready = self._clock() + self.takes
        self.assets[asset] = Avatar(asset, fields["group_id"], fields["asset_type"], path, ready)
        return {"success": True, "data": {"asset_id": asset, "status": "processing"}}

    def _answer(self, asset: str) -> dict[str, Any]:
        """How an asset stands. Raises `ErrorResponse` (404)."""
        found = self.assets.get(asset)
        if found is None:
            raise ErrorResponse(404, "The asset was not found. (simulated)", code="asset_not_found")
        status = "processing" if self._clock() < found.ready_at else "rejected" if self.refuses else "active"
        data = {"asset_id": asset, "group_id": found.group_id, "asset_type": found.kind, "status": status}
        return {"success": True, "data": data | ({"asset_url": ASSET + asset} if status == "active" else {})}

    def find(self, url: str) -> Path:
        """What `asset://…` shows. Raises `ErrorResponse` (400) where it is not active."""
        found = self.assets.get(url.removeprefix(ASSET))
        if found is None or self._clock() < found.ready_at or self.refuses:
            raise ErrorResponse(400, "InvalidParameter: the asset is not active. (simulated)", code="InvalidParameter")
        return found.path


async def _json(request: web.Request) -> object:
    try:
        return await request.json()
    except ValueError:
        raise ErrorResponse(400, "The request is not valid JSON.") from None


def _texts(body: object, *names: str) -> dict[str, str]:
    if not isinstance(body, dict) or set(body) != set(names):
        raise ErrorResponse(400, f"The request must have exactly {', '.join(names)}.")
    for name in names:
        if not isinstance(body[name], str) or not body[name] or len(body[name]) > 4_096:
            raise ErrorResponse(400, f"{name!r} must be a text.")
    return dict(body)
