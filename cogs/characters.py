"""``/character create`` and ``preview``: check what can be checked at once, answer, and hand over to the jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import discord
from discord import app_commands
from discord.ext import commands

from bot import limits
from bot.chat.attachments import attached
from bot.chat.origin import origin_of
from bot.errors import Refusal
from bot.jobs.job_service import JobService
from bot.texts import text
from bot.values.character import clean_name
from bot.values.clock import Clock
from bot.values.job import CharacterRequest
from bot.values.source import Source, exactly_one
from bot.values.time_range import TimeRange


class Characters(commands.GroupCog, group_name="character", group_description="Make characters, and keep your cast."):
    """The group ``/character``, its ``create`` and ``preview``; its other commands are added by their own cog.

    ``models`` are the choices offered (Discord shows 25 at most), ``max_bytes`` is the most that may be attached.
    """

    def __init__(
        self, *, job_service: JobService, clock: Clock, models: Sequence[str], default_model: str, max_bytes: int
    ) -> None:
        super().__init__()
        self._job_service = job_service
        self._clock = clock
        self._models = frozenset(models)
        self._default_model = default_model
        self._max_bytes = max_bytes
        create = app_commands.Command[Any, Any, None](
            name="create",
            description="Make a reusable character out of one to three seconds of a video.",
            callback=self.create,
        )
        offered = [app_commands.Choice(name=model, value=model) for model in models]
        app_commands.choices(model=offered[: limits.AUTOCOMPLETE_CHOICES])(create)
        self.group.add_command(create)
        self.group.add_command(
            app_commands.Command[Any, Any, None](
                name="preview",
                description="Look at a video: a filmstrip, and its best seconds. Makes and charges nothing.",
                callback=self.preview,
            )
        )

    @property
    def group(self) -> app_commands.Group:
        """``/character``, to which other cogs add their commands."""
        return cast("app_commands.Group", self.app_command)  # there is one, because this is a GroupCog

    async def _finished_videos(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return []  # nobody has videos of their own until /video exists

    @app_commands.describe(
        seconds="The 1 to 3 seconds that show it best, such as 1-3 or 0:04-0:06.5; without it you pick them",
        video="A clip: MP4, MOV or WebM, with sound, one main character",
        link="A link to a video file, in place of an attachment",
        task="An earlier video task, in place of an attachment",
        name="What you call the character (default: the name it is given)",
        model="Which model makes it",
        private="Show progress and result to you alone",
    )
    @app_commands.rename(seconds="range")
    @app_commands.autocomplete(task=_finished_videos)
    async def create(
        self,
        interaction: discord.Interaction,
        video: discord.Attachment | None = None,
        link: str | None = None,
        task: str | None = None,
        seconds: str | None = None,
        name: str | None = None,
        model: str | None = None,
        private: bool = False,
    ) -> None:
        """Refuse at once what cannot work, else defer before any I/O and start the job."""
        request = CharacterRequest(
            source=self._source(video, link, task),
            range=TimeRange.parse(seconds) if seconds is not None else None,
            model=self._known(model),
            name=_name(name),
        )
        here = await interaction.response.defer(thinking=True, ephemeral=private)
        hidden = here is not None and here.is_ephemeral()  # where Discord hides a user-installed app's answers
        place = origin_of(interaction, private=private, ephemeral=private or hidden, clock=self._clock)
        await self._job_service.start(owner_id=interaction.user.id, origin=place, request=request)

    @app_commands.describe(video="A clip: MP4, MOV or WebM", link="A link to a video file, in place of an attachment")
    async def preview(
        self, interaction: discord.Interaction, video: discord.Attachment | None = None, link: str | None = None
    ) -> None:
        """For the person who asked alone. Refuse at once what cannot work, else defer before any I/O."""
        source = self._source(video, link, None)
        await interaction.response.defer(thinking=True, ephemeral=True)
        place = origin_of(interaction, private=True, ephemeral=True, clock=self._clock)
        await self._job_service.preview(owner_id=interaction.user.id, origin=place, source=source)

    def _source(self, video: discord.Attachment | None, link: str | None, task: str | None) -> Source:
        attachment = attached(video, max_bytes=self._max_bytes) if video else None
        return exactly_one(attachment, link, task)

    def _known(self, model: str | None) -> str:
        """The model to use; a command that an old client still shows may name one that is gone."""
        if model is None:
            return self._default_model
        if model not in self._models:
            raise Refusal(
                text(
                    "There is no model “{model}” here any more. Choose one of those offered; nothing was charged.",
                    model=model,
                )
            )
        return model


def _name(typed: str | None) -> str | None:
    if typed is None:
        return None
    name = clean_name(typed)
    if not name:
        raise Refusal(text("That name has no visible character in it. Give another, or none; nothing was charged."))
    return name
