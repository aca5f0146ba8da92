"""Implements ``/character ask-consent``: asks the person shown in a character. A no deletes it."""

from __future__ import annotations

import discord
import structlog

from bot import limits
from bot.chat.card import AttachedFile
from bot.chat.direct_message import send_dm
from bot.chat.interaction_handlers import on_press
from bot.chat.lending_buttons import ConsentButton, SayNo, SayYes, SeeQuestion
from bot.chat.message import picture_file
from bot.chat.render_person_consent import answer_told, render_person_call, render_person_question
from bot.chat.replies import edit_answer
from bot.errors import Refusal
from bot.jobs.lending import Lending
from bot.store.characters import CharacterStore
from bot.store.person_consents import PersonConsentStore
from bot.texts import text
from bot.values.clock import Clock
from bot.values.loan import Answer, PersonConsent
from cogs.character.lookup import CastLookup, deleted

log = structlog.get_logger(__name__)


class ConsentRequests:
    """Asks the people shown in characters, and acts on their answers."""

    def __init__(
        self,
        lookup: CastLookup,
        *,
        lending: Lending,
        consents: PersonConsentStore,
        characters: CharacterStore,
        clock: Clock,
    ) -> None:
        self._lending = lending
        self._consents = consents
        self._characters = characters
        self._clock = clock
        self._lookup = lookup

    async def ask_consent(self, interaction: discord.Interaction, name: str, person: discord.User) -> None:
        """Ask by direct message; if they accept none, by a message in this channel that does not say what is asked."""
        if person.bot or person.id == interaction.user.id:
            raise Refusal(text("Choose the person who is in the clip, if that is somebody else."))
        await interaction.response.defer(thinking=True, ephemeral=True)
        character = await self._lookup.named(interaction.user.id, name)
        consent = await self._consents.ask(character.owner_id, character.id, person.id, now=self._clock())
        if consent is None:
            raise deleted()
        locale = str(interaction.guild_locale or interaction.locale)  # their own is unknown
        question = render_person_question(consent, await self._person_picture(consent, locale), locale)
        if await send_dm(interaction.client, person.id, question):
            await self._consents.sent(consent.owner_id, consent.id, now=self._clock())
            await edit_answer(
                interaction,
                text("I asked <@{person}> in a direct message. I'll tell you the answer.", person=person.id),
            )
            return
        await self._call_person(interaction, consent, locale)

    async def _call_person(self, interaction: discord.Interaction, consent: PersonConsent, locale: str) -> None:
        person = consent.person_id
        called: discord.Message | None = None
        if interaction.guild_id is not None:
            reply = text(
                "I can't DM <@{person}>, so I've mentioned them here. Only they see the question. I'll tell you the "
                "answer.",
                person=person,
            )
            await edit_answer(interaction, reply)
            called = await interaction.followup.send(**render_person_call(consent, locale).as_new(), wait=True)
        if called is not None and not called.flags.ephemeral:
            await self._consents.sent(consent.owner_id, consent.id, now=self._clock())
            return
        await self._consents.unask(consent.owner_id, consent.id)
        if called is not None:
            await called.delete()
        await edit_answer(
            interaction,
            text(
                "I can't DM <@{person}>. Ask again in a server where you both are and I am, too.",
                person=person,
            ),
        )

    @on_press(SeeQuestion)
    async def see(self, interaction: discord.Interaction, button: SeeQuestion) -> None:
        """Show the question to that person only."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        consent = await self._consents.asked(interaction.user.id, button.consent_id)
        if consent is None:
            raise Refusal(text("That question is gone: the person who asked it deleted it."))
        await self._show_question(interaction, consent)

    @on_press(SayYes)
    async def yes(self, interaction: discord.Interaction, button: SayYes) -> None:
        """Record the answer, and tell the owner."""
        await self._person_answered(interaction, button, Answer.YES)

    @on_press(SayNo)
    async def no(self, interaction: discord.Interaction, button: SayNo) -> None:
        """Delete the character with its files, and tell the owner."""
        await self._person_answered(interaction, button, Answer.NO)

    async def _person_answered(self, interaction: discord.Interaction, button: ConsentButton, answer: Answer) -> None:
        await interaction.response.defer()
        before = await self._consents.asked(interaction.user.id, button.consent_id)
        consent, gone = await self._lending.answered(interaction.user.id, button.consent_id, answer)
        news = before is not None and before.answer is not consent.answer
        if news and before is not None and before.name is not None:
            locale = str(interaction.guild_locale or interaction.locale)
            if await send_dm(interaction.client, consent.owner_id, answer_told(consent, before.name, locale)):
                await self._consents.told(consent.owner_id, [consent.id])
            else:  # with their next command
                log.info("owner_told_later", removed=gone is not None)
        await self._show_question(interaction, consent)

    async def _show_question(self, interaction: discord.Interaction, consent: PersonConsent) -> None:
        locale = str(interaction.locale)
        picture = await self._person_picture(consent, locale)
        await edit_answer(interaction, render_person_question(consent, picture, locale))

    async def _person_picture(self, consent: PersonConsent, locale: str) -> AttachedFile | None:
        """A picture of the character that they are asked about."""
        character = await self._characters.get(consent.owner_id, consent.character_id)
        if character is None or consent.answer is Answer.NO:
            return None
        found = await self._lookup.pictures([character], room=limits.PICTURE_BYTES)
        data = found.get(character.id)
        return None if data is None else picture_file(character, data, locale)
