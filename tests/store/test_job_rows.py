from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.store.database import Database
from bot.store.job_rows import UnreadableRow, job_columns, readable, readable_one, to_columns, to_job
from bot.store.jobs import JobStore
from bot.store.tables import jobs as jobs_table
from bot.texts import Text
from bot.values.character import ProviderCharacter
from bot.values.files import StoredFile
from bot.values.job import (
    CharacterRequest,
    CharacterResult,
    DeliveryAttempt,
    DeliveryRoute,
    Job,
    JobChanges,
    JobKind,
    Origin,
    Outcome,
    PreviewRequest,
    Question,
    Step,
    Upload,
)
from bot.values.source import Attachment, EarlierTask, Link
from bot.values.time_range import TimeRange

NewJob = Callable[..., Job]

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ids = st.integers(0, 2**63 - 1)
instants = st.builds(lambda us: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=us), st.integers(0, 10**15))
ranges = st.builds(
    lambda start, length: TimeRange(start, start + length),
    st.decimals(0, 9999, places=3),
    st.decimals(1, 3, places=3),
)
sources = st.one_of(
    st.builds(Attachment, url=st.none() | words, filename=words, size=ids),
    st.builds(Link, url=words),
    st.builds(EarlierTask, task_id=words),
)
texts = st.recursive(
    st.builds(Text, words, st.dictionaries(words, words | ids, max_size=3)),
    lambda inner: st.builds(Text, words, st.dictionaries(words, words | ids | inner, max_size=3)),
    max_leaves=3,
)
made = st.builds(ProviderCharacter, id=words, display_name=words, username=words, picture_url=words)
asked_places = st.builds(
    Origin,
    guild_id=st.none() | ids,
    channel_id=ids,
    message_id=st.none() | ids,
    token=st.none() | words,
    token_at=instants,
    locale=words,
    private=st.booleans(),
    ephemeral=st.booleans(),
    bot_is_member=st.booleans(),
)
all_jobs = st.builds(
    Job,
    id=st.text("0123456789abcdef", min_size=16, max_size=16),
    owner_id=ids,
    origin=asked_places,
    step=st.sampled_from(Step),
    outcome=st.none() | st.sampled_from(Outcome),
    attempts=st.integers(0, 999),
    next_attempt_at=st.none() | instants,
    lease_owner=st.none() | words,
    lease_until=st.none() | instants,
    request=st.builds(
        CharacterRequest, source=sources, range=ranges, model=words, name=st.none() | words, another=st.booleans()
    )
    | st.builds(PreviewRequest, source=sources),
    file=st.none() | st.builds(StoredFile, key=words, sha256=words, size=ids, mime=words),
    question=st.none() | st.sampled_from(Question),
    upload=st.none() | st.builds(Upload, url=words, at=instants),
    submit_started_at=st.none() | instants,
    lookups=st.integers(0, 9),
    task_id=st.none() | words,
    maybe_charged=st.booleans(),
    progress=st.integers(0, 100),
    result=st.none()
    | st.builds(CharacterResult, characters=st.lists(made, max_size=3).map(tuple), character_id=st.none() | ids),
    failure=st.none() | texts,
    deliveries=st.lists(
        st.builds(
            DeliveryAttempt,
            path=st.sampled_from(DeliveryRoute),
            channel_id=st.none() | ids,
            nonce=words,
            at=instants,
        ),
        max_size=3,
    ).map(tuple),
    delivered_at=st.none() | instants,
    counted=st.booleans(),
    created_at=instants,
    updated_at=instants,
    finished_at=st.none() | instants,
).map(lambda job: job if job.kind is JobKind.CHARACTER else replace(job, result=None))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(job=all_jobs)
def test_a_job_comes_back_from_its_row_as_it_was(job: Job, memory: Any) -> None:
    memory.execute(jobs_table.delete())
    memory.execute(jobs_table.insert().values(job_columns(job)))
    assert to_job(memory.execute(select(jobs_table)).mappings().one()) == job


@pytest.fixture
def memory() -> Any:
    from sqlalchemy import create_engine

    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        jobs_table.create(connection)
        yield connection
    engine.dispose()


def test_every_field_of_a_job_has_columns(new_job: NewJob) -> None:
    counted_once = {"guild_id"}  # written with the row, not with the job
    assert job_columns(new_job()).keys() == {column.name for column in jobs_table.c} - counted_once


def test_changes_are_the_fields_that_are_not_the_jobs_identity_or_lease() -> None:
    fixed = {"id", "owner_id", "lease_owner", "lease_until", "epoch", "admitted_at", "created_at", "updated_at"}
    assert get_type_hints(JobChanges).keys() == {field.name for field in fields(Job)} - fixed


def test_a_range_keeps_its_exact_digits(new_job: NewJob, memory: Any) -> None:
    job = new_job()
    exact = TimeRange(Decimal("0.10"), Decimal("2.100"))
    memory.execute(jobs_table.insert().values(job_columns(replace(job, request=replace(job.character, range=exact)))))
    assert str(to_job(memory.execute(select(jobs_table)).mappings().one()).character.chosen.end) == "2.100"


def test_the_token_is_in_its_own_column_only(new_job: NewJob) -> None:
    columns = job_columns(new_job())
    assert columns.pop("token") == "interaction-token"
    assert "interaction-token" not in repr(columns)


def test_instants_inside_json_have_a_time_zone(now: datetime) -> None:
    naive = now.replace(tzinfo=None)
    attempt = DeliveryAttempt(path=DeliveryRoute.DM, channel_id=None, nonce="n", at=naive)
    for changes in ({"upload": Upload(url="u", at=naive)}, {"deliveries": (attempt,)}):
        with pytest.raises(ValueError, match="time zone"):
            to_columns(changes)


@pytest.mark.parametrize(
    ("column", "damaged"),
    [
        ("origin", "{not json"),
        ("request", '{"source": {"kind": "film roll"}}'),
        ("request", '{"source":{"kind":"link","url":"https://secret.example"},"range":7,"model":"m"}'),
        ("upload", '{"url": 3}'),
        ("result", "[]"),
        ("failure", "null"),
        ("deliveries", '[{"path": "pigeon"}]'),
        ("step", "dancing"),
        ("kind", "opera"),
        ("outcome", "meh"),
        ("question", "why?"),
    ],
)
async def test_a_row_that_cannot_be_read_says_whose_it_is_and_not_what_is_in_it(
    jobs: JobStore, add: Callable[..., Any], database: Database, database_path: Path, column: str, damaged: str
) -> None:
    job = await add()
    with sqlite3.connect(database_path) as raw:
        raw.execute(f"UPDATE jobs SET {column} = ?", [damaged])
    raw.close()
    async with database.read() as connection:
        row = (await connection.execute(select(jobs_table))).mappings().one()
    with pytest.raises(UnreadableRow) as error:
        to_job(row)
    assert error.value.job_id == job.id
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__
    assert "secret" not in str(error.value)
    assert readable([row]) == []
    assert await jobs.get(job.id) is None


def test_no_row_is_no_job() -> None:
    assert readable_one(None) is None
