"""Answers to one person, wherever their interaction stands: not answered yet, deferred, or answered."""

from __future__ import annotations

from typing import Any

import aiohttp
import discord
import structlog
from discord import app_commands

from bot import errors
from bot.chat.markdown import mentions_of, say
from bot.chat.message import MessageContent
from bot.errors import CastbookError
from bot.log import unexpected
from bot.store.database_errors import database_fault_of
from bot.texts import Text

log = structlog.get_logger(__name__)

ALREADY_ANSWERED = 40060
# Discord takes no first answer any more: it came too late, or another one was there before. Nothing can be said then.
_GONE = frozenset({10062, 10015, 50027, ALREADY_ANSWERED})


async def refuse(interaction: discord.Interaction[Any], error: CastbookError) -> None:
    """Show the sentence of ``error`` to that person only. Never raises."""
    await tell(interaction, error.text)


async def failed(interaction: discord.Interaction[Any], error: BaseException, event: str, **context: str) -> None:
    """Answer a failure: a :class:`CastbookError` with its sentence, anything else logged with an id that is shown.

    A full disk and a busy database have sentences of their own.
    """
    wrapped = isinstance(error, app_commands.CommandInvokeError | app_commands.CheckFailure)
    cause = error.__cause__ if wrapped else error
    if isinstance(cause, CastbookError):
        await refuse(interaction, cause)
        return
    if isinstance(cause, discord.HTTPException) and cause.code in _GONE:
        log.warning("interaction_gone", code=cause.code, **context)
        return
    error_id = unexpected(event, cause or error, **context)
    trouble = database_fault_of(cause)
    await tell(interaction, errors.unexpected(error_id) if trouble is None else errors.troubled(trouble, error_id))


async def tell(interaction: discord.Interaction[Any], message: Text) -> None:
    """Show ``message`` to that person only, whatever has been answered already. Never raises.

    A public "thinking" answer gives way to one that only they see.
    """
    words = say(message, str(interaction.locale), mentions_of(interaction.client))
    try:
        if interaction.type is discord.InteractionType.autocomplete:
            return
        await _show(interaction, words)
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.warning("answer_not_shown", error=type(error).__name__, code=getattr(error, "code", None))


async def _show(interaction: discord.Interaction[Any], words: str) -> None:
    if not interaction.response.is_done():
        try:
            await interaction.response.send_message(words, ephemeral=True, suppress_embeds=True)
        except discord.HTTPException as error:
            if error.code != ALREADY_ANSWERED:
                raise
        else:
            return
    if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        await _instead_of_thinking(interaction, words)
    else:
        await interaction.followup.send(words, ephemeral=True, suppress_embeds=True)


async def _instead_of_thinking(interaction: discord.Interaction[Any], words: str) -> None:
    """As long as it is "thinking", Discord takes a follow-up for the text of that answer, as public as it is.

    So it is given another text first, by which also comes to light whether it is public: then it goes.
    """
    try:
        thinking = await interaction.edit_original_response(content="…")
    except discord.NotFound:  # somebody removed it
        await interaction.followup.send(words, ephemeral=True, suppress_embeds=True)
        return
    if thinking.flags.ephemeral:
        await interaction.edit_original_response(content=words, embeds=[], attachments=[], view=None)
        return
    await interaction.followup.send(words, ephemeral=True, suppress_embeds=True)
    await interaction.delete_original_response()


async def edit_answer(interaction: discord.Interaction[Any], shown: MessageContent | Text) -> None:
    """Put ``shown`` in the place of the deferred answer, or of the message whose button was pressed.

    A text stands alone, without buttons. Raises :class:`discord.HTTPException`.
    """
    if isinstance(shown, Text):
        shown = MessageContent(content=say(shown, str(interaction.locale), mentions_of(interaction.client)))
    await interaction.edit_original_response(
        content=shown.content, embeds=shown.embeds, attachments=shown.attachments(), view=shown.view()
    )
