"""A job's row as far as deliveries go, and what there is to read in a message."""

import json
from dataclasses import replace
from typing import Any

from bot.chat.courier import DiscordCourier
from bot.jobs.ports import CharacterMade, NothingMade
from bot.values.job import DeliveryAttempt, DeliveryRoute, Job, Outcome
from tests.chat.one_channel import OneChannel
from tests.chat.samples import a_character
from tests.loopback_discord.messages import Message


class Row:
    """The row of a job as far as deliveries go: each attempt is in it before the message is sent."""

    def __init__(self, job: Job, world: OneChannel) -> None:
        self.job = job
        self.paths: list[DeliveryRoute] = []
        self._world = world
        self.calls_before: list[int] = []

    async def record(self, attempt: DeliveryAttempt) -> None:
        self.calls_before.append(len(self._world.calls))
        self.paths.append(attempt.path)
        assert attempt.nonce.startswith(self.job.id)
        self.job = replace(self.job, deliveries=(*self.job.deliveries, attempt))


async def deliver(courier: DiscordCourier, row: Row, character: Any = "ada") -> bool:
    made = CharacterMade(a_character() if character == "ada" else character)
    content = made if row.job.outcome is Outcome.SUCCEEDED else NothingMade()
    return await courier.deliver(row.job, content, row.record)


def text_of(message: Message) -> str:
    """All of it as Discord tells it, ids of buttons included."""
    return json.dumps(message.payload(), ensure_ascii=False)
