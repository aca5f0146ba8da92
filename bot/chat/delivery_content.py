"""The end of a job as a message, with its files and without."""

from __future__ import annotations

from functools import partial

import discord
import structlog

from bot import limits
from bot.chat.delivery_routes import Delivery
from bot.chat.markdown import mentions_of, say
from bot.chat.message import MessageContent
from bot.chat.render_character import render_pointer, render_result
from bot.chat.render_job import render_failure, render_gone
from bot.chat.render_video import render_video, render_video_gone
from bot.jobs.ports import Content, NothingMade, VideoMade
from bot.store.files import FileStore
from bot.texts import text
from bot.values.character import Character
from bot.values.job import Job, JobKind

log = structlog.get_logger(__name__)


class DeliveryContent:
    """Renders it, with the pictures from the file store."""

    def __init__(self, client: discord.Client, files: FileStore) -> None:
        self._client = client
        self._files = files

    async def of(self, job: Job, content: Content) -> Delivery:
        """The message for the owner of ``job``."""
        locale, commands = job.origin.locale, mentions_of(self._client)
        if isinstance(content, NothingMade):
            card = render_failure(job, locale, commands)
            sorry = text("I couldn't make your character.")
            if job.kind is JobKind.VIDEO:
                sorry = text("I couldn't make your video.")
            return Delivery(card, card, say(sorry, locale), None, made=False)
        if isinstance(content, VideoMade):
            return await self._video(job, content)
        sentence = say(text("Your character is ready."), locale)
        character = content.character
        if character is None:
            card = render_gone(job, locale, commands)
            return Delivery(card, card, sentence, None, made=False)
        kept = content.reference_set
        lean = render_result(job, character, None, locale, commands, reference_set=kept)
        picture = await self._picture(character)
        full = lean
        if picture is not None:
            full = render_result(job, character, picture, locale, commands, reference_set=kept)
        return Delivery(full, lean, sentence, render_pointer(character, locale, commands), made=True)

    async def _video(self, job: Job, content: VideoMade) -> Delivery:
        locale, commands = job.origin.locale, mentions_of(self._client)
        sentence = say(text("Your video is ready."), locale)
        if content.video is None:
            card = render_video_gone(job, locale, commands)
            return Delivery(card, card, sentence, None, made=False)
        made = content.video

        async def within(most_bytes: int) -> MessageContent:
            return render_video(job, made, await content.within(most_bytes), locale, commands, lenders=content.lenders)

        full, lean = (
            await within(job.origin.attachment_limit),
            render_video(job, made, None, locale, commands, lenders=content.lenders),
        )
        smaller = None
        if full.files and len(full.files[0].data) > limits.SMALL_VIDEO_BYTES:
            smaller = partial(within, limits.SMALL_VIDEO_BYTES)
        return Delivery(full, lean, sentence, None, made=True, smaller=smaller)

    async def _picture(self, character: Character) -> bytes | None:
        if character.picture is None:
            return None
        try:
            return await self._files.read(character.picture.key)
        except FileNotFoundError:
            log.error("picture_missing", character=character.id)
            return None
