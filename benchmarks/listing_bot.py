"""`castbook run`, writing the names of all modules it holds whenever it gets SIGUSR1.

listing_bot.py OUTPUT run --config PATH
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from pathlib import Path
from types import FrameType

# What the bot's own process has no use for; of OpenTelemetry, where no collector is set.
HEAVY = ("PIL", "alembic", "av", "numpy", "onnxruntime", "opentelemetry", "requests")


def main() -> None:
    output = Path(sys.argv.pop(1))

    def write(_number: int, _frame: FrameType | None) -> None:
        unfinished = output.with_suffix(".part")
        modules: dict[str, object] = {**sys.modules}  # with None for what must not be imported
        unfinished.write_text("\n".join(sorted(name for name, module in modules.items() if module)), "utf-8")
        unfinished.replace(output)

    signal.signal(signal.SIGUSR1, write)
    sys.path[0] = os.getcwd()  # as with `python -m`
    runpy.run_module("bot", run_name="__main__", alter_sys=True)


def heavy_in(modules: str) -> list[str]:
    """Those of :data:`HEAVY` that a list written by :func:`main` holds."""
    packages = {name.partition(".")[0] for name in modules.split()}
    return [name for name in HEAVY if name in packages]


if __name__ == "__main__":
    main()
