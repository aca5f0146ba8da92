"""One scenario over several processes: people ask, one process after the other is killed, and all goes on elsewhere."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.invariants import Findings, counted_once, look
from tests.faults.processes import RoleProcess
from tests.faults.rows import Row
from tests.faults.shared_people import AT_ONCE, Crowd
from tests.faults.shared_plan import DATABASE, WEB, WORKERS, SharedPlan, Strike
from tests.faults.shared_rows import SharedRows
from tests.faults.shared_world import SharedWorld
from tests.faults.webhooks import Webhooks

TICK = 0.05  # seconds
SETTLES_WITHIN = 600.0  # seconds, on a machine that does much else; otherwise in forty
YOUNG = 15.0
STOPS_WITHIN = 60.0  # … and in one or two
ENOUGH = 2  # jobs that run at each kill
STARTS_WITHIN = 3.0  # … and in less than one
POINT_WITHIN = 4.0  # seconds for a process to come to the point at which it is killed; then it is, wherever it is
UNAVAILABLE = 69  # the exit code of a process that finds none
_LOST = re.compile(  # how a fault in the log says that the database was away
    r"the database (cannot be reached|does not answer|system is (starting up|shutting down|in recovery))|"
    r"connection was closed in the middle|connection is closed|ConnectionDoesNotExist|CannotConnectNow|"
    r"terminating connection|unexpected connection_lost|AdminShutdown|CrashShutdown|"
    # … or a line alone, without a traceback, for what passes by itself
    r"database_(away|back) |"
    r"(step_defect|(command|press|waiting_results)_failed) .*"
    r"error='(DBAPI|Internal|Interface|Operational|Timeout)Error'"
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
        fronts = [world.processes[name] for name in plan.fronts]
        self._crowd = Crowd(world.people, world.discord, fronts, over_http=plan.over_http)
        self._running = 0
        self._strikes = list(plan.strikes)
        self._struck: Strike | None = None  # the one that is going on
        self._next = 0.0
        self._handled: dict[str, int] = {}  # the last life of each process whose end was seen
        self._starts: dict[str, float] = {}  # when the next one is due
        self._outage: asyncio.Task[None] | None = None
        self._outages: list[tuple[float, float]] = []
        self._orphaned: dict[tuple[str, str], float] = {}  # job and dead holder: since when
        self._dead: dict[frozenset[str], float] = {}  # holders whose jobs are to be looked for, and since when
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

    # -- available ----------------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        for name in self.world.processes:
            self._start(name)
        self.world.provider.hold_at(50 if self.plan.holds else None)
        while True:
            self._supervise()
            if self.plan.holds and not self._strikes and self._struck is None:
                self.world.provider.hold_at(None)
            may_ask = self._crowd.may_ask()
            found = None if self._outage is not None else await self._rows.look()
            if found is not None:
                rows, leases = found
                self._running = sum(not row.done for row in rows)
                self._watch(rows, leases)
                if self._settled(rows):
                    return
                at_once = AT_ONCE + len(self._orphaned)  # what a dead worker had stands still
                await self._crowd.go_on(rows, may_ask, at_once=at_once if self._strikes else None)
            self._strike()
            await asyncio.sleep(TICK)

    def _settled(self, rows: Sequence[Row]) -> bool:
        over = self._crowd.all_asked(rows) and all(row.done for row in rows)
        return over and self._struck is None and not self._orphaned

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
                self._dead[process.names] = time.monotonic()
            return away
        since = process.started_at
        if process.returncode == UNAVAILABLE and any(end >= since for _, end in self._outages):
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
            self._crowd.lost_sight()

    # -- watching --------------------------------------------------------------------------------------------------

    def _watch(self, rows: Sequence[Row], leases: Mapping[str, str | None]) -> None:
        """Whose jobs a dead worker had, and when another one claims them."""
        now = time.monotonic()
        if self._look_for_cut_off:
            self._look_for_cut_off = False
            counted_once(self.outcome.findings, rows)
            self._cut_off |= {row.id for row in rows if row.cut_off}
            self._without_row |= self._crowd.without_row(rows)
        for names, since in self._dead.items():
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

    # -- the end ---------------------------------------------------------------------------------------------------

    async def _end(self) -> None:
        """Look what waits in /tasks, stop them all, sweep, and look at everything."""
        in_tasks = await self._shown_in_tasks()
        for name, process in self.world.processes.items():
            if name in self._starts:
                continue
            process.terminate()
            async with asyncio.timeout(STOPS_WITHIN):
                code = await process.ended()
                young = time.monotonic() - process.started_at < YOUNG  # it may not listen to signals yet
                if code != 0 and not (young and code == -signal.SIGTERM):
                    self._wrong(f"{name} was stopped, and ended with {code}")
        self.world.sweeper.start(only_opens=True)
        if await self.world.sweeper.ended() != 0:
            self._wrong("the last start failed")
        found = await self._rows.look()
        assert found is not None
        self._crowd.remember_commands()
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
            in_tasks=in_tasks,
            may_be_told_again=0,
            log=self._log_of_defects(),
        )

    async def _shown_in_tasks(self) -> set[str]:
        """As they are told by whoever answers them, once one of those does."""
        while True:
            self._supervise()
            found = await self._rows.look()
            shown = None if found is None else await self._crowd.shown_in_tasks(found[0])
            if shown is not None:
                return shown
            await asyncio.sleep(TICK)

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
