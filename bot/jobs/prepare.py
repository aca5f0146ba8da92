"""The step ``prepare``: bring the bytes here, look at them, and see whether the owner has to be asked something."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random

from bot import limits
from bot.concurrency import Places
from bot.config import Settings
from bot.errors import BadFile, BadSource, DownloadFailed, QuotaReached, TooLarge
from bot.jobs import transitions
from bot.jobs.backoff import backoff
from bot.jobs.leased_job import LeasedJob
from bot.jobs.ports import ByteSource, Courier
from bot.jobs.refused_files import refusal_of
from bot.jobs.video_inspection import SOURCE, VideoInspection, is_inside
from bot.media.download import Download
from bot.media.file_types import PROVIDER_TYPES, video_type
from bot.media.site_videos import SiteVideos
from bot.store.characters import CharacterStore
from bot.store.consent_denials import ConsentDenialStore, task_hash
from bot.store.consents import ConsentStore
from bot.store.disk import DiskUse
from bot.store.files import FileStore
from bot.store.jobs import JobStore
from bot.store.loan_reach import OF_BORROWED
from bot.store.owned_jobs import OwnedJobStore
from bot.store.videos import VideoStore
from bot.texts import text
from bot.values.character import FileKind
from bot.values.files import StoredFile
from bot.values.job import CharacterRequest, Job, PreviewRequest, Question, Seen, Transition
from bot.values.source import Attachment, EarlierTask, Link, StoredClip, StoredVideo
from bot.values.time_range import TimeRange
from bot.values.video import VideoFacts


class Prepare:
    """Brings an attachment, a link or a character's clip into ``work/<job id>``; an earlier task needs no bytes."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        owned: OwnedJobStore,
        characters: CharacterStore,
        videos: VideoStore,
        consents: ConsentStore,
        consent_denials: ConsentDenialStore,
        files: FileStore,
        disk: DiskUse,
        source: ByteSource,
        sites: SiteVideos,
        places: Places,
        courier: Courier,
        inspection: VideoInspection,
        random: Random,
        settings: Settings,
    ) -> None:
        self._jobs = jobs
        self._owned = owned
        self._consents = consents
        self._consent_denials = consent_denials
        self._characters = characters
        self._videos = videos
        self._files = files
        self._disk = disk
        self._bytes = source
        self._sites = sites
        self._places = places
        self._courier = courier
        self._inspection = inspection
        self._random = random
        self._settings = settings

    async def __call__(self, leased: LeasedJob) -> Transition:
        """Bring and check. Errors of the video or its link end the job uncharged."""
        try:
            await self._bring(leased)
        except DownloadFailed as error:
            if error.permanent or leased.job.attempts >= limits.DOWNLOAD_ATTEMPTS:
                raise
            return transitions.retried(leased.job, leased.now, backoff(leased.job.attempts, self._random))
        await check_consent_denials(self._consent_denials, leased.job)
        facts = await self._facts(leased)
        question = await self._question(leased, facts)
        if question is not None:
            return transitions.asked(leased.job, leased.now, question)
        return transitions.prepared(leased.job, leased.now)

    async def _facts(self, leased: LeasedJob) -> VideoFacts | None:
        """``None`` where there is nothing to ask about the video: it is not here, or was chosen long ago."""
        source = leased.job.about_source.source
        if isinstance(source, EarlierTask):
            return None
        if isinstance(source, StoredClip):
            await self._inspection.take_whole(leased)
            return None
        return await self._look(leased)

    async def _look(self, leased: LeasedJob) -> VideoFacts:
        if leased.job.seen.facts is None:
            await self._courier.progress(leased.job, text("Looking at the video"), None)
        facts = await self._inspection.probed(leased)
        request = leased.job.request
        if isinstance(request, CharacterRequest) and request.range is not None and not is_inside(request.range, facts):
            # The video is here, so its owner picks others, and is told why.
            await leased.note({"request": replace(request, range=None, typed=request.range.people)})
        return facts

    async def _bring(self, leased: LeasedJob) -> None:
        source = leased.job.about_source.source
        if isinstance(source, EarlierTask):
            await self._check_task(leased.job, source)
        elif isinstance(source, StoredClip):
            if leased.job.file is None or not await self._is_here(leased.job):
                file = await self._taken_from_cast(leased.job, source)
                await leased.note({"file": file, "seen": Seen(sha256=file.sha256)})
        elif isinstance(source, StoredVideo):
            if leased.job.file is None or not await self._is_here(leased.job):
                file = await self._taken_from_videos(leased.job, source)
                await leased.note({"file": file, "seen": Seen(sha256=file.sha256)})
        elif leased.job.file is None or not await self._is_here(leased.job):
            if source.url is None:
                raise BadSource(
                    text("I no longer have the video. Attach it again with /character create. Nothing was charged.")
                )
            await self._courier.progress(leased.job, text("Fetching the video"), None)
            file, section = await self._fetch(leased.job, source, source.url, leased.now)
            request = leased.job.about_source.without_address()
            seen = Seen(sha256=file.sha256, section=section)
            await leased.note({"file": file, "seen": seen, "request": request})

    async def _is_here(self, job: Job) -> bool:
        """The video, or the clip that was cut out of it for a job that failed."""
        folder = await self._files.work_folder(job.id)
        clip = job.seen.cut is not None and await self._files.in_work(folder / job.seen.cut.name)
        return clip or await self._files.in_work(folder / SOURCE)

    async def _source(self, job: Job) -> Path:
        return await self._files.work_folder(job.id) / SOURCE

    async def _check_task(self, job: Job, source: EarlierTask) -> None:
        owner = await self._jobs.task_owner(source.task_id)
        outside = owner is None and self._settings.toapis.accept_outside_tasks
        if outside and await self._consent_denials.borrowed_played_in(source.task_id):
            raise OF_BORROWED
        if owner != job.owner_id and not outside:
            raise BadSource(text("You have no task with that ID here. Attach the video instead."))

    async def _taken_from_cast(self, job: Job, source: StoredClip) -> StoredFile:
        kept = await self._characters.reference_set(job.owner_id, source.character_id)
        clip = next((each.file for each in kept if each.kind is FileKind.CLIP), None)
        if clip is None:
            raise _NO_CLIP
        try:
            await self._files.copy_to_work(clip.key, await self._source(job), shared=True)
        except FileNotFoundError:
            raise _NO_CLIP from None
        return replace(clip, key=f"work/{job.id}/{SOURCE}")

    async def _taken_from_videos(self, job: Job, source: StoredVideo) -> StoredFile:
        video = await self._videos.get(job.owner_id, source.video_id)
        if video is None:
            raise _NO_VIDEO
        if any(role.loan_id is not None for role in video.roles):
            raise OF_BORROWED
        try:
            await self._files.copy_to_work(video.file.key, await self._source(job), shared=True)
        except FileNotFoundError:
            raise _NO_VIDEO from None
        return replace(video.file, key=f"work/{job.id}/{SOURCE}")

    async def _fetch(self, job: Job, source: Attachment | Link, url: str, now: datetime) -> tuple[StoredFile, bool]:
        cap = most_bytes(self._settings)
        allowed = self._settings.limits.files_mb_per_user * 1024 * 1024
        room = max(0, allowed - await self._disk.of(job.owner_id, now=now)) if allowed else cap
        try:
            if room == 0:
                raise no_room(allowed)
            got = await self._download(job, source, url, min(cap, room))
        except TooLarge as error:
            if room < cap:
                raise no_room(allowed) from error
            raise
        mime = video_type(got.head)
        if mime is None or (self._settings.media.send != "clip" and mime not in PROVIDER_TYPES):
            raise BadFile(refusal_of(got.head))
        await self._files.share_in_work(got.path)
        return StoredFile(key=f"work/{job.id}/{SOURCE}", sha256=got.sha256, size=got.size, mime=mime), got.section

    async def _download(self, job: Job, source: Attachment | Link, url: str, most: int) -> Download:
        into = await self._source(job)
        if isinstance(source, Attachment) or not self._sites.is_for(url):
            places = self._places.attachments if isinstance(source, Attachment) else self._places.links
            async with places.place(job.owner_id):
                return await self._bytes.fetch(url, into, max_bytes=most)
        request = job.request
        named = request.range if isinstance(request, CharacterRequest) else None
        part = named if self._settings.media.send == "clip" else None  # what is sent whole begins at its beginning
        return await self._sites.fetch(url, into, owner_id=job.owner_id, max_bytes=most, range=part)

    async def _question(self, leased: LeasedJob, facts: VideoFacts | None) -> Question | None:
        """The first thing that the owner has to say; each answer leads here again."""
        job, request = leased.job, leased.job.about_source
        if isinstance(request, PreviewRequest):
            return Question.SECONDS
        if self._settings.consent.ask and await self._without_consent(job.owner_id, request):
            return Question.CONSENT
        if await self._is_taken(leased, request):
            return Question.NAME
        if request.range is None:
            return Question.SECONDS
        if not request.another and await self._same_recently(leased, request.range):
            return Question.SAME_AGAIN
        if facts is not None and job.seen.cut is None:  # they were asked before it was cut out
            findings = await self._inspection.examined(leased)
            if findings is not None and request.concerns(findings) and not request.anyway:
                return Question.CONCERNS
        return None

    async def _is_taken(self, leased: LeasedJob, request: CharacterRequest) -> bool:
        """Whether another one of theirs has the name; then a free one is offered with the question."""
        name = request.name
        if name is None or request.completes is not None:  # a character that is there keeps its name
            return False
        free = await self._characters.free_name(leased.job.owner_id, name)
        if free != request.offered and free != name:
            await leased.note({"request": replace(request, offered=free)})
        return free != name

    async def _without_consent(self, owner_id: int, request: CharacterRequest) -> bool:
        """Asked once of everybody, and for each video that somebody else has posted."""
        if request.consent_at is not None:
            return False
        return request.of_others or not await self._consents.given(owner_id)

    async def _same_recently(self, leased: LeasedJob, chosen: TimeRange) -> bool:
        job, source = leased.job, leased.job.about_source.source
        same = await self._owned.same_recently(
            job.owner_id,
            but=job.id,
            sha256=job.seen.sha256,
            task_id=source.task_id if isinstance(source, EarlierTask) else None,
            range=chosen,
            since=leased.now - limits.SAME_AGAIN,
        )
        return same is not None


async def check_consent_denials(consent_denials: ConsentDenialStore, job: Job) -> None:
    """A no that somebody has given to its owner is about the video that it was of, whatever else is made of it.

    Raises BadSource.
    """
    of = source_hash(job)
    if of is not None and await consent_denials.denied_hashes(job.owner_id, [of]):
        raise BadSource(
            text(
                "Someone in this video said no when you asked, so I won't make a character from it. Nothing was "
                "charged."
            )
        )


def source_hash(job: Job) -> str | None:
    """What stands for the video that a character is made of: its SHA-256, or that of its task's id."""
    source = job.about_source.source
    return task_hash(source.task_id) if isinstance(source, EarlierTask) else job.seen.sha256


def most_bytes(settings: Settings) -> int:
    """The largest video that is fetched: what the provider takes, unless it gets the clip alone."""
    if settings.media.send == "clip":
        return settings.links.max_bytes
    return min(settings.links.max_bytes, limits.PROVIDER_VIDEO_BYTES)


_NO_CLIP = BadSource(
    text(
        "I no longer have a clip of this character, so no model can make it again. Make a new one with /character "
        "create."
    )
)


_NO_VIDEO = BadSource(text("That video is no longer here, so I can't make a character from it. See /video list."))


def no_room(allowed: int) -> QuotaReached:
    """The text for a person who has used all their ``allowed`` bytes."""
    return QuotaReached(
        text(
            "You've used all {limit} MB of your space. Delete a character you no longer need with /character delete, "
            "then try again.",
            limit=allowed // (1024 * 1024),
        )
    )
