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
from tests.jobs.shop import OWNER, RANGE, Shop, with_limits

CREATE = "/v1/videos/generations"
STATUS = "/v1/characters_tasks"
UPLOAD = "/v1/uploads/videos"
BALANCE = "/v1/balance"
PICTURES = "/pictures/"

DAMAGES = get_args(Damage)
STEPS = (Step.PREPARE, Step.SUBMIT, Step.WATCH, Step.COLLECT, Step.DELIVER)


async def origin(shop: Shop, *, owner: int = OWNER, model: str = "sora-2") -> Job:
    """A job that needs no bytes: the character of an earlier video task."""
    request = CharacterRequest(source=shop.task(shop.earlier_task()), range=RANGE, model=model)
    return await shop.job_starter.start(owner_id=owner, origin=shop.origin(), request=request)


def requests(shop: Shop, method: str, path: str) -> int:
    return sum(method == made and asked_for.startswith(path) for made, asked_for in shop.simulated.requests)


async def succeeded_once(shop: Shop, *jobs: Job) -> None:
    """Each was made, paid for, put into the cast and handed over exactly once."""
    for job in jobs:
        done = await shop.job(job)
        assert (done.step, done.outcome, done.counted) == (Step.DONE, Outcome.SUCCEEDED, True)
        assert [each.owner_id for each, _ in shop.courier.delivered if each.id == job.id] == [job.owner_id]
        assert len(await shop.cast(job.owner_id)) == 1
    assert len(shop.simulated.submissions) == len(jobs)


async def failed_uncharged(shop: Shop, job: Job) -> None:
    done = await shop.job(job)
    assert (done.step, done.outcome, done.counted, done.submit_started_at) == (Step.DONE, Outcome.FAILED, False, None)
    assert "charged" in str(done.failure)
    assert [each.id for each, _ in shop.courier.delivered].count(job.id) == 1


async def left_unclear(shop: Shop, job: Job) -> None:
    """Its owner and the operator were told that it may have been charged, and nothing more is sent by itself."""
    done = await shop.job(job)
    assert (done.step, done.outcome, done.counted) == (Step.DONE, Outcome.UNKNOWN, True)
    assert "may have been charged" in str(done.failure)
    assert [job.id in words for words in shop.courier.operators] == [True]
    assert [each.id for each, _ in shop.courier.delivered] == [job.id]
    assert requests(shop, "POST", CREATE) == 1


# -- nobody there -----------------------------------------------------------------------------------------------------


async def test_a_provider_that_refuses_connections_for_two_minutes_is_waited_for(shop: Shop) -> None:
    usual = shop.settings
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        shop.settings = with_limits(usual, toapis={"base_url": f"http://127.0.0.1:{taken.getsockname()[1]}"})
        await shop.restart()
        job = await origin(shop)
        await shop.run(120)
    waiting = await shop.job(job)
    assert (waiting.step, waiting.outcome, waiting.submit_started_at) == (Step.SUBMIT, None, None)
    assert waiting.attempts > 1
    injected.happened["provider: connection refused"] += waiting.attempts
    assert not shop.courier.operators
    shop.settings = usual
    await shop.restart()
    await shop.run()
    await succeeded_once(shop, job)


async def test_a_name_that_is_not_found_for_two_minutes_is_waited_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_name = shop.simulated.base_url.replace("127.0.0.1", "localhost")
    shop.settings = with_limits(shop.settings, toapis={"base_url": by_name})
    await shop.restart()
    tried = 0

    def nobody(*_: object, **__: object) -> None:
        nonlocal tried
        tried += 1
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    job = await origin(shop)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", nobody)
        await shop.run(120)
    assert tried > 1
    injected.happened["provider: name not found"] += tried
    waiting = await shop.job(job)
    assert (waiting.step, waiting.outcome, waiting.submit_started_at) == (Step.SUBMIT, None, None)
    await shop.run()
    await succeeded_once(shop, job)


# -- silence ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def impatient(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose client waits for an answer for a moment only."""
    monkeypatch.setattr("bot.provider.client.Timeouts", lambda: Timeouts(connect=5, read=0.3, total=5))
    await shop.restart()
    return shop


async def test_a_time_out_after_the_request_was_taken(impatient: Shop, remembers: bool) -> None:
    impatient.simulated.remembers_business_id = remembers
    impatient.simulated.stall_next("after_taken")
    job = await origin(impatient)
    await impatient.run()
    assert len(impatient.simulated.submissions) == 1
    if remembers:
        await succeeded_once(impatient, job)
    else:
        await left_unclear(impatient, job)


async def test_a_time_out_of_a_request_that_was_never_taken(impatient: Shop) -> None:
    impatient.simulated.stall_next("before_read")
    job = await origin(impatient)
    await impatient.run()
    await left_unclear(impatient, job)
    assert not impatient.simulated.submissions
    impatient.courier.delivered.clear()
    await impatient.job_service.send_again(OWNER, job.id, impatient.origin())
    await impatient.run()
    await succeeded_once(impatient, job)


async def test_a_request_that_is_taken_minutes_after_its_time_out_is_found(impatient: Shop) -> None:
    impatient.simulated.stall_next("before_read")
    job = await origin(impatient)
    await impatient.run(100)
    assert (await impatient.job(job)).lookups == 3
    impatient.simulated.mend()
    await impatient.run()
    await succeeded_once(impatient, job)


# -- answers that are none --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_answer_to_the_submission(shop: Shop, damage: Damage, remembers: bool) -> None:
    shop.simulated.remembers_business_id = remembers
    shop.simulated.spoil_next("POST", CREATE, damage)
    job = await origin(shop)
    await shop.run()
    assert len(shop.simulated.submissions) == 1
    if remembers:
        await succeeded_once(shop, job)
    else:
        await left_unclear(shop, job)


async def test_damaged_answers_about_the_task(shop: Shop) -> None:
    job = await origin(shop)
    await shop.run_to(Step.WATCH, job)
    for damage in DAMAGES:
        shop.simulated.spoil_next("GET", STATUS, damage)
    await shop.run()
    await succeeded_once(shop, job)
    assert requests(shop, "GET", STATUS) > len(DAMAGES)


async def test_damaged_answers_to_the_upload(shop: Shop) -> None:
    for damage in DAMAGES:
        shop.simulated.spoil_next("POST", UPLOAD, damage)
    job = await shop.ask()
    await shop.run()
    await succeeded_once(shop, job)
    assert requests(shop, "POST", UPLOAD) == len(DAMAGES) + 1


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
    shop: Shop, answer: dict[str, Any], kept: bool
) -> None:
    shop.simulated.fail_next("GET", PICTURES, **answer)
    job = await origin(shop)
    await shop.run()
    await succeeded_once(shop, job)
    assert ((await shop.cast())[0].picture is not None) is kept


# -- too many, and too much trouble -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["seconds", "date"])
@pytest.mark.parametrize(("method", "path", "step"), [("POST", CREATE, Step.SUBMIT), ("GET", STATUS, Step.WATCH)])
async def test_a_rate_limit_is_waited_out_whichever_way_it_is_put(
    shop: Shop, kind: str, method: str, path: str, step: Step
) -> None:
    job = await origin(shop)
    await shop.run_to(step, job)
    now = (await shop.job(job)).next_attempt_at or shop.clock()
    until = now + timedelta(seconds=90)
    value = "90" if kind == "seconds" else format_datetime(until, usegmt=True)
    shop.simulated.fail_next(method, path, 429, headers={"Retry-After": value})
    await shop.run(80)
    assert requests(shop, method, path) == 1
    await shop.run()
    await succeeded_once(shop, job)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_minutes_of_trouble_at_the_provider(shop: Shop, status: int) -> None:
    """A job that is watched, one whose submission's answer was lost, and one that is submitted in the midst of it."""
    shop.simulated.hold_at(50)
    watched = await origin(shop, owner=1)
    await shop.run_to(Step.WATCH, watched)
    shop.simulated.drop_next("after_taken")
    lost = await origin(shop, owner=2)
    await shop.runner.run_due()
    assert len(shop.simulated.submissions) == 2
    shop.simulated.fail_next("GET", "/v1/", status, times=10_000, body="<html>trouble</html>")
    shop.simulated.fail_next("POST", CREATE, status)
    refused = await origin(shop, owner=3)
    await shop.run(240)
    assert [(await shop.job(job)).outcome for job in (watched, lost, refused)] == [None, None, None]
    assert requests(shop, "POST", CREATE) == 3
    shop.simulated.mend()
    shop.simulated.hold_at(None)
    await shop.run()
    await succeeded_once(shop, watched, lost)
    unclear = await shop.job(refused)
    assert (unclear.outcome, unclear.counted, unclear.task_id) == (Outcome.UNKNOWN, True, None)
    assert [refused.id in words for words in shop.courier.operators] == [True]
    assert requests(shop, "POST", CREATE) == 3


# -- the key, the balance, a model ------------------------------------------------------------------------------------


async def paused(shop: Shop, status: int) -> tuple[Job, list[Job]]:
    """A task that is being made, and then three jobs at once whose submissions are refused."""
    shop.simulated.hold_at(50)
    running = await origin(shop, owner=1)
    await shop.run_to(Step.WATCH, running)
    shop.simulated.fail_next("POST", CREATE, status, times=3)
    shop.simulated.fail_next("GET", BALANCE, status, times=10_000)
    waiting = [await origin(shop, owner=owner) for owner in (2, 3, 4)]
    await shop.run(100)
    return running, waiting


@pytest.mark.parametrize("status", [401, 402])
async def test_a_refused_key_or_balance_in_the_middle_of_running_jobs(shop: Shop, status: int) -> None:
    running, waiting = await paused(shop, status)
    created = requests(shop, "POST", CREATE)
    assert created <= 4, "after the first refusal nothing more is sent"
    assert len(shop.courier.operators) == 1
    for job in waiting:
        row = await shop.job(job)
        assert (row.step, row.outcome, row.submit_started_at, row.counted) == (Step.SUBMIT, None, None, True)
        assert [state for shown, state, _ in shop.courier.shown if shown == job.id][-1].startswith("Waiting, because")
        assert (await shop.job_service.overview(job.owner_id)).paused
    with pytest.raises(Refusal, match="Nothing was charged"):
        await origin(shop, owner=5)

    looks = requests(shop, "GET", STATUS)
    shop.simulated.hold_at(None)
    await shop.run(60)
    assert requests(shop, "GET", STATUS) > looks, "what runs is still watched"
    assert (await shop.job(running)).outcome is Outcome.SUCCEEDED
    assert running.id in {job.id for job, _ in shop.courier.delivered}
    assert requests(shop, "POST", CREATE) == created

    shop.simulated.mend()
    for damage in DAMAGES:  # a balance that cannot be read is no proof that it is there
        shop.simulated.spoil_next("GET", BALANCE, damage)
    await shop.run(100)
    assert requests(shop, "POST", CREATE) == created
    await shop.run()
    await succeeded_once(shop, running, *waiting)
    assert not (await shop.job_service.overview(2)).paused
    assert len(shop.courier.operators) == 1


@pytest.mark.parametrize("status", [401, 402])
async def test_after_an_hour_of_it_those_who_wait_fail_uncharged_and_what_runs_goes_on(
    shop: Shop, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.PAUSED_LOOK", timedelta(minutes=5))
    shop.settings = with_limits(shop.settings, toapis={"poll_every": 120})
    await shop.restart()
    running, waiting = await paused(shop, status)
    pause = await shop.state.paused()
    assert isinstance(pause, Pause)
    await shop.run(2 * 3600)
    for job in waiting:
        await failed_uncharged(shop, job)
        finished = (await shop.job(job)).finished_at
        assert finished is not None
        assert timedelta(hours=1) <= finished - pause.since <= timedelta(hours=1, minutes=6)
    assert len(shop.courier.operators) == 1
    shop.simulated.hold_at(None)
    await shop.run()
    await succeeded_once(shop, running)


@pytest.mark.parametrize("how", ["403", "model not found"])
async def test_a_model_that_is_refused_closes_alone_and_for_an_hour(shop: Shop, how: str) -> None:
    shop.simulated.hold_at(50)
    running = await origin(shop, owner=1)
    await shop.run_to(Step.WATCH, running)
    if how == "403":
        shop.simulated.models.remove("sora-2")
    else:
        shop.simulated.model_gone("sora-2")
    refused = await origin(shop, owner=2)
    other = await origin(shop, owner=3, model="sora-2-pro")
    await shop.run(60)
    await failed_uncharged(shop, refused)
    assert len(shop.courier.operators) == 1
    with pytest.raises(ModelClosed):
        await origin(shop, owner=4)
    assert not (await shop.job_service.overview(4)).paused
    shop.simulated.hold_at(None)
    await shop.run()
    await succeeded_once(shop, running, other)
    shop.clock.advance(3600)
    again = await origin(shop, owner=2)
    await shop.run()
    await failed_uncharged(shop, again)
    assert len(shop.courier.operators) == 2  # an hour later it is news again


# -- the task itself --------------------------------------------------------------------------------------------------


async def test_a_task_that_is_gone_for_minutes_after_it_was_seen_is_waited_for(shop: Shop) -> None:
    shop.simulated.hold_at(50)
    job = await origin(shop)
    await shop.run(60)
    assert (await shop.job(job)).progress == 50
    tasks = dict(shop.simulated.tasks)
    shop.simulated.tasks.clear()
    await shop.run(240)
    row = await shop.job(job)
    assert (row.step, row.progress) == (Step.WATCH, 50)
    shop.simulated.tasks.update(tasks)
    shop.simulated.hold_at(None)
    await shop.run()
    await succeeded_once(shop, job)
    assert not shop.courier.operators


async def test_a_task_that_is_gone_for_good_after_it_was_seen_is_unclear(shop: Shop) -> None:
    shop.simulated.hold_at(50)
    job = await origin(shop)
    await shop.run(60)
    shop.simulated.tasks.clear()
    await shop.run()
    await left_unclear(shop, job)


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


def jumps(shop: Shop, by: timedelta) -> None:
    """Our clock jumps; the provider's does not."""
    injected.happened[f"clock: jump {'forwards' if by > timedelta() else 'backwards'}"] += 1
    of_the_provider = shop.simulated.clock
    shop.clock.instant += by
    shop.simulated.clock = lambda: of_the_provider() - by


@pytest.mark.parametrize("by", [DAYS, HOURS], ids=["forwards", "backwards"])
@pytest.mark.parametrize("step", STEPS)
async def test_the_clock_jumps_between_two_steps(shop: Shop, step: Step, by: timedelta) -> None:
    job = await origin(shop)
    await shop.run_to(step, job)
    jumps(shop, by)
    await shop.run(abs(HOURS.total_seconds()) + 3600)
    await succeeded_once(shop, job)


@pytest.mark.parametrize("by", [DAYS, HOURS], ids=["forwards", "backwards"])
@pytest.mark.parametrize("path", [CREATE, STATUS, PICTURES])
async def test_the_clock_jumps_while_a_step_is_being_done(shop: Shop, path: str, by: timedelta) -> None:
    job = await origin(shop)
    shop.simulated.requests = calls = Calls(path, lambda: jumps(shop, by))
    while not calls.happened:
        await shop.runner.run_due()
        shop.clock.instant = await shop.jobs.next_due("nobody", lanes=Lane) or shop.clock()
    await shop.run(abs(HOURS.total_seconds()) + 3600)
    await succeeded_once(shop, job)
