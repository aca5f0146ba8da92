"""Each way to an owner over real HTTP, each refusal, and never a second message where that can be known."""

from dataclasses import replace
from typing import Any

import discord
import pytest

from bot import metrics
from bot.chat.courier import DiscordCourier
from bot.jobs.ports import DiscordUnavailable
from bot.store.files import FileStore
from bot.texts import text
from bot.values.job import DeliveryRoute, Outcome
from tests.chat.deliveries import Row, deliver, text_of
from tests.chat.one_channel import CHANNEL, CHANNEL_HISTORY, DM, DM_HISTORY, EDIT, OPEN_DM, STRANGER, OneChannel
from tests.chat.samples import OWNER_ID, PICTURE, Now, a_character, a_job, asked_at

# -- the original reply -----------------------------------------------------------------------------------------------


async def test_young_token_edits_the_original(
    courier: DiscordCourier, row: Row, loopback: OneChannel, files: FileStore
) -> None:
    picture = await files.put_bytes(OWNER_ID, PICTURE, "image/png")
    assert await deliver(courier, row, a_character(picture=picture))
    shown = loopback.original
    assert len(shown.files) == 1
    assert shown.picture() == PICTURE
    assert row.job.id in shown.embeds[0]["footer"]["text"]
    assert "task_01ABC" in text_of(shown)
    assert "ada.tall" not in text_of(shown)  # public: the @username is nobody's business
    assert shown.labels == ["Rename", "Delete"]
    assert row.paths == [DeliveryRoute.ORIGINAL]
    assert row.calls_before == [0]
    assert loopback.calls == [EDIT]


async def test_known_message_is_edited_by_its_id(courier: DiscordCourier, loopback: OneChannel, now: Now) -> None:
    message = loopback.asked()
    row = Row(a_job(asked_at(now(), message_id=message.id)), loopback)
    assert await deliver(courier, row)
    assert loopback.last(EDIT).path.endswith(f"/messages/{message.id}")
    assert "task_01ABC" in text_of(message)


async def test_old_token_is_never_called(courier: DiscordCourier, late_row: Row, loopback: OneChannel) -> None:
    assert await deliver(courier, late_row)
    assert loopback.calls == [CHANNEL]


async def test_wiped_token_goes_to_the_channel(courier: DiscordCourier, loopback: OneChannel, now: Now) -> None:
    assert await deliver(courier, Row(a_job(asked_at(now(), token=None)), loopback))
    assert loopback.calls == [CHANNEL]


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, 50027), (404, 10008), (404, 10015), (404, 10062), (404, 10003), (403, 50001), (403, 50013),
     (400, 200000), (400, 30046), (400, 50035), (401, 0)],
)  # fmt: skip
async def test_refused_edit_takes_the_next_way_at_once(
    courier: DiscordCourier, row: Row, loopback: OneChannel, status: int, code: int
) -> None:
    loopback.fail(EDIT, status, code)
    assert await deliver(courier, row)
    assert loopback.calls == [EDIT, CHANNEL]
    assert row.paths == [DeliveryRoute.ORIGINAL, DeliveryRoute.CHANNEL]


@pytest.mark.parametrize(("status", "code"), [(400, 40005), (413, 0)])
@pytest.mark.parametrize("kind", [EDIT, CHANNEL])
async def test_picture_too_large_is_left_out(
    courier: DiscordCourier, row: Row, loopback: OneChannel, files: FileStore, now: Now,
    kind: str, status: int, code: int,
) -> None:  # fmt: skip
    picture = await files.put_bytes(OWNER_ID, PICTURE, "image/png")
    if kind == CHANNEL:
        now.pass_by(minutes=14)
    loopback.fail(kind, status, code)
    assert await deliver(courier, row, a_character(picture=picture))
    assert loopback.calls == [kind, kind]
    shown = loopback.original if kind == EDIT else loopback.in_channel[-1]
    assert shown.files == []
    assert "/character show" in text_of(shown)


async def test_missing_picture_file_does_not_stop_the_result(
    courier: DiscordCourier, row: Row, loopback: OneChannel, files: FileStore
) -> None:
    picture = await files.put_bytes(OWNER_ID, PICTURE, "image/png")
    await files.delete(picture.key)
    assert await deliver(courier, row, a_character(picture=picture))
    assert "/character show" in text_of(loopback.original)


# -- trouble: later, by the same way ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [EDIT, CHANNEL, DM, OPEN_DM])
@pytest.mark.parametrize(
    ("how", "wait"),
    [
        ({"status": 503}, None),
        ({"reset": True}, None),
        ({"status": 429, "headers": {"Retry-After": "7.5"}}, 7.5),
        ({"status": 429, "headers": {"Retry-After": "soon"}}, None),
        ({"status": 400, "code": 40003}, None),
    ],
)
async def test_trouble_is_for_later(
    courier: DiscordCourier, row: Row, loopback: OneChannel, now: Now, monkeypatch: pytest.MonkeyPatch,
    kind: str, how: dict[str, Any], wait: float | None,
) -> None:  # fmt: skip
    monkeypatch.setattr(
        "bot.limits.MESSAGE_PATIENCE", 0.5
    )  # discord.py repeats an edit after a 503 by itself, for 25 s
    if kind != EDIT:
        now.pass_by(minutes=14)
    if kind in (DM, OPEN_DM):
        loopback.fail(CHANNEL, 403, 50001)
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


async def test_no_call_before_the_login(files: FileStore, row: Row, loopback: OneChannel, now: Now) -> None:
    strangers = discord.Client(intents=discord.Intents.none())
    with pytest.raises(DiscordUnavailable):
        await deliver(DiscordCourier(strangers, files, clock=now, owners=[]), row)
    assert loopback.calls == []


async def test_late_delivery_waits_for_the_login(
    files: FileStore, late_row: Row, loopback: OneChannel, now: Now
) -> None:
    strangers = discord.Client(intents=discord.Intents.none())
    courier = DiscordCourier(strangers, files, clock=now, owners=[501])
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, late_row)
    await courier.tell_operators(text("Submissions are paused."))
    assert loopback.calls == []


async def test_own_rate_limit_names_its_time(
    courier: DiscordCourier, late_row: Row, client: discord.Client, loopback: OneChannel
) -> None:
    client.http.max_ratelimit_timeout = 30.0
    loopback.fail(CHANNEL, 429, headers={"Via": "1.1 loopback"}, retry_after=90.0)
    with pytest.raises(DiscordUnavailable) as trouble:
        await deliver(courier, late_row)
    assert trouble.value.retry_after == 90.0


# -- the channel ------------------------------------------------------------------------------------------------------


async def test_channel_message_calls_its_owner_alone(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel
) -> None:
    assert await deliver(courier, late_row)
    sent = loopback.in_channel[-1]
    assert sent.content.startswith(f"<@{OWNER_ID}> ")
    payload = loopback.last(CHANNEL).payload
    assert payload["allowed_mentions"] == {"parse": [], "users": [OWNER_ID]}
    assert payload["nonce"] == late_row.job.id
    assert payload["enforce_nonce"] is True
    assert "task_01ABC" in text_of(sent)


@pytest.mark.parametrize("changes", [{"private": True}, {"ephemeral": True}, {"bot_is_member": False}])
async def test_what_is_not_public_goes_to_the_dm(
    courier: DiscordCourier, loopback: OneChannel, now: Now, changes: dict[str, Any]
) -> None:
    row = Row(a_job(asked_at(now(), token=None, **changes)), loopback)
    assert await deliver(courier, row)
    assert loopback.calls == [OPEN_DM, DM]
    payload = loopback.last(DM).payload
    assert payload["allowed_mentions"] == {"parse": []}
    assert payload["nonce"] == row.job.id
    assert row.job.deliveries[0].channel_id == loopback.dm.id


@pytest.mark.parametrize(
    ("status", "code"), [(403, 50001), (403, 50013), (404, 10003), (400, 200000), (400, 50035), (401, 0)]
)
async def test_closed_channel_leads_to_the_dm(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel, status: int, code: int
) -> None:
    loopback.fail(CHANNEL, status, code)
    assert await deliver(courier, late_row)
    assert loopback.calls == [CHANNEL, OPEN_DM, DM]
    assert late_row.paths == [DeliveryRoute.CHANNEL, DeliveryRoute.DM]


@pytest.mark.parametrize(("status", "code"), [(403, 50007), (400, 50278), (403, 50278)])
async def test_closed_dm_keeps_it_for_tasks(
    courier: DiscordCourier, loopback: OneChannel, now: Now, status: int, code: int
) -> None:
    row = Row(a_job(asked_at(now(), token=None, private=True)), loopback)
    loopback.fail(DM, status, code)
    assert not await deliver(courier, row)


# -- the same message twice -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [CHANNEL, DM])
async def test_within_two_minutes_the_nonce_is_repeated(
    courier: DiscordCourier, loopback: OneChannel, now: Now, kind: str
) -> None:
    row = Row(a_job(asked_at(now(), token=None, private=kind == DM)), loopback)
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
    row = Row(a_job(asked_at(now(), token=None, private=kind == DM)), loopback)
    loopback.fail(kind, reset=True, after=True)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    for _ in range(30):
        await loopback.owner.say(loopback.channel if kind == CHANNEL else loopback.dm, "chatter")
    now.pass_by(minutes=10)
    attempts = len(row.paths)
    assert await deliver(courier, row)
    assert loopback.calls[-1] == (CHANNEL_HISTORY if kind == CHANNEL else DM_HISTORY)
    assert len(row.paths) == attempts  # nothing was sent
    standing = loopback.in_channel if kind == CHANNEL else loopback.in_dms
    assert sum(row.job.id in text_of(each) for each in standing) == 1


async def test_later_the_history_is_asked_and_it_is_not_there(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel, now: Now
) -> None:
    loopback.fail(CHANNEL, 503)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, late_row)
    copycat = {"footer": {"text": f"Job {late_row.job.id}"}, "title": "x", "type": "rich"}
    bot = loopback.discord.bot
    loopback.posted(f"{bot.mention}, see this", by=STRANGER, embeds=[copycat])  # the mention makes it readable
    loopback.posted("", by=bot, embeds=[{"title": "no footer", "type": "rich"}])
    now.pass_by(minutes=3)
    before = metrics.DELIVERIES_UNDECIDABLE._value.get()
    assert await deliver(courier, late_row)
    assert loopback.calls == [CHANNEL, CHANNEL_HISTORY, CHANNEL]
    assert metrics.DELIVERIES_UNDECIDABLE._value.get() == before


async def test_unreadable_history_sends_anyway_and_counts(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel, now: Now
) -> None:
    loopback.fail(CHANNEL, 503)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, late_row)
    now.pass_by(minutes=3)
    loopback.fail(CHANNEL_HISTORY, 403, 50001)
    before = metrics.DELIVERIES_UNDECIDABLE._value.get()
    assert await deliver(courier, late_row)
    assert loopback.calls == [CHANNEL, CHANNEL_HISTORY, CHANNEL]
    assert metrics.DELIVERIES_UNDECIDABLE._value.get() == before + 1


async def test_empty_history_of_a_channel_not_seen_yet_tells_nothing(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel, now: Now
) -> None:
    """Right after a start: without the permission to read it Discord answers with no messages, too."""
    loopback.fail(CHANNEL, reset=True, after=True)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, late_row)
    now.pass_by(minutes=3)
    loopback.channel.deny("read_message_history")
    before = metrics.DELIVERIES_UNDECIDABLE._value.get()
    assert await deliver(courier, late_row)
    assert loopback.calls == [CHANNEL, CHANNEL_HISTORY, CHANNEL]
    assert metrics.DELIVERIES_UNDECIDABLE._value.get() == before + 1


async def test_message_of_an_earlier_end_is_not_taken_for_this_one(
    courier: DiscordCourier, loopback: OneChannel, now: Now
) -> None:
    """Unknown, delivered to the channel; then "Send again", and now the result."""
    row = Row(a_job(asked_at(now(), token=None), outcome=Outcome.UNKNOWN), loopback)
    assert await deliver(courier, row)
    now.pass_by(minutes=5)
    resumed = a_job(asked_at(now(), token=None), deliveries=row.job.deliveries)
    now.pass_by(minutes=20)
    assert await deliver(courier, Row(resumed, loopback))
    assert len(loopback.in_channel) == 2


@pytest.mark.parametrize("arrived", [True, False])
async def test_edit_of_unknown_outcome_is_looked_for_before_the_channel_is_used(
    courier: DiscordCourier, row: Row, loopback: OneChannel, now: Now, arrived: bool
) -> None:
    row.job = replace(row.job, origin=replace(row.job.origin, message_id=loopback.original.id))
    loopback.fail(EDIT, 429, after=arrived)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    now.pass_by(minutes=14)
    assert await deliver(courier, row)
    assert loopback.calls == [EDIT, CHANNEL_HISTORY, *([] if arrived else [CHANNEL])]


async def test_private_edit_of_unknown_outcome_is_sent_again_and_counted(
    courier: DiscordCourier, row: Row, loopback: OneChannel, now: Now
) -> None:
    """What only its owner sees can be looked at by its token alone, and that is dead."""
    row.job = replace(row.job, origin=replace(row.job.origin, private=True, ephemeral=True))
    loopback.fail(EDIT, 429, after=True)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, row)
    now.pass_by(minutes=14)
    before = metrics.DELIVERIES_UNDECIDABLE._value.get()
    assert await deliver(courier, row)
    assert loopback.calls == [EDIT, OPEN_DM, DM]
    assert metrics.DELIVERIES_UNDECIDABLE._value.get() == before + 1


async def test_channel_that_closed_after_a_lost_answer_leads_to_the_dm_and_is_counted(
    courier: DiscordCourier, late_row: Row, loopback: OneChannel, now: Now
) -> None:
    loopback.fail(CHANNEL, reset=True, after=True)
    with pytest.raises(DiscordUnavailable):
        await deliver(courier, late_row)
    loopback.fail(CHANNEL, 403, 50001)
    before = metrics.DELIVERIES_UNDECIDABLE._value.get()
    assert await deliver(courier, late_row)
    assert loopback.calls == [CHANNEL, CHANNEL, OPEN_DM, DM]
    assert metrics.DELIVERIES_UNDECIDABLE._value.get() == before + 1
