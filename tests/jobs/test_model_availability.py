"""Which models are offered: what the provider's list and its answers to real requests decide together."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot import limits
from bot.jobs.model_availability import Availability
from bot.provider.errors import ModelClosed
from bot.values.job import Outcome, Step
from tests.jobs.shop import Shop

ALIVE, DOUBTFUL, CLOSED = Availability.ALIVE, Availability.DOUBTFUL, Availability.CLOSED
MODELS = "/v1/models"


async def states(shop: Shop) -> list[Availability]:
    """Of sora-2, sora-2-pro and sora-2-vip."""
    return list((await shop.availability.table()).values())


async def test_before_anything_is_known_every_model_is_doubtful_and_may_be_asked_for(shop: Shop) -> None:
    assert await states(shop) == [DOUBTFUL, DOUBTFUL, DOUBTFUL]
    assert await shop.availability.living() == ("sora-2", "sora-2-pro", "sora-2-vip")


async def test_a_model_that_the_list_does_not_name_is_closed_before_anybody_pays(shop: Shop) -> None:
    shop.simulated.models = ["sora-2-vip", "wan2.6"]
    await shop.availability.refresh()
    assert await states(shop) == [CLOSED, CLOSED, DOUBTFUL]
    with pytest.raises(ModelClosed, match=r"sora-2”.*Choose another one: sora-2-vip\."):
        await shop.ask()
    assert await shop.availability.best() == "sora-2-vip"
    assert shop.simulated.submissions == []


async def test_a_model_that_comes_back_to_the_list_is_offered_again(shop: Shop) -> None:
    shop.simulated.models = ["wan2.6"]
    await shop.availability.refresh()
    assert await shop.availability.living() == ()
    assert await shop.availability.best() is None
    shop.simulated.models = ["sora-2"]
    await shop.availability.refresh()
    assert await states(shop) == [DOUBTFUL, CLOSED, CLOSED]


async def test_a_request_that_was_taken_shows_that_a_model_is_alive_for_a_day(shop: Shop) -> None:
    job = await shop.ask()
    await shop.run_to(Step.WATCH, job)
    assert await states(shop) == [ALIVE, DOUBTFUL, DOUBTFUL]
    assert (await shop.availability.living())[0] == "sora-2"
    shop.clock.instant += limits.MODEL_ALIVE + timedelta(seconds=1)
    assert await states(shop) == [DOUBTFUL, DOUBTFUL, DOUBTFUL]


async def test_what_the_list_no_longer_has_is_closed_whatever_was_taken_before(shop: Shop) -> None:
    shop.availability.taken("sora-2")
    shop.simulated.models = ["sora-2-pro"]
    shop.clock.instant += timedelta(minutes=10)
    await shop.availability.refresh()
    assert await states(shop) == [CLOSED, DOUBTFUL, CLOSED]
    shop.clock.instant += timedelta(minutes=1)
    shop.availability.taken("sora-2")
    assert await states(shop) == [DOUBTFUL, DOUBTFUL, CLOSED], "newer than that list"
    shop.clock.instant += timedelta(minutes=9)
    await shop.availability.refresh()
    assert await states(shop) == [CLOSED, DOUBTFUL, CLOSED]


async def test_a_listed_model_that_refuses_is_closed_for_an_hour(shop: Shop) -> None:
    shop.simulated.model_gone("sora-2", listed=True)
    await shop.availability.refresh()
    job = await shop.ask()
    await shop.run()
    done = await shop.job(job)
    assert (done.outcome, done.counted) == (Outcome.FAILED, False)
    assert "Choose another one: sora-2-pro, sora-2-vip." in str(done.failure)
    assert await states(shop) == [CLOSED, DOUBTFUL, DOUBTFUL]
    shop.clock.instant += limits.MODEL_CLOSED + timedelta(seconds=1)
    assert await states(shop) == [DOUBTFUL, DOUBTFUL, DOUBTFUL]


@pytest.mark.parametrize("status", [401, 404, 500])
async def test_without_a_list_the_last_one_stays(shop: Shop, status: int) -> None:
    shop.simulated.models = ["sora-2"]
    await shop.availability.refresh()
    shop.simulated.fail_next("GET", MODELS, status)
    await shop.availability.refresh()
    assert await states(shop) == [DOUBTFUL, CLOSED, CLOSED]


@pytest.mark.parametrize("body", [{"data": []}, {"data": "no"}, {"success": False}, {"data": [{"name": "x"}, 7, None]}])
async def test_an_answer_that_names_no_model_closes_none(shop: Shop, body: object) -> None:
    shop.simulated.fail_next("GET", MODELS, 200, json=body)
    await shop.availability.refresh()
    assert await states(shop) == [DOUBTFUL, DOUBTFUL, DOUBTFUL]
