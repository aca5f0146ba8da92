"""What is wanted of messages that were sent before reaches Discord, once, whatever Discord says to it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import discord
import pytest
from pydantic import SecretStr

from bot import limits
from bot.chat.character_cards import CharacterCards
from bot.chat.courier import DiscordCourier
from bot.chat.message_updates import MessageUpdates
from bot.chat.operator_alarms import OperatorAlarms
from bot.config import ToapisSettings
from bot.jobs.character_offers import CharacterOffers
from bot.jobs.face_rows import FaceRows
from bot.jobs.model_availability import ModelAvailability
from bot.jobs.ports import CharacterMade, NothingMade
from bot.media.worker import MediaWorker
from bot.provider.client import ToapisClient
from bot.store.characters import CharacterStore
from bot.store.database import Database, database_at
from bot.store.files import FileStore
from bot.store.groups import GroupStore
from bot.store.jobs import JobStore
from bot.store.new_characters import NewCharacter
from bot.store.owned_jobs import OwnedJobStore
from bot.store.privacy import PrivacyStore
from bot.store.provider_state import ProviderStateStore
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import Quota
from bot.store.sent_messages import SentMessageStore
from bot.store.told_alarms import ToldAlarmStore
from bot.values.character import Character
from bot.values.job import Job, JobChanges, Lane, Step, Transition
from bot.values.sent_message import NewMessage, SentMessage, ShownContent
from tests.chat.deliveries import Row, a_row
from tests.chat.one_channel import EDIT, EDIT_PUBLIC, REMOVE, OneChannel
from tests.chat.samples import OWNER_ID, PICTURE, Now, a_character, a_failed_job, asked_at
from tests.leases import lease_of
from tests.loopback_discord.messages import Message

GONE = "This character was deleted by its owner."


@dataclass
class Desk:
    """A courier that remembers what it sends, and what does the rest, over one database."""

    world: OneChannel
    database: Database
    client: discord.Client
    files: FileStore
    now: Now

    def __post_init__(self) -> None:
        self.messages, self.characters = SentMessageStore(self.database), CharacterStore(self.database)
        alarms = OperatorAlarms(self.client, (), self.now, ToldAlarmStore(self.database))
        self.courier = DiscordCourier(self.client, self.files, clock=self.now, alarms=alarms, record_sent=self.note)
        self.updates = self.afresh()

    def afresh(self) -> MessageUpdates:
        """As a new process has it."""
        return MessageUpdates(
            self.client,
            self.messages,
            cards=self.cards(),
            characters=self.characters,
            jobs=OwnedJobStore(self.database),
            files=self.files,
            clock=self.now,
            random=Random(1),
        )

    def cards(self) -> CharacterCards:
        settings = ToapisSettings(api_key=SecretStr("sk-unused"))
        provider = ToapisClient(settings, clock=self.now)
        state = ProviderStateStore(self.database)
        models = ModelAvailability(state, provider, self.now, models=settings.models, default=settings.default_model)
        rows = FaceRows(files=self.files, media=MediaWorker())
        return CharacterCards(self.characters, GroupStore(self.database), rows, CharacterOffers(models, {}))

    async def note(self, message: NewMessage) -> None:
        await self.messages.note(message, now=self.now())

    async def delivered(self, *, name: str = "Ada", **origin: Any) -> Character:
        """A character whose card was delivered a minute after it was asked for."""
        row = a_row(self.world, self.now, **origin)
        row.job, character = await self._made(row.job, name)
        assert await self.courier.deliver(row.job, CharacterMade(character), row.record)
        return character

    async def _made(self, job: Job, name: str) -> tuple[Job, Character]:
        jobs = JobStore(self.database)
        due = self.now()
        await jobs.add(_as(job, Step.PREPARE), Quota())
        await jobs.claim("test", now=due, most=dict.fromkeys(Lane, 9))
        usual = a_character()
        new = NewCharacter(
            owner_id=OWNER_ID,
            name=name,
            display_name=usual.display_name,
            username=usual.username,
            provider_id=usual.provider_id,
            task_id=usual.task_id,
            model=usual.model,
            range=usual.range,
            picture=await self.files.put_bytes(OWNER_ID, PICTURE, "image/png"),
        )
        done = JobChanges(step=Step.DONE, outcome=job.outcome, next_attempt_at=None)
        made, character = await self.characters.add_for_job(
            job.id, await lease_of(jobs, job.id), new, lambda _: Transition("test", done), now=due
        )
        return made, character

    async def rename(self, character: Character, name: str) -> None:
        assert await self.characters.rename(OWNER_ID, character.id, name) is not None

    async def delete(self, character: Character) -> None:
        assert await self.characters.delete(OWNER_ID, character.id) is not None

    async def erase(self, *, remove: bool = True) -> None:
        people = Pseudonyms(self.database)
        await people.load()
        await PrivacyStore(self.database, people).erase(OWNER_ID, now=self.now(), remove_messages=remove)

    async def left(self) -> int:
        """How many rows there are of which something is wanted, now or later."""
        return len(await self.messages.due(self.now() + timedelta(days=999), 100))


def _as(job: Job, step: Step) -> Job:
    return replace(job, step=step, outcome=None, next_attempt_at=job.created_at)


@pytest.fixture
async def desk(
    loopback: OneChannel, client: discord.Client, files: FileStore, now: Now, tmp_path: Path, migrated: Path
) -> AsyncIterator[Desk]:
    shutil.copy(migrated, tmp_path / "messages.db")
    database = database_at(f"sqlite+aiosqlite:///{tmp_path}/messages.db")
    await database.open()
    yield Desk(loopback, database, client, files, now)
    await database.close()


def the_card(desk: Desk) -> Message:
    (card,) = [message for message in desk.world.in_channel if "Reusable task ID" in message.text]
    return card


async def test_a_rename_reaches_the_card_and_leaves_the_rest(desk: Desk) -> None:
    ada = await desk.delivered()
    card = the_card(desk)
    before = card.text
    assert before.startswith(f"<@{OWNER_ID}> Your character is ready.\n### Ada\n")
    await desk.rename(ada, "Eve")
    await desk.updates.update()
    assert card.text == "### Eve\n" + before.split("### Ada\n")[1]  # what called its owner has done so
    assert card.picture() == PICTURE
    assert card.labels == ["Use in a video", "Edit…", "Delete"]
    assert await desk.left() == 0
    await desk.updates.update()
    assert desk.world.calls.count(EDIT_PUBLIC) == 1


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_card_of_an_earlier_version_is_redrawn_and_emptied_too(desk: Desk, deleted: bool) -> None:
    ada = await desk.delivered()
    card = the_card(desk)
    card.layout, card.components = False, []
    card.content, card.embeds = f"<@{OWNER_ID}> Your character is ready.", [{"type": "rich", "title": "Ada"}]
    await (desk.delete(ada) if deleted else desk.rename(ada, "Eve"))
    await desk.updates.update()
    assert (card.content, card.embeds) == ("", [])
    assert card.text == GONE if deleted else card.titles == ["Eve"]
    assert await desk.left() == 0


async def test_a_deleted_character_leaves_one_line(desk: Desk) -> None:
    ada = await desk.delivered()
    card = the_card(desk)
    await desk.delete(ada)
    await desk.updates.update()
    assert (card.text, card.files, card.labels) == (GONE, [], [])
    assert str(OWNER_ID) not in card.text
    assert await desk.left() == 0


async def test_it_is_wanted_until_it_is_done_across_a_restart(desk: Desk) -> None:
    ada = await desk.delivered()
    card = the_card(desk)
    await desk.delete(ada)
    desk.world.fail(EDIT_PUBLIC, 503, times=100)
    await desk.updates.update()
    assert "Ada" in card.text
    assert await desk.left() == 1
    desk.world.discord.rest.forced.clear()
    anew = desk.afresh()
    await anew.update()
    assert "Ada" in card.text, "Discord had trouble a moment ago"
    desk.now.pass_by(seconds=3)
    await anew.update()
    assert card.text == GONE


@pytest.mark.parametrize(("status", "code"), [(404, 10008), (404, 10003), (403, 50001), (403, 50013)])
async def test_what_cannot_be_reached_any_more_is_forgotten(desk: Desk, status: int, code: int) -> None:
    ada = await desk.delivered()
    await desk.delete(ada)
    desk.world.fail(EDIT_PUBLIC, status, code)
    await desk.updates.update()
    assert await desk.left() == 0
    assert await desk.messages.count(OWNER_ID) == 0


async def test_a_message_that_was_edited_too_often_is_tried_again_in_an_hour(desk: Desk) -> None:
    ada = await desk.delivered()
    card = the_card(desk)
    await desk.rename(ada, "Eve")
    desk.world.fail(EDIT_PUBLIC, 400, 30046)
    await desk.updates.update()
    desk.now.pass_by(minutes=59)
    await desk.updates.update()
    assert "Eve" not in card.text
    desk.now.pass_by(minutes=2)
    await desk.updates.update()
    assert "Eve" in card.text


async def test_a_message_is_given_up_after_a_week(desk: Desk) -> None:
    ada = await desk.delivered()
    await desk.delete(ada)
    [message] = await desk.messages.due(desk.now(), 9)
    for attempts in range(limits.MESSAGE_ATTEMPTS):
        await desk.messages.postpone(replace(message, attempts=attempts), desk.now())
    desk.world.fail(EDIT_PUBLIC, 503, times=100)
    await desk.updates.update()
    assert await desk.left() == 0


async def test_a_card_that_only_its_owner_sees_is_reached_as_long_as_its_token_lives(desk: Desk) -> None:
    ada = await desk.delivered(private=True)
    card = the_card(desk)
    assert card.ephemeral
    await desk.rename(ada, "Eve")
    await desk.updates.update()
    assert "Eve" in card.text
    await desk.delete(ada)
    desk.now.pass_by(minutes=14)
    edits = desk.world.calls.count(EDIT)
    await desk.updates.update()
    assert desk.world.calls.count(EDIT) == edits, "calls with dead tokens count towards a ban"
    assert await desk.left() == 0


@pytest.mark.parametrize("remove", [True, False])
async def test_everything_about_a_person_goes_or_loses_what_it_shows(desk: Desk, remove: bool) -> None:
    await desk.delivered()
    card = the_card(desk)
    desk.now.pass_by(days=2)
    failed = Row(a_failed_job(asked_at(desk.now() - timedelta(hours=1))), desk.world)
    assert await desk.courier.deliver(failed.job, NothingMade(), failed.record)
    (told,) = desk.world.dm.messages
    await desk.erase(remove=remove)
    await desk.updates.update()
    assert card.deleted is remove
    assert remove or card.text == GONE
    assert await desk.left() == 0
    assert desk.world.calls.count(REMOVE) == remove
    assert told.deleted is remove, "words about a failure, in direct messages"


async def test_nothing_is_done_before_the_login(desk: Desk) -> None:
    ada = await desk.delivered()
    await desk.delete(ada)
    desk.updates._client = discord.Client(intents=discord.Intents.none())
    assert await desk.updates.update() is False
    assert await desk.left() == 1


async def test_a_defect_at_one_message_does_not_hold_up_the_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await desk.delivered()
    card = the_card(desk)
    await desk.messages.note(
        NewMessage(
            owner_id=OWNER_ID,
            channel_id=card.channel.id,
            message_id=1,
            shows=ShownContent.RESULT,
            locale="en",
            character_id=ada.id,
        ),
        now=desk.now(),
    )
    real = desk.updates._edit

    async def fails(message: SentMessage, *rest: Any, **more: Any) -> None:
        if message.message_id == 1:
            raise ValueError("a defect")
        await real(message, *rest, **more)

    monkeypatch.setattr(desk.updates, "_edit", fails)
    await desk.delete(ada)
    await desk.updates.update()
    assert card.text == GONE
    assert await desk.left() == 1
