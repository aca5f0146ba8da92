"""``/tasks``, and the buttons of jobs: yes, another, these seconds, cancel, send again, check again, show."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias, cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import render_picker
from bot.chat.buttons import Presses
from bot.chat.command_mentions import mentions_of
from bot.chat.markdown import say
from bot.chat.message import AMBER, BLUE
from bot.chat.origin import origin_of
from bot.chat.render_tasks import FAMILY, render_tasks
from bot.errors import CastbookError, UnknownJob
from bot.jobs.job_service import JobService
from bot.jobs.video_inspection import check_inside
from bot.store.owned_jobs import OwnedJobStore
from bot.texts import Text, text
from bot.values.clock import Clock
from bot.values.job import Job, Origin, Question
from bot.values.time_range import TimeRange

_Go: TypeAlias = Callable[[int, str, Origin], Awaitable[Job]]

_ON_IT = text("Thank you, on it.")


class Tasks(commands.Cog):
    """Each press names a job of the presser's own; anybody else's is an unknown one.

    A button of family ``job`` stands under the job's own message, which goes on telling how the job stands; one of
    family ``tasks`` stands under a list, which is drawn anew.
    """

    def __init__(self, *, job_service: JobService, jobs: OwnedJobStore, presses: Presses, clock: Clock) -> None:
        self._job_service = job_service
        self._jobs = jobs
        self._clock = clock
        going: dict[str, _Go] = {
            "consent": partial(self._answer, Question.CONSENT),
            "again": partial(self._answer, Question.SAME_AGAIN),
            "anyway": partial(self._answer, Question.CONCERNS),
            "resend": job_service.send_again,
            "recheck": job_service.check_again,
        }
        for action, go in going.items():
            presses.register("job", action, partial(self._under_job, go))
            presses.register(FAMILY, action, partial(self._in_list, go))
        presses.register("job", "use", self._use)
        presses.register("job", "other", self._ask_seconds)
        presses.register_form(render_picker.FORM, self._seconds_typed)
        presses.register("job", "pick", self._pick)
        presses.register(FAMILY, "pick", self._pick_in_list)
        presses.register("job", "show", self._show)
        presses.register(FAMILY, "show", self._show_in_list)
        presses.register("job", "cancel", self._cancel_job)
        presses.register(FAMILY, "cancel", self._cancel_in_list)

    @app_commands.command(name="tasks", description="What is running, what waits for you, and what is done.")
    async def tasks(self, interaction: discord.Interaction) -> None:
        """The list, for its owner alone."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._draw(interaction)

    async def _draw(self, interaction: discord.Interaction) -> None:
        owner = interaction.user.id
        overview = await self._job_service.overview(owner)
        commands = mentions_of(interaction.client)
        card = render_tasks(owner, overview, self._clock(), str(interaction.locale), commands)
        await interaction.edit_original_response(embeds=card.embeds, view=card.view())

    async def _answer(self, question: Question, owner_id: int, job_id: str, place: Origin) -> Job:
        return await self._job_service.answer(owner_id, job_id, question, place)

    # -- a job goes on ------------------------------------------------------------------------------------------

    async def _under_job(
        self, go: _Go, interaction: discord.Interaction, job_id: str, seconds: TimeRange | None = None
    ) -> None:
        """In the same message; but a hidden question about a public job gives way to a message for everybody."""
        await interaction.response.defer()
        job = await self._owned(interaction, job_id)
        if seconds is not None and job.seen.facts is not None:
            check_inside(seconds, job.seen.facts)
        message = cast("discord.Message", interaction.message)  # there is one, because this is a press
        if message.flags.ephemeral and not job.origin.private:
            await self._in_new_message(go, interaction, job, hidden=False)
            await _say(interaction)
            return
        await _say(interaction)  # first: the job may edit this message as soon as it goes on
        place = self._place(interaction, job, message.id, ephemeral=message.flags.ephemeral)
        await go(job.owner_id, job.id, place)

    async def _in_list(self, go: _Go, interaction: discord.Interaction, job_id: str) -> None:
        await interaction.response.defer()
        job = await self._owned(interaction, job_id)
        await self._in_new_message(go, interaction, job, hidden=job.origin.private)
        await self._draw(interaction)

    async def _show(self, interaction: discord.Interaction, job_id: str) -> None:
        """To its owner alone, wherever they are: a public result was meant for the place where it was asked."""
        await interaction.response.defer()
        job = await self._owned(interaction, job_id)
        await self._in_new_message(self._job_service.show_again, interaction, job, hidden=True)

    async def _show_in_list(self, interaction: discord.Interaction, job_id: str) -> None:
        await self._show(interaction, job_id)
        await self._draw(interaction)

    async def _in_new_message(self, go: _Go, interaction: discord.Interaction, job: Job, *, hidden: bool) -> None:
        """The message has to be there before the job goes on, so that its progress lands there."""
        new = await interaction.followup.send(embed=_embed(interaction, _ON_IT), ephemeral=hidden, wait=True)
        try:
            await go(job.owner_id, job.id, self._place(interaction, job, new.id, ephemeral=new.flags.ephemeral))
        except CastbookError:
            await interaction.followup.delete_message(new.id)
            raise

    # -- the seconds are picked ---------------------------------------------------------------------------------

    async def _use(self, interaction: discord.Interaction, argument: str) -> None:
        """A suggestion: what speaks against it stood beside its number."""
        job_id, seconds = render_picker.chosen(argument)
        await self._under_job(partial(self._choose, seconds, anyway=True), interaction, job_id)

    async def _ask_seconds(self, interaction: discord.Interaction, job_id: str) -> None:
        """The form is the first answer; whether there still is such a job is seen when it comes back."""
        await interaction.response.send_modal(render_picker.seconds_form(job_id, str(interaction.locale)))

    async def _seconds_typed(self, interaction: discord.Interaction, job_id: str, values: Mapping[str, str]) -> None:
        """Other seconds, perhaps after a restart. Those that do not work leave the picker as it is."""
        seconds = TimeRange.parse(values["range"])
        await self._under_job(partial(self._choose, seconds, anyway=False), interaction, job_id, seconds)

    async def _choose(self, seconds: TimeRange, owner_id: int, job_id: str, place: Origin, *, anyway: bool) -> Job:
        return await self._job_service.choose(owner_id, job_id, seconds, place, anyway=anyway)

    async def _pick(self, interaction: discord.Interaction, job_id: str) -> None:
        """The picker comes in the place of the question: both are for the owner's eyes only."""
        await interaction.response.defer()
        job = await self._owned(interaction, job_id)
        message = cast("discord.Message", interaction.message)  # there is one, because this is a press
        await _say(interaction)
        place = self._place(interaction, job, message.id, ephemeral=message.flags.ephemeral)
        await self._job_service.pick(job.owner_id, job.id, place)

    async def _pick_in_list(self, interaction: discord.Interaction, job_id: str) -> None:
        await interaction.response.defer()
        job = await self._owned(interaction, job_id)
        await self._in_new_message(self._job_service.pick, interaction, job, hidden=True)
        await self._draw(interaction)

    def _place(self, interaction: discord.Interaction, job: Job, message_id: int, *, ephemeral: bool) -> Origin:
        place = origin_of(interaction, private=job.origin.private, ephemeral=ephemeral, clock=self._clock)
        return replace(place, message_id=message_id)

    async def _owned(self, interaction: discord.Interaction, job_id: str) -> Job:
        job = await self._jobs.get(interaction.user.id, job_id)
        if job is None:
            raise UnknownJob
        return job

    # -- a job is cancelled -------------------------------------------------------------------------------------

    async def _cancel_job(self, interaction: discord.Interaction, job_id: str) -> None:
        await interaction.response.defer()
        await self._job_service.cancel(interaction.user.id, job_id)
        await _say(interaction, text("Cancelled. Nothing was charged."), AMBER)

    async def _cancel_in_list(self, interaction: discord.Interaction, job_id: str) -> None:
        await interaction.response.defer()
        await self._job_service.cancel(interaction.user.id, job_id)
        await self._draw(interaction)


def _embed(interaction: discord.Interaction, said: Text, colour: discord.Colour = BLUE) -> discord.Embed:
    return discord.Embed(description=say(said, str(interaction.locale)), colour=colour)


async def _say(interaction: discord.Interaction, said: Text = _ON_IT, colour: discord.Colour = BLUE) -> None:
    """In place of what the pressed message showed."""
    embed = _embed(interaction, said, colour)
    await interaction.edit_original_response(content=None, embed=embed, attachments=[], view=None)
