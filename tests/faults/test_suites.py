"""The figures of other tests come into the table of ``make faults``."""

from __future__ import annotations

from tests.faults.campaign import Campaign
from tests.faults.figures import table
from tests.faults.suites import SUITES, figures


async def test_what_the_tests_have_counted_is_in_the_table() -> None:
    [links] = [suite for suite in SUITES if "links" in suite]
    one_fault = "tests/jobs/test_provider_faults.py::test_damaged_answers_to_the_upload"
    found = await figures([f"{links}::test_no_hostile_link_reaches_anything_inside", one_fault])
    assert found.failed is None
    lines = table(Campaign(seed=1), found.by_name).splitlines()
    assert any("requests that escaped" in line and line.endswith(" / 0") for line in lines)
    assert any("fault injected: provider: answer damaged: truncated" in line for line in lines)


async def test_a_suite_that_fails_is_reported() -> None:
    found = await figures(["tests/no_such_test.py"])
    assert found.failed is not None
    assert "no_such_test" in found.failed
