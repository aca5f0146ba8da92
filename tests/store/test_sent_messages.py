"""Which messages are remembered, what becomes of them with their character and their owner, and that it is a queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import limits
from bot.store.characters import CharacterStore
from bot.store.database import Database
from bot.store.privacy import PrivacyStore
from bot.store.pseudonyms import Pseudonyms
from bot.store.sent_messages import SentMessageStore
from bot.values.sent_message import NewMessage, PendingUpdate, SentMessage, ShownContent

Add = Callable[..., Any]


@pytest.fixture
def messages(database: Database) -> SentMessageStore:
    return SentMessageStore(database)


@pytest.fixture
async def privacy(database: Database) -> PrivacyStore:
    people = Pseudonyms(database)
    await people.load()
    return PrivacyStore(database, people)


def a_card(character: Any, number: int = 1, **changes: Any) -> NewMessage:
    usual: dict[str, Any] = {
        "owner_id": character.owner_id,
        "channel_id": 55,
        "message_id": 1000 + number,
        "shows": ShownContent.RESULT,
        "locale": "en-GB",
        "character_id": character.id,
        "name": character.name,
    }
    return NewMessage(**usual | changes)


async def wanted(messages: SentMessageStore, now: datetime) -> list[tuple[int | None, PendingUpdate | None]]:
    return [(each.message_id, each.wanted) for each in await messages.due(now, 100)]


async def test_a_rename_and_a_deletion_reach_every_message_of_that_character(
    messages: SentMessageStore, characters: CharacterStore, cast: Add, now: datetime
) -> None:
    ann, bob = await cast("Ann"), await cast("Bob")
    for character, number in ((ann, 1), (ann, 2), (bob, 3)):
        await messages.note(a_card(character, number), now=now)
    assert await wanted(messages, now) == []
    await characters.rename(7, ann.id, "Anna")
    assert await wanted(messages, now) == [(1001, PendingUpdate.REDRAWN), (1002, PendingUpdate.REDRAWN)]
    await characters.delete(7, ann.id)
    assert await wanted(messages, now) == [(1001, PendingUpdate.EMPTIED), (1002, PendingUpdate.EMPTIED)]
    assert await messages.count(7) == 3


async def test_a_strangers_rename_and_deletion_reach_nothing(
    messages: SentMessageStore, characters: CharacterStore, cast: Add, now: datetime
) -> None:
    ann = await cast("Ann")
    await messages.note(a_card(ann), now=now)
    assert await characters.rename(8, ann.id, "Mine") is None
    assert await characters.delete(8, ann.id) is None
    assert await wanted(messages, now) == []


@pytest.mark.parametrize("gone", [True, False])
async def test_what_happened_while_the_message_was_sent_is_wanted_of_it(
    messages: SentMessageStore, characters: CharacterStore, cast: Add, now: datetime, gone: bool
) -> None:
    ann = await cast("Ann")
    await (characters.delete(7, ann.id) if gone else characters.rename(7, ann.id, "Anna"))
    await messages.note(a_card(ann), now=now)
    assert await wanted(messages, now) == [(1001, PendingUpdate.EMPTIED if gone else PendingUpdate.REDRAWN)]


async def test_what_is_redrawn_stays_known_and_what_is_emptied_does_not(
    messages: SentMessageStore, characters: CharacterStore, cast: Add, now: datetime
) -> None:
    ann = await cast("Ann")
    await messages.note(a_card(ann), now=now)
    await characters.rename(7, ann.id, "Anna")
    [redrawn] = await messages.due(now, 9)
    await messages.done(redrawn)
    assert (await messages.count(7), await wanted(messages, now)) == (1, [])
    await characters.delete(7, ann.id)
    [emptied] = await messages.due(now, 9)
    await messages.done(emptied)
    assert await messages.count(7) == 0


async def test_what_is_wanted_in_mid_work_is_not_taken_for_done(
    messages: SentMessageStore, characters: CharacterStore, cast: Add, now: datetime
) -> None:
    ann = await cast("Ann")
    await messages.note(a_card(ann), now=now)
    await characters.rename(7, ann.id, "Anna")
    [at_work] = await messages.due(now, 9)
    await characters.delete(7, ann.id)
    await messages.done(at_work)
    await messages.postpone(at_work, now + timedelta(hours=1))
    assert await wanted(messages, now) == [(1001, PendingUpdate.EMPTIED)]


async def test_what_is_postponed_comes_back_later(
    messages: SentMessageStore, characters: CharacterStore, cast: Add, now: datetime
) -> None:
    ann = await cast("Ann")
    await messages.note(a_card(ann), now=now)
    await characters.delete(7, ann.id)
    [first] = await messages.due(now, 9)
    await messages.postpone(first, now + timedelta(minutes=1))
    assert await wanted(messages, now) == []
    assert await messages.next_due() == now + timedelta(minutes=1)
    [again] = await messages.due(now + timedelta(minutes=1), 9)
    assert again.attempts == 1


async def test_a_message_that_is_met_again_is_one_row_and_only_a_token_is_renewed(
    messages: SentMessageStore, cast: Add, now: datetime
) -> None:
    ann = await cast("Ann")
    later = now + timedelta(minutes=9)
    await messages.note(a_card(ann, 1, token="old", token_at=now), now=now)
    await messages.note(a_card(ann, 1, token="new", token_at=later, shows=ShownContent.CARD), now=later)
    await messages.note(a_card(ann, 2), now=now)
    await messages.note(a_card(ann, 2, token="new", token_at=later), now=later)
    keyed, own = await everything(messages, now)
    assert (keyed.token, keyed.token_at, keyed.shows) == ("new", later, ShownContent.RESULT)
    assert own.token is None, "the bot may edit it by its own right"


async def everything(messages: SentMessageStore, now: datetime) -> list[SentMessage]:
    """All of Ann's owner's, as an erasure asks for their removal."""
    people = Pseudonyms(messages._database)
    await people.load()
    await PrivacyStore(messages._database, people).erase(7, now=now, remove_messages=True)
    return sorted(await messages.due(now, 100), key=lambda each: each.id)


async def test_the_job_behind_a_card_is_found_by_its_character(
    messages: SentMessageStore, characters: CharacterStore, cast: Add, now: datetime
) -> None:
    ann = await cast("Ann")
    await messages.note(a_card(ann), now=now)
    await characters.rename(7, ann.id, "Anna")
    [row] = await messages.due(now, 9)
    assert row.job_id == f"{1:016x}"


@pytest.mark.parametrize("remove", [True, False])
async def test_an_erasure_keeps_where_the_messages_are_and_not_whose(
    messages: SentMessageStore, privacy: PrivacyStore, cast: Add, add: Add, now: datetime, remove: bool
) -> None:
    ann, bea = await cast("Ann"), await cast("Bea", owner_id=8)
    job = await add()
    words = {"shows": ShownContent.WORDS, "character_id": None, "name": "", "job_id": job.id}
    for card in (a_card(ann, 1), a_card(ann, 2, **words), a_card(bea, 3)):
        await messages.note(card, now=now)
    assert [each.message_id for each in (await privacy.data(7, now=now)).messages] == [1001, 1002]
    assert (await privacy.erase(7, now=now, remove_messages=remove)).messages == 2
    due = {each.message_id: each for each in await messages.due(now, 100)}
    assert {number: each.wanted for number, each in due.items()} == (
        {1001: PendingUpdate.REMOVED, 1002: PendingUpdate.REMOVED} if remove else {1001: PendingUpdate.EMPTIED}
    )
    assert {(each.owner_id, each.job_id, each.character_id) for each in due.values()} == {(None, None, None)}
    assert not (await privacy.data(7, now=now)).deletable
    assert await messages.count(8) == 1


async def test_words_of_a_job_that_is_gone_are_not_remembered(
    messages: SentMessageStore, cast: Add, now: datetime
) -> None:
    ann = await cast("Ann")
    words = a_card(ann, job_id="f" * 16, shows=ShownContent.WORDS, character_id=None)
    await messages.note(words, now=now)
    assert await messages.count(7) == 0


async def test_the_oldest_are_forgotten_but_none_of_which_something_is_wanted(
    messages: SentMessageStore, characters: CharacterStore, cast: Add, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MESSAGES_KNOWN", 2)
    ann, bob = await cast("Ann"), await cast("Bob")
    await messages.note(a_card(bob, 0), now=now)
    await characters.delete(7, bob.id)
    for number in range(1, 5):
        await messages.note(a_card(ann, number), now=now)
    assert sorted(each.message_id or 0 for each in await everything(messages, now)) == [1000, 1003, 1004]


async def test_the_sweep_takes_what_is_old_and_what_only_a_dead_token_led_to(
    messages: SentMessageStore, characters: CharacterStore, cast: Add, now: datetime
) -> None:
    ann = await cast("Ann")
    day = timedelta(days=1)
    await messages.note(a_card(ann, 1), now=now - day)
    await messages.note(a_card(ann, 2), now=now)
    await messages.note(a_card(ann, 3, token="dead", token_at=now - day), now=now)
    await messages.note(a_card(ann, 4, token="alive", token_at=now), now=now)
    assert await messages.sweep(sent_before=now - day / 2, tokens_before=now - day / 2) == 2
    await characters.delete(7, ann.id)
    assert await messages.sweep(sent_before=now + day, tokens_before=now - day) == 0, "something is wanted of them"
    assert [number for number, _ in await wanted(messages, now)] == [1002, 1004]


async def test_a_token_is_not_left_in_the_file(
    messages: SentMessageStore, characters: CharacterStore, cast: Add, now: datetime, database_path: Path
) -> None:
    ann = await cast("Ann")
    await messages.note(a_card(ann, token="the-token-of-a-card", token_at=now), now=now)
    await characters.delete(7, ann.id)
    [row] = await messages.due(now, 9)
    assert "the-token-of-a-card" not in repr(row)
    await messages.done(row)
    await messages._database.scrub()
    files = [database_path, database_path.with_name(database_path.name + "-wal")]
    assert not [path for path in files if path.exists() and b"the-token-of-a-card" in path.read_bytes()]
