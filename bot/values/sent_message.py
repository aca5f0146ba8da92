"""A message that the bot sent and that shows something of a person, with the update that it still needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ShownContent(StrEnum):
    """What a message shows."""

    RESULT = "result"  # the character that a job made
    CARD = "card"  # a character of the cast, for its owner only
    WORDS = "words"  # text to or about the person: a question, a failure


class PendingUpdate(StrEnum):
    """The change that a message needs."""

    REDRAWN = "redrawn"  # its character has been renamed
    EMPTIED = "emptied"  # its character is gone: so are its name, its picture and its buttons
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message that was just sent, or seen again in an interaction.

    ``message_id`` is ``None`` if it is the first answer to an interaction, accessible only with its token. ``token``:
    the only access to it; ``None``: the bot can edit and delete it as its own. ``name``: that of the character it
    shows.
    """

    owner_id: int
    channel_id: int
    message_id: int | None
    shows: ShownContent
    locale: str
    job_id: str | None = None
    character_id: int | None = None
    name: str = ""
    token: str | None = field(default=None, repr=False)
    token_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """One row of the table. ``owner_id`` is ``None`` once its owner had everything deleted; then ``wanted`` is set.

    ``asked`` counts the requested changes, so that one requested meanwhile is not taken for done. ``attempts`` counts
    those at the current change.
    """

    id: int
    owner_id: int | None
    channel_id: int
    message_id: int | None
    shows: ShownContent
    locale: str
    job_id: str | None
    character_id: int | None
    token: str | None = field(repr=False)
    token_at: datetime | None
    sent_at: datetime
    wanted: PendingUpdate | None
    asked: int
    attempts: int
