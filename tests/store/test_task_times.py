"""How long tasks took outlives a restart, and those that run are counted by model and age."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import update

from bot.store.database import Database
from bot.store.jobs import JobStore
from bot.store.provider_tables import task_times
from bot.store.quotas import Quota
from bot.store.task_times import TaskTimeStore
from bot.values.job import Job, JobKind, Step
from bot.values.task_durations import TaskDurations
from bot.values.watched_tasks import Ended, TaskType, WatchedTasks
from tests.store.conftest import NewJob

SORA = TaskType(JobKind.CHARACTER, "sora-2")
WAN = TaskType(JobKind.VIDEO, "wan2.6")


async def test_what_was_learnt_is_there_after_a_restart(database: Database) -> None:
    await TaskTimeStore(database).add([Ended(SORA, 40.0, 45.0), Ended(WAN, 300.0, 310.0), Ended(SORA, 50.0, 52.0)])
    await TaskTimeStore(database).add([Ended(SORA, 60.0, 61.0)])
    known = await TaskTimeStore(database).durations()
    expected = TaskDurations().and_ended(40.0, 45.0).and_ended(50.0, 52.0).and_ended(60.0, 61.0)
    assert known.keys() == {SORA, WAN}
    assert [round(weight, 3) for weight in known[SORA].weights] == [round(weight, 3) for weight in expected.weights]


async def test_a_damaged_row_says_nothing_and_is_written_over(database: Database) -> None:
    times = TaskTimeStore(database)
    await times.add([Ended(SORA, 40.0, 45.0)])
    for damaged in ("[1", '{"a": 1}', "[1.0, 2.0]", "[" + "1e999," * 116 + "0]", "null"):
        async with database.write() as connection:
            await connection.execute(update(task_times).values(weights=damaged))
        assert await times.durations() == {SORA: TaskDurations()}
    await times.add([Ended(SORA, 40.0, 45.0)])
    assert sum((await times.durations())[SORA].weights) == 1.0


async def test_only_tasks_at_the_provider_are_counted(
    database: Database, jobs: JobStore, new_job: NewJob, now: datetime
) -> None:
    def job(model: str, step: Step, age: float | None) -> Job:
        made = new_job(step=step, submit_started_at=None if age is None else now - timedelta(seconds=age))
        return replace(made, request=replace(made.character, model=model))

    for each in [
        job("sora-2", Step.WATCH, 12.0),
        job("sora-2", Step.WATCH, 19.0),
        job("sora-2", Step.WATCH, 21.0),
        job("sora-2-pro", Step.WATCH, 3_600.0),
        job("sora-2", Step.COLLECT, 12.0),
        job("sora-2", Step.SUBMIT, None),
    ]:
        await jobs.add(each, Quota())
    assert sorted(await TaskTimeStore(database).watched(now), key=lambda tasks: (tasks.type, tasks.age)) == [
        WatchedTasks(SORA, 15.0, 2),
        WatchedTasks(SORA, 25.0, 1),
        WatchedTasks(TaskType(JobKind.CHARACTER, "sora-2-pro"), 3_605.0, 1),
    ]
