"""Implements ``/character export`` and ``import``: casts as zips with their files, checked before any write."""

from __future__ import annotations

import discord
from discord import ui

from bot import limits
from bot.chat.buttons import BringIn, DropImport, NextCastPart
from bot.chat.durable_items import view
from bot.chat.interaction_handlers import on_press
from bot.chat.markdown import mentions_of, say
from bot.chat.render_import import render_imported, render_offer
from bot.chat.replies import edit_answer
from bot.errors import BadSource, Refusal
from bot.jobs.cast_export import CastExport
from bot.jobs.cast_exporter import CastExporter
from bot.jobs.cast_import import CastImporter
from bot.jobs.export_links import ExportLinks
from bot.store.portable_casts import Selection
from bot.texts import Text, ntext, text
from bot.values.source import Attachment, Link, link
from cogs.character.lookup import CastLookup

_MOST_LINKS = 4  # beside the button for parts, in one row


class CastPortability:
    """Exports and imports characters."""

    def __init__(
        self, lookup: CastLookup, *, exporter: CastExporter, links: ExportLinks, importer: CastImporter
    ) -> None:
        self._lookup = lookup
        self._exporter = exporter
        self._links = links
        self._importer = importer

    # -- export -------------------------------------------------------------------------------------------------

    async def export(self, interaction: discord.Interaction, name: str | None, group: str | None) -> None:
        """Send the owner one or more zips."""
        if name and group:
            raise Refusal(text("Use the option **name** or **group**, not both."))
        await interaction.response.defer(thinking=True, ephemeral=True)
        selection = Selection()
        if name:
            selection = Selection((await self._lookup.named(interaction.user.id, name)).id)
        elif group:
            selection = Selection(group_id=(await self._lookup.group(interaction.user.id, group)).id)
        await self._export(interaction, selection)

    async def _export(self, interaction: discord.Interaction, selection: Selection) -> None:
        """As one file; if that is too large for Discord, by link or else in parts."""
        export = await self._planned(interaction, selection)
        if export.parts > 1 and self._links.possible:
            await self._send_links(interaction, selection)
        else:
            await self._send_part(interaction, export, selection, 1)

    async def _planned(self, interaction: discord.Interaction, selection: Selection) -> CastExport:
        most = min(interaction.filesize_limit, limits.LARGEST_VIDEO_BYTES)
        owner, locale = interaction.user.id, str(interaction.locale)
        export = await self._exporter.plan(owner, selection, limit=most, locale=locale)
        if export is None:
            raise Refusal(_NOBODY if selection.group_id is None else _EMPTY_GROUP)
        return export

    @on_press(NextCastPart)
    async def another_cast_part(self, interaction: discord.Interaction, button: NextCastPart) -> None:
        """Send the next part, when its button is pressed. Each part is made on request, so none has to be stored."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        selection = Selection.parse(button.selection)
        export = await self._planned(interaction, selection)
        if not 1 <= button.part <= export.parts:
            raise Refusal(
                text("That part no longer exists, because your cast has changed. Use /character export again.")
            )
        await self._send_part(interaction, export, selection, button.part)

    async def _send_part(
        self, interaction: discord.Interaction, export: CastExport, selection: Selection, part: int
    ) -> None:
        locale, mentions = str(interaction.locale), mentions_of(interaction.client)
        buttons = []
        if part < export.parts:
            label = text("Part {part} of {parts}", part=part + 1, parts=export.parts)
            buttons.append(NextCastPart(part + 1, str(selection), interaction.user.id, say(label, locale)))
        name = "castbook.zip" if export.parts == 1 else f"castbook-{part}-of-{export.parts}.zip"
        async with self._exporter.part(export, part) as made:
            await interaction.edit_original_response(
                content="\n".join(say(each, locale, mentions) for each in _lines_of(export, part)),
                attachments=[discord.File(made, filename=name)],
                view=view(*buttons) if buttons else None,
            )

    async def _send_links(self, interaction: discord.Interaction, selection: Selection) -> None:
        """One button per zip: Discord does not preview a button's link, as it does with a link in a text."""
        owner, locale = interaction.user.id, str(interaction.locale)
        whole = await self._exporter.plan(owner, selection, limit=None, locale=locale)
        if whole is None:
            raise Refusal(_NOBODY)
        made = view(NextCastPart(1, str(selection), owner, say(text("Send it in parts"), locale)))
        for part in range(1, min(whole.parts, _MOST_LINKS) + 1):
            label = text("Download")
            if whole.parts > 1:
                label = text("Download {part} of {parts}", part=part, parts=whole.parts)
            made.add_item(ui.Button(label=say(label, locale), url=self._links.link(owner, selection, part)))
        reply = (_LINKED, text("Keep it to yourself: for one hour, anyone who has the link gets the file."))
        await interaction.edit_original_response(
            content="\n".join(say(each, locale, mentions_of(interaction.client)) for each in reply), view=made
        )

    # -- import -------------------------------------------------------------------------------------------------

    async def import_cast(
        self,
        interaction: discord.Interaction,
        file: discord.Attachment | None,
        address: str | None,
    ) -> None:
        """Check all of it, and show what would be imported; nothing is written until the owner confirms."""
        source = _source(file, address)
        await interaction.response.defer(thinking=True, ephemeral=True)
        offer = await self._importer.look(interaction.user.id, source)
        await edit_answer(interaction, render_offer(offer, str(interaction.locale), mentions_of(interaction.client)))

    @on_press(BringIn)
    async def bring_in(self, interaction: discord.Interaction, button: BringIn) -> None:
        """Write the import, also after a restart."""
        await interaction.response.defer()
        names = await self._importer.bring_in(interaction.user.id, button.draft_id)
        await edit_answer(interaction, render_imported(names, str(interaction.locale), mentions_of(interaction.client)))

    @on_press(DropImport)
    async def drop_import(self, interaction: discord.Interaction, button: DropImport) -> None:
        """Discard the import."""
        await interaction.response.defer()
        await self._importer.drop(interaction.user.id, button.draft_id)
        await edit_answer(interaction, text("Nothing was imported."))


def _source(file: discord.Attachment | None, address: str | None) -> Attachment | Link:
    if (file is None) == (not address):
        raise BadSource(text("Give exactly one of the options **file** and **link**: the zip itself, or a link to it."))
    if file is not None:
        return Attachment(url=file.url, filename=file.filename, size=file.size)
    return link(address or "")


def _lines_of(export: CastExport, part: int) -> list[Text]:
    lines = [
        ntext(
            "Here is {count} character with its files. /character import takes this zip, here or in another Castbook.",
            "Here are {count} characters with their files. /character import takes this zip, here or in another "
            "Castbook.",
            count=export.characters(part),
        ),
        text("Keep it to yourself: the usernames and task IDs in it work like keys."),
    ]
    if export.parts > 1:
        lines.append(
            text("This is part {part} of {parts}. Each can be imported by itself.", part=part, parts=export.parts)
        )
    if export.left_out:
        lines.append(
            ntext(
                "{count} file is too large for Discord and was left out.",
                "{count} files are too large for Discord and were left out.",
                count=export.left_out,
            )
        )
    return lines


_NOBODY = text("Your cast is empty, so there's nothing to export yet. Make a character with /character create.")
_EMPTY_GROUP = text("That group is empty, so there's nothing to export.")
_LINKED = text("Your export is too large for one message, so you can download it from my own server.")
