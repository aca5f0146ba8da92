"""Builds a video job from typed options, or says what prevents it and what would work instead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from difflib import get_close_matches
from random import Random
from typing import Final, TypeAlias

from bot import limits
from bot.errors import CastbookError, Refusal
from bot.jobs.job_starter import JobStarter
from bot.jobs.playable_cast import PlayableCast
from bot.jobs.video_planner import VideoPlanner
from bot.jobs.video_questions import Change, Part, VideoNotPossible, VideoQuestion, instead
from bot.provider.errors import ModelClosed
from bot.provider.models.card import ModelCard
from bot.provider.models.check import problems
from bot.provider.models.prompt import mentions
from bot.provider.models.video_spec import VideoSpec
from bot.store.characters import CharacterStore
from bot.store.default_characters import DefaultCharacterStore
from bot.store.drafts import Draft, DraftStore, UnsentVideo
from bot.store.owned_jobs import OwnedJobStore
from bot.texts import Text, text
from bot.values.character import clean_name, name_key
from bot.values.clock import Clock
from bot.values.job import CastRole, Job, Origin, VideoRequest
from bot.values.made_video import MadeVideo

_OTHER_MODELS: Final = 2  # alternatives offered
_MODEL_LENGTH: Final = 40  # characters of a model's id that fit into a button's custom_id


DraftChange: TypeAlias = Callable[[UnsentVideo], Awaitable[UnsentVideo]]
"""Turns a stored draft into the video that is started instead."""


class VideoRequestBuilder:
    """Everything here acts for the given owner: another person's character, or draft, counts as unknown.

    ``guild_id``: the server in which they ask, if any. They may also use what is lent to them there.
    """

    def __init__(
        self,
        *,
        cast: PlayableCast,
        characters: CharacterStore,
        defaults: DefaultCharacterStore,
        drafts: DraftStore,
        owned: OwnedJobStore,
        planner: VideoPlanner,
        starter: JobStarter,
        clock: Clock,
        random: Random,
    ) -> None:
        self._cast = cast
        self._characters = characters
        self._defaults = defaults
        self._drafts = drafts
        self._owned = owned
        self._planner = planner
        self._starter = starter
        self._clock = clock
        self._random = random

    async def cast_for(
        self, owner_id: int, guild_id: int | None, prompt: str, named: Sequence[str | int]
    ) -> tuple[CastRole, ...]:
        """Who plays: those who are ``named``, in this order, then those whom ``prompt`` mentions with ``@``."""
        found, _ = await self._casting(owner_id, guild_id, prompt, named)
        return found

    async def build(
        self,
        owner_id: int,
        guild_id: int | None,
        request: VideoRequest,
        named: Sequence[str | int],
        *,
        private: bool | None,
    ) -> UnsentVideo:
        """``request`` with its cast: those who are ``named``, by name or id, and those whom its prompt mentions."""
        cast, unknown = await self._casting(owner_id, guild_id, request.prompt, named)
        return UnsentVideo(request=replace(request, cast=cast), private=private, unknown=unknown)

    async def build_with_default(
        self,
        owner_id: int,
        guild_id: int | None,
        request: VideoRequest,
        named: Sequence[str | int],
        *,
        private: bool | None,
    ) -> UnsentVideo:
        """As :meth:`build`; if nobody is named, their default character of that server plays."""
        unsent = await self.build(owner_id, guild_id, request, named, private=private)
        if unsent.request.cast or unsent.unknown or not (default := await self.default_in(owner_id, guild_id)):
            return unsent
        return await self.build(owner_id, guild_id, request, [default], private=private)

    async def default_in(self, owner_id: int, guild_id: int | None) -> int:
        """The id of their default character in that server; 0 if they have none there."""
        found = await self._defaults.get(owner_id, guild_id)
        return 0 if found is None else found.id

    async def _casting(
        self, owner_id: int, guild_id: int | None, prompt: str, named: Sequence[str | int]
    ) -> tuple[tuple[CastRole, ...], tuple[str, ...]]:
        roles = await self._cast.roles(owner_id, guild_id)
        by_key = {name_key(role.name): role for role in roles}
        by_id = {role.character_id: role for role in roles}
        cast: dict[int, CastRole] = {}
        unknown: list[str] = []
        for name in named:
            if isinstance(name, int):
                cast |= {name: by_id[name]} if name in by_id else {}  # deleted while the form was open
                continue
            role = by_key.get(name_key(clean_name(name).removeprefix("@")))
            if role is not None:
                cast[role.character_id] = role
            elif (made := await self._characters.by_reusable_id(owner_id, name.strip())) is not None:
                cast[made.id] = CastRole(character_id=made.id, name=made.name)
            else:
                unknown.append(name.strip())
        for name in mentions(prompt, [role.name for role in roles]).known:
            role = by_key[name_key(name)]
            cast[role.character_id] = role
        return tuple(cast.values()), tuple(dict.fromkeys(unknown))

    async def begin(self, owner_id: int, unsent: UnsentVideo, job_id: str, origin: Origin) -> Job:
        """Start the job ``job_id``. Raises VideoNotPossible, and what :meth:`JobStarter.start_video` raises."""
        if unsent.private is not None:
            origin = replace(origin, private=unsent.private)
        reasons = await self._strangers(owner_id, origin.guild_id, unsent)
        changes: tuple[Change, ...] = ()
        if not reasons:
            reasons, changes = await self._problems(owner_id, origin.guild_id, unsent.request)
        if not reasons:
            try:
                return await self._starter.start_video(
                    owner_id=owner_id, origin=origin, request=unsent.request, job_id=job_id
                )
            except ModelClosed as closed:
                reasons, changes = (closed.text,), await self._other_models(owner_id, unsent.request)
        raise VideoNotPossible(await self._asked(owner_id, unsent, reasons, changes))

    async def begin_changed(
        self, owner_id: int, draft_id: str, change: DraftChange, job_id: str, origin: Origin
    ) -> Job:
        """Start what ``change`` makes of a draft, which is used up: it can be started once.

        Raises as :meth:`begin`, and Refusal if there is no such draft (any more).
        """
        unsent = _content(await self._drafts.take(owner_id, draft_id))
        try:
            return await self.begin(owner_id, await change(unsent), job_id, origin)
        except VideoNotPossible:
            raise
        except CastbookError:  # the draft can be tried again unchanged
            await self._keep(owner_id, draft_id, unsent)
            raise

    async def draft(self, owner_id: int, draft_id: str) -> UnsentVideo:
        """The stored draft. Raises :class:`~bot.errors.Refusal` if there is none, or it was used."""
        return _content(await self._drafts.get(owner_id, draft_id))

    async def another_take(self, owner_id: int, guild_id: int | None, video: MadeVideo) -> UnsentVideo:
        """A request for a video like ``video``: same prompt, cast, options and privacy."""
        job = await self._owned.get(owner_id, video.job_id)
        request = VideoRequest(prompt=video.prompt, cast=video.roles, model=video.model)
        if job is not None and isinstance(job.request, VideoRequest):
            request = job.request if job.request.model_named else replace(job.request, model=None)
        return await self._once_more(owner_id, guild_id, request, None if job is None else job.origin.private)

    async def failed(self, owner_id: int, guild_id: int | None, job_id: str) -> UnsentVideo | None:
        """The request of a failed job, with the model that failed; ``None`` if it no longer exists."""
        job = await self._owned.get(owner_id, job_id)
        if job is None or not isinstance(job.request, VideoRequest):
            return None
        return await self._once_more(owner_id, guild_id, job.request, job.origin.private)

    async def _once_more(
        self, owner_id: int, guild_id: int | None, request: VideoRequest, private: bool | None
    ) -> UnsentVideo:
        roles = {role.character_id: role for role in await self._cast.roles(owner_id, guild_id)}
        playing = tuple(roles[role.character_id] for role in request.cast if role.character_id in roles)
        asked = replace(request, cast=playing, model_named=False, price=None, refused=None)
        return UnsentVideo(request=asked, private=private)

    async def _keep(self, owner_id: int, draft_id: str, unsent: UnsentVideo) -> None:
        """Store ``unsent`` as the draft ``draft_id``, so that a form about it can be answered after a restart too."""
        draft = Draft(id=draft_id, owner_id=owner_id, content=unsent, created_at=self._clock())
        await self._drafts.add(draft)

    async def _asked(
        self, owner_id: int, unsent: UnsentVideo, reasons: tuple[Text, ...], changes: tuple[Change, ...]
    ) -> VideoQuestion:
        draft_id = f"{self._random.getrandbits(4 * limits.JOB_ID_HEX):0{limits.JOB_ID_HEX}x}"
        await self._keep(owner_id, draft_id, unsent)
        priced = {each: self._price_with(each, unsent.request) for each in dict.fromkeys(changes)}
        return VideoQuestion(
            draft_id=draft_id,
            owner_id=owner_id,
            unsent=unsent,
            reasons=reasons,
            changes=tuple(priced),
            prices={each: price for each, price in priced.items() if price is not None},
        )

    def _price_with(self, change: Change, request: VideoRequest) -> Decimal | None:
        """The price with another model, because only that is offered without naming its price."""
        card = self._planner.card(change.value) if change.part is Part.MODEL else None
        return None if card is None else self._planner.price(card.model, request.duration or card.default_duration)

    # -- names that nobody has ------------------------------------------------------------------------------------

    async def _strangers(self, owner_id: int, guild_id: int | None, unsent: UnsentVideo) -> tuple[Text, ...]:
        called = mentions(unsent.request.prompt, [role.name for role in unsent.request.cast]).unknown
        if not called and not unsent.unknown:
            return ()
        names = [role.name for role in await self._cast.roles(owner_id, guild_id)]
        if not names:
            raise Refusal(EMPTY_CAST)
        given = (_nobody(name, names) for name in unsent.unknown)
        return (*given, *(_uncalled(name, names) for name in called))

    # -- what the model cannot do -----------------------------------------------------------------------------------

    async def _problems(
        self, owner_id: int, guild_id: int | None, request: VideoRequest
    ) -> tuple[tuple[Text, ...], tuple[Change, ...]]:
        if not request.cast:
            if not await self._cast.roles(owner_id, guild_id):
                raise Refusal(EMPTY_CAST)
            return (_NOBODY_NAMED,), ()
        spec = await self._planner.spec(owner_id, request)
        if request.model is not None and self._planner.card(request.model) is None:
            unknown = text("I don't know the video model “{model}”.", model=request.model)
            return (unknown,), await self._other_models(owner_id, request)
        card = await self._planner.best(spec.cast) if request.model is None else self._planner.card(request.model)
        found = problems(card, spec) if card is not None else ()
        if not found:  # or nobody can show this cast, as the start will say
            return (), ()
        taken = [change for each in found if (change := instead(each)) is not None]
        return tuple(each.text for each in found), (*taken, *await self._other_models(owner_id, request))

    async def _other_models(self, owner_id: int, request: VideoRequest) -> tuple[Change, ...]:
        """Available models that can make the video exactly as requested, best first."""
        spec = await self._planner.spec(owner_id, request)
        fitting = [card.model for card in await self._planner.available() if _fits(card, spec, but=request.model)]
        return tuple(Change(Part.MODEL, model) for model in fitting[:_OTHER_MODELS])


EMPTY_CAST: Final = text(
    "Your cast is empty, and a video needs a character. Make your first one with /character create."
)
_NOBODY_NAMED: Final = text("Name at least one character from your cast for this video.")
_TOO_OLD: Final = text("That has already been answered, or it's too old. Start again with /video create.")


def _content(draft: Draft | None) -> UnsentVideo:
    if draft is None or not isinstance(draft.content, UnsentVideo):
        raise Refusal(_TOO_OLD)
    return draft.content


def _fits(card: ModelCard, spec: VideoSpec, *, but: str | None) -> bool:
    return card.model != but and len(card.model) <= _MODEL_LENGTH and not problems(card, spec)


def _nearest(name: str, names: Sequence[str]) -> str | None:
    keys = {name_key(each): each for each in names}
    return next((keys[key] for key in get_close_matches(name_key(name), list(keys), n=1)), None)


def _nobody(name: str, names: Sequence[str]) -> Text:
    nearest = _nearest(name, names)
    if nearest is None:
        return text("Nobody in your cast is called “{name}”.", name=name)
    return text("Nobody in your cast is called “{name}”. Did you mean “{nearest}”?", name=name, nearest=nearest)


def _uncalled(name: str, names: Sequence[str]) -> Text:
    nearest = _nearest(name, names)
    if nearest is None:
        return text(
            "Your prompt calls “@{name}”, and nobody in your cast has that name. If you don't mean a character, "
            "leave out the “@”.",
            name=name,
        )
    return text(
        "Your prompt calls “@{name}”, and nobody in your cast has that name. Did you mean “@{nearest}”?",
        name=name,
        nearest=nearest,
    )
