"""The step ``collect``: copies picture and clips before their URLs expire, and adds the character to the cast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import structlog

from bot import limits
from bot.concurrency import Places
from bot.errors import CastbookError, DownloadFailed
from bot.jobs import transitions
from bot.jobs.backoff import backoff
from bot.jobs.consent_check import source_hash
from bot.jobs.leased_job import LeasedJob
from bot.jobs.ports import ByteSource
from bot.jobs.video_inspection import VideoInspection
from bot.media.worker import MediaWorker
from bot.store.characters import CharacterStore
from bot.store.consent_denials import ConsentDenialStore, ConsentDenied
from bot.store.files import FileStore
from bot.store.new_characters import NewCharacter
from bot.texts import text
from bot.values.character import NAMELESS, CharacterFile, FileKind, ProviderCharacter, clean_name, portable_id
from bot.values.files import StoredFile
from bot.values.job import CharacterResult, Job, Transition
from bot.values.video import Cut, Reference

_log = structlog.get_logger(__name__)

_MIMES = {
    FileKind.CLIP: "video/mp4",
    FileKind.STILL: "image/jpeg",
    FileKind.REFERENCE: "video/mp4",
    FileKind.VOICE: "audio/wav",
}


def _made(cut: Cut, reference: Reference | None) -> Iterator[tuple[str, CharacterFile]]:
    """The name of each file in the work folder, and what is known about it."""
    yield cut.name, CharacterFile(FileKind.CLIP, _NOT_YET, cut.width, cut.height, cut.seconds)
    poses = reference.stills if reference is not None else ()
    for still in poses or cut.stills[1:]:
        yield still.name, CharacterFile(FileKind.STILL, _NOT_YET, still.width, still.height)
    if reference is None:
        return
    size = (reference.width, reference.height)
    yield (
        reference.clip,
        CharacterFile(FileKind.REFERENCE, _NOT_YET, *size, reference.seconds, filled=reference.filled),
    )
    if reference.voice is not None:
        length, filled = reference.voice_seconds, reference.voice_filled
        yield reference.voice, CharacterFile(FileKind.VOICE, _NOT_YET, seconds=length, filled=filled)


_NOT_YET = StoredFile(key="", sha256="", size=0, mime="")


def _reusable_id(job: Job, main: ProviderCharacter | None) -> str:
    if main is None:
        return portable_id(job.id)
    if job.task_id is None:
        raise AssertionError("a provider's character has a task")
    return job.task_id


_SAID_NO = text(
    "Someone in this video said no while the character was being made, so I haven't kept it. Nothing was charged."
)
_SAID_NO_PAID = text(
    "Someone in this video said no while ToAPIs was making the character, so I haven't kept it. It may have been "
    "charged."
)
_LOST = text("I no longer have the video. Attach it again with /character create. Nothing was charged.")


@dataclass(frozen=True, slots=True)
class _Received:
    path: Path
    mime: str


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was put into the file store: the provider's picture or else the best still, and the reference set."""

    picture: StoredFile | None = None
    still: StoredFile | None = None
    reference_set: tuple[CharacterFile, ...] = ()


class Collect:
    """Copies what the provider made (design, rule 6). A missing picture does not hold up a character.

    A picture from the provider is as untrusted as any other file: the media worker decodes it and encodes it again. A
    portable character consists of its files alone, so without them the job fails, uncharged.
    """

    def __init__(
        self,
        *,
        characters: CharacterStore,
        consent_denials: ConsentDenialStore,
        files: FileStore,
        source: ByteSource,
        media: MediaWorker,
        places: Places,
        inspection: VideoInspection,
        random: Random,
    ) -> None:
        self._characters = characters
        self._consent_denials = consent_denials
        self._files = files
        self._source = source
        self._media = media
        self._places = places
        self._inspection = inspection
        self._random = random

    async def __call__(self, leased: LeasedJob) -> Transition | None:
        """Fetch, store, and write character and job in one transaction."""
        result = leased.job.result
        if not isinstance(result, CharacterResult):
            raise AssertionError("a job is collected only once it has a result")
        await self._inspection.cut_if_whole(leased)
        job = leased.job
        last_try = job.attempts >= limits.PICTURE_ATTEMPTS
        # An unreachable bucket comes back; a full disk may not.
        last_put = job.attempts >= (limits.STORED_ATTEMPTS if self._files.shared else limits.PICTURE_ATTEMPTS)
        main = next(iter(result.characters), None)  # if there are several, the first is the main one
        try:
            received = await self._received(leased, main, last_try=last_try) if main is not None else None
        except (DownloadFailed, OSError) as error:
            if not last_try:
                return transitions.retried(job, leased.now, backoff(job.attempts, self._random))
            _log.error("picture_given_up", job=job.id, error=type(error).__name__)  # our own disk
            received = None
        async with self._files.owner(job.owner_id):
            await leased.note({})  # nothing is stored for an owner whom another process erased meanwhile
            try:
                kept = await self._keep(job, received)
            except OSError as error:
                if not last_put:
                    return transitions.retried(job, leased.now, backoff(job.attempts, self._random))
                if main is None:
                    raise
                _log.error("files_given_up", job=job.id, error=type(error).__name__)
                kept = _Kept()
            if main is None and not kept.reference_set:
                return transitions.failed(job, leased.now, _LOST)
            try:
                await self._add(leased, result, main, kept)
            except ConsentDenied as no:
                for key in no.orphans:
                    await self._files.delete(key)
                return transitions.withdrawn(job, leased.now, uncharged=_SAID_NO, maybe_charged=_SAID_NO_PAID)
        return None

    async def _add(
        self, leased: LeasedJob, result: CharacterResult, main: ProviderCharacter | None, kept: _Kept
    ) -> None:
        job = leased.job
        name = clean_name(main.display_name) if main is not None else ""
        source = source_hash(job)
        new = NewCharacter(
            owner_id=job.owner_id,
            name=clean_name(job.character.name or "") or name or NAMELESS,
            display_name=name or (NAMELESS if main is not None else ""),
            username=main.username if main is not None else "",
            provider_id=main.id if main is not None else "",
            task_id=_reusable_id(job, main),
            model=job.character.model or "",
            range=job.character.chosen,
            picture=kept.picture or kept.still,
            picture_is_still=kept.still is not None,
            reference_set=kept.reference_set,
            source_hash=source,
            completes=job.character.completes,
            denial_keys=self._consent_denials.of_videos(job.owner_id, [source] if source is not None else []),
        )

        def collected(character_id: int) -> Transition:
            return transitions.collected(job, leased.now, replace(result, character_id=character_id))

        await leased.add_to_cast(self._characters, new, collected)

    async def _keep(self, job: Job, received: _Received | None) -> _Kept:
        """Store the files that the character refers to. Raises OSError."""
        picture = await self._files.put_path(job.owner_id, received.path, received.mime) if received else None
        still = await self._best_still(job) if picture is None else None
        return _Kept(picture, still, await self._reference_set(job))

    async def _received(self, leased: LeasedJob, character: ProviderCharacter, *, last_try: bool) -> _Received | None:
        """The provider's picture, in the work folder; ``None`` if it cannot be had.

        Raises DownloadFailed if a later try may succeed.
        """
        job = leased.job
        if not character.picture_url:
            return None
        folder = await self._files.work_folder(job.id)
        into = folder / "received"
        try:
            async with self._places.results.place(job.owner_id):
                await self._source.fetch(character.picture_url, into, max_bytes=limits.PICTURE_BYTES)
            async with self._places.pictures.place(job.owner_id):
                picture = await self._media.picture(into, folder)
        except CastbookError as error:
            if isinstance(error, DownloadFailed) and not error.permanent and not last_try:
                raise
            _log.warning("picture_refused", job=job.id, reason=error.text.msgid)
            return None
        return _Received(folder / picture.name, picture.mime)

    async def _reference_set(self, job: Job) -> tuple[CharacterFile, ...]:
        """The files of the reference set that exist: all stills but the portrait, which is only shown to people."""
        cut, reference = job.seen.cut, job.seen.reference
        if cut is None:
            return ()
        folder = await self._files.work_folder(job.id)
        found = []
        for name, its in _made(cut, reference):
            if await self._files.in_work(folder / name):
                stored = await self._files.put_path(job.owner_id, folder / name, _MIMES[its.kind])
                found.append(replace(its, file=stored))
        return tuple(found)

    async def _best_still(self, job: Job) -> StoredFile | None:
        """Used instead of the provider's picture."""
        stills = await self._inspection.stills(job)
        return await self._files.put_path(job.owner_id, stills[0], "image/jpeg") if stills else None
