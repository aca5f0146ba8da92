"""The message of /tasks: rendered, opened at one job, and refreshed while something is running."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias, cast

import aiohttp
import discord
import structlog

from bot import limits
from bot.chat.markdown import mentions_of
from bot.chat.message import MessageContent
from bot.chat.render_task import render_task
from bot.chat.render_tasks import is_under_way, render_tasks
from bot.chat.replies import edit_answer
from bot.errors import UnknownJob
from bot.jobs.job_service import JobService
from bot.jobs.overview import Overview
from bot.log import unexpected
from bot.store.owned_jobs import OwnedJobStore
from bot.values.clock import Clock

_Interaction: TypeAlias = discord.Interaction[Any]

log = structlog.get_logger(__name__)


class _Handlers(Protocol):
    draining: bool


class _Client(Protocol):
    handlers: _Handlers


@dataclass(eq=False, slots=True)
class _Fresh:
    """A list that is being refreshed: what it shows, since when it exists, and when it is checked next."""

    interaction: _Interaction
    shown: MessageContent
    since: datetime
    due: datetime
    editing: asyncio.Lock = field(default_factory=asyncio.Lock)


class TaskList:
    """Refreshes the list that each person opened last, in one loop for all (:meth:`run`).

    Refreshing ends when nothing is running, when the interaction's token is about to expire, when the message is gone
    or shows one job, and when the bot is being stopped.
    """

    def __init__(
        self,
        *,
        job_service: JobService,
        jobs: OwnedJobStore,
        clock: Clock,
        tell_others: Callable[[int], None] = lambda _: None,
    ) -> None:
        """``tell_others``: that a person's list is refreshed here from now on, in case another process does so."""
        self._tell_others = tell_others
        self._job_service = job_service
        self._jobs = jobs
        self._clock = clock
        self._fresh: dict[int, _Fresh] = {}

    @property
    def refreshed(self) -> int:
        """How many lists are being refreshed."""
        return len(self._fresh)

    async def draw(self, interaction: _Interaction) -> None:
        """Show the list, replacing the deferred answer, or the message whose button was pressed."""
        owner, now = interaction.user.id, self._clock()
        await self._leave(owner)
        overview, shown = await self._list(interaction)
        await edit_answer(interaction, shown)
        if is_under_way(overview) and len(self._fresh) < limits.LISTS_REFRESHED:
            first, _ = limits.LIST_REFRESH
            self._fresh[owner] = _Fresh(interaction, shown, since=now, due=now + timedelta(seconds=first))

    async def open(self, interaction: _Interaction, job_id: str) -> None:
        """Show one job, replacing the list. Raises :class:`~bot.errors.UnknownJob`."""
        owner = interaction.user.id
        job = await self._jobs.get(owner, job_id)
        if job is None:
            raise UnknownJob
        await self._leave(owner)
        overview = await self._job_service.overview(owner)
        locale, commands = str(interaction.locale), mentions_of(interaction.client)
        await edit_answer(interaction, render_task(job, overview, self._clock(), locale, commands))

    async def run(self) -> None:
        """Refresh until cancelled."""
        while True:
            await asyncio.sleep(limits.LIST_REFRESH[0])
            await self.refresh()

    async def refresh(self) -> None:
        """Check every list that is due once, and edit those that have changed. Never raises."""
        for owner, fresh in list(self._fresh.items()):
            if fresh.due > self._clock():
                continue
            async with fresh.editing:
                if self._fresh.get(owner) is fresh and not await self._refreshed(fresh):
                    self._fresh.pop(owner, None)

    async def _refreshed(self, fresh: _Fresh) -> bool:
        """Whether to check it again later."""
        age = self._clock() - fresh.since
        if cast("_Client", fresh.interaction.client).handlers.draining or age >= limits.TOKEN_USABLE:
            return False
        first, later = limits.LIST_REFRESH
        fresh.due = self._clock() + timedelta(seconds=first if age < limits.LIST_LIVELY else later)
        try:
            overview, new = await self._list(fresh.interaction)
            if _looks(new) != _looks(fresh.shown):
                async with asyncio.timeout(limits.PROGRESS_PATIENCE):
                    await edit_answer(fresh.interaction, new)
                fresh.shown = new
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:  # a timeout is an OSError
            log.info("task_list_not_refreshed", error=type(error).__name__)
            return False
        except Exception as error:  # noqa: BLE001 - the list was shown once, and is only no longer refreshed
            unexpected("task_list_failed", error)
            return False
        return is_under_way(overview)

    async def _list(self, interaction: _Interaction) -> tuple[Overview, MessageContent]:
        owner = interaction.user.id
        overview = await self._job_service.overview(owner)
        locale, commands = str(interaction.locale), mentions_of(interaction.client)
        return overview, render_tasks(owner, overview, self._clock(), locale, commands)

    async def _leave(self, owner_id: int) -> None:
        self._tell_others(owner_id)
        await self.leave(owner_id)

    async def leave(self, owner_id: int) -> None:
        """Stop refreshing their list; waits for a running edit, so that it is not the last one."""
        fresh = self._fresh.pop(owner_id, None)
        if fresh is not None:
            async with fresh.editing:
                pass


def _looks(shown: MessageContent) -> object:
    items = (*shown.menus, *shown.buttons)
    return [embed.to_dict() for embed in shown.embeds], [each.item.to_component_dict() for each in items]
