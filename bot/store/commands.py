"""Queries of the commands registered at Discord: which set is registered, and under which ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import delete, insert, select

from bot.store.database import Database
from bot.store.tables import command_sync

_GLOBAL = "global"
_IDS = TypeAdapter(dict[str, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSync:
    """The last set of commands that Discord accepted: a hash of what was sent, and the id of each by name."""

    hash: str
    ids: Mapping[str, int]


class CommandStore:
    """Remembers the last synchronisation, so that an unchanged set is not sent at every start."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> CommandSync | None:
        """The last synchronisation; ``None``: the commands have to be sent."""
        async with self._database.read_at_once() as connection:
            query = select(command_sync.c.hash, command_sync.c.ids).where(command_sync.c.what == _GLOBAL)
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        try:
            return CommandSync(hash=row.hash, ids=_IDS.validate_json(row.ids))
        except ValidationError:
            return None

    async def save(self, sync: CommandSync) -> None:
        """Record what Discord accepted."""
        ids = _IDS.dump_json(dict(sync.ids)).decode()
        async with self._database.write() as connection:
            await connection.execute(delete(command_sync).where(command_sync.c.what == _GLOBAL))
            await connection.execute(insert(command_sync).values(what=_GLOBAL, hash=sync.hash, ids=ids))
