"""An answer that Discord does not take is logged, and never becomes a failure of its own."""

import pytest

from tests.chat.stage import Stage, words


async def test_interaction_that_is_too_old_ends_in_the_log(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.env.inject_error("POST", "/interactions/*", status=404, code=10062)
    result = await stage.alice.slash(stage.channel, "trial end", how="refused", when="unanswered")
    assert result.response is None
    assert "answer_not_shown" in capsys.readouterr().out


async def test_answer_given_elsewhere_is_followed_up(stage: Stage) -> None:
    stage.env.inject_error("POST", "/interactions/*", status=400, code=40060)
    result = await stage.alice.slash(stage.channel, "trial end", how="refused", when="unanswered")
    assert [words(said) for said in result.followups] == ["### That didn't work\nThat will not do: \\*too\\* early."]


async def test_thinking_that_somebody_removed_is_no_trouble(stage: Stage) -> None:
    stage.env.inject_error("PATCH", "/webhooks/*", status=404, code=10008)
    result = await stage.alice.slash(stage.channel, "trial end", how="refused", when="public")
    assert result.response is not None
    assert "too" in words(result.response)
