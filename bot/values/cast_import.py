"""The plan of an import into a cast, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.texts import Text
from bot.values.character import CLIPS, FileKind
from bot.values.time_range import TimeRange


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingFile:
    """A checked file. ``path`` within the work folder; sizes in bytes, pixels and seconds."""

    path: str
    sha256: str
    mime: str
    size: int
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingReference:
    """A file of a reference set."""

    kind: FileKind
    file: IncomingFile
    filled: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingCharacter:
    """A character to import; without ``model`` it consists of its reference set alone.

    ``was``: its earlier id in this Castbook, if the same person exported it here. ``groups`` are the names of its
    groups; ``plays_in`` the servers in which it plays if nobody is named, ``None`` outside all servers. ``lost``: how
    many of its files cannot be used. ``without_model``: a model had made it elsewhere, and that is not imported.
    """

    name: str
    was: int | None = None
    display_name: str = ""
    username: str = field(default="", repr=False)
    provider_id: str = ""
    task_id: str = ""
    model: str = ""
    range: TimeRange
    picture: IncomingFile | None = None
    picture_is_still: bool = False
    reference_set: tuple[IncomingReference, ...] = ()
    note: str = ""
    tags: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    plays_in: tuple[int | None, ...] = ()
    made_at: datetime
    last_used_at: datetime | None = None
    uses: int = 0
    lost: int = 0
    without_model: bool = False

    @property
    def hashes(self) -> frozenset[str]:
        """The SHA-256 of its clips."""
        return frozenset(each.file.sha256 for each in self.reference_set if each.kind in CLIPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A character that is not imported, and why."""

    name: str
    why: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """What would be imported. ``own``: this Castbook wrote it for the person who imports it.

    ``beyond``: how many characters exceed the limit of one import. ``asks_consent``: whether the person has to confirm
    that they may use these faces. ``size`` in bytes.
    """

    own: bool
    asks_consent: bool
    characters: tuple[IncomingCharacter, ...]
    left_out: tuple[LeftOut, ...]
    beyond: int
    size: int
