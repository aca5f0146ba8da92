"""Measures everything and prints the table: python -m benchmarks [--quick] [--only NAME].

Without ``--quick``, the figures of each measurement are also written into their block of benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from compileall import compile_dir
from datetime import datetime
from functools import partial
from pathlib import Path

from benchmarks import (
    bucket,
    cast_search,
    delivery,
    first_answer,
    gallery,
    grown_table,
    large_videos,
    load,
    long_videos,
    media_speed,
    memory,
    polling,
    portable_casts,
    quality,
    running_jobs,
    shared_clips,
    shared_rates,
    slow_links,
    write_locks,
)
from benchmarks.figures import Figure, table
from benchmarks.marked_blocks import ROOT, measured_on, rewrite

DOCUMENT = ROOT / "benchmarks/README.md"
RUNBOOK = ROOT / "docs/runbook.md"
Measure = Callable[[Path], Awaitable[list[Figure]]]

FULL: dict[str, Measure] = {
    "memory": partial(memory.measure, idle=5.0),
    "delivery": delivery.measure,
    "large_videos": large_videos.measure,
    "slow_links": slow_links.measure,
    "bucket": bucket.measure,
    "grown_table": grown_table.measure,
    "cast_search": cast_search.measure,
    "gallery": gallery.measure,
    "running_jobs": running_jobs.measure,
    "polling": polling.measure,
    "shared_rates": shared_rates.measure,
    "write_locks": write_locks.measure,
    "first_answer": first_answer.measure,
    "media_speed": media_speed.measure,
    "long_videos": long_videos.measure,
    "shared_clips": shared_clips.measure,
    "portable_casts": portable_casts.measure,
    "quality": quality.measure,
    "load": load.measure,
}
QUICK: dict[str, Measure] = {  # shows that it works; its numbers mean little
    "memory": partial(memory.measure, idle=1.0),
    "delivery": partial(delivery.measure, jobs=1, poll=1.0),
    "large_videos": partial(large_videos.measure, rounds=1, size=2_000_000, seconds=4.0),
    "bucket": partial(bucket.measure, rounds=1),
    "grown_table": partial(grown_table.measure, finished=2_000, rounds=5),
    "cast_search": partial(cast_search.measure, own=500, everybody=(500, 2_000), rounds=20),
    "gallery": partial(gallery.measure, rounds=2, size=(320, 180)),
    "slow_links": partial(slow_links.measure, owners=10, jobs=1, poll=1.0, warm=1.0),
    "running_jobs": partial(running_jobs.measure, jobs=20, idle=1.0, watched_for=1.0),
    "polling": partial(polling.measure, running=600, seconds=900.0),
    "shared_rates": partial(shared_rates.measure, seconds=3.0),
    "write_locks": partial(write_locks.measure, seconds=2.0),
    "first_answer": partial(first_answer.measure, commands=20, rounds=1),
    "media_speed": partial(media_speed.measure, rounds=1, seconds=4.0, size=(640, 360)),
    "long_videos": partial(long_videos.measure, lengths=(60, 180), size=(320, 180)),
    "shared_clips": partial(shared_clips.measure, rounds=1, seconds=1.0),
    "portable_casts": partial(portable_casts.measure, characters=4, rounds=1, size=(320, 180)),
    "load": partial(load.measure, servers=200, characters=2_000, running=50, seconds=20.0, rate=5, engine_jobs=300),
    "quality": partial(quality.measure, names=("bikes", "robot", "cat")),
}


def main() -> int:
    """Never fails because of a number: the table says which targets were missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a short run of everything, to see that it works")
    parser.add_argument("--only", choices=sorted(FULL), help="one measurement alone")
    chosen = parser.parse_args()
    # As an install does: a media child writes nothing, so it would compile its modules at each start.
    compile_dir(ROOT / "bot", quiet=1)
    measures = QUICK if chosen.quick else FULL
    wanted = {name: measure for name, measure in measures.items() if chosen.only in (None, name)}
    figures = asyncio.run(_run(wanted, None if chosen.quick else DOCUMENT))
    print(table(figures))
    missed = sum(figure.met is False for figure in figures)
    print(f"\n{missed or 'no'} target{'' if missed == 1 else 's'} missed; load average {os.getloadavg()[0]:.1f}")
    return 0


async def _run(measures: dict[str, Measure], document: Path | None) -> list[Figure]:
    figures: list[Figure] = []
    for name, measure in measures.items():
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="castbook-bench-") as folder:
            measured = await measure(Path(folder))
        for figure in measured:  # at once: the whole run takes minutes, and may be interrupted
            print("  " + " · ".join(cell for cell in figure.cells() if cell), file=sys.stderr, flush=True)
        if document is not None:
            today = measured_on(datetime.now().astimezone().date())
            await asyncio.to_thread(rewrite, document, name, f"Measured on {today}:\n\n{table(measured)}")
            if name == "load":
                needed = f"Measured on {today}:\n\n{table(load.sizing(measured))}"
                await asyncio.to_thread(rewrite, RUNBOOK, "sizing", needed)
        figures += measured
    return figures


if __name__ == "__main__":
    sys.exit(main())
