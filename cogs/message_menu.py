"""The message menu "Make a character": the way to use a video that somebody has posted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import discord
from discord import app_commands
from discord.ext import commands

from bot import limits
from bot.chat.interaction_handlers import DurableForm, on_submit, text_line
from bot.chat.job_requests import attached, start_job
from bot.chat.markdown import say
from bot.errors import BadSource, Refusal
from bot.jobs.job_service import JobService
from bot.store.drafts import Draft, DraftStore
from bot.texts import text
from bot.values.character import clean_name
from bot.values.clock import Clock
from bot.values.files import is_video_name
from bot.values.job import CharacterRequest, Job, Origin
from bot.values.time_range import INPUT_LENGTH, TimeRange


class DraftForm(DurableForm, prefix="cbf:draft"):
    """Asks for the seconds and a name; its subject is the draft's id."""

    def __init__(self, draft_id: str, locale: str) -> None:
        seconds = text_line(
            "range",
            say(text("Which 1 to 3 seconds? (empty: pick them)"), locale),
            placeholder=say(text("1-3 or 0:04-0:06.5"), locale),
            max_length=INPUT_LENGTH,
            required=False,
        )
        name = text_line(
            "name",
            say(text("What do you call it? (optional)"), locale),
            max_length=limits.NAME_LENGTH,
            required=False,
        )
        super().__init__(draft_id, say(text("Make a character"), locale), seconds, name)


class MessageMenu(commands.Cog):
    """Opens a form for the seconds as its first answer, and keeps the attachment as a draft meanwhile.

    The draft's id travels in the form, so that a form which was open during a restart is still answered.
    """

    def __init__(
        self,
        *,
        tree: app_commands.CommandTree,
        job_service: JobService,
        drafts: DraftStore,
        clock: Clock,
        model: str,
        max_bytes: int,
    ) -> None:
        self._tree = tree
        self._job_service = job_service
        self._drafts = drafts
        self._clock = clock
        self._model = model
        self._max_bytes = max_bytes
        self._menu = app_commands.ContextMenu(name="Make a character", callback=self.open)

    async def cog_load(self) -> None:
        """Menus cannot be declared inside a class: added by hand."""
        self._tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """The counterpart of :meth:`cog_load`."""
        self._tree.remove_command(self._menu.name, type=self._menu.type)

    async def open(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Show the form, then keep the draft: nothing may come before a form but what needs no I/O."""
        attachment = attached(_video_of(message), max_bytes=self._max_bytes)
        draft = Draft(
            id=secrets.token_hex(8),
            owner_id=interaction.user.id,
            attachment=attachment,
            created_at=self._clock(),
        )
        await interaction.response.send_modal(DraftForm(draft.id, str(interaction.locale)))
        await self._drafts.add(draft)

    @on_submit(DraftForm)
    async def submit(self, interaction: discord.Interaction, draft_id: str, typed: Mapping[str, str]) -> None:
        """Start the job with the draft that belongs to the form."""
        seconds = TimeRange.parse(typed["range"]) if typed.get("range", "").strip() else None
        name = clean_name(typed.get("name", "")) or None

        async def write(job_id: str, origin: Origin) -> Job:
            draft = await self._drafts.take(interaction.user.id, draft_id)
            if draft is None:
                raise Refusal(
                    text(
                        "That form is too old. Open the message's menu again, then Apps, then “Make a character”; "
                        "nothing was charged."
                    )
                )
            request = CharacterRequest(source=draft.attachment, range=seconds, model=self._model, name=name)
            return await self._job_service.start(owner_id=draft.owner_id, origin=origin, request=request, job_id=job_id)

        await start_job(interaction, self._job_service, write, private=False, clock=self._clock)


def _video_of(message: discord.Message) -> discord.Attachment:
    for attachment in message.attachments:
        kind = attachment.content_type or ""
        if kind.startswith("video/") or is_video_name(attachment.filename):
            return attachment
    raise BadSource(
        text(
            "There is no video attached to that message. Choose one that has a clip (MP4, MOV or WebM), or use "
            "/character create with a link; nothing was charged."
        )
    )
