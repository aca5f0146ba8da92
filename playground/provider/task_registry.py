"""All tasks of the simulated provider: started, held, looked up, settled, and refunded if they failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from playground.provider.account import Account
from playground.provider.answers import ErrorResponse
from playground.provider.tasks import Failure, Task


class TaskRegistry:
    """`tasks` by their ids. `clock` decides how far they are."""

    def __init__(self, account: Account, clock: Callable[[], datetime]) -> None:
        self.tasks: dict[str, Task] = {}
        self._account = account
        self._clock = clock
        self._held_at: float | None = None

    def hold_at(self, percent: float | None) -> None:
        """No task gets beyond `percent` until this is called again; None lets them go on from there."""
        self._held_at = percent
        for task in self.tasks.values():
            if percent is None:
                task.release(self._clock())
            else:
                task.hold(percent, self._clock())

    def add(self, task: Task) -> Task:
        """Takes a task that has just begun."""
        if self._held_at is not None:
            task.hold(self._held_at, self._clock())
        self.tasks[task.id] = task
        return task

    async def settle(self, task: Task) -> None:
        """Brings it to its end, if its time has come."""
        if await task.settle(self._clock()) and isinstance(task.settled, Failure):
            self._account.refund()

    async def settle_all(self) -> None:
        """Likewise, each of them."""
        for task in list(self.tasks.values()):
            await self.settle(task)

    def of_business_id(self, business_id: str | None) -> Task | None:
        """The task that was begun with the caller's own id."""
        if business_id is None:
            return None
        return next((task for task in self.tasks.values() if task.business_id == business_id), None)

    def video_of(self, task_id: str | None) -> str:
        """The URL of what a finished video task has made. Raises `ErrorResponse` (404)."""
        made = self._made("video", task_id)
        if made is None:
            raise ErrorResponse(404, "The task in 'from_task' was not found.", code="task_not_found")
        return str(made["data"][0]["url"])

    def username_of(self, task_id: str) -> str | None:
        """Of the character that a finished task has made."""
        made = self._made("character", task_id)
        return next((str(each["username"]) for each in made["data"]["characters"]), None) if made else None

    def video_behind(self, url: str) -> Task | None:
        """The finished video task to whose result this URL belongs."""
        for task in self.tasks.values():
            made = self._made("video", task.id)
            if made and any(url in (each.get("url"), each.get("last_frame_url")) for each in made["data"]):
                return task
        return None

    def _made(self, kind: str, task_id: str | None) -> Mapping[str, Any] | None:
        task = self.tasks.get(task_id or "")
        return task.settled if task and task.kind == kind and isinstance(task.settled, Mapping) else None
