"""Finding one of a person's 10,000 characters among everybody's, beside a plain search for a prefix."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import fmean

from sqlalchemy import insert, text

from benchmarks.figures import Figure, against, below, percentile
from bot.store.cast_search import CastQuery, CastSearch, Sort
from bot.store.character_rows import described_columns, named_columns
from bot.store.database import Database, database_at
from bot.store.postgres import PostgresDatabase
from bot.store.tables import characters
from bot.values.frecency import used
from tests.postgres_cluster import NoPostgres, own_cluster
from tests.postgres_databases import bring_to_head

OWN = 10_000
ALL = (10_000, 1_000_000)
ROUNDS = 300
MOST_PREFIX = 5.0  # times a plain search for a prefix
MOST_GROWN = 1.5  # times the small table
OWNER = 7
NOW = datetime(2026, 1, 1, tzinfo=UTC)
_SYLLABLES = [
    first + then for first in "bcdfghjklmnprstvw" for then in ("a", "e", "i", "o", "u", "an", "en", "ia", "el")
]
_INDEX = "ix_characters_search_keys"
_PREFIX = text(
    "SELECT name FROM characters WHERE owner_id = :owner AND name_key >= :low AND name_key < :high"
    " ORDER BY frecency DESC LIMIT 25"
)


async def measure(
    folder: Path, *, own: int = OWN, everybody: Sequence[int] = ALL, rounds: int = ROUNDS
) -> list[Figure]:
    """The mean and the 99th percentile of each kind of search in milliseconds, its transaction included."""
    urls = [f"sqlite+aiosqlite:///{folder}/{number}.db" for number in everybody]
    figures = _figures(
        "", own, everybody, [await _times(url, own, n, rounds) for url, n in zip(urls, everybody, strict=True)]
    )
    return figures + await _on_postgres(own, everybody, rounds)


async def _on_postgres(own: int, everybody: Sequence[int], rounds: int) -> list[Figure]:
    """The same on PostgreSQL; empty if none is installed."""
    times = []
    try:
        for number in everybody:
            with own_cluster() as cluster:
                url = cluster.url("postgres")
                await asyncio.to_thread(bring_to_head, url)
                times.append(await _times(url, own, number, rounds))
    except NoPostgres:
        return []
    return _figures("PostgreSQL: ", own, everybody, times)


def _figures(where: str, own: int, everybody: Sequence[int], times: Sequence[dict[str, list[float]]]) -> list[Figure]:
    small, large = times
    figures = []
    for name, each in large.items():
        if name == "prefix":
            continue
        mean, prefix, before = (fmean(some) * 1000 for some in (each, large["prefix"], small[name]))
        figures += [
            against(f"{where}{name}, of {own:,} among {everybody[1]:,}", mean, prefix, "ms", most=MOST_PREFIX),
            against(f"{where}{name}, among {everybody[1]:,} and {everybody[0]:,}", mean, before, "ms", most=MOST_GROWN),
            below(f"{where}{name}, 99 of 100 within", percentile(each, 99) * 1000, 20.0, "ms"),
        ]
    return figures


async def _times(url: str, own: int, everybody: int, rounds: int) -> dict[str, list[float]]:
    database = database_at(url)
    await database.open()
    try:
        async with _without_index(database) if isinstance(database, PostgresDatabase) else nullcontext():
            names = await _fill(database, own, everybody)
        await database.merge_search(whole=True)  # as maintenance does every day
        return await _ask(database, names, rounds)
    finally:
        await database.close()


@asynccontextmanager
async def _without_index(database: PostgresDatabase) -> AsyncIterator[None]:
    """The index of a full table takes less time to make than to keep while the table is filled."""
    connection = await database.connect_apart(silent=3600)
    try:
        made = await connection.fetchval("SELECT pg_get_indexdef($1::text::regclass)", _INDEX)
        await connection.execute(f"DROP INDEX {_INDEX}")
        yield
        await connection.execute("SET statement_timeout = 0; SET maintenance_work_mem = '512MB'")
        await connection.execute(made)
        await connection.execute("ANALYZE characters")  # as autovacuum does after so many rows
    finally:
        await connection.close()


async def _fill(database: Database, own: int, everybody: int) -> list[str]:
    """Insert everybody's characters in random order; return the names of the owner's."""
    random = Random(5)
    owners = [OWNER] * own + [1_000 + number // 50 for number in range(everybody - own)]
    random.shuffle(owners)
    names = []
    for start in range(0, everybody, 5_000):
        rows = []
        for number, owner in enumerate(owners[start : start + 5_000], start=start):
            name = f"{_word(random, 2)} {_word(random, 3)} {number:x}"[:32]
            more = described_columns(
                _word(random, 3), " ".join(_word(random, 2) for _ in range(6)), (_word(random, 2),)
            )
            used_at = NOW - timedelta(minutes=random.randrange(1_000_000))
            row = {"owner_id": owner, "username": "", "provider_id": "", "task_id": "", "model": ""}
            row |= {
                "created_at": NOW,
                "range_start": "1",
                "range_end": "3",
                "frecency": used(None, used_at),
                "picture_is_still": False,
            }
            rows.append(row | named_columns(name) | more)
            if owner == OWNER:
                names.append(name)
        async with database.write() as connection:
            await connection.execute(insert(characters), rows)
    return names


def _word(random: Random, syllables: int) -> str:
    return "".join(random.choice(_SYLLABLES) for _ in range(syllables))


async def _ask(database: Database, names: Sequence[str], rounds: int) -> dict[str, list[float]]:
    search, random = CastSearch(database), Random(6)
    chosen = random.choices(names, k=rounds)

    async def prefix(typed: str) -> None:
        async with database.read() as connection:
            asked = {"owner": OWNER, "low": typed, "high": f"{typed}\U0010ffff"}
            (await connection.execute(_PREFIX, asked)).all()

    async def complete(typed: str) -> None:
        await search.names(OWNER, typed)

    async def found(typed: str) -> None:
        await search.page(OWNER, CastQuery(search=typed, sort=Sort.BEST), offset=0, limit=12)

    beginnings = [name[: random.randint(1, 8)] for name in chosen]
    middles = [name.split()[1][:5] for name in chosen]
    asked: dict[str, tuple[Callable[[str], Awaitable[None]], list[str]]] = {
        "prefix": (prefix, beginnings),
        "autocomplete": (complete, beginnings),
        "autocomplete, a word within": (complete, middles),
        "autocomplete, a typo": (complete, [_mistyped(name.split()[1]) for name in chosen]),
        "search, a word within": (found, middles),
    }
    return {name: [await _timed(act, typed) for typed in words] for name, (act, words) in asked.items()}


def _mistyped(word: str) -> str:
    return f"{word[:2]}{word[3]}{word[2]}{word[4:]}"


async def _timed(act: Callable[[str], Awaitable[None]], typed: str) -> float:
    begun = time.perf_counter()
    await act(typed)
    return time.perf_counter() - begun
