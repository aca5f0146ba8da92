"""Plans a video: which characters play, which model makes it, and what that will cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot import limits
from bot.errors import Refusal
from bot.jobs.model_availability import ModelAvailability
from bot.provider.error_mapping import model_closed_text
from bot.provider.errors import ModelClosed
from bot.provider.models.card import ModelCard
from bot.provider.models.cast_check import cast_problems
from bot.provider.models.catalogue import cards
from bot.provider.models.check import preferred, problems
from bot.provider.models.video_spec import CastMember, Clip, Problem, Still, VideoSpec
from bot.store.characters import CharacterStore
from bot.store.loan_reach import not_lent
from bot.texts import Text, text
from bot.values.character import Character, CharacterFile, FileKind
from bot.values.files import StoredFile
from bot.values.job import CastRole, VideoRequest

_LONGEST_REFERENCE = 5.0  # assumed seconds of a reference clip of unknown length (bot/media/child/reference.py)


@dataclass(frozen=True, slots=True)
class CastFiles:
    """A character that plays in a video, and its files by what a model may need of it: stills best first."""

    member: CastMember
    stills: tuple[StoredFile, ...]
    clip: StoredFile | None


class VideoPlanner:
    """Acts for the given owner: another person's character counts as unknown, unless it is lent to them.

    ``availability`` is that of the video models; ``extra`` and ``prices`` come from the settings.
    """

    def __init__(
        self,
        *,
        characters: CharacterStore,
        availability: ModelAvailability,
        extra: Mapping[str, str],
        prices: Mapping[str, Decimal],
    ) -> None:
        self._characters = characters
        self._availability = availability
        self._cards = {model: card for model, card in cards(extra).items() if card.enabled}
        self._prices = prices

    def card(self, model: str) -> ModelCard | None:
        """The card of a model that may be requested; ``None`` for any other."""
        return self._cards.get(model)

    async def available(self) -> tuple[ModelCard, ...]:
        """The cards of the models that are not closed, the best first."""
        available = frozenset(await self._availability.available())
        return tuple(card for model, card in self._cards.items() if model in available)

    async def cast(self, owner_id: int, roles: Sequence[CastRole]) -> tuple[CastFiles, ...]:
        """Who plays, in this order. Raises :class:`~bot.errors.Refusal` if somebody is no longer in the cast."""
        return tuple([await self._playing(owner_id, role) for role in roles])

    async def spec(self, owner_id: int, request: VideoRequest) -> VideoSpec:
        """The request as a :class:`VideoSpec`, to be checked against cards. Raises Refusal as :meth:`cast`."""
        return wish_of(request, await self.cast(owner_id, request.cast))

    async def others(self, model: str, cast: Sequence[CastMember]) -> tuple[str, ...]:
        """Some open models that can show everybody in ``cast`` instead of ``model``, the best first."""
        able = preferred(await self.available(), cast)
        return tuple(card.model for card in able if card.model != model)[: limits.MODELS_NAMED]

    async def check_available(self, model: str, cast: Sequence[CastMember]) -> None:
        """Raise :class:`~bot.provider.errors.ModelClosed` while ``model`` is closed; its text names :meth:`others`."""
        if model not in await self._availability.available():
            raise ModelClosed(model_closed_text(model, await self.others(model, cast)), model=model)

    async def best(self, cast: Sequence[CastMember], *, but: str | None = None) -> ModelCard | None:
        """The best open model that can show everybody in ``cast``, other than ``but``."""
        return next((card for card in preferred(await self.available(), cast) if card.model != but), None)

    async def best_for_real_faces(self, spec: VideoSpec) -> ModelCard | None:
        """The best open model for ``spec`` that does not refuse people who might be real."""
        return _best_for(spec, (card for card in await self.available() if not card.refuses_real_faces))

    def made_up_helps(self, request: VideoRequest) -> bool:
        """Whether its model may be shown the cast if its owner declares them people who do not exist.

        For a borrowed character only its own owner can declare that.
        """
        card = self.card(request.chosen_model)
        borrowed = any(role.loan_id is not None for role in request.cast)
        return card is not None and card.takes_assets and not borrowed and not request.nobody_real

    def price(self, model: str, seconds: int) -> Decimal | None:
        """The expected price of so many seconds, in credits, if the operator has set it."""
        each = self._prices.get(model)
        return None if each is None else each * seconds

    async def planned(self, owner_id: int, request: VideoRequest) -> VideoRequest:
        """``request`` with its model and its price; nothing else is changed.

        Raises :class:`~bot.provider.errors.ModelClosed`, and Refusal if a model is unknown, none can show this cast, or
        something in the request does not fit the model: its text names the first such problem and the nearest that
        fits.
        """
        spec = await self.spec(owner_id, request)
        if request.model is not None:
            card = self._known(request.model)
            await self.check_available(card.model, spec.cast)
        else:
            best = _best_for(spec, await self.available())
            if best is None:
                raise Refusal(await self._nobody_can(spec.cast))
            card = best
        if found := problems(card, spec):
            raise Refusal(_told(found[0]))
        price = self.price(card.model, spec.duration or card.default_duration)
        named = request.model is not None
        request = replace(request, refused=None, instead=None, instead_price=None, made_up_helps=False)
        return replace(request, model=card.model, model_named=named, price=price)

    async def check(self, owner_id: int, request: VideoRequest) -> None:
        """Check that ``request`` can still be made as it was planned. Raises as :meth:`planned`."""
        spec = await self.spec(owner_id, request)
        card = self._known(request.chosen_model)
        await self.check_available(card.model, spec.cast)
        if found := problems(card, spec):
            raise Refusal(_told(found[0]))

    def _known(self, model: str) -> ModelCard:
        card = self.card(model)
        if card is None:
            raise Refusal(
                text(
                    "I don't know the video model “{model}”. Choose one from the list that opens as you type.",
                    model=model,
                )
            )
        return card

    async def _nobody_can(self, cast: Sequence[CastMember]) -> Text:
        available = await self.available()
        if not available:
            return text(
                "ToAPIs offers this bot no video model right now. Nothing was charged. Try again later, or tell the "
                "people who run this bot."
            )
        if not cast:
            return text("Name at least one character from your cast for this video.")
        nearest = min((cast_problems(card, cast) for card in available), key=len)
        return _told(nearest[0])

    async def _playing(self, owner_id: int, role: CastRole) -> CastFiles:
        playing = await self._characters.playing(owner_id, role)
        if playing is None and role.loan_id is not None:
            raise Refusal(not_lent(role.name))
        if playing is None:
            raise Refusal(
                text(
                    "“{name}” is no longer in your cast, so I can't make this video. Nothing was charged.",
                    name=role.name,
                )
            )
        character, kept = playing
        return _files_of(character, role, kept)


def _best_for(spec: VideoSpec, cards: Iterable[ModelCard]) -> ModelCard | None:
    """The first of ``cards`` that can do all of it, or else the first that can show the cast."""
    able = preferred(cards, spec.cast)
    return next((card for card in able if not problems(card, spec)), able[0] if able else None)


def wish_of(request: VideoRequest, cast: Sequence[CastFiles]) -> VideoSpec:
    """``request`` with ``cast``, as the cards and the encoders read it."""
    return VideoSpec(
        prompt=request.prompt,
        cast=tuple(each.member for each in cast),
        duration=request.duration,
        ratio=request.ratio,
        resolution=request.resolution,
        sound=request.sound,
    )


def _files_of(character: Character, role: CastRole, kept: Sequence[CharacterFile]) -> CastFiles:
    stills = [each for each in kept if each.kind is FileKind.STILL]
    by_kind = {each.kind: each for each in kept if each.kind is not FileKind.STILL}
    clip = by_kind.get(FileKind.REFERENCE) or by_kind.get(FileKind.CLIP)
    made = not character.portable
    member = CastMember(
        name=role.name,
        task_id=character.task_id if made else None,
        username=(character.username or None) if made else None,
        stills=tuple(Still(each.width, each.height, each.file.size) for each in stills),
        clip=None if clip is None else Clip(_seconds(clip, character), clip.file.size, clip.width, clip.height),
    )
    return CastFiles(member, tuple(each.file for each in stills), clip.file if clip is not None else None)


def _seconds(clip: CharacterFile, character: Character) -> float:
    if clip.seconds is not None:
        return clip.seconds
    return _LONGEST_REFERENCE if clip.kind is FileKind.REFERENCE else float(character.range.seconds)


def _told(problem: Problem) -> Text:
    return text("{problem} Nothing was charged.", problem=problem.text)
