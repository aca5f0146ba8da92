"""The commands in Discord's languages: names, descriptions, options and choices, from the catalogues."""

from __future__ import annotations

from typing import Final

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from bot.texts import translated

DESCRIPTION: Final = "description"
_CONTEXTS: Final = {
    Location.command_name: "command",
    Location.group_name: "command",
    Location.parameter_name: "option",
    Location.choice_name: "choice",
    Location.command_description: DESCRIPTION,
    Location.group_description: DESCRIPTION,
    Location.parameter_description: DESCRIPTION,
}


def context_of(context: app_commands.TranslationContextTypes) -> str:
    """The catalogue context for a name or description of a command."""
    if context.location is Location.command_name and isinstance(context.data, app_commands.ContextMenu):
        return "menu"
    return _CONTEXTS.get(context.location, "")


class CommandTranslator(app_commands.Translator):
    """Called by discord.py when it registers the commands."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """``None`` if there is no translation: Discord shows the English then."""
        return translated(string.message, locale.value, context_of(context))
