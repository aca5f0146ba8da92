"""Videos with a borrowed character, to their end: with the provider, and when it is taken back on the way."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from bot.errors import Refusal
from bot.values.job import CastRole, CharacterRequest, Job, Outcome, Step, VideoRequest
from bot.values.loan import Loan, LoanRecipient
from bot.values.source import StoredVideo
from tests.jobs.shop import OWNER, RANGE, STRANGER, Shop
from tests.jobs.test_videos import cast_of, sent


@pytest.fixture
async def ann(shop: Shop) -> CastRole:
    [role] = await cast_of(shop, "Ann")
    return role


async def lend(shop: Shop, role: CastRole, uses: int | None = None) -> Loan:
    to = LoanRecipient(person=STRANGER)
    loan = await shop.app.cast.lending.lend(OWNER, role.character_id, to, guild_id=None, uses=uses, until=None)
    assert loan is not None
    return loan


async def ask(shop: Shop) -> Job:
    """What the one who borrows Ann can name there, and nothing else."""
    origin = shop.origin()
    cast = await shop.app.cast.playable.roles(STRANGER, origin.guild_id)
    wish = VideoRequest(prompt="@Ann waves", cast=cast, model="wan2.6", duration=5)
    return await shop.job_starter.start_video(owner_id=STRANGER, origin=origin, request=wish)


async def used(shop: Shop, role: CastRole) -> int:
    [loan] = await shop.app.stores.loans.of_character(OWNER, role.character_id)
    return loan.used


async def test_a_borrowed_character_plays_and_no_character_is_made_of_the_video(shop: Shop, ann: CastRole) -> None:
    await lend(shop, ann, uses=1)
    job = await ask(shop)
    await shop.run()
    done = await shop.job(job)
    assert (done.outcome, done.failure) == (Outcome.SUCCEEDED, None)
    [submission] = sent(shop)
    assert submission.generation.prompt == "character1 waves"
    assert len(submission.generation.references) == 1
    assert all(str(OWNER) not in each.key for each in done.uploads)
    lenders = await shop.app.stores.loans.lenders([job.id], asker=STRANGER)
    assert lenders == {job.id: {ann.character_id: OWNER}}
    assert await shop.app.stores.loans.lenders([job.id], asker=OWNER + 5) == {}
    assert await used(shop, ann) == 1
    assert await shop.app.cast.playable.roles(STRANGER, None) == ()
    with pytest.raises(Refusal, match="no longer lent to you"):
        await shop.job_starter.start_video(owner_id=STRANGER, origin=shop.origin(), request=job.video)
    film = await shop.app.stores.videos.by_job(STRANGER, job.id)
    assert film is not None
    wanted = CharacterRequest(source=StoredVideo(video_id=film.id), range=RANGE, name="Copy", anyway=True)
    copied = await shop.job_starter.start(owner_id=STRANGER, origin=shop.origin(), request=wanted)
    await shop.run()
    refused = await shop.job(copied)
    assert refused.outcome is Outcome.FAILED
    assert "A borrowed character plays in that video" in str(refused.failure)
    assert await shop.app.stores.videos.lent_for(OWNER, job.id) == film
    assert await shop.app.stores.videos.lent_for(OWNER + 5, job.id) is None


async def test_of_several_that_are_asked_for_at_once_only_as_many_begin_as_were_granted(
    shop: Shop, ann: CastRole
) -> None:
    await lend(shop, ann, uses=2)
    origin = shop.origin()
    cast = await shop.app.cast.playable.roles(STRANGER, origin.guild_id)
    wish = VideoRequest(prompt="@Ann waves", cast=cast, model="wan2.6", duration=5)
    start = partial(shop.job_starter.start_video, owner_id=STRANGER, origin=origin, request=wish)
    begun = await asyncio.gather(*(start() for _ in range(4)), return_exceptions=True)
    assert [str(each) for each in begun if not isinstance(each, Job)] == [
        "“Ann” is no longer lent to you, so I can't make this video. Nothing was charged."
    ] * 2
    assert await used(shop, ann) == 2


async def test_sent_again_after_it_was_taken_back_it_is_not_made(shop: Shop, ann: CastRole) -> None:
    await lend(shop, ann, uses=1)
    shop.simulated.remembers_business_id = False
    shop.simulated.drop_next("after_taken")
    job = await ask(shop)
    await shop.run(600)
    assert (await shop.job(job)).outcome is Outcome.UNKNOWN
    made = len(sent(shop))
    await shop.app.cast.lending.take_back(OWNER, character_id=ann.character_id)
    await shop.job_service.send_again(STRANGER, job.id, shop.origin())
    await shop.run(600)
    ended = await shop.job(job)
    assert ended.outcome is Outcome.UNKNOWN
    assert "“Ann” is no longer lent to you" in str(ended.failure)
    assert len(sent(shop)) == made


async def test_taken_back_at_the_very_last_moment_nothing_is_sent_and_the_use_is_given_back(
    shop: Shop, ann: CastRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lend(shop, ann, uses=2)
    slot = shop.app.provider.submit_slot

    async def take_back_first() -> None:
        """The files are there and the request is written: it would be sent next."""
        taken = await shop.app.cast.lending.take_back(OWNER, character_id=ann.character_id)
        assert (taken.loans, len(taken.stopped), taken.going_on) == (1, 1, 0)
        await slot()

    monkeypatch.setattr(shop.app.provider, "submit_slot", take_back_first)
    job = await ask(shop)
    assert await used(shop, ann) == 1
    await shop.run()
    ended = await shop.job(job)
    assert (ended.step, ended.outcome, ended.counted) == (Step.DONE, Outcome.FAILED, False)
    assert str(ended.failure) == "“Ann” is no longer lent to you, so I can't make this video. Nothing was charged."
    assert sent(shop) == []
    await lend(shop, ann)
    assert await used(shop, ann) == 0


async def test_taken_back_while_it_is_made_it_still_reaches_who_asked_for_it(shop: Shop, ann: CastRole) -> None:
    await lend(shop, ann)
    job = await ask(shop)
    await shop.run_to(Step.WATCH, job)
    taken = await shop.app.cast.lending.take_back(OWNER, character_id=ann.character_id)
    assert (taken.stopped, taken.going_on) == ((), 1)
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert len(sent(shop)) == 1


async def test_what_was_used_stays_used_when_the_job_is_forgotten(shop: Shop, ann: CastRole) -> None:
    to = LoanRecipient(server=shop.origin().guild_id or 1)
    await shop.app.cast.lending.lend(OWNER, ann.character_id, to, guild_id=None, uses=5, until=None)
    paid = await ask(shop)
    free = await ask(shop)
    await shop.job_service.cancel_unseen(STRANGER, free.id)
    await shop.run()
    assert await used(shop, ann) == 1
    await shop.jobs.prune((await shop.job(paid)).updated_at.replace(year=2999), limit=10)
    assert await shop.jobs.get(paid.id) is None
    assert await used(shop, ann) == 1
    again = await ask(shop)
    await shop.run()
    assert (await shop.job(again)).outcome is Outcome.SUCCEEDED
    await shop.app.erasure.erase(STRANGER)
    assert await used(shop, ann) == 2
