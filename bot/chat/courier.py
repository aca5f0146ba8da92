"""Brings what a job has to say to its owner, and to everybody what everybody may see of it (design, rule 5)."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import discord
import structlog

from bot import limits, metrics
from bot.chat.announcements import Announcements, progress_id
from bot.chat.delivery_attempts import DeliveryAttempts
from bot.chat.delivery_routes import Delivery, DeliveryRoutes, Kept
from bot.chat.markdown import mentions_of, say
from bot.chat.message import MessageContent
from bot.chat.operator_alarms import OperatorAlarms
from bot.chat.own_messages import OwnMessages
from bot.chat.private_box import PrivateBox, question_id
from bot.chat.render_job import (
    render_announcement,
    render_failure,
    render_gone,
    render_last_word,
    render_pointer,
    render_progress,
    render_question,
    render_result,
)
from bot.chat.render_picker import render_picker
from bot.chat.render_video import render_video, render_video_gone
from bot.chat.rest_errors import RouteClosed
from bot.chat.sent_notes import NoteSent, end_of, note_nothing, question_at
from bot.concurrency import FairLimiter
from bot.jobs.ports import (
    Content,
    DiscordUnavailable,
    NothingMade,
    RecordAnnouncement,
    RecordAttempt,
    Undeliverable,
    VideoMade,
)
from bot.log import unexpected
from bot.store.files import FileStore
from bot.texts import Text, text
from bot.values.character import Character
from bot.values.clock import Clock
from bot.values.job import Announcement, DeliveryRoute, Job, JobKind, Origin, Question

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The progress a job's message shows, since when. ``closed``: the message is gone, or its token is."""

    what: tuple[Text, int | None]
    at: datetime
    token_at: datetime
    public: bool
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
        note_sent: NoteSent = note_nothing,
    ) -> None:
        """``sends``: a place among the messages that are sent at once is held for each; ``None``: no limit."""
        self._client = client
        self._note_sent = note_sent
        self._files = files
        self._clock = clock
        own_messages = OwnMessages(client)
        self._box = PrivateBox(client, clock, own_messages)
        self._announcements = Announcements(client, clock, own_messages)
        self._routes = DeliveryRoutes(client, clock, self._box, self._announcements, own_messages)
        self._operators = OperatorAlarms(client, owners, clock)
        self._sends = sends or FairLimiter(sys.maxsize)
        self._shown: OrderedDict[str, _Shown] = OrderedDict()

    # -- progress -----------------------------------------------------------------------------------------------

    async def progress(self, job: Job, state: Text, percent: int | None) -> None:
        """Show how ``job`` stands: on a change, at most once in :data:`bot.limits.PROGRESS_GAP`. Never raises."""
        shown = _Shown((state, percent), self._clock(), job.origin.token_at, _announced(job) is not None)
        if not (shown.public or self._box.reachable(job)) or not self._worth_showing(job, shown):
            return
        with self._sends.place_now(job.owner_id) as free:
            if free:  # otherwise it is skipped: the next one comes soon, and nothing waits for this one
                await self._edit_progress(job, shown, state, percent)

    async def _edit_progress(self, job: Job, shown: _Shown, state: Text, percent: int | None) -> None:
        self._remember(job, shown)
        announced, locale = _announced(job), job.origin.locale
        try:
            if announced is not None:
                card = render_announcement(job, state, percent, locale, progress_id(job))
                await self._announcements.edit(announced, card, limits.PROGRESS_PATIENCE)
            else:
                card = render_progress(job, state, percent, locale)
                await self._box.edit(job.origin, card, limits.PROGRESS_PATIENCE)
        except RouteClosed as closed:
            self._remember(job, replace(shown, closed=True))
            log.info("progress_not_shown", job=job.id, code=closed.code)
        except DiscordUnavailable:
            log.info("progress_not_shown", job=job.id)
        except Exception as error:  # noqa: BLE001 - a job never fails because of its progress bar
            unexpected("progress_failed", error, job=job.id)

    def _worth_showing(self, job: Job, new: _Shown) -> bool:
        old = self._shown.get(job.id)
        if old is None or (old.token_at, old.public) != (new.token_at, new.public):
            return True
        return not old.closed and old.what != new.what and new.at - old.at >= limits.PROGRESS_GAP

    def _remember(self, job: Job, shown: _Shown) -> None:
        self._shown[job.id] = shown
        self._shown.move_to_end(job.id)
        if len(self._shown) > limits.PROGRESS_REMEMBERED:
            self._shown.popitem(last=False)

    # -- the public message ---------------------------------------------------------------------------------------

    async def announce(self, job: Job, state: Text, percent: int | None, record: RecordAnnouncement) -> None:
        """From now on ``job`` is shown in one public message, where the bot may write one by its own right.

        Elsewhere its progress stays in the private box: a message by the interaction's token could neither be found
        again after a kill nor be taken away once the token is dead.
        """
        known, origin = job.announcement, job.origin
        if not origin.public_by_right or origin.box_is_public or (known is not None and known.closed):
            return
        if known is not None and known.message_id is not None and known.box_closed:
            return
        try:
            async with self._sends.place(job.owner_id):
                self._box.check_login()
                card = render_announcement(job, state, percent, origin.locale, progress_id(job))
                stands = await self._announcements.send(job, card, record)
                if stands.message_id is None:
                    return
                if stands != known:
                    self._remember(job, _Shown((state, percent), self._clock(), origin.token_at, public=True))
                await self._box.delete(origin)
        except RouteClosed as closed:
            log.info("private_box_left", job=job.id, code=closed.code)
        except DiscordUnavailable:
            log.info("announced_later", job=job.id)
            return
        await record(replace(stands, box_closed=True))

    # -- questions ----------------------------------------------------------------------------------------------

    async def ask(self, job: Job, question: Question, record: RecordAttempt, picture: bytes | None = None) -> Origin:
        """Show ``question`` to the owner of ``job`` alone; returns where it stands now.

        In the private box; once nothing leads there any more, it is a direct message. Raises
        Undeliverable where that cannot be sent either, and DiscordUnavailable where asking again later may work.
        """
        origin, commands = job.origin, mentions_of(self._client)
        if question is Question.SECONDS:
            card = render_picker(job, picture, origin.locale, commands)
        else:
            card = render_question(job, question, origin.locale, commands, picture)
        first = text("There is a question first, for <@{owner}>.", owner=job.owner_id)
        async with self._sends.place(job.owner_id):
            try:
                return await self._box.ask(job, card, render_last_word(first, origin.locale))
            except RouteClosed as closed:
                log.info("question_not_in_place", job=job.id, code=closed.code)
            found_by = text("Question {id}", id=question_id(job, question))  # after a kill
            card.embeds[0].set_footer(text=say(found_by, origin.locale))
            try:
                asked = await self._box.ask_by_dm(job, question, card, record)
            except RouteClosed as closed:
                log.info("question_not_shown", job=job.id, code=closed.code)
                raise Undeliverable from None
        await self._note_sent(question_at(job, asked))
        return asked

    async def expire(self, job: Job) -> None:
        """Say in the place of the job's question that it has expired, where it still can be reached. Never raises."""
        expired = text("You didn't answer within a day, so I stopped. Nothing was charged.")
        try:
            async with self._sends.place(job.owner_id):
                if job.origin.in_dm_message:
                    await self._box.edit(
                        job.origin, render_last_word(expired, job.origin.locale), limits.MESSAGE_PATIENCE
                    )
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
        self._box.check_login()
        self._shown.pop(job.id, None)
        delivery = await self._delivery(job, content)
        attempts = DeliveryAttempts(job, record, self._clock)
        if not delivery.made:  # it is for its owner alone: first of all, nothing public is left of it
            await self._removed(job)
        reached = await self._by_some_route(job, delivery, attempts)
        if reached is not None and (sent := end_of(job, content, reached, attempts.standing)) is not None:
            await self._note_sent(sent)
        if delivery.made and reached is not DeliveryRoute.ANNOUNCED:
            await self._removed(job)
        if reached is not None and reached is not DeliveryRoute.ORIGINAL:
            await self._box_closed(job)
        return reached is not None

    async def _by_some_route(self, job: Job, delivery: Delivery, attempts: DeliveryAttempts) -> DeliveryRoute | None:
        if attempts.standing is not None:
            return attempts.standing.path
        for path, route in self._routes.of(job, delivery):
            try:
                async with self._sends.place(job.owner_id):
                    await route(job, delivery, attempts)
            except RouteClosed as closed:
                log.info("way_closed", job=job.id, path=path.value, code=closed.code)
            except Kept:
                log.warning("delivery_unknown", job=job.id, path=path.value)
                return None
            else:
                metrics.DELIVERIES.labels(path).inc()
                return path
        return None

    async def _box_closed(self, job: Job) -> None:
        """Take the private box away, because the end stands elsewhere. Raises DiscordUnavailable."""
        if self._box.reachable(job):
            async with self._sends.place(job.owner_id):
                try:
                    await self._box.delete(job.origin)
                except RouteClosed as closed:
                    log.info("private_box_left", job=job.id, code=closed.code)

    async def _removed(self, job: Job) -> None:
        if job.announcement is not None:
            async with self._sends.place(job.owner_id):
                await self._announcements.remove(job)

    async def _delivery(self, job: Job, content: Content) -> Delivery:
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
            return render_video(job, made, await content.within(most_bytes), locale, commands)

        full, lean = await within(job.origin.attachment_limit), render_video(job, made, None, locale, commands)
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

    async def withdraw(self, job: Job, message: Text) -> None:
        """Put ``message`` in the private box, while that can be reached; nothing public is left. Never raises."""
        self._shown.pop(job.id, None)
        try:
            await self._removed(job)
            if self._box.reachable(job):
                card = render_last_word(message, job.origin.locale, mentions_of(self._client))
                await self._box.edit(job.origin, card, limits.PROGRESS_PATIENCE)
        except (RouteClosed, DiscordUnavailable):
            log.info("not_withdrawn", job=job.id)
        except Exception as error:  # noqa: BLE001 - what was withdrawn is withdrawn, whether it shows or not
            unexpected("withdrawal_failed", error, job=job.id)

    # -- operators ----------------------------------------------------------------------------------------------

    async def tell_operators(self, message: Text) -> None:
        """A direct message to each owner in the settings; the same one at most once an hour. Never raises."""
        await self._operators.tell(message)


def _announced(job: Job) -> Announcement | None:
    """The public message that stands."""
    return job.announcement if job.announcement is not None and job.announcement.message_id is not None else None
