"""Findings about a video in words: what is good and bad about some of its seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from bot.texts import Text, listed, ntext, text
from bot.values.video import Best, Concern, Reason, Suggestion, VideoFacts

LOW_RESOLUTION = text("The video is smaller than 720p. HD works better.")

_REASONS = {
    Reason.ONE_FACE: text("one face"),
    Reason.LARGE: text("large face"),
    Reason.FACING: text("looks at the camera"),
    Reason.SHARP: text("sharp"),
    Reason.STEADY: text("steady"),
    Reason.VOICE: text("voice"),
    Reason.SOUND: text("sound"),
}

_BEST = {
    Best.LARGEST: text("largest face"),
    Best.FACING: text("looks at the camera most"),
    Best.SPEECH: text("speaks most"),
    Best.SHARPEST: text("sharpest"),
    Best.STEADIEST: text("steadiest"),
    Best.BRIGHTEST: text("brightest"),
    Best.LOUDEST: text("loudest"),
    Best.LONGEST: text("longest"),
}
# Concerns that are not repeated for the best seconds of a video.
_SAID_BY = {
    Best.LARGEST: Reason.LARGE,
    Best.FACING: Reason.FACING,
    Best.SPEECH: Reason.VOICE,
    Best.SHARPEST: Reason.SHARP,
    Best.STEADIEST: Reason.STEADY,
    Best.LOUDEST: Reason.SOUND,
}
_MOST_PRAISE = 3  # words for a suggestion, and concerns about it

_DRAWBACKS = {
    Concern.NO_SUBJECT: text("no face found"),
    Concern.SEVERAL_SUBJECTS: text("several faces"),
    Concern.SILENT: text("hardly any sound"),
    Concern.QUIET: text("quiet"),
    Concern.CUT: text("has a cut"),
    Concern.BLURRED: text("blurry"),
    Concern.DARK: text("dark"),
    Concern.LOW_RESOLUTION: text("under 720p"),
}

_SENTENCES = {
    Concern.NO_SUBJECT: text("I found no face in these seconds. A drawn figure or an animal may still work."),
    Concern.SEVERAL_SUBJECTS: text("There's more than one face in these seconds. ToAPIs uses one main character."),
    Concern.SILENT: text("There's hardly any sound in these seconds. The voice becomes part of the character."),
    Concern.QUIET: text("The sound in these seconds is quiet. The voice becomes part of the character."),
    Concern.CUT: text("There's a cut in these seconds."),
    Concern.BLURRED: text("These seconds are blurry."),
    Concern.DARK: text("These seconds are dark."),
    Concern.LOW_RESOLUTION: LOW_RESOLUTION,
}


def used_sound(facts: VideoFacts | None) -> Text | None:
    """Which sound track was used, if there are several."""
    if facts is None or facts.sound_tracks < 2:
        return None
    return ntext(
        "This video has {count} sound track. I'm using number {used}.",
        "This video has {count} sound tracks. I'm using number {used}.",
        count=facts.sound_tracks,
        used=facts.sound_track,
    )


def in_common(suggestions: Sequence[Suggestion]) -> list[Text]:
    """What is true of all of them, a few words each; empty if there is only one."""
    reasons, concerns = _shared(suggestions)
    said = [_REASONS[reason] for reason in Reason if reason in reasons]
    return said + [_DRAWBACKS[concern] for concern in Concern if concern in concerns]


def told_apart(suggestions: Sequence[Suggestion]) -> list[list[Text]]:
    """For each, what distinguishes it from the others, a few words each; no two are the same."""
    shared = _shared(suggestions)
    words = [_own(suggestion, *shared) for suggestion in suggestions]
    often = Counter(map(_key, words))
    return [
        each if each and often[_key(each)] == 1 else [*each, _place(number, suggestions)]
        for number, each in enumerate(words)
    ]


def _key(words: Iterable[Text]) -> tuple[str, ...]:
    return tuple(word.msgid for word in words)


def in_full(suggestion: Suggestion) -> Text:
    """Everything that is said about one of them, in one line."""
    return listed([*_own(suggestion, set(), set())] or [_place(0, [suggestion])])


def _shared(suggestions: Sequence[Suggestion]) -> tuple[set[Reason], set[Concern]]:
    if len(suggestions) < 2:
        return set(), set()
    reasons = set.intersection(*(set(each.reasons) for each in suggestions))
    return reasons, set.intersection(*(set(_of_these_seconds(each)) for each in suggestions))


def _of_these_seconds(suggestion: Suggestion) -> Iterator[Concern]:
    """Without what is true of the whole video, which is said once."""
    return (concern for concern in suggestion.concerns if concern is not Concern.LOW_RESOLUTION)


def _own(suggestion: Suggestion, reasons: set[Reason], concerns: set[Concern]) -> list[Text]:
    said = reasons | {_SAID_BY[best] for best in suggestion.best if best in _SAID_BY}
    praise = [_BEST[best] for best in suggestion.best]
    praise += [_REASONS[reason] for reason in suggestion.reasons if reason not in said]
    return praise[:_MOST_PRAISE] + [
        _DRAWBACKS[concern] for concern in _of_these_seconds(suggestion) if concern not in concerns
    ]


def _place(number: int, suggestions: Sequence[Suggestion]) -> Text:
    """Where it is in the video, relative to the others."""
    in_time = sorted(range(len(suggestions)), key=lambda each: suggestions[each].range.start)
    place = in_time.index(number)
    if len(in_time) == 1:
        return text("the only usable seconds")
    if place == 0:
        return text("earliest")
    if place == len(in_time) - 1:
        return text("latest")
    return text("in the middle") if len(in_time) == 3 else text("number {place} in the video", place=place + 1)


def concerns(found: Iterable[Concern]) -> Iterator[Text]:
    """The concerns about some seconds, one sentence each."""
    return (_SENTENCES[concern] for concern in found)
