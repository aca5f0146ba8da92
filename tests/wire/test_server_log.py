"""The logs of servers: a server whose channel is slow keeps nobody else's waiting, and misses the oldest lines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot import limits, metrics
from bot.values.job import CharacterRequest, Job, Origin, Step
from bot.values.source import EarlierTask
from tests.loopback_discord.places import Channel
from tests.wire.bot_by_hand import ByHand, bot_by_hand
from tests.wire.scene import PATIENCE


@pytest.fixture(autouse=True)
def the_librarys_own_addresses() -> Iterator[None]:
    """discord.py keeps its addresses as class attributes: what the bot sets there is put back."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    yield
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


async def logging_server(show: ByHand, name: str) -> tuple[Job, Channel]:
    """A job that was asked for there, and the channel of its log."""
    guild = show.discord.add_guild(name)
    channel = guild.add_channel("log")
    await show.app.stores.servers.set_log_channel(guild.id, channel.id)
    now = show.discord.clock.now()
    origin = Origin(
        guild_id=guild.id,
        channel_id=channel.id,
        message_id=None,
        token="t",
        token_at=now,
        locale="en-US",
        private=False,
        ephemeral=False,
        bot_is_member=True,
    )
    request = CharacterRequest(source=EarlierTask(task_id="task"), range=None)
    job = Job(
        id="0" * 16,
        owner_id=1,
        origin=origin,
        step=Step.PREPARE,
        request=request,
        next_attempt_at=None,
        created_at=now,
        updated_at=now,
    )
    return job, channel


async def test_a_slow_server_keeps_no_other_waiting_and_says_how_many_lines_it_misses(tmp_path: Path) -> None:
    async with bot_by_hand(tmp_path) as show:
        log, answers = show.app.server_log, asyncio.Event()
        (slow, slow_log), (quick, quick_log) = [await logging_server(show, name) for name in ("slow", "quick")]
        show.discord.inject("POST", rf"/channels/{slow_log.id}/messages", until=answers)
        before = metrics.SERVER_LOG_LEFT_OUT._value.get()
        writing = asyncio.create_task(log.run())
        log.started(slow)
        await show.discord.wait_for(lambda: show.discord.calls("POST", f"/channels/{slow_log.id}/messages"), PATIENCE)
        for number in range(limits.SERVER_LOG_WAITING + 2):
            log.started(replace(slow, owner_id=100 + number))
        log.started(quick)
        await show.discord.wait_for(lambda: quick_log.messages, PATIENCE)
        assert slow_log.messages == []
        answers.set()
        lines = limits.SERVER_LOG_WAITING + 2
        await show.discord.wait_for(lambda: len(slow_log.messages) == lines, PATIENCE)
        assert [each.content for each in slow_log.messages[:3]] == [
            "<@1> started making a character.",
            "2 lines are left out here: there were too many at once.",
            "<@102> started making a character.",
        ]
        assert metrics.SERVER_LOG_LEFT_OUT._value.get() == before + 2
        writing.cancel()
