"""``/tasks``, and the buttons of jobs: yes, another, these seconds, cancel, send again, check again, show."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias, cast

import aiohttp
import discord
import structlog
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
from bot.chat.message import AMBER, BLUE, MessageContent
from bot.chat.render_tasks import render_tasks
from bot.chat.replies import edit_answer
from bot.errors import UnknownJob
from bot.jobs.job_service import JobService
from bot.store.owned_jobs import OwnedJobStore
from bot.texts import Text, text
from bot.values.clock import Clock
from bot.values.job import Job, Origin, Question
from bot.values.time_range import INPUT_LENGTH, TimeRange

log = structlog.get_logger(__name__)

_Decide: TypeAlias = Callable[[int, str, Origin], Awaitable[Job]]

_SHOWN_WITHIN = 10.0  # seconds for which the job waits for a press to be shown
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

        await self._go_on(interaction, button.job_id, answered, in_list=button.in_list)

    @on_press(SendAgain)
    async def send_again(self, interaction: discord.Interaction, button: SendAgain) -> None:
        """Submit it once more."""
        await self._go_on(interaction, button.job_id, self._job_service.send_again, in_list=button.in_list)

    @on_press(CheckAgain)
    async def check_again(self, interaction: discord.Interaction, button: CheckAgain) -> None:
        """Ask the provider once more."""
        await self._go_on(interaction, button.job_id, self._job_service.check_again, in_list=button.in_list)

    @on_press(ShowResult)
    async def show(self, interaction: discord.Interaction, button: ShowResult) -> None:
        """To its owner alone, wherever they are: a public result was meant for the place where it was asked for."""
        show_again = self._job_service.show_again
        await self._go_on(interaction, button.job_id, show_again, in_list=button.in_list, for_owner_alone=True)

    @on_press(UseSeconds)
    async def use(self, interaction: discord.Interaction, button: UseSeconds) -> None:
        """A suggestion: what speaks against it stood beside its number."""
        seconds = TimeRange.parse(button.seconds)
        await self._go_on(interaction, button.job_id, partial(self._choose, seconds, anyway=True))

    @on_press(OtherSeconds)
    async def open_seconds_form(self, interaction: discord.Interaction, button: OtherSeconds) -> None:
        """The form is the first answer; whether there still is such a job is seen when it comes back."""
        await interaction.response.send_modal(SecondsForm(button.job_id, str(interaction.locale)))

    @on_submit(SecondsForm)
    async def seconds_typed(self, interaction: discord.Interaction, job_id: str, typed: Mapping[str, str]) -> None:
        """Other seconds, perhaps after a restart. Those that do not work leave the picker as it is."""
        seconds = TimeRange.parse(typed["range"])
        await self._go_on(interaction, job_id, partial(self._choose, seconds, anyway=False))

    async def _choose(self, seconds: TimeRange, owner_id: int, job_id: str, origin: Origin, *, anyway: bool) -> Job:
        return await self._job_service.choose(owner_id, job_id, seconds, origin, anyway=anyway)

    @on_press(PickSeconds)
    async def pick(self, interaction: discord.Interaction, button: PickSeconds) -> None:
        """Show the picker, in the place of the question where that is hidden, too."""
        pick = self._job_service.pick
        await self._go_on(interaction, button.job_id, pick, in_list=button.in_list, for_owner_alone=True)

    async def _go_on(
        self,
        interaction: discord.Interaction,
        job_id: str,
        decide: _Decide,
        *,
        in_list: bool = False,
        for_owner_alone: bool = False,
    ) -> None:
        """Decide first and show it then: what is refused leaves every message as it was.

        The job goes on in the message whose button was pressed, or in a new one: where that is the list, or hidden
        though the job is public, or public though what comes is ``for_owner_alone``. The job is held until that is
        shown, so that it does not overwrite what the job has to say.
        """
        await interaction.response.defer()
        job = await self._owned(interaction, job_id)
        message = cast("discord.Message", interaction.message)  # there is one, because this is a press
        here = origin_of(interaction, private=job.origin.private, ephemeral=message.flags.ephemeral, clock=self._clock)
        hidden = for_owner_alone or job.origin.private
        elsewhere = in_list or _is_elsewhere(interaction, message, hidden=hidden)
        on_it = _notice(interaction, _ON_IT, BLUE)
        with self._job_service.held(job.id):
            await decide(job.owner_id, job.id, replace(here, message_id=message.id))
            try:
                async with asyncio.timeout(_SHOWN_WITHIN):
                    if elsewhere:
                        new = await interaction.followup.send(embeds=on_it.embeds, ephemeral=hidden, wait=True)
                        await self._job_service.move(
                            job, replace(here, message_id=new.id, ephemeral=new.flags.ephemeral)
                        )
                    if not in_list:
                        await edit_answer(interaction, on_it)
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.info("press_not_shown", job=job.id, error=type(error).__name__)  # the job goes on all the same
        if in_list:
            await self._draw(interaction)

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
            await edit_answer(interaction, _notice(interaction, text("Cancelled. Nothing was charged."), AMBER))


def _is_elsewhere(interaction: discord.Interaction, message: discord.Message, *, hidden: bool) -> bool:
    """Whether what is ``hidden`` or not does not belong into ``message``. In a direct message everything is hidden."""
    if message.flags.ephemeral:
        return not hidden
    return hidden and not (interaction.guild_id is None and interaction.context.dm_channel)


def _notice(interaction: discord.Interaction, said: Text, colour: discord.Colour) -> MessageContent:
    return MessageContent(embeds=(discord.Embed(description=say(said, str(interaction.locale)), colour=colour),))
