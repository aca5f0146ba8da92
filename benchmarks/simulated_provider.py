"""The simulated provider as a process of its own, without limits.

python -m benchmarks.simulated_provider SECONDS [TASKS]: SECONDS is how long a task takes; TASKS more are running from
the start, and never end. It prints its address, its key and the id of a finished video task, one line each, and serves
until SIGTERM. For each line that it reads, it prints how many submissions there were, and of how many jobs.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from playground.clip import render_clip
from playground.provider import SimulatedProvider
from playground.provider.tasks import Failure, Task

UNLIMITED = 1_000_000


def unlimited(seconds_per_task: float) -> SimulatedProvider:
    """A simulated provider without limits of rate or balance."""
    provider = SimulatedProvider(
        seconds_per_task=seconds_per_task, submits_per_minute=UNLIMITED, queries_per_minute=UNLIMITED
    )
    provider.account.unlimited = True
    return provider


def standing_task(number: int) -> str:
    """The id of a task that never ends; they are numbered from 1."""
    return f"task_standing_{number}"


def _stand(provider: SimulatedProvider, tasks: int) -> None:
    work: asyncio.Future[Mapping[str, Any] | Failure] = asyncio.get_running_loop().create_future()
    for number in range(1, tasks + 1):
        begun = provider.clock() - timedelta(seconds=30)
        task = Task(standing_task(number), "character", "sora-2", begun, timedelta(days=365), work)
        provider.tasks[task.id] = task


async def _serve(seconds_per_task: float, tasks: int) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    with tempfile.TemporaryDirectory(prefix="castbook-bench-") as folder:
        video = Path(folder) / "video.mp4"
        render_clip(video, seconds=3.5, size=(160, 90), fps=12)
        async with unlimited(seconds_per_task) as provider:
            _stand(provider, tasks)
            print(provider.base_url, provider.key, provider.add_video_task(video), sep="\n", flush=True)
            asyncio.get_running_loop().add_reader(sys.stdin, _count, provider)
            await stopped.wait()


def _count(provider: SimulatedProvider) -> None:
    if not sys.stdin.readline():  # the other side has closed it
        asyncio.get_running_loop().remove_reader(sys.stdin)
        return
    jobs = {each.business_id for each in provider.submissions}
    print(len(provider.submissions), len(jobs), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
