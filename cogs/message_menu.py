"""The message menu "Make a character", for videos that somebody has posted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot import limits
from bot.chat.interaction_handlers import DurableForm, on_submit
from bot.chat.job_requests import attached, start_job
from bot.chat.markdown import plain, say
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

_NAME = 80  # characters of a file's name


class DraftForm(DurableForm, prefix="cbf:draft"):
    """Asks for the seconds and a name, and, if there are several videos, which one to use.

    There is a draft for each video; the form's subject is the id of the first.
    """

    def __init__(self, drafts: Sequence[Draft], locale: str) -> None:
        super().__init__(
            drafts[0].id,
            say(text("Make a character"), locale),
            *([_which(drafts, locale)] if len(drafts) > 1 else []),
            seconds_line(locale, required=False),
            name_line(locale),
            private_line(locale),
        )


class MessageMenu(commands.Cog):
    """Opens a form that asks for the seconds, and stores the attachment as a draft until it is submitted.

    The form carries the draft's id, so a form that was open during a restart can still be submitted.
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
        """Show the form, then store the drafts, because a form has to be the first answer."""
        forwarded = bool(message.message_snapshots)  # its author is unknown
        of_others = forwarded or message.author.id != interaction.user.id
        drafts = [
            Draft(
                id=secrets.token_hex(8),
                owner_id=interaction.user.id,
                content=replace(attachment, of_others=of_others),
                created_at=self._clock(),
            )
            for attachment in self._taken(_videos_of(message))
        ]
        await interaction.response.send_modal(DraftForm(drafts, str(interaction.locale)))
        for draft in drafts:
            await self._drafts.add(draft)

    def _taken(self, videos: Sequence[discord.Attachment]) -> Sequence[Attachment]:
        """Those that are not too large; if all are, an error about the first."""
        small = [video for video in videos if video.size <= self._max_bytes] or videos[:1]
        return [attached(video, max_bytes=self._max_bytes) for video in small]

    @on_submit(DraftForm)
    async def submit(self, interaction: discord.Interaction, draft_id: str, typed: Mapping[str, str]) -> None:
        """Start the job from the form and its draft."""

        async def write(job_id: str, origin: Origin) -> Job:
            draft = await self._drafts.take(interaction.user.id, typed.get("video", draft_id))
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


def _which(drafts: Sequence[Draft], locale: str) -> ui.Label[Any]:
    options = [
        discord.RadioGroupOption(label=_named(number, draft, locale), value=draft.id, default=number == 1)
        for number, draft in enumerate(drafts, start=1)
    ]
    group: ui.RadioGroup[Any] = ui.RadioGroup(custom_id="video", options=options)
    return ui.Label(text=say(text("Which video?"), locale), component=group)


def _named(number: int, draft: Draft, locale: str) -> str:
    name = plain(draft.content.filename if isinstance(draft.content, Attachment) else "", _NAME)
    return say(text("{number}: {name}", number=number, name=name), locale)


def _videos_of(message: discord.Message) -> Sequence[discord.Attachment]:
    """The message's own videos in order, then those of the messages it forwards. Raises BadSource if there are none."""
    attachments = [*message.attachments, *(each for copy in message.message_snapshots for each in copy.attachments)]
    videos = [each for each in attachments if _is(each, "video/") or is_video_name(each.filename)]
    if videos:
        return videos[: limits.MESSAGE_ATTACHMENTS]
    if any(_is(each, "audio/") for each in attachments):
        raise BadSource(
            text("That message has only sound, and a character needs a picture too. Choose one with a video.")
        )
    if any(_is(each, "image/") for each in attachments):
        raise BadSource(text("That message has only pictures, and a character needs a video. Choose one with a video."))
    raise BadSource(
        text(
            "There's no video attached to that message. Choose one with a video, or use /character create with a link."
        )
    )


def _is(attachment: discord.Attachment, kind: str) -> bool:
    return (attachment.content_type or "").startswith(kind)
