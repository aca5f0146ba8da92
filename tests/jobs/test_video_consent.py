"""A no holds until a video is sent, whatever comes between: on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import Settings
from bot.jobs.ports import Content, RecordAttempt, VideoMade
from bot.jobs.video_consent import VideoConsent
from bot.store.consent_denials import ConsentDenied
from bot.values.delivery import DeliveryAttempt, DeliveryRoute
from bot.values.job import CastRole, Job, Outcome, Step, VideoRequest
from bot.values.loan import Answer
from playground.provider import SimulatedProvider
from tests.jobs.harness import OWNER, STRANGER, FakeClock, FileHost, JobHarness, RecordingCourier, with_limits
from tests.jobs.test_lent_videos import lend
from tests.jobs.test_videos import cast_of

PERSON = 900
SAID_NO = (
    "Someone who plays in this video said no before I could send it to you, so I haven't kept it. It may have been "
    "charged."
)


class InterruptedCourier(RecordingCourier):
    """Something happens while it makes the video smaller, and something else right before it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.while_smaller: Callable[[], Awaitable[None]] | None = None
        self.before_sending: Callable[[], Awaitable[None]] | None = None

    async def deliver(self, job: Job, content: Content, record: RecordAttempt) -> bool:
        if isinstance(content, VideoMade):
            if self.while_smaller is not None:
                await self.while_smaller()
            await content.within(10_000_000)
            if self.before_sending is not None:
                await self.before_sending()
        return await super().deliver(job, content, record)


@pytest.fixture(params=["sqlite", "postgres"])
async def harness(
    request: pytest.FixtureRequest, settings: Settings, clock: FakeClock, simulated: SimulatedProvider, host: FileHost
) -> AsyncIterator[JobHarness]:
    if request.param == "postgres":
        settings = with_limits(settings, store={"url": request.getfixturevalue("postgres_url")})
    harness = JobHarness(settings, clock, simulated, host)
    harness.courier = InterruptedCourier()
    await harness.open()
    yield harness
    await harness.close()


@pytest.fixture
async def ann(harness: JobHarness) -> CastRole:
    [role] = await cast_of(harness, "Ann")
    return role


def courier_of(harness: JobHarness) -> InterruptedCourier:
    assert isinstance(harness.courier, InterruptedCourier)
    return harness.courier


async def ask(harness: JobHarness, asker: int) -> Job:
    cast = await harness.app.cast.playable.roles(asker, harness.origin().guild_id)
    wish = VideoRequest(prompt="@Ann waves", cast=cast, model="wan2.6", duration=5)
    return await harness.job_starter.start_video(owner_id=asker, origin=harness.origin(), request=wish)


async def says_no(harness: JobHarness, ann: CastRole) -> None:
    asked = await harness.app.stores.person_consents.ask(OWNER, ann.character_id, PERSON, now=harness.clock())
    assert asked is not None
    await harness.app.cast.lending.answered(PERSON, asked.id, Answer.NO)


async def assert_withdrawn(harness: JobHarness, job: Job) -> None:
    """Nothing of it is kept or was sent; its owner reads why, and what it cost stays spent."""
    ended = await harness.job(job)
    assert (str(ended.failure), ended.outcome, ended.counted) == (SAID_NO, Outcome.FAILED, True)
    assert (ended.step, ended.result) == (Step.DONE, None)
    assert [told.id for told, _ in harness.courier.delivered if told.outcome is Outcome.FAILED] == [job.id]
    assert harness.courier.films == []
    assert await harness.app.stores.videos.page(job.owner_id, offset=0, limit=9) == ([], 0)
    kept = Path(harness.settings.store.files) / str(job.owner_id)
    assert [path for path in kept.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("asker", [OWNER, STRANGER], ids=["own", "borrowed"])
async def test_a_no_before_a_collected_video_is_handed_over(harness: JobHarness, ann: CastRole, asker: int) -> None:
    if asker == STRANGER:
        await lend(harness, ann)
    job = await ask(harness, asker)
    collected = await harness.run_to(Step.DELIVER, job)
    assert collected.outcome is Outcome.SUCCEEDED
    await says_no(harness, ann)
    await harness.app.stores.privacy.erase(PERSON, now=harness.clock())  # what they said outlives what is kept of them
    await harness.restart()
    await harness.run()
    await assert_withdrawn(harness, job)


async def test_a_no_while_discord_is_away(harness: JobHarness, ann: CastRole) -> None:
    job = await ask(harness, OWNER)
    await harness.run_to(Step.DELIVER, job)
    harness.courier.trouble = 1
    await harness.runner.run_due()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    await says_no(harness, ann)
    await harness.run()
    await assert_withdrawn(harness, job)


@pytest.mark.parametrize("moment", ["while_smaller", "before_sending"])
async def test_a_no_in_the_middle_of_the_delivery(harness: JobHarness, ann: CastRole, moment: str) -> None:
    job = await ask(harness, OWNER)
    await harness.run_to(Step.DELIVER, job)
    setattr(courier_of(harness), moment, lambda: says_no(harness, ann))
    await harness.run()
    await assert_withdrawn(harness, job)


async def test_the_log_of_the_server_takes_back_that_it_is_done(harness: JobHarness, ann: CastRole) -> None:
    guild_id = harness.origin().guild_id
    assert guild_id is not None
    await harness.app.stores.servers.set_log_channel(guild_id, 77)
    job = await ask(harness, OWNER)
    await harness.run_to(Step.DELIVER, job)
    await says_no(harness, ann)
    await harness.run()
    lines = [str(each) for each in harness.app.server_log._waiting[guild_id]._waiting]
    assert lines[-2:] == [
        f"<@{OWNER}>'s video is done.",
        f"<@{OWNER}>'s video was withdrawn before I could hand it over, and may have been charged.",
    ]


async def test_a_no_to_what_waits_in_tasks_because_it_could_not_be_sent(harness: JobHarness, ann: CastRole) -> None:
    harness.courier.reachable = False
    job = await ask(harness, OWNER)
    await harness.run()
    assert (await harness.job(job)).undelivered
    await says_no(harness, ann)
    harness.courier.reachable = True
    harness.courier.films.clear()
    await harness.job_service.show_again(OWNER, job.id, harness.origin())
    await harness.run()
    await assert_withdrawn(harness, job)


async def test_a_video_that_its_owner_has_seen_stays_theirs(harness: JobHarness, ann: CastRole) -> None:
    job = await ask(harness, OWNER)
    await harness.run()
    await says_no(harness, ann)
    done = await harness.job(job)
    assert done.outcome is Outcome.SUCCEEDED
    assert len(harness.courier.films) == 1
    stands = DeliveryAttempt(path=DeliveryRoute.DM, channel_id=2, nonce=job.id, at=harness.clock(), message_id=9)
    stores = harness.app.stores
    consent = VideoConsent(videos=stores.videos, consent_denials=stores.consent_denials, files=stores.files)
    await consent.check(replace(done, deliveries=(stands,)))  # a kill came before that was written down
    with pytest.raises(ConsentDenied):
        await consent.check(replace(done, deliveries=()))
