"""Answers to one person, whether their interaction was answered before, deferred, or neither."""

from __future__ import annotations

from typing import Any

import aiohttp
import discord
import structlog
from discord import app_commands
from discord.utils import MISSING

from bot import errors
from bot.chat.markdown import mentions_of, say
from bot.chat.message import RED, MessageContent
from bot.errors import CastbookError
from bot.log import unexpected
from bot.store.database_errors import database_fault_of
from bot.texts import Text

log = structlog.get_logger(__name__)

ALREADY_ANSWERED = 40060
# Discord takes no first answer any more: it came too late, or there was one already. Then nothing can be said.
_GONE = frozenset({10062, 10015, 50027, ALREADY_ANSWERED})


async def failed(interaction: discord.Interaction[Any], error: BaseException, event: str, **context: str) -> None:
    """Answer a failure: a :class:`CastbookError` with its text, anything else with the id under which it is logged.

    A full disk and a busy database have texts of their own. Never raises.
    """
    wrapped = isinstance(error, app_commands.CommandInvokeError | app_commands.CheckFailure)
    cause = error.__cause__ if wrapped else error
    if isinstance(cause, CastbookError):
        await tell(interaction, cause.text)
        return
    if isinstance(cause, discord.HTTPException) and cause.code in _GONE:
        log.warning("interaction_gone", code=cause.code, **context)
        return
    error_id = unexpected(event, cause or error, **context)
    fault = database_fault_of(cause)
    await tell(interaction, errors.unexpected(error_id) if fault is None else errors.not_saved(fault, error_id))


async def tell(interaction: discord.Interaction[Any], problem: Text) -> None:
    """Show that person alone what went wrong, whatever has been answered already. Never raises.

    A public "thinking" answer gives way to one that only they see.
    """
    words = say(problem, str(interaction.locale), mentions_of(interaction.client))
    embed = discord.Embed(description=words, colour=RED)
    try:
        if interaction.type is discord.InteractionType.autocomplete:
            return
        await _show(interaction, embed)
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.warning("answer_not_shown", error=type(error).__name__, code=getattr(error, "code", None))


async def _show(interaction: discord.Interaction[Any], embed: discord.Embed) -> None:
    if not interaction.response.is_done():
        try:
            await interaction.response.send_message(embed=embed, ephemeral=True)
        except discord.HTTPException as error:
            if error.code != ALREADY_ANSWERED:
                raise
        else:
            return
    if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        await _instead_of_thinking(interaction, embed)
    else:
        await interaction.followup.send(embed=embed, ephemeral=True)


async def _instead_of_thinking(interaction: discord.Interaction[Any], embed: discord.Embed) -> None:
    """While the answer is "thinking", Discord puts a follow-up in its place, as public as it is.

    So the answer gets another text first. Its flags then tell whether it is public; if it is, it is deleted.
    """
    try:
        thinking = await interaction.edit_original_response(content="…")
    except discord.NotFound:  # somebody deleted it
        await interaction.followup.send(embed=embed, ephemeral=True)
        return
    if thinking.flags.ephemeral:
        await interaction.edit_original_response(content=None, embed=embed, attachments=[], view=None)
        return
    await interaction.followup.send(embed=embed, ephemeral=True)
    await interaction.delete_original_response()


async def follow_up(interaction: discord.Interaction[Any], shown: MessageContent | Text) -> None:
    """Show it to that person alone in a new message, below the one whose button was pressed."""
    shown = _content(interaction, shown)
    await interaction.followup.send(
        shown.content or MISSING, embeds=shown.embeds, view=shown.view() or MISSING, ephemeral=True
    )


async def edit_answer(
    interaction: discord.Interaction[Any], shown: MessageContent | Text
) -> discord.InteractionMessage:
    """Put ``shown`` in the place of the deferred answer, or of the message whose button was pressed; returns that.

    A text stands alone, without buttons. Raises :class:`discord.HTTPException`.
    """
    shown = _content(interaction, shown)
    return await interaction.edit_original_response(
        content=shown.content, embeds=shown.embeds, attachments=shown.attachments(), view=shown.view()
    )


def _content(interaction: discord.Interaction[Any], shown: MessageContent | Text) -> MessageContent:
    if isinstance(shown, MessageContent):
        return shown
    return MessageContent(content=say(shown, str(interaction.locale), mentions_of(interaction.client)))
