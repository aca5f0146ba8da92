"""The courier over real HTTP: what it delivers, shows on the way, asks, and tells the operators."""

import asyncio
from dataclasses import replace
from typing import Any

import discord
import pytest

from bot.chat.courier import DiscordCourier
from bot.concurrency import FairLimiter
from bot.jobs.ports import DiscordUnavailable, Undeliverable
from bot.store.files import FileStore
from bot.texts import text
from bot.values.job import DeliveryRoute, Question
from tests.chat.deliveries import DM, Row, deliver, text_of
from tests.chat.samples import a_failed_job, a_job, asked_at
from tests.chat.small_discord import DM_ID, ORIGINAL_ID, OWNER_ID, LoopbackDiscord, Now

# -- what is delivered ------------------------------------------------------------------------------------------------


async def test_failure_is_delivered_as_one(courier: DiscordCourier, loopback: LoopbackDiscord, now: Now) -> None:
    loopback.new_token()
    loopback.original(attachments=[{"id": "1"}])
    assert await deliver(courier, Row(a_failed_job(asked_at(now())), loopback), None)
    shown = loopback.messages[ORIGINAL_ID]
    assert "It was silent. Nothing was charged." in text_of(shown)
    assert shown["components"] == []
    assert shown["attachments"] == []


async def test_deleted_character_is_said_to_be_gone(
    courier: DiscordCourier, row: Row, loopback: LoopbackDiscord
) -> None:
    assert await deliver(courier, row, None)
    assert "deleted it since" in text_of(loopback.messages[ORIGINAL_ID])


# -- progress ---------------------------------------------------------------------------------------------------------


async def test_progress_on_change_and_five_seconds_apart(
    courier: DiscordCourier, row: Row, loopback: LoopbackDiscord, now: Now
) -> None:
    for seconds, percent, edits in [(0, 10, 1), (4.9, 20, 1), (0.1, 20, 2), (60, 20, 2), (0, 30, 3)]:
        now.pass_by(seconds=seconds)
        await courier.progress(row.job, text("Making it"), percent)
        assert len(loopback.calls) == edits
    assert "30 %" in text_of(loopback.messages[ORIGINAL_ID])


async def test_naming_the_owner_calls_nobody(courier: DiscordCourier, row: Row, loopback: LoopbackDiscord) -> None:
    shown = loopback.messages[ORIGINAL_ID]
    await courier.progress(row.job, text("Making it"), 1)
    assert f"by <@{OWNER_ID}>" in text_of(shown)
    assert shown.pop("allowed_mentions") == {"parse": []}
    assert await deliver(courier, row)
    assert f"Saved to <@{OWNER_ID}>'s cast" in text_of(shown)
    assert shown["allowed_mentions"] == {"parse": []}


async def test_progress_stops_with_the_token(courier: DiscordCourier, late_row: Row, loopback: LoopbackDiscord) -> None:
    await courier.progress(late_row.job, text("Making it"), 1)
    assert loopback.calls == []


async def test_progress_of_a_deleted_message_is_given_up_until_asked_anew(
    courier: DiscordCourier, row: Row, loopback: LoopbackDiscord, now: Now
) -> None:
    loopback.fail("edit", 404, 10008)
    for percent in (1, 2, 3):
        await courier.progress(row.job, text("Making it"), percent)
        now.pass_by(seconds=6)
    pressed = a_job(asked_at(now()))
    loopback.new_token()
    await courier.progress(pressed, text("Making it"), 4)
    assert loopback.calls == ["edit", "edit"]
    assert "4 %" in text_of(loopback.messages[ORIGINAL_ID])


async def test_a_withdrawn_job_has_a_last_word(courier: DiscordCourier, row: Row, loopback: LoopbackDiscord) -> None:
    await courier.progress(row.job, text("Making it"), 1)
    await courier.withdraw(row.job, text("Cancelled. Nothing was charged."))
    assert "Cancelled. Nothing was charged." in text_of(loopback.messages[ORIGINAL_ID])
    assert "Making it" not in text_of(loopback.messages[ORIGINAL_ID])


@pytest.mark.parametrize("how", [{"reset": True}, {"status": 404, "code": 10008}])
async def test_withdrawing_never_raises(
    courier: DiscordCourier, row: Row, loopback: LoopbackDiscord, how: dict[str, Any]
) -> None:
    loopback.fail("edit", **how)
    await courier.withdraw(row.job, text("Cancelled."))
    await courier.withdraw(row.job, text("{missing}"))
    assert loopback.calls == ["edit"]


async def test_nothing_is_withdrawn_with_a_dead_token(
    courier: DiscordCourier, late_row: Row, loopback: LoopbackDiscord
) -> None:
    await courier.withdraw(late_row.job, text("Cancelled."))
    assert loopback.calls == []


@pytest.mark.parametrize("how", [{"reset": True}, {"status": 429}])
async def test_progress_never_raises(
    courier: DiscordCourier, row: Row, loopback: LoopbackDiscord, now: Now, how: dict[str, Any]
) -> None:
    loopback.fail("edit", **how)
    await courier.progress(row.job, text("Making it"), 1)
    now.pass_by(seconds=6)
    await courier.progress(row.job, text("Making it"), 2)
    assert loopback.calls == ["edit", "edit"]


async def test_progress_survives_a_defect_of_ours(courier: DiscordCourier, row: Row, loopback: LoopbackDiscord) -> None:
    await courier.progress(row.job, text("{missing}"), 1)
    assert loopback.calls == []


async def test_progress_of_many_jobs_costs_little(
    courier: DiscordCourier, row: Row, loopback: LoopbackDiscord, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.courier._MOST_REMEMBERED", 3)
    jobs = [a_job(row.job.origin, id=f"{number:016x}") for number in range(5)]
    for job in jobs:
        await courier.progress(job, text("Making it"), 1)
    assert list(courier._shown) == [job.id for job in jobs[-3:]]
    assert await deliver(courier, Row(jobs[-1], loopback))
    assert jobs[-1].id not in courier._shown


# -- questions --------------------------------------------------------------------------------------------------------


async def test_question_takes_the_place_of_an_ephemeral_message(
    courier: DiscordCourier, loopback: LoopbackDiscord, now: Now
) -> None:
    loopback.new_token()
    loopback.original()
    job = a_job(asked_at(now(), ephemeral=True, private=True))
    assert await courier.ask(job, Question.CONSENT, Row(job, loopback).record) == job.origin
    assert "Yes, I have permission" in text_of(loopback.messages[ORIGINAL_ID])
    assert loopback.calls == ["edit"]


@pytest.mark.parametrize("public_is_there", [True, False])
async def test_question_of_a_public_job_is_for_its_owner_alone(
    courier: DiscordCourier, row: Row, loopback: LoopbackDiscord, public_is_there: bool
) -> None:
    if not public_is_there:
        del loopback.messages[ORIGINAL_ID]
    origin = await courier.ask(row.job, Question.SAME_AGAIN, row.record)
    assert ORIGINAL_ID not in loopback.messages
    (shown,) = loopback.messages.values()
    assert shown["flags"] == discord.MessageFlags(ephemeral=True).value
    assert "Make another" in text_of(shown)
    assert (origin.message_id, origin.ephemeral, origin.private) == (int(shown["id"]), True, False)


async def test_public_message_that_cannot_be_deleted_says_that_there_is_a_question(
    courier: DiscordCourier, row: Row, loopback: LoopbackDiscord
) -> None:
    loopback.fail("delete", 429)
    origin = await courier.ask(row.job, Question.SAME_AGAIN, row.record)
    assert origin.ephemeral
    assert f"There is a question first, for <@{OWNER_ID}>." in text_of(loopback.messages[ORIGINAL_ID])


@pytest.mark.parametrize("question", [Question.CONSENT, Question.SECONDS])
async def test_question_with_a_dead_token_is_a_direct_message(
    courier: DiscordCourier, late_row: Row, loopback: LoopbackDiscord, now: Now, question: Question
) -> None:
    """Before, it was shown to nobody, and the job was cancelled a day later without a word."""
    origin = await courier.ask(late_row.job, question, late_row.record, b"RIFF\0\0\0\0WEBP")
    (shown,) = loopback.standing_in(DM_ID)
    assert (origin.channel_id, origin.message_id, origin.guild_id) == (DM_ID, int(shown["id"]), None)
    assert (origin.token, origin.token_at, origin.private) == (None, now(), late_row.job.origin.private)
    assert late_row.paths == [DeliveryRoute.DM]
    assert loopback.calls == ["open_dm", DM]
    assert f":{late_row.job.id}" in text_of(shown), "its buttons"


async def test_question_that_was_sent_before_a_kill_is_not_sent_again(
    courier: DiscordCourier, late_row: Row, loopback: LoopbackDiscord, now: Now
) -> None:
    await courier.ask(late_row.job, Question.CONSENT, late_row.record)  # and then nothing of it was written down
    now.pass_by(minutes=10)
    origin = await courier.ask(late_row.job, Question.CONSENT, late_row.record)
    (shown,) = loopback.standing_in(DM_ID)
    assert origin.message_id == int(shown["id"])


async def test_question_that_changes_stays_one_direct_message(
    courier: DiscordCourier, late_row: Row, loopback: LoopbackDiscord
) -> None:
    """The filmstrip first, and once they are found, the best seconds."""
    origin = await courier.ask(late_row.job, Question.SECONDS, late_row.record, b"RIFF\0\0\0\0WEBP")
    late_row.job = replace(late_row.job, origin=origin)
    assert await courier.ask(late_row.job, Question.SECONDS, late_row.record, b"RIFF\1\0\0\0WEBP") == origin
    assert len(loopback.standing_in(DM_ID)) == 1


async def test_result_after_a_question_by_direct_message_is_a_message_of_its_own(
    courier: DiscordCourier, late_row: Row, loopback: LoopbackDiscord
) -> None:
    """Discord takes a nonce that it knows for the message that it has."""
    origin = await courier.ask(late_row.job, Question.CONSENT, late_row.record)
    late_row.job = replace(late_row.job, origin=origin)
    assert await deliver(courier, late_row)
    assert len(loopback.standing_in(DM_ID)) == 2


async def test_question_that_reaches_nobody_waits(
    courier: DiscordCourier, late_row: Row, loopback: LoopbackDiscord
) -> None:
    loopback.fail(DM, 403, 50007)
    with pytest.raises(Undeliverable):
        await courier.ask(late_row.job, Question.CONSENT, late_row.record)


async def test_expired_question_says_so_where_it_stands(
    courier: DiscordCourier, late_row: Row, row: Row, loopback: LoopbackDiscord
) -> None:
    origin = await courier.ask(late_row.job, Question.CONSENT, late_row.record)
    await courier.expire(replace(late_row.job, origin=origin))
    (shown,) = loopback.standing_in(DM_ID)
    assert "didn't answer within a day" in text_of(shown)
    calls = list(loopback.calls)
    await courier.expire(late_row.job)  # it stands where no token leads any more
    assert loopback.calls == calls


async def test_token_found_dead_is_called_once(courier: DiscordCourier, row: Row, loopback: LoopbackDiscord) -> None:
    loopback.tokens.clear()
    for _ in range(2):
        await courier.ask(row.job, Question.CONSENT, row.record)
    assert loopback.dead_token_calls == 1


# -- places -----------------------------------------------------------------------------------------------------------


async def test_a_progress_bar_never_waits_and_a_result_waits_for_its_place(
    client: discord.Client, files: FileStore, row: Row, loopback: LoopbackDiscord, now: Now
) -> None:
    sends = FairLimiter(1)
    courier = DiscordCourier(client, files, clock=now, owners=(), sends=sends)
    async with sends.place(1):
        await courier.progress(row.job, text("Making it"), 1)
        delivering = asyncio.create_task(deliver(courier, row))
        await asyncio.sleep(0.05)
        assert loopback.calls == []
    assert await delivering
    assert loopback.calls == ["edit"]


async def test_question_in_trouble_is_asked_later(courier: DiscordCourier, row: Row, loopback: LoopbackDiscord) -> None:
    loopback.fail("followup", reset=True)
    with pytest.raises(DiscordUnavailable):
        await courier.ask(row.job, Question.CONSENT, row.record)
    origin = await courier.ask(row.job, Question.CONSENT, row.record)
    assert origin.ephemeral


# -- operators --------------------------------------------------------------------------------------------------------


async def test_operators_hear_the_same_thing_once_an_hour(
    courier: DiscordCourier, loopback: LoopbackDiscord, now: Now
) -> None:
    paused = text("Submissions are paused.")
    await courier.tell_operators(paused)
    assert loopback.calls.count(DM) == 2
    now.pass_by(minutes=59)
    await courier.tell_operators(paused)
    assert loopback.calls.count(DM) == 2
    await courier.tell_operators(text("Something else."))
    assert loopback.calls.count(DM) == 4
    now.pass_by(minutes=1)
    await courier.tell_operators(paused)
    assert loopback.calls.count(DM) == 6


async def test_one_operator_out_of_reach_does_not_keep_the_other_from_hearing(
    courier: DiscordCourier, loopback: LoopbackDiscord, client: discord.Client
) -> None:
    loopback.fail(DM, 403, 50007)
    await courier.tell_operators(text("Submissions are paused."))
    assert len(loopback.standing_in(DM_ID)) == 1
    await client.close()
    await courier.tell_operators(text("And now the client is closed."))
    assert len(loopback.standing_in(DM_ID)) == 1


async def test_telling_operators_never_raises(courier: DiscordCourier, loopback: LoopbackDiscord) -> None:
    await courier.tell_operators(text("{missing}"))
    assert loopback.calls == []


async def test_operators_who_were_not_reached_are_told_the_next_time(
    courier: DiscordCourier, loopback: LoopbackDiscord
) -> None:
    paused = text("Submissions are paused.")
    loopback.fail(DM, 503, times=2)
    await courier.tell_operators(paused)
    await courier.tell_operators(paused)
    assert len(loopback.standing_in(DM_ID)) == 2


async def test_progress_at_the_same_time_is_shown_once(
    courier: DiscordCourier, row: Row, loopback: LoopbackDiscord
) -> None:
    await asyncio.gather(*(courier.progress(row.job, text("Making it"), 1) for _ in range(5)))
    assert loopback.calls == ["edit"]
