"""Row before request, and never twice: what a submission's every failure leads to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import QuotaReached, Refusal, TooLateToCancel, UnknownJob
from bot.provider.errors import ModelClosed
from bot.values.job import Job, JobKind, Lane, Outcome, Step
from tests.jobs.harness import OWNER, STRANGER, JobHarness, maintenance_of

CREATE = "/v1/videos/generations"
UPLOAD = "/v1/uploads/videos"


async def test_an_answer_that_never_came_is_looked_for_and_adopted(harness: JobHarness) -> None:
    harness.simulated.remembers_business_id = True
    harness.simulated.drop_next("after_taken")
    job = await harness.ask()
    await harness.run()
    done = await harness.job(job)
    assert done.outcome is Outcome.SUCCEEDED
    assert len(harness.simulated.submissions) == 1
    assert len(await harness.cast()) == 1


async def test_an_answer_that_never_came_ends_unknown_where_the_provider_forgets_our_id(harness: JobHarness) -> None:
    harness.simulated.remembers_business_id = False
    harness.simulated.drop_next("after_taken")
    job = await harness.ask()
    started = harness.clock()
    await harness.run()
    done = await harness.job(job)
    assert (done.step, done.outcome, done.counted) == (Step.DONE, Outcome.UNKNOWN, True)
    assert "may have been charged" in str(done.failure)
    assert len(harness.simulated.submissions) == 1
    assert any(job.id in line for line in harness.courier.operators)
    assert done.finished_at is not None
    assert timedelta(seconds=300) <= done.finished_at - started < timedelta(seconds=400)
    assert harness.work(job).exists()  # for "Send again"


async def test_it_is_asked_for_after_5_15_60_and_300_seconds(harness: JobHarness) -> None:
    harness.simulated.remembers_business_id = False
    harness.simulated.drop_next("after_taken")
    job = await harness.ask()
    row = await harness.run_to(Step.DELIVER, job)
    looks = [path for _, path in harness.simulated.requests if path.endswith(job.id)]
    assert len(looks) == 4 * 2  # both status paths, four times
    assert row.outcome is Outcome.UNKNOWN


async def test_a_server_error_is_never_sent_again_by_itself(harness: JobHarness, remembers: bool) -> None:
    harness.simulated.remembers_business_id = remembers
    harness.simulated.fail_next("POST", CREATE, 502, body="<html>bad gateway</html>")
    job = await harness.ask()
    await harness.run()
    done = await harness.job(job)
    assert done.outcome is Outcome.UNKNOWN
    assert harness.simulated.submissions == []
    again = await harness.job_service.send_again(OWNER, job.id, harness.origin())
    assert again.submit_started_at is None
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(harness.simulated.submissions) == 1


async def test_sending_again_replays_the_first_task_where_the_provider_remembers(harness: JobHarness) -> None:
    harness.simulated.remembers_business_id = False
    harness.simulated.drop_next("after_taken")
    job = await harness.ask()
    await harness.run()
    harness.simulated.remembers_business_id = True
    await harness.job_service.send_again(OWNER, job.id, harness.origin())
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len({submission.task_id for submission in harness.simulated.submissions}) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_trouble_with_the_upload_is_waited_out(harness: JobHarness, status: int) -> None:
    harness.simulated.fail_next("POST", UPLOAD, status, headers={"Retry-After": "40"}, times=2)
    job = await harness.ask()
    started = harness.clock()
    row = await harness.run_to(Step.WATCH, job)
    assert harness.clock() - started >= timedelta(seconds=80)
    assert row.task_id
    await harness.run()
    assert len(harness.simulated.submissions) == 1


@pytest.mark.sqlite_only("a shared rate is paused by the clock of its database, which no test moves")
async def test_a_rate_limit_is_waited_out_for_as_long_as_it_says(harness: JobHarness) -> None:
    harness.simulated.fail_next("POST", CREATE, 429, headers={"Retry-After": "90"})
    job = await harness.ask()
    started = harness.clock()
    await harness.run_to(Step.WATCH, job)
    assert timedelta(seconds=90) <= harness.clock() - started < timedelta(seconds=110)
    assert len(harness.simulated.submissions) == 1


async def test_a_provider_that_is_away_is_tried_again_and_then_given_up_uncharged(harness: JobHarness) -> None:
    job = await harness.ask()
    await harness.run_to(Step.SUBMIT, job)
    await harness.simulated.stop()
    await harness.run(3600)
    done = await harness.job(job)
    assert (done.outcome, done.counted, done.submit_started_at) == (Outcome.FAILED, False, None)
    assert "nothing was charged" in str(done.failure).lower()
    await harness.simulated.start()


@pytest.mark.parametrize(("status", "words"), [(400, "toapis"), (413, "large"), (422, "rules"), (404, "toapis")])
async def test_a_final_refusal_fails_this_job_uncharged(harness: JobHarness, status: int, words: str) -> None:
    error = {"error": {"code": "nope", "message": "no", "type": "invalid_request_error"}}
    harness.simulated.fail_next("POST", CREATE, status, json=error)
    job = await harness.ask()
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.counted, done.submit_started_at) == (Outcome.FAILED, False, None)
    assert words in str(done.failure).lower()
    assert "charged" in str(done.failure).lower()


@pytest.mark.parametrize("status", [401, 402])
async def test_a_refused_key_or_balance_pauses_everybody_until_the_balance_answers(
    harness: JobHarness, status: int
) -> None:
    error = {"error": {"code": status, "message": "no", "type": "x"}}
    harness.simulated.fail_next("POST", CREATE, status, json=error)
    harness.simulated.fail_next("GET", "/v1/balance", status, json=error, times=2)
    job = await harness.ask()
    row = await harness.run_to(Step.SUBMIT, job)
    await harness.run(45)
    row = await harness.job(job)
    assert (row.step, row.outcome, row.submit_started_at) == (Step.SUBMIT, None, None)
    assert len(harness.courier.operators) == 1
    assert any("paused" in state for _, state, _ in harness.courier.shown)
    assert (await harness.job_service.overview(OWNER)).paused
    with pytest.raises(Exception, match="Nothing was charged"):
        await harness.ask()
    await harness.run(600)
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert not (await harness.job_service.overview(OWNER)).paused
    assert len(harness.courier.operators) == 1


async def test_a_pause_of_more_than_an_hour_fails_the_waiting_job_uncharged(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.PAUSED_LOOK", timedelta(minutes=10))
    error = {"error": {"code": 402, "message": "no", "type": "x"}}
    harness.simulated.fail_next("POST", CREATE, 402, json=error)
    harness.simulated.fail_next("GET", "/v1/balance", 402, json=error, times=500)
    job = await harness.ask()
    await harness.run(2 * 3600)
    done = await harness.job(job)
    assert (done.outcome, done.counted) == (Outcome.FAILED, False)
    assert "charged" in str(done.failure)


async def test_a_model_that_is_gone_closes_that_model_alone(harness: JobHarness) -> None:
    harness.simulated.model_gone("sora-2")
    job = await harness.ask()
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.counted) == (Outcome.FAILED, False)
    assert len(harness.courier.operators) == 1
    with pytest.raises(ModelClosed, match=r"sora-2.*Choose another one: sora-2-pro, sora-2-vip"):
        await harness.ask()
    assert not (await harness.job_service.overview(OWNER)).paused


@pytest.mark.sqlite_only("a shared rate is paused by the clock of its database, which no test moves")
async def test_an_upload_is_used_again_only_while_it_is_fresh(harness: JobHarness) -> None:
    harness.simulated.fail_next("POST", CREATE, 429, headers={"Retry-After": "30"})
    harness.simulated.fail_next("POST", CREATE, 429, headers={"Retry-After": "3600"})
    job = await harness.ask()
    await harness.run_to(Step.WATCH, job)
    uploads = [path for method, path in harness.simulated.requests if (method, path) == ("POST", UPLOAD)]
    assert len(uploads) == 2


async def test_a_clip_that_vanished_asks_for_it_again(harness: JobHarness) -> None:
    job = await harness.ask()
    await harness.run_to(Step.SUBMIT, job)
    await harness.files.drop_work(job.id)
    await harness.run()
    assert "Attach it again" in str((await harness.job(job)).failure)


async def unclear(harness: JobHarness) -> Job:
    """A job whose submission was taken, and nobody here knows it."""
    harness.simulated.remembers_business_id = False
    harness.simulated.drop_next("after_taken")
    job = await harness.ask()
    await harness.run(600)
    assert (await harness.job(job)).outcome is Outcome.UNKNOWN
    return job


async def test_a_refusal_after_sending_again_does_not_say_that_nothing_was_charged(harness: JobHarness) -> None:
    job = await unclear(harness)
    harness.simulated.fail_next("POST", CREATE, 422)
    await harness.job_service.send_again(OWNER, job.id, harness.origin())
    await harness.run(600)
    done = await harness.job(job)
    assert (done.outcome, done.counted) == (Outcome.UNKNOWN, True)
    assert "An earlier one may have been charged" in str(done.failure)
    harness.simulated.remembers_business_id = True  # and it can still be sent again, or found
    await harness.job_service.send_again(OWNER, job.id, harness.origin())
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(harness.simulated.submissions) == 1


async def test_what_may_have_been_charged_cannot_be_cancelled_as_uncharged(harness: JobHarness) -> None:
    job = await unclear(harness)
    await harness.job_service.send_again(OWNER, job.id, harness.origin())
    with pytest.raises(TooLateToCancel):
        await harness.job_service.cancel(OWNER, job.id)


async def test_who_has_lost_the_role_does_not_send_it_again(harness: JobHarness) -> None:
    job = await unclear(harness)
    await harness.app.stores.servers.set_makers(1, JobKind.CHARACTER, [5])
    with pytest.raises(Refusal, match="only certain roles can make characters"):
        await harness.job_service.send_again(OWNER, job.id, harness.origin())
    assert (await harness.job(job)).outcome is Outcome.UNKNOWN
    await harness.job_service.send_again(OWNER, job.id, harness.origin(roles=(5,)))
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


async def test_it_can_be_sent_again_only_while_its_clip_is_kept(harness: JobHarness) -> None:
    job = await unclear(harness)
    maintenance = maintenance_of(harness)
    await maintenance.tidy()
    assert harness.work(job).exists()
    harness.clock.advance(25 * 3600)
    await maintenance.tidy()
    assert not harness.work(job).exists()
    with pytest.raises(UnknownJob):
        await harness.job_service.send_again(OWNER, job.id, harness.origin())


async def test_a_balance_that_is_too_small_does_not_go_round_for_ever(harness: JobHarness) -> None:
    error = {"error": {"code": 402, "message": "no", "type": "x"}}
    harness.simulated.fail_next("POST", CREATE, 402, json=error, times=1000)  # the balance itself is not empty
    job = await harness.ask()
    await harness.run(2 * 3600)
    done = await harness.job(job)
    assert (done.outcome, done.counted) == (Outcome.FAILED, False)
    assert "balance" in str(done.failure).lower()


async def test_a_task_id_of_ours_is_our_members_own_whichever_name_it_has(harness: JobHarness) -> None:
    job = await harness.ask()
    await harness.run()
    stolen = await harness.ask(harness.task(job.id), owner=STRANGER)
    await harness.run()
    assert "no task with that ID" in str((await harness.job(stolen)).failure)
    assert len(harness.simulated.submissions) == 1


async def test_after_a_long_absence_one_failed_look_does_not_end_it(harness: JobHarness) -> None:
    harness.simulated.remembers_business_id = True
    harness.simulated.drop_next("after_taken")
    job = await harness.ask()
    await harness.run_to(Step.SUBMIT, job)
    [claimed] = await harness.jobs.claim(
        harness.runner._engine.holder, now=harness.clock(), most=dict.fromkeys(Lane, 1)
    )
    await harness.runner._begin(claimed)
    harness.clock.advance(30 * 3600)
    harness.simulated.fail_next("GET", "/v1/", 503, times=3)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(harness.simulated.submissions) == 1


async def test_sending_again_counts_by_the_roles_of_whoever_presses_and_where(harness: JobHarness) -> None:
    fans, artists = 5, 6
    await harness.servers.set_role_limits(1, fans, characters=1, videos=None, credits=None)
    await harness.servers.set_role_limits(1, artists, characters=2, videos=None, credits=None)
    await harness.servers.set_role_limits(2, fans, characters=1, videos=None, credits=None)
    job = await unclear(harness)
    with pytest.raises(QuotaReached):
        await harness.job_service.send_again(OWNER, job.id, harness.origin(roles=(fans,)))
    await harness.job_service.send_again(OWNER, job.id, harness.origin(roles=(fans, artists)))
    await harness.run(600)
    elsewhere = harness.origin(guild_id=2, roles=(fans,))
    other = await unclear(harness)
    await harness.job_service.send_again(OWNER, other.id, elsewhere)
    await harness.run(600)
    third = await unclear(harness)
    with pytest.raises(QuotaReached):
        await harness.job_service.send_again(OWNER, third.id, elsewhere)
