"""What a character can be shown with to models other than the one that made it. Pure rendering."""

from __future__ import annotations

from collections.abc import Sequence

from bot.texts import Text, text
from bot.values.character import CharacterFile, FileKind

PORTABLE = text(
    "Portable character: made here, without a model, and free. It works with every video model that takes pictures or "
    "clips of a character."
)

_SEEN = 0.1  # seconds: nobody notices less


def kept_for_models(reference_set: Sequence[CharacterFile]) -> tuple[Text, ...]:
    """What of a character is kept for models other than the one that made it, what is missing, and what was filled."""
    filled = {each.kind: each.filled for each in reference_set if each.filled is not None and each.filled >= _SEEN}
    said = [_kept(reference_set)]
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


def _kept(reference_set: Sequence[CharacterFile]) -> Text:
    kinds = {each.kind for each in reference_set}
    if not kinds:
        return text("I kept nothing, because I never had the video or couldn't cut it.")
    if FileKind.REFERENCE not in kinds:
        return text("I kept only the seconds you chose, and stills. There's no longer clip and no voice.")
    if FileKind.VOICE in kinds:
        return text("I kept a longer clip, stills and the voice.")
    return text("I kept a longer clip and stills. There's no voice, because nobody speaks in the video.")
