"""``/help`` and ``/about``: what the bot does, how to start, and its limitations."""

from __future__ import annotations

from typing import Protocol, cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.buttons import ShowAppsMenu
from bot.chat.card import AMBER, BLUE, Card
from bot.chat.interaction_handlers import InteractionHandlers, on_press
from bot.chat.markdown import mentions_of, say
from bot.chat.message import MessageContent
from bot.errors import Refusal
from bot.jobs.model_availability import Availability, ModelAvailability
from bot.texts import Text, listed, text

_HELP = text(
    "I turn a short clip of somebody into a **character** that you can put into new videos. Your characters are "
    "your cast: it's yours alone, and it's with you in every server. Your first character takes about a minute:"
)

_HELP_PARTS = (
    (
        text("1. Give me a clip"),
        text(
            "Use /character create and attach a clip, or paste a link to one. It needs sound, "
            "and works best with one person who is clearly seen and speaks. For a video that somebody posted, open "
            "the menu of that message, then Apps, then “Make a character”."
        ),
    ),
    (
        text("2. Pick 1 to 3 seconds"),
        text(
            "I look at the clip and show you the best seconds: press a button to use them. If you already know "
            "yours, give them in the option **range**, such as `1-3` or `0:04-0:06.5`. Just want to look? "
            "/character preview is free."
        ),
    ),
    (
        text("3. Say yes once"),
        text(
            "Before your first character I ask whether you have permission. Make characters only of yourself, of "
            "people who gave you permission, or of made-up people."
        ),
    ),
    (
        text("4. Meet your character"),
        text(
            "You get a name, a picture and a task ID. No need to wait: I'll tell you when it's done, and /tasks shows "
            "what is running and what needs your answer. Your cast is in /character list."
        ),
    ),
    (
        text("5. Put it into a video"),
        text(
            "Use /video create, say what happens, and call your characters @name. Or press “Use in a video” on a "
            "character's card. I tell you which model makes the video and what it is expected to cost. Your videos "
            "are in /video list."
        ),
    ),
    (
        text("6. Sort it, lend it, take it with you"),
        text(
            "Use /character edit to change a character's name, note, tags or picture, and /group create to sort your "
            "cast. When you lend a character with /character lend, you see every video that is made with it, and you "
            "can take it back any time. /character export gives you your cast as a file, and /character import brings "
            "it in again, here or in another Castbook."
        ),
    ),
    (
        text("Your data"),
        text(
            "I keep a character with its picture, clips, stills and voice until you delete it, and a video I made "
            "for some weeks. I delete the clip you gave me once the task is done, or a day after a preview or a "
            "failure. Use /privacy export to get everything I keep about you, and /privacy delete to delete it."
        ),
    ),
)

_ABOUT = (
    text("Free software under the MIT licence."),
    text(
        "Characters are made by ToAPIs with its Sora 2 models, and videos with all of its models that show a cast. "
        "Castbook is not affiliated with ToAPIs, OpenAI or Discord."
    ),
    text(
        "OpenAI has shut down Sora 2, so a model may disappear any day. If none is left, I make portable characters, "
        "which are free and work with other video models. Your cast stays here."
    ),
)


_MODELS = {
    Availability.ALIVE: text("Character models that work"),
    Availability.DOUBTFUL: text("Character models not tried yet"),
    Availability.CLOSED: text("Closed character models"),
}
_VIDEO_MODELS = {
    Availability.ALIVE: text("Video models that work"),
    Availability.DOUBTFUL: text("Video models not tried yet"),
    Availability.CLOSED: text("Closed video models"),
}

_APPS_MENU = (
    text(
        "**On a computer:** move the pointer over the message that has the video, open its menu (⋯ or a right click), "
        "then Apps, then “Make a character”."
    ),
    text(
        "**On a phone:** press the message that has the video until its menu opens, then Apps, then “Make a character”."
    ),
    text(
        "If it isn't there, I'm not in that server. Download the video and attach it with /character create, or add me "
        "to your account: then I'm in the menu everywhere."
    ),
)


class _Client(Protocol):
    handlers: InteractionHandlers


class About(commands.Cog):
    """The two informative commands. ``version`` is Castbook's.

    ``availability`` is that of the models that make characters, ``video_availability`` of those that make videos.
    """

    def __init__(self, *, version: str, availability: ModelAvailability, video_availability: ModelAvailability) -> None:
        self._availability = availability
        self._video_availability = video_availability
        self._title = text("Castbook {version}", version=version)

    @app_commands.command(name="help", description="What Castbook does, and how to start.")
    async def help(self, interaction: discord.Interaction) -> None:
        """Explain how to start, visible to the asker only."""
        locale, mentions = str(interaction.locale), mentions_of(interaction.client)
        embed = _embed(interaction, text("Your first character"), (_HELP,))
        for name, value in _HELP_PARTS:
            embed.add_field(name=say(name, locale), value=say(value, locale, mentions), inline=False)
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @app_commands.command(name="about", description="Which version this is, and who makes the characters.")
    async def about(self, interaction: discord.Interaction) -> None:
        """Say what this is, visible to the asker only."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        embed, locale = _embed(interaction, self._title, _ABOUT), str(interaction.locale)
        for names, availability in ((_MODELS, self._availability), (_VIDEO_MODELS, self._video_availability)):
            table = await availability.table()
            for state, name in names.items():
                found = [model for model, its in table.items() if its is state]
                if found:
                    embed.add_field(name=say(name, locale), value=say(listed(found), locale), inline=False)
        await interaction.edit_original_response(embed=embed)

    @on_press(ShowAppsMenu)
    async def show_apps_menu(self, interaction: discord.Interaction, _: ShowAppsMenu) -> None:
        """Explain where the message menu is, to a person who gave a link to a message."""
        locale, mentions = str(interaction.locale), mentions_of(interaction.client)
        words = "\n\n".join(say(each, locale, mentions) for each in _APPS_MENU)
        shown = MessageContent(
            card=Card(colour=BLUE, title=say(text("A video that somebody posted"), locale), description=words)
        )
        await interaction.response.send_message(**shown.as_new(), ephemeral=True)


def _embed(interaction: discord.Interaction, title: Text, paragraphs: tuple[Text, ...]) -> discord.Embed:
    locale = str(interaction.locale)
    words = "\n\n".join(say(paragraph, locale, mentions_of(interaction.client)) for paragraph in paragraphs)
    embed = discord.Embed(title=say(title, locale), description=words, colour=BLUE)
    closed = _closed(interaction)
    if closed is not None:
        embed.colour = AMBER
        embed.add_field(name=say(text("⚠ Not here"), locale), value=say(closed, locale), inline=False)
    return embed


def _closed(interaction: discord.Interaction) -> Text | None:
    """Why the person cannot use anything else in this place: these two commands are answered anyway."""
    try:
        cast("_Client", interaction.client).handlers.check_access(interaction)
    except Refusal as refusal:
        return refusal.text
    return None
