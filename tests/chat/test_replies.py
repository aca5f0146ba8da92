"""An answer that Discord does not take is logged, and never becomes a failure of its own."""

import pytest

from tests.chat.bot_harness import BotHarness, words


async def test_interaction_that_is_too_old_ends_in_the_log(bot: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    bot.env.inject_error("POST", "/interactions/*", status=404, code=10062)
    result = await bot.alice.slash(bot.channel, "trial end", how="refused", when="unanswered")
    assert result.response is None
    assert "answer_not_shown" in capsys.readouterr().out


async def test_answer_given_elsewhere_is_followed_up(bot: BotHarness) -> None:
    bot.env.inject_error("POST", "/interactions/*", status=400, code=40060)
    result = await bot.alice.slash(bot.channel, "trial end", how="refused", when="unanswered")
    assert [words(said) for said in result.followups] == ["### That didn't work\nThat will not do: \\*too\\* early."]


async def test_thinking_that_somebody_removed_is_no_trouble(bot: BotHarness) -> None:
    bot.env.inject_error("PATCH", "/webhooks/*", status=404, code=10008)
    result = await bot.alice.slash(bot.channel, "trial end", how="refused", when="public")
    assert result.response is not None
    assert "too" in words(result.response)
