"""Maps error responses to errors, with a message for the person.

Follows section 7 of the provider's error table row by row, plus what related gateways and proxies return.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot import limits
from bot.provider import refusal_texts as texts
from bot.provider.errors import (
    AvatarsFull,
    BadRequest,
    BalanceEmpty,
    ContentRefused,
    FileTooLarge,
    KeyRefused,
    ModelClosed,
    NothingTaken,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    RealFaceRefused,
    Rejected,
    SoundRefused,
    UnknownTask,
)
from bot.provider.refusal_texts import Purpose as Purpose
from bot.provider.rejection_reasons import Cause, picture_of, reason_of, sentence
from bot.provider.transport import Answer, NoResponse, Reply
from bot.provider.wire import ErrorAnswer, FailureAnswer, clean
from bot.texts import Text, text

_MOVED = frozenset({301, 302, 307, 308})  # 303 says that the request was accepted and where to look
_UNCLEAR = frozenset({408, 409})  # given up half-way; or our client_business_id exists already
_NO_MONEY = re.compile(r"insufficient.{0,20}(quota|balance|credits?)")
_ECHO = 24  # characters of a prompt that are enough to recognise it in a message
_NO_ROOM = re.compile(r"asset.{0,20}(quota|limit|full|exceed)|(quota|limit|too many).{0,20}asset")
_NO_TASK = re.compile(r"task.{0,10}(not.(exist|found)|does.not.exist)")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a call was about: for a submission its model, the alternative models, and the task it names.

    ``prompt`` is that of a video.
    """

    purpose: Purpose
    model: str = ""
    others: tuple[str, ...] = ()
    from_task: str = ""
    prompt: str = ""

    @property
    def submits(self) -> bool:
        """Whether the call costs money if it is accepted."""
        return self.purpose in {Purpose.SUBMIT, Purpose.SUBMIT_VIDEO}


def body_of(reply: Reply, about: About, *, now: datetime) -> dict[str, Any]:
    """The JSON object of a 2xx. Raises the :class:`ProviderError` for any other reply."""
    if isinstance(reply, NoResponse):
        raise unclear(about, code=reply.trouble) if reply.sent else _out_of_reach(reply.trouble)
    if 200 <= reply.status < 300 and reply.body is not None:
        return reply.body
    raise _error(reply, about, now)


def _error(answer: Answer, about: About, now: datetime) -> ProviderError:
    failure = _failure(answer, about)
    wait = retry_after(answer.retry_after, now=now)
    code = failure.code or answer.trouble
    if about.purpose is Purpose.AVATAR and 400 <= answer.status < 500 and _NO_ROOM.search(_said(failure)):
        return AvatarsFull(texts.AVATARS_FULL, status=answer.status, code=code)
    if answer.status == 429 and not _NO_MONEY.search(_said(failure)):
        return RateLimited(texts.TOO_OFTEN, retry_after=wait, code=code)
    return _refused(answer, failure, about) or unclear(about, status=answer.status, code=code, wait=wait)


def unclear(about: About, *, status: int | None = None, code: str = "", wait: float | None = None) -> OutcomeUnknown:
    """The error for a response that leaves the outcome unknown."""
    return OutcomeUnknown(texts.NO_CLEAR_ANSWER[about.purpose], status=status, code=code, retry_after=wait)


def too_large(about: About, *, status: int | None = None, code: str = "") -> FileTooLarge:
    """The error for a file above the provider's limit."""
    sentence = texts.PICTURE_TOO_LARGE if about.purpose is Purpose.UPLOAD_PICTURE else texts.TOO_LARGE
    return FileTooLarge(sentence, status=status, code=code)


def retry_after(header: str | None, *, now: datetime) -> float | None:
    """Seconds to wait from a ``Retry-After`` header: a number, or an HTTP date (RFC 9110, 10.2.3). 0 to 3,600."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            then = parsedate_to_datetime(header)
        except (ValueError, OverflowError):
            return None
        if then.tzinfo is None:  # "-0000": UTC with an unknown local time zone
            then = then.replace(tzinfo=UTC)
        seconds = (then - now).total_seconds()
    return None if seconds != seconds else min(limits.PROVIDER_LONGEST_WAIT, max(0.0, seconds))


def _failure(answer: Answer, about: About) -> FailureAnswer:
    """The provider's failure, without the user input that it may repeat, which could say anything.

    That is a task's id, or a prompt, which may be cut anywhere.
    """
    failure = ErrorAnswer.model_validate(answer.body or {}).failure
    echo = re.escape(about.from_task) or (re.escape(clean(about.prompt)[:_ECHO].strip()) + ".*" if about.prompt else "")
    if not echo:
        return failure
    own = re.compile(echo, re.IGNORECASE)
    return failure.model_copy(update={"code": own.sub("…", failure.code), "message": own.sub("…", failure.message)})


def _said(failure: FailureAnswer) -> str:
    return f"{failure.code} {failure.message}".lower()


def _refused(answer: Answer, failure: FailureAnswer, about: About) -> ProviderError | None:
    """The final refusal in ``answer``, or ``None`` if it is none.

    A query is refused for good only for reasons that concern the key or the task: whatever else a proxy may say, the
    task continues, and its result must not be lost.
    """
    status, code = answer.status, failure.code or answer.trouble
    if status == 401:
        return KeyRefused(texts.KEY_REFUSED, status=status, code=code)
    if status == 402 or (400 <= status < 500 and _NO_MONEY.search(_said(failure))):
        return BalanceEmpty(texts.BALANCE_EMPTY, status=status, code=code)
    if about.purpose is Purpose.READ:
        missing = status == 404 or (status == 400 and _NO_TASK.search(_said(failure)))
        return UnknownTask(texts.TASK_GONE, status=status, code=code) if missing else None
    if status in _MOVED:
        return Rejected(texts.MOVED_AWAY, status=status, code=code)
    if status >= 500:
        gone = about.submits and failure.code == "model_not_found"  # it never got past the gateway
        return _model_closed(about, status, code) if gone else None
    if not 400 <= status < 500 or status in _UNCLEAR:
        return None
    if status == 413:
        return too_large(about, status=status, code=code)
    if not about.submits:
        return BadRequest(texts.FILE_REFUSED[about.purpose], status=status, code=code)
    return _submission_refused(answer, failure, about)


def _submission_refused(answer: Answer, failure: FailureAnswer, about: About) -> ProviderError:
    """A 4xx to a submission. The stated reason counts first, so one request does not close a model for all."""
    status, code = answer.status, failure.code or answer.trouble
    reason = reason_of(failure.code, failure.message)
    if reason is Cause.MODEL:
        return _model_closed(about, status, code)
    if reason is None and status == 422:
        reason = Cause.CONTENT
    if reason is not None:
        return _objection(reason, failure, about, status, code)
    of_task = status in {403, 404} and not failure.code.startswith("model")
    if about.from_task and (of_task or _NO_TASK.search(_said(failure))):
        return UnknownTask(texts.UNKNOWN_TASK, status=status, code=code)
    if status in {403, 404}:
        if answer.html:
            return Rejected(texts.BLOCKED, status=status, code=code)  # a proxy's page: the provider never saw it
        return _model_closed(about, status, code)
    return BadRequest(texts.BAD_REQUEST[about.purpose], status=status, code=code)


def _objection(reason: Cause, failure: FailureAnswer, about: About, status: int, code: str) -> ProviderError:
    """The error for the reason that the provider states."""
    message = text(
        "{reason} Nothing was charged.", reason=sentence(reason, of_video=about.purpose is Purpose.SUBMIT_VIDEO)
    )
    if reason is Cause.REAL_FACE:
        return RealFaceRefused(message, image=picture_of(_said(failure)), status=status, code=code)
    kinds = {Cause.OWN_SOUND: SoundRefused, Cause.CONTENT: ContentRefused, Cause.TROUBLE: NothingTaken}
    usual = BadRequest if status == 400 else Rejected
    return kinds.get(reason, usual)(message, status=status, code=code)


def _model_closed(about: About, status: int, code: str) -> ModelClosed:
    return ModelClosed(model_closed_text(about.model, about.others), model=about.model, status=status, code=code)


def model_closed_text(model: str, others: Sequence[str]) -> Text:
    """The message for a model that is not available, naming alternatives."""
    message = text(
        "ToAPIs doesn't offer the model “{model}” to this bot right now, and no other model that is set up here works. "
        "Nothing was charged. Tell the people who run this bot.",
        model=model,
    )
    if others:
        message = text(
            "ToAPIs doesn't offer the model “{model}” to this bot right now. Nothing was charged. Choose "
            "another one: {others}.",
            model=model,
            others=", ".join(others),
        )
    return message


def _out_of_reach(code: str) -> NothingTaken:
    unreachable = text("I can't reach ToAPIs right now. Nothing was charged. Try again in a few minutes.")
    return NothingTaken(unreachable, code=code)
