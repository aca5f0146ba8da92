"""Starts characters from videos that are already here: of a preview, a failed job, or a portable character."""

from __future__ import annotations

from dataclasses import replace

from bot.errors import BadSource, Refusal, UnknownJob
from bot.jobs.job_starter import JobStarter
from bot.jobs.model_availability import ModelAvailability
from bot.jobs.video_inspection import check_inside
from bot.store.characters import CharacterStore
from bot.store.files import FileStore
from bot.store.owned_jobs import OwnedJobStore
from bot.texts import text
from bot.values.character import clean_name
from bot.values.clock import Clock
from bot.values.job import CharacterRequest, Job, JobKind, Origin
from bot.values.source import Attachment, StoredClip
from bot.values.time_range import TimeRange

_NOTHING_LIVES = text(
    "No model that makes characters is available right now. Your character works without one. Try this again "
    "another day."
)


def _completes(job: Job) -> int | None:
    return job.request.completes if isinstance(job.request, CharacterRequest) else None


class EarlierVideos:
    """Each method starts a new job for the given owner; other people's jobs count as unknown.

    A failed job is not reused, because the provider might replay the failure for its id.
    """

    def __init__(
        self,
        *,
        starter: JobStarter,
        owned: OwnedJobStore,
        characters: CharacterStore,
        availability: ModelAvailability,
        files: FileStore,
        clock: Clock,
    ) -> None:
        self._starter = starter
        self._owned = owned
        self._characters = characters
        self._availability = availability
        self._files = files
        self._clock = clock

    async def use_preview(
        self,
        owner_id: int,
        preview_id: str,
        job_id: str,
        origin: Origin,
        chosen: TimeRange,
        *,
        anyway: bool,
        name: str = "",
    ) -> Job:
        """Start the job ``job_id``: a character from these seconds of a video that the owner has previewed.

        ``anyway``: the owner has already seen the concerns about these seconds, as with every suggestion. Raises
        UnknownJob, BadRange, and what :meth:`JobStarter.start` raises.
        """
        preview = await self._owned.get(owner_id, preview_id)
        if preview is None or preview.kind is not JobKind.PREVIEW or preview.seen.facts is None:
            raise UnknownJob
        check_inside(chosen, preview.seen.facts)
        best = preview.seen.best.suggestions if preview.seen.best is not None else ()
        anyway = anyway and any(suggestion.range == chosen for suggestion in best)
        request = CharacterRequest(
            source=preview.about_source.source, range=chosen, name=clean_name(name) or None, anyway=anyway
        )
        return await self._start(preview, request, job_id, origin)

    async def retry(self, owner_id: int, failed_id: str, job_id: str, origin: Origin) -> Job:
        """Start the job ``job_id`` like a failed job of the owner's. It counts towards the day, and is as private.

        Raises UnknownJob, and what :meth:`JobStarter.start` raises.
        """
        failed = await self._owned.get(owner_id, failed_id)
        if failed is None or not failed.may_be_retried(self._clock()):
            raise UnknownJob
        origin = replace(origin, private=failed.origin.private)
        request = failed.character
        model = request.model if request.model_named else None  # otherwise the best one that is available now
        return await self._start(failed, replace(request, model=model, another=True), job_id, origin)

    async def make_by_model(self, owner_id: int, character_id: int, job_id: str, origin: Origin) -> Job:
        """Start the job ``job_id``: a model makes a portable character of the owner's from its clip.

        Raises Refusal if that is done or under way, or no model is available, and what :meth:`JobService.start` raises.
        """
        async with self._files.owner(owner_id):  # so that of two simultaneous presses only one finds nothing under way
            character = await self._characters.get(owner_id, character_id)
            if character is None:
                raise Refusal(text("That character is no longer in your cast. See /character list for your cast."))
            if not character.portable:
                raise Refusal(text("{model} has already made “{name}”.", name=character.name, model=character.model))
            overview = await self._owned.overview(owner_id, now=self._clock())
            if any(_completes(job) == character_id for job in overview.unfinished):
                raise Refusal(text("“{name}” is already being made: see /tasks.", name=character.name))
            if not await self._availability.available():
                raise Refusal(_NOTHING_LIVES)
            request = CharacterRequest(
                source=StoredClip(character_id=character_id), range=character.range, name=character.name
            )
            return await self._starter.start(owner_id=owner_id, origin=origin, request=request, job_id=job_id)

    async def _start(self, earlier: Job, request: CharacterRequest, job_id: str, origin: Origin) -> Job:
        if isinstance(request.source, Attachment) and not earlier.video_is_kept(self._clock()):
            raise BadSource(
                text("I no longer have the video. Attach it again with /character create. Nothing was charged.")
            )
        file = earlier.file and replace(earlier.file, key=earlier.file.key.replace(earlier.id, job_id))
        with self._starter.held(job_id):  # the row comes before the files, so that maintenance does not delete them
            job = await self._starter.start(
                owner_id=earlier.owner_id, origin=origin, request=request, job_id=job_id, file=file, seen=earlier.seen
            )
            await self._files.share_work(earlier.id, job_id)
        return job
