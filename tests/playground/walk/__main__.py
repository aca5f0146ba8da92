"""Walk through the playground as somebody who has never seen the bot: python -m tests.playground.walk [FOLDER]

Each numbered point of a first use is gone through. What should be seen is asserted; pictures of it are written into
FOLDER, to be looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from simcord import SetupError

from bot import log
from bot.config import LogSettings
from tests.playground.walk.first_uses import (
    another_members_id,
    bad_range,
    cancelled_at_work,
    character_as_task,
    concerns,
    first_character,
    odd_clips,
    preview_leads_on,
    range_is_read,
    silent_clip,
    somebody_elses,
    taken_name,
    the_numbers,
    waiting_in_line,
)
from tests.playground.walk.lending import borrowed_in_a_video, consent, lending
from tests.playground.walk.library import cast, editing, export_and_import, groups, privacy, searching, there_and_back
from tests.playground.walk.phone import on_a_phone, one_form, retry, smaller
from tests.playground.walk.portable import export_of_many, from_elsewhere, large_cast
from tests.playground.walk.server import blocked_members, help_leads, roles_and_log, roles_in_force, videos_by_role
from tests.playground.walk.trouble import real_faces, refused_sound
from tests.playground.walk.videos import budgets, from_a_video, new_video, without_sora
from tests.playground.walk.walking import Walk, walking

Point: TypeAlias = Callable[[Walk], Awaitable[None]]

POINTS: tuple[Point, ...] = (
    help_leads,
    range_is_read,
    first_character,
    the_numbers,
    silent_clip,
    bad_range,
    one_form,
    preview_leads_on,
    concerns,
    taken_name,
    somebody_elses,
    character_as_task,
    waiting_in_line,
    cancelled_at_work,
    odd_clips,
    another_members_id,
    cast,
    on_a_phone,
    smaller,
    retry,
    editing,
    groups,
    searching,
    export_and_import,
    there_and_back,
    lending,
    borrowed_in_a_video,
    consent,
    roles_and_log,
    roles_in_force,
    videos_by_role,
    blocked_members,
    without_sora,
    privacy,
    new_video,
    from_a_video,
    real_faces,
    refused_sound,
    budgets,
    large_cast,
    export_of_many,
    from_elsewhere,
)


async def walk(folder: Path, only: str = "") -> list[str]:
    """Go through every point, or those with one of ``only`` in their names. Returns what was wrong, a line each."""
    failures = []
    async with walking(folder) as everything:
        for point in POINTS:
            if not any(each in point.__name__ for each in only.split(",")):
                continue
            began = time.monotonic()
            try:
                await point(everything)
            except (AssertionError, SetupError) as error:
                failures.append(f"{point.__name__}: {error}")
                print(f"FAILED: {failures[-1]}", file=sys.stderr, flush=True)
                await everything.visitor.start_anew(f"FAILED {point.__name__}")
            await everything.phone.leave_page(everything.url)
            print(f"{point.__name__:<20} {time.monotonic() - began:5.1f} s", flush=True)
    return failures


def main() -> int:
    """The exit code says whether everything was as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.playground.walk", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("demo-out/walk"), help="where the pictures go")
    parser.add_argument("--only", default="", help="only points with one of these in their names: range,cast")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    log.configure(LogSettings(level="ERROR"))
    logging.getLogger("discord").setLevel(logging.ERROR)
    failures = asyncio.run(walk(chosen.folder, chosen.only))
    print(f"Pictures are in {chosen.folder}.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
