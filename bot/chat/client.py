"""The Discord client: what it asks Discord for, and the dispatch of buttons and forms that outlive a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import discord
import structlog
from discord.ext import commands

from bot.chat.buttons import BUTTON_ID, DurableButton, Presses
from bot.chat.command_mentions import Commands, mentions
from bot.chat.command_tree import CastbookTree
from bot.chat.forms import submitted
from bot.chat.pending_results import PendingResults
from bot.chat.replies import tell
from bot.chat.rest_metrics import traced
from bot.errors import Refusal
from bot.store.commands import CommandStore, CommandSync
from bot.texts import text
from bot.values.clock import Clock

log = structlog.get_logger(__name__)

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # no voice here: two warnings less at each start

# The names discord.py gives the tasks in which commands, buttons and events run.
_OUR_WORK = ("CommandTree-invoker", "discord-ui-", "discord.py: on_interaction")


class CastbookClient(commands.AutoShardedBot):
    """Castbook on the gateway. It needs no privileged intent: everything comes as an interaction."""

    def __init__(
        self,
        *,
        clock: Clock,
        commands_store: CommandStore,
        presses: Presses | None = None,
        waiting: PendingResults | None = None,
        dev_guild: int = 0,
        shard_count: int | None = None,
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            tree_cls=CastbookTree,
            shard_count=shard_count,
            http_trace=traced(),
        )
        self.clock = clock
        self.presses = presses or Presses()
        self.waiting = waiting
        self._dev_guild = discord.Object(dev_guild) if dev_guild else None
        self.draining = False
        self.logged_in = False  # before that there is nothing that could be closed
        self.command_ids: Mapping[str, int] = {}
        self._commands_store = commands_store

    async def add_parts(self, cogs: Iterable[commands.Cog], for_operators: Iterable[commands.Cog] = ()) -> None:
        """Add the cogs with their commands; before the client is started, so that they are synced.

        ``for_operators`` are commands of the operator's own server; without one they are left out.
        """
        for cog in cogs:
            await self.add_cog(cog)
        if self._dev_guild is not None:
            for cog in for_operators:
                await self.add_cog(cog, guild=self._dev_guild)

    async def setup_hook(self) -> None:
        """Called by discord.py after the login and before the gateway."""
        self.logged_in = True
        self.add_dynamic_items(DurableButton)
        await self._sync_commands()

    async def _sync_commands(self) -> None:
        """Tell Discord about our commands where they are not what it was told last."""
        assert isinstance(self.tree, CastbookTree)  # noqa: S101 - for the type checker: tree_cls says so
        known = await self._commands_store.load()
        wanted = self.tree.payload_hash(self._dev_guild)
        if known is not None:
            self.command_ids = known.ids
        if known is not None and known.hash == wanted:
            return
        try:
            synced = await self.tree.sync()
            self.command_ids = {command.name: command.id for command in synced}
            if self._dev_guild is not None:  # last: the bot may not be there (yet), and everybody else is not to wait
                await self.tree.sync(guild=self._dev_guild)
        except discord.app_commands.CommandSyncFailure:
            raise  # Discord refuses a command of ours: a defect, not an outage
        except discord.HTTPException as error:
            log.error("commands_not_synced", status=error.status, code=error.code)
            return
        await self._commands_store.save(CommandSync(hash=wanted, ids=self.command_ids))
        log.info("commands_synced", commands=len(synced))

    @property
    def command_mentions(self) -> Commands:
        """Our commands as mentions that can be clicked: those whose ids are known."""
        return mentions(self.tree.walk_commands(), self.command_ids)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Answer what discord.py dispatches nowhere: submitted forms, and components of older versions."""
        custom_id, values = submitted(interaction)
        if interaction.type is discord.InteractionType.modal_submit:
            await self.presses.submit(interaction, custom_id, values)
        elif interaction.type is discord.InteractionType.component and not BUTTON_ID.fullmatch(custom_id):
            await tell(interaction, text("This is from an older version of the bot. See /help for what there is now."))

    async def on_app_command_completion(
        self,
        interaction: discord.Interaction[Any],
        command: discord.app_commands.Command[Any, Any, Any] | discord.app_commands.ContextMenu,
    ) -> None:
        """Called by discord.py once a command has been carried out without an error: say what else waits for them."""
        if self.waiting is not None and not self.draining and self._is_welcome(interaction):
            await self.waiting.tell(interaction, command.qualified_name)

    def _is_welcome(self, interaction: discord.Interaction[Any]) -> bool:
        """Some commands are open to those as well who may not use the others, /tasks among them."""
        try:
            self.presses.check_welcome(interaction)
        except Refusal:
            return False
        return True

    async def drain(self, seconds: float) -> None:
        """Take no more commands and wait for those that run, ``seconds`` at most: ``close`` cuts them off."""
        self.draining = True
        deadline = asyncio.get_running_loop().time() + seconds
        while running := [task for task in asyncio.all_tasks() if task.get_name().startswith(_OUR_WORK)]:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                log.warning("commands_cut_off", running=len(running))
                return
            await asyncio.wait(running, timeout=left)
