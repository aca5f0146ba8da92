"""Every failure of a command is answered, wherever its interaction stands."""

import logging
import re

import pytest
from discord import app_commands
from simcord import InteractionResult

from tests.chat.bot_harness import BotHarness, words


def private_answer(result: InteractionResult) -> str:
    """What the person was told, having made sure that nobody else was."""
    said = result.followups[-1] if result.followups else result.response
    assert said is not None
    assert said.ephemeral
    return words(said)


@pytest.mark.parametrize("when", ["unanswered", "public", "private", "answered"])
async def test_refusal_is_for_that_person_alone(bot: BotHarness, when: str) -> None:
    result = await bot.alice.slash(bot.channel, "trial end", how="refused", when=when)
    assert private_answer(result) == "### That didn't work\nThat will not do: \\*too\\* early."
    if when == "answered":
        assert result.response is not None
        assert result.response.content == "the answer"
    elif when == "public":
        assert result.response is None  # nothing public is left behind


@pytest.mark.parametrize("when", ["unanswered", "public", "private", "answered"])
async def test_defect_is_answered_with_its_id(bot: BotHarness, when: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = await bot.alice.slash(bot.channel, "trial end", how="broken", when=when)
    said = private_answer(result)
    found = re.search(r"ID ([0-9a-f]{8})", said)
    assert found is not None
    assert "secret" not in said
    logged = capsys.readouterr().out
    assert found[1] in logged
    assert "trial end" in logged
    assert "ValueError: an inner secret" in logged


async def test_command_that_is_gone_is_answered(bot: BotHarness) -> None:
    bot.client.tree.remove_command("trial")
    result = await bot.alice.slash(bot.channel, "trial buttons")
    assert "has just been updated" in private_answer(result)


async def test_command_with_another_signature_is_answered(bot: BotHarness) -> None:
    group = bot.client.tree.get_command("trial")
    assert isinstance(group, app_commands.Group)
    group.remove_command("buttons")

    @group.command(name="buttons", description="It wants to know more now.")
    async def buttons(interaction: object, colour: str) -> None:
        raise AssertionError("without its option it cannot be called")

    result = await bot.alice.slash(bot.channel, "trial buttons")
    assert "has just been updated" in private_answer(result)


async def test_while_stopping_nothing_new_is_taken(bot: BotHarness) -> None:
    await bot.client.drain(1)
    result = await bot.alice.slash(bot.channel, "trial buttons")
    assert "restarting" in private_answer(result)


async def test_failed_suggestions_are_logged_and_leave_the_command_usable(
    bot: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert await bot.alice.autocomplete(bot.channel, "trial typing", "name", "a") == []
    assert "no names today" in caplog.text
    assert (await bot.alice.slash(bot.channel, "trial buttons")).response


async def test_suggestions_of_a_command_that_is_gone_are_left_alone(bot: BotHarness) -> None:
    bot.client.tree.remove_command("trial")
    assert await bot.alice.autocomplete(bot.channel, "trial typing", "name", "a") == []


async def test_commands_may_be_used_everywhere(bot: BotHarness) -> None:
    (command,) = bot.client.tree.get_commands()
    payload = command.to_dict(bot.client.tree)
    assert sorted(payload["integration_types"]) == [0, 1]
    assert sorted(payload["contexts"]) == [0, 1, 2]
