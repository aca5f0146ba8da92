"""Castbook as many processes on one PostgreSQL: gateways for people, workers for jobs; each can be killed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from sqlalchemy import make_url

from bot.store import identify_buckets
from bot.values.clock import utc_now
from tests.patience import PATIENCE
from tests.wire.bot_process import RoleProcess, castbook, environment
from tests.wire.scene import scene


async def test_what_a_killed_worker_had_goes_on_in_another_one(tmp_path: Path, postgres_url: str) -> None:
    shared: dict[str, Any] = {
        "STORE__URL": postgres_url,
        "STORE__FILES": str(tmp_path / "files"),
        "CONSENT__ASK": "false",
    }
    async with scene() as show, AsyncExitStack() as opened:

        async def process(name: str, *arguments: str) -> RoleProcess:
            made = RoleProcess(show.discord, show.provider, tmp_path / name, *arguments, **shared)
            return await opened.enter_async_context(made)

        first = await process("first", "--role", "worker")
        gateway = await process("gateway", "--role", "gateway", "--shards", "0-0/1")
        assert [identify["shard"] for identify in show.discord.gateway.identifies] == [[0, 1]], (
            "workers have no gateway"
        )
        people = [show.person(name) for name in ("ann", "bob")]
        show.provider.speaks.clear()  # it takes requests, and does not answer
        for number, person in enumerate(people):
            await show.create(person, name=f"Ada {number}")
        await show.discord.wait_for(lambda: len(show.tasks) == len(people), PATIENCE)
        second = await process("second", "--role", "worker")
        await first.kill()  # between the submissions and their answers
        show.provider.speaks.set()
        await show.discord.wait_for(lambda: all(show.provider.looked_at(task) for task in show.tasks), 2 * PATIENCE)
        for number, person in enumerate(people):
            await show.reads(person, f"Ada {number}")

        def all_told() -> bool:
            shown = show.channel.visible_to(show.person("cy"))
            return sum("Reusable task ID" in message.text for message in shown) == len(people)

        await show.discord.wait_for(all_told, PATIENCE)
        assert len(show.provider.submissions) == len(people), "nothing was sent twice"

        await show.create(people[0], name="Eve", range="0.5-2")  # by the gateway, done by a worker that is told of it
        await show.discord.wait_for(lambda: len(show.tasks) == len(people) + 1, PATIENCE)
        assert [await gateway.stop(), await second.stop()] == [0, 0]


async def test_a_command_that_a_proxy_repeats_to_another_process_is_carried_out_once(
    tmp_path: Path, postgres_url: str
) -> None:
    async with scene() as show, AsyncExitStack() as opened:
        endpoint = show.discord.endpoint
        endpoint.clock = utc_now
        shared: dict[str, Any] = {
            "STORE__URL": postgres_url,
            "STORE__FILES": str(tmp_path / "files"),
            "CONSENT__ASK": "false",
            "DISCORD__PUBLIC_KEY": endpoint.public_key,
        }
        processes = [
            await opened.enter_async_context(
                RoleProcess(show.discord, show.provider, tmp_path / name, "--role", "http", **shared)
            )
            for name in ("first", "second")
        ]
        addresses = [process.address("/interactions") for process in processes]
        await endpoint.set(addresses[0])
        endpoint.repeated_to = addresses[1:]
        people = [show.person(f"person{number}") for number in range(5)]
        asked = [await show.create(person, name="Ada") for person in people]
        endpoint.repeated_to = []
        for address in addresses:  # one more comes and goes: what a repeated one had set off would be seen by then
            endpoint.url = address
            await (await show.person("cy").slash(show.channel, "tasks")).replied(PATIENCE)
        assert endpoint.statuses == [202] * (2 * len(people) + 2)
        for each in asked:  # on a busy machine they may come after those
            await each.answered(PATIENCE)
        answers = [len(show.discord.calls("POST", f"/interactions/{each.id}/")) for each in asked]
        assert answers == [1] * len(people), "nobody else answered it"
        async with asyncio.timeout(PATIENCE):  # a slow database writes the row after the answer
            while len(owners := await _owners_of_jobs(postgres_url)) < len(people):
                await asyncio.sleep(0.2)
        assert owners == [person.id for person in people]


async def _owners_of_jobs(postgres_url: str) -> list[int]:
    connection = await asyncpg.connect(make_url(postgres_url).set(drivername="postgresql").render_as_string())
    try:
        return [row["owner_id"] for row in await connection.fetch("SELECT owner_id FROM jobs ORDER BY owner_id")]
    finally:
        await connection.close()


async def test_gateways_with_one_bucket_identify_one_after_the_other(tmp_path: Path, postgres_url: str) -> None:
    async with scene() as show, AsyncExitStack() as opened:
        gateways = [
            RoleProcess(
                show.discord,
                show.provider,
                tmp_path / str(shard),
                *("--role", "gateway", "--shards", f"{shard}/2"),
                STORE__URL=postgres_url,
                STORE__FILES=str(tmp_path / "files"),
            )
            for shard in range(2)
        ]
        other = await asyncpg.connect(make_url(postgres_url).set(drivername="postgresql").render_as_string())
        await other.execute(f"SELECT pg_advisory_lock({identify_buckets._KEY}, 0)")  # as a third gateway has it
        starting = asyncio.gather(*[opened.enter_async_context(gateway) for gateway in gateways])
        async with asyncio.timeout(PATIENCE):
            while await other.fetchval(_WAIT_FOR_THE_BUCKET) < len(gateways):
                await asyncio.sleep(0.05)
        assert show.discord.gateway.identifies == []
        await other.close()
        await starting
        assert sorted(identify["shard"] for identify in show.discord.gateway.identifies) == [[0, 2], [1, 2]]


_WAIT_FOR_THE_BUCKET = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND query LIKE '%pg_try_advisory_lock%'"
)


async def test_a_role_needs_a_database_that_can_be_shared(tmp_path: Path) -> None:
    async with scene() as show:
        environ = environment(show.discord, show.provider, tmp_path)
        refused = await castbook("run", environ, tmp_path, "--role", "worker")
    assert refused.code == 78
    assert refused.sentence == (
        "castbook: --role worker is for many processes on one PostgreSQL (store.url); on SQLite one does everything."
    )


async def test_a_worker_serves_no_webhooks(tmp_path: Path, postgres_url: str) -> None:
    async with scene() as show:
        settings = {"STORE__URL": postgres_url, "TOAPIS__WEBHOOK_SECRETS": '["whsec_0123456789abcdef0123456789"]'}
        for role, status in (("worker", 404), ("web", 401)):
            async with RoleProcess(show.discord, show.provider, tmp_path / role, "--role", role, **settings) as process:
                port = process.environ["CASTBOOK__WEB__PORT"]
                async with aiohttp.ClientSession() as session:
                    answer = await session.post(f"http://127.0.0.1:{port}/webhooks/toapis", data=b"{}")
                assert (role, answer.status) == (role, status)
