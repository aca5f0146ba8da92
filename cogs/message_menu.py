"""The message menu "Make a character": how to use a video that somebody has posted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.interaction_handlers import DurableForm, on_submit
from bot.chat.job_requests import attached, start_job
from bot.chat.markdown import say
from bot.chat.seconds_forms import (
    character_request,
    name_line,
    private_line,
    seconds_line,
    wants_private,
)
from bot.errors import BadSource, Refusal
from bot.jobs.job_starter import JobStarter
from bot.store.drafts import Draft, DraftStore
from bot.texts import text
from bot.values.clock import Clock
from bot.values.files import is_video_name
from bot.values.job import Job, Origin
from bot.values.source import Attachment


class DraftForm(DurableForm, prefix="cbf:draft"):
    """Asks for the seconds and a name; its subject is the draft's id."""

    def __init__(self, draft_id: str, locale: str) -> None:
        super().__init__(
            draft_id,
            say(text("Make a character"), locale),
            seconds_line(locale, required=False),
            name_line(locale),
            private_line(locale),
        )


class MessageMenu(commands.Cog):
    """Opens a form that asks for the seconds, and keeps the attachment as a draft until it is submitted.

    The form carries the draft's id, so a form that was open during a restart is still answered.
    """

    def __init__(
        self,
        *,
        tree: app_commands.CommandTree,
        starter: JobStarter,
        drafts: DraftStore,
        clock: Clock,
        max_bytes: int,
    ) -> None:
        self._tree = tree
        self._starter = starter
        self._drafts = drafts
        self._clock = clock
        self._max_bytes = max_bytes
        self._menu = app_commands.ContextMenu(name="Make a character", callback=self.open)

    async def cog_load(self) -> None:
        """Called by discord.py. It has no decorator for menus inside a cog, so this one is added by hand."""
        self._tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Called by discord.py when the cog is removed."""
        self._tree.remove_command(self._menu.name, type=self._menu.type)

    async def open(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Show the form, then keep the draft: a form has to be the first answer."""
        attachment = attached(_video_of(message), max_bytes=self._max_bytes)
        attachment = replace(attachment, of_others=message.author.id != interaction.user.id)
        draft = Draft(
            id=secrets.token_hex(8),
            owner_id=interaction.user.id,
            content=attachment,
            created_at=self._clock(),
        )
        await interaction.response.send_modal(DraftForm(draft.id, str(interaction.locale)))
        await self._drafts.add(draft)

    @on_submit(DraftForm)
    async def submit(self, interaction: discord.Interaction, draft_id: str, typed: Mapping[str, str]) -> None:
        """Start the job, with the draft that belongs to the form."""

        async def write(job_id: str, origin: Origin) -> Job:
            draft = await self._drafts.take(interaction.user.id, draft_id)
            if draft is None or not isinstance(draft.content, Attachment):
                raise Refusal(
                    text(
                        "This form is too old. Please open the menu of the message again, then Apps, then “Make a "
                        "character”."
                    )
                )
            request = character_request(
                draft.content,
                typed.get("range", ""),
                name=typed.get("name", ""),
            )
            return await self._starter.start(owner_id=draft.owner_id, origin=origin, request=request, job_id=job_id)

        await start_job(interaction, self._starter, write, private=wants_private(typed), clock=self._clock)


def _video_of(message: discord.Message) -> discord.Attachment:
    for attachment in message.attachments:
        kind = attachment.content_type or ""
        if kind.startswith("video/") or is_video_name(attachment.filename):
            return attachment
    raise BadSource(
        text(
            "There's no video attached to that message. Please choose one with a clip (MP4, MOV or WebM), or use "
            "/character create with a link."
        )
    )
