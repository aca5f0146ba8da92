"""The group ``/video``: every command with its options, and the part that implements it."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot import limits
from bot.values.job import VideoRequest
from cogs.video.choices import VideoChoices
from cogs.video.creation import VideoCreation
from cogs.video.listing import VideoListing

_Choices = list[app_commands.Choice[str]]


class VideoCommands(
    commands.GroupCog,
    group_name="video",
    group_description="Make videos with your cast, and look at those you have.",
):
    """Passes each command to its part. ``parts`` also handle buttons and forms."""

    def __init__(self, *, choices: VideoChoices, creation: VideoCreation, listing: VideoListing) -> None:
        super().__init__()
        self._choices = choices
        self._creation = creation
        self._listing = listing
        self.parts = (creation, listing)

    async def _cast(self, interaction: discord.Interaction, current: str) -> _Choices:
        return await self._choices.characters(interaction, current)

    async def _models(self, interaction: discord.Interaction, current: str) -> _Choices:
        return await self._choices.models(interaction, current)

    async def _durations(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[int]]:
        return await self._choices.durations(interaction, current)

    async def _ratios(self, interaction: discord.Interaction, current: str) -> _Choices:
        return await self._choices.ratios(interaction, current)

    async def _resolutions(self, interaction: discord.Interaction, current: str) -> _Choices:
        return await self._choices.resolutions(interaction, current)

    @app_commands.command(name="create", description="Make a new video with characters from your cast.")
    @app_commands.describe(
        prompt="What happens in the video; call your characters @name",
        character="A character from your cast (default: your default character here, if you chose one)",
        character2="Another character from your cast",
        character3="Another character from your cast",
        character4="Another character from your cast",
        model="The model to use (default: the best one for this cast that works)",
        duration="Length in seconds (default: the model's)",
        ratio="Aspect ratio, such as 16:9 or 9:16 (default: the model's)",
        resolution="Resolution, such as 720p (default: the model's)",
        private="Show the result only to you (default: this server's setting)",
    )
    @app_commands.autocomplete(duration=_durations)
    @app_commands.autocomplete(
        character=_cast,
        character2=_cast,
        character3=_cast,
        character4=_cast,
        model=_models,
        ratio=_ratios,
        resolution=_resolutions,
    )
    async def create(
        self,
        interaction: discord.Interaction,
        prompt: app_commands.Range[str, 1, limits.PROMPT_LENGTH],
        character: str | None = None,
        character2: str | None = None,
        character3: str | None = None,
        character4: str | None = None,
        model: str | None = None,
        duration: app_commands.Range[int, 1, limits.DURATION_TYPED] | None = None,
        ratio: str | None = None,
        resolution: str | None = None,
        private: bool | None = None,
    ) -> None:
        """Start the job, or ask about what prevents it."""
        named = [each for each in (character, character2, character3, character4) if each]
        request = VideoRequest(
            prompt=prompt.strip(), cast=(), model=model, duration=duration, ratio=ratio, resolution=resolution
        )
        await self._creation.create(interaction, request, named, private=private)

    @app_commands.command(name="new", description="Make a video with one form: good on a phone.")
    async def new(self, interaction: discord.Interaction) -> None:
        """Open the form of a video."""
        await self._creation.new(interaction)

    @app_commands.command(name="list", description="Show your videos, with pictures.")
    async def list_videos(self, interaction: discord.Interaction) -> None:
        """Show the first page of the person's videos."""
        await self._listing.list_videos(interaction)
