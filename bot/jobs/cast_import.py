"""Imports characters from an archive: checks all of it, shows what would be added, and writes all of it or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

import structlog
from pydantic import TypeAdapter, ValidationError

from bot import limits
from bot.concurrency import FairLimiter, Places
from bot.config import Settings
from bot.errors import Refusal
from bot.jobs.archive_check import ArchiveCheck
from bot.jobs.ports import ByteSource
from bot.jobs.source_fetcher import no_room
from bot.media.worker import MediaWorker
from bot.store.character_rows import first_free
from bot.store.consent_denials import ConsentDenialStore
from bot.store.consents import ConsentStore
from bot.store.disk import DiskUse
from bot.store.drafts import Draft, DraftStore, UnsentImport
from bot.store.files import FileStore
from bot.store.portable_casts import NoImport, NoRoom, PortableCastStore, PreparedCharacter
from bot.store.signatures import Signatures
from bot.texts import Text, text
from bot.values.cast_import import ImportPlan, IncomingCharacter, IncomingFile
from bot.values.character import CharacterFile, name_key
from bot.values.clock import Clock
from bot.values.files import StoredFile
from bot.values.source import Attachment, Link

_ARCHIVE: Final = "archive.zip"
_PLAN: Final = "plan.json"
_PLANS = TypeAdapter(ImportPlan)
_MB: Final = 1024 * 1024
_FACE_BYTES: Final = 2 * _MB  # of a picture that is shown before anything is written

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Offer:
    """What would be added, under which names, and the first ones' pictures. ``used`` and ``allowed`` in bytes.

    ``allowed`` 0: no limit.
    """

    id: str
    owner_id: int
    plan: ImportPlan
    names: tuple[str, ...]
    faces: tuple[bytes | None, ...]
    used: int
    allowed: int


class CastImporter:
    """Imports for the given owner; another person's import counts as unknown.

    Until it is confirmed, an import is a draft and a work folder with its checked files, which survive a restart.
    """

    def __init__(
        self,
        *,
        store: PortableCastStore,
        drafts: DraftStore,
        files: FileStore,
        disk: DiskUse,
        consents: ConsentStore,
        consent_denials: ConsentDenialStore,
        source: ByteSource,
        media: MediaWorker,
        places: Places,
        signatures: Signatures,
        clock: Clock,
        random: Random,
        settings: Settings,
    ) -> None:
        self._store = store
        self._drafts = drafts
        self._files = files
        self._disk = disk
        self._consents = consents
        self._source = source
        self._places = places
        self._clock = clock
        self._random = random
        self._ask = settings.consent.ask
        self._allowed = settings.limits.files_mb_per_user * _MB
        self._check = ArchiveCheck(
            media=media, places=places, signatures=signatures, store=store, consent_denials=consent_denials
        )
        self._imports = FairLimiter(limits.IMPORTS_AT_ONCE)
        self._busy: set[int] = set()

    async def look(self, owner_id: int, source: Attachment | Link) -> Offer:
        """Fetch the archive and check everything in it; nothing is written to the cast.

        Raises Refusal, DownloadFailed, MediaFailed and OSError, and leaves nothing behind then.
        """
        if owner_id in self._busy:
            raise Refusal(text("I'm still checking your other zip. Try again when that's done."))
        self._busy.add(owner_id)
        import_id = f"{self._random.getrandbits(4 * limits.JOB_ID_HEX):0{limits.JOB_ID_HEX}x}"
        try:
            async with self._imports.place(owner_id), self._files.work_of_ended(import_id):
                try:
                    async with asyncio.timeout(limits.IMPORT_SECONDS):
                        return await self._looked(owner_id, import_id, source)
                except TimeoutError:
                    await self._files.drop_work(import_id)
                    raise Refusal(_TOO_SLOW) from None
                except BaseException:
                    await self._files.drop_work(import_id)
                    raise
        finally:
            self._busy.discard(owner_id)

    async def _looked(self, owner_id: int, import_id: str, source: Attachment | Link) -> Offer:
        now = self._clock()
        used = await self._disk.of(owner_id, now=now)
        if self._allowed and used >= self._allowed:
            raise no_room(self._allowed)
        folder = await self._files.work_folder(import_id)
        archive = folder / _ARCHIVE
        await self._fetch(owner_id, source, archive)
        room = self._allowed - used if self._allowed else None
        plan = await self._check.plan(owner_id, archive, folder, now=now, room=room)
        await self._files.drop_from_work(archive)
        if not plan.characters:
            raise Refusal(_nothing(plan))
        # Faces in somebody else's archive may be anybody's, as in a video that somebody else posted.
        asks = self._ask and (not plan.own or not await self._consents.given(owner_id))
        plan = replace(plan, asks_consent=asks)
        await asyncio.to_thread(lambda: (folder / _PLAN).write_bytes(_PLANS.dump_json(plan)))
        content = UnsentImport(characters=len(plan.characters), size=plan.size)
        draft = Draft(id=import_id, owner_id=owner_id, content=content, created_at=now)
        for old in await self._store.offer(draft):
            await self._files.drop_work(old)
        # The button may be answered on another machine. The row comes first, so that maintenance does not delete the
        # files.
        await self._files.share_in_work(folder / _PLAN, *(folder / file.path for file in _files_in(plan)))
        _log.info("import_offered", characters=len(plan.characters), left_out=len(plan.left_out), own=plan.own)
        return Offer(
            id=import_id,
            owner_id=owner_id,
            plan=plan,
            names=_free_names(await self._store.names(owner_id), plan.characters),
            faces=await asyncio.to_thread(_faces, folder, plan.characters[: limits.IMPORT_FACES]),
            used=used,
            allowed=self._allowed,
        )

    async def _fetch(self, owner_id: int, source: Attachment | Link, into: Path) -> None:
        if isinstance(source, Attachment) and source.size > limits.IMPORT_ARCHIVE_BYTES:
            raise Refusal(text("That zip is too large for me. Export fewer characters at a time."))
        if source.url is None:
            raise AssertionError("an attachment comes with its address")
        places = self._places.attachments if isinstance(source, Attachment) else self._places.links
        async with places.place(owner_id):
            await self._source.fetch(source.url, into, max_bytes=limits.IMPORT_ARCHIVE_BYTES)

    async def bring_in(self, owner_id: int, import_id: str) -> list[str]:
        """Write what was offered, all of it or nothing; returns the names in the cast. Raises Refusal and OSError."""
        async with self._files.work_of_ended(import_id):  # one press at a time
            if not await self._is_open(owner_id, import_id):
                raise Refusal(_OVER)
            folder = await self._files.bring_work(import_id)
            try:
                plan = await asyncio.to_thread(_read_plan, folder / _PLAN)
            except (OSError, ValidationError):
                raise Refusal(_OVER) from None
            async with self._files.owner(owner_id):
                names = await self._written(owner_id, import_id, folder, plan)
            await self._files.drop_work(import_id)
        _log.info("imported", characters=len(names))
        return names

    async def _written(self, owner_id: int, import_id: str, folder: Path, plan: ImportPlan) -> list[str]:
        """Write the files, then all rows in one transaction; if that fails, delete the files that nothing else uses."""
        keys: set[str] = set()
        try:
            every = {file.path: file for file in _files_in(plan)}
            keys = {f"{owner_id}/{file.sha256}" for file in every.values()}
            paths = [(folder / path, file.sha256, file.mime) for path, file in every.items()]
            stored = await self._files.put_links(owner_id, paths)
            kept = dict(zip(every, stored, strict=True))
            return await self._store.bring_in(
                owner_id,
                import_id,
                [self._prepared(each, kept) for each in plan.characters],
                now=self._clock(),
                most_bytes=self._allowed,
                consent=plan.asks_consent and plan.own,
            )
        except BaseException as error:
            for key in await self._store.unkept(owner_id, keys):
                await self._files.delete(key)
            if isinstance(error, NoImport | FileNotFoundError):
                raise Refusal(_OVER) from None
            if isinstance(error, NoRoom):
                raise no_room(self._allowed) from None
            raise

    def _prepared(self, character: IncomingCharacter, kept: dict[str, StoredFile]) -> PreparedCharacter:
        its = tuple(
            CharacterFile(
                each.kind,
                kept[each.file.path],
                each.file.width,
                each.file.height,
                each.file.seconds,
                each.filled,
            )
            for each in character.reference_set
        )
        picture = None if character.picture is None else kept[character.picture.path]
        new_id = f"{self._random.getrandbits(4 * limits.JOB_ID_HEX):0{limits.JOB_ID_HEX}x}"
        return PreparedCharacter(character, picture, its, new_id)

    async def drop(self, owner_id: int, import_id: str) -> bool:
        """Discard an import that was offered; returns whether there was one."""
        async with self._files.work_of_ended(import_id):
            if not await self._is_open(owner_id, import_id):
                return False
            await self._drafts.take(owner_id, import_id)
            await self._files.drop_work(import_id)
            return True

    async def _is_open(self, owner_id: int, import_id: str) -> bool:
        draft = await self._drafts.get(owner_id, import_id)
        return draft is not None and isinstance(draft.content, UnsentImport)


def _files_in(plan: ImportPlan) -> list[IncomingFile]:
    pictures = [each.picture for each in plan.characters if each.picture is not None]
    return [*pictures, *(its.file for each in plan.characters for its in each.reference_set)]


def _free_names(taken: set[str], characters: Sequence[IncomingCharacter]) -> tuple[str, ...]:
    names = []
    for each in characters:
        name = first_free(taken, each.name)
        taken.add(name_key(name))
        names.append(name)
    return tuple(names)


def _faces(folder: Path, characters: Sequence[IncomingCharacter]) -> tuple[bytes | None, ...]:
    pictures = [each.picture for each in characters]
    return tuple(
        (folder / each.path).read_bytes() if each is not None and each.size <= _FACE_BYTES else None
        for each in pictures
    )


def _read_plan(path: Path) -> ImportPlan:
    return _PLANS.validate_json(path.read_bytes())


def _nothing(plan: ImportPlan) -> Text:
    if not plan.left_out:
        return text("There are no characters in that zip.")
    return text(
        "None of the characters in that zip can be imported. “{name}”: {why}",
        name=plan.left_out[0].name,
        why=plan.left_out[0].why,
    )


_OVER = text("That import is over. To bring the characters in, use /character import again.")
_TOO_SLOW = text("Looking through that zip took too long. Export fewer characters at a time.")
