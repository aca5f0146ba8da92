"""Keeps this process's memory up to date with what other processes on the same PostgreSQL change."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import datetime
from typing import TYPE_CHECKING

from bot import limits
from bot.store.notifications import Topic

if TYPE_CHECKING:
    from bot.app.build import App


async def share(app: App, opened: AsyncExitStack) -> None:
    """Subscribe to changes by other processes, until ``opened`` is closed.

    In case a notification is lost, the state is also read every 30 s, and the settings of all servers every 10 minutes.
    """
    notifications, memory = app.stores.database.notifications, _Memory(app)
    for topic, heard in {
        Topic.BLOCKS: memory.blocks,
        Topic.PROVIDER: memory.provider,
        Topic.ACCEPTED: memory.taken,
        Topic.MESSAGES: memory.messages,
        Topic.LIST: memory.drawn,
        Topic.TOLD: memory.told,
    }.items():
        notifications.on(topic, heard)
    notifications.on(Topic.SERVER, memory.server, every=limits.SERVERS_READ_EVERY)
    await notifications.open()
    opened.push_async_callback(notifications.close)


class _Memory:
    """One method per topic, which receives the argument; "" if some notifications may have been missed."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def blocks(self, _: str) -> None:
        await self._app.stores.blocks.load()

    async def server(self, guild_id: str) -> None:
        servers = self._app.stores.servers
        await (servers.reload(int(guild_id)) if guild_id else servers.load())

    async def provider(self, _: str) -> None:
        self._app.stores.provider_state.forget()

    async def taken(self, what: str) -> None:
        if what:
            at, model = what.split(" ", 1)
            self._app.availability.accepted_elsewhere(model, datetime.fromisoformat(at))

    async def messages(self, _: str) -> None:
        self._app.message_updates.look()

    async def drawn(self, owner_id: str) -> None:
        if owner_id:
            await self._app.task_list.leave(int(owner_id))

    async def told(self, job_id: str) -> None:
        if job_id and self._app.client.pending_results is not None:
            self._app.client.pending_results.remember([job_id])
