"""What the managers of a server may decide, and whom the bot refuses then."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, TypeAlias

import discord
import pytest
import simcord
from sqlalchemy import insert

from bot.chat.render_picker import render_picker
from bot.config import LimitSettings
from bot.store.tables import server_blocks
from bot.values.job import JobChanges
from tests.cogs.bot_harness import BotHarness, origin, refusal, words
from tests.cogs.test_picking import PICKING

CLIP = ("clip.mp4", b"clip")
SHUT_OUT = "managers of this server have blocked you"
SWITCHED_OFF = "switched off in this channel"

Decide: TypeAlias = Callable[..., Coroutine[Any, Any, str]]


@pytest.fixture
def limit_settings() -> LimitSettings:
    return LimitSettings(running_per_user=5, per_user_per_day=9, per_server_per_day=200, files_mb_per_user=500)


@pytest.fixture
def manager(bot: BotHarness) -> simcord.MemberActor:
    guild = bot.alice.guild
    role = guild.create_role("Staff", permissions=discord.Permissions(manage_guild=True))
    return guild.add_member(bot.env.create_user("manager"), roles=[role])


@pytest.fixture
def decide(bot: BotHarness, manager: simcord.MemberActor) -> Decide:
    """What is shown after ``/server settings`` with some options."""

    async def go(**options: object) -> str:
        result = await manager.slash(bot.channel, "server settings", **options)
        assert result.ephemeral
        assert result.response is not None
        return words(result.response)

    return go


# -- each option ----------------------------------------------------------------------------------------------------


async def test_without_options_it_shows_what_holds(decide: Decide) -> None:
    assert await decide() == (
        "Settings for this server\nCharacters per day\n200 (the most this bot allows)\n"
        "Videos per day\n100 (the most this bot allows)\n"
        "Credits per day\nno limit\nCredits per day for each member\nno limit\n"
        "Results\nShown to everyone\nBlocked members\nnobody\n"
        "Switched off in\nno channel"
    )


async def test_all_at_once_is_shown_and_holds_after_a_restart(bot: BotHarness, decide: Decide) -> None:
    shown = await decide(day_limit=3, video_limit=4, private_results=True, switch_off=bot.channel, block=bot.bob)
    assert shown == (
        "Settings for this server\nCharacters per day\n3 (set for this server)\n"
        "Videos per day\n4 (set for this server)\n"
        "Credits per day\nno limit\nCredits per day for each member\nno limit\n"
        "Results\nShown only to their owners\n"
        f"Blocked members\n{bot.bob.mention}\n"
        f"Switched off in\n{bot.channel.mention}"
    )
    await bot.restart()
    await bot.harness.servers.load()
    assert await decide() == shown
    assert "200 (the most this bot allows)" in await decide(day_limit=0)
    assert "Shown only to their owners" in await decide(day_limit=0), "one setting leaves the other alone"
    assert "Shown to everyone" in await decide(private_results=False)
    assert "no channel" in await decide(switch_on=bot.channel)
    assert "nobody" in await decide(unblock=bot.bob)


async def test_whom_an_earlier_version_blocked_is_counted_where_nobody_can_tell_who_it_is(
    bot: BotHarness, decide: Decide
) -> None:
    servers, people = bot.harness.servers, bot.harness.app.stores.people
    row = {"guild_id": bot.alice.guild.id, "user_key": people.of(bot.bob.id)}
    async with bot.harness.database.write() as connection:
        await connection.execute(insert(server_blocks).values(row))
    await servers.load()
    unnamed = (
        "Blocked with an earlier version of this bot, so I can't name them: 1. To unblock one, use the "
        "option **unblock**."
    )
    assert f"Blocked members\n{unnamed}\n" in await decide()
    assert f"Blocked members\n{bot.alice.mention}\n{unnamed}\n" in await decide(block=bot.alice)
    assert f"Blocked members\n{bot.alice.mention} {bot.bob.mention}\n" in await decide(block=bot.bob)


async def test_a_server_cannot_allow_itself_more_than_the_operator_does(decide: Decide) -> None:
    assert "200 (the most this bot allows; set for this server: 5,000)" in await decide(day_limit=5000)
    assert "200, set here" not in await decide(day_limit=200)


async def test_without_a_limit_of_the_operators(bot: BotHarness, decide: Decide) -> None:
    bot.harness.change(limits={"per_server_per_day": 0})
    await bot.restart()
    assert "no limit" in await decide()
    assert "5,000 (set for this server)" in await decide(day_limit=5000)


async def test_the_days_limit_counts_for_everybody_there(bot: BotHarness, decide: Decide) -> None:
    await decide(day_limit=1)
    await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3")
    refused = refusal(await bot.bob.slash(bot.channel, "character create", video=CLIP, range="1-3"))
    assert "This server has used up its 1 " in refused


async def test_more_channels_than_there_is_room_for_are_cut(bot: BotHarness, decide: Decide) -> None:
    for number in range(60):
        await bot.harness.servers.close_channel(bot.alice.guild.id, 10**18 + number)
    shown = await decide()
    assert shown.count("<#") == 40
    assert shown.endswith("…")


# -- what stands under the settings -----------------------------------------------------------------------------------


async def settings_of(bot: BotHarness, manager: simcord.MemberActor) -> simcord.ResponseMessage:
    return _response(await manager.slash(bot.channel, "server settings"))


def part(message: simcord.ResponseMessage, kind: str) -> dict[str, Any]:
    parts = [each for row in message.components for each in row["components"]]
    (found,) = [each for each in parts if each["custom_id"].startswith(f"cb:server:{kind}:")]
    return found


async def test_members_are_blocked_and_let_in_by_a_menu_that_shows_who_is_blocked(
    bot: BotHarness, manager: simcord.MemberActor
) -> None:
    guild_id, shown = bot.alice.guild.id, await settings_of(bot, manager)
    result = await manager.select(shown, [bot.bob, bot.alice], custom_id=part(shown, "blocked")["custom_id"])
    shown = _response(result)
    assert bot.bob.mention in words(shown)
    assert bot.harness.servers.is_blocked(guild_id, bot.bob.id)
    assert {int(each["id"]) for each in part(shown, "blocked")["default_values"]} == {bot.bob.id, bot.alice.id}
    shown = _response(await manager.select(shown, [bot.alice], custom_id=part(shown, "blocked")["custom_id"]))
    assert not bot.harness.servers.is_blocked(guild_id, bot.bob.id)
    assert bot.harness.servers.is_blocked(guild_id, bot.alice.id)


async def test_a_menu_takes_nothing_back_that_another_manager_did_meanwhile(
    bot: BotHarness, manager: simcord.MemberActor
) -> None:
    guild_id, shown = bot.alice.guild.id, await settings_of(bot, manager)
    await bot.harness.servers.block(guild_id, bot.alice.id)
    await manager.select(shown, [bot.bob], custom_id=part(shown, "blocked")["custom_id"])
    assert bot.harness.servers.is_blocked(guild_id, bot.alice.id)


async def test_channels_are_switched_off_and_on_by_a_menu(bot: BotHarness, manager: simcord.MemberActor) -> None:
    shown = await settings_of(bot, manager)
    shown = _response(await manager.select(shown, [bot.channel], custom_id=part(shown, "channels")["custom_id"]))
    assert f"Switched off in\n{bot.channel.mention}" in words(shown)
    # In a channel where it is off, managers can still change it.
    shown = _response(await manager.select(shown, [], custom_id=part(shown, "channels")["custom_id"]))
    assert "Switched off in\nno channel" in words(shown)


async def test_whom_results_are_shown_to_is_a_button(bot: BotHarness, manager: simcord.MemberActor) -> None:
    guild_id, shown = bot.alice.guild.id, await settings_of(bot, manager)
    shown = _response(await manager.click(shown, label="Show results only to their owners"))
    assert bot.harness.servers.rules(guild_id).private_results
    assert "Results\nShown only to their owners" in words(shown)
    await manager.click(shown, label="Show results to everyone")
    assert not bot.harness.servers.rules(guild_id).private_results


async def test_the_days_limit_is_set_by_a_form_even_where_the_bot_is_off(
    bot: BotHarness, manager: simcord.MemberActor
) -> None:
    guild_id = bot.alice.guild.id
    await bot.harness.servers.close_channel(guild_id, bot.channel.id)
    shown = await settings_of(bot, manager)
    form = await manager.click(shown, label="Daily limits…")
    result = await manager.submit_modal(form, {"limit": "7", "videos": "8"})
    assert "7 (set for this server)" in words(_response(result))
    assert "8 (set for this server)" in words(_response(result))
    form = await manager.click(shown, label="Daily limits…")
    told = _told(await manager.submit_modal(form, {"limit": "many"}))
    assert "whole number" in told
    form = await manager.click(shown, label="Daily limits…")
    await manager.submit_modal(form, {"limit": ""})
    rules = bot.harness.servers.rules(guild_id)
    assert (rules.day_limit, rules.video_limit) == (None, None)


async def test_credits_are_limited_by_a_form_for_everybody_and_for_each(
    bot: BotHarness, manager: simcord.MemberActor
) -> None:
    bot.harness.change(toapis={"prices": {"sora-2": Decimal(40)}}, limits={"credits_per_server_per_day": 5000})
    await bot.restart()
    form = await manager.click(await settings_of(bot, manager), label="Daily limits…")
    typed = {"limit": "", "credits": "100", "member_credits": "70"}
    shown = words(_response(await manager.submit_modal(form, typed)))
    assert (
        "Credits per day\n100 (set for this server)\nCredits per day for each member\n70 (set for this server)" in shown
    )

    async def ask(who: simcord.MemberActor, where: simcord.ChannelHandle = bot.channel) -> simcord.InteractionResult:
        return await who.slash(where, "character create", video=CLIP, range="1-3")

    await ask(bot.alice)
    assert "40 credits, and you have 30 left of the 70 that each member can spend in this server today" in refusal(
        await ask(bot.alice)
    )
    await ask(bot.bob)
    carol = bot.alice.guild.add_member(bot.env.create_user("carol"))
    assert "and this server has 20 of today's 100 left" in refusal(await ask(carol))
    [job] = await bot.jobs_of(bot.alice)
    await bot.harness.job_service.cancel(bot.alice.id, job.id)  # nothing was charged: it is given back
    await ask(carol)
    await bot.restart()
    await bot.harness.servers.load()
    rules = bot.harness.servers.rules(bot.alice.guild.id)
    assert (rules.day_limit, rules.credits, rules.member_credits) == (None, 100, 70)


async def test_a_server_never_spends_more_than_the_operator_lets_it(
    bot: BotHarness, manager: simcord.MemberActor
) -> None:
    limits = {"credits_per_server_per_day": 50, "credits_per_user_per_day": 45}
    bot.harness.change(toapis={"prices": {"sora-2": Decimal(40)}}, limits=limits)
    await bot.restart()
    form = await manager.click(await settings_of(bot, manager), label="Daily limits…")
    typed = {"limit": "", "credits": "1000", "member_credits": "1000"}
    shown = words(_response(await manager.submit_modal(form, typed)))
    assert "50 (the most this bot allows; set for this server: 1,000)" in shown
    assert "45 (the most this bot allows; set for this server: 1,000)" in shown
    await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3")
    told = refusal(await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3"))
    assert "and you have 5 of today's 45 left" in told
    told = refusal(await bot.bob.slash(bot.channel, "character create", video=CLIP, range="1-3"))
    assert "and this server has 10 of today's 50 left" in told


async def test_credits_without_prices_are_said_not_to_be_counted(bot: BotHarness, manager: simcord.MemberActor) -> None:
    form = await manager.click(await settings_of(bot, manager), label="Daily limits…")
    shown = await manager.submit_modal(form, {"limit": "", "credits": "5", "member_credits": ""})
    assert "Credits per day\nnot counted, because this bot knows no prices" in words(_response(shown))
    form = await manager.click(await settings_of(bot, manager), label="Daily limits…")
    assert "whole number" in _told(await manager.submit_modal(form, {"limit": "", "credits": "-5"}))


# -- for managers alone ---------------------------------------------------------------------------------------------


async def test_discord_shows_it_to_managers_alone_and_never_in_private(
    bot: BotHarness, manager: simcord.MemberActor
) -> None:
    assert "server settings" in manager.available_commands(bot.channel)
    assert "server settings" not in bot.bob.available_commands(bot.channel)
    assert "server settings" not in bot.bob.user.available_commands()
    assert "character list" in bot.bob.user.available_commands()


@pytest.mark.parametrize("options", [{}, {"day_limit": 1}])
async def test_others_are_refused_even_where_discord_lets_them(bot: BotHarness, options: dict[str, int]) -> None:
    guild = bot.alice.guild
    guild.set_command_permissions(bot.client.command_ids["server"], {bot.bob: True})
    told = refusal(await bot.bob.slash(bot.channel, "server settings", **options))
    assert told == "You need the permission Manage Server for this."
    assert bot.harness.servers.rules(guild.id).day_limit is None


# -- who is refused -------------------------------------------------------------------------------------------------


async def test_a_blocked_member_is_refused_everything_but_their_own_data(
    bot: BotHarness, decide: Decide, manager: simcord.MemberActor
) -> None:
    await bot.harness.character(bot.bob.id, "Duck")
    form = await _open_form(bot)
    question = await _waiting(bot, bot.channel)
    await decide(block=bot.bob)
    for told in (
        refusal(await bot.bob.slash(bot.channel, "character list")),
        refusal(await bot.bob.slash(bot.channel, "tasks")),
        refusal(await _menu(bot)),
        refusal(await bot.bob.click(question, label="Cancel")),
        _told(await bot.bob.submit_modal(form, {"range": "1-3"})),
    ):
        assert SHUT_OUT in told
    assert await bot.bob.autocomplete(bot.channel, "character show", "name", "") == []
    assert len(await bot.jobs_of(bot.bob)) == 1
    exported = await bot.bob.slash(bot.channel, "privacy export")
    assert "Here's everything I keep about you" in _told(exported)
    assert "Duck" in words(_response(await bot.bob.user.slash("character list")))
    assert "Your cast" in words(_response(await bot.alice.slash(bot.channel, "character list")))
    await decide(unblock=bot.bob)
    assert "Duck" in words(_response(await bot.bob.slash(bot.channel, "character list")))


async def test_a_blocked_person_is_offered_no_choices_and_sees_no_failure(bot: BotHarness, decide: Decide) -> None:
    await bot.harness.character(bot.bob.id, "Duck")
    assert await bot.bob.autocomplete(bot.channel, "character show", "name", "") != []
    await decide(block=bot.bob)
    assert await bot.bob.autocomplete(bot.channel, "character show", "name", "") == []
    [last] = list(bot.env.backend.interactions.values())[-1:]
    assert last.responded


async def test_a_switched_off_channel_is_off_for_everybody(
    bot: BotHarness, decide: Decide, manager: simcord.MemberActor
) -> None:
    form = await _open_form(bot)
    question = await _waiting(bot, bot.channel)
    await decide(switch_off=bot.channel)
    for told in (
        refusal(await bot.alice.slash(bot.channel, "character list")),
        refusal(await manager.slash(bot.channel, "tasks")),
        refusal(await _menu(bot)),
        refusal(await bot.bob.click(question, label="Cancel")),
        _told(await bot.bob.submit_modal(form, {"range": "1-3"})),
    ):
        assert SWITCHED_OFF in told
    assert await bot.alice.autocomplete(bot.channel, "character show", "name", "") == []
    elsewhere = bot.alice.guild.create_text_channel("elsewhere")
    assert "Your cast is empty" in words(_response(await bot.alice.slash(elsewhere, "character list")))
    await decide(switch_on=bot.channel)
    assert "Your cast is empty" in words(_response(await bot.alice.slash(bot.channel, "character list")))


async def test_a_switched_off_channel_is_off_in_its_threads_and_a_category_in_its_channels(
    bot: BotHarness, decide: Decide
) -> None:
    guild = bot.alice.guild
    category = guild.create_category("Quiet")
    inside = guild.create_text_channel("inside", category=category)
    threads = [await _thread(bot, channel) for channel in (bot.channel, inside)]
    await decide(switch_off=bot.channel)
    assert SWITCHED_OFF in refusal(await bot.alice.slash(threads[0], "tasks"))
    assert "Your tasks" in words(_response(await bot.alice.slash(threads[1], "tasks")))
    await decide(switch_off=category)
    for place in (inside, threads[1]):
        assert SWITCHED_OFF in refusal(await bot.alice.slash(place, "tasks"))


async def _open_form(bot: BotHarness) -> simcord.InteractionResult:
    form = await _menu(bot)
    assert form.modal is not None
    return form


async def _menu(bot: BotHarness) -> simcord.InteractionResult:
    message = await bot.alice.send(bot.channel, "look", attachments=[CLIP])
    return await bot.bob.context_menu(bot.channel, "Make a character", message)


async def _waiting(bot: BotHarness, channel: simcord.ChannelHandle) -> Any:
    """A job of Bob's that waits for his choice, and its message."""
    job = await bot.harness.job(bot.bob.id, PICKING | JobChanges(origin=origin(bot.harness.now)))
    card = render_picker(job, None, "en-GB")
    await bot.client.get_partial_messageable(channel.id).send(**card.as_new())
    return channel.last_message


async def _thread(bot: BotHarness, channel: simcord.ChannelHandle) -> simcord.ChannelHandle:
    found = bot.client.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    made = await found.create_thread(name="aside", type=discord.ChannelType.public_thread)
    [thread] = [each for each in channel.threads if each.id == made.id]
    return thread


def _response(result: simcord.InteractionResult) -> simcord.ResponseMessage:
    assert result.response is not None
    return result.response


def _told(result: simcord.InteractionResult) -> str:
    return "\n".join(words(message) for message in (result.response, *result.followups) if message is not None)
