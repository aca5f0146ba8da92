"""The playground as somebody starts it: a process of its own, an address, a signal."""

import asyncio
import logging
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from simcord import MemberActor

from bot import log
from playground import browser
from playground.browser import OUT, Clips
from playground.clip import render_clip
from playground.simulated_server import SimulatedServer
from tests import cards

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0  # clips are rendered and a character is made before there is an address


def put_clips(folder: Path) -> None:
    """In place of those that it would take its time to render."""
    (folder / OUT).mkdir()
    for name in ("clip.mp4", "silent.mp4"):
        (folder / OUT / name).write_bytes(b"rendered earlier")


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[Process]:
    put_clips(folder)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "playground", "--port", "0",
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def said(process: Process, pattern: str) -> str:
    """What the process printed up to and with the line that has ``pattern`` in it."""
    assert process.stdout is not None
    lines = ""
    while not re.search(pattern, lines):
        line = await process.stdout.readline()
        assert line, lines
        lines += line.decode()
    return lines


@pytest.mark.slow
async def test_it_prints_an_address_serves_it_and_ends_when_told(tmp_path: Path) -> None:
    async with started(tmp_path) as process:
        printed = await said(process, "Ctrl-C")
        assert "simulated" in printed
        assert str(tmp_path / OUT / "clip.mp4") in printed
        address = re.search(r"http://127\.0\.0\.1:\d+/#\S+", printed)
        assert address
        async with aiohttp.ClientSession() as session, session.get(address[0]) as page:
            assert page.status == 200
            assert "<html" in await page.text()
        process.send_signal(signal.SIGTERM)
        out, err = await process.communicate()
        assert (process.returncode, err) == (0, b"")
        assert b"closed" in out


async def test_the_channel_holds_a_clip_and_a_character_before_anybody_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put_clips(tmp_path)
    seen: list[discord.Message] = []

    def tell(words: str) -> None:
        if "Open this address" in words:
            seen.extend(stages[0].channel.history(viewer=stages[0].sam))
            signal.raise_signal(signal.SIGINT)

    stages: list[SimulatedServer] = []

    def kept(folder: Path, **wanted: Any) -> SimulatedServer:
        stages.append(SimulatedServer(folder, **wanted))
        return stages[0]

    monkeypatch.setattr(browser, "SimulatedServer", kept)
    monkeypatch.setattr(browser, "_tell", tell)
    (tmp_path / "state").mkdir()
    await browser._serve(tmp_path / "state", 0)  # Ctrl-C ends it
    assert [message.author.name for message in seen if not message.flags.ephemeral] == ["sam", "Castbook", "sam"]
    assert seen[0].attachments[0].content_type == "video/mp4"
    assert [each for message in seen for each in cards.titles(message) if each == "Rosie"] == ["Rosie"]


async def test_what_is_prepared_is_sams_cast_and_a_channel_without_the_bot(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    render_clip(clip, seconds=3.0, size=(160, 90), fps=8)
    (tmp_path / "state").mkdir()
    async with SimulatedServer(tmp_path / "state") as server:
        await browser.prepare(server, clip.read_bytes())
        cast = server.app.stores.cast
        assert await cast.names(server.sam.id, "") == ["Rosie"]
        assert await cast.names(server.mia.id, "") == []
        assert server.app.stores.servers.rules(server.guild.id).closed_channels == {server.quiet.id}
        assert server.provider.seconds_per_task == 20.0
        await server.act(lambda: server.kim.slash(server.quiet, "character list"))
        refused = server.quiet.history(viewer=server.kim)[-1]
        assert "off" in "\n".join(cards.said(refused))
        managers = [who.name for who in (server.mia, server.sam, server.max, server.kim) if can_manage(server, who)]
        assert managers == ["max"]
        words = browser.guide("http://page", "http://phone", Clips(clip, clip))
        for command in server.app.client.tree.walk_commands():
            if isinstance(command, discord.app_commands.Command):
                assert f"/{command.qualified_name} " in words.replace("\n", " \n")


def can_manage(server: SimulatedServer, who: MemberActor) -> bool:
    allowed = server.env.backend.compute_permissions(server.guild.id, who.id, server.channel.id)
    return discord.Permissions(allowed).manage_guild


def test_a_taken_port_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(log, "configure", lambda _: None)
    caplog.set_level(logging.ERROR, logger="discord")  # undone afterwards, whatever main() makes of it
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert browser.main(port) == 69
    said = capsys.readouterr().err
    assert str(port) in said
    assert len(said.splitlines()) == 1


def test_clips_are_rendered_once_and_never_by_halves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def render(path: Path, *, seconds: float, sound: bool) -> None:
        path.write_bytes(b"half")
        if not sound:
            raise KeyboardInterrupt
        path.write_bytes(b"whole")

    monkeypatch.setattr("playground.browser.render_clip", render)
    with pytest.raises(KeyboardInterrupt):
        Clips.rendered(tmp_path / "out")
    assert (tmp_path / "out/clip.mp4").read_bytes() == b"whole"
    assert not (tmp_path / "out/silent.mp4").exists()
