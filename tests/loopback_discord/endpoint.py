"""Interactions over HTTP: where the application takes them, how they are signed, and what is made of the answers."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
from nacl.signing import SigningKey

from tests.patience import PATIENCE

if TYPE_CHECKING:
    from tests.loopback_discord.interactions import Interaction
    from tests.loopback_discord.server import LoopbackDiscord

PING = {"type": 1}


class NotVerified(Exception):
    """What the developer portal says of an address that is not one for interactions."""


class Endpoint:
    """The Interactions Endpoint URL of the application; as long as it is empty, the gateway gets them."""

    def __init__(self, discord: LoopbackDiscord) -> None:
        self._discord = discord
        self._key = SigningKey.generate()
        self.clock = discord.clock.now  # by which it signs
        self._http: aiohttp.ClientSession | None = None
        self.url = ""
        self.times = 1  # how often each is delivered
        self.repeated_to: list[str] = []  # where a proxy in between sends each as well, at the same time
        self.statuses: list[int] = []  # of what was delivered, in order

    @property
    def public_key(self) -> str:
        """As the developer portal shows it."""
        return self._key.verify_key.encode().hex()

    async def set(self, url: str) -> None:
        """Save an address in the developer portal: Discord tries it first, also with a wrong signature."""
        body = json.dumps(self._application() | PING).encode()
        status, answer = await self.post(url, body)
        if status != 200 or json.loads(answer).get("type") != 1:
            raise NotVerified(f"a ping was answered with {status}")
        status, _ = await self.post(url, body, signed=b"something else")
        if status != 401:
            raise NotVerified(f"a wrong signature was answered with {status}")
        self.url = url

    def _application(self) -> dict[str, Any]:
        return {
            "application_id": str(self._discord.bot.id),
            "id": str(self._discord.next_id()),
            "token": "a-token-of-a-ping",
            "version": 1,
            "entitlements": [],
        }

    def headers(self, body: bytes, *, timestamp: int | None = None) -> dict[str, str]:
        """As Discord signs ``body``; ``timestamp``: at another time than now."""
        now = int(self.clock().timestamp()) if timestamp is None else timestamp
        signature = self._key.sign(str(now).encode() + body).signature.hex()
        return {
            "X-Signature-Ed25519": signature,
            "X-Signature-Timestamp": str(now),
            "Content-Type": "application/json",
            "User-Agent": "Discord-Interactions/1.0 (+https://discord.com)",
        }

    async def post(self, url: str, body: bytes, *, signed: bytes | None = None) -> tuple[int, bytes]:
        """Send ``body`` with the signature of ``signed``, where that is something else."""
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
        headers = self.headers(body if signed is None else signed)
        async with self._http.post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.read()

    async def deliver(self, interaction: Interaction, payload: dict[str, Any]) -> None:
        """Give it to the application. Answered with 202, the first answer comes to the callback address."""
        for _ in range(self.times):
            body = json.dumps(payload).encode()
            for status, answer in await asyncio.gather(
                *(self.post(url, body) for url in (self.url, *self.repeated_to))
            ):
                self.statuses.append(status)
                assert status != 202 or not answer, "202 goes with an empty body"
                assert status != 200, f"{interaction.id}: an answer in the response itself, which Castbook never gives"
        self._discord.changed()

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
