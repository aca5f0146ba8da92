"""The REST side: every request is logged, may be answered as a test ordered, is authorised, and goes to its route."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiohttp import web

from tests import injected
from tests.loopback_discord.api_errors import ApiError, json_response, not_found, unauthorized
from tests.loopback_discord.incoming import Call, Forced, read_body, reset
from tests.loopback_discord.routes_application import ApplicationRoutes
from tests.loopback_discord.routes_channels import ChannelRoutes
from tests.loopback_discord.routes_interactions import InteractionRoutes

if TYPE_CHECKING:
    from tests.loopback_discord.server import LoopbackDiscord

PREFIX = "/api/v10"
LARGEST_REQUEST = 64 * 1024 * 1024


class Rest:
    """Routes by method and path pattern; the groups of a pattern are the handler's arguments."""

    def __init__(self, discord: LoopbackDiscord) -> None:
        self._discord = discord
        self.calls: list[Call] = []
        self.forced: list[Forced] = []
        parts = (ApplicationRoutes(discord), ChannelRoutes(discord), InteractionRoutes(discord))
        self._routes = [
            (method, re.compile(pattern), handler) for part in parts for method, pattern, handler in part.routes()
        ]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request under /api/v10."""
        path = request.path.removeprefix(PREFIX)
        call = Call(request.method, path, dict(request.query), self._discord.clock.now(), request.headers)
        self.calls.append(call)
        self._discord.changed()
        forced = next((each for each in self.forced if each.matches(call)), None)
        if forced:
            forced.done += 1
            injected.happened[f"Discord: {forced.kind}"] += 1
        try:
            response = await self._answer(request, call, forced)
        finally:
            self._discord.changed()
        if response is None:
            reset(request)
            return web.Response()
        call.status = response.status
        return response

    async def _answer(self, request: web.Request, call: Call, forced: Forced | None) -> web.Response | None:
        """The response, or None for a connection that is to be reset."""
        try:
            call.body = await read_body(request)
            if forced and forced.until:
                await forced.until.wait()
            if forced and forced.replaces and not forced.processed:
                return forced.response(call)
            answer = await self._route(call)
        except ApiError as refusal:
            call.code = refusal.code
            return refusal.response()
        if forced and forced.replaces:
            return forced.response(call)
        return web.Response(status=204) if answer is None else json_response(answer)

    async def _route(self, call: Call) -> object:
        """What the route answers: JSON, or None for an answer without a body."""
        public = call.path.startswith(("/interactions/", "/webhooks/"))  # the token is in the path
        if not public and call.headers.get("Authorization") != f"Bot {self._discord.token}":
            raise unauthorized()
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(call.path)
            if match and method == call.method:
                return await handler(call, *match.groups())
        raise not_found()
