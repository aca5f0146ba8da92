"""What an error of Discord means for a delivery: try this route later, without files, or take another route."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord
import structlog

from bot.jobs.ports import DiscordUnavailable

log = structlog.get_logger(__name__)

UNKNOWN_MESSAGE = 10008  # somebody deleted it, or dismissed it
TOKEN_DEAD = frozenset({10015, 50027})  # each further call with it counts towards a ban
TOO_LARGE = 40005
BAD_FORM = 50035  # also if an edit brings a file that a card shows (discord-api-docs #7529): a new message may work
EDITED_TOO_OFTEN = 30046  # for messages older than an hour
LATER = frozenset({40003})  # direct messages opened too fast
EXPECTED = TOKEN_DEAD | frozenset(
    {
        10003,  # unknown channel
        UNKNOWN_MESSAGE,
        10013,  # unknown user
        10062,  # unknown interaction
        EDITED_TOO_OFTEN,
        50001,  # the bot is not in the channel
        50007,  # direct messages are closed
        50013,  # no permission there
        50083,  # the thread is archived
        50278,  # no server in common
        200000,  # AutoMod blocked it
    }
)


class RouteClosed(Exception):
    """This route will not work for this message, now or later."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Discord refused it with code {code}")
        self.code = code


class TooLarge(RouteClosed):
    """The files are larger than Discord accepts there."""


@asynccontextmanager
async def understood(patience: float, *, edit_brings_files: bool = False) -> AsyncIterator[None]:
    """Around calls to Discord that together may take ``patience`` seconds, including discord.py's own retries.

    ``edit_brings_files``: a rejected form is then a known limitation, and no error of ours.

    Raises :class:`RouteClosed`, :class:`TooLarge` or :class:`~bot.jobs.ports.DiscordUnavailable`. They are not chained
    on purpose: the cause may contain the interaction token.
    """
    try:
        async with asyncio.timeout(patience):
            yield
    except discord.HTTPException as error:
        raise _meaning(error, EXPECTED | {BAD_FORM} if edit_brings_files else EXPECTED) from None
    except discord.RateLimited as error:
        raise DiscordUnavailable(error.retry_after, perhaps_done=False) from None
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        log.info("discord_unreachable", error=type(error).__name__)
        raise DiscordUnavailable from None


def says_too_large(error: discord.HTTPException) -> bool:
    """Whether Discord refused a message because of its files."""
    return error.code == TOO_LARGE or error.status == 413


def _meaning(error: discord.HTTPException, expected: frozenset[int]) -> Exception:
    if says_too_large(error):
        return TooLarge(error.code)
    if error.status == 429 or error.status >= 500 or error.code in LATER:
        log.info("discord_trouble", status=error.status, code=error.code)
        return DiscordUnavailable(_retry_after(error), perhaps_done=error.status >= 500)
    if error.code == BAD_FORM and error.code in expected:
        log.warning("edit_with_files_refused")
    elif error.code not in expected:
        log.error("unforeseen_refusal", status=error.status, code=error.code)
    return RouteClosed(error.code)


def _retry_after(error: discord.HTTPException) -> float | None:
    try:
        return float(error.response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
