"""Queries of the drafts table: attachments kept while their form is open, so that a restart does not lose them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import RowMapping, delete, insert

from bot.store.database import Database
from bot.store.tables import drafts
from bot.values.source import Attachment

_log = structlog.get_logger(__name__)
_ATTACHMENT = TypeAdapter(Attachment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Half a command: the video is chosen, the form is not sent yet."""

    id: str
    owner_id: int
    attachment: Attachment
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
            attachment=_ATTACHMENT.dump_json(draft.attachment).decode(),
            created_at=draft.created_at,
        )
        async with self._database.write() as connection:
            await connection.execute(row)

    async def take(self, owner_id: int, draft_id: str) -> Draft | None:
        """The owner's draft, which is gone with that."""
        taken = delete(drafts).where(drafts.c.owner_id == owner_id, drafts.c.id == draft_id).returning(*drafts.c)
        async with self._database.write() as connection:
            row = (await connection.execute(taken)).mappings().one_or_none()
        return None if row is None else to_draft(row)

    async def sweep(self, before: datetime) -> int:
        """Forget drafts made before ``before``; returns how many there were."""
        async with self._database.write() as connection:
            return (await connection.execute(delete(drafts).where(drafts.c.created_at < before))).rowcount


def to_draft(row: RowMapping) -> Draft | None:
    """Read a row; ``None``, and a line in the log, where this version cannot."""
    try:
        attachment = _ATTACHMENT.validate_json(row["attachment"])
    except ValidationError:
        _log.error("row_unreadable", draft=row["id"])  # not with the error: it quotes the signed URL
        return None
    return Draft(id=row["id"], owner_id=row["owner_id"], attachment=attachment, created_at=row["created_at"])
