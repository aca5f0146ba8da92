"""Why the provider says no, recognised from its code and message, and how a person is told."""

from __future__ import annotations

import re
from enum import StrEnum
from types import MappingProxyType

from bot.texts import Text, text


class Cause(StrEnum):
    """What the provider objects to. Listed in the order in which they are looked for: the plainest first."""

    PERMISSION = "permission"
    WITHDRAWN = "withdrawn"
    TOO_MANY = "too_many"
    MODEL = "model"
    CONTENT = "content"
    NO_CHARACTER = "no_character"
    NO_AUDIO = "no_audio"
    RANGE = "range"
    UNFINISHED = "unfinished"


# Codes and messages come in English or Chinese; underscores are read as spaces. The signs for a closed model leave
# room for its name only: "model sora-2: audio not found" is about one clip, and must not close a model for everybody.
_SIGNS = {
    Cause.PERMISSION: r"(cameo|character|likeness).{0,40}permission|permission.{0,40}(cameo|character|likeness)",
    Cause.WITHDRAWN: r"cameo not found",
    Cause.TOO_MANY: r"too many (users|characters|cameos)",
    Cause.MODEL: r"\bmodel (\S+ )?((is|was|does|has|been|currently|temporarily) )*"
    r"(not (found|exist|available|allowed|supported)|no longer|unavailable)"
    r"|no available channel|模型.{0,40}(不存在|无可用|未找到)",
    Cause.CONTENT: r"content[ -](policy|filter|violat)|moderation|safety|guardrail|violat|nsfw|违规|违反|审核|敏感",
    Cause.NO_CHARACTER: r"\bno ((identifiable|clear|visible|recognizable|valid) )?(character|face|person|subject)"
    r"|\b(character|face|person|subject)s? ((was|were|could|can) )?not (be )?(found|detected|identified|recogni[sz]ed)"
    r"|(未|没有|无法)(检测|识别|找到).{0,20}(角色|人物|人脸)",
    Cause.NO_AUDIO: r"\baudio\b|\bsound\b|音频|音轨|声音",
    Cause.UNFINISHED: r"not (been |yet )?(yet )?(completed?|finished)|still (running|processing|in progress)"
    r"|(未|尚未|没有)完成",
    Cause.RANGE: r"\btimestamps\b|\btime range\b|\bout of range\b|时间范围",
}
_PATTERNS = tuple((reason, re.compile(_SIGNS[reason])) for reason in Cause)

SENTENCES = MappingProxyType(
    {
        Cause.PERMISSION: text(
            "The person in this video hasn't given ToAPIs permission. Use a clip of yourself, or of "
            "somebody who does not exist."
        ),
        Cause.WITHDRAWN: text(
            "The owner of a character in this video has withdrawn it from ToAPIs. Use a clip without that character."
        ),
        Cause.TOO_MANY: text(
            "There are more characters in this than ToAPIs allows. Use a clip with one main character."
        ),
        Cause.MODEL: text("ToAPIs doesn't offer this model right now. Choose another one."),
        Cause.CONTENT: text("ToAPIs' content rules don't allow this video. Use another clip, or other seconds of it."),
        Cause.NO_CHARACTER: text(
            "ToAPIs found no character in these seconds. Pick one to three seconds in which one face is seen clearly."
        ),
        Cause.NO_AUDIO: text(
            "ToAPIs needs a video with sound, and it found none it can use. Use a clip in which the character speaks."
        ),
        Cause.UNFINISHED: text("That task is still running at ToAPIs. Try again when it is done."),
        Cause.RANGE: text("ToAPIs doesn't accept these seconds. Pick one to three seconds that lie inside the video."),
    }
)


def reason_of(code: str, message: str) -> Cause | None:
    """Recognise the reason behind a provider's ``code`` and ``message`` (already cleaned and cut)."""
    said = f"{code} {message}".replace("_", " ").lower()
    return next((reason for reason, pattern in _PATTERNS if pattern.search(said)), None)


def sentence(reason: Cause) -> Text:
    """What happened and what to do; the caller adds whether it cost anything."""
    return SENTENCES[reason]
