"""A Discord of our own on loopback, as strict as the real one: REST, gateway and CDN for tests of the real bot.

async with LoopbackDiscord() as discord:
    guild = discord.add_guild("studio")
    channel = guild.add_channel("casting")
    ann = discord.add_user("ann", guild)
    ...  # start a bot with discord.api_url, discord.gateway_url, discord.cdn_origin and discord.token
    interaction = await ann.slash(channel, "character create", {"video": discord.file("clip.mp4", data)})
    card = await interaction.replied()
    await card.press(ann, "Rename")
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from tests.loopback_discord.cdn import Cdn, StoredFile, Upload
from tests.loopback_discord.clock import MovableClock, Snowflakes
from tests.loopback_discord.composing import Composer
from tests.loopback_discord.driving import User
from tests.loopback_discord.endpoint import Endpoint
from tests.loopback_discord.gateway import Gateway
from tests.loopback_discord.incoming import Call, Forced
from tests.loopback_discord.interactions import Interaction
from tests.loopback_discord.messages import Message
from tests.loopback_discord.places import DM, GROUP_DM, Account, Channel, Guild
from tests.loopback_discord.rest import LARGEST_REQUEST, PREFIX, Rest
from tests.patience import PATIENCE

T = TypeVar("T")


class LoopbackDiscord:
    """The whole of it; everything a test needs hangs here."""

    def __init__(self, *, clock: Callable[[], datetime] | None = None) -> None:
        self.clock = MovableClock(clock)
        self._ids = Snowflakes(self.clock)
        self.bot = Account(self.next_id(), "castbook", bot=True)
        self.token = f"{self.bot.id}.loopback.secret"
        # what a test may turn
        self.file_limit = 10 * 1024 * 1024
        self.nonce_life = timedelta(minutes=3)  # Discord says "a few minutes"
        self.edits_of_old_messages = 3  # per message and hour; Discord tells nobody its figure
        self.old_edit_retry_after = 0.05
        self.edits_bring_media = True  # False: a fault of Discord's own, discord-api-docs #7529
        # what there is
        self.users: dict[int, User] = {}
        self.guilds: list[Guild] = []
        self.channels: dict[int, Channel] = {}
        self.interactions: dict[str, Interaction] = {}
        self.commands: list[dict[str, Any]] = []
        self.nonces: dict[str, Message] = {}
        self.cdn = Cdn(self.clock)
        self.composer = Composer(self)
        self.gateway = Gateway(self)
        self.endpoint = Endpoint(self)
        self.rest = Rest(self)
        self.api_url = self.gateway_url = ""
        self._waiting: list[asyncio.Future[None]] = []
        self._runners: list[web.AppRunner] = []

    # -- starting and stopping -------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        api = web.Application(client_max_size=LARGEST_REQUEST)
        api.router.add_route("*", PREFIX + "/{path:.*}", self.rest.serve)
        api.router.add_get("/gateway/", self.gateway.serve)
        cdn = web.Application()
        cdn.router.add_get("/{path:.*}", self.cdn.serve)
        origin = await self._listen(api)
        self.api_url = f"http://{origin}{PREFIX}"
        self.gateway_url = f"ws://{origin}/gateway/"
        self.cdn.origin = f"http://{await self._listen(cdn)}"
        return self

    async def _listen(self, app: web.Application) -> str:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        return f"{host}:{port}"

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gateway.drop()
        await self.endpoint.close()
        for runner in self._runners:
            await runner.cleanup()

    @property
    def cdn_origin(self) -> str:
        return self.cdn.origin

    # -- the world -------------------------------------------------------------------------------------------------

    @property
    def accounts(self) -> dict[int, Account]:
        return {self.bot.id: self.bot, **self.users}

    def next_id(self) -> int:
        return self._ids.next()

    def advance(self, seconds: float) -> None:
        """Move Discord's clock on; nobody else's moves with it."""
        self.clock.advance(seconds)

    def add_guild(self, name: str = "studio", *, bot_is_member: bool = True) -> Guild:
        """A server; not `bot_is_member`: one where only people's own installation of the app works."""
        guild = Guild(self, self.next_id(), name, bot_is_member)
        self.guilds.append(guild)
        if bot_is_member:
            self.gateway.dispatch("GUILD_CREATE", guild.payload(), guild_id=guild.id)
        return guild

    def add_user(self, name: str, *guilds: Guild, installed_app: bool = False) -> User:
        """A person, who is a member of `guilds` and may have installed the app for themselves."""
        user = User(self.next_id(), name, discord=self, installed_app=installed_app)
        self.users[user.id] = user
        for guild in guilds:
            guild.members.append(user)
        return user

    def dm(self, user: User) -> Channel:
        """Their direct messages with the bot."""
        return self._private(DM, (user,), with_bot=True)

    def private_channel(self, *people: User) -> Channel:
        """Direct messages between people, where the bot is not: two of them, or a group."""
        return self._private(DM if len(people) == 2 else GROUP_DM, people, with_bot=False)

    def _private(self, kind: int, people: tuple[User, ...], *, with_bot: bool) -> Channel:
        for channel in self.channels.values():
            if channel.guild is None and channel.people == people and channel.with_bot == with_bot:
                return channel
        name = " and ".join(person.name for person in people)
        channel = Channel(self, self.next_id(), kind, name, people=people, with_bot=with_bot)
        self.channels[channel.id] = channel
        return channel

    def file(self, name: str, data: bytes, content_type: str | None = None, **claims: Any) -> Upload:
        """A file for an attachment option, a form or a post."""
        return Upload(name, data, content_type, claims)

    def store_ephemeral(self, upload: Upload) -> StoredFile:
        """Take up a file that came with a command or a form."""
        return self.cdn.store(f"ephemeral-attachments/{self.bot.id}", self.next_id(), upload)

    def announce(self, guild: Guild, event: str, payload: Any) -> None:
        """Tell the bot about something in a guild, if it is a member there."""
        if guild.bot_is_member:
            self.gateway.dispatch(event, payload, guild_id=guild.id)

    # -- watching and breaking -------------------------------------------------------------------------------------

    def calls(self, method: str = "*", path: str = "") -> list[Call]:
        """The requests so far of that method whose path (without /api/v10) the pattern finds something in."""
        found = re.compile(path)
        return [call for call in self.rest.calls if method in ("*", call.method) and found.search(call.path)]

    @property
    def invalid_requests(self) -> list[Call]:
        """The answers 401, 403 and 429, of which 10,000 in ten minutes mean a ban."""
        return [call for call in self.rest.calls if call.status in (401, 403, 429)]

    def inject(
        self,
        method: str,
        path: str,
        *,
        status: int | None = None,
        code: int = 0,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        drop: bool = False,
        processed: bool = False,
        until: asyncio.Event | None = None,
    ) -> Forced:
        """Force the answer to the next `times` requests of that method ("*": any) and path pattern.

        `status`/`code`/`headers`/`body` (JSON; a str is sent as HTML) make the answer; a 429 is one that the library
        waits for only with the headers Retry-After and Via. `drop` resets the connection instead. `processed` carries
        the request out first, so that only its answer is lost. `until` holds the request back until the event is set;
        alone, it then goes on as usual.
        """
        pattern = re.compile(path)
        forced = Forced(method, pattern, status, code, times, headers or {}, body, drop, processed, until)
        self.rest.forced.append(forced)
        return forced

    def changed(self) -> None:
        """Wake whoever waits: a request was answered or a gateway event happened."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait_for(self, predicate: Callable[[], T | None], timeout: float = PATIENCE) -> T:  # noqa: ASYNC109 - as asyncio.wait_for has it
        """The first true value of `predicate`, asked at every request, every answer and every event of the gateway."""
        async with asyncio.timeout(timeout):
            while not (value := predicate()):
                future = asyncio.get_running_loop().create_future()
                self._waiting.append(future)
                await future
        return value

    async def bot_is_ready(self, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109 - as asyncio.wait_for has it
        """Wait until a bot has identified and its commands are registered."""
        await self.wait_for(lambda: self.gateway.connected and self.commands, timeout)
