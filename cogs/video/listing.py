"""Implements ``/video list``: pages of the person's videos, one of them opened, and deleting one."""

from __future__ import annotations

import discord

from bot import limits
from bot.chat.interaction_handlers import on_press
from bot.chat.markdown import mentions_of, say
from bot.chat.message import MessageContent
from bot.chat.render_videos import render_delete_video, render_own_video, render_videos
from bot.chat.replies import edit_answer
from bot.chat.rest_errors import says_too_large
from bot.chat.video_buttons import ConfirmDeleteVideo, DeleteVideo, KeepVideo, OpenVideo, ShowVideo, TurnVideos
from bot.errors import Refusal
from bot.jobs.fitted_videos import FittedVideos
from bot.store.files import FileStore
from bot.store.loans import LoanStore
from bot.store.videos import VideoStore
from bot.texts import text
from bot.values.files import StoredFile
from bot.values.made_video import MadeVideo


class VideoListing:
    """Shows and deletes videos. Another person's video counts as unknown."""

    def __init__(self, *, videos: VideoStore, loans: LoanStore, files: FileStore, fitted: FittedVideos) -> None:
        self._videos = videos
        self._loans = loans
        self._files = files
        self._fitted = fitted

    async def list_videos(self, interaction: discord.Interaction) -> None:
        """Show the first page, to its owner only."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show_page(interaction, 0)

    @on_press(TurnVideos)
    async def turn_page(self, interaction: discord.Interaction, button: TurnVideos) -> None:
        """Show another page, in the same message."""
        await interaction.response.defer()
        await self._show_page(interaction, button.offset)

    async def _show_page(self, interaction: discord.Interaction, offset: int) -> None:
        owner, most = interaction.user.id, limits.VIDEOS_PER_PAGE
        found, total = await self._videos.page(owner, offset=offset, limit=most)
        if total and not found:  # some may have been deleted since the button was made
            offset = (total - 1) // most * most
            found, total = await self._videos.page(owner, offset=offset, limit=most)
        room, posters = interaction.filesize_limit, {}
        for video in found:
            data = await self._read(video.poster, room)
            if data is not None:
                posters[video.id] = data
                room -= len(data)
        locale, mentions = str(interaction.locale), mentions_of(interaction.client)
        lenders = await self._loans.lenders([video.job_id for video in found], asker=owner)
        card = render_videos(owner, offset, found, total, posters, locale, mentions, lenders=lenders)
        await edit_answer(interaction, card)

    @on_press(OpenVideo)
    async def open(self, interaction: discord.Interaction, menu: OpenVideo) -> None:
        """Show one of them in a new message: the list stays."""
        await self._show(interaction, int(menu.chosen))

    @on_press(ShowVideo)
    async def show_pressed(self, interaction: discord.Interaction, button: ShowVideo) -> None:
        """Show a video of /tasks in a new message."""
        await self._show(interaction, button.video_id)

    async def _show(self, interaction: discord.Interaction, video_id: int) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        try:
            await self._show_within(interaction, video_id, min(interaction.filesize_limit, limits.LARGEST_VIDEO_BYTES))
        except discord.HTTPException as error:
            if not says_too_large(error):
                raise
            await self._show_within(interaction, video_id, limits.SMALL_VIDEO_BYTES)

    async def _show_within(self, interaction: discord.Interaction, video_id: int, room: int) -> None:
        video = await self._own(interaction, video_id)
        data = await self._read(video.file, room)
        if data is None:
            data = await self._smaller(interaction, video, room)
            video = await self._own(interaction, video_id)  # it may have been deleted in the meantime
        poster = None if data is not None else await self._read(video.poster, room)
        await edit_answer(interaction, await self._card(interaction, video, data, poster))

    async def _smaller(self, interaction: discord.Interaction, video: MadeVideo, room: int) -> bytes | None:
        """The video in at most ``room`` bytes. While it is being made, the poster and a note are shown."""
        poster = await self._read(video.poster, room)
        await edit_answer(interaction, await self._card(interaction, video, None, poster, fitting=True))
        return await self._fitted.within(video, room)

    async def _card(
        self,
        interaction: discord.Interaction,
        video: MadeVideo,
        data: bytes | None,
        poster: bytes | None,
        *,
        fitting: bool = False,
    ) -> MessageContent:
        lenders = (await self._loans.lenders([video.job_id], asker=video.owner_id)).get(video.job_id, {})
        return render_own_video(video, data, poster, str(interaction.locale), lenders=lenders, fitting=fitting)

    async def _read(self, file: StoredFile | None, room: int) -> bytes | None:
        if file is None or file.size > room:
            return None
        try:
            return await self._files.read(file.key)
        except FileNotFoundError:  # the rest is useful without it
            return None

    async def _own(self, interaction: discord.Interaction, video_id: int) -> MadeVideo:
        video = await self._videos.get(interaction.user.id, video_id)
        if video is None:
            raise _gone()
        return video

    @on_press(DeleteVideo)
    async def ask_delete(self, interaction: discord.Interaction, button: DeleteVideo) -> None:
        """Ask first."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        video = await self._own(interaction, button.video_id)
        await edit_answer(interaction, render_delete_video(video, str(interaction.locale)))

    @on_press(ConfirmDeleteVideo)
    async def confirm_delete(self, interaction: discord.Interaction, button: ConfirmDeleteVideo) -> None:
        """Delete the row first, then the files that nothing else refers to."""
        await interaction.response.defer()
        async with self._files.owner(interaction.user.id):
            orphans = await self._videos.delete(interaction.user.id, button.video_id)
            if orphans is None:
                raise _gone()
            for key in orphans:
                await self._files.delete(key)
        await edit_answer(interaction, text("I deleted the video. I can't delete what ToAPIs has."))

    @on_press(KeepVideo)
    async def keep(self, interaction: discord.Interaction, button: KeepVideo) -> None:
        """Say that nothing was deleted."""
        kept = say(text("Nothing was deleted."), str(interaction.locale))
        await interaction.response.edit_message(content=kept, embeds=[], view=None)


def _gone() -> Refusal:
    return Refusal(text("That video is no longer here. See /video list for those that are."))
