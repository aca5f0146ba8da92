"""A job's row as far as deliveries go, and what there is to read in a message."""

import json
from dataclasses import replace
from typing import Any

from bot.chat.courier import DiscordCourier
from bot.jobs.ports import CharacterMade, NothingMade
from bot.values.job import Announcement, DeliveryAttempt, DeliveryRoute, Job, Outcome
from tests.chat.one_channel import OneChannel
from tests.chat.samples import CHANNEL_ID, Now, a_character, a_job, asked_at
from tests.loopback_discord.messages import Message


class Row:
    """The row of a job as far as deliveries go: each attempt is in it before the message is sent."""

    def __init__(self, job: Job, world: OneChannel) -> None:
        self.job = job
        self.paths: list[DeliveryRoute] = []
        self.world = world
        self.calls_before: list[int] = []

    async def record(self, attempt: DeliveryAttempt) -> None:
        self.calls_before.append(len(self.world.calls))
        if attempt.message_id is None and not attempt.refused:
            self.paths.append(attempt.path)
        assert attempt.nonce.startswith(self.job.id)
        self.job = replace(self.job, deliveries=(*self.job.deliveries, attempt))

    async def announce(self, announcement: Announcement) -> None:
        self.calls_before.append(len(self.world.calls))
        self.job = replace(self.job, announcement=announcement)


def a_row(world: OneChannel, now: Now, **origin: Any) -> Row:
    """A job asked for a minute ago, with its private reply."""
    private_reply = world.asked(ephemeral=origin.get("ephemeral", True))
    private_reply.loading, private_reply.content = False, "On it"
    row = Row(a_job(asked_at(now(), **origin)), world)
    now.pass_by(minutes=1)
    return row


def announced(row: Row, **known: Any) -> Row:
    """With the public message that shows its progress, in the place of the private reply."""
    embed = {"type": "rich", "footer": {"text": f"Progress {row.job.id}-run"}}
    sent = row.world.posted("", by=row.world.discord.bot, embeds=[embed])
    standing = Announcement(channel_id=CHANNEL_ID, at=sent.created, message_id=sent.id, box_closed=True)
    row.job = replace(row.job, announcement=replace(standing, **known))
    if row.job.announcement is not None and row.job.announcement.box_closed:
        row.world.original.delete()
    return row


async def deliver(courier: DiscordCourier, row: Row, character: Any = "ada") -> bool:
    made = CharacterMade(a_character() if character == "ada" else character)
    content = made if row.job.outcome is Outcome.SUCCEEDED else NothingMade()
    return await courier.deliver(row.job, content, row.record)


def text_of(message: Message) -> str:
    """All of it as Discord tells it, ids of buttons included."""
    return json.dumps(message.payload(), ensure_ascii=False)
