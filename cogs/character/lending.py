"""Implements ``/character lend``, ``take-back`` and ``borrowed``, and the pages about loans."""

from __future__ import annotations

from datetime import datetime

import discord
from discord import app_commands

from bot import limits
from bot.chat.interaction_handlers import on_press
from bot.chat.lending_buttons import GiveBack, ShowLoans, TakeBack, TurnBorrowed, TurnUses, WatchUse
from bot.chat.markdown import mentions_of, plain
from bot.chat.render_borrowed import render_borrowed
from bot.chat.render_loans import lent, render_lent_video, render_loans, render_uses, taken_back
from bot.chat.replies import edit_answer
from bot.chat.server_lookup import server_lookup_of
from bot.errors import Refusal
from bot.jobs.lending import Lending
from bot.jobs.playable_cast import PlayableCast
from bot.store.files import FileStore
from bot.store.loans import LoanStore
from bot.store.person_consents import PersonConsentStore
from bot.store.videos import VideoStore
from bot.texts import Text, render, text
from bot.values.character import Character
from bot.values.clock import Clock
from bot.values.files import StoredFile
from bot.values.folding import fold
from bot.values.loan import LoanRecipient, read_until
from cogs.character.lookup import CastLookup, deleted


class CharacterLending:
    """Lends characters and takes them back. Another person's loan counts as unknown."""

    def __init__(
        self,
        lookup: CastLookup,
        *,
        lending: Lending,
        loans: LoanStore,
        consents: PersonConsentStore,
        cast: PlayableCast,
        videos: VideoStore,
        files: FileStore,
        clock: Clock,
    ) -> None:
        self._lending = lending
        self._loans = loans
        self._consents = consents
        self._playable = cast
        self._videos = videos
        self._files = files
        self._clock = clock
        self._lookup = lookup

    async def ends(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Autocompletes ``until``: shows when the loan would end. Choosing it does not change what was typed."""
        return [
            app_commands.Choice(name=_end_choice(span, self._clock(), str(interaction.locale)), value=span)
            for span in ((current.strip()[: limits.CHOICE_VALUE],) if current.strip() else ("1d", "7d", "30d"))
        ]

    async def lent_names(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Autocompletes ``name`` of ``take-back``: characters that are lent."""
        wanted = fold(current)
        names = [name for name in await self._loans.lent_names(interaction.user.id) if wanted in fold(name)]
        return [app_commands.Choice(name=name, value=name) for name in names[: limits.AUTOCOMPLETE_CHOICES]]

    # -- the owner ----------------------------------------------------------------------------------------------------

    async def lend(
        self,
        interaction: discord.Interaction,
        name: str,
        to: discord.User | None,
        *,
        server: bool,
        uses: int | None,
        until: str | None,
    ) -> None:
        """Lend it, or change the terms; without a recipient, show who has it."""
        ending = None if until is None else read_until(until, self._clock())
        whom = _whom(interaction, to, server=server)
        if whom is None and (uses is not None or until is not None):
            raise Refusal(
                text("Choose who to lend it to: a person (option **to**) or everyone here (option **server**).")
            )
        await interaction.response.defer(thinking=True, ephemeral=True)
        character = await self._lookup.named(interaction.user.id, name)
        done: Text | None = None
        if whom is not None:
            loan = await self._lending.lend(
                character.owner_id, character.id, whom, guild_id=interaction.guild_id, uses=uses, until=ending
            )
            if loan is None:
                raise deleted()
            done = lent(loan)
        await self._show_loans(interaction, character, done)

    async def take_back(
        self, interaction: discord.Interaction, name: str, person: discord.User | None, *, server: bool
    ) -> None:
        """End loans, even while videos with them are being made."""
        to = None
        if person is not None or server:
            to = LoanRecipient(person=person.id) if person is not None else LoanRecipient(server=_server(interaction))
        await interaction.response.defer(thinking=True, ephemeral=True)
        character = await self._lookup.named(interaction.user.id, name)
        taken = await self._lending.take_back(character.owner_id, character_id=character.id, to=to)
        await self._show_loans(interaction, character, taken_back(character.name, taken))

    @on_press(ShowLoans)
    async def show_loans(self, interaction: discord.Interaction, button: ShowLoans) -> None:
        """Show who has it: in a new message if asked from the character's card, which may be public."""
        message = interaction.message
        if message is not None and message.flags.ephemeral:
            await interaction.response.defer()
        else:
            await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show_loans(interaction, await self._lookup.by_id(interaction.user.id, button.character_id))

    @on_press(TakeBack)
    async def take_back_pressed(self, interaction: discord.Interaction, button: TakeBack) -> None:
        """End that loan, and show the others."""
        await interaction.response.defer()
        owner = interaction.user.id
        found = await self._loans.get(owner, button.loan_id)
        if found is None:
            raise Refusal(text("You have taken that back already."))
        taken = await self._lending.take_back(owner, loan_id=found.id)
        character = await self._lookup.by_id(owner, found.character_id)
        await self._show_loans(interaction, character, taken_back(character.name, taken))

    async def _show_loans(
        self, interaction: discord.Interaction, character: Character, done: Text | None = None
    ) -> None:
        its, locale = (character.owner_id, character.id), str(interaction.locale)
        loans, consents = await self._loans.of_character(*its), await self._consents.of_character(*its)
        servers = await server_lookup_of(interaction.client).names([each.to.server for each in loans])
        card = render_loans(
            character, loans, consents, self._clock(), servers, locale, mentions_of(interaction.client), done=done
        )
        await edit_answer(interaction, card)

    @on_press(TurnUses)
    async def show_uses(self, interaction: discord.Interaction, button: TurnUses) -> None:
        """Show what others have made with it, replacing the loans."""
        await interaction.response.defer()
        character = await self._lookup.by_id(interaction.user.id, button.character_id)
        its, most = (character.owner_id, character.id), limits.LOAN_USES_PER_PAGE
        offset = button.offset
        found, total = await self._loans.uses(*its, offset=offset, limit=most)
        if total and not found:  # some no longer exist
            offset = (total - 1) // most * most
            found, total = await self._loans.uses(*its, offset=offset, limit=most)
        servers = await server_lookup_of(interaction.client).names([use.guild_id for use in found])
        await edit_answer(interaction, render_uses(character, offset, found, total, servers, str(interaction.locale)))

    @on_press(WatchUse)
    async def watch_use(self, interaction: discord.Interaction, button: WatchUse) -> None:
        """Show the owner a video that somebody made with their lent character."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        video = await self._videos.lent_for(interaction.user.id, button.job_id)
        if video is None:
            raise Refusal(text("That video is no longer here."))
        room = min(interaction.filesize_limit, limits.LARGEST_VIDEO_BYTES)
        data = await self._read(video.file, room)
        poster = None if data is not None else await self._read(video.poster, room)
        await edit_answer(interaction, render_lent_video(video, data, poster, str(interaction.locale)))

    async def _read(self, file: StoredFile | None, room: int) -> bytes | None:
        if file is None or file.size > room:
            return None
        try:
            return await self._files.read(file.key)
        except FileNotFoundError:  # the rest is useful without it
            return None

    # -- the borrower -------------------------------------------------------------------------------------------------

    async def borrowed(self, interaction: discord.Interaction) -> None:
        """Show the first page, to the borrower only."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show_borrowed(interaction, 0)

    @on_press(TurnBorrowed)
    async def turn_borrowed(self, interaction: discord.Interaction, button: TurnBorrowed) -> None:
        """Show another page, in the same message."""
        await interaction.response.defer()
        await self._show_borrowed(interaction, button.offset)

    @on_press(GiveBack)
    async def give_back(self, interaction: discord.Interaction, button: GiveBack) -> None:
        """End a loan at the borrower's request."""
        await interaction.response.defer()
        await self._loans.give_back(interaction.user.id, button.loan_id)
        await self._show_borrowed(interaction, 0)

    async def _show_borrowed(self, interaction: discord.Interaction, offset: int) -> None:
        found, most = await self._playable.borrowed(interaction.user.id, interaction.guild_id), limits.BORROWED_PER_PAGE
        offset = min(offset, max(0, (len(found) - 1) // most * most))
        page, room, pictures = found[offset : offset + most], interaction.filesize_limit, {}
        for each in page:
            data = await self._read(each.picture, room)
            if data is not None:
                pictures[each.character_id] = data
                room -= len(data)
        locale, mentions = str(interaction.locale), mentions_of(interaction.client)
        card = render_borrowed(interaction.user.id, offset, page, len(found), pictures, locale, mentions)
        await edit_answer(interaction, card)


def _whom(interaction: discord.Interaction, to: discord.User | None, *, server: bool) -> LoanRecipient | None:
    if to is not None and server:
        raise Refusal(text("Use the option **to** or **server**, not both."))
    if to is not None and to.bot:
        raise Refusal(text("A bot can't borrow a character. Choose a person."))
    if to is not None:
        return LoanRecipient(person=to.id)
    return LoanRecipient(server=_server(interaction)) if server else None


def _server(interaction: discord.Interaction) -> int:
    if interaction.guild_id is None:
        raise Refusal(text("This isn't a server. Use the command in the server that you mean."))
    return interaction.guild_id


def _end_choice(typed: str, now: datetime, locale: str) -> str:
    try:
        until = read_until(typed, now)
    except Refusal as error:
        return plain(render(error.text, locale), limits.CHOICE_NAME)
    end = text("{typed}: until {day} (UTC)", typed=typed, day=f"{until:%Y-%m-%d %H:%M}")
    return plain(render(end, locale), limits.CHOICE_NAME)
