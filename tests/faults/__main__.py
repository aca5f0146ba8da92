"""The long run: python -m tests.faults [--seed N] [--only WORDS] [--at-once N]

Kills the bot at every point and at random moments, injects every single fault, and prints what became of it. A whole
run in which everything held writes its figures into docs/faults.md. Fails where anything was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from random import Random

from benchmarks.marked_blocks import ROOT, measured_on, rewrite
from tests.faults import suites
from tests.faults.campaign import RANDOM_MOMENTS, Campaign, carry_out, every_point, inside_acts, random_moments
from tests.faults.figures import figures, markdown_table, text_table

AT_LEAST = 200  # kills


def main() -> int:
    """The exit code says whether everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="draws the same kills again")
    parser.add_argument("--only", default="", help="only the scenarios whose description has these words")
    parser.add_argument("--at-once", type=int, default=3, help="scenarios at once")
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # a client that was killed is no news here
    campaign = Campaign(chosen.seed)
    with tempfile.TemporaryDirectory(prefix="castbook-looks-") as looks:
        asyncio.run(_run(campaign, Path(looks), chosen.only, chosen.at_once))
    _say("the tests of single faults, of hostile links and of strangers")
    others = asyncio.run(suites.figures())
    rows = figures(campaign, others.by_name)
    print("\n" + text_table(rows) + "\n")
    failures = campaign.failures + ([others.failed] if others.failed else [])
    for failure in failures:
        print(f"FAILED: {failure}")
    if not failures and not chosen.only:
        _write(markdown_table(rows), chosen.seed)
    return 1 if failures else 0


def _write(table: str, seed: int) -> None:
    today = measured_on(datetime.now().astimezone().date())
    rewrite(ROOT / "docs/faults.md", "faults", f"{table}\n\nRun on {today}, by `make faults SEED={seed}`.")


async def _run(campaign: Campaign, looks: Path, only: str, at_once: int) -> None:
    random = Random(campaign.seed)
    plans = await every_point(looks, campaign, random, _say)
    plans += inside_acts(campaign.points, random)
    plans += random_moments(RANDOM_MOMENTS, random)
    wanted = [plan for plan in plans if only in str(plan)]
    _say(f"{len(wanted)} scenarios over {len(campaign.points)} points")
    await carry_out(wanted, looks, campaign, _say, at_once)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
