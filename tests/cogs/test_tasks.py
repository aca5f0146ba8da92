"""/tasks, and the buttons of jobs: what each does, for the owner and for nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord import InteractionResult, ResponseMessage
from sqlalchemy import update

from bot import limits
from bot.chat.durable_items import view
from bot.chat.job_buttons import CancelJob, CheckAgain, GiveConsent, MakeAnother, SendAgain, ShowResult
from bot.chat.render_job import render_failure, render_progress
from bot.chat.render_question import render_question
from bot.store.tables import jobs
from bot.texts import text
from bot.values.job import Job, JobChanges, Lane, Outcome, Question, Step, Transition
from playground.installation import installed_in_servers
from tests.cards import colour, parts
from tests.catalogues import write_catalogue
from tests.cogs.bot_harness import BotHarness, labels, origin, refusal, words
from tests.leases import lease_of

WAITING = JobChanges(step=Step.CHOOSE, question=Question.CONSENT)
SAME_AGAIN = JobChanges(step=Step.CHOOSE, question=Question.SAME_AGAIN)


def ended(bot: BotHarness, outcome: Outcome, **more: object) -> JobChanges:
    changes = JobChanges(step=Step.DONE, outcome=outcome, finished_at=bot.harness.now)
    return changes | JobChanges(**more)  # type: ignore[typeddict-item]  # whatever a test changes


def unclear(bot: BotHarness) -> JobChanges:
    return ended(bot, Outcome.UNKNOWN, submit_started_at=bot.harness.now, delivered_at=bot.harness.now)


async def test_everybody_is_answered_in_the_language_of_their_discord(catalogues_in: Path, bot: BotHarness) -> None:
    write_catalogue(catalogues_in, "pt_BR", 'msgid "Your tasks"\nmsgstr "Suas tarefas"\n')
    with installed_in_servers("pt-BR"):
        theirs = await bot.alice.slash(bot.channel, "tasks")
    usual = await bot.alice.slash(bot.channel, "tasks")
    assert theirs.response is not None
    assert usual.response is not None
    assert "Suas tarefas" in words(theirs.response)
    assert "Your tasks" in words(usual.response)


async def listed(bot: BotHarness) -> ResponseMessage:
    result = await bot.alice.slash(bot.channel, "tasks")
    assert result.response is not None
    assert result.response.ephemeral
    return result.response


async def now_of(bot: BotHarness, job: Job) -> Job:
    found = await bot.harness.jobs.get(job.id)
    assert found is not None
    return found


async def public(bot: BotHarness, job: Job, question: Question) -> discord.Message:
    """The job's own message, for everybody to see."""
    card = render_question(job, question, "en-GB")
    await bot.env.bot.get_partial_messageable(bot.channel.id).send(**card.as_new())
    message = bot.channel.last_message
    assert message is not None
    return message


# -- the list -------------------------------------------------------------------------------------------------------


async def test_an_empty_list_says_how_to_begin_and_what_there_is_to_use(bot: BotHarness) -> None:
    message = await listed(bot)
    assert "Start with </character create:" in words(message)
    assert "Characters today (UTC)\n0 of 5\n" in words(message)
    assert "Files\n0 of 500 MB" in words(message)
    assert labels(message) == []


async def test_every_job_is_a_line_and_each_can_be_opened(bot: BotHarness) -> None:
    harness, owner, now = bot.harness, bot.alice.id, bot.harness.now
    await harness.job(owner, JobChanges(step=Step.WATCH, submit_started_at=now, progress=40), name="Watched")
    await harness.job(owner, WAITING, name="Asked")
    await harness.job(owner, SAME_AGAIN, name="Twin")
    await harness.job(owner, unclear(bot), name="Unclear")
    late = unclear(bot) | JobChanges(task_id="task_1")
    await harness.job(owner, late, name="Late")
    refused = ended(bot, Outcome.FAILED, failure=text("The clip has no sound. Nothing was charged."))
    await harness.job(owner, refused, name="Silent")
    await harness.job(bot.bob.id, WAITING, name="Of Bob")
    message = await listed(bot)
    said = words(message)
    assert re.search(r"Watched · Making the character: 40% · started <t:\d+:R>", said)
    assert "Asked · Do you have permission to use the person in the clip?" in said
    assert "Twin · You asked for the same seconds a moment ago" in said
    assert "Silent · The clip has no sound ·" in said
    assert "Of Bob" not in said
    assert labels(message) == []
    assert await opened_labels(bot, message) == {
        "Watched": [],
        "Asked": ["Yes, I have permission", "Cancel"],
        "Twin": ["Make another", "Cancel"],
        "Unclear": ["Send again"],
        "Late": ["Check again"],
        "Silent": ["Show the result"],  # its video was never fetched, and its address is gone
    }


async def opened_labels(bot: BotHarness, message: ResponseMessage) -> dict[str, list[str]]:
    """What can be done with each job of the list, once it is opened."""
    found = {}
    for option in menu_of(message)["options"]:
        opened = await bot.alice.select(message, [option["value"]], custom_id=menu_of(message)["custom_id"])
        assert opened.response is not None
        assert opened.response.id == message.id
        *own, back = labels(opened.response)
        found[opened.response.embeds[0].title or ""] = own
        again = await bot.alice.click(opened.response, label=back)
        assert again.response is not None
        assert words(again.response) == words(message)
    return found


def menu_of(message: ResponseMessage) -> dict[str, Any]:
    (menu,) = [each for row in message.components for each in row["components"] if "options" in each]
    return menu


async def test_an_opened_job_that_is_gone_or_somebody_elses_is_an_unknown_one(bot: BotHarness) -> None:
    job = await bot.harness.job(bot.alice.id, WAITING)
    message = await listed(bot)
    async with bot.harness.database.write() as connection:
        await connection.execute(update(jobs).values(owner_id=bot.bob.id))
    result = await bot.alice.select(message, [job.id], custom_id=menu_of(message)["custom_id"])
    assert "no longer waiting" in words(result.followups[-1])


# -- the list refreshes itself ----------------------------------------------------------------------------------------


async def look(bot: BotHarness, *, seconds: float = limits.LIST_REFRESH[0]) -> int:
    """Let so many seconds pass and the refresh look once; how many lists are kept up to date after it."""
    bot.harness.now += timedelta(seconds=seconds)
    await bot.harness.app.task_list.refresh()
    return bot.harness.app.task_list.refreshed


def edits(bot: BotHarness) -> int:
    return len([each for each in bot.env.http_requests if each.method == "PATCH"])


async def progress_to(bot: BotHarness, job: Job, percent: int) -> None:
    async with bot.harness.database.write() as connection:
        await connection.execute(update(jobs).where(jobs.c.id == job.id).values(progress=percent))


async def watched(bot: BotHarness) -> Job:
    return await bot.harness.job(bot.alice.id, JobChanges(step=Step.WATCH, submit_started_at=bot.harness.now))


async def test_the_list_follows_what_runs_until_it_has_ended(bot: BotHarness) -> None:
    job = await watched(bot)
    message = await listed(bot)
    before = edits(bot)
    assert await look(bot) == 1
    assert edits(bot) == before, "nothing has changed"
    await progress_to(bot, job, 40)
    assert await look(bot, seconds=1) == 1
    assert edits(bot) == before, "it is not due"
    assert await look(bot) == 1
    assert edits(bot) == before + 1
    over = {"step": Step.DONE, "outcome": Outcome.SUCCEEDED, "finished_at": bot.harness.now}
    async with bot.harness.database.write() as connection:
        await connection.execute(update(jobs).values(over))
    assert await look(bot) == 0
    assert edits(bot) == before + 2
    assert labels(message) == ["Show the result"]


async def test_it_looks_less_often_after_a_minute(bot: BotHarness) -> None:
    await watched(bot)
    await listed(bot)
    await look(bot, seconds=61)
    reads = len(bot.env.http_requests)
    job = await bot.job_of(bot.alice)
    await progress_to(bot, job, 40)
    await look(bot, seconds=limits.LIST_REFRESH[0])
    assert len(bot.env.http_requests) == reads
    await look(bot, seconds=limits.LIST_REFRESH[1])
    assert len(bot.env.http_requests) == reads + 1


async def test_a_list_in_which_nothing_runs_is_left_alone(bot: BotHarness) -> None:
    await bot.harness.job(bot.alice.id, WAITING)
    await listed(bot)
    assert bot.harness.app.task_list.refreshed == 0


@pytest.mark.parametrize("how", ["token", "drain", "dismissed", "opened", "defect"])
async def test_a_refresh_ends(bot: BotHarness, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await watched(bot)
    message = await listed(bot)
    assert bot.harness.app.task_list.refreshed == 1
    await progress_to(bot, job, 40)
    before, edited = edits(bot), 0
    if how == "token":
        bot.harness.now += timedelta(minutes=14)
    elif how == "drain":
        bot.client.handlers.draining = True
    elif how == "dismissed":
        bot.env.inject_error("PATCH", "/webhooks/*", status=404, code=10008)
        edited = 1
    elif how == "defect":
        monkeypatch.setattr(bot.harness.owned_jobs, "overview", None)
    else:
        await bot.alice.select(message, [job.id], custom_id=menu_of(message)["custom_id"])
        edited = 1
    assert await look(bot) == 0
    assert edits(bot) == before + edited


async def test_of_two_lists_the_newer_one_is_kept_up_to_date(bot: BotHarness) -> None:
    job = await watched(bot)
    await listed(bot)
    await listed(bot)
    await progress_to(bot, job, 40)
    before = edits(bot)
    assert await look(bot) == 1
    assert edits(bot) == before + 1


async def test_only_so_many_lists_are_kept_up_to_date(bot: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LISTS_REFRESHED", 0)
    await watched(bot)
    await listed(bot)
    assert bot.harness.app.task_list.refreshed == 0


async def test_a_pause_and_the_use_of_the_day_are_said(bot: BotHarness) -> None:
    await bot.harness.job(bot.alice.id)
    await bot.harness.provider_state.pause("key", now=bot.harness.now)
    said = words(await listed(bot))
    assert "I can't start anything new right now" in said
    assert "Characters today (UTC)\n1 of 5\n" in said


async def test_the_clip_of_an_unclear_submission_cannot_be_sent_again_when_it_is_gone(bot: BotHarness) -> None:
    await bot.harness.job(bot.alice.id, unclear(bot))
    bot.harness.now += timedelta(hours=25)
    assert labels(await listed(bot)) == []


# -- answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("private", [True, False])
async def test_after_a_yes_the_job_goes_on_in_the_same_message(bot: BotHarness, private: bool) -> None:
    waiting = WAITING | JobChanges(origin=origin(bot.harness.now, private=private))
    job = await bot.harness.job(bot.alice.id, waiting)
    question = await hidden(bot, job)
    result = await bot.alice.click(question, label=yes_of(question))
    assert result.followups == []
    assert result.response is not None
    assert result.response.id == question.id
    assert words(result.response) == "One moment…"
    progress = render_progress(job, text("Making it"), 1, "en-GB").card
    assert progress is not None
    assert colour(result.response) == progress.colour.value
    job = await now_of(bot, job)
    assert (job.step, job.question) == (Step.PREPARE, None)
    assert (job.origin.message_id, job.origin.ephemeral, job.origin.private) == (question.id, True, private)
    assert job.origin.token not in {None, "first-token"}
    assert await bot.harness.consents.given(bot.alice.id)
    assert bot.harness.woken


async def test_a_public_question_of_an_earlier_version_gives_way_to_a_private_reply_also_after_a_restart(
    bot: BotHarness,
) -> None:
    job = await bot.harness.job(bot.alice.id, SAME_AGAIN)
    question = await public(bot, job, Question.SAME_AGAIN)
    await bot.restart()
    result = await bot.alice.click(question, custom_id=custom_id(question, "again"))
    (box,) = result.followups
    job = await now_of(bot, job)
    assert (job.step, job.character.another) == (Step.PREPARE, True)
    assert (job.origin.message_id, job.origin.ephemeral, job.origin.private) == (box.id, True, False)
    assert question.id not in {each.id for each in bot.channel.history()}


async def test_yes_in_the_list_opens_a_message_and_redraws_the_list(bot: BotHarness) -> None:
    job = await bot.harness.job(bot.alice.id, WAITING, name="Asked")
    message = await listed(bot)
    result = await bot.alice.click(message, label="Yes, I have permission")
    (progress,) = result.followups
    assert progress.ephemeral
    assert (await now_of(bot, job)).origin.message_id == progress.id
    assert result.response is not None
    assert result.response.id == message.id
    assert "Fetching the video" in words(result.response)
    assert labels(result.response) == ["Cancel"]


async def test_a_second_yes_finds_nothing_waiting_and_leaves_no_message_behind(bot: BotHarness) -> None:
    job = await bot.harness.job(bot.alice.id, WAITING)
    one, two = await hidden(bot, job), await hidden(bot, job)
    await bot.alice.click(one, label=yes_of(one))
    before = (await now_of(bot, job)).origin
    late = await bot.alice.click(two, label=yes_of(two))
    (said,) = late.followups
    assert said.ephemeral
    assert "no longer waiting" in words(said)
    assert (await now_of(bot, job)).origin == before


async def test_another_button_of_the_list_does_not_answer_the_question(bot: BotHarness) -> None:
    job = await bot.harness.job(bot.alice.id, WAITING)
    question = await public(bot, job, Question.SAME_AGAIN)
    result = await bot.alice.click(question, custom_id=custom_id(question, "again"))
    assert "no longer waiting" in words(result.followups[-1])
    assert (await now_of(bot, job)).step is Step.CHOOSE


# -- cancel ---------------------------------------------------------------------------------------------------------


async def test_cancel_under_the_job_says_that_nothing_was_charged(bot: BotHarness) -> None:
    job = await bot.harness.job(bot.alice.id, WAITING)
    question = await hidden(bot, job)
    result = await bot.alice.click(question, custom_id=custom_id(question, "cancel"))
    assert result.response is not None
    assert words(result.response) == "Cancelled. Nothing was charged."
    assert labels(result.response) == []
    assert (await now_of(bot, job)).outcome is Outcome.CANCELLED
    assert bot.harness.interrupted == [job.id]


async def test_cancel_in_the_list_redraws_it(bot: BotHarness) -> None:
    await bot.harness.job(bot.alice.id, name="Waiting")
    message = await listed(bot)
    result = await bot.alice.click(message, label="Cancel")
    assert result.response is not None
    assert result.response.id == message.id
    assert "Waiting · Cancelled · " in words(result.response)
    assert labels(result.response) == []
    assert "Characters today (UTC)\n0 of 5\n" in words(result.response)


async def test_it_is_too_late_to_cancel_once_it_was_submitted(bot: BotHarness) -> None:
    job = await bot.harness.job(bot.alice.id)
    message = await listed(bot)
    await bot.harness.jobs.claim("test", now=bot.harness.now, most=dict.fromkeys(Lane, 1))
    started = JobChanges(step=Step.WATCH, submit_started_at=bot.harness.now)
    await bot.harness.jobs.release(
        job.id, await lease_of(bot.harness.jobs, job.id), Transition("test", started), now=bot.harness.now
    )
    result = await bot.alice.click(message, label="Cancel")
    assert "too late to cancel" in words(result.followups[-1])
    assert (await now_of(bot, job)).outcome is None


# -- again, check, show ---------------------------------------------------------------------------------------------


async def test_send_again_submits_again_and_shows_it_where_it_was_pressed(bot: BotHarness) -> None:
    job = await bot.harness.job(bot.alice.id, unclear(bot))
    result = await bot.alice.click(await listed(bot), label="Send again")
    (progress,) = result.followups
    job = await now_of(bot, job)
    assert (job.step, job.outcome, job.submit_started_at) == (Step.SUBMIT, None, None)
    assert job.origin.message_id == progress.id


async def test_check_again_looks_once_more_also_from_the_failure_itself(bot: BotHarness) -> None:
    job = await bot.harness.job(bot.alice.id, unclear(bot) | JobChanges(task_id="task_1"))
    card = render_failure(job, "en-GB")
    await bot.env.bot.get_partial_messageable(bot.channel.id).send(**card.as_new())
    message = bot.channel.last_message
    assert message is not None
    result = await bot.alice.click(message, custom_id=custom_id(message, "recheck"))
    (box,) = result.followups
    job = await now_of(bot, job)
    assert (job.step, job.outcome, job.task_id) == (Step.WATCH, None, "task_1")
    assert (job.origin.message_id, job.origin.ephemeral) == (box.id, True)


async def test_show_brings_an_undelivered_result_to_its_owner_alone(bot: BotHarness) -> None:
    job = await bot.harness.job(bot.alice.id, ended(bot, Outcome.SUCCEEDED))
    message = await listed(bot)
    assert "I couldn't show you the result" in words(message)
    result = await bot.alice.click(message, label="Show the result")
    (place,) = result.followups
    assert place.ephemeral
    assert result.response is not None
    assert "Delivering the result" in words(result.response)
    assert labels(result.response) == []
    job = await now_of(bot, job)
    assert (job.step, job.outcome) == (Step.DELIVER, Outcome.SUCCEEDED)
    assert (job.origin.message_id, job.origin.ephemeral, job.origin.private) == (place.id, True, True)


async def test_what_no_longer_applies_leaves_no_message_behind(bot: BotHarness) -> None:
    job = await bot.harness.job(bot.alice.id, unclear(bot))
    first, second = await listed(bot), await listed(bot)
    await bot.alice.click(first, label="Send again")
    late = await bot.alice.click(second, label="Send again")
    (said,) = late.followups
    assert said.ephemeral
    assert "no longer waiting" in words(said)
    assert (await now_of(bot, job)).step is Step.SUBMIT


# -- a refusal leaves every message as it was -------------------------------------------------------------------------


async def unclear_card(bot: BotHarness, *, task_id: str | None) -> tuple[Job, discord.Message]:
    """A job that may have been charged, and the card that says so, with its one button."""
    job = await bot.harness.job(bot.alice.id, unclear(bot) | JobChanges(task_id=task_id))
    card = render_failure(job, "en-GB")
    await bot.env.bot.get_partial_messageable(bot.channel.id).send(**card.as_new())
    message = bot.channel.last_message
    assert message is not None
    return job, message


async def test_a_card_whose_button_is_refused_keeps_it(bot: BotHarness) -> None:
    action = "resend"
    job, card = await unclear_card(bot, task_id=None)
    for _ in range(4):  # as many as there may be in a day
        await bot.harness.job(bot.alice.id)
    requests = len(bot.env.http_requests)
    result = await bot.alice.click(card, custom_id=custom_id(card, action))
    (said,) = result.followups
    assert said.ephemeral
    assert "used up your 5 characters for today" in words(said)
    assert [each.method for each in bot.env.http_requests[requests:]] == ["POST", "POST"], "nothing was edited"
    assert (await now_of(bot, job)).outcome is Outcome.UNKNOWN
    for waiting in (await bot.harness.job_service.overview(bot.alice.id)).unfinished:
        await bot.harness.job_service.cancel(bot.alice.id, waiting.id)
    await bot.alice.click(card, custom_id=custom_id(card, action))
    assert (await now_of(bot, job)).outcome is None


async def test_check_again_waits_for_nothing_and_send_again_for_its_turn(bot: BotHarness) -> None:
    """What may have been paid for is never behind what was not."""
    paid, card = await unclear_card(bot, task_id="task_1")
    again, other_card = await unclear_card(bot, task_id=None)
    for _ in range(2):  # as many as are worked on at once
        await bot.harness.job(bot.alice.id)
    await bot.alice.click(card, custom_id=custom_id(card, "recheck"))
    assert (await now_of(bot, paid)).next_attempt_at is not None
    await bot.alice.click(other_card, custom_id=custom_id(other_card, "resend"))
    job = await now_of(bot, again)
    assert (job.step, job.is_queued, job.next_attempt_at) == (Step.SUBMIT, True, None)


@pytest.mark.parametrize(
    "label", ["Send again", "Yes, I have permission", "Pick seconds", "Show the result", "Check again"]
)
async def test_a_refused_press_in_the_list_posts_and_changes_nothing(bot: BotHarness, label: str) -> None:
    changes = {
        "Send again": unclear(bot),
        "Check again": unclear(bot) | JobChanges(task_id="task_1"),
        "Yes, I have permission": WAITING,
        "Pick seconds": JobChanges(step=Step.CHOOSE, question=Question.SECONDS),
        "Show the result": ended(bot, Outcome.SUCCEEDED),
    }[label]
    await bot.harness.job(bot.alice.id, changes)
    message = await listed(bot)
    async with bot.harness.database.write() as connection:  # it is past that by now
        await connection.execute(update(jobs).values(step=Step.WATCH, outcome=None, question=None))
    requests = len(bot.env.http_requests)
    result = await bot.alice.click(message, label=label)
    (said,) = result.followups
    assert said.ephemeral
    assert "no longer waiting" in words(said)
    assert [each.method for each in bot.env.http_requests[requests:]] == ["POST", "POST"], "the answer and the refusal"


async def test_the_picker_that_a_refused_form_came_from_stays(bot: BotHarness) -> None:
    job = await bot.harness.job(bot.alice.id, SAME_AGAIN)
    question = await hidden(bot, job)
    await bot.harness.job_service.cancel(bot.alice.id, job.id)
    requests = len(bot.env.http_requests)
    result = await bot.alice.click(question, label=yes_of(question))
    assert "no longer waiting" in words(result.followups[-1])
    assert [each.method for each in bot.env.http_requests[requests:]] == ["POST", "POST"]


# -- what is shown first ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_list", [True, False])
async def test_the_job_is_held_until_the_press_is_shown(
    bot: BotHarness, in_list: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the job says in its message may not be overwritten by "on it"."""
    sent: list[str] = []
    real = bot.harness.app.runner.hold

    @contextmanager
    def hold(job_id: str) -> Iterator[None]:
        before = len(bot.env.http_requests)
        with real(job_id):
            yield
        sent.extend(each.method for each in bot.env.http_requests[before:])
        sent.append("released")

    monkeypatch.setattr(bot.harness.app.runner, "hold", hold)
    job = await bot.harness.job(bot.alice.id, WAITING)
    question = await listed(bot) if in_list else await hidden(bot, job)
    await bot.alice.click(question, label="Yes, I have permission" if in_list else yes_of(question))
    assert sent == (["POST", "released"] if in_list else ["PATCH", "released"])


@pytest.mark.parametrize("in_list", [True, False])
async def test_a_press_that_cannot_be_shown_is_carried_out_all_the_same(bot: BotHarness, in_list: bool) -> None:
    job = await bot.harness.job(bot.alice.id, WAITING)
    question = await listed(bot) if in_list else await hidden(bot, job)
    bot.env.inject_error("POST" if in_list else "PATCH", "/webhooks/*", status=404, code=10008)
    await bot.alice.click(question, label="Yes, I have permission" if in_list else yes_of(question))
    job = await now_of(bot, job)
    assert (job.step, job.question) == (Step.PREPARE, None)
    assert job.origin.message_id == question.id


# -- strangers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["again", "cancel"])
async def test_a_strangers_press_does_nothing(bot: BotHarness, action: str) -> None:
    job = await bot.harness.job(bot.alice.id, SAME_AGAIN)
    question = await public(bot, job, Question.SAME_AGAIN)
    result = await bot.bob.click(question, custom_id=custom_id(question, action))
    assert "These buttons are for the person who started this" in refusal(result)
    assert (await now_of(bot, job)).step is Step.CHOOSE


async def test_a_button_that_names_somebody_elses_job_does_nothing(bot: BotHarness) -> None:
    job = await bot.harness.job(bot.alice.id, WAITING)
    forged = [
        kind(job.id, bot.bob.id, f"{kind.__name__} {in_list}", in_list=in_list)
        for in_list in (False, True)
        for kind in (GiveConsent, MakeAnother, CancelJob, SendAgain, CheckAgain, ShowResult)
    ]
    await bot.env.bot.get_partial_messageable(bot.channel.id).send("here", view=view(*forged))
    message = bot.channel.last_message
    assert message is not None
    for each in forged:
        result = await bot.bob.click(message, label=each.item.label)
        (said,) = result.followups
        assert said.ephemeral, each.item.label
        assert "no longer waiting" in words(said), each.item.label
    assert await now_of(bot, job) == job
    assert not await bot.harness.consents.given(bot.bob.id)


# -- messages as the courier makes them -----------------------------------------------------------------------------


async def hidden(bot: BotHarness, job: Job) -> ResponseMessage:
    """The question as its owner alone sees it: an answer to some command of theirs, made into the question."""
    result: InteractionResult = await bot.alice.slash(bot.channel, "about")
    assert result.response is not None
    view = render_question(job, job.question or Question.CONSENT, "en-GB").view()
    assert view is not None
    application = bot.env.bot.application_id
    token = result._interaction.token
    await bot.env.bot.http.request(
        discord.http.Route("PATCH", f"/webhooks/{application}/{token}/messages/@original"),
        json={"flags": 1 << 15, "content": None, "embeds": [], "components": view.to_components()},
    )
    return result.response


def custom_id(message: ResponseMessage | discord.Message, action: str) -> str:
    ids: list[str] = [part["custom_id"] for part in parts(message) if "custom_id" in part]
    (found,) = [each for each in ids if f":{action}:" in each]
    return found


def yes_of(message: ResponseMessage) -> str:
    """The label of the first button: the answer that goes on."""
    return labels(message)[0]
