"""A job: one piece of durable work, from the command that asked for it to the message that answers it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bot.texts import Text
from bot.values.character import ProviderCharacter
from bot.values.files import StoredFile
from bot.values.source import Attachment, Source
from bot.values.time_range import TimeRange
from bot.values.video import BestSeconds, Cut, Findings, VideoFacts


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


class Question(StrEnum):
    """What a job in ``choose`` waits for its owner to answer."""

    CONSENT = "consent"  # may this person be made into a character?
    SECONDS = "seconds"  # which seconds of the video?
    SAME_AGAIN = "same_again"  # the same bytes and seconds were asked for a moment ago
    CONCERNS = "concerns"  # what was seen in those seconds speaks against them: use them anyway?


class DeliveryRoute(StrEnum):
    """How a result reaches its owner, in the order in which the ways are tried."""

    ORIGINAL = "original"
    CHANNEL = "channel"
    DM = "dm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a job was asked for, and where its answer goes. Replaced by each later press or form of the owner.

    ``message_id`` is the message that shows the job (``None``: the interaction's original response, not known by id
    yet). ``token`` lives 15 minutes from ``token_at``, by our own clock, and is wiped when dead. ``private`` is what
    the owner wanted, ``ephemeral`` what the message is in fact.
    """

    guild_id: int | None
    channel_id: int
    message_id: int | None
    token: str | None = field(repr=False)
    token_at: datetime
    locale: str
    private: bool
    ephemeral: bool
    bot_is_member: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterRequest:
    """What the owner wants made. ``range`` is ``None`` until the owner has picked the seconds.

    ``another``: made again knowingly, though the same was asked a moment ago. ``anyway``: these seconds knowingly,
    whatever speaks against them.
    """

    source: Source
    range: TimeRange | None
    model: str
    name: str | None = None
    another: bool = False
    anyway: bool = False

    @property
    def chosen(self) -> TimeRange:
        """The seconds; only where they must have been chosen by then."""
        if self.range is None:
            raise AssertionError("the seconds are chosen before the submission")
        return self.range

    def without_address(self) -> CharacterRequest:
        """The same request, once an attachment's signed URL has done its work (design, section 1)."""
        if not isinstance(self.source, Attachment):
            return self
        return replace(self, source=replace(self.source, url=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen in the job's video, as far as it was looked at. ``sha256`` is that of the bytes as they came.

    ``findings`` belong to the chosen seconds, ``cut`` is there once those are a file of their own.
    """

    sha256: str | None = None
    facts: VideoFacts | None = None
    best: BestSeconds | None = None
    findings: Findings | None = None
    cut: Cut | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The provider's copy of the clip; trusted for :data:`bot.limits.UPLOAD_FRESH`."""

    url: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """Written before a message is sent, so that a restart knows where one may already stand."""

    path: DeliveryRoute
    channel_id: int | None
    nonce: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterResult:
    """What the provider made, and what became of it here."""

    characters: tuple[ProviderCharacter, ...]
    character_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of the jobs table. All instants are aware and in UTC.

    ``next_attempt_at`` is ``None`` where nothing is to be done by itself (a person is asked, or it is done).
    ``admitted_at`` is ``None`` while it stands in line for a place among those that are worked on at once.
    ``file`` is what lies in the job's work folder: the video as it came, later the clip cut out of it.
    ``counted`` says whether it takes a place in its owner's day. ``attempts`` counts those of the present step.
    ``maybe_charged``: an earlier submission of it was never cleared up, and its owner had it sent again.
    """

    id: str
    kind: JobKind
    owner_id: int
    origin: Origin
    step: Step
    outcome: Outcome | None = None
    attempts: int = 0
    next_attempt_at: datetime | None
    lease_owner: str | None = None
    lease_until: datetime | None = None
    request: CharacterRequest
    file: StoredFile | None = None
    seen: Seen = Seen()
    question: Question | None = None
    upload: Upload | None = None
    submit_started_at: datetime | None = None
    lookups: int = 0
    task_id: str | None = None
    maybe_charged: bool = False
    progress: int = 0
    result: CharacterResult | None = None
    failure: Text | None = None
    deliveries: tuple[DeliveryAttempt, ...] = ()
    delivered_at: datetime | None = None
    counted: bool = True
    admitted_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None

    @property
    def may_be_cancelled(self) -> bool:
        """Until the submission has begun; after that the provider is at work."""
        begun = self.submit_started_at is not None or self.maybe_charged
        return self.outcome is None and not begun and self.step in BEFORE_SUBMISSION

    @property
    def undelivered(self) -> bool:
        """Ended with something to say that has not reached its owner."""
        return self.step is Step.DONE and self.delivered_at is None and self.outcome is not Outcome.CANCELLED


BEFORE_SUBMISSION = frozenset({Step.PREPARE, Step.CHOOSE, Step.SUBMIT})
