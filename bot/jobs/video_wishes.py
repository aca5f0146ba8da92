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
from bot.jobs.video_questions import Change, Part, VideoDoubted, VideoQuestion, instead
from bot.provider.errors import ModelClosed
from bot.provider.models.card import ModelCard
from bot.provider.models.check import problems
from bot.provider.models.prompt import mentions
from bot.provider.models.wish import VideoWish
from bot.store.characters import CharacterStore
from bot.store.default_characters import DefaultCharacterStore
from bot.store.drafts import Draft, DraftStore, UnsentVideo
from bot.store.owned_jobs import OwnedJobStore
from bot.texts import Text, text
from bot.values.character import clean_name, name_key
from bot.values.clock import Clock
from bot.values.job import CastRole, Job, Origin, VideoRequest
from bot.values.made_video import MadeVideo

_OTHER_MODELS: Final = 2  # that are offered instead
_MODEL_LENGTH: Final = 40  # characters of a model's id that fit into that of a button


Changed: TypeAlias = Callable[[UnsentVideo], Awaitable[UnsentVideo]]
"""What becomes of a wish that was kept."""


class VideoWishes:
    """Everything here is about the owner it is given: another person's character, or draft, is an unknown one.

    ``guild_id``: the server in which they ask, if it is one. What is lent to them there, they may use.
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
        """Who plays: those who are ``named`` in this order, then those whom ``prompt`` calls with ``@``."""
        found, _ = await self._casting(owner_id, guild_id, prompt, named)
        return found

    async def wished(
        self,
        owner_id: int,
        guild_id: int | None,
        request: VideoRequest,
        named: Sequence[str | int],
        *,
        private: bool | None,
    ) -> UnsentVideo:
        """``request`` with its cast: those who are ``named``, by name or id, and those whom its prompt calls."""
        cast, unknown = await self._casting(owner_id, guild_id, request.prompt, named)
        return UnsentVideo(request=replace(request, cast=cast), private=private, unknown=unknown)

    async def wished_in(
        self,
        owner_id: int,
        guild_id: int | None,
        request: VideoRequest,
        named: Sequence[str | int],
        *,
        private: bool | None,
    ) -> UnsentVideo:
        """As :meth:`wished`; where nobody is named, their default character of that server plays."""
        wish = await self.wished(owner_id, guild_id, request, named, private=private)
        if wish.request.cast or wish.unknown or not (default := await self.default_in(owner_id, guild_id)):
            return wish
        return await self.wished(owner_id, guild_id, request, [default], private=private)

    async def default_in(self, owner_id: int, guild_id: int | None) -> int:
        """The id of their default character in that server; 0 where they have none there."""
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

    async def begin(self, owner_id: int, wish: UnsentVideo, job_id: str, origin: Origin) -> Job:
        """Start the job ``job_id``. Raises VideoDoubted, and what :meth:`JobStarter.start_video` raises."""
        if wish.private is not None:
            origin = replace(origin, private=wish.private)
        reasons = await self._strangers(owner_id, origin.guild_id, wish)
        changes: tuple[Change, ...] = ()
        if not reasons:
            reasons, changes = await self._doubts(owner_id, origin.guild_id, wish.request)
        if not reasons:
            try:
                return await self._starter.start_video(
                    owner_id=owner_id, origin=origin, request=wish.request, job_id=job_id
                )
            except ModelClosed as closed:
                reasons, changes = (closed.text,), await self._other_models(owner_id, wish.request)
        raise VideoDoubted(await self._asked(owner_id, wish, reasons, changes))

    async def begin_changed(self, owner_id: int, draft_id: str, change: Changed, job_id: str, origin: Origin) -> Job:
        """Start what ``change`` makes of a draft, which is gone then: it is begun with once.

        Raises as :meth:`begin`, and Refusal where there is no such draft (any more).
        """
        wish = _content(await self._drafts.take(owner_id, draft_id))
        try:
            return await self.begin(owner_id, await change(wish), job_id, origin)
        except VideoDoubted:
            raise
        except CastbookError:  # it can be tried again as it was
            await self._keep(owner_id, draft_id, wish)
            raise

    async def draft(self, owner_id: int, draft_id: str) -> UnsentVideo:
        """A wish that is kept. Raises :class:`~bot.errors.Refusal` where it is not, or not any more."""
        return _content(await self._drafts.get(owner_id, draft_id))

    async def another_take(self, owner_id: int, guild_id: int | None, video: MadeVideo) -> UnsentVideo:
        """The wish for a video like ``video``, with all that was wished then; it is as private."""
        job = await self._owned.get(owner_id, video.job_id)
        request = VideoRequest(prompt=video.prompt, cast=video.roles, model=video.model)
        if job is not None and isinstance(job.request, VideoRequest):
            model = job.request.model if job.request.model_named else None
            request = replace(job.request, model=model, model_named=False, price=None, refused=None)
        roles = {role.character_id: role for role in await self._cast.roles(owner_id, guild_id)}
        playing = tuple(roles[role.character_id] for role in request.cast if role.character_id in roles)
        private = None if job is None else job.origin.private
        return UnsentVideo(request=replace(request, cast=playing), private=private)

    async def _keep(self, owner_id: int, draft_id: str, wish: UnsentVideo) -> None:
        """Keep ``wish`` as the draft ``draft_id``, so that a form about it is answered after a restart too."""
        draft = Draft(id=draft_id, owner_id=owner_id, content=wish, created_at=self._clock())
        await self._drafts.add(draft)

    async def _asked(
        self, owner_id: int, wish: UnsentVideo, reasons: tuple[Text, ...], changes: tuple[Change, ...]
    ) -> VideoQuestion:
        draft_id = f"{self._random.getrandbits(4 * limits.JOB_ID_HEX):0{limits.JOB_ID_HEX}x}"
        await self._keep(owner_id, draft_id, wish)
        priced = {each: self._price_with(each, wish.request) for each in dict.fromkeys(changes)}
        return VideoQuestion(
            draft_id=draft_id,
            owner_id=owner_id,
            wish=wish,
            reasons=reasons,
            changes=tuple(priced),
            prices={each: price for each, price in priced.items() if price is not None},
        )

    def _price_with(self, change: Change, request: VideoRequest) -> Decimal | None:
        """Of another model: it alone is offered without a word of what it costs."""
        card = self._planner.card(change.value) if change.part is Part.MODEL else None
        return None if card is None else self._planner.price(card.model, request.duration or card.default_duration)

    # -- names that nobody has ------------------------------------------------------------------------------------

    async def _strangers(self, owner_id: int, guild_id: int | None, wish: UnsentVideo) -> tuple[Text, ...]:
        called = mentions(wish.request.prompt, [role.name for role in wish.request.cast]).unknown
        if not called and not wish.unknown:
            return ()
        names = [role.name for role in await self._cast.roles(owner_id, guild_id)]
        if not names:
            raise Refusal(EMPTY_CAST)
        given = (_nobody(name, names) for name in wish.unknown)
        return (*given, *(_uncalled(name, names) for name in called))

    # -- what the model cannot do -----------------------------------------------------------------------------------

    async def _doubts(
        self, owner_id: int, guild_id: int | None, request: VideoRequest
    ) -> tuple[tuple[Text, ...], tuple[Change, ...]]:
        if not request.cast:
            if not await self._cast.roles(owner_id, guild_id):
                raise Refusal(EMPTY_CAST)
            return (_NOBODY_NAMED,), ()
        wish = await self._planner.wish(owner_id, request)
        if request.model is not None and self._planner.card(request.model) is None:
            unknown = text("I don't know the video model “{model}”.", model=request.model)
            return (unknown,), await self._other_models(owner_id, request)
        card = await self._planner.best(wish.cast) if request.model is None else self._planner.card(request.model)
        found = problems(card, wish) if card is not None else ()
        if not found:  # or nobody can show this cast, which the start says
            return (), ()
        taken = [change for each in found if (change := instead(each)) is not None]
        return tuple(each.text for each in found), (*taken, *await self._other_models(owner_id, request))

    async def _other_models(self, owner_id: int, request: VideoRequest) -> tuple[Change, ...]:
        """Living models that make the video just as it is wished, the best first."""
        wish = await self._planner.wish(owner_id, request)
        fitting = [card.model for card in await self._planner.living() if _fits(card, wish, but=request.model)]
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


def _fits(card: ModelCard, wish: VideoWish, *, but: str | None) -> bool:
    return card.model != but and len(card.model) <= _MODEL_LENGTH and not problems(card, wish)


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
