"""The simulated provider as a process of its own, without limits: python -m benchmarks.simulated_provider SECONDS

SECONDS is what a task takes. It prints its address, its key and the id of a finished video task, one line each, and
serves until SIGTERM.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from pathlib import Path

from playground.clip import render_clip
from playground.provider import SimulatedProvider

UNLIMITED = 1_000_000


def unlimited(seconds_per_task: float) -> SimulatedProvider:
    """A simulated provider that refuses nobody because of a rate or a balance."""
    provider = SimulatedProvider(
        seconds_per_task=seconds_per_task, submits_per_minute=UNLIMITED, queries_per_minute=UNLIMITED
    )
    provider.account.unlimited = True
    return provider


async def _serve(seconds_per_task: float) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    with tempfile.TemporaryDirectory(prefix="castbook-bench-") as folder:
        video = Path(folder) / "video.mp4"
        render_clip(video, seconds=3.5, size=(160, 90), fps=12)
        async with unlimited(seconds_per_task) as provider:
            print(provider.base_url, provider.key, provider.add_video_task(video), sep="\n", flush=True)
            await stopped.wait()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
