"""Updates messages that show a character: a rename is shown, a deletion empties or deletes them.

The pending change is in the message's row, so it survives restarts. Messages are updated one by one, after whatever
people are waiting for.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from random import Random

import discord
import structlog

from bot import limits
from bot.chat.character_cards import CharacterCards
from bot.chat.interaction_webhook import message_at, webhook_of
from bot.chat.markdown import mentions_of
from bot.chat.message import MessageContent
from bot.chat.private_reply import gone_is_fine
from bot.chat.render_character import render_character, render_emptied, render_result
from bot.chat.rest_errors import EDITED_TOO_OFTEN, RouteClosed, TooLarge, understood
from bot.concurrency import FairLimiter
from bot.jobs.backoff import backoff
from bot.jobs.ports import DiscordUnavailable
from bot.store.characters import CharacterStore
from bot.store.files import FileStore
from bot.store.owned_jobs import OwnedJobStore
from bot.store.sent_messages import SentMessageStore
from bot.values.character import Character
from bot.values.clock import Clock
from bot.values.sent_message import PendingUpdate, SentMessage, ShownContent

log = structlog.get_logger(__name__)


class MessageUpdates:
    """Carries out the pending changes to earlier messages."""

    def __init__(
        self,
        client: discord.Client,
        messages: SentMessageStore,
        *,
        cards: CharacterCards,
        characters: CharacterStore,
        jobs: OwnedJobStore,
        files: FileStore,
        clock: Clock,
        random: Random,
        sends: FairLimiter | None = None,
    ) -> None:
        """``sends``: each message holds one of these places while it is sent; ``None``: no limit."""
        self._client = client
        self._messages = messages
        self._cards = cards
        self._characters = characters
        self._jobs = jobs
        self._files = files
        self._clock = clock
        self._random = random
        self._sends = sends or FairLimiter(sys.maxsize)
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """There may be a pending change; other processes are told as well."""
        self._messages.tell_others()
        self.look()

    def look(self) -> None:
        """Another process says that there may be a pending change."""
        self._wanted.set()

    async def run(self) -> None:
        """Run until cancelled. Interrupted changes are repeated: the same edit twice changes nothing."""
        while True:
            self._wanted.clear()
            try:
                if not await self.update():
                    async with asyncio.timeout(await self._until_next()):
                        await self._wanted.wait()
            except TimeoutError:
                pass
            except Exception as error:  # noqa: BLE001 - tried again at the next look
                self._messages.outage.failed("message_updates_failed", error)
                await asyncio.sleep(limits.MESSAGES_LOOK)

    async def _until_next(self) -> float:
        """Seconds until something is due, at most the interval between two looks; a moment if not logged in yet."""
        due = await self._messages.next_due()
        if due is None:
            return limits.MESSAGES_LOOK
        return min(max((due - self._clock()).total_seconds(), limits.MESSAGES_PAUSE), limits.MESSAGES_LOOK)

    async def update(self) -> bool:
        """Do some of the due changes; returns whether there may be more. Does nothing before the login."""
        if self._client.is_closed() or self._client.application_id is None:
            return False
        due = await self._messages.due(self._clock(), limits.MESSAGES_AT_ONCE)
        for message in due:
            try:
                await self._update(message)
            except Exception as error:  # noqa: BLE001 - must not hold up the others
                self._messages.outage.failed("message_update_failed", error, message=message.id)
                await self._later(message, None)
        return len(due) == limits.MESSAGES_AT_ONCE

    async def _update(self, message: SentMessage) -> None:
        if not self._leads_there(message):
            await self._messages.forget(message)
            return
        try:
            async with self._sends.place(message.owner_id or 0):
                await self._do(message)
        except RouteClosed as closed:
            if closed.code == EDITED_TOO_OFTEN:
                await self._later(message, limits.EDITED_TOO_OFTEN)
                return
            log.info("message_out_of_reach", wanted=message.wanted, code=closed.code)
            await self._messages.forget(message)
        except DiscordUnavailable as trouble:
            await self._later(message, timedelta(seconds=trouble.retry_after or 0.0))
        else:
            await self._messages.done(message)

    async def _later(self, message: SentMessage, at_least: timedelta | None) -> None:
        if message.attempts >= limits.MESSAGE_ATTEMPTS:
            log.warning("message_given_up", wanted=message.wanted)
            await self._messages.forget(message)
            return
        wait = backoff(message.attempts + 1, self._random, most=3600.0)
        await self._messages.postpone(message, self._clock() + max(wait, at_least or timedelta()))

    def _leads_there(self, message: SentMessage) -> bool:
        """Without a token, or with a usable one: calls with expired tokens count towards a ban."""
        return message.token_at is None or self._clock() - message.token_at < limits.TOKEN_USABLE

    async def _do(self, message: SentMessage) -> None:
        if message.wanted is PendingUpdate.REMOVED:
            with gone_is_fine():
                await self._delete(message)
        elif message.wanted is PendingUpdate.EMPTIED:
            await self._edit(message, render_emptied(message.locale))
        elif message.wanted is PendingUpdate.REDRAWN:
            card = await self._redrawn(message)
            if card is not None:
                try:
                    await self._edit(message, card)
                except TooLarge:
                    lean = await self._redrawn(message, pictured=False)
                    await self._edit(message, lean or card)

    async def _redrawn(self, message: SentMessage, *, pictured: bool = True) -> MessageContent | None:
        """The card with its character's current name; ``None`` if that is gone: another change follows then."""
        owner, locale, commands = message.owner_id or 0, message.locale, mentions_of(self._client)
        character = await self._characters.get(owner, message.character_id or 0)
        if character is None:
            return None
        picture = await self._picture(character) if pictured else None
        job = await self._jobs.get(owner, message.job_id) if message.job_id else None
        if message.shows is ShownContent.RESULT and job is not None:
            kept = await self._characters.reference_set(owner, character.id)
            return render_result(job, character, picture, locale, commands, reference_set=kept)
        if message.shows is ShownContent.RESULT:
            return render_character(character, picture, locale, commands, owner_sees=False)
        return await self._cards.own(character, picture, locale, commands, pictured=pictured)

    async def _picture(self, character: Character) -> bytes | None:
        try:
            return None if character.picture is None else await self._files.read(character.picture.key)
        except FileNotFoundError:
            return None

    # -- requests -------------------------------------------------------------------------------------------------

    async def _edit(self, message: SentMessage, card: MessageContent) -> None:
        """Afterwards the message shows only the card: a mention of the owner has served its purpose."""
        async with understood(limits.MESSAGE_PATIENCE):
            if message.token is None:
                await self._partial(message).edit(**card.as_edit())
            else:
                webhook = webhook_of(self._client, message.token)
                await webhook.edit_message(message_at(message.message_id), **card.as_edit())

    async def _delete(self, message: SentMessage) -> None:
        async with understood(limits.MESSAGE_PATIENCE):
            if message.token is None:
                await self._partial(message).delete()
            else:
                await webhook_of(self._client, message.token).delete_message(message_at(message.message_id))

    def _partial(self, message: SentMessage) -> discord.PartialMessage:
        return self._client.get_partial_messageable(message.channel_id).get_partial_message(message.message_id or 0)
