"""The arithmetic of the measurements and their table; the measurements themselves are run by `make bench`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import processes
from benchmarks.figures import Figure, against, below, percentile, table
from benchmarks.listing_bot import HEAVY, heavy_in
from benchmarks.memory import Memory
from bot.config import load
from tests.loopback_discord.server import LoopbackDiscord

ROLLUP = """\
55a0c0000000-7ffd00000000 ---p 00000000 00:00 0                          [rollup]
Rss:               88000 kB
Pss:               70500 kB
Pss_Anon:          60000 kB
Shared_Clean:      20000 kB
Private_Clean:      6000 kB
Private_Dirty:     62000 kB
"""


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (0.5, 1), (1, 2), (50, 100), (99, 198), (99.5, 199), (99.6, 200), (100, 200)]
)
def test_a_percentile_is_one_of_the_samples(percent: float, expected: float) -> None:
    assert percentile([float(number) for number in range(200, 0, -1)], percent) == expected


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 50)


def test_a_ratio_meets_its_target_up_to_the_target_itself() -> None:
    met, missed, free = against("a", 4, 2, "ms", most=2), against("b", 4.02, 2, "ms", most=2), against("c", 9, 2, "ms")
    assert (met.factor, met.met, missed.met, free.met) == (2, True, False, None)
    assert missed.cells() == ("b", "4.0 ms", "2.0 ms", "2.01x", "at most 2x", "NO")
    assert free.cells()[-2:] == ("", "")


def test_a_limit_is_met_up_to_the_limit_itself() -> None:
    assert below("a", 10, 10, "kB").met is True
    assert below("b", 10.1, 10, "kB", compared="before").cells() == (
        "b",
        "10.10 kB",
        "before",
        "",
        "at most 10 kB",
        "NO",
    )


def test_the_table_is_markdown_whose_columns_stand_in_line() -> None:
    lines = table([Figure("short", "1 ms"), against("a rather longer name", 3, 2, "ms", most=2)]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [line.count("|") for line in lines] == [7, 7, 7, 7]
    assert set(lines[1]) == {"|", "-"}
    assert [cell.strip() for cell in lines[3].split("|")[1:-1]] == [
        "a rather longer name",
        "3.0 ms",
        "2.0 ms",
        "1.50x",
        "at most 2x",
        "yes",
    ]


def test_memory_is_read_as_the_kernel_writes_it() -> None:
    assert Memory.parse(ROLLUP) == Memory(rss=88_000 * 1024, pss=70_500 * 1024, uss=68_000 * 1024)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has smaps_rollup")
def test_memory_of_a_living_process() -> None:
    mine = Memory.of(os.getpid())
    assert 0 < mine.uss <= mine.pss <= mine.rss


def test_heavy_modules_are_found_by_their_package() -> None:
    assert heavy_in("bot.app\nnumpy._core\nricher\nalembic\nsqlalchemy.dialects") == ["alembic", "numpy"]
    assert heavy_in("\n".join(f"{name}.inner" for name in HEAVY)) == list(HEAVY)


def test_the_settings_of_the_measured_bot_are_ones_that_it_takes(tmp_path: Path) -> None:
    discord = LoopbackDiscord()
    discord.api_url, discord.gateway_url = "http://127.0.0.1:1/api/v10", "ws://127.0.0.1:1/gateway/"
    discord.cdn.origin = "http://127.0.0.1:2"
    config = tmp_path / "config.toml"
    config.write_text(processes.toml(processes.settings_of(tmp_path, discord, processes.NO_PROVIDER)), "utf-8")
    settings = load(config, {})
    assert settings.discord.token.get_secret_value() == discord.token
    assert settings.limits.running_per_user == settings.limits.per_user_per_day == settings.web.port == 0
    assert settings.consent.ask is False


@pytest.mark.parametrize("quick", [[], ["--quick"]])
def test_a_missed_target_is_said_and_is_no_failure(
    quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "README.md"
    document.write_text("<!-- bench:memory -->\n<!-- /bench:memory -->\n")
    monkeypatch.setattr(command, "DOCUMENT", document)

    async def measured(folder: Path) -> list[Figure]:
        assert folder.name.startswith("castbook-bench-")
        return [against("idle memory", 90, 40, "MB", most=2), Figure("no target", "1 s")]

    async def unwanted(folder: Path) -> list[Figure]:
        raise AssertionError("only one was wanted")

    wanted, other = ("QUICK", "FULL") if quick else ("FULL", "QUICK")
    monkeypatch.setattr(command, wanted, {"memory": measured, "delivery": unwanted})
    monkeypatch.setattr(command, other, {"memory": unwanted, "delivery": unwanted})
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "memory", *quick])
    assert command.main() == 0
    said = capsys.readouterr().out
    assert "2.25x" in said
    assert "\n1 target missed" in said


def test_every_measurement_has_a_quick_run() -> None:
    assert command.QUICK.keys() == command.FULL.keys()
