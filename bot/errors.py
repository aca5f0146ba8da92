"""What can go wrong in a way that a person is told: what happened, whether it cost anything, what to do now.

Everything that is not a :class:`CastbookError` is a defect: it is logged with an id, and the person is shown that id.
"""

from __future__ import annotations

from enum import StrEnum

from bot.texts import Text, text


class CastbookError(Exception):
    """A failure with a sentence for the person it happened to."""

    def __init__(self, message: Text) -> None:
        super().__init__(message)
        self.text = message

    def __str__(self) -> str:
        return str(self.text)


class Refusal(CastbookError):
    """A request that cannot be carried out as asked. Nothing was sent and nothing was charged."""


class BadRange(Refusal):
    """The seconds are not one to three seconds of a video."""


class BadSource(Refusal):
    """Not exactly one of attachment, link, task; or one that can be seen not to work."""


class BadLink(BadSource):
    """The link is not one to a file that may be fetched."""


class BadFile(Refusal):
    """What came is not a video that the provider takes: wrong type, empty, or too large."""


class TooLarge(BadFile):
    """More bytes than are taken."""


class DownloadFailed(CastbookError):
    """The other side did not hand over the bytes; ``permanent`` when asking again cannot help."""

    def __init__(self, message: Text, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class QuotaReached(Refusal):
    """A limit of the operator's: running jobs, jobs a day, or disk."""


class UnknownCharacter(Refusal):
    """No such character in this person's cast. Somebody else's is answered like this too."""

    def __init__(self, name: str) -> None:
        super().__init__(
            text(
                "There is no character called “{name}” in your cast. See /character list for the names you have.",
                name=name,
            )
        )


class UnknownJob(Refusal):
    """No such job of this person's, or it is past what was asked."""

    def __init__(self) -> None:
        super().__init__(text("That is no longer waiting for you. See /tasks for what is running and what is done."))


def unexpected_uncharged(error_id: str) -> Text:
    """:func:`unexpected` where it is certain that nothing was sent."""
    return text(
        "Something went wrong on our side (ID {id}). Nothing was charged. Try again. If it happens "
        "again, give this ID to the people who run this bot.",
        id=error_id,
    )


def unexpected(error_id: str) -> Text:
    """The sentence for everything that is a defect of ours; the log has ``error_id`` with the traceback."""
    return text(
        "Something went wrong on our side (ID {id}). Look at /tasks before you try again, and give this "
        "ID to the people who run this bot.",
        id=error_id,
    )


class DatabaseFault(StrEnum):
    """Why nothing can be written just now, though nothing is defect."""

    BUSY = "busy"  # another program holds the database
    FULL = "full"  # no room on the disk, or no right to more of it


def troubled(trouble: DatabaseFault, error_id: str) -> Text:
    """The sentence for what could not be written; the log has ``error_id``. Nothing was sent for it."""
    if trouble is DatabaseFault.BUSY:
        return text(
            "I couldn't save that, because my database is busy (ID {id}). Nothing was charged. Try again "
            "in a minute. /tasks shows what is running.",
            id=error_id,
        )
    return text(
        "I couldn't save that, because my disk is full (ID {id}). Nothing was charged. Give this ID to "
        "the people who run this bot, and try again later.",
        id=error_id,
    )


class BadStart(Exception):
    """The bot cannot start; one plain sentence for the operator, never with a setting's value."""

    exit_code = 69  # EX_UNAVAILABLE: something needed is not there


class BadConfiguration(BadStart):
    """A setting is wrong, unknown or missing."""

    exit_code = 78  # EX_CONFIG
