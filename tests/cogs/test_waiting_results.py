"""Whoever has results that could not be brought to them is told so at their next command, once, and quietly."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from simcord import InteractionResult
from sqlalchemy.exc import TimeoutError as NoConnection
from structlog.testing import capture_logs

from bot import metrics
from bot.chat.pending_results import PendingResults
from bot.store.owned_jobs import Pending
from bot.texts import text
from bot.values.job import Job, JobChanges, Outcome, PreviewRequest, Step
from bot.values.source import Link
from tests.cogs.bot_harness import AppHarness, BotHarness, words
from tests.patience import PATIENCE


@pytest.fixture(autouse=True)
def told(bot: BotHarness) -> PendingResults:
    """As the app builds it."""
    bot.client.pending_results = PendingResults(
        lambda owner: bot.harness.owned_jobs.pending(owner, now=bot.harness.now)
    )
    return bot.client.pending_results


async def kept(harness: AppHarness, owner_id: int, changes: JobChanges | None = None) -> Job:
    """A job whose end reached nobody."""
    harness.now += timedelta(seconds=1)
    ended = JobChanges(step=Step.DONE, outcome=Outcome.FAILED, failure=text("No."), finished_at=harness.now)
    return await harness.job(owner_id, ended | (changes or JobChanges()))


def after(result: InteractionResult) -> list[str]:
    """What came after the command's own answer, for that person alone."""
    assert result.response is not None
    assert "waiting for you" not in words(result.response), "the answer is the command's own"
    assert all(message.ephemeral for message in result.followups)
    return [words(message) for message in result.followups]


async def test_results_that_wait_are_mentioned_after_the_next_command_and_only_once(bot: BotHarness) -> None:
    await kept(bot.harness, bot.alice.id)
    await kept(bot.harness, bot.alice.id, JobChanges(outcome=Outcome.UNKNOWN))
    tasks = bot.client.command_mentions["tasks"]
    first = await bot.alice.slash(bot.channel, "about")
    assert after(first) == [f"2 results are waiting for you: see {tasks}."]
    assert after(await bot.alice.slash(bot.channel, "help")) == []
    await kept(bot.harness, bot.alice.id)
    assert after(await bot.alice.slash(bot.channel, "help")) == [f"3 results are waiting for you: see {tasks}."]
    assert after(await bot.alice.slash(bot.channel, "help")) == []


async def test_a_single_one_is_not_many(bot: BotHarness) -> None:
    await kept(bot.harness, bot.alice.id)
    (said,) = after(await bot.alice.slash(bot.channel, "help"))
    assert said.startswith("A result is waiting for you: see ")


async def test_after_a_command_that_was_deferred_too(bot: BotHarness) -> None:
    await kept(bot.harness, bot.alice.id)
    listed = await bot.alice.slash(bot.channel, "character list")
    assert len(after(listed)) == 1


async def test_tasks_shows_them_and_needs_no_hint(bot: BotHarness) -> None:
    await kept(bot.harness, bot.alice.id)
    assert after(await bot.alice.slash(bot.channel, "tasks")) == []
    assert len(after(await bot.alice.slash(bot.channel, "help"))) == 1


async def test_somebody_elses_are_none_of_ones_business(bot: BotHarness) -> None:
    await kept(bot.harness, bot.alice.id)
    assert after(await bot.bob.slash(bot.channel, "help")) == []


@pytest.mark.parametrize("arrived", ["delivered", "cancelled", "running", "looked at"])
async def test_what_does_not_wait_is_not_mentioned(bot: BotHarness, arrived: str) -> None:
    changes: dict[str, JobChanges] = {
        "delivered": {"delivered_at": bot.harness.now},
        "cancelled": {"outcome": Outcome.CANCELLED, "failure": None},
        "running": {"step": Step.DELIVER},
        "looked at": {"request": PreviewRequest(source=Link(url="https://example.org/clip.mp4"))},
    }
    await kept(bot.harness, bot.alice.id, changes[arrived])
    assert after(await bot.alice.slash(bot.channel, "help")) == []


async def test_a_restart_forgets_who_was_told(bot: BotHarness) -> None:
    await kept(bot.harness, bot.alice.id)
    assert len(after(await bot.alice.slash(bot.channel, "help"))) == 1
    await bot.restart()
    bot.client.pending_results = PendingResults(
        lambda owner: bot.harness.owned_jobs.pending(owner, now=bot.harness.now)
    )
    assert len(after(await bot.alice.slash(bot.channel, "help"))) == 1


async def test_a_command_that_was_refused_says_nothing_else(bot: BotHarness) -> None:
    await kept(bot.harness, bot.alice.id)
    refused = await bot.alice.slash(bot.channel, "character create", range="1-3")
    assert "waiting for you" not in "".join(words(each) for each in (refused.response, *refused.followups) if each)
    assert len(after(await bot.alice.slash(bot.channel, "help"))) == 1


async def test_a_blocked_person_is_not_sent_to_tasks(bot: BotHarness) -> None:
    await kept(bot.harness, bot.alice.id)
    await bot.harness.blocks.block(bot.alice.id, now=bot.harness.now)
    exported = await bot.alice.slash(bot.channel, "privacy delete")
    assert after(exported) == []


async def test_a_failure_to_say_it_disturbs_nothing_and_it_is_said_the_next_time(bot: BotHarness) -> None:
    await kept(bot.harness, bot.alice.id)
    bot.env.inject_error("POST", "/webhooks/*", status=403, code=50013)
    assert after(await bot.alice.slash(bot.channel, "help")) == []
    assert len(after(await bot.alice.slash(bot.channel, "help"))) == 1


async def test_a_database_that_does_not_answer_disturbs_nothing_either(bot: BotHarness) -> None:
    before = metrics.UNEXPECTED_ERRORS._value.get()

    async def broken(_: int) -> Pending:
        raise RuntimeError("no such table: jobs")

    bot.client.pending_results = PendingResults(broken)
    assert after(await bot.alice.slash(bot.channel, "help")) == []
    assert metrics.UNEXPECTED_ERRORS._value.get() == before + 1


async def test_a_database_outage_is_no_defect(bot: BotHarness) -> None:
    before = metrics.UNEXPECTED_ERRORS._value.get()

    async def away(_: int) -> Pending:
        raise NoConnection("the database cannot be reached")

    bot.client.pending_results = PendingResults(away)
    with capture_logs() as logs:
        assert after(await bot.alice.slash(bot.channel, "help")) == []
    assert metrics.UNEXPECTED_ERRORS._value.get() == before
    assert [line["error"] for line in logs if line["event"] == "waiting_results_failed"] == ["TimeoutError"]


async def test_one_question_to_the_database_for_each_command(bot: BotHarness) -> None:
    asked: list[int] = []

    async def count(owner_id: int) -> Pending:
        asked.append(owner_id)
        return Pending()

    bot.client.pending_results = PendingResults(count)
    await bot.alice.slash(bot.channel, "help")
    await bot.alice.slash(bot.channel, "tasks")
    assert asked == [bot.alice.id]


async def test_other_peoples_first_answers_go_before_the_question_to_the_database(bot: BotHarness) -> None:
    foreground, waited = bot.harness.database.foreground, []

    async def find(_: int) -> Pending:
        with foreground.waits():
            turn = asyncio.create_task(foreground.goes_first(PATIENCE))
            for _ in range(3):
                await asyncio.sleep(0)
            waited.append(not turn.done())
        await turn
        return Pending()

    bot.client.pending_results = PendingResults(find)
    await bot.alice.slash(bot.channel, "help")
    assert waited == [True]
