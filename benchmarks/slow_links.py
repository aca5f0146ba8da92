"""How long a paid task waits for its card while a hundred people have the bot fetch links that never end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from statistics import median

from aiohttp import web

from benchmarks.commands import Commands
from benchmarks.delivery import completed_to_card
from benchmarks.figures import Figure, against
from benchmarks.processes import Provider, castbook
from benchmarks.simulated_provider import unlimited

OWNERS, LINKS_EACH = 100, 2
JOBS = 10
POLL = 2.0  # seconds between two polls of the task
MOST = 1.5  # times as long as with an idle bot
WARM = 5.0  # seconds for the first downloads to begin


async def measure(
    folder: Path, *, owners: int = OWNERS, jobs: int = JOBS, poll: float = POLL, warm: float = WARM
) -> list[Figure]:
    """The median over ``jobs`` paid jobs, first beside nothing, then beside all the slow links; in one process."""
    people = Commands(folder)
    async with unlimited(seconds_per_task=0) as provider, _dripping() as slow:
        where = Provider(provider.base_url, provider.key)
        trusted = {"trusted_origins": [provider.base_url, slow]}
        polls = {"poll_first": poll, "poll_every": poll}
        async with castbook(folder, where, toapis=polls, links=trusted) as world:

            async def cards() -> list[float]:
                random, took = Random(11), []  # the same moments between two polls, both times
                for _ in range(jobs):
                    provider.seconds_per_task = poll * (1 + random.random())
                    took.append(await completed_to_card(people, world, provider))
                return took

            idle = await cards()
            for number in range(owners * LINKS_EACH):
                person = world.people[-1 - number // LINKS_EACH]
                options = {"range": "1-3", "link": f"{slow}/{number}.mp4"}
                await person.slash(world.channel, "character create", options)
            await asyncio.sleep(warm)
            crowded = await cards()
    name = f"completed → card, beside {owners * LINKS_EACH} slow links of {owners} owners, median"
    return [against(name, median(crowded) * 1000, median(idle) * 1000, "ms", most=MOST)]


@asynccontextmanager
async def _dripping() -> AsyncIterator[str]:
    """The origin of a server that answers at once, and then sends one byte per second without end."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        await response.prepare(request)
        with suppress(ConnectionError):  # the bot ends before the links do
            while True:
                await response.write(b"\0")
                await asyncio.sleep(1)
        return response

    app = web.Application()
    app.router.add_get("/{name}", drip)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
