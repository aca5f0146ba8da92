"""The step ``collect``: the picture comes to us before its URL can die, and the character enters the cast."""

from __future__ import annotations

from random import Random

import structlog

from bot import limits
from bot.errors import CastbookError, DownloadFailed
from bot.jobs.backoff import backoff
from bot.jobs.held import Held
from bot.jobs.ports import ByteSource
from bot.media.magic import picture_type
from bot.store.characters import CharacterStore, NewCharacter
from bot.store.files import FileStore
from bot.store.jobs import JobChanges
from bot.values.character import ProviderCharacter, clean_name
from bot.values.files import StoredFile
from bot.values.job import Job

PICTURE_ATTEMPTS = 4

_log = structlog.get_logger(__name__)


class Collect:
    """Copies what the provider made (design, rule 6). A picture that cannot be had does not hold up a character."""

    def __init__(self, *, characters: CharacterStore, files: FileStore, source: ByteSource, random: Random) -> None:
        self._characters = characters
        self._files = files
        self._source = source
        self._random = random

    async def __call__(self, held: Held) -> JobChanges:
        """Fetch, store, and write character and job in one transaction."""
        job = held.job
        if job.result is None or job.task_id is None:
            raise AssertionError("a job is collected only once it has a result")
        main = job.result.characters[0]  # of several, the first is the main one
        try:
            picture = await self._picture(job, main)
        except (DownloadFailed, OSError) as error:
            final = isinstance(error, DownloadFailed) and error.permanent
            if not final and job.attempts < PICTURE_ATTEMPTS:
                return held.again(backoff(job.attempts, self._random))
            _log.warning("picture_given_up", job=job.id, error=type(error).__name__)
            picture = None
        new = NewCharacter(
            owner_id=job.owner_id,
            name=clean_name(job.request.name or "") or clean_name(main.display_name) or "Character",
            display_name=clean_name(main.display_name) or "Character",
            username=main.username,
            provider_id=main.id,
            task_id=job.task_id,
            model=job.request.model,
            range=job.request.range,
            picture=picture,
        )
        await held.enter_cast(self._characters, new, job.result)
        return {}

    async def _picture(self, job: Job, character: ProviderCharacter) -> StoredFile | None:
        if not character.picture_url:
            return None
        into = await self._files.work_folder(job.id) / "picture"
        try:
            got = await self._source.fetch(character.picture_url, into, max_bytes=limits.PICTURE_BYTES)
        except DownloadFailed:
            raise
        except CastbookError as error:
            _log.warning("picture_refused", job=job.id, reason=error.text.msgid)
            return None
        mime = picture_type(got.head)
        if mime is None:
            _log.warning("picture_not_a_picture", job=job.id, size=got.size)
            return None
        return await self._files.put_path(job.owner_id, into, mime)
