"""What a job's row says about itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.values.clock import utc_now
from bot.values.job import CharacterRequest, Job, Origin, Outcome, Step, Upload
from bot.values.source import EarlierTask
from bot.values.time_range import TimeRange

NOW = datetime(2026, 1, 1, tzinfo=UTC)
JOB = Job(
    id="0123456789abcdef",
    owner_id=1,
    origin=Origin(
        guild_id=None,
        channel_id=2,
        message_id=None,
        token="hidden-token",
        token_at=NOW,
        locale="en-GB",
        private=False,
        ephemeral=False,
        bot_is_member=True,
    ),
    step=Step.PREPARE,
    next_attempt_at=NOW,
    request=CharacterRequest(source=EarlierTask(task_id="task_1"), range=TimeRange.parse("1,3"), model="sora-2"),
    created_at=NOW,
    updated_at=NOW,
)


@pytest.mark.parametrize(
    ("step", "may"),
    [
        (Step.PREPARE, True),
        (Step.CHOOSE, True),
        (Step.SUBMIT, True),
        (Step.WATCH, False),
        (Step.COLLECT, False),
        (Step.DELIVER, False),
        (Step.DONE, False),
    ],
)
def test_a_job_may_be_cancelled_until_it_is_submitted(step: Step, may: bool) -> None:
    assert replace(JOB, step=step).may_be_cancelled is may
    assert not replace(JOB, step=step, submit_started_at=NOW).may_be_cancelled
    assert not replace(JOB, step=step, outcome=Outcome.FAILED).may_be_cancelled


@pytest.mark.parametrize("outcome", Outcome)
def test_what_ended_and_reached_nobody_is_undelivered_unless_its_owner_cancelled_it(outcome: Outcome) -> None:
    ended = replace(JOB, step=Step.DONE, outcome=outcome)
    assert ended.undelivered is (outcome is not Outcome.CANCELLED)
    assert not replace(ended, delivered_at=NOW).undelivered
    assert not replace(ended, step=Step.DELIVER).undelivered


def test_tokens_and_upload_addresses_are_not_in_a_repr() -> None:
    assert "s3cret" not in repr(replace(JOB, upload=Upload(url="https://example.org/s3cret", at=NOW)))


def test_the_clock_is_aware_and_in_utc() -> None:
    assert utc_now().tzinfo is UTC
