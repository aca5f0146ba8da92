"""Whether a model can show a cast, and if not, what each of its members lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.provider.models.card import ClipRules, ImageRules, ModelCard
from bot.provider.models.plan import media_plan, usable_clip, usable_still
from bot.provider.models.video_spec import CastMember, Problem, SpecField
from bot.texts import Text, ntext, text


def cast_problems(card: ModelCard, cast: Sequence[CastMember]) -> tuple[Problem, ...]:
    """Why ``card``'s model cannot show ``cast``; empty if it can."""
    if not cast:
        return (Problem(SpecField.CAST, text("Name at least one character from your cast for this video.")),)
    if len(cast) > card.characters:
        too_many = ntext(
            "{model} shows at most {count} character in one video, and you named {named}. Leave somebody out, or "
            "choose another model.",
            "{model} shows at most {count} characters in one video, and you named {named}. Leave somebody out, or "
            "choose another model.",
            model=card.model,
            count=card.characters,
            named=len(cast),
        )
        return (Problem(SpecField.CAST, too_many),)
    if card.provider_character:
        return tuple(_without_provider_character(card, cast))
    shown = {needed.member for needed in media_plan(card, cast)}
    return tuple(
        Problem(SpecField.CAST, _unshown(card, member), member=at) for at, member in enumerate(cast) if at not in shown
    )


def _without_provider_character(card: ModelCard, cast: Sequence[CastMember]) -> Iterator[Problem]:
    for at, member in enumerate(cast):
        if not member.task_id:
            unmade = text(
                "{name} wasn't made with Sora, and {model} shows only characters that were. Choose another model.",
                name=member.name,
                model=card.model,
            )
            yield Problem(SpecField.CAST, unmade, member=at)
        elif not member.username and len(cast) > 1:
            alone = text(
                "ToAPIs gave {name} no username, so {model} can show it only alone. Leave out the others, or choose "
                "another model.",
                name=member.name,
                model=card.model,
            )
            yield Problem(SpecField.CAST, alone, member=at)


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
            "{model} needs pictures of each character, and {name} has none. Make the character again from its video, "
            "or choose another model.",
            model=model,
            name=member.name,
        )
    if not any(usable_still(rules, still) for still in member.stills):
        return text(
            "{model} can't use any of {name}'s pictures: they are too small, too large or too narrow for it. Choose "
            "another model.",
            model=model,
            name=member.name,
        )
    return ntext(
        "{model} takes at most {count} picture, so there's no room for {name}. Leave somebody out, or choose "
        "another model.",
        "{model} takes at most {count} pictures, so there's no room for {name}. Leave somebody out, or choose "
        "another model.",
        model=model,
        count=rules.at_most,
        name=member.name,
    )


def _unusable_clip(model: str, rules: ClipRules, member: CastMember) -> Text:
    shortest, longest = float(rules.seconds[0]), float(rules.seconds[1])
    if member.clip is None:
        return text(
            "{model} needs a clip of {shortest} to {longest} seconds of each character, and {name} has none. Make the "
            "character again from its video, or choose another model.",
            model=model,
            shortest=shortest,
            longest=longest,
            name=member.name,
        )
    shortest_side = min(member.clip.width or rules.lines[0], member.clip.height or rules.lines[0])
    if not rules.lines[0] <= shortest_side <= rules.lines[1]:
        return text(
            "{model} takes clips of {least}p to {most}p, and {name}'s clip is {lines}p. Choose another model.",
            model=model,
            least=rules.lines[0],
            most=rules.lines[1],
            name=member.name,
            lines=shortest_side,
        )
    if not usable_clip(rules, member.clip):
        return ntext(
            "{model} needs a clip of {shortest} to {longest} seconds of each character, and {name}'s clip is {count} "
            "second long. Choose another model.",
            "{model} needs a clip of {shortest} to {longest} seconds of each character, and {name}'s clip is {count} "
            "seconds long. Choose another model.",
            model=model,
            shortest=shortest,
            longest=longest,
            name=member.name,
            count=round(float(member.clip.seconds), 3),
        )
    return ntext(
        "{model} takes {count} clip in all, and none is left for {name}. Leave somebody out, or choose another model.",
        "{model} takes {count} clips in all, and none is left for {name}. Leave somebody out, or choose another model.",
        model=model,
        count=rules.at_most,
        name=member.name,
    )
