"""Implements ``/video create`` and ``new``, the form, and the answers to questions about a video before it starts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

import discord

from bot import limits
from bot.chat.buttons import UseCharacter
from bot.chat.durable_items import has_item
from bot.chat.interaction_handlers import on_press, on_submit
from bot.chat.job_buttons import ChangeFailedVideo
from bot.chat.job_requests import start_job
from bot.chat.markdown import mentions_of
from bot.chat.message import MessageContent
from bot.chat.render_job import render_progress
from bot.chat.render_use import example, render_use
from bot.chat.render_video_question import render_video_question
from bot.chat.replies import edit_answer
from bot.chat.seconds_forms import wants_private
from bot.chat.video_buttons import AnotherTake, ChangeVideo, CharacterOfVideo, NewVideo, TakeInstead
from bot.chat.video_form import NEW, FormChoices, VideoForm, change_of, job_in, named_in, request_in, take_of, video_in
from bot.concurrency import within
from bot.errors import CastbookError, Refusal, UnknownJob
from bot.jobs.job_starter import JobStarter
from bot.jobs.video_planner import VideoPlanner
from bot.jobs.video_questions import Change, VideoNotPossible
from bot.jobs.video_request_builder import EMPTY_CAST, VideoRequestBuilder
from bot.provider.models.manual_request import manual_request
from bot.store.characters import CharacterStore
from bot.store.drafts import UnsentVideo
from bot.store.videos import VideoStore
from bot.texts import text
from bot.values.clock import Clock
from bot.values.job import CharacterRequest, Job, Origin, VideoRequest
from bot.values.made_video import MadeVideo
from bot.values.source import StoredVideo
from cogs.video.choices import VideoChoices

_Begin: TypeAlias = Callable[[str, Origin], Awaitable[Job]]
_Read = TypeVar("_Read")
_NO_SUCH_VIDEO: Final = text("That video is no longer here. See /video list for those that are.")


class VideoCreation:
    """Makes videos from options, forms and buttons."""

    def __init__(
        self,
        *,
        starter: JobStarter,
        planner: VideoPlanner,
        choices: VideoChoices,
        builder: VideoRequestBuilder,
        characters: CharacterStore,
        videos: VideoStore,
        address: str,
        clock: Clock,
    ) -> None:
        """``address``: the provider's URL for video requests."""
        self._address = address
        self._starter = starter
        self._planner = planner
        self._builder = builder
        self._characters = characters
        self._videos = videos
        self._clock = clock
        self._choices = choices

    async def create(
        self,
        interaction: discord.Interaction,
        request: VideoRequest,
        named: Sequence[str],
        *,
        private: bool | None,
    ) -> None:
        """Start the job with the characters that are ``named``, or ask about what prevents it."""
        build = partial(self._builder.build_with_default, interaction.user.id, interaction.guild_id)
        await self._begin(interaction, partial(build, request, named, private=private))

    async def new(self, interaction: discord.Interaction) -> None:
        """Open the form, which has to be the first answer."""
        await self._open_form(interaction)

    @on_press(NewVideo)
    async def new_pressed(self, interaction: discord.Interaction, button: NewVideo) -> None:
        """Open the empty form."""
        await self._open_form(interaction)

    @on_press(UseCharacter)
    async def use(self, interaction: discord.Interaction, button: UseCharacter) -> None:
        """Open the form with this character in it; if no video model is available, show a request to copy."""
        choices = await self._choices.of_form(interaction)
        if choices.models or choices.cast is None:
            await self._open_form(interaction, choices, chosen=button.character_id)
            return
        await interaction.response.defer(thinking=True, ephemeral=True)
        character = await self._characters.get(interaction.user.id, button.character_id)
        if character is None:
            raise Refusal(text("That character is no longer in your cast. See /character list for your cast."))
        if character.portable:
            raise Refusal(text("ToAPIs offers this bot no video model right now. Try again later."))
        locale = str(interaction.locale)
        card = self._planner.card(character.model)
        request = manual_request(card, character.model, character.task_id, example(locale))
        await edit_answer(interaction, render_use(character, request, self._address, locale))

    @on_press(ChangeVideo)
    async def change(self, interaction: discord.Interaction, button: ChangeVideo) -> None:
        """Open the form, filled in with what was requested."""
        unsent = await _in_time(self._builder.draft(interaction.user.id, button.draft_id))
        choices = await self._choices.of_form(interaction)
        form = VideoForm(button.draft_id, choices, str(interaction.locale), unsent=unsent)
        await interaction.response.send_modal(form)

    async def _open_form(
        self, interaction: discord.Interaction, choices: FormChoices | None = None, *, chosen: int = 0
    ) -> None:
        choices = choices or await self._choices.of_form(interaction)
        if choices.cast is not None and not choices.cast:
            raise Refusal(EMPTY_CAST)
        if choices.cast is not None and chosen and all(role.character_id != chosen for role in choices.cast):
            raise Refusal(text("That character is no longer in your cast. See /character list for your cast."))
        form = VideoForm(NEW, choices, str(interaction.locale), chosen=chosen or choices.default)
        await interaction.response.send_modal(form)

    @on_submit(VideoForm)
    async def submitted(self, interaction: discord.Interaction, subject: str, typed: Mapping[str, str]) -> None:
        """Start the job from the form and its draft, also after a restart."""
        owner, guild, named = interaction.user.id, interaction.guild_id, named_in(typed)
        if subject == NEW:
            private, request = wants_private(typed), request_in(typed)
            await self._begin(interaction, partial(self._builder.build, owner, guild, request, named, private=private))
            return

        if video_in(subject) is not None or job_in(subject) is not None:
            await self._begin(interaction, partial(self._taken_again, owner, guild, subject, typed))
            return

        async def apply(unsent: UnsentVideo) -> UnsentVideo:
            request = request_in(typed, unsent.request)
            return await self._builder.build(owner, guild, request, named, private=unsent.private)

        begin = partial(self._builder.begin_changed, owner, subject, apply)
        await self._answer(interaction, begin, in_place=_asks_about(interaction, subject))

    @on_press(AnotherTake)
    async def another_take(self, interaction: discord.Interaction, button: AnotherTake) -> None:
        """Open the form, filled with this video's request."""
        await self._open_again(interaction, take_of(button.video_id), Refusal(_NO_SUCH_VIDEO))

    @on_press(ChangeFailedVideo)
    async def change_failed(self, interaction: discord.Interaction, button: ChangeFailedVideo) -> None:
        """Open the form, filled with the failed video's request."""
        await self._open_again(interaction, change_of(button.job_id), UnknownJob())

    async def _open_again(self, interaction: discord.Interaction, subject: str, unknown: CastbookError) -> None:
        unsent = await _in_time(self._asked_before(interaction.user.id, interaction.guild_id, subject))
        if unsent is None:
            raise unknown
        choices = await self._choices.of_form(interaction)
        await interaction.response.send_modal(VideoForm(subject, choices, str(interaction.locale), unsent=unsent))

    async def _asked_before(self, owner_id: int, guild_id: int | None, subject: str) -> UnsentVideo | None:
        """The request of a video, or of one that failed; ``None`` if it no longer exists."""
        if (job_id := job_in(subject)) is not None:
            return await self._builder.failed(owner_id, guild_id, job_id)
        video = await self._videos.get(owner_id, video_in(subject) or 0)
        return None if video is None else await self._builder.another_take(owner_id, guild_id, video)

    async def _taken_again(
        self, owner_id: int, guild_id: int | None, subject: str, typed: Mapping[str, str]
    ) -> UnsentVideo:
        """The earlier request with the new input; if it was deleted, the input alone."""
        unsent = await self._asked_before(owner_id, guild_id, subject)
        private, request = (None, None) if unsent is None else (unsent.private, unsent.request)
        asked = request_in(typed, request)
        return await self._builder.build(owner_id, guild_id, asked, named_in(typed), private=private)

    @on_press(CharacterOfVideo)
    async def character_of(self, interaction: discord.Interaction, button: CharacterOfVideo) -> None:
        """Start a character from this video: nothing is uploaded or fetched, and its seconds are picked next."""
        owner = interaction.user.id

        async def write(job_id: str, origin: Origin) -> Job:
            video = await self._own_video(owner, button.video_id)
            request = CharacterRequest(source=StoredVideo(video_id=video.id), range=None)
            return await self._starter.start(owner_id=owner, origin=origin, request=request, job_id=job_id)

        await start_job(interaction, self._starter, write, private=None, clock=self._clock)

    async def _own_video(self, owner_id: int, video_id: int) -> MadeVideo:
        video = await self._videos.get(owner_id, video_id)
        if video is None:
            raise Refusal(_NO_SUCH_VIDEO)
        return video

    @on_press(TakeInstead)
    async def take(self, interaction: discord.Interaction, button: TakeInstead) -> None:
        """Start the job with the change that the button offers, and nothing else changed."""
        change = Change.parse(button.change)

        async def apply(unsent: UnsentVideo) -> UnsentVideo:
            return replace(unsent, request=change.made_to(unsent.request))

        begin = partial(self._builder.begin_changed, interaction.user.id, button.draft_id, apply)
        await self._answer(interaction, begin, in_place=True)

    async def _begin(self, interaction: discord.Interaction, read: Callable[[], Awaitable[UnsentVideo]]) -> None:
        async def begin(job_id: str, origin: Origin) -> Job:
            return await self._builder.begin(interaction.user.id, await read(), job_id, origin)

        await self._answer(interaction, begin)

    async def _answer(self, interaction: discord.Interaction, begin: _Begin, *, in_place: bool = False) -> None:
        """Start the job, or show the question: ``in_place``, in the message whose button was pressed."""
        locale, in_place = str(interaction.locale), in_place and interaction.message is not None

        def first(job: Job) -> MessageContent:
            return render_progress(job, text("Looking through your cast"), None, locale)

        try:
            await start_job(
                interaction, self._starter, begin, private=None, clock=self._clock, first=first, in_place=in_place
            )
        except VideoNotPossible as impossible:
            question = impossible.question
            lenders = await self._choices.lenders(interaction, question.unsent.request.cast)
            card = render_video_question(question, lenders, locale, mentions_of(interaction.client))
            if interaction.response.is_done():
                await edit_answer(interaction, card)
            elif in_place:
                await interaction.response.edit_message(**card.as_edit())
            else:
                await interaction.response.send_message(**card.as_new(), ephemeral=True)


async def _in_time(read: Coroutine[Any, Any, _Read]) -> _Read:
    """Read the defaults of a form, which has to be the first answer. Raises Refusal if the database is too slow."""
    try:
        return await within(limits.READ_BEFORE_FORM, read)
    except TimeoutError:
        raise Refusal(text("My database is slow right now. Please press the button again.")) from None


def _asks_about(interaction: discord.Interaction, draft_id: str) -> bool:
    """Whether the form was opened from the question about that very draft, which the result then replaces."""
    asked = interaction.message
    return asked is not None and has_item(asked, ChangeVideo(draft_id, interaction.user.id))
