"""Queries of the drafts table: what was given and not begun with yet, so that a restart does not lose it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import structlog
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import RowMapping, Select, delete, insert, select

from bot.store.database import Database
from bot.store.tables import drafts
from bot.values.job import VideoRequest
from bot.values.source import Attachment

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsentVideo:
    """A video as requested, before its job exists. ``private`` as in a command: ``None`` where not given.

    ``unknown``: names that were given for its cast, and that nobody in it has.
    """

    kind: Literal["unsent_video"] = "unsent_video"
    request: VideoRequest
    private: bool | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsentImport:
    """An archive that was looked at, and of which so many ``characters`` would come in, with ``size`` bytes of files.

    They lie in the work folder that has the draft's id.
    """

    kind: Literal["unsent_import"] = "unsent_import"
    characters: int
    size: int


DraftContent: TypeAlias = Attachment | UnsentVideo | UnsentImport
_CONTENT: TypeAdapter[DraftContent] = TypeAdapter(Annotated[DraftContent, Field(discriminator="kind")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A command that is not complete: its form is not sent yet, or its owner was asked something about it."""

    id: str
    owner_id: int
    content: DraftContent
    created_at: datetime


class DraftStore:
    """The drafts table. Another person's draft is an unknown one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, draft: Draft) -> None:
        """Keep a draft."""
        row = insert(drafts).values(
            id=draft.id,
            owner_id=draft.owner_id,
            content=content_json(draft.content),
            created_at=draft.created_at,
        )
        async with self._database.write(alone=False) as connection:  # a new row
            await connection.execute(row)

    async def get(self, owner_id: int, draft_id: str) -> Draft | None:
        """The owner's draft, which stays."""
        async with self._database.read() as connection:
            row = (await connection.execute(_owned(owner_id, draft_id))).mappings().one_or_none()
        return None if row is None else to_draft(row)

    async def take(self, owner_id: int, draft_id: str) -> Draft | None:
        """The owner's draft, which is gone with that."""
        taken = delete(drafts).where(drafts.c.owner_id == owner_id, drafts.c.id == draft_id).returning(*drafts.c)
        async with self._database.write(alone=False) as connection:  # one row: who deletes it has it
            row = (await connection.execute(taken)).mappings().one_or_none()
        return None if row is None else to_draft(row)

    async def known(self, ids: Collection[str]) -> set[str]:
        """Those of ``ids`` that are drafts of anybody's."""
        query = select(drafts.c.id).where(drafts.c.id.in_(ids))
        async with self._database.read() as connection:
            return set((await connection.scalars(query)).all())

    async def sweep(self, before: datetime) -> int:
        """Forget drafts made before ``before``; returns how many there were."""
        async with self._database.write() as connection:
            return (await connection.execute(delete(drafts).where(drafts.c.created_at < before))).rowcount


def _owned(owner_id: int, draft_id: str) -> Select[tuple[object, ...]]:
    return select(drafts).where(drafts.c.owner_id == owner_id, drafts.c.id == draft_id)


def content_json(content: DraftContent) -> str:
    """The content as its column holds it."""
    return _CONTENT.dump_json(content).decode()


def to_draft(row: RowMapping) -> Draft | None:
    """Read a row; ``None``, and a line in the log, where this version cannot."""
    try:
        content = _CONTENT.validate_json(row["content"])
    except ValidationError:
        _log.error("row_unreadable", draft=row["id"])  # not with the error: it quotes the signed URL
        return None
    return Draft(id=row["id"], owner_id=row["owner_id"], content=content, created_at=row["created_at"])
