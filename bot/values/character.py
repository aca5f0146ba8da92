"""A character of somebody's cast, and the rules for its name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.limits import NAME_LENGTH, NOTE_LENGTH, TAG_LENGTH, TAGS
from bot.values.files import StoredFile
from bot.values.source import PORTABLE_ID
from bot.values.time_range import TimeRange

# These reorder the text around them; joiners (the rest of category Cf) are needed by real scripts and emoji.
BIDI_CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Invisible, and needed by no script: two names would differ and look the same.
_INVISIBLE = "\u00ad\u115f\u1160\u200b\u2060\u2061\u2062\u2063\u2064\u2800\ufeff"
_FORBIDDEN = frozenset(BIDI_CONTROLS + _INVISIBLE)
# Unassigned characters (Cn) are allowed, because emoji newer than this Python are among them.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})
_UNSEEN_ALONE = frozenset({"Cf", "Mn", "Me"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCharacter:
    """A character as the provider reports it (status answer, ``result.data.characters[]``)."""

    id: str
    display_name: str
    username: str = field(repr=False)  # works like a key at the provider: for the owner only
    picture_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """One member of a person's cast. ``picture_is_still``: there is no picture from the provider.

    ``task_id`` is the reusable ID: the provider's, or :func:`portable_id` if no provider has made it. ``model`` made
    it; it is empty otherwise, as are ``username`` and ``provider_id``. ``note`` and ``tags`` are its owner's; ``uses``
    counts the videos that were requested with it.
    """

    id: int
    owner_id: int
    name: str
    display_name: str
    username: str = field(repr=False)
    provider_id: str
    task_id: str
    model: str
    range: TimeRange
    picture: StoredFile | None
    picture_is_still: bool = False
    created_at: datetime
    last_used_at: datetime | None
    note: str = ""
    tags: tuple[str, ...] = ()
    uses: int = 0

    @property
    def portable(self) -> bool:
        """Whether no provider has made it: it consists of its reference set, for models that accept references."""
        return not self.model


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterGroup:
    """A group of a person's characters; a character may be in many. ``size``: how many are in it."""

    id: int
    name: str
    created_at: datetime
    size: int


def portable_id(job_id: str) -> str:
    """The reusable ID of a character that the job made here, without a provider."""
    return f"{PORTABLE_ID}{job_id}"


class FileKind(StrEnum):
    """The kind of a file in a character's reference set, by which any model that accepts references can show it."""

    CLIP = "clip"  # the chosen seconds
    STILL = "still"  # a picture from the clip; best first
    REFERENCE = "reference"  # 3 to 5 seconds around the chosen ones
    VOICE = "voice"  # 3 to 10 seconds in which it speaks


CLIPS = frozenset({FileKind.CLIP, FileKind.REFERENCE})
"""The kinds that identify a video: a still, or a silence, may be the same in several videos."""


@dataclass(frozen=True, slots=True)
class CharacterFile:
    """One file of a character's reference set: its size in pixels, or its length in seconds, if known.

    In its last ``filled`` seconds the source's last picture is held, or there is silence.
    """

    kind: FileKind
    file: StoredFile
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    filled: float | None = None


NAMELESS: Final = "Character"
"""The name of a character until somebody names it; further ones are numbered."""


def clean_name(raw: str) -> str:
    """Normalise a typed name: NFKC, no control or bidi characters, single spaces, at most 32 characters.

    Returns an empty string if nothing visible is left; the caller decides what to do then.
    """
    normal = unicodedata.normalize("NFKC", raw)
    kept = "".join(char for char in normal if char.isspace() or _allowed(char))
    # Once more: characters on both sides of a removed one may now compose.
    name = unicodedata.normalize("NFKC", " ".join(kept.split()))[:NAME_LENGTH].strip()
    seen = any(unicodedata.category(char) not in _UNSEEN_ALONE for char in name)
    return name if seen else ""


def _allowed(char: str) -> bool:
    if char in _FORBIDDEN or unicodedata.category(char) in _FORBIDDEN_CATEGORIES:
        return False
    noncharacter = 0xFDD0 <= ord(char) <= 0xFDEF or ord(char) & 0xFFFE == 0xFFFE
    return not noncharacter


def name_key(name: str) -> str:
    """The key by which names are compared, ignoring case and compatibility forms."""
    # Folding may decompose letters, so they are composed again at the end.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def clean_note(typed: str) -> str:
    """The note without control and bidi characters, but with its line breaks; at most
    :data:`bot.limits.NOTE_LENGTH`.
    """
    normal = unicodedata.normalize("NFC", typed.replace("\r\n", "\n"))
    return "".join(char for char in normal if char == "\n" or _allowed(char))[:NOTE_LENGTH].strip()


def clean_tags(typed: str) -> tuple[str, ...]:
    """The comma-separated tags, each once, in their first spelling.

    They are cleaned like names; a leading "#" is removed. At most :data:`bot.limits.TAGS` of them.
    """
    found: dict[str, str] = {}
    for each in re.split(r"[,،、，;\n]", typed):
        tag = clean_name(each).lstrip("# ")[:TAG_LENGTH]
        if tag:
            found.setdefault(name_key(tag), tag)
    return tuple(found.values())[:TAGS]


def is_numbered(name: str, wanted: str) -> bool:
    """Whether ``name`` is ``wanted`` with a number after it, because that was taken."""
    number = name.rpartition(" ")[2]
    return name != wanted and number.isdecimal() and int(number) > 1 and name == numbered(wanted, int(number))


def numbered(name: str, number: int) -> str:
    """``name`` with " 2", " 3" … at its end, cut so that the whole still fits."""
    suffix = f" {number}"
    return name[: NAME_LENGTH - len(suffix)].rstrip() + suffix
