"""A cast as it is looked through: in every order, by search, as one types; and never anybody else's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.store.cast_search import CastQuery, CastSearch, Sort
from bot.store.character_rows import note_uses
from bot.store.characters import CharacterStore
from bot.store.database import Database
from bot.store.groups import GroupStore

Cast = Callable[..., Any]
STRANGER = 8
DAY = timedelta(days=1)


@pytest.fixture
def cast(cast: Cast) -> Cast:
    """As everywhere, but with a name at the provider that nobody looks for."""

    async def plain(name: str, **fields: Any) -> Any:
        return await cast(name, **{"display_name": "x", **fields})

    return plain


@pytest.fixture
def search(database: Database) -> CastSearch:
    return CastSearch(database)


@pytest.fixture
def use(database: Database, now: datetime) -> Callable[..., Any]:
    """Have a character play in a video, so many days later."""

    async def use(character: Any, *, days: float) -> None:
        async with database.write() as connection:
            await note_uses(connection, 7, [character.id], now + days * DAY)

    return use


async def found(cast_search: CastSearch, owner_id: int = 7, **wish: Any) -> list[str]:
    page, total = await cast_search.page(owner_id, CastQuery(**wish), offset=0, limit=99)
    assert total == len(page)
    return [each.name for each in page]


async def test_a_cast_in_every_order(search: CastSearch, cast: Cast, use: Any, now: datetime) -> None:
    cleo = await cast("Cleo", at=now)
    ann = await cast("Ann", at=now + 1 * DAY)
    await cast("bob", at=now + 4 * DAY)
    await cast("Other", owner_id=STRANGER)
    await use(ann, days=2)
    await use(ann, days=2)
    await use(cleo, days=3)
    orders = {sort: await found(search, sort=sort) for sort in Sort}
    assert orders == {
        Sort.BEST: ["Ann", "Cleo", "bob"],
        Sort.RECENT: ["bob", "Cleo", "Ann"],
        Sort.NEWEST: ["bob", "Ann", "Cleo"],
        Sort.NAME: ["Ann", "bob", "Cleo"],
        Sort.USED: ["Ann", "Cleo", "bob"],
    }
    page, total = await search.page(7, CastQuery(sort=Sort.NEWEST), offset=1, limit=1)
    assert ([each.name for each in page], total) == (["Ann"], 3)
    assert await search.page(7, CastQuery(sort=Sort.NEWEST), offset=3, limit=1) == ([], 3)
    assert (page[0].uses, page[0].last_used_at) == (2, now + 2 * DAY)


async def test_by_name_accents_and_case_do_not_count(search: CastSearch, cast: Cast, now: datetime) -> None:
    for name in ("Noor", "Łucja", "emil", "Élise", "Zoë", "mina"):
        await cast(name, at=now)
    assert await found(search, sort=Sort.NAME) == ["Élise", "emil", "Łucja", "mina", "Noor", "Zoë"]


PEOPLE: dict[str, dict[str, Any]] = {
    "Ann": {},
    "Joanna": {},
    "Mary Ann": {},
    "Zoë Müller": {"tags": ("Villain", "top secret")},
    "Анна Смирнова": {"note": "wears a red scarf\nin winter"},
    "田中さくら": {},
    "100% Bo": {"display_name": "Die GRÖSSE"},
    'Quo"te *x*': {},
}


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("ann", ["Ann", "Анна Смирнова", "Mary Ann", "Joanna"]),  # begins so, a word does, has it
        ("ＡＮＮ", ["Ann", "Анна Смирнова", "Mary Ann", "Joanna"]),
        ("zoe mull", ["Zoë Müller"]),
        ("muller", ["Zoë Müller"]),
        ("#villain", ["Zoë Müller"]),
        ("SECRET", ["Zoë Müller"]),
        ("scarf in", ["Анна Смирнова"]),
        ("смир", ["Анна Смирнова"]),
        ("さくら", ["田中さくら"]),
        ("sakura", ["田中さくら"]),
        ("größe", ["100% Bo"]),  # in the name at the provider
        ("%", []),
        ("00%", ["100% Bo"]),
        ("_", []),
        ('quo"te', ['Quo"te *x*']),
        ("*x", ['Quo"te *x*']),
        ("m", ["Mary Ann", "Zoë Müller"]),  # one or two letters: where a word begins
        ("jo", ["Joanna"]),
        ("oa", []),
        ("joana", ["Joanna"]),  # nothing has it: what looks like it
        ("mulelr", ["Zoë Müller"]),
        ("marry ann", ["Mary Ann"]),
        ("nobody", []),
        ("' OR 1=1 --", []),
        ('" NEAR(', []),
    ],
)
async def test_what_a_search_finds(search: CastSearch, cast: Cast, typed: str, names: list[str]) -> None:
    for name, more in PEOPLE.items():
        await cast(name, **more)
    await cast("Ann", owner_id=STRANGER)
    got = await found(search, search=typed, sort=Sort.BEST)
    # Those that fit as well as each other stand in the order of their use: the newest first, here.
    assert (sorted(got), got[:1]) == (sorted(names), names[:1])
    assert sorted(await search.names(7, typed)) == sorted(names)
    assert sorted(await found(search, search=typed, sort=Sort.NAME)) == sorted(names)


TYPOS: tuple[Callable[[str, int], str], ...] = (
    lambda word, at: f"{word[:at]}{word[at + 1]}{word[at]}{word[at + 2 :]}",
    lambda word, at: f"{word[:at]}{word[at + 1 :]}",
    lambda word, at: f"{word[:at]}q{word[at:]}",
    lambda word, at: f"{word[:at]}q{word[at + 1 :]}",
)


async def test_a_letter_amiss_anywhere_finds_the_name_first(search: CastSearch, cast: Cast) -> None:
    """Only some of the pieces of a long word are looked up: a typo may be in any of them."""
    for number in range(60):
        await cast(f"Wilhelmina {number}")
    await cast("Maximilian Oberhausen")
    await cast("Maxime Oberländer")
    wanted = "oberhausen"
    for at in range(1, len(wanted) - 1):
        for typo in TYPOS:
            typed = typo(wanted, at)
            if typed not in wanted:
                assert (await search.names(7, typed))[:1] == ["Maximilian Oberhausen"], typed
                assert (await found(search, search=typed))[:1] == ["Maximilian Oberhausen"], typed
    page, total = await search.page(7, CastQuery(search="wilhelmnia"), offset=20, limit=12)
    assert (len(page), total) == (4, 24)


async def test_autocomplete_has_first_what_is_used(search: CastSearch, cast: Cast, use: Any, now: datetime) -> None:
    for number, name in enumerate(("Joanna", "anne", "Ann", "Bob", "Anton")):
        character = await cast(name, at=now + number * timedelta(minutes=1))
        if name in {"anne", "Bob"}:
            await use(character, days=1)
    assert await search.names(7, "") == ["Bob", "anne", "Anton", "Ann", "Joanna"]
    assert await search.names(7, "AN") == ["anne", "Anton", "Ann"]
    assert await search.names(7, "ann ") == ["Ann", "anne", "Joanna"]
    assert await search.names(7, "@ann", limit=2) == ["Ann", "anne"]
    assert await search.names(7, "", limit=1) == ["Bob"]


async def test_a_search_knows_what_has_changed(search: CastSearch, characters: CharacterStore, cast: Cast) -> None:
    ann = await cast("Ann", note="old words")
    await characters.rename(7, ann.id, "Robert")
    assert await search.names(7, "ann") == []
    assert await search.names(7, "obert") == ["Robert"]
    await characters.delete(7, ann.id)
    assert await search.names(7, "obert") == []
    assert await found(search, search="words") == []
    again = await cast("Robert")
    assert await search.names(7, "obert") == ["Robert"]
    assert again.id > ann.id


async def test_a_group_alone(search: CastSearch, groups: GroupStore, cast: Cast, now: datetime) -> None:
    ann, joanna = await cast("Ann"), await cast("Joanna")
    await cast("Hannah")
    group = await groups.create(7, "Heroes", now=now)
    for each in (ann, joanna):
        await groups.add(7, group.id, each.id)
    assert await found(search, group_id=group.id, sort=Sort.NAME) == ["Ann", "Joanna"]
    assert await found(search, group_id=group.id, search="ann", sort=Sort.BEST) == ["Ann", "Joanna"]
    assert await found(search, group_id=group.id, search="hannah") == []
    assert await found(search, group_id=group.id, search="joana") == ["Joanna"]
    assert await found(search, STRANGER, group_id=group.id) == []


HOSTILE = ('"', '""', "*", "NEAR(a b)", "a AND b", "-a", "^abc", "search_name : abc", "{a b}", "'; DROP --")
UNWRITABLE = ("\0", "abc\0def", "abc\0", "\ud800", "abc\ud800", "\x1f\x1e", "\u202eabc\u202c")
LONG = ("x" * 10_000, '"' * 10_000, "\ufdfa" * 6000, "a\u0301" * 5000, "\U0001f600" * 2000)


async def test_nothing_that_is_typed_is_read_as_a_query_or_breaks_one(
    search: CastSearch, characters: CharacterStore, cast: Cast
) -> None:
    await cast("Robert")
    for typed in (*HOSTILE, *UNWRITABLE, *LONG):
        whole_cast = ["Robert"] if not typed.strip("\0\ud800\x1e\x1f") else []  # nothing is left to look for
        assert await search.names(7, typed) == whole_cast, ascii(typed[:20])
        assert await found(search, search=typed) == whole_cast
        assert await characters.by_reusable_id(7, typed) is None


@pytest.fixture
def groups(database: Database) -> GroupStore:
    return GroupStore(database)


async def test_nobody_finds_what_is_anothers(search: CastSearch, cast: Cast) -> None:
    await cast("Ann", note="secret")
    await cast("Zoe", owner_id=STRANGER)
    await cast("Annabel")  # of the first one again: the rows of both are mixed
    for typed in ("", "a", "ann", "annn", "secret"):
        assert set(await found(search, STRANGER, search=typed)) <= {"Zoe"}
        assert set(await search.names(STRANGER, typed)) <= {"Zoe"}
    assert await search.names(9, "ann") == []
