"""Videos of people who do not exist, on a model that refuses real faces: shown once, then used again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.values.job import CastRole, CharacterRequest, Job, Outcome, VideoRequest
from tests.jobs.harness import OWNER, RANGE, JobHarness, with_limits
from tests.rendered_clips import render_clip

ASSETS = "/v1/videos/doubao-seedance-2-0/private-avatar/assets"


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A clip whose pictures are large enough for the model."""
    path = tmp_path_factory.mktemp("large") / "clip.mp4"
    render_clip(path, seconds=4, size=(480, 480), fps=12)
    return path.read_bytes()


@pytest.fixture
async def ann(harness: JobHarness, large: bytes) -> CastRole:
    """A portable character."""
    harness.host.files["clip.mp4"] = large
    harness.simulated.close_character_models()
    harness.simulated.videos.real_faces = True
    await harness.availability.refresh()
    wanted = CharacterRequest(source=harness.link("clip.mp4"), range=RANGE, name="Ann", anyway=True)
    await harness.job_starter.start(owner_id=OWNER, origin=harness.origin(), request=wanted)
    await harness.run(600)
    [character] = await harness.cast()
    return CastRole(character_id=character.id, name="Ann")


async def made(harness: JobHarness, ann: CastRole) -> Job:
    wish = VideoRequest(prompt="@Ann waves", cast=(ann,), model="seedance-2", nobody_real=True)
    job = await harness.job_starter.start_video(owner_id=OWNER, origin=harness.origin(), request=wish)
    await harness.run(600)
    return await harness.job(job)


def shown(harness: JobHarness) -> int:
    """How often something was shown to the provider as an asset."""
    return harness.simulated.requests.count(("POST", ASSETS))


async def test_nobody_real_is_shown_as_an_asset_once_and_used_again(harness: JobHarness, ann: CastRole) -> None:
    first = await made(harness, ann)
    assert (first.outcome, first.failure) == (Outcome.SUCCEEDED, None)
    [submission] = harness.simulated.videos.submissions
    kinds = [each.kind for each in submission.generation.references]
    assert kinds == ["image", "video"]  # one picture: places are few
    assert all(each.url.startswith("asset://pa_01") for each in submission.generation.references)
    assert shown(harness) == len(kinds)
    uploads = [path for _, path in harness.simulated.requests if "uploads" in path]
    second = await made(harness, ann)
    assert second.outcome is Outcome.SUCCEEDED
    assert [each.generation.references for each in harness.simulated.videos.submissions] == [
        *(submission.generation.references,) * 2
    ]
    assert shown(harness) == len(kinds)
    assert [path for _, path in harness.simulated.requests if "uploads" in path] == uploads


async def test_it_waits_until_the_provider_has_looked(harness: JobHarness, ann: CastRole) -> None:
    harness.simulated.videos.avatars.takes = timedelta(seconds=60)
    job = await made(harness, ann)
    assert job.outcome is Outcome.SUCCEEDED
    assert len(harness.simulated.videos.submissions) == 1


async def test_it_does_not_wait_for_ever(harness: JobHarness, ann: CastRole) -> None:
    harness.simulated.videos.avatars.takes = timedelta(days=1)
    job = await made(harness, ann)
    assert job.outcome is Outcome.FAILED
    assert "is still checking that these characters" in str(job.failure)
    assert "Nothing was charged" in str(job.failure)
    assert harness.simulated.videos.submissions == []


async def test_one_that_is_rejected_is_said_and_may_be_shown_anew(harness: JobHarness, ann: CastRole) -> None:
    harness.simulated.videos.avatars.refuses = True
    harness.simulated.videos.avatars.takes = timedelta(seconds=1)
    job = await made(harness, ann)
    assert job.outcome is Outcome.FAILED
    assert "takes this character for a real person" in str(job.failure)
    harness.simulated.videos.avatars.refuses = False
    assert (await made(harness, ann)).outcome is Outcome.SUCCEEDED


async def test_an_asset_that_the_provider_has_forgotten_is_made_anew(harness: JobHarness, ann: CastRole) -> None:
    await made(harness, ann)
    before = shown(harness)
    harness.simulated.videos.avatars.assets.clear()
    assert (await made(harness, ann)).outcome is Outcome.SUCCEEDED
    assert shown(harness) == 2 * before


async def test_no_place_at_the_provider_is_said(harness: JobHarness, ann: CastRole) -> None:
    harness.simulated.videos.avatars.places = 0
    job = await made(harness, ann)
    assert job.outcome is Outcome.FAILED
    assert "no room for another character" in str(job.failure)
    assert "Nothing was charged" in str(job.failure)


async def test_fewer_places_than_one_video_needs_are_not_filled_in_vain(harness: JobHarness, ann: CastRole) -> None:
    harness.settings = with_limits(harness.settings, toapis={"avatar_slots": 1})
    await harness.restart()
    await harness.availability.refresh()
    job = await made(harness, ann)
    assert job.outcome is Outcome.FAILED
    assert "no room for another character" in str(job.failure)
    assert shown(harness) == 0


async def test_another_model_is_not_troubled_with_assets(harness: JobHarness, ann: CastRole) -> None:
    wish = VideoRequest(prompt="@Ann waves", cast=(ann,), model="viduq3", nobody_real=True)
    job = await harness.job_starter.start_video(owner_id=OWNER, origin=harness.origin(), request=wish)
    await harness.run(600)
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert shown(harness) == 0
