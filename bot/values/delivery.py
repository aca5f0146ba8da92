"""Where a job was asked for, and where the messages about it stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.limits import SMALL_VIDEO_BYTES


class DeliveryRoute(StrEnum):
    """How the end of a job reaches its owner."""

    ORIGINAL = "original"  # an edit of the message that only they see
    ANNOUNCED = "announced"  # an edit of the public message that showed the progress
    CHANNEL = "channel"  # a new public message by the bot's own right
    FOLLOW_UP = "follow_up"  # a new message by the interaction's token
    DM = "dm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a job was asked for, and the private reply of its owner. Replaced by each later press or form of theirs.

    The private reply is the message in which the job speaks to its owner alone: ``message_id`` (``None``: the
    interaction's original response, not known by id yet). It is ``ephemeral``, or else a message of the bot in direct
    messages; in rows of earlier versions it may be public. ``token`` lives 15 minutes from ``token_at``, by our own
    clock, and is wiped when dead. ``private``: the owner wants the result for themselves. ``bot_may_write``: the bot
    had the permissions for it there when it was asked. ``attachment_limit``: the bytes that Discord takes there.
    ``hidden_by_server``: somebody has brought the bot along into a server that shows its answers to them alone.
    ``roles``: those of the person there, by id; asked when a job is started, and never stored.
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
        """Whether it was asked for in direct messages with the bot."""
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
        """Whether the private reply is a message of the bot in direct messages: it needs no token to edit that."""
        return self.in_own_dm and not self.ephemeral and self.message_id is not None

    @property
    def reply_is_public(self) -> bool:
        """Whether the job was shown to everybody from the first moment: so it was in earlier versions."""
        return not self.ephemeral and not self.in_own_dm


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """Written before a message is sent, so that a restart knows where one may already stand.

    Written once more when it is known how it went: with the ``message_id`` of what stands there, or ``refused``.
    """

    path: DeliveryRoute
    channel_id: int | None
    nonce: str
    at: datetime
    message_id: int | None = None
    refused: bool = False

    @property
    def begins(self) -> bool:
        """Whether it is not known yet how it goes."""
        return self.message_id is None and not self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The public message about a running job. Written before it is sent (``at``), then with its ``message_id``.

    ``closed``: Discord refuses it for good, or nobody can tell whether it stands: it is not sent (again).
    ``box_closed``: the private reply has been deleted since, because this shows the progress now.
    """

    channel_id: int
    at: datetime
    message_id: int | None = None
    closed: bool = False
    box_closed: bool = False
