"""One scenario: people ask, the bot is killed and started again until nothing is left to do, and all is looked at."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum

from playground.provider.tasks import Failure
from tests.faults.bystanders import Bystander
from tests.faults.invariants import Findings, counted_once, look
from tests.faults.life import Bot
from tests.faults.people import Person
from tests.faults.points import AnsweredFirst, At, End, Kill, Point
from tests.faults.rows import Row, job_rows, kept_in, unseen
from tests.faults.troubles import happened
from tests.loopback_discord.server import LoopbackDiscord
from tests.wire.scene import Provider

TICK = 0.03  # seconds
SETTLES_WITHIN = 600.0  # seconds, on a machine that does much else; otherwise in three
AN_OUTAGE = 20 * 60.0  # seconds: longer than an interaction's token lives
ENOUGH = 2  # jobs that run at each kill
UNDER_WAY = frozenset({"prepare", "choose", "submit"})


class Story(StrEnum):
    """What happens apart from the kills."""

    STRAIGHT = "straight"  # everything is given; public results are new messages
    PICKED = "picked"  # everybody is asked, and looks on: a result replaces what showed its progress; one cancels
    LATE = "late"  # the tokens die before there is a result: it goes to the channel, and to direct messages
    REFUSED = "refused"  # the provider begins with one of them, and then cannot make it
    OUTAGE = "outage"  # the tokens die while the bot lies dead
    LARGE = "large"  # of videos: no message takes them as they are, as Discord says to some and not to the others
    LENT = "lent"  # of videos: a borrowed character plays in each, and the provider cannot make one of them
    TAKEN_BACK = "taken back"  # … and its owner takes it back when two of them are being made
    IMPORT = "import"  # of videos: somebody else brings a cast in meanwhile
    LINKS = "links"  # of characters: one is of a site's page, one of a dead link to an attachment


class History(StrEnum):
    """What Discord remembers when a message is sent a second time, in the stories in which new ones are sent."""

    NONCE = "nonce"  # its nonce
    READABLE = "readable"  # the nonce no longer, but the bot may read the channel's history
    BLIND = "blind"  # nor that
    SHUT = "shut"  # the bot may not write there at all, and direct messages are closed


@dataclass(frozen=True, slots=True)
class Plan:
    """``remembers``: whether the provider knows a task by our id. ``kills``: one for each life but the last."""

    kills: tuple[End, ...] = ()
    story: Story = Story.STRAIGHT
    remembers: bool = True
    history: History = History.NONCE
    real_media: bool = False
    videos: bool = False  # with the cast that everybody has
    troubles: tuple[str, ...] = ()  # what provider and Discord do wrong (tests.faults.troubles)

    def __str__(self) -> str:
        provider = "remembers" if self.remembers else "forgets"
        story = self.story + (f"/{self.history}" if self.story in (Story.LATE, Story.OUTAGE) else "")
        story = f"videos, {story}" if self.videos else story
        story += f", with {', '.join(self.troubles)}" if self.troubles else ""
        return f"{story}, provider {provider}: " + (", then ".join(map(str, self.kills)) or "no kill")


@dataclass
class Outcome:
    """How it went. ``killed``: how many jobs were running at each kill. ``missed``: points that were not come to.

    ``passed``: the points of the last life that was looked at. ``went_on``: fetches that began in the middle of a file.
    ``troubles``: faults of provider and Discord that happened.
    """

    plan: Plan
    killed: list[int] = field(default_factory=list)
    missed: list[Kill] = field(default_factory=list)
    passed: Counter[Point] = field(default_factory=Counter)
    findings: Findings = field(default_factory=Findings)
    seconds: float = 0.0
    looked_into_tasks: int = 0
    went_on: int = 0
    troubles: int = 0
    log: str = ""


class Scenario:
    """Everything outside the bot, and the bot."""

    def __init__(
        self,
        plan: Plan,
        discord: LoopbackDiscord,
        provider: Provider,
        bot: Bot,
        people: list[Person],
        bystanders: Sequence[Bystander] = (),
    ) -> None:
        self.plan = plan
        self.discord = discord
        self.provider = provider
        self.bot = bot
        self.people = people
        self.bystanders = bystanders
        self.cut_off: set[str] = set()
        self.expired: set[int] = set()  # interactions whose tokens died while no bot ran
        self.without_row: set[int] = set()  # … and those that had no row when the bot was killed
        self.outcome = Outcome(plan)
        self._in_tasks: set[str] = set()  # whose results wait there
        self._jumped = self._released = False

    async def run(self) -> Outcome:
        """Live, be killed, live again; then look."""
        begun = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(SETTLES_WITHIN):
                for kill in (*self.plan.kills, None):
                    await self._live(kill)
                await self._end()
        except TimeoutError:
            self.outcome.findings.wrong.append(f"not settled in {SETTLES_WITHIN:.0f} s: {self._rows()}")
        finally:
            await self.bot.kill()
        self.outcome.seconds = asyncio.get_running_loop().time() - begun
        self.outcome.looked_into_tasks = sum(person.looked_into_tasks for person in self.people)
        self.outcome.went_on = self.provider.fetched_on
        self.outcome.troubles = happened(self.discord, self.provider)
        self.outcome.log = self.bot.log
        return self.outcome

    async def _live(self, kill: End | None) -> None:
        """One life: until it is killed, or everything is settled."""
        self.bot.start(kill if isinstance(kill, Kill) else None)
        moment = asyncio.ensure_future(self._moment(kill.seconds if isinstance(kill, At) else SETTLES_WITHIN))
        killed = False
        try:
            while self.bot.alive and not self._settled(rows := self._rows()):
                if moment.done() and _running(rows) >= ENOUGH:
                    killed = True
                    await self.bot.kill()
                elif isinstance(kill, AnsweredFirst) and (last := self._last_to_ask(rows)):
                    killed = True
                    await self._kill_after_answer(last)
                elif self.discord.gateway.connected:
                    await self._go_on(rows)
                await asyncio.sleep(TICK)
        finally:
            moment.cancel()
        await self._look_at_the_end(kill, killed=killed)

    def _last_to_ask(self, rows: Sequence[Row]) -> Person | None:
        """Who has to ask yet, where enough others have."""
        owners = {row.owner for row in rows}
        waiting = [person for person in self.people if person.user.id not in owners]
        ready = self.discord.gateway.connected and len(waiting) == 1 and _running(rows) >= ENOUGH
        return waiting[0] if ready else None

    async def _kill_after_answer(self, person: Person) -> None:
        with closing(sqlite3.connect(self.bot.folder / "castbook.db", isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            await person.ask(self.bot.lives)
            await self.discord.wait_for(lambda: person.asked[-1].original, SETTLES_WITHIN)
            await self.bot.kill()

    async def _moment(self, seconds: float) -> None:
        """Until so long after the last command was sent, or after the start of a later life."""
        if self.bot.lives == 1:
            await self.discord.wait_for(lambda: all(person.asked for person in self.people), SETTLES_WITHIN)
        await asyncio.sleep(seconds)

    async def _look_at_the_end(self, kill: End | None, *, killed: bool) -> None:
        trace = self.bot.trace
        self.outcome.passed = trace.passed
        if self.bot.alive:
            if isinstance(kill, Kill):
                self.outcome.missed.append(kill)
            if kill is not None:  # the next life has orders of its own
                await self.bot.kill()
        elif killed or trace.killed:
            self.outcome.killed.append(_running(self._rows()))
        else:
            self.outcome.findings.wrong.append(f"the process ended by itself, with {await self.bot.ended()}")
        rows = self._rows()
        self.cut_off |= {row.id for row in rows if row.cut_off}
        counted_once(self.outcome.findings, rows)
        self._look_at_bystanders(rows)
        if not self.bot.alive:
            await self.discord.wait_for(lambda: not self.discord.gateway.connected, SETTLES_WITHIN)
            owners = {row.owner for row in rows}
            self.without_row |= {
                asked.id for person in self.people if person.user.id not in owners for asked in person.asked
            }
            if self.plan.story is Story.OUTAGE and not self._jumped:
                self._jump()
                self.expired |= {asked.id for person in self.people for asked in person.asked}

    async def _go_on(self, rows: Sequence[Row]) -> None:
        if _running(rows) >= ENOUGH:
            self.bot.arm()
        for person in self.people:
            mine = [row for row in rows if row.owner == person.user.id]
            if not mine and person.last and any(row.step in UNDER_WAY for row in rows):
                continue
            if not mine:
                await person.ask(self.bot.lives)
                return  # the next one asks once this was taken
            await person.answer(mine, self.bot.lives)
        for bystander in self.bystanders:
            await bystander.go_on(rows, self.bot.lives)
        waiting = any(row.step in UNDER_WAY for row in rows) or not all(each.done for each in self.bystanders)
        if not self._released and not waiting and self._refused(rows):
            self._released = True
            if self.plan.story is Story.LATE:
                self._jump()
            self.provider.hold_at(None)

    def _refused(self, rows: Sequence[Row]) -> bool:
        """Have the provider fail what it cannot make, once all can see that it has begun with it."""
        failing = {person.user.id: person for person in self.people if person.fails}
        for row in rows:
            if row.owner in failing and row.step == "watch" and row.task is not None:
                if not failing[row.owner].announcements(row.id):
                    return False
                task = self.provider.tasks[row.task]
                task.settled = Failure("generation_failed", "the simulated provider could not make it")
                task.settled_at = self.provider.clock()
        return True

    def _jump(self) -> None:
        if not self._jumped:
            self._jumped = True
            self.bot.advance(AN_OUTAGE)
            self.discord.advance(AN_OUTAGE)

    def _rows(self) -> list[Row]:
        return job_rows(self.bot.folder)

    def _settled(self, rows: Sequence[Row]) -> bool:
        owners = {row.owner for row in rows}
        asked = all(person.user.id in owners for person in self.people)
        return asked and all(row.done for row in rows) and all(each.done for each in self.bystanders)

    def _look_at_bystanders(self, rows: Sequence[Row]) -> None:
        wrong = [found for each in self.bystanders for found in each.wrong(rows)]
        known = self.outcome.findings.wrong
        known += [found for found in wrong if found not in known]

    async def _end(self) -> None:
        """A last start for its sweep; then everything is looked at."""
        self._in_tasks = await self._shown_in_tasks()
        await self.bot.kill()
        self.bot.start(only_opens=True)
        if await self.bot.ended() != 0:
            self.outcome.findings.wrong.append("the last start failed")
        self.look(self.outcome.findings)
        self._look_at_bystanders(self._rows())

    def look(self, findings: Findings) -> None:
        """Write down what is wrong now."""
        blind = self.plan.history is History.BLIND or self.plan.story is Story.OUTAGE
        look(
            findings,
            files=self.bot.folder / "files",
            kept=kept_in(self.bot.folder),
            rows=self._rows(),
            people=self.people,
            provider=self.provider,
            cut_off=self.cut_off,
            expired=self.expired,
            without_row=self.without_row,
            in_tasks=self._in_tasks,
            may_be_told_again=len(self.outcome.killed) if blind else 0,
            log=self.bot.log,
        )

    async def _shown_in_tasks(self) -> set[str]:
        """Of the results that reached nobody: the jobs that /tasks offers to show."""
        waiting = unseen(self._rows())
        shown = set()
        for person in self.people:
            if theirs := waiting[person.user.id]:
                await self.discord.wait_for(lambda: self.discord.gateway.connected, SETTLES_WITHIN)
                shown |= await person.offered_in_tasks(self.discord.dm(person.user), theirs, SETTLES_WITHIN)
        return shown


def _running(rows: Sequence[Row]) -> int:
    return sum(not row.done for row in rows)
