"""Shared by the commands that start a job: the attached file, the row before the answer, the origin."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeAlias

import aiohttp
import discord
import structlog

from bot import limits
from bot.chat.message import MessageContent
from bot.chat.replies import ALREADY_ANSWERED, edit_answer
from bot.errors import BadFile
from bot.jobs.job_starter import JobStarter
from bot.texts import text
from bot.values.clock import Clock
from bot.values.job import Job, Origin
from bot.values.source import Attachment

_MB = 1024 * 1024

Write: TypeAlias = Callable[[str, Origin], Awaitable[Job]]
"""Writes a job's row, given its id and its origin."""

First: TypeAlias = Callable[[Job], MessageContent]
"""Renders a job before anything has been done for it."""

log = structlog.get_logger(__name__)


def attached(file: discord.Attachment | Attachment, *, max_bytes: int) -> Attachment:
    """``file`` as a source. Raises :class:`~bot.errors.BadFile` if it is larger than ``max_bytes``.

    Its first bytes will show whether it is a video; the type and the extension are only claims.
    """
    if file.size > max_bytes:
        raise BadFile(
            text(
                "That file is {size} MB, and the most I can take is {limit} MB. Please attach a shorter or smaller "
                "clip.",
                size=-(-file.size // _MB),
                limit=max_bytes // _MB,
            )
        )
    return Attachment(url=file.url, filename=file.filename, size=file.size)


async def start_job(
    interaction: discord.Interaction[Any],
    starter: JobStarter,
    write: Write,
    *,
    private: bool | None,
    clock: Clock,
    first: First | None = None,
    in_place: bool = False,
) -> None:
    """Let ``write`` write the job, then answer "thinking", visible to the person who asked only (design, rule 1).

    That answer is the job's private reply. ``private``: whether the result is for them only; ``None``: as the server
    has it. ``first``: what to show if the job starts at once. ``in_place``: the message whose button was pressed, or
    led to the form, becomes the private reply. If the database takes longer than a second, the answer goes first,
    because Discord waits three seconds for it. The job does not start before it is answered; if Discord rejects the
    answer, the job is cancelled. Raises what ``write`` raises, usually before anything is answered, and
    :class:`discord.HTTPException` for an answer that came too late.
    """
    job_id = starter.new_id()
    if private is None:
        private = starter.private_by_default(interaction.guild_id)
    origin = origin_of(interaction, private=private, ephemeral=True, clock=clock)
    if in_place and interaction.message is not None:
        origin = replace(origin, message_id=interaction.message.id, ephemeral=interaction.message.flags.ephemeral)
    with starter.held(job_id):
        try:
            with starter.first_answer():
                writing = asyncio.ensure_future(write(job_id, origin))
                await asyncio.wait({writing}, timeout=limits.ROW_BEFORE_ANSWER.total_seconds())
                if writing.done():
                    writing.result()  # a refusal is the first answer then
                await _think(interaction, in_place=in_place)
        except discord.HTTPException:
            job = await writing
            await starter.take_back(job)
            raise
        job = await writing
        if first is not None and not job.is_queued:  # its number in the queue is shown separately
            await _show_first(interaction, first(job))


async def _show_first(interaction: discord.Interaction[Any], card: MessageContent) -> None:
    """Show it while the job is held, so that it overwrites nothing. If this fails, the job's progress follows."""
    try:
        async with asyncio.timeout(limits.PRESS_SHOWN_WITHIN):
            await edit_answer(interaction, card)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.info("first_state_not_shown", error=type(error).__name__)


async def _think(interaction: discord.Interaction[Any], *, in_place: bool) -> None:
    """Defer, visible to the person only; ``in_place``: without a new message.

    Raises :class:`discord.HTTPException` if Discord certainly rejected it. If that is unknown, it counts as accepted:
    later messages find their own route to the person.
    """
    try:
        await interaction.response.defer(thinking=not in_place, ephemeral=True)
    except discord.HTTPException as error:
        answered = error.code == ALREADY_ANSWERED and (in_place or await _is_thinking(interaction))
        if error.status < 500 and not answered:
            raise
        log.warning("first_answer_unclear", status=error.status, code=error.code)
    except (aiohttp.ClientError, OSError) as error:
        log.warning("first_answer_unclear", error=type(error).__name__)


async def _is_thinking(interaction: discord.Interaction[Any]) -> bool:
    """Whether Discord accepted the first attempt but its response was lost, so that discord.py repeats it."""
    try:
        return (await interaction.original_response()).flags.loading
    except (discord.HTTPException, discord.ClientException, aiohttp.ClientError, OSError):
        return False


def origin_of(interaction: discord.Interaction[Any], *, private: bool, ephemeral: bool, clock: Clock) -> Origin:
    """Where the job's answer to ``interaction`` goes, as stored in the job.

    ``private`` is what the person wants for the result. ``ephemeral``: whether the message that shows the job to them
    is. The token's age is counted from now, by our own clock.
    """
    in_own_dm = interaction.guild_id is None and interaction.context.dm_channel
    return Origin(
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        message_id=None,
        token=interaction.token,
        token_at=clock(),
        locale=str(interaction.locale),
        private=private,
        ephemeral=ephemeral,
        bot_is_member=interaction.channel_id is not None and (interaction.is_guild_integration() or in_own_dm),
        bot_may_write=in_own_dm or _may_write(interaction),
        attachment_limit=min(interaction.filesize_limit, limits.LARGEST_VIDEO_BYTES),
        roles=_roles(interaction),
        hidden_by_server=_hidden_by_server(interaction),
    )


def _hidden_by_server(interaction: discord.Interaction[Any]) -> bool:
    """Whether Discord shows the bot's answers there to the person only, whatever the bot requests."""
    brought_along = interaction.guild_id is not None and not interaction.is_guild_integration()
    return brought_along and not interaction.permissions.use_external_apps


def _roles(interaction: discord.Interaction[Any]) -> tuple[int, ...]:
    """The asker's role ids as Discord sent them; everybody has the one with the server's id."""
    if interaction.guild_id is None or not isinstance(interaction.user, discord.Member):
        return ()
    # Member.roles contains only roles of servers that the gateway has shown to this process.
    return (interaction.guild_id, *interaction.user._roles)  # noqa: SLF001 - there is no public access to them


def _may_write(interaction: discord.Interaction[Any]) -> bool:
    """Whether the bot may post a card with a picture in that channel."""
    may, in_thread = interaction.app_permissions, isinstance(interaction.channel, discord.Thread)
    speak = may.send_messages_in_threads if in_thread else may.send_messages
    return may.view_channel and speak and may.embed_links and may.attach_files
