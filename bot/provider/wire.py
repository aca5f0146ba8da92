"""Models of the provider's responses: typed, and tolerant of every known oddity, so that parsing never fails.

Missing or invalid values become an empty string, zero or nothing; the client decides what that means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, TypeAlias

from pydantic import AliasChoices, AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot import limits
from bot.values.web_address import is_web_address

_MILLISECONDS = 100_000_000_000  # as seconds this would be the year 5138
_JOINERS = "\u200c\u200d"  # invisible, but needed by emoji and by several scripts


def clean(value: object) -> str:
    """``value`` as one short line, without control and bidi characters, cut to 200 characters."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    raw = str(value)[: 10 * limits.PROVIDER_TEXT_LENGTH]
    kept = (char if char.isprintable() or char in _JOINERS else " " for char in raw)
    return " ".join("".join(kept).split())[: limits.PROVIDER_TEXT_LENGTH].strip()


def _identifier(value: object) -> str:
    """An id as a string; empty if it could not be one segment of a path."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    name = str(value)
    usable = name.isprintable() and not any(char.isspace() for char in name) and name.strip(".")
    return name if usable and len(name) <= limits.PROVIDER_ID_LENGTH else ""


def _percent(value: object) -> int:
    """``45``, ``45.0``, ``"45"``, ``"45%"`` as 45, kept within 0 and 100; everything else is 0."""
    if isinstance(value, str):
        value = value.strip().removesuffix("%")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return 0
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return 0
    return 0 if math.isnan(number) else int(min(100.0, max(0.0, number)))


def _web_address(value: object) -> str:
    """An http or https URL with a host; everything else is empty."""
    return value if is_web_address(value, most=limits.PROVIDER_URL_LENGTH) else ""


def _amount(value: object) -> Decimal | None:
    """A number or a numeric string as an amount of money."""
    try:
        amount = Decimal(clean(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _flag(value: object) -> bool:
    return value is True or clean(value).lower() in {"true", "1"}


def _characters(value: object) -> list[object]:
    """The entries of the list that are characters."""
    return [item for item in value if _is_character(item)] if isinstance(value, list) else []


def _is_character(item: object) -> bool:
    return isinstance(item, dict) and bool(_identifier(item.get("id")) or clean(item.get("username")))


def _videos(value: object) -> list[object]:
    """The entries of a list, or the single object, that contain a video URL."""
    entries = value if isinstance(value, list) else [value]
    return [item for item in entries if isinstance(item, dict) and _web_address(item.get("url"))]


def _instant(value: object) -> datetime | None:
    """Unix seconds, or milliseconds, as an instant."""
    seconds = _amount(value)
    if seconds is None or seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(float(seconds if seconds < _MILLISECONDS else seconds / 1000), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _failure(value: object) -> object:
    """An error as an object; a bare string is its message."""
    return value if isinstance(value, dict) else {"message": value}


Identifier: TypeAlias = Annotated[str, BeforeValidator(_identifier)]
CleanText: TypeAlias = Annotated[str, BeforeValidator(clean)]
Percent: TypeAlias = Annotated[int, BeforeValidator(_percent)]
WebAddress: TypeAlias = Annotated[str, BeforeValidator(_web_address)]
Amount: TypeAlias = Annotated[Decimal | None, BeforeValidator(_amount)]
Instant: TypeAlias = Annotated[datetime | None, BeforeValidator(_instant)]
Flag: TypeAlias = Annotated[bool, BeforeValidator(_flag)]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, body: Mapping[str, object]) -> Mapping[str, object]:
        """Drop fields that are null, so that their aliases are tried."""
        return {name: value for name, value in body.items() if value is not None}


class _Wrapped(_Wire):
    """A response whose fields are at the top level, or all inside a ``data`` object."""

    @model_validator(mode="before")
    @classmethod
    def _unwrapped(cls, body: Mapping[str, object]) -> Mapping[str, object]:
        inner = body.get("data")
        named_at_top = any(
            body.get(name) is not None for name in ("id", "task_id", "status", "url", "asset_id", "group_id")
        )
        return inner if isinstance(inner, dict) and not named_at_top else body


class CharacterAnswer(_Wire):
    """One entry of ``result.data.characters``."""

    id: Identifier = ""
    display_name: CleanText = ""
    username: CleanText = Field("", repr=False)
    profile_picture_url: WebAddress = ""


class VideoAnswer(_Wire):
    """One entry of ``result.data`` of a video task."""

    url: WebAddress = ""
    format: CleanText = ""
    last_frame_url: WebAddress = ""


class FailureAnswer(_Wire):
    """The content of ``error``; ``code`` may be a number."""

    code: CleanText = ""
    message: CleanText = ""


class TaskAnswer(_Wrapped):
    """The response to a submission or a status query."""

    id: Identifier = ""
    task_id: Identifier = ""
    status: CleanText = ""
    progress: Percent = 0
    characters: Annotated[list[CharacterAnswer], BeforeValidator(_characters)] = Field(
        [],
        validation_alias=AliasChoices(
            AliasPath("result", "data", "characters"),
            AliasPath("result", "characters"),
            AliasPath("data", "characters"),
            AliasPath("data", "data", "characters"),
            "characters",
        ),
    )
    videos: Annotated[list[VideoAnswer], BeforeValidator(_videos)] = Field(
        [],
        validation_alias=AliasChoices(
            AliasPath("result", "data"),
            AliasPath("result", "videos"),
            "result",
            "videos",
            AliasPath("data", "result", "data"),
        ),
    )
    url: WebAddress = Field("", validation_alias=AliasChoices("url", "video_url", AliasPath("data", "url")))
    expires_at: Instant = None
    error: Annotated[FailureAnswer, BeforeValidator(_failure)] = FailureAnswer()

    @property
    def made(self) -> tuple[VideoAnswer, ...]:
        """The videos: older responses have one URL at the top level."""
        return tuple(self.videos) or ((VideoAnswer(url=self.url),) if self.url else ())

    @property
    def name(self) -> str:
        """The task's id. A bare number in ``id`` beside a ``task_id`` is the gateway's row number, not the task."""
        return self.task_id if self.task_id and (not self.id or self.id.isdecimal()) else self.id


class UploadAnswer(_Wrapped):
    """The response of ``/v1/uploads/videos``."""

    url: WebAddress = ""


class AvatarAnswer(_Wrapped):
    """The response of the calls for private avatars: a group, or an asset and its status."""

    group_id: Identifier = ""
    asset_id: Identifier = Field("", validation_alias=AliasChoices("asset_id", "id"))
    status: CleanText = ""


class BalanceAnswer(_Wrapped):
    """The response of ``/v1/balance``; ``-1`` means unlimited."""

    remain_balance: Amount = None
    unlimited_quota: Flag = False


def _model_ids(value: object) -> list[str]:
    """The ids in a list of models; entries without one are left out."""
    entries = value if isinstance(value, list) else []
    return [found for entry in entries if isinstance(entry, dict) and (found := _identifier(entry.get("id")))]


class ModelsAnswer(_Wire):
    """The response of ``/v1/models``: ``{"object": "list", "data": [{"id": …}, …]}``."""

    models: Annotated[list[str], BeforeValidator(_model_ids)] = Field([], validation_alias="data")


class ErrorAnswer(_Wire):
    """A refusal: ``{"error": {…}}``, its fields at the top level, or ``{"success": false, "message": …}``."""

    error: Annotated[FailureAnswer, BeforeValidator(_failure)] = FailureAnswer()
    code: CleanText = ""
    message: CleanText = ""

    @property
    def failure(self) -> FailureAnswer:
        """Code and message, wherever they are."""
        return FailureAnswer(code=self.error.code or self.code, message=self.error.message or self.message)
