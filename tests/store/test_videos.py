"""The videos table: whose a video is, which files it keeps, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.errors import QuotaReached
from bot.jobs import transitions
from bot.store.characters import CharacterStore
from bot.store.database import Database
from bot.store.disk import DiskUse
from bot.store.files import FileStore
from bot.store.jobs import JobStore, LeaseLost
from bot.store.owned_jobs import OwnedJobStore
from bot.store.privacy import PrivacyStore
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import Quota
from bot.store.videos import NewVideo, VideoStore
from bot.values.files import StoredFile
from bot.values.job import (
    CastRole,
    FileUpload,
    Job,
    JobKind,
    Lane,
    Step,
    Transition,
    VideoRejection,
    VideoRequest,
    VideoResult,
)
from bot.values.made_video import MadeVideo
from tests.store.conftest import NewJob

Add = Callable[..., Any]
OWNER, STRANGER = 7, 8
ROLES = (CastRole(character_id=1, name="Ann"), CastRole(character_id=2, name="Zoe"))
FILM = StoredFile(key=f"{OWNER}/{'a' * 64}", sha256="a" * 64, size=900, mime="video/mp4")
POSTER = StoredFile(key=f"{OWNER}/{'b' * 64}", sha256="b" * 64, size=90, mime="image/jpeg")
SEEN: dict[str, Any] = {"poster": POSTER, "seconds": 5.0, "width": 1280, "height": 720}
WISH = VideoRequest(
    prompt="@Ann meets @Zoe",
    cast=ROLES,
    model="wan2.6",
    duration=5,
    ratio="9:16",
    resolution="720p",
    sound=False,
    price=Decimal("12.5"),
    refused=VideoRejection.REAL_FACE,
)
RESULT = VideoResult(url="https://files.example/film.mp4")


@pytest.fixture
def videos(database: Database) -> VideoStore:
    return VideoStore(database)


@pytest.fixture
def film(videos: VideoStore, jobs: JobStore, add: Add, now: datetime) -> Callable[..., Any]:
    """A video, as its job adds it."""

    async def make(file: StoredFile = FILM, at: datetime = now) -> MadeVideo:
        job = await add(request=WISH, step=Step.COLLECT, task_id="task_1", submit_started_at=now, result=RESULT)
        [leased] = await jobs.claim("me", now=now, most={Lane.SUBMITTED: 1})
        assert leased.id == job.id
        new = NewVideo(owner_id=OWNER, prompt=WISH.prompt, model="wan2.6", roles=ROLES, file=file)
        done, video = await videos.add_for_job(job.id, leased.lease, new, collected_by(leased, now), now=at)
        await jobs.release(job.id, leased.lease, transitions.delivered(done, now), now=now)
        assert await videos.looked_into(OWNER, video.id, **SEEN, now=at) == ()
        return replace(video, **SEEN)

    return make


def collected_by(job: Job, now: datetime) -> Callable[[int], Any]:
    return lambda video_id: transitions.collected(job, now, VideoResult(url=RESULT.url, video_id=video_id))


async def test_a_videos_job_comes_back_as_it_was_written(jobs: JobStore, new_job: NewJob, now: datetime) -> None:
    uploads = (FileUpload(key=FILM.key, url="https://files.example/1", at=now),)
    job = new_job(request=WISH, result=VideoResult(url="https://x.example/v", expires_at=now), uploads=uploads)
    assert await jobs.add(job, Quota()) == await jobs.get(job.id)
    assert (await jobs.get(job.id)).kind is JobKind.VIDEO  # type: ignore[union-attr]


async def test_a_job_makes_its_video_once(videos: VideoStore, film: Add, jobs: JobStore, now: datetime) -> None:
    made = await film()
    assert await videos.get(OWNER, made.id) == await videos.by_job(OWNER, made.job_id) == made
    assert (made.roles, made.file, made.poster, made.seconds) == (ROLES, FILM, POSTER, 5.0)
    job = await jobs.get(made.job_id)
    assert job is not None
    assert job.result == VideoResult(url=RESULT.url, video_id=made.id)
    new = NewVideo(owner_id=OWNER, prompt="x", model="m", roles=ROLES, file=FILM)
    with pytest.raises(LeaseLost):
        await videos.add_for_job(job.id, job.lease, new, lambda _: Transition("test", {}), now=now)
    _, total = await videos.page(OWNER, offset=0, limit=9)
    assert total == 1


async def test_a_strangers_hands_stay_off(videos: VideoStore, film: Add) -> None:
    made = await film()
    assert await videos.get(STRANGER, made.id) is None
    assert await videos.by_job(STRANGER, made.job_id) is None
    assert await videos.page(STRANGER, offset=0, limit=9) == ([], 0)
    assert await videos.delete(STRANGER, made.id) is None
    await videos.looked_into(STRANGER, made.id, **SEEN | {"seconds": 1.0}, now=made.created_at)
    assert await videos.get(OWNER, made.id) == made


async def test_the_poster_of_a_video_that_was_deleted_meanwhile_is_not_kept(
    videos: VideoStore, film: Add, database: Database, now: datetime
) -> None:
    made = await film()
    assert set(await videos.delete(OWNER, made.id) or ()) == {FILM.key, POSTER.key}
    assert await videos.looked_into(OWNER, made.id, **SEEN, now=now) == (POSTER.key,)
    assert await DiskUse(database).keys() == set()


async def test_files_go_with_the_last_that_has_them(
    videos: VideoStore, film: Add, characters: CharacterStore, cast: Add, database: Database, now: datetime
) -> None:
    ann = await cast("Ann", picture=POSTER)
    one, other = await film(), await film()
    assert await DiskUse(database).of(OWNER, now=now) == FILM.size + POSTER.size
    assert await videos.delete(OWNER, one.id) == ()
    assert await characters.delete(OWNER, ann.id)
    assert await DiskUse(database).keys() == {FILM.key, POSTER.key}
    assert set(await videos.delete(OWNER, other.id) or ()) == {FILM.key, POSTER.key}
    assert await DiskUse(database).keys() == set()


async def test_old_videos_are_found_whosever_they_are(videos: VideoStore, film: Add, now: datetime) -> None:
    old = await film()
    await film(at=now + timedelta(days=2))
    assert await videos.old(now + timedelta(days=1), limit=9) == [old]


async def test_videos_are_part_of_what_somebody_has_and_go_with_it(
    film: Add, database: Database, files: FileStore, now: datetime
) -> None:
    people = Pseudonyms(database)
    await people.load()
    privacy = PrivacyStore(database, people)
    made = await film()
    data = await privacy.data(OWNER, now=now)
    assert (data.videos, data.videos_today, data.used_today) == ((made,), 1, 0)
    erased = await privacy.erase(OWNER, now=now)
    assert (erased.videos, erased.files) == (1, 2)
    assert (await privacy.data(OWNER, now=now)).videos == ()
    assert (await privacy.data(OWNER, now=now)).videos_today == 1, "the day goes on"


async def test_videos_have_a_day_of_their_own(
    jobs: JobStore, new_job: NewJob, database: Database, now: datetime
) -> None:
    one_a_day = Quota(day=1, server_day=5)
    await jobs.add(new_job(), one_a_day)
    await jobs.add(new_job(request=WISH), one_a_day)
    for another in (new_job(), new_job(request=WISH)):
        with pytest.raises(QuotaReached):
            await jobs.add(another, one_a_day)
    overview = await OwnedJobStore(database).overview(OWNER, now=now)
    assert (overview.used_today, overview.videos_today) == (1, 1)
    on_this_server = Quota(server_day=1)
    with pytest.raises(QuotaReached, match="server"):
        await jobs.add(new_job(request=WISH, owner_id=STRANGER), on_this_server)


async def test_credits_are_a_budget_and_come_back_with_a_refund(
    jobs: JobStore, new_job: NewJob, database: Database, now: datetime
) -> None:
    people = Pseudonyms(database)
    await people.load()
    key = people.for_credits(people.of(OWNER))
    budget = Quota(credits=30, server_credits=40, user_credits_key=key)
    first = await jobs.add(new_job(request=WISH), budget)  # 12.5 credits
    await jobs.add(new_job(request=WISH), budget)
    with pytest.raises(QuotaReached, match=r"12\.5 credits, and you have 5 of today's 30 left"):
        await jobs.add(new_job(request=WISH), budget)
    await jobs.add(new_job(), budget)  # whatever has no price goes on
    await jobs.add(new_job(request=WISH, owner_id=STRANGER), budget)
    with pytest.raises(QuotaReached, match="this server has"):
        await jobs.add(new_job(request=WISH, owner_id=STRANGER), budget)
    owned = OwnedJobStore(database)

    async def spent(at: datetime = now) -> tuple[Decimal, Decimal]:
        found = await owned.overview(OWNER, now=at, credits_key=key)
        return found.credits_today, found.credits_this_month

    assert await spent() == (Decimal(25), Decimal(25))
    await owned.decide(OWNER, first.id, lambda job: transitions.cancelled(job, now), now=now)
    assert await spent() == (Decimal("12.5"), Decimal("12.5"))
    assert await spent(now + timedelta(days=1)) == (Decimal(0), Decimal("12.5"))
    await jobs.add(new_job(request=WISH), replace(budget, server_credits=0))


async def test_the_budget_goes_on_for_whoever_was_erased(
    jobs: JobStore, new_job: NewJob, database: Database, now: datetime
) -> None:
    people = Pseudonyms(database)
    await people.load()
    budget = Quota(credits=20, user_credits_key=people.for_credits(people.of(OWNER)))
    submitted = {"submit_started_at": now, "step": Step.WATCH, "task_id": "task_1"}
    await jobs.add(new_job(request=WISH, **submitted), budget)
    await PrivacyStore(database, people).erase(OWNER, now=now)
    with pytest.raises(QuotaReached, match=r"you have 7\.5 of"):
        await jobs.add(new_job(request=WISH), budget)
    here = people.for_credits(people.in_server(people.of(OWNER), people.of_server(1)))
    with pytest.raises(QuotaReached, match="each member can spend"):
        await jobs.add(new_job(request=WISH), Quota(member_credits=20, member_credits_key=here))
