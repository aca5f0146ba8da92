"""What servers and operators decided is there at once, and after a restart."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.blocks import BlockStore
from bot.store.database import Database
from bot.store.pseudonyms import Pseudonyms
from bot.store.servers import RoleRules, ServerRules, ServerStore
from bot.store.tables import server_blocks, server_settings
from bot.values.job import JobKind

GUILD, OTHER, MEMBER = 111_222_333_444_555_666, 2, 987_654_321_987_654_321


@pytest.fixture
async def people(database: Database) -> Pseudonyms:
    people = Pseudonyms(database)
    await people.load()
    return people


@pytest.fixture
async def servers(database: Database, people: Pseudonyms) -> ServerStore:
    servers = ServerStore(database, people)
    await servers.load()
    return servers


async def test_the_key_is_made_once(database: Database, people: Pseudonyms) -> None:
    again = Pseudonyms(database)
    with pytest.raises(RuntimeError):
        again.of(MEMBER)
    await again.load()
    assert again.of(MEMBER) == people.of(MEMBER)
    assert len(people.of(MEMBER)) == 64
    assert people.of(MEMBER) != people.of(MEMBER + 1)


async def test_a_server_without_settings_and_a_direct_message_have_no_rules(servers: ServerStore) -> None:
    assert servers.rules(GUILD) == servers.rules(None) == ServerRules()
    assert not servers.is_blocked(None, MEMBER)


async def test_all_are_read_again_in_pieces_between_which_others_have_their_turn(
    servers: ServerStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"guild_id": number, "day_limit": number} for number in range(1, 3_001)]
    async with database.write() as connection:
        await connection.execute(insert(server_settings), rows)
    looked_at = 0

    def counted(rules: ServerRules, **changes: Any) -> ServerRules:
        nonlocal looked_at
        looked_at += 1
        return replace(rules, **changes)

    monkeypatch.setattr("bot.store.servers.replace", counted)  # once for each row
    loading, seen = asyncio.create_task(servers.load()), [0]
    while not loading.done():
        await asyncio.sleep(0)
        seen.append(looked_at)
    await loading
    assert servers.rules(3_000).day_limit == 3_000
    assert looked_at == len(rows)
    assert max(now - before for before, now in pairwise(seen)) <= 500


async def test_what_two_managers_decide_at_once_is_all_kept(
    servers: ServerStore, database: Database, people: Pseudonyms
) -> None:
    await asyncio.gather(
        servers.set_day_limit(GUILD, 5),
        servers.set_credits(GUILD, everybody=100, each=10),
        servers.set_makers(GUILD, JobKind.VIDEO, {7}),
        servers.set_role_limits(GUILD, 7, characters=None, videos=3, credits=None),
    )
    again = ServerStore(database, people)
    await again.load()
    role = RoleRules(may_film=True, videos=3)
    expected = ServerRules(day_limit=5, credits=100, member_credits=10, roles={7: role})
    assert servers.rules(GUILD) == again.rules(GUILD) == expected


async def test_what_was_committed_is_known_though_whoever_wanted_it_was_cancelled(
    servers: ServerStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = database.write

    @asynccontextmanager
    async def write_and_be_cancelled(**options: Any) -> AsyncIterator[AsyncConnection]:
        async with write(**options) as connection:
            yield connection
        changing.cancel()
        await asyncio.sleep(0)

    monkeypatch.setattr(database, "write", write_and_be_cancelled)
    changing = asyncio.create_task(servers.close_channel(GUILD, 7))
    with pytest.raises(asyncio.CancelledError):
        await changing
    assert servers.rules(GUILD).closed_channels == {7}


async def test_what_is_decided_holds_at_once_and_after_a_restart(
    servers: ServerStore, database: Database, people: Pseudonyms
) -> None:
    await servers.set_day_limit(GUILD, 5)
    for channel in (7, 8):
        await servers.close_channel(GUILD, channel)
    assert await servers.block(GUILD, MEMBER) is True
    assert await servers.block(GUILD, MEMBER) is False
    again = ServerStore(database, people)
    await again.load()
    for store in (servers, again):
        assert store.rules(GUILD) == ServerRules(
            5, closed_channels=frozenset({7, 8}), blocked=frozenset({people.of(MEMBER)})
        )
        assert store.is_blocked(GUILD, MEMBER)
        assert not store.is_blocked(GUILD, MEMBER + 1)
        assert not store.is_blocked(OTHER, MEMBER)
    await servers.set_day_limit(GUILD, None)
    for channel in (7, 8, 9):
        await servers.open_channel(GUILD, channel)
    assert await servers.unblock(GUILD, MEMBER) is True
    assert await servers.unblock(GUILD, MEMBER) is False
    await again.load()
    assert servers.rules(GUILD) == again.rules(GUILD) == ServerRules()


async def test_what_two_managers_decide_at_once_holds_both(
    servers: ServerStore, database: Database, people: Pseudonyms
) -> None:
    news, _ = await asyncio.gather(
        asyncio.gather(*(servers.block(GUILD, MEMBER) for _ in range(2))),
        asyncio.gather(*(servers.close_channel(GUILD, channel) for channel in (7, 8, 7))),
    )
    assert sorted(news) == [False, True]
    again = ServerStore(database, people)
    await again.load()
    for store in (servers, again):
        assert store.rules(GUILD) == ServerRules(
            closed_channels=frozenset({7, 8}), blocked=frozenset({people.of(MEMBER)})
        )


async def test_the_operators_block_holds_at_once_and_after_a_restart(
    database: Database, people: Pseudonyms, now: datetime
) -> None:
    blocks = BlockStore(database, people)
    await blocks.load()
    assert await blocks.block(MEMBER, now=now) is True
    assert await blocks.block(MEMBER, now=now) is False
    again = BlockStore(database, people)
    await again.load()
    assert blocks.is_blocked(MEMBER)
    assert again.is_blocked(MEMBER)
    assert not again.is_blocked(MEMBER + 1)
    assert await again.unblock(MEMBER) is True
    assert await again.unblock(MEMBER) is False
    assert not again.is_blocked(MEMBER)


async def test_whom_a_server_blocked_is_known_to_it_alone_and_after_a_restart(
    servers: ServerStore, database: Database, people: Pseudonyms
) -> None:
    for member in (MEMBER + 1, MEMBER, MEMBER):  # none of them ever used the bot
        await servers.block(GUILD, member)
    await servers.block(OTHER, MEMBER + 2)
    again = ServerStore(database, people)
    await again.load()
    for store in (servers, again):
        assert await store.known_blocked(GUILD) == (MEMBER, MEMBER + 1)
        assert await store.known_blocked(OTHER) == (MEMBER + 2,)
        assert await store.known_blocked(3) == ()
    await again.unblock(GUILD, MEMBER)
    assert await again.known_blocked(GUILD) == (MEMBER + 1,)


async def test_of_those_whom_an_earlier_version_blocked_only_who_used_the_bot_there_is_known(
    servers: ServerStore, database: Database, people: Pseudonyms, add: Callable[..., Any]
) -> None:
    used, never = MEMBER, MEMBER + 1
    rows = [{"guild_id": 1, "user_key": people.of(member)} for member in (used, never)]
    async with database.write() as connection:
        await connection.execute(insert(server_blocks), rows)
    await add(owner_id=used)  # in server 1
    await add(owner_id=MEMBER + 2)
    await servers.load()
    assert await servers.known_blocked(1) == (used,)
    assert len(servers.rules(1).blocked) == 2
    assert await servers.block(1, never) is False
    assert await servers.known_blocked(1) == (used, never)


async def test_whom_the_operator_blocked_is_not_written_down(
    database: Database, people: Pseudonyms, now: datetime, database_path: Path
) -> None:
    await BlockStore(database, people).block(MEMBER, now=now)
    with sqlite3.connect(database_path) as raw:
        dump = "\n".join(raw.iterdump())
    raw.close()
    assert people.of(MEMBER) in dump
    assert str(MEMBER) not in dump
