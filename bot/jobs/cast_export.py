"""Plans the export of a cast, or a selection of it, as one or more zips."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot import limits
from bot.jobs.cast_document import FORMAT, VERSION
from bot.jobs.character_export import (
    SLACK,
    Seal,
    character_entry,
    default_entry,
    file_entry,
    folder_of,
    group_entry,
    named_files,
    room_of,
    sealed,
)
from bot.store.export_archive import Member
from bot.store.portable_casts import CastMember, ExportedCast
from bot.texts import Text, render, text
from bot.values.files import StoredFile

_TOO_LARGE = text("This file is larger than Discord allows here.")
_MISSING = text("This file is missing from the file store.")
_ABOUT = text(
    "Characters of a Castbook, with their files, which lie beside this one. /character import takes this zip. Times "
    "are in UTC, ranges in seconds, sizes in bytes. Keep it to yourself: the usernames and task IDs in it work like "
    "keys."
)


@dataclass(frozen=True, slots=True)
class _Packed:
    """A character in a part, and the name of each of its files there; empty: left out."""

    its: CastMember
    names: dict[str, str]  # by the file's key


@dataclass(slots=True)
class _Part:
    room: int
    packed: list[_Packed] = field(default_factory=list)


class CastExport:
    """The plan of an export in as many zips as it needs, each of ``limit`` bytes at most (``None``: any size).

    Each part can be imported by itself: a character is in exactly one of them, with all its files. Building it for many
    characters takes a moment: do it in a thread.
    """

    def __init__(
        self, owner_id: int, cast: ExportedCast, *, now: datetime, limit: int | None, locale: str, seal: Seal
    ) -> None:
        self._owner_id = owner_id
        self._cast = cast
        self._now = now
        self._locale = locale
        self._seal = seal
        self._parts: list[_Part] = []
        self.left_out = 0
        """How many files fit into no part."""
        self._pack(cast.members, limit)

    @property
    def parts(self) -> int:
        """How many zips there are."""
        return len(self._parts)

    def _pack(self, cast: Sequence[CastMember], limit: int | None) -> None:
        for its in cast:
            number = len(self._parts[-1].packed) + 1 if self._parts else 1
            entry_bytes = len(
                json.dumps(self._character(_Packed(its, {}), 1, frozenset()), ensure_ascii=False).encode()
            )
            files = list(_named(number, its))
            wanted = entry_bytes + sum(room_of(name, file) for name, file in files)
            if not self._parts or number > limits.EXPORT_CHARACTERS or wanted > self._parts[-1].room:
                self._parts.append(_Part(limits.IMPORT_ARCHIVE_BYTES - SLACK if limit is None else limit - SLACK))
                files = list(_named(1, its))
            part, names = self._parts[-1], dict[str, str]()
            part.room -= entry_bytes
            for name, file in files:
                if (cost := room_of(name, file)) <= part.room:
                    part.room -= cost
                    names[file.key] = name
                else:
                    self.left_out += 1
            part.packed.append(_Packed(its, names))

    def characters(self, part: int) -> int:
        """How many are in ``part``."""
        return len(self._parts[part - 1].packed)

    def members(self, part: int) -> list[Member]:
        """The files of ``part``, counted from 1."""
        return [
            Member(name, key, packed.its.character.created_at)
            for packed in self._parts[part - 1].packed
            for key, name in packed.names.items()
        ]

    def document(self, part: int, missing: frozenset[str] = frozenset()) -> bytes:
        """castbook.json for ``part``; ``missing`` are the keys of files that were not found for it."""
        characters = [self._character(each, part, missing) for each in self._parts[part - 1].packed]

        def here(ids: Sequence[int]) -> list[int]:
            return [each for each in ids if each in in_part]

        in_part = {each.its.character.id for each in self._parts[part - 1].packed}
        document = {
            "about": render(_ABOUT, self._locale),
            "format": FORMAT,
            "version": VERSION,
            "made_at": self._now.isoformat(),
            "part": part,
            "parts": self.parts,
            "characters": characters,
            "seal": sealed(self._owner_id, characters, self._seal),
            "groups": [group_entry(group, ids) for group, members in self._cast.groups if (ids := here(members))],
            "default_characters": [default_entry(each) for each in self._cast.defaults if here((each.character_id,))],
        }
        return json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")

    def _character(self, packed: _Packed, part: int, missing: frozenset[str]) -> dict[str, Any]:
        def say(file: StoredFile) -> dict[str, Any]:
            name = packed.names.get(file.key)
            if name is None:
                return file_entry("", file, None) | {"left_out": self._say(_TOO_LARGE)}
            document = file_entry(name, file, part)
            return document | {"left_out": self._say(_MISSING)} if file.key in missing else document

        return character_entry(packed.its.character, packed.its.reference_set, say)

    def _say(self, message: Text) -> str:
        return render(message, self._locale)


def _named(number: int, its: CastMember) -> Iterator[tuple[str, StoredFile]]:
    """Each file of a character once."""
    known: set[str] = set()
    for name, file, _ in named_files(folder_of(number, its.character), its.character, its.reference_set):
        if file.key not in known:
            known.add(file.key)
            yield name, file
