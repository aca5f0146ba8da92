"""Decides which characters of an archive enter a cast, from its document and its checked files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from bot import limits
from bot.errors import BadRange
from bot.jobs.cast_document import CastDocument, ExportedCharacter, ExportedFile, ExportedReferenceFile
from bot.texts import Text, text
from bot.values.cast_import import ImportPlan, IncomingCharacter, IncomingFile, IncomingReference, LeftOut
from bot.values.character import FileKind, clean_name, clean_tags
from bot.values.time_range import TimeRange
from bot.values.video import MediaPart, WantedFile

_PARTS: Mapping[FileKind, MediaPart] = {
    FileKind.CLIP: MediaPart.CLIP,
    FileKind.STILL: MediaPart.PICTURE,
    FileKind.REFERENCE: MediaPart.CLIP,
    FileKind.VOICE: MediaPart.VOICE,
}
_MOST_OF = {FileKind.CLIP: 1, FileKind.STILL: limits.IMPORT_STILLS, FileKind.REFERENCE: 1, FileKind.VOICE: 1}
# Any one of these is enough to show somebody to a model; a voice alone is not.
_SHOWS = frozenset({FileKind.CLIP, FileKind.STILL, FileKind.REFERENCE})

_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
_LARGEST_ID = 2**63

CheckedFiles: TypeAlias = Mapping[tuple[str, MediaPart], IncomingFile | None]


@dataclass(frozen=True, slots=True)
class _Named:
    """A character's file that is in this part, or ``elsewhere``: in another one."""

    exported: ExportedFile
    part: MediaPart
    kind: FileKind | None = None
    filled: float | None = None
    elsewhere: int | None = None

    @property
    def key(self) -> tuple[str, MediaPart]:
        return self.exported.file, self.part


def _files(character: ExportedCharacter, head: CastDocument) -> list[_Named]:
    """The files that are accepted: the picture, and of each kind no more than a character has."""
    found = [] if character.picture is None else [_named(character.picture, MediaPart.PICTURE, head)]
    left = dict(_MOST_OF)
    for each in character.reference_set:
        if left[each.kind]:
            left[each.kind] -= 1
            found.append(_named(each, _PARTS[each.kind], head))
    return found


def _named(exported: ExportedFile, part: MediaPart, head: CastDocument) -> _Named:
    elsewhere = exported.part if exported.part is not None and exported.part != head.part else None
    if isinstance(exported, ExportedReferenceFile):
        return _Named(exported, part, exported.kind, exported.filled_seconds, elsewhere)
    return _Named(exported, part, elsewhere=elsewhere)


def wanted_files(
    exported: Sequence[ExportedCharacter | None], head: CastDocument, *, own: bool
) -> dict[tuple[str, MediaPart], WantedFile]:
    """The files of this part to check, and as which part of a character. ``own``: they are accepted unchanged."""
    return {
        each.key: WantedFile(path=each.exported.file, part=each.part, sha256=each.exported.sha256, kept=own)
        for character in exported
        if character is not None
        for each in _files(character, head)
        if each.elsewhere is None and each.exported.left_out is None
    }


def import_plan(
    exported: Sequence[ExportedCharacter | None],
    head: CastDocument,
    checked: CheckedFiles,
    *,
    own: bool,
    now: datetime,
    room: int | None,
    beyond: int,
) -> ImportPlan:
    """Who is imported, with files of at most ``room`` bytes in all, and who is not and why.

    ``own``: import what a model made of them, too. ``beyond``: how many characters were not even read.
    """
    incoming: list[IncomingCharacter] = []
    left_out: list[LeftOut] = []
    sizes: dict[str, int] = {}
    size = 0
    for each in exported:
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


def without(plan: ImportPlan, refused: set[int], hashes: set[str]) -> ImportPlan:
    """The plan without the characters whose person has said no, to them or to a file with one of these hashes."""
    out = [each for each in plan.characters if each.was in refused or not hashes.isdisjoint(each.hashes)]
    kept = tuple(each for each in plan.characters if each not in out)
    told = tuple(LeftOut(name=each.name, why=_REFUSED) for each in out)
    return replace(plan, characters=kept, left_out=(*plan.left_out, *told)) if out else plan


def _its_files(character: IncomingCharacter) -> list[IncomingFile]:
    picture = [] if character.picture is None else [character.picture]
    return [*picture, *(each.file for each in character.reference_set)]


def _incoming(
    exported: ExportedCharacter, head: CastDocument, checked: CheckedFiles, *, own: bool, now: datetime
) -> IncomingCharacter | LeftOut:
    name = clean_name(exported.name) or clean_name(exported.name_at_toapis) or "Character"
    files = _files(exported, head)
    kept = [
        IncomingReference(kind=each.kind, file=file, filled=each.filled)
        for each in files
        if each.kind is not None and each.elsewhere is None and (file := checked.get(each.key)) is not None
    ]
    picture = next((checked.get(each.key) for each in files if each.kind is None and each.elsewhere is None), None)
    still = next((each.file for each in kept if each.kind is FileKind.STILL), None)
    with_model = own and bool(exported.model)
    if not with_model and not any(each.kind in _SHOWS for each in kept):
        elsewhere = next((each.elsewhere for each in files if each.elsewhere is not None), None)
        return LeftOut(name=name, why=_NO_FILES if elsewhere is None else _elsewhere(elsewhere))
    seconds = _range(exported, kept)
    if seconds is None:
        return LeftOut(name=name, why=_ENTRY)
    character = IncomingCharacter(
        name=name,
        range=seconds,
        picture=picture or still,
        picture_is_still=exported.picture_is_a_still_of_the_clip if picture is not None else still is not None,
        reference_set=tuple(kept),
        note=_clean_note(exported.note),
        tags=clean_tags(",".join(exported.tags)),
        groups=_groups(exported, head),
        made_at=_instant(exported.made_at or now, now),
        last_used_at=exported.last_used_at and _instant(exported.last_used_at, now),
        uses=exported.uses,
        lost=len(files) - len(kept) - (picture is not None),
        without_model=bool(exported.model) and not own,
        task_id=exported.task_id if own else "",
        was=exported.id if own else None,
        plays_in=_plays_in(exported, head) if own else (),
    )
    if not with_model:
        return character
    return replace(
        character,
        display_name=clean_name(exported.name_at_toapis),
        username=(exported.username or "").removeprefix("@"),
        provider_id=exported.character_id_at_toapis,
        model=exported.model,
    )


def _groups(exported: ExportedCharacter, head: CastDocument) -> tuple[str, ...]:
    names = [clean_name(group.name) for group in head.groups if exported.id in group.characters]
    return tuple(name for name in names if name)


def _plays_in(exported: ExportedCharacter, head: CastDocument) -> tuple[int | None, ...]:
    servers = [each.server_id for each in head.default_characters if each.character_id == exported.id]
    return tuple(None if each is None else int(each) for each in servers if each is None or int(each) < _LARGEST_ID)


def _instant(exported: datetime, now: datetime) -> datetime:
    """Not later than now, and not before Discord existed: other instants cannot be shown in every time zone."""
    return min(max(exported, _EARLIEST), now)


def _clean_note(exported: str) -> str:
    """The note without invisible characters, cut to the length of a typed one."""
    lines = ("".join(char for char in line if char.isprintable()).rstrip() for line in exported.splitlines())
    return "\n".join(lines).strip()[: limits.NOTE_LENGTH]


def _range(exported: ExportedCharacter, kept: Sequence[IncomingReference]) -> TimeRange | None:
    """The seconds it was made from; if they are unknown, those of its clip."""
    try:
        return TimeRange(Decimal(exported.range.start), Decimal(exported.range.end))
    except (BadRange, InvalidOperation):
        clip = next((each.file.seconds for each in kept if each.kind is FileKind.CLIP), None)
    if clip is None:
        return None
    seconds = min(max(Decimal(str(clip)), limits.RANGE_SHORTEST), limits.RANGE_LONGEST)
    return TimeRange(Decimal(0), seconds)


_ENTRY = text("I can't read this character's entry in castbook.json.")
_NO_FILES = text("None of this character's files can be used, and no model works without them.")
_REFUSED = text("The person shown said no when you asked.")
_NO_ROOM = text("There is no room left for this character's files.")


def _elsewhere(part: int) -> Text:
    return text("This character's files are in part {part} of the export. Import that part, too.", part=part)
