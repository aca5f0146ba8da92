"""How an export describes a character, and how its files are named in the zip."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from pydantic import ValidationError

from bot.jobs.cast_document import ExportedCharacter, sealed_words
from bot.store.default_characters import DefaultCharacter
from bot.values.character import Character, CharacterFile, CharacterGroup, FileKind
from bot.values.files import StoredFile, ending

ENTRY = 200  # bytes of a zip entry besides its content and, twice, its name
SLACK = 64 * 1024  # bytes of a part that the final document may be larger than the measured one

SayFile: TypeAlias = Callable[[StoredFile], dict[str, Any]]
Seal: TypeAlias = Callable[[bytes], str]
"""Signs :func:`~bot.jobs.cast_document.sealed_words`."""

_NAMES = {FileKind.CLIP: "clip", FileKind.REFERENCE: "reference clip", FileKind.VOICE: "voice"}


def character_entry(character: Character, its: Sequence[CharacterFile], say_file: SayFile) -> dict[str, Any]:
    """A character as JSON, to be parsed as :class:`~bot.jobs.cast_document.ExportedCharacter`."""
    return {
        "id": character.id,
        "name": character.name,
        "name_at_toapis": character.display_name,
        "username": f"@{character.username.removeprefix('@')}" if character.username else None,
        "task_id": character.task_id,
        "character_id_at_toapis": character.provider_id,
        "model": character.model,
        "range": {"start": str(character.range.start), "end": str(character.range.end)},
        "note": character.note,
        "tags": list(character.tags),
        "made_at": instant(character.created_at),
        "last_used_at": instant(character.last_used_at),
        "uses": character.uses,
        "picture": character.picture and say_file(character.picture),
        "picture_is_a_still_of_the_clip": character.picture_is_still,
        "reference_set": [_about(each) | say_file(each.file) for each in its],
    }


def sealed(owner_id: int, characters: Sequence[dict[str, Any]], seal: Seal) -> str:
    """The seal for ``characters`` as the document has them; empty if an import could not read one of them."""
    try:
        exported = [ExportedCharacter.model_validate(each) for each in characters]
    except ValidationError:
        return ""
    return seal(sealed_words(owner_id, exported))


def _about(file: CharacterFile) -> dict[str, Any]:
    filled = {} if file.filled is None else {"filled_seconds": file.filled}
    return {"is": file.kind.value} | filled


def group_entry(group: CharacterGroup, members: Sequence[int]) -> dict[str, Any]:
    """A group as JSON, with the ids of its characters."""
    return {"name": group.name, "made_at": instant(group.created_at), "characters": list(members)}


def default_entry(default: DefaultCharacter) -> dict[str, Any]:
    """The default character of a server as JSON; no server: outside all servers."""
    server = None if default.guild_id is None else str(default.guild_id)
    return {"server_id": server, "character_id": default.character_id}


def folder_of(number: int, character: Character) -> str:
    """The folder for the files of the character with this number in the export."""
    return f"characters/{number:02} {safe_name(character.name)}"


def named_files(
    folder: str, character: Character, its: Sequence[CharacterFile]
) -> Iterator[tuple[str, StoredFile, datetime]]:
    """Each file of the character with its name in the zip and its timestamp."""
    if character.picture is not None:
        yield f"{folder}/picture.{ending(character.picture.mime)}", character.picture, character.created_at
    stills = 0
    for each in its:
        name = _NAMES.get(each.kind, "")
        if each.kind is FileKind.STILL:
            stills += 1
            name = f"still {stills}"
        yield f"{folder}/{name}.{ending(each.file.mime)}", each.file, character.created_at


def file_entry(name: str, file: StoredFile, part: int | None) -> dict[str, Any]:
    """A file as JSON."""
    return {"file": name, "part": part, "type": file.mime, "bytes": file.size, "sha256": file.sha256}


def room_of(name: str, file: StoredFile) -> int:
    """How many bytes the file takes in the zip under that name."""
    return file.size + 2 * len(name.encode()) + ENTRY


def safe_name(name: str) -> str:
    """``name`` as a path component that every system accepts: letters and digits of any script, spaces, dashes."""
    kept = "".join(char if unicodedata.category(char)[0] in "LMN" or char in " -" else "_" for char in name)
    return re.sub("_+", "_", kept).strip(" _-") or "character"


def instant(at: datetime | None) -> str | None:
    """An instant as JSON."""
    return None if at is None else at.isoformat()
