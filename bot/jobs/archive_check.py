"""Checks everything in an archive, in child processes, before any of it enters a cast."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot import limits
from bot.concurrency import Places
from bot.errors import BadFile, Refusal
from bot.jobs.cast_document import VERSION, CastDocument, ExportedCharacter, sealed_words
from bot.jobs.import_plan import CheckedFiles, import_plan, wanted_files, without
from bot.media.operations import MediaFailed
from bot.media.worker import MediaWorker
from bot.store.consent_denials import ConsentDenialStore
from bot.store.portable_casts import PortableCastStore
from bot.store.signatures import Signatures, Signed
from bot.texts import text
from bot.values.cast_import import ImportPlan, IncomingFile
from bot.values.video import CheckedFile, MediaPart, Unusable, WantedFile


class ArchiveCheck:
    """Trusts nothing that an archive says. ``work`` is a folder for the files; it holds them afterwards.

    The keys of a character that a model made elsewhere (``@username``, task ID) give access to it at the provider. They
    are imported only if the seal shows that this Castbook wrote the archive for the same person, who can see them
    anyway. From anywhere else a character is imported as a portable one: its clip and stills are enough for that, and a
    model can make it again. Otherwise an archive could hand over a character that never belonged to its sender, and the
    provider cannot be asked whose it is.
    """

    def __init__(
        self,
        *,
        media: MediaWorker,
        places: Places,
        signatures: Signatures,
        store: PortableCastStore,
        consent_denials: ConsentDenialStore,
    ) -> None:
        self._media = media
        self._places = places
        self._signatures = signatures
        self._store = store
        self._consent_denials = consent_denials

    async def plan(self, owner_id: int, archive: Path, work: Path, *, now: datetime, room: int | None) -> ImportPlan:
        """What could be imported from ``archive``, with files of at most ``room`` bytes; every file has been checked.

        Raises :class:`~bot.errors.Refusal` if the archive is not a cast, :class:`~bot.media.operations.MediaFailed` and
        :class:`OSError`.
        """
        async with self._places.videos.place(owner_id):
            lines = await self._media.cast_lines(archive, work)
        head, exported = await asyncio.to_thread(_read, work / lines.name)
        own = not lines.left_out and await asyncio.to_thread(self._is_own, owner_id, head, exported)
        refused = await self._store.refused(owner_id) if own else set[int]()
        wanted = await asyncio.to_thread(wanted_files, exported, head, own=own)
        checked = await self._checked(owner_id, archive, wanted, work)
        plan = await asyncio.to_thread(
            partial(import_plan, exported, head, checked, own=own, now=now, room=room, beyond=lines.left_out)
        )
        hashes = {sha256 for each in plan.characters for sha256 in each.hashes}
        return without(plan, refused, await self._consent_denials.denied_hashes(owner_id, hashes))

    def _is_own(self, owner_id: int, head: CastDocument, exported: Sequence[ExportedCharacter | None]) -> bool:
        """Whether this Castbook wrote it, for that person."""
        read = [each for each in exported if each is not None]
        words = sealed_words(owner_id, read)
        return len(read) == len(exported) and self._signatures.verify(Signed.CAST, words, head.seal)

    async def _checked(
        self, owner_id: int, archive: Path, wanted: Mapping[tuple[str, MediaPart], WantedFile], work: Path
    ) -> CheckedFiles:
        found: dict[tuple[str, MediaPart], IncomingFile | None] = {}
        again = limits.IMPORT_CHILDREN_AGAIN
        waiting = list(_batches(list(wanted.values()), limits.IMPORT_FILES_PER_CHILD))
        number = 0
        while waiting:
            batch, number = waiting.pop(0), number + 1
            into = work / str(number)
            await asyncio.to_thread(into.mkdir)
            try:
                async with self._places.videos.place(owner_id):
                    answers = await self._media.cast_files(archive, batch, into)
            except (BadFile, MediaFailed):  # one of them took the child with it; the others are fine
                if len(batch) > 1 and again > 1:
                    half, again = len(batch) // 2, again - 2
                    waiting[:0] = [batch[:half], batch[half:]]
                    continue
                answers = [CheckedFile(refused=Unusable.DAMAGED)] * len(batch)
            files = await asyncio.to_thread(_measured, into, answers)
            found |= {(each.path, each.part): file for each, file in zip(batch, files, strict=True)}
        return found


def _batches(wanted: Sequence[WantedFile], size: int) -> Iterator[list[WantedFile]]:
    left = iter(wanted)
    while batch := list(islice(left, size)):
        yield batch


def _measured(folder: Path, answers: Sequence[CheckedFile]) -> list[IncomingFile | None]:
    return [None if each.refused is not None else _file(folder, each) for each in answers]


def _file(folder: Path, checked: CheckedFile) -> IncomingFile:
    with (folder / checked.name).open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    return IncomingFile(
        path=f"{folder.name}/{checked.name}",
        sha256=sha256,
        mime=checked.mime,
        size=size,
        width=checked.width,
        height=checked.height,
        seconds=checked.seconds,
    )


def _read(lines: Path) -> tuple[CastDocument, list[ExportedCharacter | None]]:
    """The document's head, and each character; ``None`` for one that cannot be read. Runs in a thread, line by line."""
    with lines.open(encoding="ascii") as file:
        try:
            head = CastDocument.model_validate(json.loads(next(file)))
        except (ValidationError, StopIteration, ValueError):
            raise Refusal(_UNREADABLE) from None
        if head.version > VERSION:
            raise Refusal(_NEWER)
        return head, [_character(json.loads(line)) for line in file]


def _character(exported: Any) -> ExportedCharacter | None:  # noqa: ANN401 - JSON
    try:
        return ExportedCharacter.model_validate(exported)
    except ValidationError:
        return None


_UNREADABLE = text("I can't read the castbook.json in that zip. Send the file as you got it.")
_NEWER = text("That zip comes from a newer Castbook than this one. Ask the people who run this bot to update it.")
