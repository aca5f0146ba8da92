"""Pictures of the cards in each language, in Chromium: python -m tests.playground.languages [FOLDER] [--locale ja]

They are for people who read the language: nothing is asserted but that each card comes. The names are the longest that
there can be. Where Chromium has no font for a language, install one for looking (fonts-noto-cjk or the like).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from bot import log
from bot.catalogues import LOCALES
from bot.config import LogSettings
from bot.texts import translated
from tests.playground.chromium import NotShown
from tests.playground.language_scenes import SCENES
from tests.playground.walk.walking import walking

_WINDOW = (1280, 1500)  # pixels; high enough for /help and the longest card, whose beginning was cut off otherwise


async def look(folder: Path, locale: str) -> list[str]:
    """Write the pictures for one language. Returns what did not come, a line each."""
    missing = []
    async with walking(folder, _WINDOW, locale=locale) as walk:
        for scene in SCENES:
            try:
                await scene(walk, walk.visitor, lambda msgid: translated(msgid, locale) or msgid)
            except NotShown as error:
                missing.append(f"{locale}, {scene.__name__}: {error}")
                try:
                    await walk.visitor.start_anew(f"NOT THERE {scene.__name__}")
                except NotShown:  # the other languages are still worth looking at
                    return [*missing, f"{locale}: given up after {scene.__name__}"]
    return missing


def main() -> int:
    """The exit code says whether every card came."""
    parser = argparse.ArgumentParser(prog="python -m tests.playground.languages")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("demo-out/languages"), help="for the pictures")
    parser.add_argument("--locale", choices=LOCALES, action="append", help="only these languages")
    chosen = parser.parse_args()
    log.configure(LogSettings(level="ERROR"))
    logging.getLogger("discord").setLevel(logging.ERROR)
    missing: list[str] = []
    for locale in chosen.locale or LOCALES:
        (chosen.folder / locale).mkdir(parents=True, exist_ok=True)
        missing += asyncio.run(look(chosen.folder / locale, locale))
    print(*missing, f"Pictures are in {chosen.folder}.", sep="\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
