"""``/tasks``, and the buttons of jobs: yes, another, these seconds, cancel, send again, check again, show."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias, cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.buttons import (
    CancelJob,
    CheckAgain,
    GiveConsent,
    JobButton,
    MakeAnother,
    OtherSeconds,
    PickSeconds,
    SendAgain,
    ShowResult,
    UseAnyway,
    UseSeconds,
)
from bot.chat.interaction_handlers import DurableForm, on_press, on_submit, text_line
from bot.chat.job_requests import origin_of
from bot.chat.markdown import mentions_of, say
from bot.chat.message import AMBER, BLUE
from bot.chat.render_tasks import render_tasks
from bot.chat.replies import edit_answer
from bot.errors import CastbookError, UnknownJob
from bot.jobs.job_service import JobService
from bot.jobs.video_inspection import check_inside
from bot.store.owned_jobs import OwnedJobStore
from bot.texts import Text, text
from bot.values.clock import Clock
from bot.values.job import Job, Origin, Question
from bot.values.time_range import INPUT_LENGTH, TimeRange

_Decide: TypeAlias = Callable[[int, str, Origin], Awaitable[Job]]

_ON_IT = text("Thank you, on it.")
_QUESTIONS: Mapping[type[JobButton], Question] = {
    GiveConsent: Question.CONSENT,
    MakeAnother: Question.SAME_AGAIN,
    UseAnyway: Question.CONCERNS,
}


class SecondsForm(DurableForm, prefix="cbf:seconds"):
    """Asks for seconds that were not suggested; its subject is the job's id."""

    def __init__(self, job_id: str, locale: str) -> None:
        line = text_line(
            "range",
            say(text("Which 1 to 3 seconds show it best?"), locale),
            placeholder=say(text("1-3 or 0:04-0:06.5"), locale),
            max_length=INPUT_LENGTH,
        )
        super().__init__(job_id, say(text("Other seconds"), locale), line)


class Tasks(commands.Cog):
    """Each press names a job of the presser's own; anybody else's is an unknown one.

    A button under the job's own message goes on in that message; one under the list opens a message, and the list is
    drawn again.
    """

    def __init__(self, *, job_service: JobService, jobs: OwnedJobStore, clock: Clock) -> None:
        self._job_service = job_service
        self._jobs = jobs
        self._clock = clock

    @app_commands.command(name="tasks", description="What is running, what waits for you, and what is done.")
    async def tasks(self, interaction: discord.Interaction) -> None:
        """The list, for its owner alone."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._draw(interaction)

    async def _draw(self, interaction: discord.Interaction) -> None:
        owner = interaction.user.id
        overview = await self._job_service.overview(owner)
        commands = mentions_of(interaction.client)
        await edit_answer(interaction, render_tasks(owner, overview, self._clock(), str(interaction.locale), commands))

    # -- a job goes on ------------------------------------------------------------------------------------------

    @on_press(GiveConsent, MakeAnother, UseAnyway)
    async def answer(self, interaction: discord.Interaction, button: JobButton) -> None:
        """Yes to a question."""

        async def answered(owner_id: int, job_id: str, origin: Origin) -> Job:
            return await self._job_service.answer(owner_id, job_id, _QUESTIONS[type(button)], origin)

        await self._go_on(interaction, button, answered)

    @on_press(SendAgain)
    async def send_again(self, interaction: discord.Interaction, button: SendAgain) -> None:
        """Submit it once more."""
        await self._go_on(interaction, button, self._job_service.send_again)

    @on_press(CheckAgain)
    async def check_again(self, interaction: discord.Interaction, button: CheckAgain) -> None:
        """Ask the provider once more."""
        await self._go_on(interaction, button, self._job_service.check_again)

    async def _go_on(self, interaction: discord.Interaction, button: JobButton, decide: _Decide) -> None:
        if button.in_list:
            await self._in_list(decide, interaction, button.job_id)
        else:
            await self._under_job(decide, interaction, button.job_id)

    async def _under_job(
        self, go: _Decide, interaction: discord.Interaction, job_id: str, seconds: TimeRange | None = None
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

    async def _in_list(self, go: _Decide, interaction: discord.Interaction, job_id: str) -> None:
        await interaction.response.defer()
        job = await self._owned(interaction, job_id)
        await self._in_new_message(go, interaction, job, hidden=job.origin.private)
        await self._draw(interaction)

    @on_press(ShowResult)
    async def show(self, interaction: discord.Interaction, button: ShowResult) -> None:
        """To its owner alone, wherever they are: a public result was meant for the place where it was asked."""
        await interaction.response.defer()
        job = await self._owned(interaction, button.job_id)
        await self._in_new_message(self._job_service.show_again, interaction, job, hidden=True)
        if button.in_list:
            await self._draw(interaction)

    async def _in_new_message(self, go: _Decide, interaction: discord.Interaction, job: Job, *, hidden: bool) -> None:
        """The message has to be there before the job goes on, so that its progress lands there."""
        new = await interaction.followup.send(embed=_embed(interaction, _ON_IT), ephemeral=hidden, wait=True)
        try:
            await go(job.owner_id, job.id, self._place(interaction, job, new.id, ephemeral=new.flags.ephemeral))
        except CastbookError:
            await interaction.followup.delete_message(new.id)
            raise

    # -- the seconds are picked ---------------------------------------------------------------------------------

    @on_press(UseSeconds)
    async def use(self, interaction: discord.Interaction, button: UseSeconds) -> None:
        """A suggestion: what speaks against it stood beside its number."""
        seconds = TimeRange.parse(button.seconds)
        await self._under_job(partial(self._choose, seconds, anyway=True), interaction, button.job_id)

    @on_press(OtherSeconds)
    async def open_seconds_form(self, interaction: discord.Interaction, button: OtherSeconds) -> None:
        """The form is the first answer; whether there still is such a job is seen when it comes back."""
        await interaction.response.send_modal(SecondsForm(button.job_id, str(interaction.locale)))

    @on_submit(SecondsForm)
    async def seconds_typed(self, interaction: discord.Interaction, job_id: str, typed: Mapping[str, str]) -> None:
        """Other seconds, perhaps after a restart. Those that do not work leave the picker as it is."""
        seconds = TimeRange.parse(typed["range"])
        await self._under_job(partial(self._choose, seconds, anyway=False), interaction, job_id, seconds)

    async def _choose(self, seconds: TimeRange, owner_id: int, job_id: str, place: Origin, *, anyway: bool) -> Job:
        return await self._job_service.choose(owner_id, job_id, seconds, place, anyway=anyway)

    @on_press(PickSeconds)
    async def pick(self, interaction: discord.Interaction, button: PickSeconds) -> None:
        """The picker comes in the place of the question: both are for the owner's eyes only."""
        await interaction.response.defer()
        job = await self._owned(interaction, button.job_id)
        if button.in_list:
            await self._in_new_message(self._job_service.pick, interaction, job, hidden=True)
            await self._draw(interaction)
            return
        message = cast("discord.Message", interaction.message)  # there is one, because this is a press
        await _say(interaction)
        place = self._place(interaction, job, message.id, ephemeral=message.flags.ephemeral)
        await self._job_service.pick(job.owner_id, job.id, place)

    def _place(self, interaction: discord.Interaction, job: Job, message_id: int, *, ephemeral: bool) -> Origin:
        place = origin_of(interaction, private=job.origin.private, ephemeral=ephemeral, clock=self._clock)
        return replace(place, message_id=message_id)

    async def _owned(self, interaction: discord.Interaction, job_id: str) -> Job:
        job = await self._jobs.get(interaction.user.id, job_id)
        if job is None:
            raise UnknownJob
        return job

    # -- a job is cancelled -------------------------------------------------------------------------------------

    @on_press(CancelJob)
    async def cancel(self, interaction: discord.Interaction, button: CancelJob) -> None:
        """Before it is submitted."""
        await interaction.response.defer()
        await self._job_service.cancel(interaction.user.id, button.job_id)
        if button.in_list:
            await self._draw(interaction)
        else:
            await _say(interaction, text("Cancelled. Nothing was charged."), AMBER)


def _embed(interaction: discord.Interaction, said: Text, colour: discord.Colour = BLUE) -> discord.Embed:
    return discord.Embed(description=say(said, str(interaction.locale)), colour=colour)


async def _say(interaction: discord.Interaction, said: Text = _ON_IT, colour: discord.Colour = BLUE) -> None:
    """In place of what the pressed message showed."""
    embed = _embed(interaction, said, colour)
    await interaction.edit_original_response(content=None, embed=embed, attachments=[], view=None)
