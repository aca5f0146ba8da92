"""An event loop whose clock jumps to the next timer: seconds of a test take no time, and no machine is too slow."""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

_P = ParamSpec("_P")


class SkippingLoop(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next timer in place of waiting for it. ``now`` may be moved on by hand."""

    _ready: deque[asyncio.Handle]  # asyncio's own
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        timers = [timer.when() for timer in self._scheduled if not timer.cancelled()]
        if not self._ready and timers:
            self.now = max(self.now + 1e-6, min(timers))
        super()._run_once()  # type: ignore[misc]  # asyncio's own


def skipping_time(test: Callable[_P, Coroutine[Any, Any, None]]) -> Callable[_P, None]:
    """The test runs on such a loop."""

    @functools.wraps(test)
    def run(*args: _P.args, **options: _P.kwargs) -> None:
        with asyncio.Runner(loop_factory=SkippingLoop) as runner:
            runner.run(test(*args, **options))

    return run


def the_loop() -> SkippingLoop:
    """The one that runs."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    return loop
