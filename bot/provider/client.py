"""The client for ToAPIs: submits characters and videos, queries tasks, uploads files, reads the balance."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import structlog

from bot import limits
from bot.config import ToapisSettings
from bot.limits import PROVIDER_IMAGE_BYTES, PROVIDER_VIDEO_BYTES
from bot.provider import error_mapping
from bot.provider.error_mapping import About, Purpose
from bot.provider.errors import RateLimited, UnknownTask
from bot.provider.models.body import body_problems
from bot.provider.models.card import ModelCard
from bot.provider.private_avatars import PrivateAvatars
from bot.provider.rates import Rate, Rates
from bot.provider.task import Balance, ProviderVideo, Task, TaskFailure, TaskState, state_of
from bot.provider.transport import Call, Timeouts, Transport
from bot.provider.wire import BalanceAnswer, CharacterAnswer, ModelsAnswer, TaskAnswer, UploadAnswer
from bot.values.character import ProviderCharacter
from bot.values.clock import Clock
from bot.values.files import ending
from bot.values.time_range import TimeRange

log = structlog.get_logger(__name__)

_SUBMIT = "/v1/videos/generations"
_CHARACTER = "/v1/characters_tasks/{id}"
_GENERATION = "/v1/videos/generations/{id}"
_BALANCE = "/v1/balance"
_VIDEO_MODELS = "/v1/models?type=video"
_READ = About(purpose=Purpose.READ)


@dataclass(frozen=True, slots=True)
class _Upload:
    template: str
    about: About


_VIDEOS = _Upload("/v1/uploads/videos", About(purpose=Purpose.UPLOAD))
_IMAGES = _Upload("/v1/uploads/images", About(purpose=Purpose.UPLOAD_PICTURE))


class ToapisClient:
    """The client for one API key. Every method raises a :class:`~bot.provider.errors.ProviderError`, and never retries.

    Submissions and queries each wait for their own rate (``rates``; without it, this process is alone). An upload does
    not wait, since the provider counts only submissions and status queries.
    """

    def __init__(
        self, settings: ToapisSettings, *, clock: Clock, timeouts: Timeouts | None = None, rates: Rates | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._timeouts = timeouts or Timeouts()
        self.video_address = f"{settings.base_url}{_SUBMIT}"
        self._transport = Transport(settings.base_url, settings.api_key, self._timeouts)
        self._rates = rates or Rates.own(settings)
        self._strange: set[str] = set()
        self.avatars = PrivateAvatars(self._ask)

    async def open(self) -> None:
        """Create the sessions. Nothing is sent."""
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
        """Wait for the submission rate limit (section "Rate limits"); submit right after it returns."""
        await self._rates.submits.acquire()

    async def create_character(
        self,
        *,
        model: str,
        range: TimeRange,
        business_id: str,
        url: str | None = None,
        from_task: str | None = None,
    ) -> Task:
        """Submit a character made from ``range`` of the video at ``url``, or from the earlier task ``from_task``.

        For some models the provider stores ``business_id`` with the task. This is the call that costs money: send it at
        most once, after :meth:`submit_slot`; it uses a new connection. Raises any :class:`ProviderError`.
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
        return await self._submit(body, about)

    async def _submit(self, body: Mapping[str, Any], about: About) -> Task:
        call = Call(method="POST", template=_SUBMIT, body=lambda: body)
        answer = TaskAnswer.model_validate(await self._ask(call, about, self._rates.submits))
        if not answer.name:
            raise error_mapping.unclear(about, status=200, code="no task id")
        return self._task(answer.name, answer)

    async def task(self, task_id: str) -> Task:
        """The state of ``task_id``. Raises :class:`UnknownTask` only when both status paths say 404."""
        return self._task(task_id, await self._status(task_id))

    async def find(self, business_id: str) -> Task | None:
        """The task that was submitted with ``business_id``, or ``None`` if neither status path knows it.

        ``None`` is no proof: the provider documents that id for some models only.
        """
        try:
            answer = await self._status(business_id)
        except UnknownTask:
            return None
        if not answer.name:
            raise error_mapping.unclear(_READ, status=200, code="no task id")
        return self._task(answer.name, answer)

    async def create_video(self, card: ModelCard, body: Mapping[str, Any], *, others: Sequence[str] = ()) -> Task:
        """Submit ``body``, which :func:`~bot.provider.models.encoding.encode` has written for ``card``'s model.

        ``others`` are the models that a refusal may name as alternatives. This costs money, like
        :meth:`create_character`: send it at most once, after :meth:`submit_slot`; it uses a new connection. Raises any
        :class:`ProviderError`, and ValueError, with nothing sent, if ``body`` does not fit ``card``.
        """
        if wrong := body_problems(card, body):
            raise ValueError(f"a request for {card.model} does not fit its card: {wrong}")
        about = About(purpose=Purpose.SUBMIT_VIDEO, model=card.model, others=tuple(others), prompt=str(body["prompt"]))
        return await self._submit(body, about)

    async def video_task(self, task_id: str) -> Task:
        """The state of the video task ``task_id``; completed only once there is a video to fetch.

        Raises :class:`UnknownTask` if the provider does not know it.
        """
        return self._video(task_id, await self._standing(_GENERATION, task_id))

    async def find_video(self, business_id: str) -> Task | None:
        """The video task that was submitted with ``business_id``. ``None`` is no proof, as in :meth:`find`."""
        try:
            answer = await self._standing(_GENERATION, business_id)
        except UnknownTask:
            return None
        if not answer.name:
            raise error_mapping.unclear(_READ, status=200, code="no task id")
        return self._video(answer.name, answer)

    async def upload_video(self, path: Path, *, mime: str) -> str:
        """Upload the video at ``path`` and return the URL of the copy. Costs nothing.

        The file is read in pieces by other threads while it is sent, under a neutral name. Raises :class:`FileTooLarge`
        above 50 MB without sending it, and the errors of uploads.
        """
        return await self._upload(path, _VIDEOS, f"clip.{ending(mime)}", mime, PROVIDER_VIDEO_BYTES)

    async def upload_image(self, path: Path, *, mime: str) -> str:
        """Upload the picture at ``path`` (JPEG, PNG, WebP or GIF, at most 10 MB), as :meth:`upload_video` does."""
        return await self._upload(path, _IMAGES, f"picture.{ending(mime)}", mime, PROVIDER_IMAGE_BYTES)

    async def _upload(self, path: Path, to: _Upload, filename: str, mime: str, max_bytes: int) -> str:
        file = await asyncio.to_thread(path.open, "rb")
        try:
            if (await asyncio.to_thread(path.stat)).st_size > max_bytes:
                raise error_mapping.too_large(to.about)

            def form() -> aiohttp.FormData:
                data = aiohttp.FormData()
                data.add_field("file", file, filename=filename, content_type=mime)
                return data

            timeout = self._transport.timeout(self._timeouts.upload)
            call = Call(method="POST", template=to.template, body=form, timeout=timeout)
            body = await self._ask(call, to.about)
        finally:
            await asyncio.to_thread(file.close)
        url = UploadAnswer.model_validate(body).url
        if not url:
            raise error_mapping.unclear(to.about, status=200, code="no url")
        return url

    async def balance(self) -> Balance:
        """What is left on the account."""
        call = Call(method="GET", template=_BALANCE)
        answer = BalanceAnswer.model_validate(await self._query(call))
        unlimited = answer.unlimited_quota or answer.remain_balance == -1
        return Balance(remaining=None if unlimited else answer.remain_balance, unlimited=unlimited)

    async def video_models(self) -> frozenset[str]:
        """The video models that are enabled for this key. An enabled model may still refuse requests."""
        call = Call(method="GET", template=_VIDEO_MODELS)
        return frozenset(ModelsAnswer.model_validate(await self._query(call)).models)

    async def _status(self, name: str) -> TaskAnswer:
        """Ask the first status path; a 404 there counts only if the second path says the same."""
        try:
            answer = await self._standing(_CHARACTER, name)
        except UnknownTask:
            answer = None
        if answer is None:  # outside the handler, so that the second error is not chained to the first
            answer = await self._standing(_GENERATION, name)
        return answer

    async def _standing(self, template: str, name: str) -> TaskAnswer:
        call = Call(method="GET", template=template, id=name)
        answer = TaskAnswer.model_validate(await self._query(call))
        if not answer.status:
            raise error_mapping.unclear(_READ, status=200, code="no status")
        return answer

    async def _query(self, call: Call) -> dict[str, Any]:
        await self._rates.queries.acquire()
        return await self._ask(call, _READ, self._rates.queries)

    async def _ask(self, call: Call, about: About, counted: Rate | None = None) -> dict[str, Any]:
        reply = await self._transport.send(call)
        try:
            return error_mapping.body_of(reply, about, now=self._clock())
        except RateLimited as error:
            if counted is not None and error.retry_after:
                await counted.pause(min(error.retry_after, limits.RATE_PAUSE_LONGEST))
            raise

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
            videos=tuple(
                ProviderVideo(url=each.url, format=each.format.lower(), last_frame_url=each.last_frame_url)
                for each in answer.made
            ),
            expires_at=answer.expires_at,
            failure=failure,
        )

    def _video(self, task_id: str, answer: TaskAnswer) -> Task:
        """A video without a URL is still running, whatever status the provider gives."""
        task = self._task(task_id, answer)
        if task.state is TaskState.COMPLETED and not task.videos:
            return replace(task, state=TaskState.RUNNING, progress=min(answer.progress, 99))
        return task

    def _strange_state(self, status: str) -> TaskState:
        """An unknown status counts as running; its name is logged once."""
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
