"""Queries of the drafts table: input for jobs that have not started yet, so that a restart does not lose it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import structlog
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import RowMapping, Select, delete, insert, select

from bot.store.database import Database
from bot.store.row_locks import free
from bot.store.tables import drafts
from bot.store.write_locks import NO_LOCK
from bot.values.job import VideoRequest
from bot.values.source import Attachment

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsentVideo:
    """A video as requested, before its job exists. ``private`` as in a command: ``None`` if not given.

    ``unknown``: names given for its cast that nobody in the cast has.
    """

    kind: Literal["unsent_video"] = "unsent_video"
    request: VideoRequest
    private: bool | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsentImport:
    """A checked archive from which ``characters`` characters would be imported, with files of ``size`` bytes.

    The files are in the work folder that has the draft's id.
    """

    kind: Literal["unsent_import"] = "unsent_import"
    characters: int
    size: int


DraftContent: TypeAlias = Attachment | UnsentVideo | UnsentImport
_CONTENT: TypeAdapter[DraftContent] = TypeAdapter(Annotated[DraftContent, Field(discriminator="kind")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An incomplete command: its form is not submitted yet, or its owner was asked something about it."""

    id: str
    owner_id: int
    content: DraftContent
    created_at: datetime


class DraftStore:
    """The drafts table. Another person's draft counts as unknown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, draft: Draft) -> None:
        """Store a draft."""
        row = insert(drafts).values(
            id=draft.id,
            owner_id=draft.owner_id,
            content=content_json(draft.content),
            created_at=draft.created_at,
        )
        async with self._database.write(locks=NO_LOCK) as connection:  # a new row
            await connection.execute(row)

    async def get(self, owner_id: int, draft_id: str) -> Draft | None:
        """The owner's draft, which is kept."""
        async with self._database.read_at_once() as connection:
            row = (await connection.execute(_owned(owner_id, draft_id))).mappings().one_or_none()
        return None if row is None else to_draft(row)

    async def take(self, owner_id: int, draft_id: str) -> Draft | None:
        """The owner's draft, which is deleted."""
        taken = delete(drafts).where(drafts.c.owner_id == owner_id, drafts.c.id == draft_id).returning(*drafts.c)
        async with self._database.write(locks=NO_LOCK) as connection:  # one row: only one caller can delete it
            row = (await connection.execute(taken)).mappings().one_or_none()
        return None if row is None else to_draft(row)

    async def known(self, ids: Collection[str]) -> set[str]:
        """Those of ``ids`` that are anybody's drafts."""
        query = select(drafts.c.id).where(drafts.c.id.in_(ids))
        async with self._database.read_at_once() as connection:
            return set((await connection.scalars(query)).all())

    async def sweep(self, before: datetime) -> int:
        """Delete drafts made before ``before``; returns how many there were."""
        async with self._database.write(locks=NO_LOCK) as connection:
            old = await free(connection, drafts, drafts.c.created_at < before)
            return (await connection.execute(delete(drafts).where(old))).rowcount


def _owned(owner_id: int, draft_id: str) -> Select[tuple[object, ...]]:
    return select(drafts).where(drafts.c.owner_id == owner_id, drafts.c.id == draft_id)


def content_json(content: DraftContent) -> str:
    """The content as stored in its column."""
    return _CONTENT.dump_json(content).decode()


def to_draft(row: RowMapping) -> Draft | None:
    """Read a row; ``None``, with a log entry, if this version cannot."""
    try:
        content = _CONTENT.validate_json(row["content"])
    except ValidationError:
        _log.error("row_unreadable", draft=row["id"])  # without the error, which quotes the signed URL
        return None
    return Draft(id=row["id"], owner_id=row["owner_id"], content=content, created_at=row["created_at"])
