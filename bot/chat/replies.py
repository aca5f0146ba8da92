"""Answers to one person, whether their interaction has been answered, deferred, or neither."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import aiohttp
import discord
import structlog
from discord import app_commands

from bot import errors
from bot.chat.buttons import ShowAppsMenu
from bot.chat.card import RED, Card
from bot.chat.durable_items import DurableButton
from bot.chat.markdown import PLAIN, Commands, mentions_of, say
from bot.chat.message import MessageContent
from bot.chat.rest_errors import BAD_FORM
from bot.errors import CastbookError, DatabaseFault, MessageLink
from bot.log import passing, unexpected
from bot.store.database_errors import database_fault_of
from bot.texts import Text, text

log = structlog.get_logger(__name__)

ALREADY_ANSWERED = 40060
# Discord accepts no first answer any more: it came too late, or there was one already. Then nothing can be said.
_GONE = frozenset({10062, 10015, 50027, ALREADY_ANSWERED})


async def failed(interaction: discord.Interaction[Any], error: BaseException, event: str, **context: str) -> None:
    """Answer a failure: a :class:`CastbookError` with its text, anything else with the id of its log entry.

    A full disk and a busy database have their own texts. Never raises.
    """
    wrapped = isinstance(error, app_commands.CommandInvokeError | app_commands.CheckFailure)
    cause = error.__cause__ if wrapped else error
    if isinstance(cause, CastbookError):
        await tell(interaction, cause.text, _help_with(cause, interaction))
        return
    if isinstance(cause, discord.HTTPException) and cause.code in _GONE:
        log.warning("interaction_gone", code=cause.code, **context)
        return
    fault = database_fault_of(cause)
    # Otherwise a database outage would log a traceback for each person who asks for something meanwhile.
    error_id = (passing if fault is DatabaseFault.BUSY else unexpected)(event, cause or error, **context)
    await tell(interaction, errors.unexpected(error_id) if fault is None else errors.not_saved(fault, error_id))


async def tell(interaction: discord.Interaction[Any], problem: Text, buttons: tuple[DurableButton, ...] = ()) -> None:
    """Show that person only what went wrong, whatever has been answered already. Never raises.

    A public "thinking" answer is replaced by one that only they see.
    """
    card = _error_card(problem, str(interaction.locale), mentions_of(interaction.client), buttons=buttons)
    try:
        if interaction.type is discord.InteractionType.autocomplete:
            return
        await _show(interaction, card)
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.warning("answer_not_shown", error=type(error).__name__, code=getattr(error, "code", None))


def _help_with(error: CastbookError, interaction: discord.Interaction[Any]) -> tuple[DurableButton, ...]:
    if not isinstance(error, MessageLink):
        return ()
    return (ShowAppsMenu(interaction.user.id, say(text("Show me how"), str(interaction.locale))),)


async def _show(interaction: discord.Interaction[Any], card: MessageContent) -> None:
    if not interaction.response.is_done():
        try:
            await interaction.response.send_message(**card.as_new(), ephemeral=True)
        except discord.HTTPException as error:
            if error.code != ALREADY_ANSWERED:
                raise
        else:
            return
    if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        await _instead_of_thinking(interaction, card)
    else:
        await interaction.followup.send(**card.as_new(), ephemeral=True)


async def _instead_of_thinking(interaction: discord.Interaction[Any], card: MessageContent) -> None:
    """Discord puts a follow-up in the place of a "thinking" answer, as public as that is.

    So the answer is edited first. Its flags then tell whether it is public; if it is, it is deleted.
    """
    try:
        thinking = await interaction.edit_original_response(**MessageContent(content="…", layout=True).as_edit())
    except discord.NotFound:  # somebody deleted it
        await interaction.followup.send(**card.as_new(), ephemeral=True)
        return
    if thinking.flags.ephemeral:
        await interaction.edit_original_response(**card.as_edit())
        return
    await interaction.followup.send(**card.as_new(), ephemeral=True)
    await interaction.delete_original_response()


async def follow_up(interaction: discord.Interaction[Any], shown: MessageContent | Text) -> None:
    """Show it to that person only in a new message, below the one whose button was pressed."""
    await interaction.followup.send(**_content(interaction, shown).as_new(), ephemeral=True)


async def edit_answer(interaction: discord.Interaction[Any], shown: MessageContent | Text) -> discord.Message:
    """Replace the deferred answer, or the message whose button was pressed, with ``shown``; returns the message.

    If Discord refuses the files of an edit, a new message is sent. A text is shown alone, without buttons. Raises
    :class:`discord.HTTPException`.
    """
    shown = _content(interaction, shown)
    if shown.card is None and _replaces_a_card(interaction):
        shown = replace(shown, layout=True)
    try:
        return await interaction.edit_original_response(**shown.as_edit())
    except discord.HTTPException as error:
        if error.code != BAD_FORM or not shown.files:
            raise
    log.warning("edit_with_files_refused")
    waiting = MessageContent(content="…", layout=True)  # otherwise Discord would use the new message as its content
    await interaction.edit_original_response(**waiting.as_edit())
    sent: discord.Message = await interaction.followup.send(**shown.as_new(), ephemeral=True, wait=True)
    await interaction.delete_original_response()
    return sent


def _content(interaction: discord.Interaction[Any], shown: MessageContent | Text) -> MessageContent:
    if isinstance(shown, MessageContent):
        return shown
    return MessageContent(content=say(shown, str(interaction.locale), mentions_of(interaction.client)))


def _replaces_a_card(interaction: discord.Interaction[Any]) -> bool:
    """Whether the original response is the message whose button was pressed, and uses Components V2 for good."""
    in_place = interaction.response.type is not discord.InteractionResponseType.deferred_channel_message
    return in_place and interaction.message is not None and interaction.message.flags.components_v2


def _error_card(
    problem: Text, locale: str, commands: Commands = PLAIN, *, buttons: tuple[DurableButton, ...] = ()
) -> MessageContent:
    """``problem`` says what happened and what to do now; the title is that of a job that failed at once."""
    title = say(text("That didn't work"), locale)
    return MessageContent(
        card=Card(colour=RED, title=title, description=say(problem, locale, commands)), buttons=buttons
    )
