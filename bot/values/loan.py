"""A lent character: to whom, how often and until when, what was made with it, and what a person in it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot import limits
from bot.errors import Refusal
from bot.texts import ntext, text
from bot.values.files import StoredFile
from bot.values.job import Outcome

_SPAN = re.compile(r"(\d{1,4})\s*(h|hours?|d|days?|w|weeks?|months?)", re.IGNORECASE)
_HOURS = {"h": 1, "d": 24, "w": 24 * 7, "m": 24 * 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanRecipient:
    """The borrower: a person, or everybody in a server. Exactly one of the two is set."""

    person: int | None = None
    server: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """One loan of the owner's. ``uses``: how many videos may be made with it, ``None`` for any number; ``used`` so far.

    A video that cost nothing does not count. ``until``: until when a video may be started.
    """

    id: int
    character_id: int
    name: str
    to: LoanRecipient
    uses: int | None
    used: int
    until: datetime | None
    created_at: datetime

    def over(self, now: datetime) -> bool:
        """Whether no more videos can be started with it."""
        return (self.uses is not None and self.used >= self.uses) or (self.until is not None and self.until <= now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowed:
    """A character that somebody may use in videos, with its owner, limited to what the borrower may see.

    ``called``: its name among all that they can use. ``clashes``: one of their own has the name that its owner gave it.
    ``by_server``: it is lent to everybody in the server.
    """

    loan_id: int
    character_id: int
    owner_id: int
    name: str
    called: str
    clashes: bool
    picture: StoredFile | None
    by_server: bool
    left: int | None
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanUse:
    """One video that somebody else started with a lent character. ``video_id``: it was made, and still exists.

    ``outcome`` is ``None`` while it is running. ``channel_id`` and ``guild_id``: where it was requested.
    """

    job_id: str
    borrower_id: int
    guild_id: int | None
    channel_id: int
    prompt: str
    outcome: Outcome | None
    video_id: int | None
    at: datetime


class Answer(StrEnum):
    """A person's answer about a character that shows them."""

    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonConsent:
    """The question to a person whether a character may be used, and their ``answer``: ``None`` until they give one.

    ``name``: the character's, ``None`` if it is gone.
    """

    id: int
    owner_id: int
    character_id: int
    name: str | None
    person_id: int
    asked_at: datetime
    answer: Answer | None
    answered_at: datetime | None


def read_until(typed: str, now: datetime) -> datetime:
    """``7d``, ``12 hours``, ``2 weeks`` or ``2026-12-24`` (its end, UTC) as an instant. Raises Refusal."""
    words = typed.strip()
    found = _SPAN.fullmatch(words)
    try:
        if found is not None:
            until = now + timedelta(hours=int(found[1]) * _HOURS[found[2][0].lower()])
        else:
            until = datetime.strptime(words, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise Refusal(
            text("I can't read “{typed}” as a time. Write 12h, 7d, 2w, or a day such as 2026-12-24.", typed=words)
        ) from None
    if not now < until <= now + limits.LOAN_LONGEST:
        raise Refusal(
            ntext(
                "That has to be in the future, and within {count} day.",
                "That has to be in the future, and within {count} days.",
                count=limits.LOAN_LONGEST.days,
            ),
        )
    return until
