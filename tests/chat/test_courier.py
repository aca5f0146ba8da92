"""The courier over real HTTP: what it delivers, shows on the way, asks, and tells the operators."""

import asyncio
from dataclasses import replace
from typing import Any

import discord
import pytest

from bot.chat.courier import DiscordCourier
from bot.chat.operator_alarms import OperatorAlarms
from bot.concurrency import FairLimiter
from bot.jobs.ports import DiscordUnavailable, Undeliverable
from bot.store.files import FileStore
from bot.texts import text
from bot.values.job import DeliveryRoute, Question, Step
from tests.chat.deliveries import Row, a_row, deliver, text_of
from tests.chat.one_channel import (
    CHANNEL,
    CHANNEL_HISTORY,
    DELETE,
    DM,
    EDIT,
    EDIT_PUBLIC,
    OPEN_DM,
    REMOVE,
    OneChannel,
)
from tests.chat.samples import OWNER_ID, Now, a_failed_job, a_job, asked_at

# -- what is delivered ------------------------------------------------------------------------------------------------


async def test_failure_is_delivered_as_one(courier: DiscordCourier, loopback: OneChannel, now: Now) -> None:
    shown = loopback.asked()
    shown.files.append(loopback.discord.cdn.store("attachments", 1, loopback.discord.file("strip.webp", b"RIFF")))
    assert await deliver(courier, Row(a_failed_job(asked_at(now())), loopback), None)
    assert "It was silent. Nothing was charged." in text_of(shown)
    assert shown.labels == []
    assert shown.files == []


async def test_deleted_character_is_said_to_be_gone(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel
) -> None:
    assert await deliver(courier, boxed_row, None)
    assert "deleted it since" in text_of(loopback.original)


# -- progress ---------------------------------------------------------------------------------------------------------


async def test_progress_on_change_and_five_seconds_apart(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel, now: Now
) -> None:
    for seconds, percent, edits in [(0, 10, 1), (4.9, 20, 1), (0.1, 20, 2), (60, 20, 2), (0, 30, 3)]:
        now.pass_by(seconds=seconds)
        await courier.progress(boxed_row.job, text("Making it"), percent)
        assert len(loopback.calls) == edits
    assert "30%" in text_of(loopback.original)


async def test_naming_the_owner_calls_nobody(courier: DiscordCourier, row: Row, loopback: OneChannel) -> None:
    (shown,) = loopback.in_channel
    await courier.progress(row.job, text("Making it"), 1)
    assert f"by <@{OWNER_ID}>" in text_of(shown)
    assert loopback.last(EDIT_PUBLIC).payload["allowed_mentions"] == {"parse": []}
    assert shown.pinged == set()


async def test_private_progress_stops_with_the_token_and_the_public_one_goes_on(
    courier: DiscordCourier, private_row: Row, late_row: Row, loopback: OneChannel, now: Now
) -> None:
    await courier.progress(late_row.job, text("Making it"), 1)
    assert loopback.calls == [EDIT_PUBLIC]
    now.pass_by(minutes=1)
    await courier.progress(private_row.job, text("Making it"), 2)
    assert loopback.calls == [EDIT_PUBLIC]


@pytest.mark.parametrize("begun", [False, True])
async def test_progress_can_be_cancelled_until_the_submission_begins(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel, now: Now, begun: bool
) -> None:
    job = replace(boxed_row.job, step=Step.SUBMIT, outcome=None, submit_started_at=now() if begun else None)
    await courier.progress(job, text("Making it"), 1)
    assert loopback.original.labels == ([] if begun else ["Cancel"])


async def test_progress_of_a_deleted_message_is_given_up_until_asked_anew(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel, now: Now
) -> None:
    loopback.fail(EDIT, 404, 10008)
    for percent in (1, 2, 3):
        await courier.progress(boxed_row.job, text("Making it"), percent)
        now.pass_by(seconds=6)
    pressed = a_job(asked_at(now()))
    loopback.asked()
    await courier.progress(pressed, text("Making it"), 4)
    assert loopback.calls == [EDIT, EDIT]
    assert "4%" in text_of(loopback.original)


async def test_a_withdrawn_job_has_a_last_word(courier: DiscordCourier, boxed_row: Row, loopback: OneChannel) -> None:
    await courier.progress(boxed_row.job, text("Making it"), 1)
    await courier.withdraw(boxed_row.job, text("Cancelled. Nothing was charged."))
    assert "Cancelled. Nothing was charged." in text_of(loopback.original)
    assert "Making it" not in text_of(loopback.original)


@pytest.mark.parametrize("how", [{"reset": True}, {"status": 404, "code": 10008}])
async def test_withdrawing_never_raises(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel, how: dict[str, Any]
) -> None:
    loopback.fail(EDIT, **how)
    await courier.withdraw(boxed_row.job, text("Cancelled."))
    await courier.withdraw(boxed_row.job, text("{missing}"))
    assert loopback.calls == [EDIT]


async def test_with_a_dead_token_only_what_is_public_is_withdrawn(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel
) -> None:
    await courier.withdraw(late_row.job, text("This was deleted."))
    assert loopback.calls == [REMOVE]
    assert loopback.in_channel == []


@pytest.mark.parametrize("how", [{"reset": True}, {"status": 429}])
async def test_progress_never_raises(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel, now: Now, how: dict[str, Any]
) -> None:
    loopback.fail(EDIT, **how)
    await courier.progress(boxed_row.job, text("Making it"), 1)
    now.pass_by(seconds=6)
    await courier.progress(boxed_row.job, text("Making it"), 2)
    assert loopback.calls == [EDIT, EDIT]


async def test_progress_survives_a_defect_of_ours(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel
) -> None:
    await courier.progress(boxed_row.job, text("{missing}"), 1)
    assert loopback.calls == []


async def test_progress_of_many_jobs_costs_little(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.PROGRESS_REMEMBERED", 3)
    jobs = [a_job(boxed_row.job.origin, id=f"{number:016x}") for number in range(5)]
    for job in jobs:
        await courier.progress(job, text("Making it"), 1)
    assert list(courier._progress._shown) == [job.id for job in jobs[-3:]]
    assert await deliver(courier, Row(jobs[-1], loopback))
    assert jobs[-1].id not in courier._progress._shown


# -- the public message -----------------------------------------------------------------------------------------------


async def announce(courier: DiscordCourier, row: Row) -> None:
    await courier.announce(row.job, text("Making it"), 1, row.announce)


async def test_one_public_message_takes_the_place_of_the_private_reply(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel
) -> None:
    await announce(courier, boxed_row)
    await announce(courier, boxed_row)
    (shown,) = loopback.in_channel
    assert not shown.ephemeral
    assert f"by <@{OWNER_ID}>" in text_of(shown)
    assert loopback.calls == [CHANNEL, DELETE]
    assert boxed_row.calls_before[0] == 0, "the row knows of it first"
    known = boxed_row.job.announcement
    assert known is not None
    assert (known.message_id, known.box_closed) == (shown.id, True)
    assert loopback.last(CHANNEL).payload["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize(
    "place", [{"private": True}, {"bot_is_member": False}, {"bot_may_write": False}, {"guild_id": None}]
)
async def test_where_nobody_else_may_see_it_or_the_bot_may_not_write_nothing_is_announced(
    courier: DiscordCourier, loopback: OneChannel, now: Now, place: dict[str, Any]
) -> None:
    row = a_row(loopback, now, **place)
    await announce(courier, row)
    assert loopback.calls == []
    assert row.job.announcement is None


async def test_a_channel_that_refuses_it_is_asked_once_and_the_box_stays(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel
) -> None:
    loopback.fail(CHANNEL, 403, 50013)
    await announce(courier, boxed_row)
    await announce(courier, boxed_row)
    await courier.progress(boxed_row.job, text("Making it"), 1)
    assert loopback.calls == [CHANNEL, EDIT]


@pytest.mark.parametrize("minutes", [1, 10])
async def test_a_public_message_whose_sending_was_cut_off_is_found_again(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel, now: Now, minutes: int
) -> None:
    """Within two minutes by its nonce, later in the history."""
    loopback.fail(CHANNEL, reset=True, after=True)
    await announce(courier, boxed_row)
    now.pass_by(minutes=minutes)
    await announce(courier, boxed_row)
    (shown,) = loopback.in_channel
    known = boxed_row.job.announcement
    assert known is not None
    assert known.message_id == shown.id


async def test_where_nobody_can_tell_whether_it_stands_there_is_no_second_one(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel, now: Now
) -> None:
    loopback.fail(CHANNEL, 503)
    await announce(courier, boxed_row)
    loopback.channel.deny("read_message_history")
    now.pass_by(minutes=10)
    await announce(courier, boxed_row)
    await announce(courier, boxed_row)
    assert loopback.calls == [CHANNEL, CHANNEL_HISTORY]


async def test_one_that_did_not_arrive_is_sent_again(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel, now: Now
) -> None:
    loopback.fail(CHANNEL, 503)
    await announce(courier, boxed_row)
    await loopback.owner.say(loopback.channel, "chatter")  # an empty history would say nothing
    now.pass_by(minutes=10)
    await announce(courier, boxed_row)
    assert loopback.calls == [CHANNEL, CHANNEL_HISTORY, CHANNEL, DELETE]


async def test_a_box_that_could_not_be_taken_away_goes_with_the_next_look(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel
) -> None:
    loopback.fail(DELETE, 429)
    await announce(courier, boxed_row)
    await announce(courier, boxed_row)
    assert loopback.calls == [CHANNEL, DELETE, DELETE]
    assert len(loopback.in_channel) == 1


# -- questions --------------------------------------------------------------------------------------------------------


async def test_question_takes_the_place_of_an_ephemeral_message(
    courier: DiscordCourier, loopback: OneChannel, now: Now
) -> None:
    loopback.asked(ephemeral=True)
    job = a_job(asked_at(now(), ephemeral=True, private=True))
    assert await courier.ask(job, Question.CONSENT, Row(job, loopback).record) == job.origin
    assert "Yes, I have permission" in text_of(loopback.original)
    assert loopback.calls == [EDIT]


async def test_question_whose_box_was_dismissed_comes_in_a_new_one(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel
) -> None:
    loopback.original.delete()
    origin = await courier.ask(boxed_row.job, Question.SAME_AGAIN, boxed_row.record)
    (shown,) = loopback.in_channel
    assert shown.ephemeral
    assert "Make another" in shown.labels
    assert (origin.message_id, origin.ephemeral, origin.private) == (shown.id, True, False)


@pytest.mark.parametrize("public_is_there", [True, False])
async def test_question_of_a_job_of_an_earlier_version_is_for_its_owner_alone(
    courier: DiscordCourier, loopback: OneChannel, now: Now, public_is_there: bool
) -> None:
    row = a_row(loopback, now, ephemeral=False)
    if not public_is_there:
        loopback.original.delete()
    origin = await courier.ask(row.job, Question.SAME_AGAIN, row.record)
    assert loopback.original.deleted
    (shown,) = loopback.in_channel
    assert shown.ephemeral
    assert "Make another" in shown.labels
    assert (origin.message_id, origin.ephemeral, origin.private) == (shown.id, True, False)


async def test_public_message_that_cannot_be_deleted_says_that_there_is_a_question(
    courier: DiscordCourier, loopback: OneChannel, now: Now
) -> None:
    row = a_row(loopback, now, ephemeral=False)
    loopback.fail(DELETE, 429)
    origin = await courier.ask(row.job, Question.SAME_AGAIN, row.record)
    assert origin.ephemeral
    assert f"I have a question for <@{OWNER_ID}> first." in text_of(loopback.original)


@pytest.mark.parametrize("question", [Question.CONSENT, Question.SECONDS])
async def test_question_with_a_dead_token_is_a_direct_message(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel, now: Now, question: Question
) -> None:
    """Before, it was shown to nobody, and the job was cancelled a day later without a word."""
    origin = await courier.ask(late_row.job, question, late_row.record, b"RIFF\0\0\0\0WEBP")
    (shown,) = loopback.in_dms
    assert (origin.channel_id, origin.message_id, origin.guild_id) == (loopback.dm.id, shown.id, None)
    assert (origin.token, origin.token_at, origin.private) == (None, now(), late_row.job.origin.private)
    assert late_row.paths == [DeliveryRoute.DM]
    assert loopback.calls == [OPEN_DM, DM]
    assert f":{late_row.job.id}" in text_of(shown), "its buttons"


async def test_question_that_was_sent_before_a_kill_is_not_sent_again(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel, now: Now
) -> None:
    await courier.ask(late_row.job, Question.CONSENT, late_row.record)  # and then nothing of it was written down
    now.pass_by(minutes=10)
    origin = await courier.ask(late_row.job, Question.CONSENT, late_row.record)
    (shown,) = loopback.in_dms
    assert origin.message_id == shown.id


async def test_question_that_changes_stays_one_direct_message(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel
) -> None:
    """The filmstrip first, and once they are found, the best seconds."""
    origin = await courier.ask(late_row.job, Question.SECONDS, late_row.record, b"RIFF\0\0\0\0WEBP")
    late_row.job = replace(late_row.job, origin=origin)
    assert await courier.ask(late_row.job, Question.SECONDS, late_row.record, b"RIFF\1\0\0\0WEBP") == origin
    assert len(loopback.in_dms) == 1


async def test_result_after_a_question_by_direct_message_is_a_message_of_its_own(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel
) -> None:
    """Discord takes a nonce that it knows for the message that it has."""
    origin = await courier.ask(late_row.job, Question.CONSENT, late_row.record)
    late_row.job = replace(late_row.job, origin=origin)
    assert await deliver(courier, late_row)
    assert len(loopback.in_dms) == 2


async def test_question_that_reaches_nobody_waits(courier: DiscordCourier, late_row: Row, loopback: OneChannel) -> None:
    loopback.fail(DM, 403, 50007)
    with pytest.raises(Undeliverable):
        await courier.ask(late_row.job, Question.CONSENT, late_row.record)


async def test_expired_question_says_so_where_it_stands(
    courier: DiscordCourier, late_row: Row, boxed_row: Row, loopback: OneChannel
) -> None:
    origin = await courier.ask(late_row.job, Question.CONSENT, late_row.record)
    await courier.expire(replace(late_row.job, origin=origin))
    (shown,) = loopback.in_dms
    assert "didn't answer within a day" in text_of(shown)
    calls = list(loopback.calls)
    await courier.expire(late_row.job)  # it stands where no token leads any more
    assert loopback.calls == calls


async def test_token_found_dead_is_called_once(courier: DiscordCourier, boxed_row: Row, loopback: OneChannel) -> None:
    loopback.discord.interactions.clear()
    for _ in range(2):
        await courier.ask(boxed_row.job, Question.CONSENT, boxed_row.record)
    assert len(loopback.answered(10015)) == 1


# -- places -----------------------------------------------------------------------------------------------------------


async def test_a_progress_bar_never_waits_and_a_result_waits_for_its_place(
    client: discord.Client,
    files: FileStore,
    boxed_row: Row,
    loopback: OneChannel,
    now: Now,
    alarms: OperatorAlarms,
) -> None:
    sends = FairLimiter(1)
    courier = DiscordCourier(client, files, clock=now, alarms=alarms, sends=sends)
    async with sends.place(1):
        await courier.progress(boxed_row.job, text("Making it"), 1)
        delivering = asyncio.create_task(deliver(courier, boxed_row))
        await asyncio.sleep(0.05)
        assert loopback.calls == []
    assert await delivering
    assert loopback.calls == [CHANNEL, DELETE]


async def test_question_in_trouble_is_asked_later(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel
) -> None:
    loopback.fail(EDIT, reset=True)
    with pytest.raises(DiscordUnavailable):
        await courier.ask(boxed_row.job, Question.CONSENT, boxed_row.record)
    origin = await courier.ask(boxed_row.job, Question.CONSENT, boxed_row.record)
    assert origin.ephemeral


# -- operators --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("alarms_open")
async def test_operators_hear_the_same_thing_once_an_hour(
    courier: DiscordCourier, loopback: OneChannel, now: Now
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


@pytest.mark.usefixtures("alarms_open")
async def test_one_operator_out_of_reach_does_not_keep_the_other_from_hearing(
    courier: DiscordCourier, loopback: OneChannel, client: discord.Client
) -> None:
    loopback.fail(DM, 403, 50007)
    await courier.tell_operators(text("Submissions are paused."))
    assert len(loopback.in_dms) == 1
    await client.close()
    await courier.tell_operators(text("And now the client is closed."))
    assert len(loopback.in_dms) == 1


async def test_operators_are_told_where_that_cannot_be_written_down(
    courier: DiscordCourier, loopback: OneChannel
) -> None:
    await courier.tell_operators(text("Submissions are paused."))  # nobody has opened the database
    assert len(loopback.in_dms) == 2


async def test_telling_operators_never_raises(courier: DiscordCourier, loopback: OneChannel) -> None:
    await courier.tell_operators(text("{missing}"))
    assert loopback.calls == []


@pytest.mark.usefixtures("alarms_open")
async def test_operators_who_were_not_reached_are_told_the_next_time(
    courier: DiscordCourier, loopback: OneChannel
) -> None:
    paused = text("Submissions are paused.")
    loopback.fail(DM, 503, times=2)
    await courier.tell_operators(paused)
    await courier.tell_operators(paused)
    assert len(loopback.in_dms) == 2


async def test_progress_at_the_same_time_is_shown_once(
    courier: DiscordCourier, boxed_row: Row, loopback: OneChannel
) -> None:
    await asyncio.gather(*(courier.progress(boxed_row.job, text("Making it"), 1) for _ in range(5)))
    assert loopback.calls == [EDIT]
