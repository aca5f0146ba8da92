from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.errors import NameTaken, Refusal
from bot.store.characters import CharacterStore, Deleted
from bot.store.database import Database
from bot.store.disk import DiskUse
from bot.store.jobs import JobStore, LeaseLost
from bot.store.new_characters import NewCharacter
from bot.values.character import Character, CharacterFile, FileKind, ProviderCharacter
from bot.values.files import StoredFile
from bot.values.job import CharacterResult, Lease, Outcome, Step, Transition
from bot.values.time_range import TimeRange

STRANGER = 666
Add = Callable[..., Any]
PICTURE = StoredFile(key=f"7/{'ab' * 32}", sha256="ab" * 32, size=123, mime="image/png")


def collected(character_id: int) -> Transition:
    made = ProviderCharacter(id="char_1", display_name="Ann", username="@ann")
    result = CharacterResult(characters=(made,), character_id=character_id)
    return Transition("test", {"result": result, "outcome": Outcome.SUCCEEDED, "step": Step.DELIVER})


NEW = NewCharacter(
    owner_id=7,
    name="Ann",
    display_name="Ann Display",
    username="@ann.secret",
    provider_id="char_1",
    task_id="task_1",
    model="sora-2",
    range=TimeRange(Decimal("1.50"), Decimal("3.5")),
    picture=PICTURE,
)


async def test_a_character_and_its_jobs_success_are_one(
    characters: CharacterStore, jobs: JobStore, add: Add, now: datetime
) -> None:
    job = await add(step=Step.COLLECT, lease_owner="runner", attempts=3)
    changed, character = await characters.add_for_job(job.id, job.lease, NEW, collected, now=now)
    assert changed == replace(
        job,
        result=collected(character.id).changes["result"],
        outcome=Outcome.SUCCEEDED,
        step=Step.DELIVER,
    )
    assert await jobs.get(job.id) == changed
    assert character == Character(
        id=character.id,
        owner_id=7,
        name="Ann",
        display_name="Ann Display",
        username="@ann.secret",
        provider_id="char_1",
        task_id="task_1",
        model="sora-2",
        range=TimeRange(Decimal("1.50"), Decimal("3.5")),
        picture=PICTURE,
        created_at=now,
        last_used_at=None,
    )
    assert await characters.get(7, character.id) == character


async def test_the_same_job_twice_is_one_character(characters: CharacterStore, add: Add, now: datetime) -> None:
    job = await add(step=Step.COLLECT, lease_owner="runner")
    first = await characters.add_for_job(job.id, job.lease, NEW, collected, now=now)
    assert await characters.add_for_job(job.id, job.lease, NEW, collected, now=now) == first
    assert await characters.count(7) == 1


async def test_without_the_lease_there_is_no_character_and_no_file(
    characters: CharacterStore, add: Add, now: datetime, database: Any
) -> None:
    job = await add(step=Step.COLLECT, lease_owner="other")
    with pytest.raises(LeaseLost):
        await characters.add_for_job(job.id, Lease("runner", 0), NEW, collected, now=now)
    assert await characters.count(7) == 0
    assert await DiskUse(database).keys() == set()


async def test_a_name_that_is_taken_is_numbered(cast: Add) -> None:
    names = [(await cast(name)).name for name in ("Ann", "ANN", "ａｎｎ", "Ann 2", "x" * 32, "X" * 32)]
    assert names == ["Ann", "ANN 2", "ａｎｎ 3", "Ann 2 2", "x" * 32, "X" * 30 + " 2"]
    assert (await cast("Ann", owner_id=8)).name == "Ann"  # somebody else's does not count


async def test_a_character_is_found_by_name_however_it_is_spelt(characters: CharacterStore, cast: Add) -> None:
    ann = await cast("Straße 1")
    for spelt in ("Straße 1", "STRASSE 1", "  straße   1 ", "ｓtraße 1"):
        assert await characters.by_name(7, spelt) == ann
    assert await characters.by_name(7, "Strasse") is None


# -- rename and delete ----------------------------------------------------------------------------------------------


async def test_renaming(characters: CharacterStore, cast: Add) -> None:
    ann, bob = await cast("Ann"), await cast("Bob")
    renamed = await characters.rename(7, bob.id, "  Robert\u202e  the \n 1st ")
    assert renamed == replace(bob, name="Robert the 1st")
    assert await characters.by_name(7, "robert the 1st") == renamed
    assert await characters.by_name(7, "Bob") is None
    with pytest.raises(NameTaken) as taken:
        await characters.rename(7, bob.id, "ANN")
    assert (taken.value.name, taken.value.free) == ("ANN", "ANN 2")
    assert await characters.get(7, bob.id) == renamed
    own = await characters.rename(7, ann.id, "aNN")  # its own name, otherwise written
    assert own is not None
    assert own.name == "aNN"
    assert await characters.rename(7, 12345, "Zoe") is None


async def test_a_name_of_which_nothing_is_left_is_refused(characters: CharacterStore, cast: Add) -> None:
    ann = await cast("Ann")
    with pytest.raises(Refusal, match="choose another"):
        await characters.rename(7, ann.id, " \u202e\x00 ")
    assert await characters.get(7, ann.id) == ann


async def test_of_concurrent_renames_to_one_name_one_wins(characters: CharacterStore, cast: Add) -> None:
    made = [await cast(f"c{number}") for number in range(10)]
    renamed = await asyncio.gather(*[characters.rename(7, one.id, "Zoe") for one in made], return_exceptions=True)
    assert sum(isinstance(each, NameTaken) for each in renamed) == 9
    assert await characters.free_name(7, "ZOE") == "ZOE 2"
    assert await characters.free_name(STRANGER, "Zoe") == "Zoe"


async def test_a_picture_goes_with_the_last_character_that_shows_it(
    characters: CharacterStore, cast: Add, database: Any
) -> None:
    one, other, plain = await cast("A", picture=PICTURE), await cast("B", picture=PICTURE), await cast("C")
    assert await characters.delete(7, plain.id) == Deleted(character=plain, orphans=())
    assert await characters.delete(7, one.id) == Deleted(character=one, orphans=())
    assert await DiskUse(database).keys() == {PICTURE.key}
    assert await characters.delete(7, other.id) == Deleted(character=other, orphans=(PICTURE.key,))
    assert await DiskUse(database).keys() == set()
    assert await characters.delete(7, other.id) is None


async def test_an_id_is_never_given_twice(characters: CharacterStore, cast: Add) -> None:
    old = await cast("A")
    await characters.delete(7, old.id)
    assert (await cast("B")).id > old.id


async def test_what_is_deleted_is_no_longer_in_the_file(
    characters: CharacterStore, cast: Add, database: Any, database_path: Path
) -> None:
    character = await cast("A")
    await characters.delete(7, character.id)
    await database.close()
    assert b"@ann.secret" not in await asyncio.to_thread(database_path.read_bytes)


async def test_a_strangers_hands_stay_off(characters: CharacterStore, cast: Add) -> None:
    ann = await cast("Ann", picture=PICTURE)
    assert await characters.get(STRANGER, ann.id) is None
    assert await characters.by_name(STRANGER, "Ann") is None
    assert await characters.rename(STRANGER, ann.id, "Mine") is None
    assert await characters.delete(STRANGER, ann.id) is None
    assert await characters.count(STRANGER) == 0
    assert await characters.get(7, ann.id) == ann


async def test_no_key_is_in_a_repr(cast: Add) -> None:
    assert "secret" not in repr(await cast("Ann")) + repr(NEW)


# -- what a character needs to live on elsewhere --------------------------------------------------------------------

CLIP = StoredFile(key=f"7/{'cd' * 32}", sha256="cd" * 32, size=1000, mime="video/mp4")
STILL = StoredFile(key=f"7/{'ef' * 32}", sha256="ef" * 32, size=10, mime="image/jpeg")


SET = (CharacterFile(FileKind.CLIP, CLIP), CharacterFile(FileKind.STILL, STILL))


async def test_clip_and_stills_are_kept_with_it_and_go_with_the_last_that_has_them(
    characters: CharacterStore, database: Database, add: Add, now: datetime
) -> None:
    disk = DiskUse(database)
    made = []
    for name in ("Ann", "Twin"):
        job = await add(step=Step.COLLECT, lease_owner="runner")
        new = replace(
            NEW,
            name=name,
            picture=STILL,
            picture_is_still=True,
            reference_set=SET,
        )
        _, character = await characters.add_for_job(job.id, job.lease, new, collected, now=now)
        made.append(character)
    assert all(character.picture_is_still for character in made)
    assert await characters.reference_set(7, made[0].id) == SET
    assert await characters.reference_set(8, made[0].id) == (), "of somebody else"
    assert await disk.keys() == {CLIP.key, STILL.key}
    assert await disk.of(7, now=now) == CLIP.size + STILL.size
    first = await characters.delete(7, made[0].id)
    assert first is not None
    assert first.orphans == ()
    assert await disk.keys() == {CLIP.key, STILL.key}
    last = await characters.delete(7, made[1].id)
    assert last is not None
    assert set(last.orphans) == {CLIP.key, STILL.key}
    assert await disk.keys() == set()
