"""Where the video of a character comes from: an attachment, a link, a task, or a stored clip or video."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from yarl import URL

from bot import limits
from bot.errors import BadLink, BadSource, MessageLink
from bot.texts import text
from bot.values.web_address import is_web_address

_MESSAGE_LINK = re.compile(r"(?:https?://)?(?:[a-z]+\.)?discord(?:app)?\.com/channels/(?:@me|\d+)/\d+", re.IGNORECASE)
PORTABLE_ID = "cast_"
"""The prefix of the reusable ID of a character that no provider has made."""

_TASK_ID = re.compile(r"[A-Za-z0-9_\-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file attached in Discord. ``url`` is signed and expires within a day; it is erased once the bytes are here.

    ``of_others``: somebody else posted it.
    """

    kind: Literal["attachment"] = "attachment"
    url: str | None = field(repr=False)
    filename: str
    size: int
    of_others: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link to a file."""

    kind: Literal["link"] = "link"
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierTask:
    """An earlier video task at the provider, by its id."""

    kind: Literal["task"] = "task"
    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredClip:
    """The clip of a character in its owner's cast that a model is to make as well. Never typed by anybody."""

    kind: Literal["stored"] = "stored"
    character_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVideo:
    """A video that its owner made with their cast, and that is stored here."""

    kind: Literal["video"] = "video"
    video_id: int


Source: TypeAlias = Attachment | Link | EarlierTask | StoredClip | StoredVideo


def link(raw: str) -> Link:
    """Parse a link as a person typed it.

    Raises :class:`~bot.errors.BadLink` if it obviously cannot work. Whether its host may be reached is checked by the
    address guard when it is fetched.
    """
    typed = raw.strip().removeprefix("<").removesuffix(">")
    if _MESSAGE_LINK.match(typed):
        raise MessageLink(
            text(
                "That's a link to a message, and I can't read messages. Open the message's menu, then "
                "Apps, then “Make a character”."
            )
        )
    url = _web_address(typed)
    if url is None:
        raise BadLink(text("That isn't a link to a file. It should look like https://example.org/clip.mp4."))
    if url.user is not None or url.password is not None:
        raise BadLink(text("That link contains a user name or password. Please use one without."))
    return Link(url=typed)


def _web_address(typed: str) -> URL | None:
    if not typed.isprintable() or " " in typed or not is_web_address(typed, most=limits.LINK_LENGTH):
        return None
    return URL(typed)


def earlier_task(raw: str) -> EarlierTask:
    """Parse a task id as a person typed it. Raises :class:`~bot.errors.BadSource`."""
    typed = raw.strip()
    if typed.startswith(("@", PORTABLE_ID)):
        raise not_a_video()
    if not _TASK_ID.fullmatch(typed):
        raise BadSource(text("That's not a task ID. It looks like task_01ABC."))
    return EarlierTask(task_id=typed)


def not_a_video() -> BadSource:
    """The error for a character given instead of a video task."""
    return BadSource(
        text(
            "That's a character, not a video. To make a new character, attach a clip, paste a link to one, or give the "
            "ID of a video task."
        )
    )


def exactly_one(attachment: Attachment | None, link_text: str | None, task_text: str | None) -> Source:
    """The one source among a command's three options. Raises :class:`~bot.errors.BadSource` otherwise."""
    given = [option for option in (attachment, link_text, task_text) if option]
    if len(given) != 1:
        raise BadSource(
            text(
                "Give exactly one of the options **video**, **link** and **task**: attach a clip, or paste a link to "
                "one."
            )
        )
    if attachment:
        return attachment
    return link(link_text) if link_text else earlier_task(task_text or "")
