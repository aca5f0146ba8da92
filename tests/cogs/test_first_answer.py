"""Discord waits three seconds for the first answer. Only the row of a new job, and what a form shows, go before it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import simcord

from bot import limits
from bot.values.job import Job, JobChanges, Outcome, Question, Step
from tests.cogs.stage import Stage

CLIP = ("clip.mp4", b"clip")


@pytest.fixture
def early(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The interactions that were still unanswered when the database was used."""
    seen: list[int] = []
    database = stage.harness.database
    for way in ("read", "write"):
        real = getattr(database, way)

        def watched(*, real: Any = real, **options: bool) -> Any:
            open_ones = stage.env.backend.interactions.values()
            seen.extend(each.id for each in open_ones if not each.responded)
            return real(**options)

        monkeypatch.setattr(database, way, watched)
    return seen


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("character list", {}),
        ("character show", {"name": "Duck"}),
        ("character rename", {"name": "Duck", "new_name": "Drake"}),
        ("character delete", {"name": "Duck"}),
        ("video list", {}),
        ("tasks", {}),
        ("help", {}),
        ("about", {}),
    ],
)
async def test_of_a_command(stage: Stage, early: list[int], command: str, options: dict[str, object]) -> None:
    result = await stage.alice.slash(stage.channel, command, **options)
    assert result.acknowledged
    assert early == []


async def test_of_the_menu(stage: Stage, early: list[int]) -> None:
    assert (await form_of_the_menu(stage)).modal is not None
    assert early == []


async def form_of_the_menu(stage: Stage) -> simcord.InteractionResult:
    message = await stage.bob.send(stage.channel, "look", attachments=[CLIP])
    return await stage.alice.context_menu(stage.channel, "Make a character", message)


async def test_of_the_buttons_of_a_card(stage: Stage, early: list[int]) -> None:
    await stage.harness.character(stage.alice.id, "Duck", picture=None)
    card = await shown(stage, "character show", name="Duck")
    form = await stage.alice.click(card, label="Edit…")
    assert len(early) == 2  # the character and its stills, for the form to begin with: within 0.5 s, as the rule allows
    early.clear()
    await stage.alice.submit_modal(form, {"name": "Drake"})
    question = await stage.alice.click(card, label="Delete")
    (asked,) = question.followups
    await stage.alice.click(asked, label="Delete it")
    assert await stage.harness.characters.count(stage.alice.id) == 0
    assert early == []


async def test_of_the_buttons_of_a_list(stage: Stage, early: list[int]) -> None:
    for number in range(limits.CAST_PER_PAGE + 1):
        await stage.harness.character(stage.alice.id, f"Duck {number}", picture=None)
    await stage.alice.click(await shown(stage, "character list"), label="Next")
    assert early == []


async def test_of_the_buttons_of_jobs(stage: Stage, early: list[int]) -> None:
    await stage.harness.job(stage.alice.id, JobChanges(step=Step.CHOOSE, question=Question.CONSENT))
    listed = await shown(stage, "tasks")
    answered = await stage.alice.click(listed, label="Yes, I have permission")
    assert answered.response is not None
    await stage.alice.click(answered.response, label="Cancel")
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


# -- a job's row, then the answer -------------------------------------------------------------------------------------


async def create(stage: Stage) -> simcord.InteractionResult:
    return await stage.alice.slash(stage.channel, "character create", video=CLIP, range="1-3")


async def preview(stage: Stage) -> simcord.InteractionResult:
    return await stage.alice.slash(stage.channel, "character preview", video=CLIP)


async def menu_form(stage: Stage) -> simcord.InteractionResult:
    return await stage.alice.submit_modal(await form_of_the_menu(stage), {"range": "1-3"})


STARTS = pytest.mark.parametrize("start", [create, preview, menu_form])


@STARTS
async def test_jobs_let_the_answer_of_a_new_one_go_first(
    stage: Stage, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreground, add = stage.harness.database.foreground, stage.harness.jobs.add
    seen = []

    async def watched(job: Job, quota: Any) -> Job:
        seen.append(foreground.somebody_waits)
        return await add(job, quota)

    monkeypatch.setattr(stage.harness.jobs, "add", watched)
    await start(stage)
    assert seen == [True]
    assert not foreground.somebody_waits


def unanswered(stage: Stage) -> bool:
    return any(not each.responded for each in stage.env.backend.interactions.values())


@STARTS
async def test_the_row_comes_before_the_answer(stage: Stage, start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    add, first = stage.harness.jobs.add, []

    async def watched(*args: Any) -> Job:
        job = await add(*args)
        first.append(unanswered(stage))
        return job

    monkeypatch.setattr(stage.harness.jobs, "add", watched)
    result = await start(stage)
    assert result.deferred
    assert first == [True]
    assert (await stage.job_of(stage.alice)).outcome is None


@STARTS
async def test_a_slow_database_does_not_keep_discord_waiting(
    stage: Stage, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = stage.harness.jobs.add

    async def slow(*args: Any) -> Job:
        while unanswered(stage):
            await asyncio.sleep(0.01)
        return await add(*args)

    monkeypatch.setattr(limits, "ROW_BEFORE_ANSWER", timedelta(seconds=0.1))
    monkeypatch.setattr(stage.harness.jobs, "add", slow)
    assert (await start(stage)).deferred
    assert (await stage.job_of(stage.alice)).outcome is None


@STARTS
@pytest.mark.parametrize(("status", "code"), [(404, 10062), (404, 10015), (401, 50027), (400, 40060), (403, 50013)])
async def test_a_job_whose_answer_discord_does_not_take_is_cancelled_and_costs_nothing(
    stage: Stage, start: Any, status: int, code: int
) -> None:
    if start is menu_form:
        form = await form_of_the_menu(stage)
        stage.env.inject_error("POST", "/interactions/*", status=status, code=code)
        await stage.alice.submit_modal(form, {"range": "1-3"})
    else:
        stage.env.inject_error("POST", "/interactions/*", status=status, code=code)
        await start(stage)
    overview = await stage.harness.job_service.overview(stage.alice.id)
    assert (overview.unfinished, overview.running, overview.used_today) == ((), 0, 0)
    assert {job.outcome for job in overview.finished} <= {Outcome.CANCELLED}


async def test_where_nobody_knows_whether_discord_took_the_answer_the_job_goes_on(stage: Stage) -> None:
    stage.env.inject_error("POST", "/interactions/*", status=503)
    result = await create(stage)
    assert result.followups == [], "it would be wrong to say that it failed"
    assert (await stage.job_of(stage.alice)).outcome is None
