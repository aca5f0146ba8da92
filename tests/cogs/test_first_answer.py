"""Discord waits three seconds for the first answer: nothing is read or written before it, but what a form needs."""

from __future__ import annotations

import pytest
import simcord

from bot.values.job import JobChanges, Question, Step
from tests.cogs.stage import Stage

CLIP = ("clip.mp4", b"clip")


@pytest.fixture
def early(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The interactions that were still unanswered when the database was used."""
    seen: list[int] = []
    database = stage.house.database
    for way in ("read", "write"):
        real = getattr(database, way)

        def watched(real: object = real) -> object:
            open_ones = stage.env.backend.interactions.values()
            seen.extend(each.id for each in open_ones if not each.responded)
            return real()  # type: ignore[operator]  # a context manager, whatever it is called

        monkeypatch.setattr(database, way, watched)
    return seen


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("character create", {"video": CLIP, "range": "1-3"}),
        ("character list", {}),
        ("character show", {"name": "Duck"}),
        ("character rename", {"name": "Duck", "new_name": "Drake"}),
        ("character delete", {"name": "Duck"}),
        ("tasks", {}),
        ("help", {}),
        ("about", {}),
    ],
)
async def test_of_a_command(stage: Stage, early: list[int], command: str, options: dict[str, object]) -> None:
    result = await stage.alice.slash(stage.channel, command, **options)
    assert result.acknowledged
    assert early == []


async def test_of_the_menu_and_its_form(stage: Stage, early: list[int]) -> None:
    message = await stage.bob.send(stage.channel, "look", attachments=[CLIP])
    form = await stage.alice.context_menu(stage.channel, "Make a character", message)
    assert form.modal is not None
    await stage.alice.submit_modal(form, {"range": "1-3"})
    assert len(await stage.jobs_of(stage.alice)) == 1
    assert early == []


async def test_of_the_buttons_of_a_card(stage: Stage, early: list[int]) -> None:
    await stage.house.character(stage.alice.id, "Duck", picture=None)
    card = await shown(stage, "character show", name="Duck")
    form = await stage.alice.click(card, label="Rename")
    assert len(early) == 1  # the present name, for the form to begin with: what the rule allows
    early.clear()
    await stage.alice.submit_modal(form, {"name": "Drake"})
    question = await stage.alice.click(card, label="Delete")
    assert question.response is not None
    await stage.alice.click(question.response, label="Delete it")
    assert await stage.house.characters.count(stage.alice.id) == 0
    assert early == []


async def test_of_the_buttons_of_a_list(stage: Stage, early: list[int]) -> None:
    for number in range(5):
        await stage.house.character(stage.alice.id, f"Duck {number}", picture=None)
    await stage.alice.click(await shown(stage, "character list"), label="Next")
    assert early == []


async def test_of_the_buttons_of_jobs(stage: Stage, early: list[int]) -> None:
    await stage.house.job(stage.alice.id, JobChanges(step=Step.CHOOSE, question=Question.CONSENT))
    listed = await shown(stage, "tasks")
    answered = await stage.alice.click(listed, label="Yes to 1")
    assert answered.response is not None
    await stage.alice.click(answered.response, label="Cancel 1")
    assert await stage.jobs_of(stage.alice) == ()
    assert early == []


async def shown(stage: Stage, command: str, **options: object) -> simcord.ResponseMessage:
    result = await stage.alice.slash(stage.channel, command, **options)
    assert result.response is not None
    return result.response


@pytest.mark.parametrize(("status", "code"), [(404, 10062), (400, 40060), (401, 50027)])
async def test_a_first_answer_that_discord_takes_no_more_is_no_fault_of_ours(
    stage: Stage, status: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """It came too late, or another process answered: there is nobody to tell, and nothing was begun."""
    stage.env.inject_error("POST", "/interactions/*", status=status, code=code)
    result = await stage.alice.slash(stage.channel, "tasks")
    assert (result.response, result.followups) == (None, [])
    assert "interaction_gone" in capsys.readouterr().out
