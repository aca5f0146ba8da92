"""`castbook run`, which writes the names of all imported modules whenever it receives SIGUSR1.

listing_bot.py OUTPUT run --config PATH
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from pathlib import Path
from types import FrameType

# Modules that the bot's own process does not need; OpenTelemetry only with a collector.
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
    """The modules of :data:`HEAVY` in a list that :func:`main` has written."""
    packages = {name.partition(".")[0] for name in modules.split()}
    return [name for name in HEAVY if name in packages]


if __name__ == "__main__":
    main()
