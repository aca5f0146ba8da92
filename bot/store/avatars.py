"""Queries of the private avatars: which characters' pictures the provider has as assets. It keeps only a few."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update

from bot.store.database import Database
from bot.store.provider_tables import avatar_groups, avatars
from bot.store.tables import characters
from bot.store.write_locks import NO_LOCK, owner_lock


class AvatarStore:
    """``places`` is how many assets are kept; the least recently used one is replaced first.

    Another person's character has none (design, rule 7).
    """

    def __init__(self, database: Database, *, places: int) -> None:
        self._database = database
        self._places = places

    async def group(self) -> str | None:
        """The provider's group that all assets are in, if it exists already."""
        query = select(avatar_groups.c.id).order_by(avatar_groups.c.created_at).limit(1)
        async with self._database.read_at_once() as connection:
            found: str | None = await connection.scalar(query)
            return found

    async def keep_group(self, group_id: str, *, now: datetime) -> str:
        """Store the id of a new group; returns the id that counts, which is the first one stored."""
        query = select(avatar_groups.c.id).order_by(avatar_groups.c.created_at).limit(1)
        async with self._database.write() as connection:
            first: str | None = await connection.scalar(query)
            if first is None:
                await connection.execute(insert(avatar_groups).values(id=group_id, created_at=now))
            return first or group_id

    async def used(
        self, owner_id: int, character_id: int, pictures: Collection[str], *, now: datetime
    ) -> Mapping[str, str]:
        """The assets of these pictures (by SHA-256) of the owner's character; this counts as a use."""
        of_owner = select(characters.c.id).where(characters.c.owner_id == owner_id, characters.c.id == character_id)
        these = avatars.c.character_id.in_(of_owner), avatars.c.sha256.in_(pictures)
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            rows = await connection.execute(select(avatars.c.sha256, avatars.c.asset_id).where(*these))
            found = {row.sha256: row.asset_id for row in rows}
            if found:
                await connection.execute(update(avatars).where(*these).values(last_used_at=now))
            return found

    async def add(
        self, owner_id: int, character_id: int, picture: str, asset_id: str, *, now: datetime
    ) -> tuple[str, ...] | None:
        """Store the asset of a picture, replacing an earlier one.

        Returns the evicted assets, least recently used first; ``None`` if the owner has no such character.
        """
        async with self._database.write() as connection:  # all locks: the places are everybody's
            this = characters.c.owner_id == owner_id, characters.c.id == character_id
            if await connection.scalar(select(characters.c.id).where(*this)) is None:
                return None
            same = avatars.c.character_id == character_id, avatars.c.sha256 == picture
            await connection.execute(delete(avatars).where(*same))
            count = await connection.scalar(select(func.count()).select_from(avatars)) or 0
            surplus = max(0, count + 1 - self._places)
            oldest = select(avatars.c.asset_id).order_by(avatars.c.last_used_at, avatars.c.asset_id).limit(surplus)
            forgotten = tuple(await connection.scalars(oldest)) if surplus else ()
            await connection.execute(delete(avatars).where(avatars.c.asset_id.in_(forgotten)))
            row = {"asset_id": asset_id, "character_id": character_id, "sha256": picture, "last_used_at": now}
            await connection.execute(insert(avatars).values(row))
            return forgotten

    async def forget(self, asset_id: str) -> None:
        """Forget an asset that the provider no longer knows, or has refused."""
        async with self._database.write(locks=NO_LOCK) as connection:
            await connection.execute(delete(avatars).where(avatars.c.asset_id == asset_id))
