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
from tests.jobs.harness import OWNER, RANGE, STRANGER, JobHarness
from tests.jobs.test_lent_videos import ann as ann  # a fixture
from tests.jobs.test_lent_videos import ask, lend
from tests.jobs.test_portability import exported, offered
from tests.jobs.test_videos import sent

PERSON = 900
SAID_NO = "Someone in this video said no when you asked, so I won't make a character from it. Nothing was charged."


async def made(harness: JobHarness, name: str, source: Source | None = None, range: TimeRange = RANGE) -> Character:
    job = await harness.ask(source, name=name, range=range, anyway=True, another=True)
    await harness.run()
    assert (await harness.job(job)).failure is None
    return next(each for each in await harness.cast() if each.name == name)


async def refuse(harness: JobHarness, character: Character) -> None:
    asked = await harness.app.stores.person_consents.ask(OWNER, character.id, PERSON, now=harness.clock())
    assert asked is not None
    await harness.app.cast.lending.answered(PERSON, asked.id, Answer.NO)


async def refused(harness: JobHarness, source: Source | None = None, *, owner: int = OWNER) -> str:
    """Why no character is made of it; nothing where one is."""
    before = len(harness.simulated.submissions)
    job = await harness.ask(source, owner=owner, name="Anew", anyway=True, another=True)
    await harness.run()
    ended = await harness.job(job)
    assert len(harness.simulated.submissions) == before + (ended.outcome is Outcome.SUCCEEDED)
    return str(ended.failure or "")


async def test_a_no_holds_for_whatever_is_made_of_the_same_video(harness: JobHarness) -> None:
    await refuse(harness, await made(harness, "Ann"))
    assert await refused(harness) == SAID_NO
    assert await refused(harness, harness.attachment()) == SAID_NO
    assert await refused(harness, harness.link("silent.mp4")) != SAID_NO
    assert await refused(harness, owner=STRANGER) == "", "nobody has asked them for somebody else"


async def test_a_no_holds_for_the_task_that_it_was_made_of(harness: JobHarness) -> None:
    task = harness.task(harness.earlier_task())
    await refuse(harness, await made(harness, "Ann", task))
    assert await refused(harness, task) == SAID_NO
    assert await refused(harness, harness.task(harness.earlier_task())) == ""


async def test_a_no_takes_away_what_is_there_of_the_same_seconds_and_nobody_else_in_the_video(
    harness: JobHarness,
) -> None:
    first = await made(harness, "Ann")
    await made(harness, "Ann too", range=TimeRange(RANGE.start + Decimal("0.4"), RANGE.end + Decimal("0.4")))
    await made(harness, "Ben", range=TimeRange(RANGE.end, RANGE.end + 1))
    await refuse(harness, first)
    assert [each.name for each in await harness.cast()] == ["Ben"]


def files_of(harness: JobHarness, owner: int) -> list[Path]:
    return [path for path in (Path(harness.settings.store.files) / str(owner)).rglob("*") if path.is_file()]


@pytest.mark.parametrize("killed", [False, True], ids=["", "a kill comes between"])
async def test_a_no_while_a_character_is_made_of_the_same_video_keeps_nothing_of_it(
    harness: JobHarness, killed: bool
) -> None:
    ann = await made(harness, "Ann")
    assert files_of(harness, OWNER) != []
    job = await harness.ask(name="Ann again", anyway=True, another=True)
    await harness.run_to(Step.COLLECT, job)
    await refuse(harness, ann)
    if killed:
        await harness.restart()
    await harness.run()
    ended = await harness.job(job)
    assert (ended.outcome, ended.counted, ended.result) == (Outcome.FAILED, True, None)
    assert str(ended.failure) == (
        "Someone in this video said no while ToAPIs was making the character, so I haven't kept it. It may have been "
        "charged."
    )
    assert await harness.cast() == []
    assert files_of(harness, OWNER) == []


async def test_a_no_before_it_is_sent_sends_nothing(harness: JobHarness) -> None:
    ann = await made(harness, "Ann")
    job = await harness.ask(name="Ann again", anyway=True, another=True)
    await harness.run_to(Step.SUBMIT, job)
    await refuse(harness, ann)
    await harness.run()
    ended = await harness.job(job)
    assert (str(ended.failure), ended.outcome, ended.counted) == (SAID_NO, Outcome.FAILED, False)
    assert len(harness.simulated.submissions) == 1


@pytest.mark.parametrize("lent", [False, True], ids=["own", "borrowed"])
@pytest.mark.parametrize("step", [Step.SUBMIT, Step.WATCH, Step.COLLECT])
async def test_a_no_to_somebody_in_a_video_under_way(
    harness: JobHarness, ann: CastRole, lent: bool, step: Step
) -> None:
    """Not sent, it is not made; made, it is not kept, whoever asked for it."""
    asker = STRANGER if lent else OWNER
    if lent:
        await lend(harness, ann)
    cast = await harness.app.cast.playable.roles(asker, harness.origin().guild_id)
    wish = VideoRequest(prompt="@Ann waves", cast=cast, model="wan2.6", duration=5)
    job = await harness.job_starter.start_video(owner_id=asker, origin=harness.origin(), request=wish)
    await harness.run_to(step, job)
    [character] = await harness.cast()
    await refuse(harness, character)
    await harness.app.stores.privacy.erase(PERSON, now=harness.clock())  # what they said outlives what is kept of them
    await harness.restart()
    await harness.run()
    ended = await harness.job(job)
    assert (ended.outcome, ended.counted) == (Outcome.FAILED, step is not Step.SUBMIT)
    if step is Step.SUBMIT:
        assert "Nothing was charged" in str(ended.failure)
    else:
        assert str(ended.failure) == (
            "Someone who plays in this video said no while ToAPIs was making it, so I haven't kept it. It may have "
            "been charged."
        )
    assert len(sent(harness)) == (step is not Step.SUBMIT)
    assert await harness.app.stores.videos.page(asker, offset=0, limit=9) == ([], 0)
    assert files_of(harness, asker) == []


async def test_a_no_outlives_the_deletion_of_everything_and_names_nobody(harness: JobHarness) -> None:
    ann = await made(harness, "Ann")
    archive = await exported(harness)
    await refuse(harness, ann)
    for user in (OWNER, PERSON):
        await harness.app.stores.privacy.erase(user, now=harness.clock())
    await harness.restart()
    assert await refused(harness) == SAID_NO
    with pytest.raises(Refusal, match="The person shown said no when you asked"):
        await offered(harness, archive)
    other = await made(harness, "Bea", harness.task(harness.earlier_task()))
    consents = harness.app.stores.person_consents
    with pytest.raises(Refusal, match="They said no to you within the last 30 days"):
        await consents.ask(OWNER, other.id, PERSON, now=harness.clock())
    assert await consents.ask(OWNER, other.id, PERSON + 1, now=harness.clock()) is not None
    later = harness.clock() + limits.PEOPLE_ASKED_AGAIN + timedelta(seconds=1)
    assert await consents.ask(OWNER, other.id, PERSON, now=later) is not None


async def test_a_question_that_was_cut_off_may_be_asked_again(harness: JobHarness) -> None:
    consents, ann = harness.app.stores.person_consents, await made(harness, "Ann")
    first = await consents.ask(OWNER, ann.id, PERSON, now=harness.clock())
    assert first is not None
    assert await consents.of_character(OWNER, ann.id) == (), "nobody knows of it yet"
    soon = harness.clock() + limits.PEOPLE_BEING_ASKED - timedelta(seconds=1)
    with pytest.raises(Refusal, match="You already asked them"):
        await consents.ask(OWNER, ann.id, PERSON, now=soon)
    later = harness.clock() + limits.PEOPLE_BEING_ASKED
    again = await consents.ask(OWNER, ann.id, PERSON, now=later)
    assert again == replace(first, asked_at=later)
    with pytest.raises(Refusal, match="You already asked them"):
        await consents.ask(OWNER, ann.id, PERSON, now=later)
    await consents.sent(OWNER, again.id, now=later)
    await consents.unask(OWNER, first.id)  # by whoever was so slow; what was asked since has reached them
    assert await consents.of_character(OWNER, ann.id) == (again,)
    with pytest.raises(Refusal, match="You already asked them"):
        await consents.ask(OWNER, ann.id, PERSON, now=later + timedelta(days=1))


async def test_who_is_being_asked_counts_and_who_could_not_be_reached_does_not(harness: JobHarness) -> None:
    consents, ann = harness.app.stores.person_consents, await made(harness, "Ann")
    people = [PERSON + number for number in range(limits.PEOPLE_ASKED)]
    asked = await asyncio.gather(*(consents.ask(OWNER, ann.id, person, now=harness.clock()) for person in people))
    with pytest.raises(Refusal, match="You're waiting for 5 answers already"):
        await consents.ask(OWNER, ann.id, PERSON - 1, now=harness.clock())
    assert asked[0] is not None
    await consents.unask(OWNER, asked[0].id)
    assert await consents.ask(OWNER, ann.id, PERSON - 1, now=harness.clock()) is not None
    later = harness.clock() + limits.PEOPLE_BEING_ASKED
    for person in people:
        assert await consents.ask(OWNER, ann.id, person, now=later) is not None, "the others were cut off"


async def of_task(harness: JobHarness, task_id: str, *, asker: int = STRANGER) -> Job:
    harness.simulated.close_character_models(reopened=True)
    await harness.availability.refresh()
    request = CharacterRequest(source=harness.task(task_id), range=RANGE, name="Copy", anyway=True)
    job = await harness.job_starter.start(owner_id=asker, origin=harness.origin(), request=request)
    await harness.run()
    return await harness.job(job)


@pytest.mark.parametrize("lender_goes_first", [False, True])
async def test_the_task_of_a_borrowed_character_stays_closed_once_nobody_knows_whose_it_was(
    harness: JobHarness, ann: CastRole, lender_goes_first: bool
) -> None:
    await lend(harness, ann, uses=1)
    job = await ask(harness)
    await harness.run()
    task = (await harness.job(job)).task_id
    assert task is not None
    if lender_goes_first:
        await harness.app.stores.privacy.erase(OWNER, now=harness.clock())
    await harness.app.stores.privacy.erase(STRANGER, now=harness.clock())
    for known_as in (task, job.id):
        assert "A borrowed character plays in that video" in str((await of_task(harness, known_as)).failure)


async def test_it_stays_closed_when_its_job_is_old_enough_to_go(harness: JobHarness, ann: CastRole) -> None:
    await lend(harness, ann, uses=1)
    job = await ask(harness)
    await harness.run()
    task = (await harness.job(job)).task_id
    assert task is not None
    assert await harness.jobs.prune(harness.clock() + timedelta(days=1), limit=10) > 0
    assert "A borrowed character plays in that video" in str((await of_task(harness, task)).failure)
