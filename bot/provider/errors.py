"""The provider's errors, grouped by what to do next: give up, retry, or find out the outcome first."""

from __future__ import annotations

from bot.errors import CastbookError
from bot.texts import Text


class ProviderError(CastbookError):
    """A call to the provider that failed.

    ``status`` is the HTTP status (``None``: there was no answer). ``code`` is for the log only: the provider's own
    error code, cleaned and cut, or the name of the network fault.
    """

    def __init__(self, message: Text, *, status: int | None = None, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Rejected(ProviderError):
    """Rejected for good: nothing was accepted, and the same request will not succeed."""


class BadRequest(Rejected):
    """The provider does not accept the request (400 and the like)."""


class KeyRefused(Rejected):
    """The bot's key does not work (401). Only the operator can fix that; no request can succeed."""


class BalanceEmpty(Rejected):
    """The account has no money left (402). Only the operator can fix that; no request can succeed."""


class ModelClosed(Rejected):
    """The provider does not serve ``model``, to this key or at all (403, "model not found")."""

    def __init__(self, message: Text, *, model: str, status: int | None = None, code: str = "") -> None:
        super().__init__(message, status=status, code=code)
        self.model = model


class FileTooLarge(Rejected):
    """The video is larger than the provider accepts (413, or checked before sending)."""


class ContentRefused(Rejected):
    """The provider's content rules forbid it (422)."""


class RealFaceRefused(ContentRefused):
    """The model refuses a picture because somebody in it may be real. Another model may accept it.

    ``image``: which of the request's pictures, from 1; ``None`` if the provider did not say.
    """

    def __init__(self, message: Text, *, image: int | None, status: int | None = None, code: str = "") -> None:
        super().__init__(message, status=status, code=code)
        self.image = image


class SoundRefused(ContentRefused):
    """The provider refuses the sound that its own model made. The video may work without sound, or on another try."""


class AvatarsFull(Rejected):
    """The account has no place for another private avatar."""


class UnknownTask(Rejected):
    """The provider knows no such task: a 404 on both status paths, or for the ``from_task`` of a submission."""


class NothingTaken(ProviderError):
    """The request did not reach the provider (connection refused, no such host, TLS failed): safe to send again."""


class RateLimited(NothingTaken):
    """Rate limited (429). Wait ``retry_after`` seconds if the provider named them, otherwise back off."""

    def __init__(self, message: Text, *, retry_after: float | None, status: int | None = 429, code: str = "") -> None:
        super().__init__(message, status=status, code=code)
        self.retry_after = retry_after


class OutcomeUnknown(ProviderError):
    """No clear answer: time-out, reset, 5xx, or a 2xx that cannot be parsed.

    A submission may have been accepted and must not be sent again before that is known; a read or an upload can simply
    be retried. ``retry_after`` is in seconds if the provider named them.
    """

    def __init__(
        self, message: Text, *, status: int | None = None, code: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message, status=status, code=code)
        self.retry_after = retry_after
