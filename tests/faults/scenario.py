"""One scenario: people ask, the bot is killed and started again until nothing is left to do, and all is looked at."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bot.values.clock import utc_now
from tests.faults.invariants import Findings, look
from tests.faults.life import Bot
from tests.faults.people import Person
from tests.faults.points import At, Kill, Point
from tests.faults.rows import Row, job_rows
from tests.loopback_discord.places import Channel
from tests.loopback_discord.server import LoopbackDiscord
from tests.wire.bot_process import environment
from tests.wire.scene import Provider, clip, migrated

TICK = 0.03  # seconds
SETTLES_WITHIN = 120.0  # seconds, on a machine that does much else; otherwise in three
SECONDS_PER_TASK = 0.3
AN_OUTAGE = 20 * 60.0  # seconds: longer than an interaction's token lives
ENOUGH = 2  # jobs that run at each kill
UNDER_WAY = frozenset({"prepare", "choose", "submit"})


class Story(StrEnum):
    """What happens apart from the kills."""

    STRAIGHT = "straight"  # everything is given; results go into the original messages
    PICKED = "picked"  # everybody is asked for consent, and for the seconds; one cancels
    LATE = "late"  # the tokens die before there is a result: it goes to the channel, and to direct messages
    OUTAGE = "outage"  # the tokens die while the bot lies dead


class History(StrEnum):
    """What Discord remembers when a message is sent a second time, in the stories in which new ones are sent."""

    NONCE = "nonce"  # its nonce
    READABLE = "readable"  # the nonce no longer, but the bot may read the channel's history
    BLIND = "blind"  # nor that
    SHUT = "shut"  # the bot may not write there at all, and direct messages are closed


@dataclass(frozen=True, slots=True)
class Plan:
    """``remembers``: whether the provider knows a task by our id. ``kills``: one for each life but the last."""

    kills: tuple[Kill | At, ...] = ()
    story: Story = Story.STRAIGHT
    remembers: bool = True
    history: History = History.NONCE
    real_media: bool = False

    def __str__(self) -> str:
        provider = "remembers" if self.remembers else "forgets"
        story = self.story + (f"/{self.history}" if self.story in (Story.LATE, Story.OUTAGE) else "")
        return f"{story}, provider {provider}: " + (", then ".join(map(str, self.kills)) or "no kill")


@dataclass
class Outcome:
    """How it went. ``killed``: how many jobs were running at each kill. ``missed``: points that were not come to.

    ``passed``: the points of the last life that was looked at.
    """

    plan: Plan
    killed: list[int] = field(default_factory=list)
    missed: list[Kill] = field(default_factory=list)
    passed: Counter[Point] = field(default_factory=Counter)
    findings: Findings = field(default_factory=Findings)
    seconds: float = 0.0
    looked_into_tasks: int = 0
    log: str = ""


class Scenario:
    """Everything outside the bot, and the bot."""

    def __init__(
        self, plan: Plan, discord: LoopbackDiscord, provider: Provider, bot: Bot, people: list[Person]
    ) -> None:
        self.plan = plan
        self.discord = discord
        self.provider = provider
        self.bot = bot
        self.people = people
        self.cut_off: set[str] = set()
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
        self.outcome.log = self.bot.log
        return self.outcome

    async def _live(self, kill: Kill | At | None) -> None:
        """One life: until it is killed, or everything is settled."""
        self.bot.start(kill if isinstance(kill, Kill) else None)
        moment = asyncio.ensure_future(self._moment(kill.seconds if isinstance(kill, At) else SETTLES_WITHIN))
        killed = False
        try:
            while self.bot.alive and not self._settled(rows := self._rows()):
                if moment.done() and _running(rows) >= ENOUGH:
                    killed = True
                    await self.bot.kill()
                elif self.discord.gateway.connected:
                    await self._go_on(rows)
                await asyncio.sleep(TICK)
        finally:
            moment.cancel()
        await self._look_at_the_end(kill, killed=killed)

    async def _moment(self, seconds: float) -> None:
        """Until so long after the last command was sent, or after the start of a later life."""
        if self.bot.lives == 1:
            await self.discord.wait_for(lambda: all(person.asked for person in self.people), SETTLES_WITHIN)
        await asyncio.sleep(seconds)

    async def _look_at_the_end(self, kill: Kill | At | None, *, killed: bool) -> None:
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
        self.cut_off |= {row.id for row in self._rows() if row.cut_off}
        if not self.bot.alive:
            await self.discord.wait_for(lambda: not self.discord.gateway.connected, SETTLES_WITHIN)
            if self.plan.story is Story.OUTAGE:
                self._jump()

    async def _go_on(self, rows: Sequence[Row]) -> None:
        if _running(rows) >= ENOUGH:
            self.bot.arm()
        for person in self.people:
            mine = [row for row in rows if row.owner == person.user.id]
            if not mine:
                await person.ask(self.bot.lives)
                return  # the next one asks once this was taken
            await person.answer(mine, self.bot.lives)
        if not self._released and not any(row.step in UNDER_WAY for row in rows):
            self._released = True
            if self.plan.story is Story.LATE:
                self._jump()
            self.provider.hold_at(None)

    def _jump(self) -> None:
        if not self._jumped:
            self._jumped = True
            self.bot.advance(AN_OUTAGE)
            self.discord.advance(AN_OUTAGE)

    def _rows(self) -> list[Row]:
        return job_rows(self.bot.folder)

    def _settled(self, rows: Sequence[Row]) -> bool:
        owners = {row.owner for row in rows}
        return all(person.user.id in owners for person in self.people) and all(row.done for row in rows)

    async def _end(self) -> None:
        """A last start for its sweep; then everything is looked at."""
        self._in_tasks = await self._shown_in_tasks()
        await self.bot.kill()
        self.bot.start(only_opens=True)
        if await self.bot.ended() != 0:
            self.outcome.findings.wrong.append("the last start failed")
        self.look(self.outcome.findings)

    def look(self, findings: Findings) -> None:
        """Write down what is wrong now."""
        blind = self.plan.history is History.BLIND or self.plan.story is Story.OUTAGE
        look(
            findings,
            folder=self.bot.folder,
            rows=self._rows(),
            people=self.people,
            provider=self.provider,
            cut_off=self.cut_off,
            in_tasks=self._in_tasks,
            may_be_told_again=len(self.outcome.killed) if blind else 0,
            log=self.bot.log,
        )

    async def _shown_in_tasks(self) -> set[str]:
        """Of the results that reached nobody: the jobs that /tasks offers to show."""
        waiting = {row.id: row.owner for row in self._rows() if not row.delivered and row.outcome != "cancelled"}
        shown = set()
        for person in self.people:
            theirs = [job_id for job_id, owner in waiting.items() if owner == person.user.id]
            if theirs:
                await self.discord.wait_for(lambda: self.discord.gateway.connected, SETTLES_WITHIN)
                listing = await person.user.slash(self.discord.dm(person.user), "tasks")
                buttons = [part["custom_id"] for part in (await listing.replied(SETTLES_WITHIN)).parts()]
                shown |= {job_id for job_id in theirs if any(f"show:{job_id}" in button for button in buttons)}
        return shown


def _running(rows: Sequence[Row]) -> int:
    return sum(not row.done for row in rows)


async def run(plan: Plan, looks: Path) -> Outcome:
    """Open the world, run ``plan`` in it, close it."""
    with tempfile.TemporaryDirectory(prefix="castbook-faults-") as folder:
        async with world(plan, Path(folder), looks) as scenario:
            return await scenario.run()


@asynccontextmanager
async def world(plan: Plan, folder: Path, looks: Path) -> AsyncIterator[Scenario]:
    """A Discord, a provider, people and a bot in ``folder``, nothing of which moves yet."""
    async with (
        LoopbackDiscord(clock=utc_now) as discord,
        Provider(discord, seconds_per_task=SECONDS_PER_TASK, remembers_business_id=plan.remembers) as provider,
    ):
        provider.hold_at(50)
        guild = discord.add_guild("studio")
        channel = guild.add_channel("casting")
        people = _people(plan, discord, provider, channel, folder)
        if plan.history in (History.READABLE, History.BLIND):
            discord.nonce_life = -discord.nonce_life
        _shut(plan, channel, people)
        environ = environment(
            discord,
            provider,
            migrated(folder),
            WEB__PORT="0",
            TOAPIS__SUBMIT_PER_SECOND="50",
            TOAPIS__SHOW_PROGRESS_FOR="100000",
            CONSENT__ASK="true" if plan.story is Story.PICKED else "false",
        )
        bot = Bot(
            folder,
            environ,
            looks=None if plan.real_media else looks,
            same_nonce=0.0 if plan.history in (History.READABLE, History.BLIND) else 120.0,
        )
        yield Scenario(plan, discord, provider, bot, people)


def _people(plan: Plan, discord: LoopbackDiscord, provider: Provider, channel: Channel, folder: Path) -> list[Person]:
    """Somebody with an earlier task, in public; two with a clip, one in private; one who is asked and cancels."""
    guild = channel.guild
    assert guild is not None
    video = folder / "earlier.mp4"
    video.write_bytes(clip())
    task = provider.add_video_task(video)
    seconds = {} if plan.story is Story.PICKED else {"range": "1-3"}

    def file() -> object:
        return discord.file("clip.mp4", clip(), "video/mp4")

    people = [
        Person(discord.add_user("ann", guild), channel, {"task": task, "range": "0.5-2.5", "name": "Ada"}),
        Person(discord.add_user("bob", guild), channel, {"video": file(), "private": True, **seconds}),
        Person(discord.add_user("cleo", guild), channel, {"video": file(), "name": "Cora", **seconds}),
    ]
    if plan.story is Story.PICKED:
        people.append(Person(discord.add_user("dan", guild), channel, {"video": file(), "private": True}, cancels=True))
    return people


def _shut(plan: Plan, channel: Channel, people: Sequence[Person]) -> None:
    if plan.history is History.BLIND:
        channel.deny("read_message_history")
    if plan.history is History.SHUT:
        channel.deny("send_messages")
        for person in people:
            person.user.takes_dms = False
