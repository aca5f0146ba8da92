"""A small Discord on loopback for the courier, as strict as the real one where the courier relies on it."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
from aiohttp import BodyPartReader, web

APP_ID, OWNER_ID, CHANNEL_ID, DM_ID, GUILD_ID = 900, 42, 7_000, 8_000, 5_000
ORIGINAL_ID = 111
BOT = {"id": str(APP_ID), "username": "castbook", "discriminator": "0", "avatar": None, "bot": True}


class Now:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **amount: float) -> None:
        self.at += timedelta(**amount)


@dataclass(frozen=True)
class Fault:
    """What the next request of a kind meets; ``after`` the request has been carried out where that is set."""

    status: int = 0
    code: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float = 0.0
    reset: bool = False
    after: bool = False


class LoopbackDiscord:
    """Interaction webhooks, channel messages and direct messages. Faults are queued by kind of request:
    ``edit``, ``delete``, ``followup``, ``post:<channel>``, ``history:<channel>``, ``open_dm``."""

    TOKEN_LIFE = timedelta(minutes=15)
    NONCE_LIFE = timedelta(minutes=3)

    def __init__(self, clock: Now) -> None:
        self.clock = clock
        self.tokens: dict[str, datetime] = {}
        self.messages: dict[int, dict[str, Any]] = {}
        self.faults: defaultdict[str, list[Fault]] = defaultdict(list)
        self.calls: list[str] = []
        self.dead_token_calls = 0
        self.readable = True  # without the permission to read the history it looks empty
        self._serial = 0

    def new_token(self, name: str = "tok") -> str:
        self.tokens[name] = self.clock()
        return name

    def fail(self, kind: str, status: int = 0, code: int = 0, *, times: int = 1, **how: Any) -> None:
        self.faults[kind] += [Fault(status, code, **how)] * times

    def message(self, channel: int, *, author: dict[str, Any] = BOT, **shown: Any) -> dict[str, Any]:
        """Put a message into a channel."""
        self._serial += 1
        stamp = discord.utils.time_snowflake(self.clock()) + self._serial
        made = {
            "id": str(stamp), "channel_id": str(channel), "author": author, "type": 0, "content": "", "tts": False,
            "timestamp": self.clock().isoformat(), "edited_timestamp": None, "mention_everyone": False, "mentions": [],
            "mention_roles": [], "pinned": False, "embeds": [], "components": [], "attachments": [], "flags": 0,
        }  # fmt: skip
        self.messages[stamp] = made | shown
        return self.messages[stamp]

    def original(self, **shown: Any) -> dict[str, Any]:
        """The first answer of the interaction."""
        made = self.message(CHANNEL_ID, **shown)
        del self.messages[int(made["id"])]
        made["id"] = str(ORIGINAL_ID)
        self.messages[ORIGINAL_ID] = made
        return made

    def standing_in(self, channel: int) -> list[dict[str, Any]]:
        return [each for each in self.messages.values() if each["channel_id"] == str(channel)]

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/users/@me", self._me)
        app.router.add_get("/oauth2/applications/@me", self._application)
        app.router.add_post("/users/@me/channels", self._open_dm)
        app.router.add_post("/channels/{channel}/messages", self._post)
        app.router.add_get("/channels/{channel}/messages", self._history)
        app.router.add_patch("/channels/{channel}/messages/{message}", self._edit)
        app.router.add_post("/webhooks/{app}/{token}", self._followup)
        app.router.add_route("*", "/webhooks/{app}/{token}/messages/{message}", self._webhook_message)
        return app

    async def _me(self, _: web.Request) -> web.Response:
        return _answer(BOT)

    async def _application(self, _: web.Request) -> web.Response:
        return _answer({"id": str(APP_ID), "name": "castbook", "description": "", "icon": None, "owner": BOT,
                        "bot_public": True, "bot_require_code_grant": False, "verify_key": "", "flags": 0,
                        "summary": "", "team": None})  # fmt: skip

    async def _open_dm(self, request: web.Request) -> web.Response:
        body = await request.json()
        person = {"id": body["recipient_id"], "username": "ada", "discriminator": "0", "avatar": None}
        return await self._carry_out("open_dm", request, {"id": str(DM_ID), "type": 1, "recipients": [person]})

    async def _post(self, request: web.Request) -> web.Response:
        channel = int(request.match_info["channel"])
        payload = await _payload(request)

        def make() -> dict[str, Any]:
            nonce = payload.get("nonce")
            assert nonce is None or (len(str(nonce)) <= 25 and payload["enforce_nonce"] is True)
            for each in self.messages.values():
                made_at = discord.utils.snowflake_time(int(each["id"]))
                if nonce and each.get("nonce") == nonce and self.clock() - made_at < self.NONCE_LIFE:
                    return each
            return self.message(channel, **payload)

        return await self._carry_out(f"post:{channel}", request, make)

    async def _history(self, request: web.Request) -> web.Response:
        channel, after = int(request.match_info["channel"]), int(request.query.get("after", 0))
        found = [each for each in self.standing_in(channel) if int(each["id"]) > after] if self.readable else []
        found = sorted(found, key=lambda each: int(each["id"]))[: int(request.query["limit"])]
        return await self._carry_out(f"history:{channel}", request, found[::-1])

    async def _followup(self, request: web.Request) -> web.Response:
        if refusal := self._token_refusal(request):
            return refusal
        payload = await _payload(request)
        return await self._carry_out("followup", request, lambda: self.message(CHANNEL_ID, **payload))

    async def _edit(self, request: web.Request) -> web.Response:
        payload, number = await _payload(request), int(request.match_info["message"])
        if number not in self.messages:
            return _refuse(404, 10008)

        def change() -> dict[str, Any]:
            self.messages[number] |= payload
            return self.messages[number]

        return await self._carry_out(f"edit:{request.match_info['channel']}", request, change)

    async def _webhook_message(self, request: web.Request) -> web.Response:
        if refusal := self._token_refusal(request):
            return refusal
        wanted = request.match_info["message"]
        message_id = ORIGINAL_ID if wanted == "@original" else int(wanted)
        if message_id not in self.messages:
            return _refuse(404, 10008)
        if request.method == "DELETE":
            return await self._carry_out("delete", request, lambda: self.messages.pop(message_id) and None)
        payload = await _payload(request)

        def change() -> dict[str, Any]:
            self.messages[message_id].update(payload)
            return self.messages[message_id]

        return await self._carry_out("edit", request, change)

    def _token_refusal(self, request: web.Request) -> web.Response | None:
        began = self.tokens.get(request.match_info["token"])
        if began is not None and self.clock() - began < self.TOKEN_LIFE:
            return None
        self.dead_token_calls += 1
        return _refuse(404, 10015) if began is None else _refuse(401, 50027)

    async def _carry_out(self, kind: str, request: web.Request, body: Any) -> web.Response:
        self.calls.append(kind)
        fault = self.faults[kind].pop(0) if self.faults[kind] else None
        if fault is None or fault.after:
            body = body() if callable(body) else body
        if fault is None:
            return web.Response(status=204) if body is None else _answer(body)
        if fault.reset:
            assert request.transport is not None
            request.transport.abort()
        return _refuse(fault.status or 500, fault.code, fault.headers, fault.retry_after)


def _answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    # discord.py wants this content type to the letter.
    typed = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(body=json.dumps(body), status=status, headers=typed)


def _refuse(status: int, code: int, headers: dict[str, str] | None = None, retry_after: float = 0.0) -> web.Response:
    return _answer({"code": code, "message": "refused", "retry_after": retry_after}, status, headers)


async def _payload(request: web.Request) -> dict[str, Any]:
    """What a message shows, with its files as ``attachments`` (name and bytes)."""
    if request.content_type == "application/json":
        payload = await request.json()
        return {key: value for key, value in payload.items() if key != "attachments"} | {"attachments": []}
    files: list[dict[str, Any]] = []
    payload = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        if part.name == "payload_json":
            payload = await part.json()
        else:
            files.append({"id": str(len(files) + 1), "filename": part.filename, "bytes": len(await part.read()),
                          "size": 1, "url": "https://cdn.invalid/1", "proxy_url": "https://cdn.invalid/1"})  # fmt: skip
    return payload | {"attachments": files}
