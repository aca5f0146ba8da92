"""What other tests have to say for the table: faults injected by kind, hostile links, strangers' attempts."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
SUITES = (
    "tests/jobs/test_provider_faults.py",
    "tests/jobs/test_provider_pictures.py",
    "tests/wire/test_discord_faults.py",
    "tests/wire/test_courier_paths.py",
    "tests/media/test_hostile_links.py",
    "tests/cogs/test_strangers.py",
)


@dataclass(frozen=True)
class Figures:
    """``by_name`` in the order of the suites; ``failed`` where any of their tests did, with what pytest said."""

    by_name: Mapping[str, str]
    failed: str | None


async def figures(suites: Sequence[str] = SUITES) -> Figures:
    """Run the suites in a process of their own, and read what they have recorded."""
    with tempfile.TemporaryDirectory(prefix="castbook-faults-") as folder:
        report = Path(folder) / "report.xml"
        options = ("-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1", f"--junitxml={report}")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pytest", *options, *suites),
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "SLIPCOVER_"))},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        found = {}
        if report.exists():
            for each in ElementTree.parse(report).iter("property"):
                found[each.attrib["name"]] = each.attrib["value"]
    return Figures(found, None if process.returncode == 0 else said.decode(errors="replace")[-4000:])
