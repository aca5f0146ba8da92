"""The real bot as a process that dies at a named point. Everything is wrapped from here; nothing in ``bot`` knows.

``live`` is what a process does from its first moment: ``bot.app.service.run``, as ``castbook run`` does it. Classes
are wrapped before App is built. A point's name says in which step of a job it is passed, such as
"submit.provider.create_character"; what belongs to no job begins with "bot", and with "start" until all is open.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from discord.http import HTTPClient, Route
from discord.webhook.async_ import AsyncWebhookAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits
from bot.app import service
from bot.app.build import App
from bot.app.process import finish
from bot.app.roles import Role, Shards
from bot.config import Settings
from bot.jobs.backoff import backoff
from bot.jobs.cast_import import CastImporter
from bot.jobs.leased_job import LeasedJob
from bot.media.download import Downloader
from bot.media.output_folder import OutputFolder
from bot.media.part_file import KeptPart, PartFile
from bot.media.site_videos import SiteVideos
from bot.media.worker import MediaWorker
from bot.provider.client import ToapisClient
from bot.store.file_folder import FileFolder
from bot.store.files import FileStore
from bot.store.postgres import PostgresDatabase
from bot.store.sqlite_database import SQLiteDatabase
from bot.values.clock import utc_now
from bot.values.job import Job, Transition
from tests.faults.passed_points import PassedPoints
from tests.faults.points import Kill
from tests.forks import be_in
from tests.remembered_looks import remember_looks

T = TypeVar("T")

_step: ContextVar[str] = ContextVar("step", default="bot")
_row: ContextVar[str] = ContextVar("row", default="")  # what a step is writing into its row

# What is sent to Discord, by method and path. What is not here (the login, what is only read) is no point.
_VERBS: Mapping[tuple[str, str], str] = {
    ("POST", "/interactions/*/*/callback"): "answer",
    ("PATCH", "/webhooks/*/*/messages/*"): "edit",
    ("POST", "/webhooks/*/*"): "follow_up",
    ("DELETE", "/webhooks/*/*/messages/*"): "delete",
    ("POST", "/channels/*/messages"): "post",
    ("PATCH", "/channels/*/messages/*"): "edit_public",
    ("DELETE", "/channels/*/messages/*"): "remove",
    ("GET", "/channels/*/messages"): "history",
    ("POST", "/users/@me/channels"): "open_dm",
    ("POST", "/attachments/refresh-urls"): "renew",
}


@dataclass(frozen=True, slots=True)
class Orders:
    """What a process is told. ``looks``: the folder in which the answers of media children are kept, if they are."""

    folder: Path
    environ: Mapping[str, str]
    trace: Path
    clock: Path | None  # a file that says by how many seconds the clock is ahead; otherwise it is right
    armed: Path  # from the moment that there is such a file, points count: enough jobs run
    kill: Kill | None = None
    looks: Path | None = None
    same_nonce: float = limits.SAME_NONCE.total_seconds()
    last_click: float = 0.0  # seconds for which somebody who has clicked is taken to be looking
    small_video: int = limits.SMALL_VIDEO_BYTES
    only_opens: bool = False  # to be swept, then it ends
    role: Role = Role.ALL
    shards: Shards | None = None
    lease: timedelta = limits.SHARED_LEASE  # where several processes work
    told: Path | None = None  # a folder for what it says of itself: the names by which it leases jobs, and its port


def live(orders: Orders) -> NoReturn:
    """Be the bot."""
    be_in(orders.folder, orders.environ)
    _hurry(orders)
    if orders.looks is not None:
        remember_looks(orders.looks)
    _wrap(PassedPoints(trace=orders.trace, armed=orders.armed, kill=orders.kill))
    app = functools.partial(App, clock=_clock(orders.clock)) if orders.clock else App
    if orders.told is not None:
        _tell(orders.told)
    vars(service)["App"] = app  # run() makes one of it, and does nothing else with it

    async def only_open(settings: Settings) -> int:
        made = app(settings)
        await made.open()
        if made.stores.database.shared:
            await made.maintenance.sweep()
        await made.close()
        return 0

    run = functools.partial(service.run, role=orders.role, shards=orders.shards)
    finish(None, only_open if orders.only_opens else run)


def _hurry(orders: Orders) -> None:
    """Less patience, so that what happens in five minutes happens in a second."""
    limits.SUBMISSION_LOOKUPS = (0.1, 0.3, 0.6, 1.0)  # type: ignore[assignment]  # ints are seconds too
    limits.LEASE_RENEWAL = timedelta(seconds=0.05)
    limits.PROGRESS_GAP = timedelta(seconds=0.1)
    limits.SAME_NONCE = timedelta(seconds=orders.same_nonce)
    limits.LAST_CLICK = timedelta(seconds=orders.last_click)
    limits.SMALL_VIDEO_BYTES = orders.small_video
    limits.SHARED_LEASE, limits.SHARED_LEASE_RENEWAL = orders.lease, orders.lease / 4
    if orders.only_opens:  # nobody else is there, so that nothing is on its way to its row
        FileFolder.__init__.__kwdefaults__ = {"shared": False, "unneeded_for": timedelta()}
    backoff.__kwdefaults__ = {"first": 0.2, "most": 1.0}


def _tell(folder: Path) -> None:
    opened, served = App.open, App.start_web

    async def open_(self: App) -> None:
        (folder / "names").write_text(f"{self.runner._engine.holder} {self.stores.held_leases.holder}")
        await opened(self)

    async def start_web(self: App) -> None:
        await served(self)
        (folder / "port").write_text(str(self.health.port))

    App.open, App.start_web = open_, start_web  # type: ignore[method-assign]  # wrapped from here


def _clock(path: Path) -> Callable[[], datetime]:
    file = os.open(path, os.O_RDONLY)
    return lambda: utc_now() + timedelta(seconds=float(os.pread(file, 32, 0)))


def _wrap(points: PassedPoints) -> None:
    _wrap_steps()
    _wrap_commits(points)
    _wrap_discord(points)
    for method in ("upload_video", "create_character", "task", "find"):
        _around(points, ToapisClient, method, f"provider.{method}")
    for method in ("upload_image", "create_video", "video_task", "find_video"):
        _around(points, ToapisClient, method, f"provider.{method}")
    for method in ("work_folder", "copy_to_work", "rename_work", "drop_from_work", "drop_work"):
        _around(points, FileStore, method, f"files.{method}")
    for method in ("put_path", "put_work", "put_bytes", "put_links", "sweep"):
        _around(points, FileStore, method, f"files.{method}")
    _around_in_thread(points, FileFolder, "_flush", "files.flush")
    for method in ("fetch", "fetch_on"):
        _around(points, Downloader, method, f"source.{method}")
    _around(points, SiteVideos, "fetch", "site.fetch")
    _around(points, OutputFolder, "take", "media.take")
    _around(points, MediaWorker, "_ask", lambda _self, operation, *_: f"media.{operation.name}")
    part_made = PartFile.__init__

    def part_begun(part: Any, into: Path) -> None:
        part_made(part, into)
        part.step = _step.get()  # it is written in threads, which do not know

    PartFile.__init__ = part_begun  # type: ignore[method-assign,assignment]  # wrapped from here
    for method in ("write", "finish"):
        _around_in_thread(points, PartFile, method, f"part.{method}")
    for method in ("begin", "write", "finish"):
        _around_in_thread(points, KeptPart, method, f"kept_part.{method}", only_in="collect")


def _wrap_steps() -> None:
    """Remember in which step a job is being worked on, and what is written into its row."""
    hold, note, apply, release = LeasedJob.__init__, LeasedJob.note, LeasedJob.apply, LeasedJob.release
    opened = App.open

    def leased(self: LeasedJob, job: Job, *args: Any, **options: Any) -> None:
        _step.set(job.step.value)  # for the rest of this task, which is the runner's for this one step
        hold(self, job, *args, **options)

    async def noted(self: LeasedJob, notes: Any) -> Job:
        token = _row.set(f"row({','.join(sorted(notes))})")
        try:
            return await note(self, notes)
        finally:
            _row.reset(token)

    async def applied(self: LeasedJob, transition: Any) -> Job:
        token = _row.set(transition.event.replace(" ", "_"))
        try:
            return await apply(self, transition)
        finally:
            _row.reset(token)

    async def released(self: LeasedJob, transition: Transition | None) -> Job:
        token = _row.set("release")
        try:
            return await release(self, transition)
        finally:
            _row.reset(token)

    async def open_(self: App) -> None:
        token = _step.set("start")
        try:
            await opened(self)
        finally:
            _step.reset(token)

    for method in ("look", "bring_in"):
        _is_step(CastImporter, method, "import")
    LeasedJob.__init__, LeasedJob.note = leased, noted  # type: ignore[method-assign]  # wrapped from here
    LeasedJob.apply, LeasedJob.release = applied, released  # type: ignore[method-assign]  # wrapped from here
    App.open = open_  # type: ignore[method-assign]  # wrapped from here


def _is_step(owner: Any, method: str, step: str) -> None:
    original = getattr(owner, method)

    @functools.wraps(original)
    async def wrapped(self: Any, *args: Any, **options: Any) -> Any:
        token = _step.set(step)
        try:
            return await original(self, *args, **options)
        finally:
            _step.reset(token)

    setattr(owner, method, wrapped)


def _wrap_commits(points: PassedPoints) -> None:
    """Before: all is written and nothing committed. During: the commit is on its way to the disk."""
    for kind in (SQLiteDatabase, PostgresDatabase):
        _wrap_writes(points, kind)


def _wrap_writes(points: PassedPoints, kind: Any) -> None:
    begin = kind.write

    @asynccontextmanager
    async def committed(database: Any, name: str, options: Mapping[str, bool]) -> AsyncIterator[AsyncConnection]:
        async with begin(database, **options) as connection:
            yield connection
            points.begin(name)
        points.end(name)

    def write(database: Any, **options: bool) -> AbstractAsyncContextManager[AsyncConnection]:
        writer = _row.get() or sys._getframe(1).f_code.co_qualname
        return committed(database, f"{_step.get()}.commit.{writer}", options)

    kind.write = write


def _wrap_discord(points: PassedPoints) -> None:
    for sender in (HTTPClient, AsyncWebhookAdapter):
        _wrap_requests(points, sender)


def _wrap_requests(points: PassedPoints, sender: Any) -> None:
    request = sender.request

    async def requested(self: Any, route: Route, *args: Any, **options: Any) -> Any:
        verb = _VERBS.get((route.method, re.sub(r"\{\w+\}|@original", "*", route.path)))
        sent = request(self, route, *args, **options)
        return await (_act(points, f"{_step.get()}.discord.{verb}", sent) if verb else sent)

    sender.request = requested


def _around(points: PassedPoints, owner: Any, method: str, name: str | Callable[..., str]) -> None:
    original = getattr(owner, method)

    @functools.wraps(original)
    async def wrapped(self: Any, *args: Any, **options: Any) -> Any:
        act = name if isinstance(name, str) else name(self, *args)
        return await _act(points, f"{_step.get()}.{act}", original(self, *args, **options))

    setattr(owner, method, wrapped)


async def _act(points: PassedPoints, name: str, act: Awaitable[T]) -> T:
    points.begin(name)
    result = await act
    points.end(name)
    return result


def _around_in_thread(points: PassedPoints, owner: Any, method: str, name: str, *, only_in: str = "") -> None:
    original = getattr(owner, method)

    @functools.wraps(original)
    def wrapped(self: Any, *args: Any, **options: Any) -> Any:
        step = only_in or getattr(self, "step", None) or _step.get()
        points.passed(f"{step}.{name}", "before")
        result = original(self, *args, **options)
        points.passed(f"{step}.{name}", "after")
        return result

    setattr(owner, method, wrapped)
