"""The main job from request to delivery, and each way in which it ends otherwise."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BadSource
from bot.jobs.leased_job import LeasedJob
from bot.media.operations import MediaFailed
from bot.texts import text
from bot.values.character import Character, FileKind
from bot.values.job import Lane, Outcome, Question, Step, Transition
from bot.values.source import Attachment
from bot.values.time_range import TimeRange
from tests.jobs.shop import OWNER, RANGE, STRANGER, Shop, with_limits


async def test_a_link_becomes_a_character(shop: Shop) -> None:
    job = await shop.ask(name="  Rosie ")
    await shop.run()
    done = await shop.job(job)
    assert (done.step, done.outcome, done.failure) == (Step.DONE, Outcome.SUCCEEDED, None)
    assert done.delivered_at is not None
    assert done.finished_at is not None
    [character] = await shop.cast()
    assert character.name == "Rosie"
    assert character.task_id == done.task_id == shop.simulated.submissions[0].task_id
    assert character.username
    assert character.picture is not None
    picture = await shop.files.read(character.picture.key)
    assert picture.startswith(b"\xff\xd8")
    assert [delivered.id for delivered, _ in shop.courier.delivered] == [job.id]
    assert shop.courier.delivered[0][1] == character
    assert not shop.work(job).exists()


async def test_the_provider_gets_its_own_copy_of_the_clip(shop: Shop) -> None:
    job = await shop.ask()
    await shop.run()
    [submission] = shop.simulated.submissions
    assert (submission.creation.url or "").startswith(shop.simulated.base_url)
    assert (submission.creation.start, submission.creation.end) == (0, 2)  # the clip is those seconds and no more
    assert submission.business_id == job.id


async def test_an_attachments_url_is_erased_once_the_bytes_are_here(shop: Shop) -> None:
    job = await shop.ask(shop.attachment())
    assert isinstance((await shop.job(job)).about_source.source, Attachment)
    row = await shop.run_to(Step.SUBMIT, job)
    assert isinstance(row.about_source.source, Attachment)
    assert row.about_source.source.url is None
    assert row.file is not None
    assert (shop.work(job) / "source").stat().st_size == row.file.size
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED


async def test_the_interaction_token_is_wiped_with_the_delivery(shop: Shop) -> None:
    job = await shop.ask()
    assert (await shop.job(job)).origin.token
    await shop.run()
    assert (await shop.job(job)).origin.token is None


async def test_an_earlier_task_needs_no_bytes(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_bytes(shop.host.files["clip.mp4"])
    task_id = shop.simulated.add_video_task(tmp_path / "video.mp4")
    job = await shop.ask(shop.task(task_id))
    await shop.run()
    [submission] = shop.simulated.submissions
    assert (submission.creation.from_task, submission.creation.url) == (task_id, None)
    assert shop.host.hits == 0
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED


async def test_a_characters_own_ids_are_no_video(shop: Shop) -> None:
    first = await shop.ask()
    await shop.run()
    [character] = await shop.cast()
    for typed in (character.task_id, character.provider_id, first.id):
        for chosen in (RANGE, None):  # without a range it must not be told to name one
            with pytest.raises(BadSource, match="That's a character, not a video"):
                await shop.ask(shop.task(typed), range=chosen)
    await shop.characters.delete(OWNER, character.id)
    with pytest.raises(BadSource, match="That's a character, not a video"):
        await shop.ask(shop.task(character.task_id))
    assert len(shop.simulated.submissions) == 1


async def test_another_persons_task_is_an_unknown_one(shop: Shop) -> None:
    first = await shop.ask()
    await shop.run()
    task_id = (await shop.job(first)).task_id
    assert task_id
    job = await shop.ask(shop.task(task_id), owner=STRANGER)
    await shop.run()
    done = await shop.job(job)
    assert done.outcome is Outcome.FAILED
    assert done.failure is not None
    assert "no task with that ID" in str(done.failure)
    assert len(shop.simulated.submissions) == 1


@pytest.mark.parametrize("accepted", [True, False])
async def test_an_outside_task_is_taken_only_where_the_operator_allows_it(shop: Shop, accepted: bool) -> None:
    shop.settings = with_limits(shop.settings, toapis={"accept_outside_tasks": accepted})
    await shop.restart()
    job = await shop.ask(shop.task("task_of_somewhere_else"))
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.FAILED  # the simulated provider knows no task with that ID either
    asked_provider = any(path == "/v1/videos/generations" for _, path in shop.simulated.requests)
    assert asked_provider is accepted


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("page.mp4", "web page"), ("missing.mp4", "no file at that link"), ("silent.mp4", "sound")],
)
async def test_a_bad_clip_fails_with_a_sentence_and_costs_nothing(shop: Shop, name: str, sentence: str) -> None:
    job = await shop.ask(shop.link(name))
    await shop.run()
    done = await shop.job(job)
    assert done.outcome is Outcome.FAILED
    assert sentence.lower() in str(done.failure).lower()
    assert done.counted is False
    assert [delivered.id for delivered, _ in shop.courier.delivered] == [job.id]
    assert not shop.work(job).exists()
    assert await shop.cast() == []


async def test_a_range_past_the_end_leads_to_the_picker_and_not_to_the_provider(shop: Shop) -> None:
    job = await shop.ask(range=TimeRange(Decimal(100), Decimal(102)))
    await shop.run()
    waiting = await shop.job(job)
    assert (waiting.step, waiting.question) == (Step.CHOOSE, Question.SECONDS)
    assert waiting.character.range is None
    assert waiting.character.typed == "1:40–1:42"
    assert shop.simulated.submissions == []


async def test_a_host_in_trouble_is_asked_again(shop: Shop) -> None:
    shop.host.status = [503, 503]
    job = await shop.ask()
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert shop.host.hits == 3


async def test_a_host_in_trouble_is_given_up_in_the_end(shop: Shop) -> None:
    shop.host.status = [503] * 20
    job = await shop.ask()
    await shop.run()
    done = await shop.job(job)
    assert done.outcome is Outcome.FAILED
    assert "can't send the file right now (error 503)" in str(done.failure)
    assert shop.host.hits == 4


async def test_a_clip_that_is_too_large_is_refused(shop: Shop) -> None:
    shop.settings = with_limits(shop.settings, links={"max_bytes": 1000})
    await shop.restart()
    job = await shop.ask()
    await shop.run()
    assert "large" in str((await shop.job(job)).failure)


async def test_a_full_library_takes_no_more_clips(shop: Shop) -> None:
    shop.settings = with_limits(shop.settings, limits={"files_mb_per_user": 1})
    await shop.restart()
    await shop.files.put_bytes(OWNER, b"x", "image/png")
    leased = await shop.ask()
    row = await shop.run_to(Step.SUBMIT, leased)
    assert row.file is not None
    [leased] = await shop.jobs.claim("test", now=shop.clock(), most=dict.fromkeys(Lane, 1))
    fat = {"file": row.file.__class__(key=row.file.key, sha256=row.file.sha256, size=1 << 20, mime=row.file.mime)}
    await shop.jobs.release(leased.id, leased.lease, Transition("test", fat), now=shop.clock())  # type: ignore[arg-type] # one key
    job = await shop.ask()
    await shop.run(1)
    done = await shop.job(job)
    assert done.outcome is Outcome.FAILED
    assert "1 MB" in str(done.failure)


async def test_a_completed_task_without_a_character_fails_and_may_have_cost(shop: Shop) -> None:
    shop.simulated.empty_characters = True
    job = await shop.ask()
    await shop.run()
    done = await shop.job(job)
    assert done.outcome is Outcome.FAILED
    assert "charged" in str(done.failure)
    assert done.counted is True


async def test_a_name_that_is_taken_is_asked_about_before_anything_is_sent(shop: Shop) -> None:
    await shop.ask(name="Ada")
    await shop.run()
    job = await shop.ask(name="ADA", another=True)
    await shop.run(60)
    waiting = await shop.job(job)
    assert (waiting.step, waiting.question) == (Step.CHOOSE, Question.NAME)
    assert waiting.character.offered == "ADA 2"
    assert len(shop.simulated.submissions) == 1
    await shop.job_service.name(OWNER, job.id, "ada", shop.origin())
    await shop.run(60)
    assert (await shop.job(job)).question is Question.NAME, "that one is taken as well"
    await shop.job_service.answer(OWNER, job.id, Question.NAME, shop.origin())
    await shop.run()
    assert [each.name for each in await cast_of(shop)] == ["Ada", "ada 2"]
    last, _ = shop.courier.delivered[-1]
    assert last.character.name == "ada 2"


async def test_a_name_that_is_taken_in_the_meantime_gets_a_number(shop: Shop) -> None:
    shop.simulated.hold_at(50)
    first, second = await shop.ask(name="Ada", another=True), await shop.ask(name="Ada", another=True)
    await shop.run_to(Step.WATCH, first)
    await shop.run_to(Step.WATCH, second)
    shop.simulated.hold_at(None)
    await shop.run()
    assert sorted(each.name for each in await cast_of(shop)) == ["Ada", "Ada 2"]


async def test_another_persons_name_is_free(shop: Shop) -> None:
    await shop.ask(name="Ada")
    await shop.run()
    job = await shop.ask(owner=STRANGER, name="Ada")
    await shop.run()
    assert (await shop.job(job)).question is None


async def cast_of(shop: Shop) -> list[Character]:
    return list(reversed(await shop.cast(OWNER)))


async def test_a_lost_picture_does_not_hold_up_the_character(shop: Shop) -> None:
    shop.simulated.lose_pictures = True
    job = await shop.ask()
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    [character] = await shop.cast()
    assert character.picture is not None
    assert character.picture_is_still  # the best still of the clip, which is here
    assert (await shop.files.read(character.picture.key)).startswith(b"\xff\xd8")
    assert shop.courier.delivered[0][1] == character


async def test_the_reference_set_is_kept_with_the_character(shop: Shop) -> None:
    await shop.ask()
    await shop.run()
    [character] = await shop.cast()
    kinds = Counter(each.kind for each in await shop.characters.reference_set(OWNER, character.id))
    assert (kinds[FileKind.CLIP], kinds[FileKind.REFERENCE], kinds[FileKind.VOICE]) == (1, 1, 1)
    assert kinds[FileKind.STILL] == 3
    for each in await shop.characters.reference_set(OWNER, character.id):
        assert len(await shop.files.read(each.file.key)) == each.file.size
    deleted = await shop.characters.delete(OWNER, character.id)
    assert deleted is not None
    assert len(deleted.orphans) == kinds.total() + 1, "its picture as well"
    assert await shop.disk.keys() == set()


async def test_a_video_that_gives_no_reference_gives_a_character_all_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise MediaFailed(text("The child died."))

    monkeypatch.setattr(shop.media, "reference", fail)
    await shop.ask()
    await shop.run()
    [character] = await shop.cast()
    kinds = {each.kind for each in await shop.characters.reference_set(OWNER, character.id)}
    assert kinds == {FileKind.CLIP, FileKind.STILL}


async def test_progress_tells_each_stage_once_more_has_happened(shop: Shop) -> None:
    job = await shop.ask()
    await shop.run()
    mine = [(state, percent) for job_id, state, percent in shop.courier.shown if job_id == job.id]
    percents = [percent for _, percent in mine if percent is not None]
    assert mine[0][0].startswith("Fetching")
    assert percents == sorted(percents)
    assert any(0 < percent < 100 for percent in percents)


async def test_trouble_at_discord_is_waited_out(shop: Shop) -> None:
    shop.courier.trouble = 5
    job = await shop.ask()
    await shop.run()
    done = await shop.job(job)
    assert done.delivered_at is not None
    assert len(shop.courier.delivered) == 1


async def test_trouble_at_discord_for_too_long_ends_in_tasks(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.limits.DELIVERY_TRIED_FOR", timedelta(hours=1))
    shop.courier.trouble = 10_000
    job = await shop.ask()
    await shop.run(3 * 3600)
    done = await shop.job(job)
    assert (done.step, done.outcome, done.delivered_at) == (Step.DONE, Outcome.SUCCEEDED, None)
    assert done.undelivered


async def test_what_reaches_nobody_waits_in_tasks_and_can_be_shown_there(shop: Shop) -> None:
    shop.courier.reachable = False
    job = await shop.ask()
    await shop.run()
    overview = await shop.job_service.overview(OWNER)
    assert [row.id for row in overview.finished if row.undelivered] == [job.id]
    shop.courier.reachable = True
    await shop.job_service.show_again(OWNER, job.id, shop.origin(channel_id=99))
    await shop.run()
    assert shop.courier.delivered[0][0].origin.channel_id == 99
    assert not (await shop.job(job)).undelivered
    assert len(await shop.cast()) == 1


async def test_the_signed_address_of_an_attachment_outlives_no_job(shop: Shop) -> None:
    failed = await shop.ask(shop.attachment("page.mp4"))
    await shop.run()
    cancelled = await shop.ask(shop.attachment())
    await shop.job_service.cancel(cancelled.owner_id, cancelled.id)
    for job in (failed, cancelled):
        source = (await shop.job(job)).about_source.source
        assert isinstance(source, Attachment)
        assert source.url is None


async def test_a_deletion_waits_while_another_character_takes_up_the_same_file(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two characters of one clip share their files; the first goes just as the second is about to need them."""
    await shop.ask()
    await shop.run()
    [first] = await shop.cast()
    job = await shop.ask(another=True)
    await shop.run_to(Step.COLLECT, job)
    about_to, may_go_on = asyncio.Event(), asyncio.Event()
    add = LeasedJob.add_to_cast

    async def late(self: LeasedJob, *args: Any) -> Any:
        about_to.set()
        await may_go_on.wait()
        return await add(self, *args)

    async def delete() -> None:
        """As /character delete does it."""
        async with shop.files.owner(OWNER):
            gone = await shop.characters.delete(OWNER, first.id)
            assert gone is not None
            for key in gone.orphans:
                await shop.files.delete(key)

    monkeypatch.setattr(LeasedJob, "add_to_cast", late)
    collecting = asyncio.create_task(shop.run(1))
    await asyncio.wait_for(about_to.wait(), 20)
    deleting = asyncio.create_task(delete())
    await asyncio.sleep(0.1)
    assert not deleting.done()
    may_go_on.set()
    await asyncio.gather(collecting, deleting)
    [second] = await shop.cast()
    assert second.picture is not None
    assert await shop.files.read(second.picture.key)
    assert {key for key in await shop.disk.keys() if not await shop.files.read(key)} == set()
