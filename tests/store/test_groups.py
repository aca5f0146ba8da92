"""Groups and default characters: whose they are, and what becomes of them when what they name is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import limits
from bot.errors import Refusal
from bot.store.characters import CharacterStore
from bot.store.database import Database
from bot.store.default_characters import DefaultCharacter, DefaultCharacterStore
from bot.store.groups import GroupStore
from bot.store.privacy import PrivacyStore
from bot.store.pseudonyms import Pseudonyms

STRANGER = 8
Cast = Callable[..., Any]


@pytest.fixture
def groups(database: Database) -> GroupStore:
    return GroupStore(database)


@pytest.fixture
def defaults(database: Database) -> DefaultCharacterStore:
    return DefaultCharacterStore(database)


async def test_a_character_is_in_as_many_groups_as_its_owner_likes(
    groups: GroupStore, characters: CharacterStore, cast: Cast, now: datetime
) -> None:
    ann, bob = await cast("Ann"), await cast("Bob")
    heroes = await groups.create(7, "Heroes", now=now)
    villains = await groups.create(7, "Äpfel", now=now)
    assert await groups.add(7, heroes.id, ann.id) is True
    assert await groups.add(7, heroes.id, ann.id) is False
    assert await groups.add(7, heroes.id, bob.id) is True
    assert await groups.add(7, villains.id, ann.id) is True
    assert [(each.name, each.size) for each in await groups.all(7)] == [("Heroes", 2), ("Äpfel", 1)]
    assert [each.name for each in await groups.of(7, ann.id)] == ["Heroes", "Äpfel"]
    assert await groups.remove(7, villains.id, ann.id) is True
    assert await groups.remove(7, villains.id, ann.id) is False
    await characters.delete(7, bob.id)
    assert (await groups.named(7, "HEROES")) == await groups.get(7, heroes.id)
    assert [each.size for each in await groups.all(7)] == [1, 0]
    assert await groups.delete(7, heroes.id)
    assert await characters.get(7, ann.id) == ann
    assert await groups.of(7, ann.id) == []


async def test_two_groups_of_a_person_have_different_names(groups: GroupStore, now: datetime) -> None:
    first = await groups.create(7, "Heroes", now=now)
    other = await groups.create(7, "Others", now=now)
    await groups.create(STRANGER, "Heroes", now=now)
    with pytest.raises(Refusal, match="already have a group called “HEROES”"):
        await groups.create(7, "HEROES", now=now)
    with pytest.raises(Refusal, match="already have a group"):
        await groups.rename(7, other.id, "heroes")
    assert await groups.rename(7, first.id, "HEROES")  # its own name, spelt in another way
    assert [each.name for each in await groups.all(7)] == ["HEROES", "Others"]


async def test_a_person_has_only_so_many_groups(
    groups: GroupStore, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "GROUPS", 1)
    await groups.create(7, "One", now=now)
    with pytest.raises(Refusal, match="the most"):
        await groups.create(7, "Two", now=now)
    await groups.create(STRANGER, "One", now=now)


async def test_nobody_reaches_what_is_anothers(
    groups: GroupStore, defaults: DefaultCharacterStore, cast: Cast, now: datetime
) -> None:
    ann, theirs = await cast("Ann"), await cast("Bea", owner_id=STRANGER)
    mine = await groups.create(7, "Mine", now=now)
    their_group = await groups.create(STRANGER, "Theirs", now=now)
    await groups.add(7, mine.id, ann.id)
    assert await groups.get(STRANGER, mine.id) is None
    assert await groups.named(STRANGER, "Mine") is None
    assert await groups.of(STRANGER, ann.id) == []
    assert not await groups.rename(STRANGER, mine.id, "Stolen")
    assert not await groups.delete(STRANGER, mine.id)
    assert await groups.add(STRANGER, mine.id, theirs.id) is None
    assert await groups.add(STRANGER, their_group.id, ann.id) is None
    assert await groups.remove(STRANGER, mine.id, ann.id) is None
    assert not await defaults.choose(STRANGER, 5, ann.id)
    assert await defaults.get(STRANGER, 5) is None
    assert [(each.name, each.size) for each in await groups.all(7)] == [("Mine", 1)]


async def test_each_server_has_its_own_default_and_so_has_no_server(
    defaults: DefaultCharacterStore, characters: CharacterStore, cast: Cast
) -> None:
    ann, bob = await cast("Ann"), await cast("Bob")
    assert await defaults.choose(7, 5, ann.id)
    assert await defaults.choose(7, None, bob.id)
    assert (await defaults.get(7, 5), await defaults.get(7, None), await defaults.get(7, 6)) == (ann, bob, None)
    assert await defaults.choose(7, 5, bob.id)
    assert await defaults.choose(7, None, None)
    assert not await defaults.choose(7, None, None)
    assert (await defaults.get(7, 5), await defaults.get(7, None)) == (bob, None)
    await characters.delete(7, bob.id)
    assert await defaults.get(7, 5) is None


async def test_all_of_it_can_be_taken_along_and_deleted(
    groups: GroupStore,
    defaults: DefaultCharacterStore,
    cast: Cast,
    database: Database,
    database_path: Path,
    now: datetime,
) -> None:
    people = Pseudonyms(database)
    await people.load()
    privacy = PrivacyStore(database, people)
    only_a_group = await groups.create(9, "Alone", now=now)
    assert (await privacy.data(9, now=now)).deletable
    ann = await cast("Ann", note="plays the ukulele", tags=("musician",))
    await cast("Bea", owner_id=STRANGER)
    mine = await groups.create(7, "Mine", now=now)
    await groups.add(7, mine.id, ann.id)
    await defaults.choose(7, 5, ann.id)
    await defaults.choose(7, None, ann.id)
    held = await privacy.data(7, now=now)
    assert [(each.note, each.tags) for each in held.characters] == [("plays the ukulele", ("musician",))]
    assert [(group.name, members) for group, members in held.groups] == [("Mine", (ann.id,))]
    assert held.defaults == (DefaultCharacter(None, ann.id), DefaultCharacter(5, ann.id))
    assert b"kul" in _searched(database_path)

    await privacy.erase(7, now=now + timedelta(days=1))
    assert await privacy.scrub()
    gone = await privacy.data(7, now=now + timedelta(days=1))
    assert (gone.characters, gone.groups, gone.defaults) == ((), (), ())
    with closing(sqlite3.connect(database_path)) as raw:
        assert raw.execute("SELECT group_id FROM group_members").fetchall() == []
        assert raw.execute("SELECT owner_id FROM character_groups").fetchall() == [(9,)]
    assert b"kul" not in _searched(database_path)  # not marked as deleted only
    assert await groups.get(9, only_a_group.id) is not None


def _searched(path: Path) -> bytes:
    """Every byte of the full-text index."""
    with closing(sqlite3.connect(path)) as raw:
        return b"".join(row[0] for row in raw.execute("SELECT block FROM character_search_data"))
