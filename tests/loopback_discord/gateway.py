"""The gateway: sessions over WebSocket, each with its own numbered events, which a resume replays."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests import injected
from tests.loopback_discord.incoming import reset

if TYPE_CHECKING:
    from tests.loopback_discord.server import LoopbackDiscord

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
CLIENT_OPS = frozenset({1, 2, 3, 4, 6, 8, 31})
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15  # members, presences, message content: not granted to this app
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED = 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, INVALID_SEQUENCE, INVALID_SHARD, INVALID_VERSION = 4005, 4007, 4010, 4012
DISALLOWED_INTENTS = 4014


@dataclass(eq=False)
class Session:
    """One identified client; lives on when its connection drops, until it is invalidated."""

    shard: tuple[int, int]
    intents: int
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    events: list[str] = field(default_factory=list)  # event number n is events[n - 1]
    socket: Connection | None = None

    def dispatch(self, name: str, data: Any) -> None:
        self.events.append(json.dumps({"op": DISPATCH, "t": name, "s": len(self.events) + 1, "d": data}))
        if self.socket is not None:
            self.socket.outgoing.put_nowait(self.events[-1])


@dataclass(eq=False)
class Connection:
    """One WebSocket."""

    ws: web.WebSocketResponse
    request: web.Request
    outgoing: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    session: Session | None = None

    def send(self, op: int, data: Any) -> None:
        self.outgoing.put_nowait(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def write(self) -> None:
        while True:
            text = await self.outgoing.get()
            if not self.ws.closed:
                await self.ws.send_str(text)


class Gateway:
    """All connections and sessions."""

    def __init__(self, discord: LoopbackDiscord) -> None:
        self._discord = discord
        self.heartbeat_ms = 41_250
        self.down = False  # nobody can connect; who is connected stays
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.identifies: list[dict[str, Any]] = []
        self.resumes = 0
        self.heartbeats = 0

    # -- for tests -----------------------------------------------------------------------------------------------

    @property
    def connected(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.socket is not None]

    def drop(self) -> None:
        """Cut every connection; the sessions can be resumed."""
        injected.happened["Discord: gateway cut off"] += 1
        for connection in list(self.connections):
            reset(connection.request)

    def ask_to_reconnect(self) -> None:
        """Op 7, as before a deployment of Discord's."""
        for connection in self.connections:
            connection.send(RECONNECT, None)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Op 9; not `resumable` also forgets the sessions."""
        injected.happened["Discord: session invalid"] += 1
        if not resumable:
            self.sessions.clear()
        for connection in self.connections:
            connection.send(INVALID_SESSION, resumable)

    # -- events --------------------------------------------------------------------------------------------------

    def dispatch(self, name: str, data: Any, *, guild_id: int | None = None) -> int:
        """Give an event to the shard of that guild (direct messages: shard 0); how many sessions took it."""
        reached = 0
        for session in self.sessions.values():
            number, count = session.shard
            if ((guild_id or 0) >> 22) % count == number:
                session.dispatch(name, data)
                reached += 1
        self._discord.changed()
        return reached

    # -- the protocol ----------------------------------------------------------------------------------------------

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        if self.down:
            injected.happened["Discord: gateway down"] += 1
            raise web.HTTPServiceUnavailable
        ws = web.WebSocketResponse(max_msg_size=4096)
        await ws.prepare(request)
        if request.query.get("v") != "10" or request.query.get("encoding") != "json":
            await ws.close(code=INVALID_VERSION)
            return ws
        connection = Connection(ws, request)
        self.connections.append(connection)
        connection.send(HELLO, {"heartbeat_interval": self.heartbeat_ms})
        writer = asyncio.create_task(connection.write())
        try:
            async for message in ws:
                close_code = self._receive(connection, message.data if message.type is WSMsgType.TEXT else "")
                if close_code:
                    await ws.close(code=close_code)
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            self._forget(connection)
        return ws

    def _forget(self, connection: Connection) -> None:
        self.connections.remove(connection)
        if connection.session is not None and connection.session.socket is connection:
            connection.session.socket = None
            if connection.ws.close_code in (1000, 1001):  # the client said good-bye: its session is over
                self.sessions.pop(connection.session.id, None)
        self._discord.changed()

    def _receive(self, connection: Connection, text: str) -> int | None:
        """Answer one frame; the code to close with, if the client broke the protocol."""
        try:
            frame = json.loads(text)
            op, data = frame["op"], frame["d"]
        except (ValueError, KeyError, TypeError):
            return DECODE_ERROR
        if op == HEARTBEAT:
            self.heartbeats += 1
            connection.send(ACK, None)
            return None
        if op == IDENTIFY:
            return self._identify(connection, data)
        if op == RESUME:
            return self._resume(connection, data)
        if op not in CLIENT_OPS:
            return UNKNOWN_OPCODE
        return None if connection.session else NOT_AUTHENTICATED

    def _identify(self, connection: Connection, data: dict[str, Any]) -> int | None:
        if connection.session is not None:
            return ALREADY_AUTHENTICATED
        if data.get("token") != self._discord.token:
            return AUTHENTICATION_FAILED
        if data.get("intents", 0) & PRIVILEGED:
            return DISALLOWED_INTENTS
        number, count = data.get("shard") or (0, 1)
        if not 0 <= number < count:
            return INVALID_SHARD
        self.identifies.append(data)
        session = Session((number, count), data.get("intents", 0), socket=connection)
        self.sessions[session.id] = session
        connection.session = session
        guilds = [guild for guild in self._discord.guilds if guild.bot_is_member and (guild.id >> 22) % count == number]
        session.dispatch("READY", self._ready(session, [guild.id for guild in guilds]))
        for guild in guilds:
            session.dispatch("GUILD_CREATE", guild.payload())
        self._discord.changed()
        return None

    def _ready(self, session: Session, guild_ids: list[int]) -> dict[str, Any]:
        return {
            "v": 10,
            "user": self._discord.bot.payload(),
            "guilds": [{"id": str(guild_id), "unavailable": True} for guild_id in guild_ids],
            "session_id": session.id,
            "resume_gateway_url": self._discord.gateway_url,
            "shard": list(session.shard),
            "application": {"id": str(self._discord.bot.id), "flags": 0},
        }

    def _resume(self, connection: Connection, data: dict[str, Any]) -> int | None:
        if data.get("token") != self._discord.token:
            return AUTHENTICATION_FAILED
        session = self.sessions.get(data.get("session_id", ""))
        if session is None:
            connection.send(INVALID_SESSION, False)
            return None
        missed_from = data.get("seq") or 0
        if missed_from > len(session.events):
            return INVALID_SEQUENCE
        self.resumes += 1
        session.socket, connection.session = connection, session
        for text in session.events[missed_from:]:
            connection.outgoing.put_nowait(text)
        session.dispatch("RESUMED", {})
        self._discord.changed()
        return None
