"""One scenario over several processes: people ask, one process after the other is killed, and all goes on elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

from bot.app.roles import Role
from tests.faults.invariants import Findings, counted_once, look
from tests.faults.people import Person
from tests.faults.processes import RoleProcess
from tests.faults.rows import Row
from tests.faults.shared_plan import DATABASE, WEB, WORKERS, SharedPlan, Strike
from tests.faults.shared_rows import SharedRows
from tests.faults.shared_world import SharedWorld
from tests.faults.webhooks import Webhooks
from tests.loopback_discord.commands import NotPossible
from tests.loopback_discord.endpoint import NotVerified

TICK = 0.05  # seconds
SETTLES_WITHIN = 600.0  # seconds, on a machine that does much else; otherwise in forty
STOPS_WITHIN = 60.0  # … and in one or two
ENOUGH = 2  # jobs that run at each kill
AT_ONCE = 4  # jobs that run before the next person asks, as long as there are kills to come
STARTS_WITHIN = 3.0  # … and in less than one
POINT_WITHIN = 4.0  # seconds for a process to come to the point at which it is killed; then it is, wherever it is
PATIENCE = 10.0  # seconds without an answer before somebody asks again, or presses again
SETTLED = 1.0  # seconds after which what a killed process had sent is in the database, or never will be
STOPPED_DATABASE = 69  # the exit code of a process that finds none
_LOST = re.compile(  # how a fault of the log says that the database was away
    r"cannot be reached|connection was closed in the middle|connection is closed|ConnectionDoesNotExist|"
    r"the database system is (starting up|shutting down|in recovery)|CannotConnectNow|terminating connection|"
    r"ConnectionRefusedError|ConnectionResetError|unexpected connection_lost|the database does not answer|"
    r"AdminShutdown|CrashShutdown|another command is already in progress|No such file or directory"
)


@dataclass
class SharedOutcome:
    """How it went. ``kills``: who was killed, at a "point" or a "moment", and how many jobs were running.

    ``taken_over``: seconds from the death of a worker to the next claim, of each job that it had, where another worker
    was there all the time; ``waited``: where none was. ``late``: those of the former that took too long, not counting
    outages of the database. ``restarts``: processes that ended for want of it.
    """

    plan: SharedPlan
    kills: list[tuple[str, str, int]] = field(default_factory=list)
    taken_over: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    restarts: int = 0
    webhooks: int = 0
    findings: Findings = field(default_factory=Findings)
    seconds: float = 0.0
    log: str = ""

    @property
    def counted(self) -> Counter[str]:
        """The kills by role, with enough jobs running."""
        return Counter(target.partition("-")[0] for target, _, running in self.kills if running >= ENOUGH)


class SharedScenario:
    """Everything outside the processes, and whoever starts them again."""

    def __init__(self, plan: SharedPlan, world: SharedWorld, *, within: float = 30.0) -> None:
        """``within``: seconds in which what a killed worker had must go on."""
        self.plan = plan
        self.world = world
        self.outcome = SharedOutcome(plan)
        self._within = within
        self._rows = SharedRows(world.url)
        self._running = 0
        self._strikes = list(plan.strikes)
        self._struck: Strike | None = None  # the one that is going on
        self._next = 0.0
        self._handled: dict[str, int] = {}  # the last life of each process whose end was seen
        self._starts: dict[str, float] = {}  # when the next one is due
        self._outage: asyncio.Task[None] | None = None
        self._outages: list[tuple[float, float]] = []
        self._life = 1  # of whom people speak to: it changes with each death
        self._changed = 0.0
        self._asked: dict[int, tuple[int, float]] = {}  # in which life each person asked last, and when
        self._orphaned: dict[tuple[str, str], float] = {}  # job and dead holder: since when
        self._dead: dict[frozenset[str], tuple[str, float]] = {}  # holders whose jobs are to be looked for
        self._cut_off: set[str] = set()
        self._without_row: set[int] = set()
        self._look_for_cut_off = False

    async def run(self) -> SharedOutcome:
        """Live, and look."""
        begun = time.monotonic()
        webhooks = Webhooks(self.world.provider, lambda: self.world.processes[WEB].address)
        telling = asyncio.create_task(webhooks.run())
        try:
            async with asyncio.timeout(SETTLES_WITHIN):
                await self._live()
                await self._end()
        except TimeoutError:
            self._wrong(f"not settled in {SETTLES_WITHIN:.0f} s: {await self._rows.look()}")
        finally:
            telling.cancel()
            await asyncio.gather(telling, *filter(None, [self._outage]), return_exceptions=True)
            for process in (*self.world.processes.values(), self.world.sweeper):
                await process.kill()
            self._rows.hang_up()
        self.outcome.webhooks = webhooks.taken
        self.outcome.seconds = time.monotonic() - begun
        self.outcome.log = self._log()
        return self.outcome

    # -- living ----------------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        for name in self.world.processes:
            self._start(name)
        while True:
            self._supervise()
            found = None if self._outage is not None else await self._rows.look()
            if found is not None:
                rows, leases = found
                self._running = sum(not row.done for row in rows)
                self._watch(rows, leases)
                if self._settled(rows):
                    return
                await self._go_on(rows)
            self._strike()
            await asyncio.sleep(TICK)

    def _settled(self, rows: Sequence[Row]) -> bool:
        owners = {row.owner for row in rows}
        everybody = all(person.user.id in owners for person in self.world.people)
        return everybody and all(row.done for row in rows) and self._struck is None and not self._orphaned

    def _start(self, name: str) -> None:
        """With the point at which it is to be killed, if that is what comes next for it."""
        self._starts.pop(name, None)
        planned = next((strike for strike in self._strikes if strike.target == name), None)
        self.world.processes[name].start(planned.kill if planned else None)

    def _supervise(self) -> None:
        """Start again what has ended."""
        now = time.monotonic()
        for name, process in self.world.processes.items():
            if name in self._starts:
                if now >= self._starts[name]:
                    self._start(name)
            elif process.returncode is not None and self._handled.get(name) != process.lives:
                self._handled[name] = process.lives
                self._starts[name] = now + self._ended(process)

    def _ended(self, process: RoleProcess) -> float:
        """Look how it ended; seconds until it is started again."""
        if process.returncode == -signal.SIGKILL and self._struck and self._struck.target == process.name:
            away, how = self._struck.away, "point" if process.came_to_its_point else "moment"
            self._killed(process.name, how)
            if process.name in WORKERS:
                self._dead[process.names] = (process.name, time.monotonic())
            return away
        since = process.started_at
        if process.returncode == STOPPED_DATABASE and any(end >= since for _, end in self._outages):
            self.outcome.restarts += 1
            return 0.5
        self._wrong(f"{process.name} ended by itself, with {process.returncode}")
        return 0.5

    # -- killing ---------------------------------------------------------------------------------------------------

    def _strike(self) -> None:
        """Kill what is next, as soon as enough jobs run."""
        now = time.monotonic()
        if self._struck is not None:
            process = self.world.processes.get(self._struck.target)
            if process is not None and now >= self._next:  # it did not come to its point
                process.kill_now()
            return
        if not self._strikes or self._running < ENOUGH or now < self._next + self._strikes[0].after:
            return
        target = self._strikes[0].target
        if target == DATABASE:
            self._struck = self._strikes.pop(0)
            self._outage = asyncio.create_task(self._crash(self._struck.away))
        elif self.world.processes[target].alive:
            self._struck = self._strikes.pop(0)
            self.world.processes[target].arm()
            self._next = now + (POINT_WITHIN if self._struck.kill else 0.0)

    async def _crash(self, away: float) -> None:
        begun = time.monotonic()
        self._outages.append((begun, float("inf")))
        await asyncio.to_thread(self.world.cluster.crash)
        self._rows.hang_up()
        await asyncio.sleep(away)
        await asyncio.to_thread(self.world.cluster.start)
        self._outages[-1] = (begun, time.monotonic())
        self._outage = None
        self._killed(DATABASE, "moment")

    def _killed(self, target: str, how: str) -> None:
        self.outcome.kills.append((target, how, self._running))
        self._struck, self._next = None, time.monotonic()
        self._look_for_cut_off = True
        if target in (DATABASE, *self.plan.fronts):
            self._life += 1
            self._changed = time.monotonic()

    # -- watching --------------------------------------------------------------------------------------------------

    def _watch(self, rows: Sequence[Row], leases: Mapping[str, str | None]) -> None:
        """Whose jobs a dead worker had, and when another one claims them."""
        now = time.monotonic()
        counted_once(self.outcome.findings, rows)
        if self._look_for_cut_off:
            self._look_for_cut_off = False
            self._cut_off |= {row.id for row in rows if row.cut_off}
            owners = {row.owner for row in rows}
            self._without_row |= {
                asked.id for person in self.world.people if person.user.id not in owners for asked in person.asked
            }
        for names, (_, since) in self._dead.items():
            self._orphaned |= {(job, holder): since for job, holder in leases.items() if holder and holder in names}
        self._dead.clear()
        for (job, holder), since in list(self._orphaned.items()):
            if leases.get(job) != holder:
                del self._orphaned[job, holder]
                others = [self.world.processes[name] for name in WORKERS]
                there = any(other.alive and other.started_at + STARTS_WITHIN < since for other in others)
                (self.outcome.taken_over if there else self.outcome.waited).append(now - since)
                if there and now - since - self._without_database(since) > self._within:
                    self.outcome.late.append(f"{job} went on after {now - since:.1f} s")

    def _without_database(self, since: float) -> float:
        """For how many seconds since then it was away."""
        return sum(max(0.0, end - max(begun, since)) for begun, end in self._outages)

    # -- people ----------------------------------------------------------------------------------------------------

    async def _go_on(self, rows: Sequence[Row]) -> None:
        """Let somebody ask, and all answer what they are asked."""
        if not await self._somebody_answers():
            return
        if time.monotonic() - self._changed > PATIENCE:  # whoever sees nothing happen presses once more
            self._life += 1
            self._changed = time.monotonic()
        unanswered = 0
        for person in self.world.people:
            mine = [row for row in rows if row.owner == person.user.id]
            if mine:
                await self._tried(self._answers(person, mine))
            elif person.user.id in self._asked and not self._may_ask(person):
                unanswered += 1
            elif self._may_ask(person) and (self._running + unanswered < AT_ONCE or not self._strikes):
                self._asked[person.user.id] = (self._life, time.monotonic())
                if not await self._tried(person.ask(self._life)):
                    del self._asked[person.user.id]  # nobody took it
                return  # the next one asks once this was taken

    async def _answers(self, person: Person, mine: Sequence[Row]) -> None:
        await person.answer(mine, self._life)

    async def _tried(self, act: object) -> bool:
        """Whether whoever is to answer took it: it may have died in this very moment."""
        try:
            await act  # type: ignore[misc]  # a coroutine
        except (aiohttp.ClientError, TimeoutError, AssertionError, NotPossible):
            return False
        return True

    def _may_ask(self, person: Person) -> bool:
        """They have not asked, or were told that it was not taken, or whom they asked has died since."""
        now = time.monotonic()
        if person.user.id not in self._asked:
            return now - self._changed > SETTLED
        life, at = self._asked[person.user.id]
        if life != self._life and now - self._changed > SETTLED and now - at > SETTLED:
            return not self._thinks(person) or now - at > PATIENCE
        last = person.asked[-1].original if person.asked else None
        return last is not None and not last.loading and now - at > SETTLED

    def _thinks(self, person: Person) -> bool:
        """Whether an answer says so, behind which something may still come."""
        last = person.asked[-1].original if person.asked else None
        return last is not None and last.loading and not last.deleted

    async def _somebody_answers(self) -> bool:
        discord, fronts = self.world.discord, [self.world.processes[name] for name in self.plan.fronts]
        if not self.plan.over_http:
            return bool(fronts[0].alive and discord.gateway.connected and discord.commands)
        for front in sorted(fronts, key=lambda each: f"{each.address}/interactions" != discord.endpoint.url):
            url = f"{front.address}/interactions"
            if front.alive and front.address and url != discord.endpoint.url:  # as a load balancer does
                with contextlib.suppress(aiohttp.ClientError, TimeoutError, NotVerified):
                    await discord.endpoint.set(url)
            if front.alive and front.address and url == discord.endpoint.url:
                return bool(discord.commands)
        return False

    # -- the end ---------------------------------------------------------------------------------------------------

    async def _end(self) -> None:
        """Stop them all, sweep, and look at everything."""
        for name, process in self.world.processes.items():
            if name in self._starts:
                continue
            process.terminate()
            async with asyncio.timeout(STOPS_WITHIN):
                if (code := await process.ended()) != 0:
                    self._wrong(f"{name} was stopped, and ended with {code}")
        self.world.sweeper.start(only_opens=True)
        if await self.world.sweeper.ended() != 0:
            self._wrong("the last start failed")
        found = await self._rows.look()
        assert found is not None
        for person in self.world.people:  # also what they sent to somebody who died before it could be taken
            person.asked = [each for each in self.world.discord.interactions.values() if _is_command_of(each, person)]
        look(
            self.outcome.findings,
            files=self.world.files,
            kept=await self._rows.kept(),
            rows=found[0],
            people=self.world.people,
            provider=self.world.provider,
            cut_off=self._cut_off,
            expired=set(),
            without_row=self._without_row,
            in_tasks=set(),
            may_be_told_again=0,
            log=self._log_of_defects(),
        )

    def _log(self) -> str:
        processes = (*self.world.processes.values(), self.world.sweeper)
        return "".join(f"--- {process.name}\n{process.log}\n" for process in processes)

    def _log_of_defects(self) -> str:
        """Without what only says that the database was away, where it was."""
        if not self._outages:
            return self._log()
        return "\n".join(part for part in _entries(self._log()) if not _LOST.search(part))

    def _wrong(self, found: str) -> None:
        self.outcome.findings.wrong.append(found)


_NEW_ENTRY = re.compile(r"(?m)^(?=\d{4}-\d\d-\d\dT|--- |castbook: )")


def _entries(log: str) -> list[str]:
    """The log by its entries, each with the traceback that belongs to it."""
    return _NEW_ENTRY.split(log)


def _is_command_of(interaction: object, person: Person) -> bool:
    command = 2
    return getattr(interaction, "user", None) is person.user and getattr(interaction, "type", None) == command


assert Role.WORKER.works  # the sweeper is one
