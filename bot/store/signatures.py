"""Signatures for what leaves this Castbook and may come back: exports, and the links to them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from enum import StrEnum

from sqlalchemy import insert, select

from bot.store.database import Database
from bot.store.tables import keys
from bot.store.write_locks import KEYS

_NAME = "exports"
_BYTES = 32


class Signed(StrEnum):
    """What is signed: a signature for one of these is invalid for the others."""

    CAST = "cast"
    LINK = "link"


class Signatures:
    """HMAC-SHA256 under this database's own key, created once. Call :meth:`load` first.

    The other methods raise RuntimeError before :meth:`load`. A signature proves that we wrote something, not that it
    still holds.
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

    def sign(self, what: Signed, words: bytes) -> str:
        """The signature, 64 hex digits."""
        if not self._key:
            raise RuntimeError("the key is not loaded")
        return hmac.new(self._key, f"{what}\n".encode() + words, hashlib.sha256).hexdigest()

    def verify(self, what: Signed, words: bytes, signature: str) -> bool:
        """Whether the signature is ours."""
        return hmac.compare_digest(self.sign(what, words).encode(), signature.encode())
