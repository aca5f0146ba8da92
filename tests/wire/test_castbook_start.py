"""``castbook`` as a command, with all that is to it; and what stands in the way of a start is one sentence."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.wire.bot_process import castbook, castbook_as_command, environment, running
from tests.wire.scene import JPEG, Scene, migrated, scene

# View Channel, Send Messages, Embed Links, Attach Files, Read Message History, Send Messages in Threads
NEEDED = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 38


@pytest.fixture
async def show() -> AsyncIterator[Scene]:
    async with scene() as show:
        yield show


async def test_run_serves_from_an_empty_folder_until_it_is_told_to_stop(show: Scene, tmp_path: Path) -> None:
    async with running(show.discord, show.provider, tmp_path, as_command=True):
        card = await show.made(show.person("ann"), name="Ada")
    assert "Ada" in card.text
    assert card.picture().startswith(JPEG)


async def test_a_bad_start_is_one_sentence(show: Scene, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("token", "unknown", "port")]
    for folder in folders:
        folder.mkdir()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        changes: list[dict[str, str]] = [
            {"DISCORD__TOKEN": "not-the-token"},
            {"DISCORD__TOKKEN": "not-to-be-shown"},
            {"WEB__PORT": str(other.getsockname()[1])},
        ]
        environs = [
            environment(show.discord, show.provider, migrated(folder), **change)
            for folder, change in zip(folders, changes, strict=True)
        ]
        token, unknown, port = await asyncio.gather(
            *[castbook("run", environ, folder) for environ, folder in zip(environs, folders, strict=True)]
        )
    assert (token.code, token.sentence) == (
        69,
        "castbook: Discord refuses discord.token; take a new one from the developer portal.",
    )
    assert (unknown.code, unknown.sentence) == (
        78,
        "castbook: There is no setting CASTBOOK__DISCORD__TOKKEN; the nearest name is CASTBOOK__DISCORD__TOKEN.",
    )
    assert (port.code, port.sentence) == (
        69,
        "castbook: The health server cannot listen: another program already has the port in web.port.",
    )
    assert not any("not-t" in finished.err + finished.out for finished in (token, unknown, port))
    assert not show.discord.gateway.identifies


async def test_check_and_invite(show: Scene, tmp_path: Path) -> None:
    environ = environment(show.discord, show.provider, migrated(tmp_path))
    commands = [castbook_as_command(each, environ, tmp_path) for each in ("check", "invite")]
    checked, invited = await asyncio.gather(*commands)
    assert (checked.code, checked.err) == (0, "")
    said = [line.split()[0] for line in checked.out.splitlines() if "ok" in line]
    assert said == ["settings", "database", "files", "provider", "discord"]
    assert (invited.code, invited.err) == (0, "")
    (link,) = invited.out.splitlines()
    query = parse_qs(urlsplit(link).query)
    assert query["client_id"] == [str(show.discord.bot.id)]
    assert query["scope"] == ["bot applications.commands"]
    assert int(query["permissions"][0]) == NEEDED
