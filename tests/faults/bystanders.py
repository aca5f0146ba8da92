"""People beside those who ask for something: the owner of a borrowed character, and somebody with an import."""

from __future__ import annotations

import copy
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from tests.faults.rows import Row, connect, job_rows
from tests.hostile_archives import DOCUMENT, good, zipped
from tests.loopback_discord.driving import User
from tests.loopback_discord.places import Channel

LENT = "Lena"
TAKEN_BACK = "is no longer lent to you"
_FREE = {"failed", "cancelled"}
_USED = (
    "SELECT loans.used_before + (SELECT count(*) FROM loan_uses JOIN jobs ON jobs.id = loan_uses.job_id "
    "WHERE loan_uses.loan_id = loans.id AND jobs.counted), loans.uses FROM loans WHERE loans.owner_id = ?"
)


class Bystander(Protocol):
    """Somebody who asks for no job."""

    @property
    def done(self) -> bool:
        """Whether they have all that they came for."""

    async def go_on(self, rows: Sequence[Row], life: int) -> None:
        """Do what is next for them, if anything is. ``rows``: the jobs of the others."""

    def wrong(self, rows: Sequence[Row]) -> list[str]:
        """What does not hold now that the bot is dead, or done."""


class Lender:
    """Has lent LENT to the whole server for ``videos``, as many as are asked for: one use too many, and one fails.

    ``takes_back``: as soon as no more than the last one is unsent.
    """

    def __init__(self, user: User, channel: Channel, folder: Path, *, videos: int, takes_back: bool) -> None:
        self._user = user
        self._channel = channel
        self._folder = folder
        self._videos = videos
        self._takes_back = takes_back
        self._asked_in = 0
        self._not_sent: set[str] | None = None  # the jobs that were not submitted when the loan was first seen gone

    @property
    def done(self) -> bool:
        return not self._takes_back or not self._loans()

    async def go_on(self, rows: Sequence[Row], life: int) -> None:
        self._remember_unsent()
        unsent = sum(row.step in ("prepare", "submit") for row in rows)
        if not self.done and self._asked_in != life and len(rows) == self._videos and unsent <= 1:
            self._asked_in = life
            await self._user.slash(self._channel, "character take-back", {"name": LENT})

    def wrong(self, rows: Sequence[Row]) -> list[str]:
        found = []
        loans = self._loans()
        counting = sum(row.outcome not in _FREE for row in rows)
        found += [f"used {used} times by {counting} videos" for used, _ in loans if used != counting]
        found += [f"used {used} times of {allowed}" for used, allowed in loans if used > allowed]
        if len(loans) > 1 or (not loans and not self._takes_back):
            found.append(f"{len(loans)} loans")
        with closing(connect(self._folder)) as database:
            uses = database.execute("SELECT job_id, count(*) FROM loan_uses GROUP BY job_id").fetchall()
        if dict(uses) != {row.id: 1 for row in rows}:
            found.append(f"uses by job: {dict(uses)}, jobs: {[row.id for row in rows]}")
        self._remember_unsent()
        sent = [row for row in rows if row.submitted and row.id in (self._not_sent or ())]
        return found + [f"sent although it was taken back: {row}" for row in sent]

    def _remember_unsent(self) -> None:
        if self._not_sent is None and not self._loans():
            self._not_sent = {row.id for row in job_rows(self._folder) if not row.submitted}  # read after the loans

    def _loans(self) -> list[tuple[int, int]]:
        """Uses of each, and how many are allowed."""
        with closing(connect(self._folder)) as database:
            return database.execute(_USED, (self._user.id,)).fetchall()


def taken_back(row: Row) -> bool:
    """Whether it ended unsent and uncounted since its borrowed character was taken back."""
    return row.outcome == "failed" and TAKEN_BACK in row.failure and not row.submitted and not row.counted


class Importer:
    """Brings a zip of three into an empty cast. Whoever has seen no answer to a press presses again."""

    NAMES = ("Ivy", "Jan", "Kai")

    def __init__(self, user: User, channel: Channel, folder: Path) -> None:
        self._user = user
        self._channel = channel
        self._folder = folder
        self._asked_in = 0
        self._pressed: set[tuple[int, int]] = set()

    @property
    def done(self) -> bool:
        """Whether they were told so: by the card, or since there is nothing left to bring in."""
        told = " ".join(message.text for message in self._channel.visible_to(self._user) if message.ephemeral)
        return "in your cast now" in told or "That import is over" in told

    async def go_on(self, rows: Sequence[Row], life: int) -> None:
        if self.done:
            return
        offers = [each for each in self._channel.visible_to(self._user) if "Import" in each.labels]
        if offers and (life, offers[-1].id) not in self._pressed:
            self._pressed.add((life, offers[-1].id))
            await offers[-1].press(self._user, "Import")
        elif not offers and self._asked_in != life:
            self._asked_in = life
            file = self._user.discord.file("cast.zip", _archive(), "application/zip")
            await self._user.slash(self._channel, "character import", {"file": file})

    def wrong(self, rows: Sequence[Row]) -> list[str]:
        with closing(connect(self._folder)) as database:
            theirs = "SELECT name FROM characters WHERE owner_id = ? ORDER BY name"
            names = tuple(name for (name,) in database.execute(theirs, (self._user.id,)))
            its = "SELECT count(*) FROM character_files JOIN characters ON characters.id = character_id"
            (files,) = database.execute(f"{its} WHERE owner_id = ?", (self._user.id,)).fetchone()
        if names == () and not self.done:
            return []
        whole = names == self.NAMES and files == _FILES * len(self.NAMES)
        return [] if whole else [f"of the import there are {names}, with {files} files"]


_FILES = 3  # of each that comes in, besides its picture


def _archive() -> bytes:
    files = good()
    document: dict[str, Any] = json.loads(files[DOCUMENT])
    [one] = document["characters"]
    document["characters"] = [copy.deepcopy(one) | {"name": name} for name in Importer.NAMES]
    return zipped(files | {DOCUMENT: json.dumps(document).encode()})


def lend_to_server(folder: Path, owner_id: int, guild_id: int, *, uses: int) -> None:
    """The owner's character LENT, before the bot first starts."""
    with closing(sqlite3.connect(folder / "castbook.db")) as database, database:
        database.execute(
            "INSERT INTO loans (owner_id, character_id, guild_id, uses, used_before, created_at) "
            "SELECT owner_id, id, ?, ?, 0, created_at FROM characters WHERE owner_id = ? AND name = ?",
            (guild_id, uses, owner_id, LENT),
        )
