"""People in front of several processes: they ask once more where whom they asked has died, or had no database."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Sequence

import aiohttp

from tests.faults.people import Person
from tests.faults.processes import RoleProcess
from tests.faults.rows import Row, unseen
from tests.loopback_discord.commands import NotPossible
from tests.loopback_discord.endpoint import NotVerified
from tests.loopback_discord.interactions import COMMAND, Interaction
from tests.loopback_discord.server import LoopbackDiscord

AT_ONCE = 4  # jobs that run before the next person asks, as long as there are kills to come
PATIENCE = 10.0  # seconds after which whoever sees nothing happen presses once more
ACCEPTED = 202
LONG = 120.0  # … and asks once more, where whom they asked is alive and says nothing
SETTLED = 1.0  # seconds after which what a killed process had sent is in the database, or never will be


class Crowd:
    """``fronts``: who answers them, with ``over_http`` behind a load balancer."""

    def __init__(
        self, people: Sequence[Person], discord: LoopbackDiscord, fronts: Sequence[RoleProcess], *, over_http: bool
    ) -> None:
        self.people = people
        self._discord = discord
        self._fronts = fronts
        self._over_http = over_http
        self._asks = 0
        self._life = 1  # of whom they speak to
        self._changed = 0.0  # when that died, or lost the database
        self._asked: dict[int, tuple[RoleProcess, int, float]] = {}  # whom each of them asked last, and when

    def lost_sight(self) -> None:
        """Whom they speak to has died, or lost the database."""
        self._life += 1
        self._changed = time.monotonic()

    def all_asked(self, rows: Sequence[Row]) -> bool:
        """Whether each of them has a job."""
        return {person.user.id for person in self.people} <= {row.owner for row in rows}

    def without_row(self, rows: Sequence[Row]) -> set[int]:
        """The commands of those who have none."""
        owners = {row.owner for row in rows}
        return {asked.id for each in self.people if each.user.id not in owners for asked in self._commands(each)}

    def remember_commands(self) -> None:
        """Also those that were sent to somebody who died before it could be seen that they were taken."""
        for person in self.people:
            person.asked = self._commands(person)

    def _commands(self, person: Person) -> list[Interaction]:
        sent = self._discord.interactions.values()
        return [
            each for each in sent if each.user is person.user and each.type == COMMAND and each.data["name"] != "tasks"
        ]

    def may_ask(self) -> set[int]:
        """Who would ask now, if they have no job: to be called before it is looked who has one."""
        return {person.user.id for person in self.people if self._may_ask(person)}

    async def go_on(self, rows: Sequence[Row], may_ask: set[int], *, at_once: int | None) -> None:
        """Let one of those who may ask, as long as not so many jobs run, and all answer what they are asked."""
        front = await self._front()
        if front is None:
            return
        if time.monotonic() - self._changed > PATIENCE:  # whoever sees nothing happen presses once more
            self.lost_sight()
        running = sum(not row.done for row in rows)
        for person in self.people:
            mine = [row for row in rows if row.owner == person.user.id]
            if mine:
                await _tried(person.answer(mine, self._life))
            elif person.user.id not in may_ask:
                running += person.user.id in self._asked  # it may have one in a moment
            elif at_once is None or running < at_once:
                await self._ask(person, front)
                return  # the next one asks once this was taken

    async def shown_in_tasks(self, rows: Sequence[Row]) -> set[str] | None:
        """Of the results that reached nobody: the jobs that /tasks offers to show; ``None`` if nobody said so."""
        shown: set[str] = set()
        waiting = unseen(rows)
        for person in self.people:
            if theirs := waiting[person.user.id]:
                if await self._front() is None:
                    return None
                try:
                    shown |= await person.offered_in_tasks(person.channel, theirs, PATIENCE)
                except (aiohttp.ClientError, TimeoutError, AssertionError, NotPossible):
                    return None
        return shown

    async def _ask(self, person: Person, front: RoleProcess) -> None:
        self._asks += 1
        self._asked[person.user.id] = (front, front.lives, time.monotonic())
        try:
            await person.ask(self._asks)
            refused = self._over_http and self._discord.endpoint.statuses[-1] != ACCEPTED
        except (aiohttp.ClientConnectorError, AssertionError):  # nobody was there
            refused = True
        except (aiohttp.ClientError, TimeoutError):  # it may have been taken
            refused = False
        if refused:
            del self._asked[person.user.id]

    def _may_ask(self, person: Person) -> bool:
        """They have not asked, or were told that it was not taken, or whom they asked has died since."""
        now = time.monotonic()
        if now - self._changed < SETTLED:
            return False
        if person.user.id not in self._asked:
            return True
        front, life, at = self._asked[person.user.id]
        if front.lives != life or not front.alive:
            return True
        answer = self._commands(person)[-1].original
        refused = answer is not None and not answer.loading
        return now - at > (SETTLED if refused else LONG)

    async def _front(self) -> RoleProcess | None:
        """Who answers just now, once Discord knows the commands: of two behind a load balancer, one that lives."""
        if not self._discord.commands:
            return None
        if not self._over_http:
            [front] = self._fronts
            return front if front.alive and self._discord.gateway.connected else None
        for front in sorted(self._fronts, key=lambda each: each.interactions != self._discord.endpoint.url):
            if not front.alive or not front.interactions:
                continue
            if front.interactions != self._discord.endpoint.url:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError, NotVerified):
                    await self._discord.endpoint.set(front.interactions)
            if front.interactions == self._discord.endpoint.url:
                return front
        return None


async def _tried(act: Awaitable[object]) -> None:
    """Whoever is to take it may have died in this very moment; then it is done again later."""
    with contextlib.suppress(aiohttp.ClientError, TimeoutError, AssertionError, NotPossible):
        await act
