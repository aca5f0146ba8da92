"""What jobs need from the layers above them and from their runner, declared here and given by ``app``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from bot.media.download import Download
from bot.texts import Text
from bot.values.character import Character, CharacterFile
from bot.values.job import Announcement, DeliveryAttempt, Job, Origin, Question
from bot.values.made_video import MadeVideo

RecordAttempt: TypeAlias = Callable[[DeliveryAttempt], Awaitable[None]]
RecordAnnouncement: TypeAlias = Callable[[Announcement], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class CharacterMade:
    """A character to hand over, and what is kept for other models; ``None`` where its owner has deleted it since."""

    character: Character | None
    reference_set: tuple[CharacterFile, ...] = ()


@dataclass(frozen=True, slots=True)
class VideoMade:
    """A video to hand over; ``None`` where its owner has deleted it since.

    ``within`` gives its bytes, at most as many as it is told; ``None`` where it cannot be made as small. ``lenders``:
    by character the owners of those who are borrowed.
    """

    video: MadeVideo | None
    within: Callable[[int], Awaitable[bytes | None]]
    lenders: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NothingMade:
    """The job ended without a result: its ``outcome`` and ``failure`` say how and why."""


Content: TypeAlias = CharacterMade | VideoMade | NothingMade
"""What the end of a job hands to its owner, by the kind of job. The courier renders it."""


class Undeliverable(Exception):
    """The message cannot be shown where it belongs, and trying again will not change that."""


class DiscordUnavailable(Exception):
    """Discord did not take the message just now; ``retry_after`` in seconds where it named a time.

    ``perhaps_done``: its answer is missing, so it may have taken the message after all.
    """

    def __init__(self, retry_after: float | None = None, *, perhaps_done: bool = True) -> None:
        super().__init__("Discord did not take the message")
        self.retry_after = retry_after
        self.perhaps_done = perhaps_done


class Courier(Protocol):
    """Brings what a job has to say to its owner."""

    async def progress(self, job: Job, state: Text, percent: int | None) -> None:
        """Show how a job stands. Best effort: never raises, and limits its own rate."""

    async def announce(self, job: Job, state: Text, percent: int | None, record: RecordAnnouncement) -> None:
        """The provider is at work on ``job``: where others may see it, show it in one public message from now on.

        Done again and again, it makes no second one. ``record`` is awaited before it is sent and once it stands. Never
        raises anything but what ``record`` raises.
        """

    async def ask(self, job: Job, question: Question, record: RecordAttempt, picture: bytes | None = None) -> Origin:
        """Show ``question`` with its buttons, and ``picture`` (WebP) where there is one; returns where it stands.

        Where it was asked for, or as a direct message; ``record`` is awaited before one is sent. Raises
        :class:`Undeliverable` for good, :class:`DiscordUnavailable` where asking later may work.
        """

    async def deliver(self, job: Job, content: Content, record: RecordAttempt) -> bool:
        """Hand the end of a job, and ``content`` with it, to its owner (design, rule 5).

        A result notifies its owner once, and takes the place of everything that showed the job before. A failure is
        for its owner alone. ``record`` is awaited before each message, and again when it is known how that went.
        Returns whether it arrived; raises :class:`DiscordUnavailable` where a later attempt may succeed.
        """

    async def expire(self, job: Job) -> None:
        """Say in the place of the job's question that it has expired. Best effort: never raises."""

    async def withdraw(self, job: Job, message: Text) -> None:
        """Put a last sentence in the place of the job's message. Best effort: never raises."""

    async def tell_operators(self, message: Text) -> None:
        """Tell the operators. Best effort: never raises."""


class Workers(Protocol):
    """What is asked of the runner."""

    def wake(self) -> None:
        """There may be something to do now."""

    def hold(self, job_id: str) -> AbstractContextManager[None]:
        """Begin nothing for this job meanwhile."""

    async def interrupt(self, job_id: str) -> None:
        """Stop what is being done for this job."""


class ServerLog(Protocol):
    """What is told to the managers of a server of the jobs there. Nothing here raises, or waits."""

    def started(self, job: Job) -> None:
        """``job`` was begun with."""

    def ended(self, job: Job) -> None:
        """``job`` has its outcome."""


class SentMessages(Protocol):
    """What does that which is wanted of messages sent before."""

    def wake(self) -> None:
        """Something may be wanted."""


class ResultSource(Protocol):
    """Where a video that the provider has made comes from."""

    async def fetch_on(self, url: str, into: Path, *, max_bytes: int) -> Download:
        """Stream ``url`` into the file ``into``, from where an earlier try broke off. Raises what ByteSource raises."""


class ByteSource(Protocol):
    """Where the bytes behind a URL come from."""

    async def fetch(self, url: str, into: Path, *, max_bytes: int) -> Download:
        """Stream ``url`` into the file ``into``. Raises BadLink, BadFile or DownloadFailed (``bot.errors``)."""
