from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from bot.store.avatars import AvatarStore
from bot.store.characters import CharacterStore
from bot.store.database import Database
from bot.values.character import Character

SECOND = timedelta(seconds=1)
Cast = Callable[..., Awaitable[Character]]


@pytest.fixture
def avatars(database: Database) -> AvatarStore:
    return AvatarStore(database, places=3)


async def test_there_is_one_group_for_all(avatars: AvatarStore, now: datetime) -> None:
    assert await avatars.group() is None
    assert await avatars.keep_group("pg_1", now=now) == "pg_1"
    assert await avatars.keep_group("pg_2", now=now + SECOND) == "pg_1"  # made at the same time by another job
    assert await avatars.group() == "pg_1"


async def test_the_asset_of_a_picture_is_found_again(avatars: AvatarStore, cast: Cast, now: datetime) -> None:
    ann, bo = await cast("Ann"), await cast("Bo")
    assert await avatars.add(7, ann.id, "a", "pa_1", now=now) == ()
    assert await avatars.add(7, ann.id, "b", "pa_2", now=now) == ()
    assert await avatars.add(7, bo.id, "a", "pa_3", now=now) == ()
    assert await avatars.used(7, ann.id, ["a", "c"], now=now) == {"a": "pa_1"}
    assert await avatars.used(7, bo.id, ["a", "b"], now=now) == {"a": "pa_3"}
    assert await avatars.used(7, ann.id, [], now=now) == {}


async def test_a_new_asset_takes_the_place_of_the_same_pictures_old_one(
    avatars: AvatarStore, cast: Cast, now: datetime
) -> None:
    ann = await cast("Ann")
    await avatars.add(7, ann.id, "a", "pa_1", now=now)
    assert await avatars.add(7, ann.id, "a", "pa_2", now=now) == ()
    assert await avatars.used(7, ann.id, ["a"], now=now) == {"a": "pa_2"}


async def test_what_was_used_longest_ago_goes_first(avatars: AvatarStore, cast: Cast, now: datetime) -> None:
    ann = await cast("Ann")
    for number, picture in enumerate("abc"):
        await avatars.add(7, ann.id, picture, f"pa_{picture}", now=now + number * SECOND)
    await avatars.used(7, ann.id, ["a"], now=now + 10 * SECOND)
    assert await avatars.add(7, ann.id, "d", "pa_d", now=now + 11 * SECOND) == ("pa_b",)
    kept = await avatars.used(7, ann.id, list("abcd"), now=now + 12 * SECOND)
    assert set(kept) == {"a", "c", "d"}


async def test_fewer_places_than_before_are_freed(database: Database, cast: Cast, now: datetime) -> None:
    ann = await cast("Ann")
    for number, picture in enumerate("abcde"):
        await AvatarStore(database, places=9).add(7, ann.id, picture, f"pa_{picture}", now=now + number * SECOND)
    assert await AvatarStore(database, places=2).add(7, ann.id, "f", "pa_f", now=now + 9 * SECOND) == (
        *("pa_a", "pa_b", "pa_c", "pa_d"),
    )


async def test_a_strangers_character_has_none(avatars: AvatarStore, cast: Cast, now: datetime) -> None:
    ann = await cast("Ann")
    await avatars.add(7, ann.id, "a", "pa_1", now=now)
    assert await avatars.used(8, ann.id, ["a"], now=now + SECOND) == {}
    assert await avatars.add(8, ann.id, "b", "pa_2", now=now) is None
    assert await avatars.used(7, ann.id, ["a", "b"], now=now) == {"a": "pa_1"}


async def test_what_was_refused_is_forgotten(avatars: AvatarStore, cast: Cast, now: datetime) -> None:
    ann = await cast("Ann")
    await avatars.add(7, ann.id, "a", "pa_1", now=now)
    await avatars.forget("pa_1")
    await avatars.forget("pa_1")
    assert await avatars.used(7, ann.id, ["a"], now=now) == {}


async def test_they_go_with_their_character(
    avatars: AvatarStore, characters: CharacterStore, cast: Cast, now: datetime
) -> None:
    ann = await cast("Ann")
    await avatars.add(7, ann.id, "a", "pa_1", now=now)
    await characters.delete(7, ann.id)
    assert await avatars.used(7, ann.id, ["a"], now=now) == {}
    assert await avatars.add(7, ann.id, "b", "pa_2", now=now) is None
