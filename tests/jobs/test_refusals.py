"""A no is about the clip, and outlives everything; so does that a borrowed character played in a task's video."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot import limits
from bot.errors import Refusal
from bot.values.character import Character
from bot.values.job import CastRole, CharacterRequest, Job, Outcome, Step, VideoRequest
from bot.values.loan import Answer
from bot.values.source import Source
from bot.values.time_range import TimeRange
from tests.jobs.shop import OWNER, RANGE, STRANGER, Shop
from tests.jobs.test_lent_videos import ann as ann  # a fixture
from tests.jobs.test_lent_videos import ask, lend
from tests.jobs.test_portability import exported, offered
from tests.jobs.test_videos import sent

PERSON = 900
SAID_NO = "Someone in this video said no when you asked, so I won't make a character from it. Nothing was charged."


async def made(shop: Shop, name: str, source: Source | None = None, range: TimeRange = RANGE) -> Character:
    job = await shop.ask(source, name=name, range=range, anyway=True, another=True)
    await shop.run()
    assert (await shop.job(job)).failure is None
    return next(each for each in await shop.cast() if each.name == name)


async def refuse(shop: Shop, character: Character) -> None:
    asked = await shop.app.stores.person_consents.ask(OWNER, character.id, PERSON, now=shop.clock())
    assert asked is not None
    await shop.app.cast.lending.answered(PERSON, asked.id, Answer.NO)


async def refused(shop: Shop, source: Source | None = None, *, owner: int = OWNER) -> str:
    """Why no character is made of it; nothing where one is."""
    before = len(shop.simulated.submissions)
    job = await shop.ask(source, owner=owner, name="Anew", anyway=True, another=True)
    await shop.run()
    ended = await shop.job(job)
    assert len(shop.simulated.submissions) == before + (ended.outcome is Outcome.SUCCEEDED)
    return str(ended.failure or "")


async def test_a_no_holds_for_whatever_is_made_of_the_same_video(shop: Shop) -> None:
    await refuse(shop, await made(shop, "Ann"))
    assert await refused(shop) == SAID_NO
    assert await refused(shop, shop.attachment()) == SAID_NO
    assert await refused(shop, shop.link("silent.mp4")) != SAID_NO
    assert await refused(shop, owner=STRANGER) == "", "nobody has asked them for somebody else"


async def test_a_no_holds_for_the_task_that_it_was_made_of(shop: Shop) -> None:
    task = shop.task(shop.earlier_task())
    await refuse(shop, await made(shop, "Ann", task))
    assert await refused(shop, task) == SAID_NO
    assert await refused(shop, shop.task(shop.earlier_task())) == ""


async def test_a_no_takes_away_what_is_there_of_the_same_seconds_and_nobody_else_in_the_video(shop: Shop) -> None:
    first = await made(shop, "Ann")
    await made(shop, "Ann too", range=TimeRange(RANGE.start + Decimal("0.4"), RANGE.end + Decimal("0.4")))
    await made(shop, "Ben", range=TimeRange(RANGE.end, RANGE.end + 1))
    await refuse(shop, first)
    assert [each.name for each in await shop.cast()] == ["Ben"]


def files_of(shop: Shop, owner: int) -> list[Path]:
    return [path for path in (Path(shop.settings.store.files) / str(owner)).rglob("*") if path.is_file()]


@pytest.mark.parametrize("killed", [False, True], ids=["", "a kill comes between"])
async def test_a_no_while_a_character_is_made_of_the_same_video_keeps_nothing_of_it(shop: Shop, killed: bool) -> None:
    ann = await made(shop, "Ann")
    assert files_of(shop, OWNER) != []
    job = await shop.ask(name="Ann again", anyway=True, another=True)
    await shop.run_to(Step.COLLECT, job)
    await refuse(shop, ann)
    if killed:
        await shop.restart()
    await shop.run()
    ended = await shop.job(job)
    assert (ended.outcome, ended.counted, ended.result) == (Outcome.FAILED, True, None)
    assert str(ended.failure) == (
        "Someone in this video said no while ToAPIs was making the character, so I haven't kept it. It may have been "
        "charged."
    )
    assert await shop.cast() == []
    assert files_of(shop, OWNER) == []


async def test_a_no_before_it_is_sent_sends_nothing(shop: Shop) -> None:
    ann = await made(shop, "Ann")
    job = await shop.ask(name="Ann again", anyway=True, another=True)
    await shop.run_to(Step.SUBMIT, job)
    await refuse(shop, ann)
    await shop.run()
    ended = await shop.job(job)
    assert (str(ended.failure), ended.outcome, ended.counted) == (SAID_NO, Outcome.FAILED, False)
    assert len(shop.simulated.submissions) == 1


@pytest.mark.parametrize("lent", [False, True], ids=["own", "borrowed"])
@pytest.mark.parametrize("step", [Step.SUBMIT, Step.WATCH, Step.COLLECT])
async def test_a_no_to_somebody_in_a_video_under_way(shop: Shop, ann: CastRole, lent: bool, step: Step) -> None:
    """Not sent, it is not made; made, it is not kept, whoever asked for it."""
    asker = STRANGER if lent else OWNER
    if lent:
        await lend(shop, ann)
    cast = await shop.app.cast.playable.roles(asker, shop.origin().guild_id)
    wish = VideoRequest(prompt="@Ann waves", cast=cast, model="wan2.6", duration=5)
    job = await shop.job_starter.start_video(owner_id=asker, origin=shop.origin(), request=wish)
    await shop.run_to(step, job)
    [character] = await shop.cast()
    await refuse(shop, character)
    await shop.app.stores.privacy.erase(PERSON, now=shop.clock())  # what they said outlives what is kept of them
    await shop.restart()
    await shop.run()
    ended = await shop.job(job)
    assert (ended.outcome, ended.counted) == (Outcome.FAILED, step is not Step.SUBMIT)
    if step is Step.SUBMIT:
        assert "Nothing was charged" in str(ended.failure)
    else:
        assert str(ended.failure) == (
            "Someone who plays in this video said no while ToAPIs was making it, so I haven't kept it. It may have "
            "been charged."
        )
    assert len(sent(shop)) == (step is not Step.SUBMIT)
    assert await shop.app.stores.videos.page(asker, offset=0, limit=9) == ([], 0)
    assert files_of(shop, asker) == []


async def test_a_no_outlives_the_deletion_of_everything_and_names_nobody(shop: Shop) -> None:
    ann = await made(shop, "Ann")
    archive = await exported(shop)
    await refuse(shop, ann)
    for user in (OWNER, PERSON):
        await shop.app.stores.privacy.erase(user, now=shop.clock())
    await shop.restart()
    assert await refused(shop) == SAID_NO
    with pytest.raises(Refusal, match="The person shown said no when you asked"):
        await offered(shop, archive)
    other = await made(shop, "Bea", shop.task(shop.earlier_task()))
    consents = shop.app.stores.person_consents
    with pytest.raises(Refusal, match="They said no to you within the last 30 days"):
        await consents.ask(OWNER, other.id, PERSON, now=shop.clock())
    assert await consents.ask(OWNER, other.id, PERSON + 1, now=shop.clock()) is not None
    later = shop.clock() + limits.PEOPLE_ASKED_AGAIN + timedelta(seconds=1)
    assert await consents.ask(OWNER, other.id, PERSON, now=later) is not None


async def test_a_question_that_was_cut_off_may_be_asked_again(shop: Shop) -> None:
    consents, ann = shop.app.stores.person_consents, await made(shop, "Ann")
    first = await consents.ask(OWNER, ann.id, PERSON, now=shop.clock())
    assert first is not None
    assert await consents.of_character(OWNER, ann.id) == (), "nobody knows of it yet"
    soon = shop.clock() + limits.PEOPLE_BEING_ASKED - timedelta(seconds=1)
    with pytest.raises(Refusal, match="You already asked them"):
        await consents.ask(OWNER, ann.id, PERSON, now=soon)
    later = shop.clock() + limits.PEOPLE_BEING_ASKED
    again = await consents.ask(OWNER, ann.id, PERSON, now=later)
    assert again == replace(first, asked_at=later)
    with pytest.raises(Refusal, match="You already asked them"):
        await consents.ask(OWNER, ann.id, PERSON, now=later)
    await consents.sent(OWNER, again.id, now=later)
    await consents.unask(OWNER, first.id)  # by whoever was so slow; what was asked since has reached them
    assert await consents.of_character(OWNER, ann.id) == (again,)
    with pytest.raises(Refusal, match="You already asked them"):
        await consents.ask(OWNER, ann.id, PERSON, now=later + timedelta(days=1))


async def test_who_is_being_asked_counts_and_who_could_not_be_reached_does_not(shop: Shop) -> None:
    consents, ann = shop.app.stores.person_consents, await made(shop, "Ann")
    people = [PERSON + number for number in range(limits.PEOPLE_ASKED)]
    asked = await asyncio.gather(*(consents.ask(OWNER, ann.id, person, now=shop.clock()) for person in people))
    with pytest.raises(Refusal, match="You're waiting for 5 answers already"):
        await consents.ask(OWNER, ann.id, PERSON - 1, now=shop.clock())
    assert asked[0] is not None
    await consents.unask(OWNER, asked[0].id)
    assert await consents.ask(OWNER, ann.id, PERSON - 1, now=shop.clock()) is not None
    later = shop.clock() + limits.PEOPLE_BEING_ASKED
    for person in people:
        assert await consents.ask(OWNER, ann.id, person, now=later) is not None, "the others were cut off"


async def of_task(shop: Shop, task_id: str, *, asker: int = STRANGER) -> Job:
    shop.simulated.close_character_models(reopened=True)
    await shop.availability.refresh()
    request = CharacterRequest(source=shop.task(task_id), range=RANGE, name="Copy", anyway=True)
    job = await shop.job_starter.start(owner_id=asker, origin=shop.origin(), request=request)
    await shop.run()
    return await shop.job(job)


@pytest.mark.parametrize("lender_goes_first", [False, True])
async def test_the_task_of_a_borrowed_character_stays_closed_once_nobody_knows_whose_it_was(
    shop: Shop, ann: CastRole, lender_goes_first: bool
) -> None:
    await lend(shop, ann, uses=1)
    job = await ask(shop)
    await shop.run()
    task = (await shop.job(job)).task_id
    assert task is not None
    if lender_goes_first:
        await shop.app.stores.privacy.erase(OWNER, now=shop.clock())
    await shop.app.stores.privacy.erase(STRANGER, now=shop.clock())
    for known_as in (task, job.id):
        assert "A borrowed character plays in that video" in str((await of_task(shop, known_as)).failure)


async def test_it_stays_closed_when_its_job_is_old_enough_to_go(shop: Shop, ann: CastRole) -> None:
    await lend(shop, ann, uses=1)
    job = await ask(shop)
    await shop.run()
    task = (await shop.job(job)).task_id
    assert task is not None
    assert await shop.jobs.prune(shop.clock() + timedelta(days=1), limit=10) > 0
    assert "A borrowed character plays in that video" in str((await of_task(shop, task)).failure)
