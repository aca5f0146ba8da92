"""Where a job was requested, and where the messages about it are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.limits import SMALL_VIDEO_BYTES


class DeliveryRoute(StrEnum):
    """How the end of a job reaches its owner."""

    ORIGINAL = "original"  # an edit of the message that only the owner sees
    ANNOUNCED = "announced"  # an edit of the public message that showed the progress
    CHANNEL = "channel"  # a new public message sent as the bot
    FOLLOW_UP = "follow_up"  # a new message sent with the interaction's token
    DM = "dm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a job was requested, and its owner's private reply. Each later press or form of the owner replaces it.

    The private reply is the message that shows the job to its owner only: ``message_id`` (``None``: the interaction's
    original response, whose id is not known yet). It is ``ephemeral``, or else a direct message from the bot; in rows
    of earlier versions it may be public. ``token`` is valid for 15 minutes from ``token_at``, by our own clock, and is
    wiped when it has expired. ``private``: the owner wants a private result. ``bot_may_write``: the bot had the
    permissions for it there when the job was requested. ``attachment_limit``: Discord's limit there, in bytes.
    ``hidden_by_server``: the bot is a user install in a server that shows its answers to the user only. ``roles``: the
    person's roles there, by id; checked when a job is started, and never stored.
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
    bot_may_write: bool = True
    attachment_limit: int = SMALL_VIDEO_BYTES
    roles: tuple[int, ...] = ()
    hidden_by_server: bool = False

    @property
    def in_own_dm(self) -> bool:
        """Whether it was requested in direct messages with the bot."""
        return self.guild_id is None and self.bot_is_member

    @property
    def public(self) -> bool:
        """Whether others may see the result."""
        return not self.private and not self.in_own_dm and not self.hidden_by_server

    @property
    def public_by_right(self) -> bool:
        """Whether the bot may write a public message there without an interaction's token."""
        return self.public and self.bot_is_member and self.bot_may_write

    @property
    def in_dm_message(self) -> bool:
        """Whether the private reply is a direct message from the bot, which can be edited without a token."""
        return self.in_own_dm and not self.ephemeral and self.message_id is not None

    @property
    def reply_is_public(self) -> bool:
        """Whether the job was public from the start, as in earlier versions."""
        return not self.ephemeral and not self.in_own_dm


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """Written before a message is sent, so that a restart knows where one may exist.

    Written again when the outcome is known: with the ``message_id`` of the message there, or ``refused``.
    """

    path: DeliveryRoute
    channel_id: int | None
    nonce: str
    at: datetime
    message_id: int | None = None
    refused: bool = False

    @property
    def begins(self) -> bool:
        """Whether its outcome is not known yet."""
        return self.message_id is None and not self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The public message about a running job. Written before it is sent (``at``), then with its ``message_id``.

    ``closed``: Discord refuses it for good, or nobody can tell whether it exists: it is not sent (again).
    ``box_closed``: the private reply has been deleted since, because this message shows the progress now.
    """

    channel_id: int
    at: datetime
    message_id: int | None = None
    closed: bool = False
    box_closed: bool = False
