"""Which models are offered: what the provider's list and its answers to real requests decide together."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot import limits
from bot.jobs.model_availability import Availability
from bot.provider.errors import ModelClosed
from bot.values.job import Outcome, Step
from tests.jobs.harness import JobHarness

ALIVE, DOUBTFUL, CLOSED = Availability.ALIVE, Availability.DOUBTFUL, Availability.CLOSED
MODELS = "/v1/models"


async def states(harness: JobHarness) -> list[Availability]:
    """Of sora-2, sora-2-pro and sora-2-vip."""
    return list((await harness.availability.table()).values())


async def test_before_anything_is_known_every_model_is_doubtful_and_may_be_asked_for(harness: JobHarness) -> None:
    assert await states(harness) == [DOUBTFUL, DOUBTFUL, DOUBTFUL]
    assert await harness.availability.available() == ("sora-2", "sora-2-pro", "sora-2-vip")


async def test_a_model_that_the_list_does_not_name_is_closed_before_anybody_pays(harness: JobHarness) -> None:
    harness.simulated.models = ["sora-2-vip", "wan2.6"]
    await harness.availability.refresh()
    assert await states(harness) == [CLOSED, CLOSED, DOUBTFUL]
    with pytest.raises(ModelClosed, match=r"sora-2”.*Choose another one: sora-2-vip\."):
        await harness.ask()
    assert await harness.availability.best() == "sora-2-vip"
    assert harness.simulated.submissions == []


async def test_a_model_that_comes_back_to_the_list_is_offered_again(harness: JobHarness) -> None:
    harness.simulated.models = ["wan2.6"]
    await harness.availability.refresh()
    assert await harness.availability.available() == ()
    assert await harness.availability.best() is None
    harness.simulated.models = ["sora-2"]
    await harness.availability.refresh()
    assert await states(harness) == [DOUBTFUL, CLOSED, CLOSED]


async def test_a_request_that_was_taken_shows_that_a_model_is_alive_for_a_day(harness: JobHarness) -> None:
    job = await harness.ask()
    await harness.run_to(Step.WATCH, job)
    assert await states(harness) == [ALIVE, DOUBTFUL, DOUBTFUL]
    assert (await harness.availability.available())[0] == "sora-2"
    harness.clock.instant += limits.MODEL_ALIVE + timedelta(seconds=1)
    assert await states(harness) == [DOUBTFUL, DOUBTFUL, DOUBTFUL]


async def test_what_the_list_no_longer_has_is_closed_whatever_was_taken_before(harness: JobHarness) -> None:
    harness.availability.accepted("sora-2")
    harness.simulated.models = ["sora-2-pro"]
    harness.clock.instant += timedelta(minutes=10)
    await harness.availability.refresh()
    assert await states(harness) == [CLOSED, DOUBTFUL, CLOSED]
    harness.clock.instant += timedelta(minutes=1)
    harness.availability.accepted("sora-2")
    assert await states(harness) == [DOUBTFUL, DOUBTFUL, CLOSED], "newer than that list"
    harness.clock.instant += timedelta(minutes=9)
    await harness.availability.refresh()
    assert await states(harness) == [CLOSED, DOUBTFUL, CLOSED]


async def test_a_listed_model_that_refuses_is_closed_for_an_hour(harness: JobHarness) -> None:
    harness.simulated.model_gone("sora-2", listed=True)
    await harness.availability.refresh()
    job = await harness.ask()
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.counted) == (Outcome.FAILED, False)
    assert "Choose another one: sora-2-pro, sora-2-vip." in str(done.failure)
    assert await states(harness) == [CLOSED, DOUBTFUL, DOUBTFUL]
    harness.clock.instant += limits.MODEL_CLOSED + timedelta(seconds=1)
    assert await states(harness) == [DOUBTFUL, DOUBTFUL, DOUBTFUL]


@pytest.mark.parametrize("status", [401, 404, 500])
async def test_without_a_list_the_last_one_stays(harness: JobHarness, status: int) -> None:
    harness.simulated.models = ["sora-2"]
    await harness.availability.refresh()
    harness.simulated.fail_next("GET", MODELS, status)
    await harness.availability.refresh()
    assert await states(harness) == [DOUBTFUL, CLOSED, CLOSED]


@pytest.mark.parametrize("body", [{"data": []}, {"data": "no"}, {"success": False}, {"data": [{"name": "x"}, 7, None]}])
async def test_an_answer_that_names_no_model_closes_none(harness: JobHarness, body: object) -> None:
    harness.simulated.fail_next("GET", MODELS, 200, json=body)
    await harness.availability.refresh()
    assert await states(harness) == [DOUBTFUL, DOUBTFUL, DOUBTFUL]
