"""Sentences about a file that is no video, or a video in an unsupported format: what it is, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.media.file_types import NonVideo, foreign_type, non_video_type, video_type
from bot.texts import Text, text

_NON_VIDEOS: Final[Mapping[NonVideo, Text]] = {
    NonVideo.EMPTY: text(
        "That file is empty. Perhaps it was sent before it had finished uploading, so attach it again."
    ),
    NonVideo.ANIMATION: text(
        "That animation has no sound, and characters need sound. Attach the video that it was made from."
    ),
    NonVideo.PICTURE: text(
        "That's a picture, and a character needs a video. If it's a Live Photo, share it as a video and attach that."
    ),
    NonVideo.SOUND: text("That file has only sound, and a character needs a picture too. Attach a video."),
    NonVideo.PAGE: text("That's a web page, not a video. Attach the video itself, or a link to the file."),
    NonVideo.UNKNOWN: text("I can't open that file as a video. Export it as MP4 and attach that."),
}


def refusal_of(head: bytes) -> Text:
    """The sentence for a file that begins with these bytes (4096 are enough)."""
    foreign = foreign_type(head)
    if foreign is not None:
        return text(
            "I can't open {format} files. Export it as MP4 with H.264, for example with HandBrake.",
            format=foreign,
        )
    if video_type(head) is not None:  # a format that can be used only if the bot cuts
        return text("This bot is set up to take MP4, MOV and WebM videos only. Export yours as MP4 and attach that.")
    return _NON_VIDEOS[non_video_type(head)]
