"""The long run: python -m tests.faults [--engine sqlite|postgres] [--seed N] [--only WORDS] [--at-once N]

Kills the bot at every point and at random moments, injects every single fault, and prints what became of it. On
PostgreSQL: kills processes of every role, and the database. A whole run in which everything held writes its figures
into docs/faults.md. Fails where anything was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from random import Random

from benchmarks.marked_blocks import ROOT, measured_on, rewrite
from tests.faults import shared_campaign, suites
from tests.faults.campaign import RANDOM_MOMENTS, Campaign, carry_out, every_point, inside_acts, random_moments
from tests.faults.figures import Rows, figures, markdown_table, text_table

AT_LEAST = 200  # kills


def main() -> int:
    """The exit code says whether everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite", help="of the database")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="draws the same kills again")
    parser.add_argument("--only", default="", help="only the scenarios whose description has these words")
    parser.add_argument("--at-once", type=int, default=3, help="scenarios at once")
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # a client that was killed is no news here
    if chosen.engine == "postgres":
        return _several_processes(chosen.seed, chosen.only, chosen.at_once)
    campaign = Campaign(chosen.seed)
    with tempfile.TemporaryDirectory(prefix="castbook-looks-") as looks:
        asyncio.run(_run(campaign, Path(looks), chosen.only, chosen.at_once))
    _say("the tests of single faults, of hostile links and of strangers")
    others = asyncio.run(suites.figures())
    rows = figures(campaign, others.by_name)
    failures = campaign.failures + ([others.failed] if others.failed else [])
    return _end(rows, failures, "faults", "" if chosen.only else f"make faults SEED={chosen.seed}")


def _several_processes(seed: int, only: str, at_once: int) -> int:
    campaign = shared_campaign.SharedCampaign(seed)
    wanted = [plan for plan in shared_campaign.plans(seed) if only in str(plan)]
    _say(f"{len(wanted)} scenarios")
    asyncio.run(shared_campaign.carry_out(wanted, campaign, _say, at_once))
    failures = campaign.failures + ([] if only else campaign.too_few())
    command = "" if only else f"make faults ENGINE=postgres SEED={seed}"
    return _end(shared_campaign.figures(campaign), failures, "faults-postgres", command)


def _end(rows: Rows, failures: Sequence[str], block: str, command: str) -> int:
    """Print the table; where all held, and a ``command`` ran it, also into ``block`` of docs/faults.md."""
    print("\n" + text_table(rows) + "\n")
    for failure in failures:
        print(f"FAILED: {failure}")
    if not failures and command:
        today = measured_on(datetime.now().astimezone().date())
        rewrite(ROOT / "docs/faults.md", block, f"{markdown_table(rows)}\n\nRun on {today}, by `{command}`.")
    return 1 if failures else 0


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
