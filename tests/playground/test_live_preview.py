"""The page in the browser: what a member does in it reaches the bot, and what the bot does by itself shows in it."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from simcord.preview import Preview

from playground.live_preview import LivePreview
from playground.simulated_server import SimulatedServer
from tests import cards
from tests.patience import PATIENCE
from tests.rendered_clips import render_clip


class Browser:
    """Speaks to the page's server as the page's own script does, but never looks before it acts."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._base, capability = url.split("/#")
        self._headers = {"X-Simcord-Capability": capability}
        self._sequence = count(1)
        self.page: dict[str, Any] = {}

    async def open(self) -> None:
        self.page = await self._call("POST", "/api/pages", json={})
        self._headers["X-Simcord-Context"] = self.page["context"]["id"]
        catalog = await self._call("GET", "/api/commands")
        self._commands = {entry["invocation"]: entry for entry in catalog["entries"]}

    async def slash(self, invocation: str, clip: bytes | None = None, **options: object) -> dict[str, Any]:
        command = self._commands[invocation]
        body = {"command_id": command["commandId"], "path": command["path"], "options": options}
        return await self._act("run_command", body | {"schema_fingerprint": command["schemaFingerprint"]}, clip)

    async def view_as(self, viewer_id: int) -> None:
        assert (await self._act("viewer", {"viewer_id": str(viewer_id)}))["settlement"] == "settled"
        self.page = await self._call("GET", "/api/state")

    async def press(self, label: str) -> dict[str, Any]:
        message_id, key = self._button(label)
        return await self._act("click", {"target_id": message_id, "control_key": key})

    async def look(self, until: Callable[[str], bool]) -> str:
        """What is on the page, once it has come so far."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self.page = await self._call("GET", "/api/state")
                if until(shown := json.dumps(self.page["messages"])):
                    return shown
                await asyncio.sleep(0.05)

    def _button(self, label: str) -> tuple[str, str]:
        for message_id, message in self.page["messages"].items():
            for component in cards.parts(message["components"]):
                if component.get("label") == label:
                    return message_id, f"message:{message_id}:component:{component['id']}"
        raise LookupError(label)

    async def _act(self, kind: str, body: dict[str, Any], clip: bytes | None = None) -> dict[str, Any]:
        number = next(self._sequence)
        envelope = {
            "protocol_version": 3,
            "kind": kind,
            "sequence": number,
            "request_id": str(number),
            "generation": self.page["context"]["generation"],
            "bot_generation": self.page["botGeneration"],
            "published_revision": 1,  # as somebody who looked long ago
        }
        if clip is None:
            return await self._call("POST", "/api/action", json=envelope | body)
        body["options"]["video"] = {"upload": 0}
        form = aiohttp.FormData()
        form.add_field("payload", json.dumps(envelope | body))
        form.add_field("file:video", clip, filename="clip.mp4")
        return await self._call("POST", "/api/action", data=form)

    async def _call(self, method: str, path: str, **sent: Any) -> Any:
        async with self._session.request(method, self._base + path, headers=self._headers, **sent) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()


@pytest.fixture(autouse=True)
def at_head(tmp_path: Path, migrated: Path) -> None:
    """The database of the server: to migrate one takes longer than most of what follows."""
    shutil.copy(migrated, tmp_path / "castbook.db")


@asynccontextmanager
async def playing(folder: Path, *, phone: bool = False) -> AsyncIterator[tuple[SimulatedServer, Browser]]:
    async with (
        SimulatedServer(folder, seconds_per_task=1.0) as server,
        LivePreview(
            server.env, server.channel, [server.mia, server.kim], port=0, places={server.kim.id: server.quiet}
        ) as page,
        aiohttp.ClientSession() as session,
    ):
        following = asyncio.create_task(page.follow())
        browser = Browser(session, page.phone_url if phone else page.url)
        await browser.open()
        yield server, browser
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def test_a_clip_becomes_a_character_in_the_page(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    render_clip(clip, seconds=2.0, size=(160, 90), fps=8)
    async with playing(tmp_path) as (_, browser):
        origin = await browser.slash("character create", clip.read_bytes(), range="0-1", name="Rosie")
        assert origin["settlement"] == "settled"
        await browser.look(lambda shown: "Yes, I have permission" in shown)
        assert (await browser.press("Yes, I have permission"))["settlement"] == "settled"
        card = await browser.look(lambda shown: "Use in a video" in shown)  # nobody asked the page to show it
        assert "Rosie" in card


async def test_what_the_bot_refuses_is_answered_and_what_breaks_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: int) -> None:
        raise ZeroDivisionError

    async with playing(tmp_path) as (server, browser):
        refused = await browser.slash("character create", range="1-3")
        assert (refused["settlement"], refused["diagnostics"]) == ("settled", [])
        await browser.look(lambda shown: "Give exactly one of the options" in shown)
        monkeypatch.setattr(server.app.job_service, "overview", broken)
        assert (await browser.slash("tasks"))["settlement"] == "failed"


async def test_who_acts_while_something_else_happens_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str | None] = []
    begun, tried_again = asyncio.Event(), asyncio.Event()
    act = Preview._action

    async def counted(page: Preview, context_id: str | None, body: Any) -> Any:
        tries.append(context_id)
        if len(tries) > 1:
            tried_again.set()
        return await act(page, context_id, body)

    async with playing(tmp_path) as (server, browser):
        overview = server.app.job_service.overview

        async def slow(owner_id: int) -> Any:
            begun.set()
            await tried_again.wait()
            return await overview(owner_id)

        monkeypatch.setattr(server.app.job_service, "overview", slow)
        monkeypatch.setattr(Preview, "_action", counted)
        other = asyncio.create_task(server.act(lambda: server.sam.slash(server.channel, "tasks")))
        await begun.wait()
        assert (await browser.slash("about"))["settlement"] == "settled"
        await other


async def test_the_apps_menu_of_a_message_is_opened_by_the_command_that_stands_for_it(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    render_clip(clip, seconds=2.0, size=(160, 90), fps=8)
    async with playing(tmp_path) as (server, browser):
        attached = [("rosie.mp4", clip.read_bytes())]
        posted = await server.act(lambda: server.sam.send(server.channel, "Rosie!", attachments=attached))
        offered = await server.act(lambda: server.mia.autocomplete(server.channel, "apps", "message", "rosie"))
        assert [(each["name"], each["value"]) for each in offered] == [("sam: Rosie! [rosie.mp4]", str(posted.id))]
        await browser.open()
        opened = await browser.slash("apps", menu="Make a character", message=str(posted.id))
        assert opened["settlement"] == "settled"
        await browser.look(lambda shown: True)
        assert browser.page["modal"]["payload"]["title"] == "Make a character"
        assert (await browser.slash("apps", menu="Make a character", message="1"))["settlement"] == "rejected"


async def test_each_viewer_sees_and_acts_in_a_channel_of_their_own(tmp_path: Path) -> None:
    async with playing(tmp_path) as (server, browser):
        assert browser.page["channel"]["name"] == "clips"
        await browser.view_as(server.kim.id)
        assert browser.page["channel"]["name"] == "quiet"
        assert (await browser.slash("about"))["settlement"] == "settled"
        seen = [message.flags.ephemeral for message in server.quiet.history(viewer=server.kim)]
        assert seen == [True]
        await browser.view_as(server.mia.id)
        assert browser.page["channel"]["name"] == "clips"


async def test_a_page_is_as_wide_as_a_phone_at_its_own_address(tmp_path: Path) -> None:
    async with playing(tmp_path, phone=True) as (_, browser):
        shown = browser.page["presentation"]
        assert shown["display"] == "fixed"
        assert shown["viewport"].items() >= {"width": 390, "height": 844}.items()
        assert (await browser.slash("about"))["settlement"] == "settled"
    (tmp_path / "again").mkdir()
    async with playing(tmp_path / "again") as (_, browser):
        assert browser.page["presentation"]["display"] == "responsive"
