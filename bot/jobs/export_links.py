"""Links to large exports. A link is signed and expires, so nothing has to be stored for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from bot import limits
from bot.store.portable_casts import Selection
from bot.store.signatures import Signatures, Signed
from bot.values.clock import Clock

PATH = "/exports/"
_TOKEN = re.compile(
    r"(?P<words>(?P<owner>\d{1,20})\.(?P<selection>\w{1,20})\.(?P<part>\d{1,4})\.(?P<until>\d{1,12}))"
    r"\.(?P<seal>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class LinkedExport:
    """What a link gives access to."""

    owner_id: int
    selection: Selection
    part: int


class ExportLinks:
    """Creates and reads links. ``public_url``: our web server's address from outside; empty: there are no links."""

    def __init__(self, signatures: Signatures, clock: Clock, public_url: str) -> None:
        self._signatures = signatures
        self._clock = clock
        self._public_url = public_url.rstrip("/")

    @property
    def possible(self) -> bool:
        """Whether people can reach our web server."""
        return bool(self._public_url)

    def link(self, owner_id: int, selection: Selection, part: int) -> str:
        """A link to ``part``. Anyone who has it can download the zip for an hour."""
        until = int((self._clock() + limits.EXPORT_LINK_LIFE).timestamp())
        words = f"{owner_id}.{selection}.{part}.{until}"
        return f"{self._public_url}{PATH}{words}.{self._signatures.sign(Signed.LINK, words.encode())}"

    def read(self, token: str) -> LinkedExport | None:
        """The export that the token after ``PATH`` refers to; ``None`` if the token is invalid or expired."""
        found = _TOKEN.fullmatch(token)
        if found is None or not self._signatures.verify(Signed.LINK, found["words"].encode(), found["seal"]):
            return None
        if datetime.fromtimestamp(int(found["until"]), UTC) < self._clock():
            return None
        return LinkedExport(int(found["owner"]), Selection.parse(found["selection"]), int(found["part"]))
