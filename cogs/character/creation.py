"""Implements ``/character create``, ``new`` and ``preview``: each starts a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import discord
from discord import app_commands

from bot import limits, texts
from bot.chat.interaction_handlers import on_submit, uploaded
from bot.chat.job_requests import attached, start_job
from bot.chat.markdown import plain
from bot.chat.seconds_forms import NewForm, TaskForm, character_request, task_options, wants_private
from bot.errors import BadRange, BadSource, Refusal
from bot.jobs.job_starter import JobStarter
from bot.jobs.model_availability import ModelAvailability
from bot.store.videos import VideoStore
from bot.texts import text
from bot.values.clock import Clock
from bot.values.job import CharacterRequest, Job, Origin
from bot.values.made_video import MadeVideo
from bot.values.source import Source, exactly_one
from bot.values.time_range import TimeRange


class CharacterCreation:
    """Makes characters from attachments, links, earlier tasks and the form.

    ``availability`` says which models are offered; ``max_bytes`` is the size limit of attachments.
    """

    def __init__(
        self,
        *,
        starter: JobStarter,
        videos: VideoStore,
        clock: Clock,
        availability: ModelAvailability,
        max_bytes: int,
    ) -> None:
        self._videos = videos
        self._starter = starter
        self._clock = clock
        self._availability = availability
        self._max_bytes = max_bytes

    async def finished_videos(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Autocompletes ``task``: their own videos, newest first."""
        found, _ = await self._videos.page(interaction.user.id, offset=0, limit=limits.VIDEOS_SEARCHED)
        wanted, now, locale = current.strip().casefold(), self._clock(), str(interaction.locale)
        offered = [each for each in found if wanted in each.prompt.casefold() or wanted in each.job_id]
        return [
            app_commands.Choice(name=_video_choice(each, now - each.created_at, locale), value=each.job_id)
            for each in offered[: limits.AUTOCOMPLETE_CHOICES]
        ]

    async def available_models(self, current: str) -> list[app_commands.Choice[str]]:
        """Autocompletes ``model``: those that are available now."""
        available = [
            model for model in await self._availability.available() if current.strip().lower() in model.lower()
        ]
        return [app_commands.Choice(name=model, value=model) for model in available[: limits.AUTOCOMPLETE_CHOICES]]

    async def create(
        self,
        interaction: discord.Interaction,
        video: discord.Attachment | None,
        link: str | None,
        task: str | None,
        seconds: str | None,
        *,
        name: str | None,
        model: str | None,
        private: bool | None,
    ) -> None:
        """Refuse at once what cannot work; otherwise start the job."""
        request = character_request(
            self._source(video, link, task), seconds or "", model=self._known(model), name=name or ""
        )
        try:
            await self._start(interaction, request, private=private)
        except BadRange as wrong:
            if interaction.response.is_done():  # the database was slow: it is too late for a form
                raise
            await interaction.response.send_modal(TaskForm(request, private, wrong.problem, str(interaction.locale)))

    @on_submit(TaskForm)
    async def task_typed(self, interaction: discord.Interaction, subject: str, typed: Mapping[str, str]) -> None:
        """Start the job with the given seconds. If they are unusable, ask again and say why."""
        model, private = task_options(subject)
        source = exactly_one(None, None, typed.get("task", ""))
        request = character_request(
            source, typed.get("range", ""), name=typed.get("name", ""), model=self._known(model)
        )
        await self._start(interaction, request, private=private)

    async def _start(
        self, interaction: discord.Interaction, request: CharacterRequest, *, private: bool | None
    ) -> None:
        async def write(job_id: str, origin: Origin) -> Job:
            return await self._starter.start(
                owner_id=interaction.user.id, origin=origin, request=request, job_id=job_id
            )

        await start_job(interaction, self._starter, write, private=private, clock=self._clock)

    async def new(self, interaction: discord.Interaction) -> None:
        """Open the form, which has to be the first answer."""
        await interaction.response.send_modal(NewForm(str(interaction.locale)))

    @on_submit(NewForm)
    async def new_submitted(self, interaction: discord.Interaction, subject: str, typed: Mapping[str, str]) -> None:
        """Start the job from the form, also after a restart. The consent in it covers this video."""
        clip = uploaded(interaction, typed.get("clip", ""))
        if clip is None:
            raise BadSource(text("There was no clip in the form. Use /character new again and choose one."))
        request = character_request(
            attached(clip, max_bytes=self._max_bytes),
            typed.get("range", ""),
            name=typed.get("name", ""),
        )
        if typed.get("consent") == "yes":
            request = replace(request, consent_at=self._clock())
        await self._start(interaction, request, private=wants_private(typed))

    async def preview(
        self, interaction: discord.Interaction, video: discord.Attachment | None, link: str | None
    ) -> None:
        """Like ``create``, but only look at the video, and show the findings to the asker only."""
        source = self._source(video, link, None)

        async def write(job_id: str, origin: Origin) -> Job:
            return await self._starter.preview(
                owner_id=interaction.user.id, origin=origin, source=source, job_id=job_id
            )

        await start_job(interaction, self._starter, write, private=True, clock=self._clock)

    def _source(self, video: discord.Attachment | None, link: str | None, task: str | None) -> Source:
        attachment = attached(video, max_bytes=self._max_bytes) if video else None
        return exactly_one(attachment, link, task)

    def _known(self, model: str | None) -> str | None:
        """The chosen model, if there is one: anything can be typed, so it must be in the settings."""
        if model is not None and model not in self._availability.models:
            raise Refusal(
                text("I don't know the model “{model}”. Choose one from the list that opens as you type.", model=model)
            )
        return model


def _video_choice(video: MadeVideo, age: timedelta, locale: str) -> str:
    """A video in a list of choices: its age, and as much of its prompt as fits."""
    hours = int(age.total_seconds() // 3600)
    params = {"prompt": video.prompt}
    reply = text("Just now: {prompt}", **params)
    if hours >= 24:
        reply = text("{days} d ago: {prompt}", days=hours // 24, **params)
    elif hours:
        reply = text("{hours} h ago: {prompt}", hours=hours, **params)
    return plain(texts.render(reply, locale), limits.CHOICE_NAME)


def echoed(typed: str, locale: str) -> list[app_commands.Choice[str]]:
    """How the typed range is understood, or what is wrong with it. Choosing it changes nothing."""
    if not typed.strip():
        return []
    try:
        found = TimeRange.parse(typed)
    except BadRange as error:
        reply, value = error.problem, typed[: limits.CHOICE_VALUE]
    else:
        reply = text("{range}, {seconds} s ✓", range=found.people, seconds=found.seconds_as_text)
        value = found.people
    return [app_commands.Choice(name=plain(texts.render(reply, locale), limits.CHOICE_NAME), value=value)]
