"""The kinds of jobs: the steps of each, and what is delivered at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from bot.jobs.choose import Choose
from bot.jobs.collect import Collect
from bot.jobs.collect_video import CollectVideo
from bot.jobs.deliver import Deliver
from bot.jobs.fitted_videos import FittedVideos
from bot.jobs.leased_job import Steps
from bot.jobs.ports import CharacterMade, VideoMade
from bot.jobs.prepare import Prepare
from bot.jobs.prepare_video import PrepareVideo
from bot.jobs.submit import Submit
from bot.jobs.video_consent import VideoConsent
from bot.jobs.watch import Watch
from bot.store.characters import CharacterStore
from bot.store.loans import LoanStore
from bot.store.videos import VideoStore
from bot.values.job import CharacterResult, Job, Step, VideoResult

ContentOf: TypeAlias = Callable[[Job], Awaitable[CharacterMade | VideoMade]]
"""Reads the result of a job that succeeded."""


def character_steps(
    prepare: Prepare, choose: Choose, submit: Submit, watch: Watch, collect: Collect, deliver: Deliver
) -> Steps:
    """prepare → (choose) → submit → watch → collect → deliver."""
    return {
        Step.PREPARE: prepare,
        Step.CHOOSE: choose,
        Step.SUBMIT: submit,
        Step.WATCH: watch,
        Step.COLLECT: collect,
        Step.DELIVER: deliver,
    }


def preview_steps(prepare: Prepare, choose: Choose, deliver: Deliver) -> Steps:
    """prepare → choose, which shows the picker; deliver reports a failure."""
    return {Step.PREPARE: prepare, Step.CHOOSE: choose, Step.DELIVER: deliver}


def video_steps(prepare: PrepareVideo, submit: Submit, watch: Watch, collect: CollectVideo, deliver: Deliver) -> Steps:
    """prepare → submit → watch → collect → deliver: there are no questions."""
    return {
        Step.PREPARE: prepare,
        Step.SUBMIT: submit,
        Step.WATCH: watch,
        Step.COLLECT: collect,
        Step.DELIVER: deliver,
    }


def video_content(videos: VideoStore, loans: LoanStore, fitted: FittedVideos, consent: VideoConsent) -> ContentOf:
    """The delivery of a video job: the video, if its owner still has it.

    Shrinking takes minutes, in which somebody in it may say no: reading its bytes then raises
    :class:`~bot.store.consent_denials.ConsentDenied`.
    """

    async def content(job: Job) -> VideoMade:
        made = None
        if isinstance(job.result, VideoResult) and job.result.video_id is not None:
            made = await videos.get(job.owner_id, job.result.video_id)

        async def within(most_bytes: int) -> bytes | None:
            found = None if made is None else await fitted.within(made, most_bytes)
            await consent.check(job)
            return found

        lenders = await loans.lenders([job.id], asker=job.owner_id)
        return VideoMade(made, within, lenders.get(job.id, {}))

    return content


def character_content(characters: CharacterStore) -> ContentOf:
    """The delivery of a character job: the character as it is now; empty if it was deleted."""

    async def content(job: Job) -> CharacterMade:
        if not isinstance(job.result, CharacterResult) or job.result.character_id is None:
            return CharacterMade(None)
        made = await characters.get(job.owner_id, job.result.character_id)
        kept = await characters.reference_set(job.owner_id, made.id) if made is not None else ()
        return CharacterMade(made, kept)

    return content
