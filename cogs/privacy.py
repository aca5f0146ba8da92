"""``/privacy export`` and ``delete``: people get everything that is stored about them, or have it deleted."""

from __future__ import annotations

import asyncio
from functools import partial

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.buttons import (
    DeleteEverything,
    DeleteWithMessages,
    KeepEverything,
    NextPart,
    PrivacyButton,
)
from bot.chat.card import AMBER, BLUE
from bot.chat.durable_items import DurableButton
from bot.chat.interaction_handlers import on_press
from bot.chat.markdown import mentions_of, say
from bot.chat.message import MessageContent
from bot.errors import Refusal
from bot.jobs.cast_document import NAME as DOCUMENT
from bot.jobs.erasure import STAYS, Erasure
from bot.jobs.export import Export
from bot.store.export_archive import ArchiveWriter
from bot.store.personal_data import PersonalData
from bot.store.privacy import Erased, PrivacyStore
from bot.store.signatures import Signatures, Signed
from bot.texts import Text, text
from bot.values.clock import Clock
from bot.values.job import Step


class Privacy(
    commands.GroupCog, group_name="privacy", group_description="What I keep about you: get it, or delete it."
):
    """Always about the asker, and visible to them only. ``day_limit``: jobs per day; 0 is no limit."""

    def __init__(
        self,
        *,
        store: PrivacyStore,
        archive_writer: ArchiveWriter,
        erasure: Erasure,
        signatures: Signatures,
        clock: Clock,
        day_limit: int,
    ) -> None:
        super().__init__()
        self._store = store
        self._archivist = archive_writer
        self._erasure = erasure
        self._signatures = signatures
        self._clock = clock
        self._day_limit = day_limit

    # -- export -------------------------------------------------------------------------------------------------

    @app_commands.command(name="export", description="Get everything I keep about you, as a zip.")
    async def export(self, interaction: discord.Interaction) -> None:
        """Send the first part, which usually is all of it."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._send_part(interaction, 1)

    @on_press(NextPart)
    async def another_part(self, interaction: discord.Interaction, button: NextPart) -> None:
        """Send the next part, when its button is pressed. Each part is made on request, so none has to be stored."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._send_part(interaction, button.part)

    async def _send_part(self, interaction: discord.Interaction, part: int) -> None:
        owner, locale, now = interaction.user.id, str(interaction.locale), self._clock()
        data = await self._store.data(owner, now=now)
        if data.empty:
            raise Refusal(
                text("I keep nothing about you yet. What you make with /character create will be in the export.")
            )
        export = await asyncio.to_thread(
            Export,
            owner,
            data,
            now=now,
            limit=interaction.filesize_limit,
            day_limit=self._day_limit,
            locale=locale,
            seal=partial(self._signatures.sign, Signed.CAST),
        )
        if not 1 <= part <= export.parts:
            raise Refusal(
                text("That part no longer exists, because what I keep has changed. Please use /privacy export again.")
            )
        made = await self._archivist.archive(
            export.members(part), DOCUMENT, lambda missing: export.document(part, missing)
        )
        with made:
            buttons = (_next(owner, part, export.parts, locale),) if part < export.parts else ()
            await interaction.edit_original_response(
                content="\n".join(say(each, locale, mentions_of(interaction.client)) for each in _told(export, part)),
                attachments=[discord.File(made, filename=_file_name(part, export.parts))],
                view=MessageContent(embeds=(), buttons=buttons).view(),
            )

    # -- delete -------------------------------------------------------------------------------------------------

    @app_commands.command(name="delete", description="Delete everything I keep about you. Asks first.")
    async def delete(self, interaction: discord.Interaction) -> None:
        """First say what will be deleted, and what stays."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        owner, locale = interaction.user.id, str(interaction.locale)
        data = await self._store.data(owner, now=self._clock())
        if not data.deletable:
            raise Refusal(text("I keep nothing about you, so there's nothing to delete."))
        mentions = mentions_of(interaction.client)
        embed = discord.Embed(title=say(text("Delete everything I keep about you?"), locale), colour=AMBER)
        lines = [say(each, locale, mentions) for each in _question(data)]
        embed.description = "\n\n".join([*lines, _what_stays(locale)])
        danger = discord.ButtonStyle.danger
        buttons: list[DurableButton] = [DeleteEverything(owner, say(text("Delete everything"), locale), danger)]
        if data.messages:
            with_messages = say(text("Delete messages too"), locale)
            buttons.append(DeleteWithMessages(owner, with_messages, danger))
        buttons.append(KeepEverything(owner, say(text("Keep it"), locale)))
        await interaction.edit_original_response(embed=embed, view=MessageContent(buttons=tuple(buttons)).view())

    @on_press(DeleteEverything, DeleteWithMessages)
    async def delete_everything(self, interaction: discord.Interaction, button: PrivacyButton) -> None:
        """Delete what exists now, however long ago the question was asked."""
        await interaction.response.defer()
        remove = isinstance(button, DeleteWithMessages)
        erased = await self._erasure.erase(interaction.user.id, remove_messages=remove)
        locale = str(interaction.locale)
        embed = discord.Embed(title=say(text("Everything is deleted"), locale), colour=BLUE)
        embed.description = "\n\n".join(
            [*[say(each, locale) for each in _done(erased, removed=remove)], _what_stays(locale)]
        )
        await interaction.edit_original_response(embed=embed, view=None)

    @on_press(KeepEverything)
    async def keep_everything(self, interaction: discord.Interaction, button: KeepEverything) -> None:
        """Say that nothing was deleted."""
        kept = say(text("Nothing was deleted."), str(interaction.locale))
        await interaction.response.edit_message(content=kept, embed=None, view=None)


def _told(export: Export, part: int) -> list[Text]:
    lines = [
        text(
            "Here's everything I keep about you. Start with {document}. Keep this file to yourself: the usernames "
            "in it work like keys.",
            document=DOCUMENT,
        )
    ]
    if export.parts > 1:
        lines.append(text("This is part {part} of {parts}.", part=part, parts=export.parts))
    if export.left_out:
        lines.append(
            text(
                "Files that are too large for Discord and were left out: {number}. {document} has a list of them. The "
                "people who run this bot can give them to you.",
                number=export.left_out,
                document=DOCUMENT,
            )
        )
    return lines


def _next(owner: int, part: int, parts: int, locale: str) -> NextPart:
    label = text("Part {part} of {parts}", part=part + 1, parts=parts)
    return NextPart(part + 1, owner, say(label, locale))


def _file_name(part: int, parts: int) -> str:
    return "castbook.zip" if parts == 1 else f"castbook-{part}-of-{parts}.zip"


def _question(data: PersonalData) -> list[Text]:
    lines = [
        text(
            "This deletes your characters with their pictures, clips and stills ({characters}), your videos "
            "({videos}), your tasks ({jobs}), your consent and your open forms. This can't be undone. To get a copy "
            "first, use /privacy export.",
            characters=len(data.characters),
            videos=len(data.videos),
            jobs=len(data.jobs),
        )
    ]
    if data.messages:
        lines.append(
            text(
                "My messages about you that I can still reach: {number}. I can remove them, too. Otherwise the "
                "cards of your characters lose only their name, picture and buttons. I can't remove messages that "
                "only you can see; Discord removes those on its own.",
                number=len(data.messages),
            )
        )
    running = sum(job.step is not Step.DONE for job in data.jobs)
    if running:
        lines.append(
            text(
                "Tasks that are still running: {running}. I'll stop those that ToAPIs isn't working on yet.",
                running=running,
            )
        )
    return lines


def _done(erased: Erased, *, removed: bool) -> list[Text]:
    lines = [
        text(
            "Deleted: characters {characters}, videos {videos}, files {files}, tasks {jobs}.",
            characters=erased.characters,
            videos=erased.videos,
            files=erased.files,
            jobs=len(erased.job_ids),
        )
    ]
    if erased.messages and removed:
        lines.append(
            text(
                "I'm removing my messages about you now: {number}. That may take a few minutes.", number=erased.messages
            )
        )
    elif erased.messages:
        lines.append(text("The cards of your characters lose their name, picture and buttons within a few minutes."))
    if erased.left_running:
        lines.append(
            text(
                "Tasks that ToAPIs is still working on: {number}. It may charge for them, but I won't keep what it "
                "makes.",
                number=erased.left_running,
            )
        )
    return lines


def _what_stays(locale: str) -> str:
    return "\n".join([say(text("**What stays**"), locale), *[f"- {say(each, locale)}" for each in STAYS]])
