"""Discord waits three seconds for the first answer. Only the row of a new job, and what a form shows, go before it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import simcord
from sqlalchemy import Engine, event

from bot import limits
from bot.concurrency import works_on_a_first_answer
from bot.values.job import Job, JobChanges, Outcome, Question, Step
from tests.cogs.bot_harness import BotHarness

CLIP = ("clip.mp4", b"clip")


@pytest.fixture
def early(bot: BotHarness, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The interactions that were still unanswered when the database was used."""
    seen: list[int] = []
    database = bot.harness.database
    for way in ("read", "write"):
        real = getattr(database, way)

        def watched(*, real: Any = real, **options: bool) -> Any:
            open_ones = bot.env.backend.interactions.values()
            seen.extend(each.id for each in open_ones if not each.responded)
            return real(**options)

        monkeypatch.setattr(database, way, watched)
    return seen


@pytest.fixture
def on_first_answers(bot: BotHarness, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each use of the database, whether it was on behalf of somebody who waited for a first answer."""
    seen: list[bool] = []
    database = bot.harness.database
    for way in ("read", "write"):
        real = getattr(database, way)

        def watched(*, real: Any = real, **options: bool) -> Any:
            seen.append(works_on_a_first_answer())
            return real(**options)

        monkeypatch.setattr(database, way, watched)
    return seen


async def test_the_database_knows_what_works_on_a_first_answer(bot: BotHarness, on_first_answers: list[bool]) -> None:
    await bot.harness.character(bot.alice.id, "Duck", picture=None)
    on_first_answers.clear()
    await bot.alice.autocomplete(bot.channel, "character show", "name", "duck")
    assert on_first_answers == [True]
    card = await shown(bot, "character show", name="Duck")
    assert on_first_answers[1:]
    assert not any(on_first_answers[1:])
    on_first_answers.clear()
    form = await bot.alice.click(card, label="Edit…")
    assert on_first_answers == [True, True]
    await bot.alice.submit_modal(form, {"name": "Drake"})
    assert on_first_answers[2:]
    assert not any(on_first_answers[2:])
    on_first_answers.clear()
    await menu_form(bot)
    assert any(on_first_answers)


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
async def test_of_a_command(bot: BotHarness, early: list[int], command: str, options: dict[str, object]) -> None:
    result = await bot.alice.slash(bot.channel, command, **options)
    assert result.acknowledged
    assert early == []


async def test_of_the_menu(bot: BotHarness, early: list[int]) -> None:
    assert (await form_of_the_menu(bot)).modal is not None
    assert early == []


async def form_of_the_menu(bot: BotHarness) -> simcord.InteractionResult:
    message = await bot.bob.send(bot.channel, "look", attachments=[CLIP])
    return await bot.alice.context_menu(bot.channel, "Make a character", message)


async def test_of_the_buttons_of_a_card(bot: BotHarness, early: list[int]) -> None:
    await bot.harness.character(bot.alice.id, "Duck", picture=None)
    card = await shown(bot, "character show", name="Duck")
    form = await bot.alice.click(card, label="Edit…")
    assert len(early) == 2  # the character and its stills, for the form to begin with: within 0.5 s, as the rule allows
    early.clear()
    await bot.alice.submit_modal(form, {"name": "Drake"})
    question = await bot.alice.click(card, label="Delete")
    (asked,) = question.followups
    await bot.alice.click(asked, label="Delete it")
    assert await bot.harness.characters.count(bot.alice.id) == 0
    assert early == []


async def test_of_the_buttons_of_a_list(bot: BotHarness, early: list[int]) -> None:
    for number in range(limits.CAST_PER_PAGE + 1):
        await bot.harness.character(bot.alice.id, f"Duck {number}", picture=None)
    await bot.alice.click(await shown(bot, "character list"), label="Next")
    assert early == []


async def test_of_the_buttons_of_jobs(bot: BotHarness, early: list[int]) -> None:
    await bot.harness.job(bot.alice.id, JobChanges(step=Step.CHOOSE, question=Question.CONSENT))
    listed = await shown(bot, "tasks")
    answered = await bot.alice.click(listed, label="Yes, I have permission")
    assert answered.response is not None
    await bot.alice.click(answered.response, label="Cancel")
    assert await bot.jobs_of(bot.alice) == ()
    assert early == []


async def shown(bot: BotHarness, command: str, **options: object) -> simcord.ResponseMessage:
    result = await bot.alice.slash(bot.channel, command, **options)
    assert result.response is not None
    return result.response


@pytest.mark.parametrize(("status", "code"), [(404, 10062), (400, 40060), (401, 50027)])
async def test_a_first_answer_that_discord_takes_no_more_is_no_fault_of_ours(
    bot: BotHarness, status: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """It came too late, or another process answered: there is nobody to tell, and nothing was begun."""
    bot.env.inject_error("POST", "/interactions/*", status=status, code=code)
    result = await bot.alice.slash(bot.channel, "tasks")
    assert (result.response, result.followups) == (None, [])
    assert "interaction_gone" in capsys.readouterr().out


# -- a job's row, then the answer -------------------------------------------------------------------------------------


async def create(bot: BotHarness) -> simcord.InteractionResult:
    return await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3")


async def preview(bot: BotHarness) -> simcord.InteractionResult:
    return await bot.alice.slash(bot.channel, "character preview", video=CLIP)


async def menu_form(bot: BotHarness) -> simcord.InteractionResult:
    return await bot.alice.submit_modal(await form_of_the_menu(bot), {"range": "1-3"})


STARTS = pytest.mark.parametrize("start", [create, preview, menu_form])


@STARTS
async def test_jobs_let_the_answer_of_a_new_one_go_first(
    bot: BotHarness, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreground, add = bot.harness.database.foreground, bot.harness.jobs.add
    seen = []

    async def watched(job: Job, quota: Any) -> Job:
        seen.append(foreground.somebody_waits)
        return await add(job, quota)

    monkeypatch.setattr(bot.harness.jobs, "add", watched)
    await start(bot)
    assert seen == [True]
    assert not foreground.somebody_waits


async def test_a_creation_takes_four_statements_before_its_answer(bot: BotHarness) -> None:
    """Each is a round trip: one looks the task up, two check the limits, one writes the row."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if unanswered(bot):
            statements.append(statement.split()[0])

    async def from_task() -> None:
        await bot.alice.slash(bot.channel, "character create", task="task_elsewhere", range="1-3")

    await from_task()  # what is known about the provider is read once
    event.listen(Engine, "before_cursor_execute", note)
    try:
        await from_task()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert statements == ["SELECT"] * 3 + ["INSERT"]


def unanswered(bot: BotHarness) -> bool:
    return any(not each.responded for each in bot.env.backend.interactions.values())


@STARTS
async def test_the_row_comes_before_the_answer(bot: BotHarness, start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    add, first = bot.harness.jobs.add, []

    async def watched(*args: Any) -> Job:
        job = await add(*args)
        first.append(unanswered(bot))
        return job

    monkeypatch.setattr(bot.harness.jobs, "add", watched)
    result = await start(bot)
    assert result.deferred
    assert first == [True]
    assert (await bot.job_of(bot.alice)).outcome is None


@STARTS
async def test_a_slow_database_does_not_keep_discord_waiting(
    bot: BotHarness, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = bot.harness.jobs.add

    async def slow(*args: Any) -> Job:
        while unanswered(bot):
            await asyncio.sleep(0.01)
        return await add(*args)

    monkeypatch.setattr(limits, "ROW_BEFORE_ANSWER", timedelta(seconds=0.1))
    monkeypatch.setattr(bot.harness.jobs, "add", slow)
    assert (await start(bot)).deferred
    assert (await bot.job_of(bot.alice)).outcome is None


@STARTS
@pytest.mark.parametrize(("status", "code"), [(404, 10062), (404, 10015), (401, 50027), (400, 40060), (403, 50013)])
async def test_a_job_whose_answer_discord_does_not_take_is_cancelled_and_costs_nothing(
    bot: BotHarness, start: Any, status: int, code: int
) -> None:
    if start is menu_form:
        form = await form_of_the_menu(bot)
        bot.env.inject_error("POST", "/interactions/*", status=status, code=code)
        await bot.alice.submit_modal(form, {"range": "1-3"})
    else:
        bot.env.inject_error("POST", "/interactions/*", status=status, code=code)
        await start(bot)
    overview = await bot.harness.job_service.overview(bot.alice.id)
    assert (overview.unfinished, overview.running, overview.used_today) == ((), 0, 0)
    assert {job.outcome for job in overview.finished} <= {Outcome.CANCELLED}


async def test_where_nobody_knows_whether_discord_took_the_answer_the_job_goes_on(bot: BotHarness) -> None:
    bot.env.inject_error("POST", "/interactions/*", status=503)
    result = await create(bot)
    assert result.followups == [], "it would be wrong to say that it failed"
    assert (await bot.job_of(bot.alice)).outcome is None
