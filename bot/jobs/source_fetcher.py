"""Fetches a job's video into its work folder: from Discord, a link, a site, the cast or the finished videos."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from bot import limits
from bot.concurrency import Places
from bot.config import Settings
from bot.errors import AttachmentGone, BadFile, BadSource, QuotaReached, TooLarge
from bot.jobs.leased_job import LeasedJob
from bot.jobs.ports import ByteSource, Courier
from bot.jobs.refused_files import refusal_of
from bot.jobs.video_inspection import SOURCE
from bot.media.download import Download
from bot.media.file_types import PROVIDER_TYPES, video_type
from bot.media.site_videos import SiteVideos
from bot.store.characters import CharacterStore
from bot.store.consent_denials import ConsentDenialStore
from bot.store.disk import DiskUse
from bot.store.files import FileStore
from bot.store.jobs import JobStore
from bot.store.loan_reach import OF_BORROWED
from bot.store.videos import VideoStore
from bot.texts import text
from bot.values.character import FileKind
from bot.values.files import StoredFile
from bot.values.job import CharacterRequest, Job, Seen
from bot.values.source import Attachment, EarlierTask, Link, StoredClip, StoredVideo

RenewAddress: TypeAlias = Callable[[str], Awaitable[str | None]]
"""The current address of the attachment that had this one; ``None`` if Discord gives none. Never raises."""


class SourceFetcher:
    """Fetches an attachment, a link or a character's clip into ``work/<job id>``; an earlier task needs no bytes."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        characters: CharacterStore,
        videos: VideoStore,
        consent_denials: ConsentDenialStore,
        files: FileStore,
        disk: DiskUse,
        source: ByteSource,
        sites: SiteVideos,
        places: Places,
        courier: Courier,
        settings: Settings,
    ) -> None:
        self._jobs = jobs
        self._characters = characters
        self._videos = videos
        self._consent_denials = consent_denials
        self._files = files
        self._disk = disk
        self._bytes = source
        self._sites = sites
        self._places = places
        self._courier = courier
        self._settings = settings

    async def fetch(self, leased: LeasedJob) -> None:
        """Fetch the video, unless it is here already. Raises DownloadFailed, BadSource, BadLink or BadFile."""
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
            file, section = await self._downloaded(leased.job, source, source.url, leased.now)
            if await self._consent_denials.borrowed_played_in_file(file.sha256):  # somebody downloaded it, say
                raise OF_BORROWED
            request = leased.job.about_source.without_address()
            seen = Seen(sha256=file.sha256, section=section)
            await leased.note({"file": file, "seen": seen, "request": request})

    async def _is_here(self, job: Job) -> bool:
        """The video, or the clip that a failed job had cut from it."""
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

    async def _downloaded(
        self, job: Job, source: Attachment | Link, url: str, now: datetime
    ) -> tuple[StoredFile, bool]:
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
        part = named if self._settings.media.send == "clip" else None  # a whole video is fetched from its start
        return await self._sites.fetch(url, into, owner_id=job.owner_id, max_bytes=most, range=part)


class RenewedAttachments:
    """``source``, but expired attachment links, which people keep and paste, are renewed and fetched once more."""

    def __init__(self, source: ByteSource, renewed: RenewAddress) -> None:
        self._source = source
        self._renewed = renewed

    async def fetch(self, url: str, into: Path, *, max_bytes: int) -> Download:
        """Like ``source``."""
        try:
            return await self._source.fetch(url, into, max_bytes=max_bytes)
        except AttachmentGone:
            address = await self._renewed(url)
            if address is None:
                raise
        return await self._source.fetch(address, into, max_bytes=max_bytes)


def most_bytes(settings: Settings) -> int:
    """The largest video that is fetched: what the provider accepts, unless it gets only the clip."""
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
