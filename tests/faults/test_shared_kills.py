"""Processes of every role are killed on one PostgreSQL, and so is that; whoever is left, or comes next, loses nothing.

The short run: one scenario, with shorter leases than in life. ``make faults ENGINE=postgres`` takes many, as in life.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from tests.faults.points import Kill
from tests.faults.shared_campaign import ROLES, SharedCampaign, figures, plans, run
from tests.faults.shared_plan import DATABASE, GATEWAY, WEB, SharedPlan, Strike, drawn
from tests.faults.shared_scenario import SharedOutcome
from tests.faults.shared_world import Lane
from tests.postgres_cluster import NoPostgres, own_cluster
from tests.postgres_databases import Databases
from tests.remembered_looks import looks_of_this_run

LEASE = timedelta(seconds=5)
PLAN = SharedPlan(
    over_http=False,
    remembers=True,
    asks=False,
    strikes=(
        Strike("worker-1", 0.0, 0.2, Kill("submit.provider.create_character", "after")),
        Strike(GATEWAY, 0.1, 0.0),
        Strike(DATABASE, 0.3, 0.3),
        Strike(WEB, 0.1, 0.2),
    ),
    seconds_per_task=1.0,
    holds=True,
)


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[Lane]:
    """With a cluster that may be killed."""
    try:
        with own_cluster() as cluster:
            databases = Databases(cluster, tmp_path, "faults")
            yield Lane(cluster, databases, looks_of_this_run(), LEASE)
            databases.close()
    except NoPostgres as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.mark.slow
@pytest.mark.timeout(600)  # seconds; on two idle cores it takes one of forty
async def test_nothing_is_lost_and_nothing_is_done_twice(lane: Lane) -> None:
    outcome = await run(PLAN, lane, people=4, within=timedelta(minutes=5))
    assert not outcome.findings.wrong, outcome.log
    assert outcome.findings.jobs == 4
    assert [target for target, _, _ in outcome.kills] == ["worker-1", GATEWAY, DATABASE, WEB]
    assert outcome.counted.total() == 4


def test_a_seed_draws_the_same_kills_again_and_every_role_is_among_them() -> None:
    assert plans(7) == plans(7) != plans(8)
    struck = {strike.target.partition("-")[0] for plan in plans(7) for strike in plan.strikes}
    assert struck == set(ROLES)
    assert str(drawn(Random(1))).startswith("several processes, ")


def test_a_campaign_that_killed_too_few_or_waited_too_long_fails() -> None:
    good = SharedOutcome(PLAN, kills=[("worker-1", "point", 2)] * 200, taken_over=[19.0])
    campaign = SharedCampaign(7, [good])
    assert campaign.failures == []
    assert campaign.too_few() == [
        "no gateway was killed",
        "no http was killed",
        "no web was killed",
        "no database was killed",
    ]
    assert dict(figures(campaign))["kills survived / tried"] == "200 / 200"
    alone = SharedOutcome(PLAN, kills=[("gateway", "moment", 1)], late=["a job went on after 31.0 s"])
    assert SharedCampaign(7, [alone]).failures == [f"{PLAN}: a job went on after 31.0 s"]
    assert "no gateway was killed" in SharedCampaign(7, [alone]).too_few(), "with one job running it does not count"
