"""What Discord and its gateway may do to the bot: the whole bot over the wire. The ways of delivery: courier_paths."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot import metrics
from bot.values.job import Outcome
from tests.loopback_discord.driving import User
from tests.loopback_discord.interactions import DEFERRED_MESSAGE, MODAL, Interaction
from tests.loopback_discord.messages import Message
from tests.loopback_discord.places import Channel
from tests.wire.bot_by_hand import ByHand, bot_by_hand
from tests.wire.bot_process import BotProcess
from tests.wire.scene import PATIENCE, clip, migrated, scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON = 120.0  # seconds; a character that nothing holds up is delivered long before
LATE = 20 * 60.0  # an interaction's token lives 15 minutes
AFTER_LATE = 600.0  # by then the task is looked at only every five minutes
TOO_LATE = 4.0  # seconds after which Discord takes no first answer any more
_OURS = ("CommandTree-invoker", "discord-ui-", "discord.py: on_")


@pytest.fixture(scope="module", autouse=True)
def the_librarys_own_addresses() -> Iterator[None]:
    """discord.py keeps its addresses as class attributes: what the bot sets there is put back."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    yield
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ByHand]:
    async with bot_by_hand(tmp_path_factory.mktemp("castbook")) as bot:
        yield bot


@pytest.fixture
def show(bot: ByHand) -> Iterator[ByHand]:
    """The bot in a server of the test's own."""
    before = metrics.UNEXPECTED_ERRORS._value.get()
    yield bot.anew()
    assert metrics.UNEXPECTED_ERRORS._value.get() == before, "each fault is one that was foreseen"


@pytest.fixture
def ann(show: ByHand) -> User:
    return show.person("ann")


async def settled() -> None:
    """Wait until the bot has done all that it does at once."""
    while running := [task for task in asyncio.all_tasks() if task.get_name().startswith(_OURS)]:
        await asyncio.wait(running, timeout=PATIENCE)


def cards(channel: Channel, reader: User) -> list[Message]:
    """The delivered cards that ``reader`` sees there."""
    return [message for message in channel.visible_to(reader) if "Reusable task ID" in message.text]


# -- the gateway ----------------------------------------------------------------------------------------------------


async def test_a_gateway_that_is_down_holds_up_no_result(show: ByHand, ann: User) -> None:
    gateway = show.discord.gateway
    show.provider.hold_at(50)
    await show.handled(await show.create(ann))
    await show.passes(2)
    gateway.down = True
    try:
        gateway.drop()
        await show.discord.wait_for(lambda: not gateway.connected, PATIENCE)
        show.provider.hold_at(None)
        await show.passes(SOON)
        assert len(cards(show.channel, ann)) == 1
    finally:
        gateway.down = False
    await show.discord.wait_for(lambda: gateway.connected, PATIENCE)  # discord.py resumes at the first attempt only
    listed = await show.handled(await ann.slash(show.channel, "tasks"))
    assert "Finished" in (await listed.replied()).text


async def test_after_a_lost_session_it_identifies_anew_and_nothing_happens_twice(show: ByHand, ann: User) -> None:
    gateway, client = show.discord.gateway, show.app.client
    identifies, synced = len(gateway.identifies), len(show.discord.calls("PUT", "/commands$"))
    show.provider.hold_at(50)
    await show.handled(await show.create(ann))
    await show.passes(2)
    submitted = len(show.provider.submissions)
    ready = asyncio.Event()

    async def on_ready() -> None:  # it comes seconds after its session: an earlier one's may still be on its way
        if len(gateway.identifies) > identifies:
            ready.set()

    client.add_listener(on_ready, "on_ready")
    try:
        gateway.invalidate()
        await asyncio.wait_for(ready.wait(), PATIENCE)
    finally:
        client.remove_listener(on_ready, "on_ready")
    assert len(gateway.identifies) == identifies + 1
    assert len(show.discord.calls("PUT", "/commands$")) == synced
    show.provider.hold_at(None)
    await show.passes(SOON)
    (card,) = cards(show.channel, ann)
    assert show.channel.visible_to(ann) == [card]
    assert len(show.provider.submissions) == submitted
    form = await (await show.handled(await card.press(ann, "Name it…"))).opened()
    assert form.interaction.answer_type == MODAL
    assert len(show.discord.calls("POST", f"/interactions/{form.interaction.id}/")) == 1, "answered once"


async def test_an_event_that_ends_the_client_ends_the_process_and_the_next_one_goes_on(tmp_path: Path) -> None:
    async with (
        scene() as world,
        BotProcess(world.discord, world.provider, migrated(tmp_path), CONSENT__ASK="false") as bot,
    ):
        ann = world.person("ann")
        world.provider.hold_at(50)
        await world.create(ann)
        await world.discord.wait_for(lambda: world.tasks and world.provider.looked_at(world.tasks[0]), PATIENCE)
        world.discord.gateway.dispatch("GUILD_CREATE", {"id": "no number"}, guild_id=world.guild.id)
        assert await bot.ended() == 1
        assert "discord_client_ended" in bot.stderr
        world.provider.hold_at(None)
        await bot.start()
        card = await world.reads(ann, "Reusable task ID")
        await world.see(lambda: card if world.channel.visible_to(ann) == [card] else None)
        assert len(world.provider.submissions) == 1
        assert await bot.stop() == 0


# -- the first answer -----------------------------------------------------------------------------------------------


async def test_a_command_that_reaches_the_bot_too_late_starts_nothing(show: ByHand, ann: User) -> None:
    video = show.discord.file("clip.mp4", clip(), "video/mp4")
    submitted = len(show.provider.submissions)
    for command, options in (("character create", {"range": "1-3", "video": video}), ("tasks", {}), ("help", {})):
        origin = await ann.slash(show.channel, command, options, late=TOO_LATE)
        answer = await _refused(show, origin)
        assert answer == (404, 10062)
    await _nothing_came_of_it(show, ann, submitted)
    assert show.channel.visible_to(ann) == []


async def _nothing_came_of_it(show: ByHand, ann: User, submitted: int) -> None:
    """A job whose answer Discord did not take is cancelled: nobody has heard of it."""
    await show.passes(SOON)
    overview = await show.app.job_service.overview(ann.id)
    assert (overview.unfinished, overview.running, overview.used_today) == ((), 0, 0)
    assert [job.outcome for job in overview.finished] == [Outcome.CANCELLED]
    assert len(show.provider.submissions) == submitted


async def test_a_press_or_a_form_that_reaches_the_bot_too_late_does_nothing(show: ByHand, ann: User) -> None:
    show.provider.hold_at(50)
    await show.handled(await show.create(ann))
    await show.passes(2)
    show.provider.hold_at(None)
    await show.passes(SOON)
    (card,) = cards(show.channel, ann)
    assert await _refused(show, await ann.press(card, "Name it…", late=TOO_LATE)) == (404, 10062)
    form = await (await show.handled(await card.press(ann, "Name it…"))).opened()
    before = card.text
    assert await _refused(show, await ann.submit(form, {"Name": "Zoe"}, late=TOO_LATE)) == (404, 10062)
    assert card.text == before


@pytest.mark.parametrize(("status", "code"), [(400, 40060), (404, 10015), (401, 50027), (404, 10062)])
async def test_a_first_answer_that_is_not_taken_starts_nothing(show: ByHand, ann: User, status: int, code: int) -> None:
    submitted = len(show.provider.submissions)
    forced = show.discord.inject("POST", "/callback$", status=status, code=code)
    origin = await show.create(ann)
    await show.discord.wait_for(lambda: forced.done, PATIENCE)
    await settled()
    await _nothing_came_of_it(show, ann, submitted)
    looked = [("GET", 404)] if code == 40060 else []  # whether it was our own answer that it has already
    calls = show.discord.calls("*", origin.token)
    assert [(call.method, call.status) for call in calls] == [("POST", status), *looked], "it was not tried again"


@pytest.mark.parametrize("fault", [{"drop": True}, {"status": 502}, {"status": 504}])
async def test_an_answer_whose_receipt_is_lost_is_answered_by_the_result(
    show: ByHand, ann: User, fault: dict[str, Any]
) -> None:
    """Discord shows "is thinking": a job that was given up then would leave it there for ever."""
    forced = show.discord.inject("POST", "/callback$", processed=True, **fault)
    origin = await show.create(ann)
    await show.discord.wait_for(lambda: forced.done, PATIENCE)
    await settled()
    await show.passes(SOON)
    assert cards(show.channel, ann) == show.channel.visible_to(ann)
    assert len(cards(show.channel, ann)) == 1
    assert origin.followups == []


async def test_the_result_of_an_answer_that_discord_never_got_comes_by_the_channel(show: ByHand, ann: User) -> None:
    forced = show.discord.inject("POST", "/callback$", drop=True)
    origin = await show.create(ann)
    await show.discord.wait_for(lambda: forced.done, PATIENCE)
    await settled()
    await show.passes(SOON)
    assert origin.original is None
    assert len(cards(show.channel, ann)) == 1


async def _refused(show: ByHand, interaction: Interaction) -> tuple[int | None, int | None]:
    """How Discord answered the one first answer to it."""

    def answer() -> tuple[int | None, int | None] | None:
        calls = show.discord.calls("POST", f"^/interactions/{interaction.id}/")
        return (calls[0].status, calls[0].code) if calls and calls[0].status else None

    refused = await show.discord.wait_for(answer, PATIENCE)
    await settled()
    assert len(show.discord.calls("*", interaction.token)) == 1, "nothing else is tried with it"
    return refused


async def test_a_refused_press_leaves_the_card_and_its_button(
    show: ByHand, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(show.provider, "remembers_business_id", False)
    show.provider.drop_next("after_taken")
    await show.handled(await show.create(ann))
    await show.passes(AFTER_LATE)
    (card,) = [message for message in show.channel.visible_to(ann) if "Send again" in message.labels]
    show.provider.hold_at(50)
    allowance = show.app.job_service._allowance
    monkeypatch.setattr(allowance, "_settings", allowance._settings.model_copy(update={"waiting_per_user": 1}))
    for seconds in ("0.5-2", "0.6-2.2", "0.7-2.4"):  # as many as may run at once, and one in line
        await show.handled(await show.create(ann, range=seconds))
    before = card.text, card.labels
    pressed = await show.handled(await card.press(ann, "Send again"))
    await settled()
    (said,) = pressed.followups
    assert said.only_for is ann
    assert "You already have 3 running or waiting" in said.text
    assert (card.text, card.labels) == before
    show.provider.hold_at(None)
    await show.passes(SOON)
    await show.handled(await card.press(ann, "Send again"))
    await show.passes(SOON)
    assert card.deleted, "the result stands in public"
    assert len(cards(show.channel, ann)) == 4


# -- no way is open: it waits, and the next command says so -----------------------------------------------------------


def _server_deleted(show: ByHand, _: Interaction) -> None:
    show.guild.remove_bot()  # the event is the same one
    for channel in show.guild.channels:
        channel.delete()


def _channel_deleted(show: ByHand, _: Interaction) -> None:
    show.channel.delete()


def _message_deleted_and_shut_out(show: ByHand, origin: Interaction) -> None:
    origin.answer.delete()
    show.channel.deny("send_messages")


@pytest.mark.parametrize("event", [_server_deleted, _channel_deleted, _message_deleted_and_shut_out])
async def test_a_result_that_reaches_nobody_waits_and_the_next_command_says_so(
    show: ByHand, ann: User, event: Callable[[ByHand, Interaction], None]
) -> None:
    ann.blocks_bot = True
    show.provider.hold_at(99)
    origin = await show.handled(await show.create(ann, name="Ada"))
    await show.passes(2)
    show.discord.advance(LATE)
    event(show, origin)
    show.provider.hold_at(None)
    await show.passes(AFTER_LATE)

    elsewhere = await _another_server(show, ann)
    about = await show.handled(await ann.slash(elsewhere.channel, "about"))
    await settled()
    (hint,) = about.followups
    assert hint.only_for is ann
    assert "A result is waiting for you" in hint.text
    assert "Castbook" in about.answer.text, "the command's own answer came first"

    listed = await (await show.handled(await ann.slash(elsewhere.channel, "tasks"))).replied()
    await settled()
    assert "Ada" in listed.text
    assert "I couldn't show you the result" in listed.text
    await show.handled(await listed.press(ann, "Show the result"))
    await show.passes(1)
    (card,) = cards(elsewhere.channel, ann)
    assert card.only_for is ann
    again = await show.handled(await ann.slash(elsewhere.channel, "help"))
    await settled()
    assert again.followups == []


async def _another_server(show: ByHand, ann: User) -> ByHand:
    guild = show.discord.add_guild("elsewhere")
    guild.members.append(ann)
    return replace(show, guild=guild, channel=guild.add_channel("lobby"))


async def _left_in_tasks(show: ByHand, ann: User) -> None:
    """One result of hers that reached nobody."""
    ann.blocks_bot = True
    show.provider.hold_at(99)
    await show.handled(await show.create(ann, private=True))
    await show.passes(2)
    show.discord.advance(LATE)
    show.provider.hold_at(None)
    await show.passes(AFTER_LATE)


async def test_the_hint_never_takes_the_place_of_an_answer_that_is_still_thinking(
    show: ByHand, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.ANSWER_LOOKS", (0.05, 0.05))
    await _left_in_tasks(show, ann)
    origin = await show.handled(await show.create(ann, range="0.5-2"))
    await settled()
    assert origin.answer_type == DEFERRED_MESSAGE
    assert (origin.answer.loading, origin.followups) == (True, [])
    helped = await show.handled(await ann.slash(show.channel, "help"))
    await settled()
    assert len(helped.followups) == 1, "said at the next command"
    await show.passes(SOON)
    assert len(cards(show.channel, ann)) == 1


async def test_the_hint_comes_once_the_answer_is_there(
    show: ByHand, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.ANSWER_LOOKS", (0.1,) * 100)
    await _left_in_tasks(show, ann)
    origin = await show.handled(await show.create(ann, range="0.5-2"))
    assert origin.followups == []
    await show.passes(SOON)
    (hint,) = await show.discord.wait_for(lambda: origin.followups, PATIENCE)
    assert hint.only_for is ann
    assert len(cards(show.channel, ann)) == 1


async def test_a_form_is_not_disturbed(show: ByHand, ann: User) -> None:
    await _left_in_tasks(show, ann)
    posted = await ann.say(show.channel, "look", show.discord.file("holiday.mp4", clip(), "video/mp4"))
    opened = await show.handled(await ann.menu(posted, "Make a character"))
    await settled()
    assert opened.answer_type == MODAL
    assert opened.followups == []


# -- links to attachments -------------------------------------------------------------------------------------------


async def test_a_link_to_an_old_attachment_is_renewed_as_long_as_discord_has_the_file(show: ByHand, ann: User) -> None:
    posted = await ann.say(show.channel, "look", show.discord.file("holiday.mp4", clip(), "video/mp4"))
    kept = posted.files[0].url
    show.discord.advance(25 * 3600)
    await show.handled(await show.create(ann, video=None, link=kept))
    await show.passes(SOON)
    assert len(cards(show.channel, ann)) == 1
    (renewal,) = show.discord.calls("POST", "/attachments/refresh-urls")
    assert renewal.payload == {"attachment_urls": [kept]}

    posted.files[0].die()
    refused = await show.handled(await show.create(ann, video=None, link=kept))
    await show.passes(SOON)
    assert "Discord no longer gives me that attachment" in (await refused.replied()).text
    assert len(cards(show.channel, ann)) == 1
