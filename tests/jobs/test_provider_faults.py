"""Whatever the provider and the clock do: what becomes of the job, what was charged, and who was told."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, get_args

import pytest

from bot import limits
from bot.errors import Refusal
from bot.provider.errors import ModelClosed
from bot.provider.transport import Timeouts
from bot.store.provider_state import Pause
from bot.values.job import CharacterRequest, Job, Lane, Outcome, Step
from playground.provider.faults import Damage
from tests import injected
from tests.jobs.harness import OWNER, RANGE, JobHarness, with_limits
from tests.patience import PATIENCE

CREATE = "/v1/videos/generations"
STATUS = "/v1/characters_tasks"
UPLOAD = "/v1/uploads/videos"
BALANCE = "/v1/balance"
PICTURES = "/pictures/"

DAMAGES = get_args(Damage)
STEPS = (Step.PREPARE, Step.SUBMIT, Step.WATCH, Step.COLLECT, Step.DELIVER)


async def origin(harness: JobHarness, *, owner: int = OWNER, model: str = "sora-2") -> Job:
    """A job that needs no bytes: the character of an earlier video task."""
    request = CharacterRequest(source=harness.task(harness.earlier_task()), range=RANGE, model=model)
    return await harness.job_starter.start(owner_id=owner, origin=harness.origin(), request=request)


def requests(harness: JobHarness, method: str, path: str) -> int:
    return sum(method == made and asked_for.startswith(path) for made, asked_for in harness.simulated.requests)


async def succeeded_once(harness: JobHarness, *jobs: Job) -> None:
    """Each was made, paid for, put into the cast and handed over exactly once."""
    for job in jobs:
        done = await harness.job(job)
        assert (done.step, done.outcome, done.counted) == (Step.DONE, Outcome.SUCCEEDED, True)
        assert [each.owner_id for each, _ in harness.courier.delivered if each.id == job.id] == [job.owner_id]
        assert len(await harness.cast(job.owner_id)) == 1
    assert len(harness.simulated.submissions) == len(jobs)


async def failed_uncharged(harness: JobHarness, job: Job) -> None:
    done = await harness.job(job)
    assert (done.step, done.outcome, done.counted, done.submit_started_at) == (Step.DONE, Outcome.FAILED, False, None)
    assert "charged" in str(done.failure)
    assert [each.id for each, _ in harness.courier.delivered].count(job.id) == 1


async def left_unclear(harness: JobHarness, job: Job) -> None:
    """Its owner and the operator were told that it may have been charged, and nothing more is sent by itself."""
    done = await harness.job(job)
    assert (done.step, done.outcome, done.counted) == (Step.DONE, Outcome.UNKNOWN, True)
    assert "may have been charged" in str(done.failure)
    assert [job.id in words for words in harness.courier.operators] == [True]
    assert [each.id for each, _ in harness.courier.delivered] == [job.id]
    assert requests(harness, "POST", CREATE) == 1


# -- nobody there -----------------------------------------------------------------------------------------------------


async def test_a_provider_that_refuses_connections_for_two_minutes_is_waited_for(harness: JobHarness) -> None:
    usual = harness.settings
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        harness.settings = with_limits(usual, toapis={"base_url": f"http://127.0.0.1:{taken.getsockname()[1]}"})
        await harness.restart()
        job = await origin(harness)
        await harness.run(120)
    waiting = await harness.job(job)
    assert (waiting.step, waiting.outcome, waiting.submit_started_at) == (Step.SUBMIT, None, None)
    assert waiting.attempts > 1
    injected.happened["provider: connection refused"] += waiting.attempts
    assert not harness.courier.operators
    harness.settings = usual
    await harness.restart()
    await harness.run()
    await succeeded_once(harness, job)


async def test_a_name_that_is_not_found_for_two_minutes_is_waited_for(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_name = harness.simulated.base_url.replace("127.0.0.1", "localhost")
    harness.settings = with_limits(harness.settings, toapis={"base_url": by_name})
    await harness.restart()
    tried = 0

    def nobody(*_: object, **__: object) -> None:
        nonlocal tried
        tried += 1
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    job = await origin(harness)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", nobody)
        await harness.run(120)
    assert tried > 1
    injected.happened["provider: name not found"] += tried
    waiting = await harness.job(job)
    assert (waiting.step, waiting.outcome, waiting.submit_started_at) == (Step.SUBMIT, None, None)
    await harness.run()
    await succeeded_once(harness, job)


# -- silence ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def impatient(harness: JobHarness, monkeypatch: pytest.MonkeyPatch) -> JobHarness:
    """An app whose client waits for an answer for a moment only."""
    monkeypatch.setattr("bot.provider.client.Timeouts", lambda: Timeouts(connect=PATIENCE, read=1.0, total=PATIENCE))
    await harness.restart()
    return harness


async def test_a_time_out_after_the_request_was_taken(impatient: JobHarness, remembers: bool) -> None:
    impatient.simulated.remembers_business_id = remembers
    impatient.simulated.stall_next("after_taken")
    job = await origin(impatient)
    await impatient.run()
    assert len(impatient.simulated.submissions) == 1
    if remembers:
        await succeeded_once(impatient, job)
    else:
        await left_unclear(impatient, job)


async def test_a_time_out_of_a_request_that_was_never_taken(impatient: JobHarness) -> None:
    impatient.simulated.stall_next("before_read")
    job = await origin(impatient)
    await impatient.run()
    await left_unclear(impatient, job)
    assert not impatient.simulated.submissions
    impatient.courier.delivered.clear()
    await impatient.job_service.send_again(OWNER, job.id, impatient.origin())
    await impatient.run()
    await succeeded_once(impatient, job)


async def test_a_request_that_is_taken_minutes_after_its_time_out_is_found(impatient: JobHarness) -> None:
    impatient.simulated.stall_next("before_read")
    job = await origin(impatient)
    await impatient.run(100)
    assert (await impatient.job(job)).lookups == 3
    impatient.simulated.mend()
    await impatient.run()
    await succeeded_once(impatient, job)


# -- answers that are none --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_answer_to_the_submission(harness: JobHarness, damage: Damage, remembers: bool) -> None:
    harness.simulated.remembers_business_id = remembers
    harness.simulated.spoil_next("POST", CREATE, damage)
    job = await origin(harness)
    await harness.run()
    assert len(harness.simulated.submissions) == 1
    if remembers:
        await succeeded_once(harness, job)
    else:
        await left_unclear(harness, job)


async def test_damaged_answers_about_the_task(harness: JobHarness) -> None:
    job = await origin(harness)
    await harness.run_to(Step.WATCH, job)
    for damage in DAMAGES:
        harness.simulated.spoil_next("GET", STATUS, damage)
    await harness.run()
    await succeeded_once(harness, job)
    assert requests(harness, "GET", STATUS) > len(DAMAGES)


async def test_damaged_answers_to_the_upload(harness: JobHarness) -> None:
    for damage in DAMAGES:
        harness.simulated.spoil_next("POST", UPLOAD, damage)
    job = await harness.ask()
    await harness.run()
    await succeeded_once(harness, job)
    assert requests(harness, "POST", UPLOAD) == len(DAMAGES) + 1


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ({"status": 503, "times": 2}, True),
        ({"status": 200, "body": "<html>gone</html>"}, False),
        ({"status": 200, "body": b"\xff\xd8\xff\xe0 no JPEG", "headers": {"Content-Type": "image/jpeg"}}, False),
        ({"status": 200, "body": b"\xff\xd8\xff" + b"x" * limits.PICTURE_BYTES, "times": 9}, False),
    ],
    ids=["away for a moment", "html", "broken", "oversized"],
)
async def test_a_picture_that_cannot_be_had_costs_the_picture_and_not_the_character(
    harness: JobHarness, answer: dict[str, Any], kept: bool
) -> None:
    harness.simulated.fail_next("GET", PICTURES, **answer)
    job = await origin(harness)
    await harness.run()
    await succeeded_once(harness, job)
    assert ((await harness.cast())[0].picture is not None) is kept


# -- too many, and too much trouble -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["seconds", "date"])
@pytest.mark.parametrize(("method", "path", "step"), [("POST", CREATE, Step.SUBMIT), ("GET", STATUS, Step.WATCH)])
async def test_a_rate_limit_is_waited_out_whichever_way_it_is_put(
    harness: JobHarness, kind: str, method: str, path: str, step: Step
) -> None:
    job = await origin(harness)
    await harness.run_to(step, job)
    now = (await harness.job(job)).next_attempt_at or harness.clock()
    until = now + timedelta(seconds=90)
    value = "90" if kind == "seconds" else format_datetime(until, usegmt=True)
    harness.simulated.fail_next(method, path, 429, headers={"Retry-After": value})
    await harness.run(80)
    assert requests(harness, method, path) == 1
    await harness.run()
    await succeeded_once(harness, job)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_minutes_of_trouble_at_the_provider(harness: JobHarness, status: int) -> None:
    """A job that is watched, one whose submission's answer was lost, and one that is submitted in the midst of it."""
    harness.simulated.hold_at(50)
    watched = await origin(harness, owner=1)
    await harness.run_to(Step.WATCH, watched)
    harness.simulated.drop_next("after_taken")
    lost = await origin(harness, owner=2)
    await harness.runner.run_due()
    assert len(harness.simulated.submissions) == 2
    harness.simulated.fail_next("GET", "/v1/", status, times=10_000, body="<html>trouble</html>")
    harness.simulated.fail_next("POST", CREATE, status)
    refused = await origin(harness, owner=3)
    await harness.run(240)
    assert [(await harness.job(job)).outcome for job in (watched, lost, refused)] == [None, None, None]
    assert requests(harness, "POST", CREATE) == 3
    harness.simulated.mend()
    harness.simulated.hold_at(None)
    await harness.run()
    await succeeded_once(harness, watched, lost)
    unclear = await harness.job(refused)
    assert (unclear.outcome, unclear.counted, unclear.task_id) == (Outcome.UNKNOWN, True, None)
    assert [refused.id in words for words in harness.courier.operators] == [True]
    assert requests(harness, "POST", CREATE) == 3


# -- the key, the balance, a model ------------------------------------------------------------------------------------


async def paused(harness: JobHarness, status: int) -> tuple[Job, list[Job]]:
    """A task that is being made, and then three jobs at once whose submissions are refused."""
    harness.simulated.hold_at(50)
    running = await origin(harness, owner=1)
    await harness.run_to(Step.WATCH, running)
    harness.simulated.fail_next("POST", CREATE, status, times=3)
    harness.simulated.fail_next("GET", BALANCE, status, times=10_000)
    waiting = [await origin(harness, owner=owner) for owner in (2, 3, 4)]
    await harness.run(100)
    return running, waiting


@pytest.mark.parametrize("status", [401, 402])
async def test_a_refused_key_or_balance_in_the_middle_of_running_jobs(harness: JobHarness, status: int) -> None:
    running, waiting = await paused(harness, status)
    created = requests(harness, "POST", CREATE)
    assert created <= 4, "after the first refusal nothing more is sent"
    assert len(harness.courier.operators) == 1
    for job in waiting:
        row = await harness.job(job)
        assert (row.step, row.outcome, row.submit_started_at, row.counted) == (Step.SUBMIT, None, None, True)
        assert [state for shown, state, _ in harness.courier.shown if shown == job.id][-1].startswith(
            "Waiting, because"
        )
        assert (await harness.job_service.overview(job.owner_id)).paused
    with pytest.raises(Refusal, match="Nothing was charged"):
        await origin(harness, owner=5)

    looks = requests(harness, "GET", STATUS)
    harness.simulated.hold_at(None)
    await harness.run(60)
    assert requests(harness, "GET", STATUS) > looks, "what runs is still watched"
    assert (await harness.job(running)).outcome is Outcome.SUCCEEDED
    assert running.id in {job.id for job, _ in harness.courier.delivered}
    assert requests(harness, "POST", CREATE) == created

    harness.simulated.mend()
    for damage in DAMAGES:  # a balance that cannot be read is no proof that it is there
        harness.simulated.spoil_next("GET", BALANCE, damage)
    await harness.run(100)
    assert requests(harness, "POST", CREATE) == created
    await harness.run()
    await succeeded_once(harness, running, *waiting)
    assert not (await harness.job_service.overview(2)).paused
    assert len(harness.courier.operators) == 1


@pytest.mark.parametrize("status", [401, 402])
async def test_after_an_hour_of_it_those_who_wait_fail_uncharged_and_what_runs_goes_on(
    harness: JobHarness, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.PAUSED_LOOK", timedelta(minutes=5))
    harness.settings = with_limits(harness.settings, toapis={"poll_every": 120})
    await harness.restart()
    running, waiting = await paused(harness, status)
    pause = await harness.state.paused()
    assert isinstance(pause, Pause)
    await harness.run(2 * 3600)
    for job in waiting:
        await failed_uncharged(harness, job)
        finished = (await harness.job(job)).finished_at
        assert finished is not None
        assert timedelta(hours=1) <= finished - pause.since <= timedelta(hours=1, minutes=6)
    assert len(harness.courier.operators) == 1
    harness.simulated.hold_at(None)
    await harness.run()
    await succeeded_once(harness, running)


@pytest.mark.parametrize("how", ["403", "model not found"])
async def test_a_model_that_is_refused_closes_alone_and_for_an_hour(harness: JobHarness, how: str) -> None:
    harness.simulated.hold_at(50)
    running = await origin(harness, owner=1)
    await harness.run_to(Step.WATCH, running)
    if how == "403":
        harness.simulated.models.remove("sora-2")
    else:
        harness.simulated.model_gone("sora-2")
    refused = await origin(harness, owner=2)
    other = await origin(harness, owner=3, model="sora-2-pro")
    await harness.run(60)
    await failed_uncharged(harness, refused)
    assert len(harness.courier.operators) == 1
    with pytest.raises(ModelClosed):
        await origin(harness, owner=4)
    assert not (await harness.job_service.overview(4)).paused
    harness.simulated.hold_at(None)
    await harness.run()
    await succeeded_once(harness, running, other)
    harness.clock.advance(3600)
    again = await origin(harness, owner=2)
    await harness.run()
    await failed_uncharged(harness, again)
    assert len(harness.courier.operators) == 2  # an hour later it is news again


# -- the task itself --------------------------------------------------------------------------------------------------


async def test_a_task_that_is_gone_for_minutes_after_it_was_seen_is_waited_for(harness: JobHarness) -> None:
    harness.simulated.hold_at(50)
    job = await origin(harness)
    await harness.run(60)
    assert (await harness.job(job)).progress == 50
    tasks = dict(harness.simulated.tasks)
    harness.simulated.tasks.clear()
    await harness.run(240)
    row = await harness.job(job)
    assert (row.step, row.progress) == (Step.WATCH, 50)
    harness.simulated.tasks.update(tasks)
    harness.simulated.hold_at(None)
    await harness.run()
    await succeeded_once(harness, job)
    assert not harness.courier.operators


async def test_a_task_that_is_gone_for_good_after_it_was_seen_is_unclear(harness: JobHarness) -> None:
    harness.simulated.hold_at(50)
    job = await origin(harness)
    await harness.run(60)
    harness.simulated.tasks.clear()
    await harness.run()
    await left_unclear(harness, job)


# -- the clock --------------------------------------------------------------------------------------------------------

DAYS, HOURS = timedelta(days=3), timedelta(hours=-6)


class Calls(list[tuple[str, str]]):
    """The provider's list of requests; at the first one to ``path`` something happens."""

    def __init__(self, path: str, then: Callable[[], None]) -> None:
        super().__init__()
        self._path = path
        self._then = then
        self.happened = False

    def append(self, call: tuple[str, str]) -> None:
        super().append(call)
        if call[1].startswith(self._path) and not self.happened:
            self.happened = True
            self._then()


def jumps(harness: JobHarness, by: timedelta) -> None:
    """Our clock jumps; the provider's does not."""
    injected.happened[f"clock: jump {'forwards' if by > timedelta() else 'backwards'}"] += 1
    of_the_provider = harness.simulated.clock
    harness.clock.instant += by
    harness.simulated.clock = lambda: of_the_provider() - by


@pytest.mark.parametrize("by", [DAYS, HOURS], ids=["forwards", "backwards"])
@pytest.mark.parametrize("step", STEPS)
async def test_the_clock_jumps_between_two_steps(harness: JobHarness, step: Step, by: timedelta) -> None:
    job = await origin(harness)
    await harness.run_to(step, job)
    jumps(harness, by)
    await harness.run(abs(HOURS.total_seconds()) + 3600)
    await succeeded_once(harness, job)


@pytest.mark.parametrize("by", [DAYS, HOURS], ids=["forwards", "backwards"])
@pytest.mark.parametrize("path", [CREATE, STATUS, PICTURES])
async def test_the_clock_jumps_while_a_step_is_being_done(harness: JobHarness, path: str, by: timedelta) -> None:
    job = await origin(harness)
    harness.simulated.requests = calls = Calls(path, lambda: jumps(harness, by))
    while not calls.happened:
        await harness.runner.run_due()
        harness.clock.instant = await harness.jobs.next_due("nobody", lanes=Lane) or harness.clock()
    await harness.run(abs(HOURS.total_seconds()) + 3600)
    await succeeded_once(harness, job)
