"""Learned polling, on a simulated clock: what is gained by it, and what it must not cost."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from statistics import fmean

import pytest
from pydantic import SecretStr

from benchmarks.polling import BEGAN, MODELS, TimesInMemory, job_of, simulated
from bot.config import ToapisSettings
from bot.jobs.poll_schedule import PollSchedule
from bot.values.job import JobKind
from bot.values.task_durations import TaskDurations
from bot.values.watched_tasks import TaskType

MODEL = "2 min"
VIDEO = TaskType(JobKind.VIDEO, MODEL)


def settings(**changes: object) -> ToapisSettings:
    return ToapisSettings.model_validate({"api_key": SecretStr("unused"), **changes})


def learnt(seconds: float = 120.0, tasks: int = 200) -> TaskDurations:
    """Tasks that took about so long, each seen within a second."""
    durations = TaskDurations()
    for number in range(tasks):
        ended = seconds * (0.8 + 0.4 * number / tasks)
        durations = durations.and_ended(ended - 1, ended)
    return durations


def crowd(number: int, known: TaskDurations | None) -> TimesInMemory:
    """So many tasks that run, of all ages up to four minutes."""
    times = TimesInMemory({} if known is None else {VIDEO: known})
    times.running = {each: (VIDEO, -240.0 * each / number) for each in range(number)}
    return times


async def waits(times: TimesInMemory, until: float, **changes: object) -> list[float]:
    """The intervals of one task that runs for ``until`` seconds."""
    schedule = PollSchedule(times, clock=lambda: BEGAN, settings=settings(**changes))
    taken = [await schedule.first(job_of(MODEL))]
    while sum(taken) < until:
        taken.append(await schedule.next(job_of(MODEL), sum(taken)))
    return taken


async def test_with_the_same_queries_a_finished_task_waits_half_as_long() -> None:
    few = settings(query_per_second=1.5)
    fixed = await simulated(few, learned=False, running=150, warm=3_000, seconds=2_000)
    learned = await simulated(few, learned=True, running=150, warm=3_000, seconds=2_000)
    assert learned.looks <= fixed.looks <= 1.51
    assert fmean(learned.of()) < 0.55 * fmean(fixed.of())
    for model in MODELS:
        assert fmean(learned.of(model)) < fmean(fixed.of(model))


@pytest.mark.parametrize(("before", "since"), [(300.0, 60.0), (60.0, 300.0)])
async def test_a_model_that_takes_another_time_from_now_on_is_learnt_anew(before: float, since: float) -> None:
    tasks = iter(range(1_000_000))

    def changing(random: Random) -> float:
        return (before if next(tasks) < 800 else since) * random.uniform(0.8, 1.2)

    few = settings(query_per_second=3)
    learned = await simulated(few, learned=True, running=150, warm=4_000, seconds=1_000, models={MODEL: changing})
    assert next(tasks) > 2_000  # of the tasks before, hardly anything is left
    steady = {MODEL: lambda random: since * random.uniform(0.8, 1.2)}
    fixed = await simulated(few, learned=False, running=150, warm=1_000, seconds=1_000, models=steady)
    assert fmean(learned.of()) < 0.6 * fmean(fixed.of())


@pytest.mark.parametrize("running", [10, 5_000, 100_000])
async def test_a_task_that_takes_fifty_times_as_long_is_looked_at_every_five_minutes_at_least(running: int) -> None:
    intervals = await waits(crowd(running, learnt(120.0)), 6_000.0)
    assert max(intervals) <= 300.0


async def test_a_task_that_should_have_ended_long_ago_is_looked_at_less_and_less_often() -> None:
    intervals = await waits(crowd(10, learnt(120.0)), 6_000.0)
    assert intervals[:100] == [5.0] * 100
    assert intervals[-1] == 300.0


async def test_a_model_that_usually_takes_longer_than_progress_is_shown_is_not_late() -> None:
    intervals = await waits(crowd(10, learnt(1_200.0)), 1_300.0)
    assert set(intervals) == {5.0}


async def test_while_there_are_queries_for_all_every_task_is_looked_at_as_often_as_the_settings_say() -> None:
    assert set(await waits(crowd(249, learnt()), 120.0)) == {5.0}
    assert (await waits(crowd(249, learnt()), 120.0, webhook_secrets=["whsec"]))[1:] == [30.0] * 4


async def test_before_anything_is_known_the_intervals_are_equal_and_within_the_budget() -> None:
    intervals = await waits(crowd(5_000, None), 600.0)
    assert intervals == pytest.approx([100.0] * 6, rel=0.03)


async def test_looks_go_where_the_end_is_likely() -> None:
    intervals = await waits(crowd(5_000, learnt(120.0)), 140.0)
    assert 85.0 < intervals[0] < 140.0  # none ended before 96 s
    assert intervals[1] < 40.0


async def test_without_statistics_looks_go_on() -> None:
    class Broken(TimesInMemory):
        async def watched(self, now: object) -> list[object]:  # type: ignore[override]
            raise OSError("the disk is gone")

    assert set(await waits(Broken(), 60.0)) == {5.0}


async def test_the_plan_is_made_anew_after_a_while_and_not_before() -> None:
    times, now = crowd(5_000, learnt()), [BEGAN]
    schedule = PollSchedule(times, clock=lambda: now[0], settings=settings())
    before = await schedule.first(job_of(MODEL))
    times.running.clear()
    assert await schedule.first(job_of(MODEL)) == before
    now[0] += timedelta(seconds=11)
    assert await schedule.first(job_of(MODEL)) == 5.0
