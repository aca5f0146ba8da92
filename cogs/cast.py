"""``/character list, show, rename, delete``: everybody's own cast."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot import limits
from bot.chat.buttons import Press, Presses, button
from bot.chat.command_mentions import mentions_of
from bot.chat.forms import Field, durable_form
from bot.chat.markdown import say
from bot.chat.message import MessageContent
from bot.chat.render_cast import PER_PAGE, CastPage, render_page
from bot.chat.render_job import redrawn, render_character
from bot.errors import Refusal, UnknownCharacter
from bot.store.characters import CharacterStore, Sort
from bot.store.files import FileStore
from bot.texts import Text, text
from bot.values.character import Character, clean_name

RENAME_FORM = "rename"
BEFORE_FORM = 0.5  # seconds that a read may take before a form is shown (design, rule 1)

log = structlog.get_logger(__name__)


class Cast(commands.Cog):
    """Adds its commands to ``group`` (/character), and answers the buttons of cards and lists.

    Every query carries the id of whoever asks: somebody else's character is an unknown one.
    """

    def __init__(
        self, *, group: app_commands.Group, presses: Presses, characters: CharacterStore, files: FileStore
    ) -> None:
        self._characters = characters
        self._files = files
        for name, description, callback in (
            ("list", "Show your cast, with pictures.", self.list_cast),
            ("show", "Show one member of your cast: picture, task ID, username.", self.show),
            ("rename", "Call a member of your cast something else.", self.rename),
            ("delete", "Delete a member of your cast. Asks first.", self.delete),
        ):
            group.add_command(
                app_commands.Command[Any, Any, None](name=name, description=description, callback=callback)
            )
        presses.register("list", "page", self.turn)
        presses.register("cast", "rename", self.ask_name)
        presses.register("cast", "delete", self.ask_delete)
        presses.register("cast", "deleteyes", self.delete_yes)
        presses.register("cast", "deleteno", self.delete_no)
        presses.register_form(RENAME_FORM, self.rename_submitted)

    async def _own_names(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        names = await self._characters.names(interaction.user.id, current, limits.AUTOCOMPLETE_CHOICES)
        return [app_commands.Choice(name=name[: limits.CHOICE_NAME], value=name) for name in names]

    # -- list ---------------------------------------------------------------------------------------------------

    @app_commands.describe(search="Part of a name", sort="What comes first (default: the newest)")
    @app_commands.choices(
        sort=[
            app_commands.Choice(name="newest first", value=Sort.NEWEST.value),
            app_commands.Choice(name="by name", value=Sort.NAME.value),
            app_commands.Choice(name="last used first", value=Sort.USED.value),
        ]
    )
    async def list_cast(
        self,
        interaction: discord.Interaction,
        search: app_commands.Range[str, 1, 100] | None = None,
        sort: str = Sort.NEWEST.value,
    ) -> None:
        """The first page."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show_page(interaction, CastPage(0, Sort(sort), clean_name(search or "")))

    async def turn(self, interaction: discord.Interaction, argument: str) -> None:
        """Another page, in the same message."""
        await interaction.response.defer()
        await self._show_page(interaction, CastPage.parse(argument))

    async def _show_page(self, interaction: discord.Interaction, page: CastPage) -> None:
        owner = interaction.user.id
        found, total = await self._find(owner, page)
        if total and not found:  # some were deleted since the button was made
            page = page.within(total)
            found, total = await self._find(owner, page)
        pictures = await self._pictures(found, room=interaction.filesize_limit)
        locale, mentions = str(interaction.locale), mentions_of(interaction.client)
        await _edit(interaction, render_page(owner, page, found, total, pictures, locale, mentions))

    async def _find(self, owner: int, page: CastPage) -> tuple[list[Character], int]:
        return await self._characters.page(
            owner, search=page.search or None, sort=page.sort, offset=page.offset, limit=PER_PAGE
        )

    async def _pictures(self, characters: Sequence[Character], *, room: int) -> dict[int, bytes]:
        """The pictures of ``characters`` as far as they fit into one message of ``room`` bytes."""
        pictures: dict[int, bytes] = {}
        for character in characters:
            if character.picture is None or character.picture.size > room:
                continue
            try:
                pictures[character.id] = await self._files.read(character.picture.key)
            except FileNotFoundError:  # the cast is worth showing without it
                continue
            room -= character.picture.size
        return pictures

    # -- show ---------------------------------------------------------------------------------------------------

    @app_commands.describe(name="Which member of your cast")
    @app_commands.autocomplete(name=_own_names)
    async def show(self, interaction: discord.Interaction, name: str) -> None:
        """One card, for its owner alone."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        character = await self._named(interaction, name)
        pictures = await self._pictures([character], room=interaction.filesize_limit)
        locale, mentions = str(interaction.locale), mentions_of(interaction.client)
        await _edit(
            interaction, render_character(character, pictures.get(character.id), locale, mentions, owner_sees=True)
        )

    # -- rename -------------------------------------------------------------------------------------------------

    @app_commands.describe(name="Which member of your cast", new_name="What to call it from now on")
    @app_commands.autocomplete(name=_own_names)
    async def rename(self, interaction: discord.Interaction, name: str, new_name: str) -> None:
        """By command."""
        wanted = _new_name(new_name)
        await interaction.response.defer(thinking=True, ephemeral=True)
        character = await self._named(interaction, name)
        new = await self._rename(interaction.user.id, character, wanted)
        await _say(interaction, _told(character, wanted, new))

    async def ask_name(self, interaction: discord.Interaction, argument: str) -> None:
        """By button: a form, which has to be the first answer."""
        locale = str(interaction.locale)
        present = await self._present_name(interaction, argument)
        field = Field(name="name", label=say(text("New name"), locale), value=present, max_length=limits.NAME_LENGTH)
        title = say(text("Rename this character"), locale)
        await interaction.response.send_modal(durable_form(RENAME_FORM, argument, title, [field]))

    async def _present_name(self, interaction: discord.Interaction, argument: str) -> str:
        """For the form to begin with; empty where it cannot be had in time."""
        try:
            async with asyncio.timeout(BEFORE_FORM):
                return (await self._by_id(interaction, argument)).name
        except TimeoutError:
            return ""

    async def rename_submitted(
        self, interaction: discord.Interaction, argument: str, values: Mapping[str, str]
    ) -> None:
        """The form comes back, perhaps after a restart. The card it was opened from shows the new name, too."""
        wanted = _new_name(values["name"])
        card = _card_of(interaction, argument)
        await interaction.response.defer(thinking=card is None, ephemeral=True)
        character = await self._by_id(interaction, argument)
        new = await self._rename(interaction.user.id, character, wanted)
        said = _told(character, wanted, new)
        if card is None:
            await _say(interaction, said)
            return
        await interaction.followup.send(say(said, str(interaction.locale)), ephemeral=True)
        await _redraw(interaction, card, new)

    async def _rename(self, owner: int, character: Character, wanted: str) -> Character:
        new = await self._characters.rename(owner, character.id, wanted)
        if new is None:
            raise UnknownCharacter(character.name)
        return new

    # -- delete -------------------------------------------------------------------------------------------------

    @app_commands.describe(name="Which member of your cast")
    @app_commands.autocomplete(name=_own_names)
    async def delete(self, interaction: discord.Interaction, name: str) -> None:
        """By command: asks first."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await _ask_delete(interaction, await self._named(interaction, name))

    async def ask_delete(self, interaction: discord.Interaction, argument: str) -> None:
        """By button: asks first, too."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await _ask_delete(interaction, await self._by_id(interaction, argument))

    async def delete_yes(self, interaction: discord.Interaction, argument: str) -> None:
        """The row first, then the files nothing refers to any more: never a row without its picture."""
        await interaction.response.defer()
        deleted = await self._characters.delete(interaction.user.id, int(argument))
        if deleted is None:
            raise _gone()
        for key in deleted.orphans:
            await self._files.delete(key)
        await _say(
            interaction,
            text(
                "“{name}” and its picture are deleted here. What ToAPIs keeps of it is not mine to delete.",
                name=deleted.character.name,
            ),
        )

    async def delete_no(self, interaction: discord.Interaction, argument: str) -> None:
        """Nothing to look up."""
        kept = say(text("Nothing was deleted."), str(interaction.locale))
        await interaction.response.edit_message(content=kept, view=None)

    # -- one of them --------------------------------------------------------------------------------------------

    async def _named(self, interaction: discord.Interaction, name: str) -> Character:
        character = await self._characters.by_name(interaction.user.id, clean_name(name))
        if character is None:
            raise UnknownCharacter(name)
        return character

    async def _by_id(self, interaction: discord.Interaction, argument: str) -> Character:
        character = await self._characters.get(interaction.user.id, int(argument))
        if character is None:
            raise _gone()
        return character


def _gone() -> Refusal:
    return Refusal(text("That character is no longer in your cast. See /character list for those you have."))


def _new_name(typed: str) -> str:
    name = clean_name(typed)
    if not name:
        raise Refusal(text("That name has no visible character in it. Give another one; nothing was changed."))
    return name


def _told(old: Character, wanted: str, new: Character) -> Text:
    if new.name == wanted:
        return text("“{old}” is called “{new}” now.", old=old.name, new=new.name)
    return text(
        "You already have a “{wanted}”, so “{old}” is called “{new}” now.", wanted=wanted, old=old.name, new=new.name
    )


def _card_of(interaction: discord.Interaction, argument: str) -> discord.Message | None:
    """The card from which the form was opened: it has the button for it."""
    message, wanted = interaction.message, Press("cast", "rename", argument, interaction.user.id).custom_id
    if message is None or len(message.embeds) != 1:
        return None
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    return message if any(getattr(part, "custom_id", None) == wanted for row in rows for part in row.children) else None


async def _redraw(interaction: discord.Interaction, card: discord.Message, character: Character) -> None:
    """The new name on the card; everything else stays. The character has its name, whether this works or not."""
    picture = card.attachments[0].filename if card.attachments else None
    alone = card.flags.ephemeral or interaction.context.dm_channel
    locale, mentions = str(interaction.locale), mentions_of(interaction.client)
    embed = redrawn(card.embeds[0], character, picture, locale, mentions, to_owner=alone)
    try:
        await interaction.edit_original_response(embed=embed, attachments=card.attachments)
    except discord.HTTPException as error:
        log.info("card_not_redrawn", code=error.code)


async def _ask_delete(interaction: discord.Interaction, character: Character) -> None:
    locale, owner, argument = str(interaction.locale), interaction.user.id, str(character.id)
    question = text("Delete “{name}” from your cast, with its picture? This cannot be undone.", name=character.name)
    danger = discord.ButtonStyle.danger
    buttons = (
        button("cast", "deleteyes", argument, owner, say(text("Delete it"), locale), danger),
        button("cast", "deleteno", argument, owner, say(text("Keep it"), locale)),
    )
    await _edit(interaction, MessageContent(embeds=(), buttons=buttons), content=say(question, locale))


async def _say(interaction: discord.Interaction, said: Text) -> None:
    """In place of what the answer showed before."""
    await _edit(interaction, MessageContent(embeds=()), content=say(said, str(interaction.locale)))


async def _edit(interaction: discord.Interaction, card: MessageContent, *, content: str | None = None) -> None:
    await interaction.edit_original_response(
        content=content, embeds=card.embeds, attachments=card.attachments(), view=card.view()
    )
