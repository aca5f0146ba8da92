"""What the managers of a server decide about roles, and what its log says: never more than it may."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import discord
import pytest
import simcord

from bot.config import LimitSettings
from bot.values.job import JobKind, Lane, Outcome, Step, Transition
from tests.cogs.bot_harness import BotHarness, labels, refusal, words
from tests.cogs.test_video_create import WALK, character
from tests.leases import lease_of

TASK = {"task": "task_of_a_video", "range": "1-3"}


@pytest.fixture
def limit_settings() -> LimitSettings:
    return LimitSettings(running_per_user=0, running_in_all=0, per_user_per_day=0, files_mb_per_user=500)


@pytest.fixture
def manager(bot: BotHarness) -> simcord.MemberActor:
    role = bot.alice.guild.create_role("Staff", permissions=discord.Permissions(manage_guild=True))
    return bot.alice.guild.add_member(bot.env.create_user("manager"), roles=[role])


async def page(bot: BotHarness, manager: simcord.MemberActor) -> simcord.ResponseMessage:
    """The second page of the settings."""
    result = await manager.slash(bot.channel, "server settings")
    assert result.response is not None
    await manager.click(result.response, label="Roles and log…")
    assert "Roles and log of this server" in words(result.response)
    return result.response


async def choose(manager: simcord.MemberActor, shown: simcord.ResponseMessage, menu: str, *chosen: Any) -> None:
    await manager.select(shown, list(chosen), custom_id=f"cb:server:{menu}:all:{manager.id}")


async def test_where_roles_may_make_something_nobody_else_may(bot: BotHarness, manager: simcord.MemberActor) -> None:
    guild = bot.alice.guild
    artists = guild.create_role("Artists")
    carol = guild.add_member(bot.env.create_user("carol"), roles=[artists])
    shown = await page(bot, manager)
    await choose(manager, shown, "creators", artists)
    assert f"Who can make characters\n<@&{artists.id}>" in words(shown)
    assert "Who can make videos\neverybody" in words(shown)
    told = refusal(await bot.alice.slash(bot.channel, "character create", **TASK))
    assert told == (
        "In this server only certain roles can make characters, and you don't have one. "
        "You can still make them elsewhere."
    )
    assert await bot.jobs_of(bot.alice) == ()
    await carol.slash(bot.channel, "character create", **TASK)
    assert (await bot.job_of(carol)).kind is JobKind.CHARACTER
    await character(bot.harness, bot.alice.id, "Aurora")
    await bot.alice.slash(bot.channel, "video create", prompt=WALK, character="Aurora", model="wan2.6")
    assert (await bot.job_of(bot.alice)).kind is JobKind.VIDEO
    await bot.harness.servers.load()  # as at a start
    shown = await page(bot, manager)
    await choose(manager, shown, "filmers", artists)
    await choose(manager, shown, "creators")
    told = refusal(await bot.alice.slash(bot.channel, "video create", prompt=WALK, character="Aurora", model="wan2.6"))
    assert "only certain roles can make videos" in told
    await bot.alice.slash(bot.channel, "character create", **TASK)
    assert len(await bot.jobs_of(bot.alice)) == 2


async def test_of_several_roles_the_one_that_allows_most_counts_also_after_a_deletion(
    bot: BotHarness, manager: simcord.MemberActor
) -> None:
    guild = bot.alice.guild
    fans, artists = guild.create_role("Fans"), guild.create_role("Artists")
    carol = guild.add_member(bot.env.create_user("carol"), roles=[fans, artists])
    dave = guild.add_member(bot.env.create_user("dave"), roles=[fans])
    shown = await page(bot, manager)
    for role, number in ((fans, "1"), (artists, "2")):
        form = await manager.select(shown, [role], custom_id=f"cb:server:limited:all:{manager.id}")
        await manager.submit_modal(form, {"characters": number, "videos": "", "credits": ""})
    assert f"<@&{fans.id}> · characters: 1" in words(shown)
    await dave.slash(bot.channel, "character create", **TASK)
    told = refusal(await dave.slash(bot.channel, "character create", **TASK))
    assert "your roles allow 1 character a day, and you've used it" in told
    await carol.slash(bot.channel, "character create", **TASK)
    await carol.slash(bot.channel, "character create", **TASK)
    assert "your roles allow 2 characters a day" in refusal(await carol.slash(bot.channel, "character create", **TASK))
    await bot.alice.slash(bot.channel, "character create", **TASK)  # of whom nothing is said
    job = await bot.job_of(dave)
    await bot.harness.jobs.claim("test", now=bot.harness.now, most=dict.fromkeys(Lane, 100))
    sent = Transition("test", {"step": Step.WATCH, "submit_started_at": bot.harness.now, "next_attempt_at": None})
    await bot.harness.jobs.release(job.id, await lease_of(bot.harness.jobs, job.id), sent, now=bot.harness.now)
    await bot.harness.erasure.erase(dave.id)
    assert "your roles allow 1 character a day" in refusal(await dave.slash(bot.channel, "character create", **TASK))


async def logged(bot: BotHarness) -> None:
    """Until all lines are written."""
    server_log = bot.harness.app.server_log
    writing = asyncio.create_task(server_log.run())
    while server_log._waiting:
        await asyncio.sleep(0.01)
    writing.cancel()


@pytest.mark.parametrize(
    ("counted", "line"),
    [(True, "wasn't made. It may have been charged."), (False, "wasn't made. It cost nothing.")],
)
async def test_the_log_does_not_say_that_it_cost_nothing_where_nobody_knows(
    bot: BotHarness, manager: simcord.MemberActor, counted: bool, line: str
) -> None:
    log = bot.alice.guild.create_text_channel("log")
    await choose(manager, await page(bot, manager), "log", log)
    await bot.alice.slash(bot.channel, "character create", **TASK)
    job = await bot.job_of(bot.alice)
    bot.harness.app.server_log.ended(replace(job, step=Step.DONE, outcome=Outcome.FAILED, counted=counted))
    await logged(bot)
    assert [each.content for each in log.history()][-1] == f"<@{bot.alice.id}>'s character {line}"


async def test_the_log_says_who_what_and_the_cost_and_of_private_jobs_that_one_ran(
    bot: BotHarness, manager: simcord.MemberActor
) -> None:
    log = bot.alice.guild.create_text_channel("log")
    shown = await page(bot, manager)
    await choose(manager, shown, "log", log)
    assert f"<#{log.id}>: a line for each job that starts, ends or is withdrawn." in words(shown)
    await bot.alice.slash(bot.channel, "character create", **TASK)
    await bot.harness.job_service.cancel(bot.alice.id, (await bot.job_of(bot.alice)).id)
    await bot.bob.slash(bot.channel, "character create", **TASK, private=True)
    await bot.harness.job_service.cancel(bot.bob.id, (await bot.job_of(bot.bob)).id)
    await logged(bot)
    assert [each.content for each in log.history()][-2:] == [
        f"<@{bot.alice.id}> started making a character.",
        f"<@{bot.alice.id}> cancelled a character. It cost nothing.",
    ]
    assert not any(str(bot.bob.id) in each.content for each in log.history())


async def test_a_log_that_cannot_be_written_is_told_to_the_manager_alone(
    bot: BotHarness, manager: simcord.MemberActor
) -> None:
    me = bot.client.user
    assert me is not None
    mute = discord.PermissionOverwrite(send_messages=False)
    log = bot.alice.guild.create_text_channel("log", overwrites={me: mute})
    shown = await page(bot, manager)
    await choose(manager, shown, "log", log)
    assert f"I can't write in <#{log.id}>." in words(shown)  # at once
    begun = await bot.alice.slash(bot.channel, "character create", **TASK)
    await logged(bot)
    assert begun.response is None or "log" not in words(begun.response)
    shown = await page(bot, manager)
    assert f"I can't write in <#{log.id}>." in words(shown)
    await manager.click(shown, label="Back")
    assert "Settings for this server" in words(shown)
    assert "Roles and log…" in labels(shown)
