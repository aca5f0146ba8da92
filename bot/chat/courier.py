"""Brings what a job has to say to its owner (design, rule 5): the original reply, the channel, a direct message."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import discord
import structlog

from bot import limits, metrics
from bot.chat.delivery_routes import Delivery, DeliveryRoutes, Route, question_id
from bot.chat.markdown import mentions_of, say
from bot.chat.message import MessageContent
from bot.chat.render_job import (
    render_failure,
    render_gone,
    render_last_word,
    render_progress,
    render_question,
    render_result,
)
from bot.chat.render_picker import render_picker
from bot.chat.rest_errors import RouteClosed
from bot.concurrency import FairLimiter
from bot.jobs.ports import Content, DiscordUnavailable, NothingMade, RecordAttempt, Undeliverable
from bot.log import unexpected
from bot.store.files import FileStore
from bot.texts import Text, text
from bot.values.character import Character
from bot.values.clock import Clock
from bot.values.job import DeliveryRoute, Job, Origin, Question

log = structlog.get_logger(__name__)

_MOST_REMEMBERED = 5_000  # jobs whose progress is shown; far beyond what runs at once
_OPERATOR_LOCALE = "en"


@dataclass(frozen=True, slots=True)
class _Shown:
    """The progress a job's message shows, since when. ``closed``: the message is gone, or its token is."""

    what: tuple[Text, int | None]
    at: datetime
    token_at: datetime
    closed: bool = False


class DiscordCourier:
    """:class:`bot.jobs.ports.Courier` over Discord's REST interface; it needs a login, and no gateway."""

    def __init__(
        self,
        client: discord.Client,
        files: FileStore,
        *,
        clock: Clock,
        owners: Sequence[int],
        sends: FairLimiter | None = None,
    ) -> None:
        """``sends``: a place among the messages that are sent at once is held for each; ``None``: no limit."""
        self._client = client
        self._files = files
        self._clock = clock
        self._owners = tuple(owners)
        self._routes = DeliveryRoutes(client, clock)
        self._sends = sends or FairLimiter(sys.maxsize)
        self._shown: OrderedDict[str, _Shown] = OrderedDict()
        self._alarms: dict[str, datetime] = {}

    # -- progress -----------------------------------------------------------------------------------------------

    async def progress(self, job: Job, state: Text, percent: int | None) -> None:
        """Show how ``job`` stands: on a change, at most once in :data:`bot.limits.PROGRESS_GAP`. Never raises."""
        shown = _Shown((state, percent), self._clock(), job.origin.token_at)
        if not self._routes.token_usable(job.origin) or not self._worth_showing(job, shown):
            return
        with self._sends.place_now(job.owner_id) as free:
            if free:  # otherwise it is skipped: the next one comes soon, and nothing waits for this one
                await self._edit_progress(job, shown, state, percent)

    async def _edit_progress(self, job: Job, shown: _Shown, state: Text, percent: int | None) -> None:
        self._remember(job, shown)
        try:
            await self._routes.edit(
                job.origin, render_progress(job, state, percent, job.origin.locale), limits.PROGRESS_PATIENCE
            )
        except RouteClosed as closed:
            self._remember(job, replace(shown, closed=True))
            log.info("progress_not_shown", job=job.id, code=closed.code)
        except DiscordUnavailable:
            log.info("progress_not_shown", job=job.id)
        except Exception as error:  # noqa: BLE001 - a job never fails because of its progress bar
            unexpected("progress_failed", error, job=job.id)

    def _worth_showing(self, job: Job, new: _Shown) -> bool:
        old = self._shown.get(job.id)
        if old is None or old.token_at != new.token_at:
            return True
        return not old.closed and old.what != new.what and new.at - old.at >= limits.PROGRESS_GAP

    def _remember(self, job: Job, shown: _Shown) -> None:
        self._shown[job.id] = shown
        self._shown.move_to_end(job.id)
        if len(self._shown) > _MOST_REMEMBERED:
            self._shown.popitem(last=False)

    # -- questions ----------------------------------------------------------------------------------------------

    async def ask(self, job: Job, question: Question, record: RecordAttempt, picture: bytes | None = None) -> Origin:
        """Show ``question`` to the owner of ``job`` alone; returns where it stands now.

        A public message is replaced by one that only they see; once the token is dead, it is a direct message. Raises
        Undeliverable where that cannot be sent either, and DiscordUnavailable where asking again later may work.
        """
        origin, commands = job.origin, mentions_of(self._client)
        if question is Question.SECONDS:
            card = render_picker(job, picture, origin.locale, commands)
        else:
            card = render_question(job, question, origin.locale, commands)
        async with self._sends.place(job.owner_id):
            try:
                return await self._ask_in_place(job, card)
            except RouteClosed as closed:
                log.info("question_not_in_place", job=job.id, code=closed.code)
            found_by = text("Question {id}", id=question_id(job, question))  # after a kill
            card.embeds[0].set_footer(text=say(found_by, origin.locale))
            try:
                return await self._routes.question_by_dm(job, question, card, record)
            except RouteClosed as closed:
                log.info("question_not_shown", job=job.id, code=closed.code)
                raise Undeliverable from None

    async def _ask_in_place(self, job: Job, card: MessageContent) -> Origin:
        origin = job.origin
        if origin.ephemeral:
            await self._routes.edit(origin, card, limits.MESSAGE_PATIENCE)
            return origin
        first = text("There is a question first, for <@{owner}>.", owner=job.owner_id)
        return await self._routes.instead(origin, card, render_last_word(first, origin.locale))

    async def expire(self, job: Job) -> None:
        """Say in the place of the job's question that it has expired, where it still can be reached. Never raises."""
        expired = text("You didn't answer within a day, so I stopped. Nothing was charged.")
        try:
            async with self._sends.place(job.owner_id):
                await self._routes.edit_dm(job, render_last_word(expired, job.origin.locale))
        except (RouteClosed, DiscordUnavailable):
            log.info("expiry_not_shown", job=job.id)
        except Exception as error:  # noqa: BLE001 - it has expired, whether it shows or not
            unexpected("expiry_failed", error, job=job.id)

    # -- the end ------------------------------------------------------------------------------------------------

    async def deliver(self, job: Job, content: Content, record: RecordAttempt) -> bool:
        """Hand the end of ``job`` to its owner by the first way that is open; ``False`` where none is.

        ``record`` is awaited before each message. Raises DiscordTrouble where trying again later may work; what
        arrived after all is found again then.
        """
        self._routes.check_login()
        self._shown.pop(job.id, None)
        delivery = await self._delivery(job, content)
        for path, route in self._open_routes(job):
            try:
                async with self._sends.place(job.owner_id):
                    await route(job, delivery, record)
            except RouteClosed as closed:
                log.info("way_closed", job=job.id, path=path.value, code=closed.code)
            else:
                metrics.DELIVERIES.labels(path).inc()
                return True
        return False

    def _open_routes(self, job: Job) -> Iterator[tuple[DeliveryRoute, Route]]:
        origin = job.origin
        if self._routes.token_usable(origin):
            yield DeliveryRoute.ORIGINAL, self._routes.original
        if origin.bot_is_member and not origin.private and not origin.ephemeral:
            yield DeliveryRoute.CHANNEL, self._routes.channel
        yield DeliveryRoute.DM, self._routes.dm

    async def _delivery(self, job: Job, content: Content) -> Delivery:
        locale, commands = job.origin.locale, mentions_of(self._client)
        if isinstance(content, NothingMade):
            card = render_failure(job, locale, commands)
            return Delivery(card, card, say(text("I could not make your character."), locale))
        sentence = say(text("Your character is ready."), locale)
        character = content.character
        if character is None:
            card = render_gone(job, locale, commands)
            return Delivery(card, card, sentence)
        lean = render_result(job, character, None, locale, commands)
        picture = await self._picture(character)
        full = lean if picture is None else render_result(job, character, picture, locale, commands)
        return Delivery(full, lean, sentence)

    async def _picture(self, character: Character) -> bytes | None:
        if character.picture is None:
            return None
        try:
            return await self._files.read(character.picture.key)
        except FileNotFoundError:
            log.error("picture_missing", character=character.id)
            return None

    async def withdraw(self, job: Job, message: Text) -> None:
        """Put ``message`` in the place of the job's own, while that can be reached. Never raises."""
        self._shown.pop(job.id, None)
        if not self._routes.token_usable(job.origin):
            return
        try:
            card = render_last_word(message, job.origin.locale, mentions_of(self._client))
            await self._routes.edit(job.origin, card, limits.PROGRESS_PATIENCE)
        except (RouteClosed, DiscordUnavailable):
            log.info("not_withdrawn", job=job.id)
        except Exception as error:  # noqa: BLE001 - what was withdrawn is withdrawn, whether it shows or not
            unexpected("withdrawal_failed", error, job=job.id)

    # -- operators ----------------------------------------------------------------------------------------------

    async def tell_operators(self, message: Text) -> None:
        """A direct message to each owner in the settings; the same one at most once an hour. Never raises."""
        try:
            await self._tell_operators(message)
        except Exception as error:  # noqa: BLE001 - whoever reports trouble must not have more of it
            unexpected("operators_not_told", error)

    async def _tell_operators(self, message: Text) -> None:
        words, now = say(message, _OPERATOR_LOCALE), self._clock()
        self._alarms = {told: at for told, at in self._alarms.items() if now - at < limits.SAME_ALARM}
        if words in self._alarms:
            return
        log.warning("operators_told", message=message.msgid)
        for owner in self._owners:
            try:
                await self._routes.plain_dm(owner, words)
            except (RouteClosed, DiscordUnavailable):
                log.warning("operator_not_reached", operator=owner)
            else:
                self._alarms[words] = now
