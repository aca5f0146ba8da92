"""What was found in a video, in words: the good and the bad about some of its seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.texts import Text, text
from bot.values.video import Concern, Reason

LOW_RESOLUTION = text("The video is smaller than 720p. HD works better.")

_REASONS = {
    Reason.ONE_FACE: text("one face"),
    Reason.LARGE: text("close up"),
    Reason.SHARP: text("sharp"),
    Reason.STEADY: text("steady"),
    Reason.VOICE: text("voice"),
    Reason.SOUND: text("sound"),
}

_DRAWBACKS = {
    Concern.NO_SUBJECT: text("no face found"),
    Concern.SEVERAL_SUBJECTS: text("several faces"),
    Concern.SILENT: text("hardly any sound"),
    Concern.CUT: text("has a cut"),
    Concern.BLURRED: text("blurry"),
    Concern.DARK: text("dark"),
    Concern.LOW_RESOLUTION: text("under 720p"),
}

_SENTENCES = {
    Concern.NO_SUBJECT: text("I found no face in these seconds. A drawn figure or an animal may still work."),
    Concern.SEVERAL_SUBJECTS: text("There is more than one face in these seconds. ToAPIs uses one main character."),
    Concern.SILENT: text("There is hardly any sound in these seconds. The voice becomes part of the character."),
    Concern.CUT: text("There's a cut in these seconds."),
    Concern.BLURRED: text("These seconds are blurry."),
    Concern.DARK: text("These seconds are dark."),
    Concern.LOW_RESOLUTION: LOW_RESOLUTION,
}


def reasons(found: Iterable[Reason]) -> Iterator[Text]:
    """What is good about some seconds, a few words each."""
    return (_REASONS[reason] for reason in found)


def drawbacks(found: Iterable[Concern]) -> Iterator[Text]:
    """What is bad about some seconds, a few words each."""
    return (_DRAWBACKS[concern] for concern in found)


def concerns(found: Iterable[Concern]) -> Iterator[Text]:
    """What is bad about some seconds, a sentence each."""
    return (_SENTENCES[concern] for concern in found)
