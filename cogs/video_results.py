"""Buttons under a finished, failed or refused video, each of which starts another one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import discord
from discord.ext import commands

from bot.chat.interaction_handlers import on_press
from bot.chat.job_buttons import (
    JobButton,
    MakeSilentVideo,
    MakeVideoAgain,
    MakeVideoByOtherModel,
    MakeVideoOfNobodyReal,
)
from bot.chat.job_requests import start_job
from bot.jobs.job_starter import JobStarter
from bot.jobs.video_retakes import VideoRetakes
from bot.values.clock import Clock
from bot.values.job import Job, Origin

_Retake: TypeAlias = Callable[[int, str, str, Origin], Awaitable[Job]]


class VideoResults(commands.Cog):
    """Nothing has to be typed again. Another person's video counts as unknown."""

    def __init__(self, *, retakes: VideoRetakes, starter: JobStarter, clock: Clock) -> None:
        self._retakes = retakes
        self._starter = starter
        self._clock = clock

    @on_press(MakeVideoAgain)
    async def again(self, interaction: discord.Interaction, button: MakeVideoAgain) -> None:
        """Make the same video again."""
        await self._retake(interaction, button, self._retakes.again)

    @on_press(MakeSilentVideo)
    async def silent(self, interaction: discord.Interaction, button: MakeSilentVideo) -> None:
        """Make it without the sound that the provider refused."""
        await self._retake(interaction, button, self._retakes.without_sound)

    @on_press(MakeVideoByOtherModel)
    async def by_other_model(self, interaction: discord.Interaction, button: MakeVideoByOtherModel) -> None:
        """Make it with a model that accepts people who may be real."""
        await self._retake(interaction, button, self._retakes.by_other_model)

    @on_press(MakeVideoOfNobodyReal)
    async def of_nobody_real(self, interaction: discord.Interaction, button: MakeVideoOfNobodyReal) -> None:
        """Make it with the same model, declaring its cast as people who do not exist."""
        await self._retake(interaction, button, self._retakes.of_nobody_real)

    async def _retake(self, interaction: discord.Interaction, button: JobButton, retake: _Retake) -> None:
        async def write(job_id: str, origin: Origin) -> Job:
            return await retake(interaction.user.id, button.job_id, job_id, origin)

        await start_job(interaction, self._starter, write, private=None, clock=self._clock)
