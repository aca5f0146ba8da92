"""Headless Chromium, driven over its DevTools protocol: enough to use a page as somebody with a mouse and keys does."""

from __future__ import annotations

import asyncio
import base64
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, create_subprocess_exec
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any, Self

import aiohttp

PATH = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
"""Where it is; ``None`` where it is not installed."""

PATIENCE = 90.0  # seconds for anything that a page should come to show, on a machine with other work
_LOOK = 0.1


class NotShown(AssertionError):
    """What was waited for did not come; its text has what was there instead."""


class Tab:
    """``async with Tab(size) as tab``: one page of a browser of its own. Raises NotShown where something stays away."""

    def __init__(self, size: tuple[int, int] = (1280, 900)) -> None:
        self._size = size
        self._open = AsyncExitStack()
        self._numbers = count(1)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opened:
            profile = opened.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            width, height = self._size
            process = await create_subprocess_exec(
                str(PATH), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--mute-audio",
                "--no-first-run", "--remote-debugging-port=0", f"--user-data-dir={profile}",
                f"--window-size={width},{height}", "about:blank", stdout=DEVNULL, stderr=DEVNULL,
            )  # fmt: skip
            opened.push_async_callback(process.wait)
            opened.callback(process.kill)
            session = await opened.enter_async_context(aiohttp.ClientSession())
            async with asyncio.timeout(PATIENCE):
                while (port := _port(Path(profile) / "DevToolsActivePort")) is None:
                    await asyncio.sleep(_LOOK)
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                page = next(each for each in await answer.json() if each["type"] == "page")
            self._socket = await opened.enter_async_context(
                session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0)
            )
            await self._send(
                "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
            )
            self._open = opened.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def go(self, url: str) -> None:
        """Open an address; returns at once."""
        await self._send("Page.navigate", url=url)

    async def ask(self, script: str) -> Any:
        """What a JavaScript expression says, as JSON. Raises RuntimeError where it throws."""
        said = await self._send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in said:
            raise RuntimeError(str(said["exceptionDetails"]))
        return said["result"].get("value")

    async def until(self, script: str, what: str, patience: float = PATIENCE) -> Any:
        """What the expression says, once that is neither false nor empty."""
        end = asyncio.get_running_loop().time() + patience
        while not (said := await self.ask(script)):
            if asyncio.get_running_loop().time() > end:
                raise NotShown(f"{what} did not come. The page:\n{await self.ask('document.body.innerText')}")
            await asyncio.sleep(_LOOK)
        return said

    async def click(self, find: str, what: str) -> None:
        """Press the element that the expression finds, once it is there, wherever it has moved to meanwhile."""
        await self.until(f"!!({find})", what)
        await self.ask(f"(e => {{ e.scrollIntoView({{block: 'nearest'}}); e.focus(); e.click(); }})({find})")

    async def type(self, text: str) -> None:
        """Into whatever has the focus."""
        await self._send("Input.insertText", text=text)

    async def key(self, name: str, code: int) -> None:
        """Press one key, such as Enter, 13."""
        for kind in ("keyDown", "keyUp"):
            extra = {"text": "\r"} if name == "Enter" and kind == "keyDown" else {}
            await self._send(
                "Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code, **extra
            )

    async def put_file(self, find: str, path: Path) -> None:
        """Choose a file, by its absolute path, in the input element that the expression finds."""
        found = await self._send("Runtime.evaluate", expression=find)
        await self._send("DOM.setFileInputFiles", files=[str(path)], objectId=found["result"]["objectId"])

    async def picture(self, path: Path) -> None:
        """Write a PNG of what is seen."""
        said = await self._send("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(said["data"]))

    async def _send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async for message in self._socket:
            answer = message.json()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])
        raise RuntimeError("the browser is gone")


def _port(file: Path) -> int | None:
    lines = file.read_text().splitlines() if file.exists() else []
    return int(lines[0]) if lines else None
