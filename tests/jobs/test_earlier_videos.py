"""A character from a video that is here already: of a preview, or of a job that failed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import limits
from bot.errors import BadRange, BadSource, QuotaReached, UnknownJob
from bot.jobs.earlier_videos import EarlierVideos
from bot.values.job import Job, Outcome, Step
from bot.values.source import Source
from bot.values.time_range import TimeRange
from tests.jobs.harness import OWNER, STRANGER, JobHarness, maintenance_of, with_limits

CHOSEN = TimeRange.parse("0.5-2.5")
DAY = limits.VIDEO_KEPT.total_seconds()


def earlier(harness: JobHarness) -> EarlierVideos:
    return EarlierVideos(
        starter=harness.job_starter,
        owned=harness.owned_jobs,
        characters=harness.characters,
        availability=harness.availability,
        files=harness.files,
        clock=harness.clock,
    )


async def previewed(harness: JobHarness, source: Source | None = None) -> Job:
    job = await harness.job_starter.preview(
        owner_id=OWNER, origin=harness.origin(private=True, ephemeral=True), source=source or harness.attachment()
    )
    await harness.run(60)
    assert (await harness.job(job)).step is Step.DONE
    return job


async def use(harness: JobHarness, preview: Job, chosen: TimeRange = CHOSEN, *, owner: int = OWNER) -> Job:
    new_id = harness.job_starter.new_id()
    return await earlier(harness).use_preview(
        owner, preview.id, new_id, harness.origin(), chosen, anyway=True, name=" Duck "
    )


async def retry(harness: JobHarness, failed: Job, *, owner: int = OWNER) -> Job:
    return await earlier(harness).retry(owner, failed.id, harness.job_starter.new_id(), harness.origin())


async def failed_at_the_provider(harness: JobHarness, source: Source | None = None) -> Job:
    harness.simulated.fail_next("POST", "/v1/videos/generations", 422)
    job = await harness.ask(source or harness.attachment(), anyway=True, name="Rosie")
    await harness.run(600)
    done = await harness.job(job)
    assert (done.step, done.outcome) == (Step.DONE, Outcome.FAILED)
    return done


async def test_a_preview_leads_to_characters_without_a_second_fetch(harness: JobHarness) -> None:
    preview = await previewed(harness, replace(harness.attachment(), of_others=True))
    looked = len(harness.courier.questions)
    first, second = await use(harness, preview), await use(harness, preview, TimeRange.parse("1-3"))
    await harness.run()
    for job in (first, second):
        done = await harness.job(job)
        assert done.outcome is Outcome.SUCCEEDED
        assert done.character.of_others
        assert not harness.work(job).exists()
    assert (await harness.job(first)).character.range == CHOSEN
    assert {character.name for character in await harness.cast()} == {"Duck", "Duck 2"}
    assert harness.host.hits == 1
    assert len(harness.courier.questions) == looked
    assert (harness.work(preview) / "source").exists()  # for another one


async def test_a_preview_is_kept_for_a_day_and_counted_as_long(harness: JobHarness) -> None:
    preview = await previewed(harness)
    size = (await harness.job(preview)).file
    assert size is not None
    assert await harness.disk.of(OWNER, now=harness.clock()) == size.size
    await maintenance_of(harness).tidy()
    assert harness.work(preview).exists()
    harness.clock.advance(DAY + 1)
    assert await harness.disk.of(OWNER, now=harness.clock()) == 0
    with pytest.raises(BadSource, match="no longer have the video"):
        await use(harness, preview)
    await maintenance_of(harness).tidy()
    assert not harness.work(preview).exists()
    assert (await harness.job_service.overview(OWNER)).unfinished == ()


async def test_after_that_a_link_is_fetched_again(harness: JobHarness) -> None:
    preview = await previewed(harness, harness.link())
    harness.clock.advance(DAY + 1)
    await maintenance_of(harness).tidy()
    job = await use(harness, preview)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert harness.host.hits == 2


async def test_seconds_outside_the_previewed_video_start_nothing(harness: JobHarness) -> None:
    preview = await previewed(harness)
    with pytest.raises(BadRange, match="4 s long"):
        await use(harness, preview, TimeRange.parse("3-6"))
    assert (await harness.job_service.overview(OWNER)).unfinished == ()


async def test_another_persons_preview_or_failure_is_an_unknown_one(harness: JobHarness) -> None:
    preview, failed = await previewed(harness), await failed_at_the_provider(harness)
    for attempt in (
        use(harness, preview, owner=STRANGER),
        retry(harness, failed, owner=STRANGER),
        retry(harness, preview),
    ):
        with pytest.raises(UnknownJob):
            await attempt
    with pytest.raises(UnknownJob):
        await use(harness, failed)
    assert (await harness.job_service.overview(STRANGER)).unfinished == ()


async def test_a_retry_is_a_new_job_with_the_clip_that_is_here(harness: JobHarness) -> None:
    failed = await failed_at_the_provider(harness)
    assert failed.may_be_retried(harness.clock())
    job = await retry(harness, failed)
    await harness.run()
    done = await harness.job(job)
    assert done.outcome is Outcome.SUCCEEDED
    assert (done.character.range, done.character.name) == (failed.character.range, "Rosie")
    assert harness.host.hits == 1
    assert [submission.business_id for submission in harness.simulated.submissions] == [job.id]
    assert (await harness.job(failed)).outcome is Outcome.FAILED
    assert (await harness.job_service.overview(OWNER)).used_today == 1


async def test_a_retry_is_as_private_as_what_failed(harness: JobHarness) -> None:
    failed = await failed_at_the_provider(harness)
    for private in (True, False):
        before = replace(failed, origin=replace(failed.origin, private=private))
        await harness.owned_jobs.move(OWNER, failed.id, before.origin, now=harness.clock())
        assert (await retry(harness, failed)).origin.private is private


async def test_a_retry_counts_in_the_day(harness: JobHarness) -> None:
    failed = await failed_at_the_provider(harness)
    harness.settings = with_limits(harness.settings, limits={"per_user_per_day": 1})
    await harness.restart()
    await harness.ask(harness.attachment(), anyway=True, another=True)
    with pytest.raises(QuotaReached):
        await retry(harness, failed)


async def test_a_link_that_could_not_be_fetched_is_tried_again(harness: JobHarness) -> None:
    harness.host.status = [404]
    failed = await harness.ask(anyway=True)
    await harness.run(600)
    assert (await harness.job(failed)).outcome is Outcome.FAILED
    job = await retry(harness, failed)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("name", ["silent.mp4", "page.mp4"])
@pytest.mark.parametrize("link", [True, False])
async def test_a_video_that_will_never_do_is_not_kept(harness: JobHarness, name: str, link: bool) -> None:
    job = await harness.ask(harness.link(name) if link else harness.attachment(name))
    await harness.run(600)
    failed = await harness.job(job)
    assert (failed.outcome, failed.file) == (Outcome.FAILED, None)
    assert not harness.work(job).exists()
    assert await harness.disk.of(OWNER, now=harness.clock()) == 0
    if not link:
        with pytest.raises(UnknownJob):
            await retry(harness, failed)


async def test_a_failed_attachment_is_kept_for_a_day(harness: JobHarness) -> None:
    failed = await failed_at_the_provider(harness)
    assert await harness.disk.of(OWNER, now=harness.clock()) > 0
    harness.clock.advance(DAY + 1)
    assert not failed.may_be_retried(harness.clock())
    assert await harness.disk.of(OWNER, now=harness.clock()) == 0
    with pytest.raises(UnknownJob):
        await retry(harness, failed)
    await maintenance_of(harness).tidy()
    assert not harness.work(failed).exists()
