"""Row before request, and never twice: what a submission's every failure leads to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import QuotaReached, Refusal, TooLateToCancel, UnknownJob
from bot.provider.errors import ModelClosed
from bot.values.job import Job, JobKind, Lane, Outcome, Step
from tests.jobs.shop import OWNER, STRANGER, Shop, maintenance_of

CREATE = "/v1/videos/generations"
UPLOAD = "/v1/uploads/videos"


async def test_an_answer_that_never_came_is_looked_for_and_adopted(shop: Shop) -> None:
    shop.simulated.remembers_business_id = True
    shop.simulated.drop_next("after_taken")
    job = await shop.ask()
    await shop.run()
    done = await shop.job(job)
    assert done.outcome is Outcome.SUCCEEDED
    assert len(shop.simulated.submissions) == 1
    assert len(await shop.cast()) == 1


async def test_an_answer_that_never_came_ends_unknown_where_the_provider_forgets_our_id(shop: Shop) -> None:
    shop.simulated.remembers_business_id = False
    shop.simulated.drop_next("after_taken")
    job = await shop.ask()
    started = shop.clock()
    await shop.run()
    done = await shop.job(job)
    assert (done.step, done.outcome, done.counted) == (Step.DONE, Outcome.UNKNOWN, True)
    assert "may have been charged" in str(done.failure)
    assert len(shop.simulated.submissions) == 1
    assert any(job.id in line for line in shop.courier.operators)
    assert done.finished_at is not None
    assert timedelta(seconds=300) <= done.finished_at - started < timedelta(seconds=400)
    assert shop.work(job).exists()  # for "Send again"


async def test_it_is_asked_for_after_5_15_60_and_300_seconds(shop: Shop) -> None:
    shop.simulated.remembers_business_id = False
    shop.simulated.drop_next("after_taken")
    job = await shop.ask()
    row = await shop.run_to(Step.DELIVER, job)
    looks = [path for _, path in shop.simulated.requests if path.endswith(job.id)]
    assert len(looks) == 4 * 2  # both status paths, four times
    assert row.outcome is Outcome.UNKNOWN


async def test_a_server_error_is_never_sent_again_by_itself(shop: Shop, remembers: bool) -> None:
    shop.simulated.remembers_business_id = remembers
    shop.simulated.fail_next("POST", CREATE, 502, body="<html>bad gateway</html>")
    job = await shop.ask()
    await shop.run()
    done = await shop.job(job)
    assert done.outcome is Outcome.UNKNOWN
    assert shop.simulated.submissions == []
    again = await shop.job_service.send_again(OWNER, job.id, shop.origin())
    assert again.submit_started_at is None
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert len(shop.simulated.submissions) == 1


async def test_sending_again_replays_the_first_task_where_the_provider_remembers(shop: Shop) -> None:
    shop.simulated.remembers_business_id = False
    shop.simulated.drop_next("after_taken")
    job = await shop.ask()
    await shop.run()
    shop.simulated.remembers_business_id = True
    await shop.job_service.send_again(OWNER, job.id, shop.origin())
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert len({submission.task_id for submission in shop.simulated.submissions}) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_trouble_with_the_upload_is_waited_out(shop: Shop, status: int) -> None:
    shop.simulated.fail_next("POST", UPLOAD, status, headers={"Retry-After": "40"}, times=2)
    job = await shop.ask()
    started = shop.clock()
    row = await shop.run_to(Step.WATCH, job)
    assert shop.clock() - started >= timedelta(seconds=80)
    assert row.task_id
    await shop.run()
    assert len(shop.simulated.submissions) == 1


async def test_a_rate_limit_is_waited_out_for_as_long_as_it_says(shop: Shop) -> None:
    shop.simulated.fail_next("POST", CREATE, 429, headers={"Retry-After": "90"})
    job = await shop.ask()
    started = shop.clock()
    await shop.run_to(Step.WATCH, job)
    assert timedelta(seconds=90) <= shop.clock() - started < timedelta(seconds=110)
    assert len(shop.simulated.submissions) == 1


async def test_a_provider_that_is_away_is_tried_again_and_then_given_up_uncharged(shop: Shop) -> None:
    job = await shop.ask()
    await shop.run_to(Step.SUBMIT, job)
    await shop.simulated.stop()
    await shop.run(3600)
    done = await shop.job(job)
    assert (done.outcome, done.counted, done.submit_started_at) == (Outcome.FAILED, False, None)
    assert "nothing was charged" in str(done.failure).lower()
    await shop.simulated.start()


@pytest.mark.parametrize(("status", "words"), [(400, "toapis"), (413, "large"), (422, "rules"), (404, "toapis")])
async def test_a_final_refusal_fails_this_job_uncharged(shop: Shop, status: int, words: str) -> None:
    error = {"error": {"code": "nope", "message": "no", "type": "invalid_request_error"}}
    shop.simulated.fail_next("POST", CREATE, status, json=error)
    job = await shop.ask()
    await shop.run()
    done = await shop.job(job)
    assert (done.outcome, done.counted, done.submit_started_at) == (Outcome.FAILED, False, None)
    assert words in str(done.failure).lower()
    assert "charged" in str(done.failure).lower()


@pytest.mark.parametrize("status", [401, 402])
async def test_a_refused_key_or_balance_pauses_everybody_until_the_balance_answers(shop: Shop, status: int) -> None:
    error = {"error": {"code": status, "message": "no", "type": "x"}}
    shop.simulated.fail_next("POST", CREATE, status, json=error)
    shop.simulated.fail_next("GET", "/v1/balance", status, json=error, times=2)
    job = await shop.ask()
    row = await shop.run_to(Step.SUBMIT, job)
    await shop.run(45)
    row = await shop.job(job)
    assert (row.step, row.outcome, row.submit_started_at) == (Step.SUBMIT, None, None)
    assert len(shop.courier.operators) == 1
    assert any("paused" in state for _, state, _ in shop.courier.shown)
    assert (await shop.job_service.overview(OWNER)).paused
    with pytest.raises(Exception, match="Nothing was charged"):
        await shop.ask()
    await shop.run(600)
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert not (await shop.job_service.overview(OWNER)).paused
    assert len(shop.courier.operators) == 1


async def test_a_pause_of_more_than_an_hour_fails_the_waiting_job_uncharged(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.PAUSED_LOOK", timedelta(minutes=10))
    error = {"error": {"code": 402, "message": "no", "type": "x"}}
    shop.simulated.fail_next("POST", CREATE, 402, json=error)
    shop.simulated.fail_next("GET", "/v1/balance", 402, json=error, times=500)
    job = await shop.ask()
    await shop.run(2 * 3600)
    done = await shop.job(job)
    assert (done.outcome, done.counted) == (Outcome.FAILED, False)
    assert "charged" in str(done.failure)


async def test_a_model_that_is_gone_closes_that_model_alone(shop: Shop) -> None:
    shop.simulated.model_gone("sora-2")
    job = await shop.ask()
    await shop.run()
    done = await shop.job(job)
    assert (done.outcome, done.counted) == (Outcome.FAILED, False)
    assert len(shop.courier.operators) == 1
    with pytest.raises(ModelClosed, match=r"sora-2.*Choose another one: sora-2-pro, sora-2-vip"):
        await shop.ask()
    assert not (await shop.job_service.overview(OWNER)).paused


async def test_an_upload_is_used_again_only_while_it_is_fresh(shop: Shop) -> None:
    shop.simulated.fail_next("POST", CREATE, 429, headers={"Retry-After": "30"})
    shop.simulated.fail_next("POST", CREATE, 429, headers={"Retry-After": "3600"})
    job = await shop.ask()
    await shop.run_to(Step.WATCH, job)
    uploads = [path for method, path in shop.simulated.requests if (method, path) == ("POST", UPLOAD)]
    assert len(uploads) == 2


async def test_a_clip_that_vanished_asks_for_it_again(shop: Shop) -> None:
    job = await shop.ask()
    await shop.run_to(Step.SUBMIT, job)
    await shop.files.drop_work(job.id)
    await shop.run()
    assert "Attach it again" in str((await shop.job(job)).failure)


async def unclear(shop: Shop) -> Job:
    """A job whose submission was taken, and nobody here knows it."""
    shop.simulated.remembers_business_id = False
    shop.simulated.drop_next("after_taken")
    job = await shop.ask()
    await shop.run(600)
    assert (await shop.job(job)).outcome is Outcome.UNKNOWN
    return job


async def test_a_refusal_after_sending_again_does_not_say_that_nothing_was_charged(shop: Shop) -> None:
    job = await unclear(shop)
    shop.simulated.fail_next("POST", CREATE, 422)
    await shop.job_service.send_again(OWNER, job.id, shop.origin())
    await shop.run(600)
    done = await shop.job(job)
    assert (done.outcome, done.counted) == (Outcome.UNKNOWN, True)
    assert "An earlier one may have been charged" in str(done.failure)
    shop.simulated.remembers_business_id = True  # and it can still be sent again, or found
    await shop.job_service.send_again(OWNER, job.id, shop.origin())
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert len(shop.simulated.submissions) == 1


async def test_what_may_have_been_charged_cannot_be_cancelled_as_uncharged(shop: Shop) -> None:
    job = await unclear(shop)
    await shop.job_service.send_again(OWNER, job.id, shop.origin())
    with pytest.raises(TooLateToCancel):
        await shop.job_service.cancel(OWNER, job.id)


async def test_who_has_lost_the_role_does_not_send_it_again(shop: Shop) -> None:
    job = await unclear(shop)
    await shop.app.stores.servers.set_makers(1, JobKind.CHARACTER, [5])
    with pytest.raises(Refusal, match="only certain roles can make characters"):
        await shop.job_service.send_again(OWNER, job.id, shop.origin())
    assert (await shop.job(job)).outcome is Outcome.UNKNOWN
    await shop.job_service.send_again(OWNER, job.id, shop.origin(roles=(5,)))
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED


async def test_it_can_be_sent_again_only_while_its_clip_is_kept(shop: Shop) -> None:
    job = await unclear(shop)
    maintenance = maintenance_of(shop)
    await maintenance.tidy()
    assert shop.work(job).exists()
    shop.clock.advance(25 * 3600)
    await maintenance.tidy()
    assert not shop.work(job).exists()
    with pytest.raises(UnknownJob):
        await shop.job_service.send_again(OWNER, job.id, shop.origin())


async def test_a_balance_that_is_too_small_does_not_go_round_for_ever(shop: Shop) -> None:
    error = {"error": {"code": 402, "message": "no", "type": "x"}}
    shop.simulated.fail_next("POST", CREATE, 402, json=error, times=1000)  # the balance itself is not empty
    job = await shop.ask()
    await shop.run(2 * 3600)
    done = await shop.job(job)
    assert (done.outcome, done.counted) == (Outcome.FAILED, False)
    assert "balance" in str(done.failure).lower()


async def test_a_task_id_of_ours_is_our_members_own_whichever_name_it_has(shop: Shop) -> None:
    job = await shop.ask()
    await shop.run()
    stolen = await shop.ask(shop.task(job.id), owner=STRANGER)
    await shop.run()
    assert "no task with that ID" in str((await shop.job(stolen)).failure)
    assert len(shop.simulated.submissions) == 1


async def test_after_a_long_absence_one_failed_look_does_not_end_it(shop: Shop) -> None:
    shop.simulated.remembers_business_id = True
    shop.simulated.drop_next("after_taken")
    job = await shop.ask()
    await shop.run_to(Step.SUBMIT, job)
    [claimed] = await shop.jobs.claim(shop.runner._engine.holder, now=shop.clock(), most=dict.fromkeys(Lane, 1))
    await shop.runner._begin(claimed)
    shop.clock.advance(30 * 3600)
    shop.simulated.fail_next("GET", "/v1/", 503, times=3)
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert len(shop.simulated.submissions) == 1


async def test_sending_again_counts_by_the_roles_of_whoever_presses_and_where(shop: Shop) -> None:
    fans, artists = 5, 6
    await shop.servers.set_role_limits(1, fans, characters=1, videos=None, credits=None)
    await shop.servers.set_role_limits(1, artists, characters=2, videos=None, credits=None)
    await shop.servers.set_role_limits(2, fans, characters=1, videos=None, credits=None)
    job = await unclear(shop)
    with pytest.raises(QuotaReached):
        await shop.job_service.send_again(OWNER, job.id, shop.origin(roles=(fans,)))
    await shop.job_service.send_again(OWNER, job.id, shop.origin(roles=(fans, artists)))
    await shop.run(600)
    elsewhere = shop.origin(guild_id=2, roles=(fans,))
    other = await unclear(shop)
    await shop.job_service.send_again(OWNER, other.id, elsewhere)
    await shop.run(600)
    third = await unclear(shop)
    with pytest.raises(QuotaReached):
        await shop.job_service.send_again(OWNER, third.id, elsewhere)
