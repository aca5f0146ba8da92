"""A person's jobs, and how much of their quotas they have used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bot.texts import Text
from bot.values.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What /tasks shows. ``disk_used`` and ``disk_limit`` are in bytes; a limit of 0 means none.

    ``videos_today`` are counted apart. ``queued``: what each queued job waits for, by job id.
    """

    unfinished: tuple[Job, ...]
    finished: tuple[Job, ...]
    used_today: int
    day_limit: int
    videos_today: int = 0
    video_day_limit: int = 0
    credits_today: Decimal = Decimal(0)
    credits_this_month: Decimal = Decimal(0)
    credits_limit: int = 0
    running: int
    running_limit: int
    disk_used: int
    disk_limit: int
    paused: bool
    queued: Mapping[str, Text] = field(default_factory=dict)
