"""Describes what other models can be shown of a character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.texts import Text, listed, text
from bot.values.character import CharacterFile, FileKind

PORTABLE = text(
    "Portable character: made here, without a model, and free. It works with every video model that takes pictures or "
    "clips of a character."
)

_SEEN = 0.1  # seconds: less is not noticeable


def kept_for_models(reference_set: Sequence[CharacterFile]) -> tuple[Text, ...]:
    """What is stored of a character for other models, what is missing, and what was filled."""
    filled = {each.kind: each.filled for each in reference_set if each.filled is not None and each.filled >= _SEEN}
    said = [*_kept(reference_set)]
    if FileKind.REFERENCE in filled:
        said.append(
            text(
                "There wasn't enough video for a longer clip, so its last picture is held for {seconds} s.",
                seconds=round(filled[FileKind.REFERENCE], 1),
            )
        )
    if FileKind.VOICE in filled:
        said.append(
            text(
                "There wasn't enough speech, so the voice ends with {seconds} s of silence.",
                seconds=round(filled[FileKind.VOICE], 1),
            )
        )
    return tuple(said)


def _kept(reference_set: Sequence[CharacterFile]) -> Iterator[Text]:
    """What exists and what does not. The reason is unknown: perhaps nobody spoke, or a file was lost."""
    kinds = {each.kind for each in reference_set}
    if not kinds:
        yield text("I kept nothing of the video: no clip, no stills and no voice.")
        return
    longer = FileKind.REFERENCE in kinds
    wanted = (
        (text("a longer clip"), longer),
        (text("stills"), FileKind.STILL in kinds),
        (text("the voice"), FileKind.VOICE in kinds),
    )
    there = [thing for thing, is_there in wanted if is_there]
    if not longer and FileKind.CLIP in kinds:
        there.insert(0, text("the seconds you chose"))
    yield text("Kept: {things}.", things=listed(there))
    if missing := [thing for thing, is_there in wanted if not is_there]:
        yield text("Missing: {things}.", things=listed(missing))
