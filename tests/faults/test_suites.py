"""The figures of other tests come into the table of ``make faults``."""

from __future__ import annotations

from tests.faults.campaign import Campaign
from tests.faults.figures import figures, markdown_table, text_table
from tests.faults.suites import SUITES
from tests.faults.suites import figures as figures_of


async def test_what_the_tests_have_counted_is_in_the_table() -> None:
    [links] = [suite for suite in SUITES if "links" in suite]
    one_fault = "tests/jobs/test_provider_faults.py::test_damaged_answers_about_the_task"
    found = await figures_of([f"{links}::test_no_hostile_link_reaches_anything_inside", one_fault])
    assert found.failed is None
    lines = text_table(figures(Campaign(seed=1), found.by_name)).splitlines()
    assert any("requests that escaped" in line and line.endswith(" / 0") for line in lines)
    assert any("fault injected: provider: answer damaged: truncated" in line for line in lines)


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


async def test_a_suite_that_fails_is_reported() -> None:
    found = await figures_of(["tests/no_such_test.py"])
    assert found.failed is not None
    assert "no_such_test" in found.failed
