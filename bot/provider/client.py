"""The client for ToAPIs: submit a character, ask how it stands, upload a video, ask for the balance."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import structlog
from aiolimiter import AsyncLimiter

from bot import limits
from bot.config import ToapisSettings
from bot.limits import PROVIDER_VIDEO_BYTES
from bot.provider import error_mapping
from bot.provider.error_mapping import About, Purpose
from bot.provider.errors import UnknownTask
from bot.provider.rates import bucket
from bot.provider.task import Balance, Task, TaskFailure, TaskState, state_of
from bot.provider.transport import Call, Timeouts, Transport
from bot.provider.wire import BalanceAnswer, CharacterAnswer, ModelsAnswer, TaskAnswer, UploadAnswer
from bot.values.character import ProviderCharacter
from bot.values.clock import Clock
from bot.values.time_range import TimeRange

log = structlog.get_logger(__name__)

_SUBMIT = "/v1/videos/generations"
_STATUS = ("/v1/characters_tasks/{id}", "/v1/videos/generations/{id}")
_UPLOAD = "/v1/uploads/videos"
_BALANCE = "/v1/balance"
_VIDEO_MODELS = "/v1/models?type=video"
_SUFFIXES = {"video/mp4": ".mp4", "video/quicktime": ".mov", "video/webm": ".webm"}
_READ = About(purpose=Purpose.READ)
_UPLOADING = About(purpose=Purpose.UPLOAD)


class ToapisClient:
    """ToAPIs for one key. Every method raises a :class:`~bot.provider.errors.ProviderError`, and never retries.

    Submissions and queries each wait for their own token bucket; an upload takes no token, since only submissions and
    status queries are counted by the provider.
    """

    def __init__(self, settings: ToapisSettings, *, clock: Clock, timeouts: Timeouts | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._timeouts = timeouts or Timeouts()
        self._transport = Transport(settings.base_url, settings.api_key, self._timeouts)
        self._submits = bucket(settings.submit_per_second)
        self._queries = bucket(settings.query_per_second)
        self._strange: set[str] = set()

    async def open(self) -> None:
        """Make ready to call. Nothing is sent."""
        await self._transport.open()

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def submit_slot(self) -> None:
        """Wait for the next place among the submissions (section "Rate limits"); to be used at once."""
        await self._submits.acquire()

    async def create_character(
        self,
        *,
        model: str,
        range: TimeRange,
        business_id: str,
        url: str | None = None,
        from_task: str | None = None,
    ) -> Task:
        """Submit a character made of ``range`` of the video at ``url``, or of the earlier task ``from_task``.

        ``business_id`` is stored with the task by the provider, for some models. This is the call that costs money:
        sent at most once, on a connection of its own, and after :meth:`submit_slot`. Raises the whole tree of errors.
        """
        if (url is None) == (from_task is None):
            raise ValueError("exactly one of url and from_task")
        body = {"model": model, "timestamps": range.provider, "client_business_id": business_id}
        body |= {"url": url} if url is not None else {"from_task": str(from_task)}
        if self._settings.callback_url:
            body["callback_url"] = self._settings.callback_url
        about = About(
            purpose=Purpose.SUBMIT,
            model=model,
            others=tuple(other for other in self._settings.models if other != model),
            from_task=from_task or "",
        )
        call = Call(method="POST", template=_SUBMIT, body=lambda: body)
        answer = TaskAnswer.model_validate(await self._ask(call, about))
        if not answer.name:
            raise error_mapping.unclear(about, status=200, code="no task id")
        return self._task(answer.name, answer)

    async def task(self, task_id: str) -> Task:
        """How ``task_id`` stands. Raises :class:`UnknownTask` only when both status paths say 404."""
        return self._task(task_id, await self._status(task_id))

    async def find(self, business_id: str) -> Task | None:
        """The task that was submitted with ``business_id``, or ``None`` where neither status path knows it.

        ``None`` is no proof: the provider documents that id for some models only.
        """
        try:
            answer = await self._status(business_id)
        except UnknownTask:
            return None
        if not answer.name:
            raise error_mapping.unclear(_READ, status=200, code="no task id")
        return self._task(answer.name, answer)

    async def upload_video(self, path: Path, *, mime: str) -> str:
        """Hand the video at ``path`` to the provider and return the URL of its copy. Costs nothing.

        The file is read in pieces by other threads while it is sent, and goes under a neutral name. Raises
        :class:`FileTooLarge` above 50 MB without sending it, and what an upload may be answered with.
        """
        file = await asyncio.to_thread(path.open, "rb")
        try:
            if (await asyncio.to_thread(path.stat)).st_size > PROVIDER_VIDEO_BYTES:
                raise error_mapping.too_large()

            def form() -> aiohttp.FormData:
                data = aiohttp.FormData()
                data.add_field("file", file, filename=f"clip{_SUFFIXES[mime]}", content_type=mime)
                return data

            timeout = self._transport.timeout(self._timeouts.upload)
            call = Call(method="POST", template=_UPLOAD, body=form, timeout=timeout)
            body = await self._ask(call, _UPLOADING)
        finally:
            await asyncio.to_thread(file.close)
        url = UploadAnswer.model_validate(body).url
        if not url:
            raise error_mapping.unclear(_UPLOADING, status=200, code="no url")
        return url

    async def balance(self) -> Balance:
        """What is left on the account."""
        call = Call(method="GET", template=_BALANCE)
        answer = BalanceAnswer.model_validate(await self._ask(call, _READ, self._queries))
        unlimited = answer.unlimited_quota or answer.remain_balance == -1
        return Balance(remaining=None if unlimited else answer.remain_balance, unlimited=unlimited)

    async def video_models(self) -> frozenset[str]:
        """The video models that are enabled for this key. Enabled is not healthy: a listed model may still refuse."""
        call = Call(method="GET", template=_VIDEO_MODELS)
        return frozenset(ModelsAnswer.model_validate(await self._ask(call, _READ, self._queries)).models)

    async def _status(self, name: str) -> TaskAnswer:
        """Ask the first status path; a 404 there is believed only when the second says the same."""
        first, second = (Call(method="GET", template=template, id=name) for template in _STATUS)
        try:
            body = await self._ask(first, _READ, self._queries)
        except UnknownTask:
            body = None
        if body is None:  # outside the handler, so that the second error does not drag the first along
            body = await self._ask(second, _READ, self._queries)
        answer = TaskAnswer.model_validate(body)
        if not answer.status:
            raise error_mapping.unclear(_READ, status=200, code="no status")
        return answer

    async def _ask(self, call: Call, about: About, limiter: AsyncLimiter | None = None) -> dict[str, Any]:
        if limiter is not None:
            await limiter.acquire()
        reply = await self._transport.send(call)
        return error_mapping.body_of(reply, about, now=self._clock())

    def _task(self, task_id: str, answer: TaskAnswer) -> Task:
        state = state_of(answer.status) or self._strange_state(answer.status)
        failure = None
        if state is TaskState.FAILED:
            failure = TaskFailure(code=answer.error.code or answer.status.lower(), message=answer.error.message)
        return Task(
            id=task_id,
            state=state,
            progress=100 if state is TaskState.COMPLETED else answer.progress,
            characters=tuple(_character(each) for each in answer.characters),
            failure=failure,
        )

    def _strange_state(self, status: str) -> TaskState:
        """A status that nobody has heard of is still running; its name is logged once."""
        if status and status not in self._strange and len(self._strange) < limits.PROVIDER_STRANGE_STATUSES:
            self._strange.add(status)
            log.warning("provider_status_unknown", status=status)
        return TaskState.RUNNING if status else TaskState.QUEUED


def _character(answer: CharacterAnswer) -> ProviderCharacter:
    username = answer.username.removeprefix("@")
    return ProviderCharacter(
        id=answer.id,
        display_name=answer.display_name or username.rpartition(".")[2] or answer.id,
        username=username,
        picture_url=answer.profile_picture_url,
    )
