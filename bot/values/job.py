"""A job: one piece of durable work, from the command that asked for it to the message that answers it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal, TypeAlias, TypedDict

from bot.limits import VIDEO_KEPT
from bot.texts import Text
from bot.values.character import ProviderCharacter
from bot.values.delivery import Announcement as Announcement
from bot.values.delivery import DeliveryAttempt as DeliveryAttempt
from bot.values.delivery import DeliveryRoute as DeliveryRoute
from bot.values.delivery import Origin as Origin
from bot.values.files import StoredFile
from bot.values.source import Attachment, Source, StoredClip
from bot.values.time_range import TimeRange
from bot.values.video import BestSeconds, Concern, Cut, Findings, Reference, VideoFacts


class JobKind(StrEnum):
    """What a job makes."""

    CHARACTER = "character"
    PREVIEW = "preview"  # nothing but a look at a video
    VIDEO = "video"


class Step(StrEnum):
    """Where a job stands. A row names the step that is to be done next."""

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
    """What shares the runner's tasks: what was sent to the provider never waits behind what was not."""

    SUBMITTED = "submitted"  # sent, or ended: watch, collect, deliver, and looking for an unclear submission
    UNSUBMITTED = "unsubmitted"


class Question(StrEnum):
    """What a job in ``choose`` waits for its owner to answer."""

    NAME = "name"  # its name is taken: what should it be called?
    CONSENT = "consent"  # may this person be made into a character?
    SECONDS = "seconds"  # which seconds of the video?
    SAME_AGAIN = "same_again"  # the same bytes and seconds were asked for a moment ago
    CONCERNS = "concerns"  # what was seen in those seconds speaks against them: use them anyway?


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterRequest:
    """A character that its owner wants made. ``range`` is ``None`` until they have picked the seconds.

    ``model`` is ``None`` where no model makes it: the character is a portable one, which is free. ``model_named``: its
    owner asked for that model, and for no other.
    ``price``: the credits that it was expected to cost when it was asked for, where that is known. ``another``: the
    owner knows that they asked for the same a moment ago. ``anyway``: they know what is wrong with these seconds.
    ``consent_at``: when they said, for this very video, that they have the permission of who is in it. ``typed``: what
    they gave as its seconds, for as long as none are chosen. ``offered``: a name that is free, where another one of
    theirs has ``name``.
    """

    kind: Literal[JobKind.CHARACTER] = JobKind.CHARACTER
    source: Source
    range: TimeRange | None
    model: str | None = None
    model_named: bool = False
    name: str | None = None
    price: Decimal | None = None
    another: bool = False
    anyway: bool = False
    consent_at: datetime | None = None
    typed: str = ""
    offered: str = ""

    @property
    def of_others(self) -> bool:
        """Whether somebody else has posted the video."""
        return isinstance(self.source, Attachment) and self.source.of_others

    @property
    def needs_sound(self) -> bool:
        """Whether a video without sound is of no use: no model makes a character of one."""
        return self.model is not None

    @property
    def completes(self) -> int | None:
        """The id of the character in the cast that a model is to make as well."""
        return self.source.character_id if isinstance(self.source, StoredClip) else None

    def doubts(self, findings: Findings) -> tuple[Concern, ...]:
        """What of ``findings`` is worth asking about before anything is made."""
        return tuple(each for each in findings.grave if self.needs_sound or each is not Concern.SILENT)

    @property
    def chosen(self) -> TimeRange:
        """The seconds; only where they must have been chosen by then."""
        if self.range is None:
            raise AssertionError("the seconds are chosen before the submission")
        return self.range

    def without_address(self) -> CharacterRequest:
        """The same request without an attachment's signed URL (design, section 1)."""
        return replace(self, source=_without_address(self.source))


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRequest:
    """A look at a video, which makes and costs nothing. ``needs_sound``: of one without, no character could be made."""

    kind: Literal[JobKind.PREVIEW] = JobKind.PREVIEW
    source: Source
    needs_sound: bool = True

    def without_address(self) -> PreviewRequest:
        """The same request without an attachment's signed URL (design, section 1)."""
        return replace(self, source=_without_address(self.source))


JobRequest: TypeAlias = CharacterRequest | PreviewRequest


def _without_address(source: Source) -> Source:
    return replace(source, url=None) if isinstance(source, Attachment) else source


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen in the job's video so far. ``sha256`` is that of the bytes as they came.

    ``findings`` belong to the chosen seconds, ``cut`` is there once those are a file of their own. ``reference`` is
    what other models would need; ``None`` where it could not be made.
    """

    sha256: str | None = None
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
class CharacterResult:
    """What the provider made, and the id of the character in its owner's cast once it is there.

    ``characters`` is empty where no provider was asked: the character is made of what is here.
    """

    kind: Literal[JobKind.CHARACTER] = JobKind.CHARACTER
    characters: tuple[ProviderCharacter, ...]
    character_id: int | None = None


JobResult: TypeAlias = CharacterResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of the jobs table. All instants are aware and in UTC.

    ``next_attempt_at`` is ``None`` where nothing is to be done by itself (a person is asked, or it is done).
    ``admitted_at`` is ``None`` while it waits in the admission queue. ``request`` and ``result`` are those of its kind.
    ``file`` is what lies in the job's work folder: the video as it came, later the clip cut out of it.
    ``counted`` says whether it takes a place in its owner's day. ``attempts`` counts those of the present step.
    ``delivered_at``: when the last thing that it had to say, its end or its question, reached its owner.
    ``maybe_charged``: an earlier submission of it was never cleared up, and its owner had it sent again.
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
    request: JobRequest
    file: StoredFile | None = None
    seen: Seen = NOTHING_SEEN
    question: Question | None = None
    upload: Upload | None = None
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
    def kind(self) -> JobKind:
        """What it makes."""
        return self.request.kind

    @property
    def may_be_cancelled(self) -> bool:
        """Until the submission has begun; after that the provider is at work."""
        begun = self.submit_started_at is not None or self.maybe_charged
        return self.outcome is None and not begun and self.step in BEFORE_SUBMISSION

    @property
    def waits_in_line(self) -> bool:
        """Whether it waits for a place, because enough others are being worked on."""
        return self.admitted_at is None and self.outcome is None and self.step is not Step.DONE

    def may_be_retried(self, now: datetime) -> bool:
        """Failed, not because of the video itself, and the video is here or can be fetched again."""
        if self.outcome is not Outcome.FAILED or self.kind is not JobKind.CHARACTER:
            return False
        if isinstance(self.request.source, Attachment):
            return self.seen.facts is not None and self.file is not None and self.video_is_kept(now)
        return self.file is None or self.seen.facts is not None

    def video_is_kept(self, now: datetime) -> bool:
        """Whether the bytes of what is over may still be used."""
        return self.finished_at is not None and now - self.finished_at <= VIDEO_KEPT

    @property
    def lane(self) -> Lane:
        """With which jobs it shares the runner's tasks."""
        sent = self.step not in BEFORE_SUBMISSION or self.submit_started_at is not None
        return Lane.SUBMITTED if sent else Lane.UNSUBMITTED

    @property
    def undelivered(self) -> bool:
        """Ended with something to say that has not reached its owner."""
        nothing_to_say = self.outcome is Outcome.CANCELLED and self.failure is None
        return self.step is Step.DONE and self.delivered_at is None and not nothing_to_say

    @property
    def character(self) -> CharacterRequest:
        """The request of a job that makes a character. Raises AssertionError for any other kind."""
        if not isinstance(self.request, CharacterRequest):
            raise AssertionError("only a character has this request")
        return self.request


BEFORE_SUBMISSION = frozenset({Step.PREPARE, Step.CHOOSE, Step.SUBMIT})


class JobNotes(TypedDict, total=False):
    """What a step may write down in between; what is absent stays as it is. The life of the job is none of it."""

    origin: Origin
    request: JobRequest
    file: StoredFile | None
    seen: Seen
    upload: Upload | None
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
    """What an event changes in a job. Made by the functions of ``bot.jobs.transitions`` alone (design, rule 16)."""

    event: str
    changes: JobChanges

    def noting(self, notes: JobNotes) -> Transition:
        """The same transition, which writes ``notes`` down as well."""
        return Transition(self.event, {**self.changes, **notes})
