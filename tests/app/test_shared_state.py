"""What one process learns that the others on the same PostgreSQL have to know: two whole apps, each with its memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from bot import limits
from bot.app.build import App
from bot.app.roles import Role
from bot.jobs.model_availability import Availability
from bot.provider.errors import ModelClosed
from bot.values.job import CharacterRequest, Job
from bot.values.source import Link
from tests.app.conftest import MakeSettings
from tests.jobs.harness import RANGE, RecordingCourier, origin_at
from tests.patience import PATIENCE

SERVER = 77


@dataclass
class Processes:
    """Opens them; none of them works or connects by itself."""

    settings: Any
    opened: AsyncExitStack
    couriers: list[RecordingCourier] = field(default_factory=list)

    async def start(self, role: Role) -> App:
        self.couriers.append(RecordingCourier())
        app = App(self.settings, role=role, courier=self.couriers[-1])
        await app.open()
        self.opened.push_async_callback(app.close)
        return app


@pytest.fixture
async def processes(make_settings: MakeSettings, postgres_url: str, tmp_path: Path) -> AsyncIterator[Processes]:
    async with AsyncExitStack() as opened:
        yield Processes(
            make_settings(STORE__URL=postgres_url, CONSENT__ASK="false", LIMITS__RUNNING_IN_ALL="1"), opened
        )


async def soon(condition: Callable[[], Awaitable[bool] | bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


async def asked(app: App, owner: int) -> Job:
    wanted = CharacterRequest(source=Link(url="https://example.com/clip.mp4"), range=RANGE, model="sora-2")
    return await app.job_starter.start(owner_id=owner, origin=origin_at(app.clock()), request=wanted)


async def places(app: App, owner: int) -> list[str]:
    return [str(each) for each in (await app.job_service.overview(owner)).queued.values()]


async def test_a_gateway_knows_the_place_in_a_line_that_workers_move(processes: Processes) -> None:
    gateway, worker = await processes.start(Role.GATEWAY), await processes.start(Role.WORKER)
    jobs = [await asked(gateway, owner) for owner in (1, 2, 3)]
    await worker.queue.move()
    assert await places(gateway, 1) == []
    assert await places(gateway, 2) == ["Waiting for a free place: number 1 in line"]
    assert await places(gateway, 3) == ["Waiting for a free place: number 2 in line"]
    await worker.job_service.cancel_unseen(1, jobs[0].id)
    await worker.queue.move()
    assert await places(gateway, 2) == []
    assert await places(gateway, 3) == ["Waiting for a free place: number 1 in line"]


async def test_one_worker_shows_people_their_places_and_another_one_once_it_is_gone(processes: Processes) -> None:
    gateway = await processes.start(Role.GATEWAY)
    first, second = await processes.start(Role.WORKER), await processes.start(Role.WORKER)
    _, of_first, of_second = processes.couriers
    jobs = [await asked(gateway, owner) for owner in (1, 2, 3)]

    async def moved(app: App) -> None:
        app.queue.joined()
        await app.queue.move()
        if app.queue._telling is not None:
            await app.queue._telling

    await moved(first)
    await moved(second)
    assert [job_id for job_id, _, _ in of_first.shown] == [jobs[1].id, jobs[2].id]
    assert of_second.shown == []
    await first.close()
    await gateway.job_service.cancel_unseen(1, jobs[0].id)
    await moved(second)
    assert [(job_id, state) for job_id, state, _ in of_second.shown] == [
        (jobs[2].id, "Waiting for a free place: number 1 in line")
    ]


async def test_a_job_whose_owner_another_process_answers_hears_of_its_place_after_that(processes: Processes) -> None:
    """Before its command is answered there is no message, and an edit of none would be the last that is tried."""
    gateway, worker = await processes.start(Role.GATEWAY), await processes.start(Role.WORKER)
    of_worker = processes.couriers[-1]
    await asked(gateway, 1)
    second = gateway.job_starter.new_id()
    wanted = CharacterRequest(source=Link(url="https://example.com/clip.mp4"), range=RANGE, model="sora-2")

    async def moved() -> None:
        worker.queue.joined()
        await worker.queue.move()
        if worker.queue._telling is not None:
            await worker.queue._telling

    with gateway.job_service.held(second):
        origin = origin_at(gateway.clock())
        await gateway.job_starter.start(owner_id=2, origin=origin, request=wanted, job_id=second)
        await moved()
        assert of_worker.shown == []

    async def is_told() -> bool:
        await moved()
        return [job_id for job_id, _, _ in of_worker.shown] == [second]

    await soon(is_told)


async def test_what_the_provider_takes_of_a_worker_all_know(processes: Processes) -> None:
    gateway, worker = await processes.start(Role.GATEWAY), await processes.start(Role.WORKER)
    worker.availability.accepted("sora-2-pro")

    async def alive() -> bool:
        return (await gateway.availability.table())["sora-2-pro"] is Availability.ALIVE

    await soon(alive)
    assert (await gateway.availability.available())[0] == "sora-2-pro"


async def test_a_model_that_one_worker_is_refused_is_closed_to_all_whatever_they_had_taken(
    processes: Processes,
) -> None:
    gateway, first, second = [await processes.start(role) for role in (Role.GATEWAY, Role.WORKER, Role.WORKER)]
    for app in (gateway, first, second):
        app.availability.accepted("sora-2")
    assert await first.availability.refused("sora-2")
    assert not await second.availability.refused("sora-2"), "operators are told once"
    for app in (gateway, first, second):
        app.stores.provider_state.forget()  # what a notification does; it may still be under way
        with pytest.raises(ModelClosed):
            await app.availability.check("sora-2")


async def test_a_servers_settings_arrive_with_the_commit_also_from_a_process_that_can_tell_nobody(
    processes: Processes, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await processes.start(Role.HTTP), await processes.start(Role.HTTP)
    monkeypatch.setattr(one.stores.database.notifications, "send", lambda *_: pytest.fail("it is lost"))
    await one.stores.servers.close_channel(SERVER, 5)
    await soon(lambda: other.stores.servers.rules(SERVER).closed_channels == {5})
    await one.stores.servers.set_day_limit(SERVER, 3)
    await soon(lambda: other.stores.servers.rules(SERVER).day_limit == 3)


async def test_settings_of_servers_are_not_read_at_each_look_but_after_a_loss(
    processes: Processes, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SHARED_STATE_EVERY", 0.05)
    monkeypatch.setattr(limits, "NOTIFICATIONS_AGAIN", 0.05)
    app = await processes.start(Role.HTTP)
    reads: dict[str, int] = {"servers": 0, "blocks": 0}
    load_servers, load_blocks = app.stores.servers.load, app.stores.blocks.load

    async def servers() -> None:
        reads["servers"] += 1
        await load_servers()

    async def blocks() -> None:
        reads["blocks"] += 1
        await load_blocks()

    monkeypatch.setattr(app.stores.servers, "load", servers)
    monkeypatch.setattr(app.stores.blocks, "load", blocks)
    await soon(lambda: reads["blocks"] >= 3)
    assert reads["servers"] == 0
    apart = await asyncpg.connect(make_url(postgres_url).set(drivername="postgresql").render_as_string())
    await apart.execute("INSERT INTO server_closed_channels (guild_id, channel_id) VALUES ($1, 6)", SERVER)
    await apart.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
        "pid <> pg_backend_pid()"
    )
    await apart.close()
    await soon(lambda: app.stores.servers.rules(SERVER).closed_channels == {6})


async def test_settings_that_could_not_be_read_are_read_at_the_next_look(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SHARED_STATE_EVERY", 0.05)
    one, other = await processes.start(Role.HTTP), await processes.start(Role.HTTP)

    async def broken(_: int) -> None:
        raise RuntimeError

    monkeypatch.setattr(other.stores.servers, "reload", broken)
    await one.stores.servers.close_channel(SERVER, 7)
    await soon(lambda: other.stores.servers.rules(SERVER).closed_channels == {7})


async def test_a_list_of_tasks_that_another_process_draws_is_left_to_it(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await processes.start(Role.HTTP), await processes.start(Role.HTTP)
    left: list[int] = []

    async def leave(owner_id: int) -> None:
        left.append(owner_id)

    monkeypatch.setattr(other.task_list, "leave", leave)
    await one.task_list._leave(4001)  # what drawing a list, or one of its jobs, begins with
    await soon(lambda: left == [4001])


async def test_who_was_told_of_a_result_by_one_process_is_not_told_by_another(processes: Processes) -> None:
    one, other = await processes.start(Role.HTTP), await processes.start(Role.HTTP)
    here, there = one.client.pending_results, other.client.pending_results
    assert here is not None
    assert there is not None
    here._tell_others("00112233aabbccdd")
    await soon(lambda: "00112233aabbccdd" in there._told)
