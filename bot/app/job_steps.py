"""Builds the steps of each kind of job, with what each of them needs from the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.jobs.avatar_assets import AvatarAssets
from bot.jobs.character_work import CharacterWork
from bot.jobs.choose import Choose
from bot.jobs.collect import Collect
from bot.jobs.collect_video import CollectVideo
from bot.jobs.deliver import Deliver
from bot.jobs.kinds import character_content, character_steps, preview_steps, video_content, video_steps
from bot.jobs.leased_job import Steps
from bot.jobs.poll_schedule import PollSchedule
from bot.jobs.ports import ByteSource
from bot.jobs.prepare import Prepare
from bot.jobs.prepare_video import PrepareVideo
from bot.jobs.source_fetcher import SourceFetcher
from bot.jobs.submit import Submit
from bot.jobs.video_consent import VideoConsent
from bot.jobs.video_look import VideoLook
from bot.jobs.video_work import VideoWork
from bot.jobs.watch import Watch
from bot.values.job import JobKind

if TYPE_CHECKING:
    from bot.app.build import App


def steps_by_kind(app: App, source: ByteSource) -> dict[JobKind, Steps]:
    """``source``: provides the bytes of a link or an attachment."""
    stores, settings, random = app.stores, app.settings, app.random
    places, inspection = app.places, app.inspection
    fetcher = SourceFetcher(
        jobs=stores.jobs,
        characters=stores.characters,
        videos=stores.videos,
        consent_denials=stores.consent_denials,
        files=stores.files,
        disk=stores.disk,
        source=source,
        sites=app.site_videos,
        places=places,
        courier=app.courier,
        settings=settings,
    )
    prepare = Prepare(
        fetcher=fetcher,
        owned=stores.owned_jobs,
        characters=stores.characters,
        consents=stores.consents,
        consent_denials=stores.consent_denials,
        courier=app.courier,
        inspection=inspection,
        random=random,
        settings=settings,
    )
    choose = Choose(courier=app.courier, files=stores.files, inspection=inspection, random=random)
    work = CharacterWork(
        provider=app.provider,
        consent_denials=stores.consent_denials,
        inspection=inspection,
        places=places,
        courier=app.courier,
        cut=settings.media.send == "clip",
    )
    schedule = PollSchedule(stores.task_times, clock=app.clock, settings=settings.toapis)
    submit = Submit(
        work=work,
        provider=app.provider,
        breaker=app.breaker,
        availability=app.availability,
        courier=app.courier,
        events=stores.events,
        schedule=schedule,
        random=random,
        settings=settings.toapis,
    )
    watch = Watch(
        work=work,
        courier=app.courier,
        events=stores.events,
        schedule=schedule,
        random=random,
        settings=settings.toapis,
    )
    collect = Collect(
        characters=stores.characters,
        consent_denials=stores.consent_denials,
        files=stores.files,
        source=source,
        media=app.media,
        places=places,
        inspection=inspection,
        random=random,
    )
    video_consent = VideoConsent(videos=stores.videos, consent_denials=stores.consent_denials, files=stores.files)
    deliver = Deliver(
        contents={
            JobKind.CHARACTER: character_content(stores.characters),
            JobKind.VIDEO: video_content(stores.videos, stores.loans, app.fitted_videos, video_consent),
        },
        video_consent=video_consent,
        afterwards={JobKind.VIDEO: VideoLook(videos=stores.videos, files=stores.files, media=app.media, places=places)},
        files=stores.files,
        courier=app.courier,
        random=random,
    )
    return {
        JobKind.CHARACTER: character_steps(prepare, choose, submit, watch, collect, deliver),
        JobKind.PREVIEW: preview_steps(prepare, choose, deliver),
        JobKind.VIDEO: _of_videos(app, deliver, schedule),
    }


def _of_videos(app: App, deliver: Deliver, schedule: PollSchedule) -> Steps:
    stores, random, settings = app.stores, app.random, app.settings.toapis
    work = VideoWork(
        provider=app.provider,
        planner=app.video_planner,
        avatars=AvatarAssets(stores.avatars, app.provider.avatars, places=settings.avatar_slots),
        files=stores.files,
        places=app.places,
        courier=app.courier,
        callback_url=settings.callback_url,
    )
    submit = Submit(
        work=work,
        provider=app.provider,
        breaker=app.breaker,
        availability=app.video_availability,
        courier=app.courier,
        events=stores.events,
        schedule=schedule,
        random=random,
        settings=settings,
    )
    watch = Watch(
        work=work,
        courier=app.courier,
        events=stores.events,
        schedule=schedule,
        random=random,
        settings=settings,
    )
    collect = CollectVideo(
        videos=stores.videos,
        consent_denials=stores.consent_denials,
        files=stores.files,
        source=app.downloader,
        provider=app.provider,
        places=app.places,
        courier=app.courier,
        random=random,
    )
    room = app.settings.limits.files_mb_per_user * 1024 * 1024
    prepare = PrepareVideo(planner=app.video_planner, disk=stores.disk, room=room)
    return video_steps(prepare, submit, watch, collect, deliver)
