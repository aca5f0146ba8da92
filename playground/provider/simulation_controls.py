"""Controls of the simulated provider while it runs: close models, make answers fail, hold tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playground.provider.creation import CHARACTER_MODELS
from playground.provider.faults import Damage, Faults, Moment
from playground.provider.generated_media import GeneratedMedia
from playground.provider.models import ModelList
from playground.provider.names import Namer
from playground.provider.task_registry import TaskRegistry
from playground.provider.tasks import Failure, Task


class SimulationControls:
    """What tests and the playground call on :class:`~playground.provider.server.SimulatedProvider` to steer it."""

    clock: Callable[[], datetime]
    tasks: dict[str, Task]
    _registry: TaskRegistry
    _faults: Faults
    _models: ModelList
    _names: Namer

    @property
    def models(self) -> list[str]:
        """Those that the key may use; another list may be put in its place."""
        return self._models.open

    @models.setter
    def models(self, models: list[str]) -> None:
        self._models.open = models

    def hold_at(self, percent: float | None) -> None:
        """No task gets beyond `percent` until this is called again; None lets them go on from there."""
        self._registry.hold_at(percent)

    def model_gone(self, name: str, *, listed: bool = False) -> None:
        """From now on that model is answered with 404 "model not found", as a closed upstream is.

        ``listed``: the list of models still names it, for a list says enabled and not healthy.
        """
        self._models.close(name, listed=listed)

    def model_back(self, name: str) -> None:
        """That model works again."""
        self._models.reopen(name)

    def close_character_models(self, *, reopened: bool = False) -> None:
        """Close all models that make characters, as when their upstream closed; or reopen them all."""
        for name in CHARACTER_MODELS:
            if reopened:
                self.model_back(name)
            else:
                self.model_gone(name)

    def fail_next(
        self,
        method: str,
        path_prefix: str,
        status: int,
        *,
        body: bytes | str | None = None,
        json: Any = None,  # noqa: ANN401 — whatever JSON a test wants to be answered
        headers: Mapping[str, str] | None = None,
        times: int = 1,
    ) -> None:
        """The next `times` requests to that path are answered with `status` and have no effect.

        Without `body` (sent as HTML unless `headers` say otherwise) or `json` the answer is the documented envelope.
        """
        self._faults.fail_next(method, path_prefix, status, body=body, json=json, headers=headers, times=times)

    def drop_next(self, moment: Moment) -> None:
        """The next create request loses its connection: `before_read`, or `after_taken` (the task exists then)."""
        self._faults.drop_next(moment)

    def stall_next(self, moment: Moment) -> None:
        """The next create request gets no answer until :meth:`mend`; the moments are those of :meth:`drop_next`."""
        self._faults.stall_next(moment)

    def spoil_next(self, method: str, path_prefix: str, damage: Damage, *, times: int = 1) -> None:
        """The next `times` requests to that path are carried out, and their answers arrive damaged.

        `reset`: the connection breaks in the middle of the body. `truncated`: half of the JSON, as if that were all.
        `oversized`: right, and megabytes too long. `html`: the page of a proxy in its place, with the same status.
        `not_utf8`: with bytes in it that are none. Files (pictures, clips) are left alone.
        """
        self._faults.spoil_next(method, path_prefix, damage, times=times)

    @property
    def faults_happened(self) -> Mapping[str, int]:
        """How often each kind of what was ordered has happened."""
        return self._faults.happened

    def mend(self) -> None:
        """Nothing that was ordered (`fail_next`, `drop_next`, `stall_next`, `spoil_next`) happens any more."""
        self._faults.mend()

    def add_video_task(self, path: Path) -> str:
        """An earlier video task that is finished and whose video is a copy of `path`; its id is for `from_task`."""
        url = self._generated_media().keep("files", self._names.hex_id("video") + path.suffix, path.read_bytes())
        now = self.clock()
        work: asyncio.Future[Mapping[str, Any] | Failure] = asyncio.get_running_loop().create_future()
        found = {"type": "video", "data": [{"url": url, "format": path.suffix.lstrip(".")}]}
        work.set_result(found)
        task = Task(self._names.task_id(), "video", self.models[0], now, timedelta(), work)
        task.settled, task.settled_at = found, now
        self.tasks[task.id] = task
        return task.id

    def add_character(self, clip: bytes, picture: bytes) -> str:
        """A character that was made earlier, of an MP4 and with a JPEG; its username is for `@username` in prompts."""
        return self._generated_media().add_person(clip, picture)

    def _generated_media(self) -> GeneratedMedia:
        raise NotImplementedError
