"""Videos with a borrowed character, to their end: with the provider, and when it is taken back on the way."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from bot.errors import Refusal
from bot.values.job import CastRole, CharacterRequest, Job, Outcome, Step, VideoRequest
from bot.values.loan import Loan, LoanRecipient
from bot.values.source import StoredVideo
from tests.jobs.harness import OWNER, RANGE, STRANGER, FileHost, JobHarness
from tests.jobs.test_videos import cast_of, sent


@pytest.fixture
async def ann(harness: JobHarness) -> CastRole:
    [role] = await cast_of(harness, "Ann")
    return role


async def lend(harness: JobHarness, role: CastRole, uses: int | None = None) -> Loan:
    to = LoanRecipient(person=STRANGER)
    loan = await harness.app.cast.lending.lend(OWNER, role.character_id, to, guild_id=None, uses=uses, until=None)
    assert loan is not None
    return loan


async def ask(harness: JobHarness) -> Job:
    """What the one who borrows Ann can name there, and nothing else."""
    origin = harness.origin()
    cast = await harness.app.cast.playable.roles(STRANGER, origin.guild_id)
    wish = VideoRequest(prompt="@Ann waves", cast=cast, model="wan2.6", duration=5)
    return await harness.job_starter.start_video(owner_id=STRANGER, origin=origin, request=wish)


async def used(harness: JobHarness, role: CastRole) -> int:
    [loan] = await harness.app.stores.loans.of_character(OWNER, role.character_id)
    return loan.used


async def test_a_borrowed_character_plays_and_no_character_is_made_of_the_video(
    harness: JobHarness, ann: CastRole
) -> None:
    await lend(harness, ann, uses=1)
    job = await ask(harness)
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.failure) == (Outcome.SUCCEEDED, None)
    [submission] = sent(harness)
    assert submission.generation.prompt == "character1 waves"
    assert len(submission.generation.references) == 1
    assert all(str(OWNER) not in each.key for each in done.uploads)
    lenders = await harness.app.stores.loans.lenders([job.id], asker=STRANGER)
    assert lenders == {job.id: {ann.character_id: OWNER}}
    assert await harness.app.stores.loans.lenders([job.id], asker=OWNER + 5) == {}
    assert await used(harness, ann) == 1
    assert await harness.app.cast.playable.roles(STRANGER, None) == ()
    with pytest.raises(Refusal, match="no longer lent to you"):
        await harness.job_starter.start_video(owner_id=STRANGER, origin=harness.origin(), request=job.video)
    film = await harness.app.stores.videos.by_job(STRANGER, job.id)
    assert film is not None
    wanted = CharacterRequest(source=StoredVideo(video_id=film.id), range=RANGE, name="Copy", anyway=True)
    copied = await harness.job_starter.start(owner_id=STRANGER, origin=harness.origin(), request=wanted)
    await harness.run()
    refused = await harness.job(copied)
    assert refused.outcome is Outcome.FAILED
    assert "A borrowed character plays in that video" in str(refused.failure)
    assert await harness.app.stores.videos.lent_for(OWNER, job.id) == film
    assert await harness.app.stores.videos.lent_for(OWNER + 5, job.id) is None


async def test_no_character_is_made_of_its_file_either_wherever_that_comes_from(
    harness: JobHarness, ann: CastRole, host: FileHost
) -> None:
    await lend(harness, ann)
    job = await ask(harness)
    await harness.run()
    film = await harness.app.stores.videos.by_job(STRANGER, job.id)
    assert film is not None
    host.files["saved.mp4"] = await harness.app.stores.files.read(film.file.key)
    await harness.app.stores.videos.delete(STRANGER, film.id)
    for asker in (STRANGER, OWNER + 5):
        wanted = CharacterRequest(source=harness.attachment("saved.mp4"), range=RANGE, name="Copy", anyway=True)
        copied = await harness.job_starter.start(owner_id=asker, origin=harness.origin(), request=wanted)
        await harness.run()
        refused = await harness.job(copied)
        assert refused.outcome is Outcome.FAILED
        assert "A borrowed character plays in that video" in str(refused.failure)


async def test_of_several_that_are_asked_for_at_once_only_as_many_begin_as_were_granted(
    harness: JobHarness, ann: CastRole
) -> None:
    await lend(harness, ann, uses=2)
    origin = harness.origin()
    cast = await harness.app.cast.playable.roles(STRANGER, origin.guild_id)
    wish = VideoRequest(prompt="@Ann waves", cast=cast, model="wan2.6", duration=5)
    start = partial(harness.job_starter.start_video, owner_id=STRANGER, origin=origin, request=wish)
    begun = await asyncio.gather(*(start() for _ in range(4)), return_exceptions=True)
    assert [str(each) for each in begun if not isinstance(each, Job)] == [
        "“Ann” is no longer lent to you, so I can't make this video. Nothing was charged."
    ] * 2
    assert await used(harness, ann) == 2


async def test_sent_again_after_it_was_taken_back_it_is_not_made(harness: JobHarness, ann: CastRole) -> None:
    await lend(harness, ann, uses=1)
    harness.simulated.remembers_business_id = False
    harness.simulated.drop_next("after_taken")
    job = await ask(harness)
    await harness.run(600)
    assert (await harness.job(job)).outcome is Outcome.UNKNOWN
    made = len(sent(harness))
    await harness.app.cast.lending.take_back(OWNER, character_id=ann.character_id)
    await harness.job_service.send_again(STRANGER, job.id, harness.origin())
    await harness.run(600)
    ended = await harness.job(job)
    assert ended.outcome is Outcome.UNKNOWN
    assert "“Ann” is no longer lent to you" in str(ended.failure)
    assert len(sent(harness)) == made


async def test_taken_back_at_the_very_last_moment_nothing_is_sent_and_the_use_is_given_back(
    harness: JobHarness, ann: CastRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lend(harness, ann, uses=2)
    slot = harness.app.provider.submit_slot

    async def take_back_first() -> None:
        """The files are there and the request is written: it would be sent next."""
        taken = await harness.app.cast.lending.take_back(OWNER, character_id=ann.character_id)
        assert (taken.loans, len(taken.stopped), taken.going_on) == (1, 1, 0)
        await slot()

    monkeypatch.setattr(harness.app.provider, "submit_slot", take_back_first)
    job = await ask(harness)
    assert await used(harness, ann) == 1
    await harness.run()
    ended = await harness.job(job)
    assert (ended.step, ended.outcome, ended.counted) == (Step.DONE, Outcome.FAILED, False)
    assert str(ended.failure) == "“Ann” is no longer lent to you, so I can't make this video. Nothing was charged."
    assert sent(harness) == []
    await lend(harness, ann)
    assert await used(harness, ann) == 0


async def test_taken_back_while_it_is_made_it_still_reaches_who_asked_for_it(
    harness: JobHarness, ann: CastRole
) -> None:
    await lend(harness, ann)
    job = await ask(harness)
    await harness.run_to(Step.WATCH, job)
    taken = await harness.app.cast.lending.take_back(OWNER, character_id=ann.character_id)
    assert (taken.stopped, taken.going_on) == ((), 1)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(sent(harness)) == 1


async def test_what_was_used_stays_used_when_the_job_is_forgotten(harness: JobHarness, ann: CastRole) -> None:
    to = LoanRecipient(server=harness.origin().guild_id or 1)
    await harness.app.cast.lending.lend(OWNER, ann.character_id, to, guild_id=None, uses=5, until=None)
    paid = await ask(harness)
    free = await ask(harness)
    await harness.job_service.cancel_unseen(STRANGER, free.id)
    await harness.run()
    assert await used(harness, ann) == 1
    await harness.jobs.prune((await harness.job(paid)).updated_at.replace(year=2999), limit=10)
    assert await harness.jobs.get(paid.id) is None
    assert await used(harness, ann) == 1
    again = await ask(harness)
    await harness.run()
    assert (await harness.job(again)).outcome is Outcome.SUCCEEDED
    await harness.app.erasure.erase(STRANGER)
    assert await used(harness, ann) == 2
