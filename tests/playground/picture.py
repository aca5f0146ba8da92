"""Renders the moving picture of the README anew: python -m tests.playground.picture

The page of the playground, photographed in headless Chromium at each step from the typed command to the finished
character, and put together to an animated WebP. So it always shows the bot as it is.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from pathlib import Path

from PIL import Image

from bot import log
from bot.config import LogSettings
from tests.playground.walk.walking import walking

INTO = Path(__file__).parents[2] / "docs/picker.webp"
WINDOW = (720, 1030)  # so narrow that the page has no sidebar
_CHANNEL = (0, 100, 720, 1030)  # without the toolbar of the page
_SECONDS = {"typed": 2.5, "consent": 2.0, "picker": 4.0, "watched": 0.5, "made": 5.0}
_MOVING = 6  # pictures of the moving preview


async def take(folder: Path) -> list[tuple[Path, float]]:
    """The pictures, and for how many seconds each is shown."""
    async with walking(folder, WINDOW, quiet=True) as walk:
        me, taken = walk.visitor, []

        async def show(name: str) -> None:
            taken.append((await me.picture(name), _SECONDS[name]))

        await me.type("character create", {"video": walk.clip, "name": "Rosie"})
        await show("typed")
        await me.send()
        await me.see("Yes, I have permission")
        await show("consent")
        await me.press("Yes, I have permission")
        await me.see("Use 1")
        await me.rest(2)
        await show("picker")
        await me.press("Watch 1")
        await me.see("Use these")
        await me.rest(1)
        for _ in range(_MOVING):
            await show("watched")
        await me.press("Use these")
        await me.see("Reusable task ID")
        await me.rest(2)
        await show("made")
        return taken


def put_together(taken: list[tuple[Path, float]], into: Path) -> None:
    """Write the animation."""
    frames = [Image.open(path).convert("RGB").crop(_CHANNEL) for path, _ in taken]
    lengths = [round(seconds * 1000) for _, seconds in taken]
    frames[0].save(into, save_all=True, append_images=frames[1:], duration=lengths, loop=0, quality=80, method=6)


def main() -> None:
    """Take the pictures, and write the README's."""
    log.configure(LogSettings(level="ERROR"))
    logging.getLogger("discord").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="castbook-picture-") as folder:
        put_together(asyncio.run(take(Path(folder))), INTO)
    print(f"Written: {INTO.name}, {INTO.stat().st_size:,} bytes.")


if __name__ == "__main__":
    main()
