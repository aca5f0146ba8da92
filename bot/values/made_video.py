"""A video that somebody made with their cast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.values.files import StoredFile
from bot.values.requests import CastRole


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeVideo:
    """One video of a person. ``file`` is as the provider made it; ``poster`` is one picture of it, if there is one.

    ``prompt`` is as it was typed, ``roles`` are those who play in it, under the names that they had then. A video that
    was not examined has no ``seconds`` and no size in pixels.
    """

    id: int
    owner_id: int
    job_id: str
    prompt: str
    model: str
    roles: tuple[CastRole, ...]
    file: StoredFile
    poster: StoredFile | None
    seconds: float | None
    width: int | None
    height: int | None
    created_at: datetime
