"""What media children answered, kept in a folder: many tests, in many processes, look at the same clip.

Only the child itself is left out: its output folder, and the moves from there into a job's folder, are real. What was
not looked at before is really looked at, and everyone else who wants the same look waits for it.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import pickle
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BufferedWriter
from pathlib import Path
from typing import Any

from bot.media.worker import MediaWorker

_look = MediaWorker._ask
_run: dict[str, Path] = {}
_waiting = ThreadPoolExecutor(64)  # of its own: who waits must not take the threads of the one who looks


class RememberedMedia(MediaWorker):
    """The media worker of tests."""

    async def _ask(self, operation: Any, source: Path, request: Mapping[str, Any] | None = None) -> Any:
        return await _once(looks_of_this_run(), self, operation, source, request)


def remember_looks(folder: Path) -> None:
    """From now on a look that was taken once, by any process, is answered as it was answered then, files included."""

    async def origin(self: MediaWorker, operation: Any, source: Path, request: Mapping[str, Any] | None = None) -> Any:
        return await _once(folder, self, operation, source, request)

    MediaWorker._ask = origin  # type: ignore[method-assign]  # for every worker of this process


def keep_looks(folder: Path) -> None:
    """The answer of :func:`looks_of_this_run` from now on: a folder that all workers of a test run know."""
    folder.mkdir(exist_ok=True)
    _run["looks"] = folder


def looks_of_this_run() -> Path:
    """A folder for :func:`remember_looks`, from :func:`keep_looks`."""
    return _run["looks"]


async def _once(folder: Path, worker: MediaWorker, operation: Any, source: Path, request: Any) -> Any:
    wanted = dict(request or {})
    output = _output_folder(wanted.pop("into", None), wanted.pop("folder", None))
    known = await asyncio.to_thread(_place, folder, operation.name, source, wanted)
    if not await asyncio.to_thread(known.exists):
        with await asyncio.get_running_loop().run_in_executor(_waiting, alone, known):
            if not await asyncio.to_thread(known.exists):
                answer = await _look(worker, operation, source, request)
                await asyncio.to_thread(lambda: keep(known, (answer, _written(output))))
    return await asyncio.to_thread(_answer_again, known, output)


def alone(known: Path) -> BufferedWriter:
    """A file that is locked until it is closed, or its process is gone."""
    lock = known.with_suffix(".lock").open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _output_folder(into: str | None, folder: str | None) -> Path | None:
    """Where the child leaves its files: another folder each time."""
    if into is not None:
        return Path(into).parent
    return None if folder is None else Path(folder)


def _place(folder: Path, operation: str, source: Path, wanted: Mapping[str, Any]) -> Path:
    seen = hashlib.sha256(source.read_bytes()).hexdigest()
    return folder / hashlib.sha256(repr((operation, seen, sorted(wanted.items()))).encode()).hexdigest()


def keep(known: Path, what: object) -> None:
    """Pickle it there, complete or not at all."""
    new = known.with_name(f"{known.name}.{secrets.token_hex(4)}")
    new.write_bytes(pickle.dumps(what))
    os.replace(new, known)


def _written(output: Path | None) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.iterdir()} if output else {}


def _answer_again(known: Path, output: Path | None) -> Any:
    answer, files = pickle.loads(known.read_bytes())
    for name, data in files.items():
        assert output is not None
        (output / name).write_bytes(data)
    return answer
