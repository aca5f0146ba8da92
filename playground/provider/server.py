"""The simulated provider's HTTP server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Self

from aiohttp import web

from playground.provider.account import Account
from playground.provider.answers import SERVER, ErrorResponse, RateLimit
from playground.provider.creation import Creation, Submission, read_creation
from playground.provider.faults import Faults
from playground.provider.generated_media import GeneratedMedia
from playground.provider.generation import Generation, VideoSubmission, asks_for_video, read_generation
from playground.provider.models import ModelList
from playground.provider.names import Namer
from playground.provider.simulation_controls import SimulationControls
from playground.provider.task_registry import TaskRegistry
from playground.provider.tasks import Failure, Task
from playground.provider.uploads import receive_picture, receive_video
from playground.provider.videos import Videos

_GENERATIONS: Final = "/v1/videos/generations"
_CHARACTERS: Final = "/v1/characters_tasks"
_PREFIXES: Final = {"seed": "tsk_vid", "klin": "vid", "veo3": "video"}  # of ids, by how a model's name begins
_BODY_BYTES: Final = 1024 * 1024

StatusPath = Literal["characters_tasks", "generations", "both"]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SimulatedProvider(SimulationControls):
    """Speaks the provider's API on 127.0.0.1. Every attribute without an underscore may be changed while it runs.

    `seconds_per_task` is read when a task is taken. `clock` decides how far tasks are. `status_path` is the path
    that knows character tasks. `videos` has the knobs of video tasks; `likenesses` names further models, each with the
    one whose page it keeps. `seed` makes ids and names repeat from run to run.
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
        self._models = ModelList()
        self.likenesses = self._models.like
        self.account = Account()
        self.lose_pictures = False
        self.empty_characters = False
        self._registry = TaskRegistry(self.account, lambda: self.clock())
        self.tasks = self._registry.tasks
        self.submissions: list[Submission] = []
        self.requests: list[tuple[str, str]] = []
        self._port = port
        self._names = Namer(seed)
        self.videos = Videos(self._names, lambda: self.clock(), self._registry.username_of)
        self.key = self._names.hex_id("sk-simulated").replace("_", "-")
        self._faults = Faults()
        self._submits = RateLimit("async_submit", submits_per_minute)
        self._queries = RateLimit("async_query", queries_per_minute)
        self._runner: web.AppRunner | None = None
        self._generated: GeneratedMedia | None = None

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
                web.post("/v1/uploads/{kind:videos|images}", self._upload),
                *self.videos.avatars.routes(lambda url: self._generated_media().fetch(url)),
                web.get("/v1/balance", self._balance),
                web.get("/v1/models", self._list_models),
                web.get("/{folder:files|pictures|videos}/{name}", self._file),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self._generated = GeneratedMedia(self.base_url, self._names)

    async def stop(self) -> None:
        """Stops listening and removes every file; the same address is used when it is started again."""
        self._faults.go_on()
        if self._runner is not None:
            await self._runner.cleanup()
        await asyncio.gather(*(task.work for task in self.tasks.values()))
        if self._generated is not None:
            await asyncio.to_thread(self._generated.close)
        self._runner = self._generated = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def base_url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    # -- serving -----------------------------------------------------------------------------------------------

    @web.middleware
    async def _serve(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        creates = (request.method, request.path) == ("POST", _GENERATIONS)
        if creates and self._faults.drops("before_read"):
            return _hang_up(request)
        try:
            if creates:
                await request.read()  # the client may be gone when this goes on
                await self._faults.stall("before_read")
            ordered = self._faults.answer_for(request)
            if ordered is not None:
                await request.release()  # reads what the client sends, or it would see a broken pipe, not the answer
                return ordered
            if request.path.startswith("/v1/"):
                self._check_key(request)
            return await self._faults.spoil(request, await handler(request))
        except ErrorResponse as refusal:
            return refusal.answer()
        except web.HTTPException as wrong:
            return ErrorResponse(wrong.status, f"{wrong.reason} (simulated).").answer()

    def _check_key(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            raise ErrorResponse(401, "Invalid API key. (simulated)")

    async def _create(self, request: web.Request) -> web.StreamResponse:
        headers = self._submits.take(self.clock())
        if request.content_type != "application/json":
            raise ErrorResponse(400, "The request must be JSON.")
        wanted = self._read(await request.read())
        earlier = self._by_business_id(wanted.business_id)
        if earlier is not None:
            await self._registry.settle(earlier)
        if isinstance(wanted, Generation):
            task = earlier or await self._take_video(wanted)
            self.videos.submissions.append(VideoSubmission(task.id, wanted, replayed=earlier is not None))
        else:
            task = earlier or await self._take(wanted)
            self.submissions.append(Submission(task.id, wanted, replayed=earlier is not None))
        if self._faults.drops("after_taken"):
            return _hang_up(request)
        await self._faults.stall("after_taken")
        answer = self._answer(task)
        if earlier is None:
            answer |= {"status": self._word(task, "queued"), "progress": 0}  # also where a task takes no time at all
        return web.json_response(answer, headers=headers)

    def _read(self, body: bytes) -> Creation | Generation:
        try:
            fields = json.loads(body)
        except ValueError:
            fields = None
        if not asks_for_video(fields):
            creation = read_creation(body)
            self._models.check(creation.model)
            return creation
        model = fields.get("model")
        if not isinstance(model, str) or not model:
            raise ErrorResponse(400, "'model' is required.")
        self._models.check(model)
        return read_generation(fields, self._models.page_of(model))

    async def _take(self, creation: Creation) -> Task:
        if self.account.short:
            await self._registry.settle_all()  # what has failed since was refunded
        url = creation.url or self._registry.video_of(creation.from_task)
        self.account.charge()
        work = asyncio.ensure_future(self._generated_media().make(creation, url, empty=self.empty_characters))
        return self._begin("character", creation, work, "task")

    async def _take_video(self, generation: Generation) -> Task:
        if self.account.short:
            await self._registry.settle_all()
        if generation.task_id in self.tasks:
            await self._registry.settle(self.tasks[generation.task_id])
        await self.videos.check(generation, self._generated_media())
        self.account.charge()
        work = asyncio.ensure_future(self.videos.work(generation, self._generated_media()))
        return self._begin("video", generation, work, _PREFIXES.get(generation.model[:4].lower(), "task"))

    def _begin(
        self,
        kind: Literal["character", "video"],
        wanted: Creation | Generation,
        work: asyncio.Future[Mapping[str, Any] | Failure],
        prefix: str,
    ) -> Task:
        takes = timedelta(seconds=self.seconds_per_task)
        task_id = self._names.task_id(prefix)
        return self._registry.add(Task(task_id, kind, wanted.model, self.clock(), takes, work, wanted.business_id))

    def _by_business_id(self, business_id: str | None) -> Task | None:
        return self._registry.of_business_id(business_id) if self.remembers_business_id else None

    def _answer(self, task: Task) -> dict[str, Any]:
        if task.kind == "video":
            return self.videos.answer(task, with_business_id=self.remembers_business_id)
        return task.answer(self.clock(), with_business_id=self.remembers_business_id)

    def _word(self, task: Task, status: str) -> str:
        return self.videos.words.get(status, status) if task.kind == "video" else status

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
            raise ErrorResponse(404, "The task was not found.", code="task_not_found", headers=headers)
        await self._registry.settle(task)
        return web.json_response(self._answer(task), headers=headers)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        receive = receive_picture if request.match_info["kind"] == "images" else receive_video
        data, mime, suffix = await receive(request)
        upload_id = self._names.hex_id("upload")
        url = await asyncio.to_thread(self._generated_media().keep, "files", upload_id + suffix, data)
        found = {"id": upload_id, "url": url, "mime_type": mime, "size": len(data)}
        return web.json_response({"success": True, "message": "", "data": found})

    async def _balance(self, _: web.Request) -> web.StreamResponse:
        await self._registry.settle_all()
        return web.json_response(self.account.answer())

    async def _list_models(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._models.answer(request.query.get("type")))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        lost = self.lose_pictures and request.match_info["folder"] == "pictures"
        lost = lost or self.videos.dead(self._registry.video_behind(self.base_url + request.path))
        path = None if lost else self._generated_media().find(request.path)
        if path is None or not path.exists():
            raise ErrorResponse(404, "There is no such file. (simulated)")
        return web.FileResponse(path)

    def _generated_media(self) -> GeneratedMedia:
        if self._generated is None:
            raise RuntimeError("the simulated provider has not been started")
        return self._generated


async def _sign(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = SERVER


def _hang_up(request: web.Request) -> web.Response:
    """Closes the connection; the answer that is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
