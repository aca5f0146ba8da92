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
from tests.jobs.shop import OWNER, STRANGER, Shop, maintenance_of, with_limits

CHOSEN = TimeRange.parse("0.5-2.5")
DAY = limits.VIDEO_KEPT.total_seconds()


def earlier(shop: Shop) -> EarlierVideos:
    return EarlierVideos(
        starter=shop.job_starter,
        owned=shop.owned_jobs,
        characters=shop.characters,
        availability=shop.availability,
        files=shop.files,
        clock=shop.clock,
    )


async def previewed(shop: Shop, source: Source | None = None) -> Job:
    job = await shop.job_starter.preview(
        owner_id=OWNER, origin=shop.origin(private=True, ephemeral=True), source=source or shop.attachment()
    )
    await shop.run(60)
    assert (await shop.job(job)).step is Step.DONE
    return job


async def use(shop: Shop, preview: Job, chosen: TimeRange = CHOSEN, *, owner: int = OWNER) -> Job:
    new_id = shop.job_starter.new_id()
    return await earlier(shop).use_preview(owner, preview.id, new_id, shop.origin(), chosen, anyway=True, name=" Duck ")


async def retry(shop: Shop, failed: Job, *, owner: int = OWNER) -> Job:
    return await earlier(shop).retry(owner, failed.id, shop.job_starter.new_id(), shop.origin())


async def failed_at_the_provider(shop: Shop, source: Source | None = None) -> Job:
    shop.simulated.fail_next("POST", "/v1/videos/generations", 422)
    job = await shop.ask(source or shop.attachment(), anyway=True, name="Rosie")
    await shop.run(600)
    done = await shop.job(job)
    assert (done.step, done.outcome) == (Step.DONE, Outcome.FAILED)
    return done


async def test_a_preview_leads_to_characters_without_a_second_fetch(shop: Shop) -> None:
    preview = await previewed(shop, replace(shop.attachment(), of_others=True))
    looked = len(shop.courier.questions)
    first, second = await use(shop, preview), await use(shop, preview, TimeRange.parse("1-3"))
    await shop.run()
    for job in (first, second):
        done = await shop.job(job)
        assert done.outcome is Outcome.SUCCEEDED
        assert done.character.of_others
        assert not shop.work(job).exists()
    assert (await shop.job(first)).character.range == CHOSEN
    assert {character.name for character in await shop.cast()} == {"Duck", "Duck 2"}
    assert shop.host.hits == 1
    assert len(shop.courier.questions) == looked
    assert (shop.work(preview) / "source").exists()  # for another one


async def test_a_preview_is_kept_for_a_day_and_counted_as_long(shop: Shop) -> None:
    preview = await previewed(shop)
    size = (await shop.job(preview)).file
    assert size is not None
    assert await shop.disk.of(OWNER, now=shop.clock()) == size.size
    await maintenance_of(shop).tidy()
    assert shop.work(preview).exists()
    shop.clock.advance(DAY + 1)
    assert await shop.disk.of(OWNER, now=shop.clock()) == 0
    with pytest.raises(BadSource, match="no longer have the video"):
        await use(shop, preview)
    await maintenance_of(shop).tidy()
    assert not shop.work(preview).exists()
    assert (await shop.job_service.overview(OWNER)).unfinished == ()


async def test_after_that_a_link_is_fetched_again(shop: Shop) -> None:
    preview = await previewed(shop, shop.link())
    shop.clock.advance(DAY + 1)
    await maintenance_of(shop).tidy()
    job = await use(shop, preview)
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert shop.host.hits == 2


async def test_seconds_outside_the_previewed_video_start_nothing(shop: Shop) -> None:
    preview = await previewed(shop)
    with pytest.raises(BadRange, match="4 s long"):
        await use(shop, preview, TimeRange.parse("3-6"))
    assert (await shop.job_service.overview(OWNER)).unfinished == ()


async def test_another_persons_preview_or_failure_is_an_unknown_one(shop: Shop) -> None:
    preview, failed = await previewed(shop), await failed_at_the_provider(shop)
    for attempt in (use(shop, preview, owner=STRANGER), retry(shop, failed, owner=STRANGER), retry(shop, preview)):
        with pytest.raises(UnknownJob):
            await attempt
    with pytest.raises(UnknownJob):
        await use(shop, failed)
    assert (await shop.job_service.overview(STRANGER)).unfinished == ()


async def test_a_retry_is_a_new_job_with_the_clip_that_is_here(shop: Shop) -> None:
    failed = await failed_at_the_provider(shop)
    assert failed.may_be_retried(shop.clock())
    job = await retry(shop, failed)
    await shop.run()
    done = await shop.job(job)
    assert done.outcome is Outcome.SUCCEEDED
    assert (done.character.range, done.character.name) == (failed.character.range, "Rosie")
    assert shop.host.hits == 1
    assert [submission.business_id for submission in shop.simulated.submissions] == [job.id]
    assert (await shop.job(failed)).outcome is Outcome.FAILED
    assert (await shop.job_service.overview(OWNER)).used_today == 1


async def test_a_retry_is_as_private_as_what_failed(shop: Shop) -> None:
    failed = await failed_at_the_provider(shop)
    for private in (True, False):
        before = replace(failed, origin=replace(failed.origin, private=private))
        await shop.owned_jobs.move(OWNER, failed.id, before.origin, now=shop.clock())
        assert (await retry(shop, failed)).origin.private is private


async def test_a_retry_counts_in_the_day(shop: Shop) -> None:
    failed = await failed_at_the_provider(shop)
    shop.settings = with_limits(shop.settings, limits={"per_user_per_day": 1})
    await shop.restart()
    await shop.ask(shop.attachment(), anyway=True, another=True)
    with pytest.raises(QuotaReached):
        await retry(shop, failed)


async def test_a_link_that_could_not_be_fetched_is_tried_again(shop: Shop) -> None:
    shop.host.status = [404]
    failed = await shop.ask(anyway=True)
    await shop.run(600)
    assert (await shop.job(failed)).outcome is Outcome.FAILED
    job = await retry(shop, failed)
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("name", ["silent.mp4", "page.mp4"])
@pytest.mark.parametrize("link", [True, False])
async def test_a_video_that_will_never_do_is_not_kept(shop: Shop, name: str, link: bool) -> None:
    job = await shop.ask(shop.link(name) if link else shop.attachment(name))
    await shop.run(600)
    failed = await shop.job(job)
    assert (failed.outcome, failed.file) == (Outcome.FAILED, None)
    assert not shop.work(job).exists()
    assert await shop.disk.of(OWNER, now=shop.clock()) == 0
    if not link:
        with pytest.raises(UnknownJob):
            await retry(shop, failed)


async def test_a_failed_attachment_is_kept_for_a_day(shop: Shop) -> None:
    failed = await failed_at_the_provider(shop)
    assert await shop.disk.of(OWNER, now=shop.clock()) > 0
    shop.clock.advance(DAY + 1)
    assert not failed.may_be_retried(shop.clock())
    assert await shop.disk.of(OWNER, now=shop.clock()) == 0
    with pytest.raises(UnknownJob):
        await retry(shop, failed)
    await maintenance_of(shop).tidy()
    assert not shop.work(failed).exists()
