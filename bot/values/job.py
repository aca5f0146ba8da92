"""A job: one piece of durable work, from the command that requested it to the message that answers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypedDict

from bot.limits import VIDEO_KEPT
from bot.texts import Text
from bot.values.delivery import Announcement as Announcement
from bot.values.delivery import DeliveryAttempt as DeliveryAttempt
from bot.values.delivery import DeliveryRoute as DeliveryRoute
from bot.values.delivery import Origin as Origin
from bot.values.files import StoredFile
from bot.values.requests import CastRole as CastRole
from bot.values.requests import CharacterRequest as CharacterRequest
from bot.values.requests import CharacterResult as CharacterResult
from bot.values.requests import JobKind as JobKind
from bot.values.requests import JobRequest as JobRequest
from bot.values.requests import JobResult as JobResult
from bot.values.requests import PreviewRequest as PreviewRequest
from bot.values.requests import SourceRequest as SourceRequest
from bot.values.requests import VideoRejection as VideoRejection
from bot.values.requests import VideoRequest as VideoRequest
from bot.values.requests import VideoResult as VideoResult
from bot.values.source import Attachment
from bot.values.video import BestSeconds, Cut, Findings, Reference, VideoFacts


class Step(StrEnum):
    """The step that is to be done next."""

    PREPARE = "prepare"
    CHOOSE = "choose"
    SUBMIT = "submit"
    WATCH = "watch"
    COLLECT = "collect"
    DELIVER = "deliver"
    DONE = "done"


class Outcome(StrEnum):
    """How a job ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Lane(StrEnum):
    """Jobs in a lane share the runner's tasks, so that what was sent to the provider never waits for what was not."""

    SUBMITTED = "submitted"  # sent, or ended: watch, collect, deliver, and looking up an unclear submission
    UNSUBMITTED = "unsubmitted"


class Question(StrEnum):
    """What a job in ``choose`` asks its owner."""

    NAME = "name"  # its name is taken: what should it be called?
    CONSENT = "consent"  # may a character be made from this person?
    SECONDS = "seconds"  # which seconds of the video?
    SAME_AGAIN = "same_again"  # the same bytes and seconds were requested a moment ago
    CONCERNS = "concerns"  # there are concerns about those seconds: use them anyway?


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known about the job's video so far. ``sha256`` is that of the original bytes.

    ``findings`` belong to the chosen seconds; ``cut`` is set once those are in their own file. ``reference`` is what
    other models need; ``None`` if it could not be made.
    """

    sha256: str | None = None
    section: bool = False  # of a longer video
    facts: VideoFacts | None = None
    best: BestSeconds | None = None
    findings: Findings | None = None
    cut: Cut | None = None
    reference: Reference | None = None


NOTHING_SEEN = Seen()


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The provider's copy of the clip; trusted for :data:`bot.limits.UPLOAD_FRESH`."""

    url: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUpload:
    """The provider's copy of a stored file, by its SHA-256 (its owner is not recorded); trusted like an Upload."""

    key: str
    url: str = field(repr=False)
    at: datetime


class Lease(NamedTuple):
    """Who may write to a row, and by which lease: an older lease of the same holder is no longer valid."""

    holder: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of the jobs table. All instants are aware and in UTC.

    ``next_attempt_at`` is ``None`` if nothing is due (a question is open, or it is done). ``admitted_at`` is ``None``
    while it waits in the admission queue. ``request`` and ``result`` are those of its kind. ``file`` is in the job's
    work folder: the original video, later the clip cut out of it. ``counted`` says whether it counts towards its
    owner's day. ``attempts`` counts those of the current step. ``delivered_at``: when its last message, its end or its
    question, reached its owner. ``epoch`` counts its leases: together with ``lease_owner`` it identifies the current
    one. ``maybe_charged``: an earlier submission of it was never cleared up, and its owner had it sent again.
    """

    id: str
    owner_id: int
    origin: Origin
    step: Step
    outcome: Outcome | None = None
    attempts: int = 0
    next_attempt_at: datetime | None
    lease_owner: str | None = None
    lease_until: datetime | None = None
    epoch: int = 0
    request: JobRequest
    file: StoredFile | None = None
    seen: Seen = NOTHING_SEEN
    question: Question | None = None
    upload: Upload | None = None
    uploads: tuple[FileUpload, ...] = ()
    submit_started_at: datetime | None = None
    lookups: int = 0
    task_id: str | None = None
    maybe_charged: bool = False
    progress: int = 0
    result: JobResult | None = None
    failure: Text | None = None
    deliveries: tuple[DeliveryAttempt, ...] = ()
    delivered_at: datetime | None = None
    announcement: Announcement | None = None
    counted: bool = True
    admitted_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None

    @property
    def lease(self) -> Lease:
        """The lease under which it was read."""
        return Lease(self.lease_owner or "", self.epoch)

    @property
    def kind(self) -> JobKind:
        """What it makes."""
        return self.request.kind

    @property
    def may_be_cancelled(self) -> bool:
        """Whether it can be cancelled: until the submission has begun."""
        begun = self.submit_started_at is not None or self.maybe_charged
        return self.outcome is None and not begun and self.step in BEFORE_SUBMISSION

    @property
    def is_queued(self) -> bool:
        """Whether it waits for a place because enough other jobs are being worked on."""
        return self.admitted_at is None and self.outcome is None and self.step is not Step.DONE

    def may_be_retried(self, now: datetime) -> bool:
        """Whether it failed, not because of the video itself, and the video is here or can be fetched again."""
        if self.outcome is not Outcome.FAILED or self.kind is not JobKind.CHARACTER:
            return False
        if isinstance(self.character.source, Attachment):
            return self.seen.facts is not None and self.file is not None and self.video_is_kept(now)
        return self.file is None or self.seen.facts is not None

    def video_is_kept(self, now: datetime) -> bool:
        """Whether the files of a finished job may still be used."""
        return self.finished_at is not None and now - self.finished_at <= VIDEO_KEPT

    @property
    def lane(self) -> Lane:
        """The lane whose tasks it uses."""
        sent = self.step not in BEFORE_SUBMISSION or self.submit_started_at is not None
        return Lane.SUBMITTED if sent else Lane.UNSUBMITTED

    @property
    def undelivered(self) -> bool:
        """Whether it has ended with something to say that has not reached its owner."""
        nothing_to_say = self.outcome is Outcome.CANCELLED and self.failure is None
        return self.step is Step.DONE and self.delivered_at is None and not nothing_to_say

    @property
    def character(self) -> CharacterRequest:
        """The request of a job that makes a character. Raises AssertionError for any other kind."""
        if not isinstance(self.request, CharacterRequest):
            raise AssertionError("only a character has this request")
        return self.request

    @property
    def video(self) -> VideoRequest:
        """The request of a job that makes a video. Raises AssertionError for any other kind."""
        if not isinstance(self.request, VideoRequest):
            raise AssertionError("only a video has this request")
        return self.request

    @property
    def about_source(self) -> SourceRequest:
        """The request of a job about somebody's video. Raises AssertionError for any other kind."""
        if isinstance(self.request, VideoRequest):
            raise AssertionError("a video is made of the cast, not of a video")
        return self.request


BEFORE_SUBMISSION = frozenset({Step.PREPARE, Step.CHOOSE, Step.SUBMIT})


class JobNotes(TypedDict, total=False):
    """What a step may record at any time; missing fields stay as they are. They never change step or outcome."""

    origin: Origin
    request: JobRequest
    file: StoredFile | None
    seen: Seen
    upload: Upload | None
    uploads: tuple[FileUpload, ...]
    progress: int
    deliveries: tuple[DeliveryAttempt, ...]
    announcement: Announcement | None


class JobChanges(JobNotes, total=False):
    """Fields that a transition changes. Only ``bot.jobs.transitions`` makes these."""

    step: Step
    outcome: Outcome | None
    attempts: int
    next_attempt_at: datetime | None
    question: Question | None
    submit_started_at: datetime | None
    lookups: int
    task_id: str | None
    maybe_charged: bool
    result: JobResult | None
    failure: Text | None
    delivered_at: datetime | None
    counted: bool
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Transition:
    """What an event changes in a job. Only the functions of ``bot.jobs.transitions`` make one (design, rule 16)."""

    event: str
    changes: JobChanges

    def noting(self, notes: JobNotes) -> Transition:
        """The same transition, which also writes ``notes``."""
        return Transition(self.event, {**self.changes, **notes})
