"""Shows the progress of a running job in its message: edited on a change, and not too often."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bot import limits
from bot.chat.announcements import Announcements, progress_id
from bot.chat.private_reply import PrivateReply
from bot.chat.render_job import render_announcement, render_progress
from bot.chat.rest_errors import RouteClosed
from bot.concurrency import FairLimiter
from bot.jobs.ports import DiscordUnavailable
from bot.log import unexpected
from bot.texts import Text
from bot.values.clock import Clock
from bot.values.job import Announcement, Job

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The progress that a job's message shows, since when. ``closed``: the message is gone, or its token expired."""

    what: tuple[Text, int | None]
    at: datetime
    token_at: datetime
    public: bool
    closed: bool = False


class ProgressDisplay:
    """Remembers what each job's message shows, so that nothing is edited needlessly."""

    def __init__(
        self, private_reply: PrivateReply, announcements: Announcements, sends: FairLimiter, clock: Clock
    ) -> None:
        self._private_reply = private_reply
        self._announcements = announcements
        self._sends = sends
        self._clock = clock
        self._shown: OrderedDict[str, _Shown] = OrderedDict()

    async def show(self, job: Job, state: Text, percent: int | None) -> None:
        """Show it on a change, at most once per :data:`bot.limits.PROGRESS_GAP`. Never raises."""
        shown = _Shown((state, percent), self._clock(), job.origin.token_at, _announced(job) is not None)
        if not (shown.public or self._private_reply.reachable(job)) or not self._worth_showing(job, shown):
            return
        with self._sends.place_now(job.owner_id) as free:
            if free:  # otherwise it is skipped: the next one follows soon, and nothing waits for this one
                await self._edit_progress(job, shown, state, percent)

    async def _edit_progress(self, job: Job, shown: _Shown, state: Text, percent: int | None) -> None:
        self._remember(job, shown)
        announced, locale = _announced(job), job.origin.locale
        try:
            if announced is not None:
                card = render_announcement(job, state, percent, locale, progress_id(job))
                await self._announcements.edit(announced, card, limits.PROGRESS_PATIENCE)
            else:
                card = render_progress(job, state, percent, locale)
                await self._private_reply.edit(job.origin, card, limits.PROGRESS_PATIENCE)
        except RouteClosed as closed:
            self._remember(job, replace(shown, closed=True))
            log.info("progress_not_shown", job=job.id, code=closed.code)
        except DiscordUnavailable:
            log.info("progress_not_shown", job=job.id)
        except Exception as error:  # noqa: BLE001 - a job never fails because of its progress bar
            unexpected("progress_failed", error, job=job.id)

    def _worth_showing(self, job: Job, new: _Shown) -> bool:
        old = self._shown.get(job.id)
        if old is None or (old.token_at, old.public) != (new.token_at, new.public):
            return True
        return not old.closed and old.what != new.what and new.at - old.at >= limits.PROGRESS_GAP

    def _remember(self, job: Job, shown: _Shown) -> None:
        self._shown[job.id] = shown
        self._shown.move_to_end(job.id)
        if len(self._shown) > limits.PROGRESS_REMEMBERED:
            self._shown.popitem(last=False)

    def announced(self, job: Job, state: Text, percent: int | None) -> None:
        """A new public message already shows this."""
        self._remember(job, _Shown((state, percent), self._clock(), job.origin.token_at, public=True))

    def forget(self, job: Job) -> None:
        """Nothing more will be shown for it."""
        self._shown.pop(job.id, None)


def _announced(job: Job) -> Announcement | None:
    """The existing public message."""
    return job.announcement if job.announcement is not None and job.announcement.message_id is not None else None
