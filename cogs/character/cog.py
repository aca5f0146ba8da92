"""The group ``/character``: every command with its options, and the part that implements it."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot import limits
from bot.store.cast_search import Sort
from cogs.character.consent import ConsentRequests
from cogs.character.creation import CharacterCreation, echoed
from cogs.character.deletion import CharacterDeletion
from cogs.character.editing import CharacterEditing
from cogs.character.lending import CharacterLending
from cogs.character.listing import CastListing
from cogs.character.lookup import CastAutocompletes, CastLookup
from cogs.character.portability import CastPortability

_Choices = list[app_commands.Choice[str]]


class CharacterCommands(
    CastAutocompletes,
    commands.GroupCog,
    group_name="character",
    group_description="Make characters, and look after your cast.",
):
    """Passes each command to its part. ``parts`` also handle buttons and forms."""

    def __init__(
        self,
        lookup: CastLookup,
        *,
        creation: CharacterCreation,
        listing: CastListing,
        editing: CharacterEditing,
        deletion: CharacterDeletion,
        lending: CharacterLending,
        consent: ConsentRequests,
        portability: CastPortability,
    ) -> None:
        super().__init__()
        self.lookup = lookup
        self._creation = creation
        self._listing = listing
        self._editing = editing
        self._deletion = deletion
        self._lending = lending
        self._consent = consent
        self._portability = portability
        self.parts = (creation, listing, editing, deletion, lending, consent, portability)

    # -- autocompletes of single options; those of names and groups: CastAutocompletes ---------------------------------

    async def _finished_videos(self, interaction: discord.Interaction, current: str) -> _Choices:
        return await self._creation.finished_videos(interaction, current)

    async def _available_models(self, interaction: discord.Interaction, current: str) -> _Choices:
        return await self._creation.available_models(current)

    async def _seconds_as_read(self, interaction: discord.Interaction, current: str) -> _Choices:
        return echoed(current, str(interaction.locale))

    async def _loan_ends(self, interaction: discord.Interaction, current: str) -> _Choices:
        return await self._lending.ends(interaction, current)

    async def _lent_names(self, interaction: discord.Interaction, current: str) -> _Choices:
        return await self._lending.lent_names(interaction, current)

    # -- making characters --------------------------------------------------------------------------------------------

    @app_commands.command(name="create", description="Make a reusable character from 1 to 3 seconds of a video.")
    @app_commands.describe(
        seconds="The 1 to 3 seconds to use, such as 1-3 or 0:04-0:06.5 (leave this out to pick them)",
        video="A clip with sound and one main character",
        link="A link to a video file, instead of an attachment",
        task="One of your own videos, or the ID of an earlier video task, instead of an attachment",
        name="A name for the character (leave this out and name it later)",
        model="The model to use (default: one that works)",
        private="Show the result only to you (default: this server's setting)",
    )
    @app_commands.rename(seconds="range")
    @app_commands.autocomplete(task=_finished_videos, seconds=_seconds_as_read, model=_available_models)
    async def create(
        self,
        interaction: discord.Interaction,
        video: discord.Attachment | None = None,
        link: str | None = None,
        task: str | None = None,
        seconds: str | None = None,
        name: str | None = None,
        model: str | None = None,
        private: bool | None = None,
    ) -> None:
        """Start a job."""
        await self._creation.create(interaction, video, link, task, seconds, name=name, model=model, private=private)

    @app_commands.command(name="new", description="Make a character with one form: good on a phone.")
    async def new(self, interaction: discord.Interaction) -> None:
        """Open the form of a character."""
        await self._creation.new(interaction)

    @app_commands.command(name="preview", description="See a video as a filmstrip, with its best seconds. Free.")
    @app_commands.describe(video="A clip", link="A link to a video file, instead of an attachment")
    async def preview(
        self, interaction: discord.Interaction, video: discord.Attachment | None = None, link: str | None = None
    ) -> None:
        """Start a preview job."""
        await self._creation.preview(interaction, video, link)

    # -- looking at the cast ------------------------------------------------------------------------------------------

    @app_commands.command(name="list", description="Show your cast, with pictures.")
    @app_commands.describe(
        search="Part of a name, a note or a tag",
        sort="The order (default: recently used or made first; in a search: best match first)",
        group="Only those in this group",
    )
    @app_commands.choices(
        sort=[
            app_commands.Choice(name="recently used or made first", value=Sort.RECENT.value),
            app_commands.Choice(name="newest first", value=Sort.NEWEST.value),
            app_commands.Choice(name="by name", value=Sort.NAME.value),
            app_commands.Choice(name="most used first", value=Sort.USED.value),
        ]
    )
    @app_commands.autocomplete(group=CastAutocompletes.own_groups)
    async def list_cast(
        self,
        interaction: discord.Interaction,
        search: app_commands.Range[str, 1, 100] | None = None,
        sort: str | None = None,
        group: str | None = None,
    ) -> None:
        """Show the first page of the cast."""
        await self._listing.list_cast(interaction, search, sort, group)

    @app_commands.command(name="show", description="Show one character: picture, task ID, username.")
    @app_commands.describe(name="The character")
    @app_commands.autocomplete(name=CastAutocompletes.own_names)
    async def show(self, interaction: discord.Interaction, name: str) -> None:
        """Show one character."""
        await self._listing.show(interaction, name)

    # -- changing characters ------------------------------------------------------------------------------------------

    @app_commands.command(name="edit", description="Change a character's name, note, tags or picture.")
    @app_commands.describe(name="The character")
    @app_commands.autocomplete(name=CastAutocompletes.own_names)
    async def edit(self, interaction: discord.Interaction, name: str) -> None:
        """Open the form of one character."""
        await self._editing.edit(interaction, name)

    @app_commands.command(name="rename", description="Give one of your characters another name.")
    @app_commands.describe(name="The character", typed="Its new name")
    @app_commands.rename(typed="new_name")
    @app_commands.autocomplete(name=CastAutocompletes.own_names)
    async def rename(self, interaction: discord.Interaction, name: str, typed: str) -> None:
        """Rename one character."""
        await self._editing.rename(interaction, name, typed)

    @app_commands.command(name="default", description="Choose who is in your videos here when you don't name anyone.")
    @app_commands.describe(name="The character; leave it out to have no default here")
    @app_commands.autocomplete(name=CastAutocompletes.own_names)
    async def default(self, interaction: discord.Interaction, name: str | None = None) -> None:
        """Set the default character for this server, or for direct messages."""
        await self._editing.default(interaction, name)

    @app_commands.command(name="delete", description="Delete one of your characters. Asks first.")
    @app_commands.describe(name="The character")
    @app_commands.autocomplete(name=CastAutocompletes.own_names)
    async def delete(self, interaction: discord.Interaction, name: str) -> None:
        """Ask whether to delete a character."""
        await self._deletion.delete(interaction, name)

    # -- lending, and the people in characters ------------------------------------------------------------------------

    @app_commands.command(name="lend", description="Lend a character to somebody for their videos, or see who has it.")
    @app_commands.describe(
        name="The character",
        to="Who to lend it to; leave it out to see who has it",
        server="Lend it to everyone in this server instead",
        uses="How many videos may be made with it (default: any number)",
        until="Until when, such as 12h, 7d, 2w or 2026-12-24 (default: until you take it back)",
    )
    @app_commands.autocomplete(name=CastAutocompletes.own_names, until=_loan_ends)
    async def lend(
        self,
        interaction: discord.Interaction,
        name: str,
        to: discord.User | None = None,
        server: bool = False,
        uses: app_commands.Range[int, 1, limits.LOAN_USES] | None = None,
        until: str | None = None,
    ) -> None:
        """Lend one character, or show who has it."""
        await self._lending.lend(interaction, name, to, server=server, uses=uses, until=until)

    @app_commands.command(name="take-back", description="Take a character back that you have lent.")
    @app_commands.describe(
        name="The character",
        person="Who to take it back from (default: everybody)",
        server="Take it back from this server",
    )
    @app_commands.rename(person="from")
    @app_commands.autocomplete(name=_lent_names)
    async def take_back(
        self, interaction: discord.Interaction, name: str, person: discord.User | None = None, server: bool = False
    ) -> None:
        """End loans of one character."""
        await self._lending.take_back(interaction, name, person, server=server)

    @app_commands.command(name="borrowed", description="Show the characters that others have lent to you.")
    async def borrowed(self, interaction: discord.Interaction) -> None:
        """Show what the person has borrowed."""
        await self._lending.borrowed(interaction)

    @app_commands.command(name="ask-consent", description="Ask the person in a character whether you may use it.")
    @app_commands.describe(name="The character", person="Who is in it; a no deletes the character")
    @app_commands.autocomplete(name=CastAutocompletes.own_names)
    async def ask_consent(self, interaction: discord.Interaction, name: str, person: discord.User) -> None:
        """Ask the person shown in a character for consent."""
        await self._consent.ask_consent(interaction, name, person)

    # -- export and import --------------------------------------------------------------------------------------------

    @app_commands.command(
        name="export", description="Take characters with you: a zip with their clips, pictures and voice."
    )
    @app_commands.describe(name="One character (default: your whole cast)", group="Everybody in one group")
    @app_commands.autocomplete(name=CastAutocompletes.own_names, group=CastAutocompletes.own_groups)
    async def export(self, interaction: discord.Interaction, name: str | None = None, group: str | None = None) -> None:
        """Export the cast, a group or one character."""
        await self._portability.export(interaction, name, group)

    @app_commands.command(name="import", description="Import characters from a zip. Shows first what it would add.")
    @app_commands.describe(
        file="A zip from /character export or /privacy export, even from another Castbook",
        address="A link to that zip, instead of an attachment",
    )
    @app_commands.rename(address="link")
    async def import_cast(
        self,
        interaction: discord.Interaction,
        file: discord.Attachment | None = None,
        address: str | None = None,
    ) -> None:
        """Show what would be imported."""
        await self._portability.import_cast(interaction, file, address)
