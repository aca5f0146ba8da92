"""Looks at everything in an archive, in child processes, and says what of it could come into a cast."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ValidationError

from bot import limits
from bot.concurrency import Places
from bot.errors import BadFile, BadRange, Refusal
from bot.jobs.cast_document import VERSION, CastDocument, CharacterSaid, FileSaid, ReferenceFileSaid, sealed_words
from bot.media.operations import MediaFailed
from bot.media.worker import MediaWorker
from bot.store.portable_casts import PortableCastStore
from bot.store.signatures import Signatures, Signed
from bot.texts import Text, text
from bot.values.cast_import import ImportPlan, IncomingCharacter, IncomingFile, IncomingReference, LeftOut
from bot.values.character import FileKind, clean_name, clean_tags
from bot.values.time_range import TimeRange
from bot.values.video import CheckedFile, MediaPart, Unusable, WantedFile

_PARTS: Mapping[FileKind, MediaPart] = {
    FileKind.CLIP: MediaPart.CLIP,
    FileKind.STILL: MediaPart.PICTURE,
    FileKind.REFERENCE: MediaPart.CLIP,
    FileKind.VOICE: MediaPart.VOICE,
}
_MOST_OF = {FileKind.CLIP: 1, FileKind.STILL: limits.IMPORT_STILLS, FileKind.REFERENCE: 1, FileKind.VOICE: 1}
# With one of these a model can be shown somebody; a voice alone is nobody.
_SHOWS = frozenset({FileKind.CLIP, FileKind.STILL, FileKind.REFERENCE})

_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
_LARGEST_ID = 2**63

_Checked: TypeAlias = Mapping[tuple[str, MediaPart], IncomingFile | None]


class ArchiveCheck:
    """Believes nothing that an archive says. ``work`` is a folder for the files; it holds them afterwards.

    What a model made of a character elsewhere (``@username``, task ID) works like a key at the provider, whoever has
    it. So it comes along only where the seal shows that this very Castbook wrote it, for the person who imports it:
    they are shown it anyway. From anywhere else a character comes as a portable one, which its clip and stills suffice
    for, and which a model can make again. An archive of somebody else's could otherwise hand its reader a character
    that was never theirs, and nobody can ask the provider whose it is.
    """

    def __init__(self, *, media: MediaWorker, places: Places, signatures: Signatures, store: PortableCastStore) -> None:
        self._media = media
        self._places = places
        self._signatures = signatures
        self._store = store

    async def plan(self, owner_id: int, archive: Path, work: Path, *, now: datetime, room: int | None) -> ImportPlan:
        """What could come in of ``archive``, with files of at most ``room`` bytes. Everything was checked then.

        Raises :class:`~bot.errors.Refusal` where the archive is none of a cast,
        :class:`~bot.media.operations.MediaFailed` and :class:`OSError`.
        """
        async with self._places.videos.place(owner_id):
            lines = await self._media.cast_lines(archive, work)
        head, said = await asyncio.to_thread(_read, work / lines.name)
        own = not lines.left_out and await asyncio.to_thread(self._is_own, owner_id, head, said)
        refused = await self._store.refused(owner_id) if own else set[int]()
        wanted = await asyncio.to_thread(_wanted, said, head, own=own)
        checked = await self._checked(owner_id, archive, wanted, work)
        plan = await asyncio.to_thread(
            partial(_plan, said, head, checked, own=own, now=now, room=room, beyond=lines.left_out)
        )
        return _without(plan, refused)

    def _is_own(self, owner_id: int, head: CastDocument, said: Sequence[CharacterSaid | None]) -> bool:
        """Whether we have written it, for that person."""
        read = [each for each in said if each is not None]
        words = sealed_words(owner_id, read)
        return len(read) == len(said) and self._signatures.holds(Signed.CAST, words, head.seal)

    async def _checked(
        self, owner_id: int, archive: Path, wanted: Mapping[tuple[str, MediaPart], WantedFile], work: Path
    ) -> _Checked:
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
            except (BadFile, MediaFailed):  # one of them took the child with it: the others are not to blame
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


def _read(lines: Path) -> tuple[CastDocument, list[CharacterSaid | None]]:
    """What holds for all, and each character; ``None`` for one that cannot be read. In a thread, line by line."""
    with lines.open(encoding="ascii") as file:
        try:
            head = CastDocument.model_validate(json.loads(next(file)))
        except (ValidationError, StopIteration, ValueError):
            raise Refusal(_UNREADABLE) from None
        if head.version > VERSION:
            raise Refusal(_NEWER)
        return head, [_character(json.loads(line)) for line in file]


def _character(said: Any) -> CharacterSaid | None:  # noqa: ANN401 - JSON
    try:
        return CharacterSaid.model_validate(said)
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True)
class _Named:
    """A file of a character that lies in this part, or ``elsewhere``: in another one."""

    said: FileSaid
    part: MediaPart
    kind: FileKind | None = None
    filled: float | None = None
    elsewhere: int | None = None

    @property
    def key(self) -> tuple[str, MediaPart]:
        return self.said.file, self.part


def _files(character: CharacterSaid, head: CastDocument) -> list[_Named]:
    """Those that are taken: the picture, and of each kind no more than a character has."""
    found = [] if character.picture is None else [_named(character.picture, MediaPart.PICTURE, head)]
    left = dict(_MOST_OF)
    for each in character.reference_set:
        if left[each.kind]:
            left[each.kind] -= 1
            found.append(_named(each, _PARTS[each.kind], head))
    return found


def _named(said: FileSaid, part: MediaPart, head: CastDocument) -> _Named:
    elsewhere = said.part if said.part is not None and said.part != head.part else None
    if isinstance(said, ReferenceFileSaid):
        return _Named(said, part, said.kind, said.filled_seconds, elsewhere)
    return _Named(said, part, elsewhere=elsewhere)


def _wanted(
    said: Sequence[CharacterSaid | None], head: CastDocument, *, own: bool
) -> dict[tuple[str, MediaPart], WantedFile]:
    return {
        each.key: WantedFile(path=each.said.file, part=each.part, sha256=each.said.sha256, kept=own)
        for character in said
        if character is not None
        for each in _files(character, head)
        if each.elsewhere is None and each.said.left_out is None
    }


def _plan(
    said: Sequence[CharacterSaid | None],
    head: CastDocument,
    checked: _Checked,
    *,
    own: bool,
    now: datetime,
    room: int | None,
    beyond: int,
) -> ImportPlan:
    incoming: list[IncomingCharacter] = []
    left_out: list[LeftOut] = []
    sizes: dict[str, int] = {}
    size = 0
    for each in said:
        found = LeftOut(name="", why=_ENTRY) if each is None else _incoming(each, head, checked, own=own, now=now)
        if isinstance(found, IncomingCharacter):
            new = {file.sha256: file.size for file in _its_files(found) if file.sha256 not in sizes}
            if room is None or size + sum(new.values()) <= room:
                incoming.append(found)
                sizes |= new
                size += sum(new.values())
                continue
            found = LeftOut(name=found.name, why=_NO_ROOM)
        left_out.append(found)
    return ImportPlan(
        own=own,
        asks_consent=False,
        characters=tuple(incoming),
        left_out=tuple(left_out),
        beyond=beyond,
        size=size,
    )


def _without(plan: ImportPlan, refused: set[int]) -> ImportPlan:
    """The plan without those whose person has said no."""
    out = tuple(LeftOut(name=each.name, why=_REFUSED) for each in plan.characters if each.was in refused)
    kept = tuple(each for each in plan.characters if each.was not in refused)
    return replace(plan, characters=kept, left_out=(*plan.left_out, *out)) if out else plan


def _its_files(character: IncomingCharacter) -> list[IncomingFile]:
    picture = [] if character.picture is None else [character.picture]
    return [*picture, *(each.file for each in character.reference_set)]


def _incoming(
    said: CharacterSaid, head: CastDocument, checked: _Checked, *, own: bool, now: datetime
) -> IncomingCharacter | LeftOut:
    name = clean_name(said.name) or clean_name(said.name_at_toapis) or "Character"
    files = _files(said, head)
    kept = [
        IncomingReference(kind=each.kind, file=file, filled=each.filled)
        for each in files
        if each.kind is not None and each.elsewhere is None and (file := checked.get(each.key)) is not None
    ]
    picture = next((checked.get(each.key) for each in files if each.kind is None and each.elsewhere is None), None)
    still = next((each.file for each in kept if each.kind is FileKind.STILL), None)
    with_model = own and bool(said.model)
    if not with_model and not any(each.kind in _SHOWS for each in kept):
        elsewhere = next((each.elsewhere for each in files if each.elsewhere is not None), None)
        return LeftOut(name=name, why=_NO_FILES if elsewhere is None else _elsewhere(elsewhere))
    seconds = _range(said, kept)
    if seconds is None:
        return LeftOut(name=name, why=_ENTRY)
    character = IncomingCharacter(
        name=name,
        range=seconds,
        picture=picture or still,
        picture_is_still=said.picture_is_a_still_of_the_clip if picture is not None else still is not None,
        reference_set=tuple(kept),
        note=_clean_note(said.note),
        tags=clean_tags(",".join(said.tags)),
        groups=_groups(said, head),
        made_at=_instant(said.made_at or now, now),
        last_used_at=said.last_used_at and _instant(said.last_used_at, now),
        uses=said.uses,
        lost=len(files) - len(kept) - (picture is not None),
        without_model=bool(said.model) and not own,
        task_id=said.task_id if own else "",
        was=said.id if own else None,
        plays_in=_plays_in(said, head) if own else (),
    )
    if not with_model:
        return character
    return replace(
        character,
        display_name=clean_name(said.name_at_toapis),
        username=(said.username or "").removeprefix("@"),
        provider_id=said.character_id_at_toapis,
        model=said.model,
    )


def _groups(said: CharacterSaid, head: CastDocument) -> tuple[str, ...]:
    names = [clean_name(group.name) for group in head.groups if said.id in group.characters]
    return tuple(name for name in names if name)


def _plays_in(said: CharacterSaid, head: CastDocument) -> tuple[int | None, ...]:
    servers = [each.server_id for each in head.default_characters if each.character_id == said.id]
    return tuple(None if each is None else int(each) for each in servers if each is None or int(each) < _LARGEST_ID)


def _instant(said: datetime, now: datetime) -> datetime:
    """Not later than now, and no earlier than Discord: what is further off cannot be shown in every time zone."""
    return min(max(said, _EARLIEST), now)


def _clean_note(said: str) -> str:
    """Its lines, without what nobody sees, and no longer than one that is typed."""
    lines = ("".join(char for char in line if char.isprintable()).rstrip() for line in said.splitlines())
    return "\n".join(lines).strip()[: limits.NOTE_LENGTH]


def _range(said: CharacterSaid, kept: Sequence[IncomingReference]) -> TimeRange | None:
    """The seconds it was made of; where nobody can tell them, those of its clip."""
    try:
        return TimeRange(Decimal(said.range.start), Decimal(said.range.end))
    except (BadRange, InvalidOperation):
        clip = next((each.file.seconds for each in kept if each.kind is FileKind.CLIP), None)
    if clip is None:
        return None
    seconds = min(max(Decimal(str(clip)), limits.RANGE_SHORTEST), limits.RANGE_LONGEST)
    return TimeRange(Decimal(0), seconds)


_UNREADABLE = text("I can't read the castbook.json in that zip. Send the file as you got it.")
_NEWER = text("That zip is of a newer Castbook than I am. The people who run this bot can update me.")
_ENTRY = text("I can't read what castbook.json says of it.")
_NO_FILES = text("None of its files can be used, and without them no model can be shown it.")
_REFUSED = text("The person in it said no when you asked them.")
_NO_ROOM = text("There is no room left for its files.")


def _elsewhere(part: int) -> Text:
    return text("Its files are in part {part} of the export. Import that part, too.", part=part)
