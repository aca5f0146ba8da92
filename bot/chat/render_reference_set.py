"""What a character can be shown with to models other than the one that made it. Pure rendering."""

from __future__ import annotations

from collections.abc import Sequence

from bot.texts import Text, text
from bot.values.character import CharacterFile, FileKind

PORTABLE = text(
    "Portable character: made here, without a model, and free. It works with every video model that takes pictures or "
    "clips of a character."
)


def kept_for_models(reference_set: Sequence[CharacterFile]) -> Text:
    """What of a character is kept for models other than the one that made it, and what is missing."""
    kinds = {each.kind for each in reference_set}
    if not kinds:
        return text("Nothing is kept for them, because the video was never here.")
    if FileKind.REFERENCE not in kinds:
        return text("Only the chosen seconds and stills are kept for them. There is no longer clip and no voice.")
    if FileKind.VOICE in kinds:
        return text("A longer clip, stills and the voice are kept for them.")
    return text("A longer clip and stills are kept for them. There is no voice, because nobody speaks in the video.")
