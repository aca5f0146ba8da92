"""Requests and results of jobs, by kind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from bot.values.character import ProviderCharacter
from bot.values.source import Attachment, Source, StoredClip
from bot.values.time_range import TimeRange
from bot.values.video import Concern, Findings


class JobKind(StrEnum):
    """What a job makes."""

    CHARACTER = "character"
    PREVIEW = "preview"  # only a look at a video
    VIDEO = "video"


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterRequest:
    """A request for a character. ``range`` is ``None`` until the owner has picked the seconds.

    ``model`` is ``None`` if no model makes it: the character is a portable one, which is free. ``model_named``: the
    owner chose that model explicitly. ``price``: the expected price in credits when it was requested, if known.
    ``another``: the owner knows that they requested the same a moment ago. ``anyway``: they know the concerns about
    these seconds. ``louder``: bring the sound to the usual loudness of voices. ``consent_at``: when they confirmed, for
    this very video, the permission of the people in it. ``typed``: the seconds as they typed them, until some are
    chosen. ``offered``: a free name, if another of their characters has ``name``.
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
    louder: bool = False
    consent_at: datetime | None = None
    typed: str = ""
    offered: str = ""

    @property
    def of_others(self) -> bool:
        """Whether somebody else posted the video."""
        return isinstance(self.source, Attachment) and self.source.of_others

    @property
    def needs_sound(self) -> bool:
        """Whether a video without sound is useless, because a model makes the character."""
        return self.model is not None

    @property
    def completes(self) -> int | None:
        """The id of the character in the cast that a model is to make as well."""
        return self.source.character_id if isinstance(self.source, StoredClip) else None

    def concerns(self, findings: Findings) -> tuple[Concern, ...]:
        """Those of ``findings`` that are worth a question before anything is made."""
        of_sound = {Concern.SILENT, Concern.QUIET}
        return tuple(each for each in findings.grave if self.needs_sound or each not in of_sound)

    @property
    def chosen(self) -> TimeRange:
        """The seconds; only valid once they must have been chosen."""
        if self.range is None:
            raise AssertionError("the seconds are chosen before the submission")
        return self.range

    def without_address(self) -> CharacterRequest:
        """The same request without an attachment's signed URL (design, section 1)."""
        return replace(self, source=_without_address(self.source))


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRequest:
    """A look at a video, which makes and costs nothing. ``needs_sound``: without sound, no character could be made.

    ``character_price``: the expected price of a character from it in credits, if known.
    """

    kind: Literal[JobKind.PREVIEW] = JobKind.PREVIEW
    source: Source
    needs_sound: bool = True
    character_price: Decimal | None = None

    def without_address(self) -> PreviewRequest:
        """The same request without an attachment's signed URL (design, section 1)."""
        return replace(self, source=_without_address(self.source))


@dataclass(frozen=True, slots=True, kw_only=True)
class CastRole:
    """One character of a video: its id in its owner's cast, and the name by which the prompt mentions it.

    ``loan_id``: the loan that lets somebody else use it. The loan says whose it is; this never does.
    """

    character_id: int
    name: str
    loan_id: int | None = None


class CharacterOffer(NamedTuple):
    """The model that would make a character now, and the expected price in credits, if known."""

    model: str
    price: Decimal | None


class VideoRejection(StrEnum):
    """What the provider refused about a video, if its owner may try it in another way."""

    REAL_FACE = "real_face"  # another model may accept it, or this one if nobody in it exists
    OWN_SOUND = "own_sound"  # it may be made without sound


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRequest:
    """A request for a video. ``prompt`` is as typed, with ``@name`` for those of ``cast``, in order.

    ``model`` is ``None`` only until the job is started: then it is the best for this cast, or the one that was named
    (``model_named``). ``duration`` is in seconds; it, ``ratio``, ``resolution`` and ``sound`` may be ``None``, which
    leaves the choice to the model. ``price`` is in credits, if known. ``refused``: why the provider did not make it,
    and ``instead`` which model is offered then, for ``instead_price``; ``made_up_helps``: its owner may declare that
    nobody in it exists. ``nobody_real``: they have declared so, and a model that refuses real faces may be shown the
    cast as private avatars.
    """

    kind: Literal[JobKind.VIDEO] = JobKind.VIDEO
    prompt: str
    cast: tuple[CastRole, ...]
    model: str | None = None
    model_named: bool = False
    duration: int | None = None
    ratio: str | None = None
    resolution: str | None = None
    sound: bool | None = None
    price: Decimal | None = None
    refused: VideoRejection | None = None
    instead: str | None = None
    instead_price: Decimal | None = None
    made_up_helps: bool = False
    nobody_real: bool = False

    @property
    def chosen_model(self) -> str:
        """The model; only valid for a request that was started."""
        if self.model is None:
            raise AssertionError("a video is started with a model")
        return self.model

    def without_address(self) -> VideoRequest:
        """The same, because it contains no address."""
        return self


SourceRequest: TypeAlias = CharacterRequest | PreviewRequest
"""A request about a video that somebody provides."""

JobRequest: TypeAlias = SourceRequest | VideoRequest


def price_of(request: JobRequest) -> Decimal:
    """The expected price in credits; 0 if it is unknown or free."""
    price = None if isinstance(request, PreviewRequest) else request.price
    return price or Decimal(0)


def model_of(request: JobRequest) -> str | None:
    """The requested model, if there is one."""
    return None if isinstance(request, PreviewRequest) else request.model


def _without_address(source: Source) -> Source:
    return replace(source, url=None) if isinstance(source, Attachment) else source


# -- What comes of it ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterResult:
    """What the provider made, and the id of the character in its owner's cast once it is there.

    ``characters`` is empty if no provider was asked: the character is made from our own files.
    """

    kind: Literal[JobKind.CHARACTER] = JobKind.CHARACTER
    characters: tuple[ProviderCharacter, ...]
    character_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoResult:
    """The video's URL at the provider, its expiry (``None``: unknown), and the id of our own copy once it is here.

    ``url`` works for anyone who has it.
    """

    kind: Literal[JobKind.VIDEO] = JobKind.VIDEO
    url: str = field(repr=False)
    expires_at: datetime | None = None
    video_id: int | None = None


JobResult: TypeAlias = CharacterResult | VideoResult
