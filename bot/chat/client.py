"""The Discord client: its addresses, intents and caches, and its commands, buttons and forms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import discord
import structlog
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot import limits
from bot.chat.command_translations import CommandTranslator
from bot.chat.command_tree import CastbookTree
from bot.chat.interaction_handlers import InteractionHandlers
from bot.chat.markdown import Commands, command_mentions
from bot.chat.pending_results import PendingResults
from bot.chat.rest_errors import RouteClosed
from bot.chat.rest_metrics import traced
from bot.chat.server_lookup import ServerLookup
from bot.concurrency import work_in_background
from bot.errors import Refusal
from bot.jobs.ports import DiscordUnavailable
from bot.store.commands import CommandStore, CommandSync
from bot.values.clock import Clock

log = structlog.get_logger(__name__)

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = (
    False  # no voice here: discord.py would warn twice at each start
)

# Fields that discord.py reads from an interaction's channel although Discord documents them only for complete channels.
# The gateway's cache hides that; we need none of them.
_LEFT_OUT = {"position": 0, "bitrate": 0, "user_limit": 0, "owner_id": "0", "message_count": 0, "member_count": 0}
_THREADS = frozenset(
    kind.value
    for kind in (discord.ChannelType.news_thread, discord.ChannelType.public_thread, discord.ChannelType.private_thread)
)

# The names that discord.py gives the tasks of commands, buttons and events.
_OUR_WORK = ("CommandTree-invoker", "discord-ui-", "discord.py: on_interaction")


IdentifyBuckets: TypeAlias = Callable[[int], Awaitable[None]]
"""Waits until a shard of that bucket may identify."""


async def no_buckets(bucket: int) -> None:
    """This process is the only one, and discord.py coordinates its own shards."""


class CastbookClient(commands.AutoShardedBot):
    """The bot, on the gateway or behind the HTTP endpoint for interactions.

    It needs no privileged intent and no event except interactions.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        commands_store: CommandStore,
        handlers: InteractionHandlers | None = None,
        pending_results: PendingResults | None = None,
        dev_guild: int = 0,
        shards: int | tuple[Sequence[int], int] | None = None,
        buckets: IdentifyBuckets = no_buckets,
        syncs_commands: bool = True,
    ) -> None:
        """``shards``: how many there are in all, or also which run here; ``None``: as many as Discord recommends.

        ``buckets``: for when other processes identify as well. A process that does not sync the commands reads their
        ids.
        """
        ids, count = shards if isinstance(shards, tuple) else (None, shards)
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            tree_cls=CastbookTree,
            shard_count=count,
            http_trace=traced(),
        )
        self.shard_ids = list(ids) if ids is not None else None
        self.clock = clock
        self.handlers = handlers or InteractionHandlers()
        self.pending_results = pending_results
        self._dev_guild = discord.Object(dev_guild) if dev_guild else None
        self.logged_in = False  # nothing has to be closed before that
        self.command_ids: Mapping[str, int] = {}
        self._commands_store = commands_store
        self.server_lookup = ServerLookup(self, clock)
        self._buckets, self._identify_at_once = buckets, 1
        self._syncs_commands = syncs_commands

    async def add_parts(self, cogs: Iterable[commands.Cog], for_operators: Iterable[commands.Cog] = ()) -> None:
        """Add the cogs before the client is started, so that their commands are synced.

        ``for_operators`` are registered in the operator's own server; without such a server they are left out.
        """
        for cog in cogs:
            await self.add_cog(cog)
            self._answer_by(cog)
        if self._dev_guild is not None:
            for cog in for_operators:
                await self.add_cog(cog, guild=self._dev_guild)
                self._answer_by(cog)

    def _answer_by(self, cog: commands.Cog) -> None:
        """Let ``cog`` handle the buttons and forms for which its methods are marked."""
        self.handlers.add(cog)
        self.add_dynamic_items(*self.handlers.buttons)

    async def setup_hook(self) -> None:
        """Called by discord.py after the login and before the gateway."""
        self.logged_in = True
        await self._sync_commands()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Called by discord.py: wait for a turn in that shard's bucket, which is shared with other processes."""
        if self._buckets is no_buckets:
            await super().before_identify_hook(shard_id, initial=initial)
            return
        if initial:
            gateway_bot = await self.http.request(Route("GET", "/gateway/bot"))
            self._identify_at_once = max(1, gateway_bot["session_start_limit"].get("max_concurrency", 1))
        await self._buckets((shard_id or 0) % self._identify_at_once)

    async def _sync_commands(self) -> None:
        """Register our commands at Discord, unless the registered set is the same."""
        assert isinstance(self.tree, CastbookTree)  # noqa: S101 - for the type checker: tree_cls says so
        known = await self._commands_store.load()
        await self.tree.set_translator(CommandTranslator())
        wanted = await self.tree.translated(self._dev_guild)
        if known is not None:
            self.command_ids = known.ids
        if not self._syncs_commands or (known is not None and known.hash == wanted.hash):
            return
        try:
            self.command_ids = await self.tree.register(wanted)
            if self._dev_guild is not None:  # last: the bot may not be in that server (yet)
                await self.tree.register_guild(wanted)
        except discord.app_commands.CommandSyncFailure:
            raise  # Discord rejects one of our commands: a defect, not an outage
        except discord.HTTPException as error:
            log.error("commands_not_synced", status=error.status, code=error.code)
            return
        await self._commands_store.save(CommandSync(hash=wanted.hash, ids=self.command_ids))
        log.info("commands_synced", commands=len(self.command_ids))

    @property
    def command_mentions(self) -> Commands:
        """Our commands as clickable mentions, if their ids are known."""
        return command_mentions(self.tree.walk_commands(), self.command_ids)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Called by discord.py for every interaction. Durable forms and outdated buttons are handled here."""
        if interaction.type is discord.InteractionType.modal_submit:
            await self.handlers.submit(interaction)
        elif interaction.type is discord.InteractionType.component:
            await self.handlers.answer_unknown(interaction)

    async def on_app_command_completion(
        self,
        interaction: discord.Interaction[Any],
        command: discord.app_commands.Command[Any, Any, Any] | discord.app_commands.ContextMenu,
    ) -> None:
        """Called by discord.py after a command succeeded: mention results that could not be delivered."""
        work_in_background()  # this is a task of its own
        if self.pending_results is not None and self._may_use_tasks(interaction):
            await self.pending_results.tell(interaction, command.qualified_name)

    def _may_use_tasks(self, interaction: discord.Interaction[Any]) -> bool:
        """The results are in /tasks, which some people who may use /privacy may not use."""
        try:
            self.handlers.check_access(interaction)
        except Refusal:
            return False
        return True

    @property
    def takes_interactions(self) -> bool:
        """Whether interactions that come over HTTP can be answered."""
        return self.logged_in and not self.is_closed()

    async def receive(self, payload: dict[str, Any]) -> None:
        """Accept an interaction that came over HTTP; from here on it is like one from the gateway."""
        if payload.get("channel"):
            payload["channel"] = _LEFT_OUT | payload["channel"]
        await self._learn_category(payload)
        self._connection.parse_interaction_create(payload)  # type: ignore[arg-type]  # as Discord sends it

    async def _learn_category(self, payload: Mapping[str, Any]) -> None:
        """A thread's interaction names only its channel. If managers have closed channels, the category matters too."""
        channel = payload.get("channel") or {}
        if channel.get("type") not in _THREADS or not self.handlers.closes_channels(int(payload.get("guild_id") or 0)):
            return
        parent_id, known = int(channel["parent_id"]), self.handlers.categories
        try:
            category_id = await self.server_lookup.category(parent_id)
            known.pop(parent_id, None)
            known[parent_id] = category_id  # used if Discord does not answer next time
            if len(known) > limits.SERVERS_REMEMBERED:
                del known[next(iter(known))]
        except (RouteClosed, DiscordUnavailable) as error:
            log.warning("category_unknown", error=type(error).__name__)

    async def drain(self, seconds: float) -> None:
        """Accept no more interactions, and wait ``seconds`` at most for running ones, which ``close`` would cut off."""
        self.handlers.draining = True
        deadline = asyncio.get_running_loop().time() + seconds
        while running := [task for task in asyncio.all_tasks() if task.get_name().startswith(_OUR_WORK)]:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                log.warning("commands_cut_off", running=len(running))
                return
            await asyncio.wait(running, timeout=left)


def point_at(api_url: str, gateway_url: str) -> None:
    """Make discord.py use these addresses; if ``gateway_url`` is empty, it asks Discord for the gateway's.

    discord.py keeps them as class attributes, so this affects the whole process.
    """
    Route.BASE = api_url.rstrip("/")
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)
