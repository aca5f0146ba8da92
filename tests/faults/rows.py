"""How the jobs stand in the database, read from outside while the bot runs or lies dead."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """What counts of a job's row."""

    id: str
    owner: int
    step: str
    outcome: str | None
    submitted: bool
    task: str | None
    failure: str
    delivered: bool
    kind: str
    credits: int  # thousandths
    model: str | None  # of a video
    counted: bool  # whether they count

    @property
    def done(self) -> bool:
        return self.step == "done"

    @property
    def cut_off(self) -> bool:
        """Whether nobody can know just now if its submission was taken."""
        return self.submitted and self.task is None


def connect(folder: Path) -> sqlite3.Connection:
    """The database in ``folder``, for reading only: nothing of it changes, its write-ahead log included."""
    return sqlite3.connect(f"file:{folder / 'castbook.db'}?mode=ro", uri=True, timeout=5)


JOBS = (
    "SELECT id, owner_id, step, outcome, submit_started_at, task_id, failure, delivered_at, kind, credits, request, "
    "counted FROM jobs ORDER BY created_at"
)
VIDEOS = "SELECT job_id FROM videos"
FILES = "SELECT key, sha256, size FROM files"
USED = (
    "SELECT picture_key FROM characters UNION SELECT key FROM character_files "
    "UNION SELECT file_key FROM videos UNION SELECT poster_key FROM videos"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database keeps beside the jobs: of which jobs videos; hash and size by the key of a file; keys in use.

    ``damage``: what is broken in the database itself, or nothing.
    """

    videos: Counter[str]
    files: Mapping[str, tuple[str, int]]
    used: frozenset[str]
    damage: str = ""

    @classmethod
    def of(cls, videos: Iterable[Any], files: Iterable[Any], used: Iterable[Any], damage: str = "") -> Kept:
        """From the rows that VIDEOS, FILES and USED find."""
        return cls(
            Counter(job_id for (job_id,) in videos),
            {key: (sha256, size) for key, sha256, size in files},
            frozenset(key for (key,) in used if key is not None),
            damage,
        )


def unseen(rows: Iterable[Row]) -> defaultdict[int, list[str]]:
    """By their owners, the jobs whose results reached nobody."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for row in rows:
        if not row.delivered and row.outcome != "cancelled":
            found[row.owner].append(row.id)
    return found


def job_rows(folder: Path) -> list[Row]:
    """All jobs, oldest first."""
    with closing(connect(folder)) as database:
        return rows_of(database.execute(JOBS).fetchall())


def kept_in(folder: Path) -> Kept:
    """What the database in ``folder`` keeps."""
    with closing(connect(folder)) as database:
        said = [row[0] for row in database.execute("PRAGMA integrity_check")]
        broken = database.execute("PRAGMA foreign_key_check").fetchall()
        damage = "" if said == ["ok"] and not broken else f"{said[:3]} {broken[:3]}"
        videos, files, used = (database.execute(query).fetchall() for query in (VIDEOS, FILES, USED))
        return Kept.of(videos, files, used, damage)


def rows_of(found: Iterable[Any]) -> list[Row]:
    """What JOBS finds."""
    return [
        Row(
            id=job_id,
            owner=owner,
            step=step,
            outcome=outcome,
            submitted=submitted is not None,
            task=task,
            failure=json.loads(failure)["msgid"] if failure else "",
            delivered=delivered is not None,
            kind=kind,
            credits=price or 0,
            model=json.loads(request).get("model") if kind == "video" else None,
            counted=bool(counted),
        )
        for job_id, owner, step, outcome, submitted, task, failure, delivered, kind, price, request, counted in found
    ]
