"""``/help`` and ``/about``: what this is, how to begin, and what cannot be promised."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.wording import say
from bot.texts import Text, text

_HELP = (
    text(
        "I turn a short clip into a **reusable video character**: you get its name, its picture and a task ID that "
        "puts it into new videos. Everyone keeps a cast of their own, in every server and in private."
    ),
    text(
        "**Begin** with /character create: attach a clip (MP4, MOV or WebM, with sound), or give a link to one. "
        "A video that is already posted: open the message's menu, then Apps, then “Make a character”."
    ),
    text(
        "**The range** is the one to three seconds in which the character is seen best: `1-3`, `0:04-0:06.5` or "
        "`1.5s-3.5s`. At least one second, at most three. A sharp picture, a voice and one main character work best."
    ),
    text(
        "**Then** /tasks shows what is running and what waits for you, /character list your cast; "
        "/character show, rename and delete look after one of them."
    ),
    text(
        "**Privacy**: make characters of yourself, of people who gave their permission, or of nobody real. I keep "
        "the picture, the names and the task ID until you use /character delete; the clip goes when its job ends."
    ),
)


def _about(version: str) -> tuple[Text, ...]:
    return (
        text("**Castbook** {version}, free software under the MIT licence.", version=version),
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
        self._about = _about(version)

    @app_commands.command(name="help", description="What Castbook does, and how to begin.")
    async def help(self, interaction: discord.Interaction) -> None:
        """Say how to begin, to the person who asked alone."""
        await _tell(interaction, _HELP)

    @app_commands.command(name="about", description="Which version this is, and who makes the characters.")
    async def about(self, interaction: discord.Interaction) -> None:
        """Say what this is, to the person who asked alone."""
        await _tell(interaction, self._about)


async def _tell(interaction: discord.Interaction, paragraphs: tuple[Text, ...]) -> None:
    words = "\n\n".join(say(paragraph, str(interaction.locale)) for paragraph in paragraphs)
    await interaction.response.send_message(embed=discord.Embed(description=words), ephemeral=True)
