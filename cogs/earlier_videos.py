"""Buttons that start a character from a video that is here: of a preview, a failed job, or a character."""

from __future__ import annotations

from collections.abc import Mapping

import discord
from discord.ext import commands

from bot.chat.buttons import MakeWithModel
from bot.chat.interaction_handlers import on_press, on_submit
from bot.chat.job_buttons import OtherPreviewSeconds, RetryJob, UsePreview
from bot.chat.job_requests import start_job
from bot.chat.seconds_forms import LastTyped, PreviewForm
from bot.errors import BadRange
from bot.jobs.earlier_videos import EarlierVideos
from bot.jobs.job_starter import JobStarter
from bot.values.clock import Clock
from bot.values.job import Job, Origin
from bot.values.time_range import TimeRange


class EarlierVideoButtons(commands.Cog):
    """Nothing has to be attached again. Another person's job counts as unknown."""

    def __init__(
        self,
        *,
        earlier: EarlierVideos,
        starter: JobStarter,
        clock: Clock,
    ) -> None:
        self._earlier = earlier
        self._starter = starter
        self._clock = clock
        self._typed = LastTyped()

    @on_press(UsePreview)
    async def use_preview(self, interaction: discord.Interaction, button: UsePreview) -> None:
        """Use one of the suggestions. Its concerns were shown with it, so they are not asked about again."""
        await self._use(interaction, button.job_id, TimeRange.parse(button.seconds), anyway=True)

    @on_press(OtherPreviewSeconds)
    async def open_form(self, interaction: discord.Interaction, button: OtherPreviewSeconds) -> None:
        """Ask for other seconds, and for a name."""
        form = PreviewForm(button.job_id, str(interaction.locale), self._typed[button.job_id])
        await interaction.response.send_modal(form)

    @on_submit(PreviewForm)
    async def seconds_typed(self, interaction: discord.Interaction, job_id: str, typed: Mapping[str, str]) -> None:
        """Use other seconds; if they are unusable, say why, and leave the preview."""
        try:
            await self._use(
                interaction, job_id, TimeRange.parse(typed["range"]), anyway=False, name=typed.get("name", "")
            )
        except BadRange:
            self._typed[job_id] = typed["range"]
            raise

    async def _use(
        self, interaction: discord.Interaction, preview_id: str, chosen: TimeRange, *, anyway: bool, name: str = ""
    ) -> None:
        async def write(job_id: str, origin: Origin) -> Job:
            return await self._earlier.use_preview(
                interaction.user.id, preview_id, job_id, origin, chosen, anyway=anyway, name=name
            )

        await start_job(interaction, self._starter, write, private=None, clock=self._clock)

    @on_press(MakeWithModel)
    async def make_with_model(self, interaction: discord.Interaction, button: MakeWithModel) -> None:
        """Start a job in which a model makes a portable character from its stored clip."""

        async def write(job_id: str, origin: Origin) -> Job:
            return await self._earlier.make_by_model(interaction.user.id, button.character_id, job_id, origin)

        await start_job(interaction, self._starter, write, private=None, clock=self._clock)

    @on_press(RetryJob)
    async def retry(self, interaction: discord.Interaction, button: RetryJob) -> None:
        """Start a failed job again, as a new one."""

        async def write(job_id: str, origin: Origin) -> Job:
            return await self._earlier.retry(interaction.user.id, button.job_id, job_id, origin)

        await start_job(interaction, self._starter, write, private=True, clock=self._clock)
