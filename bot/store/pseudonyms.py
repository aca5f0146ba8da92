"""Keyed hashes of people and servers, for what must outlive the deletion of a person's data."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from sqlalchemy import insert, select

from bot.store.database import Database
from bot.store.tables import keys
from bot.store.write_locks import KEYS

_NAME = "people"
_BYTES = 32


class Pseudonyms:
    """HMAC-SHA256 of user ids under this database's own key, created once. Call :meth:`load` first.

    The other methods raise RuntimeError before :meth:`load`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key = b""

    async def load(self) -> None:
        """Read the key; create it the first time."""
        query = select(keys.c.value).where(keys.c.name == _NAME)
        async with self._database.write(locks={KEYS}) as connection:
            value = await connection.scalar(query)
            if value is None:
                value = secrets.token_hex(_BYTES)
                await connection.execute(insert(keys).values(name=_NAME, value=value))
        self._key = bytes.fromhex(value)

    def of(self, user_id: int) -> str:
        """The person's key, 64 hex digits."""
        return self._keyed(str(user_id))

    def of_server(self, guild_id: int) -> str:
        """A server's key, for the quota that deleted people had used there."""
        return self._keyed(f"server {guild_id}")

    def for_videos(self, key: str) -> str:
        """The key for videos, which are counted apart, from the key of a person or server."""
        return self._keyed(f"videos {key}")

    def in_server(self, user_key: str, server_key: str) -> str:
        """The key of a person in one server."""
        return self._keyed(f"{user_key} in {server_key}")

    def denial_to_key(self, user_id: int, what: str) -> str:
        """The key of a no to that person, about a video or from somebody (:mod:`bot.store.consent_denials`)."""
        return self._keyed(f"no to {user_id}: {what}")

    def denial_about_key(self, character_id: int) -> str:
        """The key of a no to that character, for anyone who plays with it."""
        return self._keyed(f"no about character {character_id}")

    def for_credits(self, key: str) -> str:
        """The key for credits, from the key of a person or server."""
        return self._keyed(f"credits {key}")

    def _keyed(self, what: str) -> str:
        if not self._key:
            raise RuntimeError("the key is not loaded")
        return hmac.new(self._key, what.encode(), hashlib.sha256).hexdigest()
