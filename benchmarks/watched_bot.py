"""`castbook run`, which writes on each SIGUSR1 for how long its event loop was blocked since the one before.

watched_bot.py OUTPUT run --config PATH
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

OUTPUT = Path(sys.argv[1])


def main() -> None:
    sys.modules["rich"] = None  # type: ignore[assignment]  # the language's own way to say that it is not there
    del sys.argv[1]
    sys.path[0] = os.getcwd()  # as with `python -m`
    from bot import __main__ as command
    from bot.app import service

    vars(service)["run"] = partial(_watched, service.run)
    command.main()


async def _watched(run: Callable[..., Coroutine[Any, Any, int]], settings: object, **as_told: object) -> int:
    from benchmarks.lateness import Lateness, ticking

    lateness = Lateness()

    def write() -> None:
        unfinished = OUTPUT.with_suffix(".part")
        unfinished.write_text(f"{lateness.longest_ms:.3f}", "ascii")
        lateness.ticks.clear()
        unfinished.replace(OUTPUT)

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, write)
    async with ticking(lateness):
        return await run(settings, **as_told)


if __name__ == "__main__":
    main()
