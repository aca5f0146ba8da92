"""Runs the simulated provider alone: `python -m playground.provider --port 8787`."""

from __future__ import annotations

import argparse
import asyncio
import signal

from playground.provider import SimulatedProvider


def main() -> None:
    """Listens until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m playground.provider", description="A simulated provider.")
    parser.add_argument("--port", type=int, default=0, help="loopback port (0: any free one)")
    parser.add_argument("--seconds-per-task", type=float, default=12.0, help="how long a character takes")
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.port, arguments.seconds_per_task))


async def _run(port: int, seconds_per_task: float) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with SimulatedProvider(port=port, seconds_per_task=seconds_per_task) as provider:
        print("This is a simulated provider: nothing is generated, nothing is charged.")
        print(f"address        {provider.base_url}")
        print(f"simulated key  {provider.key}", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    main()
