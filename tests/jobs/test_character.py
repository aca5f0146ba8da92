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
from tests.jobs.harness import OWNER, RANGE, STRANGER, JobHarness, with_limits
from tests.patience import PATIENCE


async def test_a_link_becomes_a_character(harness: JobHarness) -> None:
    job = await harness.ask(name="  Rosie ")
    await harness.run()
    done = await harness.job(job)
    assert (done.step, done.outcome, done.failure) == (Step.DONE, Outcome.SUCCEEDED, None)
    assert done.delivered_at is not None
    assert done.finished_at is not None
    [character] = await harness.cast()
    assert character.name == "Rosie"
    assert character.task_id == done.task_id == harness.simulated.submissions[0].task_id
    assert character.username
    assert character.picture is not None
    picture = await harness.files.read(character.picture.key)
    assert picture.startswith(b"\xff\xd8")
    assert [delivered.id for delivered, _ in harness.courier.delivered] == [job.id]
    assert harness.courier.delivered[0][1] == character
    assert not harness.work(job).exists()


async def test_the_provider_gets_its_own_copy_of_the_clip(harness: JobHarness) -> None:
    job = await harness.ask()
    await harness.run()
    [submission] = harness.simulated.submissions
    assert (submission.creation.url or "").startswith(harness.simulated.base_url)
    assert (submission.creation.start, submission.creation.end) == (0, 2)  # the clip is those seconds and no more
    assert submission.business_id == job.id


async def test_an_attachments_url_is_erased_once_the_bytes_are_here(harness: JobHarness) -> None:
    job = await harness.ask(harness.attachment())
    assert isinstance((await harness.job(job)).about_source.source, Attachment)
    row = await harness.run_to(Step.SUBMIT, job)
    assert isinstance(row.about_source.source, Attachment)
    assert row.about_source.source.url is None
    assert row.file is not None
    assert (harness.work(job) / "source").stat().st_size == row.file.size
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


async def test_the_interaction_token_is_wiped_with_the_delivery(harness: JobHarness) -> None:
    job = await harness.ask()
    assert (await harness.job(job)).origin.token
    await harness.run()
    assert (await harness.job(job)).origin.token is None


async def test_an_earlier_task_needs_no_bytes(harness: JobHarness, tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_bytes(harness.host.files["clip.mp4"])
    task_id = harness.simulated.add_video_task(tmp_path / "video.mp4")
    job = await harness.ask(harness.task(task_id))
    await harness.run()
    [submission] = harness.simulated.submissions
    assert (submission.creation.from_task, submission.creation.url) == (task_id, None)
    assert harness.host.hits == 0
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


async def test_a_characters_own_ids_are_no_video(harness: JobHarness) -> None:
    first = await harness.ask()
    await harness.run()
    [character] = await harness.cast()
    for typed in (character.task_id, character.provider_id, first.id):
        for chosen in (RANGE, None):  # without a range it must not be told to name one
            with pytest.raises(BadSource, match="That's a character, not a video"):
                await harness.ask(harness.task(typed), range=chosen)
    await harness.characters.delete(OWNER, character.id)
    with pytest.raises(BadSource, match="That's a character, not a video"):
        await harness.ask(harness.task(character.task_id))
    assert len(harness.simulated.submissions) == 1


async def test_another_persons_task_is_an_unknown_one(harness: JobHarness) -> None:
    first = await harness.ask()
    await harness.run()
    task_id = (await harness.job(first)).task_id
    assert task_id
    job = await harness.ask(harness.task(task_id), owner=STRANGER)
    await harness.run()
    done = await harness.job(job)
    assert done.outcome is Outcome.FAILED
    assert done.failure is not None
    assert "no task with that ID" in str(done.failure)
    assert len(harness.simulated.submissions) == 1


@pytest.mark.parametrize("accepted", [True, False])
async def test_an_outside_task_is_taken_only_where_the_operator_allows_it(harness: JobHarness, accepted: bool) -> None:
    harness.settings = with_limits(harness.settings, toapis={"accept_outside_tasks": accepted})
    await harness.restart()
    job = await harness.ask(harness.task("task_of_somewhere_else"))
    await harness.run()
    assert (
        await harness.job(job)
    ).outcome is Outcome.FAILED  # the simulated provider knows no task with that ID either
    asked_provider = any(path == "/v1/videos/generations" for _, path in harness.simulated.requests)
    assert asked_provider is accepted


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("page.mp4", "web page"), ("missing.mp4", "no file at that link"), ("silent.mp4", "sound")],
)
async def test_a_bad_clip_fails_with_a_sentence_and_costs_nothing(
    harness: JobHarness, name: str, sentence: str
) -> None:
    job = await harness.ask(harness.link(name))
    await harness.run()
    done = await harness.job(job)
    assert done.outcome is Outcome.FAILED
    assert sentence.lower() in str(done.failure).lower()
    assert done.counted is False
    assert [delivered.id for delivered, _ in harness.courier.delivered] == [job.id]
    assert not harness.work(job).exists()
    assert await harness.cast() == []


async def test_a_range_past_the_end_leads_to_the_picker_and_not_to_the_provider(harness: JobHarness) -> None:
    job = await harness.ask(range=TimeRange(Decimal(100), Decimal(102)))
    await harness.run()
    waiting = await harness.job(job)
    assert (waiting.step, waiting.question) == (Step.CHOOSE, Question.SECONDS)
    assert waiting.character.range is None
    assert waiting.character.typed == "1:40–1:42"
    assert harness.simulated.submissions == []


async def test_a_host_in_trouble_is_asked_again(harness: JobHarness) -> None:
    harness.host.status = [503, 503]
    job = await harness.ask()
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert harness.host.hits == 3


async def test_a_host_in_trouble_is_given_up_in_the_end(harness: JobHarness) -> None:
    harness.host.status = [503] * 20
    job = await harness.ask()
    await harness.run()
    done = await harness.job(job)
    assert done.outcome is Outcome.FAILED
    assert "can't send the file right now (error 503)" in str(done.failure)
    assert harness.host.hits == 4


async def test_a_clip_that_is_too_large_is_refused(harness: JobHarness) -> None:
    harness.settings = with_limits(harness.settings, links={"max_bytes": 1000})
    await harness.restart()
    job = await harness.ask()
    await harness.run()
    assert "large" in str((await harness.job(job)).failure)


async def test_a_full_library_takes_no_more_clips(harness: JobHarness) -> None:
    harness.settings = with_limits(harness.settings, limits={"files_mb_per_user": 1})
    await harness.restart()
    await harness.files.put_bytes(OWNER, b"x", "image/png")
    leased = await harness.ask()
    row = await harness.run_to(Step.SUBMIT, leased)
    assert row.file is not None
    [leased] = await harness.jobs.claim("test", now=harness.clock(), most=dict.fromkeys(Lane, 1))
    fat = {"file": row.file.__class__(key=row.file.key, sha256=row.file.sha256, size=1 << 20, mime=row.file.mime)}
    await harness.jobs.release(leased.id, leased.lease, Transition("test", fat), now=harness.clock())  # type: ignore[arg-type] # one key
    job = await harness.ask()
    await harness.run(1)
    done = await harness.job(job)
    assert done.outcome is Outcome.FAILED
    assert "1 MB" in str(done.failure)


async def test_a_completed_task_without_a_character_fails_and_may_have_cost(harness: JobHarness) -> None:
    harness.simulated.empty_characters = True
    job = await harness.ask()
    await harness.run()
    done = await harness.job(job)
    assert done.outcome is Outcome.FAILED
    assert "charged" in str(done.failure)
    assert done.counted is True


async def test_a_name_that_is_taken_is_asked_about_before_anything_is_sent(harness: JobHarness) -> None:
    await harness.ask(name="Ada")
    await harness.run()
    job = await harness.ask(name="ADA", another=True)
    await harness.run(60)
    waiting = await harness.job(job)
    assert (waiting.step, waiting.question) == (Step.CHOOSE, Question.NAME)
    assert waiting.character.offered == "ADA 2"
    assert len(harness.simulated.submissions) == 1
    await harness.job_service.name(OWNER, job.id, "ada", harness.origin())
    await harness.run(60)
    assert (await harness.job(job)).question is Question.NAME, "that one is taken as well"
    await harness.job_service.answer(OWNER, job.id, Question.NAME, harness.origin())
    await harness.run()
    assert [each.name for each in await cast_of(harness)] == ["Ada", "ada 2"]
    last, _ = harness.courier.delivered[-1]
    assert last.character.name == "ada 2"


async def test_a_name_that_is_taken_in_the_meantime_gets_a_number(harness: JobHarness) -> None:
    harness.simulated.hold_at(50)
    first, second = await harness.ask(name="Ada", another=True), await harness.ask(name="Ada", another=True)
    await harness.run_to(Step.WATCH, first)
    await harness.run_to(Step.WATCH, second)
    harness.simulated.hold_at(None)
    await harness.run()
    assert sorted(each.name for each in await cast_of(harness)) == ["Ada", "Ada 2"]


async def test_another_persons_name_is_free(harness: JobHarness) -> None:
    await harness.ask(name="Ada")
    await harness.run()
    job = await harness.ask(owner=STRANGER, name="Ada")
    await harness.run()
    assert (await harness.job(job)).question is None


async def cast_of(harness: JobHarness) -> list[Character]:
    return list(reversed(await harness.cast(OWNER)))


async def test_a_lost_picture_does_not_hold_up_the_character(harness: JobHarness) -> None:
    harness.simulated.lose_pictures = True
    job = await harness.ask()
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    [character] = await harness.cast()
    assert character.picture is not None
    assert character.picture_is_still  # the best still of the clip, which is here
    assert (await harness.files.read(character.picture.key)).startswith(b"\xff\xd8")
    assert harness.courier.delivered[0][1] == character


async def test_the_reference_set_is_kept_with_the_character(harness: JobHarness) -> None:
    await harness.ask()
    await harness.run()
    [character] = await harness.cast()
    kinds = Counter(each.kind for each in await harness.characters.reference_set(OWNER, character.id))
    assert (kinds[FileKind.CLIP], kinds[FileKind.REFERENCE], kinds[FileKind.VOICE]) == (1, 1, 1)
    assert kinds[FileKind.STILL] == 3
    for each in await harness.characters.reference_set(OWNER, character.id):
        assert len(await harness.files.read(each.file.key)) == each.file.size
    deleted = await harness.characters.delete(OWNER, character.id)
    assert deleted is not None
    assert len(deleted.orphans) == kinds.total() + 1, "its picture as well"
    assert await harness.disk.keys() == set()


async def test_a_video_that_gives_no_reference_gives_a_character_all_the_same(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise MediaFailed(text("The child died."))

    monkeypatch.setattr(harness.media, "reference", fail)
    await harness.ask()
    await harness.run()
    [character] = await harness.cast()
    kinds = {each.kind for each in await harness.characters.reference_set(OWNER, character.id)}
    assert kinds == {FileKind.CLIP, FileKind.STILL}


async def test_progress_tells_each_stage_once_more_has_happened(harness: JobHarness) -> None:
    job = await harness.ask()
    await harness.run()
    mine = [(state, percent) for job_id, state, percent in harness.courier.shown if job_id == job.id]
    percents = [percent for _, percent in mine if percent is not None]
    assert mine[0][0].startswith("Fetching")
    assert percents == sorted(percents)
    assert any(0 < percent < 100 for percent in percents)


async def test_trouble_at_discord_is_waited_out(harness: JobHarness) -> None:
    harness.courier.trouble = 5
    job = await harness.ask()
    await harness.run()
    done = await harness.job(job)
    assert done.delivered_at is not None
    assert len(harness.courier.delivered) == 1


async def test_trouble_at_discord_for_too_long_ends_in_tasks(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.DELIVERY_TRIED_FOR", timedelta(hours=1))
    harness.courier.trouble = 10_000
    job = await harness.ask()
    await harness.run(3 * 3600)
    done = await harness.job(job)
    assert (done.step, done.outcome, done.delivered_at) == (Step.DONE, Outcome.SUCCEEDED, None)
    assert done.undelivered


async def test_what_reaches_nobody_waits_in_tasks_and_can_be_shown_there(harness: JobHarness) -> None:
    harness.courier.reachable = False
    job = await harness.ask()
    await harness.run()
    overview = await harness.job_service.overview(OWNER)
    assert [row.id for row in overview.finished if row.undelivered] == [job.id]
    harness.courier.reachable = True
    await harness.job_service.show_again(OWNER, job.id, harness.origin(channel_id=99))
    await harness.run()
    assert harness.courier.delivered[0][0].origin.channel_id == 99
    assert not (await harness.job(job)).undelivered
    assert len(await harness.cast()) == 1


async def test_the_signed_address_of_an_attachment_outlives_no_job(harness: JobHarness) -> None:
    failed = await harness.ask(harness.attachment("page.mp4"))
    await harness.run()
    cancelled = await harness.ask(harness.attachment())
    await harness.job_service.cancel(cancelled.owner_id, cancelled.id)
    for job in (failed, cancelled):
        source = (await harness.job(job)).about_source.source
        assert isinstance(source, Attachment)
        assert source.url is None


async def test_a_deletion_waits_while_another_character_takes_up_the_same_file(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two characters of one clip share their files; the first goes just as the second is about to need them."""
    await harness.ask()
    await harness.run()
    [first] = await harness.cast()
    job = await harness.ask(another=True)
    await harness.run_to(Step.COLLECT, job)
    about_to, may_go_on = asyncio.Event(), asyncio.Event()
    add = LeasedJob.add_to_cast

    async def late(self: LeasedJob, *args: Any) -> Any:
        about_to.set()
        await may_go_on.wait()
        return await add(self, *args)

    async def delete() -> None:
        """As /character delete does it."""
        async with harness.files.owner(OWNER):
            gone = await harness.characters.delete(OWNER, first.id)
            assert gone is not None
            for key in gone.orphans:
                await harness.files.delete(key)

    monkeypatch.setattr(LeasedJob, "add_to_cast", late)
    collecting = asyncio.create_task(harness.run(1))
    await asyncio.wait_for(about_to.wait(), PATIENCE)
    deleting = asyncio.create_task(delete())
    await asyncio.sleep(0.1)
    assert not deleting.done()
    may_go_on.set()
    await asyncio.gather(collecting, deleting)
    [second] = await harness.cast()
    assert second.picture is not None
    assert await harness.files.read(second.picture.key)
    assert {key for key in await harness.disk.keys() if not await harness.files.read(key)} == set()
