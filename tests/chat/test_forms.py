"""Forms: found again by their id alone, and kept nowhere in memory."""

import pytest

from bot.chat.forms import Field, durable_form
from tests.chat.stage import Stage


async def test_form_holds_discords_limits(stage: Stage) -> None:
    result = await stage.alice.slash(stage.channel, "trial form", family="rename")
    assert result.modal is not None
    assert result.modal["custom_id"] == "cbf:rename:3:x"
    assert len(result.modal["title"]) == 45
    name, note = result.modal["components"]
    assert (name["label"], name["component"]["value"], name["component"]["required"]) == ("Name", "Ada", True)
    assert len(note["label"]) == 45
    assert note["component"]["required"] is False


@pytest.mark.parametrize("restarted", [False, True])
async def test_submission_finds_its_way_once(stage: Stage, restarted: bool) -> None:
    shown = await stage.alice.slash(stage.channel, "trial form", family="rename")
    assert stage.client._connection._view_store._modals == {}
    if restarted:
        await stage.restart()
    result = await stage.alice.submit_modal(shown, {"name": "Bea", "note": ""})
    assert result.response is not None
    assert result.response.content == "3:x: {'name': 'Bea', 'note': ''}"
    assert result.followups == []


async def test_defect_shows_an_id(stage: Stage) -> None:
    shown = await stage.alice.slash(stage.channel, "trial form", family="rename")
    result = await stage.alice.submit_modal(shown, {"name": "break"})
    assert result.response is not None
    assert result.response.ephemeral
    assert "ID " in result.response.content
    assert "secret" not in result.response.content


async def test_form_nobody_knows_any_more_is_answered(stage: Stage) -> None:
    shown = await stage.alice.slash(stage.channel, "trial form", family="forgotten")
    result = await stage.alice.submit_modal(shown, {"name": "Bea"})
    assert result.response is not None
    assert result.response.ephemeral
    assert "older version" in result.response.content


async def test_form_that_does_not_fit_is_refused() -> None:
    for family, argument in (("rename", "x" * 100), ("Re name", "1")):
        with pytest.raises(ValueError, match="not a form id"):
            durable_form(family, argument, "title", [])
    with pytest.raises(ValueError, match="5"):
        durable_form("rename", "1", "title", [Field(name=str(n), label="x") for n in range(6)])
