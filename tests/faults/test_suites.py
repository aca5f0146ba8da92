"""The figures of other tests come into the table of ``make faults``."""

from __future__ import annotations

from tests.faults.campaign import Campaign
from tests.faults.figures import figures, markdown_table


def test_the_readme_has_the_injected_faults_by_kind() -> None:
    others = {
        "fault injected: provider: answer damaged: truncated": "3",
        "fault injected: provider: answer damaged: no JSON": "4",
        "fault injected: jump of the clock": "2",
        "hostile links tried / requests that escaped": "270 / 0",
    }
    lines = markdown_table(figures(Campaign(seed=7), others)).splitlines()
    assert lines[:2] == ["| figure | result |", "| --- | --- |"]
    assert "| fault injected: provider: answer damaged | 7 |" in lines
    assert "| fault injected: jump of the clock | 2 |" in lines
    assert "| hostile links tried / requests that escaped | 270 / 0 |" in lines
    assert "| seed | 7 |" in lines
