"""``/tasks``, and the buttons of jobs: answers to their questions, cancel, send again, check again, show."""

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

from bot import limits
from bot.chat.card import AMBER, BLUE, Card
from bot.chat.durable_items import has_item
from bot.chat.interaction_handlers import on_press, on_submit
from bot.chat.job_buttons import (
    BackToTasks,
    CancelJob,
    CheckAgain,
    GiveConsent,
    JobButton,
    MakeAnother,
    MakeLouder,
    OtherSeconds,
    PickSeconds,
    SendAgain,
    ShowResult,
    TypeJobName,
    UseAnyway,
    UseOfferedName,
    UseSeconds,
)
from bot.chat.job_requests import origin_of
from bot.chat.markdown import say
from bot.chat.message import MessageContent
from bot.chat.replies import edit_answer
from bot.chat.seconds_forms import LastTyped, NameForm, SecondsForm, visible_name
from bot.chat.selects import OpenJob
from bot.chat.task_list import TaskList
from bot.concurrency import within
from bot.errors import BadRange, UnknownJob
from bot.jobs.job_service import JobService
from bot.jobs.video_inspection import check_inside
from bot.store.owned_jobs import OwnedJobStore
from bot.texts import Text, text
from bot.values.character import clean_name
from bot.values.clock import Clock
from bot.values.job import CharacterRequest, Job, Origin, Question
from bot.values.time_range import TimeRange

log = structlog.get_logger(__name__)

_Decide: TypeAlias = Callable[[int, str, Origin], Awaitable[Job]]

_ON_IT = text("One moment…")
_QUESTIONS: Mapping[type[JobButton], Question] = {
    GiveConsent: Question.CONSENT,
    MakeAnother: Question.SAME_AGAIN,
    UseAnyway: Question.CONCERNS,
    UseOfferedName: Question.NAME,
}


class Tasks(commands.Cog):
    """The list, and the buttons of jobs in the list and on the jobs' own messages.

    Every query carries the id of the person who presses: another person's job counts as unknown.
    """

    def __init__(self, *, job_service: JobService, jobs: OwnedJobStore, task_list: TaskList, clock: Clock) -> None:
        self._job_service = job_service
        self._list = task_list
        self._jobs = jobs
        self._clock = clock
        self._typed = LastTyped()

    @app_commands.command(name="tasks", description="What is running, what is waiting for you, and what is done.")
    async def tasks(self, interaction: discord.Interaction) -> None:
        """Show the list, to its owner only."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._list.draw(interaction)

    @on_press(OpenJob)
    async def open(self, interaction: discord.Interaction, menu: OpenJob) -> None:
        """Show one job of the list, replacing it."""
        await interaction.response.defer()
        await self._list.open(interaction, menu.chosen)

    @on_press(BackToTasks)
    async def back(self, interaction: discord.Interaction, _: BackToTasks) -> None:
        """Show the list again."""
        await interaction.response.defer()
        await self._list.draw(interaction)

    # -- a job goes on ------------------------------------------------------------------------------------------

    @on_press(GiveConsent, MakeAnother, UseAnyway, UseOfferedName)
    async def answer(self, interaction: discord.Interaction, button: JobButton) -> None:
        """Answer a job's question with yes."""

        async def answered(owner_id: int, job_id: str, origin: Origin) -> Job:
            return await self._job_service.answer(owner_id, job_id, _QUESTIONS[type(button)], origin)

        await self._go_on(interaction, button.job_id, answered, in_list=button.in_list)

    @on_press(MakeLouder)
    async def make_louder(self, interaction: discord.Interaction, button: MakeLouder) -> None:
        """Use the seconds in question, with louder sound."""
        await self._go_on(interaction, button.job_id, self._job_service.make_louder, in_list=button.in_list)

    @on_press(SendAgain)
    async def send_again(self, interaction: discord.Interaction, button: SendAgain) -> None:
        """Submit a job again."""
        await self._go_on(interaction, button.job_id, self._job_service.send_again, in_list=button.in_list)

    @on_press(CheckAgain)
    async def check_again(self, interaction: discord.Interaction, button: CheckAgain) -> None:
        """Ask the provider again about a job."""
        await self._go_on(interaction, button.job_id, self._job_service.check_again, in_list=button.in_list)

    @on_press(ShowResult)
    async def show(self, interaction: discord.Interaction, button: ShowResult) -> None:
        """Show a result to its owner only: a public one was meant for the place where it was requested."""
        show_again = self._job_service.show_again
        await self._go_on(interaction, button.job_id, show_again, in_list=button.in_list, private=True)

    @on_press(UseSeconds)
    async def use(self, interaction: discord.Interaction, button: UseSeconds) -> None:
        """Use one of the suggestions. Its concerns were shown with it, so they are not asked about again."""
        seconds = TimeRange.parse(button.seconds)
        await self._go_on(interaction, button.job_id, partial(self._choose, seconds, anyway=True))

    @on_press(OtherSeconds)
    async def open_seconds_form(self, interaction: discord.Interaction, button: OtherSeconds) -> None:
        """Open the form, filled with the last input. Whether the job still waits is checked when it is submitted."""
        typed, named = self._typed[button.job_id], True
        try:
            job = await within(limits.READ_BEFORE_FORM, self._owned(interaction, button.job_id))
        except TimeoutError:
            pass
        else:
            if isinstance(job.request, CharacterRequest):
                typed, named = typed or job.request.typed, job.request.name is not None
        form = SecondsForm(button.job_id, str(interaction.locale), typed=typed, named=named)
        await interaction.response.send_modal(form)

    @on_submit(SecondsForm)
    async def seconds_typed(self, interaction: discord.Interaction, job_id: str, typed: Mapping[str, str]) -> None:
        """Use other seconds, also after a restart; if they are unusable, say why."""
        job = await self._owned(interaction, job_id)
        try:
            seconds = TimeRange.parse(typed["range"])
            if job.seen.facts is not None:
                check_inside(seconds, job.seen.facts)
        except BadRange:
            self._typed[job_id] = typed["range"]
            raise
        name = clean_name(typed.get("name", "")) or None
        await self._go_on(interaction, job_id, partial(self._choose, seconds, anyway=False, name=name))

    @on_press(TypeJobName)
    async def open_name_form(self, interaction: discord.Interaction, button: TypeJobName) -> None:
        """Open the form, filled with the name that is taken."""
        taken = ""
        try:
            job = await within(limits.READ_BEFORE_FORM, self._owned(interaction, button.job_id))
        except TimeoutError:
            pass
        else:
            taken = job.character.name or ""
        await interaction.response.send_modal(NameForm(button.job_id, str(interaction.locale), taken))

    @on_submit(NameForm)
    async def name_typed(self, interaction: discord.Interaction, job_id: str, typed: Mapping[str, str]) -> None:
        """Use another name; if that is taken as well, the job asks again."""
        name = visible_name(typed["name"])
        opener = TypeJobName(job_id, interaction.user.id, in_list=True)
        in_list = interaction.message is not None and has_item(interaction.message, opener)

        async def named(owner_id: int, job_id: str, origin: Origin) -> Job:
            return await self._job_service.name(owner_id, job_id, name, origin)

        await self._go_on(interaction, job_id, named, in_list=in_list)

    async def _choose(
        self,
        seconds: TimeRange,
        owner_id: int,
        job_id: str,
        origin: Origin,
        *,
        anyway: bool,
        name: str | None = None,
    ) -> Job:
        return await self._job_service.choose(owner_id, job_id, seconds, origin, anyway=anyway, name=name)

    @on_press(PickSeconds)
    async def pick(self, interaction: discord.Interaction, button: PickSeconds) -> None:
        """Show the picker: instead of the question, or in a new message if others see that one."""
        await self._go_on(interaction, button.job_id, self._job_service.pick, in_list=button.in_list)

    async def _go_on(
        self,
        interaction: discord.Interaction,
        job_id: str,
        decide: _Decide,
        *,
        in_list: bool = False,
        private: bool = False,
    ) -> None:
        """Write the decision, then show it: if it is refused, every message stays as it was.

        The job continues in the message whose button was pressed, which becomes its private reply, or in a new one if
        that message is the list or others can see it. ``private``: only the owner sees the result. The job is held
        until all of this is shown, so that nothing it shows is overwritten.
        """
        await interaction.response.defer()
        job = await self._owned(interaction, job_id)
        message = cast("discord.Message", interaction.message)  # a press always has one
        private = private or job.origin.private
        here = origin_of(interaction, private=private, ephemeral=message.flags.ephemeral, clock=self._clock)
        elsewhere = in_list or here.reply_is_public
        with self._job_service.held(job.id):
            await decide(job.owner_id, job.id, replace(here, message_id=message.id))
            try:
                async with asyncio.timeout(limits.PRESS_SHOWN_WITHIN):
                    if elsewhere:
                        await self._move(interaction, job, here)
                    if here.reply_is_public:
                        await interaction.delete_original_response()
                    elif not in_list:
                        await edit_answer(interaction, _notice(interaction, _ON_IT, BLUE))
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                # The decision is written, so the job continues.
                log.info("press_not_shown", job=job.id, error=type(error).__name__)
        if in_list:
            await self._list.draw(interaction)

    async def _move(self, interaction: discord.Interaction, job: Job, origin: Origin) -> None:
        """Continue the job in a new message."""
        on_it = _notice(interaction, _ON_IT, BLUE)
        new = await interaction.followup.send(**on_it.as_new(), ephemeral=True, wait=True)
        await self._job_service.move(job, replace(origin, message_id=new.id, ephemeral=True))

    async def _owned(self, interaction: discord.Interaction, job_id: str) -> Job:
        job = await self._jobs.get(interaction.user.id, job_id)
        if job is None:
            raise UnknownJob
        return job

    # -- a job is cancelled -------------------------------------------------------------------------------------

    @on_press(CancelJob)
    async def cancel(self, interaction: discord.Interaction, button: CancelJob) -> None:
        """Cancel a job that has not been submitted yet."""
        await interaction.response.defer()
        await self._job_service.cancel(interaction.user.id, button.job_id)
        if button.in_list:
            await self._list.draw(interaction)
        else:
            await edit_answer(interaction, _notice(interaction, text("Cancelled. Nothing was charged."), AMBER))


def _notice(interaction: discord.Interaction, said: Text, colour: discord.Colour) -> MessageContent:
    return MessageContent(card=Card(colour=colour, description=say(said, str(interaction.locale))))
