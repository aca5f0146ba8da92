"""``/help`` and ``/about``: what this is, how to begin, and what cannot be promised."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.markdown import mentions_of, say
from bot.chat.message import BLUE
from bot.texts import Text, text

_HELP = text(
    "I turn a short clip into a **reusable video character**: you get its name, its picture and a task ID that "
    "puts it into new videos. Everyone keeps a cast of their own, in every server and in private."
)

_HELP_PARTS = (
    (
        text("Begin"),
        text(
            "Use /character create and attach a clip (MP4, MOV or WebM, with sound), or give a link to one. "
            "A video that is already posted: open the message's menu, then Apps, then “Make a character”."
        ),
    ),
    (
        text("The range"),
        text(
            "It is the one to three seconds in which the character is seen best: `1-3`, `0:04-0:06.5` or "
            "`1.5s-3.5s`. At least one second, at most three. A sharp picture, a voice and one main character "
            "work best."
        ),
    ),
    (
        text("Then"),
        text(
            "/tasks shows what is running and what waits for you, /character list your cast; /character show, "
            "/character rename and /character delete look after one of them."
        ),
    ),
    (
        text("Privacy"),
        text(
            "Make characters of yourself, of people who gave their permission, or of nobody real. I keep a character "
            "with its picture, clip and stills until you use /character delete; the video goes when its job ends. "
            "/privacy export gives you everything that I keep about you, and /privacy delete has it deleted."
        ),
    ),
)

_ABOUT = (
    text("Free software under the MIT licence."),
    text(
        "Characters are made by ToAPIs with its Sora 2 models. Castbook belongs neither to ToAPIs, nor to OpenAI, "
        "nor to Discord."
    ),
    text(
        "OpenAI has shut down Sora 2, so a model may be gone any day. If it is, I say so before anything is "
        "charged, and your cast stays here."
    ),
)


class About(commands.Cog):
    """The two commands that need nothing but words. ``version`` is Castbook's own."""

    def __init__(self, *, version: str) -> None:
        self._title = text("Castbook {version}", version=version)

    @app_commands.command(name="help", description="What Castbook does, and how to begin.")
    async def help(self, interaction: discord.Interaction) -> None:
        """Say how to begin, to the person who asked alone."""
        locale, mentions = str(interaction.locale), mentions_of(interaction.client)
        embed = _embed(interaction, text("What Castbook does"), (_HELP,))
        for name, value in _HELP_PARTS:
            embed.add_field(name=say(name, locale), value=say(value, locale, mentions), inline=False)
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @app_commands.command(name="about", description="Which version this is, and who makes the characters.")
    async def about(self, interaction: discord.Interaction) -> None:
        """Say what this is, to the person who asked alone."""
        await interaction.response.send_message(embed=_embed(interaction, self._title, _ABOUT), ephemeral=True)


def _embed(interaction: discord.Interaction, title: Text, paragraphs: tuple[Text, ...]) -> discord.Embed:
    locale = str(interaction.locale)
    words = "\n\n".join(say(paragraph, locale) for paragraph in paragraphs)
    return discord.Embed(title=say(title, locale), description=words, colour=BLUE)
