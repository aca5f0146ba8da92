"""The picker's closer look: seconds as an animated picture, shifted by half a second before they are used."""

from __future__ import annotations

import discord
from discord.ext import commands

from bot.chat.interaction_handlers import on_press
from bot.chat.job_buttons import PREVIEWED, WatchSeconds
from bot.chat.render_closer_look import render_closer_look
from bot.chat.replies import edit_answer
from bot.errors import UnknownJob
from bot.jobs.video_inspection import VideoInspection, check_inside
from bot.store.owned_jobs import OwnedJobStore
from bot.values.job import Job, JobKind, Question, Step
from bot.values.time_range import TimeRange


class CloserLook(commands.Cog):
    """Replaces the picker while it is open. The job keeps waiting, and nothing is written.

    A preview has no question to return to: it stays, and its seconds are shown in a message below it.
    """

    def __init__(self, *, jobs: OwnedJobStore, inspection: VideoInspection) -> None:
        self._jobs = jobs
        self._inspection = inspection

    @on_press(WatchSeconds)
    async def watch(self, interaction: discord.Interaction, button: WatchSeconds) -> None:
        """Show the button's seconds."""
        if button.adjustment == PREVIEWED:
            await interaction.response.defer(thinking=True, ephemeral=True)
        else:
            await interaction.response.defer()
        job = await self._jobs.get(interaction.user.id, button.job_id)
        if job is None or not (job.kind is JobKind.PREVIEW or _is_picking(job)):
            raise UnknownJob
        seconds = TimeRange.parse(button.seconds)
        if job.seen.facts is not None:
            check_inside(seconds, job.seen.facts)
        moving = await self._inspection.moving(job, seconds)
        await edit_answer(interaction, render_closer_look(job, seconds, moving, str(interaction.locale)))


def _is_picking(job: Job) -> bool:
    return job.step is Step.CHOOSE and job.question is Question.SECONDS
