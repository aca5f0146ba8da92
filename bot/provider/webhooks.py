"""The provider's webhooks: verifies their signatures, and parses which task they are about.

Section "Webhooks" of its documentation. The result in an event is ignored: the event only says that a task has ended;
the bot then asks the provider for the result.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import AliasPath, BaseModel, ConfigDict, Field, SecretStr
from pydantic_core import from_json

from bot import limits
from bot.provider.wire import CleanText, Identifier
from bot.values.clock import Clock

ID_HEADER = "X-ToAPIs-Webhook-Id"
TIMESTAMP_HEADER = "X-ToAPIs-Webhook-Timestamp"
SIGNATURE_HEADER = "X-ToAPIs-Webhook-Signature"


_FINAL = frozenset({"generation.completed", "generation.failed"})
_TIMESTAMP = re.compile(r"[0-9]{1,12}")  # int() would also accept "1_0", "+10" and digits of other scripts
_SIGNATURE = re.compile(r"v1=([0-9a-f]{64})")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")


class VerificationFailure(StrEnum):
    """Why a delivery is rejected. For the log only: the sender is not told."""

    ID = "id"
    TIMESTAMP = "timestamp"
    AGE = "age"
    SIGNATURE = "signature"


class BadSignature(Exception):
    """A delivery whose signature is wrong or too old."""

    def __init__(self, failure: VerificationFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class BadEvent(Exception):
    """A delivery whose body is no JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook as received, not verified yet. A missing header is an empty string."""

    id: str
    timestamp: str
    signature: str = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """The content of a delivery. ``task_id`` and ``business_id`` are ``None`` if they are missing or invalid.

    ``id`` identifies repeats, and comes from the header, not from the body. The documentation promises "the same id"
    for every repeat without saying which. The header's is always there, has a checked format and is what the signature
    begins with; the body's may be missing or not unique. The two possible mistakes also differ: if the body's is the
    right one, an event is handled twice, which only wakes its task once more; if the body's is wrongly trusted, a new
    event could be dropped as a repeat.
    """

    id: str
    type: str
    task_id: str | None
    business_id: str | None

    @property
    def ends_a_task(self) -> bool:
        """Whether it says that a task has ended, and which. Tests of the endpoint and unknown types do not."""
        return self.type in _FINAL and (self.task_id is not None or self.business_id is not None)


class SignatureCheck:
    """Accepts a delivery that one of ``secrets`` signed at most 300 s ago, or ahead, by ``clock``.

    Several secrets, because the provider signs with the old and the new one for 24 h after a change. Its console shows
    a "32-byte secret" without saying how it is encoded, so each secret is tried as text and, if it is hex, as the bytes
    it encodes. Repeats are accepted: the receiver of the event has to recognise them.

    Raises ``ValueError`` for an empty secret, which anybody could sign with.
    """

    def __init__(self, secrets: Sequence[SecretStr], clock: Clock) -> None:
        self._keys = tuple(key for secret in secrets for key in _keys(secret.get_secret_value()))
        self._clock = clock

    def verify(self, delivery: Delivery) -> None:
        """Raise :class:`BadSignature` unless ``delivery`` was signed by the provider."""
        if not 0 < len(delivery.id) <= limits.PROVIDER_ID_LENGTH or not delivery.id.isprintable():
            raise BadSignature(VerificationFailure.ID)
        if not _TIMESTAMP.fullmatch(delivery.timestamp):
            raise BadSignature(VerificationFailure.TIMESTAMP)
        if abs(self._clock().timestamp() - int(delivery.timestamp)) > limits.WEBHOOK_AGE.total_seconds():
            raise BadSignature(VerificationFailure.AGE)
        if not self._signed(delivery):
            raise BadSignature(VerificationFailure.SIGNATURE)

    def _signed(self, delivery: Delivery) -> bool:
        """Compare every key with every signature, so that the time taken reveals nothing."""
        message = f"{delivery.id}.{delivery.timestamp}.".encode() + delivery.body
        given = tuple(_signatures(delivery.signature))
        signed = False
        for key in self._keys:
            ours = hmac.digest(key, message, "sha256")
            for theirs in given:
                signed |= hmac.compare_digest(ours, theirs)
        return signed


def parse(delivery: Delivery) -> WebhookEvent:
    """The event in a verified delivery. Raises :class:`BadEvent` if its body is not a JSON object."""
    try:
        body = from_json(delivery.body)
    except ValueError:  # also for invalid UTF-8 and deep nesting
        body = None
    if not isinstance(body, dict):
        raise BadEvent
    event = _EventBody.model_validate(body)
    return WebhookEvent(
        id=delivery.id, type=event.type, task_id=event.task_id or None, business_id=event.business_id or None
    )


class _EventBody(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    type: CleanText = ""
    task_id: Identifier = Field("", validation_alias=AliasPath("data", "task_id"))
    business_id: Identifier = Field("", validation_alias=AliasPath("data", "client_business_id"))


def _keys(secret: str) -> Iterator[bytes]:
    if not secret:
        raise ValueError("a webhook secret is empty")
    yield secret.encode()
    if _HEX.fullmatch(secret):
        yield bytes.fromhex(secret)


def _signatures(header: str) -> Iterator[bytes]:
    """The signatures in ``header`` with a known version."""
    if len(header) > limits.WEBHOOK_SIGNATURES_LENGTH:
        return
    for entry in header.split(","):
        if found := _SIGNATURE.fullmatch(entry.strip()):
            yield bytes.fromhex(found[1])
