"""Videos with a cast: from the wish to the delivery, and each way in which it ends otherwise. Nothing is paid twice."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot import limits
from bot.errors import QuotaReached, Refusal
from bot.media.operations import MediaFailed
from bot.provider.errors import ModelClosed
from bot.provider.models.plan import media_plan
from bot.store.character_rows import keep_file
from bot.texts import text
from bot.values.job import (
    CastRole,
    CharacterRequest,
    Job,
    Lane,
    Outcome,
    Step,
    VideoRejection,
    VideoRequest,
    VideoResult,
)
from bot.values.source import StoredVideo
from playground.provider.generation import VideoSubmission
from tests.jobs.harness import OWNER, RANGE, STRANGER, JobHarness, maintenance_of, with_limits
from tests.rendered_clips import render_clip

GENERATIONS = "/v1/videos/generations"


async def cast_of(harness: JobHarness, *names: str) -> tuple[CastRole, ...]:
    """Portable characters of these names."""
    harness.simulated.close_character_models()
    await harness.availability.refresh()
    for name, clip in zip(names, ("clip.mp4", "silent.mp4"), strict=False):  # so that their files differ
        wanted = CharacterRequest(source=harness.link(clip), range=RANGE, name=name, anyway=True)
        await harness.job_starter.start(owner_id=OWNER, origin=harness.origin(), request=wanted)
    await harness.run(600)
    made = {character.name: character for character in await harness.cast()}
    return tuple(CastRole(character_id=made[name].id, name=name) for name in names)


@pytest.fixture
async def roles(harness: JobHarness) -> tuple[CastRole, ...]:
    return await cast_of(harness, "Ann", "Bo")


async def ask(harness: JobHarness, roles: tuple[CastRole, ...], *, owner: int = OWNER, **wished: Any) -> Job:
    spec = VideoRequest(**{"prompt": "@Ann waves at @Bo", "cast": roles, "model": "wan2.6"} | wished)
    return await harness.job_starter.start_video(owner_id=owner, origin=harness.origin(), request=spec)


def sent(harness: JobHarness) -> list[VideoSubmission]:
    return harness.simulated.videos.submissions


def at_the_provider(harness: JobHarness, url: str) -> Path:
    path = harness.simulated._generated_media().find(url.removeprefix(harness.simulated.base_url))
    assert path is not None
    return path


async def test_a_cast_plays_in_a_video(harness: JobHarness, roles: tuple[CastRole, ...]) -> None:
    job = await ask(harness, roles, duration=5, ratio="9:16")
    await harness.run()
    done = await harness.job(job)
    assert (done.step, done.outcome, done.failure) == (Step.DONE, Outcome.SUCCEEDED, None)
    assert done.delivered_at is not None
    [submission] = sent(harness)
    assert (submission.generation.model, submission.generation.seconds) == ("wan2.6", 5)
    assert submission.generation.prompt == "character1 waves at character2"
    assert len(submission.generation.references) == 2
    assert done.task_id == submission.task_id
    [handed_over] = harness.courier.films
    film = await harness.app.stores.videos.by_job(OWNER, job.id)
    assert handed_over is not None
    assert film is not None
    assert (handed_over.id, handed_over.poster) == (film.id, None), "nobody waited for its poster"
    assert isinstance(done.result, VideoResult)
    assert (film.id, film.prompt, film.roles, film.model) == (done.result.video_id, job.video.prompt, roles, "wan2.6")
    made = await harness.files.read(film.file.key)
    assert hashlib.sha256(made).hexdigest() == film.file.sha256
    assert made == await asyncio.to_thread(at_the_provider(harness, done.result.url).read_bytes)
    assert film.seconds is not None
    assert film.seconds > 1
    assert film.width is not None
    assert film.height is not None
    assert film.height > film.width
    assert film.poster is not None
    assert (await harness.files.read(film.poster.key)).startswith((b"\xff\xd8", b"RIFF"))
    assert not harness.work(job).exists()
    assert (await harness.job_service.overview(OWNER)).videos_today == 1


async def test_a_character_is_made_of_a_kept_video_without_fetching_it(
    harness: JobHarness, roles: tuple[CastRole, ...]
) -> None:
    await ask(harness, roles, duration=5)
    await harness.run()
    [film] = harness.courier.films
    assert film is not None
    wanted = CharacterRequest(source=StoredVideo(video_id=film.id), range=RANGE, name="Cal", anyway=True)
    begun = await harness.job_starter.start(owner_id=OWNER, origin=harness.origin(), request=wanted)
    stolen = await harness.job_starter.start(owner_id=STRANGER, origin=harness.origin(), request=wanted)
    await harness.run()
    done = await harness.job(begun)
    assert (done.outcome, done.failure, done.seen.sha256) == (Outcome.SUCCEEDED, None, film.file.sha256)
    assert "Cal" in {character.name for character in await harness.cast()}
    refused = await harness.job(stolen)
    assert refused.outcome is Outcome.FAILED
    assert "no longer here" in str(refused.failure)


async def test_the_model_and_the_price_come_with_the_start(harness: JobHarness, roles: tuple[CastRole, ...]) -> None:
    harness.settings = with_limits(harness.settings, toapis={"video_prices": {"wan2.6": Decimal("1.5")}})
    await harness.restart()
    await harness.availability.refresh()
    job = await ask(harness, roles, model=None, duration=10)
    assert (job.video.model, job.video.model_named, job.video.price) == ("wan2.6", False, Decimal(15))
    named = await ask(harness, roles, model="veo3.1-fast")
    assert (named.video.model_named, named.video.price) == (True, None)


@pytest.mark.parametrize(
    ("wished", "told"),
    [
        ({"duration": 7}, "The closest is"),
        ({"ratio": "5:1"}, "Closest"),
        ({"prompt": "@Ann meets @Zoe"}, "Zoe"),
        ({"prompt": "  "}, "Say what happens"),
        ({"cast": (), "prompt": "Somebody waves"}, "at least one character"),
        ({"model": "no-such-model"}, "don't know the video model"),
        ({"model": None, "cast": (), "prompt": "Somebody waves"}, "at least one character"),
    ],
)
async def test_what_the_model_does_not_take_is_told_before_there_is_a_job(
    harness: JobHarness, roles: tuple[CastRole, ...], wished: dict[str, Any], told: str
) -> None:
    with pytest.raises(Refusal, match=told):
        await ask(harness, roles, **wished)
    assert (await harness.job_service.overview(OWNER)).unfinished == ()


async def test_a_closed_model_is_refused_before_anybody_pays(harness: JobHarness, roles: tuple[CastRole, ...]) -> None:
    harness.simulated.model_gone("wan2.6")
    await harness.availability.refresh()
    with pytest.raises(ModelClosed, match=r"wan2\.6"):
        await ask(harness, roles)
    job = await ask(harness, roles, model=None)
    assert job.video.model != "wan2.6"


async def test_a_model_that_closes_meanwhile_ends_the_job_uncharged(
    harness: JobHarness, roles: tuple[CastRole, ...]
) -> None:
    harness.simulated.model_gone("wan2.6", listed=True)
    job = await ask(harness, roles)
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.counted) == (Outcome.FAILED, False)
    assert "wan2.6" in str(done.failure)
    with pytest.raises(ModelClosed):
        await ask(harness, roles)


async def test_a_strangers_character_is_an_unknown_one(harness: JobHarness, roles: tuple[CastRole, ...]) -> None:
    with pytest.raises(Refusal, match="no longer in your cast"):
        await ask(harness, roles, owner=STRANGER)


@pytest.mark.parametrize("step", [Step.PREPARE, Step.SUBMIT])
async def test_who_leaves_the_cast_before_it_is_sent_stops_it(
    harness: JobHarness, roles: tuple[CastRole, ...], step: Step
) -> None:
    job = await ask(harness, roles)
    await harness.run_to(step, job)
    await harness.characters.delete(OWNER, roles[1].character_id)
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.counted) == (Outcome.FAILED, False)
    assert "“Bo” is no longer in your cast" in str(done.failure)
    assert sent(harness) == []


@pytest.mark.parametrize("step", [Step.PREPARE, Step.SUBMIT, Step.WATCH, Step.COLLECT, Step.DELIVER])
async def test_a_restart_in_the_middle_makes_it_once(
    harness: JobHarness, roles: tuple[CastRole, ...], step: Step
) -> None:
    job = await ask(harness, roles)
    await harness.run_to(step, job)
    await harness.restart()
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(sent(harness)) == 1
    assert len(harness.courier.films) == 1
    _, total = await harness.app.stores.videos.page(OWNER, offset=0, limit=9)
    assert total == 1


async def test_files_are_uploaded_anew_for_each_job_and_once_for_one(
    harness: JobHarness, roles: tuple[CastRole, ...]
) -> None:
    def uploads() -> int:
        return sum(path.startswith("/v1/uploads/") for _, path in harness.simulated.requests)

    before = uploads()
    harness.simulated.fail_next("POST", GENERATIONS, 429, times=2)
    first = await ask(harness, roles)
    await harness.run(1200)
    assert (await harness.job(first)).outcome is Outcome.SUCCEEDED
    assert uploads() == before + 2, "those of the first try were still fresh"
    await ask(harness, roles)
    await harness.run(1200)
    assert uploads() == before + 4


@pytest.mark.sqlite_only("a shared rate is paused by the clock of its database, which no test moves")
async def test_an_old_upload_is_not_trusted(harness: JobHarness, roles: tuple[CastRole, ...]) -> None:
    harness.simulated.fail_next("POST", GENERATIONS, 429, headers={"Retry-After": "3600"})
    job = await ask(harness, roles)
    await harness.run_to(Step.SUBMIT, job)
    for _ in range(2):
        for claimed in await harness.jobs.claim(
            harness.runner._engine.holder, now=harness.clock(), most=dict.fromkeys(Lane, 1)
        ):
            await harness.runner._begin(claimed)
    old = (await harness.job(job)).uploads
    assert len(old) == 2
    harness.clock.advance(limits.UPLOAD_FRESH.total_seconds() * 1.3)
    await harness.run()
    done = await harness.job(job)
    assert done.outcome is Outcome.SUCCEEDED
    assert not {each.url for each in old} & {each.url for each in done.uploads}
    assert {reference.url for reference in sent(harness)[0].generation.references} == {
        each.url for each in done.uploads
    }


# -- what may have been paid for -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "found"), [("wan2.6", False), ("MiniMax-H3", True)])
async def test_an_unclear_submission_is_looked_for_and_never_sent_again(
    harness: JobHarness, roles: tuple[CastRole, ...], model: str, found: bool
) -> None:
    """Only some models are documented to remember our own id."""
    harness.simulated.drop_next("after_taken")
    job = await ask(harness, roles[:1] if found else roles, model=model, prompt="@Ann waves")
    await harness.run()
    done = await harness.job(job)
    assert len(sent(harness)) == 1
    assert done.outcome is (Outcome.SUCCEEDED if found else Outcome.UNKNOWN)
    if not found:
        assert "may have been charged" in str(done.failure)
        again = await harness.job_service.send_again(OWNER, job.id, harness.origin())
        await harness.run()
        assert (await harness.job(again)).outcome is Outcome.SUCCEEDED
        assert len(sent(harness)) == 2


async def test_a_download_that_fails_is_tried_again_and_nothing_is_paid_twice(
    harness: JobHarness, roles: tuple[CastRole, ...]
) -> None:
    harness.simulated.fail_next("GET", "/videos/", 503, times=6)
    job = await ask(harness, roles)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(sent(harness)) == 1
    told = [each for each in harness.courier.operators if job.id in each]
    assert len(told) == 1
    assert "paid for" in told[0]


async def test_an_address_that_is_gone_is_asked_for_again(harness: JobHarness, roles: tuple[CastRole, ...]) -> None:
    job = await ask(harness, roles)
    row = await harness.run_to(Step.COLLECT, job)
    assert isinstance(row.result, VideoResult)
    path = at_the_provider(harness, row.result.url)
    await asyncio.to_thread(path.rename, harness.simulated._generated_media().place("videos", "moved.mp4"))
    url = harness.simulated._generated_media().url("videos", "moved.mp4")
    harness.simulated.tasks[str(row.task_id)].settled = {"type": "video", "data": [{"url": url, "format": "mp4"}]}
    await harness.run()
    done = await harness.job(job)
    assert done.outcome is Outcome.SUCCEEDED
    assert isinstance(done.result, VideoResult)
    assert done.result.url == url


async def test_a_video_that_expires_before_it_is_here_stays_unclear_and_can_be_checked(
    harness: JobHarness, roles: tuple[CastRole, ...]
) -> None:
    harness.simulated.videos.kept = timedelta(hours=2)
    job = await ask(harness, roles)
    await harness.run_to(Step.COLLECT, job)
    harness.simulated.fail_next("GET", "/videos/", 503, times=10_000)
    await harness.run(86_400)
    done = await harness.job(job)
    assert (done.step, done.outcome, done.counted) == (Step.DONE, Outcome.UNKNOWN, True)
    assert "couldn't fetch it before it expired" in str(done.failure)
    assert len(sent(harness)) == 1
    harness.simulated.mend()
    harness.simulated.videos.kept = timedelta(days=30)
    await harness.job_service.check_again(OWNER, job.id, harness.origin())
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(sent(harness)) == 1


async def test_a_disk_that_is_full_loses_no_video(
    harness: JobHarness, roles: tuple[CastRole, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await ask(harness, roles)
    await harness.run_to(Step.COLLECT, job)
    put, tries = harness.files.put_work, 0

    async def full(*given: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise OSError(28, "No space left on device")
        return await put(*given)

    monkeypatch.setattr(harness.files, "put_work", full)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    downloads = [path for method, path in harness.simulated.requests if path.startswith("/videos/")]
    assert len(downloads) == 1, "what is here already is not fetched again"


# -- what the provider refuses ---------------------------------------------------------------------------------------


async def test_a_real_face_is_told_and_costs_nothing(harness: JobHarness, tmp_path: Path) -> None:
    large = tmp_path / "large.mp4"
    await asyncio.to_thread(render_clip, large, seconds=4, size=(480, 480), fps=12)
    harness.host.files["clip.mp4"] = await asyncio.to_thread(large.read_bytes)
    roles = await cast_of(harness, "Ann")
    harness.simulated.videos.real_faces = True
    job = await ask(harness, roles, model="seedance-2", prompt="@Ann waves")
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.counted, done.video.refused) == (Outcome.FAILED, False, VideoRejection.REAL_FACE)
    assert "real" in str(done.failure)
    assert done.video.made_up_helps
    assert sent(harness) == []
    wish = await harness.app.video_planner.spec(OWNER, job.video)
    other = await harness.app.video_planner.best(wish.cast, but="seedance-2")
    assert other is not None
    assert not other.refuses_real_faces


FACE = {
    "code": "InputImageSensitiveContentDetected.PrivacyInformation",
    "message": "The request failed because the input image 'content[{}]' may contain real person.",
}


@pytest.mark.parametrize("when", ["at_once", "later"])
async def test_it_is_told_whose_face_was_refused(harness: JobHarness, tmp_path: Path, when: str) -> None:
    for name, side in (("clip.mp4", 480), ("silent.mp4", 496)):
        await asyncio.to_thread(render_clip, tmp_path / name, seconds=4, size=(side, side), fps=12)
        harness.host.files[name] = await asyncio.to_thread((tmp_path / name).read_bytes)
    roles = await cast_of(harness, "Ann", "Bo")
    spec = await harness.app.video_planner.spec(OWNER, VideoRequest(prompt="@Ann waves at @Bo", cast=roles))
    card = harness.app.video_planner.card("seedance-2")
    assert card is not None
    number = next(at for at, each in enumerate(media_plan(card, spec.cast), 1) if each.member == 1)
    if when == "at_once":
        refusal = FACE | {"message": FACE["message"].format(number)}
        harness.simulated.fail_next("POST", GENERATIONS, 400, json={"error": refusal})
    else:
        harness.simulated.videos.real_face_later = number
    job = await ask(harness, roles, model="seedance-2")
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.counted, done.video.refused) == (Outcome.FAILED, False, VideoRejection.REAL_FACE)
    assert "takes “Bo” for a real person" in str(done.failure)
    assert done.video.instead is not None
    assert not done.video.instead.startswith("seedance")
    assert "Ann" not in str(done.failure)


@pytest.mark.parametrize(
    ("when", "model", "nobody_real", "helps"),
    [
        ("at_once", "seedance-2", False, True),
        ("later", "seedance-2", False, True),
        ("later", "seedance-2", True, False),
        ("at_once", "viduq3", False, False),  # its card says nothing of real faces
    ],
)
async def test_that_nobody_is_real_may_be_said_where_the_model_has_avatars_and_it_was_not_said_yet(
    harness: JobHarness, tmp_path: Path, when: str, model: str, nobody_real: bool, helps: bool
) -> None:
    large = tmp_path / "large.mp4"
    await asyncio.to_thread(render_clip, large, seconds=4, size=(480, 480), fps=12)
    harness.host.files["clip.mp4"] = await asyncio.to_thread(large.read_bytes)
    roles = await cast_of(harness, "Ann")
    if when == "at_once":
        refusal = FACE | {"message": FACE["message"].format(1)}
        harness.simulated.fail_next("POST", GENERATIONS, 400, json={"error": refusal})
    else:
        harness.simulated.videos.real_face_later = 1
    job = await ask(harness, roles, model=model, prompt="@Ann waves", nobody_real=nobody_real)
    await harness.run(600)
    done = await harness.job(job)
    assert done.video.refused is VideoRejection.REAL_FACE
    assert done.video.made_up_helps is helps


async def test_of_somebody_borrowed_nobody_but_their_owner_can_say_that_they_are_not_real(
    harness: JobHarness, roles: tuple[CastRole, ...]
) -> None:
    request = VideoRequest(prompt="x", cast=roles, model="seedance-2")
    lent = (roles[0], replace(roles[1], loan_id=7))
    assert harness.app.video_planner.made_up_helps(request)
    assert not harness.app.video_planner.made_up_helps(replace(request, cast=lent))


async def test_a_picture_that_nobody_can_place_is_told_without_a_name(
    harness: JobHarness, roles: tuple[CastRole, ...]
) -> None:
    refusal = FACE | {"message": FACE["message"].format(40)}
    harness.simulated.fail_next("POST", GENERATIONS, 400, json={"error": refusal})
    job = await ask(harness, roles)
    await harness.run()
    assert "takes one of these characters for a real person" in str((await harness.job(job)).failure)


@pytest.mark.parametrize(("model", "silent"), [("viduq3", True), ("wan2.6", False)])
@pytest.mark.parametrize("when", ["at_once", "later"])
async def test_only_a_model_that_can_be_silent_is_offered_so(
    harness: JobHarness, roles: tuple[CastRole, ...], when: str, model: str, silent: bool
) -> None:
    harness.simulated.videos.refuses_sound = when  # type: ignore[assignment]  # one of the two
    job = await ask(harness, roles, model=model)
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.counted) == (Outcome.FAILED, False)
    assert done.video.refused == (VideoRejection.OWN_SOUND if silent else None)
    assert ("Try it without sound" in str(done.failure)) is silent
    assert (f"{model} can't make a video without sound" in str(done.failure)) is not silent
    assert "charged" in str(done.failure)
    assert len(sent(harness)) == (0 if when == "at_once" else 1)  # nothing is retried


async def test_a_task_that_fails_is_refunded_and_says_so(harness: JobHarness, roles: tuple[CastRole, ...]) -> None:
    harness.simulated.videos.refuses_next = 1
    job = await ask(harness, roles)
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.counted, done.video.refused) == (Outcome.FAILED, False, None)
    assert "nothing is charged" in str(done.failure)


async def test_odd_words_for_a_status_are_understood(harness: JobHarness, roles: tuple[CastRole, ...]) -> None:
    harness.simulated.videos.words = {"queued": "NOT_START", "in_progress": "Rendering", "completed": "SUCCESS"}
    harness.simulated.videos.late = timedelta(seconds=30)
    job = await ask(harness, roles)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


# -- limits and housekeeping -----------------------------------------------------------------------------------------


async def test_videos_have_a_limit_of_their_own(harness: JobHarness, roles: tuple[CastRole, ...]) -> None:
    harness.settings = with_limits(harness.settings, limits={"videos_per_user_per_day": 1})
    await harness.restart()
    await ask(harness, roles)
    await harness.run()
    with pytest.raises(QuotaReached, match="1 video for today"):
        await ask(harness, roles)


async def test_whoever_has_no_room_left_gets_no_video(harness: JobHarness, roles: tuple[CastRole, ...]) -> None:
    job = await ask(harness, roles)
    await harness.run()
    film = await harness.app.stores.videos.by_job(OWNER, job.id)
    assert film is not None
    harness.settings = with_limits(harness.settings, limits={"files_mb_per_user": 1})
    await harness.restart()
    filling = await harness.files.put_bytes(OWNER, bytes(2**20), "video/mp4")
    async with harness.database.write() as connection:
        await keep_file(connection, OWNER, filling, harness.clock())
    another = await ask(harness, roles)
    await harness.run()
    done = await harness.job(another)
    assert (done.outcome, done.counted) == (Outcome.FAILED, False)
    assert "used all 1 MB of your space" in str(done.failure)
    assert len(sent(harness)) == 1


async def test_a_closed_model_names_those_that_can_show_the_same_cast(
    harness: JobHarness, roles: tuple[CastRole, ...]
) -> None:
    """Not Sora, which knows neither of them; and not all of twenty."""
    harness.simulated.model_gone("wan2.6")
    await harness.availability.refresh()
    with pytest.raises(ModelClosed) as told:
        await ask(harness, roles)
    named = str(told.value).partition("Choose another one: ")[2].removesuffix(".").split(", ")
    assert 1 <= len(named) <= limits.MODELS_NAMED
    for model in named:
        harness.simulated.videos.refuses_next = 1  # after it was taken: what the film shows is not asked here
        assert (await ask(harness, roles, model=model)).video.model == model
        await harness.run()
    assert [each.generation.model for each in sent(harness)] == named


async def test_a_pause_holds_videos_up(harness: JobHarness, roles: tuple[CastRole, ...]) -> None:
    job = await ask(harness, roles)
    await harness.run_to(Step.SUBMIT, job)
    await harness.state.pause("balance", now=harness.clock())
    harness.simulated.fail_next("GET", "/v1/balance", 500, times=1000)
    with pytest.raises(Refusal):
        await ask(harness, roles)
    await harness.run(600)
    assert (await harness.job(job)).step is Step.SUBMIT
    assert sent(harness) == []


async def test_a_video_is_deleted_when_its_days_are_over(harness: JobHarness, roles: tuple[CastRole, ...]) -> None:
    job = await ask(harness, roles)
    await harness.run()
    film = await harness.app.stores.videos.by_job(OWNER, job.id)
    assert film is not None
    maintenance = maintenance_of(harness)
    harness.clock.advance(29 * 86_400)
    await maintenance.drop_videos()
    assert await harness.app.stores.videos.get(OWNER, film.id) == film
    harness.clock.advance(2 * 86_400)
    await maintenance.drop_videos()
    assert await harness.app.stores.videos.get(OWNER, film.id) is None
    with pytest.raises(FileNotFoundError):
        await harness.files.read(film.file.key)
    for character in await harness.cast():
        assert character.picture is not None
        assert await harness.files.read(character.picture.key)


@pytest.mark.parametrize("sent_first", [True, False])
async def test_a_kill_about_the_request_never_sends_it_twice(
    harness: JobHarness, roles: tuple[CastRole, ...], monkeypatch: pytest.MonkeyPatch, sent_first: bool
) -> None:
    """The row says that it is being sent; whether it was, only the provider knows."""
    create = harness.provider.create_video

    async def killed(*given: Any, **options: Any) -> Any:
        if sent_first:
            await create(*given, **options)
        raise asyncio.CancelledError

    monkeypatch.setattr(harness.provider, "create_video", killed)
    job = await ask(harness, roles, model="MiniMax-H3")
    await harness.run_to(Step.SUBMIT, job)
    with contextlib.suppress(asyncio.CancelledError):
        await harness.runner.run_due()
    assert (await harness.job(job)).submit_started_at is not None
    await harness.restart()
    await harness.run()
    done = await harness.job(job)
    assert done.outcome is (Outcome.SUCCEEDED if sent_first else Outcome.UNKNOWN)
    assert len(sent(harness)) == (1 if sent_first else 0)


async def test_a_video_that_cannot_be_looked_into_is_kept_all_the_same(
    harness: JobHarness, roles: tuple[CastRole, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> Any:
        raise MediaFailed(text("It took too long."))

    job = await ask(harness, roles)
    await harness.run_to(Step.COLLECT, job)
    monkeypatch.setattr(harness.media, "probe", fails)
    await harness.run()
    assert harness.courier.films == [film := await harness.app.stores.videos.by_job(OWNER, job.id)]
    assert film is not None
    assert (film.seconds, film.poster) == (None, None)
    assert await harness.files.read(film.file.key)
    assert (await harness.job(job)).step is Step.DONE
