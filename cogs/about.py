"""``/help`` and ``/about``: what the bot does, how to start, and what cannot be promised."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.markdown import escape, mentions_of, say
from bot.chat.message import BLUE
from bot.jobs.model_availability import Availability, ModelAvailability
from bot.texts import Text, text

_HELP = text(
    "I turn a short clip into a **reusable video character**. You get a name, a picture and a task ID with which you "
    "can put the character into new videos. Your characters are your cast: it is yours alone, and you have it in every "
    "server."
)

_HELP_PARTS = (
    (
        text("How to start"),
        text(
            "Use /character create and attach a clip (MP4, MOV or WebM, with sound), or give a link to one. To use a "
            "video that somebody posted, open the menu of that message, then Apps, then “Make a character”."
        ),
    ),
    (
        text("Which seconds"),
        text(
            "The range is the 1 to 3 seconds that show the character best, such as `1-3`, `0:04-0:06.5` or "
            "`1.5s-3.5s`. Leave it out to pick from a filmstrip. A sharp picture, a voice and one main character work "
            "best."
        ),
    ),
    (
        text("What comes next"),
        text(
            "See /tasks for what is running and what needs your answer, and /character list for your cast. To look "
            "after one character, use /character show, /character rename and /character delete."
        ),
    ),
    (
        text("Privacy"),
        text(
            "Only make characters of yourself, of people who gave you permission, or of nobody real. I keep a "
            "character with its picture, clips, stills and voice until you delete it. I delete the video once "
            "the task is done, or a day after a preview or a failure. Use /privacy export to get everything I keep "
            "about you, and /privacy delete to have it deleted."
        ),
    ),
)

_ABOUT = (
    text("Free software under the MIT licence."),
    text(
        "Characters are made by ToAPIs with its Sora 2 models. Castbook is not affiliated with ToAPIs, OpenAI or "
        "Discord."
    ),
    text(
        "OpenAI has shut down Sora 2, so a model may disappear any day. If it does, I'll tell you before anything is "
        "charged, and your cast stays here."
    ),
)


_MODELS = {
    Availability.ALIVE: text("Models that work"),
    Availability.DOUBTFUL: text("Models I haven't tried yet"),
    Availability.CLOSED: text("Models that are closed"),
}


class About(commands.Cog):
    """The two commands that only say something. ``version`` is Castbook's."""

    def __init__(self, *, version: str, availability: ModelAvailability) -> None:
        self._availability = availability
        self._title = text("Castbook {version}", version=version)

    @app_commands.command(name="help", description="What Castbook does, and how to start.")
    async def help(self, interaction: discord.Interaction) -> None:
        """Say how to start, to the person who asked alone."""
        locale, mentions = str(interaction.locale), mentions_of(interaction.client)
        embed = _embed(interaction, text("What Castbook does"), (_HELP,))
        for name, value in _HELP_PARTS:
            embed.add_field(name=say(name, locale), value=say(value, locale, mentions), inline=False)
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @app_commands.command(name="about", description="Which version this is, and who makes the characters.")
    async def about(self, interaction: discord.Interaction) -> None:
        """Say what this is, to the person who asked alone."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        embed, locale = _embed(interaction, self._title, _ABOUT), str(interaction.locale)
        table = await self._availability.table()
        for state, name in _MODELS.items():
            found = [model for model, its in table.items() if its is state]
            if found:
                embed.add_field(name=say(name, locale), value="\n".join(map(escape, found)), inline=False)
        await interaction.edit_original_response(embed=embed)


def _embed(interaction: discord.Interaction, title: Text, paragraphs: tuple[Text, ...]) -> discord.Embed:
    locale = str(interaction.locale)
    words = "\n\n".join(say(paragraph, locale) for paragraph in paragraphs)
    return discord.Embed(title=say(title, locale), description=words, colour=BLUE)
