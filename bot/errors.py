"""Failures that people are told about: what happened, whether it was charged, what to do now.

Anything else is a defect: it is logged under an id, and the person is shown that id.
"""

from __future__ import annotations

from enum import StrEnum

from bot.texts import Text, text


class CastbookError(Exception):
    """A failure with a text for the person it happened to."""

    def __init__(self, message: Text) -> None:
        super().__init__(message)
        self.text = message

    def __str__(self) -> str:
        return str(self.text)


class Refusal(CastbookError):
    """A request that cannot be carried out as asked. Nothing was sent and nothing was charged."""


class BadRange(Refusal):
    """The seconds are not one to three seconds of a video. ``problem`` says only that, without what to do now."""

    def __init__(self, message: Text, problem: Text) -> None:
        super().__init__(message)
        self.problem = problem


class BadSource(Refusal):
    """Not exactly one of attachment, link, task; or one that obviously cannot work."""


class BadLink(BadSource):
    """Not a link to a file that may be downloaded."""


class MessageLink(BadLink):
    """A link to a message in Discord. The message menu is the way to use its video."""


class BadFile(Refusal):
    """The file is not a video that the provider accepts: wrong type, empty, or too large."""


class TooLarge(BadFile):
    """The file is larger than allowed."""


class DownloadFailed(CastbookError):
    """The download failed; ``permanent`` if another try cannot help."""

    def __init__(self, message: Text, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class AttachmentGone(DownloadFailed):
    """Discord no longer has an attachment at that address; the address can be renewed if Discord still has the file."""

    def __init__(self, message: Text) -> None:
        super().__init__(message, permanent=True)


class QuotaReached(Refusal):
    """A limit of the operator's: running jobs, jobs per day, or disk."""


class UnknownCharacter(Refusal):
    """Not in this person's cast. The same answer is given for another person's character."""

    def __init__(self, name: str) -> None:
        super().__init__(
            text(
                "You have no character called “{name}”. See /character list for your cast.",
                name=name,
            )
        )


class NameTaken(Refusal):
    """Another character of this person is called ``name``; ``free`` is that name with a number after it."""

    def __init__(self, name: str, free: str) -> None:
        super().__init__(text("You already have a character called “{name}”. Please choose another name.", name=name))
        self.name = name
        self.free = free


class UnknownJob(Refusal):
    """This person has no such job, or it is too late for what they asked."""

    def __init__(self) -> None:
        super().__init__(text("That's no longer waiting for you. See /tasks for what is running and what is done."))


class TooLateToCancel(Refusal):
    """The submission has begun: the provider may be working on it."""

    def __init__(self) -> None:
        super().__init__(text("It's too late to cancel this: ToAPIs is working on it. You'll get the result."))


def unexpected_uncharged(error_id: str) -> Text:
    """As :func:`unexpected`, if it is certain that nothing was sent."""
    return text(
        "Something went wrong on our side (ID {id}). Nothing was charged. Try again. If it happens "
        "again, give this ID to the people who run this bot.",
        id=error_id,
    )


def unexpected(error_id: str) -> Text:
    """The text for a defect of ours; the log has the traceback under ``error_id``."""
    return text(
        "Something went wrong on our side (ID {id}). Look at /tasks before you try again, and give this "
        "ID to the people who run this bot.",
        id=error_id,
    )


class DatabaseFault(StrEnum):
    """Why the database cannot be written at the moment, though nothing is broken."""

    BUSY = "busy"  # another program holds the database
    FULL = "full"  # no room on the disk, or the disk quota is used up


def not_saved(fault: DatabaseFault, error_id: str) -> Text:
    """The text when something could not be saved; the log has ``error_id``. Nothing was submitted."""
    if fault is DatabaseFault.BUSY:
        return text(
            "I couldn't save that, because my database is busy (ID {id}). Try again in a minute. /tasks shows what is "
            "running.",
            id=error_id,
        )
    return text(
        "I couldn't save that, because my disk is full (ID {id}). Give this ID to the people who run this bot, and "
        "try again later.",
        id=error_id,
    )


class BadStart(Exception):
    """The bot cannot start; one plain sentence for the operator, never with a setting's value."""

    exit_code = 69  # EX_UNAVAILABLE: something required is missing


class BadConfiguration(BadStart):
    """A setting is wrong, unknown or missing."""

    exit_code = 78  # EX_CONFIG
