"""The provider's webhooks, in a scenario: each task that has ended is told of until somebody takes it."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Callable

import aiohttp

from bot.provider.webhooks import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER
from playground.provider import Task
from tests.wire.scene import Provider

SECRET = "whsec_0123456789abcdef0123456789"
EVERY = 0.1  # seconds
AGAIN = 0.5  # seconds after one that nobody took


class Webhooks:
    """``address``: where the bot takes them just now."""

    def __init__(self, provider: Provider, address: Callable[[], str]) -> None:
        self._provider = provider
        self._address = address
        self._told = set(provider.tasks)  # what had ended before
        self.taken = 0
        self.missed = 0

    async def run(self) -> None:
        """Tell of all tasks that end, until cancelled."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5.0)) as session:
            while True:
                await asyncio.sleep(EVERY)
                for task in list(self._provider.tasks.values()):
                    ended = task.work.done() and task.percent(self._provider.clock()) >= 100
                    if not ended or task.id in self._told:
                        continue
                    if await self._tell(session, task):
                        self._told.add(task.id)
                    else:
                        await asyncio.sleep(AGAIN)

    async def _tell(self, session: aiohttp.ClientSession, task: Task) -> bool:
        data = {"task_id": task.id}
        if self._provider.remembers_business_id and task.business_id:
            data["client_business_id"] = task.business_id
        body = json.dumps({"type": "generation.completed", "data": data}).encode()
        name, now = f"evt_{task.id}", str(int(time.time()))
        signature = hmac.digest(SECRET.encode(), f"{name}.{now}.".encode() + body, "sha256").hex()
        headers = {ID_HEADER: name, TIMESTAMP_HEADER: now, SIGNATURE_HEADER: f"v1={signature}"}
        try:
            async with session.post(
                f"{self._address() or 'http://127.0.0.1:1'}/webhooks/toapis", data=body, headers=headers
            ) as answer:
                taken = answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            taken = False
        self.taken += taken
        self.missed += not taken
        return taken
