"""The bot as a real process, pointed at a loopback Discord and the simulated provider."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar

import aiohttp

from bot.__main__ import parser
from playground.provider import SimulatedProvider
from tests.forks import Fork, be_in
from tests.loopback_discord.server import LoopbackDiscord
from tests.patience import PATIENCE
from tests.remembered_looks import looks_of_this_run, remember_looks
from tests.wire.scene import ROOT

T = TypeVar("T")

STARTS_WITHIN = STOPS_WITHIN = PATIENCE  # on an idle machine it takes about two seconds


@dataclass(frozen=True)
class Finished:
    """What a command that ends by itself left behind."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line in ``err`` that is meant for a person; others are log lines, and none is a traceback."""
        assert "Traceback" not in self.err
        (sentence,) = [line for line in self.err.splitlines() if line.startswith("castbook: ")]
        return sentence


def environment(discord: LoopbackDiscord, provider: SimulatedProvider, folder: Path, **changes: str) -> dict[str, str]:
    """The environment of a Castbook that keeps its files in ``folder``; changes as ``SECTION__KEY="value"``."""
    settings = {
        "DISCORD__TOKEN": discord.token,
        "DISCORD__API_URL": discord.api_url,
        "DISCORD__GATEWAY_URL": discord.gateway_url,
        "DISCORD__CDN_ORIGINS": f'["{discord.cdn_origin}"]',
        "TOAPIS__API_KEY": provider.key,
        "TOAPIS__BASE_URL": provider.base_url,
        "TOAPIS__POLL_FIRST": "0.2",
        "TOAPIS__POLL_EVERY": "0.2",
        "LINKS__TRUSTED_ORIGINS": f'["{provider.base_url}"]',
        "STORE__URL": f"sqlite+aiosqlite:///{folder}/castbook.db",
        "STORE__FILES": str(folder / "files"),
        "WEB__PORT": str(free_port()),
        "WEB__METRICS_PORT": "0",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CASTBOOK")}
    ours = {f"CASTBOOK__{name}": value for name, value in (settings | changes).items()}
    return inherited | ours | {"PYTHONPATH": str(ROOT)}


# Below the ports that a system gives to connections and to port 0, or one of those takes it between our look and the
# bot's start; and for each worker of the tests its own, or another's bot does.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORTS = itertools.cycle(range(20_000 + 1_000 * WORKER, 21_000 + 1_000 * WORKER))


def free_port() -> int:
    """A port that nobody listens at, and that nobody is going to before it is used."""
    while True:
        port = next(PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


async def castbook(command: str, environ: dict[str, str], folder: Path, *arguments: str) -> Finished:
    """Run ``castbook <command> <arguments>`` to its end, forked (:func:`carry_out`)."""
    with tempfile.TemporaryDirectory() as said:
        child = Fork(carry_out, folder, environ, Path(said), (command, *arguments))
        try:
            code = await asyncio.wait_for(child.wait(), STARTS_WITHIN)
        finally:
            await _end(child)
        return Finished(code, *_written(Path(said)))


async def castbook_as_command(command: str, environ: dict[str, str], folder: Path) -> Finished:
    """The same by its command line, with all its imports."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", command),
        cwd=folder,  # so that a config.toml of the checkout is not read
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(child.communicate(), STARTS_WITHIN)
    finally:
        await _end(child)
    assert child.returncode is not None
    return Finished(child.returncode, out.decode(), err.decode())


def carry_out(folder: Path, environ: dict[str, str], said: Path, words: Sequence[str]) -> NoReturn:
    """Be ``castbook <words>``, where all is imported; what it writes comes into the folder ``said``."""
    be_in(folder, environ, said / "out", said / "err")
    _be(words)


def _written(said: Path) -> tuple[str, str]:
    return (said / "out").read_text("utf-8"), (said / "err").read_text("utf-8")


def live(folder: Path, environ: dict[str, str], looks: Path, arguments: Sequence[str]) -> NoReturn:
    """Be ``castbook run <arguments>``, where all is imported. Looks at the same clip are remembered."""
    be_in(folder, environ)
    remember_looks(looks)
    _be(("run", *arguments))


def _be(words: Sequence[str]) -> NoReturn:
    given = parser().parse_args(words)
    given.run(given)
    raise AssertionError("it ends the process")


class BotProcess:
    """The service on the files in ``folder``: each ``start`` is a new process on the same ones.

    It is forked (:func:`live`) unless ``as_command`` or a ``launcher`` asks for ``castbook run <arguments>``.
    ``over_http``: with ``--role http``, and as soon as it is ready Discord sends interactions there.
    """

    def __init__(
        self,
        discord: LoopbackDiscord,
        provider: SimulatedProvider,
        folder: Path,
        *,
        arguments: Sequence[str] = (),
        as_command: bool = False,
        over_http: bool = False,
        **changes: str,
    ) -> None:
        self.discord = discord
        self.folder = folder
        self.over_http = over_http
        self.arguments = ("--role", "http") if over_http else tuple(arguments)
        if over_http:
            changes = {"DISCORD__PUBLIC_KEY": discord.endpoint.public_key, **changes}
        self.environ = environment(discord, provider, folder, **changes)
        self.log = folder / "stderr.log"
        self._as_command = as_command
        self.launcher: tuple[str, ...] = ()  # a command that ends by executing what follows
        self.child: asyncio.subprocess.Process | Fork | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await _end(self.child)

    @property
    def stderr(self) -> str:
        """Everything that all processes so far have written there."""
        return self.log.read_text("utf-8")

    async def start(self) -> None:
        """Start it, and wait until it gets interactions, with its commands registered."""
        before = len(self.discord.gateway.identifies)
        await self._begin()
        if self.over_http:
            await self.healthy()
            await self.discord.endpoint.set(self.address("/interactions"))
            await self._alive(self.discord.wait_for(lambda: self.discord.commands, STARTS_WITHIN))
            return
        gateway = self.discord.gateway
        await self._alive(
            self.discord.wait_for(
                lambda: len(gateway.identifies) > before and gateway.connected and self.discord.commands,
                STARTS_WITHIN,
            )
        )

    async def _begin(self) -> None:
        if self._as_command or self.launcher:
            self.child = await self._command()
        else:
            self.child = Fork(live, self.folder, self.environ, looks_of_this_run(), self.arguments)

    async def _command(self) -> asyncio.subprocess.Process:
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(*self.launcher, sys.executable, "-m", "bot", "run", *self.arguments),
                cwd=self.folder,
                env=self.environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def healthy(self) -> dict[str, object]:
        """Wait until ``/readyz`` says yes; what it said."""
        return await self._alive(self._ready())

    def address(self, path: str) -> str:
        """Where it serves ``path``."""
        return f"http://127.0.0.1:{self.environ['CASTBOOK__WEB__PORT']}{path}"

    async def _ready(self) -> dict[str, object]:
        url = self.address("/readyz")
        async with asyncio.timeout(STARTS_WITHIN), aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientConnectorError):  # not up yet
                    async with session.get(url) as answer:
                        found: dict[str, object] = await answer.json()
                        if answer.status == 200:
                            return found
                await asyncio.sleep(0.05)  # readiness is what is polled

    async def _alive(self, wanted: Awaitable[T]) -> T:
        """The result of ``wanted``, unless the process ends before: then what it wrote."""
        assert self.child is not None
        waiting = asyncio.ensure_future(wanted)
        ended = asyncio.ensure_future(self.child.wait())
        try:
            await asyncio.wait({waiting, ended}, return_when=asyncio.FIRST_COMPLETED)
            assert waiting.done(), f"it ended with {ended.result()}:\n{self.stderr}"
            return waiting.result()
        finally:
            for each in (waiting, ended):
                each.cancel()
            await asyncio.gather(waiting, ended, return_exceptions=True)

    async def stop(self) -> int:
        """Ask it to stop, as ``docker stop`` and systemd do; the exit code."""
        assert self.child is not None
        self.child.terminate()
        return await asyncio.wait_for(self.child.wait(), STOPS_WITHIN)

    async def ended(self) -> int:
        """Wait until it ends by itself; the exit code."""
        assert self.child is not None
        return await asyncio.wait_for(self.child.wait(), STARTS_WITHIN)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """It does nothing meanwhile, however long the machine takes for what is done then."""
        assert self.child is not None
        os.kill(self.child.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.child.pid, signal.SIGCONT)

    async def kill(self) -> None:
        """End it without a word, as a power cut does."""
        assert self.child is not None
        self.child.kill()
        assert await self.child.wait() == -signal.SIGKILL
        await self.discord.wait_for(lambda: not self.discord.gateway.connected)


class RoleProcess(BotProcess):
    """The service with these arguments; started once it is ready."""

    def __init__(
        self, discord: LoopbackDiscord, provider: SimulatedProvider, folder: Path, *arguments: str, **changes: Any
    ) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__(discord, provider, folder, arguments=arguments, **changes)

    async def start(self) -> None:
        await self._begin()
        await self._alive(self._listening())
        await self.healthy()

    async def _listening(self) -> None:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", int(self.environ["CASTBOOK__WEB__PORT"]))
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return

    async def kill(self) -> None:
        assert self.child is not None
        self.child.kill()
        await self.child.wait()


async def _end(child: asyncio.subprocess.Process | Fork | None) -> None:
    if child is not None and child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


@contextlib.asynccontextmanager
async def running(
    discord: LoopbackDiscord, provider: SimulatedProvider, folder: Path, **options: Any
) -> AsyncIterator[BotProcess]:
    """A bot that serves; at the end it has to stop cleanly, with nothing forgotten."""
    async with BotProcess(discord, provider, folder, **options) as bot:
        yield bot
        assert await bot.stop() == 0
        untidy = ("never retrieved", "was destroyed but it is pending", "Unclosed", "never awaited")
        assert not [line for line in bot.stderr.splitlines() if any(words in line for words in untidy)]
