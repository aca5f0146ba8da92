"""Buttons: their owner's alone, across restarts, and never without an answer."""

import pytest
import simcord
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.buttons import BUTTON_ID, Press, button, view
from tests.chat.stage import Stage


@given(argument=st.text(max_size=40), owner=st.integers(0, 2**64 - 1))
def test_ids_come_back_as_they_were(argument: str, owner: int) -> None:
    press = Press("list", "page", argument, owner)
    match = BUTTON_ID.fullmatch(press.custom_id)
    assert match is not None
    assert match.groups() == ("list", "page", argument, str(owner))


@pytest.mark.parametrize("press", [Press("list", "page", "x" * 90, 1), Press("List", "page", "", 1)])
def test_id_that_does_not_fit_is_refused(press: Press) -> None:
    with pytest.raises(ValueError, match="not a button id"):
        button(press.family, press.action, press.argument, press.owner_id, "label")


def test_label_is_cut() -> None:
    assert len(button("job", "again", "1", 1, "x" * 100).item.label or "") == 80


async def test_view_is_of_durable_buttons_and_never_times_out() -> None:
    made = view(button("job", "again", "1", 1, "Again", disabled=True))
    assert made.timeout is None
    assert made.is_persistent()
    assert made.to_components()[0]["components"][0]["disabled"]


@pytest.fixture
async def shown(stage: Stage) -> simcord.ResponseMessage:
    result = await stage.alice.slash(stage.channel, "trial buttons")
    assert result.response is not None
    return result.response


async def answer(stage: Stage, who: simcord.MemberActor, shown: simcord.ResponseMessage, label: str) -> str:
    """The words of the private answer to a press."""
    result = await who.click(shown, label=label)
    (said,) = result.followups or [result.response]
    assert said is not None
    assert said.ephemeral
    return said.content


@pytest.mark.parametrize("restarted", [False, True])
async def test_press_finds_its_way(stage: Stage, shown: simcord.ResponseMessage, restarted: bool) -> None:
    if restarted:
        await stage.restart()
    assert await answer(stage, stage.alice, shown, "again") == "pressed j:1"


async def test_stranger_is_refused_in_private(stage: Stage, shown: simcord.ResponseMessage) -> None:
    assert "Only the person who asked" in await answer(stage, stage.bob, shown, "again")


async def test_refusal_shows_its_sentence(stage: Stage, shown: simcord.ResponseMessage) -> None:
    assert await answer(stage, stage.alice, shown, "refuse") == "Not this one."
    assert shown.content == "press"  # a deferred press leaves the message alone


async def test_defect_shows_an_id(
    stage: Stage, shown: simcord.ResponseMessage, capsys: pytest.CaptureFixture[str]
) -> None:
    said = await answer(stage, stage.alice, shown, "fail")
    assert "inner secret" not in said
    error_id = said.split("ID ")[1].split(")")[0]
    logged = capsys.readouterr().out
    assert error_id in logged
    assert "ValueError" in logged


async def test_action_nobody_knows_any_more_is_answered(stage: Stage, shown: simcord.ResponseMessage) -> None:
    assert "older version" in await answer(stage, stage.alice, shown, "forgotten")


@pytest.mark.parametrize("custom_id", ["something-else", "cb:job:again"])
async def test_component_of_another_age_is_answered(stage: Stage, custom_id: str) -> None:
    result = await stage.alice.slash(stage.channel, "trial foreign", custom_id=custom_id)
    assert result.response is not None
    assert "older version" in await answer(stage, stage.alice, result.response, "old")
