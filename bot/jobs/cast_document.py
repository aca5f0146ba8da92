"""The schema of castbook.json in an export: what it says about each character, and the seal that proves who wrote it.

The JSON Schema in ``docs/`` is generated from these models (``make docs``), and imports are parsed with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot import limits
from bot.values.character import FileKind

NAME: Final = "castbook.json"
FORMAT: Final = "castbook"
VERSION: Final = 1
"""Increased when an older Castbook can no longer read what a newer one writes; added fields alone do not count."""

_Id = Annotated[str, Field(max_length=limits.PROVIDER_ID_LENGTH)]
_Words = Annotated[str, Field(max_length=limits.PROVIDER_TEXT_LENGTH)]


class _Said(BaseModel):
    # Newer versions may add fields. An error never quotes the input, because it contains keys.
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class ExportedFile(_Said):
    """A file: its path in the zip, and its type."""

    file: str = Field(max_length=200, description="Its path in the zip, with / between folders.")
    part: int | None = Field(None, ge=1, description="Of an export in several parts: the part it is in; null: in none.")
    type: str = Field("", max_length=100, description="Its media type.")
    bytes: int = Field(0, ge=0, description="Its size.")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="What its content hashes to.")
    left_out: str | None = Field(None, max_length=1000, description="Why it is in no part, in words.")


class ExportedReferenceFile(ExportedFile):
    """A file of a reference set."""

    kind: FileKind = Field(
        alias="is",
        description="clip: the chosen seconds; still: a picture of them; reference: 3 to 5 seconds about them; voice.",
    )
    filled_seconds: float | None = Field(
        None, ge=0, le=60, description="Seconds at its end for which its last picture stays, or it is silent."
    )


class ExportedRange(_Said):
    """The seconds of the video that the character was made from, in decimal digits."""

    start: str = Field(max_length=32)
    end: str = Field(max_length=32)


class ExportedCharacter(_Said):
    """A character, with everything needed to recreate it elsewhere."""

    id: int = Field(0, description="Its number in the Castbook that wrote this.")
    name: str = Field(max_length=200, description="What its owner calls it.")
    name_at_toapis: _Words = Field("", description="What the provider calls it; empty: no provider has made it.")
    username: _Words | None = Field(None, description="With an @, as prompts have it. Works like a key.")
    task_id: _Id = Field("", description="The reusable ID. Works like a key.")
    character_id_at_toapis: _Id = ""
    model: _Words = Field("", description="What made it; empty: it lives by its reference set alone.")
    range: ExportedRange
    note: str = Field("", max_length=4000, description="Its owner's own words about it.")
    tags: tuple[_Words, ...] = Field((), max_length=100)
    made_at: AwareDatetime | None = None
    last_used_at: AwareDatetime | None = None
    uses: int = Field(0, ge=0, le=2**31 - 1, description="How many videos were asked for with it.")
    picture: ExportedFile | None = None
    picture_is_a_still_of_the_clip: bool = False
    reference_set: tuple[ExportedReferenceFile, ...] = Field(
        (), max_length=64, description="The best stills come first."
    )


class ExportedGroup(_Said):
    """A group of characters."""

    name: str = Field(max_length=200)
    characters: tuple[int, ...] = Field((), max_length=limits.IMPORT_CHARACTERS, description="Their ids.")


class ExportedDefault(_Said):
    """Who plays in videos if nobody is named. An import restores it for its exporter unless they have one there."""

    server_id: str | None = Field(None, pattern=r"^\d{1,20}$", description="null: outside of all servers.")
    character_id: int


class CastDocument(_Said):
    """What an import reads of castbook.json. A /privacy export contains this and everything else that is stored."""

    format: Literal["castbook"] = Field("castbook", description="Always the same.")
    version: int = Field(VERSION, ge=1, description="Of this format.")
    made_at: datetime | None = Field(None, description="When it was exported.")
    part: int = Field(1, ge=1, description="Of an export in several parts, which this is.")
    parts: int = Field(1, ge=1)
    seal: str = Field("", max_length=64, description="By which the Castbook that wrote this knows it again.")
    characters: tuple[ExportedCharacter, ...] = ()
    groups: tuple[ExportedGroup, ...] = Field((), max_length=1000)
    default_characters: tuple[ExportedDefault, ...] = Field((), max_length=1000)


def sealed_words(owner_id: int, characters: Iterable[ExportedCharacter]) -> bytes:
    """The text that is signed: whose export it is, and every character with its keys and the hashes of its files.

    A field that older versions did not know is left out while it is empty, so that old seals stay valid.
    """
    lines = (each.model_dump_json(by_alias=True, exclude_defaults=True) for each in characters)
    return "\n".join([str(owner_id), *lines]).encode()
