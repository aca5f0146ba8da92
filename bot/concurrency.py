"""Limiters with time limits and fairness, shielded work, and waiting until the event loop keeps up."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

_T = TypeVar("_T")

_log = structlog.get_logger(__name__)
_in_background: ContextVar[bool] = ContextVar("in_background", default=False)
_answered: ContextVar[Callable[[], bool] | None] = ContextVar("answered", default=None)
_left_behind: set[asyncio.Future[Any]] = set()  # the event loop only keeps weak references


async def shielded(work: Awaitable[_T]) -> _T:
    """The result of ``work``, which runs to its end even if this is cancelled, however often.

    The cancellation is raised after that, so nothing is running any more. (anyio's shielded scope does not protect
    against asyncio's own cancellation, which is what the runner and discord.py use.)
    """
    running = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            try:
                await asyncio.wait({running})
            except asyncio.CancelledError:
                continue  # raised below
        if not running.cancelled():
            running.exception()  # retrieved: what matters now is that we were cancelled
        raise


async def within(seconds: float, work: Awaitable[_T]) -> _T:
    """The result of ``work``. Raises :class:`TimeoutError` after ``seconds``, without waiting any longer.

    ``asyncio.timeout`` cannot promise that: a database statement is shielded, and may end seconds later. Here the late
    work is cancelled and ends in the background.
    """
    running = asyncio.ensure_future(work)
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.shield(running)
    finally:
        if not running.done():
            _leave(running)


def _leave(running: asyncio.Future[Any]) -> None:
    running.cancel()
    _left_behind.add(running)
    running.add_done_callback(_ended)


def _ended(task: asyncio.Future[Any]) -> None:
    _left_behind.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.info("late_work_failed", error=type(error).__name__)


async def until_the_loop_keeps_up(*, busy: float, at_most: float) -> None:
    """Return once a round of the event loop computes for less than ``busy`` seconds, or after about ``at_most``.

    CPU time counts, not elapsed time: on a busy machine, waiting would not help.
    """
    loop = asyncio.get_running_loop()
    last = loop.time() + at_most
    while True:
        before = time.thread_time()
        await asyncio.sleep(0)  # until everything that is ready by now has run
        if time.thread_time() - before < busy or loop.time() > last:
            return
        await asyncio.sleep(busy)


class Foreground:
    """Knows who waits for a first answer, so that background work lets them go first.

    Every turn of the event loop that a job takes is one that they wait for.
    """

    def __init__(self) -> None:
        self._waiting = 0
        self._answered_at = -math.inf  # when somebody last was, by the loop's clock
        self._nobody_waits = asyncio.Event()
        self._nobody_waits.set()

    @property
    def somebody_waits(self) -> bool:
        """Whether anybody waits right now."""
        return self._waiting > 0

    @contextmanager
    def waits(self) -> Iterator[None]:
        """Somebody waits, inside the ``with`` block."""
        self._waiting += 1
        self._nobody_waits.clear()
        try:
            yield
        finally:
            self._waiting -= 1
            self._answered_at = asyncio.get_running_loop().time()
            if not self._waiting:
                self._nobody_waits.set()

    async def quiet(self, seconds: float, *, at_most: float) -> bool:
        """Return once nobody has waited for ``seconds``, or after ``at_most`` seconds; returns whether it is quiet."""
        loop = asyncio.get_running_loop()
        last = loop.time() + at_most
        while (now := loop.time()) < (quiet_at := (now if self.somebody_waits else self._answered_at) + seconds):
            if now >= last:
                return False
            await asyncio.sleep(min(quiet_at, last) - now)
        return True

    async def goes_first(self, at_most: float) -> None:
        """Return at once, but to background work only when nobody waits, or after ``at_most`` seconds."""
        if self.somebody_waits and _in_background.get():
            with suppress(TimeoutError):
                async with asyncio.timeout(at_most):
                    await self._nobody_waits.wait()


def work_in_background() -> None:
    """Make the current task background work, and with it every task that it starts from now on."""
    _in_background.set(True)


def work_until_answered(answered: Callable[[], bool]) -> None:
    """Make the current task, and every task that it starts from now on, work on a first answer until ``answered``."""
    _answered.set(answered)


def works_on_a_first_answer() -> bool:
    """Whether somebody waits for the current task's first answer."""
    answered = _answered.get()
    return answered is not None and not answered()


class PriorityLimiter:
    """At most ``limit`` places at once; a free place goes to urgent requests first, then to the oldest."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    async def acquire(self, *, urgent: bool) -> None:
        """Wait for a place; give it back with :meth:`release`."""
        if self._free:  # a place is free only if nobody waits
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._others).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()  # the place arrived at the same moment: pass it on
            raise

    def release(self) -> None:
        """Give a place back."""
        for queue in (self._urgent, self._others):
            while queue:
                turn = queue.popleft()
                if not turn.done():  # otherwise it was cancelled meanwhile
                    turn.set_result(None)
                    return
        self._free += 1


class FairLimiter:
    """At most ``limit`` places at once; a free place goes to the waiting owner who holds the fewest.

    Among owners who hold equally many, the one who has waited longest is next; one owner's own requests are served in
    order. So however many requests one person makes, another person waits for one place at most, never for all of
    theirs. Hold a place only while the resource is in use (design, rule 15), never while waiting for something else.
    """

    def __init__(self, limit: int) -> None:
        """``limit``: places, at least 1. Raises ValueError otherwise, because everybody would wait for ever."""
        if limit < 1:
            raise ValueError("a limiter needs at least one place")
        self._free = limit
        self._held: Counter[int] = Counter()
        self._waiting: OrderedDict[int, deque[asyncio.Future[None]]] = OrderedDict()  # by owner, in order of arrival

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def place(self, owner_id: int) -> AsyncIterator[None]:
        """Wait for a place, and hold it inside the ``async with`` block."""
        await self._acquire(owner_id)
        try:
            yield
        finally:
            self._release(owner_id)

    @contextmanager
    def place_now(self, owner_id: int) -> Iterator[bool]:
        """Hold a place inside the ``with`` block if one is free; yields whether one was. Never waits."""
        if not self._free:
            yield False
            return
        self._take(owner_id)
        try:
            yield True
        finally:
            self._release(owner_id)

    async def _acquire(self, owner_id: int) -> None:
        if self._free:  # a place is free only if nobody waits
            self._take(owner_id)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner_id, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release(owner_id)  # the place arrived at the same moment: pass it on
            else:
                self._forget(owner_id, turn)
            raise

    def _take(self, owner_id: int) -> None:
        self._free -= 1
        self._held[owner_id] += 1

    def _release(self, owner_id: int) -> None:
        self._free += 1
        self._held[owner_id] -= 1
        if not self._held[owner_id]:
            del self._held[owner_id]
        while self._free and self._waiting:
            following = min(self._waiting, key=lambda owner: self._held[owner])  # among equals, the first in the order
            turn = self._waiting[following].popleft()
            if self._waiting[following]:
                self._waiting.move_to_end(following)
            else:
                del self._waiting[following]
            if not turn.done():  # a cancelled one removes itself as soon as it runs
                self._take(following)
                turn.set_result(None)

    def _forget(self, owner_id: int, turn: asyncio.Future[None]) -> None:
        turns = self._waiting.get(owner_id)
        if turns is not None and turn in turns:
            turns.remove(turn)
            if not turns:
                del self._waiting[owner_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """A limiter for each resource that jobs share (design, rule 15).

    Paid results have their own, so they never wait behind somebody's slow link or long video.
    """

    links: FairLimiter  # downloads from other people's servers, which may be very slow
    attachments: FairLimiter  # downloads from Discord
    results: FairLimiter  # downloads of what the provider made
    uploads: FairLimiter
    videos: FairLimiter  # child processes that inspect a video
    pictures: FairLimiter  # child processes that open a picture from the provider
    sends: FairLimiter  # messages to Discord

    @classmethod
    def of(cls, *, downloads: int, uploads: int, videos: int, sends: int) -> Places:
        """The limiters with these numbers of places; ``downloads`` for links, attachments and results alike."""
        return cls(
            links=FairLimiter(downloads),
            attachments=FairLimiter(downloads),
            results=FairLimiter(downloads),
            uploads=FairLimiter(uploads),
            videos=FairLimiter(videos),
            pictures=FairLimiter(1),  # it takes a moment
            sends=FairLimiter(sends),
        )
