"""Renaming a character: the form, the answer, and the new name on the card from which the form was opened."""

from __future__ import annotations

import discord
import structlog

from bot import limits
from bot.chat.buttons import RenameCharacter
from bot.chat.interaction_handlers import DurableForm, text_line
from bot.chat.markdown import mentions_of, say
from bot.chat.render_job import redrawn
from bot.errors import Refusal
from bot.texts import Text, text
from bot.values.character import Character, clean_name

log = structlog.get_logger(__name__)


class RenameForm(DurableForm, prefix="cbf:rename"):
    """Asks for another name. Its subject is the character's id."""

    def __init__(self, character_id: int, name: str, locale: str) -> None:
        super().__init__(
            str(character_id),
            say(text("Rename this character"), locale),
            text_line("name", say(text("New name"), locale), value=name, max_length=limits.NAME_LENGTH),
        )


def new_name(typed: str) -> str:
    """The name as it will be saved. Raises :class:`~bot.errors.Refusal` where nothing in it is visible."""
    name = clean_name(typed)
    if not name:
        raise Refusal(text("That name has no visible characters. Please choose another one."))
    return name


def renamed(old: Character, wanted: str, new: Character) -> Text:
    """What the owner is told. Where the name was taken already, the new one ends in a number."""
    if new.name == wanted:
        return text("“{old}” is now called “{new}”.", old=old.name, new=new.name)
    return text(
        "You already have a “{wanted}”, so “{old}” is now called “{new}”.", wanted=wanted, old=old.name, new=new.name
    )


def card_of(interaction: discord.Interaction, character_id: int) -> discord.Message | None:
    """The card from which the form was opened: the message with the button for it."""
    message = interaction.message
    wanted = RenameCharacter(character_id, interaction.user.id).custom_id
    if message is None or len(message.embeds) != 1:
        return None
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    return message if any(getattr(part, "custom_id", None) == wanted for row in rows for part in row.children) else None


async def redraw(interaction: discord.Interaction, card: discord.Message, character: Character) -> None:
    """Show the new name on the card. Where that fails, the character has its new name all the same."""
    picture = card.attachments[0].filename if card.attachments else None
    alone = card.flags.ephemeral or interaction.context.dm_channel
    locale, mentions = str(interaction.locale), mentions_of(interaction.client)
    embed = redrawn(card.embeds[0], character, picture, locale, mentions, to_owner=alone)
    try:
        await interaction.edit_original_response(embed=embed, attachments=card.attachments)
    except discord.HTTPException as error:
        log.info("card_not_redrawn", code=error.code)
