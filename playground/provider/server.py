"""The simulated provider's HTTP server and its knobs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, Self

from aiohttp import web

from playground.provider.account import Account
from playground.provider.answers import SERVER, RateLimit, Refusal
from playground.provider.creation import CHARACTER_MODELS, Creation, Submission, read_creation
from playground.provider.faults import Damage, Faults, Moment
from playground.provider.names import Namer
from playground.provider.studio import Studio
from playground.provider.tasks import Failure, Task
from playground.provider.uploads import receive_video

_GENERATIONS: Final = "/v1/videos/generations"
_CHARACTERS: Final = "/v1/characters_tasks"
_ANOTHER_MODEL: Final = "veo3.1-fast"  # makes videos of references, and no characters
_BODY_BYTES: Final = 1024 * 1024

StatusPath = Literal["characters_tasks", "generations", "both"]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SimulatedProvider:
    """Speaks the provider's API on 127.0.0.1. Every attribute without an underscore may be changed while it runs.

    `seconds_per_task` is read when a task is taken. `clock` decides how far tasks are. `status_path` is the path
    that knows character tasks. `seed` makes ids and names repeat from run to run.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        seconds_per_task: float = 0.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        remembers_business_id: bool = True,
        status_path: StatusPath = "both",
        submits_per_minute: int = 300,
        queries_per_minute: int = 3000,
        seed: int | None = None,
    ) -> None:
        self.seconds_per_task = seconds_per_task
        self.clock = clock
        self.remembers_business_id = remembers_business_id
        self.status_path: StatusPath = status_path
        self.models = list(CHARACTER_MODELS)
        self.account = Account()
        self.lose_pictures = False
        self.empty_characters = False
        self.tasks: dict[str, Task] = {}
        self.submissions: list[Submission] = []
        self.requests: list[tuple[str, str]] = []
        self._port = port
        self._names = Namer(seed)
        self.key = self._names.hex_id("sk-simulated").replace("_", "-")
        self._gone: set[str] = set()
        self._unlisted: set[str] = set()
        self._held_at: float | None = None
        self._faults = Faults()
        self._submits = RateLimit("async_submit", submits_per_minute)
        self._queries = RateLimit("async_query", queries_per_minute)
        self._runner: web.AppRunner | None = None
        self._studio: Studio | None = None

    # -- life --------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listens; after this `base_url` is known."""
        app = web.Application(middlewares=[self._serve], client_max_size=_BODY_BYTES)
        app.on_response_prepare.append(_sign)
        app.add_routes(
            [
                web.post(_GENERATIONS, self._create),
                web.get(_GENERATIONS + "/{id}", self._generation_status),
                web.get(_CHARACTERS + "/{id}", self._character_status),
                web.post("/v1/uploads/videos", self._upload),
                web.get("/v1/balance", self._balance),
                web.get("/v1/models", self._list_models),
                web.get("/{folder:files|pictures}/{name}", self._file),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self._studio = Studio(self.base_url, self._names)

    async def stop(self) -> None:
        """Stops listening and removes every file; the same address is used when it is started again."""
        self._faults.go_on()
        if self._runner is not None:
            await self._runner.cleanup()
        await asyncio.gather(*(task.work for task in self.tasks.values()))
        if self._studio is not None:
            await asyncio.to_thread(self._studio.close)
        self._runner = self._studio = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def base_url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    # -- knobs -------------------------------------------------------------------------------------------------

    def hold_at(self, percent: float | None) -> None:
        """No task gets beyond `percent` until this is called again; None lets them go on from there."""
        self._held_at = percent
        for task in self.tasks.values():
            if percent is None:
                task.release(self.clock())
            else:
                task.hold(percent, self.clock())

    def model_gone(self, name: str, *, listed: bool = False) -> None:
        """From now on that model is answered with 404 "model not found", as a closed upstream is.

        ``listed``: the list of models still names it, for a list says enabled and not healthy.
        """
        self._gone.add(name)
        if not listed:
            self._unlisted.add(name)

    def close_character_models(self, *, reopened: bool = False) -> None:
        """From now on no model that makes characters is to be had, as since its upstream closed; or all are again.

        The list of models names another one then: an empty list would say nothing.
        """
        if reopened:
            self._gone.difference_update(CHARACTER_MODELS)
            self._unlisted.difference_update(CHARACTER_MODELS)
        else:
            for name in CHARACTER_MODELS:
                self.model_gone(name)
            if all(name in self._unlisted for name in self.models):
                self.models.append(_ANOTHER_MODEL)

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
        url = self._made().keep("files", self._names.hex_id("video") + path.suffix, path.read_bytes())
        now = self.clock()
        work: asyncio.Future[Mapping[str, Any] | Failure] = asyncio.get_running_loop().create_future()
        found = {"type": "video", "data": [{"url": url, "format": path.suffix.lstrip(".")}]}
        work.set_result(found)
        task = Task(self._names.task_id(), "video", self.models[0], now, timedelta(), work)
        task.settled, task.settled_at = found, now
        self.tasks[task.id] = task
        return task.id

    # -- serving -----------------------------------------------------------------------------------------------

    @web.middleware
    async def _serve(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        creates = (request.method, request.path) == ("POST", _GENERATIONS)
        if creates and self._faults.drops("before_read"):
            return _hang_up(request)
        try:
            if creates:
                await request.read()  # whoever waits for an answer may be gone when this goes on
                await self._faults.stall("before_read")
            ordered = self._faults.answer_for(request)
            if ordered is not None:
                await request.release()  # reads what the client sends, or it would see a broken pipe, not the answer
                return ordered
            if request.path.startswith("/v1/"):
                self._check_key(request)
            return await self._faults.spoil(request, await handler(request))
        except Refusal as refusal:
            return refusal.answer()
        except web.HTTPException as wrong:
            return Refusal(wrong.status, f"{wrong.reason} (simulated).").answer()

    def _check_key(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            raise Refusal(401, "Invalid API key. (simulated)")

    async def _create(self, request: web.Request) -> web.StreamResponse:
        headers = self._submits.take(self.clock())
        if request.content_type != "application/json":
            raise Refusal(400, "The request must be JSON.")
        creation = read_creation(await request.read())
        self._check_model(creation.model)
        earlier = self._by_business_id(creation.business_id)
        if earlier is not None:
            await self._settle(earlier)
        task = earlier or await self._take(creation)
        self.submissions.append(Submission(task.id, creation, replayed=earlier is not None))
        if self._faults.drops("after_taken"):
            return _hang_up(request)
        await self._faults.stall("after_taken")
        answer = task.answer(self.clock(), with_business_id=self.remembers_business_id)
        if earlier is None:
            answer |= {"status": "queued", "progress": 0}  # also where a task takes no time at all
        return web.json_response(answer, headers=headers)

    def _check_model(self, model: str) -> None:
        if model in self._gone:
            raise Refusal(404, f"The model {model!r} was not found: model not found.", code="model_not_found")
        if model not in self.models:
            raise Refusal(403, f"This key is not allowed to use the model {model!r}.")

    async def _take(self, creation: Creation) -> Task:
        if self.account.short:
            await self._settle_all()  # what has failed since was refunded
        url = creation.url or self._video_of(creation.from_task)
        self.account.charge()
        work = asyncio.ensure_future(self._made().make(creation, url, empty=self.empty_characters))
        task = Task(
            self._names.task_id(),
            "character",
            creation.model,
            self.clock(),
            timedelta(seconds=self.seconds_per_task),
            work,
            creation.business_id,
        )
        if self._held_at is not None:
            task.hold(self._held_at, self.clock())
        self.tasks[task.id] = task
        return task

    def _video_of(self, task_id: str | None) -> str:
        task = self.tasks.get(task_id or "")
        if task is None or task.kind != "video" or not isinstance(task.settled, Mapping):
            raise Refusal(404, "The task in 'from_task' was not found.", code="task_not_found")
        return str(task.settled["data"][0]["url"])

    async def _settle_all(self) -> None:
        for task in list(self.tasks.values()):
            await self._settle(task)

    async def _settle(self, task: Task) -> None:
        if await task.settle(self.clock()) and isinstance(task.settled, Failure):
            self.account.refund()

    def _by_business_id(self, business_id: str | None) -> Task | None:
        if business_id is None or not self.remembers_business_id:
            return None
        return next((task for task in self.tasks.values() if task.business_id == business_id), None)

    async def _character_status(self, request: web.Request) -> web.StreamResponse:
        return await self._status(request, known=("character",) if self.status_path != "generations" else ())

    async def _generation_status(self, request: web.Request) -> web.StreamResponse:
        both = self.status_path != "characters_tasks"
        return await self._status(request, known=("video", "character") if both else ("video",))

    async def _status(self, request: web.Request, *, known: tuple[str, ...]) -> web.StreamResponse:
        headers = self._queries.take(self.clock())
        wanted = request.match_info["id"]
        task = self.tasks.get(wanted) or self._by_business_id(wanted)
        if task is None or task.kind not in known:
            raise Refusal(404, "The task was not found.", code="task_not_found", headers=headers)
        await self._settle(task)
        answer = task.answer(self.clock(), with_business_id=self.remembers_business_id)
        return web.json_response(answer, headers=headers)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        data, mime, suffix = await receive_video(request)
        upload_id = self._names.hex_id("upload")
        url = await asyncio.to_thread(self._made().keep, "files", upload_id + suffix, data)
        found = {"id": upload_id, "url": url, "mime_type": mime, "size": len(data)}
        return web.json_response({"success": True, "message": "", "data": found})

    async def _balance(self, _: web.Request) -> web.StreamResponse:
        await self._settle_all()
        return web.json_response(self.account.answer())

    async def _list_models(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("type") not in {"video", "all"}:
            return web.json_response({"success": True, "object": "list", "data": []})
        enabled = [model for model in self.models if model not in self._unlisted]
        data = [
            {
                "id": model,
                "object": "model",
                "created": 1626777600,
                "owned_by": "simulated",
                "supported_endpoint_types": ["video"],
            }
            for model in enabled
        ]
        return web.json_response({"success": True, "object": "list", "data": data})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        lost = self.lose_pictures and request.match_info["folder"] == "pictures"
        path = None if lost else self._made().find(request.path)
        if path is None:
            raise Refusal(404, "There is no such file. (simulated)")
        return web.FileResponse(path)

    def _made(self) -> Studio:
        if self._studio is None:
            raise RuntimeError("the simulated provider has not been started")
        return self._studio


async def _sign(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = SERVER


def _hang_up(request: web.Request) -> web.Response:
    """Closes the connection; the answer that is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
