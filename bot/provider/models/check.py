"""Whether a model can make the specified video, and if not, why, and what comes closest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import log
from typing import Final

from bot.provider.models.card import ModelCard, Sound
from bot.provider.models.cast_check import cast_problems
from bot.provider.models.plan import media_plan
from bot.provider.models.prompt import mentions, told
from bot.provider.models.video_spec import CastMember, Problem, SpecField, VideoSpec
from bot.texts import Param, Text, listed, text

_RATIO: Final = re.compile(r"(\d{1,4}):(\d{1,4})", re.ASCII)
_LINES: Final = re.compile(r"(\d{1,5})p?", re.ASCII)
_NAMED_LINES: Final = {"2k": 1440.0, "4k": 2160.0}


def problems(card: ModelCard, spec: VideoSpec) -> tuple[Problem, ...]:
    """Every reason why ``card``'s model cannot make ``spec``; empty: it may be sent.

    The spec itself is never changed: the person decides whether to accept what comes closest.
    """
    return (
        *_prompt_problems(card, spec),
        *cast_problems(card, spec.cast),
        *_duration_problems(card, spec.duration),
        *_shape_problems(card, spec),
        *_sound_problems(card, spec.sound),
    )


def suits(card: ModelCard, cast: Sequence[CastMember]) -> bool:
    """Whether ``card``'s model can show everybody in ``cast``."""
    return not cast_problems(card, cast)


def preferred(cards: Iterable[ModelCard], cast: Sequence[CastMember]) -> tuple[ModelCard, ...]:
    """Those of ``cards`` that are enabled and suit ``cast``, in the given order: the catalogue's."""
    return tuple(card for card in cards if card.enabled and suits(card, cast))


# -- The prompt ----------------------------------------------------------------------------------------------------


def _prompt_problems(card: ModelCard, spec: VideoSpec) -> Iterator[Problem]:
    if not spec.prompt.strip():
        yield Problem(SpecField.PROMPT, text("Say what happens in the video."))
        return
    for name in mentions(spec.prompt, [member.name for member in spec.cast]).unknown:
        stranger = text(
            "The prompt calls “@{name}”, and nobody with that name is in this video. Add the character, or leave "
            "out the “@”.",
            name=name,
        )
        yield Problem(SpecField.PROMPT, stranger)
    length = len(told(card, spec.prompt, spec.cast, media_plan(card, spec.cast)))
    if length > card.prompt_length:
        too_long = text(
            "{model} takes prompts of at most {most} characters, and this one has {length} with the characters' names "
            "in it. Shorten it, or choose another model.",
            model=card.model,
            most=card.prompt_length,
            length=length,
        )
        yield Problem(SpecField.PROMPT, too_long)


# -- How the video is to be ----------------------------------------------------------------------------------------


def _duration_problems(card: ModelCard, asked: int | None) -> Iterator[Problem]:
    if asked is None or asked in card.durations:
        return
    nearest = min(card.durations, key=lambda each: (abs(each - asked), -each))
    not_offered = text(
        "{model} can't make {asked}-second videos, only these lengths: {durations} seconds. The closest is {nearest}.",
        model=card.model,
        durations=spoken_durations(card.durations),
        asked=asked,
        nearest=nearest,
    )
    yield Problem(SpecField.DURATION, not_offered, nearest)


def spoken_durations(durations: Sequence[int]) -> Text:
    """``4, 8, 12``; or ``3–16`` if they are consecutive."""
    if len(durations) > 2 and durations[-1] - durations[0] == len(durations) - 1:
        return text("{names}", names=f"{durations[0]}–{durations[-1]}")
    return listed(map(str, durations))


def _shape_problems(card: ModelCard, spec: VideoSpec) -> Iterator[Problem]:
    alone = [
        problem
        for problem in (
            _unoffered(card, SpecField.RATIO, spec.ratio, card.ratios, card.ratio, _proportion),
            _unoffered(card, SpecField.RESOLUTION, spec.resolution, card.resolutions, card.resolution, _lines),
        )
        if problem is not None
    ]
    yield from alone
    ratio, resolution = card.ratio(spec.ratio), card.resolution(spec.resolution)
    if alone or not ratio or not resolution or ratio in card.ratios_for(resolution):
        return
    nearest = _nearest(resolution, card.resolutions_for(ratio), _lines)
    pair = text(
        "{model} makes {resolution} only in {ratios}, not in {ratio}. With {ratio}, the closest resolution is "
        "{nearest}.",
        model=card.model,
        resolution=resolution,
        ratios=listed(card.ratios_for(resolution)),
        ratio=ratio,
        nearest=nearest,
    )
    yield Problem(SpecField.RESOLUTION, pair, nearest)


def _unoffered(
    card: ModelCard,
    part: SpecField,
    asked: str | None,
    offered: Sequence[str],
    known: Callable[[str | None], str | None],
    size: Callable[[str], float],
) -> Problem | None:
    """The problem that ``asked`` is not among ``offered``; ``None`` if it is."""
    if asked is None or known(asked) is not None:
        return None
    if not offered:
        fixed = {
            SpecField.RATIO: text("You can't choose the aspect ratio with {model}. Leave it out.", model=card.model),
            SpecField.RESOLUTION: text("You can't choose the resolution with {model}. Leave it out.", model=card.model),
        }
        return Problem(part, fixed[part])
    nearest = _nearest(asked, offered, size)
    params: dict[str, Param] = {"model": card.model, "offered": listed(offered), "asked": asked, "nearest": nearest}
    sentences = {
        SpecField.RATIO: text("{model} can't make {asked} videos, only {offered}. Closest: {nearest}.", **params),
        SpecField.RESOLUTION: text(
            "{model} can't make videos in {asked}, only in {offered}. Closest: {nearest}.", **params
        ),
    }
    return Problem(part, sentences[part], nearest)


def _nearest(asked: str, offered: Sequence[str], size: Callable[[str], float]) -> str:
    """The nearest one; of two equally near, the larger. Values without a size (``adaptive``) are near to nothing."""
    sized = [each for each in offered if size(each) > 0] or list(offered)
    wanted = size(asked)
    if wanted <= 0:
        return sized[0]
    return min(sized, key=lambda each: (round(abs(log(size(each) / wanted)), 6), -size(each)))


def _proportion(ratio: str) -> float:
    """Width / height of ``16:9``; 0 for anything that is no ratio."""
    found = _RATIO.fullmatch(ratio.strip())
    return int(found[1]) / int(found[2]) if found and int(found[2]) else 0.0


def _lines(resolution: str) -> float:
    """The lines of a resolution: 720 for ``720p`` or ``720P``, 1440 for ``2K``, 2160 for ``4k``; 0 if it is none."""
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
        yield Problem(SpecField.SOUND, loud, nearest=True)
    else:
        unsaid = text("You can't choose the sound with {model}. Leave it out.", model=card.model)
        yield Problem(SpecField.SOUND, unsaid)
