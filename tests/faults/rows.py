"""How the jobs stand in the database, read from outside while the bot runs or lies dead."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


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


def job_rows(folder: Path) -> list[Row]:
    """All jobs, oldest first."""
    query = "SELECT id, owner_id, step, outcome, submit_started_at, task_id, failure, delivered_at"
    with closing(connect(folder)) as database:
        found = database.execute(f"{query}, kind, credits, request, counted FROM jobs ORDER BY created_at").fetchall()
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
