"""Plans which files of a cast a model is shown: within the limits of its card, and shared fairly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.provider.models.card import ClipRules, ImageRules, ModelCard
from bot.provider.models.video_spec import CastMember, Clip, Needed, Still
from bot.values.character import FileKind


def media_plan(card: ModelCard, cast: Sequence[CastMember]) -> tuple[Needed, ...]:
    """The files that have to be uploaded for ``cast``, in the order of the request.

    The pictures come first, those of the first member before those of the second; then the clips, likewise. So the
    picture that the provider calls "n" (from 1) is the n-th entry. Nobody gets a second picture before everybody has
    one.
    """
    clips = tuple(_clips(card.clips, cast, card.in_all)) if card.clips else ()
    pictures = tuple(_pictures(card.images, cast, card.in_all - len(clips))) if card.images else ()
    return (*sorted(pictures, key=lambda each: (each.member, each.number)), *clips)


def usable_still(rules: ImageRules, still: Still) -> bool:
    """Whether the model accepts a picture of this size."""
    if still.size is not None and still.size > rules.max_bytes:
        return False
    if still.width is None or still.height is None:
        return True
    fits = rules.sides[0] <= min(still.width, still.height) and max(still.width, still.height) <= rules.sides[1]
    return fits and rules.ratios[0] <= still.width / still.height <= rules.ratios[1]


def usable_clip(rules: ClipRules, clip: Clip | None) -> bool:
    """Whether the model accepts a clip of this length and size."""
    if clip is None or (clip.size is not None and clip.size > rules.max_bytes):
        return False
    if clip.width and clip.height and not rules.lines[0] <= min(clip.width, clip.height) <= rules.lines[1]:
        return False
    return rules.seconds[0] <= clip.seconds <= rules.seconds[1]


def _pictures(rules: ImageRules, cast: Sequence[CastMember], room: int) -> Iterator[Needed]:
    """One picture of each member, then a second of each, while there is room."""
    usable = [
        [number for number, still in enumerate(member.stills) if usable_still(rules, still)][: rules.per_character]
        for member in cast
    ]
    left = min(rules.at_most, room)
    for turn in range(rules.per_character):
        for member, numbers in enumerate(usable):
            if turn < len(numbers) and left > 0:
                left -= 1
                yield Needed(member, FileKind.STILL, numbers[turn])


def _clips(rules: ClipRules, cast: Sequence[CastMember], room: int) -> Iterator[Needed]:
    """One clip of each member, while there is room; members without a picture first."""
    left, seconds = min(rules.at_most, room), rules.sum
    chosen: list[int] = []
    for at in sorted(range(len(cast)), key=lambda each: bool(cast[each].stills)):
        clip = cast[at].clip
        if clip is not None and usable_clip(rules, clip) and left > 0 and clip.seconds <= seconds:
            left, seconds = left - 1, seconds - clip.seconds
            chosen.append(at)
    return (Needed(at, FileKind.REFERENCE) for at in sorted(chosen))
