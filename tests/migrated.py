"""A SQLite database at head, made once in a test run: the process of its migration takes a second."""

from __future__ import annotations

import asyncio
from pathlib import Path

from filelock import FileLock

from bot.store.database import database_at


def migrated_in(run: Path) -> Path:
    """Its file, in the folder of the run that the workers share: to copy, not to open."""
    made = run / "migrated.db"
    with FileLock(run / "migrated.lock"):
        if not made.exists():
            new = run / "migrating.db"
            asyncio.run(_migrate(new))
            new.replace(made)
    return made


async def _migrate(path: Path) -> None:
    database = database_at(f"sqlite+aiosqlite:///{path}")
    await database.open()
    await database.close()
