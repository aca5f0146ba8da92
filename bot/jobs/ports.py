"""Protocols for what jobs need from higher layers and from their runner; ``app`` provides them."""

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
    """A character to deliver, and what is stored for other models; ``None`` if its owner has deleted it meanwhile."""

    character: Character | None
    reference_set: tuple[CharacterFile, ...] = ()


@dataclass(frozen=True, slots=True)
class VideoMade:
    """A video to deliver; ``None`` if its owner has deleted it.

    ``within`` returns its bytes, at most as many as requested; ``None`` if it cannot be made that small. ``lenders``:
    the owner of each borrowed character, by character.
    """

    video: MadeVideo | None
    within: Callable[[int], Awaitable[bytes | None]]
    lenders: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NothingMade:
    """The job ended without a result: its ``outcome`` and ``failure`` say how and why."""


Content: TypeAlias = CharacterMade | VideoMade | NothingMade
"""What is delivered to the owner at the end of a job, by kind of job. The courier renders it."""


class Undeliverable(Exception):
    """The message cannot be shown where it belongs, and trying again will not change that."""


class DiscordUnavailable(Exception):
    """Discord did not accept the message this time; ``retry_after`` in seconds if Discord named a time.

    ``perhaps_done``: the answer is missing, so Discord may have accepted the message.
    """

    def __init__(self, retry_after: float | None = None, *, perhaps_done: bool = True) -> None:
        super().__init__("Discord did not take the message")
        self.retry_after = retry_after
        self.perhaps_done = perhaps_done


class Courier(Protocol):
    """Shows a job's messages to its owner."""

    async def progress(self, job: Job, state: Text, percent: int | None) -> None:
        """Show the progress of a job. Best effort: never raises, and limits its own rate."""

    async def announce(self, job: Job, state: Text, percent: int | None, record: RecordAnnouncement) -> None:
        """The provider is working on ``job``: if others may see it, show it in one public message from now on.

        Repeated calls create no second message. ``record`` is awaited before the message is sent and once it exists.
        Raises only what ``record`` raises.
        """

    async def ask(self, job: Job, question: Question, record: RecordAttempt, picture: bytes | None = None) -> Origin:
        """Show ``question`` with its buttons, and ``picture`` (WebP) if there is one; returns where it is shown.

        It is shown where the job was requested, or as a direct message; ``record`` is awaited before one is sent.
        Raises :class:`Undeliverable` if it cannot be shown, :class:`DiscordUnavailable` if a later try may work.
        """

    async def deliver(self, job: Job, content: Content, record: RecordAttempt) -> bool:
        """Deliver the end of a job, with ``content``, to its owner (design, rule 5).

        A result notifies its owner once, and replaces every earlier message of the job. A failure is shown to its owner
        only. ``record`` is awaited before each message, and again when its outcome is known. Returns whether it
        arrived; raises :class:`DiscordUnavailable` if a later attempt may succeed.
        """

    async def expire(self, job: Job) -> None:
        """Replace the job's question with the note that it has expired. Best effort: never raises."""

    async def withdraw(self, job: Job, message: Text) -> None:
        """Replace the job's message with a last sentence. Best effort: never raises."""

    async def tell_operators(self, message: Text) -> None:
        """Tell the operators. Best effort: never raises."""


class Workers(Protocol):
    """What other parts ask of the runner."""

    def wake(self) -> None:
        """There may be something to do now."""

    def hold(self, job_id: str) -> AbstractContextManager[None]:
        """Start no step of this job while the context is open."""

    async def interrupt(self, job_id: str) -> None:
        """Stop the step that is running for this job."""


class ServerLog(Protocol):
    """Reports a server's jobs to its managers. Nothing here raises or blocks."""

    def started(self, job: Job) -> None:
        """``job`` was started."""

    def ended(self, job: Job) -> None:
        """``job`` has its outcome."""

    def withdrawn(self, job: Job) -> None:
        """The result of ``job``, which :meth:`ended` told of as made, could not be handed over: somebody said no."""


class SentMessages(Protocol):
    """Carries out the changes to earlier messages that are pending in the database."""

    def wake(self) -> None:
        """There may be a pending change."""


class ResultSource(Protocol):
    """Where the provider's finished videos come from."""

    async def fetch_on(self, url: str, into: Path, *, max_bytes: int) -> Download:
        """Stream ``url`` into the file ``into``, resuming an earlier try. Raises what ByteSource raises."""


class ByteSource(Protocol):
    """Where the bytes behind a URL come from."""

    async def fetch(self, url: str, into: Path, *, max_bytes: int) -> Download:
        """Stream ``url`` into the file ``into``. Raises BadLink, BadFile or DownloadFailed (``bot.errors``)."""
