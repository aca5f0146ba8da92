"""What was seen in a video, in words: what speaks for some seconds, and what against them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.texts import Text, text
from bot.values.video import Concern, Reason

_REASONS = {
    Reason.ONE_FACE: text("one face"),
    Reason.LARGE: text("close up"),
    Reason.SHARP: text("sharp"),
    Reason.STEADY: text("steady"),
    Reason.VOICE: text("voice"),
    Reason.SOUND: text("sound"),
}

_BUTS = {
    Concern.NO_SUBJECT: text("no face found"),
    Concern.SEVERAL_SUBJECTS: text("several faces"),
    Concern.SILENT: text("hardly any sound"),
    Concern.CUT: text("a cut"),
    Concern.BLURRED: text("blurred"),
    Concern.DARK: text("dark"),
    Concern.LOW_RESOLUTION: text("under 720p"),
}

_SENTENCES = {
    Concern.NO_SUBJECT: text("No face was found in them; a drawn figure or an animal may still work."),
    Concern.SEVERAL_SUBJECTS: text("More than one face is in them; ToAPIs takes one main character."),
    Concern.SILENT: text("There is hardly any sound in them; the voice becomes part of the character."),
    Concern.CUT: text("The picture jumps to another shot in them."),
    Concern.BLURRED: text("They are blurred."),
    Concern.DARK: text("They are dark."),
    Concern.LOW_RESOLUTION: text("The video has less than 720 lines; HD works better."),
}


def reasons(found: Iterable[Reason]) -> Iterator[Text]:
    """What speaks for some seconds, a few words each."""
    return (_REASONS[reason] for reason in found)


def buts(found: Iterable[Concern]) -> Iterator[Text]:
    """What speaks against some seconds, a few words each."""
    return (_BUTS[concern] for concern in found)


def concerns(found: Iterable[Concern]) -> Iterator[Text]:
    """What speaks against some seconds, a sentence each."""
    return (_SENTENCES[concern] for concern in found)
