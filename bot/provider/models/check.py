"""Whether a model can do what somebody wishes, and if not, why, and what is nearest to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log
from typing import Final

from bot.provider.models.card import ClipRules, ImageRules, ModelCard, Sound
from bot.provider.models.plan import media_plan, usable_clip, usable_still
from bot.provider.models.prompt import mentions, told
from bot.provider.models.wish import CastMember, VideoWish
from bot.texts import Text, text

_RATIO: Final = re.compile(r"(\d{1,4}):(\d{1,4})", re.ASCII)
_LINES: Final = re.compile(r"(\d{1,5})p?", re.ASCII)
_NAMED_LINES: Final = {"2k": 1440.0, "4k": 2160.0}


class Wished(StrEnum):
    """The part of a wish that a problem is about."""

    PROMPT = "prompt"
    CAST = "cast"
    DURATION = "duration"
    RATIO = "ratio"
    RESOLUTION = "resolution"
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class Problem:
    """What a model cannot do about a wish. ``nearest`` is what it can, where that can be put in its place.

    ``member`` is the place in the cast of whom it is about, where it is about one alone.
    """

    part: Wished
    text: Text
    nearest: int | str | bool | None = None
    member: int | None = None


def problems(card: ModelCard, wish: VideoWish) -> tuple[Problem, ...]:
    """Everything that speaks against asking ``card``'s model for ``wish``; empty: it may be sent.

    Nothing about the wish is changed: it is for the person to take what is nearest.
    """
    return (
        *_prompt_problems(card, wish),
        *cast_problems(card, wish.cast),
        *_duration_problems(card, wish.duration),
        *_shape_problems(card, wish),
        *_sound_problems(card, wish.sound),
    )


def suits(card: ModelCard, cast: Sequence[CastMember]) -> bool:
    """Whether ``card``'s model can show everybody in ``cast``."""
    return not cast_problems(card, cast)


def preferred(cards: Iterable[ModelCard], cast: Sequence[CastMember]) -> tuple[ModelCard, ...]:
    """Those of ``cards`` that are enabled and suit ``cast``, in the order in which they come: the catalogue's."""
    return tuple(card for card in cards if card.enabled and suits(card, cast))


def cast_problems(card: ModelCard, cast: Sequence[CastMember]) -> tuple[Problem, ...]:
    """What speaks against showing ``cast`` with ``card``'s model."""
    if not cast:
        return (Problem(Wished.CAST, text("Name at least one character of your cast for this video.")),)
    if len(cast) > card.characters:
        too_many = text(
            "{model} shows at most {most} characters in one video, and you named {count}. Leave somebody out, or "
            "choose another model.",
            model=card.model,
            most=card.characters,
            count=len(cast),
        )
        return (Problem(Wished.CAST, too_many),)
    if card.provider_character:
        return tuple(_without_provider_character(card, cast))
    shown = {needed.member for needed in media_plan(card, cast)}
    return tuple(
        Problem(Wished.CAST, _unshown(card, member), member=at) for at, member in enumerate(cast) if at not in shown
    )


def _without_provider_character(card: ModelCard, cast: Sequence[CastMember]) -> Iterator[Problem]:
    for at, member in enumerate(cast):
        if not member.task_id:
            unmade = text(
                "{name} was not made with Sora, and {model} shows only characters that were. Choose another model.",
                name=member.name,
                model=card.model,
            )
            yield Problem(Wished.CAST, unmade, member=at)
        elif not member.username and len(cast) > 1:
            alone = text(
                "ToAPIs gave {name} no username, so {model} can show it only alone. Leave out the others, or choose "
                "another model.",
                name=member.name,
                model=card.model,
            )
            yield Problem(Wished.CAST, alone, member=at)


def _unshown(card: ModelCard, member: CastMember) -> Text:
    """Why nothing of ``member`` can be shown to the model."""
    if card.images is not None:
        return _unusable_stills(card.model, card.images, member)
    if card.clips is not None:
        return _unusable_clip(card.model, card.clips, member)
    raise AssertionError("a model without references knows nobody")


def _unusable_stills(model: str, rules: ImageRules, member: CastMember) -> Text:
    if not member.stills:
        return text(
            "{model} knows a character by pictures, and {name} has none. Make the character again from its video, or "
            "choose another model.",
            model=model,
            name=member.name,
        )
    if not any(usable_still(rules, still) for still in member.stills):
        return text(
            "{model} takes none of {name}'s pictures: they are too small, too large or too narrow for it. Choose "
            "another model.",
            model=model,
            name=member.name,
        )
    return text(
        "{model} takes {most} pictures in all, and none is left for {name}. Leave somebody out, or choose another "
        "model.",
        model=model,
        most=rules.at_most,
        name=member.name,
    )


def _unusable_clip(model: str, rules: ClipRules, member: CastMember) -> Text:
    shortest, longest = f"{rules.seconds[0]:g}", f"{rules.seconds[1]:g}"
    if member.clip is None:
        return text(
            "{model} knows a character by a clip of {shortest} to {longest} seconds, and {name} has none. Make the "
            "character again from its video, or choose another model.",
            model=model,
            shortest=shortest,
            longest=longest,
            name=member.name,
        )
    shortest_side = min(member.clip.width or rules.lines[0], member.clip.height or rules.lines[0])
    if not rules.lines[0] <= shortest_side <= rules.lines[1]:
        return text(
            "{model} takes clips with {least} to {most} lines, and the clip of {name} has {lines}. Choose another "
            "model.",
            model=model,
            least=rules.lines[0],
            most=rules.lines[1],
            name=member.name,
            lines=shortest_side,
        )
    if not usable_clip(rules, member.clip):
        return text(
            "{model} knows a character by a clip of {shortest} to {longest} seconds, and the clip of {name} has "
            "{seconds}. Choose another model.",
            model=model,
            shortest=shortest,
            longest=longest,
            name=member.name,
            seconds=f"{member.clip.seconds:g}",
        )
    return text(
        "{model} takes {most} clips in all, and none is left for {name}. Leave somebody out, or choose another model.",
        model=model,
        most=rules.at_most,
        name=member.name,
    )


# -- The prompt ----------------------------------------------------------------------------------------------------


def _prompt_problems(card: ModelCard, wish: VideoWish) -> Iterator[Problem]:
    if not wish.prompt.strip():
        yield Problem(Wished.PROMPT, text("Say what is to happen in the video."))
        return
    for name in mentions(wish.prompt, [member.name for member in wish.cast]).unknown:
        stranger = text(
            "The prompt calls “@{name}”, and nobody of that name plays in this video. Add the character, or write the "
            "word without “@”.",
            name=name,
        )
        yield Problem(Wished.PROMPT, stranger)
    length = len(told(card, wish.prompt, wish.cast, media_plan(card, wish.cast)))
    if length > card.prompt_length:
        too_long = text(
            "{model} takes prompts of at most {most} characters, and this one has {length} with the characters' names "
            "in it. Shorten it, or choose another model.",
            model=card.model,
            most=card.prompt_length,
            length=length,
        )
        yield Problem(Wished.PROMPT, too_long)


# -- How the video is to be ----------------------------------------------------------------------------------------


def _duration_problems(card: ModelCard, asked: int | None) -> Iterator[Problem]:
    if asked is None or asked in card.durations:
        return
    nearest = min(card.durations, key=lambda each: (abs(each - asked), -each))
    not_offered = text(
        "{model} makes videos of {durations} seconds, not of {asked}. Nearest: {nearest}.",
        model=card.model,
        durations=spoken_durations(card.durations),
        asked=asked,
        nearest=nearest,
    )
    yield Problem(Wished.DURATION, not_offered, nearest)


def spoken_durations(durations: Sequence[int]) -> str:
    """``4, 8, 12``; or ``3–16`` where they follow each other."""
    if len(durations) > 2 and durations[-1] - durations[0] == len(durations) - 1:
        return f"{durations[0]}–{durations[-1]}"
    return ", ".join(map(str, durations))


def _shape_problems(card: ModelCard, wish: VideoWish) -> Iterator[Problem]:
    alone = [
        problem
        for problem in (
            _unoffered(card, Wished.RATIO, wish.ratio, card.ratios, card.ratio, _proportion),
            _unoffered(card, Wished.RESOLUTION, wish.resolution, card.resolutions, card.resolution, _lines),
        )
        if problem is not None
    ]
    yield from alone
    ratio, resolution = card.ratio(wish.ratio), card.resolution(wish.resolution)
    if alone or not ratio or not resolution or ratio in card.ratios_for(resolution):
        return
    nearest = _nearest(resolution, card.resolutions_for(ratio), _lines)
    pair = text(
        "{model} makes {resolution} only as {ratios}, not as {ratio}. With {ratio}, the nearest resolution is "
        "{nearest}.",
        model=card.model,
        resolution=resolution,
        ratios=", ".join(card.ratios_for(resolution)),
        ratio=ratio,
        nearest=nearest,
    )
    yield Problem(Wished.RESOLUTION, pair, nearest)


def _unoffered(
    card: ModelCard,
    part: Wished,
    asked: str | None,
    offered: Sequence[str],
    known: Callable[[str | None], str | None],
    size: Callable[[str], float],
) -> Problem | None:
    """That ``asked`` is not among what is ``offered``; ``None`` where it is."""
    if asked is None or known(asked) is not None:
        return None
    if not offered:
        fixed = {
            Wished.RATIO: text("The shape of a video cannot be chosen with {model}. Leave it out.", model=card.model),
            Wished.RESOLUTION: text("The resolution cannot be chosen with {model}. Leave it out.", model=card.model),
        }
        return Problem(part, fixed[part])
    nearest = _nearest(asked, offered, size)
    params = {"model": card.model, "offered": ", ".join(offered), "asked": asked, "nearest": nearest}
    sentences = {
        Wished.RATIO: text("{model} makes videos of {offered}, not of {asked}. Nearest: {nearest}.", **params),
        Wished.RESOLUTION: text("{model} makes videos in {offered}, not in {asked}. Nearest: {nearest}.", **params),
    }
    return Problem(part, sentences[part], nearest)


def _nearest(asked: str, offered: Sequence[str], size: Callable[[str], float]) -> str:
    """Of two that are as near, the larger. What has no size (``adaptive``) is near to nothing."""
    sized = [each for each in offered if size(each) > 0] or list(offered)
    wanted = size(asked)
    if wanted <= 0:
        return sized[0]
    return min(sized, key=lambda each: (round(abs(log(size(each) / wanted)), 6), -size(each)))


def _proportion(ratio: str) -> float:
    """Width / height of ``16:9``; 0 for what is none."""
    found = _RATIO.fullmatch(ratio.strip())
    return int(found[1]) / int(found[2]) if found and int(found[2]) else 0.0


def _lines(resolution: str) -> float:
    """The lines of a picture: 720 for ``720p`` or ``720P``, 1440 for ``2K``, 2160 for ``4k``; 0 for what is none."""
    typed = resolution.strip().casefold()
    found = _LINES.fullmatch(typed)
    return float(found[1]) if found else _NAMED_LINES.get(typed, 0.0)


def _sound_problems(card: ModelCard, asked: bool | None) -> Iterator[Problem]:
    if asked is None or card.sound is Sound.SWITCH or (card.sound is Sound.ALWAYS and asked):
        return
    if card.sound is Sound.ALWAYS:
        loud = text(
            "{model} always makes sound. Leave the choice out, or choose another model for a silent video.",
            model=card.model,
        )
        yield Problem(Wished.SOUND, loud, nearest=True)
    else:
        unsaid = text("The sound cannot be chosen with {model}. Leave it out.", model=card.model)
        yield Problem(Wished.SOUND, unsaid)
