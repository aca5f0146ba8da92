"""Each way to an owner over real HTTP, each refusal, and never a second message where that can be known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest

from bot import metrics
from bot.chat.courier import DiscordCourier
from bot.chat.operator_alarms import OperatorAlarms
from bot.jobs.ports import DiscordUnavailable
from bot.store.database import Database
from bot.store.files import FileStore
from bot.store.told_alarms import ToldAlarmStore
from bot.texts import text
from bot.values.job import DeliveryRoute, Outcome
from tests.catalogues import write_catalogue
from tests.chat.deliveries import Row, a_row, announced, deliver, text_of
from tests.chat.one_channel import (
    CHANNEL,
    CHANNEL_HISTORY,
    DELETE,
    DM,
    DM_HISTORY,
    EDIT,
    EDIT_PUBLIC,
    FOLLOWUP,
    OPEN_DM,
    REMOVE,
    STRANGER,
    OneChannel,
)
from tests.chat.samples import OWNER_ID, PICTURE, Now, a_character, a_failed_job, a_job, asked_at


def failed(row: Row) -> Row:
    row.job = replace(row.job, outcome=Outcome.FAILED, failure=text("It was silent. Nothing was charged."))
    return row


def undecidable() -> float:
    return metrics.DELIVERIES_UNDECIDABLE._value.get()


# -- a public result --------------------------------------------------------------------------------------------------


async def test_a_result_is_a_new_message_that_calls_its_owner_alone(
    courier: DiscordCourier, row: Row, loopback: OneChannel, files: FileStore
) -> None:
    picture = await files.put_bytes(OWNER_ID, PICTURE, "image/png")
    assert await deliver(courier, row, a_character(picture=picture))
    (sent,) = loopback.in_channel
    assert sent.text.startswith(f"<@{OWNER_ID}> ")
    payload = loopback.last(CHANNEL).payload
    assert payload["allowed_mentions"] == {"parse": [], "users": [OWNER_ID]}
    assert (payload["nonce"], payload["enforce_nonce"]) == (row.job.id, True)
    assert sent.pinged == {OWNER_ID}
    assert sent.picture() == PICTURE
    assert f"Job {row.job.id}" in sent.footers
    assert "task_01ABC" in text_of(sent)
    assert "ada.tall" not in text_of(sent), "public: the @username is nobody's business"
    assert sent.labels == ["Use in a video", "Edit…", "Delete"]
    assert loopback.calls == [CHANNEL, REMOVE], "it takes the place of the progress"
    assert row.paths == [DeliveryRoute.CHANNEL]
    assert row.calls_before[0] == 0
    assert row.job.deliveries[-1].message_id == sent.id


async def test_right_after_a_click_the_public_message_is_edited(
    courier: DiscordCourier, row: Row, loopback: OneChannel, now: Now
) -> None:
    row.job = replace(row.job, origin=replace(row.job.origin, token_at=now()))
    now.pass_by(seconds=9)
    assert await deliver(courier, row)
    (shown,) = loopback.in_channel
    assert "task_01ABC" in text_of(shown)
    assert shown.content == ""
    assert loopback.calls == [EDIT_PUBLIC]


async def test_a_result_before_its_progress_was_shown_takes_the_private_reply_away(
    courier: DiscordCourier, loopback: OneChannel, now: Now
) -> None:
    row = a_row(loopback, now)
    row.job = replace(row.job, origin=replace(row.job.origin, token_at=now()))
    assert await deliver(courier, row)
    (sent,) = loopback.in_channel
    assert "task_01ABC" in text_of(sent)
    assert not sent.content, "its owner clicked a moment ago"
    assert loopback.calls == [CHANNEL, DELETE]


async def test_progress_that_is_gone_already_is_no_trouble(
    courier: DiscordCourier, row: Row, loopback: OneChannel
) -> None:
    loopback.in_channel[0].delete()
    assert await deliver(courier, row)
    assert len(loopback.in_channel) == 1


async def test_where_the_progress_cannot_be_taken_away_now_it_is_later_and_the_result_comes_once(
    courier: DiscordCourier, row: Row, loopback: OneChannel, now: Now
) -> None:
    loopback.fail(REMOVE, 429)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    now.pass_by(minutes=10)
    assert await deliver(courier, row)
    assert loopback.calls == [CHANNEL, REMOVE, REMOVE]
    assert len(loopback.in_channel) == 1


@pytest.mark.parametrize("without", [{"bot_is_member": False}, {"bot_may_write": False}])
async def test_where_the_bot_may_not_write_the_result_is_a_public_follow_up(
    courier: DiscordCourier, loopback: OneChannel, now: Now, without: dict[str, Any]
) -> None:
    row = a_row(loopback, now, **without)
    assert await deliver(courier, row)
    (sent,) = loopback.in_channel
    assert sent.text.startswith(f"<@{OWNER_ID}> ")
    assert sent.pinged == {OWNER_ID}
    assert not sent.ephemeral
    assert loopback.calls == [EDIT, FOLLOWUP, DELETE]


async def test_a_channel_that_closed_since_leads_to_a_follow_up(
    courier: DiscordCourier, row: Row, loopback: OneChannel
) -> None:
    loopback.fail(CHANNEL, 403, 50013)
    assert await deliver(courier, row)
    assert loopback.calls == [CHANNEL, FOLLOWUP, REMOVE]
    assert row.paths == [DeliveryRoute.CHANNEL, DeliveryRoute.FOLLOW_UP]


async def test_what_may_not_be_public_anywhere_is_told_in_the_private_reply(
    courier: DiscordCourier, loopback: OneChannel, now: Now
) -> None:
    row = a_row(loopback, now)
    loopback.fail(CHANNEL, 400, 200000)
    loopback.fail(FOLLOWUP, 400, 200000)
    assert await deliver(courier, row)
    assert loopback.calls == [CHANNEL, EDIT, FOLLOWUP, EDIT]
    assert "task_01ABC" in text_of(loopback.original)


@pytest.mark.parametrize(
    ("status", "code"), [(403, 50001), (403, 50013), (404, 10003), (400, 200000), (400, 50035), (401, 0)]
)
async def test_late_a_closed_channel_leads_to_the_dm(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel, status: int, code: int
) -> None:
    loopback.fail(CHANNEL, status, code)
    assert await deliver(courier, late_row)
    assert loopback.calls == [CHANNEL, OPEN_DM, DM, REMOVE]
    assert late_row.paths == [DeliveryRoute.CHANNEL, DeliveryRoute.DM]


# -- a private result -------------------------------------------------------------------------------------------------


async def test_a_private_result_is_a_new_message_for_its_owner_alone(
    courier: DiscordCourier, private_row: Row, loopback: OneChannel
) -> None:
    assert await deliver(courier, private_row)
    (sent,) = loopback.in_channel
    assert sent.ephemeral
    assert sent.text.startswith(f"<@{OWNER_ID}> ")
    assert loopback.calls == [EDIT, FOLLOWUP, DELETE]
    assert private_row.job.deliveries[-1].message_id == sent.id


async def test_right_after_a_click_the_private_reply_becomes_the_result(
    courier: DiscordCourier, private_row: Row, loopback: OneChannel, now: Now
) -> None:
    private_row.job = replace(private_row.job, origin=replace(private_row.job.origin, token_at=now()))
    assert await deliver(courier, private_row)
    assert "task_01ABC" in text_of(loopback.original)
    assert loopback.calls == [EDIT]


async def test_known_message_is_edited_by_its_id(courier: DiscordCourier, loopback: OneChannel, now: Now) -> None:
    message = loopback.asked()
    row = Row(a_job(asked_at(now(), message_id=message.id, private=True)), loopback)
    assert await deliver(courier, row)
    assert loopback.last(EDIT).path.endswith(f"/messages/{message.id}")
    assert "task_01ABC" in text_of(message)


async def test_a_private_follow_up_that_is_refused_becomes_an_edit(
    courier: DiscordCourier, private_row: Row, loopback: OneChannel
) -> None:
    loopback.fail(FOLLOWUP, 400, 30046)
    assert await deliver(courier, private_row)
    assert loopback.calls == [EDIT, FOLLOWUP, EDIT]


@pytest.mark.parametrize("late", [{"private": True}, {"private": True, "bot_is_member": False}, {"guild_id": None}])
async def test_late_what_is_not_public_goes_to_the_dm(
    courier: DiscordCourier, loopback: OneChannel, now: Now, late: dict[str, Any]
) -> None:
    row = Row(a_job(asked_at(now(), token=None, **late)), loopback)
    assert await deliver(courier, row)
    assert loopback.calls == [OPEN_DM, DM]
    payload = loopback.last(DM).payload
    assert payload["allowed_mentions"] == {"parse": []}
    assert payload["nonce"] == row.job.id
    assert row.job.deliveries[0].channel_id == loopback.dm.id


@pytest.mark.parametrize(("status", "code"), [(403, 50007), (400, 50278), (403, 50278)])
async def test_closed_dm_keeps_it_for_tasks(
    courier: DiscordCourier, loopback: OneChannel, now: Now, status: int, code: int
) -> None:
    row = Row(a_job(asked_at(now(), token=None, private=True)), loopback)
    loopback.fail(DM, status, code)
    assert not await deliver(courier, row)


# -- a failure --------------------------------------------------------------------------------------------------------


async def test_a_failure_before_anything_was_public_is_told_in_the_private_reply(
    courier: DiscordCourier, loopback: OneChannel, now: Now
) -> None:
    assert await deliver(courier, failed(a_row(loopback, now)))
    assert "It was silent. Nothing was charged." in text_of(loopback.original)
    assert loopback.calls == [EDIT]


async def test_a_later_failure_takes_the_public_message_away_and_is_told_to_the_owner_alone(
    courier: DiscordCourier, row: Row, loopback: OneChannel
) -> None:
    assert await deliver(courier, failed(row))
    (sent,) = loopback.in_channel
    assert sent.ephemeral
    assert "It was silent. Nothing was charged." in text_of(sent)
    assert loopback.calls == [REMOVE, FOLLOWUP]


async def test_a_late_failure_is_a_direct_message_and_never_in_the_channel(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel
) -> None:
    assert await deliver(courier, failed(late_row))
    assert loopback.calls == [REMOVE, OPEN_DM, DM]
    assert loopback.in_channel == []


async def test_where_the_private_reply_was_dismissed_a_failure_is_a_new_one(
    courier: DiscordCourier, loopback: OneChannel, now: Now
) -> None:
    row = failed(a_row(loopback, now))
    loopback.original.delete()
    assert await deliver(courier, row)
    assert loopback.calls[:2] == [EDIT, FOLLOWUP]
    assert "It was silent" in text_of(loopback.in_channel[0])


# -- trouble: later, by the same way ----------------------------------------------------------------------------------

TROUBLE = pytest.mark.parametrize(
    ("how", "wait"),
    [
        ({"status": 503}, None),
        ({"reset": True}, None),
        ({"status": 429, "headers": {"Retry-After": "7.5"}}, 7.5),
        ({"status": 429, "headers": {"Retry-After": "soon"}}, None),
        ({"status": 400, "code": 40003}, None),
    ],
)


@pytest.mark.parametrize("kind", [EDIT, CHANNEL, DM, OPEN_DM, FOLLOWUP])
@TROUBLE
async def test_trouble_is_for_later(
    courier: DiscordCourier, loopback: OneChannel, now: Now, monkeypatch: pytest.MonkeyPatch,
    kind: str, how: dict[str, Any], wait: float | None,
) -> None:  # fmt: skip
    monkeypatch.setattr(
        "bot.limits.MESSAGE_PATIENCE", 0.5
    )  # discord.py repeats an edit after a 503 by itself, for 25 s
    row = a_row(loopback, now, private=kind != CHANNEL)
    if kind == EDIT:
        failed(row)
    if kind in (DM, OPEN_DM):
        now.pass_by(minutes=14)
    loopback.fail(kind, times=5, **how)
    with pytest.raises(DiscordUnavailable) as trouble:
        await deliver(courier, row)
    assert trouble.value.retry_after == wait
    assert loopback.calls[-1] == kind


async def test_closed_client_is_trouble(
    courier: DiscordCourier, row: Row, client: discord.Client, loopback: OneChannel
) -> None:
    await client.close()
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    assert loopback.calls == []


@pytest.mark.usefixtures("alarms_open")
async def test_no_call_before_the_login(
    files: FileStore, row: Row, loopback: OneChannel, now: Now, alarms_kept: Database
) -> None:
    strangers = discord.Client(intents=discord.Intents.none())
    alarms = OperatorAlarms(strangers, [501], now, ToldAlarmStore(alarms_kept))
    courier = DiscordCourier(strangers, files, clock=now, alarms=alarms)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    await courier.tell_operators(text("Submissions are paused."))
    assert loopback.calls == []


async def test_own_rate_limit_names_its_time(
    courier: DiscordCourier, row: Row, client: discord.Client, loopback: OneChannel
) -> None:
    client.http.max_ratelimit_timeout = 30.0
    loopback.fail(CHANNEL, 429, headers={"Via": "1.1 loopback"}, retry_after=90.0)
    with pytest.raises(DiscordUnavailable) as trouble:
        await deliver(courier, row)
    assert trouble.value.retry_after == 90.0


@pytest.mark.parametrize(
    ("status", "code"), [(401, 50027), (404, 10008), (404, 10015), (404, 10062), (404, 10003), (403, 50001)]
)
async def test_a_token_that_died_early_leads_to_the_dm(
    courier: DiscordCourier, private_row: Row, loopback: OneChannel, status: int, code: int
) -> None:
    loopback.fail(FOLLOWUP, status, code, times=9)
    loopback.fail(EDIT, status, code, times=9)
    assert await deliver(courier, private_row)
    assert DM in loopback.calls


async def test_old_token_is_never_called(courier: DiscordCourier, late_row: Row, loopback: OneChannel) -> None:
    assert await deliver(courier, late_row)
    assert loopback.calls == [CHANNEL, REMOVE]


# -- the picture ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "code"), [(400, 40005), (413, 0)])
@pytest.mark.parametrize("kind", [FOLLOWUP, CHANNEL])
async def test_picture_too_large_is_left_out(
    courier: DiscordCourier, loopback: OneChannel, files: FileStore, now: Now, kind: str, status: int, code: int
) -> None:
    picture = await files.put_bytes(OWNER_ID, PICTURE, "image/png")
    row = a_row(loopback, now, private=kind == FOLLOWUP)
    loopback.fail(kind, status, code)
    assert await deliver(courier, row, a_character(picture=picture))
    assert loopback.calls.count(kind) == 2
    (shown,) = loopback.in_channel
    assert shown.files == []
    assert "/character show" in text_of(shown)


async def test_missing_picture_file_does_not_stop_the_result(
    courier: DiscordCourier, row: Row, loopback: OneChannel, files: FileStore
) -> None:
    picture = await files.put_bytes(OWNER_ID, PICTURE, "image/png")
    await files.delete(picture.key)
    assert await deliver(courier, row, a_character(picture=picture))
    (shown,) = loopback.in_channel
    assert "/character show" in text_of(shown)


# -- the same message twice -------------------------------------------------------------------------------------------


def late(loopback: OneChannel, now: Now, kind: str) -> Row:
    return Row(a_job(asked_at(now(), token=None, private=kind == DM)), loopback)


@pytest.mark.parametrize("kind", [CHANNEL, DM])
async def test_within_two_minutes_the_nonce_is_repeated(
    courier: DiscordCourier, loopback: OneChannel, now: Now, kind: str
) -> None:
    row = late(loopback, now, kind)
    loopback.fail(kind, reset=True, after=True)  # it stands there, and we were never told
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    now.pass_by(seconds=119)
    assert await deliver(courier, row)
    assert len(loopback.in_channel if kind == CHANNEL else loopback.in_dms) == 1
    assert not any(call.startswith("history") for call in loopback.calls)


@pytest.mark.parametrize("kind", [CHANNEL, DM])
async def test_later_the_history_is_asked_and_it_is_there(
    courier: DiscordCourier, loopback: OneChannel, now: Now, kind: str
) -> None:
    row = late(loopback, now, kind)
    loopback.fail(kind, reset=True, after=True)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    for _ in range(30):
        await loopback.owner.say(loopback.channel if kind == CHANNEL else loopback.dm, "chatter")
    now.pass_by(minutes=10)
    attempts = len(row.paths)
    assert await deliver(courier, row)
    assert loopback.calls[-1] == (CHANNEL_HISTORY if kind == CHANNEL else DM_HISTORY)
    assert len(row.paths) == attempts, "nothing was sent"
    standing = loopback.in_channel if kind == CHANNEL else loopback.in_dms
    assert sum(row.job.id in text_of(each) for each in standing) == 1
    assert row.job.deliveries[-1].message_id is not None


async def test_the_progress_is_not_taken_for_the_result_when_that_is_looked_for(
    courier: DiscordCourier, row: Row, loopback: OneChannel, now: Now
) -> None:
    """It names the job too once it has been edited into the result, right after a click, and is taken away."""
    (progress,) = loopback.in_channel
    progress.embeds = [{"type": "rich", "footer": {"text": f"Job {row.job.id}"}}]
    loopback.fail(CHANNEL, 503)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    now.pass_by(minutes=3)
    assert await deliver(courier, row)
    (sent,) = loopback.in_channel
    assert "task_01ABC" in text_of(sent)


async def test_later_the_history_is_asked_and_it_is_not_there(
    courier: DiscordCourier, row: Row, loopback: OneChannel, now: Now
) -> None:
    loopback.fail(CHANNEL, 503)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    copycat = {"footer": {"text": f"Job {row.job.id}"}, "title": "x", "type": "rich"}
    bot = loopback.discord.bot
    loopback.posted(f"{bot.mention}, see this", by=STRANGER, embeds=[copycat])  # the mention makes it readable
    loopback.posted("", by=bot, embeds=[{"title": "no footer", "type": "rich"}])
    now.pass_by(minutes=3)
    before = undecidable()
    assert await deliver(courier, row)
    assert loopback.calls == [CHANNEL, CHANNEL_HISTORY, CHANNEL, REMOVE]
    assert undecidable() == before


async def test_unreadable_history_sends_anyway_and_counts(
    courier: DiscordCourier, row: Row, loopback: OneChannel, now: Now
) -> None:
    loopback.fail(CHANNEL, 503)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    now.pass_by(minutes=3)
    loopback.fail(CHANNEL_HISTORY, 403, 50001)
    before = undecidable()
    assert await deliver(courier, row)
    assert loopback.calls == [CHANNEL, CHANNEL_HISTORY, CHANNEL, REMOVE]
    assert undecidable() == before + 1


async def test_empty_history_of_a_channel_not_seen_yet_tells_nothing(
    courier: DiscordCourier, row: Row, loopback: OneChannel, now: Now
) -> None:
    """Right after a start: without the permission to read it Discord answers with no messages, too."""
    loopback.fail(CHANNEL, reset=True, after=True)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    now.pass_by(minutes=3)
    loopback.channel.deny("read_message_history")
    before = undecidable()
    assert await deliver(courier, row)
    assert loopback.calls == [CHANNEL, CHANNEL_HISTORY, CHANNEL, REMOVE]
    assert undecidable() == before + 1


async def test_what_was_refused_for_certain_is_no_second_message(
    courier: DiscordCourier, row: Row, loopback: OneChannel, now: Now
) -> None:
    loopback.fail(CHANNEL, 429)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    now.pass_by(minutes=3)
    assert await deliver(courier, row)
    assert loopback.calls == [CHANNEL, CHANNEL, REMOVE], "and there is nothing to look for"


async def test_a_follow_up_of_unknown_outcome_is_not_sent_again_and_its_owner_hears_where_to_look(
    courier: DiscordCourier, private_row: Row, loopback: OneChannel
) -> None:
    """Discord has no nonce for it, and no history shows it."""
    loopback.fail(FOLLOWUP, reset=True, after=True)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, private_row)
    assert not await deliver(courier, private_row), "it waits in /tasks"
    assert loopback.calls == [EDIT, FOLLOWUP, EDIT]
    private_reply = loopback.original
    assert "“Ada” is ready" in text_of(private_reply)
    assert private_row.job.id not in text_of(private_reply)


async def test_a_follow_up_that_was_refused_for_certain_is_sent_again(
    courier: DiscordCourier, private_row: Row, loopback: OneChannel
) -> None:
    loopback.fail(FOLLOWUP, 429)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, private_row)
    assert await deliver(courier, private_row)
    assert loopback.calls == [EDIT, FOLLOWUP, EDIT, FOLLOWUP, DELETE]


async def test_a_private_answer_of_unknown_outcome_is_sent_again_late_and_counted(
    courier: DiscordCourier, private_row: Row, loopback: OneChannel, now: Now
) -> None:
    """What only its owner sees can be looked at by its token alone, and that is dead."""
    loopback.fail(FOLLOWUP, reset=True, after=True)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, private_row)
    now.pass_by(minutes=14)
    before = undecidable()
    assert await deliver(courier, private_row)
    assert loopback.calls == [EDIT, FOLLOWUP, OPEN_DM, DM]
    assert undecidable() == before + 1


async def test_channel_that_closed_after_a_lost_answer_leads_to_the_dm_and_is_counted(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel, now: Now
) -> None:
    loopback.fail(CHANNEL, reset=True, after=True)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, late_row)
    loopback.fail(CHANNEL, 403, 50001)
    before = undecidable()
    assert await deliver(courier, late_row)
    assert loopback.calls == [CHANNEL, CHANNEL, OPEN_DM, DM, REMOVE]
    assert undecidable() == before + 1


async def test_the_id_is_found_beside_letters_of_any_script(
    courier: DiscordCourier, loopback: OneChannel, now: Now, catalogues_in: Path
) -> None:
    write_catalogue(catalogues_in, "en", 'msgid "Job {id}"\nmsgstr "任务{id}。"\n')
    await test_later_the_history_is_asked_and_it_is_there(courier, loopback, now, CHANNEL)
    assert any("任务" in text_of(each) for each in loopback.in_channel)


async def test_message_of_an_earlier_end_is_not_taken_for_this_one(
    courier: DiscordCourier, loopback: OneChannel, now: Now
) -> None:
    """Unknown, told in direct messages; then "Check again", and now the result, within minutes."""
    row = Row(a_job(asked_at(now(), token=None, private=True), outcome=Outcome.UNKNOWN), loopback)
    assert await deliver(courier, row)
    now.pass_by(minutes=1)
    resumed = a_job(asked_at(now(), token=None, private=True))
    assert await deliver(courier, Row(resumed, loopback))
    assert len(loopback.in_dms) == 2


# -- jobs of earlier versions, whose first answer everybody sees ------------------------------------------------------


def old_row(loopback: OneChannel, now: Now) -> Row:
    return a_row(loopback, now, ephemeral=False)


async def test_an_old_public_answer_becomes_the_result(courier: DiscordCourier, loopback: OneChannel, now: Now) -> None:
    row = old_row(loopback, now)
    assert await deliver(courier, row)
    assert loopback.calls == [EDIT]
    assert "task_01ABC" in text_of(loopback.original)


async def test_an_old_result_comes_late_into_the_channel(
    courier: DiscordCourier, loopback: OneChannel, now: Now
) -> None:
    row = old_row(loopback, now)
    now.pass_by(minutes=14)
    assert await deliver(courier, row)
    assert loopback.calls == [CHANNEL]


async def test_an_old_failure_comes_late_by_direct_message(
    courier: DiscordCourier, loopback: OneChannel, now: Now
) -> None:
    assert await deliver(courier, Row(a_failed_job(asked_at(now(), token=None, ephemeral=False)), loopback))
    assert loopback.calls == [OPEN_DM, DM]


@pytest.mark.parametrize("arrived", [True, False])
async def test_an_old_edit_of_unknown_outcome_is_looked_for_before_the_channel_is_used(
    courier: DiscordCourier, loopback: OneChannel, now: Now, arrived: bool
) -> None:
    shown = loopback.asked(ephemeral=False)
    row = Row(a_job(asked_at(now(), ephemeral=False, message_id=shown.id)), loopback)
    loopback.fail(EDIT, reset=True, after=arrived)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    now.pass_by(minutes=14)
    before = undecidable()
    assert await deliver(courier, row)
    assert loopback.calls == [EDIT, CHANNEL_HISTORY, *([] if arrived else [CHANNEL])]
    assert undecidable() == before


# -- a progress message of which nobody was told -----------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [Outcome.SUCCEEDED, Outcome.FAILED])
async def test_a_progress_message_whose_sending_was_cut_off_is_found_and_taken_away(
    courier: DiscordCourier, loopback: OneChannel, now: Now, outcome: Outcome
) -> None:
    row = announced(a_row(loopback, now), message_id=None, box_closed=False)
    row.job = replace(row.job, outcome=outcome, failure=text("No."))
    now.pass_by(minutes=10)
    assert await deliver(courier, row)
    assert not any("-run" in text_of(message) for message in loopback.in_channel)
    assert len(loopback.in_channel) == 1
