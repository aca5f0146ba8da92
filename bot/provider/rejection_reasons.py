"""Recognises why the provider rejected something, from its code and message, and explains it to the person."""

from __future__ import annotations

import re
from enum import StrEnum
from types import MappingProxyType

from bot.texts import Text, text

_WHICH_PICTURE = re.compile(r"content\[(\d{1,3})\]")  # index in the request's parts; the prompt is content[0]


class Cause(StrEnum):
    """What the provider objects to, in the order of the checks: the clearest first."""

    REAL_FACE = "real_face"
    OWN_SOUND = "own_sound"
    TROUBLE = "trouble"
    PERMISSION = "permission"
    WITHDRAWN = "withdrawn"
    TOO_MANY = "too_many"
    MODEL = "model"
    CONTENT = "content"
    NO_CHARACTER = "no_character"
    NO_AUDIO = "no_audio"
    RANGE = "range"
    UNFINISHED = "unfinished"


# Codes and messages come in English or Chinese; underscores count as spaces. The patterns for a closed model allow only
# its name in between: "model sora-2: audio not found" is about one clip, and must not close a model for everybody.
_SIGNS = {
    Cause.REAL_FACE: r"sensitivecontentdetected\.privacyinformation|may contain (a )?real (person|people|human|face)",
    Cause.OWN_SOUND: r"\b(output)?audiosensitivecontentdetected",
    Cause.TROUBLE: r"\bsentinel block",  # the provider's own filter; it comes and goes, whatever the request
    Cause.PERMISSION: r"(cameo|character|likeness).{0,40}permission|permission.{0,40}(cameo|character|likeness)",
    Cause.WITHDRAWN: r"cameo not found",
    Cause.TOO_MANY: r"too many (users|characters|cameos)",
    Cause.MODEL: r"\bmodel (\S+ )?((is|was|does|has|been|currently|temporarily) )*"
    r"(not (found|exist|available|allowed|supported)|no longer|unavailable)"
    r"|no available channel|模型.{0,40}(不存在|无可用|未找到)",
    Cause.CONTENT: r"sensitivecontentdetected"
    r"|content[ -](policy|filter|violat)|moderation|safety|guardrail|violat|nsfw|违规|违反|审核|敏感",
    Cause.NO_CHARACTER: r"\bno ((identifiable|clear|visible|recognizable|valid) )?(character|face|person|subject)"
    r"|\b(character|face|person|subject)s? ((was|were|could|can) )?not (be )?(found|detected|identified|recogni[sz]ed)"
    r"|(未|没有|无法)(检测|识别|找到).{0,20}(角色|人物|人脸)",
    Cause.NO_AUDIO: r"\baudio\b|\bsound\b|音频|音轨|声音",
    Cause.UNFINISHED: r"not (been |yet )?(yet )?(completed?|finished)|still (running|processing|in progress)"
    r"|(未|尚未|没有)完成",
    Cause.RANGE: r"\btimestamps\b|\btime range\b|\bout of range\b|时间范围",
}
_PATTERNS = tuple((reason, re.compile(_SIGNS[reason])) for reason in Cause)

_TROUBLE = text("ToAPIs is having trouble right now. Try again in a few minutes.")
_MODEL = text("ToAPIs doesn't offer this model right now. Choose another one.")
_UNFINISHED = text("That task is still running at ToAPIs. Try again when it is done.")

SENTENCES = MappingProxyType(
    {
        Cause.REAL_FACE: text("ToAPIs refuses this video because somebody in it may be real. Use another clip."),
        Cause.OWN_SOUND: text("ToAPIs' content rules don't allow the sound of this video. Use another clip."),
        Cause.TROUBLE: _TROUBLE,
        Cause.PERMISSION: text(
            "The person in this video hasn't given ToAPIs permission. Use a clip of yourself, or of somebody who "
            "isn't real."
        ),
        Cause.WITHDRAWN: text(
            "The owner of a character in this video has withdrawn it from ToAPIs. Use a clip without that character."
        ),
        Cause.TOO_MANY: text(
            "There are more characters in this clip than ToAPIs allows. Use one with a single main character."
        ),
        Cause.MODEL: _MODEL,
        Cause.CONTENT: text("ToAPIs' content rules don't allow this video. Use another clip, or other seconds of it."),
        Cause.NO_CHARACTER: text(
            "ToAPIs found no character in these seconds. Pick one to three seconds in which one face is seen clearly."
        ),
        Cause.NO_AUDIO: text(
            "ToAPIs needs a video with sound, and it found none it can use. Use a clip in which the character speaks."
        ),
        Cause.UNFINISHED: _UNFINISHED,
        Cause.RANGE: text("ToAPIs doesn't accept these seconds. Pick one to three seconds that lie inside the video."),
    }
)


VIDEO_SENTENCES = MappingProxyType(
    {
        Cause.REAL_FACE: text(
            "This model refuses pictures of people who may be real, and it takes one of these characters for a "
            "real person. Choose another model."
        ),
        Cause.OWN_SOUND: text(
            "ToAPIs refused the sound that its model made for this video. Try it without sound, or change the prompt."
        ),
        Cause.TROUBLE: _TROUBLE,
        Cause.PERMISSION: text(
            "ToAPIs has no permission to show one of these characters. Choose other characters, or another model."
        ),
        Cause.WITHDRAWN: text(
            "One of these characters is no longer at ToAPIs: its owner has withdrawn it. Choose a model that knows "
            "it by its pictures."
        ),
        Cause.TOO_MANY: text("There are more characters in this video than ToAPIs allows. Leave somebody out."),
        Cause.MODEL: _MODEL,
        Cause.CONTENT: text(
            "ToAPIs' content rules don't allow this video. Change the prompt, or choose other characters."
        ),
        Cause.NO_CHARACTER: text(
            "ToAPIs found nobody in the pictures of one of these characters. Choose other characters, or another model."
        ),
        Cause.NO_AUDIO: text(
            "ToAPIs can't use the sound of one of these characters' clips. Choose other characters, or another model."
        ),
        Cause.RANGE: text("ToAPIs can't use the clip of one of these characters. Choose another model."),
        Cause.UNFINISHED: _UNFINISHED,
    }
)


def reason_of(code: str, message: str) -> Cause | None:
    """Recognise the reason behind a provider's ``code`` and ``message`` (already cleaned and cut)."""
    combined = f"{code} {message}".replace("_", " ").lower()
    return next((reason for reason, pattern in _PATTERNS if pattern.search(combined)), None)


def picture_of(message: str) -> int | None:
    """Which picture of the request, from 1, the provider's ``message`` is about; ``None`` if it does not say."""
    which = _WHICH_PICTURE.search(message.lower())
    return int(which[1]) or None if which else None


def real_face_of(model: str, name: str) -> Text:
    """The sentence for a refused face whose character is known."""
    return text(
        "{model} refuses pictures of people who may be real, and it takes “{name}” for a real person. Choose "
        "another model.",
        model=model,
        name=name,
    )


def sentence(reason: Cause, *, of_video: bool = False) -> Text:
    """What happened and what to do; the caller adds whether it cost anything.

    ``of_video``: the request was for a video, not for a character.
    """
    return VIDEO_SENTENCES[reason] if of_video else SENTENCES[reason]
